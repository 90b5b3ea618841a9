/* loans_test.c - a real scribe, the test in the place of core and of the vault: a key that it is lent may come before its
 * message is to be sealed or after, once, and not at all. */
#include "crypto/aead.h"
#include "crypto/cert.h"
#include "crypto/key.h"
#include "role/stage_test.h"
#include "sys/memfd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

int all_tests(void);

enum { NOW = 1795435200, KEY = 11, QUIET_MS = 200 };
#define SENDER "r1@relay.example"

static struct {
	struct stage scribe;
	int core, vault;
	struct secret leaf;
	struct buf sender, user;
	uint64_t job;
} w;

static void certify(enum cert_kind kind, const char *who, const struct key *k, const struct key *issuer,
                    struct buf *ret)
{
	const struct cert_fields c = { .kind = kind,
		                       .issuer_cn = STR("int"),
		                       .subject_cn = str_c(who),
		                       .email = str_c(who),
		                       .not_before = NOW,
		                       .not_after = NOW + 1000000,
		                       .subject_key = k,
		                       .issuer_key = issuer };

	*ret = BUF(16384);
	assert_int_equal(cert_build(&c, ret, NULL), OK);
}

static int begin(void **state)
{
	struct key *leaf, *issuer;

	if (crypto_init(NULL) < 0 || key_new(KEY_P256, &leaf, NULL) < 0 ||
	    key_new(KEY_P256, &issuer, NULL) < 0 || key_export_private(leaf, &w.leaf, NULL) < 0)
		return 1;
	certify(CERT_SENDER, SENDER, leaf, issuer, &w.sender);
	certify(CERT_USER, "alice@mailbox.example", issuer, leaf, &w.user);
	key_free(leaf);
	key_free(issuer);
	stage_new(&w.scribe, ROLE_SCRIBE, 0, NULL);
	w.core = stage_road(&w.scribe, ROLE_CORE, 0);
	w.vault = stage_road(&w.scribe, ROLE_VAULT, 0);
	stage_go(&w.scribe);
	return 0;
}

static int end(void **state)
{
	close(w.core);
	close(w.vault);
	stage_stop(&w.scribe);
	secret_done(&w.leaf);
	buf_done(&w.sender);
	buf_done(&w.user);
	return 0;
}

static void hand_over(void)
{
	OWN(heard) h = { 0 };
	OWNFD fd = thing_new(A_SEALED);

	SAY_FD(w.core, fd, scan_job, ++w.job, 0);
	assert_int_equal(((const struct scanned *)hear_this(w.core, IPC_scanned, &h))->code, 0);
}

static void ask(uint64_t user, uint64_t key_id, uint32_t flags)
{
	SAY(w.core, seal, .job = w.job, .user = user, .mode = SEAL_ENCRYPT, .cipher = 1, .flags = flags,
	    .key_id = key_id, .user_cert = buf_str(&w.user), .sender_cert = buf_str(&w.sender),
	    .intermediate = buf_str(&w.user), .from = STR(SENDER), .alias = STR("shop@relay.example"),
	    .message_id = STR("1@relay.example"), .now_utc = NOW);
}

static void lend(uint64_t job, uint64_t key_id, struct str record)
{
	assert_true(SAY(w.vault, lent, job, key_id, record));
}

/* And nothing else was said before. */
static int sealed(void)
{
	OWN(heard) h = { 0 };
	const struct sealed *m = (const void *)h.msg;
	int code;

	hear(w.core, &h);
	assert_int_equal(h.tag, IPC_sealed);
	assert_int_equal(m->job, w.job);
	code = ipc_result(m->code);
	SAY(w.core, job_end, w.job);
	return code;
}

static void need_is_told(uint64_t key_id)
{
	OWN(heard) h = { 0 };

	hear(w.core, &h);
	assert_int_equal(h.tag, IPC_need_key);
	assert_int_equal(((const struct need_key *)(const void *)h.msg)->key_id, key_id);
}

static void a_key_may_come_before_or_after(void **state)
{
	hand_over();
	ask(1, KEY, SEAL_KEY_COMES);
	assert_false(hears_within(w.core, QUIET_MS));
	lend(w.job, KEY + 1, secret_str(&w.leaf)); /* another one */
	lend(w.job + 1, KEY, secret_str(&w.leaf)); /* for another message */
	assert_false(hears_within(w.core, QUIET_MS));
	lend(w.job, KEY, secret_str(&w.leaf));
	assert_int_equal(sealed(), OK);
	hand_over();
	lend(w.job, KEY + 2, secret_str(&w.leaf));
	usleep(QUIET_MS * 1000);
	ask(1, KEY + 2, SEAL_KEY_COMES);
	assert_int_equal(sealed(), OK);
}

/* It is at hand; another user's message puts it away. */
static void a_key_is_kept_for_its_user(void **state)
{
	hand_over();
	ask(1, KEY, 0);
	assert_int_equal(sealed(), OK);
	hand_over();
	ask(2, KEY, 0);
	need_is_told(KEY);
	lend(w.job, KEY, secret_str(&w.leaf));
	assert_int_equal(sealed(), OK);
}

static void without_a_key_nothing_is_sealed(void **state)
{
	const struct str bad[] = { STR(""), STR("no record of a key") };

	for (size_t i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		hand_over();
		if (i % 2)
			lend(w.job, KEY + 3, bad[i / 2]);
		ask(1, KEY + 3, SEAL_KEY_COMES);
		if (i % 2 == 0)
			lend(w.job, KEY + 3, bad[i / 2]);
		assert_int_equal(sealed(), FAIL_AGAIN);
	}
}

/* The vault has ended: the sender is asked to come again, and the next vault is heard. */
static void what_was_to_come_from_a_vault_that_ended(void **state)
{
	hand_over();
	ask(1, KEY + 4, SEAL_KEY_COMES);
	assert_false(hears_within(w.core, QUIET_MS));
	close(w.vault);
	assert_int_equal(sealed(), FAIL_AGAIN);
	w.vault = stage_road(&w.scribe, ROLE_VAULT, 0);
	hand_over();
	ask(1, KEY + 4, SEAL_KEY_COMES);
	lend(w.job, KEY + 4, secret_str(&w.leaf));
	assert_int_equal(sealed(), OK);
}

/* The vault did not know this scribe yet when it was asked. */
static void what_never_comes_is_given_up(void **state)
{
	hand_over();
	ask(1, KEY + 5, SEAL_KEY_COMES);
	assert_int_equal(sealed(), FAIL_AGAIN);
}

int all_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_may_come_before_or_after),
		cmocka_unit_test(a_key_is_kept_for_its_user),
		cmocka_unit_test(without_a_key_nothing_is_sealed),
		cmocka_unit_test(what_was_to_come_from_a_vault_that_ended),
		cmocka_unit_test(what_never_comes_is_given_up),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
