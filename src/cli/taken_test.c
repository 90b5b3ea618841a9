/* taken_test.c - a whole server in which one role was taken over. The test's own image is started by the real parent as each
 * role; the one that POSTERN_PLAY names is hostile in its first life: it says that it is ready, and then what it may not say.
 * The parent ends it and starts it anew, and everybody is served. */
#include "base/clock.h"
#include "role/parent/parent.h"
#include "role/stage_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

int all_tests(void);
void play_or_not(enum role r, unsigned index);

/* ---- the hostile role ---------------------------------------------------------------------------------------------- */

enum { CHANNEL = 3 };

/* Hears its beginning out; gives its road to core (to the vault, where there is none). */
static int begin_as_told(void)
{
	OWN(heard) h = { 0 };
	int road = -1;

	do {
		(void)hears_within(CHANNEL,
		                   STAGE_MS); /* it does not block, and the parent has others to tell */
		hear(CHANNEL, &h);
		if (h.tag == IPC_role_peer &&
		    (road < 0 || ((const struct role_peer *)(const void *)h.msg)->role == ROLE_CORE))
			road = ipc_fd_take(&h.fds, 0);
	} while (h.tag != IPC_role_go && h.tag != IPC_NONE);
	SAY(CHANNEL, role_ready, 0, 0, 0, 0);
	return road;
}

static void play(const char *how)
{
	int road = begin_as_told();

	usleep(300000); /* until all are ready: it is in the midst of its work that a role is taken */
	if (strcmp(how, "road") == 0)
		SAY(road, role_stop, 0);
	else if (strcmp(how, "channel") == 0)
		SAY(CHANNEL, store_keys, 0);
	else if (strcmp(how, "lies") == 0) /* that others are lost is not believed */
		for (uint32_t r = 0; r < ROLE_COUNT; r++)
			for (uint32_t life = 0; life < 4; life++)
				SAY(CHANNEL, role_lost, r, 0, life);
	if (strcmp(how, "lies") == 0 || strcmp(how, "close") == 0)
		close(road);
	for (;;)
		pause();
}

/* Before a role begins: in its first life the one that is named is another. */
void play_or_not(enum role r, unsigned index)
{
	const char *who = getenv("POSTERN_PLAY"), *how = getenv("POSTERN_PLAY_HOW"),
	           *mark = getenv("POSTERN_PLAY_MARK");
	int fd;

	if (!who || !how || !mark || index || !str_eq(str_c(who), str_c(role_name(r))))
		return;
	fd = open(mark, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	close(fd);
	play(how);
}

/* ---- the server ---------------------------------------------------------------------------------------------------- */

static struct server {
	char dir[40], conf[64], mark[64], control[64];
	pid_t pid;
	int log;
	uint16_t port, web;
} s;

static uint16_t free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);
	OWNFD fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	return ntohs(at.sin_port);
}

static void write_file(const char *name, struct str bytes)
{
	OWN(buf) path = BUF(256);
	OWNFD fd = -1;

	buf_addf(&path, "%s/%s", s.dir, name);
	fd = open(path.p, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
}

static void configure(void)
{
	OWN(buf) conf = BUF(4096);

	s = (struct server){ .dir = "/tmp/postern-taken-XXXXXX", .log = -1 };
	assert_non_null(mkdtemp(s.dir));
	snprintf(s.conf, sizeof(s.conf), "%s/postern.conf", s.dir);
	snprintf(s.mark, sizeof(s.mark), "%s/mark", s.dir);
	snprintf(s.control, sizeof(s.control), "%s/state/control", s.dir);
	s.port = free_port();
	s.web = free_port();
	buf_addf(&conf,
	         "[server]\nstate_dir = state\nscribes = 1\nuid_base = 0\n[smtp]\nlisten = 127.0.0.1:%u\n"
	         "[domains]\nrelay = relay.example\n[routes]\ndefault = 127.0.0.1:9\n"
	         "[web]\nlisten = 127.0.0.1:%u\norigin = https://relay.example\n",
	         s.port, s.web);
	write_file("postern.conf", buf_str(&conf));
	write_file("master.key", STR("a master key that is only a test"));
	snprintf(s.mark, sizeof(s.mark), "%s/state", s.dir);
	assert_int_equal(mkdir(s.mark, 0700), 0);
	snprintf(s.mark, sizeof(s.mark), "%s/mark", s.dir);
}

static void start(const char *who, const char *how)
{
	configure();
	setenv("POSTERN_PLAY", who, 1);
	setenv("POSTERN_PLAY_HOW", how, 1);
	setenv("POSTERN_PLAY_MARK", s.mark, 1);
	s.log = memfd_create("log", MFD_CLOEXEC);
	fcntl(s.log, F_SETFL, O_APPEND);
	s.pid = fork();
	if (s.pid == 0) {
		struct fail f = { 0 };

		prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that fails leaves no server behind */
		dup2(s.log, 2);
		if (parent_serve(s.conf, &f) < 0)
			dprintf(2, "serve: %s\n", f.why);
		_exit(0);
	}
}

static struct str log_of(struct arena *a)
{
	struct stat st;
	char *p;

	assert_int_equal(fstat(s.log, &st), 0);
	p = arena_array(a, char, (size_t)st.st_size + 1);
	return str_of(p, (size_t)pread(s.log, p, (size_t)st.st_size, 0));
}

static size_t count(struct str log, const char *what)
{
	size_t n = 0, at;

	while ((at = str_find(log, str_c(what))) < log.n) {
		log = str_from(log, at + 1);
		n++;
	}
	return n;
}

static void wait_log(const char *what, size_t times)
{
	for (uint64_t end = clock_mono_ms() + STAGE_MS; clock_mono_ms() < end;) {
		OWN(arena) a = ARENA;

		if (count(log_of(&a), what) >= times)
			return;
		usleep(50000);
	}
	{
		OWN(arena) a = ARENA;
		struct str log = log_of(&a);

		fail_msg("%zu times \"%s\" were expected in:\n%.*s", times, what, STR_ARG(log));
	}
}

static int forget_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return remove(path);
}

static void stop(void)
{
	int status = -1;

	kill(s.pid, SIGTERM); /* NOLINT: the test's own child */
	assert_int_equal(waitpid(s.pid, &status, 0), s.pid);
	assert_true(WIFEXITED(status));
	close(s.log);
	assert_int_equal(nftw(s.dir, forget_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- everybody is served ------------------------------------------------------------------------------------------- */

static uint32_t call_once(const char *verb)
{
	OWN(heard) h = { 0 };
	OWNFD fd = -1;
	struct fail f = { 0 };

	if (sock_connect_unix(s.control, &fd, &f) < 0)
		return ipc_code(FAIL_AGAIN);
	SAY(fd, call, 1, str_c(verb), STR(""));
	hear(fd, &h);
	return h.tag == IPC_answer ? ((const struct answer *)(const void *)h.msg)->code
	                           : ipc_code(FAIL_AGAIN);
}

static bool says(uint16_t port, const char *first, const char *want)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval t = { .tv_sec = 2 };
	OWNFD fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char got[2048];
	ssize_t n;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return false;
	if (*first && send(fd, first, strlen(first), MSG_NOSIGNAL) < 0)
		return false;
	n = recv(fd, got, sizeof(got), 0);
	return n > 0 && memmem(got, (size_t)n, want, strlen(want));
}

static bool all_served(void)
{
	return call_once("user.list") == 0 && call_once("key.status") == 0 && says(s.port, "", "220 ") &&
	       says(s.web, "GET /healthz HTTP/1.1\r\nHost: relay.example\r\n\r\n", "200");
}

static void wait_served(void)
{
	for (uint64_t end = clock_mono_ms() + STAGE_MS; clock_mono_ms() < end && !all_served();)
		usleep(100000);
	assert_true(all_served());
}

static void one(const char *who, const char *how)
{
	OWN(buf) ready = BUF(64), ended = BUF(64);
	OWN(arena) a = ARENA;
	struct str log;

	buf_addf(&ready, "ev=role-ready who=%s index=0", who);
	buf_addf(&ended, "ev=role-ended who=%s", who);
	start(who, how);
	wait_log(ready.p, 2);
	wait_log("ev=serving", 1);
	wait_served();
	log = log_of(&a);
	assert_int_equal(count(log, ended.p), 1);
	if (strcmp(who, "vault") != 0) /* without which core does not begin, and is started anew itself */
		assert_int_equal(count(log, "ev=role-ended"), 1);
	stop();
}

static void a_taken_role_is_started_anew(void **state)
{
	static const char *const who[] = { "gate", "scribe", "vault", "keygen", "web", "opener" };
	static const char *const how[] = { "road", "channel", "close", "lies" };

	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++)
		for (size_t j = 0; j < sizeof(how) / sizeof(how[0]); j++)
			one(who[i], how[j]);
}

int all_tests(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_taken_role_is_started_anew) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
