/* reply.h - may this answer go out, and if not, why? Pure: facts in, one cause out; what the server says, what the user is
 * told, and whether the user may let it go all the same are a table. */
#ifndef POLICY_REPLY_H
#define POLICY_REPLY_H

#include "base/str.h"

#include <stdint.h>

enum reply_rule {
	REPLY_REQUIRED = 1, /* an inner signature under a registered key of the mailbox */
	REPLY_RELAXED       /* or brought by a host that is trusted for it */
};

enum reply_cause {
	REPLY_FINE,
	REPLY_UNOPENED,   /* encrypted, and cannot be opened: one cause for every reason */
	REPLY_UNSIGNED,   /* no signature where one is required */
	REPLY_FOREIGN,    /* signed by a key that is not registered */
	REPLY_BROKEN,     /* a signature that does not verify */
	REPLY_UNTRUSTED,  /* relaxed: neither signed nor brought by a trusted host */
	REPLY_ALTERABLE,  /* relaxed: encrypted without authentication and unsigned */
	REPLY_IN_CLEAR,   /* signed, but readable by the provider, which this mailbox refuses */
	REPLY_REUSED,     /* the same signature came before in another message */
	REPLY_STALE,      /* signed too long ago, or in the future */
	REPLY_OWN_MAIL,   /* answers what the user sent: quotes and recipients would name the user */
	REPLY_STRANGERS,  /* a recipient beside the reverse addresses would get it directly */
	REPLY_MIXED,      /* reverse addresses of several aliases at once */
	REPLY_NOT_ALIAS,  /* submission: From is no alias of this user */
	REPLY_UNREADABLE, /* a part that cannot be read, so not scrubbed */
	REPLY_ENDED,      /* the alias is off or expired */
	REPLY_CAUSES
};

struct reply_row {
	const char *word;         /* for logs and lists */
	int smtp;                 /* what the sending server hears */
	const char *enhanced;     /* RFC 3463 */
	const char *sentence;     /* names nobody */
	const char *why, *remedy; /* for the user, in the notice */
	bool releasable;          /* the user may let it go by a command */
};
const struct reply_row *reply_row(enum reply_cause c);
enum reply_cause reply_by_word(struct str word); /* REPLY_CAUSES: no such word */

enum { REPLY_SIGNED_MOST_DAYS = 7, REPLY_AHEAD_MOST_S = 86400, REPLY_REPEAT_DAYS = 30 };

struct reply_facts {
	enum reply_rule rule;
	bool submitted; /* came by authenticated submission: no signature is wanted */
	bool released;  /* the user has let it go */
	bool encrypted, cbc;
	enum { SPEAKS_NOBODY, SPEAKS_USER, SPEAKS_OTHER, SPEAKS_FALSELY } signature;
	int64_t signed_utc; /* 0: none told */
	bool trusted_host; /* the client is one of reply.trusted_hosts, and From is an address of the mailbox */
	bool clear_ok;     /* the mailbox takes signed answers that came readable */
	bool reused;       /* the signature was seen in another message */
	bool own_mail, strangers, mixed, ended, not_alias;
};

/* The first half of it, which asks for the signature, the host and From alone: REPLY_FINE when it is the user who speaks.
 * For whoever else it is, nothing further is looked up. */
enum reply_cause reply_who(const struct reply_facts *f);
enum reply_cause reply_judge(const struct reply_facts *f, int64_t now_utc);

#endif
