#include "role/core/rotate.h"

#include "base/log.h"
#include "base/mem.h"
#include "role/core/call.h"
#include "store/backup.h"
#include "store/rotate.h"

#include <stdlib.h>

enum {
	ID = 8,
	STEP_MS = 1,
	AGAIN_MS = 1000,
	PAUSE_MS = 2000,
	EMPTY_MOST = 64,
	BYTES_MOST = 100 * 1024,
	CLEAN = 2
};

struct rotation {
	struct core *core;
	struct timer *timer;
	struct arena arena; /* of the portion that is at the vault */
	struct wrapped portion[WRAPPED_MOST];
	size_t n;
	uint8_t id[ID]; /* of the new master key */
	bool on, found; /* found: something, in this pass */
	enum wrapped_table table;
	int64_t after;
	unsigned clean; /* passes that found nothing */
	uint64_t done;
};

static void on_timer(void *arg);

static struct rotation *rotation_of(struct core *c)
{
	if (!c->rotation) {
		c->rotation = xnew(struct rotation);
		c->rotation->core = c;
		c->rotation->timer = timer_new(c->loop, on_timer, c->rotation);
	}
	return c->rotation;
}

bool rotate_is_on(const struct core *c)
{
	return c->rotation && c->rotation->on;
}

uint64_t rotate_done(const struct core *c)
{
	return c->rotation ? c->rotation->done : 0;
}

static void begin(struct rotation *r, struct str id)
{
	memcpy(r->id, id.p, ID);
	r->on = true;
	r->found = false;
	r->clean = 0;
	r->table = WRAPPED_STORE_KEYS;
	r->after = 0;
	log_info("ev=rotation state=begun");
	timer_set(r->timer, STEP_MS);
}

static void on_id(void *arg, int code, struct str why, const void *msg)
{
	struct rotation *r = arg;
	const struct rewrapped *m = msg;
	OWN(arena) a = ARENA;
	struct fail f = { 0 };
	struct str stored;
	int64_t schema;

	if (r->on)
		return;
	if (code < 0 || m->master_id.n != ID || backup_identity(r->core->store, &a, &schema, &stored, &f) < 0)
		timer_set(r->timer, AGAIN_MS);
	else if (!str_eq(stored, m->master_id))
		begin(r, m->master_id);
}

void rotate_look(struct core *c)
{
	struct rotation *r = rotation_of(c);

	if (r->on)
		return;
	if (c->vault)
		SEND(c->vault, rewrap, wait_for(&c->waits, c->vault, IPC_rewrapped, on_id, r), STR(""));
	else
		timer_set(r->timer, AGAIN_MS);
}

/* ---- a portion --------------------------------------------------------------------------------------------------- */

static void on_rewrapped(void *arg, int code, struct str why, const void *msg)
{
	struct rotation *r = arg;
	const struct rewrapped *m = msg;
	struct str list = code < 0 ? STR("") : m->wrapped, fresh;
	struct fail f = { 0 };
	int e = OK;

	if (code == OK && !str_eq(m->master_id, str_of(r->id, ID))) {
		r->on = false; /* there is another one by now */
		timer_set(r->timer, STEP_MS);
		return;
	}
	for (size_t i = 0; code == OK && e == OK && i < r->n && list_next(&list, &fresh); i++) {
		if (fresh.n) {
			e = wrapped_change(r->core->store, &r->portion[i], fresh, &f);
			r->found = true;
			r->done++;
		} /* else: under neither of the two; the vault has said so in the log, and nothing could ever open it */
		r->after = r->portion[i].id;
	}
	core_dirty(r->core);
	if (e < 0)
		log_fail(LOG_WARN, "rotation", &f);
	timer_set(r->timer, code < 0 || e < 0 ? AGAIN_MS : STEP_MS);
}

static void ask(struct rotation *r)
{
	struct core *c = r->core;
	OWN(buf) list = BUF(IPC_RECORD_MAX);
	size_t n = 0;

	while (n < r->n && (!n || list.n + r->portion[n].bytes.n < BYTES_MOST))
		list_add(&list, r->portion[n++].bytes);
	r->n = n;
	SEND(c->vault, rewrap, wait_for(&c->waits, c->vault, IPC_rewrapped, on_rewrapped, r), buf_str(&list));
}

/* Everything is under the new key, durably, and nothing of the old wrapping is left in the file or its log. */
static int finish(struct rotation *r, struct fail *f)
{
	struct core *c = r->core;

	if (core_commit(c) < 0)
		return fail(f, FAIL_SYS, "what was wrapped anew could not be stored");
	TRY(wrapped_all(c->store, str_of(r->id, ID), f));
	core_dirty(c);
	if (core_commit(c) < 0)
		return fail(f, FAIL_SYS, "the id of the new master key could not be stored");
	TRY(core_scrub(c, f));
	r->on = false;
	log_info("ev=rotation state=done keys=%llu", (unsigned long long)r->done);
	return OK;
}

/* What the vault wrapped under the old key just before it changed may still be on its way here: hence the pause. */
static void end_of_pass(struct rotation *r)
{
	struct fail f = { 0 };

	r->clean = r->found ? 0 : r->clean + 1;
	r->found = false;
	r->table = WRAPPED_STORE_KEYS;
	r->after = 0;
	if (r->clean >= CLEAN && finish(r, &f) == OK)
		return;
	if (f.code < 0)
		log_fail(LOG_WARN, "rotation", &f);
	timer_set(r->timer, PAUSE_MS);
}

static int look(struct rotation *r, struct fail *f)
{
	for (int i = 0; i < EMPTY_MOST && r->table < WRAPPED_TABLES; i++) {
		int64_t last;

		arena_done(&r->arena);
		r->arena = ARENA;
		TRY(wrapped_read(r->core->store, r->table, r->after, str_of(r->id, ID), &r->arena, r->portion,
		                 &r->n, &last, f));
		if (r->n)
			return OK;
		r->after += WRAPPED_MOST;
		if (r->after < last)
			continue;
		r->table++;
		r->after = 0;
	}
	return OK;
}

static void on_timer(void *arg)
{
	struct rotation *r = arg;
	struct fail f = { 0 };

	r->n = 0;
	if (!r->on) {
		rotate_look(r->core);
	} else if (!r->core->vault || look(r, &f) < 0) {
		if (f.code < 0)
			log_fail(LOG_WARN, "rotation", &f);
		timer_set(r->timer, AGAIN_MS);
	} else if (r->n) {
		ask(r);
	} else if (r->table == WRAPPED_TABLES) {
		end_of_pass(r);
	} else {
		timer_set(r->timer, STEP_MS);
	}
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static void rec_hex(struct request *c, const char *name, struct str bytes)
{
	OWN(buf) hex = BUF(64);

	for (size_t i = 0; i < bytes.n; i++)
		buf_addf(&hex, "%02x", (unsigned)(unsigned char)bytes.p[i]);
	rec_text(c, name, buf_str(&hex));
}

static void on_status(void *arg, int code, struct str why, const void *msg)
{
	struct request *c = arg;
	const struct rewrapped *m = msg;
	struct fail f = { 0 };
	struct str stored;
	int64_t schema;
	int r = code < 0 ? fail(&f, code, "%.*s", STR_ARG(why))
	                 : backup_identity(c->core->store, &c->arena, &schema, &stored, &f);

	if (r == OK) {
		rec_hex(c, "master_key_id", stored);
		rec_hex(c, "next_key_id", str_eq(stored, m->master_id) ? STR("") : m->master_id);
		rec_text(c, "state", rotate_is_on(c->core) ? STR("rotating") : STR("idle"));
		rec_number(c, "wrapped_anew", (int64_t)rotate_done(c->core));
		rec_end(c);
	}
	call_finish(c, r, &f);
}

static int run_status(struct request *c, struct fail *f)
{
	if (!c->core->vault)
		return fail(f, FAIL_AGAIN, "the vault is being started: ask again in a moment");
	SEND(c->core->vault, rewrap, wait_for(&c->core->waits, c->core->vault, IPC_rewrapped, on_status, c),
	     STR(""));
	return CALL_LATER;
}

static int run_rotate(struct request *c, struct fail *f)
{
	rotate_look(c->core);
	return OK;
}

// clang-format off
const struct call_spec calls_keys[] = {
	{ "key.status", run_status, { { 0 } } },
	{ "key.rotate", run_rotate, { { 0 } } },
	{ 0 }
};
// clang-format on
