#include "role/play_fuzz.h"

#include "base/log.h"
#include "base/mem.h"
#include "sys/loop.h"
#include "sys/memfd.h"
#include "sys/sock.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { TURNS = 4, STEPS = 48, WAITING = 64, SETTLE = 40 };

struct play play;
static uint64_t ahead_ms;

/* ---- in the place of role/role.c ------------------------------------------------------------------------------------ */

static jmp_buf begun;

void role_run(const struct role_def *def, void *self, struct role_start *start)
{
	play.def = def;
	play.self = self;
	play.start = start;
	longjmp(begun, 1);
}

void role_lost(enum role other, unsigned index)
{
	law(other < ROLE_COUNT && other != play.start->role, "it has lost the road to a role");
}

void play_broken(const char *what)
{
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

/* ---- time ----------------------------------------------------------------------------------------------------------- */

/* The fuzzer's own alarm would take what is only said to have passed for a hang. */
static void alarm_waits(bool waits)
{
	sigset_t alarm;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(waits ? SIG_BLOCK : SIG_UNBLOCK, &alarm, NULL);
}

static void pass(uint64_t ms)
{
	alarm_waits(true);
	ahead_ms += ms;
}

/* The input says how late it is: also to the libraries. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the C library's */
int clock_gettime(clockid_t id, struct timespec *t)
{
	long r = syscall(SYS_clock_gettime, id, t);

	t->tv_sec += (time_t)(ahead_ms / 1000);
	t->tv_nsec += (long)(ahead_ms % 1000) * 1000000;
	if (t->tv_nsec >= 1000000000) {
		t->tv_nsec -= 1000000000;
		t->tv_sec++;
	}
	return (int)r;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the C library's */
time_t time(time_t *ret)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (ret)
		*ret = t.tv_sec;
	return t.tv_sec;
}

/* Nobody waits for what does not come: it is later then. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the C library's */
int poll(struct pollfd *fds, nfds_t n, int ms)
{
	static const struct timespec now;
	long r = syscall(SYS_ppoll, fds, n, &now, NULL, 0);

	if (r == 0 && ms > 0)
		pass((uint64_t)ms);
	return (int)r;
}

static unsigned turns;
static struct timer *tick;

static void on_tick(void *arg)
{
	if (!turns--)
		loop_stop(play.loop);
	else
		timer_set(tick, 0);
}

static void turn(void)
{
	turns = TURNS;
	timer_set(tick, 0);
	loop_resume(play.loop);
	loop_run(play.loop);
}

void play_later(uint64_t ms)
{
	pass(ms);
	turn();
}

/* ---- its start ------------------------------------------------------------------------------------------------------ */

static void put_pair(void *self, struct str key, struct str value)
{
	struct fail f = { 0 };

	if (conf_apply(&play.start->conf, key, value, &play.start->arena, &f) < 0)
		play_broken(f.why);
}

void play_loop(void)
{
	log_open(getenv("PLAY_LOG") ? 2 : open("/dev/null", O_WRONLY | O_CLOEXEC), "fuzz", LOG_INFO);
	law(loop_new(&play.loop, NULL) == OK, "a loop");
	tick = timer_new(play.loop, on_tick, NULL);
}

void play_begin(void (*entry)(unsigned index), const char *text)
{
	OWN(arena) a = ARENA;
	struct conf c;
	struct fail f = { 0 };

	if (!setjmp(begun))
		entry(0);
	if (conf_parse(str_c(text), "fuzz", "/", &a, &c, &f) < 0)
		play_broken(f.why);
	conf_blank(&play.start->conf);
	conf_for_role(&c, play.start->role, put_pair, NULL);
	play.start->scribes = 2;
	play_loop();
	play.start->loop = play.loop;
}

void play_ready(void)
{
	struct fail f = { 0 };

	if (play.def->init && play.def->init(play.self, play.start, &f) < 0)
		play_broken(f.why);
	if (play.def->ready && play.def->ready(play.self, &f) < 0)
		play_broken(f.why);
	play_settle();
}

/* ---- roads ---------------------------------------------------------------------------------------------------------- */

static void connect_road(struct play_road *r)
{
	struct fail f = { 0 };
	int two[2];

	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	if (r->given)
		return;
	if (r->open) {
		r->fd = r->open();
		return;
	}
	law(sock_pair(true, two, &f) == OK, "a pair");
	if (play.def->peer(play.self, r->as, r->index, two[0], &f) < 0)
		play_broken(f.why);
	r->fd = two[1];
}

static unsigned add_road(const struct play_road *r)
{
	law(play.n_roads < PLAY_ROADS, "roads enough");
	play.roads[play.n_roads] = *r;
	connect_road(&play.roads[play.n_roads]);
	return play.n_roads++;
}

unsigned play_road(enum road says, enum road hears, enum role as, unsigned index)
{
	return add_road(
	        &(struct play_road){ .says = says, .hears = hears, .as = as, .index = index, .fd = -1 });
}

unsigned play_road_by(enum road says, enum road hears, int (*open)(void))
{
	return add_road(&(struct play_road){ .says = says, .hears = hears, .open = open, .fd = -1 });
}

unsigned play_place(enum road says, enum road hears)
{
	return add_road(&(struct play_road){ .says = says, .hears = hears, .given = true, .fd = -1 });
}

void play_given(enum road says, enum road hears, int fd)
{
	struct play_road *r = NULL;

	(void)!fcntl(fd, F_SETFL, O_NONBLOCK);
	for (unsigned i = 0; i < play.n_roads; i++)
		if (play.roads[i].says == says && (!r || play.roads[i].fd < 0))
			r = &play.roads[i];
	law(r && r->hears == hears, "a place for a road");
	if (r->fd >= 0)
		close(r->fd);
	r->fd = fd;
}

/* ---- answers that wait to be given ---------------------------------------------------------------------------------- */

static struct waiting {
	unsigned road;
	enum ipc_tag tag;
	int fd;
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX];
} waiting[WAITING];
static unsigned n_waiting;
static struct arena heard_arena; /* of the records that they were made from */

static void forget_waiting(void)
{
	for (unsigned i = 0; i < n_waiting; i++)
		if (waiting[i].fd >= 0)
			close(waiting[i].fd);
	n_waiting = 0;
	arena_done(&heard_arena);
}

static struct waiting take_waiting(unsigned i)
{
	struct waiting w = waiting[i];

	memmove(&waiting[i], &waiting[i + 1], (--n_waiting - i) * sizeof(waiting[0]));
	return w;
}

static void ask_target(unsigned road, enum ipc_tag tag, const void *msg, const struct ipc_fds *fds)
{
	struct waiting *w = &waiting[n_waiting];

	if (!play.answer || n_waiting == WAITING)
		return;
	memset(w, 0, sizeof(*w));
	w->road = road;
	w->fd = -1;
	if (play.answer(road, tag, msg, fds, &w->tag, w->msg, &w->fd))
		n_waiting++;
}

/* ---- speaking and hearing ------------------------------------------------------------------------------------------- */

void play_say(unsigned road, enum ipc_tag tag, const void *msg, const int *fds, size_t n_fds)
{
	struct play_road *r = &play.roads[road];
	OWN(buf) b = BUF(IPC_RECORD_MAX);

	if (r->fd < 0 || ipc_encode(tag, msg, &b, NULL) < 0)
		return;
	r->spoken = true;
	if (play.said)
		play.said(road, tag, msg);
	(void)!sock_send(r->fd, buf_str(&b), fds, n_fds, NULL);
}

static void hear_one(unsigned i, struct str record, struct ipc_fds *fds)
{
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX];
	const struct play_road *r = &play.roads[i];
	const struct permit *p;
	enum ipc_tag tag;

	law(ipc_decode(arena_str(&heard_arena, record), &tag, msg, NULL) == OK, "what it says is a message");
	p = permit_of(r->hears, tag);
	if (!p || fds->n < p->fds_min || fds->n > p->fds_max) {
		fprintf(stderr, "%s with %zu descriptors\n", ipc_name(tag), fds->n);
		play_broken("it says what it may not say there");
	}
	if (!play.deaf)
		tape_learn(tag, msg);
	ask_target(i, tag, msg, fds);
	if (play.heard)
		play.heard(i, tag, msg, record, fds);
	ipc_fds_close(fds);
}

static bool hear_road(unsigned i)
{
	static char inbox[IPC_RECORD_MAX];
	bool any = false;

	while (play.roads[i].fd >= 0) {
		struct ipc_fds fds = { .n = 0 };
		size_t n = 0;
		int e = sock_recv(play.roads[i].fd, inbox, sizeof(inbox), &n, fds.fd, &fds.n, NULL);

		if (e == FAIL_AGAIN)
			break;
		if (e < 0 || !n) {
			connect_road(&play.roads[i]);
			break;
		}
		any = true;
		hear_one(i, str_of(inbox, n), &fds);
	}
	return any;
}

bool play_hear(void)
{
	bool any = false;

	for (unsigned i = 0; i < play.n_roads; i++)
		any |= hear_road(i);
	return any;
}

void play_turn(void)
{
	turn();
	play_hear();
}

static void give(const struct waiting *w)
{
	play_say(w->road, w->tag, w->msg, &w->fd, w->fd >= 0 ? 1 : 0);
	if (w->fd >= 0)
		close(w->fd);
}

void play_settle(void)
{
	for (int i = 0; i < SETTLE; i++) {
		turn();
		if (!play_hear() && !n_waiting)
			return;
		while (n_waiting) {
			const struct waiting w = take_waiting(0);

			give(&w);
		}
	}
}

/* ---- steps ---------------------------------------------------------------------------------------------------------- */

static enum ipc_tag some_tag(struct tape *t, enum road road)
{
	unsigned n = 0, k;

	for (unsigned i = IPC_NONE + 1; i < IPC_TAGS; i++)
		n += permit_of(road, (enum ipc_tag)i) != NULL;
	if (!n)
		return IPC_NONE;
	k = tape_byte(t) % n;
	for (unsigned i = IPC_NONE + 1; i < IPC_TAGS; i++)
		if (permit_of(road, (enum ipc_tag)i) && !k--)
			return (enum ipc_tag)i;
	return IPC_NONE;
}

void play_speak(unsigned road, struct tape *t)
{
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX];
	enum ipc_tag tag = some_tag(t, play.roads[road].says);
	const struct permit *p = tag == IPC_NONE ? NULL : permit_of(play.roads[road].says, tag);
	unsigned n;
	int fds[SOCK_FDS_MAX];

	if (!p)
		return;
	tape_fill(t, tag, msg);
	n = p->fds_min + (p->fds_max > p->fds_min ? tape_byte(t) % (p->fds_max - p->fds_min + 1) : 0);
	for (unsigned k = 0; k < n; k++)
		fds[k] = tape_thing(t);
	play_say(road, tag, msg, fds, n);
	for (unsigned k = 0; k < n; k++)
		close(fds[k]);
}

/* The target's own answer to what was heard, as it is, twisted, or twice. */
static void reply(struct tape *t)
{
	uint8_t b = tape_byte(t);
	struct waiting w;

	if (!n_waiting)
		return;
	w = take_waiting(b / 8u % n_waiting);
	if (b % 4 == 1)
		tape_twist(t, w.tag, w.msg);
	if (b % 8 == 3 && w.fd >= 0) {
		close(w.fd);
		w.fd = tape_thing(t);
	}
	if (b % 8 == 2)
		play_say(w.road, w.tag, w.msg, &w.fd, w.fd >= 0 ? 1 : 0);
	give(&w);
}

static void later(struct tape *t)
{
	static const uint64_t waits[] = { 1, 3, 25, 1000, 6000, 61000, 121000, 3600000, 90000000 };

	play_later(waits[tape_byte(t) % (sizeof(waits) / sizeof(waits[0]))]);
}

static void step(struct tape *t)
{
	unsigned k = tape_byte(t) % 32u;

	if (k < play.n_roads)
		play_speak(k, t);
	else if (k - play.n_roads < play.n_acts)
		play.act(k - play.n_roads, t);
	else if (k == 31)
		later(t);
	else if (k == 30 && play.n_roads)
		connect_road(&play.roads[tape_byte(t) % play.n_roads]);
	else if (k == 29)
		play_settle();
	else
		reply(t);
}

void play_input(const uint8_t *p, size_t n)
{
	struct tape t = { p, n };

	tape_rewind();
	forget_waiting();
	for (unsigned i = 0; i < play.n_roads; i++) {
		if (!play.roads[i].given)
			connect_road(&play.roads[i]);
		play.roads[i].spoken = false;
	}
	for (int i = 0; i < STEPS && t.n; i++) {
		step(&t);
		if (tape_byte(&t) % 4 != 3 || play.one_by_one) /* else several at once */
			play_turn();
	}
	play_turn();
	if (play.after)
		play.after();
	for (unsigned i = 0; i < play.n_roads; i++) {
		if (play.roads[i].fd >= 0)
			close(play.roads[i].fd);
		play.roads[i].fd = -1;
	}
	turn();
	forget_waiting();
	ahead_ms = 0; /* the fuzzer's own clock */
	alarm_waits(false);
}
