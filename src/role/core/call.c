#include "role/core/call.h"

#include "base/log.h"
#include "base/mem.h"
#include "wire/addr.h"
#include "wire/date.h"

#include <stdio.h>
#include <stdlib.h>

enum { RECORDS_MAX = 96 * 1024, FLUSH_AT = 64 * 1024, TEXT_MOST = 200, BYTES_MOST = 16384 };

static const struct call_spec *const tables[] = {
	calls_backup,  calls_keys,     calls_users,  calls_passwords, calls_aliases,       calls_domains,
	calls_people,  calls_profiles, calls_queue,  calls_replies,   calls_stat,          calls_usage,
	calls_invites, calls_trials,   calls_claims, calls_transfer,  calls_user_passkeys, calls_activity
};
static const struct call_spec *const web_tables[] = {
	calls_account,          calls_codes,           calls_foreign,        calls_foreign_aliases,
	calls_foreign_activity, calls_foreign_login,   calls_foreign_people, calls_foreign_many,
	calls_foreign_page,     calls_foreign_domains, calls_many,           calls_pages,
	calls_passkeys,         calls_sessions,        calls_signup
};

static const struct call_spec *spec_in(const struct call_spec *const *all, size_t n, struct str verb)
{
	for (size_t i = 0; i < n; i++)
		for (const struct call_spec *s = all[i]; s->verb; s++)
			if (str_eq(verb, str_c(s->verb)))
				return s;
	return NULL;
}

static const struct call_spec *spec_of(struct str verb, bool web)
{
	const struct call_spec *s = spec_in(tables, sizeof(tables) / sizeof(tables[0]), verb);

	return s || !web ? s : spec_in(web_tables, sizeof(web_tables) / sizeof(web_tables[0]), verb);
}

/* ---- arguments ------------------------------------------------------------------------------------------------- */

bool arg_nth(const struct request *c, const char *name, size_t i, struct str *ret)
{
	struct str list = c->args, key, value;

	while (list_next_pair(&list, &key, &value)) {
		if (!str_eq(key, str_c(name)) || i-- > 0)
			continue;
		*ret = value;
		return true;
	}
	return false;
}

struct str arg_text(const struct request *c, const char *name)
{
	struct str v = STR("");

	(void)arg_nth(c, name, 0, &v);
	return v;
}

bool arg_given(const struct request *c, const char *name)
{
	struct str v;

	return arg_nth(c, name, 0, &v);
}

uint64_t arg_number(const struct request *c, const char *name, uint64_t otherwise)
{
	uint64_t v;

	return str_u64(arg_text(c, name), &v) ? v : otherwise;
}

int64_t arg_time(const struct request *c, const char *name, int64_t otherwise)
{
	int64_t v;

	return date_parse_iso(arg_text(c, name), &v) ? v : otherwise;
}

bool arg_is(const struct request *c, const char *name, const char *word)
{
	return str_eq(arg_text(c, name), str_c(word));
}

static int check_text(struct request *c, const struct arg_spec *s, struct str *v, struct fail *f)
{
	uint64_t most = s->most ? s->most : TEXT_MOST;

	*v = str_trim(*v);
	if (!v->n && s->required)
		return fail(f, FAIL_SYNTAX, "%s is empty", s->name);
	if (v->n > most)
		return fail(f, FAIL_LIMIT, "%s is longer than %llu bytes", s->name, (unsigned long long)most);
	if (!str_is_utf8(*v))
		return fail(f, FAIL_SYNTAX, "%s is not UTF-8", s->name);
	for (size_t i = 0; i < v->n; i++)
		if ((unsigned char)v->p[i] < 32 || v->p[i] == 127)
			return fail(f, FAIL_SYNTAX, "%s holds a control character", s->name);
	return OK;
}

static int check_address(struct request *c, const struct arg_spec *s, struct str *v, struct fail *f)
{
	OWN(buf) key = BUF(1024);
	struct addr a;

	if (addr_parse(str_trim(*v), &c->arena, &a, NULL) < 0)
		return fail(f, FAIL_SYNTAX, "%s is not a mail address: wanted local@domain", s->name);
	addr_print(&a, &key);
	*v = arena_str(&c->arena, buf_str(&key));
	return OK;
}

static int check_address_none(struct request *c, const struct arg_spec *s, struct str *v, struct fail *f)
{
	return str_eq(*v, STR("none")) ? OK : check_address(c, s, v, f);
}

static int check_domain(struct request *c, const struct arg_spec *s, struct str *v, struct fail *f)
{
	OWN(buf) key = BUF(256);

	for (size_t i = 0; i < v->n; i++)
		buf_addc(&key, ascii_lower(v->p[i]));
	*v = arena_str(&c->arena, buf_str(&key));
	return !key.over && conf_is_domain(*v)
	               ? OK
	               : fail(f, FAIL_SYNTAX,
	                      "%s is not a domain name: wanted relay.example, other scripts "
	                      "as A-labels (xn--...)",
	                      s->name);
}

static int check_number(struct request *c, const struct arg_spec *s, struct str *v, struct fail *f)
{
	uint64_t n;

	if (!str_u64(*v, &n))
		return fail(f, FAIL_SYNTAX, "%s is not a number", s->name);
	if (s->most && n > s->most)
		return fail(f, FAIL_LIMIT, "%s is more than %llu", s->name, (unsigned long long)s->most);
	return OK;
}

static int check_count(struct request *c, const struct arg_spec *s, struct str *v, struct fail *f)
{
	return str_eq(*v, STR("unlimited")) ? OK : check_number(c, s, v, f);
}

static int check_time(struct request *c, const struct arg_spec *s, struct str *v, struct fail *f)
{
	int64_t t;

	if (!date_parse_iso(*v, &t) && !str_eq(*v, STR("never")))
		return fail(f, FAIL_SYNTAX,
		            "%s is not a time: wanted 2026-12-31, 2026-12-31T12:00:00Z or never", s->name);
	return OK;
}

static int check_word(struct request *c, const struct arg_spec *s, struct str *v, struct fail *f)
{
	struct str words = str_c(s->words);

	while (words.p)
		if (str_eq(str_cut(&words, '|'), *v))
			return OK;
	return fail(f, FAIL_SYNTAX, "%s is to be one of %s", s->name, s->words);
}

static int check_bytes(struct request *c, const struct arg_spec *s, struct str *v, struct fail *f)
{
	uint64_t most = s->most ? s->most : BYTES_MOST;

	return v->n > most ? fail(f, FAIL_LIMIT, "%s is longer than %llu bytes", s->name,
	                          (unsigned long long)most)
	                   : OK;
}

static int (*const checks[])(struct request *, const struct arg_spec *, struct str *, struct fail *) = {
	[ARG_TEXT] = check_text,     [ARG_ADDRESS] = check_address,
	[ARG_NUMBER] = check_number, [ARG_COUNT] = check_count,
	[ARG_TIME] = check_time,     [ARG_WORD] = check_word,
	[ARG_BYTES] = check_bytes,   [ARG_ADDRESS_NONE] = check_address_none,
	[ARG_DOMAIN] = check_domain,
};

static const struct arg_spec *arg_of(const struct call_spec *spec, struct str name)
{
	for (size_t i = 0; i < ARGS_MAX && spec->args[i].name; i++)
		if (str_eq(name, str_c(spec->args[i].name)))
			return &spec->args[i];
	return NULL;
}

static bool is_in(struct str list, struct str name)
{
	struct str key, value;

	while (list_next_pair(&list, &key, &value))
		if (str_eq(key, name))
			return true;
	return false;
}

int call_check(struct request *c, const struct call_spec *spec, struct str given, struct str *ret,
               struct fail *f)
{
	OWN(buf) checked = BUF(IPC_RECORD_MAX);
	struct str key, value;

	while (list_next_pair(&given, &key, &value)) {
		const struct arg_spec *s = arg_of(spec, key);

		if (!s)
			return fail(f, FAIL_SYNTAX, "%s takes no argument of the name %.*s", spec->verb,
			            STR_ARG(key));
		c->bad_arg = s->name;
		if (c->asker && !s->repeats && is_in(buf_str(&checked), key))
			return fail(f, FAIL_SYNTAX, "%s is given twice", s->name);
		TRY(checks[s->kind](c, s, &value, f));
		list_add(&checked, key);
		list_add(&checked, value);
	}
	for (size_t i = 0; i < ARGS_MAX && spec->args[i].name; i++) {
		c->bad_arg = spec->args[i].name;
		if (spec->args[i].required && !is_in(buf_str(&checked), str_c(c->bad_arg)))
			return fail(f, FAIL_SYNTAX, "%s is missing", c->bad_arg);
	}
	c->bad_arg = NULL;
	*ret = arena_str(&c->arena, buf_str(&checked));
	return OK;
}

int call_part(struct request *c, int (*change)(struct request *c, void *arg, struct fail *f), void *arg,
              struct fail *f)
{
	struct store *st = c->core->store;
	int r;

	core_dirty(c->core);
	TRY(store_part_begin(st, f));
	r = change(c, arg, f);
	if (store_part_end(st, r == OK, r == OK ? f : NULL) < 0)
		return r < 0 ? r : FAIL_SYS;
	return r;
}

/* ---- records --------------------------------------------------------------------------------------------------- */

static void field(struct request *c, const char *name, const char *type, struct str v)
{
	list_add(&c->record, str_c(name));
	list_add(&c->record, str_c(type));
	list_add(&c->record, v);
}

void rec_text(struct request *c, const char *name, struct str v)
{
	field(c, name, "s", v);
}

static void rec_integer(struct request *c, const char *name, const char *type, int64_t v)
{
	char z[24];

	snprintf(z, sizeof(z), "%lld", (long long)v);
	field(c, name, type, str_c(z));
}

void rec_number(struct request *c, const char *name, int64_t v)
{
	rec_integer(c, name, "n", v);
}

void rec_time(struct request *c, const char *name, int64_t v)
{
	rec_integer(c, name, "t", v);
}

void rec_bool(struct request *c, const char *name, bool v)
{
	field(c, name, "b", v ? STR("1") : STR("0"));
}

void rec_bytes(struct request *c, const char *name, struct str v)
{
	field(c, name, "x", v);
}

void rec_numbers(struct request *c, const char *name, const int64_t *v, size_t n)
{
	OWN(buf) all = BUF(4096);

	for (size_t i = 0; i < n; i++)
		buf_addf(&all, "%s%lld", i ? "," : "", (long long)v[i]);
	field(c, name, "l", buf_str(&all));
}

static void send_answer(struct request *c, int code, const char *why, bool more)
{
	if (c->control)
		SEND(c->control, answer, c->id, ipc_code(code), str_c(why),
		     str_c(c->bad_arg ? c->bad_arg : ""), more, buf_str(&c->records));
	buf_clear(&c->records);
}

void rec_records(struct request *c, const char *name, struct str list)
{
	field(c, name, "r", list);
}

void rec_end(struct request *c)
{
	list_add(&c->records, buf_str(&c->record));
	buf_clear(&c->record);
	if (c->records.n > FLUSH_AT)
		send_answer(c, OK, "", true);
}

/* ---- the life of a call ---------------------------------------------------------------------------------------- */

/* A password may have been in it. */
static void forget(struct buf *b)
{
	if (b->p)
		wipe(b->p, b->cap);
	buf_done(b);
}

void call_finish(struct request *c, int result, const struct fail *f)
{
	struct core *core = c->core;

	if (result < 0)
		buf_clear(&c->records);
	else
		c->bad_arg = NULL;
	/* What was changed is durable before anybody is told so; who only reads waits for nobody. */
	if (result == OK && core->group.changes != c->changes && core_commit(core) < 0) {
		send_answer(c, FAIL_SYS, "the change could not be stored: is the disk full?", false);
	} else {
		send_answer(c, result, result < 0 ? f->why : "", false);
	}
	for (struct request **p = &core->calls; *p; p = &(*p)->next) {
		if (*p != c)
			continue;
		*p = c->next;
		break;
	}
	forget(&c->records);
	forget(&c->record);
	arena_done(&c->arena);
	free(c);
}

static const struct asker *copy_of(const struct asker *as, struct arena *a)
{
	struct asker *own = arena_new(a, struct asker);

	*own = *as;
	own->name = arena_str(a, as->name);
	own->client = arena_str(a, as->client);
	own->agent = arena_str(a, as->agent);
	return own;
}

/* What web says of "user" was dropped before: it is always that of the session. */
static struct str with_user(struct request *c, struct str args)
{
	OWN(buf) all = BUF(IPC_RECORD_MAX);

	buf_add(&all, args);
	if (c->asker->session.id && arg_of(c->spec, STR("user"))) {
		list_add(&all, STR("user"));
		list_add(&all, c->asker->name);
	}
	return arena_str(&c->arena, buf_str(&all));
}

static void start(struct core *core, struct peer *control, uint64_t id, struct str verb, struct str args,
                  const struct asker *as)
{
	struct request *c = xnew(struct request);
	struct fail f = { 0 };
	int r;

	c->core = core;
	c->control = control;
	c->id = id;
	c->changes = core->group.changes;
	c->records = BUF(RECORDS_MAX);
	c->record = BUF(RECORDS_MAX - FLUSH_AT);
	c->spec = spec_of(verb, as != NULL);
	c->asker = as ? copy_of(as, &c->arena) : NULL;
	c->next = core->calls;
	core->calls = c;
	if (!c->spec)
		r = fail(&f, FAIL_ABSENT, "this server knows no request %.*s", STR_ARG(verb));
	else if (!core->store)
		r = fail(&f, FAIL_AGAIN, "the server is still starting: try again in a moment");
	else
		r = call_check(c, c->spec, as ? with_user(c, args) : args, &c->args, &f);
	if (r == OK && c->asker)
		r = web_owns(c, &f);
	if (r == OK)
		r = c->spec->run(c, &f);
	if (r != CALL_LATER)
		call_finish(c, r, &f);
}

void call_start(struct core *core, struct peer *control, uint64_t id, struct str verb, struct str args)
{
	start(core, control, id, verb, args, NULL);
}

void call_start_as(struct core *core, struct peer *web, uint64_t id, struct str verb, struct str args,
                   const struct asker *as)
{
	start(core, web, id, verb, args, as);
}

void calls_control_gone(struct core *core, struct peer *control)
{
	for (struct request *c = core->calls; c; c = c->next)
		if (c->control == control)
			c->control = NULL;
	backup_control_gone(core, control);
}
