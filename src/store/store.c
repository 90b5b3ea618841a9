#include "store/store.h"

#include "base/mem.h"
#include "store/backup.h"
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static int take_lock(int *ret_fd, struct fail *f)
{
	OWNFD fd = open("postern.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail_errno(f, FAIL_SYS, "postern.lock");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return fail(f, FAIL_EXISTS, "the store is in use by another process");
	*ret_fd = TAKE_FD(fd);
	return OK;
}

/* locking_mode, before the WAL is opened: postern.lock keeps others out already, and neither a lock nor a shared index
 * need be touched for each statement. temp_store: nothing of a query goes to a file of its own. The WAL is bounded by
 * checkpoints of SQLite itself. */
static const char pragmas[] =
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA "
        "secure_delete = ON;"
        "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384;"
        "PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 4194304;";

/* The pages of a sync that failed may be thrown away: what follows them in the log would be behind a gap. A checkpoint writes all of
 * it anew, to the database. It syncs the log by a descriptor of its own, which hears of the same failure once more. */
static int past_the_log(struct store *st, struct fail *f)
{
	int rc = SQLITE_ERROR;

	if (st->open_group)
		return fail(f, FAIL_BUG, "a group is open");
	for (int i = 0; i < 2 && rc != SQLITE_OK; i++)
		rc = sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return rc == SQLITE_OK ? OK
	                       : fail(f, FAIL_BUG, "the log of the database: %s", sqlite3_errmsg(st->db));
}

/* One thread uses it, and nobody asks how much memory it has: then it locks nothing and counts nothing. That can be said before the
 * first one is opened, and is of no effect later. */
static int open_file(int flags, sqlite3 **ret)
{
	(void)!sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	(void)!sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	return sqlite3_open_v2("postern.db", ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | flags, NULL);
}

static int open_db(struct store *st, struct fail *f)
{
	int rc = open_file(SQLITE_OPEN_CREATE, &st->db);

	if (rc != SQLITE_OK)
		return store_fail(st, rc, "postern.db", f);
	sqlite3_extended_result_codes(st->db, 1);
	TRY(store_exec(st, pragmas, f));
	TRY(schema_migrate(st, f));
	TRY(past_the_log(st, f)); /* what a crash has left there may not be on the disk */
	st->log_fd = open("postern.db-wal", O_RDONLY | O_CLOEXEC);
	return st->log_fd < 0 ? fail_errno(f, FAIL_SYS, "postern.db-wal") : OK;
}

int store_open(const struct store_cipher *cipher, const struct store_options *o, struct store **ret,
               struct fail *f)
{
	OWNS(store) st = xnew(struct store);

	st->cipher = cipher;
	st->lock_fd = st->log_fd = -1;
	if (o)
		st->o = *o;
	TRY(take_lock(&st->lock_fd, f));
	TRY(open_db(st, f));
	(void)unlink(BACKUP_FILE); /* of a backup that a crash ended */
	TRY(segments_open(st, f));
	*ret = TAKE(st);
	return OK;
}

void store_free(struct store *st)
{
	if (!st)
		return;
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(st->cache[i].stmt);
	segments_free(st->segments);
	if (st->db)
		sqlite3_close(st->db);
	if (st->log_fd >= 0)
		close(st->log_fd);
	if (st->lock_fd >= 0)
		close(st->lock_fd);
	free(st);
}

/* ---- keys ------------------------------------------------------------------------------------------------------ */

static int peek_one(sqlite3 *db, const char *key, struct arena *a, struct str *ret)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key = ?", -1, &s, NULL);

	*ret = STR("");
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		*ret = arena_str(a, str_of(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0)));
	sqlite3_finalize(s);
	return rc;
}

int store_peek_keys(struct arena *a, struct str *ret_column, struct str *ret_hash, struct fail *f)
{
	sqlite3 *db = NULL;
	int rc = access("postern.db", F_OK) < 0 ? SQLITE_NOTFOUND : open_file(0, &db);

	*ret_column = *ret_hash = STR("");
	if (rc == SQLITE_NOTFOUND)
		return OK;
	if (rc == SQLITE_OK) {
		rc = peek_one(db, "wrapped_column", a, ret_column);
		if (rc == SQLITE_OK)
			rc = peek_one(db, "wrapped_hash", a, ret_hash);
		rc = rc == SQLITE_ERROR ? SQLITE_OK : rc; /* a database without tables has no keys */
	}
	sqlite3_close(db);
	return rc == SQLITE_OK ? OK : fail(f, FAIL_SYS, "postern.db: %s", sqlite3_errstr(rc));
}

static int put_meta(struct store *st, const char *key, struct str value, struct fail *f)
{
	OWNQ q = q_write(st, "INSERT INTO meta (key, value) VALUES (CAST(? AS TEXT), ?)"
	                     " ON CONFLICT (key) DO UPDATE SET value = excluded.value");

	q_blob(&q, str_c(key));
	q_blob(&q, value);
	return q_done(&q, f);
}

int store_put_keys(struct store *st, struct str column, struct str hash, struct str master_id, struct fail *f)
{
	TRY(put_meta(st, "wrapped_column", column, f));
	TRY(put_meta(st, "wrapped_hash", hash, f));
	TRY(put_meta(st, "master_id", master_id, f));
	return store_commit(st, f);
}

/* ---- groups ---------------------------------------------------------------------------------------------------- */

void store_rollback(struct store *st)
{
	if (st->open_group)
		(void)!store_run(st, "ROLLBACK", NULL);
	st->open_group = false;
	segments_take_back(st->segments);
}

int store_bodies_fd(const struct store *st)
{
	return segments_unsynced(st->segments);
}

int store_bodies_synced(struct store *st, int result, struct fail *f)
{
	segments_synced(st->segments, result);
	if (result < 0)
		store_rollback(st);
	store_step(st);
	return result;
}

int store_write(struct store *st, int *ret_fd, struct fail *f)
{
	*ret_fd = -1;
	if (!st->open_group)
		return OK;
	if (store_run(st, "COMMIT", f) < 0) {
		store_rollback(st);
		return FAIL_SYS;
	}
	st->open_group = false;
	segments_written(st);
	store_step(st);
	*ret_fd = st->log_fd;
	return OK;
}

int store_log_synced(struct store *st, int result, struct fail *f)
{
	if (result < 0)
		TRY(past_the_log(st, f));
	store_step(st);
	segments_reap(st->segments);
	return OK;
}

static int sync_now(int fd, const char *what, struct fail *f)
{
	return fdatasync(fd) == 0 ? OK : fail_errno(f, FAIL_SYS, "%s", what);
}

int store_commit(struct store *st, struct fail *f)
{
	int fd = store_bodies_fd(st);

	TRY(store_bodies_synced(st, fd < 0 ? OK : sync_now(fd, "sync of bodies", f), f));
	TRY(store_write(st, &fd, f));
	return fd < 0 ? OK : store_log_synced(st, sync_now(fd, "sync of the log", f), f);
}

int store_part_begin(struct store *st, struct fail *f)
{
	TRY(store_begin(st, f));
	return store_run(st, "SAVEPOINT part", f);
}

int store_part_end(struct store *st, bool keep, struct fail *f)
{
	if (!keep)
		TRY(store_run(st, "ROLLBACK TO part", f));
	return store_run(st, "RELEASE part", f);
}

int store_scrub(struct store *st, struct fail *f)
{
	int rc;

	if (st->open_group)
		return fail(f, FAIL_BUG, "scrub within a group");
	rc = sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return rc == SQLITE_OK ? OK : store_fail(st, rc, "checkpoint", f);
}
