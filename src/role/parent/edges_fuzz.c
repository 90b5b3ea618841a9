/* edges_fuzz.c - the parent as hostile roles hear it. No role is started: what would start and end them is the target's. Laws: a role's
 * word ends nobody but itself and those whose roads it is asked about, in the life that is meant; keys are told to the vault alone,
 * and to a new one anew. */
#include "role/parent/child.h"
#include "role/play_fuzz.h"

#include "sys/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define CONF                                                                                                 \
	"[domains]\nrelay = relay.example\n[routes]\ndefault = 127.0.0.1:9\n[dns]\nresolver = 127.0.0.1:9\n" \
	"[web]\nlisten = 127.0.0.1:0\norigin = https://relay.example\n[server]\nmaster_key = "
enum { ROLES = 8, FIRST_PID = 1 << 24 }; /* no process has such a number */

static const char key[33] = "a master key that is only a test";
static struct parent parent;
static struct started {
	enum role role;
	unsigned index;
	pid_t pid;
	uint32_t life;
	bool lost, killed; /* its end is asked for; and has come */
} started[ROLES];
static unsigned n_started;
static pid_t last_pid = FIRST_PID;

/* ---- in the place of the kernel -------------------------------------------------------------------------------------- */

int spawn_role(const struct spawn *s, pid_t *ret_pid, struct fail *f)
{
	unsigned i = 0;

	while (i < n_started && (started[i].role != s->role || started[i].index != s->index))
		i++;
	if (i == n_started) {
		law(n_started < ROLES, "roles enough");
		n_started++;
		(void)play_place(ROLE_PARENT_, PARENT_ROLE);
	}
	started[i] = (struct started){ s->role, s->index, ++last_pid, started[i].life + 1, false, false };
	if (play.roads[i].fd >= 0)
		close(play.roads[i].fd);
	play.roads[i].fd = fcntl(s->channel_fd, F_DUPFD_CLOEXEC, 0);
	(void)!fcntl(play.roads[i].fd, F_SETFL, O_NONBLOCK);
	*ret_pid = last_pid;
	return OK;
}

int kill(pid_t pid, int sig)
{
	for (unsigned i = 0; i < n_started; i++) {
		if (started[i].pid != pid)
			continue;
		law(sig == SIGKILL && (started[i].lost || play.roads[i].fd < 0),
		    "whose end was asked for, ends");
		started[i].killed = true;
		return 0;
	}
	play_broken("it ends what it did not start");
}

static void bury(unsigned i, int status)
{
	const pid_t pid = started[i].pid;

	if (play.roads[i].fd >= 0)
		close(play.roads[i].fd);
	play.roads[i].fd = -1;
	started[i].killed = false;
	started[i].pid = 0;
	if (pid)
		child_ended(&parent, pid, status);
}

static void bury_all(void)
{
	for (unsigned i = 0; i < n_started; i++)
		if (started[i].killed)
			bury(i, SIGKILL);
}

/* ---- laws ------------------------------------------------------------------------------------------------------------ */

static bool is_asked(enum role who, enum role of)
{
	return (who == ROLE_CORE && of != ROLE_CORE && of != ROLE_PARENT) ||
	       (who == ROLE_VAULT && of == ROLE_KEYGEN);
}

static void said(unsigned road, enum ipc_tag tag, const void *msg)
{
	const struct role_lost *m = msg;

	for (unsigned i = 0; tag == IPC_role_lost && i < n_started; i++)
		if (is_asked(started[road].role, (enum role)m->role) &&
		    started[i].role == (enum role)m->role && started[i].index == m->index &&
		    started[i].life == m->life)
			started[i].lost = true;
}

static void heard(unsigned road, enum ipc_tag tag, const void *msg, struct str record, struct ipc_fds *fds)
{
	law(started[road].role == ROLE_VAULT || str_find(record, str_of(key, 32)) == record.n,
	    "a key is told to another");
}

/* ---- steps ----------------------------------------------------------------------------------------------------------- */

static void a_loss(struct tape *t)
{
	uint8_t b = tape_byte(t);
	const struct started *of = &started[b / 8u % n_started];

	PLAY(b % n_started, role_lost, of->role, of->index, of->life - (b >= 192));
}

static void act(unsigned k, struct tape *t)
{
	uint8_t b = tape_byte(t);

	if (k == 0)
		a_loss(t);
	else if (k == 1)
		bury(b % n_started, b & 128 ? SIGSEGV : 0);
	else if (k == 2)
		PLAY(b % n_started, role_ready, 1, 1, 0, 50);
	bury_all();
}

static void after(void)
{
	for (int i = 0; i < 3; i++) {
		play_later(6000);
		(void)play_hear();
		bury_all();
	}
	play_later(6000);
	for (unsigned i = 0; i < n_started; i++)
		law(started[i].pid != 0, "whoever has ended is started anew");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char text[1024], path[128];
	struct fail f = { 0 };
	OWNFD fd = -1;

	snprintf(path, sizeof(path), "%s/master.key", play_folder());
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0400);
	law(write(fd, key, 32) == 32, "the master key");
	snprintf(text, sizeof(text), "%s%s\n", CONF, path);
	play = (struct play){ .said = said, .heard = heard, .act = act, .n_acts = 3, .after = after };
	play_loop();
	parent.loop = play.loop;
	parent.scribes = 2;
	parent.image_fd = -1;
	if (conf_parse(str_c(text), "fuzz", "/", &parent.arena, &parent.conf, &f) < 0 ||
	    children_start(&parent, &f) < 0)
		play_broken(f.why);
	play_settle();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	play_forked(p, n, NULL);
	return 0;
}
