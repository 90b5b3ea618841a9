#include "proto/smtpc.h"

#include "proto/dialog.h"
#include "proto/testclient.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

/* ---- the dialogs ----------------------------------------------------------------------------------------------- */

static const struct mode {
	const char *name;
	size_t piece, body; /* of input; of body, 0: as there is room */
} modes[] = {
	{ "turn by turn", SMTPC_REPLY_MAX, 0 },
	{ "byte by byte", 1, 1 },
	{ "in fives and thousands", 5, 1000 },
};

enum op { OP_INPUT, OP_TURN, OP_WAIT, OP_LOST };

struct step {
	enum op op;
	struct str bytes;
	size_t said; /* bytes expected to have been written before it */
	unsigned line;
};

enum { STEPS = 1000, MAILS = 20, SCRIPT_OUT = 4 << 20 };

struct script {
	const char *path;
	struct dialog dialog;
	struct smtpc_config config;
	struct step steps[STEPS];
	struct tc_mail mails[MAILS];
	struct str outcomes[MAILS];
	size_t n_steps, n_mails, n_outcomes;
	struct buf out, body;
	bool quit, tls_fail, client_spoke;
	size_t lie; /* bytes announced and not there */
	struct str end, session;
	unsigned line;
};

static void complain(const struct script *s, const char *mode, unsigned line, const char *what,
                     struct str got)
{
	fprintf(stderr, "%s:%u (%s): %s: \"%.*s\"\n", s->path, line, mode, what,
	        (int)(got.n > 900 ? 900 : got.n), got.p ? got.p : "");
	fail();
}

static void step(struct script *s, enum op op, struct str bytes)
{
	assert_true(s->n_steps < STEPS);
	s->steps[s->n_steps++] = (struct step){ op, bytes, s->out.n, s->line };
}

static void on_server_raw(struct script *s, struct str text)
{
	if (s->client_spoke)
		step(s, OP_TURN, STR_NONE);
	s->client_spoke = false;
	step(s, OP_INPUT, text);
}

static void on_server(struct script *s, struct str text)
{
	on_server_raw(s, text);
	step(s, OP_INPUT, STR("\r\n"));
}

static void on_client_raw(struct script *s, struct str text)
{
	buf_add(&s->out, text);
	s->client_spoke = true;
}

static void on_client(struct script *s, struct str text)
{
	on_client_raw(s, text);
	buf_add(&s->out, STR("\r\n"));
}

static void on_hello(struct script *s, struct str text)
{
	on_server(s, STR("220 hop.example ESMTP"));
	on_client(s, STR("EHLO relay.example"));
	on_server(s, STR("250-hop.example"));
	on_server(s, STR("250-PIPELINING"));
	on_server(s, STR("250-SIZE 1000"));
	on_server(s, STR("250-8BITMIME"));
	on_server(s, STR("250 SMTPUTF8"));
}

/* "MAIL sender rcpt [8][U][F]"; "-" is the null sender. The B: lines before it are its body. */
static void on_mail(struct script *s, struct str text)
{
	struct tc_mail *m = &s->mails[s->n_mails++];

	assert_true(s->n_mails <= MAILS);
	m->body = arena_str(&s->dialog.arena, buf_str(&s->body));
	buf_clear(&s->body);
	m->mail.sender = dialog_word(&text);
	if (str_eq(m->mail.sender, STR("-")))
		m->mail.sender = STR_NONE;
	m->mail.rcpt = dialog_word(&text);
	m->mail.bytes = m->body.n + s->lie;
	m->mail.eightbit = str_chr(text, '8') < text.n;
	m->mail.smtputf8 = str_chr(text, 'U') < text.n;
	m->fail = str_chr(text, 'F') < text.n;
}

static void on_body(struct script *s, struct str text)
{
	buf_add(&s->body, text);
	buf_add(&s->body, STR("\r\n"));
}

static void on_body_raw(struct script *s, struct str text)
{
	buf_add(&s->body, text);
}

static void on_outcome(struct script *s, struct str text)
{
	assert_true(s->n_outcomes < MAILS);
	s->outcomes[s->n_outcomes++] = text;
}

static void on_session(struct script *s, struct str text)
{
	s->session = text;
}

static void on_wait(struct script *s, struct str text)
{
	step(s, OP_WAIT, STR_NONE);
}

static void on_lost(struct script *s, struct str text)
{
	step(s, OP_LOST, text);
}

static void on_quit(struct script *s, struct str text)
{
	s->quit = true;
}

static void on_end(struct script *s, struct str text)
{
	s->end = text;
}

static void on_config(struct script *s, struct str text)
{
	struct str key = dialog_word(&text);

	if (str_eq(key, STR("tls")))
		s->config.tls = (enum smtpc_tls)dialog_number(text);
	else if (str_eq(key, STR("handshake")))
		s->tls_fail = !dialog_number(text);
	else if (str_eq(key, STR("user")))
		s->config.user = text;
	else if (str_eq(key, STR("password")))
		s->config.password = text;
	else if (str_eq(key, STR("clear")))
		s->config.auth_in_clear = dialog_number(text);
	else if (str_eq(key, STR("chunking")))
		s->config.chunking = dialog_number(text);
	else if (str_eq(key, STR("lie")))
		s->lie = dialog_number(text);
	else
		dialog_die(s->path, s->line, "no such setting");
}

static const struct {
	const char *key;
	void (*read)(struct script *s, struct str text);
} keys[] = {
	{ "S:", on_server },     { "S>", on_server_raw }, { "S*", on_server_raw }, { "C:", on_client },
	{ "C>", on_client_raw }, { "C*", on_client_raw }, { "HELLO", on_hello },   { "MAIL", on_mail },
	{ "B:", on_body },       { "B>", on_body_raw },   { "B*", on_body_raw },   { "O:", on_outcome },
	{ "X:", on_session },    { "--", on_wait },       { "LOST", on_lost },     { "QUIT", on_quit },
	{ "END", on_end },       { "=", on_config },
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

static void check_said(const struct script *s, const struct mode *mode, const struct testclient *t, size_t n,
                       unsigned line)
{
	if (!str_eq(str_first(buf_str(&s->out), n), buf_str(&t->out)))
		complain(s, mode->name, line, "was written", buf_str(&t->out));
}

static void print_outcome(const struct smtpc_outcome *o, struct buf *out)
{
	static const char *const kinds[] = { "none", "delivered", "temp", "perm" };

	buf_clear(out);
	buf_addf(out, "%s %d %s%s%s %s", kinds[o->kind], o->code, o->enhanced[0] ? o->enhanced : "-",
	         o->own ? " own" : "", o->dot_sent ? " twice" : "", o->text);
}

static void check_end(const struct script *s, const struct mode *mode, const struct testclient *t)
{
	static const char *const wants[] = { "input", "ready", "body", "output", "outcome", "tls", "closed" };
	OWN(buf) words = BUF(2000);

	if (t->n_outcomes != s->n_outcomes)
		complain(s, mode->name, 0, "other number of outcomes, the end is",
		         str_c(wants[smtpc_want(t->c)]));
	for (size_t i = 0; i < s->n_outcomes; i++) {
		print_outcome(&t->outcomes[i], &words);
		if (!str_eq(buf_str(&words), s->outcomes[i]))
			complain(s, mode->name, (unsigned)i, "is the outcome", buf_str(&words));
	}
	print_outcome(smtpc_outcome(t->c), &words);
	if (s->session.n && !str_eq(buf_str(&words), s->session))
		complain(s, mode->name, 0, "is the session's outcome", buf_str(&words));
	if (!str_eq(s->end, str_c(wants[smtpc_want(t->c)])))
		complain(s, mode->name, 0, "is the end", str_c(wants[smtpc_want(t->c)]));
}

static void give(struct testclient *t, const struct mode *mode, struct buf *pending)
{
	testclient_input(t, buf_str(pending), mode->piece);
	testclient_serve(t);
	buf_clear(pending);
}

static void run_steps(const struct script *s, const struct mode *mode, struct testclient *t)
{
	OWN(buf) pending = BUF(SCRIPT_OUT);

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct step *st = &s->steps[i];

		if (st->op == OP_INPUT) {
			buf_add(&pending, st->bytes);
			continue;
		}
		give(t, mode, &pending);
		check_said(s, mode, t, st->said, st->line);
		if (st->op == OP_WAIT)
			testclient_tls(t);
		if (st->op == OP_LOST)
			smtpc_lost(t->c, st->bytes);
	}
	give(t, mode, &pending);
}

static void run_mode(const struct script *s, const struct mode *mode)
{
	struct testclient t;

	testclient_init(&t, &s->config);
	for (size_t i = 0; i < s->n_mails; i++)
		testclient_add(&t, &s->mails[i]);
	t.quit = s->quit;
	t.tls_fail = s->tls_fail;
	t.piece = mode->body;
	run_steps(s, mode, &t);
	check_said(s, mode, &t, s->out.n, 0);
	check_end(s, mode, &t);
	testclient_done(&t);
}

static void run_dialog(const char *path, void *arg)
{
	static struct script s;

	s = (struct script){ .path = path, .out = BUF(SCRIPT_OUT), .body = BUF(SCRIPT_OUT) };
	s.config.helo = STR("relay.example");
	dialog_read(path, &s.dialog);
	for (size_t i = 0; i < s.dialog.n; i++)
		read_line(&s, &s.dialog.lines[i]);
	for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++)
		run_mode(&s, &modes[m]);
	buf_done(&s.out);
	buf_done(&s.body);
	dialog_done(&s.dialog);
}

static void test_dialogs(void **state)
{
	size_t n = dialog_each(POSTERN_ROOT "/tests/dialogs", "client-", run_dialog, NULL);

	printf("%zu client dialogs, each in %zu ways\n", n, sizeof(modes) / sizeof(modes[0]));
	assert_true(n >= 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
