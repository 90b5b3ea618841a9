/* testhost.h - what the tests put around the machines instead of a role: it serves every want from scripted verdicts and
 * keeps what was said and accepted. Tests only. */
#ifndef PROTO_TESTHOST_H
#define PROTO_TESTHOST_H

#include "proto/smtpd.h"

enum th_kind { TH_RCPT, TH_SPOOL, TH_BODY, TH_COMMIT, TH_TLS, TH_AUTH, TH_KINDS };

struct th_verdict {
	int code;
	struct str enhanced, text; /* outlive the host */
};

enum { TH_VERDICTS = 64, TH_MESSAGES = 256 };

struct th_message {
	struct buf body;
	struct buf
	        facts; /* "from=<a@b> rcpts=<c@d>,<e@f> size=0 bytes=12 header=10/1 flags=utf8,8bit,h8,b8 helo=x" */
};

struct testhost {
	struct smtpd *s;
	struct buf out; /* all that was said */
	struct th_verdict queue[TH_KINDS][TH_VERDICTS];
	size_t queued[TH_KINDS], used[TH_KINDS];
	struct th_message got[TH_MESSAGES]; /* committed with 2xx */
	size_t n_got;
	struct buf body;
	bool spooling;   /* 354 was said and the message has not come to its end */
	unsigned drops;  /* SMTPD_DROPs */
	size_t park;     /* so many bytes come in before each verdict; 0: verdicts are immediate */
	size_t send;     /* at most so many bytes are written at once; 0: all */
	bool submission; /* as the config says */
	bool judge;      /* without a scripted verdict the addresses say it: see testhost.c */
	bool stops;      /* leave this want as it is, and take no more input: */
	enum smtpd_want stop;
};

void testhost_init(struct testhost *h, const struct smtpd_config *config); /* greets */
void testhost_done(struct testhost *h);

void testhost_verdict(struct testhost *h, enum th_kind kind, struct th_verdict v);

/* Gives the bytes in pieces of at most `piece`, serving all wants on the way. TLS is only answered by
 * testhost_tls(), so that what follows STARTTLS in `in` arrives in clear. Bytes after the end are ignored. */
void testhost_input(struct testhost *h, struct str in, size_t piece);
void testhost_tls(struct testhost *h); /* when it is wanted */

bool testhost_verdicts_used(const struct testhost *h);

#endif
