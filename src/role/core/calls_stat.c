/* calls_stat.c - numbers for an operator: sums over the store, counters since the start, and how it goes just now. */
#include "role/core/call.h"
#include "role/core/reply.h"
#include "store/upkeep.h"

struct row {
	const char *name;
	int64_t value;
};

static void put_rows(struct request *c, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rec_number(c, rows[i].name, rows[i].value);
}

static void put_sums(struct request *c, const struct store_sums *s, int64_t now)
{
	const struct row rows[] = {
		{ "users", s->users },
		{ "mailboxes", s->mailboxes },
		{ "aliases", s->aliases },
		{ "correspondents", s->correspondents },
		{ "profiles_active", s->profiles_active },
		{ "pool", s->pool },
		{ "spare_keys", s->spare_keys },
		{ "queue", s->queue },
		{ "queue_bytes", s->queue_bytes },
		{ "queue_oldest_s", s->queue_oldest ? now - s->queue_oldest : 0 },
	};

	put_rows(c, rows, sizeof(rows) / sizeof(rows[0]));
}

static void put_counters(struct request *c, const struct counters *n, const struct meter *m)
{
	const struct row rows[] = {
		{ "accepted", (int64_t)n->accepted },
		{ "accepted_bytes", (int64_t)m->bytes_in },
		{ "refused", (int64_t)n->refused },
		{ "dropped", (int64_t)n->dropped },
		{ "deferred_in", (int64_t)n->deferred_in },
		{ "delivered", (int64_t)n->delivered },
		{ "deferred", (int64_t)n->deferred },
		{ "failed", (int64_t)n->failed },
		{ "dsn", (int64_t)n->dsn },
		{ "notices", (int64_t)n->notices },
		{ "answered", (int64_t)n->answered },
		{ "bounced", (int64_t)n->bounced },
		{ "logins", (int64_t)n->logins },
		{ "logins_failed", (int64_t)n->logins_failed },
		{ "logins_throttled", (int64_t)n->logins_throttled },
		{ "commits", (int64_t)m->groups },
		{ "commit_messages", (int64_t)m->grouped },
		{ "commits_failed", (int64_t)m->groups_lost },
	};

	put_rows(c, rows, sizeof(rows) / sizeof(rows[0]));
}

static void put_now(struct request *c, const struct core *core)
{
	const struct gate_facts *g = &core->meter.gate;
	int64_t sealing = 0, waiting = 0, scribes = 0;

	for (const struct txn *t = core->txns; t; t = t->next) {
		sealing++;
		waiting += reply_waits(t);
	}
	for (size_t i = 0; i < SCRIBES_MAX; i++)
		scribes += core->scribes[i] != NULL;
	const struct row rows[] = {
		{ "sealing", sealing },
		{ "opening", (int64_t)core->n_openers },
		{ "answers_waiting", waiting },
		{ "sending", (int64_t)core->n_deliveries },
		{ "gate_up", core->gate != NULL },
		{ "vault_up", core->vault != NULL },
		{ "keygen_up", core->keygen != NULL },
		{ "opener_up", core->opener != NULL },
		{ "scribes_up", scribes },
		{ "space_low", core->space_low },
		{ "sessions", (int64_t)g->sessions },
		{ "sessions_total", (int64_t)g->sessions_total },
		{ "sessions_turned_away", (int64_t)g->turned_away },
		{ "sessions_tls", (int64_t)g->tls_total },
		{ "message_memory", (int64_t)g->memory },
		{ "connections_out", (int64_t)g->connections },
	};

	put_rows(c, rows, sizeof(rows) / sizeof(rows[0]));
}

/* Cumulative, as Prometheus wants them. */
static void put_took(struct request *c, const struct meter *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < METER_BOUNDS; i++) {
		char name[32];

		sum += m->took[i];
		snprintf(name, sizeof(name), "took_le_%u", meter_bounds_ms[i]);
		rec_number(c, name, (int64_t)sum);
	}
	rec_number(c, "took_n", (int64_t)m->took_n);
	rec_number(c, "took_ms", (int64_t)m->took_ms);
}

static int run_stat(struct request *c, struct fail *f)
{
	const struct core *core = c->core;
	struct store_sums s;

	TRY(upkeep_sums(core->store, &s, f));
	rec_text(c, "version", STR(POSTERN_VERSION));
	rec_number(c, "started", core->started_utc);
	rec_number(c, "uptime_s", core_now(core) - core->started_utc);
	put_sums(c, &s, core_now(core));
	put_counters(c, &core->counters, &core->meter);
	put_now(c, core);
	put_took(c, &core->meter);
	rec_end(c);
	return OK;
}

// clang-format off
const struct call_spec calls_stat[] = {
	{ "stat", run_stat, { { 0 } } },
	{ 0 }
};
// clang-format on
