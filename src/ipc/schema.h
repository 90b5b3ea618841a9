/* schema.h - every message between the roles, written once. The comment above a group says who speaks to whom;
 * what a role accepts from a peer is its own table of handlers, and nothing else is answered. */
#ifndef IPC_SCHEMA_H
#define IPC_SCHEMA_H

#include "ipc/codec.h"

// clang-format off
/* ---- parent -> a role that starts; a role -> parent ------------------------------------------------------------ */

/* First. conf: pairs "section.key", value, only those that the role may know. mask_key: 16 bytes (base/log.h). */
#define ROLE_BEGIN(F) F(u32, scribes) F(blob, mask_key) F(list, conf)
/* One end of a road to another role; also later, when that role was restarted. life: how often it was started. +1 descriptor */
#define ROLE_PEER(F) F(u32, role) F(u32, index) F(u32, life)
/* A listening socket. kind: enum listen_kind. +1 descriptor */
#define ROLE_LISTEN(F) F(u32, kind) F(text, address)
/* What is said in ROLE_BEGIN's conf, anew: whole, instead of what was said before. */
#define ROLE_CONF(F) F(list, conf)
/* The master key, to the vault alone; and, while it is being changed, the one that follows: it seals, both open. Said
 * anew, it replaces what was said before. */
#define ROLE_MASTER(F) F(key, master) F(key, next)
/* Certificate chain and private key for STARTTLS, PEM, to the gate alone. */
#define ROLE_TLS(F) F(blob, chain_pem) F(key, key_pem)
/* What the files of one route hold, to the gate alone: a password, a client certificate with its key; each may be
 * empty. +0..1 descriptor, a readable file of the authorities to trust (PEM), for a route that verifies. */
#define ROLE_ROUTE(F) F(text, name) F(key, password) F(blob, chain_pem) F(key, key_pem)
/* Everything was said: initialise, lock, work. */
#define ROLE_GO(F) F(u32, unused)
/* role -> parent: locked and working. What is on, for the log. */
#define ROLE_READY(F) F(u32, seccomp) F(u32, landlock) F(u32, widened) F(u32, calls)
/* role -> parent: the road to that one has ended. In that life it gets no other: it said what it may not say, or would hear
 * nothing more. */
#define ROLE_LOST(F) F(u32, role) F(u32, index) F(u32, life)
/* parent -> role: finish what is cheap to finish and exit with 0. */
#define ROLE_STOP(F) F(u32, unused)

enum listen_kind {
	LISTEN_SMTP = 1,
	LISTEN_CONTROL,
	LISTEN_PRIVATE, /* one control connection, already accepted */
	LISTEN_LMTP,
	LISTEN_PROXY, /* SMTP behind a proxy: each connection begins with its header */
	LISTEN_SUBMISSION,
	LISTEN_SUBMISSION_TLS, /* TLS from the first byte */
	LISTEN_WEB,            /* HTTP behind a proxy */
	LISTEN_METRICS,        /* HTTP for a collector of this machine */
	LISTEN_KINDS
};

/* ---- gate <-> core --------------------------------------------------------------------------------------------- */

/* Addresses in these messages are "local@domain" as addr_print writes them; "" is the null sender. */
/* plans: outputs that the recipients accepted so far in this transaction stand for (the sum of the answers'); core
 * refuses with 452 past its bound. */
/* way: enum rcpt_way of the recipients accepted so far, and then; a message goes one way. account: the mailbox that
 * AUTH_ANSWER named, whose user writes; 0: nobody has logged in. */
#define RCPT_ASK(F) F(u64, session) F(u32, seq) F(text, sender) F(text, rcpt) F(u64, size) \
	F(u32, flags) F(u32, plans) F(u32, way) F(u64, account)
#define RCPT_ANSWER(F) F(u64, session) F(u32, seq) F(u32, smtp) F(text, enhanced) F(text, sentence) \
	F(u32, plans) F(u32, way)
enum rcpt_way { WAY_NONE, WAY_IN, WAY_OUT, WAY_TEST };
/* A whole message. helo, client: empty where an account writes, for nobody is to learn of them. rcpts: those that were
 * answered with 250. +1 descriptor, a sealed memfd, CRLF, dots removed; of a long one +1, its tie (sys/memfd.h). */
#define ACCEPT_ASK(F) F(u64, session) F(u32, seq) F(text, sender) F(list, rcpts) F(text, helo) \
	F(text, client) F(u64, size) F(u32, flags) F(i64, arrived_utc) F(u64, account)
/* 250 means durable. */
#define ACCEPT_ANSWER(F) F(u64, session) F(u32, seq) F(u32, smtp) F(text, enhanced) \
	F(text, sentence) F(text, mid)
/* Whose password is this? client: from where, for the bound on tries. */
#define AUTH_ASK(F) F(u64, session) F(u32, seq) F(text, user) F(key, password) F(text, client)
/* code OK: account says whose, 0 that it is wrong, or nobody's. FAIL_LIMIT: too many tries from there, it was not looked at. */
#define AUTH_ANSWER(F) F(u64, session) F(u32, seq) F(u64, account) F(u32, code)
/* gate -> core, now and then, for `postern stat`. memory: bytes of messages on their way in. */
#define GATE_FACTS(F) F(u64, sessions) F(u64, sessions_total) F(u64, turned_away) F(u64, tls_total) F(u64, memory) \
	F(u64, connections)
enum accept_flags { ACCEPT_8BIT = 1, ACCEPT_SMTPUTF8 = 2, ACCEPT_TLS = 4, ACCEPT_BINARY = 8 };

/* core -> gate: what does DNS say of a user's domain? */
#define NAMES_ASK(F) F(u64, req) F(text, domain)
/* txt: texts of the domain; mx: its mail servers, the preferred first; dmarc: texts of _dmarc beneath it. Printable, bounded.
 * unsure: bits, 1 << enum names_of, of the questions that got no answer. */
#define NAMES_ANSWER(F) F(u64, req) F(u32, code) F(text, why) F(u32, unsure) F(list, txt) F(list, mx) F(list, dmarc)
enum names_of { NAMES_TXT, NAMES_MX, NAMES_DMARC, NAMES_QUESTIONS };

/* core -> gate: send a stored body (aead_stream under body_key, `stored` bytes at `offset` of the descriptor, giving
 * `plain` bytes with CRLF; with ACCEPT_BINARY after the content was made base64 of, see transform/seal.h). route: its name in
 * the operator's file. +1 descriptor */
#define DELIVER(F) F(u64, delivery) F(text, mid) F(text, route) F(text, sender) F(text, rcpt) \
	F(key, body_key) F(u64, offset) F(u64, stored) F(u64, plain) F(u32, flags)
/* outcome: enum delivery_outcome; reason: enum bounce_reason, of a refusal; note: the next hop's words, bounded, for the operator's eyes only;
 * hop: enum delivery_hop. */
#define DELIVERED(F) F(u64, delivery) F(u32, outcome) F(u32, smtp) F(text, enhanced) F(text, note) F(u32, reason) F(u32, hop)
enum delivery_outcome { DELIVERY_DONE = 1, DELIVERY_LATER, DELIVERY_NEVER };
/* What was learnt of the destination as a whole. DEAD: none of its servers could be spoken with, or nothing moves there. */
enum delivery_hop { HOP_UNSAID, HOP_SPOKE, HOP_DEAD };

/* ---- core <-> scribe ------------------------------------------------------------------------------------------- */

/* Read a message. It stays with the scribe until JOB_END, for the outputs that follow. +1 descriptor (sealed memfd), or 2 (its tie) */
#define SCAN_JOB(F) F(u64, job) F(u32, flags)
enum scan_job_flags { SCAN_JOB_REPORT = 1 }; /* it came to an envelope sender of ours: what does it report? */
/* What it says, and nothing else of it. from is one address (name UTF-8, address "" when unreadable); reply_to:
 * pairs name, address; others: pairs name, address of every further address in To, Cc and calendars, each
 * address once, at most SCAN_ADDRESSES, in order of appearance. refs: message ids of References and
 * In-Reply-To. digest: of every byte of the message (transform/scan.h). bounce: enum bounce_kind, with reason, hard,
 * status and note as in wire/bounce.h, when it was asked for. traces: what relays like this one left in the header. */
#define SCANNED(F) F(u64, job) F(u32, code) F(text, why) F(text, from_name) F(text, from) \
	F(list, reply_to) F(list, others) F(text, message_id) F(list, refs) F(text, list_id) \
	F(text, list_post) F(i64, date_utc) F(u32, received) F(u32, flags) F(blob, digest) \
	F(u32, bounce) F(u32, reason) F(u32, hard) F(text, status) F(text, note) F(list, traces)
enum { SCAN_ADDRESSES = 100, SCAN_REFS = 50 };
enum scan_flags {
	SCAN_CALENDAR = 1,
	SCAN_AUTO = 2,   /* Auto-Submitted, Precedence: bulk... */
	SCAN_REPORT = 4, /* multipart/report */
	SCAN_LIST = 8,   /* List-Id or List-Post */
};

/* Write one output. mode: enum seal_mode. code is what became of it. With a descriptor the stored form goes into that
 * file, is synced there, and the answer has none; without one the answer carries a memfd. +0..1 descriptor
 * map: pairs original address, address to write instead ("" = drop). own: addresses that stay. ids: pairs
 * original message id, id to write. carried: certificates (DER) for the signature, the signer's and the
 * intermediate not among them. */
#define SEAL(F) F(u64, job) F(u64, user) F(u32, output) F(u32, mode) F(u32, cipher) F(u32, flags) \
	F(u64, key_id) F(blob, user_cert) F(blob, sender_cert) F(blob, intermediate) F(text, from_name) \
	F(text, from) F(text, alias) F(text, message_id) F(i64, now_utc) F(list, map) F(list, own) \
	F(list, ids) F(list, carried) F(text, trace)
enum seal_mode { SEAL_ENCRYPT = 1, SEAL_CLEAR, SEAL_AS_IS };
/* SEAL_KEY_COMES: the vault was asked to lend the key already. */
enum seal_flags { SEAL_TO_FILE = 1, SEAL_ADD_ALIAS_TO = 2, SEAL_HIDE_SUBJECT = 4, SEAL_PAD = 8, SEAL_KEY_COMES = 16 };
/* The scribe has not the key at hand (it keeps a few, of one user, for a minute) and was told of none that comes. */
#define NEED_KEY(F) F(u64, job) F(u32, output) F(u64, key_id)
/* vault -> scribe, on a road of their own, on which the scribe says nothing: a leaf key for that job. record: empty when it
 * could not be lent. */
#define LENT(F) F(u64, job) F(u64, key_id) F(key, record)
/* plain: bytes of the message as it will be sent; stored: bytes under body_key. +0..1 descriptor */
#define SEALED(F) F(u64, job) F(u32, output) F(u32, code) F(text, why) F(key, body_key) \
	F(u64, plain) F(u64, stored) F(u32, flags)
enum sealed_flags { SEALED_8BIT = 1, SEALED_SMTPUTF8 = 2, SEALED_BINARY = 8 }; /* as accept_flags: they go on to gate */
#define JOB_END(F) F(u64, job)

/* ---- core <-> opener, and the process that it forks for one message --------------------------------------------- */

/* Fork. +2 descriptors: the new process's end of its road to core, and the message (sealed memory); or 3 (its tie) */
#define OPEN_FORK(F) F(u64, job)
/* core -> the forked one, first. certs: DER, with the number of the reverse address that each is of; pins: certificates of
 * the mailbox's users' keys; domains: in which addresses within the content are to be told. */
#define OPEN_BEGIN(F) F(u64, job) F(list, certs) F(list, groups) F(u32, n_groups) F(list, pins) F(list, domains)
/* It needs the private key of certs[cert]. */
#define OPEN_KEY(F) F(u64, job) F(u32, cert)
/* Its end of a socket into which the vault writes one key record, then closes. +1 descriptor */
#define KEY_ROAD(F) F(u64, job) F(u32, cert)
/* What the message says of itself; never content. With a code and OPENED_LAYERS only form, signature and from are told. form: enum opened_form; signature: enum open_signature, with pin, time and
 * digest when it is a pinned one. people: pairs name, address of To and Cc; found: addresses within the content in those
 * domains; names: those that the user goes by in it; refs: of References and In-Reply-To, answers: of the latter; digest: SHA-256 of the body as it came, without its header. */
#define OPENED(F) F(u64, job) F(u32, code) F(text, why) F(u32, form) F(u32, signature) F(u32, pin) F(i64, signed_utc) \
	F(blob, signature_digest) F(text, from_name) F(text, from) F(list, people) F(list, found) F(list, names) \
	F(text, message_id) F(list, refs) F(list, answers) F(i64, date_utc) F(blob, digest) F(list, traces) F(u32, received)
enum opened_form {
	OPENED_ENCRYPTED = 1,
	OPENED_CBC = 2,
	OPENED_AUTO = 4,
	OPENED_RECEIPT = 8,
	OPENED_ONWARD = 32, /* it, or a part of it, is encrypted to somebody else */
	OPENED_LAYERS = 16 /* the layers came off: a code tells of what is within, and who signed is known */
};
/* Write one output. map: pairs address, what is written instead ("" = drop); names: pairs address, name; own_names,
 * words: what must not leave; ids: pairs Message-ID, what is written instead. +0..1 descriptor, as of SEAL */
#define SCRUB(F) F(u64, job) F(u32, output) F(u32, flags) F(text, from_name) F(text, from) F(text, message_id) \
	F(i64, date_utc) F(list, map) F(list, names) F(list, own_names) F(list, ids) F(list, words)
/* removed: what was taken out, in all. why of FAIL_DENIED: the kind of part that cannot be read. +0..1 descriptor */
#define SCRUBBED(F) F(u64, job) F(u32, output) F(u32, code) F(text, why) F(key, body_key) F(u64, plain) \
	F(u64, stored) F(u32, flags) F(u32, removed)

/* Requests from outside: parsed where nothing is held. */
#define CSR_READ(F) F(u64, job) F(blob, der)
#define CSR_FACTS(F) F(u64, job) F(u32, code) F(text, why) F(blob, spki)
/* Are these the root and intermediate that these fields make? critical: 0 or 1 for the name constraints. */
#define CHAIN_CHECK(F) F(u64, job) F(blob, root) F(blob, intermediate) F(blob, intermediate_spki) \
	F(text, root_cn) F(text, intermediate_cn) F(text, mailbox) F(list, domains) F(u32, critical) \
	F(i64, not_before) F(i64, not_after)
#define CHAIN_CHECKED(F) F(u64, job) F(u32, code) F(text, why)

/* ---- core <-> vault -------------------------------------------------------------------------------------------- */

/* The column and hash keys: unwrapped, or made when both are empty. */
#define STORE_KEYS(F) F(u64, req) F(blob, wrapped_column) F(blob, wrapped_hash)
#define STORE_KEYS_ANSWER(F) F(u64, req) F(u32, code) F(text, why) F(key, column) F(key, hash) \
	F(blob, wrapped_column) F(blob, wrapped_hash) F(blob, master_id)
/* A new intermediate from a spare key. Its limits are wrapped with it: the vault believes them later, not core. */
#define INTERMEDIATE(F) F(u64, req) F(u64, user) F(u64, profile) F(blob, spare) F(text, subject_cn) \
	F(text, root_cn) F(text, mailbox) F(list, domains) F(u32, critical) F(i64, not_before) \
	F(i64, not_after)
#define INTERMEDIATE_ANSWER(F) F(u64, req) F(u32, code) F(text, why) F(blob, wrapped_ca) \
	F(blob, csr) F(blob, spki)
/* The user's certificate for a public key from a CSR. */
#define ISSUE_USER(F) F(u64, req) F(u64, user) F(u64, profile) F(blob, wrapped_ca) F(blob, spki) \
	F(i64, not_before) F(i64, not_after)
/* A sender's certificate: a spare key becomes a leaf of this user and profile. */
#define ISSUE_SENDER(F) F(u64, req) F(u64, user) F(u64, profile) F(blob, wrapped_ca) F(blob, spare) \
	F(text, address) F(i64, not_before) F(i64, not_after)
#define ISSUED(F) F(u64, req) F(u32, code) F(text, why) F(blob, cert) F(blob, wrapped_leaf)
/* Wrapped keys of any kind, wrapped anew under the master key that seals now; what could not be opened comes back empty.
 * With none, only the id of that master key is asked for. */
#define REWRAP(F) F(u64, req) F(list, wrapped)
#define REWRAPPED(F) F(u64, req) F(u32, code) F(text, why) F(blob, master_id) F(list, wrapped)
/* One leaf key of that user for a job of that scribe, which hears LENT. */
#define LEND_SCRIBE(F) F(u32, scribe) F(u64, job) F(u64, key_id) F(u64, user) F(u64, profile) F(blob, wrapped_leaf)
/* One into the socket, for what opener has forked. +1 descriptor */
#define LEND(F) F(u64, user) F(u64, profile) F(blob, wrapped_leaf)

/* ---- core <-> keygen <-> vault --------------------------------------------------------------------------------- */

#define KEY_MAKE(F) F(u64, req) F(u32, alg)
#define KEY_MADE(F) F(u64, req) F(u32, code) F(text, why) F(u32, alg) F(blob, wrapped)
#define SPARE_WRAP(F) F(u64, req) F(u32, alg) F(key, record)
#define SPARE_WRAPPED(F) F(u64, req) F(u32, code) F(text, why) F(u32, alg) F(blob, wrapped)

/* ---- CLI (and later web) <-> core ------------------------------------------------------------------------------ */

/* A request of the table in role/core/calls.c. args: pairs name, value. */
#define CALL(F) F(u64, id) F(text, verb) F(list, args)
/* Records of the answer, in as many messages as it takes (`more` set on all but the last). records: items, each a list
 * of triples name, type ("s" text, "n" number, "b" boolean "0"/"1", "t" UTC seconds, "x" bytes), value. why: one
 * sentence for a person (records: a password may be among them, so they are wiped); arg: the name of the argument that is wrong, when one is. */
#define ANSWER(F) F(u64, id) F(u32, code) F(text, why) F(text, arg) F(u32, more) F(key, records)

/* web -> core: the same for whoever has this token (empty: nobody yet). What it may ask, and that it is about its own things
 * alone, is core's to check. client: address of the browser, for bounds; agent: what it calls itself. Answered by ANSWER. */
#define WEB_CALL(F) F(u64, id) F(key, token) F(text, client) F(text, agent) F(text, verb) F(list, args)

#define IPC_MESSAGES(M)                                                                                              \
	M(role_begin, ROLE_BEGIN) M(role_peer, ROLE_PEER) M(role_listen, ROLE_LISTEN) M(role_conf, ROLE_CONF) M(role_master, ROLE_MASTER)    \
	M(role_tls, ROLE_TLS) M(role_route, ROLE_ROUTE) M(role_go, ROLE_GO) M(role_ready, ROLE_READY) M(role_lost, ROLE_LOST) M(role_stop, ROLE_STOP)                  \
	M(rcpt_ask, RCPT_ASK) M(rcpt_answer, RCPT_ANSWER) M(accept_ask, ACCEPT_ASK) M(accept_answer, ACCEPT_ANSWER)  \
	M(auth_ask, AUTH_ASK) M(auth_answer, AUTH_ANSWER)                                                            \
	M(gate_facts, GATE_FACTS) M(deliver, DELIVER) M(delivered, DELIVERED) M(names_ask, NAMES_ASK) M(names_answer, NAMES_ANSWER)                                                                  \
	M(scan_job, SCAN_JOB) M(scanned, SCANNED) M(seal, SEAL) M(need_key, NEED_KEY) M(lent, LENT)                          \
	M(sealed, SEALED) M(job_end, JOB_END)                                                                        \
	M(open_fork, OPEN_FORK) M(open_begin, OPEN_BEGIN) M(open_key, OPEN_KEY) M(key_road, KEY_ROAD) M(opened_facts, OPENED)              \
	M(scrub, SCRUB) M(scrubbed, SCRUBBED)                                                                        \
	M(csr_read, CSR_READ) M(csr_facts, CSR_FACTS) M(chain_check, CHAIN_CHECK) M(chain_checked, CHAIN_CHECKED)    \
	M(store_keys, STORE_KEYS) M(store_keys_answer, STORE_KEYS_ANSWER) M(intermediate, INTERMEDIATE)              \
	M(intermediate_answer, INTERMEDIATE_ANSWER) M(issue_user, ISSUE_USER) M(issue_sender, ISSUE_SENDER)          \
	M(issued, ISSUED) M(rewrap, REWRAP) M(rewrapped, REWRAPPED) M(lend_scribe, LEND_SCRIBE) M(lend, LEND)                                                                              \
	M(key_make, KEY_MAKE) M(key_made, KEY_MADE) M(spare_wrap, SPARE_WRAP) M(spare_wrapped, SPARE_WRAPPED)        \
	M(call, CALL) M(answer, ANSWER) M(web_call, WEB_CALL)
// clang-format on

#define IPC_TAG(lower, FIELDS) IPC_##lower,
enum ipc_tag { IPC_NONE, IPC_MESSAGES(IPC_TAG) IPC_TAGS };

IPC_MESSAGES(IPC_STRUCT)

/* Size of the largest message struct, for a decoder's scratch. */
enum { IPC_STRUCT_MAX = 512 };

/* A record: tag and fields. FAIL_LIMIT past IPC_RECORD_MAX. `out` may be reused; it is cleared first. */
MUST_CHECK int ipc_encode(enum ipc_tag tag, const void *msg, struct buf *out, struct fail *f);
/* Fills the struct of *ret_tag at `out`, IPC_STRUCT_MAX bytes, aligned for any type. FAIL_SYNTAX. */
MUST_CHECK int ipc_decode(struct str record, enum ipc_tag *ret_tag, void *out, struct fail *f);
const char *ipc_name(enum ipc_tag tag);
bool ipc_has_key(enum ipc_tag tag); /* some field is key material */

#endif
