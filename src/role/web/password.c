/* password.c - argon2id is computed here: its cost falls on the process that holds nothing, and core hears a proof. */
#include "crypto/password.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "role/web/api.h"

#include <stdlib.h>

enum { PASSWORD_LEAST = 8, PASSWORD_MOST = 512 };

static void put(struct exchange *x, const char *name, struct str value)
{
	list_add(&x->args, str_c(name));
	list_add(&x->args, value);
}

static void put_number(struct exchange *x, const char *name, unsigned v)
{
	OWN(buf) z = BUF(16);

	buf_addf(&z, "%u", v);
	put(x, name, buf_str(&z));
}

static int put_new(struct exchange *x, struct str password, struct fail *f)
{
	const struct password_cost cost = { PASSWORD_MEMORY_KIB, PASSWORD_PASSES, PASSWORD_LANES };
	uint8_t salt[PASSWORD_SALT], proof[PASSWORD_PROOF];

	if (password.n < PASSWORD_LEAST || password.n > PASSWORD_MOST)
		return fail(f, FAIL_SYNTAX, "a password has %d to %d bytes", PASSWORD_LEAST, PASSWORD_MOST);
	TRY(random_bytes(salt, sizeof(salt), f));
	TRY(password_prove(password, str_of(salt, sizeof(salt)), &cost, proof, f));
	put(x, "salt", str_of(salt, sizeof(salt)));
	put_number(x, "memory", cost.memory_kib);
	put_number(x, "passes", cost.passes);
	put_number(x, "lanes", cost.lanes);
	put(x, "new_proof", str_of(proof, sizeof(proof)));
	wipe(proof, sizeof(proof));
	return OK;
}

static void ask_or_fail(struct exchange *x, int r, const struct fail *f)
{
	wipe((void *)(uintptr_t)x->password.p, x->password.n);
	wipe((void *)(uintptr_t)x->new_password.p, x->new_password.n);
	if (r < 0)
		exchange_fail(x, r, str_c(f->why), r == FAIL_SYNTAX ? STR("password") : STR(""));
	else
		exchange_ask(x, x->route->verb, buf_str(&x->args), api_answered);
}

static uint32_t number(struct str records, const char *name)
{
	uint64_t v;

	return str_u64(json_field(records, name), &v) && v <= UINT32_MAX ? (uint32_t)v : 0;
}

static int put_proof(struct exchange *x, struct fail *f)
{
	struct str told = buf_str(&x->records);
	const struct password_cost cost = { number(told, "memory"), number(told, "passes"),
		                            number(told, "lanes") };
	uint8_t proof[PASSWORD_PROOF];

	TRY(password_prove(x->password, json_field(told, "salt"), &cost, proof, f));
	put(x, "proof", str_of(proof, sizeof(proof)));
	wipe(proof, sizeof(proof));
	return x->route->flags & ROUTE_RENEWS ? put_new(x, x->new_password, f) : OK;
}

static void on_salt(struct exchange *x, int code, struct str why, struct str arg)
{
	struct fail f = { 0 };

	if (code < 0)
		exchange_fail(x, code, why, arg);
	else
		ask_or_fail(x, put_proof(x, &f), &f);
}

static struct str arg_of(const struct exchange *x, const char *want)
{
	struct str left = buf_str(&x->args), name, value;

	while (list_next_pair(&left, &name, &value))
		if (str_eq(name, str_c(want)))
			return value;
	return STR("");
}

void password_then_ask(struct exchange *x)
{
	OWN(buf) ask = BUF(1024);
	struct fail f = { 0 };

	if (!client_may(&x->web->clients, x->client, CLIENT_PASSWORD, clock_mono_ms())) {
		exchange_error(x, 429, "again", "too many passwords at once: wait a moment", "rate");
		return;
	}
	if (!(x->route->flags & ROUTE_PROVES)) {
		ask_or_fail(x, put_new(x, x->password, &f), &f);
		return;
	}
	if (!x->password.n || x->password.n > PASSWORD_MOST) {
		exchange_error(x, 401, "denied", "the password is missing or wrong", "password");
		return;
	}
	if (x->route->flags & ROUTE_SIGNS_IN) {
		list_add(&ask, STR("name"));
		list_add(&ask, arg_of(x, "name"));
	}
	exchange_ask(x, "password.salt", buf_str(&ask), on_salt);
}
