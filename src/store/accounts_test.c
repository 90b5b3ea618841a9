/* accounts_test.c - passwords, second factors, invitations, codes and sessions: what is found, what is not, what goes with
 * its user. */
#include "store/accounts.h"

#include "store/aliases.h"
#include "store/db.h"
#include "store/fixture_test.h"
#include "store/sessions.h"
#include "store/upkeep.h"
#include "store/users.h"

enum { NOW = 1000000, IDLE = 1000 };

static const struct account_salt salt = { STR_INIT("0123456789abcdef"), 32768, 2, 1 };

static void a_proof_is_compared(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(arena) a = ARENA;
	struct account ac;
	int64_t other;
	bool right;

	MUST(user_add(st, STR("other"), NOW, &other, NULL));
	assert_int_equal(account_get(st, i.user, &a, &ac, NULL), FAIL_ABSENT);
	MUST(account_set(st, i.user, &salt, STR("proof"), NOW, NULL));
	MUST(account_set(st, other, &salt, STR("proof2"), NOW, NULL));
	MUST(account_get(st, i.user, &a, &ac, NULL));
	assert_true(str_eq(ac.salt.salt, salt.salt) && ac.salt.memory == 32768 && !ac.totp && !ac.secret.n);
	MUST(account_proves(st, i.user, STR("proof"), &right, NULL));
	assert_true(right);
	MUST(account_proves(st, i.user, STR("proof2"), &right, NULL));
	assert_false(right);
	MUST(account_totp(st, i.user, STR("secret"), true, 7, NULL));
	MUST(account_set(st, i.user, &salt, STR("new"), NOW, NULL));
	MUST(account_get(st, i.user, &a, &ac, NULL));
	assert_true(ac.totp && str_eq(ac.secret, STR("secret")) && ac.totp_step == 7);
	MUST(account_proves(st, i.user, STR("proof"), &right, NULL));
	assert_false(right);
}

static void an_account_without_a_password(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(arena) a = ARENA;
	struct account ac;
	bool right;

	MUST(account_make(st, i.user, NOW, NULL));
	MUST(account_get(st, i.user, &a, &ac, NULL));
	assert_true(!ac.salt.salt.n && ac.created == NOW);
	MUST(account_proves(st, i.user, STR(""), &right, NULL));
	assert_false(right);
	MUST(account_totp(st, i.user, STR("secret"), true, 7, NULL));
	MUST(account_set(st, i.user, &salt, STR("proof"), NOW, NULL));
	MUST(account_make(st, i.user, NOW + 1, NULL)); /* is there, and stays */
	MUST(account_proves(st, i.user, STR("proof"), &right, NULL));
	assert_true(right);
	MUST(account_no_password(st, i.user, NULL));
	MUST(account_proves(st, i.user, STR("proof"), &right, NULL));
	assert_false(right);
	MUST(account_get(st, i.user, &a, &ac, NULL));
	assert_true(!ac.salt.salt.n && ac.totp && ac.created == NOW);
}

static void a_recovery_code_is_good_once(void **state)
{
	static const struct str codes[] = { STR_INIT("one"), STR_INIT("two") };
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t n;

	MUST(recovery_set(st, i.user, codes, 2, NULL));
	assert_int_equal(recovery_use(st, i.user, STR("three"), NULL), FAIL_ABSENT);
	assert_int_equal(recovery_use(st, i.user + 1, STR("one"), NULL), FAIL_ABSENT);
	MUST(recovery_use(st, i.user, STR("one"), NULL));
	assert_int_equal(recovery_use(st, i.user, STR("one"), NULL), FAIL_ABSENT);
	MUST(recovery_count(st, i.user, &n, NULL));
	assert_int_equal(n, 1);
	MUST(recovery_set(st, i.user, codes, 0, NULL));
	assert_int_equal(recovery_use(st, i.user, STR("two"), NULL), FAIL_ABSENT);
}

static void an_invitation_ends(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct invite got;

	MUST(invite_add(st, STR("token"), &(struct invite){ 0, NOW + 10 }, NULL));
	MUST(invite_add(st, STR("hers"), &(struct invite){ i.user, NOW + 10 }, NULL));
	MUST(invite_find(st, STR("hers"), NOW, &got, NULL));
	assert_int_equal(got.user, i.user);
	assert_int_equal(invite_find(st, STR("token"), NOW + 10, &got, NULL), FAIL_ABSENT);
	assert_int_equal(invite_find(st, STR("tokem"), NOW, &got, NULL), FAIL_ABSENT);
	MUST(invite_use(st, STR("token"), NULL));
	assert_int_equal(invite_use(st, STR("token"), NULL), FAIL_ABSENT);
	MUST(user_delete(st, i.user, NULL));
	assert_int_equal(invite_find(st, STR("hers"), NOW, &got, NULL), FAIL_ABSENT);
}

static void sessions_end(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct session s = { .user = i.user,
		             .kind = SESSION_PERSON,
		             .scopes = 255,
		             .created = NOW,
		             .last_used = NOW,
		             .expires = NOW + 5000,
		             .label = STR("a browser") },
	               got;
	struct session key = {
		.user = i.user, .kind = SESSION_KEY, .scopes = 2, .created = NOW, .last_used = NOW
	};
	int64_t key_id, n;

	MUST(session_add(st, STR("token"), &s, &s.id, NULL));
	MUST(session_add(st, STR("key"), &key, &key_id, NULL));
	assert_int_equal(session_add(st, STR("token"), &s, &n, NULL), FAIL_EXISTS);
	MUST(session_find(st, STR("token"), NOW + 1, IDLE, &got, NULL));
	assert_true(got.id == s.id && got.user == i.user && got.scopes == 255 && got.kind == SESSION_PERSON);
	assert_int_equal(session_find(st, STR("toke"), NOW, IDLE, &got, NULL), FAIL_ABSENT);
	assert_int_equal(session_find(st, STR(""), NOW, IDLE, &got, NULL), FAIL_ABSENT);
	assert_int_equal(session_find(st, STR("token"), NOW + IDLE, IDLE, &got, NULL), FAIL_ABSENT);
	MUST(session_used(st, s.id, NOW + IDLE, NULL));
	MUST(session_find(st, STR("token"), NOW + IDLE, IDLE, &got, NULL));
	MUST(session_used(st, s.id, NOW + 5000, NULL));
	assert_int_equal(session_find(st, STR("token"), NOW + 5000, IDLE, &got, NULL), FAIL_ABSENT);
	MUST(session_find(st, STR("key"), NOW + 500000, IDLE, &got, NULL)); /* no end, and never idle */
	assert_int_equal(session_end(st, i.user, SESSION_KEY, s.id, NULL), FAIL_ABSENT);
	assert_int_equal(session_end(st, i.user + 1, SESSION_PERSON, s.id, NULL), FAIL_ABSENT);
	MUST(session_end_others(st, i.user, SESSION_PERSON, s.id, NULL));
	MUST(session_count(st, i.user, SESSION_PERSON, &n, NULL));
	assert_int_equal(n, 1);
	MUST(session_purge(st, NOW + 5000, IDLE, NULL));
	MUST(session_count(st, i.user, SESSION_PERSON, &n, NULL));
	assert_int_equal(n, 0);
	MUST(session_count(st, i.user, SESSION_KEY, &n, NULL));
	assert_int_equal(n, 1);
	MUST(user_delete(st, i.user, NULL));
	assert_int_equal(session_find(st, STR("key"), NOW, IDLE, &got, NULL), FAIL_ABSENT);
}

static void no_mail_goes_to_what_is_not_verified(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	struct mailbox_code mc = { .created = NOW, .mailed = 1, .day_begun = NOW };
	OWN(arena) a = ARENA;
	struct mailbox m;
	bool right;
	size_t n;

	MUST(alias_mailboxes(st, i.alias, &a, boxes, &n, NULL));
	assert_int_equal(n, 1);
	MUST(mailbox_verified(st, i.mailbox, false, NULL));
	MUST(upkeep_purge(st, 0, &right, NULL));
	MUST(mailbox_get(st, i.mailbox, &a, &m, NULL)); /* not yet */
	MUST(alias_mailboxes(st, i.alias, &a, boxes, &n, NULL));
	assert_int_equal(n, 0);
	MUST(mailbox_get(st, i.mailbox, &a, &m, NULL));
	assert_false(m.verified);
	MUST(mailbox_code_set(st, i.mailbox, STR("12345678"), &mc, NULL));
	MUST(mailbox_code_try(st, i.mailbox, STR("12345679"), &right, NULL));
	assert_false(right);
	MUST(mailbox_code_try(st, i.mailbox, STR("12345678"), &right, NULL));
	assert_true(right);
	MUST(mailbox_code_get(st, i.mailbox, &mc, NULL));
	assert_int_equal(mc.tries, 2);
	MUST(mailbox_verified(st, i.mailbox, true, NULL));
	assert_int_equal(mailbox_code_get(st, i.mailbox, &mc, NULL), FAIL_ABSENT);
	MUST(alias_mailboxes(st, i.alias, &a, boxes, &n, NULL));
	assert_int_equal(n, 1);
	MUST(upkeep_purge(st, NOW * 1000ll, &right, NULL));
	MUST(mailbox_get(st, i.mailbox, &a, &m, NULL));
	MUST(mailbox_verified(st, i.mailbox, false, NULL));
	MUST(upkeep_purge(st, NOW * 1000ll, &right, NULL));
	assert_int_equal(mailbox_get(st, i.mailbox, &a, &m, NULL), FAIL_ABSENT);
}

static int note_id(void *arg, const struct alias *al, struct fail *f)
{
	struct buf *b = arg;

	buf_addf(b, "%lld ", (long long)al->id);
	return OK;
}

/* Ids 1 to 4: used 1, 2, 0, 0 times; the third is off. */
static void pages_of_aliases(void **state)
{
	static const struct {
		struct alias_page p;
		const char *want;
		int64_t total;
	} rows[] = {
		{ { ALIAS_BY_AGE, false, 0, 0, 10, 0, 0 }, "1 2 3 4 ", 4 },
		{ { ALIAS_BY_AGE, true, 0, 1, 2, 0, 0 }, "3 2 ", 4 },
		{ { ALIAS_BY_USE, true, 0, 0, 10, 0, 0 }, "2 1 4 3 ", 4 },
		{ { ALIAS_BY_LAST_USE, false, 0, 0, 3, 0, 0 }, "3 4 1 ", 4 },
		{ { ALIAS_BY_AGE, false, 1u << ALIAS_ON, 0, 10, 0, 0 }, "1 2 4 ", 3 },
		{ { ALIAS_BY_AGE, false, 1u << ALIAS_OFF_DROP | 1u << ALIAS_OFF_REJECT, 0, 10, 0, 0 },
		  "3 ",
		  1 },
		{ { ALIAS_BY_AGE, false, 0, 4, 10, 0, 0 }, "", 4 },
	};
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct alias al = { .user = i.user, .state = ALIAS_ON, .count_left = -1 };
	const char *const more[] = { "b@relay.example", "c@relay.example", "d@relay.example" };
	int64_t id, total;

	for (size_t k = 0; k < 3; k++) {
		al.address = str_c(more[k]);
		al.state = k == 1 ? ALIAS_OFF_DROP : ALIAS_ON;
		MUST(alias_add(st, &al, &id, NULL));
	}
	MUST(alias_used(st, i.alias, NOW, 1, NULL));
	MUST(alias_used(st, i.alias + 1, NOW + 1, 1, NULL));
	MUST(alias_used(st, i.alias + 1, NOW + 1, 1, NULL));
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		OWN(buf) got = BUF(256);

		MUST(alias_page(st, i.user, &rows[k].p, note_id, &got, &total, NULL));
		assert_string_equal(got.n ? got.p : "", rows[k].want);
		assert_int_equal(total, rows[k].total);
		MUST(alias_page(st, i.user + 1, &rows[k].p, note_id, &got, &total, NULL));
		assert_int_equal(total, 0);
	}
	for (int64_t user = 0; user <= i.user + 1; user++) {
		OWN(buf) got = BUF(256);

		MUST(alias_after(st, user, 0, 2, note_id, &got, NULL));
		assert_string_equal(got.n ? got.p : "", user == 0 || user == i.user ? "1 2 " : "");
		MUST(alias_after(st, user, 2, 10, note_id, &got, NULL));
		MUST(alias_after(st, user, 4, 10, note_id, &got, NULL));
		assert_string_equal(got.n ? got.p : "", user == 0 || user == i.user ? "1 2 3 4 " : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_proof_is_compared, fixture_fresh),
		cmocka_unit_test_setup(an_account_without_a_password, fixture_fresh),
		cmocka_unit_test_setup(a_recovery_code_is_good_once, fixture_fresh),
		cmocka_unit_test_setup(an_invitation_ends, fixture_fresh),
		cmocka_unit_test_setup(sessions_end, fixture_fresh),
		cmocka_unit_test_setup(pages_of_aliases, fixture_fresh),
		cmocka_unit_test_setup(no_mail_goes_to_what_is_not_verified, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
