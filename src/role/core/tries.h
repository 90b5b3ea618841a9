/* tries.h - how often something may go wrong, or be asked for, in a while: bounds in memory (policy/bound.h), one table for each
 * kind of thing, under keyed hashes. What is not in memory has not been tried. */
#ifndef ROLE_CORE_TRIES_H
#define ROLE_CORE_TRIES_H

#include "role/core/core.h"

enum tries_of {
	TRIES_PAIR,   /* wrong passwords for one name from one client's network */
	TRIES_CLIENT, /* wrong passwords, invitations and tokens from one client's network */
	TRIES_NAME,   /* wrong passwords for one name from devices that are not known */
	TRIES_DEVICE, /* wrong passwords from a device, or in a session, that is known */
	TRIES_FIRST,  /* passwords of one account that were computed before others' */
	TRIES_CODES,  /* codes mailed for one user */
	TRIES_NAMES,  /* domains looked up for one user */
	TRIES_SHOWN,  /* passkeys that one user has shown, rightly */
	TRIES_KINDS
};

/* FAIL_AGAIN: not now, `bad_arg` is "rate". Counts nothing. what: of TRIES_CLIENT its address. */
MUST_CHECK int tries_check(struct core *c, enum tries_of of, struct str what, struct fail *f);
/* One more. */
void tries_count(struct core *c, enum tries_of of, struct str what);
/* It went well: forget it. */
void tries_forget(struct core *c, enum tries_of of, struct str what);

#endif
