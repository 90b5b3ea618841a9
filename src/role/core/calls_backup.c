/* calls_backup.c - a backup: core makes a copy of the rows beside them, step by step while mail goes on, and removes no
 * file of bodies until whoever asked has taken everything away. */
#include "base/log.h"
#include "base/mem.h"
#include "role/core/call.h"
#include "role/core/rotate.h"
#include "store/backup.h"

#include <stdlib.h>

enum { STEP_MS = 1 };

struct backup_job {
	struct core *core;
	struct backup *copy;
	struct timer *timer;
	struct peer *control;
	struct request *asker; /* NULL once it was answered */
};

static void job_free(struct core *c)
{
	struct backup_job *j = TAKE(c->backup);

	backup_free(j->copy);
	timer_free(j->timer);
	free(j);
}

void backup_control_gone(struct core *core, const struct peer *control)
{
	struct fail f = { 0 };
	struct request *asker;

	if (!core->backup || (control && core->backup->control != control))
		return;
	asker = core->backup->asker;
	job_free(core);
	if (asker)
		call_finish(asker, fail(&f, FAIL_AGAIN, "the server stops: ask again when it runs"), &f);
}

static int tell(struct request *r, struct fail *f)
{
	struct str id;
	int64_t schema;
	OWN(buf) hex = BUF(64);

	TRY(backup_identity(r->core->store, &r->arena, &schema, &id, f));
	for (size_t i = 0; i < id.n; i++)
		buf_addf(&hex, "%02x", (unsigned)(unsigned char)id.p[i]);
	rec_text(r, "rows", STR(BACKUP_FILE));
	rec_number(r, "schema", schema);
	rec_text(r, "master_key_id", buf_str(&hex));
	rec_end(r);
	return OK;
}

static void on_step(void *arg)
{
	struct backup_job *j = arg;
	struct core *c = j->core;
	struct request *asker = j->asker;
	struct fail f = { 0 };
	bool done = false;
	int r = core_commit(c);

	if (r == OK)
		r = backup_step(j->copy, &done, &f);
	else
		fail(&f, r, "the changes of others could not be stored: is the disk full?");
	if (r == OK && !done) {
		timer_set(j->timer, STEP_MS);
		return;
	}
	j->asker = NULL;
	if (r == OK)
		r = tell(asker, &f);
	if (r < 0)
		job_free(c);
	call_finish(asker, r, &f);
}

static int run_begin(struct request *r, struct fail *f)
{
	struct core *c = r->core;
	struct backup_job *j;
	struct backup *copy;

	if (c->backup)
		return fail(f, FAIL_EXISTS, "another backup is being taken: ask again when it is done");
	if (rotate_is_on(c))
		return fail(f, FAIL_AGAIN,
		            "the master key is being changed, and a backup would need two: take it when "
		            "`postern key "
		            "status` says idle");
	if (core_commit(c) < 0)
		return fail(f, FAIL_SYS, "the changes of others could not be stored: is the disk full?");
	TRY(backup_begin(c->store, &copy, f));
	j = xnew(struct backup_job);
	*j = (struct backup_job){ c, copy, NULL, r->control, r };
	j->timer = timer_new(c->loop, on_step, j);
	timer_set(j->timer, STEP_MS);
	c->backup = j;
	log_info("ev=backup state=begun");
	return CALL_LATER;
}

static int run_end(struct request *r, struct fail *f)
{
	if (!r->core->backup || r->core->backup->control != r->control)
		return fail(f, FAIL_ABSENT, "no backup is being taken");
	job_free(r->core);
	log_info("ev=backup state=taken");
	return OK;
}

// clang-format off
const struct call_spec calls_backup[] = {
	{ "backup.begin", run_begin, { { 0 } } },
	{ "backup.end", run_end, { { 0 } } },
	{ 0 }
};
// clang-format on
