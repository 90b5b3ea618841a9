/* passkeys_test.c - public keys of users: whose they are, how many, and that nothing of them can be read in the files. */
#include "store/passkeys.h"

#include "store/db.h"
#include "store/fixture_test.h"
#include "store/users.h"

#include <stdio.h>

enum { NOW = 1000000 };

static struct passkey phone(int64_t user)
{
	return (struct passkey){ .user = user,
		                 .credential = STR("credential of the phone"),
		                 .alg = -7,
		                 .a = STR("the first coordinate"),
		                 .b = STR("the second coordinate"),
		                 .count = 3,
		                 .transports = STR("internal, hybrid"),
		                 .name = STR("my own phone"),
		                 .created = NOW };
}

static int64_t second(struct store *st)
{
	int64_t id;

	MUST(user_add(st, STR("second"), NOW, &id, NULL));
	return id;
}

static void it_is_found_by_its_credential(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct passkey p = phone(i.user), found = { 0 },
	               bare = { .user = i.user, .credential = STR("id"), .a = STR("a"), .name = STR("n") };
	OWN(arena) a = ARENA;

	MUST(passkey_add(st, &p, NULL));
	MUST(passkey_add(st, &bare, NULL)); /* Ed25519 has one number */
	assert_int_equal(passkey_find(st, STR("credential of the phon"), &a, &found, NULL), FAIL_ABSENT);
	assert_int_equal(passkey_find(st, STR(""), &a, &found, NULL), FAIL_ABSENT);
	MUST(passkey_find(st, STR("id"), &a, &found, NULL));
	assert_true(!found.b.n && !found.transports.n && !found.last_used);
	MUST(passkey_find(st, p.credential, &a, &found, NULL));
	assert_true(found.user == i.user && found.alg == -7 && found.count == 3 && found.created == NOW);
	assert_true(str_eq(found.a, p.a) && str_eq(found.b, p.b) && str_eq(found.name, p.name));
	assert_true(str_eq(found.transports, p.transports) && str_eq(found.credential, p.credential));
	MUST(passkey_used(st, found.id, UINT32_MAX, NOW + 5, NULL));
	MUST(passkey_find(st, p.credential, &a, &found, NULL));
	assert_true(found.count == UINT32_MAX && found.last_used == NOW + 5);
}

static void a_credential_is_one_users(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct passkey p = phone(i.user);
	int64_t other = second(st);

	MUST(passkey_add(st, &p, NULL));
	assert_int_equal(passkey_add(st, &p, NULL), FAIL_EXISTS);
	p.user = other;
	assert_int_equal(passkey_add(st, &p, NULL), FAIL_EXISTS);
}

static void at_most_twenty(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct passkey p = phone(i.user);
	int64_t n;
	char id[32];

	for (int k = 0; k < PASSKEYS_MAX; k++) {
		snprintf(id, sizeof(id), "credential-%d", k);
		p.credential = str_c(id);
		MUST(passkey_add(st, &p, NULL));
	}
	p.credential = STR("more");
	assert_int_equal(passkey_add(st, &p, NULL), FAIL_LIMIT);
	p.user = second(st);
	MUST(passkey_add(st, &p, NULL));
	MUST(passkey_count(st, i.user, &n, NULL));
	assert_int_equal(n, PASSKEYS_MAX);
}

static int see(void *arg, const struct passkey *p, struct fail *f)
{
	buf_addf(arg, "%.*s;", STR_ARG(p->name));
	return OK;
}

static void nobody_touches_anothers(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct passkey p = phone(i.user), found;
	int64_t other = second(st), first;
	OWN(buf) names = BUF(200);
	OWN(arena) a = ARENA;

	MUST(passkey_add(st, &p, NULL));
	MUST(passkey_find(st, p.credential, &a, &found, NULL));
	first = found.id;
	assert_int_equal(passkey_rename(st, other, first, STR("evil"), NULL), FAIL_ABSENT);
	assert_int_equal(passkey_delete(st, other, first, NULL), FAIL_ABSENT);
	MUST(passkey_end_all(st, other, 0, NULL));
	MUST(passkey_rename(st, i.user, first, STR("old phone"), NULL));
	p.credential = STR("second");
	MUST(passkey_add(st, &p, NULL));
	MUST(passkey_each(st, i.user, see, &names, NULL));
	assert_true(str_eq(buf_str(&names), STR("old phone;my own phone;")));
	MUST(passkey_end_all(st, i.user, first, NULL));
	assert_int_equal(passkey_find(st, p.credential, &a, &found, NULL), FAIL_ABSENT);
	MUST(passkey_delete(st, i.user, first, NULL));
	assert_int_equal(passkey_delete(st, i.user, first, NULL), FAIL_ABSENT);
}

static void they_go_with_their_user(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct passkey p = phone(i.user), found;
	OWN(arena) a = ARENA;

	MUST(passkey_add(st, &p, NULL));
	MUST(user_delete(st, i.user, NULL));
	assert_int_equal(passkey_find(st, p.credential, &a, &found, NULL), FAIL_ABSENT);
}

/* The row as it lies there. */
static void promise_9_nothing_of_it_is_in_the_row(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct passkey p = phone(i.user);
	const struct str said[] = { p.credential, p.a, p.b, p.transports, p.name };
	OWN(arena) a = ARENA;

	MUST(passkey_add(st, &p, NULL));
	OWNQ q = q_read(st, "SELECT credential_hash, credential, a, b, transports, name FROM passkey");

	MUST(q_one(&q, "passkey", NULL));
	for (int col = 0; col < 6; col++)
		for (size_t k = 0; k < sizeof(said) / sizeof(said[0]); k++) {
			struct str raw = q_col_blob(&q, col, &a);

			assert_true(raw.n && str_find(raw, said[k]) == raw.n);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_is_found_by_its_credential, fixture_fresh),
		cmocka_unit_test_setup(a_credential_is_one_users, fixture_fresh),
		cmocka_unit_test_setup(at_most_twenty, fixture_fresh),
		cmocka_unit_test_setup(nobody_touches_anothers, fixture_fresh),
		cmocka_unit_test_setup(they_go_with_their_user, fixture_fresh),
		cmocka_unit_test_setup(promise_9_nothing_of_it_is_in_the_row, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
