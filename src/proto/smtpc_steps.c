/* What is sent, and what each reply means. One row per step. */
#include "proto/smtpc_parts.h"

#include <assert.h>

void smtpc_push(struct smtpc_steps *steps, enum smtpc_step step)
{
	assert(steps->n < SMTPC_STEPS_MAX);
	steps->at[steps->n++] = step;
}

static enum smtpc_step pop(struct smtpc_steps *steps)
{
	enum smtpc_step first = steps->at[0];

	steps->n--;
	memmove(steps->at, steps->at + 1, steps->n * sizeof(steps->at[0]));
	return first;
}

static bool is_ok(const struct smtpc_reply *r)
{
	return r->code / 100 == 2;
}

void smtpc_next(struct smtpc *c, enum smtpc_step step)
{
	smtpc_push(&c->todo, step);
	smtpc_issue(c);
}

/* ---- the session ----------------------------------------------------------------------------------------------- */

static void on_greeting(struct smtpc *c, const struct smtpc_reply *r)
{
	if (is_ok(r))
		smtpc_next(c, STEP_EHLO);
	else
		smtpc_die_reply(c, r); /* also 554: there may be service again tomorrow */
}

static void read_size(struct smtpc *c, struct str value)
{
	if (!str_u64(value, &c->size))
		c->size = 0;
}

static void read_offer(struct smtpc *c, struct str line)
{
	const struct {
		struct str name;
		bool *flag;
	} offers[] = {
		{ STR("PIPELINING"), &c->pipelining }, { STR("8BITMIME"), &c->eightbit },
		{ STR("SMTPUTF8"), &c->smtputf8 },     { STR("STARTTLS"), &c->starttls },
		{ STR("CHUNKING"), &c->chunking },
	};
	struct str name;

	if (str_starts_nocase(line, STR("AUTH ")) || str_starts_nocase(line, STR("AUTH="))) {
		smtpc_read_mechanisms(c, str_from(line, 5)); /* "=": how it was said before RFC 2554 */
		return;
	}
	name = str_cut(&line, ' ');

	if (str_eq_nocase(name, STR("SIZE")))
		read_size(c, str_trim(line));
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++)
		if (str_eq_nocase(name, offers[i].name))
			*offers[i].flag = true;
}

static void ready_or_tls(struct smtpc *c)
{
	if (c->tls || c->config->tls == SMTPC_TLS_NONE)
		smtpc_auth_or_ready(c);
	else if (c->starttls)
		smtpc_next(c, STEP_STARTTLS);
	else if (c->config->tls == SMTPC_TLS_MAY)
		smtpc_auth_or_ready(c);
	else
		smtpc_die(c, SMTPC_TEMP, 451, "4.7.0",
		          "The next hop does not offer the TLS that is asked of it");
}

/* RFC 5321 3.2: an old server knows only HELO. */
static void on_ehlo(struct smtpc *c, const struct smtpc_reply *r)
{
	struct str lines = r->lines;

	c->pipelining = c->eightbit = c->smtputf8 = c->starttls = c->chunking = c->plain = c->login = false;
	c->size = 0;
	if (r->code / 100 == 5) {
		smtpc_next(c, STEP_HELO);
		return;
	}
	if (!is_ok(r)) {
		smtpc_die_reply(c, r);
		return;
	}
	smtpc_reply_line(&lines);
	while (lines.n)
		read_offer(c, smtpc_reply_line(&lines));
	ready_or_tls(c);
}

static void on_helo(struct smtpc *c, const struct smtpc_reply *r)
{
	if (is_ok(r))
		ready_or_tls(c);
	else
		smtpc_die_reply(c, r);
}

static void on_starttls(struct smtpc *c, const struct smtpc_reply *r)
{
	if (is_ok(r))
		smtpc_enter(c, CS_TLS);
	else if (c->config->tls == SMTPC_TLS_MAY)
		smtpc_auth_or_ready(c);
	else
		smtpc_die_reply(c, r);
}

static void on_quit(struct smtpc *c, const struct smtpc_reply *r)
{
	smtpc_enter(c, CS_END);
}

/* ---- the message ----------------------------------------------------------------------------------------------- */

void smtpc_peer_is_wrong(struct smtpc *c)
{
	smtpc_die(c, SMTPC_TEMP, 451, "4.5.0", "The next hop gave a reply that does not fit the command");
}

/* 4yz or 5yz; anything else is no answer to what was asked. */
static bool refuses(struct smtpc *c, const struct smtpc_reply *r)
{
	if (r->code >= 400) {
		smtpc_outcome_reply(c, r->code < 500 ? SMTPC_TEMP : SMTPC_PERM, r);
		return true;
	}
	smtpc_peer_is_wrong(c);
	return false;
}

/* Refused, and the rest of the envelope or the body was not sent yet: it will not be. */
static void refused_early(struct smtpc *c)
{
	if (!c->outcome.kind || !c->todo.n || c->sent.n)
		return;
	c->need_rset = c->mail_ok;
	smtpc_finish(c);
}

static void on_rset(struct smtpc *c, const struct smtpc_reply *r)
{
	if (is_ok(r))
		c->need_rset = false;
	else
		smtpc_die_reply(c, r);
}

static void on_mail(struct smtpc *c, const struct smtpc_reply *r)
{
	c->mail_ok = is_ok(r);
	if (c->mail_ok || refuses(c, r))
		refused_early(c);
}

/* RFC 5321 4.5.3.1.10: an old server says 552 to one recipient too many, and means 452. */
static bool means_452(const struct smtpc_reply *r)
{
	struct smtpc_outcome words = { 0 };

	smtpc_reply_words(r, &words);
	return r->code == 552 && (!words.enhanced[0] || str_eq(str_c(words.enhanced), STR("5.5.3")));
}

static void on_rcpt(struct smtpc *c, const struct smtpc_reply *r)
{
	if (!is_ok(r) && means_452(r))
		smtpc_outcome_reply(c, SMTPC_TEMP, r);
	else if (!is_ok(r) && !refuses(c, r))
		return;
	refused_early(c);
}

/* RFC 2920 3.1: a 354 in spite of a refusal is answered with an empty message, whose fate is nobody's. */
static void on_data(struct smtpc *c, const struct smtpc_reply *r)
{
	if (r->code != 354) {
		if (!refuses(c, r))
			return;
		c->need_rset = c->mail_ok;
		smtpc_finish(c);
	} else if (c->outcome.kind) {
		smtpc_next(c, STEP_NO_DOT);
	} else {
		smtpc_enter(c, CS_BODY);
		smtpc_body_begin(c);
	}
}

static void on_dot(struct smtpc *c, const struct smtpc_reply *r)
{
	c->mail_ok = false;
	if (is_ok(r))
		smtpc_outcome_reply(c, SMTPC_DELIVERED, r);
	else if (!refuses(c, r))
		return;
	smtpc_finish(c);
}

/* Within a body it is the peer's last word on the message: what follows of it would be read as commands. */
static void stopped_short(struct smtpc *c, const struct smtpc_reply *r)
{
	if (refuses(c, r))
		smtpc_die(c, SMTPC_TEMP, 451, "4.5.0", "");
}

/* RFC 3030 section 2: after a refusal the state there is unknown, hence RSET. 500 and 502: something in between hid that it
 * cannot do it. */
static void on_bdat(struct smtpc *c, const struct smtpc_reply *r)
{
	if (c->state == CS_BODY) {
		stopped_short(c, r);
		return;
	}
	c->mail_ok = false;
	c->need_rset = !is_ok(r);
	if ((r->code == 500 || r->code == 502) && !c->outcome.kind) {
		smtpc_outcome_reply(c, SMTPC_TEMP, r);
		c->outcome.no_bdat = true;
		c->chunking = false;
	} else if (is_ok(r)) {
		smtpc_outcome_reply(c, SMTPC_DELIVERED, r);
	} else if (!refuses(c, r)) {
		return;
	}
	smtpc_finish(c);
}

static void on_auth_plain(struct smtpc *c, const struct smtpc_reply *r)
{
	smtpc_on_auth(c, STEP_AUTH_PLAIN, r);
}

static void on_auth_login(struct smtpc *c, const struct smtpc_reply *r)
{
	smtpc_on_auth(c, STEP_AUTH_LOGIN, r);
}

static void on_auth_user(struct smtpc *c, const struct smtpc_reply *r)
{
	smtpc_on_auth(c, STEP_AUTH_USER, r);
}

static void on_auth_password(struct smtpc *c, const struct smtpc_reply *r)
{
	smtpc_on_auth(c, STEP_AUTH_PASSWORD, r);
}

static void on_no_dot(struct smtpc *c, const struct smtpc_reply *r)
{
	c->mail_ok = false;
	smtpc_finish(c);
}

// clang-format off
static const struct {
	const char *command; /* NULL: not sent from here */
	void (*on_reply)(struct smtpc *c, const struct smtpc_reply *r);
} steps[STEP_STEPS] = {
	[STEP_GREETING] = { NULL,         on_greeting },
	[STEP_EHLO]     = { "EHLO ",      on_ehlo },
	[STEP_HELO]     = { "HELO ",      on_helo },
	[STEP_STARTTLS] = { "STARTTLS",   on_starttls },
	[STEP_AUTH_PLAIN]    = { "AUTH PLAIN ", on_auth_plain },
	[STEP_AUTH_LOGIN]    = { "AUTH LOGIN",  on_auth_login },
	[STEP_AUTH_USER]     = { "",            on_auth_user },
	[STEP_AUTH_PASSWORD] = { "",            on_auth_password },
	[STEP_RSET]     = { "RSET",       on_rset },
	[STEP_MAIL]     = { "",           on_mail },
	[STEP_RCPT]     = { "",           on_rcpt },
	[STEP_DATA]     = { "DATA",       on_data },
	[STEP_DOT]      = { NULL,         on_dot },
	[STEP_BDAT]     = { "BDAT ",      on_bdat },
	[STEP_NO_DOT]   = { ".",          on_no_dot },
	[STEP_QUIT]     = { "QUIT",       on_quit },
};
// clang-format on

static void put_argument(struct smtpc *c, enum smtpc_step step)
{
	if (step == STEP_EHLO || step == STEP_HELO)
		buf_add(&c->out, c->config->helo);
	else if (step == STEP_MAIL)
		buf_add(&c->out, buf_str(&c->mail_cmd));
	else if (step == STEP_RCPT)
		buf_add(&c->out, buf_str(&c->rcpt_cmd));
	else if (step == STEP_BDAT)
		buf_addf(&c->out, "%llu LAST", (unsigned long long)c->mail.bytes);
	else if (step >= STEP_AUTH_PLAIN && step <= STEP_AUTH_PASSWORD)
		smtpc_put_login(c, step);
}

/* What is large is not sent to somebody who may have refused it already. */
static bool may_go(const struct smtpc *c, enum smtpc_step step)
{
	if (step == STEP_BDAT && c->mail.bytes > SMTPC_AHEAD_MAX)
		return !c->sent.n;
	return c->pipelining || !c->sent.n;
}

void smtpc_issue(struct smtpc *c)
{
	while (c->todo.n && may_go(c, c->todo.at[0])) {
		enum smtpc_step step = pop(&c->todo);

		buf_addz(&c->out, steps[step].command);
		put_argument(c, step);
		buf_addz(&c->out, "\r\n");
		smtpc_push(&c->sent, step);
		if (step == STEP_BDAT) {
			smtpc_enter(c, CS_BODY);
			smtpc_body_begin(c);
		}
	}
	assert(!c->out.over);
}

/* Nothing was asked: within a body it is the peer's last word on the message, at rest its farewell. */
static void unasked(struct smtpc *c, const struct smtpc_reply *r)
{
	if (c->state != CS_BODY)
		smtpc_peer_is_wrong(c);
	else
		stopped_short(c, r);
}

void smtpc_on_reply(struct smtpc *c, const struct smtpc_reply *r)
{
	c->heard = true;
	if (r->code == 421 && c->state != CS_QUIT) {
		smtpc_die_reply(c, r);
	} else if (!c->sent.n) {
		unasked(c, r);
	} else {
		steps[pop(&c->sent)].on_reply(c, r);
		if (c->state != CS_END && c->state != CS_OUTCOME)
			smtpc_issue(c);
	}
}
