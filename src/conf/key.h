/* key.h - the table of keys, private to conf/: where a value lies in struct conf, of what kind it is, and who may
 * know it. */
#ifndef CONF_KEY_H
#define CONF_KEY_H

#include "conf/conf.h"

enum conf_kind {
	CONF_HOST, /* a domain name, or nothing */
	CONF_PATH,
	CONF_WORD,
	CONF_COUNT,
	CONF_SIZE,     /* bytes; KiB, MiB, GiB */
	CONF_DURATION, /* seconds; s, m, h, d */
	CONF_BOOL,
	CONF_TEXT,      /* printable, without blanks at its ends */
	CONF_TARGET,    /* of a route */
	CONF_ENDPOINTS, /* from here on lists: each line adds to them */
	CONF_DOMAINS,
	CONF_DURATIONS,
	CONF_RESOLVERS,
	CONF_HOSTS, /* addresses without a port */
	CONF_ROUTE, /* any name: a domain or "default" */
};

struct conf_key {
	const char *section, *name;
	enum conf_kind kind;
	size_t offset;         /* of the field in struct conf */
	const char *otherwise; /* default, as written; NULL: must be set or may be absent */
	uint64_t least, most;
	const char *words; /* CONF_WORD: "debug|info" */
	unsigned roles;    /* bits 1 << ROLE_x of those who may know it; the parent knows all */
	const char *help;
};

static inline bool conf_key_is_list(const struct conf_key *k)
{
	return k->kind >= CONF_ENDPOINTS;
}

extern const struct conf_key conf_keys[]; /* ends with a NULL section */
/* The keys of [route NAME]: offsets are those of struct conf_route. Ends with a NULL section. */
extern const struct conf_key conf_route_keys[];

/* Value errors name the key and the remedy; the caller adds file and line. */
MUST_CHECK int conf_key_set(const struct conf_key *k, struct conf *c, struct str name, struct str value,
                            struct arena *a, struct fail *f);
/* A list that the file did not set gets its default. */
MUST_CHECK int conf_key_complete(const struct conf_key *k, struct conf *c, struct arena *a, struct fail *f);
void conf_key_each(const struct conf_key *k, const struct conf *c,
                   void (*put)(void *self, struct str key, struct str value), void *self);

/* One value that is no list, at its place. */
MUST_CHECK int conf_value_set(const struct conf_key *k, void *at, struct str v, struct arena *a,
                              struct fail *f);
void conf_value_print(const struct conf_key *k, const void *at, struct buf *out);
MUST_CHECK int conf_check_domain(const char *section, struct str name, struct str d, struct fail *f);
struct str conf_lower(struct str s, struct arena *a);

/* ---- routes (route.c) ---- */

/* NAME of "route NAME", lower case only by comparison; empty when the section is another. */
struct str conf_route_section(struct str section);
/* key: of conf_route_keys; FAIL_SYNTAX also when it is set already. */
MUST_CHECK int conf_route_set(struct conf *c, struct str route, struct str key, struct str value,
                              struct arena *a, struct fail *f);
/* What one key alone cannot tell. The caller adds file and line. */
MUST_CHECK int conf_route_check(const struct conf_route *r, struct fail *f);
void conf_routes_each(const struct conf *c, enum role role,
                      void (*put)(void *self, struct str key, struct str value), void *self);

#endif
