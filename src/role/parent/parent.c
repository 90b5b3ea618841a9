#include "role/parent/parent.h"

#include "base/clock.h"
#include "base/log.h"
#include "role/parent/child.h"
#include "role/parent/reload.h"
#include "sys/notify.h"
#include "sys/spawn.h"
#include "sys/swap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int add_listener(struct parent *p, enum listen_kind kind, enum role role, struct str address, int type,
                        unsigned mode, struct fail *f)
{
	struct listener *l = &p->listeners[p->n_listeners];
	struct endpoint e;
	struct fail why = { 0 };
	int r = endpoint_parse(address, &e, &why);

	*l = (struct listener){ kind, role, address, -1 };
	if (r == OK)
		r = sock_listen(&e, type, (int)p->conf.backlog, mode, &l->fd, &why);
	if (r < 0)
		return fail(f, r, "cannot listen on %.*s: %s", STR_ARG(address), why.why);
	p->n_listeners++;
	return OK;
}

static int bind_all(struct parent *p, struct fail *f)
{
	const struct conf *c = &p->conf;
	const struct {
		enum listen_kind kind;
		const struct conf_endpoints *all;
		unsigned mode;
	} rows[] = {
		{ LISTEN_SMTP, &c->listen, 0600 },
		{ LISTEN_PROXY, &c->proxy_listen, 0600 },
		{ LISTEN_LMTP, &c->lmtp, (unsigned)strtoul(arena_z(&p->arena, c->lmtp_mode), NULL, 8) },
		{ LISTEN_SUBMISSION, &c->submission, 0600 },
		{ LISTEN_SUBMISSION_TLS, &c->submission_tls, 0600 },
		{ LISTEN_WEB, &c->web_listen, (unsigned)strtoul(arena_z(&p->arena, c->web_mode), NULL, 8) },
		{ LISTEN_METRICS, &c->web_metrics,
		  (unsigned)strtoul(arena_z(&p->arena, c->web_mode), NULL, 8) },
	};
	OWN(buf) control = BUF(512);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t k = 0; k < rows[i].all->n; k++)
			TRY(add_listener(p, rows[i].kind, rows[i].kind >= LISTEN_WEB ? ROLE_WEB : ROLE_GATE,
			                 rows[i].all->at[k], SOCK_STREAM, rows[i].mode, f));
	buf_addf(&control, "unix:%.*s", STR_ARG(p->conf.control_socket));
	return add_listener(p, LISTEN_CONTROL, ROLE_CORE, arena_str(&p->arena, buf_str(&control)),
	                    SOCK_SEQPACKET, 0600, f);
}

/* Clear text must not be paged out: say so when it could be. */
static void warn_of_swap(void)
{
	if (swap_is_open())
		log_warn("ev=swap why=%s",
		         log_quote(STR("swap is on and does not look encrypted: mail in memory may reach "
		                       "the disk; turn it off or encrypt it")));
}

/* Files, and those of the directories in it. */
static void give_files(int at, uid_t uid, int depth)
{
	DIR *dir = fdopendir(dup(at));

	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (e->d_type == DT_REG)
			(void)!fchownat(at, e->d_name, uid, uid, AT_SYMLINK_NOFOLLOW);
		if (e->d_type == DT_DIR && e->d_name[0] != '.' && depth) {
			OWNFD sub = openat(at, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (sub < 0)
				continue;
			give_files(sub, uid, depth - 1);
			(void)!fchown(sub, uid, uid);
		}
	}
	if (dir)
		closedir(dir);
}

/* core owns its directory; as root the files may still be another's (first start, restored backup). */
static int give_state(const struct conf *c, struct fail *f)
{
	OWN(arena) a = ARENA;
	OWNFD fd = open(arena_z(&a, c->state_dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uid_t uid = c->uid_base + (uid_t)ROLE_CORE;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(f, errno == ENOENT ? FAIL_ABSENT : FAIL_SYS,
		                  "state directory %.*s (made by `postern init`)", STR_ARG(c->state_dir));
	if (geteuid() != 0 || !c->uid_base || st.st_uid == uid)
		return OK;
	give_files(fd, uid, 1);
	if (fchown(fd, uid, uid) < 0)
		return fail_errno(f, FAIL_SYS, "chown of %.*s", STR_ARG(c->state_dir));
	return OK;
}

static void on_child(void *arg)
{
	struct parent *p = arg;
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		child_ended(p, pid, status);
}

static void on_stop(void *arg)
{
	struct parent *p = arg;

	if (!p->private_mode) {
		log_info("ev=stopping");
		notify_manager("STOPPING=1");
	}
	children_stop(p);
}

/* The gate opens no file: who answers for names is read here, once. */
static void find_resolvers(struct conf *c, struct arena *a)
{
	OWNFD fd = -1;
	char text[16384];
	ssize_t n = 0;

	if (!conf_needs_dns(c) && !c->web_listen.n) /* where users name domains, these are looked up */
		return;
	fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, text, sizeof(text));
	conf_resolvers_of(c, n > 0 ? str_of(text, (size_t)n) : STR_NONE, a);
}

static unsigned how_many_scribes(const struct conf *c, bool private_mode)
{
	long n = c->scribes ? (long)c->scribes : sysconf(_SC_NPROCESSORS_ONLN);

	if (private_mode || n < 1)
		return 1;
	return n > SCRIBES_MAX ? SCRIBES_MAX : (unsigned)n;
}

/* Everything but listeners; used by both modes. */
static int prepare(struct parent *p, const char *conf_path, struct fail *f)
{
	p->conf_path = conf_path;
	p->arena = ARENA;
	TRY(conf_load(conf_path, &p->arena, &p->conf, f));
	find_resolvers(&p->conf, &p->arena);
	if (p->private_mode)
		p->conf.log_level = STR("warn");
	p->scribes = how_many_scribes(&p->conf, p->private_mode);
	if (getrandom(p->mask_key, sizeof(p->mask_key), 0) != sizeof(p->mask_key))
		return fail_errno(f, FAIL_SYS, "getrandom");
	TRY(spawn_image(&p->image_fd, f));
	TRY(loop_new(&p->loop, f));
	TRY(give_state(&p->conf, f));
	spawn_settle();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	umask(0077);
	return OK;
}

static int run(struct parent *p, struct fail *f)
{
	struct watch *child = signal_new(p->loop, SIGCHLD, on_child, p);
	struct watch *term = signal_new(p->loop, SIGTERM, on_stop, p);
	struct watch *intr = signal_new(p->loop, SIGINT, on_stop, p);
	struct watch *hup = signal_new(p->loop, SIGHUP, reload, p);
	int r = children_start(p, f);

	if (r < 0)
		children_stop(p);
	if (r == OK || !children_all_gone(p))
		loop_run(p->loop);
	watch_free(child);
	watch_free(term);
	watch_free(intr);
	watch_free(hup);
	return r;
}

int parent_serve(const char *conf_path, struct fail *f)
{
	static struct parent p; /* zero; lives as long as the process */

	TRY(prepare(&p, conf_path, f));
	log_open(2, role_name(ROLE_PARENT), LOG_INFO);
	log_mask_key(p.mask_key);
	TRY(bind_all(&p, f));
	warn_of_swap();
	return run(&p, f);
}

__attribute__((noreturn)) static void private_child(const char *conf_path, int control_fd)
{
	static struct parent p;
	struct fail f = { 0 };
	int r;

	p.private_mode = true;
	log_open(2, role_name(ROLE_PARENT), LOG_WARN);
	setsid(); /* a terminal's interrupt reaches the CLI, which closes the road */
	r = prepare(&p, conf_path, &f);
	p.listeners[p.n_listeners++] =
	        (struct listener){ LISTEN_PRIVATE, ROLE_CORE, STR("private"), control_fd };
	if (r == OK)
		r = run(&p, &f);
	if (r < 0)
		log_fail(LOG_ERROR, "start", &f);
	_exit(r < 0 ? 1 : 0);
}

int parent_private(const char *conf_path, int *ret_control_fd, pid_t *ret_pid, struct fail *f)
{
	int pair[2];
	pid_t pid;

	TRY(sock_pair(false, pair, f));
	pid = fork();
	if (pid < 0)
		return fail_errno(f, FAIL_SYS, "fork");
	if (pid == 0) {
		close(pair[0]);
		private_child(conf_path, pair[1]);
	}
	close(pair[1]);
	*ret_control_fd = pair[0];
	*ret_pid = pid;
	return OK;
}
