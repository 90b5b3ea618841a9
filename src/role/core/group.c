#include "role/core/group.h"

#include "base/clock.h"
#include "base/log.h"
#include "role/core/activity.h"
#include "role/core/core.h"
#include "role/core/queue.h"
#include "role/core/txn.h"
#include "sys/flush.h"
#include "sys/loop.h"

#include <unistd.h>

enum { LAZY_MS = 20 };

void core_dirty(struct core *c)
{
	if (!c->group.dirty)
		c->group.dirty_since = clock_mono_ms();
	c->group.dirty = true;
	c->group.changes++;
}

/* ---- who waits ------------------------------------------------------------------------------------------------- */

bool group_holds(const struct core *c, int64_t id)
{
	const struct group *g = &c->group;
	int64_t from = g->written_from ? g->written_from : g->gathered_from; /* numbers grow */

	return from && id >= from;
}

bool group_is_awaited(const struct core *c)
{
	return c->group.sealed || c->group.gathered || c->group.written;
}

void group_peer_gone(struct core *c, const struct peer *scribe)
{
	struct txn *const lists[] = { c->group.sealed, c->group.gathered, c->group.written };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (struct txn *t = lists[i]; t; t = t->next) {
			if (!scribe)
				t->session = 0;
			else if (t->scribe == scribe)
				t->scribe = NULL;
		}
}

static void keep(struct core *c, struct txn *t)
{
	struct group *g = &c->group;
	struct fail f = { 0 };
	int r = txn_keep_rows(t, &f);

	if (r < 0) {
		txn_not_kept(t, r, f.why);
		return;
	}
	t->next = g->gathered;
	g->gathered = t;
}

static void keep_sealed(struct core *c)
{
	while (c->group.sealed && c->group.phase != GROUP_BODIES) {
		struct txn *t = c->group.sealed;

		c->group.sealed = t->next;
		keep(c, t);
	}
}

void group_take(struct core *c, struct txn *t)
{
	if (c->group.phase != GROUP_BODIES) {
		keep(c, t);
		return;
	}
	t->next = c->group.sealed;
	c->group.sealed = t;
}

/* ---- keeping --------------------------------------------------------------------------------------------------- */

/* Whoever is told may begin a group by what he does then: by now it is another one, and those who wait are on no list of it. */
static void ended(struct core *c, struct txn *waiting, uint64_t number, int result)
{
	txns_committed(c, waiting, result);
	queue_committed(c, number, result);
	keep_sealed(c);
}

static void lost(struct core *c, const struct fail *why)
{
	struct group *g = &c->group;
	struct txn *waiting = TAKE(g->gathered);

	log_fail(LOG_ERROR, "commit", why);
	g->phase = GROUP_GATHERS;
	g->dirty = false;
	g->gathered_from = 0;
	g->failed = g->number++;
	ended(c, waiting, g->failed, FAIL_SYS);
}

/* open_is_lost: why the group after it is, of which nothing is there any more; NULL: it is not. */
static void kept(struct core *c, uint64_t number, const struct fail *open_is_lost)
{
	struct txn *waiting = TAKE(c->group.written);

	c->group.phase = GROUP_GATHERS;
	c->group.written_from = 0;
	if (open_is_lost)
		lost(c, open_is_lost);
	ended(c, waiting, number, OK);
}

static void write_rows(struct core *c)
{
	struct group *g = &c->group;
	struct fail f = { 0 };
	int fd;

	activity_settle(c);
	if (store_write(c->store, &fd, &f) < 0) {
		lost(c, &f);
		return;
	}
	g->dirty = false;
	g->number++;
	g->written = g->gathered;
	g->written_from = g->gathered_from;
	g->gathered = NULL;
	g->gathered_from = 0;
	if (fd < 0) {
		kept(c, g->number - 1, NULL);
		return;
	}
	g->phase = GROUP_LOG;
	flush_begin(g->flush, fd, "sync of the log");
	keep_sealed(c);
}

static void keep_group(struct core *c)
{
	int fd = store_bodies_fd(c->store);

	if (fd < 0) {
		write_rows(c);
		return;
	}
	c->group.phase = GROUP_BODIES;
	flush_begin(c->group.flush, fd, "sync of bodies");
}

static void bodies_are_synced(struct core *c, int result, const struct fail *why)
{
	struct fail f = *why;

	if (store_bodies_synced(c->store, result, &f) < 0)
		lost(c, &f);
	else
		write_rows(c);
}

/* When it failed, the open group makes room for the database to be brought up to the one before it. If that fails too, nobody can
 * say what is kept: a new life finds it out, whoever waits is told to come again, and what comes again is recognised. */
static void log_is_synced(struct core *c, int result, const struct fail *why)
{
	uint64_t number = c->group.number - 1;
	struct fail f = *why;

	if (result < 0)
		store_rollback(c->store);
	if (store_log_synced(c->store, result, &f) < 0) {
		log_fail(LOG_ERROR, "commit", &f);
		_exit(1);
	}
	kept(c, number, result < 0 ? why : NULL);
}

static void on_flushed(void *core, int result, const struct fail *why)
{
	struct core *c = core;

	if (c->group.phase == GROUP_BODIES)
		bodies_are_synced(c, result, why);
	else
		log_is_synced(c, result, why);
}

/* A sync costs the same for one message and for many: those that come while one is under way make the next group together, and nobody
 * waits for more of them. Of results of deliveries, for which nobody waits, many are to be one group. */
static uint64_t ripe_at(const struct core *c)
{
	return c->group.gathered ? 0 : c->group.dirty_since + LAZY_MS;
}

void group_settle(struct core *c)
{
	uint64_t now = clock_mono_ms(), at;

	if (!c->group.dirty || c->group.phase != GROUP_GATHERS)
		return;
	at = ripe_at(c);
	if (at <= now)
		keep_group(c);
	else
		timer_set(c->group.ripen, at - now);
}

void group_bodies_are_in(struct core *c)
{
	if (c->group.phase == GROUP_GATHERS && !c->txns && !c->group.sealed && store_bodies_fd(c->store) >= 0)
		keep_group(c);
}

int core_commit(struct core *c)
{
	const struct group *g = &c->group;
	uint64_t mine = g->number;

	while (g->number == mine ? g->dirty || g->phase != GROUP_GATHERS
	                         : g->number == mine + 1 && g->phase == GROUP_LOG) {
		if (g->phase == GROUP_GATHERS)
			keep_group(c);
		flush_wait(g->flush);
	}
	return g->failed >= mine ? FAIL_SYS : OK;
}

int core_scrub(struct core *c, struct fail *f)
{
	if (core_commit(c) < 0)
		return fail(f, FAIL_SYS, "the change could not be stored: is the disk full?");
	return store_scrub(c->store, f);
}

/* ---- start and stop -------------------------------------------------------------------------------------------- */

/* Nothing to do: that the loop went round is what was wanted. */
static void on_ripe(void *core)
{
}

int group_start(struct core *c, struct fail *f)
{
	c->group.number = 1;
	c->group.ripen = timer_new(c->loop, on_ripe, c);
	return flush_new(c->loop, on_flushed, c, &c->group.flush, f);
}

void group_stop(struct core *c)
{
	for (int i = 0; i < 2;
	     i++) /* the second: of what was sealed while the first one's bodies were synced */
		(void)core_commit(c);
	flush_free(c->group.flush);
	c->group.flush = NULL;
}
