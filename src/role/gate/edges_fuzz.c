/* edges_fuzz.c - gate as a hostile core hears it, with hostile clients before it and a hostile next hop behind. Laws: of each delivery
 * it was given it tells at most one outcome, and of none that it was not given; a message of a client is said to be accepted only
 * when core has said so. */
#include "role/play_fuzz.h"

#include "sys/sock.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define CONF                                                                                                 \
	"[domains]\nrelay = relay.example\n[dns]\nresolver = 127.0.0.1:9\n[server]\nhostname = "             \
	"relay.example\n"                                                                                    \
	"[routes]\ndefault = unix:"
enum { CORE, CLIENTS = 3, HOPS = 4, GIVEN = 64, ACCEPTED_MARK = 8 };
#define MARK "5f3a-said-by-core"

static const char *dir;
static int clients[CLIENTS] = { -1, -1, -1 }, hops[HOPS] = { -1, -1, -1, -1 }, hop_listener;
static struct given {
	uint64_t delivery;
	unsigned left;
} given[GIVEN];
static unsigned n_given;

/* ---- laws ----------------------------------------------------------------------------------------------------------- */

static void said(unsigned road, enum ipc_tag tag, const void *msg)
{
	const struct deliver *d = msg;

	if (tag == IPC_deliver && n_given < GIVEN)
		given[n_given++] = (struct given){ d->delivery, 1 };
}

static void heard(unsigned road, enum ipc_tag tag, const void *msg, struct str record, struct ipc_fds *fds)
{
	const struct delivered *d = msg;

	if (tag != IPC_delivered || n_given == GIVEN)
		return;
	law(d->outcome >= DELIVERY_DONE && d->outcome <= DELIVERY_NEVER, "an outcome is one of three");
	for (unsigned i = 0; i < n_given; i++) {
		if (given[i].delivery != d->delivery || !given[i].left)
			continue;
		given[i].left = 0;
		return;
	}
	play_broken("a delivery that was not given, or twice");
}

/* ---- what an honest core would say ----------------------------------------------------------------------------------- */

static bool answer(unsigned road, enum ipc_tag heard_tag, const void *msg, const struct ipc_fds *fds,
                   enum ipc_tag *ret_tag, void *ret_msg, int *ret_fd)
{
	const struct rcpt_ask *m = msg; /* session and seq stand first in all three */

	*ret_tag = IPC_NONE;
	if (heard_tag == IPC_rcpt_ask) {
		*ret_tag = IPC_rcpt_answer;
		*(struct rcpt_answer *)ret_msg =
		        (struct rcpt_answer){ m->session, m->seq, 250, STR("2.1.5"), STR("fine"), 1, WAY_IN };
	}
	if (heard_tag == IPC_accept_ask) {
		*ret_tag = IPC_accept_answer;
		*(struct accept_answer *)ret_msg =
		        (struct accept_answer){ m->session,   m->seq,          250,
			                        STR("2.0.0"), STR("accepted"), STR("mid") };
	}
	if (heard_tag == IPC_auth_ask) {
		*ret_tag = IPC_auth_answer;
		*(struct auth_answer *)ret_msg = (struct auth_answer){ m->session, m->seq, 7, 0 };
	}
	return *ret_tag != IPC_NONE;
}

/* ---- clients and next hops ------------------------------------------------------------------------------------------- */

static const char *const lines[] = {
	"EHLO c.example\r\n",
	"MAIL FROM:<bob@example.org>\r\n",
	"RCPT TO:<shop@relay.example>\r\n",
	"DATA\r\n",
	"From: bob@example.org\r\n\r\nhello\r\n.\r\n",
	"RSET\r\n",
	"QUIT\r\n",
	"BDAT 5 LAST\r\nhello",
	"STARTTLS\r\n",
	("EHLO c.example\r\nMAIL FROM:<bob@example.org> SIZE=100 BODY=8BITMIME\r\nRCPT "
	 "TO:<shop@relay.example>\r\nDATA\r\n"),
	"VRFY x\r\n",
	"MAIL FROM:<>\r\n",
	"NOOP\r\n",
	".\r\n",
	"AUTH PLAIN AGEAYg==\r\n",
	"BDAT 3\r\nabc",
};
static const char *const replies[] = {
	"220 hop.example\r\n",
	"250-hop.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 CHUNKING\r\n",
	"250 ok\r\n",
	"354 go\r\n",
	"250 2.0.0 taken\r\n",
	"421 4.3.2 later\r\n",
	"450 4.2.0 later\r\n",
	"550 5.1.1 nobody\r\n",
	"220 hop.example\r\n250 hop.example\r\n250 ok\r\n250 ok\r\n354 go\r\n250 2.0.0 taken\r\n",
	"500 what?\r\n",
};

static void say_line(int *fd, const char *const *all, size_t n, struct tape *t)
{
	uint8_t b = tape_byte(t);
	struct str s = b < 192 ? str_c(all[b % n]) : tape_text(t);
	char rest[8192];

	if (*fd >= 0 && send(*fd, s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		close(*fd);
		*fd = -1;
	}
	play_turn();
	while (play_read(fd, rest, sizeof(rest)).n)
		;
}

static void a_client(struct tape *t)
{
	uint8_t b = tape_byte(t);
	int *c = &clients[b % CLIENTS];

	if (*c < 0)
		*c = play_connect("smtp");
	if (b / CLIENTS % 16 == 15) {
		close(*c);
		*c = -1;
		return;
	}
	say_line(c, lines, sizeof(lines) / sizeof(lines[0]), t);
}

static void a_hop(struct tape *t)
{
	uint8_t b = tape_byte(t);
	struct endpoint who;
	int *h = &hops[b % HOPS];

	if (*h < 0)
		(void)!sock_accept(hop_listener, h, &who, NULL);
	if (*h >= 0 && b / HOPS % 16 == 15) {
		close(*h);
		*h = -1;
		return;
	}
	say_line(h, replies, sizeof(replies) / sizeof(replies[0]), t);
}

static void a_delivery(struct tape *t)
{
	static uint64_t id = 100;
	uint8_t b = tape_byte(t);
	OWNFD fd = tape_thing(t);
	const struct deliver d = { ++id,
		                   STR("mid"),
		                   b & 1 ? tape_text(t) : STR("default"),
		                   STR("v@relay.example"),
		                   b & 2 ? tape_text(t) : STR("alice@mailbox.example"),
		                   STR("the key of a body, of 32 bytes.."),
		                   0,
		                   b & 4 ? tape_number(t) : 100,
		                   b & 8 ? tape_number(t) : 84,
		                   tape_byte(t) };

	play_say(CORE, IPC_deliver, &d, &fd, 1);
}

static void act(unsigned k, struct tape *t)
{
	static void (*const all[])(struct tape * t) = { a_client, a_hop, a_delivery };

	all[k](t);
}

static void after(void)
{
	for (int i = 0; i < CLIENTS; i++)
		if (clients[i] >= 0)
			close(clients[i]);
	for (int i = 0; i < HOPS; i++)
		if (hops[i] >= 0)
			close(hops[i]);
	play_turn();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const texts[] = { "default",         "alice@mailbox.example",
		                             "bob@example.org", "2.1.5",
		                             "5.1.1",           "relay.example",
		                             "own.example",     "x\r\n250 y\r\n" };
	static char conf[1024];

	dir = play_folder();
	snprintf(conf, sizeof(conf), "%s%s/hop\n", CONF, dir);
	play = (struct play){
		.answer = answer, .said = said, .heard = heard, .act = act, .n_acts = 3, .after = after
	};
	play_begin(gate_main, conf);
	hop_listener = play_listen("hop");
	law(play.def->listener(play.self, LISTEN_SMTP, STR(""), play_listen("smtp"), NULL) == OK,
	    "a listener");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		tape_know(str_c(texts[i]));
	play_road(CORE_GATE, GATE_CORE, ROLE_CORE, 0);
	play_ready();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	n_given = 0;
	play_forked(p, n, NULL);
	return 0;
}
