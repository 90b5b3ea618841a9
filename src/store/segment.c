#include "store/segment.h"

#include "base/mem.h"
#include "store/db.h"
#include "sys/memfd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SEGMENT_BYTES = 8 << 20,
	COPY = 64 * 1024,
	EMPTIED_MAX = 4096,
	SPARES_MAX = 4,
	FEW = 2,
	IN_ROWS_MAX = 16 << 20
};

struct segments {
	int dir;
	int64_t last;      /* highest file number in use */
	int64_t current;   /* 0: none open */
	int fd;            /* of the current segment */
	uint64_t at;       /* its end */
	uint64_t group_at; /* its end when the group began */
	uint64_t most;
	size_t n, n_before; /* bodies in the open group; in the last one that had any */
	uint64_t in_rows,
	        in_rows_before; /* bytes of bodies in rows, of this life, or too many; when the group began */
	bool unsynced, held;
	struct emptied {
		int64_t file;
		bool own;           /* of one large body */
	} emptied[EMPTIED_MAX],     /* files that lost a body in the open group; */
	        freed[EMPTIED_MAX]; /* without one in what was written, which is to be durable before they go */
	size_t n_emptied, n_freed;
	int64_t spares
	        [SPARES_MAX]; /* segments without a body, to be written over: their blocks and pages are there */
	size_t n_spares;
	bool distrust; /* a sync has failed: no file is used twice any more */
};

static void name_of(int64_t file, char out[static 24])
{
	snprintf(out, 24, "%016llx", (unsigned long long)file);
}

/* ---- opening --------------------------------------------------------------------------------------------------- */

static int is_known(struct store *st, int64_t file, bool *ret, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT 1 FROM body WHERE file = ? AND file > 0 LIMIT 1");

	q_i64(&q, file);
	return q_row(&q, ret, f);
}

static bool number_of(const char *name, int64_t *ret)
{
	char *end;
	long long v;

	if (strlen(name) != 16)
		return false;
	v = strtoll(name, &end, 16);
	if (*end || v <= 0)
		return false;
	*ret = v;
	return true;
}

/* A crash leaves files that no row points to: torn segments, large bodies that were never accepted. */
static int sweep(struct store *st, struct segments *s, struct fail *f)
{
	DIR *dir = fdopendir(fcntl(s->dir, F_DUPFD_CLOEXEC, 0));
	int r = OK;

	if (!dir)
		return fail_errno(f, FAIL_SYS, "bodies");
	rewinddir(dir);
	for (struct dirent *e; r == OK && (e = readdir(dir));) {
		bool known = false;
		int64_t file;

		if (!number_of(e->d_name, &file))
			continue;
		r = is_known(st, file, &known, f);
		if (r == OK && !known)
			unlinkat(s->dir, e->d_name, 0);
		if (file > s->last)
			s->last = file;
	}
	closedir(dir);
	return r;
}

/* SQLite syncs the directory for its own names, and may have done so before this one came. At each start, since the one that
 * made it may have died before the sync. */
static int keep_name(struct fail *f)
{
	OWNFD state = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return state >= 0 && fsync(state) == 0 ? OK : fail_errno(f, FAIL_SYS, "sync of the state directory");
}

int segments_open(struct store *st, struct fail *f)
{
	struct segments *s = xnew(struct segments);

	st->segments = s;
	s->fd = s->dir = -1;
	s->most = st->o.segment_bytes ? st->o.segment_bytes : SEGMENT_BYTES;
	if (mkdir("bodies", 0700) < 0 && errno != EEXIST)
		return fail_errno(f, FAIL_SYS, "bodies");
	TRY(keep_name(f));
	s->dir = open("bodies", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return fail_errno(f, FAIL_SYS, "bodies");
	return sweep(st, s, f);
}

void segments_free(struct segments *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	if (s->dir >= 0)
		close(s->dir);
	free(s);
}

static int new_file(struct segments *s, int64_t *ret_file, int *ret_fd, struct fail *f)
{
	char name[24];
	OWNFD fd = -1;

	name_of(s->last + 1, name);
	fd = openat(s->dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(f, FAIL_SYS, "a new file of bodies");
	s->last++; /* used up whatever follows: a name that stays would be in the way of every later try */
	if (fsync(s->dir) < 0) {
		int r = fail_errno(f, FAIL_SYS, "sync of bodies");

		unlinkat(s->dir, name, 0);
		return r;
	}
	*ret_file = s->last;
	*ret_fd = TAKE_FD(fd);
	return OK;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static void close_current(struct segments *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->current = 0;
}

/* Each file once, in whatever order the bodies of several went: a spare that stood in the list twice would be written over while it is
 * in use. From the end, where the files of the last deliveries are. */
static void note(struct emptied list[static EMPTIED_MAX], size_t *n, int64_t file, bool own)
{
	for (size_t i = *n; i > 0; i--)
		if (list[i - 1].file == file)
			return;
	if (*n < EMPTIED_MAX) /* beyond it the sweep of the next start finds them */
		list[(*n)++] = (struct emptied){ file, own };
}

static void note_emptied(struct segments *s, int64_t file, bool own)
{
	note(s->emptied, &s->n_emptied, file, own);
}

static void remove_file(const struct segments *s, int64_t file)
{
	char name[24];

	name_of(file, name);
	unlinkat(s->dir, name, 0);
}

/* False: there is none. One that cannot be opened is left to the sweep of the next start. */
static bool take_spare(struct segments *s)
{
	while (s->n_spares && s->fd < 0) {
		char name[24];

		s->current = s->spares[--s->n_spares];
		name_of(s->current, name);
		s->fd = openat(s->dir, name, O_RDWR | O_CLOEXEC);
	}
	if (s->fd < 0)
		s->current = 0;
	return s->fd >= 0;
}

/* A segment is never changed in the middle of a group, so that taking back is one truncation. */
static int want_segment(struct segments *s, struct fail *f)
{
	if (s->current && s->at >= s->most && !s->unsynced) {
		note_emptied(s, s->current,
		             false); /* its bodies may all have gone while it was the current one */
		close_current(s);
	}
	if (s->current)
		return OK;
	if (!take_spare(s))
		TRY(new_file(s, &s->current, &s->fd, f));
	s->at = s->group_at = 0;
	return OK;
}

static int write_at(int fd, struct str bytes, uint64_t at, struct fail *f)
{
	while (bytes.n) {
		ssize_t n = pwrite(fd, bytes.p, bytes.n, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail_errno(f, FAIL_SYS, "write of a body");
		bytes = str_from(bytes, (size_t)n);
		at += (uint64_t)n;
	}
	return OK;
}

/* Up to COPY bytes of it, valid until the next call. */
static int read_some(int from, uint64_t at, uint64_t bytes, struct str *ret, struct fail *f)
{
	static char room[COPY];
	ssize_t n;

	do
		n = pread(from, room, bytes < COPY ? (size_t)bytes : COPY, (off_t)at);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return fail(f, FAIL_BUG, "a body that is shorter than told");
	*ret = str_of(room, (size_t)n);
	return OK;
}

static int copy_in(struct segments *s, int from, uint64_t bytes, struct fail *f)
{
	for (uint64_t done = 0; done < bytes;) {
		struct str some = { 0 };

		TRY(read_some(from, done, bytes - done, &some, f));
		TRY(write_at(s->fd, some, s->at + done, f));
		done += some.n;
	}
	return OK;
}

/* bytes: NULL: they are in the file. */
static int insert(struct store *st, int64_t file, bool own, uint64_t offset, const struct body *b,
                  const struct str *bytes, int64_t *ret_id, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO body (file, own, offset, stored, plain, key, bytes)"
	                     " VALUES (?, ?, ?, ?, ?, ?, ?)");

	q_i64(&q, file);
	q_i64(&q, own);
	q_i64(&q, (int64_t)offset);
	q_i64(&q, (int64_t)b->stored);
	q_i64(&q, (int64_t)b->plain);
	q_sealed(&q, "body.key", b->key);
	if (bytes)
		q_blob(&q, *bytes);
	TRY(q_done(&q, f));
	*ret_id = store_last_id(st);
	return OK;
}

/* A body in its row is synced with the log, so that its message waits for one sync instead of two; but it passes through the log, and
 * once more when it is deleted. So it is for times when each message has a group nearly to itself: of many, the group bears the
 * second sync. Nor do more of them stay there than a database should grow by that never shrinks: those of a mailbox that is away. */
static bool goes_in_row(const struct segments *s, uint64_t bytes)
{
	return bytes <= COPY && !s->unsynced && s->n < FEW && s->n_before <= FEW &&
	       s->in_rows + bytes <= IN_ROWS_MAX;
}

static int add_in_row(struct store *st, int fd, const struct body *b, int64_t *ret_id, struct fail *f)
{
	struct str bytes = { 0 };

	TRY(read_some(fd, 0, b->stored, &bytes, f));
	if (bytes.n < b->stored)
		return fail(f, FAIL_BUG, "a body that is shorter than told");
	TRY(insert(st, 0, false, 0, b, &bytes, ret_id, f));
	st->segments->in_rows += b->stored;
	return OK;
}

static int add_in_segment(struct store *st, int fd, const struct body *b, int64_t *ret_id, struct fail *f)
{
	struct segments *s = st->segments;

	TRY(want_segment(s, f));
	s->unsynced = true;
	TRY(copy_in(s, fd, b->stored, f));
	store_step(st);
	TRY(insert(st, s->current, false, s->at, b, NULL, ret_id, f));
	s->at += b->stored;
	return OK;
}

int body_add(struct store *st, int fd, const struct body *b, int64_t *ret_id, struct fail *f)
{
	struct segments *s = st->segments;

	TRY(!st->o.bodies_in_files && goes_in_row(s, b->stored) ? add_in_row(st, fd, b, ret_id, f)
	                                                        : add_in_segment(st, fd, b, ret_id, f));
	s->n++;
	return OK;
}

int body_file_new(struct store *st, int64_t *ret_file, int *ret_fd, struct fail *f)
{
	return new_file(st->segments, ret_file, ret_fd, f);
}

int body_file_add(struct store *st, int64_t file, const struct body *b, int64_t *ret_id, struct fail *f)
{
	return insert(st, file, true, 0, b, NULL, ret_id, f);
}

void body_file_drop(struct store *st, int64_t file)
{
	remove_file(st->segments, file);
}

static void drop_spares(struct segments *s)
{
	while (s->n_spares)
		remove_file(s, s->spares[--s->n_spares]);
}

int segments_unsynced(const struct segments *s)
{
	return s->unsynced ? s->fd : -1;
}

/* A failed fdatasync may have thrown the pages away: that file is never trusted again for new bodies. */
void segments_synced(struct segments *s, int result)
{
	s->unsynced = false;
	if (result == OK) {
		s->group_at = s->at;
		return;
	}
	close_current(s);
	drop_spares(s);
	s->distrust = true;
	s->n_emptied = 0;
}

void segments_take_back(struct segments *s)
{
	s->n_emptied = 0;
	s->unsynced = false;
	s->n = 0;
	s->in_rows = s->in_rows_before;
	if (!s->current)
		return;
	if (ftruncate(s->fd, (off_t)s->group_at) < 0)
		close_current(s);
	else
		s->at = s->group_at;
}

/* ---- reading and deleting -------------------------------------------------------------------------------------- */

static int open_file(const struct segments *s, int64_t file, int *ret, struct fail *f)
{
	char name[24];
	int fd;

	name_of(file, name);
	fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(f, FAIL_SYS, "a file of bodies");
	*ret = fd;
	return OK;
}

int body_get(struct store *st, int64_t id, struct arena *a, struct body *ret, int *ret_fd,
             uint64_t *ret_offset, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT file, offset, stored, plain, key, bytes FROM body WHERE id = ?");
	struct body b = { .id = id };

	q_i64(&q, id);
	TRY(q_one(&q, "body", f));
	TRY(q_col_sealed(&q, 4, "body.key", a, &b.key, f));
	b.stored = (uint64_t)q_col_i64(&q, 2);
	b.plain = (uint64_t)q_col_i64(&q, 3);
	if (q_col_i64(&q, 0))
		TRY(open_file(st->segments, q_col_i64(&q, 0), ret_fd, f));
	else
		TRY(memfd_of(q_col_blob(&q, 5, a), ret_fd, f));
	*ret = b;
	*ret_offset = (uint64_t)q_col_i64(&q, 1);
	return OK;
}

int body_delete(struct store *st, int64_t id, struct fail *f)
{
	struct segments *s = st->segments;
	OWNQ q = q_write(st, "DELETE FROM body WHERE id = ? RETURNING file, own, stored");
	uint64_t bytes;

	q_i64(&q, id);
	TRY(q_one(&q, "body", f));
	if (q_col_i64(&q, 0)) {
		note_emptied(s, q_col_i64(&q, 0), q_col_i64(&q, 1));
		return OK;
	}
	bytes = (uint64_t)q_col_i64(&q, 2);
	s->in_rows -= bytes < s->in_rows ? bytes : s->in_rows; /* it may be of an earlier life */
	return OK;
}

void segments_hold(struct segments *s, bool hold)
{
	s->held = hold;
	if (hold)
		drop_spares(s); /* nothing to be kept */
}

void segments_written(struct store *st)
{
	struct segments *s = st->segments;

	if (s->n)
		s->n_before = s->n;
	s->n = 0;
	s->in_rows_before = s->in_rows;
	if (s->held)
		return;
	for (size_t i = 0; i < s->n_emptied; i++) {
		const struct emptied *e = &s->emptied[i];
		bool known = true;

		if (e->file == s->current)
			continue;
		if (is_known(st, e->file, &known, NULL) == OK && !known)
			note(s->freed, &s->n_freed, e->file, e->own);
	}
	s->n_emptied = 0;
}

void segments_reap(struct segments *s)
{
	if (s->held)
		return;
	for (size_t i = 0; i < s->n_freed; i++) {
		const struct emptied *e = &s->freed[i];

		if (e->own || s->distrust || s->n_spares == SPARES_MAX)
			remove_file(s, e->file);
		else
			s->spares[s->n_spares++] = e->file;
	}
	s->n_freed = 0;
}
