/* events.h - what happened to a user's mail: relayed, refused, put off and why, told to its user alone. One row for an hour, an
 * alias, a correspondent and a reason: how often, how much, and when last, so that a flood is one row. No content, no subject. Kept
 * 30 days (upkeep.c), and no more than some 5,000 rows of a user; gone with the alias or the user. */
#ifndef STORE_EVENTS_H
#define STORE_EVENTS_H

#include "store/store.h"

/* libevent has functions of the name event_*: those here are events_*. */
enum event_way { EVENT_IN, EVENT_OUT };
enum event_what {
	EVENT_RELAYED = 1,
	EVENT_REFUSED,  /* at the door; the sender knows */
	EVENT_DROPPED,  /* taken and thrown away; the sender does not know */
	EVENT_DEFERRED, /* not yet: it is tried again */
	EVENT_BOUNCED,  /* the other side refused it for good */
	EVENT_EXPIRED,  /* tried for as long as is tried */
	EVENT_HELD,     /* its user may let it go */
	EVENT_WHATS
};

enum {
	EVENT_DAYS = 30,
	EVENT_MOST = 5000, /* rows of a user; the oldest go beyond it, EVENT_TRIM at a time */
	EVENT_TRIM = 64,
	EVENT_HOUR_MOST = 500, /* rows of a user in an hour; what is more is told by its reason alone */
	EVENT_WHO_MOST = 320
};

struct event {
	int64_t user;
	int64_t alias;         /* 0: of none, or of more than are told apart */
	int64_t correspondent; /* 0: nobody met; then `who` may say who it was last */
	enum event_way way;
	enum event_what what;
	struct str why; /* a word of policy/event.h; empty where nothing stood in the way */
	struct str who; /* an address as its sender wrote it; sealed */
	int64_t at;     /* UTC seconds, of the last of them */
	int64_t n, bytes;
	/* When read; empty where it is gone. */
	int64_t id;
	struct str alias_address, address, name, reverse;
};

/* Adds to its hour, in the open group. FAIL_ABSENT: the alias or the user is gone. */
MUST_CHECK int events_add(struct store *st, const struct event *e, struct fail *f);

#define EVENT_BIT(way, what) (1u << ((what) + 8 * (way)))
struct event_page {
	int64_t user, alias;          /* alias 0: all */
	unsigned kinds;               /* bits EVENT_BIT; 0: any */
	int64_t before_at, before_id; /* what comes after that one in the list; 0: from the newest on */
	int64_t limit;
};
/* The newest first: by `at`, then id. Strings are good until fn returns. */
MUST_CHECK int events_each(struct store *st, const struct event_page *p,
                           int (*fn)(void *arg, const struct event *e, struct fail *f), void *arg,
                           struct fail *f);

/* Of an alias: when last something was relayed in and out, and refused or dropped. 0: not in the days that are kept. */
struct event_last {
	int64_t in, out, blocked;
};
MUST_CHECK int events_last(struct store *st, int64_t alias, struct event_last *ret, struct fail *f);

/* schema.c. The first index is what a row is found by, and the page's order; ids grow with time, so that what is old is found
 * without an index of its own. */
// clang-format off
#define EVENT_TABLES \
	"CREATE TABLE event (id INTEGER PRIMARY KEY, user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE," \
	" hour INTEGER NOT NULL, alias INTEGER REFERENCES alias ON DELETE CASCADE, correspondent INTEGER NOT NULL," \
	" way INTEGER NOT NULL, what INTEGER NOT NULL, why BLOB NOT NULL, who BLOB, at INTEGER NOT NULL," \
	" n INTEGER NOT NULL, bytes INTEGER NOT NULL);" \
	"CREATE INDEX event_key ON event (user, hour, alias, correspondent, way, what, why);" \
	"CREATE INDEX event_alias ON event (alias, hour);"
#define EVENT_GONE \
	"DELETE FROM event WHERE id IN (SELECT id FROM event ORDER BY id LIMIT ?2) AND hour < ?1 / 3600"
// clang-format on

#endif
