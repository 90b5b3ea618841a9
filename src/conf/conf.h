/* conf.h - the operator's file: one commented INI, every key with its default. Keys are one table in key.c; it
 * makes the struct below, the commented example that `postern init` writes, the error texts, and says which
 * role may see which key. */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"
#include "sys/role.h"

enum {
	CONF_LISTEN_MAX = 8,
	CONF_DOMAINS_MAX = 16,
	CONF_ROUTES_MAX = 64,
	CONF_RETRY_MAX = 32,
	CONF_RESOLVERS_MAX = 4,
	CONF_HOSTS_MAX = 32
};

/* One line of [routes], with what its section [route NAME] adds. */
struct conf_route {
	struct str name;     /* "default" or a domain, lower case */
	struct str to;       /* "127.0.0.1:25", "unix:/path", "smtp.example:587", or "mx" */
	uint32_t port;       /* of mx, and of a name that says none */
	bool local;          /* mx may lead to this machine */
	struct str tls;      /* none, may, encrypt, verify */
	struct str tls_name; /* verified instead of the server's own name */
	struct str tls_ca, tls_certificate, tls_key; /* files; the parent reads them */
	struct str user, password_file;
	bool auth_in_clear;
	uint32_t connections; /* at once to one destination; 0: delivery.connections */
	uint32_t pace_s;      /* least time between two messages to one destination */
	uint32_t given;       /* bits of conf_route_keys that the file sets; private to conf/ */
};

struct conf_endpoints {
	struct str at[CONF_LISTEN_MAX]; /* as endpoint_parse() reads them */
	size_t n;
};

struct conf_hosts {
	struct str at[CONF_HOSTS_MAX]; /* as endpoint_host() writes them */
	size_t n;
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
	uint64_t min_free;         /* of the state directory's file system; less: no new mail. 0: no floor */
	/* [smtp] */
	struct conf_endpoints listen;
	struct conf_endpoints proxy_listen;  /* behind a proxy: loopback or unix alone */
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
	/* [lmtp] */
	struct conf_endpoints lmtp; /* loopback or unix alone */
	struct str lmtp_mode;       /* of a unix socket: "0660" */
	/* [submission] AUTH first; both need smtp.tls_certificate and tls_key */
	struct conf_endpoints submission;     /* STARTTLS, 587 */
	struct conf_endpoints submission_tls; /* TLS at once, 465 */
	/* [domains] relay = a.example, b.example */
	struct str domains[CONF_DOMAINS_MAX]; /* lower case; A-label */
	size_t n_domains;
	/* [routes] default = 127.0.0.1:2526 / mailbox.example = ...; [route default] tls = verify ... */
	struct conf_route routes[CONF_ROUTES_MAX]; /* "default" is one of them, required */
	size_t n_routes;
	/* [delivery] */
	uint32_t connections;             /* per route, 20 */
	uint32_t idle_s;                  /* keep a connection open unused, 10 */
	uint32_t deliver_command_s;       /* 300 */
	uint32_t connection_messages;     /* over one connection, 1000 */
	uint32_t connection_s;            /* and so long at most, 10 minutes */
	bool chunking;                    /* BDAT where it is offered */
	uint32_t retry_s[CONF_RETRY_MAX]; /* waits between tries, the last one repeats */
	size_t n_retry;
	uint32_t expire_s; /* 5 days */
	bool dsn_to_all;   /* also to senders that nobody vouches for */
	uint32_t probe_s;  /* 1 day */
	/* [dns] */
	struct str resolvers[CONF_RESOLVERS_MAX]; /* endpoints; none: the parent asks the system */
	size_t n_resolvers;
	/* [profiles] */
	uint32_t profile_days;     /* 1095 */
	uint32_t pool;             /* pre-drawn reverse addresses per active profile, 20 */
	bool critical_constraints; /* false: gpgsm refuses critical ones */
	/* [reply] */
	struct conf_hosts trusted_hosts; /* that ask for a password before they take mail of a mailbox */
	/* [web] */
	struct conf_endpoints web_listen;  /* loopback or unix alone; none: no web app */
	struct conf_endpoints web_metrics; /* the same, for a collector of counters */
	struct str web_mode;               /* of a unix socket: "0660" */
	struct str web_ui;                 /* folder */
	struct str web_origin;             /* "https://relay.example", no slash at its end */
	struct str web_signup;             /* invite, open, closed */
	/* [policy] */
	uint32_t plans;   /* outputs per transaction, 20 */
	uint32_t hops;    /* trace fields, 50 */
	uint32_t carried; /* certificates of others carried in a signature, 20 */
	uint32_t
	        new_per_hour; /* new correspondents per user and hour; past it the shared address; 0: no bound */
	uint32_t user_answers_hour;
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
	struct str web, origin; /* may be empty */
};
void conf_example(const struct conf_init *init, struct buf *out);

/* Is it one of reply.trusted_hosts? client: as endpoint_host() writes it. */
bool conf_is_trusted_host(const struct conf *c, struct str client);

/* "10MiB", "512KiB", "1GiB" or bytes. */
bool conf_read_size(struct str v, uint64_t *ret);

/* Is this what a domain looks like here: A-labels, two of them at least, at most 200 bytes? */
bool conf_is_domain(struct str d);

/* The route for a domain: its own or the default; NULL in a conf without routes. */
const struct conf_route *conf_route_of(const struct conf *c, struct str domain);
const struct conf_route *conf_route_named(const struct conf *c, struct str name); /* or NULL */
/* Where the mail for a domain goes, in the operator's words. */
struct str conf_route(const struct conf *c, struct str domain);

/* What `to` means. FAIL_SYNTAX says what to write instead. */
enum conf_target_kind { CONF_TARGET_ENDPOINT, CONF_TARGET_HOST, CONF_TARGET_MX };
struct conf_target {
	enum conf_target_kind kind;
	struct str host; /* of CONF_TARGET_HOST */
	uint32_t port;   /* of CONF_TARGET_HOST; 0: none was said */
};
MUST_CHECK int conf_target(struct str to, struct conf_target *ret, struct fail *f);
/* The name servers that a resolv.conf names, where the file says none itself; without any this machine's. */
void conf_resolvers_of(struct conf *c, struct str resolv_conf, struct arena *a);
/* Does any route need names to be looked up? */
bool conf_needs_dns(const struct conf *c);

#endif
