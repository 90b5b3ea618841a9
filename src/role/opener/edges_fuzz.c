/* edges_fuzz.c - the process that opens one answer, as a hostile core hears it, for messages of anybody. Core's whole side stands on
 * its road before it begins. Laws: it is told what core may hear, of its own job alone; nothing of a key that it was lent; and it
 * ends. */
#include "role/play_fuzz.h"

#include "crypto/aead.h"
#include "crypto/cms_open_seed.h"
#include "role/opener/answer.h"
#include "sys/sock.h"
#include "wire/charset.h"

#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define CONF "[domains]\nrelay = relay.example\n[routes]\ndefault = 127.0.0.1:9\n"
enum { CORE, JOB = 5, SAID = 8 };

static struct str the_key, the_cert;

static void heard(unsigned road, enum ipc_tag tag, const void *msg, struct str record, struct ipc_fds *fds)
{
	const struct open_key *m = msg; /* the job stands first in all of them */

	law(m->job == JOB || play.roads[CORE].spoken, "of its own job alone");
	law(str_find(record, str_first(str_from(the_key, 2), 32)) == record.n, "a key was told");
}

static void begin(struct tape *t, bool twisted)
{
	OWN(buf) certs = BUF(4096), groups = BUF(64), pins = BUF(4096), domains = BUF(256);
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX] = { 0 };

	list_add(&certs, the_cert);
	list_add(&groups, STR("0"));
	list_add(&pins, the_cert);
	list_add(&domains, STR("relay.example"));
	*(struct open_begin *)(void *)msg = (struct open_begin){ JOB, buf_str(&certs), buf_str(&groups),
		                                                 1,   buf_str(&pins),  buf_str(&domains) };
	if (twisted)
		tape_twist(t, IPC_open_begin, msg);
	play_say(CORE, IPC_open_begin, msg, NULL, 0);
	play.roads[CORE].spoken |= twisted; /* the first one counts */
}

static void lend(struct tape *t, bool twisted)
{
	int two[2];

	law(sock_pair(false, two, NULL) == OK, "a pair");
	law(sock_send(two[0], twisted ? tape_text(t) : the_key, NULL, 0, NULL) == OK || twisted, "a key");
	PLAY_FD(CORE, two[1], key_road, JOB, 0);
	close(two[0]);
	close(two[1]);
}

static void scrub(struct tape *t, bool twisted)
{
	OWN(buf) map = BUF(1024), names = BUF(256), own = BUF(256);
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX] = { 0 };
	OWNFD file = twisted && tape_byte(t) % 2 ? tape_thing(t) : -1;

	list_add(&map, STR("r1@relay.example"));
	list_add(&map, STR("bob@example.org"));
	list_add(&names, STR("bob@example.org"));
	list_add(&names, STR("Bob"));
	list_add(&own, STR("Alice"));
	*(struct scrub *)(void *)msg = (struct scrub){ .job = JOB,
		                                       .flags = file >= 0 ? SEAL_TO_FILE : 0,
		                                       .from = STR("shop@relay.example"),
		                                       .message_id = STR("<9@relay.example>"),
		                                       .map = buf_str(&map),
		                                       .names = buf_str(&names),
		                                       .own_names = buf_str(&own) };
	if (twisted)
		tape_twist(t, IPC_scrub, msg);
	play_say(CORE, IPC_scrub, msg, &file, file >= 0 ? 1 : 0);
}

/* First what core says, then the message. */
static void run(const uint8_t *p, size_t n)
{
	static void (*const all[])(struct tape * t, bool twisted) = { begin, lend, scrub };
	struct tape t = { p, n };
	int two[2];

	law(sock_pair(false, two, NULL) == OK, "a pair");
	play_given(CORE_ANSWER, ANSWER_CORE, two[1]);
	for (unsigned k = tape_byte(&t) % SAID; k; k--) {
		uint8_t b = tape_byte(&t);

		if (b & 64)
			play_speak(CORE, &t);
		else
			all[b % 3](&t, b & 128);
	}
	answer_serve(two[0], play_memory(str_of(t.p, t.n), true));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	play = (struct play){ .heard = heard, .run = run, .may_end = true };
	play_begin(opener_main, CONF);
	law(crypto_init(NULL) == OK, "libcrypto");
	charset_open();
	the_key = str_of(seed_key, sizeof(seed_key));
	the_cert = str_of(seed_cert, sizeof(seed_cert));
	tape_know(the_cert);
	tape_know(the_key);
	tape_know(STR("r1@relay.example"));
	tape_know(STR("bob@example.org"));
	play_place(CORE_ANSWER, ANSWER_CORE);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	play_forked(p, n, NULL);
	return 0;
}
