/* sl_create.c - SimpleLogin's ways to a new alias: at random, or a prefix of the user's and a suffix that was offered. */
#include "role/web/sl.h"

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

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
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
	                        foreign_text(suggestion(foreign_param(x, "hostname"), &x->arena)), "suffixes",
	                        out));
}

void sl_options(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.suffixes", STR(""), on_suffixes);
}

static void on_created(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;
	json_t *o;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	o = sl_alias_of(r);
	json_object_set(o, "alias", json_object_get(o, "email"));
	exchange_json(x, 201, o);
}

/* The new alias is told again, in full. */
static void on_added(struct exchange *x, int code, struct str why, struct str arg)
{
	OWN(buf) ask = BUF(256);

	if (!foreign_well(x, code, why, arg))
		return;
	foreign_put(&ask, "id", json_field(buf_str(&x->records), "id"));
	exchange_ask(x, "foreign.created", buf_str(&ask), on_created);
}

void sl_random(struct exchange *x, json_t *body)
{
	struct str mode = foreign_param(x, "mode");

	if (mode.p && !str_eq(mode, STR("uuid")) && !str_eq(mode, STR("word"))) {
		foreign_refuse(x, 400, STR("mode is to be uuid or word"));
		return;
	}
	foreign_put(&x->args, "style", str_eq(mode, STR("uuid")) ? STR("uuid") : STR("words"));
	foreign_put_line(x, body, "note", "label");
	exchange_ask(x, "alias.add", buf_str(&x->args), on_added);
}

static void on_suffix(struct exchange *x, int code, struct str why, struct str arg)
{
	OWN(buf) address = BUF(1024);
	struct str prefix = json_member(x->foreign, "alias_prefix"), boxes;

	if (!foreign_well(x, code, why, arg))
		return;
	buf_add(&address, prefix);
	buf_add(&address, json_field(buf_str(&x->records), "suffix"));
	foreign_put(&x->args, "address", buf_str(&address));
	boxes = json_field(buf_str(&x->records), "mailbox_emails");
	while (boxes.n)
		foreign_put(&x->args, "mailbox", str_cut(&boxes, '\n'));
	foreign_put_line(x, x->foreign, "note", "label");
	foreign_put_line(x, x->foreign, "name", "name");
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

void sl_custom(struct exchange *x, json_t *body)
{
	OWN(buf) ask = BUF(2048);
	struct str boxes = STR("");

	if (!is_prefix(json_member(body, "alias_prefix"))) {
		foreign_refuse(x, 400, STR("alias prefix invalid format or too long"));
		return;
	}
	if (str_starts(x->path, STR("/api/v3/")) &&
	    !sl_ids(x, json_object_get(body, "mailbox_ids"), &boxes)) {
		foreign_refuse(x, 400, STR("Errors with Mailbox"));
		return;
	}
	x->foreign = json_incref(body);
	foreign_put(&ask, "signed_suffix", json_member(body, "signed_suffix"));
	while (boxes.n)
		foreign_put(&ask, "mailbox_id", str_cut(&boxes, ','));
	exchange_ask(x, "foreign.suffix", buf_str(&ask), on_suffix);
}
