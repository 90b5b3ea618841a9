/* addy_create.c - a new alias: the one request that Bitwarden sends. */
#include "role/web/addy.h"

/* Names and nouns are words too: there is one list. */
static const struct {
	const char *format, *style;
} formats[] = {
	{ "random_characters", "characters" }, { "uuid", "uuid" },
	{ "random_words", "words" },           { "random_male_name", "words" },
	{ "random_female_name", "words" },     { "random_noun", "words" },
};

static const char *style_of(struct str format)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (str_eq(format, str_c(formats[i].format)))
			return formats[i].style;
	return format.n ? NULL : formats[0].style;
}

static void on_added(struct exchange *x, int code, struct str why, struct str arg)
{
	OWN(buf) ask = BUF(256);

	if (!foreign_well(x, code, why, arg))
		return;
	foreign_put(&ask, "id", json_field(buf_str(&x->records), "id"));
	exchange_ask(x, "foreign.created", buf_str(&ask), addy_told);
}

/* Core makes it for addresses of mailboxes, not for numbers. */
static void on_boxes(struct exchange *x, int code, struct str why, struct str arg)
{
	struct str boxes;

	if (!foreign_well(x, code, why, arg))
		return;
	boxes = json_field(buf_str(&x->records), "mailbox_emails");
	buf_clear(&x->args);
	while (boxes.n)
		foreign_put(&x->args, "mailbox", str_cut(&boxes, '\n'));
	if (json_object_get(x->foreign, "address"))
		foreign_put(&x->args, "address", json_member(x->foreign, "address"));
	else {
		foreign_put(&x->args, "domain", json_member(x->foreign, "domain"));
		foreign_put(&x->args, "style", json_member(x->foreign, "style"));
	}
	foreign_put_line(x, x->foreign, "description", "label");
	exchange_ask(x, "alias.add", buf_str(&x->args), on_added);
}

static bool put_address(struct exchange *x, const json_t *body)
{
	struct str local = json_member(body, "local_part");
	OWN(buf) address = BUF(512);

	if (!local.n || local.n > 50) {
		addy_invalid(x, "local_part",
		             local.n ? STR("The local part must not be longer than 50 characters.")
		                     : STR("The local part field is required."));
		return false;
	}
	buf_add(&address, local);
	buf_addc(&address, '@');
	buf_add(&address, json_member(body, "domain"));
	json_object_set_new(x->foreign, "address", foreign_text(buf_str(&address)));
	return true;
}

void addy_create(struct exchange *x, json_t *body)
{
	struct str format = json_member(body, "format");
	bool custom = str_eq(format, STR("custom"));
	const char *style = style_of(format);

	if (!json_member(body, "domain").n) {
		addy_invalid(x, "domain", STR("The domain field is required."));
		return;
	}
	if (!custom && !style) {
		addy_invalid(x, "format", STR("The selected format is invalid."));
		return;
	}
	if (json_member(body, "description").n > 200) {
		addy_invalid(x, "description", STR("This text must not be longer than 200 bytes."));
		return;
	}
	x->foreign = json_incref(body);
	if (custom ? !put_address(x, body) : json_object_set_new(body, "style", json_string(style)) < 0)
		return;
	if (!custom)
		json_object_del(body, "address");
	if (addy_put_recipients(x, json_object_get(body, "recipient_ids")))
		exchange_ask(x, "foreign.boxes", buf_str(&x->args), on_boxes);
}
