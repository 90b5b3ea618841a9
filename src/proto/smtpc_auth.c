/* Logging in (RFC 4954): PLAIN (RFC 4616) in one command, or LOGIN, which some servers know alone. */
#include "base/mem.h"
#include "proto/smtpc_parts.h"
#include "wire/b64.h"

#include <assert.h>

enum { LOGIN_OUT = 1024 }; /* holds the longest of what is written here */

void smtpc_read_mechanisms(struct smtpc *c, struct str words)
{
	while (words.n) {
		struct str word = str_cut(&words, ' ');

		c->plain |= str_eq_nocase(word, STR("PLAIN"));
		c->login |= str_eq_nocase(word, STR("LOGIN"));
	}
}

static void refuse(struct smtpc *c, const char *text)
{
	smtpc_die(c, SMTPC_TEMP, 451, "4.7.0", text);
	c->outcome.login = true;
}

void smtpc_auth_or_ready(struct smtpc *c)
{
	if (!c->config->user.n)
		smtpc_enter(c, CS_READY);
	else if (!c->tls && !c->config->auth_in_clear)
		refuse(c, "There is no TLS, and the password is not sent in clear");
	else if (c->plain)
		smtpc_next(c, STEP_AUTH_PLAIN);
	else if (c->login)
		smtpc_next(c, STEP_AUTH_LOGIN);
	else
		refuse(c, "The next hop offers neither AUTH PLAIN nor AUTH LOGIN");
}

static void put_plain(struct smtpc *c)
{
	char raw[2 * SMTPC_LOGIN_MAX + 2];
	struct str user = c->config->user, password = c->config->password;
	size_t n = 0;

	raw[n++] = '\0'; /* to act as oneself */
	memcpy(raw + n, user.p, user.n);
	n += user.n;
	raw[n++] = '\0';
	if (password.n)
		memcpy(raw + n, password.p, password.n);
	b64_print(str_of(raw, n + password.n), &c->out);
	wipe(raw, sizeof(raw));
}

/* The output is wiped once it was sent; room is made first, so that growing leaves no copy behind. */
void smtpc_put_login(struct smtpc *c, enum smtpc_step step)
{
	(void)buf_room(&c->out, LOGIN_OUT);
	c->secret_out = true;
	if (step == STEP_AUTH_PLAIN)
		put_plain(c);
	else if (step == STEP_AUTH_USER)
		b64_print(c->config->user, &c->out);
	else if (step == STEP_AUTH_PASSWORD)
		b64_print(c->config->password, &c->out);
}

/* What comes next when the server says 334; STEP_STEPS: it has no reason to. */
static enum smtpc_step after(enum smtpc_step step)
{
	if (step == STEP_AUTH_LOGIN)
		return STEP_AUTH_USER;
	return step == STEP_AUTH_USER ? STEP_AUTH_PASSWORD : STEP_STEPS;
}

void smtpc_on_auth(struct smtpc *c, enum smtpc_step step, const struct smtpc_reply *r)
{
	enum smtpc_step next = after(step);

	if (r->code == 334 && next != STEP_STEPS) {
		smtpc_next(c, next);
	} else if (r->code / 100 == 2 && next == STEP_STEPS) {
		smtpc_enter(c, CS_READY);
	} else if (r->code >= 400) {
		smtpc_die_reply(c, r);
		c->outcome.login = true;
	} else {
		smtpc_peer_is_wrong(c);
	}
}
