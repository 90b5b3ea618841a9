#include "role/gate/fixture_test.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "sys/memfd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void copy(char *to, size_t cap, struct str s)
{
	assert_true(s.n < cap);
	memcpy(to, s.p ? s.p : "", s.n);
	to[s.n] = '\0';
}

/* ---- core -------------------------------------------------------------------------------------------------------- */

struct verdict {
	struct str begin;
	uint32_t smtp;
	struct str enhanced, sentence;
};

static const struct verdict verdicts[] = {
	{ STR_INIT("no"), 550, STR_INIT("5.1.1"), STR_INIT("no such address") },
	{ STR_INIT("later"), 450, STR_INIT("4.3.0"), STR_INIT("not now") },
	{ STR_INIT(""), 250, STR_INIT("2.1.5"), STR_INIT("recipient ok") },
};

static void answer_rcpt(struct world *w, const struct asked *a)
{
	const struct verdict *v = verdicts;

	while (!str_starts(str_c(a->rcpt), v->begin))
		v++;
	SEND(w->core, rcpt_answer, a->session, a->seq, v->smtp, v->enhanced, v->sentence, v->smtp == 250,
	     v->smtp == 250 ? WAY_OUT : WAY_NONE);
}

static void answer_accept(struct world *w)
{
	const struct accepted *a = &w->last;
	bool ok = w->accept_smtp == 250;

	w->accept_waits = false;
	SEND(w->core, accept_answer, a->session, a->seq, w->accept_smtp, ok ? STR("2.0.0") : STR("4.3.0"),
	     ok ? STR("kept") : STR("try again"), ok ? STR("01TESTMID") : STR(""));
}

static void on_rcpt_ask(void *self, const void *msg, struct ipc_fds *fds)
{
	struct world *w = self;
	const struct rcpt_ask *m = msg;
	struct asked *a = &w->asks[w->n_asks++ % WORLD_ASKS];

	*a = (struct asked){ m->session, m->size, m->account, m->seq, m->flags, m->plans, m->way, "", "" };
	copy(a->sender, sizeof(a->sender), m->sender);
	copy(a->rcpt, sizeof(a->rcpt), m->rcpt);
	if (!w->hold_rcpts) {
		w->n_answered = w->n_asks;
		answer_rcpt(w, a);
	}
}

static void on_accept_ask(void *self, const void *msg, struct ipc_fds *fds)
{
	struct world *w = self;
	const struct accept_ask *m = msg;
	struct accepted *a = &w->last;
	struct str list = m->rcpts, item;
	struct map map = { 0 };
	struct fail f = { 0 };
	int fd = ipc_fd_take(fds, 0);

	buf_done(&a->message);
	*a = (struct accepted){ .session = m->session,
		                .size = m->size,
		                .account = m->account,
		                .seq = m->seq,
		                .flags = m->flags };
	a->message = BUF(64 << 20);
	copy(a->sender, sizeof(a->sender), m->sender);
	copy(a->helo, sizeof(a->helo), m->helo);
	copy(a->client, sizeof(a->client), m->client);
	while (list_next(&list, &item)) {
		if (a->n_rcpts < 8)
			copy(a->rcpts[a->n_rcpts], sizeof(a->rcpts[0]), item);
		a->n_rcpts++;
	}
	assert_int_equal(memfd_map(fd, &map, &f), OK); /* sealed, or this fails */
	buf_add(&a->message, map_str(&map));
	map_done(&map);
	close(fd);
	assert_int_equal(a->message.n, m->size);
	assert_int_equal(fds->n, m->size > MEMFD_COPIED_MAX ? 2 : 1);
	if (w->hold_ties)
		w->tie = ipc_fd_take(fds, 1);
	w->n_accepts++;
	if (w->hold_accepts)
		w->accept_waits = true;
	else
		answer_accept(w);
}

static void on_auth_ask(void *self, const void *msg, struct ipc_fds *fds)
{
	static const struct {
		struct str password;
		int code;
	} codes[] = { { STR_INIT("often"), FAIL_LIMIT }, { STR_INIT("trouble"), FAIL_SYS } };
	struct world *w = self;
	const struct auth_ask *m = msg;
	OWN(buf) b = BUF(sizeof(w->login));
	int code = OK;

	w->n_logins++;
	buf_addf(&b, "%.*s %.*s", STR_ARG(m->user), STR_ARG(m->client));
	copy(w->login, sizeof(w->login), buf_str(&b));
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (str_eq(m->password, codes[i].password))
			code = codes[i].code;
	if (!str_eq(m->password, STR("hold")))
		SEND(w->core, auth_answer, m->session, m->seq, str_eq(m->password, STR("right")) ? 77 : 0,
		     ipc_code(code));
}

static void on_delivered(void *self, const void *msg, struct ipc_fds *fds)
{
	struct world *w = self;
	const struct delivered *m = msg;
	struct reported *r = &w->reports[w->n_reports++ % WORLD_REPORTS];

	*r = (struct reported){ m->delivery, m->outcome, m->smtp, m->hop, "", "" };
	copy(r->enhanced, sizeof(r->enhanced), m->enhanced);
	copy(r->note, sizeof(r->note), m->note);
}

const struct reported *world_report(const struct world *w, uint64_t delivery)
{
	for (size_t i = 0; i < w->n_reports && i < WORLD_REPORTS; i++)
		if (w->reports[i].delivery == delivery)
			return &w->reports[i];
	return NULL;
}

static void on_gate_facts(void *self, const void *msg, struct ipc_fds *fds)
{
}

static const struct ipc_rule gate_rules[] = {
	{ IPC_rcpt_ask, on_rcpt_ask, 0, 0 },     { IPC_accept_ask, on_accept_ask, 1, 2 },
	{ IPC_auth_ask, on_auth_ask, 0, 0 },     { IPC_delivered, on_delivered, 0, 0 },
	{ IPC_gate_facts, on_gate_facts, 0, 0 }, { IPC_NONE, NULL, 0, 0 },
};

static void on_gate_closed(void *self, struct peer *p, const struct fail *why)
{
	struct world *w = self;

	if (why->code != FAIL_PEER)
		fail_msg("the gate spoke nonsense: %s", why->why);
	peer_free(p);
	if (w->core == p)
		w->core = NULL;
}

void world_release(struct world *w)
{
	for (size_t i = w->n_asks; i > w->n_answered; i--)
		answer_rcpt(w, &w->asks[(i - 1) % WORLD_ASKS]);
	w->n_answered = w->n_asks;
	if (w->accept_waits)
		answer_accept(w);
}

/* A new core: its end is in w, the gate's is the caller's. */
static int new_core(struct world *w)
{
	struct peer_options o = { gate_rules, w, on_gate_closed };
	struct fail f = { 0 };
	int ends[2];

	assert_int_equal(sock_pair(true, ends, &f), OK);
	w->core = peer_new(w->loop, ends[0], &o);
	return ends[1];
}

void world_core_returns(struct world *w)
{
	struct fail f = { 0 };

	assert_int_equal(gate_def.peer(w->gate, ROLE_CORE, 0, new_core(w), &f), OK);
}

void world_core_dies(struct world *w)
{
	peer_free(TAKE(w->core));
	w->n_answered = w->n_asks;
	w->accept_waits = false;
}

/* ---- the world --------------------------------------------------------------------------------------------------- */

static void on_slice(void *arg)
{
	loop_stop(arg);
}

void world_turn(struct world *w)
{
	timer_set(w->slice, 1);
	loop_resume(w->loop);
	loop_run(w->loop);
	if (w->also)
		w->also(w->also_self);
}

void world_turn_for(struct world *w, uint64_t ms)
{
	uint64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end)
		world_turn(w);
}

static void put_conf(void *self, struct str key, struct str value)
{
	struct world *w = self;
	struct fail f = { 0 };

	assert_int_equal(conf_apply(&w->start.conf, key, value, &w->start.arena, &f), OK);
}

void world_new(struct world *w)
{
	struct arena all = ARENA;
	struct conf conf;
	struct fail f = { 0 };

	signal(SIGPIPE, SIG_IGN);
	*w = (struct world){ .accept_smtp = 250, .tie = -1, .start = { .role = ROLE_GATE } };
	assert_int_equal(
	        conf_parse(STR("[domains]\nrelay = gate.example\n[routes]\ndefault = 127.0.0.1:25\n"), "test",
	                   "/", &all, &conf, &f),
	        OK);
	conf_blank(&w->start.conf);
	conf_for_role(&conf, ROLE_GATE, put_conf, w);
	arena_done(&all);
	assert_int_equal(loop_new(&w->loop, &f), OK);
	w->start.loop = w->loop;
	w->slice = timer_new(w->loop, on_slice, w->loop);
	w->gate = xnew(struct gate);
	w->gate->start = &w->start;
	w->gate->core_fd = -1;
}

void world_tls(struct world *w, struct str chain_pem, struct str key_pem)
{
	struct fail f = { 0 };

	assert_int_equal(gate_def.tls(w->gate, chain_pem, key_pem, &f), OK);
}

static int new_listener(struct world *w)
{
	struct sockaddr_in at = { 0 };
	socklen_t n = sizeof(at);
	struct endpoint e;
	struct fail f = { 0 };
	int fd = -1;

	assert_int_equal(endpoint_parse(STR("127.0.0.1:0"), &e, &f), OK);
	assert_int_equal(sock_listen(&e, SOCK_STREAM, 512, 0, &fd, &f), OK);
	if (w->small_buffers)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &w->small_buffers, sizeof(w->small_buffers));
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	w->port = ntohs(at.sin_port);
	return fd;
}

void world_open(struct world *w)
{
	struct fail f = { 0 };

	world_core_returns(w);
	assert_int_equal(gate_def.listener(w->gate, w->kind ? w->kind : LISTEN_SMTP, STR("127.0.0.1:0"),
	                                   new_listener(w), &f),
	                 OK);
	assert_int_equal(gate_def.init(w->gate, &w->start, &f), OK);
	assert_int_equal(gate_def.ready(w->gate, &f), OK);
}

static void put_pair(void *self, struct str key, struct str value)
{
	list_add(self, key);
	list_add(self, value);
}

/* As the parent does: one message of the start. fd is closed, -1: none. */
#define TELL(w, one_fd, lower, ...)                                                                          \
	do {                                                                                                 \
		struct fail f_ = { 0 };                                                                      \
		int fd_ = (one_fd);                                                                          \
		assert_int_equal(ipc_write((w)->channel, IPC_##lower, &(struct lower){ __VA_ARGS__ }, &fd_,  \
		                           fd_ >= 0, &f_),                                                   \
		                 OK);                                                                        \
		if (fd_ >= 0)                                                                                \
			close(fd_);                                                                          \
	} while (0)

#ifdef POSTERN_SANITIZED
static bool locked; /* behind its filters a process cannot look for its leaks */

int __lsan_is_turned_off(void)
{
	return locked;
}
#endif

void world_fork(struct world *w, struct str chain_pem, struct str key_pem)
{
	OWN(buf) pairs = BUF(65536), record = BUF(IPC_RECORD_MAX);
	_Alignas(max_align_t) char room[IPC_STRUCT_MAX];
	const struct role_ready *ready = (const void *)room;
	enum ipc_tag tag = IPC_NONE;
	struct ipc_fds fds = { 0 };
	struct fail f = { 0 };
	int ends[2];

	assert_int_equal(sock_pair(false, ends, &f), OK);
	w->channel = ends[0];
	w->pid = fork();
	if (w->pid == 0) {
#ifdef POSTERN_SANITIZED
		locked = true;
#endif
		if (dup2(ends[1], 3) == 3)
			gate_main(0);
		_exit(71);
	}
	close(ends[1]);
	conf_for_role(&w->start.conf, ROLE_GATE, put_pair, &pairs);
	TELL(w, -1, role_begin, 1, STR("0123456789abcdef"), buf_str(&pairs));
	TELL(w, new_core(w), role_peer, ROLE_CORE, 0, 1);
	TELL(w, new_listener(w), role_listen, LISTEN_SMTP, STR("127.0.0.1:0"));
	TELL(w, -1, role_tls, chain_pem, key_pem);
	TELL(w, -1, role_go, 0);
	assert_int_equal(ipc_read(w->channel, &record, &tag, room, &fds, &f), OK);
	assert_int_equal(tag, IPC_role_ready);
	assert_true(ready->seccomp);
}

/* Asked to stop, the process ends by itself and well. */
static void join_gate(struct world *w)
{
	int status = -1;

	TELL(w, -1, role_stop, 0);
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(w->channel);
}

void world_close(struct world *w)
{
	if (w->channel)
		join_gate(w);
	else
		gate_def.stop(w->gate);
	peer_free(TAKE(w->core));
	timer_free(w->slice);
	loop_free(w->loop);
	arena_done(&w->start.arena);
	buf_done(&w->last.message);
	if (w->tie >= 0)
		close(w->tie);
	free(w->gate);
}

/* ---- the log ----------------------------------------------------------------------------------------------------- */

static int log_fd = -1;

int world_log_begin(void **state)
{
	struct fail f = { 0 };

	assert_int_equal(memfd_new(&log_fd, &f), OK);
	log_open(log_fd, "gate", LOG_INFO);
	log_mask_key((const uint8_t *)"0123456789abcdef");
	return 0;
}

void world_log_check(void **state)
{
	static const char *const unsaid[] = {
		"@",      "anna",       "bounce", "gate.example", "client.example",
		"nobody", "greylisted", "disk",   "client=127",   "hello"
	};
	struct fail f = { 0 };
	struct map m;

	log_open(2, "gate", LOG_INFO);
	assert_int_equal(memfd_seal(log_fd, &f), OK);
	assert_int_equal(memfd_map(log_fd, &m, &f), OK);
	assert_true(str_find(map_str(&m), STR("ev=")) < m.n);
	for (size_t i = 0; i < sizeof(unsaid) / sizeof(unsaid[0]); i++) {
		size_t at = str_find(map_str(&m), str_c(unsaid[i]));
		struct str line = str_from(map_str(&m), at > 100 ? at - 100 : 0);

		if (at < m.n)
			fail_msg("the log says \"%s\": ...%.*s", unsaid[i], STR_ARG(str_first(line, 200)));
	}
	map_done(&m);
	close(TAKE_FD(log_fd));
}
