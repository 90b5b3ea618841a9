#include "role/stage_test.h"

#include "sys/memfd.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CONF                                                                                                 \
	"[domains]\nrelay = relay.example\n[routes]\ndefault = 127.0.0.1:9\n[smtp]\nlisten = 127.0.0.1:0\n"  \
	"[web]\nlisten = 127.0.0.1:0\norigin = https://relay.example\n[dns]\nresolver = 127.0.0.1:9\n"

/* ---- roads --------------------------------------------------------------------------------------------------------- */

static void patience(int fd)
{
	struct timeval t = { .tv_sec = STAGE_MS / 1000 };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)), 0);
}

bool say_raw(int road, struct str record, const int *fds, size_t n_fds)
{
	struct fail f = { 0 };
	int r = sock_send(road, record, fds, n_fds, &f);

	if (r < 0 && r != FAIL_PEER)
		fail_msg("say: %s", f.why);
	return r == OK;
}

bool say(int road, enum ipc_tag tag, const void *msg, const int *fds, size_t n_fds)
{
	OWN(buf) b = BUF(IPC_RECORD_MAX);
	struct fail f = { 0 };

	if (ipc_encode(tag, msg, &b, &f) < 0)
		fail_msg("%s: %s", ipc_name(tag), f.why);
	return say_raw(road, buf_str(&b), fds, n_fds);
}

void hear(int road, struct heard *h)
{
	struct fail f = { 0 };
	int r;

	ipc_fds_close(&h->fds);
	if (!h->record.max)
		h->record = BUF(IPC_RECORD_MAX);
	r = ipc_read(road, &h->record, &h->tag, h->msg, &h->fds, &f);
	if (r == FAIL_PEER)
		h->tag = IPC_NONE;
	else if (r < 0)
		fail_msg("nothing is heard: %s %s", fail_name(r), f.why);
}

bool hears_within(int road, int ms)
{
	struct pollfd p = { .fd = road, .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

const void *hear_this(int road, enum ipc_tag tag, struct heard *h)
{
	do
		hear(road, h);
	while (h->tag != tag && h->tag != IPC_NONE);
	if (h->tag != tag)
		fail_msg("the road ended before %s", ipc_name(tag));
	return h->msg;
}

void heard_done(struct heard *h)
{
	ipc_fds_close(&h->fds);
	buf_done(&h->record);
}

size_t hear_out(int road)
{
	OWN(heard) h = { 0 };
	size_t n = 0;

	for (hear(road, &h); h.tag != IPC_NONE; hear(road, &h))
		n++;
	return n;
}

/* ---- the role ------------------------------------------------------------------------------------------------------ */

static void put_pair(void *self, struct str key, struct str value)
{
	list_add(self, key);
	list_add(self, value);
}

static void spawn(struct stage *s, unsigned index, int channel)
{
	struct spawn how = { .role = s->role, .index = index, .channel_fd = channel };
	struct fail f = { 0 };
	int own = dup(2);

	assert_int_equal(spawn_image(&how.image_fd, &f), OK);
	assert_int_equal(memfd_new(&s->log, &f), OK);
	fcntl(s->log, F_SETFL, O_APPEND);
	dup2(s->log, 2);
	assert_int_equal(spawn_role(&how, &s->pid, &f), OK);
	dup2(own, 2);
	close(own);
	close(how.image_fd);
}

void stage_new(struct stage *s, enum role r, unsigned index, const char *state_dir)
{
	OWN(buf) pairs = BUF(65536), text = BUF(4096);
	struct fail f = { 0 };
	int ends[2];

	*s = (struct stage){ .role = r };
	buf_addz(&text, CONF);
	if (state_dir)
		buf_addf(&text, "[server]\nstate_dir = %s\nscribes = 2\nuid_base = 0\n", state_dir);
	if (conf_parse(buf_str(&text), "test", "/", &s->arena, &s->conf, &f) < 0)
		fail_msg("%s", f.why);
	assert_int_equal(sock_pair(false, ends, &f), OK);
	s->channel = ends[0];
	patience(s->channel);
	spawn(s, index, ends[1]);
	close(ends[1]);
	conf_for_role(&s->conf, r, put_pair, &pairs);
	assert_true(SAY(s->channel, role_begin, 2, STR("0123456789abcdef"), buf_str(&pairs)));
}

int stage_road(struct stage *s, enum role as, unsigned index)
{
	struct fail f = { 0 };
	int ends[2];

	assert_int_equal(sock_pair(false, ends, &f), OK);
	assert_true(SAY_FD(s->channel, ends[1], role_peer, as, index, 1));
	close(ends[1]);
	patience(ends[0]);
	return ends[0];
}

void stage_connect(struct stage *a, struct stage *b)
{
	struct fail f = { 0 };
	int ends[2];

	assert_int_equal(sock_pair(false, ends, &f), OK);
	assert_true(SAY_FD(a->channel, ends[0], role_peer, b->role, 0, 1));
	assert_true(SAY_FD(b->channel, ends[1], role_peer, a->role, 0, 1));
	close(ends[0]);
	close(ends[1]);
}

void stage_master(struct stage *s, const char key[static STAGE_MASTER])
{
	assert_true(SAY(s->channel, role_master, str_of(key, STAGE_MASTER), STR("")));
}

void stage_listen(struct stage *s, enum listen_kind kind, int fd)
{
	assert_true(SAY_FD(s->channel, fd, role_listen, kind, STR("127.0.0.1:0")));
	close(fd);
}

void stage_go(struct stage *s)
{
	OWN(heard) h = { 0 };

	assert_true(SAY(s->channel, role_go, 0));
	hear(s->channel, &h);
	if (h.tag != IPC_role_ready)
		stage_show(s);
	assert_int_equal(h.tag, IPC_role_ready);
	assert_true(((const struct role_ready *)(const void *)h.msg)->seccomp);
}

int stage_status(struct stage *s)
{
	int status = 0;

	for (int i = 0; i < STAGE_MS / 10; i++) {
		if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
			s->pid = 0;
			return status;
		}
		usleep(10000);
	}
	stage_show(s);
	fail_msg("%s does not end", role_name(s->role));
	return -1;
}

void stage_is_alive(struct stage *s)
{
	int status;

	if (waitpid(s->pid, &status, WNOHANG) == 0)
		return;
	s->pid = 0;
	stage_show(s);
	fail_msg("%s has ended: %x", role_name(s->role), status);
}

void stage_done(struct stage *s)
{
	close(s->channel);
	close(s->log);
	arena_done(&s->arena);
}

void stage_stop(struct stage *s)
{
	int status;

	stage_is_alive(s);
	SAY(s->channel, role_stop, 0);
	status = stage_status(s);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		stage_show(s);
		fail_msg("%s ended badly: %x", role_name(s->role), status);
	}
	stage_done(s);
}

struct str stage_log(struct stage *s, struct arena *a)
{
	struct stat st;
	char *p;
	ssize_t n;

	assert_int_equal(fstat(s->log, &st), 0);
	p = arena_array(a, char, (size_t)(st.st_size - s->log_at) + 1);
	n = pread(s->log, p, (size_t)(st.st_size - s->log_at), s->log_at);
	assert_true(n >= 0);
	s->log_at += n;
	return str_of(p, (size_t)n);
}

void stage_show(struct stage *s)
{
	OWN(arena) a = ARENA;
	struct str log;

	s->log_at = 0;
	log = stage_log(s, &a);
	log = str_from(log, log.n > 6000 ? log.n - 6000 : 0);
	fprintf(stderr, "%.*s\n", STR_ARG(log));
}

/* ---- core --------------------------------------------------------------------------------------------------------- */

static void wait_store(struct stage *s)
{
	for (int i = 0; i < STAGE_MS / 20; i++) {
		OWN(arena) a = ARENA;
		struct str log = stage_log(s, &a);

		if (str_find(log, STR("ev=store-open")) < log.n)
			return;
		stage_is_alive(s);
		usleep(20000);
	}
	stage_show(s);
	fail_msg("the store is not opened");
}

static int forget_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return remove(path);
}

void core_stage_new(struct core_stage *c, const char key[static STAGE_MASTER])
{
	struct endpoint e;
	struct fail f = { 0 };
	int fd = -1;

	*c = (struct core_stage){ .dir = "/tmp/postern-stage-XXXXXX" };
	assert_non_null(mkdtemp(c->dir));
	snprintf(c->control, sizeof(c->control), "unix:%s/control", c->dir);
	assert_int_equal(endpoint_parse(str_c(c->control), &e, &f), OK);
	assert_int_equal(sock_listen(&e, SOCK_SEQPACKET, 64, 0600, &fd, &f), OK);
	stage_new(&c->vault, ROLE_VAULT, 0, NULL);
	stage_master(&c->vault, key);
	stage_new(&c->core, ROLE_CORE, 0, c->dir);
	stage_connect(&c->core, &c->vault);
	stage_listen(&c->core, LISTEN_CONTROL, fd);
	stage_go(&c->vault);
	stage_go(&c->core);
	wait_store(&c->core);
}

void core_stage_done(struct core_stage *c)
{
	stage_stop(&c->core);
	stage_stop(&c->vault);
	assert_int_equal(nftw(c->dir, forget_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

int core_control(const struct core_stage *c)
{
	struct fail f = { 0 };
	int fd = -1;

	if (sock_connect_unix(c->control + 5, &fd, &f) < 0)
		fail_msg("%s", f.why);
	patience(fd);
	return fd;
}

/* ---- descriptors --------------------------------------------------------------------------------------------------- */

int thing_new(enum thing t)
{
	struct fail f = { 0 };
	int two[2], fd = -1;

	switch (t) {
	case A_PIPE: /* whoever reads it waits: its other end is open, and nothing comes */
	case A_SOCKET:
		assert_int_equal(t == A_PIPE ? pipe2(two, O_CLOEXEC) : sock_pair(false, two, &f), 0);
		fcntl(two[1], F_DUPFD_CLOEXEC, 200); /* left open until the test ends */
		close(two[1]);
		return two[0];
	case A_FOLDER:
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case A_ZERO:
		return open("/dev/zero", O_RDWR | O_CLOEXEC);
	case A_MEMORY:
		assert_int_equal(memfd_new(&fd, &f), OK);
		assert_int_equal(memfd_add(fd, STR("From: a@b.example\r\n\r\nhello\r\n"), &f), OK);
		return fd;
	case A_SEALED:
		assert_int_equal(memfd_of(STR("From: a@b.example\r\n\r\nhello\r\n"), &fd, &f), OK);
		return fd;
	case THINGS:
		break;
	}
	return -1;
}
