/* The vault, spoken to as core would: over its road, by its table. */
#include "crypto/aead.h"
#include "crypto/cert.h"
#include "crypto/wrap.h"
#include "ipc/peer.h"
#include "role/vault/ca.h"
#include "role/vault/vault.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOW = 1795435200, DAY = 86400 };

/* What the vault answered, copied out of its record. */
static struct said {
	struct loop *loop;
	enum ipc_tag tag;
	int code;
	struct buf one, two, hash;
	bool closed;
} said;

static void keep(enum ipc_tag tag, uint32_t code, struct str one, struct str two)
{
	said.tag = tag;
	said.code = ipc_result(code);
	buf_clear(&said.one);
	buf_clear(&said.two);
	buf_add(&said.one, one);
	buf_add(&said.two, two);
	loop_stop(said.loop);
}

static void on_keys(void *self, const void *msg, struct ipc_fds *fds)
{
	const struct store_keys_answer *m = msg;

	keep(IPC_store_keys_answer, m->code, m->wrapped_column, m->column);
	buf_clear(&said.hash);
	buf_add(&said.hash, m->wrapped_hash);
}

static void on_intermediate(void *self, const void *msg, struct ipc_fds *fds)
{
	const struct intermediate_answer *m = msg;

	keep(IPC_intermediate_answer, m->code, m->wrapped_ca, m->spki);
}

static void on_issued(void *self, const void *msg, struct ipc_fds *fds)
{
	const struct issued *m = msg;

	keep(IPC_issued, m->code, m->cert, m->wrapped_leaf);
}

static void on_wrapped(void *self, const void *msg, struct ipc_fds *fds)
{
	const struct spare_wrapped *m = msg;

	keep(IPC_spare_wrapped, m->code, m->wrapped, STR(""));
}

static void on_rewrapped(void *self, const void *msg, struct ipc_fds *fds)
{
	const struct rewrapped *m = msg;

	keep(IPC_rewrapped, m->code, m->wrapped, STR(""));
}

static void on_lent(void *self, const void *msg, struct ipc_fds *fds)
{
	const struct lent *m = msg;

	assert_int_equal(m->job, 9);
	assert_int_equal(m->key_id, 11);
	keep(IPC_lent, 0, m->record, STR(""));
}

static void on_closed(void *self, struct peer *p, const struct fail *why)
{
	said.closed = true;
	loop_stop(said.loop);
}

static const struct ipc_rule answers[] = {
	{ IPC_store_keys_answer, on_keys, 0, 0 },
	{ IPC_intermediate_answer, on_intermediate, 0, 0 },
	{ IPC_issued, on_issued, 0, 0 },
	{ IPC_spare_wrapped, on_wrapped, 0, 0 },
	{ IPC_rewrapped, on_rewrapped, 0, 0 },
	{ IPC_lent, on_lent, 0, 0 },
	{ IPC_NONE, NULL, 0, 0 },
};

static struct vault *vault;
static struct peer *core, *keygen, *scribe;

static struct peer *road(enum role who)
{
	struct peer_options o = { answers, NULL, on_closed };
	int pair[2];

	if (sock_pair(true, pair, NULL) < 0 ||
	    vault_take_peer(vault, who, who == ROLE_SCRIBE, pair[0], NULL) < 0)
		return NULL;
	return peer_new(said.loop, pair[1], &o);
}

static int begin(void **state)
{
	static const char master[AEAD_KEY] = "a master key that is only a test";

	said.one = said.two = said.hash = BUF(65536);
	if (crypto_init(NULL) < 0 || loop_new(&said.loop, NULL) < 0)
		return 1;
	vault = vault_new(said.loop);
	if (vault_take_master(vault, str_of(master, sizeof(master)), STR_NONE, NULL) < 0)
		return 1;
	core = road(ROLE_CORE);
	keygen = road(ROLE_KEYGEN);
	scribe = road(ROLE_SCRIBE); /* number 1 */
	return !core || !keygen || !scribe;
}

static void wait_answer(void)
{
	said.tag = IPC_NONE;
	loop_resume(said.loop);
	loop_run(said.loop);
}

static struct str kept(struct arena *a, const struct buf *b)
{
	return arena_str(a, buf_str(b));
}

static struct str spare(struct arena *a)
{
	OWNS(key) key = NULL;
	OWN(secret) record = SECRET_NONE;

	assert_int_equal(key_new(KEY_P256, &key, NULL), OK);
	assert_int_equal(key_export_private(key, &record, NULL), OK);
	SEND(keygen, spare_wrap, 1, KEY_P256, secret_str(&record));
	wait_answer();
	assert_int_equal(said.code, OK);
	return kept(a, &said.one);
}

static struct str new_ca(struct arena *a, uint64_t user, uint64_t profile)
{
	OWN(buf) domains = BUF(256);
	struct str key = spare(a);

	list_add(&domains, STR("relay.example"));
	SEND(core, intermediate, .req = 1, .user = user, .profile = profile, .spare = key,
	     .subject_cn = STR("int"), .root_cn = STR("root"), .mailbox = STR("alice@mailbox.example"),
	     .domains = buf_str(&domains), .not_before = NOW, .not_after = NOW + 100 * (int64_t)DAY);
	wait_answer();
	assert_int_equal(said.code, OK);
	return kept(a, &said.one);
}

static int issue(struct arena *a, struct str ca, uint64_t user, uint64_t profile, const char *address,
                 int64_t from, int64_t to)
{
	struct str key = spare(a);

	SEND(core, issue_sender, 1, user, profile, ca, key, str_c(address), from, to);
	wait_answer();
	return said.code;
}

static struct str leaf_of(struct arena *a, struct str ca, uint64_t user, uint64_t profile)
{
	assert_int_equal(issue(a, ca, user, profile, "r1@relay.example", NOW, NOW + DAY), OK);
	return kept(a, &said.two);
}

/* What comes out of the lending road: bytes, or its end. */
static size_t lend(struct str wrapped, uint64_t user, uint64_t profile)
{
	int pair[2], fds[SOCK_FDS_MAX];
	char record[8192];
	size_t n = 0, n_fds = 0;

	assert_int_equal(sock_pair(false, pair, NULL), OK);
	SEND_FD(core, pair[0], lend, user, profile, wrapped);
	close(pair[0]);
	SEND(core, store_keys, .req = 2); /* answered after the loan */
	wait_answer();
	if (sock_recv(pair[1], record, sizeof(record), &n, fds, &n_fds, NULL) < 0)
		n = 0;
	close(pair[1]);
	return n;
}

/* The same to a scribe, over its own road. */
static size_t lend_scribe(struct str wrapped, uint64_t user, uint64_t profile)
{
	SEND(core, lend_scribe, 1, 9, 11, user, profile, wrapped);
	wait_answer();
	assert_int_equal(said.tag, IPC_lent);
	return said.one.n;
}

static void promise_3_a_ca_key_is_never_lent(void **state)
{
	OWN(arena) a = ARENA;
	struct str ca = new_ca(&a, 7, 3), leaf;

	assert_int_equal(issue(&a, ca, 7, 3, "r1@relay.example", NOW, NOW + DAY), OK);
	leaf = kept(&a, &said.two);
	assert_true(lend(leaf, 7, 3) > 32);
	assert_int_equal(lend(ca, 7, 3), 0);
	assert_int_equal(lend(spare(&a), 0, 0), 0);
	assert_int_equal(lend(spare(&a), 7, 3), 0);
	assert_true(lend_scribe(leaf, 7, 3) > 32);
	assert_int_equal(lend_scribe(ca, 7, 3), 0);
	assert_int_equal(lend_scribe(spare(&a), 0, 0), 0);
	assert_int_equal(lend_scribe(spare(&a), 7, 3), 0);
}

static void promise_3_a_loan_is_for_its_user_alone(void **state)
{
	OWN(arena) a = ARENA;
	struct str ca = new_ca(&a, 7, 3), leaf;

	assert_int_equal(issue(&a, ca, 7, 3, "r1@relay.example", NOW, NOW + DAY), OK);
	leaf = kept(&a, &said.two);
	assert_int_equal(lend(leaf, 8, 3), 0);
	assert_int_equal(lend(leaf, 7, 4), 0);
	assert_int_equal(lend_scribe(leaf, 8, 3), 0);
	assert_int_equal(lend_scribe(leaf, 7, 4), 0);
	((char *)(uintptr_t)leaf.p)[leaf.n - 1] ^= 1;
	assert_int_equal(lend(leaf, 7, 3), 0);
}

/* The road is one that nobody reads and that takes nothing more: the vault does not wait for it. */
static void a_loan_does_not_wait(void **state)
{
	OWN(arena) a = ARENA;
	struct str leaf = leaf_of(&a, new_ca(&a, 7, 3), 7, 3);
	int pair[2];

	assert_int_equal(sock_pair(false, pair, NULL), OK);
	while (send(pair[0], "full", 4, MSG_DONTWAIT) > 0)
		;
	SEND_FD(core, pair[0], lend, 7, 3, leaf);
	close(pair[0]);
	SEND(core, store_keys, .req = 2);
	wait_answer();
	assert_int_equal(said.tag, IPC_store_keys_answer);
	close(pair[1]);
}

/* To one that is not there: others are served. */
static void a_loan_to_nobody_is_none(void **state)
{
	OWN(arena) a = ARENA;
	struct str leaf = leaf_of(&a, new_ca(&a, 7, 3), 7, 3);

	SEND(core, lend_scribe, 0, 9, 11, 7, 3, leaf);
	SEND(core, lend_scribe, UINT32_MAX, 9, 11, 7, 3, leaf);
	assert_true(lend_scribe(leaf, 7, 3) > 32);
}

/* A wrapped CA key with another label on it: the label is under the seal. */
static void promise_3_a_key_cannot_be_relabelled(void **state)
{
	OWN(arena) a = ARENA;
	struct str ca = new_ca(&a, 7, 3);

	for (size_t i = 0; i < ca.n && i < 40; i++)
		for (int to = 1; to < 6; to++) {
			char *copy = arena_z(&a, ca);

			if (copy[i] == to)
				continue;
			copy[i] = (char)to;
			assert_int_equal(lend(str_of(copy, ca.n), 7, 3), 0);
		}
}

static const struct {
	const char *address;
	int64_t from, to;
	uint64_t user, profile;
	int want;
} issues[] = {
	{ "r1@relay.example", NOW, NOW + DAY, 7, 3, OK },
	{ "r1@Relay.Example", NOW, NOW + DAY, 7, 3, OK },
	{ "r1@other.example", NOW, NOW + DAY, 7, 3, FAIL_DENIED },
	{ "r1@sub.relay.example", NOW, NOW + DAY, 7, 3, FAIL_DENIED },
	{ "alice@mailbox.example", NOW, NOW + DAY, 7, 3, FAIL_DENIED },
	{ "r1@relay.example", NOW - 1, NOW + DAY, 7, 3, FAIL_DENIED },
	{ "r1@relay.example", NOW, NOW + 101 * (int64_t)DAY, 7, 3, FAIL_DENIED },
	{ "r1@relay.example", NOW, NOW + DAY, 8, 3, FAIL_DENIED },
	{ "r1@relay.example", NOW, NOW + DAY, 7, 4, FAIL_DENIED },
};

static void promise_8_the_vault_signs_within_the_limits_alone(void **state)
{
	OWN(arena) a = ARENA;
	struct str ca = new_ca(&a, 7, 3);

	for (size_t i = 0; i < sizeof(issues) / sizeof(issues[0]); i++)
		if (issue(&a, ca, issues[i].user, issues[i].profile, issues[i].address, issues[i].from,
		          issues[i].to) != issues[i].want)
			fail_msg("row %zu: %d", i, said.code);
}

static void store_keys_come_back(void **state)
{
	OWN(arena) a = ARENA;
	struct str wrapped, plain;

	SEND(core, store_keys, .req = 1);
	wait_answer();
	wrapped = kept(&a, &said.one);
	plain = kept(&a, &said.two);
	assert_int_equal(plain.n, 32);
	SEND(core, store_keys, 1, wrapped, STR(""));
	wait_answer();
	assert_true(str_eq(plain, buf_str(&said.two)));
	((char *)(uintptr_t)wrapped.p)[wrapped.n - 1] ^= 1;
	SEND(core, store_keys, 1, wrapped, STR(""));
	wait_answer();
	assert_int_equal(said.code, FAIL_FORGED);
}

/* ---- each key in each place ---------------------------------------------------------------------------------------- */

enum { KEYS = 14 };

struct labelled {
	const char *what;
	struct str bytes;
	char fits; /* in which kind of place, for user 7 and profile 3; 0: in none */
};

static struct str under_another_master(struct arena *a, enum wrap_kind kind)
{
	const struct wrap_label label = { kind, 7, 3 };
	OWN(secret) other = SECRET_NONE;
	OWN(secret) record = SECRET_NONE;
	OWN(buf) out = BUF(8192);
	OWNS(key) key = NULL;

	assert_int_equal(secret_copy(&other, "another master key, of 32 bytes.", 32, NULL), OK);
	assert_int_equal(key_new(KEY_P256, &key, NULL), OK);
	assert_int_equal(key_export_private(key, &record, NULL), OK);
	assert_int_equal(wrap_seal(&other, &label, secret_str(&record), &out, NULL), OK);
	return kept(a, &out);
}

static void store_keys(struct arena *a, struct str *ret_column, struct str *ret_hash)
{
	SEND(core, store_keys, .req = 1);
	wait_answer();
	*ret_column = kept(a, &said.one);
	*ret_hash = kept(a, &said.hash);
}

static void all_keys(struct arena *a, struct labelled k[static KEYS])
{
	struct str ca = new_ca(a, 7, 3), ca_user = new_ca(a, 8, 3), ca_profile = new_ca(a, 7, 4), column,
	           hash;
	char *broken = arena_z(a, ca);

	store_keys(a, &column, &hash);
	broken[ca.n / 2] ^= 1;
	k[0] = (struct labelled){ "nothing", STR(""), 'n' };
	k[1] = (struct labelled){ "a spare", spare(a), 's' };
	k[2] = (struct labelled){ "the leaf", leaf_of(a, ca, 7, 3), 'l' };
	k[3] = (struct labelled){ "another user's leaf", leaf_of(a, ca_user, 8, 3), 0 };
	k[4] = (struct labelled){ "another profile's leaf", leaf_of(a, ca_profile, 7, 4), 0 };
	k[5] = (struct labelled){ "the authority", ca, 'a' };
	k[6] = (struct labelled){ "another user's authority", ca_user, 0 };
	k[7] = (struct labelled){ "another profile's authority", ca_profile, 0 };
	k[8] = (struct labelled){ "the column key", column, 'c' };
	k[9] = (struct labelled){ "the hash key", hash, 'h' };
	k[10] = (struct labelled){ "a broken authority", str_of(broken, ca.n), 0 };
	k[11] = (struct labelled){ "a leaf of another relay", under_another_master(a, WRAP_LEAF), 0 };
	k[12] = (struct labelled){ "an authority of another relay", under_another_master(a, WRAP_CA), 0 };
	k[13] = (struct labelled){ "a leaf cut off", str_first(k[2].bytes, k[2].bytes.n - 1), 0 };
}

/* Each place in which a request has a wrapped key, tried with k; the rest of the request is as it should be. */
static bool as_column(struct arena *a, struct str k, const struct labelled *good)
{
	SEND(core, store_keys, 1, k, good[9].bytes);
	wait_answer();
	return said.code == OK;
}

static bool as_hash(struct arena *a, struct str k, const struct labelled *good)
{
	SEND(core, store_keys, 1, good[8].bytes, k);
	wait_answer();
	return said.code == OK;
}

static bool as_spare_of_authority(struct arena *a, struct str k, const struct labelled *good)
{
	SEND(core, intermediate, .req = 1, .user = 7, .profile = 3, .spare = k, .subject_cn = STR("int"),
	     .root_cn = STR("root"), .mailbox = STR("alice@mailbox.example"),
	     .domains = STR("\15\0\0\0relay.example"), .not_before = NOW, .not_after = NOW + DAY);
	wait_answer();
	return said.code == OK;
}

static bool as_authority_of_user(struct arena *a, struct str k, const struct labelled *good)
{
	OWNS(key) key = NULL;
	OWN(buf) spki = BUF(1024);

	assert_int_equal(key_new(KEY_P256, &key, NULL), OK);
	assert_int_equal(key_public_der(key, &spki, NULL), OK);
	SEND(core, issue_user, 1, 7, 3, k, buf_str(&spki), NOW, NOW + DAY);
	wait_answer();
	return said.code == OK;
}

static bool as_authority_of_sender(struct arena *a, struct str k, const struct labelled *good)
{
	return issue(a, k, 7, 3, "r1@relay.example", NOW, NOW + DAY) == OK;
}

static bool as_spare_of_sender(struct arena *a, struct str k, const struct labelled *good)
{
	SEND(core, issue_sender, 1, 7, 3, good[5].bytes, k, STR("r1@relay.example"), NOW, NOW + DAY);
	wait_answer();
	return said.code == OK;
}

static bool as_loan(struct arena *a, struct str k, const struct labelled *good)
{
	return lend(k, 7, 3) > 0;
}

static bool as_loan_to_a_scribe(struct arena *a, struct str k, const struct labelled *good)
{
	return lend_scribe(k, 7, 3) > 0;
}

static const struct {
	const char *what, *takes;
	bool (*try)(struct arena *a, struct str k, const struct labelled *good);
} places[] = {
	{ "store_keys.wrapped_column", "cn", as_column },
	{ "store_keys.wrapped_hash", "hn", as_hash },
	{ "intermediate.spare", "s", as_spare_of_authority },
	{ "issue_user.wrapped_ca", "a", as_authority_of_user },
	{ "issue_sender.wrapped_ca", "a", as_authority_of_sender },
	{ "issue_sender.spare", "s", as_spare_of_sender },
	{ "lend.wrapped_leaf", "l", as_loan },
	{ "lend_scribe.wrapped_leaf", "l", as_loan_to_a_scribe },
};

static void try_everywhere(struct arena *a, const struct labelled k[static KEYS])
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (size_t j = 0; j < KEYS; j++) {
			bool fits = k[j].fits && strchr(places[i].takes, k[j].fits);

			if (places[i].try(a, k[j].bytes, k) != fits)
				fail_msg("%s as %s was %s", k[j].what, places[i].what,
				         fits ? "refused" : "taken");
		}
	}
}

static void promise_3_a_key_fits_where_its_label_says(void **state)
{
	OWN(arena) a = ARENA;
	struct labelled k[KEYS];

	all_keys(&a, k);
	try_everywhere(&a, k);
}

/* What is wrapped anew keeps its label; what does not open is not wrapped. */
static void promise_3_a_rotation_changes_no_label(void **state)
{
	OWN(arena) a = ARENA;
	OWN(buf) list = BUF(IPC_RECORD_MAX);
	struct labelled k[KEYS];
	struct str left, fresh;

	all_keys(&a, k);
	for (size_t i = 1; i < KEYS; i++)
		list_add(&list, k[i].bytes);
	SEND(core, rewrap, 1, buf_str(&list));
	wait_answer();
	assert_int_equal(said.code, OK);
	left = kept(&a, &said.one);
	for (size_t i = 1; i < KEYS; i++) {
		assert_true(list_next(&left, &fresh));
		assert_int_equal(fresh.n > 0, i < 10);
		if (i < 10)
			assert_false(str_eq(fresh, k[i].bytes));
		k[i].bytes = i < 10 ? fresh : k[i].bytes;
	}
	try_everywhere(&a, k);
}

/* Last, for the roads end: what is not in the table of who asks is not answered. */
static void promise_3_nobody_asks_past_the_table(void **state)
{
	SEND(keygen, store_keys, .req = 1);
	wait_answer();
	assert_true(said.closed);
	said.closed = false;
	SEND(core, spare_wrap, .req = 1);
	wait_answer();
	assert_true(said.closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promise_3_a_ca_key_is_never_lent),
		cmocka_unit_test(promise_3_a_loan_is_for_its_user_alone),
		cmocka_unit_test(promise_3_a_key_cannot_be_relabelled),
		cmocka_unit_test(a_loan_does_not_wait),
		cmocka_unit_test(a_loan_to_nobody_is_none),
		cmocka_unit_test(promise_8_the_vault_signs_within_the_limits_alone),
		cmocka_unit_test(store_keys_come_back),
		cmocka_unit_test(promise_3_a_key_fits_where_its_label_says),
		cmocka_unit_test(promise_3_a_rotation_changes_no_label),
		cmocka_unit_test(promise_3_nobody_asks_past_the_table),
	};
	int r = cmocka_run_group_tests(tests, begin, NULL);

	peer_free(core);
	peer_free(keygen);
	peer_free(scribe);
	vault_free(vault);
	loop_free(said.loop);
	buf_done(&said.one);
	buf_done(&said.two);
	buf_done(&said.hash);
	return r;
}
