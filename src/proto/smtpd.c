/* The server machine: its life, its states, and what passes between it and the host. */
#include "proto/smtpd.h"

#include "base/mem.h"
#include "proto/smtpd_parts.h"

#include <assert.h>
#include <stdlib.h>

enum {
	OUT_MAX = SMTPD_OUTPUT_HIGH + 4096, /* the replies to one more command, EHLO's the longest */
	ANSWER_MAX = 512,
};

const struct smtpd_limits smtpd_limits_default = {
	.message = 50u << 20,
	.header_line = 2048,
	.header_block = 256u << 10,
	.rcpts = 100,
	.errors = 10,
	.refusals = 50,
	.idle = 500,
	.messages = 1000,
	.tries = 3,
};

/* From where to where. ST_END is reached from everywhere and never left. */
// clang-format off
static const unsigned edges[ST_STATES] = {
	[ST_NEW]    = IN(START) | IN(END),
	[ST_START]  = IN(IDLE) | IN(END),
	[ST_IDLE]   = IN(IDLE) | IN(MAIL) | IN(TLS) | IN(LOGIN) | IN(TRY) | IN(END),
	[ST_MAIL]   = IN(ASK) | IN(IDLE) | IN(END),
	[ST_RCPT]   = IN(ASK) | IN(SPOOL) | IN(IDLE) | IN(END),
	[ST_ASK]    = IN(MAIL) | IN(RCPT) | IN(END),
	[ST_SPOOL]  = IN(DATA) | IN(RCPT) | IN(CHUNK) | IN(END),
	[ST_DATA]   = IN(COMMIT) | IN(CHUNK) | IN(IDLE) | IN(END),
	[ST_CHUNK]  = IN(DATA) | IN(IDLE) | IN(END),
	[ST_COMMIT] = IN(IDLE) | IN(END),
	[ST_TLS]    = IN(START) | IN(END),
	[ST_LOGIN]  = IN(TRY) | IN(IDLE) | IN(END),
	[ST_TRY]    = IN(IDLE) | IN(END),
	[ST_END]    = 0,
};
// clang-format on

/* A password may have been in it. */
static void input_done(struct smtpd *s)
{
	if (s->config->submission && s->in.p)
		wipe(s->in.p, s->in.cap);
	buf_done(&s->in);
}

void smtpd_enter(struct smtpd *s, enum smtpd_state to)
{
	assert(edges[s->state] & (1u << to));
	s->state = to;
	if (to != ST_END)
		return;
	smtpd_mail_end(s);
	smtpd_auth_forget(s);
	input_done(s);
	s->at = s->scanned = 0;
}

void smtpd_mail_end(struct smtpd *s)
{
	arena_done(&s->arena);
	arena_done(&s->ask);
	free(s->rcpts);
	buf_done(&s->answer);
	s->rcpts = NULL;
	s->rcpts_cap = 0;
	s->rcpt_tried = false;
	s->mail = (struct smtpd_mail){ 0 };
	s->asked = (struct addr){ 0 };
	s->swallow = s->drop = s->ended = false;
	s->bdat = s->last = s->half = s->broken = false;
	s->chunk = 0;
	s->answered = 0;
	s->view = 0;
	s->flaw = RE_NONE;
}

struct smtpd *smtpd_new(const struct smtpd_config *config)
{
	struct smtpd *s = xnew(struct smtpd);

	assert(config->hostname.n && config->hostname.n <= 255);
	s->config = config;
	s->why = "-";
	s->in = BUF(SMTPD_ROOM);
	s->out = BUF(OUT_MAX);
	s->answer = BUF(ANSWER_MAX);
	s->said = BUF(2 * SMTPD_LINE_MAX);
	s->tls = config->tls;
	return s;
}

void smtpd_free(struct smtpd *s)
{
	if (!s)
		return;
	smtpd_mail_end(s);
	smtpd_auth_forget(s);
	input_done(s);
	buf_done(&s->out);
	free(s->helo);
	free(s);
}

enum smtpd_want smtpd_want(const struct smtpd *s)
{
	// clang-format off
	static const enum smtpd_want wants[ST_STATES] = {
		[ST_NEW] = SMTPD_OUTPUT, [ST_ASK] = SMTPD_RCPT, [ST_SPOOL] = SMTPD_SPOOL,
		[ST_COMMIT] = SMTPD_COMMIT, [ST_TLS] = SMTPD_TLS, [ST_TRY] = SMTPD_AUTH, [ST_END] = SMTPD_CLOSE,
	};
	// clang-format on

	if (s->drop)
		return SMTPD_DROP;
	if (s->state == ST_DATA)
		return s->view ? SMTPD_BODY : SMTPD_INPUT;
	if (wants[s->state] != SMTPD_INPUT)
		return wants[s->state];
	return s->out.n >= SMTPD_OUTPUT_HIGH ? SMTPD_OUTPUT : SMTPD_INPUT;
}

/* Reads as far as it goes without the host. */
static void run(struct smtpd *s)
{
	bool more = true;

	while (more && smtpd_want(s) == SMTPD_INPUT)
		more = s->skip               ? smtpd_skip_step(s)
		       : s->state == ST_DATA ? smtpd_data_step(s)
		                             : smtpd_command_step(s);
	if (s->at == s->in.n && !s->view) {
		s->at = s->in.n = 0;
		if (s->state != ST_DATA)
			input_done(s); /* an idle session holds no buffer */
	}
}

void smtpd_greet(struct smtpd *s)
{
	assert(s->state == ST_NEW);
	smtpd_enter(s, ST_START);
	smtpd_say(s, RE_GREET);
}

struct str smtpd_output(const struct smtpd *s)
{
	return buf_str(&s->out);
}

void smtpd_sent(struct smtpd *s, size_t n)
{
	assert(n <= s->out.n);
	buf_shift(&s->out, n);
	if (!s->out.n)
		buf_done(&s->out);
	run(s);
}

static size_t room_of(const struct smtpd *s, size_t most)
{
	size_t held = s->in.n - s->at;

	return held < most ? most - held : 0;
}

size_t smtpd_room(const struct smtpd *s)
{
	switch (smtpd_want(s)) {
	case SMTPD_INPUT:
		return room_of(s, s->state == ST_DATA ? SMTPD_ROOM : SMTPD_COMMAND_ROOM);
	case SMTPD_RCPT:
	case SMTPD_SPOOL:
	case SMTPD_COMMIT:
	case SMTPD_AUTH:
		return room_of(s, SMTPD_COMMAND_ROOM);
	case SMTPD_OUTPUT:
	case SMTPD_BODY:
	case SMTPD_DROP:
	case SMTPD_TLS:
	case SMTPD_CLOSE:
		break;
	}
	return 0;
}

/* Where passwords come in, what moves leaves nothing behind: the room is had at once, and what became free is wiped. */
static void take(struct smtpd *s, struct str in)
{
	bool wary = s->config->submission && !s->authenticated;

	buf_shift(&s->in, s->at);
	s->at = 0;
	if (wary && buf_room(&s->in, SMTPD_COMMAND_ROOM))
		wipe(s->in.p + s->in.n, s->in.cap - s->in.n);
	buf_add(&s->in, in);
}

void smtpd_input(struct smtpd *s, struct str in)
{
	if (!in.n || s->state == ST_END)
		return;
	if (s->state == ST_TLS) {
		s->why = "clear-after-starttls";
		smtpd_enter(s, ST_END);
		return;
	}
	assert(in.n <= smtpd_room(s));
	take(s, in);
	run(s);
}

const struct addr *smtpd_asked(const struct smtpd *s)
{
	assert(s->state == ST_ASK);
	return &s->asked;
}

static void rcpt_add(struct smtpd *s)
{
	size_t n = s->mail.n_rcpts;

	if (n == s->rcpts_cap) {
		s->rcpts_cap = n ? 2 * n : 4;
		s->rcpts = xrealloc(s->rcpts, s->rcpts_cap * sizeof(*s->rcpts));
	}
	s->rcpts[n] =
	        (struct addr){ arena_str(&s->arena, s->asked.local), arena_str(&s->arena, s->asked.domain) };
	s->mail.rcpts = s->rcpts;
	s->mail.n_rcpts = n + 1;
}

/* A verdict with code 421 is the host's goodbye. */
static bool said_goodbye(struct smtpd *s, int code)
{
	if (code != 421)
		return false;
	s->why = "host";
	smtpd_enter(s, ST_END);
	return true;
}

void smtpd_rcpt_verdict(struct smtpd *s, int code, struct str enhanced, struct str text)
{
	assert(s->state == ST_ASK);
	if (code >= 500 && code <= 599 && ++s->refusals >= s->config->limits.refusals) {
		smtpd_say(s, RE_REFUSALS);
		return;
	}
	code = smtpd_say_verdict(&s->out, code, enhanced, text);
	if (said_goodbye(s, code))
		return;
	if (code < 300) {
		rcpt_add(s);
		s->idle--;
	}
	arena_done(&s->ask);
	s->asked = (struct addr){ 0 };
	smtpd_enter(s, s->mail.n_rcpts ? ST_RCPT : ST_MAIL);
	run(s);
}

void smtpd_spool_verdict(struct smtpd *s, int code, struct str enhanced, struct str text)
{
	assert(s->state == ST_SPOOL);
	if (code == 354) {
		if (!s->bdat)
			smtpd_say(s, RE_GO_DATA);
		smtpd_enter(s, ST_DATA);
		smtpd_data_begin(s);
	} else if (s->bdat && code != 421) {
		smtpd_say_verdict(&s->answer, code < 400 ? 0 : code, enhanced, text);
		s->broken = true;
		smtpd_enter(s, ST_CHUNK);
		smtpd_skip(s, s->chunk, RE_NONE, s->last);
	} else {
		code = smtpd_say_verdict(&s->out, code < 400 ? 0 : code, enhanced, text);
		if (said_goodbye(s, code))
			return;
		smtpd_enter(s, ST_RCPT);
	}
	run(s);
}

struct str smtpd_body(const struct smtpd *s)
{
	return str_of(s->in.p + s->at, s->view);
}

void smtpd_body_taken(struct smtpd *s)
{
	assert(smtpd_want(s) == SMTPD_BODY);
	smtpd_data_taken(s);
	run(s);
}

void smtpd_body_refuse(struct smtpd *s, int code, struct str enhanced, struct str text)
{
	assert(smtpd_want(s) == SMTPD_BODY);
	code = smtpd_say_verdict(&s->answer, code < 400 ? 0 : code, enhanced, text);
	if (code == 421) {
		buf_add(&s->out, buf_str(&s->answer));
		said_goodbye(s, code);
		return;
	}
	s->swallow = true;
	s->why = "host";
	smtpd_data_taken(s);
	run(s);
}

struct str smtpd_auth_user(const struct smtpd *s)
{
	assert(s->state == ST_TRY);
	return s->user;
}

struct str smtpd_auth_password(const struct smtpd *s)
{
	assert(s->state == ST_TRY);
	return s->password;
}

void smtpd_auth_verdict(struct smtpd *s, int code, struct str enhanced, struct str text)
{
	assert(s->state == ST_TRY);
	if (code == 421) {
		smtpd_shut(s, code, enhanced, text);
		return;
	}
	smtpd_auth_judged(s, code, enhanced, text);
	run(s);
}

void smtpd_dropped(struct smtpd *s)
{
	assert(smtpd_want(s) == SMTPD_DROP);
	s->drop = false;
	run(s);
}

void smtpd_commit_verdict(struct smtpd *s, int code, struct str enhanced, struct str text)
{
	assert(s->state == ST_COMMIT);
	code = smtpd_say_verdict(&s->out, code, enhanced, text);
	if (code < 300) {
		s->accepted++;
		s->idle = 0;
	}
	if (said_goodbye(s, code))
		return;
	if (!s->config->lmtp || ++s->answered == s->mail.n_rcpts) {
		smtpd_mail_end(s);
		smtpd_enter(s, ST_IDLE);
	}
	run(s);
}

void smtpd_tls_done(struct smtpd *s, bool ok)
{
	if (s->state == ST_END) /* clear text came in between */
		return;
	assert(s->state == ST_TLS);
	if (!ok) {
		s->why = "tls-failed";
		smtpd_enter(s, ST_END);
		return;
	}
	/* RFC 3207 4.2: nothing that was learnt in clear is kept. */
	free(s->helo);
	s->helo = NULL;
	s->esmtp = s->authenticated = false;
	s->tls = true;
	smtpd_enter(s, ST_START);
}

void smtpd_shut(struct smtpd *s, int code, struct str enhanced, struct str text)
{
	if (s->state == ST_END)
		return;
	if (s->state != ST_TLS)
		smtpd_say_verdict(&s->out, code < 400 ? 421 : code, enhanced, text);
	s->why = "host";
	smtpd_enter(s, ST_END);
}

const struct smtpd_mail *smtpd_mail(const struct smtpd *s)
{
	return &s->mail;
}

struct str smtpd_helo(const struct smtpd *s)
{
	return str_c(s->helo);
}

bool smtpd_is_esmtp(const struct smtpd *s)
{
	return s->esmtp;
}

bool smtpd_is_tls(const struct smtpd *s)
{
	return s->tls;
}

bool smtpd_is_authenticated(const struct smtpd *s)
{
	return s->authenticated;
}

bool smtpd_in_data(const struct smtpd *s)
{
	return s->state == ST_DATA || s->state == ST_CHUNK;
}

size_t smtpd_answered(const struct smtpd *s)
{
	return s->answered;
}

unsigned smtpd_accepted(const struct smtpd *s)
{
	return s->accepted;
}

unsigned smtpd_errors(const struct smtpd *s)
{
	return s->errors;
}

const char *smtpd_why(const struct smtpd *s)
{
	return s->why;
}
