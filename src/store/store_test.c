#include "base/clock.h"
#include "base/mem.h"
#include "store/aliases.h"
#include "store/backup.h"
#include "store/blocks.h"
#include "store/domains.h"
#include "store/fixture_test.h"
#include "store/held.h"
#include "store/people.h"
#include "store/profiles.h"
#include "store/queue.h"
#include "store/replies.h"
#include "store/segment.h"
#include "store/upkeep.h"
#include "store/users.h"
#include "sys/memfd.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

/* ---- tests --------------------------------------------------------------------------------------------------------- */

static void what_is_written_is_read(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(arena) a = ARENA;
	struct alias al;
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	struct correspondent c;
	struct str id;
	size_t n;

	MUST(store_commit(st, NULL));
	MUST(alias_find(st, STR("shop@relay.example"), &a, &al, NULL));
	assert_true(al.id == i.alias && al.count_left == 3 && str_eq(al.label, STR("bookshop-label")));
	MUST(alias_mailboxes(st, i.alias, &a, boxes, &n, NULL));
	assert_int_equal(n, 1);
	assert_int_equal(boxes[0].profile, 0);
	MUST(profile_activate(st, i.profile, NULL));
	MUST(alias_mailboxes(st, i.alias, &a, boxes, &n, NULL));
	assert_true(boxes[0].profile == i.profile && boxes[0].profile_not_after == 1000 * DAY_S);
	MUST(correspondent_find(st, i.alias, STR("person:bob@home.example"), &a, &c, NULL));
	assert_true(str_eq(c.name, STR("Robert Sender")) &&
	            str_eq(c.reverse_address, STR("token1@relay.example")));
	assert_int_equal(correspondent_find(st, i.alias + 1, STR("person:bob@home.example"), &a, &c, NULL),
	                 FAIL_ABSENT);
	MUST(msgid_get(st, i.user, MSGID_INBOUND, STR("told@relay.example"), &a, &id, NULL));
	assert_true(str_eq(id, STR("orig-id@home.example")));
	assert_int_equal(msgid_get(st, i.user + 1, MSGID_INBOUND, STR("told@relay.example"), &a, &id, NULL),
	                 FAIL_ABSENT);
	MUST(alias_used(st, i.alias, 77, 10, NULL));
	MUST(alias_find(st, STR("shop@relay.example"), &a, &al, NULL));
	assert_true(al.count_left == 2 && al.used == 1 && al.last_used == 77);
}

static void what_is_given_out_is_never_given_again(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct alias al = { .user = i.user, .address = STR("shop@relay.example"), .state = ALIAS_ON };
	int64_t id;

	assert_int_equal(alias_add(st, &al, &id, NULL), FAIL_EXISTS);
	MUST(alias_delete(st, i.alias, NULL));
	assert_int_equal(alias_add(st, &al, &id, NULL), FAIL_EXISTS);
	assert_int_equal(reverse_add(st, i.user, STR("token1@relay.example"), REVERSE_POOL, 1, &id, NULL),
	                 FAIL_EXISTS);
	assert_int_equal(mailbox_add(st, i.user, STR("alice@mailbox.example"), false, 1, &id, NULL),
	                 FAIL_EXISTS);
}

static void only_one_profile_of_a_mailbox_is_active(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct profile p = { .user = i.user, .mailbox = i.mailbox, .state = PROFILE_ISSUED };
	struct mailbox m;
	OWN(arena) a = ARENA;
	int64_t second;

	MUST(profile_add(st, &p, &second, NULL));
	MUST(profile_activate(st, i.profile, NULL));
	MUST(profile_activate(st, second, NULL));
	MUST(mailbox_get(st, i.mailbox, &a, &m, NULL));
	assert_int_equal(m.active_profile, second);
	MUST(profile_delete(st, second, NULL));
	MUST(mailbox_get(st, i.mailbox, &a, &m, NULL));
	assert_int_equal(m.active_profile, 0);
}

static void a_second_process_is_kept_out(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct store *other = NULL;

	assert_int_equal(store_open(&fixture_cipher, NULL, &other, NULL), FAIL_EXISTS);
}

static void a_part_goes_alone(void **state)
{
	OWNS(store) st = fixture_open(0);
	int64_t id;

	MUST(user_add(st, STR("stays"), 1, &id, NULL));
	MUST(store_part_begin(st, NULL));
	MUST(user_add(st, STR("goes"), 1, &id, NULL));
	MUST(store_part_end(st, false, NULL));
	MUST(store_commit(st, NULL));
	MUST(user_find(st, STR("stays"), &id, NULL));
	assert_int_equal(user_find(st, STR("goes"), &id, NULL), FAIL_ABSENT);
}

static size_t files_in_bodies(void)
{
	DIR *d = opendir("bodies");
	size_t n = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

static bool nothing(void *arg, int64_t id)
{
	return false;
}

static int count_item(void *arg, const struct queue_item *i, struct fail *f)
{
	(*(int *)arg)++;
	assert_true(str_eq(i->rcpt, STR("alice@mailbox.example")));
	return OK;
}

enum { BODY = 61, BODIES = 40, SPARES = 4 };

static int64_t add_letter(struct store *st, const struct ids *i, int k)
{
	char text[BODY];

	memset(text, 'A' + k % 50, sizeof(text));
	return fixture_enqueue(st, i, str_of(text, sizeof(text)), k);
}

static int64_t enqueue_letter(struct store *st, const struct ids *i, int k)
{
	int64_t id = add_letter(st, i, k);

	MUST(store_commit(st, NULL));
	return id;
}

static void check_letter(struct store *st, int64_t id, int k)
{
	OWN(arena) a = ARENA;
	struct queue_item q;
	struct body b;
	OWNFD fd = -1;
	uint64_t at;
	char text[BODY];

	MUST(queue_get(st, id, &a, &q, NULL));
	MUST(body_get(st, q.body, &a, &b, &fd, &at, NULL));
	assert_int_equal(pread(fd, text, sizeof(text), (off_t)at), sizeof(text));
	assert_true(text[0] == 'A' + k % 50 && text[BODY - 1] == text[0]);
	assert_int_equal(b.key.n, 32);
}

static void send_letter(struct store *st, int64_t id, int k)
{
	check_letter(st, id, k);
	MUST(queue_delete(st, id, NULL));
	MUST(store_commit(st, NULL));
}

static void bodies_come_back_and_their_files_go(void **state)
{
	OWNS(store) st = fixture_open(100); /* a segment for each two */
	struct ids i = fixture_fill(st);
	int64_t ids[BODIES];

	for (int k = 0; k < BODIES; k++)
		ids[k] = enqueue_letter(st, &i, k);
	assert_true(files_in_bodies() >= BODIES / 2);
	for (int k = 0; k < BODIES; k++)
		send_letter(st, ids[k], k);
	assert_int_equal(files_in_bodies(), 1 + SPARES);
}

/* One by one they need no sync of a file; many at once share one, and so do those after them until it is quiet again. */
static void bodies_that_come_alone_stand_in_their_rows(void **state)
{
	static const struct {
		int at_once;
		bool in_rows;
	} groups[] = { { 1, true }, { 2, true }, { 1, true }, { 5, false }, { 1, false }, { 2, true } };
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t ids[BODIES];
	int n = 0;

	MUST(store_commit(st, NULL));
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		for (int k = 0; k < groups[g].at_once; k++, n++)
			ids[n] = add_letter(st, &i, n);
		assert_int_equal(store_bodies_fd(st) < 0, groups[g].in_rows);
		MUST(store_commit(st, NULL));
	}
	assert_int_equal(files_in_bodies(), 1);
	while (n--)
		send_letter(st, ids[n], n);
}

/* A mailbox that is away does not swell the database; when its mail has gone there is room in it again. A large one has a file. */
static void only_so_many_bodies_stand_in_rows(void **state)
{
	enum { LARGE = 64 * 1024, ROOM = (16 << 20) / LARGE };
	static char large[LARGE + 1];
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t ids[ROOM + 1];

	for (int k = 0; k <= ROOM; k++) {
		ids[k] = fixture_enqueue(st, &i, str_of(large, LARGE), k);
		assert_int_equal(store_bodies_fd(st) < 0, k < ROOM);
		MUST(store_commit(st, NULL));
	}
	MUST(queue_delete(st, ids[0], NULL));
	MUST(store_commit(st, NULL));
	fixture_enqueue(st, &i, str_of(large, LARGE), 0);
	assert_int_equal(store_bodies_fd(st), -1);
	store_rollback(st);
	fixture_enqueue(st, &i, str_of(large, LARGE + 1), 0);
	assert_true(store_bodies_fd(st) >= 0);
	store_rollback(st);
	fixture_enqueue(st, &i, str_of(large, LARGE), 0);
	assert_int_equal(store_bodies_fd(st), -1); /* what was rolled back has taken no room */
}

/* In the order in which bodies go, the last first, too: each stays what it is until it is sent, and no file is added. */
static void a_segment_without_bodies_is_written_over(void **state)
{
	OWNS(store) st = fixture_open(100);
	struct ids i = fixture_fill(st);
	int64_t ids[BODIES];
	size_t files;

	for (int round = 0; round < 6; round++) {
		for (int k = 0; k < 6; k++)
			ids[k] = enqueue_letter(st, &i, round + k);
		if (round == 1)
			files = files_in_bodies();
		else if (round)
			assert_int_equal(files_in_bodies(), files);
		for (int k = 0; k < 6; k++) {
			int n = round % 2 ? 5 - k : k;

			send_letter(st, ids[n], round + n);
		}
	}
}

static uint32_t dice;

static int throw_dice(int sides)
{
	dice = dice * 1664525 + 1013904223;
	return (int)(dice >> 16) % sides;
}

struct waiting {
	int n, last;
	struct {
		int64_t id;
		int letter;
	} at[BODIES];
};

static void check_waiting(struct store *st, const struct waiting *w)
{
	for (int k = 0; k < w->n; k++)
		check_letter(st, w->at[k].id, w->at[k].letter);
}

/* Some come, and some go, whichever it is. */
static void one_group(struct store *st, const struct ids *i, struct waiting *w)
{
	for (int more = throw_dice(16); more && w->n < BODIES; more--, w->n++) {
		w->at[w->n].letter = ++w->last;
		w->at[w->n].id = add_letter(st, i, w->last);
	}
	for (int less = throw_dice(16); less && w->n; less--) {
		int k = throw_dice(w->n);

		MUST(queue_delete(st, w->at[k].id, NULL));
		w->at[k] = w->at[--w->n];
	}
}

/* In one group bodies of one segment go among those of others; groups are lost, backups taken, the store is opened anew. */
static void promise_2_bodies_that_wait_stay_whole_whatever_goes(void **state)
{
	struct store *st = fixture_open(100);
	struct ids i = fixture_fill(st);
	struct waiting w = { 0 };
	struct backup *b = NULL;
	bool copied = false;

	MUST(store_commit(st, NULL));
	dice = 1;
	for (int group = 0; group < 400; group++) {
		struct waiting before = w;

		one_group(st, &i, &w);
		if (throw_dice(8)) {
			MUST(store_commit(st, NULL));
		} else {
			store_rollback(st);
			before.last = w.last;
			w = before;
		}
		check_waiting(st, &w);
		if (!b && !throw_dice(8)) {
			MUST(backup_begin(st, &b, NULL));
			copied = false;
		} else if (b && !copied) {
			MUST(backup_step(b, &copied, NULL));
		} else if (b && !throw_dice(4)) {
			backup_free(TAKE(b));
		} else if (!b && !throw_dice(16)) {
			store_free(st);
			st = fixture_open(100);
		}
	}
	backup_free(b);
	store_free(st);
}

/* A backup takes the files as they are: none of those it may need changes, and none that is of no use is there. */
static void what_is_held_is_not_written_over(void **state)
{
	OWNS(store) st = fixture_open(100);
	struct ids i = fixture_fill(st);
	int64_t ids[BODIES];
	struct backup *b = NULL;
	size_t files;

	for (int k = 0; k < 12; k++)
		ids[k] = enqueue_letter(st, &i, k);
	for (int k = 0; k < 6; k++)
		send_letter(st, ids[k], k);
	files = files_in_bodies();
	MUST(backup_begin(st, &b, NULL));
	assert_int_equal(files_in_bodies(), files - 3);
	for (int k = 6; k < 12; k++)
		send_letter(st, ids[k], k);
	for (int k = 12; k < 18; k++)
		ids[k] = enqueue_letter(st, &i, k);
	assert_int_equal(files_in_bodies(), files);
	backup_free(b);
	for (int k = 12; k < 18; k++)
		send_letter(st, ids[k], k);
	assert_true(files_in_bodies() <= 1 + SPARES);
}

static void what_is_due_comes_in_order(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int n = 0;
	int64_t next, late = fixture_enqueue(st, &i, STR("x"), 500);

	fixture_enqueue(st, &i, STR("y"), 5);
	MUST(queue_fresh(st, 10, nothing, count_item, &n, 100, NULL));
	assert_int_equal(n, 1);
	MUST(queue_retry(st, late, 700, STR("4.4.1"), STR("no"), NULL));
	MUST(queue_next(st, 4, &next, NULL));
	assert_int_equal(next, 5);
	MUST(queue_next(st, 5, &next, NULL));
	assert_int_equal(next, 700);
	MUST(queue_next(st, 700, &next, NULL));
	assert_true(next == INT64_MAX);
	n = 0; /* what was tried is not fresh, when it is due too */
	MUST(queue_fresh(st, 800, nothing, count_item, &n, 100, NULL));
	assert_int_equal(n, 1);
	MUST(queue_flush(st, 0, NULL));
	n = 0;
	MUST(queue_fresh(st, 1, nothing, count_item, &n, 100, NULL));
	assert_int_equal(n, 1);
}

enum { WALKED_MAX = 64 };

struct walked {
	int64_t ids[WALKED_MAX];
	size_t n, most; /* no more than that now */
};

static int note_item(void *arg, const struct queue_item *i, struct fail *f)
{
	struct walked *w = arg;

	assert_true(str_eq(i->rcpt, STR("alice@mailbox.example")));
	if (w->n == w->most)
		return FAIL_AGAIN;
	w->ids[w->n++] = i->id;
	return OK;
}

/* Each once, in the order in which they are due, wherever it was left; many that are due at the same second too. */
static void a_walk_goes_on_where_it_was(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct walked w = { .most = 7 };
	struct queue_place at = { 0, 0 };
	int64_t ids[10], late;
	bool end = true;

	for (int k = 0; k < 10; k++)
		ids[k] = fixture_enqueue(st, &i, STR("x"), 5);
	late = fixture_enqueue(st, &i, STR("y"), 3);
	MUST(queue_walk(st, 2, &at, note_item, &w, 100, &end, NULL));
	assert_true(end && !w.n);
	MUST(queue_walk(st, 5, &at, note_item, &w, 4, &end, NULL)); /* no more at once */
	assert_true(!end && w.n == 4 && at.next_try == 5 && at.id == ids[2]);
	MUST(queue_walk(st, 5, &at, note_item, &w, 100, &end, NULL)); /* no room for more */
	assert_true(!end && w.n == 7 && at.id == ids[5]);
	w.most = WALKED_MAX;
	MUST(queue_walk(st, 5, &at, note_item, &w, 100, &end, NULL));
	assert_true(end && w.n == 11 && at.id == ids[9]);
	assert_int_equal(w.ids[0], late);
	for (size_t k = 0; k < 10; k++)
		assert_int_equal(w.ids[1 + k], ids[k]);
	MUST(queue_retry(st, ids[4], 9, STR("4.4.1"), STR("no"), NULL));
	MUST(queue_walk(st, 9, &at, note_item, &w, 100, &end, NULL));
	assert_true(end && w.n == 12 && w.ids[11] == ids[4]);
}

static int count_user(void *arg, int64_t user, struct fail *f)
{
	*(int64_t *)arg += user;
	return OK;
}

static void who_has_many_that_are_new_is_found(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st), other = i;
	int64_t users = 0, tried = fixture_enqueue(st, &i, STR("x"), 5);

	other.user = i.user + 100;
	fixture_enqueue(st, &other, STR("x"), 5);
	fixture_enqueue(st, &i, STR("x"), 5);
	MUST(queue_many_fresh(st, 3, count_user, &users, NULL));
	assert_int_equal(users, 0); /* three in all, and of nobody */
	fixture_enqueue(st, &i, STR("x"), 900);
	MUST(queue_many_fresh(st, 3, count_user, &users, NULL));
	assert_int_equal(users, i.user);
	MUST(queue_retry(st, tried, 700, STR("4.4.1"), STR("no"), NULL));
	users = 0;
	MUST(queue_many_fresh(st, 3, count_user, &users, NULL));
	assert_int_equal(users, 0);
}

static void sums_follow_the_rows(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct store_sums sums = { 0 };
	int64_t first = fixture_enqueue(st, &i, STR("abc"), 5),
	        second = fixture_enqueue(st, &i, STR("defgh"), 5), bytes;

	MUST(upkeep_sums(st, &sums, NULL));
	assert_true(sums.aliases == 1 && sums.correspondents == 1 && sums.queue == 2);
	bytes = sums.queue_bytes;
	MUST(queue_delete(st, first, NULL));
	MUST(upkeep_sums(st, &sums, NULL));
	assert_true(sums.queue == 1 && sums.queue_bytes > 0 && sums.queue_bytes < bytes);
	MUST(queue_delete(st, second, NULL));
	MUST(user_delete(st, i.user, NULL));
	MUST(upkeep_sums(st, &sums, NULL));
	assert_true(sums.aliases == 0 && sums.correspondents == 0 && sums.queue == 0 &&
	            sums.queue_bytes == 0);
}

static void old_rows_are_purged(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	OWN(arena) a = ARENA;
	struct str s;
	bool more;

	MUST(seen_add(st, STR("digest"), STR("mid"), 10, NULL));
	MUST(upkeep_purge(st, 29 * DAY_S, &more, NULL));
	MUST(seen_find(st, STR("digest"), &a, &s, NULL));
	MUST(upkeep_purge(st, 31 * DAY_S, &more, NULL));
	assert_int_equal(seen_find(st, STR("digest"), &a, &s, NULL), FAIL_ABSENT);
	MUST(msgid_get(st, i.user, MSGID_INBOUND, STR("told@relay.example"), &a, &s, NULL));
	MUST(upkeep_purge(st, 181 * DAY_S, &more, NULL));
	assert_int_equal(msgid_get(st, i.user, MSGID_INBOUND, STR("told@relay.example"), &a, &s, NULL),
	                 FAIL_ABSENT);
	assert_false(more);
}

static void rates_are_counted_by_the_hour(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	int64_t sum;

	MUST(rate_add(st, i.user, 100, 1, &sum, NULL));
	MUST(rate_add(st, i.user, 200, 2, &sum, NULL));
	assert_int_equal(sum, 3);
	MUST(rate_add(st, i.user, 200 + HOUR_S, 1, &sum, NULL));
	assert_int_equal(sum, 1);
}

/* ---- promise 9 ------------------------------------------------------------------------------------------------------ */

static bool file_has(const char *path, struct str token)
{
	OWNFD fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool found = false;
	char *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	p = xalloc((size_t)st.st_size + 1);
	if (read(fd, p, (size_t)st.st_size) == st.st_size)
		found = str_find(str_of(p, (size_t)st.st_size), token) < (size_t)st.st_size;
	free(p);
	return found;
}

static void add_names(struct store *st, const struct ids *i)
{
	const struct domain d = { .user = i->user,
		                  .name = STR("own-domain.example"),
		                  .allow = STR("allowed-name-*"),
		                  .deny = STR("denied-name-*") };
	const struct block b = { STR("blocked-one@far.example"), BLOCK_DROP, 5 };
	const struct held h = { .user = i->user,
		                .alias_address = STR("shop@relay.example"),
		                .sender = STR("held-sender@far.example"),
		                .rcpts = STR("held-rcpt@relay.example"),
		                .mid = STR("M") };
	const struct sent s = { .mailbox = i->mailbox, .correspondent = i->correspondent, .at = 5 };
	struct alias al;
	OWN(arena) a = ARENA;
	struct correspondent old, new;
	int64_t id;

	MUST(domain_add(st, &d, &id, NULL));
	MUST(block_set(st, i->alias, STR("person:blocked-one@far.example"), &b, 9, NULL));
	MUST(correspondent_by_reverse(st, STR("token1@relay.example"), &a, &old, NULL));
	new = old;
	MUST(alias_find(st, STR("shop@relay.example"), &a, &al, NULL));
	al.from_name = STR("shown-name");
	MUST(alias_update(st, &al, NULL));
	MUST(held_add(st, &h, &id, NULL));
	MUST(spoke_add(st, STR("spoken-signature"), STR("spoken-message"), 5, NULL));
	MUST(answered_add(st, STR("answer-digest"), STR("token1@relay.example"), STR("M"), 5, NULL));
	MUST(sent_add(st, STR("sent-token"), &s, NULL));
	new.reply_asked = STR("asked-for@far.example");
	MUST(correspondent_touch(st, &old, &new, NULL));
}

static void promise_9_files_name_nobody(void **state)
{
	static const char *const tokens[] = { "alice",
		                              "shop@",
		                              "bob",
		                              "home.example",
		                              "mailbox.example",
		                              "relay.example",
		                              "Robert",
		                              "Sender",
		                              "orig-id",
		                              "token1",
		                              "bookshop-label",
		                              "cert-of",
		                              "0123456789abcdef",
		                              "bounce+",
		                              "own-domain",
		                              "allowed-name",
		                              "denied-name",
		                              "blocked-one",
		                              "asked-for",
		                              "shown-name",
		                              "held-sender",
		                              "held-rcpt",
		                              "spoken-signature",
		                              "spoken-message",
		                              "answer-digest",
		                              "sent-token" };
	static const char *const files[] = { "postern.db", "postern.db-wal", "postern.db-shm" };
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);

	add_names(st, &i);
	fixture_enqueue(st, &i, STR("xxxx"), 1);
	MUST(store_commit(st, NULL));
	for (int scrubbed = 0; scrubbed < 2; scrubbed++) {
		for (size_t t = 0; t < sizeof(tokens) / sizeof(tokens[0]); t++)
			for (size_t k = 0; k < sizeof(files) / sizeof(files[0]); k++)
				if (file_has(files[k], str_c(tokens[t])))
					fail_msg("%s holds %s", files[k], tokens[t]);
		MUST(store_scrub(st, NULL));
	}
}

/* What is deleted is not to be found again, in the database or its log. */
static void promise_9_deleted_keys_are_gone(void **state)
{
	static const char key[] = "wrapped-key-that-must-vanish-0123456789";
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct sender_cert c = {
		.reverse = i.reverse, .profile = i.profile, .cert = STR("c"), .wrapped = str_c(key)
	};

	MUST(sender_cert_add(st, &c, &c.id, NULL));
	MUST(store_commit(st, NULL));
	assert_true(file_has("postern.db", str_c(key)) || file_has("postern.db-wal", str_c(key)));
	MUST(profile_delete(st, i.profile, NULL));
	MUST(store_commit(st, NULL));
	MUST(store_scrub(st, NULL));
	assert_false(file_has("postern.db", str_c(key)) || file_has("postern.db-wal", str_c(key)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_written_is_read, fixture_fresh),
		cmocka_unit_test_setup(what_is_given_out_is_never_given_again, fixture_fresh),
		cmocka_unit_test_setup(only_one_profile_of_a_mailbox_is_active, fixture_fresh),
		cmocka_unit_test_setup(a_second_process_is_kept_out, fixture_fresh),
		cmocka_unit_test_setup(a_part_goes_alone, fixture_fresh),
		cmocka_unit_test_setup(bodies_come_back_and_their_files_go, fixture_fresh),
		cmocka_unit_test_setup(bodies_that_come_alone_stand_in_their_rows, fixture_fresh),
		cmocka_unit_test_setup(only_so_many_bodies_stand_in_rows, fixture_fresh),
		cmocka_unit_test_setup(a_segment_without_bodies_is_written_over, fixture_fresh),
		cmocka_unit_test_setup(promise_2_bodies_that_wait_stay_whole_whatever_goes, fixture_fresh),
		cmocka_unit_test_setup(what_is_held_is_not_written_over, fixture_fresh),
		cmocka_unit_test_setup(what_is_due_comes_in_order, fixture_fresh),
		cmocka_unit_test_setup(a_walk_goes_on_where_it_was, fixture_fresh),
		cmocka_unit_test_setup(who_has_many_that_are_new_is_found, fixture_fresh),
		cmocka_unit_test_setup(sums_follow_the_rows, fixture_fresh),
		cmocka_unit_test_setup(old_rows_are_purged, fixture_fresh),
		cmocka_unit_test_setup(rates_are_counted_by_the_hour, fixture_fresh),
		cmocka_unit_test_setup(promise_9_files_name_nobody, fixture_fresh),
		cmocka_unit_test_setup(promise_9_deleted_keys_are_gone, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
