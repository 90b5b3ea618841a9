/* edges_fuzz.c - the vault as a hostile core and a hostile keygen hear it. The target knows the master key, so it can look into
 * whatever is wrapped. Laws: a private key leaves for nobody but a scribe's road or an answer's socket, and there only the leaf of the user and profile
 * that were named; what is wrapped has the label that was asked for, and the key and the limits that went in; what is issued lies
 * within what its authority may say. */
#include "role/play_fuzz.h"

#include "crypto/aead.h"
#include "crypto/cert.h"
#include "crypto/wrap.h"
#include "role/vault/ca.h"
#include "role/vault/vault.h"
#include "sys/sock.h"

#include <poll.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define CONF "[domains]\nrelay = relay.example\n[routes]\ndefault = 127.0.0.1:9\n"
enum {
	NOW = 1795435200,
	DAY = 86400,
	USERS = 2,
	CORE = 0,
	KEYGEN = 1,
	SCALAR_AT = 2,
	SCALAR = 32
}; /* where it stands in a key's record: crypto/key.c */

static const char master_key[32] = "a master key that is only a test";
static struct secret master;

/* The kinds of key that there are, of two users. */
static struct user {
	struct secret spare, leaf, ca;
} users[USERS];
static struct secret columns[2];

/* ---- what is wrapped ------------------------------------------------------------------------------------------------ */

/* NULL: it does not open. */
static bool opens(struct str wrapped, struct wrap_label *ret_label, struct secret *ret)
{
	return wrap_open(&master, wrapped, ret_label, ret, NULL) == OK;
}

static void must_be(struct str wrapped, enum wrap_kind kind, uint64_t user, uint64_t profile,
                    struct secret *ret)
{
	struct wrap_label l;

	law(opens(wrapped, &l, ret), "what it wraps opens under its key");
	law(l.kind == kind && l.user == user && l.profile == profile,
	    "what it wraps has the label that was asked for");
}

/* ---- laws ----------------------------------------------------------------------------------------------------------- */

static struct asked {
	struct store_keys keys;
	struct intermediate inter;
	struct issue_user user;
	struct issue_sender sender;
	struct rewrap rewrap;
	struct lend_scribe lend;
} last;
static struct arena last_arena; /* of their texts */

static void no_private_key(struct str record)
{
	for (int i = 0; i < USERS; i++) {
		const struct secret *all[] = { &users[i].spare, &users[i].leaf, &users[i].ca };

		for (int k = 0; k < 3; k++) {
			struct str s = secret_str(all[k]);

			law(str_find(record, str_first(str_from(s, SCALAR_AT), SCALAR)) == record.n,
			    "a private key was told");
		}
	}
	law(str_find(record, secret_str(&master)) == record.n, "the master key was told");
}

static void check_store_key(struct str asked, struct str key, struct str wrapped, enum wrap_kind kind)
{
	OWN(secret) s = SECRET_NONE;

	must_be(wrapped, kind, 0, 0, &s);
	law(str_eq(secret_str(&s), key), "the store's key is the one that is wrapped");
	law(!asked.n || str_eq(asked, wrapped), "one that is there stays");
}

static void heard_keys(const struct store_keys_answer *m)
{
	if (m->code) {
		law(!m->column.n && !m->hash.n, "no key with a refusal");
		return;
	}
	check_store_key(last.keys.wrapped_column, m->column, m->wrapped_column, WRAP_COLUMN);
	check_store_key(last.keys.wrapped_hash, m->hash, m->wrapped_hash, WRAP_HASH);
}

static void heard_intermediate(const struct intermediate_answer *m)
{
	OWN(secret) bytes = SECRET_NONE;
	OWN(secret) spare = SECRET_NONE;
	struct wrap_label l;
	struct ca ca;

	if (m->code)
		return;
	must_be(m->wrapped_ca, WRAP_CA, last.inter.user, last.inter.profile, &bytes);
	law(ca_read(secret_str(&bytes), &ca, NULL) == OK, "an authority is read again");
	law(opens(last.inter.spare, &l, &spare) && l.kind == WRAP_SPARE, "an authority comes of a spare key");
	law(str_eq(ca.record, secret_str(&spare)), "its key is that of the request");
	law(str_eq(ca.mailbox, last.inter.mailbox) && str_eq(ca.domains, last.inter.domains) &&
	            ca.not_before == last.inter.not_before && ca.not_after == last.inter.not_after,
	    "its limits are those of the request");
}

static bool in_domains(const struct ca *ca, struct str address)
{
	struct str list = ca->domains, domain, host = str_from(address, str_rchr(address, '@') + 1);

	while (list_next(&list, &domain))
		if (str_eq(domain, host))
			return true;
	return false;
}

static void check_issued(struct str der, struct str wrapped_ca, uint64_t user, uint64_t profile, bool to_user)
{
	OWN(secret) bytes = SECRET_NONE;
	OWN(arena) a = ARENA;
	struct cert_facts c;
	struct wrap_label l;
	struct ca ca;

	law(opens(wrapped_ca, &l, &bytes) && l.kind == WRAP_CA && l.user == user && l.profile == profile,
	    "an authority of that user and profile issues");
	law(ca_read(secret_str(&bytes), &ca, NULL) == OK && cert_read(der, &a, &c, NULL) == OK,
	    "what is issued is a certificate");
	law(!c.is_ca && c.n_emails == 1, "of one address, and no authority");
	law(to_user ? str_eq(c.emails[0], ca.mailbox) : in_domains(&ca, c.emails[0]),
	    "of an address within its limits");
	law(c.not_before >= ca.not_before && c.not_after <= ca.not_after, "within its time");
}

static void heard_issued(const struct issued *m)
{
	OWN(secret) leaf = SECRET_NONE;
	OWN(secret) spare = SECRET_NONE;
	struct wrap_label l;

	if (m->code) {
		law(!m->cert.n && !m->wrapped_leaf.n, "nothing with a refusal");
		return;
	}
	if (!m->wrapped_leaf.n) {
		check_issued(m->cert, last.user.wrapped_ca, last.user.user, last.user.profile, true);
		return;
	}
	check_issued(m->cert, last.sender.wrapped_ca, last.sender.user, last.sender.profile, false);
	must_be(m->wrapped_leaf, WRAP_LEAF, last.sender.user, last.sender.profile, &leaf);
	law(opens(last.sender.spare, &l, &spare) && l.kind == WRAP_SPARE && secret_eq(&leaf, &spare),
	    "a leaf comes of a spare key");
}

static void heard_rewrapped(const struct rewrapped *m)
{
	struct str in = last.rewrap.wrapped, out = m->wrapped, was, is;

	while (!m->code && list_next(&in, &was)) {
		OWN(secret) before = SECRET_NONE;
		OWN(secret) after = SECRET_NONE;
		struct wrap_label l;

		law(list_next(&out, &is), "as many come back");
		law(opens(was, &l, &before) == (is.n > 0), "what opens comes back, and nothing else");
		if (!is.n)
			continue;
		must_be(is, l.kind, l.user, l.profile, &after);
		law(secret_eq(&before, &after), "the same key");
	}
}

static void heard_spare(const struct spare_wrapped *m)
{
	OWN(secret) s = SECRET_NONE;

	if (!m->code)
		must_be(m->wrapped, WRAP_SPARE, 0, 0, &s);
}

static void heard_lent(const struct lent *m)
{
	const struct lend_scribe *asked = &last.lend;
	OWN(secret) leaf = SECRET_NONE;
	struct wrap_label l;

	if (!m->record.n)
		return;
	law(m->job == asked->job && m->key_id == asked->key_id, "it is lent for the job that was named");
	law(opens(asked->wrapped_leaf, &l, &leaf), "what is lent was wrapped");
	law(l.kind == WRAP_LEAF && l.user == asked->user && l.profile == asked->profile,
	    "a leaf of that user and profile is lent");
	law(str_eq(secret_str(&leaf), m->record), "the key that was wrapped is lent");
}

static void heard(unsigned road, enum ipc_tag tag, const void *msg, struct str record, struct ipc_fds *fds)
{
	if (tag == IPC_lent)
		heard_lent(msg);
	else
		no_private_key(record);
	if (tag == IPC_store_keys_answer)
		heard_keys(msg);
	if (tag == IPC_intermediate_answer)
		heard_intermediate(msg);
	if (tag == IPC_issued)
		heard_issued(msg);
	if (tag == IPC_rewrapped)
		heard_rewrapped(msg);
	if (tag == IPC_spare_wrapped)
		heard_spare(msg);
}

/* Its texts live in the tape until the next message is made: copies. */
static void said(unsigned road, enum ipc_tag tag, const void *msg)
{
	OWN(buf) b = BUF(IPC_RECORD_MAX);
	_Alignas(max_align_t) char copy[IPC_STRUCT_MAX];
	enum ipc_tag again;

	if (ipc_encode(tag, msg, &b, NULL) < 0 ||
	    ipc_decode(arena_str(&last_arena, buf_str(&b)), &again, copy, NULL) < 0)
		return;
	if (tag == IPC_store_keys)
		last.keys = *(const struct store_keys *)(const void *)copy;
	if (tag == IPC_intermediate)
		last.inter = *(const struct intermediate *)(const void *)copy;
	if (tag == IPC_issue_user)
		last.user = *(const struct issue_user *)(const void *)copy;
	if (tag == IPC_issue_sender)
		last.sender = *(const struct issue_sender *)(const void *)copy;
	if (tag == IPC_rewrap)
		last.rewrap = *(const struct rewrap *)(const void *)copy;
	if (tag == IPC_lend_scribe)
		last.lend = *(const struct lend_scribe *)(const void *)copy;
}

/* ---- steps of its own: a request that is nearly right ---------------------------------------------------------------- */

/* Of the wrapped keys, which the tape knows from the first text on: kinds by turns, see know_keys(). */
enum { LEND, NEAR, LEND_SCRIBE };

static void lend(struct tape *t)
{
	struct lend m = { tape_number(t), tape_number(t), tape_text(t) };
	OWN(secret) leaf = SECRET_NONE;
	struct wrap_label l;
	char got[8192];
	size_t n = 0, n_fds = 0;
	int two[2], fds[SOCK_FDS_MAX], r;

	law(sock_pair(true, two, NULL) == OK, "a pair");
	play_say(CORE, IPC_lend, &m, &two[0], 1);
	close(two[0]);
	play_turn();
	r = sock_recv(two[1], got, sizeof(got), &n, fds, &n_fds, NULL);
	law(n_fds == 0, "no descriptor is lent");
	close(two[1]);
	if (r < 0 || !n)
		return;
	law(opens(m.wrapped_leaf, &l, &leaf), "what is lent was wrapped");
	law(l.kind == WRAP_LEAF && l.user == m.user && l.profile == m.profile,
	    "a leaf of that user and profile is lent");
	law(str_eq(secret_str(&leaf), str_of(got, n)), "the key that was wrapped is lent");
}

static struct buf spki;

static void near(struct tape *t)
{
	uint8_t b = tape_byte(t);
	struct str domains = STR("\15\0\0\0relay.example");
	const uint64_t user = 1 + b / 4u % 2, profile = 1;
	struct issue_sender s = { 1,   user,     profile, tape_text(t), tape_text(t), STR("r1@relay.example"),
		                  NOW, NOW + DAY };
	struct issue_user u = { 2, user, profile, s.wrapped_ca, buf_str(&spki), NOW, NOW + DAY };
	struct intermediate i = {
		3,       user, profile, s.wrapped_ca, STR("int"), STR("root"), STR("alice@mailbox.example"),
		domains, 0,    NOW,     NOW + DAY
	};
	void *const all[] = { &s, &u, &i, &s };
	static const enum ipc_tag tags[] = { IPC_issue_sender, IPC_issue_user, IPC_intermediate,
		                             IPC_issue_sender };
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX] = { 0 };

	memcpy(msg, all[b % 4], b % 4 == 1 ? sizeof(u) : b % 4 == 2 ? sizeof(i) : sizeof(s));
	if (b & 64)
		tape_twist(t, tags[b % 4], msg);
	play_say(CORE, tags[b % 4], msg, NULL, 0);
}

static void act(unsigned k, struct tape *t)
{
	if (k == LEND)
		lend(t);
	else if (k == LEND_SCRIBE)
		PLAY(CORE, lend_scribe, 1, tape_number(t), tape_number(t), 1 + tape_byte(t) % 3u,
		     1 + tape_byte(t) % 3u, tape_text(t));
	else
		near(t);
}

/* ---- keys ----------------------------------------------------------------------------------------------------------- */

static void know(const struct secret *key, enum wrap_kind kind, uint64_t user, uint64_t profile)
{
	const struct wrap_label l = { kind, user, profile };
	OWN(buf) out = BUF(16384);

	law(wrap_seal(&master, &l, secret_str(key), &out, NULL) == OK, "a wrapped key");
	tape_know(buf_str(&out));
}

static void new_record(struct secret *ret)
{
	OWNS(key) k = NULL;

	law(key_new(KEY_P256, &k, NULL) == OK && key_export_private(k, ret, NULL) == OK, "a key");
	if (!spki.n)
		law(key_public_der(k, &spki, NULL) == OK, "its public half");
}

static void new_user(struct user *u, uint64_t id)
{
	OWN(secret) record = SECRET_NONE;
	struct ca ca = { .subject_cn = STR("int"),
		         .mailbox = STR("alice@mailbox.example"),
		         .domains = STR("\15\0\0\0relay.example"),
		         .not_before = NOW,
		         .not_after = NOW + DAY };

	new_record(&u->spare);
	new_record(&u->leaf);
	new_record(&u->ca);
	ca.record = secret_str(&u->ca);
	law(ca_print(&ca, &record, NULL) == OK, "an authority");
	know(&u->spare, WRAP_SPARE, 0, 0);
	know(&u->leaf, WRAP_LEAF, id, 1);
	know(&record, WRAP_CA, id, 1);
	know(&u->leaf, WRAP_LEAF, id, 2);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct fail f = { 0 };

	spki = BUF(1024);
	play = (struct play){ .said = said, .heard = heard, .act = act, .n_acts = 3, .one_by_one = true };
	play_begin(vault_main, CONF);
	law(crypto_init(&f) == OK, "libcrypto");
	law(secret_copy(&master, master_key, sizeof(master_key), &f) == OK, "the master key");
	law(play.def->master(play.self, secret_str(&master), STR(""), &f) == OK, "the vault takes it");
	for (unsigned i = 0; i < USERS; i++)
		new_user(&users[i], i + 1);
	for (int i = 0; i < 2; i++) {
		law(secret_new(&columns[i], 32, &f) == OK && random_bytes(columns[i].p, 32, &f) == OK,
		    "a key");
		know(&columns[i], i ? WRAP_HASH : WRAP_COLUMN, 0, 0);
	}
	tape_know(STR("relay.example"));
	tape_know(STR("r1@relay.example"));
	tape_know(STR("alice@mailbox.example"));
	tape_know(STR("\15\0\0\0relay.example"));
	tape_know(str_of(spki.p, spki.n));
	tape_know(secret_str(&users[0].leaf));
	play_road(CORE_VAULT, VAULT_CORE, ROLE_CORE, 0);
	play_road(KEYGEN_VAULT, VAULT_KEYGEN, ROLE_KEYGEN, 0);
	play_road(SCRIBE_VAULT, VAULT_SCRIBE, ROLE_SCRIBE, 1);
	play_ready();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	last = (struct asked){ 0 };
	play_input(p, n);
	arena_done(&last_arena);
	return 0;
}
