/* chaos_test.c - clients, core and next hops do what they like, in an order drawn from a fixed seed. Whatever happens,
 * in the end the gate serves as in the beginning, nothing is left of the budget's use, and the sanitizers are silent. */
#include "role/gate/client_test.h"
#include "role/gate/nexthop_test.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { CLIENTS = 12, STEPS_EACH = 700 };

struct chaos {
	struct world w;
	struct nexthop hop;
	struct client *c[CLIENTS];
	struct nexthop_rule rules[2];
	uint32_t dice;
	uint64_t deliveries;
	struct buf chain, key;
};

/* xorshift: the same everywhere, unlike the library's. */
static uint32_t draw(struct chaos *x, uint32_t below)
{
	x->dice ^= x->dice << 13;
	x->dice ^= x->dice >> 17;
	x->dice ^= x->dice << 5;
	return x->dice % below;
}

static struct client **some_client(struct chaos *x)
{
	return &x->c[draw(x, CLIENTS)];
}

static void act_connect(struct chaos *x)
{
	struct client **c = some_client(x);

	if (!*c)
		*c = client_new(&x->w);
}

static void act_send(struct chaos *x)
{
	static const char *const words[] = {
		"EHLO client.example\r\n",
		"MAIL FROM:<a@client.example>\r\n",
		"MAIL FROM:<> SIZE=5000000\r\n",
		"RCPT TO:<ok@gate.example>\r\n",
		"RCPT TO:<no@gate.example>\r\n",
		"DATA\r\n",
		"Subject: x\r\n\r\nbody\r\n.\r\n",
		("EHLO a\r\n" ENVELOPE "Subject: x\r\n\r\nbody\r\n.\r\n"),
		(ENVELOPE "half a mess"),
		"RSET\r\n",
		"STARTTLS\r\n",
		"QUIT\r\n",
		"\r",
		"\n",
		".\r\n",
	};
	struct client *c = *some_client(x);
	const char *word = words[draw(x, sizeof(words) / sizeof(words[0]))];

	if (c)
		(void)!send(c->fd, word, strlen(word), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void act_flood(struct chaos *x)
{
	static char big[100000];
	struct client *c = *some_client(x);

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n"[i % 64];
	if (c)
		(void)!send(c->fd, big, sizeof(big), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void act_listen(struct chaos *x)
{
	struct client *c = *some_client(x);
	char in[4096];

	while (c && recv(c->fd, in, sizeof(in), MSG_DONTWAIT) > 0)
		;
}

static void act_leave(struct chaos *x)
{
	struct client **c = some_client(x);
	uint32_t how = draw(x, 3);

	if (!*c)
		return;
	if (how == 0) {
		shutdown((*c)->fd, SHUT_WR);
		return;
	}
	if (how == 1) /* a reset */
		setsockopt((*c)->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	client_free(TAKE(*c));
}

static void act_deliver(struct chaos *x)
{
	if (x->w.core)
		send_stored(&x->w, x->hop.endpoint, ++x->deliveries, STR("Subject: x\r\n\r\nbody\r\n"),
		            draw(x, 8) ? -1 : 3);
}

static void act_mood(struct chaos *x)
{
	static const char *const moods[] = {
		CLOSES,      FLOODS, "421 4.3.2 no\r\n", "550 5.0.0 no\r\n", "what\r\n", "250 2.0.0 ok\r\n",
		"354 go\r\n"
	};

	x->rules[0] =
	        (struct nexthop_rule){ -1, (enum nexthop_step)draw(x, STEPS),
		                       moods[draw(x, sizeof(moods) / sizeof(moods[0]))], 0, draw(x, 2) };
	x->hop.rules = draw(x, 3) ? x->rules : NULL;
}

static void act_drop(struct chaos *x)
{
	if (draw(x, 4) == 0)
		nexthop_drop(&x->hop);
}

static void act_hold(struct chaos *x)
{
	x->w.hold_rcpts = draw(x, 2);
	x->w.hold_accepts = draw(x, 2);
	x->w.accept_smtp = draw(x, 2) ? 250 : 451;
	if (x->w.core)
		world_release(&x->w);
}

static void act_core(struct chaos *x)
{
	if (!x->w.core)
		world_core_returns(&x->w);
	else if (draw(x, 6) == 0)
		world_core_dies(&x->w);
}

static void (*const acts[])(struct chaos *x) = {
	act_connect, act_send,    act_send, act_send, act_send, act_send, act_flood,   act_listen,
	act_leave,   act_deliver, act_mood, act_drop, act_hold, act_core, act_connect, act_send,
};

static void settle(struct chaos *x)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (x->c[i])
			client_free(TAKE(x->c[i]));
	x->w.hold_rcpts = x->w.hold_accepts = false;
	x->w.accept_smtp = 250;
	x->hop.rules = NULL;
	if (x->w.core)
		world_release(&x->w);
	else
		world_core_returns(&x->w);
	WORLD_UNTIL(&x->w, budget_left(x->w.gate->budget) == x->w.start.conf.memory_bytes);
	x->w.n_reports = 0;
	x->deliveries++;
	send_stored(&x->w, x->hop.endpoint, x->deliveries, STR("Subject: x\r\n\r\nbody\r\n"), -1);
	WORLD_UNTIL(&x->w, world_report(&x->w, x->deliveries));
	x->c[0] = client_greeted(&x->w);
	client_mails(x->c[0], "250 2.0.0");
	client_quits(TAKE(x->c[0]));
}

static void one_chaos(uint32_t seed, const struct buf *chain, const struct buf *key)
{
	struct chaos x = { .dice = seed };

	world_new(&x.w);
	x.w.start.conf.command_s = 1;
	x.w.start.conf.message_s = 2;
	x.w.start.conf.deliver_command_s = 1;
	x.w.start.conf.memory_bytes = 1 << 20;
	x.w.start.conf.connections = 3;
	world_tls(&x.w, buf_str(chain), buf_str(key));
	world_open(&x.w);
	nexthop_open(&x.hop, &x.w, NULL);
	for (int i = 0; i < STEPS_EACH; i++) {
		acts[draw(&x, sizeof(acts) / sizeof(acts[0]))](&x);
		if (draw(&x, 3) == 0)
			world_turn(&x.w);
		if (x.hop.n > NEXTHOP_CONNECTIONS - 8 || x.hop.n_mails > NEXTHOP_MAILS - 8) {
			nexthop_close(&x.hop);
			nexthop_open(&x.hop, &x.w, NULL);
		}
	}
	settle(&x);
	nexthop_close(&x.hop);
	world_close(&x.w);
}

static void test_chaos(void **state)
{
	static const uint32_t seeds[] = { 1, 42, 2026, 7777, 123456789 };
	OWN(buf) chain = BUF(65536), key = BUF(65536);
	const char *more =
	        getenv("POSTERN_CHAOS"); /* a seed to begin with, without end: for long runs by hand */

	make_certificate(&chain, &key);
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		one_chaos(seeds[i], &chain, &key);
	for (uint64_t seed = 0; more && str_u64(str_c(more), &seed); more = NULL)
		for (;; seed++) {
			print_message("seed %u\n", (unsigned)seed);
			one_chaos((uint32_t)seed | 1, &chain, &key);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chaos),
		cmocka_unit_test(world_log_check),
	};

	return cmocka_run_group_tests(tests, world_log_begin, NULL);
}
