/* gate.h - the role that speaks SMTP with the world: sessions in, deliveries out, TLS for both. It holds messages only
 * while they pass, asks core what to do with each, and knows neither users nor keys of theirs. */
#ifndef ROLE_GATE_GATE_H
#define ROLE_GATE_GATE_H

#include "conf/conf.h"
#include "ipc/peer.h"
#include "role/gate/budget.h"
#include "role/role.h"
#include "sys/loop.h"
#include "sys/tls.h"

struct account;
struct deposits;
struct dns;
struct foyer;
struct listener;
struct naming;
struct routes;
struct sessions;

enum { GATE_READ = 65536 };

struct gate {
	struct role_start *start;
	struct loop *loop;
	const struct conf *conf;
	int core_fd;                   /* the road's end that was given before we may listen to it, or -1 */
	struct peer *core;             /* NULL: core is away; another road comes when it was started again */
	struct tls_server *tls_server; /* NULL: STARTTLS is not offered */
	struct tls_client *tls_client; /* of routes without an account */
	struct account *accounts;      /* account.h */
	struct dns *dns;               /* NULL: nobody needs names looked up */
	struct naming *namings;        /* names.h */
	struct budget *budget;
	struct deposits *deposits; /* deposit.h */
	struct sessions *sessions; /* session.h */
	struct foyer *foyer;       /* foyer.h */
	struct routes *routes;     /* route.h */
	unsigned stuck_ms;         /* nothing moves for so long: what waits for a destination is given back */
	struct listener *listeners;
	struct timer *rest; /* set while descriptors have run out */
	struct timer *tell; /* facts for core */
	struct gate_facts facts, told;
	char inbox[GATE_READ]; /* what was read last, by whomever: used up before the next read */
};

/* What role_run() drives; its self is a struct gate whose start and core_fd (-1) are set. stop gives everything
 * back. */
extern const struct role_def gate_def;

#endif
