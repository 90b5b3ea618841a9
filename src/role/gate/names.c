#include "role/gate/names.h"

#include "base/mem.h"
#include "ipc/codec.h"
#include "sys/dns.h"
#include "wire/dns.h"

#include <stdlib.h>

enum { PATIENCE_MS = 10000, NAMINGS_MAX = 16, FOUND_MAX = 20, FOUND_BYTES = 300, LIST_MAX = 8192 };

static const struct {
	const char *prefix;
	enum dns_type type;
} questions[NAMES_QUESTIONS] = {
	[NAMES_TXT] = { "", DNS_TXT },
	[NAMES_MX] = { "", DNS_MX },
	[NAMES_DMARC] = { "_dmarc.", DNS_TXT },
};

struct naming {
	struct naming *next;
	struct gate *gate;
	uint64_t req;
	struct question {
		struct naming *of;
		struct dns_query *query;
		struct buf found; /* a list */
		bool answered;
	} q[NAMES_QUESTIONS];
	unsigned open;
	struct timer *timer;
};

static void free_naming(struct naming *n)
{
	for (int i = 0; i < NAMES_QUESTIONS; i++) {
		dns_query_free(n->q[i].query);
		buf_done(&n->q[i].found);
	}
	timer_free(n->timer);
	free(n);
}

void names_forget(struct gate *g)
{
	while (g->namings) {
		struct naming *n = g->namings;

		g->namings = n->next;
		free_naming(n);
	}
}

static void finish(struct naming *n)
{
	struct gate *g = n->gate;
	struct naming **at = &g->namings;
	uint32_t unsure = 0;

	for (unsigned i = 0; i < NAMES_QUESTIONS; i++)
		unsure |= n->q[i].answered ? 0 : 1u << i;
	if (g->core)
		SEND(g->core, names_answer, n->req, ipc_code(OK), STR(""), unsure,
		     buf_str(&n->q[NAMES_TXT].found), buf_str(&n->q[NAMES_MX].found),
		     buf_str(&n->q[NAMES_DMARC].found));
	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	free_naming(n);
}

static void on_timer(void *arg)
{
	finish(arg);
}

/* Whoever owns the domain writes what a user and an operator will see. */
static void add_clean(struct buf *list, struct str s)
{
	OWN(buf) clean = BUF(FOUND_BYTES);

	s = str_first(s, FOUND_BYTES);
	for (size_t i = 0; i < s.n; i++)
		buf_add(&clean, s.p[i] < ' ' || s.p[i] > '~' ? STR("?") : str_first(str_from(s, i), 1));
	list_add(list, buf_str(&clean));
}

static int by_preference(const void *a, const void *b)
{
	return (int)((const struct dns_record *)a)->preference -
	       (int)((const struct dns_record *)b)->preference;
}

static void take(struct question *q, enum dns_type type, struct str packet)
{
	OWN(arena) a = ARENA;
	struct dns_answer answer = { 0 };

	if (dns_answer_read(packet, type, &a, &answer, NULL) < 0 ||
	    (answer.code != DNS_OK && answer.code != DNS_NXDOMAIN))
		return;
	q->answered = true;
	if (type == DNS_MX && answer.n)
		qsort(answer.records, answer.n, sizeof(*answer.records), by_preference);
	for (size_t i = 0; i < answer.n && i < FOUND_MAX; i++)
		add_clean(&q->found, type == DNS_MX ? answer.records[i].host : answer.records[i].text);
}

static void on_answer(void *arg, struct str packet)
{
	struct question *q = arg;
	struct naming *n = q->of;

	take(q, questions[q - n->q].type, packet);
	if (--n->open == 0)
		finish(n);
}

void names_ask(struct gate *g, const struct names_ask *m)
{
	struct naming *n;
	size_t under_way = 0;

	for (n = g->namings; n; n = n->next)
		under_way++;
	if (!g->dns || under_way == NAMINGS_MAX) {
		SEND(g->core, names_answer, m->req, ipc_code(FAIL_AGAIN),
		     g->dns ? STR("too many domains are being looked up: try again in a moment")
		            : STR("this server asks no name server: its operator has to restart it"),
		     0, STR(""), STR(""), STR(""));
		return;
	}
	n = xnew(struct naming);
	*n = (struct naming){ .next = g->namings, .gate = g, .req = m->req, .open = NAMES_QUESTIONS };
	g->namings = n;
	n->timer = timer_new(g->loop, on_timer, n);
	timer_set(n->timer, PATIENCE_MS);
	for (int i = 0; i < NAMES_QUESTIONS; i++) {
		OWN(buf) name = BUF(512);

		buf_addz(&name, questions[i].prefix);
		buf_add(&name, m->domain);
		n->q[i].of = n;
		n->q[i].found = BUF(LIST_MAX);
		n->q[i].query = dns_ask(g->dns, name.p, questions[i].type, on_answer, &n->q[i]);
	}
}
