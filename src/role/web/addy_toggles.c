/* addy_toggles.c - what addy.io switches for a recipient, as it is here. What is so already may be asked for; a hidden subject can be
 * switched; all else is refused in words, and nothing that a program says switches encryption off. */
#include "role/web/addy.h"

#define NO_PROFILE "You need to issue a profile for this recipient in the app before you can enable "
#define NEVER_OFF                                                                                            \
	"Encryption is not switched off by a program: deactivate the profile of this recipient in the app."

static bool is_sealed(const json_t *box)
{
	return foreign_is(box, "sealed");
}

static bool is_hidden(const json_t *box)
{
	return foreign_is(box, "hidden");
}

static bool always(const json_t *box)
{
	return true;
}

static bool never(const json_t *box)
{
	return false;
}

// clang-format off
/* By their paths: is it on, and why it cannot be otherwise. */
static const struct toggle {
	const char *path;
	bool (*is_on)(const json_t *box);
	const char *on, *off; /* NULL: it can be switched */
} toggles[] = {
	{ "/api/v1/encrypted-recipients", is_sealed, NO_PROFILE "encryption.", NEVER_OFF },
	{ "/api/v1/recipient-keys", is_sealed, "Key could not be imported: encryption is S/MIME here, by a profile that is issued in the app.", NEVER_OFF },
	{ "/api/v1/inline-encrypted-recipients", never, "Encryption is S/MIME here, which has no inline form.", "" },
	{ "/api/v1/protected-headers-recipients", is_hidden, NULL, NULL },
	{ "/api/v1/remove-pgp-keys-recipients", always, "", "Keys are taken out of every answer: they name you." },
	{ "/api/v1/remove-pgp-signatures-recipients", always, "", "Signatures are taken out of every answer: they name your key." },
	{ "/api/v1/allowed-recipients", always, "", "A recipient may answer for as long as it is yours: how it is to sign is set in the app." },
};
// clang-format on

static const struct toggle *toggle_of(const struct exchange *x)
{
	size_t i = 0;

	while (i + 1 < sizeof(toggles) / sizeof(toggles[0]) &&
	       !str_starts(str_c(x->route->pattern), str_c(toggles[i].path)))
		i++;
	return &toggles[i];
}

static bool wants_on(const struct exchange *x)
{
	return !str_eq(x->method, STR("DELETE"));
}

static void answer(struct exchange *x, const json_t *box)
{
	if (x->route->status == 204)
		foreign_empty(x);
	else
		exchange_json(x, x->route->status, json_pack("{s:o}", "data", addy_recipient_counted(box)));
}

static void on_switched(struct exchange *x, int code, struct str why, struct str arg)
{
	OWNP(json_t) box = NULL;

	if (!foreign_well(x, code, why, arg))
		return;
	box = foreign_first(x);
	answer(x, box);
}

static void switch_subject(struct exchange *x, const json_t *box)
{
	if (!is_sealed(box)) {
		addy_invalid(x, "id", STR(NO_PROFILE "protected headers (hide subject)."));
		return;
	}
	foreign_put(&x->args, "hide_subject", wants_on(x) ? STR("on") : STR("off"));
	exchange_ask(x, "foreign.box-set", buf_str(&x->args), on_switched);
}

static void on_found(struct exchange *x, int code, struct str why, struct str arg)
{
	const struct toggle *t = toggle_of(x);
	OWNP(json_t) all = NULL;
	const json_t *box;

	if (!foreign_well(x, code, why, arg))
		return;
	all = foreign_all(x);
	box = addy_recipient_in(all, addy_asked_id(x));
	if (!box)
		foreign_refuse(x, 404, STR("Not Found"));
	else if (str_eq(x->method, STR("PATCH"))) /* of recipient-keys: theirs is 404 too */
		foreign_refuse(x, 404, str_c(t->on));
	else if (t->is_on(box) == wants_on(x))
		answer(x, box);
	else if (!t->on)
		switch_subject(x, box);
	else
		addy_invalid(x, "id", str_c(wants_on(x) ? t->on : t->off));
}

void addy_toggle(struct exchange *x, json_t *body)
{
	if (addy_asked(x, body, ADDY_RECIPIENT))
		exchange_ask(x, "foreign.mailboxes", STR(""), on_found);
}

void addy_key(struct exchange *x, json_t *body)
{
	if (json_member(body, "key_data").n)
		addy_toggle(x, body);
	else
		addy_invalid(x, "key_data", STR("The key data field is required."));
}
