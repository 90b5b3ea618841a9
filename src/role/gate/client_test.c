#include "role/gate/client_test.h"

#include "base/clock.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct client *client_new(struct world *w)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(w->port) };
	struct client *c = xnew(struct client);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->w = w;
	c->in = BUF(1 << 20);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
	return c;
}

void client_free(struct client *c)
{
	tls_free(c->tls);
	tls_client_free(c->policy);
	close(c->fd);
	buf_done(&c->in);
	free(c);
}

static size_t put_some(struct client *c, struct str s)
{
	struct fail f = { 0 };
	size_t n = 0;
	ssize_t r;

	if (c->tls) {
		enum tls_want t = tls_write(c->tls, s, &n, &f);

		assert_true(t == TLS_DONE || t == TLS_WANT_WRITE);
		return t == TLS_DONE ? n : 0;
	}
	r = send(c->fd, s.p, s.n, MSG_NOSIGNAL);
	assert_true(r >= 0 || errno == EAGAIN);
	return r < 0 ? 0 : (size_t)r;
}

void client_send(struct client *c, struct str bytes)
{
	uint64_t end = clock_mono_ms() + PATIENCE_MS;

	while (bytes.n) {
		bytes = str_from(bytes, put_some(c, bytes));
		if (bytes.n)
			world_turn(c->w);
		assert_true(clock_mono_ms() < end);
	}
}

void client_say(struct client *c, const char *line)
{
	OWN(buf) b = BUF(65536);

	buf_addf(&b, "%s\r\n", line);
	client_send(c, buf_str(&b));
}

static void get_some(struct client *c)
{
	char chunk[16384];
	struct fail f = { 0 };
	size_t n = 0;
	ssize_t r;

	if (c->tls) {
		enum tls_want t = tls_read(c->tls, chunk, sizeof(chunk), &n, &f);

		c->ended |= t == TLS_CLOSED || t == TLS_FAILED;
	} else {
		r = recv(c->fd, chunk, sizeof(chunk), 0);
		n = r > 0 ? (size_t)r : 0;
		c->ended |= r == 0 || (r < 0 && errno != EAGAIN);
	}
	buf_add(&c->in, str_of(chunk, n));
}

/* Length of the first whole reply in s, or 0. */
static size_t whole_reply(struct str s)
{
	size_t at = 0;

	for (;;) {
		struct str rest = str_from(s, at);
		size_t eol = str_find(rest, STR("\r\n"));

		if (eol == rest.n)
			return 0;
		at += eol + 2;
		if (eol < 4 || rest.p[3] != '-')
			return at;
	}
}

const char *client_hears(struct client *c, const char *begin)
{
	static char text[8192];
	uint64_t end = clock_mono_ms() + PATIENCE_MS;
	size_t n;

	while ((n = whole_reply(buf_str(&c->in))) == 0 && !c->ended && clock_mono_ms() < end) {
		world_turn(c->w);
		get_some(c);
	}
	if (!n)
		fail_msg("wanted \"%s\", got %s: \"%.*s\"", begin, c->ended ? "the end" : "nothing",
		         (int)c->in.n, c->in.p ? c->in.p : "");
	assert_true(n < sizeof(text));
	memcpy(text, c->in.p, n);
	text[n] = '\0';
	buf_shift(&c->in, n);
	if (!str_starts(str_c(text), str_c(begin)))
		fail_msg("wanted \"%s\", got \"%s\"", begin, text);
	return text;
}

void client_ends(struct client *c)
{
	uint64_t end = clock_mono_ms() + PATIENCE_MS;

	while (!c->ended && clock_mono_ms() < end) {
		world_turn(c->w);
		get_some(c);
	}
	assert_true(c->ended);
	if (c->in.n)
		fail_msg("wanted the end, got \"%.*s\"", (int)c->in.n, c->in.p);
}

void client_start_tls(struct client *c)
{
	uint64_t end = clock_mono_ms() + PATIENCE_MS;
	enum tls_want t = TLS_WANT_READ;
	struct fail f = { 0 };

	assert_int_equal(tls_client_new(&(struct tls_client_options){ 0 }, &c->policy, &f), OK);
	assert_int_equal(tls_connect(c->policy, c->fd, "gate.example", &c->tls, &f), OK);
	while ((t = tls_handshake(c->tls, &f)) != TLS_DONE && t < TLS_CLOSED && clock_mono_ms() < end)
		world_turn(c->w);
	if (t != TLS_DONE)
		fail_msg("no TLS: %s", f.why);
}

struct client *client_greeted(struct world *w)
{
	struct client *c = client_new(w);

	client_hears(c, "220 ");
	client_say(c, "EHLO client.example");
	client_hears(c, "250");
	return c;
}

void client_mails(struct client *c, const char *verdict)
{
	client_send(c, STR(ENVELOPE));
	client_hears(c, "250 2.1.0");
	client_hears(c, "250 2.1.5");
	client_hears(c, "354");
	client_send(c, STR("Subject: hello\r\n\r\nbody\r\n.\r\n"));
	client_hears(c, verdict);
}

void client_quits(struct client *c)
{
	client_say(c, "QUIT");
	client_hears(c, "221 2.0.0");
	client_ends(c);
	client_free(c);
}

/* ---- programs ---------------------------------------------------------------------------------------------------- */

int world_run(struct world *w, const char *const argv[], struct buf *out)
{
	posix_spawn_file_actions_t acts;
	int ends[2], status = 0;
	char chunk[4096];
	pid_t pid = 0;
	ssize_t n;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addopen(&acts, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&acts, ends[1], 1);
	posix_spawn_file_actions_addopen(&acts, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &acts, NULL, (char **)(uintptr_t)argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&acts);
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	while (pid > 0 && (n = read(ends[0], chunk, sizeof(chunk))) != 0) {
		if (n > 0)
			buf_add(out, str_of(chunk, (size_t)n));
		else if (w)
			world_turn(w);
	}
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void make_certificate(struct buf *chain, struct buf *key)
{
	OWN(buf) both = BUF(65536);
	const char *const argv[] = {
		"openssl", "req",     "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
		"-noenc",  "-keyout", "-",     "-out",    "-",  "-subj",    "/CN=gate.example",
		"-days",   "2",       NULL
	};
	size_t at;

	assert_int_equal(world_run(NULL, argv, &both), 0);
	at = str_find(buf_str(&both), STR("-----BEGIN CERTIFICATE"));
	assert_true(at > 0 && at < both.n);
	buf_add(key, str_first(buf_str(&both), at));
	buf_add(chain, str_from(buf_str(&both), at));
}
