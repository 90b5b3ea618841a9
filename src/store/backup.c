#include "store/backup.h"

#include "base/mem.h"
#include "store/db.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAGES = 512 }; /* a step is a few milliseconds of a loop that others wait for */

struct backup {
	struct store *store;
	sqlite3 *to;
	sqlite3_backup *copy;
};

/* The file is not what is kept: whoever takes it away syncs what was made of it. */
static int open_copy(struct backup *b, struct fail *f)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, rc;
	int fd = open(BACKUP_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail_errno(f, FAIL_SYS, BACKUP_FILE);
	close(fd);
	rc = sqlite3_open_v2(BACKUP_FILE, &b->to, flags, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(b->to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL,
		                  NULL);
	if (rc != SQLITE_OK)
		return fail(f, FAIL_SYS, BACKUP_FILE ": %s", sqlite3_errstr(rc));
	b->copy = sqlite3_backup_init(b->to, "main", b->store->db, "main");
	return b->copy ? OK : fail(f, FAIL_SYS, BACKUP_FILE ": %s", sqlite3_errmsg(b->to));
}

int backup_begin(struct store *st, struct backup **ret, struct fail *f)
{
	struct backup *b = xnew(struct backup);
	int r;

	b->store = st;
	(void)unlink(BACKUP_FILE); /* of one that a crash ended */
	segments_hold(st->segments, true);
	r = open_copy(b, f);
	if (r < 0) {
		backup_free(b);
		return r;
	}
	*ret = b;
	return OK;
}

static int end_copy(struct backup *b)
{
	int rc = sqlite3_backup_finish(TAKE(b->copy)), closed = sqlite3_close(TAKE(b->to));

	return rc == SQLITE_OK ? closed : rc;
}

/* Rows that change meanwhile are changed in the copy too, since they change through the same connection. */
int backup_step(struct backup *b, bool *ret_done, struct fail *f)
{
	int rc = sqlite3_backup_step(b->copy, PAGES);

	if (rc == SQLITE_DONE)
		rc = end_copy(b);
	else if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		rc = SQLITE_OK;
	if (rc != SQLITE_OK)
		return fail(f, FAIL_SYS, BACKUP_FILE ": %s", sqlite3_errstr(rc));
	*ret_done = !b->copy;
	return OK;
}

void backup_free(struct backup *b)
{
	if (!b)
		return;
	if (b->copy)
		sqlite3_backup_finish(b->copy);
	sqlite3_close(b->to);
	(void)unlink(BACKUP_FILE);
	segments_hold(b->store->segments, false);
	free(b);
}

int backup_identity(struct store *st, struct arena *a, int64_t *ret_schema, struct str *ret_master_id,
                    struct fail *f)
{
	OWNQ q = q_read(st,
	                "SELECT value, (SELECT user_version FROM pragma_user_version) FROM meta WHERE key ="
	                " 'master_id'");

	TRY(q_one(&q, "key", f));
	*ret_master_id = q_col_blob(&q, 0, a);
	*ret_schema = q_col_i64(&q, 1);
	return OK;
}
