/* The client machine: its life, its states, and what passes between it and the host. */
#include "proto/smtpc.h"

#include "base/mem.h"
#include "proto/smtpc_parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	OUT_MAX = 3 * SMTPC_OUTPUT_HIGH, /* a full round of body, every line of it a dot, and commands */
	COMMAND_MAX = 2048,
};

#define IN(state) (1u << CS_##state)

// clang-format off
static const unsigned edges[CS_STATES] = {
	[CS_HELLO]   = IN(TLS) | IN(READY) | IN(END),
	[CS_TLS]     = IN(HELLO) | IN(END),
	[CS_READY]   = IN(MAIL) | IN(OUTCOME) | IN(QUIT) | IN(END),
	[CS_MAIL]    = IN(BODY) | IN(OUTCOME),
	[CS_BODY]    = IN(DOT) | IN(OUTCOME),
	[CS_DOT]     = IN(OUTCOME),
	[CS_OUTCOME] = IN(READY) | IN(END),
	[CS_QUIT]    = IN(END),
	[CS_END]     = 0,
};
// clang-format on

void smtpc_enter(struct smtpc *c, enum smtpc_state to)
{
	assert(edges[c->state] & (1u << to));
	c->state = to;
}

static void drop_output(struct smtpc *c)
{
	if (c->secret_out && c->out.p)
		wipe(c->out.p, c->out.cap);
	c->secret_out = false;
	buf_done(&c->out);
}

struct smtpc *smtpc_new(const struct smtpc_config *config)
{
	struct smtpc *c = xnew(struct smtpc);

	assert(config->helo.n && config->helo.n <= 255);
	assert(config->user.n <= SMTPC_LOGIN_MAX && config->password.n <= SMTPC_LOGIN_MAX);
	c->config = config;
	c->in = BUF(SMTPC_REPLY_MAX);
	c->out = BUF(OUT_MAX);
	c->mail_cmd = BUF(COMMAND_MAX);
	c->rcpt_cmd = BUF(COMMAND_MAX);
	smtpc_push(&c->sent, STEP_GREETING);
	return c;
}

void smtpc_free(struct smtpc *c)
{
	if (!c)
		return;
	buf_done(&c->in);
	drop_output(c);
	buf_done(&c->mail_cmd);
	buf_done(&c->rcpt_cmd);
	free(c);
}

enum smtpc_want smtpc_want(const struct smtpc *c)
{
	// clang-format off
	static const enum smtpc_want wants[CS_STATES] = {
		[CS_HELLO] = SMTPC_INPUT, [CS_TLS] = SMTPC_TLS, [CS_READY] = SMTPC_READY,
		[CS_MAIL] = SMTPC_INPUT, [CS_BODY] = SMTPC_BODY, [CS_DOT] = SMTPC_INPUT,
		[CS_OUTCOME] = SMTPC_OUTCOME, [CS_QUIT] = SMTPC_INPUT, [CS_END] = SMTPC_CLOSE,
	};
	// clang-format on

	if (c->state == CS_BODY && c->out.n >= SMTPC_OUTPUT_HIGH)
		return SMTPC_OUTPUT;
	return wants[c->state];
}

struct str smtpc_output(const struct smtpc *c)
{
	return buf_str(&c->out);
}

void smtpc_sent(struct smtpc *c, size_t n)
{
	assert(n <= c->out.n);
	buf_shift(&c->out, n);
	if (!c->out.n)
		drop_output(c);
}

/* ---- outcomes -------------------------------------------------------------------------------------------------- */

static void set_outcome(struct smtpc *c, enum smtpc_kind kind, int code, const char *enhanced,
                        const char *text)
{
	struct smtpc_outcome *o = &c->outcome;

	*o = (struct smtpc_outcome){ .kind = kind, .code = code, .own = true };
	snprintf(o->enhanced, sizeof(o->enhanced), "%s", enhanced);
	snprintf(o->text, sizeof(o->text), "%s", text);
	for (char *p = o->text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

void smtpc_refuse(struct smtpc *c, enum smtpc_kind kind, int code, const char *enhanced, const char *text)
{
	if (!c->outcome.kind)
		set_outcome(c, kind, code, enhanced, text);
}

void smtpc_outcome_reply(struct smtpc *c, enum smtpc_kind kind, const struct smtpc_reply *r)
{
	if (c->outcome.kind)
		return;
	c->outcome.kind = kind;
	smtpc_reply_words(r, &c->outcome);
}

void smtpc_finish(struct smtpc *c)
{
	assert(c->busy && c->outcome.kind);
	c->busy = c->dot_sent = false;
	c->outcome.heard = c->heard;
	c->todo.n = 0;
	buf_done(&c->mail_cmd);
	buf_done(&c->rcpt_cmd);
	smtpc_enter(c, CS_OUTCOME);
}

/* The connection ends here; c->outcome is set. */
static void end(struct smtpc *c)
{
	c->outcome.dot_sent =
	        c->outcome.dot_sent || (c->dot_sent && c->outcome.own && c->outcome.kind == SMTPC_TEMP);
	c->closing = true;
	c->todo.n = c->sent.n = 0;
	buf_done(&c->in);
	drop_output(c);
	if (c->busy)
		smtpc_finish(c);
	else if (c->state != CS_OUTCOME)
		smtpc_enter(c, CS_END);
}

void smtpc_die(struct smtpc *c, enum smtpc_kind kind, int code, const char *enhanced, const char *text)
{
	if (c->busy)
		smtpc_refuse(c, kind, code, enhanced, text);
	else if (c->state != CS_OUTCOME)
		set_outcome(c, kind, code, enhanced, text);
	end(c);
}

void smtpc_die_reply(struct smtpc *c, const struct smtpc_reply *r)
{
	if (!c->busy)
		c->outcome = (struct smtpc_outcome){ 0 };
	smtpc_outcome_reply(c, SMTPC_TEMP, r);
	end(c);
}

/* ---- input ----------------------------------------------------------------------------------------------------- */

static bool is_listening(const struct smtpc *c)
{
	return c->state != CS_TLS && c->state != CS_OUTCOME && c->state != CS_END;
}

static void spoke_in_clear(struct smtpc *c)
{
	smtpc_die(c, SMTPC_TEMP, 451, "4.7.0", "The next hop spoke in clear after STARTTLS");
}

/* Reads replies as far as it goes without the host. */
static void run(struct smtpc *c)
{
	struct smtpc_reply r;
	enum smtpc_read got = READ_REPLY;

	while (is_listening(c) && (got = smtpc_read_reply(c, &r)) == READ_REPLY) {
		smtpc_on_reply(c, &r);
		smtpc_reply_done(c, &r);
	}
	if (got == READ_BAD)
		smtpc_die(c, SMTPC_TEMP, 451, "4.5.0", "The next hop gave a reply that is none");
	else if (c->state == CS_TLS && c->in.n)
		spoke_in_clear(c);
}

const struct smtpc_outcome *smtpc_outcome(const struct smtpc *c)
{
	return &c->outcome;
}

void smtpc_outcome_taken(struct smtpc *c)
{
	assert(c->state == CS_OUTCOME);
	smtpc_enter(c, c->closing ? CS_END : CS_READY);
	if (!c->closing)
		c->outcome = (struct smtpc_outcome){ 0 };
	run(c); /* something may have come behind the last reply */
}

size_t smtpc_room(const struct smtpc *c)
{
	return c->state == CS_TLS || c->state == CS_END ? 0 : SMTPC_REPLY_MAX - c->in.n;
}

void smtpc_input(struct smtpc *c, struct str in)
{
	if (!in.n || c->state == CS_END)
		return;
	if (c->state == CS_TLS) {
		spoke_in_clear(c);
		return;
	}
	assert(in.n <= smtpc_room(c));
	buf_add(&c->in, in);
	run(c);
}

void smtpc_lost(struct smtpc *c, struct str text)
{
	char words[SMTPC_TEXT_MAX];

	if (c->state == CS_END)
		return;
	snprintf(words, sizeof(words), "%.*s", STR_ARG(text));
	if (c->state == CS_QUIT)
		smtpc_enter(c, CS_END);
	else
		smtpc_die(c, SMTPC_TEMP, 451, "4.4.2", words);
}

void smtpc_tls_done(struct smtpc *c, bool ok)
{
	if (c->state == CS_END) /* clear text came in between */
		return;
	assert(c->state == CS_TLS);
	if (!ok) {
		smtpc_die(c, SMTPC_TEMP, 451, "4.7.5", "The TLS handshake with the next hop failed");
		return;
	}
	/* RFC 3207 4.2: what was offered in clear is forgotten. */
	c->tls = true;
	smtpc_enter(c, CS_HELLO);
	smtpc_push(&c->todo, STEP_EHLO);
	smtpc_issue(c);
}

/* ---- messages -------------------------------------------------------------------------------------------------- */

struct needs {
	bool eightbit, smtputf8;
};

/* Reads an address and writes it as SMTP wants it. */
static bool put_path(struct buf *out, const char *command, struct str text, bool may_be_null, bool *non_ascii)
{
	OWN(arena) arena = ARENA;
	struct addr a = { 0 };

	if (!(may_be_null && !text.n) && addr_parse(text, &arena, &a, NULL) < 0)
		return false;
	*non_ascii = *non_ascii || !addr_is_ascii(&a);
	buf_clear(out);
	buf_addf(out, "%s:<", command);
	if (text.n)
		addr_print(&a, out);
	buf_addz(out, ">");
	return !out->over;
}

static void put_params(struct smtpc *c, const struct needs *needs)
{
	struct buf *out = &c->mail_cmd;

	if (c->size) {
		buf_addz(out, " SIZE=");
		buf_add_u64(out, c->mail.bytes);
	}
	if (needs->eightbit && c->eightbit)
		buf_addz(out, " BODY=8BITMIME");
	if (needs->smtputf8)
		buf_addz(out, " SMTPUTF8");
}

/* What this peer cannot take, refused before it is asked. */
static void judge(struct smtpc *c, const struct smtpc_mail *mail)
{
	struct needs needs = { mail->eightbit, mail->smtputf8 };

	if (!put_path(&c->mail_cmd, "MAIL FROM", mail->sender, true, &needs.smtputf8)) {
		smtpc_refuse(c, SMTPC_PERM, 501, "5.1.7", "The sender is no address");
	} else if (!put_path(&c->rcpt_cmd, "RCPT TO", mail->rcpt, false, &needs.smtputf8)) {
		smtpc_refuse(c, SMTPC_PERM, 501, "5.1.3", "The recipient is no address");
	} else if (needs.smtputf8 && !c->smtputf8) {
		smtpc_refuse(c, SMTPC_PERM, 550, "5.6.7",
		             "The next hop does not take UTF-8 addresses or headers");
	} else if (needs.eightbit && !c->eightbit) {
		smtpc_refuse(c, SMTPC_PERM, 554, "5.6.3", "The next hop does not take 8-bit text");
	} else if (c->size && mail->bytes > c->size) {
		smtpc_refuse(c, SMTPC_PERM, 552, "5.3.4", "The message is larger than the next hop takes");
	} else {
		put_params(c, &needs);
	}
}

void smtpc_send(struct smtpc *c, const struct smtpc_mail *mail)
{
	assert(c->state == CS_READY);
	c->busy = true;
	c->mail_ok = c->dot_sent = c->heard = false;
	c->bdat = c->chunking && c->config->chunking;
	c->outcome = (struct smtpc_outcome){ 0 };
	c->mail = *mail;
	c->mail.sender = c->mail.rcpt = STR_NONE;
	judge(c, mail);
	if (c->outcome.kind) {
		smtpc_finish(c);
		return;
	}
	smtpc_enter(c, CS_MAIL);
	if (c->need_rset)
		smtpc_push(&c->todo, STEP_RSET);
	smtpc_push(&c->todo, STEP_MAIL);
	smtpc_push(&c->todo, STEP_RCPT);
	smtpc_push(&c->todo, c->bdat ? STEP_BDAT : STEP_DATA);
	smtpc_issue(c);
}

void smtpc_quit(struct smtpc *c)
{
	assert(c->state == CS_READY);
	smtpc_enter(c, CS_QUIT);
	smtpc_push(&c->todo, STEP_QUIT);
	smtpc_issue(c);
}

bool smtpc_is_tls(const struct smtpc *c)
{
	return c->tls;
}

bool smtpc_is_busy(const struct smtpc *c)
{
	return c->busy;
}

bool smtpc_dot_sent(const struct smtpc *c)
{
	return c->state == CS_DOT;
}

uint64_t smtpc_peer_size(const struct smtpc *c)
{
	return c->size;
}
