/* call.h - one request of the CLI or the web: its arguments, checked against a table before any handler sees them, and the
 * records of its answer. */
#ifndef ROLE_CORE_CALL_H
#define ROLE_CORE_CALL_H

#include "role/core/core.h"
#include "store/sessions.h"

enum arg_kind {
	ARG_TEXT,
	ARG_ADDRESS,
	ARG_NUMBER,
	ARG_TIME,
	ARG_WORD,
	ARG_BYTES,
	ARG_COUNT,        /* a number or "unlimited" */
	ARG_ADDRESS_NONE, /* an address or "none" */
	ARG_DOMAIN        /* becomes lower case */
};

struct arg_spec {
	const char *name;
	enum arg_kind kind;
	bool required, repeats;
	const char *words; /* ARG_WORD: "on|off" */
	uint64_t most;     /* ARG_NUMBER: largest value; ARG_TEXT and ARG_BYTES: longest; 0: 200 / 16384 */
};

enum { ARGS_MAX = 16, CALL_LATER = 1 };

struct request;

struct call_spec {
	const char *verb;
	/* OK: answered with what was recorded. CALL_LATER: call_finish() comes. FAIL_*: refused with f->why, which is
	 * written for a person here. */
	int (*run)(struct request *c, struct fail *f);
	struct arg_spec args[ARGS_MAX]; /* ends with a NULL name */
};

/* Who asks over the web; lives in the request's arena. */
struct asker {
	struct session session;      /* id 0: nobody has signed in */
	struct str name;             /* of the user */
	struct str client, agent;    /* of the browser */
	const struct permit *permit; /* web.c */
};

struct request {
	struct request *next;
	struct core *core;
	struct peer *control; /* NULL once the asker has gone */
	uint64_t id;
	const struct call_spec *spec;
	const struct asker *asker; /* NULL: the command line */
	struct arena arena;
	struct str args; /* pairs, in the arena */
	struct buf records, record;
	const char *bad_arg; /* set by a handler: which argument is wrong */
	void *state;         /* a handler's own, in the arena */
	uint64_t changes;    /* of the store, before it began (group.h) */
};

/* Arguments, given as pairs, against a spec: the same pairs in their canonical spelling, in the arena. FAIL_SYNTAX and FAIL_LIMIT set
 * c->bad_arg. */
MUST_CHECK int call_check(struct request *c, const struct call_spec *spec, struct str given, struct str *ret,
                          struct fail *f);

/* Arguments: present and well formed when required; else empty, 0, false. */
struct str arg_text(const struct request *c, const char *name); /* addresses as addr_print writes them */
bool arg_given(const struct request *c, const char *name);
uint64_t arg_number(const struct request *c, const char *name, uint64_t otherwise);
int64_t arg_time(const struct request *c, const char *name, int64_t otherwise);
bool arg_is(const struct request *c, const char *name, const char *word);
/* The i-th value of a repeated argument. */
bool arg_nth(const struct request *c, const char *name, size_t i, struct str *ret);

/* A record: fields, then rec_end(). Records leave in several answers when they are many. */
void rec_text(struct request *c, const char *name, struct str v);
void rec_number(struct request *c, const char *name, int64_t v);
void rec_bool(struct request *c, const char *name, bool v);
void rec_time(struct request *c, const char *name, int64_t v);
void rec_bytes(struct request *c, const char *name, struct str v);
void rec_numbers(struct request *c, const char *name, const int64_t *v, size_t n); /* a list */
/* list: an ipc list of whole records, each a list of name, type, value; for the web, whose answer then has a list of objects. */
void rec_records(struct request *c, const char *name, struct str list);
void rec_end(struct request *c);

/* What an argument names ("user"; the alias of `arg`); FAIL_ABSENT with a sentence. */
struct alias;
struct mailbox;
MUST_CHECK int call_user(struct request *c, int64_t *ret, struct fail *f);
MUST_CHECK int call_mailbox(struct request *c, const char *arg, struct mailbox *ret, struct fail *f);
MUST_CHECK int call_alias(struct request *c, const char *arg, struct alias *ret, struct fail *f);

/* Fields of a record that is not ended yet. */
MUST_CHECK int call_tell_alias(struct request *c, const struct alias *al, struct fail *f);

MUST_CHECK int call_tell_mailbox(void *request, const struct mailbox *m, struct fail *f); /* a whole record */
/* "user", "address", "clear" */
MUST_CHECK int call_mailbox_add(struct request *c, int64_t *ret_id, struct fail *f);

/* A user's bounds, use and days, as records; fields may stand before them. */
MUST_CHECK int call_tell_user(struct request *c, int64_t user, struct str name, struct fail *f);
MUST_CHECK int call_tell_days(struct request *c, int64_t user, int64_t alias, struct fail *f);
/* The 14 days of an alias as three lists, the oldest first, today last: fields of a record that is not ended yet. */
MUST_CHECK int call_tell_series(struct request *c, int64_t alias, struct fail *f);
struct profile;
MUST_CHECK int call_tell_profile(struct request *c, const struct profile *p,
                                 struct fail *f); /* a whole record */

/* BOUND_ARGS: bounds of an alias or a user; what is not given stays. */
#define BOUND_ARGS                                                                                           \
	{ .name = "messages_hour" }, { .name = "messages_day" }, { .name = "bytes_hour" },                   \
	{                                                                                                    \
		.name = "bytes_day"                                                                          \
	}
struct usage;
MUST_CHECK int call_bounds(struct request *c, struct usage *most, struct fail *f);
/* They as fields, in the words of those arguments. */
void call_tell_bounds(struct request *c, const struct usage *most);

/* Each "mailbox" of the request, or all of the user's when none is named, is given to add. Another user's: FAIL_ABSENT. */
typedef int attach_fn(struct store *st, int64_t owner, int64_t mailbox, struct fail *f);
MUST_CHECK int call_mailboxes(struct request *c, int64_t user, int64_t owner, attach_fn *add, struct fail *f);

/* Changes that are all made, or none of them. */
MUST_CHECK int call_part(struct request *c, int (*change)(struct request *c, void *arg, struct fail *f),
                         void *arg, struct fail *f);

/* Refuses with a sentence about one argument. */
#define call_wrong(c, arg, f, code, ...) ((c)->bad_arg = (arg), fail((f), (code), __VA_ARGS__))

void call_finish(struct request *c, int result, const struct fail *f);

/* An incoming request. */
void call_start(struct core *core, struct peer *control, uint64_t id, struct str verb, struct str args);
/* The same over the web (web.c): nothing that is not the asker's is seen or changed. */
void call_start_as(struct core *core, struct peer *web, uint64_t id, struct str verb, struct str args,
                   const struct asker *as);
/* web.c: does all that the request names belong to who asks? FAIL_ABSENT, also when there is no such thing. */
MUST_CHECK int web_owns(struct request *c, struct fail *f);
void calls_control_gone(struct core *core, struct peer *control);
/* calls_backup.c: whoever took a backup has gone, or the process ends (NULL). */
void backup_control_gone(struct core *core, const struct peer *control);

/* The tables, one per file; the last has a NULL verb. */
extern const struct call_spec calls_backup[], calls_keys[], calls_users[], calls_passwords[], calls_aliases[],
        calls_domains[], calls_people[], calls_profiles[], calls_queue[], calls_replies[], calls_stat[],
        calls_usage[], calls_invites[], calls_trials[], calls_claims[], calls_transfer[],
        calls_user_passkeys[], calls_activity[];
/* Of the web alone. */
extern const struct call_spec calls_account[], calls_codes[], calls_foreign[], calls_foreign_activity[],
        calls_foreign_aliases[], calls_foreign_domains[], calls_foreign_login[], calls_foreign_many[],
        calls_foreign_page[], calls_foreign_people[], calls_many[], calls_pages[], calls_passkeys[],
        calls_sessions[], calls_signup[];

#endif
