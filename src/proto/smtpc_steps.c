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

static void next(struct smtpc *c, enum smtpc_step step)
{
	smtpc_push(&c->todo, step);
	smtpc_issue(c);
}

/* ---- the session ----------------------------------------------------------------------------------------------- */

static void on_greeting(struct smtpc *c, const struct smtpc_reply *r)
{
	if (is_ok(r))
		next(c, STEP_EHLO);
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
		{ STR("PIPELINING"), &c->pipelining },
		{ STR("8BITMIME"), &c->eightbit },
		{ STR("SMTPUTF8"), &c->smtputf8 },
		{ STR("STARTTLS"), &c->starttls },
	};
	struct str name = str_cut(&line, ' ');

	if (str_eq_nocase(name, STR("SIZE")))
		read_size(c, str_trim(line));
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++)
		if (str_eq_nocase(name, offers[i].name))
			*offers[i].flag = true;
}

static void ready_or_tls(struct smtpc *c)
{
	if (c->tls || c->config->tls == SMTPC_TLS_NONE)
		smtpc_enter(c, CS_READY);
	else if (c->starttls)
		next(c, STEP_STARTTLS);
	else if (c->config->tls == SMTPC_TLS_MAY)
		smtpc_enter(c, CS_READY);
	else
		smtpc_die(c, SMTPC_TEMP, 451, "4.7.0",
		          "The next hop does not offer the TLS that is asked of it");
}

/* RFC 5321 3.2: an old server knows only HELO. */
static void on_ehlo(struct smtpc *c, const struct smtpc_reply *r)
{
	struct str lines = r->lines;

	c->pipelining = c->eightbit = c->smtputf8 = c->starttls = false;
	c->size = 0;
	if (r->code / 100 == 5) {
		next(c, STEP_HELO);
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
		smtpc_enter(c, CS_READY);
	else
		smtpc_die_reply(c, r);
}

static void on_quit(struct smtpc *c, const struct smtpc_reply *r)
{
	smtpc_enter(c, CS_END);
}

/* ---- the message ----------------------------------------------------------------------------------------------- */

static void peer_is_wrong(struct smtpc *c)
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
	peer_is_wrong(c);
	return false;
}

/* Without pipelining the rest of the envelope is not sent any more. */
static void refused_early(struct smtpc *c)
{
	if (!c->todo.n)
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
	if (!c->mail_ok && refuses(c, r))
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
	if (is_ok(r))
		return;
	if (means_452(r))
		smtpc_outcome_reply(c, SMTPC_TEMP, r);
	else if (!refuses(c, r))
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
		next(c, STEP_NO_DOT);
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
	[STEP_RSET]     = { "RSET",       on_rset },
	[STEP_MAIL]     = { "",           on_mail },
	[STEP_RCPT]     = { "",           on_rcpt },
	[STEP_DATA]     = { "DATA",       on_data },
	[STEP_DOT]      = { NULL,         on_dot },
	[STEP_NO_DOT]   = { ".",          on_no_dot },
	[STEP_QUIT]     = { "QUIT",       on_quit },
};
// clang-format on

static struct str argument(const struct smtpc *c, enum smtpc_step step)
{
	if (step == STEP_EHLO || step == STEP_HELO)
		return c->config->helo;
	if (step == STEP_MAIL)
		return buf_str(&c->mail_cmd);
	return step == STEP_RCPT ? buf_str(&c->rcpt_cmd) : STR_NONE;
}

void smtpc_issue(struct smtpc *c)
{
	while (c->todo.n && (c->pipelining || !c->sent.n)) {
		enum smtpc_step step = pop(&c->todo);

		buf_addz(&c->out, steps[step].command);
		buf_add(&c->out, argument(c, step));
		buf_addz(&c->out, "\r\n");
		smtpc_push(&c->sent, step);
	}
	assert(!c->out.over);
}

/* Nothing was asked: within a body it is the peer's last word on the message, at rest its farewell. */
static void unasked(struct smtpc *c, const struct smtpc_reply *r)
{
	if (c->state != CS_BODY || r->code < 400) {
		peer_is_wrong(c);
		return;
	}
	smtpc_outcome_reply(c, r->code < 500 ? SMTPC_TEMP : SMTPC_PERM, r);
	smtpc_die(c, SMTPC_TEMP, 451, "4.5.0", "");
}

void smtpc_on_reply(struct smtpc *c, const struct smtpc_reply *r)
{
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
