/* addy_failures.c - what came to nothing, out of the activity that core keeps (30 days), as addy.io's failed deliveries; and seven days
 * of it all. No message is kept, so that none can be had or sent again. */
#include "role/web/addy.h"

/* An hour, a correspondent and a reason are one entry. Which mailbox it was for is not kept. */
static json_t *failure_of(const json_t *r)
{
	bool out = foreign_is(r, "out"), at_door = foreign_is(r, "at_door");
	json_t *at = addy_time(foreign_number(r, "at")), *o = json_object(), *who, *alias;

	who = foreign_text_or_null(r, "correspondent");
	alias = foreign_text_or_null(r, "alias");
	json_object_set_new(o, "id", addy_id(ADDY_FAILURE, foreign_number(r, "id")));
	json_object_set_new(o, "user_id", addy_id(ADDY_USER, foreign_number(r, "user")));
	json_object_set_new(o, "recipient_id", json_null());
	json_object_set_new(o, "recipient_email", json_null());
	json_object_set_new(o, "alias_id", addy_id(ADDY_ALIAS, foreign_number(r, "alias_id")));
	json_object_set(o, "alias_email", alias);
	json_object_set_new(o, "alias_description", foreign_text_or_null(r, "label"));
	json_object_set_new(o, "bounce_type", foreign_is(r, "hard") ? json_string("hard") : json_null());
	json_object_set_new(o, "remote_mta", json_null());
	json_object_set(o, "sender", out ? alias : who);
	json_object_set(o, "destination", out ? who : alias);
	json_object_set_new(o, "type", json_string(at_door ? "inbound" : "outbound"));
	json_object_set_new(o, "email_type", json_string(at_door ? "IR" : out ? "R" : "F"));
	json_object_set_new(o, "email_type_text",
	                    json_string(at_door ? "Inbound Rejection"
	                                : out   ? "Reply"
	                                        : "Forward"));
	json_object_set_new(o, "status", json_null());
	json_object_set_new(o, "code", foreign_text(json_member(r, "says")));
	json_object_set_new(o, "is_stored", json_false());
	json_object_set_new(o, "quarantined", json_false());
	json_object_set_new(o, "resent", json_false());
	json_object_set(o, "attempted_at", at);
	json_object_set(o, "created_at", at);
	json_object_set_new(o, "updated_at", at);
	json_decref(who);
	json_decref(alias);
	return o;
}

static void on_page(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		addy_told_page(x, failure_of);
}

static void on_no_quarantine(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		addy_paged(x, json_array(), 0);
}

void addy_failures(struct exchange *x, json_t *body)
{
	struct str kind = foreign_param(x, "filter[email_type]");

	if (!addy_put_page(x))
		return;
	if (str_eq(kind, STR("inbound_quarantined"))) {
		exchange_ask(x, "session.show", STR(""), on_no_quarantine);
		return;
	}
	if (str_eq(kind, STR("inbound")) || str_eq(kind, STR("outbound")))
		foreign_put(&x->args, "kind", kind);
	else if (kind.n) {
		addy_invalid(x, "filter.email_type", STR("The selected value is invalid."));
		return;
	}
	exchange_ask(x, "foreign.failures", buf_str(&x->args), on_page);
}

/* Of one that is there, it is told what it is; a download of theirs is 404 too where nothing is stored. */
static void on_one(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	if (str_eq(x->method, STR("DELETE")))
		addy_invalid(x, "id", STR("Activity goes by itself after 30 days, or with its alias."));
	else if (str_eq(x->method, STR("POST")))
		addy_invalid(x, "id", STR("No message is kept here that could be sent again."));
	else if (str_ends(x->path, STR("/download")))
		foreign_refuse(x, 404, STR("No message is kept here that could be downloaded."));
	else
		exchange_json(x, 200, json_pack("{s:o}", "data", failure_of(r)));
}

void addy_failure(struct exchange *x, json_t *body)
{
	if (addy_path_id(x, ADDY_FAILURE))
		exchange_ask(x, "foreign.failures", buf_str(&x->args), on_one);
}

/* ---- seven days -------------------------------------------------------------------------------------------------- */

static json_int_t sum_of(const json_t *list)
{
	json_int_t n = 0;
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v) n += json_integer_value(v);
	return n;
}

static json_t *zeros(size_t n)
{
	json_t *all = json_array();

	while (n--)
		json_array_append_new(all, json_integer(0));
	return all;
}

static json_t *weekdays(json_int_t first, size_t n)
{
	/* 1970 began on a Thursday */
	static const char *const names[] = { "Thursday", "Friday",  "Saturday", "Sunday",
		                             "Monday",   "Tuesday", "Wednesday" };
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, json_string(names[((size_t)first + i) % 7]));
	return all;
}

static void on_days(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;
	json_t *in, *out, *refused, *failed;
	size_t n;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	in = json_object_get(r, "in");
	out = json_object_get(r, "out");
	refused = json_object_get(r, "refused");
	failed = json_object_get(r, "failed");
	n = json_array_size(in);
	exchange_json(x, 200,
	              json_pack("{s:O, s:O, s:o, s:o, s:[I, I, i], s:O, s:o, s:O, s:I}", "forwardsData", in,
	                        "repliesData", out, "sendsData", zeros(n), "labels",
	                        weekdays(foreign_number(r, "first"), n), "outboundMessageTotals", sum_of(in),
	                        sum_of(out), 0, "inboundRejectionsData", refused, "inboundQuarantinedData",
	                        zeros(n), "outboundBouncesData", failed, "failedDeliveriesTotal",
	                        sum_of(refused) + sum_of(failed)));
}

/* What is begun here is among the replies, and nothing is quarantined. */
void addy_chart(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.days", STR(""), on_days);
}
