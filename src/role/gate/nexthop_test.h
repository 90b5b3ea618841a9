/* nexthop_test.h - for the tests of this folder: a next hop that says what it was told to, at each step of each of its
 * connections, and remembers what it was sent. It lives in the turns of a world. */
#ifndef ROLE_GATE_NEXTHOP_TEST_H
#define ROLE_GATE_NEXTHOP_TEST_H

#include "role/gate/fixture_test.h"

enum nexthop_step {
	AT_CONNECT,
	AT_EHLO,
	AT_STARTTLS,
	AT_MAIL,
	AT_RCPT,
	AT_DATA,
	AT_DOT,
	AT_RSET,
	AT_QUIT,
	STEPS
};

/* What is said instead of the usual; raw bytes, CRLF included. */
#define CLOSES ""    /* says nothing and closes */
#define HANGS "..."  /* says nothing */
#define FLOODS "+++" /* begins a reply that never ends */

struct nexthop_rule {
	int connection; /* from 0; -1: all */
	enum nexthop_step step;
	const char *says;
	int after; /* messages on this connection before the rule holds */
	bool then_closes;
};

struct nexthop_mail {
	int connection;
	bool tls;
	char mail[400], rcpt[400]; /* the commands */
	struct buf body;           /* dots removed */
};

enum { NEXTHOP_CONNECTIONS = 64, NEXTHOP_MAILS = 64 };

struct nexthop_connection;

struct nexthop {
	struct world *w;
	int listener;
	char endpoint[32];
	const struct nexthop_rule *rules; /* ends with a rule that says NULL */
	const char *offers;               /* further lines of the EHLO reply, "250-SIZE 1000\r\n" */
	struct tls_server *tls;
	size_t read_max; /* bytes per turn and connection, 0: all there is */
	struct nexthop_connection *c[NEXTHOP_CONNECTIONS];
	int n; /* connections so far */
	int open, most_open;
	struct nexthop_mail mails[NEXTHOP_MAILS];
	size_t n_mails; /* whole ones */
	size_t commands[STEPS];
};

void nexthop_open(struct nexthop *h, struct world *w, const struct nexthop_rule *rules);
void nexthop_close(struct nexthop *h);
void nexthop_offers_tls(struct nexthop *h);
/* Core's order to deliver this body there, from a file in the store's form; flip: the stored byte to damage, or -1. */
void send_stored(struct world *w, const char *route, uint64_t id, struct str body, int flip);
/* The same of a body that is a header and octets (transform/seal.h), which are `plain` bytes on their way. */
void send_octets(struct world *w, const char *route, uint64_t id, struct str body, uint64_t plain, int flip);
/* Closes what is connected now, without a word. */
void nexthop_drop(struct nexthop *h);

#endif
