/* role.h - what every role does at start: read what the parent says on descriptor 3, then lock itself in, then run.
 * A role fills a struct and calls role_run(). */
#ifndef ROLE_ROLE_H
#define ROLE_ROLE_H

#include "conf/conf.h"
#include "ipc/peer.h"

struct role_start {
	enum role role;
	unsigned index;
	unsigned scribes;   /* how many there are */
	struct conf conf;   /* only what this role may know */
	struct arena arena; /* of conf's strings; lives as long as the process */
	struct loop *loop;
};

struct role_def {
	/* All may be NULL. self is the role's single state struct. In order: peers, listeners, keys as the parent tells
	 * them (peer also later, when another role was restarted: the old road has ended by then); then init before
	 * the lock (libraries, fetches, opening what is to be open); then ready after it. A failure ends the process. */
	int (*peer)(void *self, enum role other, unsigned index, int fd, struct fail *f); /* takes fd */
	int (*listener)(void *self, enum listen_kind kind, struct str address, int fd,
	                struct fail *f); /* takes fd */
	int (*master)(void *self, struct str key, struct str next, struct fail *f);
	int (*tls)(void *self, struct str chain_pem, struct str key_pem, struct fail *f);
	/* Secrets of one route, by name; ca_fd (or -1) is the callee's. */
	int (*route)(void *self, const struct role_route *m, int ca_fd, struct fail *f);
	int (*init)(void *self, struct role_start *s, struct fail *f);
	int (*ready)(void *self, struct fail *f);
	/* The operator's file has changed: c is what it says now, and stays. When NULL it takes start->conf's place. */
	void (*reload)(void *self, const struct conf *c);
	void (*stop)(void *self); /* asked to finish; the loop stops after it unless it set role_keep_going */
	const char *(*directory)(void *self); /* what Landlock leaves to core */
	bool (*resolves)(void *self);         /* the gate may ask name servers */
};

/* The road to that role has ended while both may be alive: the parent ends it, if it has not ended by itself, and starts it anew
 * with a new road. Heard only from those whom the parent's table of roads names for it. */
void role_lost(enum role other, unsigned index);

/* Never returns. start is filled before the first callback, but for conf (complete when init is called). */
__attribute__((noreturn)) void role_run(const struct role_def *def, void *self, struct role_start *start);

/* The entry points, one per folder: `postern role NAME INDEX` ends up in one of them. */
__attribute__((noreturn)) void core_main(unsigned index);
__attribute__((noreturn)) void gate_main(unsigned index);
__attribute__((noreturn)) void scribe_main(unsigned index);
__attribute__((noreturn)) void opener_main(unsigned index);
__attribute__((noreturn)) void vault_main(unsigned index);
__attribute__((noreturn)) void keygen_main(unsigned index);
__attribute__((noreturn)) void web_main(unsigned index);

#endif
