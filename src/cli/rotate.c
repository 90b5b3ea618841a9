/* rotate.c - key rotate and key status. The new key lies beside the old one, in a file of its own, until everything is
 * wrapped under it; then it takes the old one's name. Ended at any moment, the same command goes on. */
#include "base/mem.h"
#include "cli/ask.h"
#include "cli/file.h"
#include "cli/recovery.h"
#include "cli/show.h"
#include "cli/simple.h"
#include "crypto/aead.h"
#include "crypto/wrap.h"
#include "role/parent/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 200, KNOWN_MS = 60000, ID_ROOM = 32 };

struct rotate {
	const char *master, *next; /* files */
	const char *control;
	struct secret key; /* the new one */
	char id[ID_ROOM];
	bool resumed, running;
};

static int read_key(const char *path, struct secret *ret, struct fail *f)
{
	OWNFD fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	OWN(secret) key = SECRET_NONE;
	struct stat st;

	TRY(secret_new(&key, RECOVERY_KEY, f));
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(f, errno == ENOENT ? FAIL_ABSENT : FAIL_SYS, "%s", path);
	if (st.st_size != RECOVERY_KEY || read(fd, key.p, key.n) != (ssize_t)key.n)
		return fail(f, FAIL_SYNTAX, "%s is no master key", path);
	*ret = secret_take(&key);
	return OK;
}

static int make_next(struct rotate *r, struct fail *f)
{
	OWN(secret) key = SECRET_NONE;
	struct stat st;

	if (stat(r->master, &st) < 0)
		return fail_errno(f, errno == ENOENT ? FAIL_ABSENT : FAIL_SYS, "%s", r->master);
	TRY(secret_new(&key, RECOVERY_KEY, f));
	TRY(random_bytes(key.p, key.n, f));
	TRY(file_new(r->next, secret_str(&key), 0400, f));
	if (geteuid() == 0 && chown(r->next, st.st_uid, st.st_gid) < 0)
		return fail_errno(f, FAIL_SYS, "%s", r->next);
	TRY(file_name_kept(r->next, f));
	r->key = secret_take(&key);
	return OK;
}

/* One that was begun goes on; one that was not even written whole has wrapped nothing. */
static int take_next(struct rotate *r, struct fail *f)
{
	uint8_t id[8];
	int e = read_key(r->next, &r->key, f);

	r->resumed = e == OK;
	if (e == FAIL_SYNTAX && unlink(r->next) == 0)
		e = FAIL_ABSENT;
	if (e == FAIL_ABSENT)
		e = make_next(r, f);
	TRY(e);
	wrap_key_id(&r->key, id);
	for (size_t i = 0; i < sizeof(id); i++)
		snprintf(r->id + 2 * i, 3, "%02x", id[i]);
	return OK;
}

static void tell_recovery(struct cli *c, const struct rotate *r)
{
	OWN(show_records) said = SHOW_RECORDS;
	OWN(buf) text = BUF(256);

	recovery_print(&r->key, &text);
	if (c->json) {
		show_text(&said, "master_key_id", str_c(r->id));
		show_text(&said, "recovery_key", buf_str(&text));
		show_end(&said);
		print_json(buf_str(&said.list));
		wipe(said.list.p, said.list.cap);
	} else {
		printf("%s\n\n    %s\n\nWrite it down on paper. Keep the former one as long as you keep "
		       "backups that "
		       "were made under it.\n",
		       r->resumed ? "The rotation that was begun goes on. Its recovery key:"
		                  : "The new recovery key of this relay:",
		       text.p);
	}
	wipe(text.p, text.cap);
	fflush(stdout);
}

struct status {
	char stored[ID_ROOM], next[ID_ROOM];
};

static int status_of(struct cli *c, struct status *ret, struct fail *f)
{
	OWN(ask) a = ASK("key.status");

	TRY(ask_run(&a, c, f));
	snprintf(ret->stored, sizeof(ret->stored), "%.*s", STR_ARG(ask_field(&a, "master_key_id")));
	snprintf(ret->next, sizeof(ret->next), "%.*s", STR_ARG(ask_field(&a, "next_key_id")));
	return OK;
}

static void nap(void)
{
	const struct timespec t = { 0, POLL_MS * 1000000L };

	nanosleep(&t, NULL);
}

static int await(struct cli *c, struct rotate *r, struct fail *f)
{
	OWN(ask) start = ASK("key.rotate");
	struct status s = { 0 };

	for (int waited = 0;; waited += POLL_MS) {
		TRY(status_of(c, &s, f));
		if (str_eq(str_c(s.next), str_c(r->id)) || str_eq(str_c(s.stored), str_c(r->id)))
			break;
		if (waited > KNOWN_MS)
			return fail(f, FAIL_AGAIN,
			            "the server does not take the new key: its log says why; then run this "
			            "again");
		nap();
	}
	TRY(ask_run(&start, c, f));
	while (!str_eq(str_c(s.stored), str_c(r->id))) {
		nap();
		TRY(status_of(c, &s, f));
	}
	return OK;
}

/* The new one takes its name first: at no moment is there a name without a key that opens. */
static int replace(struct rotate *r, struct fail *f)
{
	static const char nothing[RECOVERY_KEY];
	OWNFD old = -1;

	if (chmod(r->master, 0600) == 0)
		old = open(r->master, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (rename(r->next, r->master) < 0)
		return fail_errno(f, FAIL_SYS, "%s cannot be given the name %s", r->next, r->master);
	TRY(file_name_kept(r->master, f));
	if (old >= 0 && (pwrite(old, nothing, sizeof(nothing), 0) < 0 || fsync(old) < 0))
		return fail_errno(f, FAIL_SYS, "the former master key could not be overwritten");
	return OK;
}

static int run_all(struct cli *c, struct rotate *r, struct fail *f)
{
	struct fail none = { 0 };
	int e;

	TRY(take_next(r, f));
	tell_recovery(c, r);
	e = parent_reload(r->control, &none);
	if (e < 0 && e != FAIL_ABSENT)
		return fail(f, e, "%s", none.why);
	r->running = e == OK;
	TRY(await(c, r, f));
	TRY(replace(r, f));
	if (r->running)
		TRY(parent_reload(r->control, f)); /* and the vault forgets the old one */
	return OK;
}

static int key_rotate(struct cli *c, struct fail *f)
{
	OWN(buf) next = BUF(8192);
	struct rotate r = { 0 };
	struct conf conf;
	int e;

	TRY(crypto_init(f));
	TRY(cli_conf(c, &conf, f));
	buf_addf(&next, "%.*s" MASTER_NEXT, STR_ARG(conf.master_key));
	r.master = arena_z(&c->arena, conf.master_key);
	r.next = arena_z(&c->arena, buf_str(&next));
	r.control = arena_z(&c->arena, conf.control_socket);
	e = run_all(c, &r, f);
	secret_done(&r.key);
	TRY(e);
	if (!c->json)
		printf("Everything is wrapped under the new master key, %s; the former one opens nothing any "
		       "more.\n",
		       r.master);
	return OK;
}

static int key_status(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("key.status");

	return simple_show(&a, c, f);
}

// clang-format off
const struct cli_command cli_keys[] = {
	{ "key rotate", "", "make a new master key and wrap everything anew under it", key_rotate, 0, 0, { { 0 } } },
	{ "key status", "", "which master key is in use, and how far a rotation is", key_status, 0, 0, { { 0 } } },
	{ 0 }
};
// clang-format on
