/* addy_absent.c - what addy.io has and there is none of here: lists are empty, one is not found, and a new one is refused with a
 * sentence that says what there is instead. */
#include "role/web/addy.h"

#define BY_ALIAS "Senders are blocked at an alias here, not for all of them: open the alias in the app."

/* The first that the pattern begins with. */
static const struct absence {
	const char *method, *path;
	unsigned status;
	const char *why;
} absences[] = {
	{ "POST", "/api/v1/usernames", 403, "An account has one name here, and no addresses hang on it." },
	{ "POST", "/api/v1/rules", 403,
	  "There are no rules here: block senders at an alias, and set bounds for it, in the app." },
	{ "POST", "/api/v1/reorder-rules", 404, "No rules found" },
	{ "POST", "/api/v1/blocklist/delete/bulk", 404, "No blocklist entries found" },
	{ "POST", "/api/v1/blocklist", 403, BY_ALIAS },
	{ NULL, "/", 404, "Not Found" },
};

static const struct absence *absence_of(const struct exchange *x)
{
	const struct absence *a = absences;

	while (a->method &&
	       !(str_eq(x->method, str_c(a->method)) && str_starts(str_c(x->route->pattern), str_c(a->path))))
		a++;
	return a;
}

static void on_asker(struct exchange *x, int code, struct str why, struct str arg)
{
	const struct absence *a = absence_of(x);

	if (foreign_well(x, code, why, arg))
		foreign_refuse(x, a->status, str_c(a->why));
}

void addy_absent(struct exchange *x, json_t *body)
{
	exchange_ask(x, "session.show", STR(""), on_asker);
}

static void on_none(struct exchange *x, int code, struct str why, struct str arg)
{
	if (!foreign_well(x, code, why, arg))
		return;
	if (str_starts(x->path, STR("/api/v1/blocklist")))
		addy_paged(x, json_array(), 0);
	else
		exchange_json(x, 200, json_pack("{s:[]}", "data"));
}

void addy_none(struct exchange *x, json_t *body)
{
	exchange_ask(x, "session.show", STR(""), on_none);
}
