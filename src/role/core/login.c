#include "role/core/login.h"

#include "base/log.h"
#include "base/mem.h"
#include "policy/password.h"
#include "role/core/core.h"
#include "role/core/rcpt.h"
#include "store/passwords.h"

/* FAIL_ABSENT: it is not. What can be no password is looked up all the same, as the empty one, which nobody has. */
static int look(struct core *c, const struct auth_ask *m, struct app_password *ret, struct fail *f)
{
	OWN(arena) a = ARENA;
	char secret[PASSWORD_CHARS];
	size_t n;
	int r;

	(void)password_canon(m->password, secret, &n);
	r = password_find(c->store, rcpt_key(m->user, &a), str_of(secret, n), ret, f);
	wipe(secret, sizeof(secret));
	return r;
}

/* A login is good even where its day cannot be noted. */
static void note_use(struct core *c, const struct app_password *p)
{
	struct fail f = { 0 };
	bool changed = false;

	if (password_used(c->store, p, core_now(c), &changed, &f) < 0)
		log_fail(LOG_WARN, "login-use", &f);
	if (changed)
		core_dirty(c);
}

/* While a place waits nothing is looked at: the answer to a right password is that to a wrong one. */
static int judge(struct core *c, const struct auth_ask *m, struct app_password *ret, struct fail *f)
{
	uint64_t where = throttle_where(m->client);
	int64_t now = core_now(c);
	int r;

	if (!c->store)
		return fail(f, FAIL_AGAIN, "the store is not open yet");
	if (throttle_wait(&c->throttle, where, now)) {
		c->counters.logins_throttled++;
		return fail(f, FAIL_LIMIT, "too many tries");
	}
	r = look(c, m, ret, f);
	if (r == OK) {
		c->counters.logins++;
		throttle_passed(&c->throttle, where);
		note_use(c, ret);
	} else if (r == FAIL_ABSENT) {
		c->counters.logins_failed++;
		throttle_failed(&c->throttle, where, now);
		if (throttle_wait(&c->throttle, where, now))
			log_warn("ev=login-throttled client=%s seconds=%lld", log_mask(m->client),
			         (long long)throttle_wait(&c->throttle, where, now));
		r = OK; /* account 0 says no */
	}
	return r;
}

void login_asked(void *core, const void *msg, struct ipc_fds *fds)
{
	struct core *c = core;
	const struct auth_ask *m = msg;
	struct app_password p = { 0 };
	struct fail f = { 0 };
	int r = judge(c, m, &p, &f);

	if (r == FAIL_SYS || r == FAIL_BUG)
		log_fail(LOG_ERROR, "login", &f);
	SEND(c->gate, auth_answer, m->session, m->seq, r == OK ? (uint64_t)p.mailbox : 0, ipc_code(r));
}
