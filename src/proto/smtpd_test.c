#include "proto/smtpd.h"

#include "proto/dialog.h"
#include "proto/testhost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

/* ---- the dialogs ----------------------------------------------------------------------------------------------- */

/* Each dialog is run in all of these ways, with one and the same expectation. */
static const struct mode {
	const char *name;
	size_t piece;
	bool turns; /* the client waits for its replies; else all is pipelined up to the next "--" */
	size_t park, send;
} modes[] = {
	{ "turn by turn", SMTPD_ROOM, true, 0, 0 },
	{ "byte by byte", 1, true, 0, 0 },
	{ "all at once", SMTPD_ROOM, false, 0, 0 },
	{ "all at once, byte by byte", 1, false, 0, 0 },
	{ "in sevens, more while parked", 7, false, 5, 0 },
	{ "a slow reader", SMTPD_ROOM, false, SMTPD_ROOM, 3 },
};

enum op { OP_SEND, OP_TURN, OP_WAIT, OP_SHUT };

struct step {
	enum op op;
	struct str bytes;
	struct th_verdict shut;
	unsigned line;
};

struct expected {
	struct str text;
	bool prefix;
	unsigned line;
	size_t steps; /* steps done when it must have been said */
};

struct wanted {
	struct str body, facts;
	bool any;
	unsigned line;
};

enum { STEPS = 2000, MESSAGES = 50, SCRIPT_BODY = 8 << 20 };

struct script {
	const char *path;
	struct dialog dialog;
	struct smtpd_config config;
	struct step steps[STEPS];
	struct expected said[STEPS];
	struct wanted messages[MESSAGES];
	struct th_verdict verdicts[TH_KINDS][TH_VERDICTS];
	size_t n_steps, n_said, n_messages, n_verdicts[TH_KINDS], drops;
	struct buf body; /* of the message whose M: lines are being read */
	struct str facts;
	struct str end, why;
	unsigned line;
};

static void complain(const char *path, const char *mode, unsigned line, const char *what, struct str got)
{
	fprintf(stderr, "%s:%u (%s): %s: \"%.*s\"\n", path, line, mode, what,
	        (int)(got.n > 900 ? 900 : got.n), got.p ? got.p : "");
	fail();
}

static struct step *step(struct script *s, enum op op)
{
	struct step *st = &s->steps[s->n_steps++];

	assert_true(s->n_steps < STEPS);
	*st = (struct step){ .op = op, .line = s->line };
	return st;
}

static void on_raw(struct script *s, struct str text)
{
	bool answered = s->n_said && s->said[s->n_said - 1].steps == s->n_steps;

	if (answered)
		step(s, OP_TURN);
	step(s, OP_SEND)->bytes = text;
}

static void on_send(struct script *s, struct str text)
{
	on_raw(s, text);
	step(s, OP_SEND)->bytes = STR("\r\n");
}

static void on_said(struct script *s, struct str text)
{
	assert_true(s->n_said < STEPS);
	s->said[s->n_said++] = (struct expected){ text, false, s->line, s->n_steps };
}

static void on_said_prefix(struct script *s, struct str text)
{
	on_said(s, text);
	s->said[s->n_said - 1].prefix = true;
}

static const char *const ehlo[] = {
	"250-mx.example", "250-PIPELINING", "250-SIZE 52428800", "250-8BITMIME", "250-ENHANCEDSTATUSCODES",
	"250-CHUNKING",   "250-SMTPUTF8",   "250-STARTTLS",      "250 HELP",
};

static void on_hello(struct script *s, struct str text)
{
	on_said(s, STR("220 mx.example ESMTP"));
	on_send(s, STR("EHLO client.example"));
	for (size_t i = 0; i < sizeof(ehlo) / sizeof(ehlo[0]); i++)
		on_said(s, str_c(ehlo[i]));
}

static void on_begin(struct script *s, struct str text)
{
	on_hello(s, text);
	on_send(s, STR("MAIL FROM:<a@b.example>"));
	on_said(s, STR("250 2.1.0 Sender noted"));
	on_send(s, STR("RCPT TO:<c@d.example>"));
	on_said(s, STR("250 2.1.5 Recipient noted"));
}

static void on_data(struct script *s, struct str text)
{
	on_send(s, STR("DATA"));
	on_said(s, STR("354 Send the message, end it with a line that holds a single dot"));
}

static void on_wait(struct script *s, struct str text)
{
	step(s, OP_WAIT);
}

static void on_verdict(struct script *s, struct str text)
{
	static const char *const kinds[TH_KINDS] = { "rcpt", "spool", "body", "commit", "tls", "auth" };
	struct str kind = dialog_word(&text);
	struct th_verdict v = { .code = (int)dialog_number(dialog_word(&text)) };

	v.enhanced = dialog_word(&text);
	v.text = text;
	if (str_eq(kind, STR("shut"))) {
		step(s, OP_SHUT)->shut = v;
		return;
	}
	for (int k = 0; k < TH_KINDS; k++) {
		if (!str_eq(kind, str_c(kinds[k])))
			continue;
		s->verdicts[k][s->n_verdicts[k]++] = v;
		return;
	}
	dialog_die(s->path, s->line, "no such verdict");
}

static void on_message_raw(struct script *s, struct str text)
{
	buf_add(&s->body, text);
}

static void on_message(struct script *s, struct str text)
{
	buf_add(&s->body, text);
	buf_add(&s->body, STR("\r\n"));
}

static void on_facts(struct script *s, struct str text)
{
	s->facts = text;
}

static void on_message_end(struct script *s, struct str text)
{
	struct str body = arena_str(&s->dialog.arena, buf_str(&s->body));

	assert_true(s->n_messages < MESSAGES);
	s->messages[s->n_messages++] = (struct wanted){ body, s->facts, false, s->line };
	buf_clear(&s->body);
	s->facts = STR_NONE;
}

static void on_message_any(struct script *s, struct str text)
{
	on_message_end(s, text);
	s->messages[s->n_messages - 1].any = true;
}

static void on_drops(struct script *s, struct str text)
{
	s->drops = dialog_number(text);
}

static void on_end(struct script *s, struct str text)
{
	s->end = dialog_word(&text);
	s->why = text;
}

static void set_config(struct smtpd_config *c, struct str key, size_t n)
{
	struct smtpd_limits *l = &c->limits;
	const struct {
		struct str key;
		unsigned *small;
		size_t *size;
		bool *flag;
	} rows[] = {
		{ STR("header-line"), NULL, &l->header_line, NULL },
		{ STR("header-block"), NULL, &l->header_block, NULL },
		{ STR("body-line"), NULL, &l->body_line, NULL },
		{ STR("rcpts"), &l->rcpts, NULL, NULL },
		{ STR("errors"), &l->errors, NULL, NULL },
		{ STR("refusals"), &l->refusals, NULL, NULL },
		{ STR("idle"), &l->idle, NULL, NULL },
		{ STR("messages"), &l->messages, NULL, NULL },
		{ STR("starttls"), NULL, NULL, &c->starttls },
		{ STR("lmtp"), NULL, NULL, &c->lmtp },
		{ STR("submission"), NULL, NULL, &c->submission },
		{ STR("tls"), NULL, NULL, &c->tls },
		{ STR("tries"), &l->tries, NULL, NULL },
		{ STR("smtputf8"), NULL, NULL, &c->smtputf8 },
	};

	if (str_eq(key, STR("message")))
		l->message = n;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!str_eq(key, rows[i].key))
			continue;
		if (rows[i].small)
			*rows[i].small = (unsigned)n;
		if (rows[i].size)
			*rows[i].size = n;
		if (rows[i].flag)
			*rows[i].flag = n != 0;
	}
}

static void on_config(struct script *s, struct str text)
{
	struct str key = dialog_word(&text);

	set_config(&s->config, key, dialog_number(text));
}

static const struct {
	const char *key;
	void (*read)(struct script *s, struct str text);
} keys[] = {
	{ "C:", on_send },        { "C>", on_raw },         { "C*", on_raw },
	{ "S:", on_said },        { "S~", on_said_prefix }, { "HELLO", on_hello },
	{ "BEGIN", on_begin },    { "DATA", on_data },      { "--", on_wait },
	{ "V:", on_verdict },     { "M:", on_message },     { "M>", on_message_raw },
	{ "M*", on_message_raw }, { "M.", on_message_end }, { "M?", on_message_any },
	{ "F:", on_facts },       { "D:", on_drops },       { "END", on_end },
	{ "=", on_config },
};

static void read_line(struct script *s, const struct dialog_line *line)
{
	s->line = line->number;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (str_eq(line->key, str_c(keys[i].key))) {
			keys[i].read(s, line->text);
			return;
		}
	}
	dialog_die(s->path, line->number, "no such key");
}

static struct smtpd_config plain_config(void)
{
	return (struct smtpd_config){ .hostname = STR("mx.example"),
		                      .limits = smtpd_limits_default,
		                      .starttls = true,
		                      .smtputf8 = true };
}

static void script_read(const char *path, struct script *s)
{
	*s = (struct script){ .path = path, .config = plain_config(), .body = BUF(SCRIPT_BODY) };
	dialog_read(path, &s->dialog);
	for (size_t i = 0; i < s->dialog.n; i++)
		read_line(s, &s->dialog.lines[i]);
	if (!s->end.n)
		dialog_die(path, 0, "has no END");
}

/* Compares what was said with what was expected after `steps`. */
static void check_said(const struct script *s, const struct mode *mode, const struct testhost *h,
                       size_t steps)
{
	struct str rest = buf_str(&h->out);

	for (size_t i = 0; i < s->n_said && s->said[i].steps <= steps; i++) {
		const struct expected *e = &s->said[i];
		size_t n = str_find(rest, STR("\r\n"));
		struct str line = str_first(rest, n);

		if (n == rest.n)
			complain(s->path, mode->name, e->line, "nothing was said", rest);
		if (e->prefix ? !str_starts(line, e->text) : !str_eq(line, e->text))
			complain(s->path, mode->name, e->line, "was said instead", rest);
		rest = str_from(rest, n + 2);
	}
	if (rest.n)
		complain(s->path, mode->name, s->steps[steps ? steps - 1 : 0].line, "was said besides", rest);
}

static void check_messages(const struct script *s, const struct mode *mode, const struct testhost *h)
{
	if (s->n_messages != h->n_got || s->drops != h->drops)
		complain(s->path, mode->name, 0, "other numbers of messages or drops",
		         h->n_got ? buf_str(&h->got[0].facts) : STR("none"));
	for (size_t i = 0; i < s->n_messages; i++) {
		const struct wanted *w = &s->messages[i];
		struct str facts = w->facts, got = buf_str(&h->got[i].facts), word;

		if (!w->any && !str_eq(w->body, buf_str(&h->got[i].body)))
			complain(s->path, mode->name, w->line, "was accepted", buf_str(&h->got[i].body));
		while ((word = dialog_word(&facts)).n)
			if (str_find(got, word) == got.n)
				complain(s->path, mode->name, w->line, "are the facts", got);
	}
}

static void shut(struct testhost *h, const struct th_verdict *v)
{
	smtpd_shut(h->s, v->code, v->enhanced, v->text);
	buf_add(&h->out, smtpd_output(h->s));
	smtpd_sent(h->s, smtpd_output(h->s).n);
}

static void run_steps(const struct script *s, const struct mode *mode, struct testhost *h)
{
	OWN(buf) pending = BUF(SCRIPT_BODY);

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct step *st = &s->steps[i];

		buf_add(&pending, st->bytes);
		if (st->op == OP_SEND || (st->op == OP_TURN && !mode->turns))
			continue;
		testhost_input(h, buf_str(&pending), mode->piece);
		buf_clear(&pending);
		if (mode->turns)
			check_said(s, mode, h, i);
		if (st->op == OP_WAIT)
			testhost_tls(h);
		if (st->op == OP_SHUT)
			shut(h, &st->shut);
	}
	testhost_input(h, buf_str(&pending), mode->piece);
}

static void run_mode(const struct script *s, const struct mode *mode)
{
	struct testhost h;
	bool closed;

	testhost_init(&h, &s->config);
	h.park = mode->park;
	h.send = mode->send;
	for (int k = 0; k < TH_KINDS; k++)
		for (size_t i = 0; i < s->n_verdicts[k]; i++)
			testhost_verdict(&h, (enum th_kind)k, s->verdicts[k][i]);
	run_steps(s, mode, &h);
	check_said(s, mode, &h, s->n_steps);
	check_messages(s, mode, &h);
	if (!testhost_verdicts_used(&h))
		complain(s->path, mode->name, 0, "a verdict was not asked for", STR(""));
	closed = smtpd_want(h.s) == SMTPD_CLOSE;
	if (!str_eq(s->end, closed ? STR("closed") : STR("open")) || !str_eq(s->why, str_c(smtpd_why(h.s))))
		complain(s->path, mode->name, 0, closed ? "closed, why" : "open, why", str_c(smtpd_why(h.s)));
	testhost_done(&h);
}

static void run_dialog(const char *path, void *arg)
{
	static struct script s;

	script_read(path, &s);
	for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++)
		run_mode(&s, &modes[m]);
	buf_done(&s.body);
	dialog_done(&s.dialog);
}

static void test_dialogs(void **state)
{
	size_t n = dialog_each(POSTERN_ROOT "/tests/dialogs", "server-", run_dialog, NULL);

	printf("%zu server dialogs, each in %zu ways\n", n, sizeof(modes) / sizeof(modes[0]));
	assert_true(n >= 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
