/* vault.c - the one process that holds the master key. It wraps and unwraps keys, builds certificates from typed
 * fields, and lends leaf keys, one at a time and each for one message, to scribes and to what opener forks. It never signs bytes that it is given, and
 * it believes what is authenticated under the master key, not what core says. */
#include "role/vault/vault.h"

#include "base/log.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "crypto/cert.h"
#include "role/role.h"
#include "role/vault/ca.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct vault {
	struct secret master; /* seals, and opens */
	struct secret former; /* opens too, while the master key is being changed; or none */
	struct loop *loop;
	struct peer *core, *keygen, *scribes[SCRIBES_MAX];
};

enum { STORE_KEY = 32, CERT_MAX = 8192, CSR_MAX = 8192, WRAPPED_MAX = 16384 };

static int open_any(struct vault *v, struct str wrapped, struct wrap_label *ret_label, struct secret *ret,
                    struct fail *f)
{
	int r = wrap_open(&v->master, wrapped, ret_label, ret, f);

	return r == FAIL_ABSENT && v->former.n ? wrap_open(&v->former, wrapped, ret_label, ret, f) : r;
}

static int open_as(struct vault *v, struct str wrapped, const struct wrap_label *want, struct secret *ret,
                   struct fail *f)
{
	OWN(secret) s = SECRET_NONE;
	struct wrap_label l;

	TRY(open_any(v, wrapped, &l, &s, f));
	if (l.kind != want->kind)
		return fail(f, FAIL_DENIED, "a key of kind %d where kind %d is wanted", l.kind, want->kind);
	if (l.user != want->user || l.profile != want->profile)
		return fail(f, FAIL_DENIED, "a key of another user or profile");
	*ret = secret_take(&s);
	return OK;
}

/* ---- the store's own keys -------------------------------------------------------------------------------------- */

struct store_key {
	struct secret key;
	struct buf wrapped;
};

static int store_key(struct vault *v, enum wrap_kind kind, struct str wrapped, struct store_key *k,
                     struct fail *f)
{
	const struct wrap_label label = { .kind = kind };

	k->wrapped = BUF(WRAPPED_MAX);
	if (wrapped.n) {
		buf_add(&k->wrapped, wrapped);
		return open_as(v, wrapped, &label, &k->key, f);
	}
	TRY(secret_new(&k->key, STORE_KEY, f));
	TRY(random_bytes(k->key.p, k->key.n, f));
	return wrap_seal(&v->master, &label, secret_str(&k->key), &k->wrapped, f);
}

static void store_key_done(struct store_key *k)
{
	secret_done(&k->key);
	buf_done(&k->wrapped);
}

static void answer_store_keys(void *self, const void *msg, struct ipc_fds *fds)
{
	struct vault *v = self;
	const struct store_keys *m = msg;
	OWN(store_key) column = { 0 };
	OWN(store_key) hash = { 0 };
	struct fail f = { 0 };
	uint8_t id[8];
	int r = store_key(v, WRAP_COLUMN, m->wrapped_column, &column, &f);

	if (r == OK)
		r = store_key(v, WRAP_HASH, m->wrapped_hash, &hash, &f);
	wrap_key_id(&v->master, id);
	if (r < 0)
		SEND(v->core, store_keys_answer, .req = m->req, .code = ipc_code(r), .why = str_c(f.why));
	else
		SEND(v->core, store_keys_answer, m->req, 0, STR(""), secret_str(&column.key),
		     secret_str(&hash.key), buf_str(&column.wrapped), buf_str(&hash.wrapped),
		     str_of(id, sizeof(id)));
}

/* ---- certificates ---------------------------------------------------------------------------------------------- */

static int open_spare(struct vault *v, struct str wrapped, struct secret *ret_record, struct key **ret,
                      struct fail *f)
{
	const struct wrap_label label = { .kind = WRAP_SPARE };
	OWN(secret) record = SECRET_NONE;

	TRY(open_as(v, wrapped, &label, &record, f));
	TRY(key_import_private(secret_str(&record), ret, f));
	*ret_record = secret_take(&record);
	return OK;
}

struct made {
	struct buf first, second, third;
};

static void made_done(struct made *m)
{
	buf_done(&m->first);
	buf_done(&m->second);
	buf_done(&m->third);
}

static int make_intermediate(struct vault *v, const struct intermediate *m, struct made *out, struct fail *f)
{
	const struct wrap_label label = { WRAP_CA, m->user, m->profile };
	OWN(secret) record = SECRET_NONE;
	OWN(secret) sealed = SECRET_NONE;
	OWNS(key) key = NULL;
	OWN(arena) a = ARENA;
	struct ca ca = { 0 };

	TRY(open_spare(v, m->spare, &record, &key, f));
	TRY(ca_of_request(m, secret_str(&record), &ca, f));
	TRY(ca_print(&ca, &sealed, f));
	TRY(wrap_seal(&v->master, &label, secret_str(&sealed), &out->first, f));
	TRY(ca_csr(&ca, key, m->root_cn, &out->second, f));
	return key_public_der(key, &out->third, f);
}

static void answer_intermediate(void *self, const void *msg, struct ipc_fds *fds)
{
	struct vault *v = self;
	const struct intermediate *m = msg;
	OWN(made) out = { BUF(WRAPPED_MAX), BUF(CSR_MAX), BUF(CSR_MAX) };
	struct fail f = { 0 };
	int r = make_intermediate(v, m, &out, &f);

	if (r < 0)
		SEND(v->core, intermediate_answer, .req = m->req, .code = ipc_code(r), .why = str_c(f.why));
	else
		SEND(v->core, intermediate_answer, m->req, 0, STR(""), buf_str(&out.first),
		     buf_str(&out.second), buf_str(&out.third));
}

static int open_ca(struct vault *v, struct str wrapped, uint64_t user, uint64_t profile,
                   struct secret *ret_bytes, struct ca *ret, struct key **ret_key, struct fail *f)
{
	const struct wrap_label label = { WRAP_CA, user, profile };
	OWN(secret) bytes = SECRET_NONE;

	TRY(open_as(v, wrapped, &label, &bytes, f));
	TRY(ca_read(secret_str(&bytes), ret, f));
	TRY(key_import_private(ret->record, ret_key, f));
	*ret_bytes = secret_take(&bytes); /* views in *ret point into it; the mapping does not move */
	return OK;
}

static int make_user(struct vault *v, const struct issue_user *m, struct made *out, struct fail *f)
{
	OWN(secret) bytes = SECRET_NONE;
	OWNS(key) ca_key = NULL;
	OWNS(key) subject = NULL;
	struct ca ca;

	TRY(open_ca(v, m->wrapped_ca, m->user, m->profile, &bytes, &ca, &ca_key, f));
	TRY(key_import_public(m->spki, &subject, f));
	return ca_issue(&ca, ca_key, CERT_USER, ca.mailbox, subject, m->not_before, m->not_after, &out->first,
	                f);
}

static void answer_issue_user(void *self, const void *msg, struct ipc_fds *fds)
{
	struct vault *v = self;
	const struct issue_user *m = msg;
	OWN(made) out = { BUF(CERT_MAX), BUF(1), BUF(1) };
	struct fail f = { 0 };
	int r = make_user(v, m, &out, &f);

	SEND(v->core, issued, m->req, ipc_code(r), str_c(f.why), r < 0 ? STR_NONE : buf_str(&out.first),
	     STR_NONE);
}

static int make_sender(struct vault *v, const struct issue_sender *m, struct made *out, struct fail *f)
{
	const struct wrap_label label = { WRAP_LEAF, m->user, m->profile };
	OWN(secret) bytes = SECRET_NONE;
	OWN(secret) record = SECRET_NONE;
	OWNS(key) ca_key = NULL;
	OWNS(key) subject = NULL;
	struct ca ca;

	TRY(open_ca(v, m->wrapped_ca, m->user, m->profile, &bytes, &ca, &ca_key, f));
	TRY(open_spare(v, m->spare, &record, &subject, f));
	TRY(ca_issue(&ca, ca_key, CERT_SENDER, m->address, subject, m->not_before, m->not_after, &out->first,
	             f));
	return wrap_seal(&v->master, &label, secret_str(&record), &out->second, f);
}

static void answer_issue_sender(void *self, const void *msg, struct ipc_fds *fds)
{
	struct vault *v = self;
	const struct issue_sender *m = msg;
	OWN(made) out = { BUF(CERT_MAX), BUF(WRAPPED_MAX), BUF(1) };
	struct fail f = { 0 };
	int r = make_sender(v, m, &out, &f);

	if (r < 0)
		SEND(v->core, issued, .req = m->req, .code = ipc_code(r), .why = str_c(f.why));
	else
		SEND(v->core, issued, m->req, 0, STR(""), buf_str(&out.first), buf_str(&out.second));
}

/* ---- lending --------------------------------------------------------------------------------------------------- */

/* Only leaves are lent (promise 3). */
static int open_leaf(struct vault *v, struct str wrapped, uint64_t user, uint64_t profile, struct secret *ret,
                     struct fail *f)
{
	const struct wrap_label label = { WRAP_LEAF, user, profile };
	int r = open_as(v, wrapped, &label, ret, f);

	if (r < 0)
		log_fail(LOG_WARN, "lend", f);
	return r;
}

static void answer_lend_scribe(void *self, const void *msg, struct ipc_fds *fds)
{
	struct vault *v = self;
	const struct lend_scribe *m = msg;
	struct peer *to = m->scribe < SCRIBES_MAX ? v->scribes[m->scribe] : NULL;
	OWN(secret) record = SECRET_NONE;
	struct fail f = { 0 };

	if (to && open_leaf(v, m->wrapped_leaf, m->user, m->profile, &record, &f) < 0)
		record = SECRET_NONE; /* and it hears that there is none */
	if (to)
		SEND(to, lent, m->job, m->key_id, secret_str(&record));
}

/* The road is one answer's; on any failure it is closed empty. */
static void answer_lend(void *self, const void *msg, struct ipc_fds *fds)
{
	struct vault *v = self;
	const struct lend *m = msg;
	OWN(secret) record = SECRET_NONE;
	OWNFD road = ipc_fd_take(fds, 0);
	struct fail f = { 0 };
	int r = open_leaf(v, m->wrapped_leaf, m->user, m->profile, &record, &f);

	(void)!fcntl(
	        road, F_SETFL,
	        O_NONBLOCK); /* it is empty and takes a record; one that was filled does not hold us up */
	if (r == OK && sock_send(road, secret_str(&record), NULL, 0, &f) < 0)
		log_fail(LOG_WARN, "lend", &f);
}

/* ---- a new master key ------------------------------------------------------------------------------------------ */

static int rewrap_one(struct vault *v, struct str wrapped, struct buf *out, struct fail *f)
{
	OWN(secret) key = SECRET_NONE;
	struct wrap_label label;

	TRY(open_any(v, wrapped, &label, &key, f));
	return wrap_seal(&v->master, &label, secret_str(&key), out, f);
}

/* Nothing that was wrapped is told: what comes back is as closed as what came. */
static void answer_rewrap(void *self, const void *msg, struct ipc_fds *fds)
{
	struct vault *v = self;
	const struct rewrap *m = msg;
	OWN(buf) list = BUF(IPC_RECORD_MAX);
	struct str left = m->wrapped, wrapped;
	uint8_t id[8];

	while (list_next(&left, &wrapped)) {
		OWN(buf) out = BUF(WRAPPED_MAX);
		struct fail f = { 0 };

		if (rewrap_one(v, wrapped, &out, &f) < 0) {
			log_fail(LOG_WARN, "rewrap", &f);
			buf_clear(&out);
		}
		list_add(&list, buf_str(&out));
	}
	wrap_key_id(&v->master, id);
	SEND(v->core, rewrapped, m->req, list.over ? ipc_code(FAIL_LIMIT) : 0, STR(""),
	     str_of(id, sizeof(id)), list.over ? STR_NONE : buf_str(&list));
}

/* ---- keys made ahead ------------------------------------------------------------------------------------------- */

static void answer_spare_wrap(void *self, const void *msg, struct ipc_fds *fds)
{
	struct vault *v = self;
	const struct spare_wrap *m = msg;
	const struct wrap_label label = { .kind = WRAP_SPARE };
	OWN(buf) wrapped = BUF(WRAPPED_MAX);
	struct fail f = { 0 };
	int r = wrap_seal(&v->master, &label, m->record, &wrapped, &f);

	SEND(v->keygen, spare_wrapped, m->req, ipc_code(r), str_c(f.why), m->alg,
	     r < 0 ? STR_NONE : buf_str(&wrapped));
}

/* ---- who may ask what ------------------------------------------------------------------------------------------ */

static const struct ipc_rule core_rules[] = {
	{ IPC_store_keys, answer_store_keys, 0, 0 },
	{ IPC_intermediate, answer_intermediate, 0, 0 },
	{ IPC_issue_user, answer_issue_user, 0, 0 },
	{ IPC_issue_sender, answer_issue_sender, 0, 0 },
	{ IPC_rewrap, answer_rewrap, 0, 0 },
	{ IPC_lend_scribe, answer_lend_scribe, 0, 0 },
	{ IPC_lend, answer_lend, 1, 1 },
	{ IPC_NONE, NULL, 0, 0 },
};
static const struct ipc_rule keygen_rules[] = {
	{ IPC_spare_wrap, answer_spare_wrap, 0, 0 },
	{ IPC_NONE, NULL, 0, 0 },
};

/* It is told, and says nothing. */
static const struct ipc_rule scribe_rules[] = { { IPC_NONE, NULL, 0, 0 } };

static void on_closed(void *self, struct peer *p, const struct fail *why)
{
	struct vault *v = self;

	if (why->code != FAIL_PEER)
		log_fail(LOG_ERROR, "road", why);
	if (v->core == p)
		v->core = NULL;
	if (v->keygen == p) {
		v->keygen = NULL;
		role_lost(ROLE_KEYGEN, 0);
	}
	for (unsigned i = 0; i < SCRIBES_MAX; i++) {
		if (v->scribes[i] != p)
			continue;
		v->scribes[i] = NULL;
		role_lost(ROLE_SCRIBE, i);
	}
	peer_free(p);
}

int vault_take_peer(void *self, enum role other, unsigned index, int fd, struct fail *f)
{
	struct vault *v = self;
	static const struct ipc_rule *const rules[ROLE_COUNT] = {
		[ROLE_CORE] = core_rules, [ROLE_KEYGEN] = keygen_rules, [ROLE_SCRIBE] = scribe_rules
	};
	struct peer **const places[ROLE_COUNT] = {
		[ROLE_CORE] = &v->core,
		[ROLE_KEYGEN] = &v->keygen,
		[ROLE_SCRIBE] = index < SCRIBES_MAX ? &v->scribes[index] : NULL,
	};
	struct peer **place = other < ROLE_COUNT ? places[other] : NULL;
	struct peer_options o = { other < ROLE_COUNT ? rules[other] : NULL, v, on_closed };

	if (!place)
		return fail(f, FAIL_BUG, "a road to %s %u", role_name(other), index);
	peer_free(*place);
	*place = peer_new(v->loop, fd, &o);
	return OK;
}

int vault_take_master(void *self, struct str key, struct str next, struct fail *f)
{
	struct vault *v = self;
	struct str seals = next.n ? next : key;

	if (key.n != AEAD_KEY || seals.n != AEAD_KEY)
		return fail(f, FAIL_BUG, "a master key of %zu bytes", key.n != AEAD_KEY ? key.n : seals.n);
	secret_done(&v->former);
	secret_done(&v->master);
	if (next.n)
		TRY(secret_copy(&v->former, key.p, key.n, f));
	return secret_copy(&v->master, seals.p, seals.n, f);
}

struct vault *vault_new(struct loop *l)
{
	struct vault *v = xnew(struct vault);

	v->loop = l;
	return v;
}

void vault_free(struct vault *v)
{
	if (!v)
		return;
	peer_free(v->core);
	peer_free(v->keygen);
	for (size_t i = 0; i < SCRIBES_MAX; i++)
		peer_free(v->scribes[i]);
	secret_done(&v->master);
	secret_done(&v->former);
	free(v);
}

/* ---- the process ----------------------------------------------------------------------------------------- */

struct vault_role {
	struct role_start start;
	struct vault *vault;
};

/* The loop is there before the first thing that the parent tells. */
static struct vault *the_vault(struct vault_role *r)
{
	if (!r->vault)
		r->vault = vault_new(r->start.loop);
	return r->vault;
}

static int take_peer(void *self, enum role other, unsigned index, int fd, struct fail *f)
{
	return vault_take_peer(the_vault(self), other, index, fd, f);
}

static int take_master(void *self, struct str key, struct str next, struct fail *f)
{
	return vault_take_master(the_vault(self), key, next, f);
}

static int init(void *self, struct role_start *s, struct fail *f)
{
	if (!the_vault(self)->master.n)
		return fail(f, FAIL_BUG, "started without a master key");
	return crypto_init(f);
}

static const struct role_def def = { .peer = take_peer, .master = take_master, .init = init };

void vault_main(unsigned index)
{
	static struct vault_role r = { .start = { .role = ROLE_VAULT } };

	r.start.index = index;
	role_run(&def, &r, &r.start);
}
