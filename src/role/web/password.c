/* password.c - what a password is worth is computed on this side (prover.h): its cost falls on who holds nothing, and core hears
 * a proof. */
#include "crypto/password.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "role/web/api.h"
#include "role/web/prover.h"

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

/* A failure, or all that core needs is in x->args. */
static void ask_or_fail(struct exchange *x, int r, struct str why)
{
	wipe((void *)(uintptr_t)x->password.p, x->password.n);
	wipe((void *)(uintptr_t)x->new_password.p, x->new_password.n);
	if (r < 0)
		exchange_fail(x, r, why, r == FAIL_SYNTAX ? STR("password") : STR(""));
	else
		exchange_ask(x, x->route->verb, buf_str(&x->args), x->after ? x->after : api_answered);
}

static const struct password_cost new_cost = { PASSWORD_MEMORY_KIB, PASSWORD_PASSES, PASSWORD_LANES };

static void on_new_proof(struct exchange *x, int code, struct str proof)
{
	if (code == OK) {
		put(x, "salt", x->proving.salt);
		put_number(x, "memory", new_cost.memory_kib);
		put_number(x, "passes", new_cost.passes);
		put_number(x, "lanes", new_cost.lanes);
		put(x, "new_proof", proof);
	}
	ask_or_fail(x, code, STR("the password could not be computed with: try again"));
}

static int prove_new(struct exchange *x, struct str password, bool known, struct fail *f)
{
	uint8_t salt[PASSWORD_SALT];

	if (password.n < PASSWORD_LEAST || password.n > PASSWORD_MOST)
		return fail(f, FAIL_SYNTAX, "a password has %d to %d bytes", PASSWORD_LEAST, PASSWORD_MOST);
	TRY(random_bytes(salt, sizeof(salt), f));
	x->proving = (struct proving){ .password = password,
		                       .salt = arena_str(&x->arena, str_of(salt, sizeof(salt))),
		                       .cost = new_cost,
		                       .done = on_new_proof };
	return prover_ask(x, known, f);
}

static void on_proof(struct exchange *x, int code, struct str proof)
{
	struct fail f = { 0 };

	if (code == OK)
		put(x, "proof", proof);
	if (code < 0 || !(x->route->flags & ROUTE_RENEWS)) {
		ask_or_fail(x, code, STR("the password could not be computed with: try again"));
		return;
	}
	code = prove_new(x, x->new_password, true, &f); /* whoever is this far has signed in */
	if (code < 0)
		ask_or_fail(x, code, str_c(f.why));
}

static uint32_t number(struct str records, const char *name)
{
	uint64_t v;

	return str_u64(json_field(records, name), &v) && v <= UINT32_MAX ? (uint32_t)v : 0;
}

static bool may(struct exchange *x)
{
	if (client_may(&x->web->clients, x->client, CLIENT_PASSWORD, clock_mono_ms()))
		return true;
	exchange_error(x, 429, "again", "too many passwords at once: wait a moment", "rate");
	return false;
}

static void on_salt(struct exchange *x, int code, struct str why, struct str arg)
{
	struct str told = buf_str(&x->records);
	bool known = str_eq(json_field(told, "known"), STR("1"));
	struct fail f = { 0 };

	if (code < 0) {
		exchange_fail(x, code, why, arg);
		return;
	}
	if (!known && !may(x))
		return;
	x->proving = (struct proving){ .password = x->password,
		                       .salt = arena_str(&x->arena, json_field(told, "salt")),
		                       .cost = { number(told, "memory"), number(told, "passes"),
		                                 number(told, "lanes") },
		                       .done = on_proof };
	code = prover_ask(x, known, &f);
	if (code < 0)
		ask_or_fail(x, code, str_c(f.why));
}

static struct str arg_of(const struct exchange *x, const char *want)
{
	struct str left = buf_str(&x->args), name, value;

	while (list_next_pair(&left, &name, &value))
		if (str_eq(name, str_c(want)))
			return value;
	return STR("");
}

static void take_over(struct exchange *x, struct buf *ask, const char *name)
{
	struct str v = arg_of(x, name);

	if (!v.n)
		return;
	list_add(ask, str_c(name));
	list_add(ask, v);
}

/* No password is to be shown, or a passkey was: core has not said yet by whom. */
static void new_then_ask(struct exchange *x, struct str password)
{
	struct fail f = { 0 };
	int r = may(x) ? prove_new(x, password, false, &f) : OK;

	if (r < 0)
		ask_or_fail(x, r, str_c(f.why));
}

static void passkey_then_ask(struct exchange *x)
{
	if (x->route->flags & ROUTE_RENEWS)
		new_then_ask(x, x->new_password);
	else
		ask_or_fail(x, OK, STR(""));
}

void password_then_ask(struct exchange *x)
{
	OWN(buf) ask = BUF(1024);

	if (!(x->route->flags & ROUTE_PROVES)) {
		new_then_ask(x, x->password);
		return;
	}
	if (!x->password.n && !(x->route->flags & ROUTE_OPEN) && arg_of(x, "passkey").n) {
		passkey_then_ask(x);
		return;
	}
	if (!x->password.n || x->password.n > PASSWORD_MOST) {
		exchange_fail(x, FAIL_DENIED, STR("the password is missing or wrong"), STR("password"));
		return;
	}
	if (x->route->flags & ROUTE_SIGNS_IN) {
		take_over(x, &ask, "name");
		take_over(x, &ask, "device");
		take_over(x, &ask, "code");
	}
	exchange_ask(x, x->cors && !(x->route->flags & ROUTE_SIGNS_IN) ? "foreign.salt" : "password.salt",
	             buf_str(&ask), on_salt);
}
