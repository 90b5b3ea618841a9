#include "sys/dns.h"

#include "base/clock.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000 };

/* A name server of one socket, which answers when it is told to. */
struct world {
	struct loop *loop;
	struct timer *slice;
	struct dns *dns;
	int fd;
	unsigned asked;
	bool silent;
	unsigned told;
	size_t bytes; /* of the last answer that was told */
};

static void on_slice(void *arg)
{
	loop_stop(arg);
}

/* One A record, 192.0.2.1, for whatever is asked. */
static void serve(struct world *w)
{
	static const char record[] = "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01";
	char p[600];
	struct sockaddr_in who;
	socklen_t len = sizeof(who);
	ssize_t n = recvfrom(w->fd, p, 512, MSG_DONTWAIT, (struct sockaddr *)&who, &len);
	size_t end = 12;

	if (n < 17)
		return;
	w->asked++;
	if (w->silent)
		return;
	while (p[end])
		end += (size_t)p[end] + 1;
	end += 5;
	memcpy(p + end, record, sizeof(record) - 1);
	memcpy(p + 2, "\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00", 10);
	assert_true(sendto(w->fd, p, end + sizeof(record) - 1, 0, (struct sockaddr *)&who, len) > 0);
}

static void turn(struct world *w)
{
	timer_set(w->slice, 1);
	loop_resume(w->loop);
	loop_run(w->loop);
	serve(w);
}

#define UNTIL(w, cond)                                                                                       \
	do {                                                                                                 \
		uint64_t end_ = clock_mono_ms() + PATIENCE_MS;                                               \
		while (!(cond) && clock_mono_ms() < end_)                                                    \
			turn(w);                                                                             \
		assert_true(cond);                                                                           \
	} while (0)

static void world_open(struct world *w)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	char server[32];
	struct str list[1];
	struct fail f = { 0 };

	*w = (struct world){ .fd = socket(AF_INET, SOCK_DGRAM, 0) };
	assert_int_equal(bind(w->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(w->fd, (struct sockaddr *)&at, &n), 0);
	snprintf(server, sizeof(server), "127.0.0.1:%u", ntohs(at.sin_port));
	list[0] = str_c(server);
	assert_int_equal(loop_new(&w->loop, &f), OK);
	w->slice = timer_new(w->loop, on_slice, w->loop);
	assert_int_equal(dns_new(w->loop, list, 1, &w->dns, &f), OK);
}

static void world_close(struct world *w)
{
	dns_free(w->dns);
	timer_free(w->slice);
	loop_free(w->loop);
	close(w->fd);
}

static void on_told(void *arg, struct str packet)
{
	struct world *w = arg;

	w->told++;
	w->bytes = packet.n;
}

static void test_an_answer(void **state)
{
	struct dns_query *q;
	struct world w;

	world_open(&w);
	q = dns_ask(w.dns, "a.example", 1, on_told, &w);
	assert_int_equal(w.told, 0);
	UNTIL(&w, w.told);
	assert_true(w.bytes > 12);
	dns_query_free(q);
	w.asked = 0;
	q = dns_ask(w.dns, "a.example", 1, on_told, &w); /* at hand, and all the same not told from inside */
	assert_int_equal(w.told, 1);
	UNTIL(&w, w.told == 2);
	assert_int_equal(w.asked, 0);
	dns_query_free(q);
	q = dns_ask(w.dns, "no name..example", 1, on_told, &w);
	UNTIL(&w, w.told == 3);
	assert_int_equal(w.bytes, 0);
	dns_query_free(q);
	world_close(&w);
}

/* A question that nobody waits for any more says nothing later; nor does the end with one under way. */
static void test_given_up(void **state)
{
	struct dns_query *q[3];
	struct world w;

	world_open(&w);
	w.silent = true;
	q[0] = dns_ask(w.dns, "a.example", 1, on_told, &w);
	q[1] = dns_ask(w.dns, "b.example", 1, on_told, &w);
	UNTIL(&w, w.asked >= 2);
	dns_query_free(q[0]);
	w.silent = false;
	UNTIL(&w, w.told == 1); /* b, when it is asked for again */
	dns_query_free(q[1]);
	for (int i = 0; i < 200; i++)
		turn(&w);
	assert_int_equal(w.told, 1);
	w.silent = true;
	q[2] = dns_ask(w.dns, "c.example", 1, on_told, &w);
	turn(&w);
	dns_query_free(q[2]);
	world_close(&w);
}

static void test_no_server(void **state)
{
	struct loop *l = NULL;
	struct dns *d = NULL;
	struct str list[] = { STR("here") };
	struct fail f = { 0 };

	assert_int_equal(loop_new(&l, &f), OK);
	assert_int_equal(dns_new(l, list, 1, &d, &f), FAIL_SYNTAX);
	assert_null(d);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_no_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
