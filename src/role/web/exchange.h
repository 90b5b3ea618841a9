/* exchange.h - one request and its answer. The library reads it; api.c decides; what core says comes back here. */
#ifndef ROLE_WEB_EXCHANGE_H
#define ROLE_WEB_EXCHANGE_H

#include "base/arena.h"
#include "crypto/password.h"
#include "role/web/json.h"
#include "role/web/web.h"

struct MHD_Connection;
struct reader;
struct route;

enum { COOKIES_MOST = 4096 };

struct exchange {
	struct exchange *next; /* of those that wait for core */
	struct web *web;
	struct MHD_Connection *conn;
	struct arena arena;
	struct str method, path, query; /* as they came */
	struct buf body;
	bool begun, asked, waiting, done;
	struct str client; /* address, for bounds and for core's */
	bool inside;       /* it came by a collector's listener */

	/* who asks */
	struct str token;
	bool by_cookie;

	/* at core */
	uint64_t id;
	struct buf records;
	void (*answered)(struct exchange *x, int code, struct str why, struct str arg);
	void (*after)(struct exchange *x, int code, struct str why, struct str arg); /* password.c */
	void (*failed)(struct exchange *x, int code, struct str why,
	               struct str arg); /* NULL: Postern's own */
	const struct route *route;
	struct buf args;
	struct str password, new_password; /* in the arena; wiped when they have been used */
	struct proving {
		struct exchange *next; /* of those that wait for the prover */
		struct str password, salt;
		struct password_cost cost;
		void (*done)(struct exchange *x, int code, struct str proof);
	} proving;

	/* the answer */
	unsigned status;
	const char *type;
	struct buf reply;
	struct reader *reader;      /* of a long reply */
	const struct ui_file *file; /* instead of reply */
	const char *encoding;
	struct buf cookie, device;   /* Set-Cookie */
	bool cors;                   /* any origin may read it: of the compatible APIs (foreign.h) */
	const char *error_form;      /* the member that says what went wrong; NULL: Postern's own form */
	json_t *foreign;             /* the body, of what asks core more than once; owned */
	const char *filename;        /* to save it under */
	struct exporting *exporting; /* export.c, import.c; in the arena */
	struct importing *importing;
};

/* What a header says; empty when it is absent. */
struct str exchange_header(const struct exchange *x, const char *name);

/* Asks core; x->answered is called then. args as an ipc list of pairs. */
void exchange_ask(struct exchange *x, const char *verb, struct str args,
                  void (*answered)(struct exchange *x, int code, struct str why, struct str arg));

/* The answer is whole: status, type and reply are set. */
void exchange_done(struct exchange *x);
void exchange_json(struct exchange *x, unsigned status, json_t *o); /* consumes o */
/* error: FAIL_* with what core said of the argument. */
void exchange_fail(struct exchange *x, int code, struct str why, struct str arg);
void exchange_error(struct exchange *x, unsigned status, const char *error, const char *why, const char *arg);

/* From the road to core. */
void exchanges_answered(void *web, const void *msg, struct ipc_fds *fds);
void exchanges_core_gone(struct web *w);

/* The library, with these as its callbacks. */
MUST_CHECK int exchanges_start(struct web *w, struct fail *f);

#endif
