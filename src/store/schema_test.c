/* schema_test.c - a store that an older Postern made. */
#include "store/aliases.h"
#include "store/db.h"
#include "store/domains.h"
#include "store/events.h"
#include "store/fixture_test.h"
#include "store/passkeys.h"
#include "store/trials.h"
#include "store/upkeep.h"
#include "store/users.h"
#include "store/watches.h"

#include <stdio.h>
#include <unistd.h>

/* Back to what version 1 had: each later step undone, the last one first. */
static void make_first(struct store *st)
{
	static const char *const added[] = {
		"INDEX body_file",
		"TABLE event",
		"TABLE passkey",
		"TABLE domain_claim",
		"TABLE domain_watch",
		"INDEX queue_body",
		"INDEX queue_fresh",
		"INDEX reverse_user",
		"INDEX profile_user",
		"TABLE tally",
		"TRIGGER tally_alias_more",
		"TRIGGER tally_alias_less",
		"TRIGGER tally_queue_more",
		"TRIGGER tally_queue_less",
		"TRIGGER tally_bytes_more",
		"TRIGGER tally_bytes_less",
		"TRIGGER tally_correspondent_more",
		"TRIGGER tally_correspondent_less",
	};

	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++) {
		char sql[64];

		snprintf(sql, sizeof(sql), "DROP %s", added[i]);
		MUST(store_exec(st, sql, NULL));
	}
	MUST(store_exec(st, "ALTER TABLE body DROP COLUMN bytes", NULL));
	MUST(store_exec(st, "CREATE INDEX body_file ON body (file)", NULL));
	MUST(store_exec(st, "ALTER TABLE activity DROP COLUMN answered", NULL));
	MUST(store_exec(st, "DROP TABLE alias_mark", NULL));
	MUST(store_exec(st, "DROP TRIGGER alias_is_back", NULL));
	MUST(store_exec(st,
	                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ' "
	                "AUTOINCREMENT', '')"
	                " WHERE name IN ('alias', 'correspondent'); PRAGMA writable_schema = RESET",
	                NULL));
	MUST(store_exec(st, "DROP INDEX reverse_test", NULL));
	MUST(store_exec(st, "DROP TABLE trial", NULL));
	MUST(store_exec(st, "ALTER TABLE rate DROP COLUMN trials", NULL));
	MUST(store_exec(st, "ALTER TABLE mailbox DROP COLUMN hide_subject", NULL));
	MUST(store_exec(st, "ALTER TABLE mailbox DROP COLUMN pad_sizes", NULL));
	MUST(store_exec(st, "PRAGMA user_version = 1", NULL));
}

/* The number of an alias that is gone is nobody's again. */
static void assert_ids_are_spent(struct store *st, const struct ids *i)
{
	struct alias al = { .user = i->user, .address = STR("last@relay.example"), .state = ALIAS_ON };
	int64_t first = 0;

	MUST(alias_add(st, &al, &first, NULL));
	MUST(alias_delete(st, first, NULL));
	al.address = STR("next@relay.example");
	MUST(alias_add(st, &al, &al.id, NULL));
	assert_true(al.id > first && first > i->alias);
}

/* What is kept beside the rows says what they say. */
static void assert_sums(struct store *st, int64_t aliases, int64_t correspondents)
{
	struct store_sums sums = { 0 };

	MUST(upkeep_sums(st, &sums, NULL));
	assert_int_equal(sums.aliases, aliases);
	assert_int_equal(sums.correspondents, correspondents);
	assert_true(sums.queue == 0 && sums.queue_bytes == 0 && sums.queue_oldest == 0);
}

static void assert_works(struct store *st, const struct ids *i)
{
	const struct passkey key = {
		.user = i->user, .credential = STR("id"), .a = STR("x"), .name = STR("phone")
	};
	const struct trial want = { .profile = i->profile, .reverse = i->reverse, .sent = 5, .answer = 1 };
	const struct event e = { .user = i->user, .alias = i->alias, .what = EVENT_RELAYED, .at = 5, .n = 1 };
	struct trial trial = { 0 };
	struct event_last last = { 0 };
	struct mailbox box = { 0 };
	struct alias al = { 0 };
	OWN(arena) a = ARENA;
	int64_t sum = 0;

	MUST(alias_get(st, i->alias, &a, &al, NULL));
	assert_true(str_eq(al.address, STR("shop@relay.example")));
	MUST(mailbox_get(st, i->mailbox, &a, &box, NULL));
	assert_false(box.hide_subject || box.pad_sizes);
	assert_ids_are_spent(st, i);
	MUST(passkey_add(st, &key, NULL));
	MUST(trial_put(st, &want, NULL));
	MUST(trial_get(st, i->profile, &trial, NULL));
	assert_true(trial.sent == 5 && trial.reverse == i->reverse);
	MUST(trial_count(st, i->user, 3600, &sum, NULL));
	assert_int_equal(sum, 1);
	assert_sums(st, 2, 1);
	MUST(alias_answered(st, i->alias, 5, 0, NULL));
	MUST(events_add(st, &e, NULL));
	MUST(events_last(st, i->alias, &last, NULL));
	assert_int_equal(last.in, 5);
	fixture_enqueue(st, i, STR("a body in its row"), 1);
	assert_int_equal(store_bodies_fd(st), -1);
}

/* A domain of before is watched like one that is new. */
static void assert_watched(struct store *st)
{
	struct domain_watch w = { 0 };
	struct domain d = { 0 };
	OWN(arena) a = ARENA;

	MUST(domain_find(st, STR("own.example"), &a, &d, NULL));
	MUST(domain_watch_get(st, d.id, &a, &w, NULL));
	assert_true(!w.token.n && !w.next && w.state[0] == WATCH_NEVER_ASKED);
}

static long size_of(const char *name)
{
	FILE *file = fopen(name, "r");
	long n;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	n = ftell(file);
	fclose(file);
	return n;
}

/* Its rows stay, what is new works, and a copy of how it was lies beside it; also where an earlier try left half of one. */
static void an_older_store_is_brought_up(void **state)
{
	struct domain own = { .name = STR("own.example") };
	struct ids i;
	FILE *half;

	{
		OWNS(store) st = fixture_open(0);

		i = fixture_fill(st);
		own.user = i.user;
		MUST(domain_add(st, &own, &own.id, NULL));
		MUST(store_commit(st, NULL));
		make_first(st);
	}
	half = fopen("postern.db.before-2", "w");
	assert_non_null(half);
	fputs("half", half);
	fclose(half);
	{
		OWNS(store) st = fixture_open(0);

		assert_works(st, &i);
		assert_watched(st);
	}
	assert_true(size_of("postern.db.before-2") > 4096);
}

static void a_newer_store_is_left_alone(void **state)
{
	const struct store_options o = { 0 };
	struct store *st = fixture_open(0);
	struct fail f = { 0 };

	MUST(store_exec(st, "PRAGMA user_version = 1000", NULL));
	store_free(st);
	st = NULL;
	assert_int_equal(store_open(&fixture_cipher, &o, &st, &f), FAIL_DENIED);
	assert_non_null(strstr(f.why, "newer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_older_store_is_brought_up, fixture_fresh),
		cmocka_unit_test_setup(a_newer_store_is_left_alone, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
