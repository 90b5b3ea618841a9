/* trial.h - the test of a profile: a letter is sealed with it before it is used, and how it is answered shows what the user's
 * mail program can do. Pure: what an answer was becomes one word. */
#ifndef POLICY_TRIAL_H
#define POLICY_TRIAL_H

#include "base/str.h"

#include <stdint.h>

/* Stored by number: new ones go to the end. */
enum trial_answer {
	TRIAL_NONE,
	TRIAL_BOTH,      /* signed with the profile's own key, and encrypted */
	TRIAL_SIGNED,    /* with that key, and readable by the provider */
	TRIAL_ENCRYPTED, /* and not signed: nothing shows whose it is */
	TRIAL_CLEAR,
	TRIAL_OTHER_KEY, /* signed with a key that is not this profile's */
	TRIAL_BROKEN,    /* a signature that does not verify */
	TRIAL_UNOPENED,  /* it cannot be opened: one word for every reason */
	TRIAL_ANSWERS
};

/* TRIAL_PER_HOUR: letters of a user. TRIAL_DAYS: the address that one came from takes answers for so long. */
enum { TRIAL_PER_HOUR = 10, TRIAL_DAYS = 7 };

struct trial_facts {
	bool opened, encrypted;
	enum { TRIAL_BY_NOBODY, TRIAL_BY_USER, TRIAL_BY_OTHER, TRIAL_FALSELY } signature;
};

enum trial_answer trial_judge(const struct trial_facts *f);

/* Does `next` take the place of `last`? Anybody can send what nobody has signed: it takes nothing back that a signature has
 * shown. */
bool trial_replaces(enum trial_answer last, enum trial_answer next);

const char *trial_word(enum trial_answer a);

#endif
