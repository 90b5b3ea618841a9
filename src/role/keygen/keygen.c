/* keygen.c - makes keys ahead, at the lowest priority, has the vault wrap them, and keeps nothing. */
#include "role/role.h"

#include "base/log.h"
#include "crypto/aead.h"
#include "crypto/key.h"

#include <sys/resource.h>

enum { ASKED_MAX = 256 };

struct keygen {
	struct role_start *start;
	struct peer *core, *vault;
	uint64_t asked[ASKED_MAX]; /* requests of core whose keys are at the vault, to be wrapped */
	size_t n_asked;
};

static void refuse(struct keygen *k, uint64_t req, int code, struct str why)
{
	if (k->core)
		SEND(k->core, key_made, .req = req, .code = ipc_code(code), .why = why);
}

static int make(struct keygen *k, const struct key_make *m, struct fail *f)
{
	OWNS(key) key = NULL;
	OWN(secret) record = SECRET_NONE;

	if (m->alg != KEY_RSA_2048 && m->alg != KEY_P256 && m->alg != KEY_RSA_3072)
		return fail(f, FAIL_DENIED, "no such kind of key");
	if (!k->vault)
		return fail(f, FAIL_AGAIN, "the vault is away");
	TRY(key_new((enum key_alg)m->alg, &key, f));
	TRY(key_export_private(key, &record, f));
	if (k->n_asked == ASKED_MAX)
		return fail(f, FAIL_AGAIN, "more keys are asked for than the vault wraps");
	k->asked[k->n_asked++] = m->req;
	SEND(k->vault, spare_wrap, m->req, m->alg, secret_str(&record));
	return OK;
}

static void on_make(void *self, const void *msg, struct ipc_fds *fds)
{
	struct keygen *k = self;
	const struct key_make *m = msg;
	struct fail f = { 0 };
	int r = make(k, m, &f);

	if (r < 0)
		refuse(k, m->req, r, str_c(f.why));
}

static void forget(struct keygen *k, uint64_t req)
{
	for (size_t i = 0; i < k->n_asked; i++)
		if (k->asked[i] == req)
			k->asked[i--] = k->asked[--k->n_asked];
}

/* What the vault had is lost with it; somebody's mail waits for an answer. */
static void vault_gone(struct keygen *k)
{
	while (k->n_asked)
		refuse(k, k->asked[--k->n_asked], FAIL_AGAIN, STR("the vault was restarted"));
}

static void on_wrapped(void *self, const void *msg, struct ipc_fds *fds)
{
	struct keygen *k = self;
	const struct spare_wrapped *m = msg;

	forget(k, m->req);
	if (k->core)
		SEND(k->core, key_made, m->req, m->code, m->why, m->alg, m->wrapped);
}

static const struct ipc_rule core_rules[] = { { IPC_key_make, on_make, 0, 0 }, { IPC_NONE, NULL, 0, 0 } };
static const struct ipc_rule vault_rules[] = { { IPC_spare_wrapped, on_wrapped, 0, 0 },
	                                       { IPC_NONE, NULL, 0, 0 } };

static void on_closed(void *self, struct peer *p, const struct fail *why)
{
	struct keygen *k = self;

	if (why->code != FAIL_PEER)
		log_fail(LOG_ERROR, "road", why);
	if (k->core == p)
		k->core = NULL;
	if (k->vault == p) {
		k->vault = NULL;
		vault_gone(k);
	}
	peer_free(p);
}

static int take_peer(void *self, enum role other, unsigned index, int fd, struct fail *f)
{
	struct keygen *k = self;
	const struct ipc_rule *rules = other == ROLE_CORE    ? core_rules
	                               : other == ROLE_VAULT ? vault_rules
	                                                     : NULL;
	struct peer **place = other == ROLE_CORE ? &k->core : &k->vault;
	struct peer_options o = { rules, k, on_closed };

	if (!rules)
		return fail(f, FAIL_BUG, "a road to %s", role_name(other));
	if (other == ROLE_VAULT && k->vault)
		vault_gone(k);
	peer_free(*place);
	*place = peer_new(k->start->loop, fd, &o);
	return OK;
}

static int init(void *self, struct role_start *s, struct fail *f)
{
	(void)!setpriority(PRIO_PROCESS, 0, 19);
	return crypto_init(f);
}

static const struct role_def def = { .peer = take_peer, .init = init };

void keygen_main(unsigned index)
{
	static struct role_start start = { .role = ROLE_KEYGEN };
	static struct keygen k;

	start.index = index;
	k.start = &start;
	role_run(&def, &k, &start);
}
