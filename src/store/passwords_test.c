/* passwords_test.c - app passwords: whose they are, how many, and that nothing of them can be read in the files. */
#include "store/passwords.h"

#include "base/clock.h"
#include "store/fixture_test.h"
#include "store/users.h"

#include <stdio.h>

enum { NOW = 1000 * DAY_S + 4711 };

static const struct str alice = STR_INIT("alice@mailbox.example"),
                        secret = STR_INIT("abcdefghijklmnopqrstuvwxy");

static int64_t second(struct store *st, struct ids i)
{
	int64_t id;

	MUST(mailbox_add(st, i.user, STR("second@mailbox.example"), false, NOW, &id, NULL));
	return id;
}

static void it_is_found_by_owner_and_secret(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct app_password p = { 0 };
	/* A row a no: nobody's name, nobody's secret, somebody else's secret, a beginning, nothing. */
	const struct {
		struct str user, secret;
		int want;
	} cases[] = {
		{ alice, secret, OK },
		{ STR("nobody@mailbox.example"), secret, FAIL_ABSENT },
		{ STR("second@mailbox.example"), secret, FAIL_ABSENT },
		{ alice, STR("abcdefghijklmnopqrstuvwxz"), FAIL_ABSENT },
		{ alice, STR("abcdefghijklmnopqrstuvwx"), FAIL_ABSENT },
		{ alice, STR("ABCDEFGHIJKLMNOPQRSTUVWXY"), FAIL_ABSENT },
		{ alice, STR(""), FAIL_ABSENT },
		{ STR(""), STR(""), FAIL_ABSENT },
		{ STR(""), secret, FAIL_ABSENT },
	};

	second(st, i);
	MUST(password_add(st, i.mailbox, STR("phone"), secret, NOW, NULL));
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
		assert_int_equal(password_find(st, cases[k].user, cases[k].secret, &p, NULL), cases[k].want);
	assert_true(p.mailbox == i.mailbox && p.created == NOW && !p.last_used);
}

static void a_name_and_a_secret_are_there_once(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t other = second(st, i);

	MUST(password_add(st, i.mailbox, STR("phone"), secret, NOW, NULL));
	assert_int_equal(password_add(st, i.mailbox, STR("phone"), STR("another"), NOW, NULL), FAIL_EXISTS);
	assert_int_equal(password_add(st, other, STR("laptop"), secret, NOW, NULL), FAIL_EXISTS);
	MUST(password_add(st, other, STR("phone"), STR("another"), NOW, NULL));
}

static void at_most_twenty(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t other = second(st, i);
	char name[32];

	for (int k = 0; k < PASSWORDS_MAX; k++) {
		snprintf(name, sizeof(name), "client-%d", k);
		MUST(password_add(st, i.mailbox, str_c(name), str_c(name), NOW, NULL));
	}
	assert_int_equal(password_add(st, i.mailbox, STR("more"), STR("more"), NOW, NULL), FAIL_LIMIT);
	MUST(password_add(st, other, STR("more"), STR("more"), NOW, NULL));
	MUST(password_delete(st, i.mailbox, STR("client-7"), NULL));
	MUST(password_add(st, i.mailbox, STR("again"), STR("again"), NOW, NULL));
}

static int count(void *arg, const struct app_password *p, struct fail *f)
{
	(*(int *)arg)++;
	return OK;
}

static void a_deleted_one_is_gone(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t other = second(st, i);
	struct app_password p;
	int n = 0;

	MUST(password_add(st, i.mailbox, STR("phone"), secret, NOW, NULL));
	MUST(password_add(st, other, STR("phone"), STR("another"), NOW, NULL));
	assert_int_equal(password_delete(st, i.mailbox, STR("laptop"), NULL), FAIL_ABSENT);
	MUST(password_delete(st, i.mailbox, STR("phone"), NULL));
	assert_int_equal(password_find(st, alice, secret, &p, NULL), FAIL_ABSENT);
	MUST(password_find(st, STR("second@mailbox.example"), STR("another"), &p, NULL));
	MUST(mailbox_delete(st, other, NULL));
	assert_int_equal(password_find(st, STR("second@mailbox.example"), STR("another"), &p, NULL),
	                 FAIL_ABSENT);
	MUST(password_each(st, other, count, &n, NULL));
	assert_int_equal(n, 0);
}

static int see(void *arg, const struct app_password *p, struct fail *f)
{
	struct buf *out = arg;

	buf_addf(out, "%.*s %lld;", STR_ARG(p->name), (long long)p->last_used);
	return OK;
}

static void use_is_noted_by_the_day(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(buf) seen = BUF(1000);
	struct app_password p;
	bool changed;

	MUST(password_add(st, i.mailbox, STR("phone"), secret, NOW, NULL));
	MUST(password_add(st, i.mailbox, STR("laptop"), STR("another"), NOW, NULL));
	MUST(password_find(st, alice, secret, &p, NULL));
	MUST(password_used(st, &p, NOW, &changed, NULL));
	assert_true(changed);
	MUST(password_find(st, alice, secret, &p, NULL));
	MUST(password_used(st, &p, NOW + 3600, &changed, NULL));
	assert_false(changed);
	MUST(password_used(st, &p, NOW + DAY_S, &changed, NULL));
	assert_true(changed);
	MUST(password_each(st, i.mailbox, see, &seen, NULL));
	assert_true(str_eq(buf_str(&seen), STR("phone 86486400;laptop 0;")));
}

/* The row as it lies there: a grep over the files would not see what another page order hides. */
static void promise_9_name_and_password_are_not_in_the_files(void **state)
{
	const char *const files[] = { "postern.db", "postern.db-wal" };
	struct fail f = { 0 };
	size_t bytes = 0;

	{
		OWNS(store) st = fixture_open(0);
		struct ids i = fixture_fill(st);

		MUST(password_add(st, i.mailbox, STR("phonetoken-quokka"), secret, NOW, NULL));
		assert_int_equal(store_commit(st, &f), OK);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		static char all[8 << 20];
		FILE *in = fopen(files[i], "rb");
		size_t n = in ? fread(all, 1, sizeof(all), in) : 0;

		bytes += n;
		assert_true(str_find(str_of(all, n), STR("quokka")) == n);
		assert_true(str_find(str_of(all, n), secret) == n);
		if (in)
			fclose(in);
	}
	assert_true(bytes > 50000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_is_found_by_owner_and_secret, fixture_fresh),
		cmocka_unit_test_setup(a_name_and_a_secret_are_there_once, fixture_fresh),
		cmocka_unit_test_setup(at_most_twenty, fixture_fresh),
		cmocka_unit_test_setup(a_deleted_one_is_gone, fixture_fresh),
		cmocka_unit_test_setup(use_is_noted_by_the_day, fixture_fresh),
		cmocka_unit_test_setup(promise_9_name_and_password_are_not_in_the_files, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
