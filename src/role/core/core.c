#include "role/core/core.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/aead.h"
#include "role/core/activity.h"
#include "role/core/bounce.h"
#include "role/core/call.h"
#include "role/core/control.h"
#include "role/core/keys.h"
#include "role/core/login.h"
#include "role/core/queue.h"
#include "role/core/rcpt.h"
#include "role/core/remind.h"
#include "role/core/rotate.h"
#include "role/core/silence.h"
#include "role/core/stock.h"
#include "role/core/txn.h"
#include "role/core/watch.h"
#include "role/core/web.h"
#include "sys/spawn.h"

#include <stdlib.h>
#include <unistd.h>

int64_t core_now(const struct core *c)
{
	(void)c;
	return clock_utc();
}

static bool settle(void *core)
{
	line_run(core);
	group_settle(core);
	return false;
}

/* ---- roads ----------------------------------------------------------------------------------------------------- */

static void on_gate_facts(void *self, const void *msg, struct ipc_fds *fds)
{
	struct core *c = self;

	c->meter.gate = *(const struct gate_facts *)msg;
}

/* Answers that go to whoever waits for them: all have an id, a code and a why. */
#define ANSWERED(lower, id)                                                                                  \
	static void on_##lower(void *self, const void *msg, struct ipc_fds *fds)                             \
	{                                                                                                    \
		struct core *c = self;                                                                       \
		const struct lower *m = msg;                                                                 \
                                                                                                             \
		wait_answer(&c->waits, fds->from, IPC_##lower, m->id, ipc_result(m->code), m->why, m);       \
	}
ANSWERED(store_keys_answer, req)
ANSWERED(intermediate_answer, req)
ANSWERED(issued, req)
ANSWERED(rewrapped, req)
ANSWERED(key_made, req)
ANSWERED(names_answer, req)
ANSWERED(csr_facts, job)
ANSWERED(chain_checked, job)

static const struct ipc_rule gate_rules[] = {
	{ IPC_gate_facts, on_gate_facts, 0, 0 },
	{ IPC_rcpt_ask, rcpt_asked, 0, 0 },
	{ IPC_accept_ask, txn_asked, 1, 2 },
	{ IPC_auth_ask, login_asked, 0, 0 },
	{ IPC_delivered, queue_delivered, 0, 0 },
	{ IPC_names_answer, on_names_answer, 0, 0 },
	{ IPC_NONE, NULL, 0, 0 },
};
static const struct ipc_rule vault_rules[] = {
	{ IPC_store_keys_answer, on_store_keys_answer, 0, 0 },
	{ IPC_intermediate_answer, on_intermediate_answer, 0, 0 },
	{ IPC_issued, on_issued, 0, 0 },
	{ IPC_rewrapped, on_rewrapped, 0, 0 },
	{ IPC_NONE, NULL, 0, 0 },
};
static const struct ipc_rule keygen_rules[] = {
	{ IPC_key_made, on_key_made, 0, 0 },
	{ IPC_NONE, NULL, 0, 0 },
};
static const struct ipc_rule scribe_rules[] = {
	{ IPC_scanned, txn_scanned, 0, 0 },
	{ IPC_need_key, txn_need_key, 0, 0 },
	{ IPC_sealed, txn_sealed, 0, 1 },
	{ IPC_csr_facts, on_csr_facts, 0, 0 },
	{ IPC_chain_checked, on_chain_checked, 0, 0 },
	{ IPC_NONE, NULL, 0, 0 },
};

/* It is told to fork, and tells nothing. */
static const struct ipc_rule opener_rules[] = { { IPC_NONE, NULL, 0, 0 } };
static const struct ipc_rule web_rules[] = {
	{ IPC_web_call, web_asked, 0, 0 },
	{ IPC_NONE, NULL, 0, 0 },
};

static struct peer **place_of(struct core *c, enum role other, unsigned index)
{
	struct peer **places[ROLE_COUNT] = {
		[ROLE_GATE] = &c->gate,     [ROLE_VAULT] = &c->vault,
		[ROLE_KEYGEN] = &c->keygen, [ROLE_OPENER] = &c->opener,
		[ROLE_WEB] = &c->web,       [ROLE_SCRIBE] = index < SCRIBES_MAX ? &c->scribes[index] : NULL,
	};

	return other < ROLE_COUNT ? places[other] : NULL;
}

static void road_ended(struct core *c, struct peer *p)
{
	if (c->gate == p) {
		c->gate = NULL;
		txns_gate_gone(c);
		queue_gate_gone(c);
	}
	if (c->vault == p)
		c->vault = NULL;
	if (c->keygen == p)
		c->keygen = NULL;
	if (c->opener == p) /* those that it has forked end with it: their own roads tell */
		c->opener = NULL;
	if (c->web == p) {
		c->web = NULL;
		calls_control_gone(c, p);
	}
	for (size_t i = 0; i < SCRIBES_MAX; i++)
		if (c->scribes[i] == p) {
			c->scribes[i] = NULL;
			c->scribe_keys[i] = (struct scribe_keys){ 0 };
		}
	txns_scribe_gone(c, p);
	wait_road_ended(&c->waits, p);
	peer_free(p);
}

void core_end_road(struct core *c, struct peer *p, const struct fail *why)
{
	if (why->code != FAIL_PEER)
		log_fail(LOG_ERROR, "road", why);
	for (enum role r = 0; r < ROLE_COUNT; r++)
		for (unsigned i = 0; i < (r == ROLE_SCRIBE ? SCRIBES_MAX : 1); i++)
			if (place_of(c, r, i) && *place_of(c, r, i) == p)
				role_lost(r, i);
	road_ended(c, p);
}

static void on_closed(void *self, struct peer *p, const struct fail *why)
{
	core_end_road(self, p, why);
}

static int take_peer(void *self, enum role other, unsigned index, int fd, struct fail *f)
{
	static const struct ipc_rule *const rules[ROLE_COUNT] = {
		[ROLE_GATE] = gate_rules,     [ROLE_VAULT] = vault_rules,   [ROLE_KEYGEN] = keygen_rules,
		[ROLE_SCRIBE] = scribe_rules, [ROLE_OPENER] = opener_rules, [ROLE_WEB] = web_rules,
	};
	struct core *c = self;
	struct peer **place = place_of(c, other, index);
	struct peer_options o = { other < ROLE_COUNT ? rules[other] : NULL, c, on_closed };

	if (!place || !o.rules)
		return fail(f, FAIL_BUG, "a road to %s %u", role_name(other), index);
	if (*place)
		road_ended(c, *place);
	*place = peer_new(c->start->loop, fd, &o);
	if (c->store && other == ROLE_GATE)
		queue_wake(c);
	return OK;
}

static int take_listener(void *self, enum listen_kind kind, struct str address, int fd, struct fail *f)
{
	struct core *c = self;

	c->private_mode = kind == LISTEN_PRIVATE;
	c->control_fd = fd;
	return OK;
}

/* ---- start ----------------------------------------------------------------------------------------------------- */

static int init(void *self, struct role_start *s, struct fail *f)
{
	struct core *c = self;
	OWN(arena) a = ARENA;

	c->loop = s->loop;
	c->conf = &s->conf;
	c->started_utc = clock_utc();
	TRY(crypto_init(f));
	return spawn_confine(arena_z(&a, s->conf.state_dir),
	                     s->conf.uid_base ? s->conf.uid_base + ROLE_CORE : 0, f);
}

static int ready(void *self, struct fail *f)
{
	struct core *c = self;

	TRY(group_start(c, f));
	loop_settle(c->loop, settle, c);
	return keys_open_store(c, f);
}

void core_store_opened(struct core *c)
{
	log_info("ev=store-open");
	rotate_look(c);
	silence_start(c);
	if (c->private_mode) {
		control_take(c, c->control_fd);
		return;
	}
	control_listen(c, c->control_fd);
	queue_start(c);
	stock_start(c);
	remind_start(c);
	bounce_start(c);
	watch_start(c);
}

static void stop(void *self)
{
	struct core *c = self;

	if (c->store)
		activity_settle(c); /* refusals alone do not begin a group */
	backup_control_gone(c, NULL);
	group_stop(c);
	store_free(c->store);
	c->store = NULL;
}

static void reload(void *self, const struct conf *conf)
{
	struct core *c = self;

	c->start->conf = *conf;
	queue_wake_all(c);
}

static const char *directory(void *self)
{
	return ".";
}

static const struct role_def def = { .peer = take_peer,
	                             .listener = take_listener,
	                             .init = init,
	                             .ready = ready,
	                             .reload = reload,
	                             .stop = stop,
	                             .directory = directory };

void core_main(unsigned index)
{
	static struct role_start start = { .role = ROLE_CORE };
	static struct core c;

	start.index = index;
	c.start = &start;
	role_run(&def, &c, &start);
}
