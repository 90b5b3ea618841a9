/* conf.h - the operator's file: one commented INI, every key with its default. Keys are one table in key.c; it
 * makes the struct below, the commented example that `postern init` writes, the error texts, and says which
 * role may see which key. */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"
#include "sys/role.h"

enum { CONF_LISTEN_MAX = 8, CONF_DOMAINS_MAX = 16, CONF_ROUTES_MAX = 64, CONF_RETRY_MAX = 32 };

struct conf_route {
	struct str domain;   /* lower case */
	struct str endpoint; /* "127.0.0.1:25" */
};

struct conf {
	/* [server] */
	struct str hostname;       /* in banners, Received, DSN; default the first domain */
	struct str state_dir;      /* absolute after loading (relative to the file's folder) */
	struct str control_socket; /* default STATE_DIR/control */
	struct str master_key;     /* file, mode 0400; default FOLDER OF THE FILE/master.key */
	struct str log_level;      /* debug, info, warn, error */
	uint32_t uid_base;         /* as root: role R runs as uid_base + R; 0: all as the starting user */
	uint32_t scribes;          /* 0: one per processor, at most 16 */
	/* [smtp] */
	struct str listen[CONF_LISTEN_MAX]; /* endpoints */
	size_t n_listen;
	uint32_t backlog;                    /* at least 512 */
	struct str tls_certificate, tls_key; /* PEM files; both or none */
	uint64_t message_bytes;              /* 50 MiB */
	uint64_t memory_bytes;               /* budget for messages in flight, 256 MiB */
	uint32_t recipients;                 /* per transaction, 100 */
	uint32_t errors;                     /* per session, 10 */
	uint32_t sessions;                   /* at once, 1000 */
	uint32_t sessions_per_client;        /* at once, per address, 100 */
	uint32_t messages_per_session;       /* 1000 */
	uint32_t command_s, message_s;       /* 300 and 1800 */
	/* [domains] relay = a.example, b.example */
	struct str domains[CONF_DOMAINS_MAX]; /* lower case; A-label */
	size_t n_domains;
	/* [routes] default = 127.0.0.1:2526 / mailbox.example = ... */
	struct conf_route routes[CONF_ROUTES_MAX]; /* "default" is one of them, required */
	size_t n_routes;
	/* [delivery] */
	uint32_t connections;             /* per route, 20 */
	uint32_t idle_s;                  /* keep a connection open unused, 10 */
	uint32_t deliver_command_s;       /* 300 */
	uint32_t retry_s[CONF_RETRY_MAX]; /* waits between tries, the last one repeats */
	size_t n_retry;
	uint32_t expire_s; /* 5 days */
	/* [profiles] */
	uint32_t profile_days;     /* 1095 */
	uint32_t pool;             /* pre-drawn reverse addresses per active profile, 20 */
	bool critical_constraints; /* false: gpgsm refuses critical ones */
	/* [policy] */
	uint32_t plans;   /* outputs per transaction, 20 */
	uint32_t carried; /* certificates of others carried in a signature, 20 */
	uint32_t
	        new_per_hour; /* new correspondents per user and hour; past it the shared address; 0: no bound */
	uint32_t user_messages_hour, user_messages_day, alias_messages_hour,
	        alias_messages_day; /* 0: no bound */
	uint64_t user_bytes_hour, user_bytes_day, alias_bytes_hour, alias_bytes_day;
	uint32_t expired_defer_days; /* 3: 4xx for so long after a profile's end, then 5xx */
};

/* Reads a file. Every error names file, line, key and remedy in f->why ("postern.conf:12: smtp.recipients: ...").
 * Unknown keys are errors, and so is a key that is set twice, but for lists: they may go on in a further line of the
 * same key. Strings live in the arena. FAIL_ABSENT: no such file; FAIL_DENIED: not for this user; FAIL_SYNTAX: its
 * content. */
MUST_CHECK int conf_load(const char *path, struct arena *a, struct conf *ret, struct fail *f);
/* The same of bytes in memory; `name` for the messages, `dir` for relative paths. */
MUST_CHECK int conf_parse(struct str text, const char *name, const char *dir, struct arena *a,
                          struct conf *ret, struct fail *f);

/* What role r may know of c, as an ipc-style sequence of pairs: calls put("section.key", "value") for each. */
void conf_for_role(const struct conf *c, enum role r,
                   void (*put)(void *self, struct str key, struct str value), void *self);
/* The other end: starts from nothing (zero is what the role may not see), applies pairs; a list's adds to it. */
void conf_blank(struct conf *c);
MUST_CHECK int conf_apply(struct conf *c, struct str key, struct str value, struct arena *a, struct fail *f);

/* The commented file with every default shown; the settings given are filled in. */
struct conf_init {
	struct str domain, listen, smarthost, state_dir;
};
void conf_example(const struct conf_init *init, struct buf *out);

/* "10MiB", "512KiB", "1GiB" or bytes. */
bool conf_read_size(struct str v, uint64_t *ret);

/* Is this what a domain looks like here: A-labels, two of them at least, at most 200 bytes? */
bool conf_is_domain(struct str d);

/* The endpoint for a domain (lower case): its own route or the default. */
struct str conf_route(const struct conf *c, struct str domain);

#endif
