/* challenge.h - random words that core gives out for one purpose, knows again for some minutes, and takes once: what a passkey
 * answers to, and what says that a session's user has just answered. A word carries its time and a keyed hash, so that asking for
 * them costs no memory; only those that were taken are remembered (policy/spent.h). They end with the process. */
#ifndef ROLE_CORE_CHALLENGE_H
#define ROLE_CORE_CHALLENGE_H

#include "role/core/call.h"

enum { CHALLENGE_LIFE_S = 300, CHALLENGE_CHARS = 43 };

enum challenge_for {
	CHALLENGE_SIGN_IN = 1,
	CHALLENGE_SIGN_UP, /* bound to a name and an invitation */
	CHALLENGE_ADD,     /* these to a session */
	CHALLENGE_PROVE,
	CHALLENGE_PROVEN /* given out when CHALLENGE_PROVE was answered */
};

/* bound: whatever it is good for alone, beside its purpose. CHALLENGE_CHARS of base64url. */
MUST_CHECK int challenge_new(struct request *c, enum challenge_for what, struct str bound, struct str *ret,
                             struct fail *f);
/* Is it one of those, young, and not taken? FAIL_DENIED, about `arg`. */
MUST_CHECK int challenge_check(struct request *c, enum challenge_for what, struct str bound, struct str word,
                               const char *arg, struct fail *f);
/* It was good, and is so no more. FAIL_AGAIN: too many were taken. */
MUST_CHECK int challenge_take(struct request *c, struct str word, struct fail *f);

/* What binds to the asker's session. */
struct str challenge_session(struct request *c);

#endif
