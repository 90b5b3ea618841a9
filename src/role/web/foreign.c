#include "role/web/foreign.h"

#include "role/web/target.h"

void foreign_mark(struct exchange *x)
{
	bool addy = str_starts(x->path, STR("/api/v1/")) || str_eq(x->path, STR("/api/auth/logout")) ||
	            str_eq(x->path, STR("/api/auth/delete-account"));

	if (!str_starts(x->path, STR("/api/")))
		return;
	x->cors = true;
	x->error_form = addy ? "message" : "error";
	x->failed = addy ? addy_failed : sl_failed;
}

bool foreign_start(struct exchange *x, bool known)
{
	if (x->by_cookie)
		x->token = STR("");
	if (!known || !str_eq(x->method, STR("OPTIONS")))
		return false;
	foreign_empty(x);
	return true;
}

const char *foreign_nobody(const struct exchange *x)
{
	return x->failed == addy_failed ? "Unauthenticated." : "Wrong api key";
}

void foreign_refuse(struct exchange *x, unsigned status, struct str why)
{
	json_t *o = json_object();

	buf_clear(&x->reply);
	json_object_set_new(o, x->error_form, foreign_text(why));
	exchange_json(x, status, o);
}

bool foreign_refuse_by(struct exchange *x, const struct foreign_refusal *rows, size_t n, int code,
                       struct str why, struct str arg)
{
	for (size_t i = 0; i < n; i++) {
		if (code != rows[i].code || (rows[i].arg && !str_eq(arg, str_c(rows[i].arg))))
			continue;
		foreign_refuse(x, rows[i].status, rows[i].why ? str_c(rows[i].why) : why);
		return true;
	}
	return false;
}

bool foreign_well(struct exchange *x, int code, struct str why, struct str arg)
{
	if (code < 0)
		x->failed(x, code, why, arg);
	return code == OK;
}

void foreign_empty(struct exchange *x)
{
	x->status = 204;
	exchange_done(x);
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

json_t *foreign_first(const struct exchange *x)
{
	return json_records(buf_str(&x->records), NULL, true);
}

json_t *foreign_all(const struct exchange *x)
{
	return json_records(buf_str(&x->records), NULL, false);
}

json_t *foreign_text(struct str s)
{
	return json_stringn(s.n ? s.p : "", s.n);
}

json_t *foreign_text_or_null(const json_t *record, const char *name)
{
	struct str s = json_member(record, name);

	return s.n ? foreign_text(s) : json_null();
}

json_int_t foreign_number(const json_t *record, const char *name)
{
	return json_integer_value(json_object_get(record, name));
}

bool foreign_is(const json_t *record, const char *name)
{
	return json_is_true(json_object_get(record, name));
}

json_t *foreign_domains(const struct exchange *x, json_t *(*of)(const json_t *domain))
{
	OWNP(json_t) all = foreign_all(x);
	json_t *out = json_array(), *d;
	size_t i;

	json_array_foreach(all, i, d)
	{
		if (foreign_is(d, "own"))
			json_array_append_new(out, of(d));
	}
	return out;
}

/* ---- arguments --------------------------------------------------------------------------------------------------- */

struct str foreign_param(struct exchange *x, const char *want)
{
	struct str query = x->query;
	struct target_var v;
	bool bad;

	while (target_param(&query, &x->arena, &v, &bad))
		if (str_eq(v.name, str_c(want)))
			return v.value;
	return STR_NONE;
}

void foreign_put(struct buf *args, const char *name, struct str value)
{
	list_add(args, str_c(name));
	list_add(args, value);
}

void foreign_put_number(struct buf *args, const char *name, json_int_t v)
{
	OWN(buf) z = BUF(32);

	buf_addf(&z, "%lld", (long long)v);
	foreign_put(args, name, buf_str(&z));
}

struct str foreign_line(struct exchange *x, struct str s)
{
	char *z;

	s = str_first_utf8(s, 200);
	z = arena_z(&x->arena, s);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)z[i] < 32 || z[i] == 127)
			z[i] = ' ';
	return str_of(z, s.n);
}

void foreign_put_line(struct exchange *x, const json_t *body, const char *member, const char *arg)
{
	const json_t *v = json_object_get(body, member);

	if (json_is_string(v) || json_is_null(v))
		foreign_put(&x->args, arg, foreign_line(x, json_member(body, member)));
}
