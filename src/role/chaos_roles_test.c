/* chaos_roles_test.c - peers that say what they may, in an order and with a content drawn from a fixed seed: numbers, texts and
 * lists are often those that they were told themselves, so that answers are believed, and go wrong later. Whatever happens, the
 * role lives, the sanitizers are silent, and at the end it works as in the beginning. CHAOS_STEPS=n goes on for longer,
 * CHAOS_SEED=n otherwise. */
#include "role/permits_test.h"
#include "role/stage_test.h"

#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

int all_tests(void);

enum {
	STEPS = 4000,
	NUMBERS = 64,
	TEXTS = 64,
	TEXT_MOST = 400,
	LIST_MOST = 4000,
	ROADS_MOST = 8,
	GROUP = 40
};

struct played {
	enum road says; /* what the test may say here */
	enum role as;
	unsigned index;
	int fd;
};

struct chaos {
	struct stage *s;
	struct played roads[ROADS_MOST];
	size_t n_roads;
	uint32_t dice;
	uint64_t numbers[NUMBERS];
	char texts[TEXTS][TEXT_MOST];
	size_t text_n[TEXTS], n_numbers, n_texts;
	struct buf list;
	size_t said, heard;
};

/* xorshift: the same everywhere, unlike the library's. */
static uint32_t draw(struct chaos *x, uint32_t below)
{
	x->dice ^= x->dice << 13;
	x->dice ^= x->dice >> 17;
	x->dice ^= x->dice << 5;
	return x->dice % below;
}

/* ---- what is said -------------------------------------------------------------------------------------------------- */

static uint64_t some_number(void *self)
{
	static const uint64_t odd[] = {
		0, 1, 2, 3, 250, 451, 550, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX
	};
	struct chaos *x = self;
	uint32_t die = draw(x, 10);

	if (die < 6 && x->n_numbers) /* the last ones rather than old ones */
		return x->numbers[(x->n_numbers - 1 - draw(x, die < 4 ? 4 : NUMBERS)) % NUMBERS];
	if (die < 8)
		return 0;
	return odd[draw(x, sizeof(odd) / sizeof(odd[0]))];
}

static struct str some_text(void *self)
{
	static const char *const known[] = { "",
		                             "shop@relay.example",
		                             "alice@mailbox.example",
		                             "bob@example.org",
		                             "5.1.1",
		                             "user.list",
		                             "alias.list",
		                             "web.ready",
		                             "session.show",
		                             "@",
		                             "<>\r\n.\r\n",
		                             "0123456789abcdef0123456789abcdef" };
	struct chaos *x = self;
	size_t i = draw(x, TEXTS);

	if (draw(x, 2) || x->n_texts <= i)
		return str_c(known[draw(x, sizeof(known) / sizeof(known[0]))]);
	if (!draw(x, 4) && x->text_n[i]) /* one that is nearly right */
		x->texts[i][draw(x, (uint32_t)x->text_n[i])] ^= (char)(1 << draw(x, 8));
	return str_of(x->texts[i], x->text_n[i]);
}

/* All lists of one message are this one. */
static struct str some_list(void *self)
{
	struct chaos *x = self;

	return draw(x, 8) ? buf_str(&x->list) : str_first(buf_str(&x->list), x->list.n / 2);
}

static void new_list(struct chaos *x)
{
	buf_clear(&x->list);
	for (uint32_t n = draw(x, 6); n; n--)
		list_add(&x->list, some_text(x));
}

static enum ipc_tag some_message(struct chaos *x, enum road road)
{
	enum ipc_tag tag;

	do
		tag = (enum ipc_tag)(1 + draw(x, IPC_TAGS - 1));
	while (!permit_of(road, tag));
	return tag;
}

static void speak(struct chaos *x, struct played *p)
{
	const struct filling how = { some_number, some_text, some_list, x };
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX];
	enum ipc_tag tag = some_message(x, p->says);
	const struct permit *may = permit_of(p->says, tag);
	unsigned n = may->fds_min + draw(x, may->fds_max - may->fds_min + 1);
	int fds[SOCK_FDS_MAX];

	new_list(x);
	fill_message(tag, &how, msg);
	for (unsigned i = 0; i < n; i++)
		fds[i] = thing_new(draw(x, 3) ? A_SEALED : (enum thing)draw(x, THINGS));
	x->said += say(p->fd, tag, msg, fds, n);
	for (unsigned i = 0; i < n; i++)
		close(fds[i]);
}

/* ---- what is heard ------------------------------------------------------------------------------------------------- */

static void keep_text(struct chaos *x, struct str s)
{
	size_t i = x->n_texts++ % TEXTS;

	s = str_first(s, TEXT_MOST);
	memcpy(x->texts[i], s.p, s.n);
	x->text_n[i] = s.n;
}

/* Of a record nothing but its bytes is known here: the first number is an id, and what has a length before it is a text. */
static void learn(struct chaos *x, struct str record)
{
	struct rd r = { .left = str_from(record, 4) };

	x->numbers[x->n_numbers++ % NUMBERS] = get_u64(&r);
	for (size_t at = 12; at + 4 < record.n; at += 4) {
		struct rd t = { .left = str_from(record, at) };
		struct str s = get_text(&t);

		if (!t.bad && s.n > 2 && s.n < TEXT_MOST) {
			keep_text(x, s);
			at += s.n;
		}
	}
}

static void reopen(struct chaos *x, struct played *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = stage_road(x->s, p->as, p->index);
}

static void listen_to(struct chaos *x, struct played *p)
{
	OWN(heard) h = { 0 };

	while (hears_within(p->fd, 0)) {
		hear(p->fd, &h);
		if (h.tag == IPC_NONE) {
			reopen(x, p);
			return;
		}
		x->heard++;
		learn(x, buf_str(&h.record));
	}
}

static uint32_t setting(const char *name, uint32_t otherwise)
{
	const char *value = getenv(name);
	uint64_t n;

	return value && str_u64(str_c(value), &n) && n ? (uint32_t)n : otherwise;
}

static void drain_channel(struct stage *s)
{
	OWN(heard) h = { 0 };

	while (hears_within(s->channel, 0)) {
		hear(s->channel, &h);
		if (h.tag == IPC_NONE)
			stage_is_alive(s);
		assert_int_equal(h.tag, IPC_role_lost);
	}
}

static void let_loose(struct chaos *x)
{
	uint32_t steps = setting("CHAOS_STEPS", STEPS);

	x->dice = setting("CHAOS_SEED", 0x5eed);
	x->list = BUF(LIST_MOST);
	for (size_t i = 0; i < x->n_roads; i++)
		x->roads[i].fd = stage_road(x->s, x->roads[i].as, x->roads[i].index);
	for (uint32_t i = 0; i < steps; i++) {
		struct played *p = &x->roads[draw(x, (uint32_t)x->n_roads)];

		listen_to(x, p);
		speak(x, p);
		if (i % GROUP == 0) {
			drain_channel(x->s);
			stage_is_alive(x->s);
		}
	}
	for (size_t i = 0; i < x->n_roads; i++)
		close(x->roads[i].fd);
	print_message("%s: %zu said, %zu heard\n", role_name(x->s->role), x->said, x->heard);
	assert_true(x->said > steps / 2);
	buf_done(&x->list);
}

/* ---- the roles ----------------------------------------------------------------------------------------------------- */

static const char master[STAGE_MASTER] = "a master key that is only a test";

static void one_role(enum role r, const struct played *roads, size_t n)
{
	struct chaos x = { .n_roads = n };
	struct stage s;

	stage_new(&s, r, 0, NULL);
	if (r == ROLE_VAULT)
		stage_master(&s, master);
	stage_go(&s);
	x.s = &s;
	memcpy(x.roads, roads, n * sizeof(*roads));
	let_loose(&x);
	stage_stop(&s);
}

#define ONE_ROLE(name, role, ...)                                                                            \
	static void name(void **state)                                                                       \
	{                                                                                                    \
		const struct played roads[] = { __VA_ARGS__ };                                               \
                                                                                                             \
		one_role(role, roads, sizeof(roads) / sizeof(roads[0]));                                     \
	}
ONE_ROLE(vault, ROLE_VAULT, { CORE_VAULT, ROLE_CORE, 0, -1 }, { KEYGEN_VAULT, ROLE_KEYGEN, 0, -1 })
/* keygen and opener are left to edges_test: a key, or a process, for each question takes its time */
ONE_ROLE(scribe, ROLE_SCRIBE, { CORE_SCRIBE, ROLE_CORE, 0, -1 }, { VAULT_SCRIBE, ROLE_VAULT, 0, -1 })
ONE_ROLE(gate, ROLE_GATE, { CORE_GATE, ROLE_CORE, 0, -1 })

static void call(int road, const char *verb, const char *const *words)
{
	OWN(heard) h = { 0 };
	OWN(buf) list = BUF(4096);

	for (; *words; words++)
		list_add(&list, str_c(*words));
	SAY(road, call, 1, str_c(verb), buf_str(&list));
	assert_int_equal(((const struct answer *)hear_this(road, IPC_answer, &h))->code, 0);
}

static void core(void **state)
{
	struct chaos x = { .roads = { { GATE_CORE, ROLE_GATE, 0, -1 },
		                      { SCRIBE_CORE, ROLE_SCRIBE, 0, -1 },
		                      { SCRIBE_CORE, ROLE_SCRIBE, 1, -1 },
		                      { KEYGEN_CORE, ROLE_KEYGEN, 0, -1 },
		                      { VAULT_CORE, ROLE_VAULT, 0, -1 },
		                      { WEB_CORE, ROLE_WEB, 0, -1 } },
		           .n_roads = 6 };
	struct core_stage c;
	int control;

	core_stage_new(&c, master);
	control = core_control(&c);
	call(control, "user.add", (const char *const[]){ "name", "alice", NULL });
	call(control, "mailbox.add",
	     (const char *const[]){ "user", "alice", "address", "alice@mailbox.example", "clear", "on",
	                            NULL });
	call(control, "alias.add",
	     (const char *const[]){ "user", "alice", "address", "shop@relay.example", NULL });
	x.s = &c.core;
	let_loose(&x);
	call(control, "queue.list", (const char *const[]){ NULL });
	call(control, "user.list", (const char *const[]){ NULL });
	close(control);
	core_stage_done(&c);
}

int all_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vault),
		cmocka_unit_test(scribe),
		cmocka_unit_test(gate),
		cmocka_unit_test(core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
