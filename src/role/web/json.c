#include "role/web/json.h"

#include "base/mem.h"
#include "ipc/codec.h"
#include "wire/b64.h"
#include "wire/date.h"

#include <stdio.h>
#include <stdlib.h>

enum { BYTES_MOST = 64 * 1024 };

/* ---- requests ---------------------------------------------------------------------------------------------------- */

/* Members whose argument has another name, is bytes, or says nothing by a word of its own. */
static const struct member {
	const char *name, *arg, *none;
	bool bytes, hidden;
} members[] = {
	{ "mailboxes", "mailbox", NULL, false, false },
	{ "addresses", "address", NULL, false, false },
	{ "scopes", "scope", NULL, false, false },
	{ "expires", "expires", "never", false, false },
	{ "count", "count", "unlimited", false, false },
	{ "reply_to", "reply_to", "none", false, false },
	{ "attestation", NULL, NULL, false, true },
	{ "authenticator_data", "authenticator_data", NULL, true, false },
	{ "client_data", "client_data", NULL, true, false },
	{ "credential", "credential", NULL, true, false },
	{ "csr", "csr", NULL, true, false },
	{ "root", "root", NULL, true, false },
	{ "intermediate", "intermediate", NULL, true, false },
	{ "signature", "signature", NULL, true, false },
	{ "user_handle", "user_handle", NULL, true, false },
	{ "password", NULL, NULL, false, true },
	{ "new_password", NULL, NULL, false, true },
};

static struct member member_of(const char *name)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(members[i].name, name) == 0)
			return members[i];
	return (struct member){ .name = name, .arg = name };
}

int json_body(struct str body, json_t **ret, struct fail *f)
{
	json_error_t e;
	OWNP(json_t) o = NULL;

	if (!str_trim(body).n) {
		*ret = json_object();
		return OK;
	}
	o = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, &e);
	if (!o)
		return fail(f, FAIL_SYNTAX, "the body is not JSON: %s", e.text);
	if (!json_is_object(o) || json_object_size(o) > JSON_KEYS_MOST)
		return fail(f, FAIL_SYNTAX, "the body is to be one JSON object with at most %d members",
		            JSON_KEYS_MOST);
	*ret = TAKE(o);
	return OK;
}

static void add(struct buf *args, const char *name, struct str value)
{
	list_add(args, str_c(name));
	list_add(args, value);
}

static int add_bytes(const struct member *m, struct str text, struct buf *args, struct fail *f)
{
	OWN(buf) raw = BUF(BYTES_MOST);

	if (b64_parse(text, false, &raw, NULL) < 0 || raw.over)
		return fail(f, FAIL_SYNTAX, "%s is not base64", m->name);
	add(args, m->arg, buf_str(&raw));
	return OK;
}

static int add_value(const struct member *m, const json_t *v, struct buf *args, struct fail *f)
{
	char number[24];

	if (json_is_string(v) && m->bytes)
		return add_bytes(m, str_of(json_string_value(v), json_string_length(v)), args, f);
	if (json_is_string(v))
		add(args, m->arg, str_of(json_string_value(v), json_string_length(v)));
	else if (json_is_boolean(v))
		add(args, m->arg, json_is_true(v) ? STR("on") : STR("off"));
	else if (json_is_null(v) && m->none)
		add(args, m->arg, str_c(m->none));
	else if (json_is_integer(v) && json_integer_value(v) >= 0) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
		add(args, m->arg, str_c(number));
	} else if (!json_is_null(v))
		return fail(f, FAIL_SYNTAX, "%s is neither a text nor a number that it could be", m->name);
	return OK;
}

static int add_member(const struct member *m, json_t *v, struct buf *args, struct fail *f)
{
	json_t *item;
	size_t i;

	if (m->hidden)
		return OK;
	if (!json_is_array(v))
		return add_value(m, v, args, f);
	json_array_foreach(v, i, item)
	{
		if (json_is_array(item))
			return fail(f, FAIL_SYNTAX, "%s holds a list in a list", m->name);
		TRY(add_value(m, item, args, f));
	}
	return OK;
}

int json_args(json_t *object, struct buf *args, const char **ret_arg, struct fail *f)
{
	const char *name;
	json_t *v;

	json_object_foreach(object, name, v)
	{
		struct member m = member_of(name);

		*ret_arg = name;
		TRY(add_member(&m, v, args, f));
	}
	*ret_arg = "";
	return args->over ? fail(f, FAIL_LIMIT, "the request is too long") : OK;
}

struct str json_member(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	return json_is_string(v) ? str_of(json_string_value(v), json_string_length(v)) : STR("");
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

/* Fields that hold "a, b": lists for a program. */
static const char *const lists[] = { "mailboxes", "domains", "scopes", "codes", "transports" };

static bool is_list(struct str name)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (str_eq(name, str_c(lists[i])))
			return true;
	return false;
}

static json_t *text(struct str s)
{
	json_t *v = json_stringn(s.p ? s.p : "", s.n);

	return v ? v
	         : json_string(
	                   "\xef\xbf\xbd"); /* no UTF-8: strangers' names are checked where they come in */
}

/* A comma within quotes is of a local part. */
static json_t *list_of(struct str s)
{
	json_t *all = json_array();
	size_t from = 0;
	bool quoted = false;

	for (size_t i = 0; i <= s.n && s.n; i++) {
		if (i < s.n && s.p[i] == '"')
			quoted = !quoted;
		if (i < s.n && (s.p[i] != ',' || quoted))
			continue;
		json_array_append_new(all, text(str_trim(str_from(str_first(s, i), from))));
		from = i + 1;
	}
	return all;
}

static long long integer(struct str s)
{
	OWN(buf) z = BUF(32);

	buf_add(&z, s);
	return z.n ? strtoll(z.p, NULL, 10) : 0;
}

static json_t *time_of(struct str s)
{
	OWN(buf) iso = BUF(64);
	long long t = integer(s);

	if (!t)
		return json_null();
	date_print_iso(t, &iso);
	return text(buf_str(&iso));
}

static json_t *numbers_of(struct str s)
{
	json_t *all = json_array();

	while (s.n)
		json_array_append_new(all, json_integer(integer(str_cut(&s, ','))));
	return all;
}

static json_t *bytes_of(struct str s)
{
	OWN(buf) b = BUF(BYTES_MOST * 2);

	b64_print(s, &b);
	return text(buf_str(&b));
}

static json_t *record_of(struct str record, bool within);

static json_t *within_of(struct str records)
{
	json_t *all = json_array();
	struct str record;

	while (list_next(&records, &record))
		json_array_append_new(all, record_of(record, true));
	return all;
}

static json_t *cell(struct str name, struct str type, struct str value, bool within)
{
	switch (type.n ? type.p[0] : 's') {
	case 'n':
		return json_integer(integer(value));
	case 'b':
		return json_boolean(str_eq(value, STR("1")));
	case 't':
		return time_of(value);
	case 'l':
		return numbers_of(value);
	case 'x':
		return bytes_of(value);
	case 'r':
		return within ? json_array() : within_of(value);
	default:
		return is_list(name) ? list_of(value) : text(value);
	}
}

static json_t *record_of(struct str record, bool within)
{
	json_t *o = json_object();
	struct str name, type, value;

	while (list_next(&record, &name) && list_next(&record, &type) && list_next(&record, &value))
		json_object_setn_new_nocheck(o, name.p, name.n, cell(name, type, value, within));
	return o;
}

json_t *json_record(struct str record)
{
	return record_of(record, false);
}

json_t *json_records(struct str records, const char *rest, bool one)
{
	json_t *all = json_array(), *first = NULL;
	struct str record;

	while (list_next(&records, &record)) {
		json_t *o = json_record(record);

		if ((rest || one) && !first)
			first = o;
		else
			json_array_append_new(all, o);
	}
	if (!rest && !one)
		return all;
	first = first ? first : json_object();
	if (rest)
		json_object_set_new(first, rest, all);
	else
		json_decref(all);
	return first;
}

struct str json_field(struct str records, const char *name)
{
	struct str record, own, type, value;

	if (!list_next(&records, &record))
		return STR("");
	while (list_next(&record, &own) && list_next(&record, &type) && list_next(&record, &value))
		if (str_eq(own, str_c(name)))
			return value;
	return STR("");
}

void json_print(json_t *o, struct buf *out)
{
	char *z = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);

	if (z) {
		buf_addz(out, z);
		wipe(z, strlen(z)); /* a key may be in it */
		free(z);
	}
	json_decref(o);
}

void json_error(const char *error, struct str why, struct str argument, struct buf *out)
{
	json_t *o = json_object();

	json_object_set_new(o, "error", json_string(error));
	json_object_set_new(o, "why", text(why));
	json_object_set_new(o, "argument", argument.n ? text(argument) : json_null());
	json_print(o, out);
}
