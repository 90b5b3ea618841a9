/* addy_bulk.c - the same for up to 25 aliases. What is another's, or is so already, is passed over; nothing left is 404. */
#include "role/web/addy.h"

enum { BULK_MOST = 25, UUID_CHARS = 36 };

/* The last but one segment of the path, what core calls it, and what is said of so many when it is done. */
static const struct deed {
	const char *word, *act, *before, *after;
} deeds[] = {
	{ "get", "get", NULL, NULL },
	{ "activate", "on", "", " activated" },
	{ "deactivate", "off", "", " deactivated" },
	{ "pin", "pin", "", " pinned" },
	{ "unpin", "unpin", "", " unpinned" },
	{ "delete", "trash", "", " deleted" },
	{ "restore", "restore", "", " restored" },
	{ "forget", "forget", "", " forgotten" },
	{ "recipients", "mailboxes", "recipients updated for ", "" },
};

static const struct deed *deed_of(const struct exchange *x)
{
	struct str rest = str_from(x->path, sizeof("/api/v1/aliases/") - 1), word = str_cut(&rest, '/');

	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		if (str_eq(word, str_c(deeds[i].word)))
			return &deeds[i];
	return &deeds[0];
}

/* ---- what is asked ----------------------------------------------------------------------------------------------- */

/* Any UUID is a good id: of those that are not ours nothing is there. */
static bool is_uuid(struct str s)
{
	if (s.n != UUID_CHARS)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

static struct str id_at(const json_t *list, size_t i)
{
	const json_t *v = json_array_get(list, i);

	return json_is_string(v) ? str_of(json_string_value(v), json_string_length(v)) : STR("");
}

static bool came_before(const json_t *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(id_at(list, i), id_at(list, n)))
			return true;
	return false;
}

static bool refuse_id(struct exchange *x, size_t i, const char *why)
{
	OWN(buf) field = BUF(32);
	OWN(buf) sentence = BUF(128);

	buf_addf(&field, "ids.%zu", i);
	buf_addf(&sentence, "The ids.%zu field %s.", i, why);
	addy_invalid(x, field.p, buf_str(&sentence));
	return false;
}

static bool refuse_ids(struct exchange *x, const char *why)
{
	addy_invalid(x, "ids", str_c(why));
	return false;
}

/* False: it is answered. */
static bool put_ids(struct exchange *x, const json_t *list)
{
	size_t n = json_array_size(list);

	if (!list || json_is_null(list) || (json_is_array(list) && !n))
		return refuse_ids(x, "The ids field is required.");
	if (!json_is_array(list))
		return refuse_ids(x, "The ids field must be an array.");
	if (n > BULK_MOST)
		return refuse_ids(x, "The ids field must not have more than 25 items.");
	for (size_t i = 0; i < n; i++) {
		if (!is_uuid(id_at(list, i)))
			return refuse_id(x, i, "must be a valid UUID");
		if (came_before(list, i))
			return refuse_id(x, i, "has a duplicate value");
		(void)addy_put_id(x, id_at(list, i), ADDY_ALIAS, "id");
	}
	return true;
}

/* ---- what is answered -------------------------------------------------------------------------------------------- */

static void no_aliases(struct exchange *x)
{
	foreign_refuse(x, 404, STR("No aliases found"));
}

static json_t *ids_of(const json_t *all, bool trashed_only)
{
	json_t *ids = json_array();
	const json_t *r;
	size_t i;

	json_array_foreach(all, i, r)
	{
		if (!trashed_only || foreign_number(r, "trashed"))
			json_array_append_new(ids, addy_id(ADDY_ALIAS, foreign_number(r, "id")));
	}
	return ids;
}

/* All that were not on lie in the trash: they are named. */
static void on_trashed(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;
	json_t *ids;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	ids = ids_of(all, true);
	exchange_json(x, 422,
	              json_pack("{s:s, s:o}", "message",
	                        json_array_size(ids) == 1
	                                ? "You need to restore this alias before you can activate it"
	                                : "You need to restore these aliases before you can activate them",
	                        "ids", ids));
}

static void ask(struct exchange *x, const char *act,
                void (*then)(struct exchange *, int, struct str, struct str))
{
	OWN(buf) args = BUF(IPC_RECORD_MAX);

	buf_add(&args, buf_str(&x->args));
	foreign_put(&args, "act", str_c(act));
	exchange_ask(x, "foreign.bulk", buf_str(&args), then);
}

static json_t *aliases_of(const json_t *all)
{
	json_t *out = json_array();
	const json_t *r;
	size_t i;

	json_array_foreach(all, i, r) json_array_append_new(out, addy_alias_of(r));
	return out;
}

static json_t *said_of(const struct deed *d, size_t n)
{
	return json_sprintf("%s%zu %s%s successfully", d->before, n, n == 1 ? "alias" : "aliases", d->after);
}

static void on_done(struct exchange *x, int code, struct str why, struct str arg)
{
	const struct deed *d = deed_of(x);
	OWNP(json_t) all = NULL;

	if (code == FAIL_ABSENT && str_eq(arg, STR("id"))) {
		no_aliases(x);
		return;
	}
	if (code == FAIL_DENIED && str_eq(arg, STR("trashed"))) {
		ask(x, "get", on_trashed);
		return;
	}
	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	exchange_json(x, 200,
	              d->before ? json_pack("{s:o, s:o}", "message", said_of(d, json_array_size(all)), "ids",
	                                    ids_of(all, false))
	                        : json_pack("{s:o}", "data", aliases_of(all)));
}

void addy_bulk(struct exchange *x, json_t *body)
{
	const struct deed *d = deed_of(x);

	if (!put_ids(x, json_object_get(body, "ids")))
		return;
	if (!x->args.n)
		no_aliases(x);
	else if (strcmp(d->word, "recipients") != 0 ||
	         addy_put_recipients(x, json_object_get(body, "recipient_ids")))
		ask(x, d->act, on_done);
}
