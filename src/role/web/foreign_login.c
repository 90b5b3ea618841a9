/* foreign_login.c - POST /api/auth/login and /mfa: one path of two APIs, told apart by the names of the members. */
#include "base/mem.h"
#include "role/web/foreign.h"

#include "wire/date.h"

#include <time.h>

/* A key of addy.io's lives as long as it is asked for; null, or a word that is none of these: for ever. */
static void put_expiry(struct exchange *x, struct str word)
{
	static const struct {
		const char *word;
		int days;
	} lives[] = { { "day", 1 }, { "week", 7 }, { "month", 30 }, { "year", 365 } };
	OWN(buf) iso = BUF(64);

	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++)
		if (str_eq(word, str_c(lives[i].word)))
			date_print_iso(time(NULL) + (int64_t)lives[i].days * 86400, &iso);
	if (iso.n)
		foreign_put(&x->args, "expires", buf_str(&iso));
}

static void put_device(struct exchange *x, struct str device, const char *otherwise)
{
	device = str_trim(foreign_line(x, str_first_utf8(device, 100)));
	foreign_put(&x->args, "label", device.n ? device : str_c(otherwise));
}

/* The members of the one API, or of the other. */
static bool is_addys(struct exchange *x, const json_t *body, const char *member)
{
	bool addy = json_object_get(body, member) != NULL;

	if (addy) {
		x->failed = addy_failed;
		x->error_form = "message";
	}
	x->after = addy ? addy_signed_in : sl_signed_in;
	if (addy)
		put_expiry(x, json_member(body, "expiration"));
	put_device(x, json_member(body, addy ? "device_name" : "device"), addy ? "addy.io" : "SimpleLogin");
	return addy;
}

void foreign_login(struct exchange *x, json_t *body)
{
	bool addy = is_addys(x, body, "username");
	struct str name = json_member(body, addy ? "username" : "email");

	x->password = arena_str(&x->arena, json_member(body, "password"));
	if (!name.n || !x->password.n) {
		x->failed(x, FAIL_DENIED, STR("the name or the password is wrong"), STR("password"));
		return;
	}
	foreign_put(&x->args, "name", str_trim(foreign_line(x, name)));
	password_then_ask(x);
}

void foreign_mfa(struct exchange *x, json_t *body)
{
	bool addy = is_addys(x, body, "otp");

	foreign_put(&x->args, "mfa_key", json_member(body, "mfa_key"));
	foreign_put(&x->args, "code", json_member(body, addy ? "otp" : "mfa_token"));
	exchange_ask(x, "foreign.mfa", buf_str(&x->args), x->after);
}
