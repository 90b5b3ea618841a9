#include "ipc/peer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static void fields_come_back(void **state)
{
	OWN(buf) b = BUF(IPC_RECORD_MAX);
	const struct rcpt_ask in = {
		7, 3, STR("a@b.example"), STR("c@d.example"), 1234, ACCEPT_SMTPUTF8, 2, WAY_OUT, 5
	};
	_Alignas(max_align_t) char room[IPC_STRUCT_MAX];
	struct rcpt_ask *out = (void *)room;
	enum ipc_tag tag;

	assert_int_equal(ipc_encode(IPC_rcpt_ask, &in, &b, NULL), OK);
	assert_int_equal(ipc_decode(buf_str(&b), &tag, out, NULL), OK);
	assert_int_equal(tag, IPC_rcpt_ask);
	assert_true(out->session == 7 && out->seq == 3 && out->size == 1234 && out->flags == ACCEPT_SMTPUTF8);
	assert_true(out->plans == 2 && out->way == WAY_OUT && out->account == 5);
	assert_true(str_eq(out->sender, in.sender) && str_eq(out->rcpt, in.rcpt));
}

/* Every proper prefix, and one byte too many, are refused for every message. */
static void wrong_lengths_are_refused(void **state)
{
	_Alignas(max_align_t) static char room[IPC_STRUCT_MAX], zero[IPC_STRUCT_MAX];
	OWN(buf) b = BUF(IPC_RECORD_MAX);
	enum ipc_tag tag;

	for (int t = IPC_NONE + 1; t < IPC_TAGS; t++) {
		assert_int_equal(ipc_encode((enum ipc_tag)t, zero, &b, NULL), OK);
		for (size_t n = 0; n < b.n; n++)
			assert_int_equal(ipc_decode(str_of(b.p, n), &tag, room, NULL), FAIL_SYNTAX);
		buf_addc(&b, 'x');
		assert_int_equal(ipc_decode(buf_str(&b), &tag, room, NULL), FAIL_SYNTAX);
	}
}

static void key_material_is_marked(void **state)
{
	assert_true(ipc_has_key(IPC_role_master));
	assert_true(ipc_has_key(IPC_sealed));
	assert_false(ipc_has_key(IPC_rcpt_ask));
}

static void lists_are_counted(void **state)
{
	OWN(buf) b = BUF(100);
	struct str l, a, c;

	list_add(&b, STR("one"));
	list_add(&b, STR(""));
	l = buf_str(&b);
	assert_int_equal(list_count(l), 2);
	assert_true(list_next_pair(&l, &a, &c));
	assert_true(str_eq(a, STR("one")) && c.n == 0);
	assert_false(list_next(&l, &a));
	assert_true(list_count(str_of(b.p, b.n - 1)) == SIZE_MAX);
}

static void lists_become_arrays(void **state)
{
	static const struct {
		struct str item[4];
		size_t n, pairs;
	} rows[] = {
		{ { STR_INIT("") }, 0, 0 },
		{ { STR_INIT("a") }, 1, 0 },
		{ { STR_INIT("a"), STR_INIT("") }, 2, 1 },
		{ { STR_INIT("a"), STR_INIT("b"), STR_INIT("c") }, 3, 1 },
		{ { STR_INIT(""), STR_INIT("b"), STR_INIT("c"), STR_INIT("d") }, 4, 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(arena) mem = ARENA;
		OWN(buf) b = BUF(100);
		const struct str_pair *pairs;
		const struct str *items;
		size_t n;

		for (size_t k = 0; k < rows[i].n; k++)
			list_add(&b, rows[i].item[k]);
		items = list_items(buf_str(&b), &mem, &n);
		assert_int_equal(n, rows[i].n);
		for (size_t k = 0; k < n; k++)
			assert_true(str_eq(items[k], rows[i].item[k]));
		pairs = list_pairs(buf_str(&b), &mem, &n);
		assert_int_equal(n, rows[i].pairs);
		for (size_t k = 0; k < n; k++)
			assert_true(str_eq(pairs[k].from, rows[i].item[2 * k]) &&
			            str_eq(pairs[k].to, rows[i].item[2 * k + 1]));
		for (size_t cut = 1; cut < b.n; cut++) {
			struct str part = str_first(buf_str(&b), cut);
			bool whole = list_count(part) != SIZE_MAX;

			(void)list_items(part, &mem, &n);
			assert_int_equal(n, whole ? list_count(part) : 0);
			(void)list_pairs(part, &mem, &n);
			assert_int_equal(n, whole ? list_count(part) / 2 : 0);
		}
	}
}

struct side {
	struct loop *loop;
	unsigned asked, closed;
	int why, fd;
};

static void on_ask(void *self, const void *msg, struct ipc_fds *fds)
{
	struct side *s = self;

	s->asked++;
	s->fd = ipc_fd_take(fds, 0);
	if (s->asked == 1000)
		loop_stop(s->loop);
}

static void on_closed(void *self, struct peer *p, const struct fail *why)
{
	struct side *s = self;

	s->closed++;
	s->why = why->code;
	loop_stop(s->loop);
}

static const struct ipc_rule rules[] = { { IPC_scan_job, on_ask, 0, 1 }, { IPC_NONE, NULL, 0, 0 } };

static void a_thousand_queued_messages_arrive(void **state)
{
	struct side s = { .fd = -1 };
	struct peer_options o = { rules, &s, on_closed };
	struct peer *a, *b;
	int pair[2];

	assert_int_equal(loop_new(&s.loop, NULL), OK);
	assert_int_equal(sock_pair(true, pair, NULL), OK);
	a = peer_new(s.loop, pair[0], &o);
	b = peer_new(s.loop, pair[1], &o);
	for (unsigned i = 0; i < 999; i++)
		SEND(a, scan_job, i, 0);
	SEND_FD(a, 0, scan_job, 999, 0);
	loop_run(s.loop);
	assert_int_equal(s.asked, 1000);
	assert_true(s.fd >= 0);
	assert_true(fcntl(s.fd, F_GETFD) & FD_CLOEXEC);
	close(s.fd);
	peer_free(a);
	peer_free(b);
	loop_free(s.loop);
}

static void what_is_not_in_the_table_ends_the_road(void **state)
{
	struct side s = { .fd = -1 };
	struct peer_options o = { rules, &s, on_closed };
	struct peer *a, *b;
	int pair[2];

	assert_int_equal(loop_new(&s.loop, NULL), OK);
	assert_int_equal(sock_pair(true, pair, NULL), OK);
	a = peer_new(s.loop, pair[0], &o);
	b = peer_new(s.loop, pair[1], &o);
	SEND(a, job_end, 1);
	loop_run(s.loop);
	assert_int_equal(s.closed, 1);
	assert_int_equal(s.why, FAIL_DENIED);
	peer_free(a);
	peer_free(b);
	loop_free(s.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_come_back),
		cmocka_unit_test(wrong_lengths_are_refused),
		cmocka_unit_test(key_material_is_marked),
		cmocka_unit_test(lists_are_counted),
		cmocka_unit_test(lists_become_arrays),
		cmocka_unit_test(a_thousand_queued_messages_arrive),
		cmocka_unit_test(what_is_not_in_the_table_ends_the_road),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
