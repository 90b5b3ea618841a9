/* chasquid's SMTP dialogues (.cmy files of its test suite) against our server. "c -> " sends a line, "c ~> " the value of
 * an expression, "c <~ " and "c <- " expect a reply, "c <... " skips replies up to one. Their texts are their own; a
 * reply agrees when it is of the expected class (2yz, 3yz, 4yz or 5yz). */
#include "proto/dialog.h"
#include "proto/testhost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FOLDER "chasquid/test/"

static const struct {
	const char *file;
	const char *skip; /* why it does not apply; NULL: it is run */
} files[] = {
	{ "t-04-aliases/test_chasquid_util.cmy", "a command line, no SMTP" },
	{ "t-05-null_address/sendmail.cmy", NULL },
	{ "t-12-minor_dialogs/auth_multi_dialog.cmy", "AUTH is not offered on this port" },
	{ "t-12-minor_dialogs/auth_not_tls.cmy", NULL },
	{ "t-12-minor_dialogs/auth_too_many_failures.cmy", "AUTH is not offered on this port" },
	{ "t-12-minor_dialogs/bad_data.cmy", NULL },
	{ "t-12-minor_dialogs/bad_data_dot.cmy", NULL },
	{ "t-12-minor_dialogs/bad_data_dot_2.cmy", NULL },
	{ "t-12-minor_dialogs/bad_data_dot_on_message_too_big.cmy", NULL },
	{ "t-12-minor_dialogs/bad_mail_from.cmy", NULL },
	{ "t-12-minor_dialogs/bad_rcpt_to.cmy", NULL },
	{ "t-12-minor_dialogs/data_dot_stuffing.cmy", NULL },
	{ "t-12-minor_dialogs/empty_helo.cmy", NULL },
	{ "t-12-minor_dialogs/helo.cmy", NULL },
	{ "t-12-minor_dialogs/line_too_long.cmy", NULL },
	{ "t-12-minor_dialogs/message_too_big.cmy", NULL },
	{ "t-12-minor_dialogs/sendmail.cmy", NULL },
	{ "t-12-minor_dialogs/unknown_command.cmy", NULL },
	{ "t-12-minor_dialogs/wrong_proto.cmy", NULL },
};

/* Where we differ on purpose: their line, the class of our reply, and why. */
static const struct {
	struct str line;
	char ours;
	const char *why;
} differences[] = {
	{ STR_INIT("c <~ 554 5.6.0 Error parsing message"), '2',
	  "headers are judged after the machine, by the core" },
	{ STR_INIT("c <- 502 5.7.0 You hear someone cursing shoplifters"), '4',
	  "421 and the end, as RFC 5321 3.8 has it" },
};

/* What they send and take, and RFC 5321 4.1.2 forbids: said in the right form, so that the rest can be heard. */
static const struct {
	struct str theirs, right;
} respelled[] = {
	{ STR_INIT("RCPT TO: user@testserver"), STR_INIT("RCPT TO:<user@testserver>") },
};

struct play {
	const char *path;
	unsigned line;
	struct smtpd_config config;
	struct testhost h;
	bool open;
	size_t heard;
	struct buf pending;
	struct arena arena;
};

static void wrong(const struct play *p, const char *what, struct str got)
{
	fprintf(stderr, "%s:%u: %s: %.*s\n", p->path, p->line, what, STR_ARG(got));
	fail();
}

static void hang_up(struct play *p)
{
	if (p->open)
		testhost_done(&p->h);
	p->open = false;
	p->heard = 0;
	buf_clear(&p->pending);
}

static void dial(struct play *p, struct str text)
{
	hang_up(p);
	testhost_init(&p->h, &p->config);
	p->open = true;
}

static void send(struct play *p, struct str text)
{
	for (size_t i = 0; i < sizeof(respelled) / sizeof(respelled[0]); i++)
		if (str_eq(text, respelled[i].theirs))
			text = respelled[i].right;
	buf_add(&p->pending, text);
	buf_add(&p->pending, STR("\r\n"));
}

/* expr := term { "+" term }; term := factor { "*" number }; factor := 'text' | "(" expr ")". As in their files. */
static struct buf expr(struct play *p, struct str *s);

static struct buf factor(struct play *p, struct str *s)
{
	struct buf out = BUF(4 << 20);

	if (s->n && s->p[0] == '(') {
		*s = str_from(*s, 1);
		buf_done(&out);
		out = expr(p, s);
		*s = str_from(*s, 1);
		return out;
	}
	*s = str_from(*s, 1);
	for (; s->n && s->p[0] != '\''; *s = str_from(*s, 1)) {
		if (s->p[0] != '\\') {
			buf_addc(&out, s->p[0]);
			continue;
		}
		*s = str_from(*s, 1);
		buf_addc(&out, s->p[0] == 'r' ? '\r' : '\n');
	}
	*s = str_from(*s, 1);
	return out;
}

static bool takes(struct str *s, char c)
{
	struct str rest = str_trim(*s);

	if (!rest.n || rest.p[0] != c)
		return false;
	*s = str_trim(str_from(rest, 1));
	return true;
}

static struct buf term(struct play *p, struct str *s)
{
	struct buf out = factor(p, s);

	while (takes(s, '*')) {
		size_t n = 0, once = out.n;
		struct str copy = arena_str(&p->arena, buf_str(&out));

		while (s->n && s->p[0] >= '0' && s->p[0] <= '9') {
			n = n * 10 + (size_t)(s->p[0] - '0');
			*s = str_from(*s, 1);
		}
		assert_true(n && once);
		while (--n)
			buf_add(&out, copy);
	}
	return out;
}

static struct buf expr(struct play *p, struct str *s)
{
	struct buf out = term(p, s);

	while (takes(s, '+')) {
		OWN(buf) more = term(p, s);

		buf_add(&out, buf_str(&more));
	}
	assert_false(out.over);
	return out;
}

static void send_value(struct play *p, struct str text)
{
	OWN(buf) value = expr(p, &text);

	assert_int_equal(text.n, 0);
	buf_add(&p->pending, buf_str(&value));
}

static struct str hear(struct play *p)
{
	struct str rest, line;

	testhost_input(&p->h, buf_str(&p->pending), 1000);
	buf_clear(&p->pending);
	rest = str_from(buf_str(&p->h.out), p->heard);
	line = str_first(rest, str_find(rest, STR("\r\n")));
	if (line.n == rest.n)
		wrong(p, "nothing was said", rest);
	p->heard += line.n + 2;
	return line;
}

/* Steps over the lines before the last of a reply. */
static struct str hear_last(struct play *p)
{
	struct str line = hear(p);

	while (line.n > 3 && line.p[3] == '-')
		line = hear(p);
	return line;
}

static void expect(struct play *p, struct str text, char class)
{
	struct str line = hear_last(p);

	if (line.p[0] != class)
		wrong(p, "was said", line);
}

static void expect_same(struct play *p, struct str text)
{
	expect(p, text, text.p[0]);
}

static void skip_to(struct play *p, struct str text)
{
	while (!str_starts(hear(p), text))
		;
}

static void close_it(struct play *p, struct str text)
{
	hang_up(p);
}

static const struct {
	struct str key;
	void (*run)(struct play *p, struct str text);
} keys[] = {
	{ STR_INIT("c tcp_connect "), dial }, { STR_INIT("c close"), close_it },
	{ STR_INIT("c -> "), send },          { STR_INIT("c ->"), send },
	{ STR_INIT("c ~> "), send_value },    { STR_INIT("c <~ "), expect_same },
	{ STR_INIT("c <- "), expect_same },   { STR_INIT("c <... "), skip_to },
};

static void play_line(struct play *p, struct str line)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		if (str_eq(line, differences[i].line)) {
			expect(p, line, differences[i].ours);
			return;
		}
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (str_starts(line, keys[i].key)) {
			keys[i].run(p, str_from(line, keys[i].key.n));
			return;
		}
	}
	wrong(p, "is not understood", line);
}

static void play_file(const char *path)
{
	struct play p = { .path = path, .pending = BUF(4 << 20) };
	struct str rest;

	p.config = (struct smtpd_config){ .hostname = STR("mx.example"), .limits = smtpd_limits_default };
	p.config.limits.message = 1 << 20; /* theirs */
	p.config.smtputf8 = true;
	rest = dialog_slurp(path, &p.arena);
	while (rest.n) {
		struct str line = str_cut(&rest, '\n');

		p.line++;
		if (line.n && line.p[0] != '#')
			play_line(&p, line);
	}
	hang_up(&p);
	buf_done(&p.pending);
	arena_done(&p.arena);
}

/* The folder, relative to the repository's root when it is. */
static bool vectors(char *path, size_t n)
{
	const char *at = getenv("POSTERN_VECTORS");

	snprintf(path, n, "%s%s", at && at[0] == '/' ? "" : POSTERN_ROOT "/", at ? at : "../shared/vectors");
	return access(path, R_OK) == 0;
}

static void test_chasquid(void **state)
{
	char folder[1000], path[2000];
	size_t ran = 0;

	if (!vectors(folder, sizeof(folder))) {
		printf("SKIP chasquid's dialogues: no %s\n", folder);
		skip();
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/" FOLDER "%s", folder, files[i].file);
		if (files[i].skip) {
			printf("does not apply: %s: %s\n", files[i].file, files[i].skip);
			continue;
		}
		play_file(path);
		ran++;
	}
	printf("%zu dialogues of chasquid\n", ran);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_chasquid) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
