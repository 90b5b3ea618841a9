/* addy_usernames.c - the one name of an account, as addy.io's usernames: no address hangs on it, and it can only be what it is. */
#include "role/web/addy.h"

static json_t *username_of(const struct exchange *x, const json_t *boxes)
{
	const json_t *user = x->foreign, *box = addy_recipient_in(boxes, foreign_number(user, "mailbox_id"));
	json_t *at = addy_time(foreign_number(user, "created"));

	return json_pack("{s:o, s:o, s:O, s:n, s:n, s:[], s:i, s:o, s:b, s:b, s:n, s:b, s:O, s:o}", "id",
	                 addy_id(ADDY_USERNAME, foreign_number(user, "id")), "user_id",
	                 addy_id(ADDY_USER, foreign_number(user, "id")), "username",
	                 json_object_get(user, "name"), "description", "from_name", "aliases",
	                 "aliases_count", 0, "default_recipient",
	                 box ? addy_recipient_counted(box) : json_null(), "active", 1, "catch_all", 0,
	                 "auto_create_regex", "can_login", 1, "created_at", at, "updated_at", at);
}

static void on_all(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) boxes = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	boxes = foreign_all(x);
	exchange_json(x, 200, json_pack("{s:[o]}", "data", username_of(x, boxes)));
}

/* x->foreign: the user; then its mailboxes come, of which one is the default recipient. */
static void on_user(struct exchange *x, int code, struct str why, struct str arg)
{
	if (!foreign_well(x, code, why, arg))
		return;
	x->foreign = foreign_first(x);
	exchange_ask(x, "foreign.mailboxes", STR(""), on_all);
}

void addy_usernames(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.sums", STR(""), on_user);
}

/* ---- one --------------------------------------------------------------------------------------------------------- */

/* What cannot be otherwise. */
static const struct {
	const char *method, *pattern;
	unsigned status;
	const char *why;
} refusals[] = {
	{ "DELETE", "/api/v1/usernames/{id}", 403, "You cannot delete your default username" },
	{ "DELETE", "/api/v1/active-usernames/{id}", 403,
	  "The name of an account is never off here: switch its aliases off." },
	{ "POST", "/api/v1/catch-all-usernames", 403,
	  "No addresses hang on a name here: a domain of your own can have a catch-all." },
	{ "DELETE", "/api/v1/loginable-usernames/{id}", 403,
	  "You cannot disallow login for your default username" },
};

/* The member that asks for what is not so; NULL: none. */
static const char *wrong_member(const struct exchange *x, const json_t *body)
{
	static const char *const none[] = { "description", "from_name", "auto_create_regex" };
	const json_t *to = json_object_get(body, "default_recipient");
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (json_member(body, none[i]).n)
			return none[i];
	if (!to || json_is_null(to) ||
	    (addy_id_read(json_member(body, "default_recipient"), ADDY_RECIPIENT, &n) &&
	     (json_int_t)n == foreign_number(x->foreign, "mailbox_id")))
		return NULL;
	return "default_recipient";
}

static void on_boxes(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) boxes = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	boxes = foreign_all(x);
	exchange_json(x, x->route->status, json_pack("{s:o}", "data", username_of(x, boxes)));
}

static void on_named(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) body = x->foreign;
	const char *wrong;

	x->foreign = NULL;
	if (!foreign_well(x, code, why, arg))
		return;
	x->foreign = foreign_first(x);
	if (foreign_number(x->foreign, "id") != addy_asked_id(x)) {
		foreign_refuse(x, 404, STR("Not Found"));
		return;
	}
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (str_eq(x->method, str_c(refusals[i].method)) &&
		    strcmp(x->route->pattern, refusals[i].pattern) == 0) {
			foreign_refuse(x, refusals[i].status, str_c(refusals[i].why));
			return;
		}
	wrong = wrong_member(x, body);
	if (wrong)
		addy_invalid(x, wrong,
		             STR("A name has no such text here, and the default recipient is the one that "
		                 "was verified first."));
	else if (x->route->status == 204)
		foreign_empty(x);
	else
		exchange_ask(x, "foreign.mailboxes", STR(""), on_boxes);
}

void addy_username(struct exchange *x, json_t *body)
{
	if (!addy_asked(x, body, ADDY_USERNAME))
		return;
	x->foreign = json_incref(body);
	exchange_ask(x, "foreign.sums", STR(""), on_named);
}
