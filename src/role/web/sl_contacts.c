/* sl_contacts.c - SimpleLogin's contacts of an alias, and what it tells of their mail. */
#include "role/web/sl.h"

/* "Name" <a@b> as a mail client takes it. */
static json_t *reverse_alias(const json_t *r)
{
	struct str name = json_member(r, "name"), email = json_member(r, "email");
	OWN(buf) b = BUF(2048);

	buf_addc(&b, '"');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '"' || name.p[i] == '\\')
			buf_addc(&b, '\\');
		buf_addc(&b, name.p[i]);
	}
	if (!name.n)
		buf_add(&b, email);
	buf_addz(&b, "\" <");
	buf_add(&b, json_member(r, "reverse"));
	buf_addc(&b, '>');
	return foreign_text(buf_str(&b));
}

/* When the user wrote to somebody last is not kept: null. */
static json_t *contact_of(const json_t *r)
{
	json_t *o = json_object();

	json_object_set_new(o, "id", json_integer(foreign_number(r, "id")));
	json_object_set_new(o, "contact", foreign_text(json_member(r, "email")));
	json_object_set_new(o, "creation_date", sl_date(foreign_number(r, "created")));
	json_object_set_new(o, "creation_timestamp", json_integer(foreign_number(r, "created")));
	json_object_set_new(o, "last_email_sent_date", json_null());
	json_object_set_new(o, "last_email_sent_timestamp", json_null());
	json_object_set_new(o, "reverse_alias", reverse_alias(r));
	json_object_set_new(o, "reverse_alias_address", foreign_text(json_member(r, "reverse")));
	json_object_set_new(o, "block_forward", json_boolean(foreign_is(r, "blocked")));
	json_object_set_new(o, "existed", json_boolean(foreign_is(r, "known")));
	return o;
}

/* An hour, a correspondent and a reason are one entry, at the time of the last message. */
static json_t *activity_of(const json_t *r)
{
	bool out = foreign_is(r, "out"), reverse = json_member(r, "reverse").n;
	const char *from = out ? "alias" : "email", *to = out ? "email" : "alias";

	return json_pack("{s:o, s:o, s:o, s:I, s:o, s:o}", "action", foreign_text(json_member(r, "action")),
	                 "from", foreign_text(json_member(r, from)), "to", foreign_text(json_member(r, to)),
	                 "timestamp", foreign_number(r, "at"), "reverse_alias",
	                 reverse ? reverse_alias(r) : foreign_text(STR("")), "reverse_alias_address",
	                 foreign_text(json_member(r, "reverse")));
}

/* The alias was looked for first: without one it is 404 here, not "Forbidden". */
static void on_contacts(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;
	json_t *out, *r;
	size_t i;

	if (code == FAIL_ABSENT) {
		foreign_refuse(x, 404, STR("there is no such alias"));
		return;
	}
	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	out = json_array();
	json_array_foreach(all, i, r) json_array_append_new(out, contact_of(r));
	exchange_json(x, 200, json_pack("{s:o}", "contacts", out));
}

void sl_contacts(struct exchange *x, json_t *body)
{
	uint64_t n;

	if (!sl_page_id(x, &n))
		return;
	foreign_put_number(&x->args, "page_id", (json_int_t)n);
	exchange_ask(x, "foreign.contacts", buf_str(&x->args), on_contacts);
}

static void on_activities(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) all = NULL;
	json_t *out, *r;
	size_t i;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	out = json_array();
	json_array_foreach(all, i, r) json_array_append_new(out, activity_of(r));
	exchange_json(x, 200, json_pack("{s:o}", "activities", out));
}

void sl_activities(struct exchange *x, json_t *body)
{
	uint64_t n;

	if (!sl_page_id(x, &n))
		return;
	foreign_put_number(&x->args, "page_id", (json_int_t)n);
	exchange_ask(x, "foreign.activities", buf_str(&x->args), on_activities);
}

static void on_added(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	exchange_json(x, foreign_is(r, "known") ? 200 : 201, contact_of(r));
}

void sl_contact_add(struct exchange *x, json_t *body)
{
	struct str contact = json_member(body, "contact");

	if (!contact.n) {
		foreign_refuse(x, 400, STR("Contact cannot be empty"));
		return;
	}
	foreign_put(&x->args, "contact", contact);
	exchange_ask(x, "foreign.contact-add", buf_str(&x->args), on_added);
}

void sl_contact_delete(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.contact-delete", buf_str(&x->args), sl_deleted);
}

static void on_toggled(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) r = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	r = foreign_first(x);
	exchange_json(x, 200, json_pack("{s:b}", "block_forward", foreign_is(r, "blocked")));
}

void sl_contact_toggle(struct exchange *x, json_t *body)
{
	exchange_ask(x, "foreign.contact-toggle", buf_str(&x->args), on_toggled);
}
