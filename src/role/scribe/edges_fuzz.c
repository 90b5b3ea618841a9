/* edges_fuzz.c - the scribe as a hostile core and a hostile vault hear it: messages that cannot be read, outputs of messages that
 * are not there, keys that are none. Laws: core is told nothing of a body and nothing of a key that was lent, and a result is of the
 * length that is told. */
#include "role/play_fuzz.h"

#include "crypto/aead.h"
#include "crypto/cert.h"
#include "sys/memfd.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define CONF "[domains]\nrelay = relay.example\n[routes]\ndefault = 127.0.0.1:9\n"
#define BODY "nobody reads what stands here"
enum { CORE, VAULT, NOW = 1795435200, DAY = 86400, SCALAR_AT = 2, SCALAR = 32 };

static const char *const messages[] = {
	"From: Bob <bob@example.org>\r\nTo: shop@relay.example\r\nMessage-ID: <1@example.org>\r\n\r\n" BODY
	"\r\n",
	"From: bob@example.org\r\nTo: shop@relay.example\r\nCc: \"C. D\" <c@d.example>, e@f.example\r\n"
	"Reply-To: other@example.org\r\nSubject: =?utf-8?q?s=C3=BC?=\r\nReferences: "
	"<0@relay.example>\r\nMIME-Version: 1.0\r\n"
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; "
	"charset=utf-8\r\n\r\n" BODY "\r\n--b\r\nContent-Type: text/calendar; "
	"method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
	"ORGANIZER:mailto:bob@example.org\r\nATTENDEE:mailto:shop@relay.example\r\nEND:VEVENT\r\nEND:"
	"VCALENDAR\r\n\r\n--b--\r\n",
	"From: <>\r\nContent-Type: multipart/report; report-type=delivery-status; "
	"boundary=b\r\n\r\n--b\r\n\r\n" BODY
	"\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; "
	"x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n"
	"Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n",
};

static struct secret leaf;
static struct buf user_cert, sender_cert, intermediate;
static uint64_t job;

static bool asked_report; /* whose words are told: bounded, for the operator */

/* ---- what is said --------------------------------------------------------------------------------------------------- */

static void said(unsigned road, enum ipc_tag tag, const void *msg)
{
	const struct scan_job *m = msg;

	asked_report |= tag == IPC_scan_job && m->flags & SCAN_JOB_REPORT;
}

static void lend(uint64_t to_job, uint64_t key_id)
{
	PLAY(VAULT, lent, to_job, key_id, secret_str(&leaf));
}

/* ---- laws ----------------------------------------------------------------------------------------------------------- */

static void heard(unsigned road, enum ipc_tag tag, const void *msg, struct str record, struct ipc_fds *fds)
{
	const struct need_key *k = msg;
	const struct sealed *s = msg;
	uint64_t n;

	law(asked_report || str_find(record, STR(BODY)) == record.n, "a body was told");
	law(str_find(record, str_first(str_from(secret_str(&leaf), SCALAR_AT), SCALAR)) == record.n,
	    "a key was told");
	if (tag == IPC_sealed && !s->code && fds->n)
		law(memfd_size(fds->fd[0], &n, NULL) == OK && n == s->stored,
		    "a result has the length that is told");
	if (tag == IPC_need_key)
		lend(k->job, k->key_id);
}

/* ---- steps of its own ----------------------------------------------------------------------------------------------- */

static void some_message(struct tape *t)
{
	uint8_t b = tape_byte(t);
	OWNFD fd = b % 8 == 7
	                   ? tape_thing(t)
	                   : play_memory(str_c(messages[b % (sizeof(messages) / sizeof(messages[0]))]), true);

	PLAY_FD(CORE, fd, scan_job, ++job, b / 8u % 2);
}

static void some_output(struct tape *t)
{
	uint8_t b = tape_byte(t);
	OWN(buf) map = BUF(1024), own = BUF(64), ids = BUF(256);
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX] = { 0 };
	struct seal *m = (void *)msg;
	OWNFD file = b & 64 ? tape_thing(t) : -1;

	list_add(&map, STR("bob@example.org"));
	list_add(&map, STR("r1@relay.example"));
	list_add(&map, STR("c@d.example"));
	list_add(&map, STR(""));
	list_add(&own, STR("shop@relay.example"));
	list_add(&ids, STR("<1@example.org>"));
	list_add(&ids, STR("<2@relay.example>"));
	*m = (struct seal){ .job = job,
		            .user = 1 + b / 32u % 2,
		            .mode = 1 + b % 3u,
		            .cipher = 1 + b / 4u % 2,
		            .flags = (b / 8u % 4) * SEAL_ADD_ALIAS_TO | (b & 1 ? SEAL_PAD : 0) |
		                     (b & 2 ? SEAL_KEY_COMES : 0) | (file >= 0 ? SEAL_TO_FILE : 0),
		            .key_id = b / 64u,
		            .user_cert = buf_str(&user_cert),
		            .sender_cert = buf_str(&sender_cert),
		            .intermediate = buf_str(&intermediate),
		            .from_name = STR("Bob"),
		            .from = STR("r1@relay.example"),
		            .alias = STR("shop@relay.example"),
		            .message_id = STR("<2@relay.example>"),
		            .now_utc = NOW,
		            .map = buf_str(&map),
		            .own = buf_str(&own),
		            .ids = buf_str(&ids),
		            .trace = STR("0123456789abcdef") };
	if (b & 128)
		tape_twist(t, IPC_seal, msg);
	play_say(CORE, IPC_seal, msg, &file, file >= 0 ? 1 : 0);
}

static void act(unsigned k, struct tape *t)
{
	if (k == 0)
		some_message(t);
	else if (k == 1)
		some_output(t);
	else
		lend(job, tape_byte(t) % 4); /* before it is asked for, or twice, or for nothing */
}

/* ---- certificates --------------------------------------------------------------------------------------------------- */

static void new_cert(enum cert_kind kind, const char *who, const struct key *subject,
                     const struct key *issuer, struct buf *out)
{
	const struct cert_constraints k = { .domains = { STR("relay.example") },
		                            .n_domains = 1,
		                            .mailbox = STR("alice@mailbox.example") };
	const bool is_ca = kind == CERT_INTERMEDIATE;
	const struct cert_fields c = { .kind = kind,
		                       .subject_cn = str_c(who),
		                       .issuer_cn = STR("an issuer"),
		                       .email = is_ca ? STR("") : str_c(who),
		                       .not_before = NOW - DAY,
		                       .not_after = NOW + DAY,
		                       .constraints = is_ca ? &k : NULL,
		                       .subject_key = subject,
		                       .issuer_key = issuer };
	struct fail f = { 0 };

	*out = BUF(8192);
	if (cert_build(&c, out, &f) < 0)
		play_broken(f.why);
	tape_know(buf_str(out));
}

static void make_keys(void)
{
	OWNS(key) root = NULL;
	OWNS(key) ca = NULL;
	OWNS(key) sender = NULL;
	OWNS(key) user = NULL;
	OWN(buf) spki = BUF(1024);

	law(key_new(KEY_P256, &root, NULL) == OK && key_new(KEY_P256, &ca, NULL) == OK &&
	            key_new(KEY_P256, &sender, NULL) == OK && key_new(KEY_P256, &user, NULL) == OK &&
	            key_export_private(sender, &leaf, NULL) == OK && key_public_der(user, &spki, NULL) == OK,
	    "keys");
	new_cert(CERT_INTERMEDIATE, "an intermediate", ca, root, &intermediate);
	new_cert(CERT_SENDER, "r1@relay.example", sender, ca, &sender_cert);
	new_cert(CERT_USER, "alice@mailbox.example", user, ca, &user_cert);
	tape_know(buf_str(&spki));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const texts[] = {
		"shop@relay.example",    "r1@relay.example", "bob@example.org", "relay.example",
		"alice@mailbox.example", "<1@example.org>",  "an issuer",       "\r\nX-Y: z"
	};

	play = (struct play){ .said = said, .heard = heard, .act = act, .n_acts = 3 };
	play_begin(scribe_main, CONF);
	law(crypto_init(NULL) == OK, "libcrypto");
	make_keys();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		tape_know(str_c(texts[i]));
	play_road(CORE_SCRIBE, SCRIBE_CORE, ROLE_CORE, 0);
	play_road(VAULT_SCRIBE, SCRIBE_VAULT, ROLE_VAULT, 0);
	play_ready();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	job = 0;
	asked_report = false;
	play_input(p, n);
	return 0;
}
