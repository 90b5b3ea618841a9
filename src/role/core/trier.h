/* trier.h - whoever tries to show who they are over the web, and how often they may be wrong. Who knows a name cannot shut its owner
 * out: a device from which somebody has signed in to this account before holds a token that says so, and is counted by
 * itself, whatever others do under that name. */
#ifndef ROLE_CORE_TRIER_H
#define ROLE_CORE_TRIER_H

#include "role/core/call.h"

struct account;

struct trier {
	struct str name;
	bool known;        /* a session's, or a device's that is told by its token */
	struct str counts; /* of those: what is counted */
};

/* Who asks: the session's user, or whoever says to be `name` with the argument "device". user: 0 for a name that nobody has. */
struct trier trier_of(struct request *c, struct str name, int64_t user);

/* FAIL_AGAIN, "rate": not now. ac (NULL: none): with its second factor's code in the argument "code" a name that many have been
 * wrong about is still tried, from a client that has not been. */
MUST_CHECK int trier_may(struct request *c, const struct trier *t, const struct account *ac, struct fail *f);
/* The same of what is not asked for under a name: by client alone. */
MUST_CHECK int trier_may_ask(struct request *c, struct fail *f);
/* The same of what cannot be guessed, a signature: what others were wrong about under that name is no reason. */
MUST_CHECK int trier_may_show(struct request *c, const struct trier *t, struct fail *f);
/* It was wrong once more. */
void trier_count(struct request *c, const struct trier *t);
/* Counts it, and refuses: FAIL_DENIED about arg. */
MUST_CHECK int trier_wrong(struct request *c, const struct trier *t, const char *arg, const char *why,
                           struct fail *f);
void trier_right(struct request *c, const struct trier *t);

/* A token for the device of who has just signed in; good for DEVICE_LIFE_S, for this user, on this server. It signs nobody in. */
enum { DEVICE_LIFE_S = 180 * 86400, DEVICE_CHARS = 64 };
MUST_CHECK int device_token(struct request *c, int64_t user, struct str *ret, struct fail *f);

#define DEVICE_ARG                                                                                           \
	{                                                                                                    \
		.name = "device", .most = DEVICE_CHARS                                                       \
	}

#endif
