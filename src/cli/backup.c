/* backup.c - backup and restore. */
#include "cli/backup.h"

#include "base/clock.h"
#include "cli/ask.h"
#include "cli/file.h"
#include "cli/show.h"
#include "cli/simple.h"
#include "crypto/aead.h"
#include "crypto/wrap.h"
#include "sys/sock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_ROOM = 64 };
static const unsigned nobody_else = (unsigned)-1;

/* ---- taking ------------------------------------------------------------------------------------------------------ */

struct taking {
	int state, into; /* directories */
	struct buf manifest;
	uint64_t bytes;
	size_t files;
};

static int open_dir(int at, const char *path, int *ret, struct fail *f)
{
	*ret = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret >= 0 ? OK : fail_errno(f, errno == ENOENT ? FAIL_ABSENT : FAIL_SYS, "%s", path);
}

static int take_file(struct taking *t, int from, const char *name, int into, const char *as, struct str told,
                     struct fail *f)
{
	OWN(buf) hash = BUF(NAME_ROOM * 2);
	uint64_t size;

	TRY(backup_copy(from, name, into, as, nobody_else, &size, &hash, f));
	manifest_add(&t->manifest, &(struct manifest_file){ buf_str(&hash), told, size });
	t->bytes += size;
	t->files++;
	return t->manifest.over ? fail(f, FAIL_LIMIT, "there are too many files of bodies") : OK;
}

static int take_bodies(struct taking *t, struct fail *f)
{
	OWNFD from = -1;
	OWNFD into = -1;
	DIR *dir;
	int r = OK;

	TRY(open_dir(t->state, BACKUP_BODIES, &from, f));
	if (mkdirat(t->into, BACKUP_BODIES, 0700) < 0)
		return fail_errno(f, FAIL_SYS, "a directory of the backup cannot be made");
	TRY(open_dir(t->into, BACKUP_BODIES, &into, f));
	dir = fdopendir(dup(from));
	for (struct dirent *e; dir && r == OK && (e = readdir(dir));) {
		char told[NAME_ROOM];

		if (!backup_is_body(str_c(e->d_name)))
			continue;
		snprintf(told, sizeof(told), BACKUP_BODIES "/%.*s", BODY_NAME, e->d_name);
		r = take_file(t, from, e->d_name, into, e->d_name, str_c(told), f);
		if (r == FAIL_ABSENT) /* a large body that was not accepted: no row knows it */
			r = OK;
	}
	if (dir)
		closedir(dir);
	if (r == OK && fsync(into) < 0)
		return fail_errno(f, FAIL_SYS, "the backup cannot be written");
	return r;
}

static int take_all(struct taking *t, const struct ask *begun, struct fail *f)
{
	OWN(arena) a = ARENA;
	OWNFD fd = -1;
	struct str text;

	manifest_begin(&t->manifest, (uint64_t)clock_utc(), ask_field(begun, "schema"),
	               ask_field(begun, "master_key_id"));
	TRY(take_file(t, t->state, arena_z(&a, ask_field(begun, "rows")), t->into, BACKUP_ROWS,
	              STR(BACKUP_ROWS), f));
	TRY(take_bodies(t, f));
	manifest_end(&t->manifest);
	text = buf_str(&t->manifest);
	fd = openat(t->into, BACKUP_MANIFEST, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n || fsync(fd) < 0 || fsync(t->into) < 0)
		return fail_errno(f, FAIL_SYS, "the manifest cannot be written");
	return OK;
}

/* What was begun and will not be ended: our own directory, two levels of files. */
static void remove_all(int at, const char *name)
{
	OWNFD fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(dup(fd));

	for (struct dirent *e; dir && (e = readdir(dir));)
		if (e->d_name[0] != '.' && unlinkat(fd, e->d_name, 0) < 0)
			remove_all(fd, e->d_name);
	if (dir)
		closedir(dir);
	(void)unlinkat(at, name, AT_REMOVEDIR);
}

static int take_into(struct cli *c, struct taking *t, const char *part, const char *dest, struct fail *f)
{
	OWN(ask) begin = ASK("backup.begin");
	OWN(ask) end = ASK("backup.end");
	int r;

	TRY(open_dir(AT_FDCWD, part, &t->into, f));
	TRY(ask_run(&begin, c, f));
	r = take_all(t, &begin, f);
	if (ask_run(&end, c, r == OK ? f : NULL) < 0 && r == OK)
		return FAIL_PEER;
	TRY(r);
	if (rename(part, dest) < 0)
		return fail_errno(f, FAIL_SYS, "%s cannot be given its name", dest);
	return file_name_kept(dest, f);
}

static int backup(struct cli *c, struct fail *f)
{
	const char *dest = c->operands[0], *part;
	struct taking t = { -1, -1, BUF(MANIFEST_MAX), 0, 0 };
	OWN(show_records) said = SHOW_RECORDS;
	OWN(buf) name = BUF(8192);
	struct conf conf;
	int r;

	TRY(crypto_init(f));
	TRY(cli_conf(c, &conf, f));
	if (file_is(dest))
		return fail(f, FAIL_EXISTS,
		            "%s is there already, and nothing was changed: name another place", dest);
	TRY(open_dir(AT_FDCWD, arena_z(&c->arena, conf.state_dir), &t.state, f));
	buf_addf(&name, "%s.part-%d", dest, (int)getpid());
	part = arena_z(&c->arena, buf_str(&name));
	if (mkdir(part, 0700) < 0) {
		r = fail_errno(f, FAIL_SYS, "%s cannot be made", part);
	} else {
		r = take_into(c, &t, part, dest, f);
		if (r < 0)
			remove_all(AT_FDCWD, part);
	}
	close(t.state);
	if (t.into >= 0)
		close(t.into);
	buf_done(&t.manifest);
	TRY(r);
	show_text(&said, "backup", str_c(dest));
	show_number(&said, "files", (int64_t)t.files);
	show_number(&said, "bytes", (int64_t)t.bytes);
	show_end(&said);
	if (c->json)
		print_json(buf_str(&said.list));
	else
		printf("Wrote %s: %zu files, %llu bytes. It is of no use without the master key, which is "
		       "not in "
		       "it.\n",
		       dest, t.files, (unsigned long long)t.bytes);
	return OK;
}

/* ---- putting back ------------------------------------------------------------------------------------------------ */

struct restoring {
	int source, state, bodies, lock;
	uid_t uid;
	struct manifest manifest;
	struct buf text;
};

static void restoring_done(struct restoring *r)
{
	const int fds[] = { r->source, r->state, r->bodies, r->lock };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	buf_done(&r->text);
}

static int read_manifest(struct restoring *r, const char *source, struct fail *f)
{
	OWNFD fd = -1;
	char room[16384];
	ssize_t n;

	if (open_dir(AT_FDCWD, source, &r->source, f) < 0)
		return fail(f, FAIL_ABSENT, "%s is no backup: name the directory that `postern backup` wrote",
		            source);
	fd = openat(r->source, BACKUP_MANIFEST, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(f, FAIL_ABSENT, "%s is no backup: it holds no " BACKUP_MANIFEST, source);
	while ((n = read(fd, room, sizeof(room))) > 0)
		buf_add(&r->text, str_of(room, (size_t)n));
	if (n < 0 || r->text.over)
		return fail(f, FAIL_SYS, "%s/" BACKUP_MANIFEST " cannot be read", source);
	return manifest_read(buf_str(&r->text), &r->manifest, f);
}

static int check_key(struct cli *c, const struct conf *conf, const struct restoring *r, struct fail *f)
{
	const char *path = arena_z(&c->arena, conf->master_key);
	OWN(secret) key = SECRET_NONE;
	OWN(buf) hex = BUF(NAME_ROOM);
	OWNFD fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t id[8];

	TRY(secret_new(&key, AEAD_KEY, f));
	if (fd < 0 && errno == ENOENT)
		return fail(
		        f, FAIL_ABSENT,
		        "there is no %s, and nothing of a backup can be read without it: make it from the "
		        "recovery key with `postern init --recover -`, then restore",
		        path);
	if (fd < 0 || read(fd, key.p, key.n) != (ssize_t)key.n)
		return fail(f, FAIL_SYS, "%s cannot be read, or is no master key", path);
	wrap_key_id(&key, id);
	for (size_t i = 0; i < sizeof(id); i++)
		buf_addf(&hex, "%02x", id[i]);
	if (str_eq(buf_str(&hex), r->manifest.key_id))
		return OK;
	return fail(f, FAIL_FORGED,
	            "the backup was made under another master key (%.*s) than %s (%s): move that file away, "
	            "make the "
	            "right one with `postern init --recover -` from the recovery key of that time",
	            STR_ARG(r->manifest.key_id), path, hex.p);
}

/* Nothing may be there but what a server that never worked leaves. */
static int check_empty(struct restoring *r, const char *path, struct fail *f)
{
	DIR *dir = fdopendir(dup(r->state));
	bool empty = dir != NULL;

	for (struct dirent *e; dir && empty && (e = readdir(dir));)
		empty = e->d_name[0] == '.' || str_eq(str_c(e->d_name), STR("postern.lock")) ||
		        str_eq(str_c(e->d_name), STR("control"));
	if (dir)
		closedir(dir);
	return empty ? OK
	             : fail(f, FAIL_EXISTS,
	                    "%s is not empty, and nothing was changed: move what is in it away, or name an "
	                    "empty "
	                    "server.state_dir",
	                    path);
}

/* No server works here now, nor begins to before we are done. */
static int open_state(struct cli *c, const struct conf *conf, struct restoring *r, struct fail *f)
{
	const char *path = arena_z(&c->arena, conf->state_dir);
	OWNFD control = -1;
	struct fail none = { 0 };
	struct stat st;

	if (sock_connect_unix(arena_z(&c->arena, conf->control_socket), &control, &none) == OK)
		return fail(f, FAIL_EXISTS,
		            "a server runs: stop it, then restore into an empty state directory");
	TRY(file_dir(path, 0700, f));
	TRY(open_dir(AT_FDCWD, path, &r->state, f));
	TRY(check_empty(r, path, f));
	if (fstat(r->state, &st) < 0)
		return fail_errno(f, FAIL_SYS, "%s", path);
	r->uid = geteuid() == 0 ? st.st_uid : (uid_t)-1;
	r->lock = openat(r->state, "postern.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (r->lock < 0 || (r->uid != (uid_t)-1 && fchown(r->lock, r->uid, r->uid) < 0))
		return fail_errno(f, FAIL_SYS, "%s/postern.lock", path);
	if (flock(r->lock, LOCK_EX | LOCK_NB) < 0)
		return fail(f, FAIL_EXISTS, "%s is in use by another process: stop it first", path);
	if (mkdirat(r->state, BACKUP_BODIES, 0700) < 0)
		return fail_errno(f, FAIL_SYS, "%s/" BACKUP_BODIES, path);
	TRY(open_dir(r->state, BACKUP_BODIES, &r->bodies, f));
	if (r->uid != (uid_t)-1 && fchown(r->bodies, r->uid, r->uid) < 0)
		return fail_errno(f, FAIL_SYS, "%s/" BACKUP_BODIES, path);
	return OK;
}

static int put_file(struct restoring *r, const struct manifest_file *m, struct fail *f)
{
	OWN(arena) a = ARENA;
	OWN(buf) hash = BUF(NAME_ROOM * 2);
	const char *name = arena_z(&a, m->name);
	bool rows = str_eq(m->name, STR(BACKUP_ROWS));
	uint64_t size;
	int e = backup_copy(
	        r->source, name, rows ? r->state : r->bodies,
	        rows ? BACKUP_ROWS ".part" : arena_z(&a, str_from(m->name, sizeof(BACKUP_BODIES))), r->uid,
	        &size, &hash, f);

	if (e == FAIL_ABSENT)
		return fail(f, FAIL_FORGED, "this backup is damaged: %s is missing; take another one", name);
	TRY(e);
	if (size != m->size || !str_eq(buf_str(&hash), m->sha256))
		return fail(f, FAIL_FORGED,
		            "this backup is damaged: %s is not what was written; take another one", name);
	return OK;
}

/* The rows get their name last: without them nothing is taken for a state. */
static int put_all(struct restoring *r, struct fail *f)
{
	struct str files = r->manifest.files;
	struct manifest_file m;

	while (files.n && manifest_next(&files, &m))
		TRY(put_file(r, &m, f));
	if (fsync(r->bodies) < 0 || fsync(r->state) < 0 ||
	    renameat(r->state, BACKUP_ROWS ".part", r->state, BACKUP_ROWS) < 0 || fsync(r->state) < 0)
		return fail_errno(f, FAIL_SYS, "the state directory cannot be written");
	return OK;
}

static int restore_all(struct cli *c, const struct conf *conf, struct restoring *r, struct fail *f)
{
	int e;

	TRY(read_manifest(r, c->operands[0], f));
	TRY(check_key(c, conf, r, f));
	TRY(open_state(c, conf, r, f));
	e = put_all(r, f);
	if (e < 0) {
		remove_all(r->state, BACKUP_BODIES);
		(void)unlinkat(r->state, BACKUP_ROWS ".part", 0);
	}
	return e;
}

static int restore(struct cli *c, struct fail *f)
{
	struct restoring r = { -1, -1, -1, -1, 0, { 0 }, BUF(MANIFEST_MAX) };
	OWN(ask) a = ASK("stat");
	OWN(buf) out = BUF(65536);
	struct conf conf;
	size_t files;
	int e;

	TRY(crypto_init(f));
	TRY(cli_conf(c, &conf, f));
	e = restore_all(c, &conf, &r, f);
	files = r.manifest.n_files;
	restoring_done(&r);
	TRY(e);
	TRY(ask_run(&a, c, f)); /* it opens, by the hands that will open it */
	if (c->json) {
		show_json(buf_str(&a.records), &out);
		print_out(&out);
	} else {
		printf("Restored %zu files: %lld users, %lld aliases, %lld messages in the queue. Next: "
		       "postern "
		       "serve\n",
		       files, (long long)ask_number(&a, "users"), (long long)ask_number(&a, "aliases"),
		       (long long)ask_number(&a, "queue"));
	}
	return OK;
}

// clang-format off
const struct cli_command cli_backup[] = {
	{ "backup", "DIR", "copy the whole state into a new directory; the server may run", backup, 1, 1, { { 0 } } },
	{ "restore", "DIR", "put a backup into an empty state directory", restore, 1, 1, { { 0 } } },
	{ 0 }
};
// clang-format on
