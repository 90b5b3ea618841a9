/* testclient.h - what the tests put around the client machine: messages to send, their outcomes, everything that was
 * written. Tests only. */
#ifndef PROTO_TESTCLIENT_H
#define PROTO_TESTCLIENT_H

#include "proto/smtpc.h"

struct tc_mail {
	struct smtpc_mail mail;
	struct str body;
	bool fail; /* the body cannot be read: smtpc_body_fail() after half of it */
};

enum { TC_MAILS = 256 };

struct testclient {
	struct smtpc *c;
	struct buf out; /* all that was written */
	size_t writes;  /* in how many writes, were each as large as it wants */
	size_t flushed; /* of `out`, for a peer that is given it bit by bit */
	struct tc_mail mails[TC_MAILS];
	size_t n_mails, sent; /* queued; given to the machine */
	struct smtpc_outcome outcomes[TC_MAILS];
	size_t n_outcomes;
	bool quit;     /* when there is nothing more to send */
	bool tls_fail; /* the handshake will */
	size_t piece;  /* of body given at a time; 0: all that there is room for */
	size_t given;
};

void testclient_init(struct testclient *t, const struct smtpc_config *config);
void testclient_done(struct testclient *t);
void testclient_add(struct testclient *t, const struct tc_mail *m); /* its bytes outlive the client */
void testclient_serve(struct testclient *t);                        /* all wants but TLS */
void testclient_input(struct testclient *t, struct str in, size_t piece);
void testclient_tls(struct testclient *t); /* when it is wanted */

#endif
