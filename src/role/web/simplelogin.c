/* simplelogin.c - the subset of SimpleLogin's API that its extension and Bitwarden speak: their fields, their status codes.
 * Errors are {"error": "..."}; aliases have numbers. */
#include "role/web/api.h"

#include "role/web/target.h"
#include "wire/date.h"

#include <stdlib.h>
#include <time.h>

/* ---- shapes ------------------------------------------------------------------------------------------------------ */

static json_t *text(struct str s)
{
	return json_stringn(s.n ? s.p : "", s.n);
}

static json_t *text_or_null(const json_t *record, const char *name)
{
	struct str s = json_member(record, name);

	return s.n ? text(s) : json_null();
}

static json_int_t number(const json_t *record, const char *name)
{
	return json_integer_value(json_object_get(record, name));
}

/* "2020-04-06 17:57:14+00:00" */
static json_t *their_date(int64_t utc)
{
	OWN(buf) b = BUF(64);

	date_print_iso(utc, &b);
	if (b.n < 19)
		return json_null();
	return json_sprintf("%.10s %.8s+00:00", b.p, b.p + 11);
}

static json_t *mailboxes_of(const json_t *record)
{
	struct str ids = json_member(record, "mailbox_ids"), emails = json_member(record, "mailbox_emails");
	json_t *all = json_array();

	while (ids.n) {
		struct str id = str_cut(&ids, '\n');
		uint64_t n = 0;

		(void)str_u64(id, &n);
		json_array_append_new(all, json_pack("{s:I, s:o}", "id", (json_int_t)n, "email",
		                                     text(str_cut(&emails, '\n'))));
	}
	return all;
}

/* A record of foreign.alias as their alias object. */
static json_t *alias_of(const json_t *r)
{
	json_t *boxes = mailboxes_of(r), *first = json_array_get(boxes, 0), *o = json_object();

	json_object_set_new(o, "id", json_integer(number(r, "id")));
	json_object_set_new(o, "email", text(json_member(r, "email")));
	json_object_set_new(o, "name", text_or_null(r, "name"));
	json_object_set_new(o, "enabled", json_boolean(json_is_true(json_object_get(r, "enabled"))));
	json_object_set_new(o, "note", text_or_null(r, "note"));
	json_object_set_new(o, "creation_date", their_date(number(r, "created")));
	json_object_set_new(o, "creation_timestamp", json_integer(number(r, "created")));
	json_object_set_new(o, "nb_forward", json_integer(number(r, "forwarded")));
	json_object_set_new(o, "nb_block", json_integer(0));
	json_object_set_new(o, "nb_reply", json_integer(number(r, "replied")));
	json_object_set(o, "mailbox", first ? first : json_null());
	json_object_set_new(o, "mailboxes", boxes);
	json_object_set_new(o, "support_pgp", json_false());
	json_object_set_new(o, "disable_pgp", json_false());
	json_object_set_new(o, "pinned", json_false());
	json_object_set_new(o, "latest_activity", json_null());
	return o;
}

static json_t *first_record(const struct exchange *x)
{
	return json_records(buf_str(&x->records), NULL, true);
}

/* ---- their refusals ---------------------------------------------------------------------------------------------- */

static void refuse(struct exchange *x, unsigned status, struct str why)
{
	x->status = status;
	x->type = "application/json";
	buf_clear(&x->reply);
	api_foreign_error(x, status, why);
	exchange_done(x);
}

/* Codes of core as theirs; an object that is not yours is "Forbidden", not absent. */
static void failed(struct exchange *x, int code, struct str why, struct str arg)
{
	static const struct {
		int code;
		const char *arg;
		unsigned status;
	} rows[] = {
		{ FAIL_DENIED, "session", 401 }, { FAIL_DENIED, "scope", 403 },
		{ FAIL_AGAIN, "rate", 429 },     { FAIL_AGAIN, "signed_suffix", 412 },
		{ FAIL_ABSENT, "id", 403 },      { FAIL_EXISTS, "address", 409 },
		{ FAIL_AGAIN, NULL, 503 },       { FAIL_SYS, NULL, 500 },
		{ FAIL_BUG, NULL, 500 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (code != rows[i].code || (rows[i].arg && !str_eq(arg, str_c(rows[i].arg))))
			continue;
		refuse(x, rows[i].status, rows[i].status == 401 ? STR("Wrong api key") : why);
		return;
	}
	refuse(x, 400, why);
}

static bool went_well(struct exchange *x, int code, struct str why, struct str arg)
{
	if (code < 0)
		failed(x, code, why, arg);
	return code == OK;
}

/* ---- arguments --------------------------------------------------------------------------------------------------- */

static struct str param(struct exchange *x, const char *want)
{
	struct str query = x->query;
	struct target_var v;
	bool bad;

	while (target_param(&query, &x->arena, &v, &bad))
		if (str_eq(v.name, str_c(want)))
			return v.value;
	return STR_NONE;
}

static void put(struct buf *args, const char *name, struct str value)
{
	list_add(args, str_c(name));
	list_add(args, value);
}

/* A note of theirs may have lines; a label of ours has none. */
static void put_note(struct exchange *x, const json_t *body, const char *member, const char *arg)
{
	struct str s = str_first_utf8(json_member(body, member), 200);
	char *z = arena_z(&x->arena, s);

	if (!json_is_string(json_object_get(body, member)) && !json_is_null(json_object_get(body, member)))
		return;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)z[i] < 32 || z[i] == 127)
			z[i] = ' ';
	if (json_object_get(body, member))
		put(&x->args, arg, str_of(z, s.n));
}

/* ---- the user ---------------------------------------------------------------------------------------------------- */

static void on_user(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!went_well(x, code, why, arg))
		return;
	r = first_record(x);
	exchange_json(x, 200,
	              json_pack("{s:o, s:b, s:o, s:b, s:n, s:i, s:n, s:n, s:b}", "name",
	                        text(json_member(r, "name")), "is_premium", 1, "email",
	                        text(json_member(r, "email")), "in_trial", 0, "trial_end_timestamp",
	                        "max_alias_free_plan", 0, "profile_picture_url", "connected_proton_address",
	                        "can_create_reverse_alias", 1));
}

void sl_user_info(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.user", STR(""), on_user);
}

static void on_mailboxes(struct exchange *x, int code, struct str why, struct str arg)
{
	bool verified = str_eq(x->path, STR("/api/mailboxes"));
	OWNP(json_t) all = NULL;
	json_t *out, *m;
	size_t i;

	if (!went_well(x, code, why, arg))
		return;
	all = json_records(buf_str(&x->records), NULL, false);
	out = json_array();
	json_array_foreach(all, i, m)
	{
		if (verified && !json_is_true(json_object_get(m, "verified")))
			continue;
		json_array_append_new(out, json_pack("{s:I, s:O, s:O, s:O, s:I, s:i}", "id", number(m, "id"),
		                                     "email", json_object_get(m, "email"), "verified",
		                                     json_object_get(m, "verified"), "default",
		                                     json_object_get(m, "default"), "creation_timestamp",
		                                     number(m, "created"), "nb_alias", 0));
	}
	exchange_json(x, 200, json_pack("{s:o}", "mailboxes", out));
}

void sl_mailboxes(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.mailboxes", STR(""), on_mailboxes);
}

/* ---- creating ---------------------------------------------------------------------------------------------------- */

/* "www.shop.example" -> "shop" */
static struct str suggestion(struct str host, struct arena *a)
{
	size_t dot = str_rchr(host, '.');
	struct str name = dot < host.n ? str_first(host, dot) : host;
	char *z;
	size_t n = 0;

	if (str_rchr(name, '.') < name.n)
		name = str_from(name, str_rchr(name, '.') + 1);
	name = str_first(name, 40);
	z = arena_z(a, name);
	for (size_t i = 0; i < name.n; i++) {
		char c = ascii_lower(name.p[i]);

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')
			z[n++] = c;
	}
	return str_of(z, n);
}

static void on_suffixes(struct exchange *x, int code, struct str why, struct str arg)
{
	bool pairs = str_starts(x->path, STR("/api/v4/"));
	OWNP(json_t) all = NULL;
	json_t *out, *s;
	size_t i;

	if (!went_well(x, code, why, arg))
		return;
	all = json_records(buf_str(&x->records), NULL, false);
	out = json_array();
	json_array_foreach(all, i, s)
	{
		json_t *suffix = json_object_get(s, "suffix"),
		       *signed_suffix = json_object_get(s, "signed_suffix");

		json_array_append_new(out, pairs ? json_pack("[O, O]", suffix, signed_suffix)
		                                 : json_pack("{s:O, s:O, s:O, s:b}", "suffix", suffix,
		                                             "signed_suffix", signed_suffix, "is_custom",
		                                             json_object_get(s, "custom"), "is_premium", 0));
	}
	exchange_json(x, 200,
	              json_pack("{s:b, s:o, s:o}", "can_create", 1, "prefix_suggestion",
	                        text(suggestion(param(x, "hostname"), &x->arena)), "suffixes", out));
}

void sl_options(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.suffixes", STR(""), on_suffixes);
}

static void on_created(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;
	json_t *o;

	if (!went_well(x, code, why, arg))
		return;
	r = first_record(x);
	o = alias_of(r);
	json_object_set(o, "alias", json_object_get(o, "email"));
	exchange_json(x, 201, o);
}

/* The new alias is told again, in full. */
static void on_added(struct exchange *x, int code, struct str why, struct str arg)
{
	OWN(buf) ask = BUF(256);

	if (!went_well(x, code, why, arg))
		return;
	put(&ask, "id", json_field(buf_str(&x->records), "id"));
	exchange_ask(x, "foreign.created", buf_str(&ask), on_created);
}

void sl_random(struct exchange *x, json_t *body)
{
	struct str mode = param(x, "mode");

	if (mode.p && !str_eq(mode, STR("uuid")) && !str_eq(mode, STR("word"))) {
		refuse(x, 400, STR("mode is to be uuid or word"));
		return;
	}
	put(&x->args, "style", str_eq(mode, STR("word")) ? STR("words") : STR("characters"));
	put_note(x, body, "note", "label");
	exchange_ask(x, "alias.add", buf_str(&x->args), on_added);
}

static void on_suffix(struct exchange *x, int code, struct str why, struct str arg)
{
	OWN(buf) address = BUF(1024);
	struct str prefix = json_member(x->foreign, "alias_prefix"), boxes;

	if (!went_well(x, code, why, arg))
		return;
	buf_add(&address, prefix);
	buf_add(&address, json_field(buf_str(&x->records), "suffix"));
	put(&x->args, "address", buf_str(&address));
	boxes = json_field(buf_str(&x->records), "mailbox_emails");
	while (boxes.n)
		put(&x->args, "mailbox", str_cut(&boxes, '\n'));
	put_note(x, x->foreign, "note", "label");
	put_note(x, x->foreign, "name", "name");
	exchange_ask(x, "alias.add", buf_str(&x->args), on_added);
}

static bool is_prefix(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !(s.p[i] && strchr("-_.", s.p[i])))
			return false;
	return s.n && s.n <= 40 && s.p[0] != '.' && str_find(s, STR("..")) == s.n && s.p[s.n - 1] != '.';
}

/* Commas between numbers; false: they are none, or there is none. */
static bool read_ids(struct exchange *x, const json_t *list, struct str *ret)
{
	OWN(buf) b = BUF(1024);
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		if (!json_is_integer(v))
			return false;
		buf_addf(&b, "%s%lld", i ? "," : "", (long long)json_integer_value(v));
	}
	*ret = arena_str(&x->arena, buf_str(&b));
	return b.n && !b.over;
}

void sl_custom(struct exchange *x, json_t *body)
{
	OWN(buf) ask = BUF(2048);
	struct str boxes = STR("");

	if (!is_prefix(json_member(body, "alias_prefix"))) {
		refuse(x, 400, STR("alias prefix invalid format or too long"));
		return;
	}
	if (str_starts(x->path, STR("/api/v3/")) &&
	    !read_ids(x, json_object_get(body, "mailbox_ids"), &boxes)) {
		refuse(x, 400, STR("Errors with Mailbox"));
		return;
	}
	x->foreign = json_incref(body);
	put(&ask, "signed_suffix", json_member(body, "signed_suffix"));
	while (boxes.n)
		put(&ask, "mailbox_id", str_cut(&boxes, ','));
	exchange_ask(x, "foreign.suffix", buf_str(&ask), on_suffix);
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

static void on_page(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;
	json_t *out, *r;
	size_t i;

	if (!went_well(x, code, why, arg))
		return;
	all = json_records(buf_str(&x->records), NULL, false);
	out = json_array();
	json_array_foreach(all, i, r) json_array_append_new(out, alias_of(r));
	exchange_json(x, 200, json_pack("{s:o}", "aliases", out));
}

void sl_aliases(struct exchange *x, json_t *body)
{
	struct str page = param(x, "page_id"), query = json_member(body, "query");
	uint64_t n;

	if (!str_u64(page, &n)) {
		refuse(x, 400, STR("page_id must be provided in request query"));
		return;
	}
	put(&x->args, "page_id", page);
	if (query.n)
		put(&x->args, "query", str_first_utf8(query, 100));
	if (param(x, "enabled").p || param(x, "disabled").p)
		put(&x->args, "state", param(x, "enabled").p ? STR("enabled") : STR("disabled"));
	if (param(x, "pinned").p) { /* nothing is pinned here */
		exchange_json(x, 200, json_pack("{s:[]}", "aliases"));
		return;
	}
	exchange_ask(x, "foreign.page", buf_str(&x->args), on_page);
}

static void on_alias(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!went_well(x, code, why, arg))
		return;
	r = first_record(x);
	exchange_json(x, 200, alias_of(r));
}

void sl_alias(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.alias", buf_str(&x->args), on_alias);
}

static void on_toggled(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!went_well(x, code, why, arg))
		return;
	r = first_record(x);
	exchange_json(x, 200, json_pack("{s:O}", "enabled", json_object_get(r, "enabled")));
}

void sl_toggle(struct exchange *x, json_t *body)
{
	put(&x->args, "state", STR("toggle"));
	exchange_ask(x, "foreign.set", buf_str(&x->args), on_toggled);
}

static void on_changed(struct exchange *x, int code, struct str why, struct str arg)
{
	if (went_well(x, code, why, arg))
		exchange_json(x, 200, json_pack("{s:b}", "ok", 1));
}

void sl_change(struct exchange *x, json_t *body)
{
	const json_t *one = json_object_get(body, "mailbox_id");
	struct str ids = STR("");
	OWN(buf) z = BUF(32);

	if (json_object_get(body, "mailbox_ids") &&
	    !read_ids(x, json_object_get(body, "mailbox_ids"), &ids)) {
		refuse(x, 400, STR("Must choose at least one mailbox"));
		return;
	}
	if (json_is_integer(one)) {
		buf_addf(&z, "%lld", (long long)json_integer_value(one));
		ids = buf_str(&z);
	}
	put_note(x, body, "note", "note");
	put_note(x, body, "name", "name");
	while (ids.n)
		put(&x->args, "mailbox_id", str_cut(&ids, ','));
	exchange_ask(x, "foreign.set", buf_str(&x->args), on_changed);
}

static void on_deleted(struct exchange *x, int code, struct str why, struct str arg)
{
	if (went_well(x, code, why, arg))
		exchange_json(x, 200, json_pack("{s:b}", "deleted", 1));
}

void sl_delete(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.delete", buf_str(&x->args), on_deleted);
}
