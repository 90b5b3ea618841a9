#include "crypto/aead.h"
#include "crypto/cert_in.h"
#include "crypto/oid.h"

/* What is written, in this order, and nothing else; another writer (the browser's) makes the same bytes, for
 * cert_check() compares bytes.
 *
 *   TBSCertificate  version 2, serial, signature algorithm, issuer, validity, subject, SPKI, extensions
 *   Name            RDN O = UTF8String "Postern", RDN CN = UTF8String
 *   Extensions      1 basicConstraints  critical; {TRUE, 1} root, {TRUE, 0} intermediate, {} leaves
 *                   2 keyUsage          critical
 *                   3 extKeyUsage       { emailProtection }
 *                   4 nameConstraints   root and intermediate; critical when the profile says so:
 *                                       permitted rfc822Name: the domains as given, then the mailbox;
 *                                       excluded: dNSName "", 0.0.0.0/0, ::/0
 *                   4 subjectAltName    leaves: rfc822Name, or SmtpUTF8Mailbox for a non-ASCII local part
 *                   5 subjectKeyIdentifier    SHA-1 of the key's bits
 *                   6 authorityKeyIdentifier  keyIdentifier of the issuer (not in requests)
 *
 * rfc822Name constraints are ASCII (RFC 9598 6): a mailbox with a non-ASCII local part is permitted by its domain. */

static const struct shape {
	struct str basic; /* DER of BasicConstraints */
	bool is_ca;
} shapes[] = {
	[CERT_ROOT] = { STR_INIT("\x30\x06\x01\x01\xff\x02\x01\x01"), true },
	[CERT_INTERMEDIATE] = { STR_INIT("\x30\x06\x01\x01\xff\x02\x01\x00"), true },
	[CERT_USER] = { STR_INIT("\x30\x00"), false },
	[CERT_SENDER] = { STR_INIT("\x30\x00"), false },
};

/* --- what goes together ------------------------------------------------------------------------------- */

static bool in_set(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool is_alnum(char c)
{
	return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9');
}

/* Letters, digits and inner hyphens (RFC 1123 2.1); so nothing here is a wildcard, a subtree or an IP address. */
static bool is_domain(struct str s)
{
	struct str label;
	bool alpha = false;

	if (s.n == 0 || s.n > 253)
		return false;
	while (s.p) {
		label = str_cut(&s, '.');
		if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
			return false;
		alpha = false;
		for (size_t i = 0; i < label.n; i++) {
			if (!is_alnum(label.p[i]) && label.p[i] != '-')
				return false;
			alpha = alpha || label.p[i] > '9';
		}
	}
	return alpha;
}

static bool is_lower_domain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != ascii_lower(s.p[i]))
			return false;
	return is_domain(s);
}

static bool is_quoted(struct str s)
{
	if (s.n < 3 || s.p[0] != '"' || s.p[s.n - 1] != '"')
		return false;
	for (size_t i = 1; i < s.n - 1; i++) {
		if ((uint8_t)s.p[i] < ' ' || s.p[i] == 0x7f || s.p[i] == '"')
			return false;
		if (s.p[i] == '\\' && (++i == s.n - 1 || (uint8_t)s.p[i] < ' ' || s.p[i] == 0x7f))
			return false;
	}
	return true;
}

static bool is_atoms(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && (uint8_t)s.p[i] < 0x80 && !in_set(s.p[i], ".!#$%&'*+-/=?^_`{|}~"))
			return false;
	return s.n > 0;
}

struct str cert_mailbox_domain(struct str mailbox)
{
	size_t at = str_rchr(mailbox, '@');

	return at == mailbox.n ? mailbox : str_from(mailbox, at + 1);
}

bool cert_mailbox_ok(struct str mailbox, bool utf8)
{
	size_t at = str_rchr(mailbox, '@');
	struct str local = str_first(mailbox, at);

	if (at == mailbox.n || at > 64 || !(utf8 ? str_is_utf8(local) : str_is_ascii(local)))
		return false;
	return (is_quoted(local) || is_atoms(local)) && is_domain(str_from(mailbox, at + 1));
}

static bool permits(const struct cert_constraints *c, struct str email)
{
	struct str domain = cert_mailbox_domain(email), of_mailbox = cert_mailbox_domain(c->mailbox);
	size_t local = email.n - domain.n;

	for (size_t i = 0; i < c->n_domains; i++)
		if (str_eq_nocase(c->domains[i], domain))
			return true;
	if (!str_eq_nocase(of_mailbox, domain))
		return false;
	return c->mailbox.n == of_mailbox.n || !str_is_ascii(c->mailbox) ||
	       str_eq(str_first(c->mailbox, c->mailbox.n - of_mailbox.n), str_first(email, local));
}

static int check_constraints(const struct cert_constraints *c, struct fail *f)
{
	if (!c)
		return fail(f, FAIL_DENIED, "an authority without name constraints");
	if (c->n_domains > CERT_DOMAINS_MAX)
		return fail(f, FAIL_BUG, "%zu domains", c->n_domains);
	if (c->n_domains == 0 && c->mailbox.n == 0)
		return fail(f, FAIL_DENIED, "name constraints that permit nothing");
	for (size_t i = 0; i < c->n_domains; i++)
		if (!is_lower_domain(c->domains[i]))
			return fail(f, FAIL_DENIED, "a constraint that is no domain in A-labels");
	if (c->mailbox.n && !cert_mailbox_ok(c->mailbox, true) && !is_lower_domain(c->mailbox))
		return fail(f, FAIL_DENIED, "a constraint that is no mailbox");
	return OK;
}

static size_t utf8_chars(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((uint8_t)s.p[i] & 0xc0) != 0x80;
	return n;
}

static int check_names(const struct cert_fields *c, const struct key *issuer, struct fail *f)
{
	const struct str names[] = { c->subject_cn, issuer ? c->issuer_cn : STR("-") };

	for (size_t i = 0; i < 2; i++) {
		if (names[i].n == 0 || !str_is_utf8(names[i]))
			return fail(f, FAIL_DENIED, "common name is empty or not UTF-8");
		for (size_t k = 0; k < names[i].n; k++)
			if ((uint8_t)names[i].p[k] < ' ' || names[i].p[k] == 0x7f)
				return fail(f, FAIL_DENIED, "control byte in a common name");
		if (utf8_chars(names[i]) > CN_MAX && (i == 1 || shapes[c->kind].is_ca))
			return fail(f, FAIL_DENIED, "common name of more than %d characters", CN_MAX);
	}
	if (issuer && (c->kind == CERT_ROOT) != str_eq(c->subject_cn, c->issuer_cn))
		return fail(f, FAIL_DENIED, "only a root names itself as its issuer");
	return OK;
}

static int check_leaf(const struct cert_fields *c, struct fail *f)
{
	if (!cert_mailbox_ok(c->email, true))
		return fail(f, FAIL_DENIED, "email is no mailbox with a domain in A-labels");
	if (!str_eq(c->email, c->subject_cn))
		return fail(f, FAIL_DENIED, "common name of a leaf is not its email");
	if (c->constraints && !permits(c->constraints, c->email))
		return fail(f, FAIL_DENIED, "email lies outside of the issuer's constraints");
	return OK;
}

int cert_fields_check(const struct cert_fields *c, const struct key *issuer, struct fail *f)
{
	if (c->kind < CERT_ROOT || c->kind > CERT_SENDER || !c->subject_key)
		return fail(f, FAIL_BUG, "certificate of kind %d", (int)c->kind);
	TRY(check_names(c, issuer, f));
	if (issuer && (c->kind == CERT_ROOT) != key_eq(c->subject_key, issuer))
		return fail(f, FAIL_DENIED, "only a root is signed by its own key");
	if (issuer && c->not_before >= c->not_after)
		return fail(f, FAIL_DENIED, "ends before it begins");
	if (!shapes[c->kind].is_ca)
		return check_leaf(c, f);
	if (c->email.n)
		return fail(f, FAIL_DENIED, "an authority with an email");
	return check_constraints(c->constraints, f);
}

/* --- writing ------------------------------------------------------------------------------------------ */

static void put_rdn(struct buf *b, struct str oid, struct str text)
{
	size_t set = der_open(b, DER_SET), seq = der_open(b, DER_SEQ);

	der_put(b, DER_OID, oid);
	der_put(b, DER_UTF8, text);
	der_close(b, seq);
	der_close(b, set);
}

/* X.520 bounds a common name at 64 characters, addresses at 254 bytes: a longer one is told by its beginning and a
 * digest. '~' stands in no host name, so that no DNS constraint is applied to it. */
static void put_cn(struct buf *b, struct str cn)
{
	enum { BEGINNING = 31, HEX_BYTES = 16 };
	OWN(buf) cut = BUF(256);
	uint8_t digest[32];
	size_t n = BEGINNING;

	if (utf8_chars(cn) <= CN_MAX) {
		put_rdn(b, OID_CN, cn);
		return;
	}
	while (((uint8_t)cn.p[n] & 0xc0) == 0x80)
		n--;
	sha256(cn, digest);
	buf_add(&cut, str_first(cn, n));
	buf_addc(&cut, '~');
	for (size_t i = 0; i < HEX_BYTES; i++)
		buf_addf(&cut, "%02x", (unsigned)digest[i]);
	put_rdn(b, OID_CN, buf_str(&cut));
}

void cert_put_name(struct buf *b, struct str cn)
{
	size_t seq = der_open(b, DER_SEQ);

	put_rdn(b, OID_O, STR("Postern"));
	put_cn(b, cn);
	der_close(b, seq);
}

struct ext {
	size_t seq, value;
};

static struct ext ext_open(struct buf *b, struct str oid, bool critical)
{
	struct ext e = { .seq = der_open(b, DER_SEQ) };

	der_put(b, DER_OID, oid);
	if (critical)
		der_put_true(b);
	e.value = der_open(b, DER_OCTETS);
	return e;
}

static void ext_close(struct buf *b, struct ext e)
{
	der_close(b, e.value);
	der_close(b, e.seq);
}

static void put_ext(struct buf *b, struct str oid, bool critical, struct str value)
{
	struct ext e = ext_open(b, oid, critical);

	buf_add(b, value);
	ext_close(b, e);
}

/* Named bits, DER: no trailing zeros. keyCertSign + cRLSign; digitalSignature + keyEncipherment or keyAgreement. */
static struct str usage_of(const struct cert_fields *c)
{
	if (shapes[c->kind].is_ca)
		return STR("\x03\x02\x01\x06");
	return c->subject_key->curve ? STR("\x03\x02\x03\x88") : STR("\x03\x02\x05\xa0");
}

static void put_subtree(struct buf *b, uint8_t tag, struct str name)
{
	size_t seq = der_open(b, DER_SEQ);

	der_put(b, tag, name);
	der_close(b, seq);
}

static void put_constraints(struct buf *b, const struct cert_constraints *c)
{
	static const char zeros[32];
	struct ext e = ext_open(b, OID_NAME_CONSTRAINTS, c->critical);
	size_t seq = der_open(b, DER_SEQ), list = der_open(b, DER_CONTEXT_SEQ + 0);

	for (size_t i = 0; i < c->n_domains; i++)
		put_subtree(b, DER_CONTEXT + 1, c->domains[i]);
	if (c->mailbox.n)
		put_subtree(b, DER_CONTEXT + 1,
		            str_is_ascii(c->mailbox) ? c->mailbox : cert_mailbox_domain(c->mailbox));
	der_close(b, list);
	list = der_open(b, DER_CONTEXT_SEQ + 1);
	put_subtree(b, DER_CONTEXT + 2, STR_NONE);
	put_subtree(b, DER_CONTEXT + 7, str_of(zeros, 8));
	put_subtree(b, DER_CONTEXT + 7, str_of(zeros, 32));
	der_close(b, list);
	der_close(b, seq);
	ext_close(b, e);
}

static void put_san(struct buf *b, struct str email)
{
	struct ext e = ext_open(b, OID_SAN, false);
	size_t seq = der_open(b, DER_SEQ), other, value;

	if (str_is_ascii(email)) {
		der_put(b, DER_CONTEXT + 1, email);
	} else {
		other = der_open(b, DER_CONTEXT_SEQ + 0);
		der_put(b, DER_OID, OID_SMTP_UTF8);
		value = der_open(b, DER_CONTEXT_SEQ + 0);
		der_put(b, DER_UTF8, email);
		der_close(b, value);
		der_close(b, other);
	}
	der_close(b, seq);
	ext_close(b, e);
}

static void put_key_ids(struct buf *b, const struct key *subject, const struct key *issuer)
{
	struct ext e = ext_open(b, OID_SKI, false);
	size_t seq;

	der_put(b, DER_OCTETS, str_of(subject->id, KEY_ID));
	ext_close(b, e);
	if (!issuer)
		return;
	e = ext_open(b, OID_AKI, false);
	seq = der_open(b, DER_SEQ);
	der_put(b, DER_CONTEXT + 0, str_of(issuer->id, KEY_ID));
	der_close(b, seq);
	ext_close(b, e);
}

void cert_put_extensions(struct buf *b, const struct cert_fields *c, const struct key *issuer)
{
	size_t seq = der_open(b, DER_SEQ), eku;
	struct ext e;

	put_ext(b, OID_BASIC, true, shapes[c->kind].basic);
	put_ext(b, OID_KEY_USAGE, true, usage_of(c));
	e = ext_open(b, OID_EKU, false);
	eku = der_open(b, DER_SEQ);
	der_put(b, DER_OID, OID_EMAIL_PROTECTION);
	der_close(b, eku);
	ext_close(b, e);
	if (shapes[c->kind].is_ca)
		put_constraints(b, c->constraints);
	else
		put_san(b, c->email);
	put_key_ids(b, c->subject_key, issuer);
	der_close(b, seq);
}

void cert_put_tbs(struct buf *b, const struct cert_fields *c, const struct key *issuer, struct str serial)
{
	size_t tbs = der_open(b, DER_SEQ), part = der_open(b, DER_CONTEXT_SEQ + 0);

	der_put_small(b, 2);
	der_close(b, part);
	der_put_uint(b, serial);
	buf_add(b, key_sig_alg(issuer));
	cert_put_name(b, c->issuer_cn);
	part = der_open(b, DER_SEQ);
	der_put_time(b, c->not_before);
	der_put_time(b, c->not_after);
	der_close(b, part);
	cert_put_name(b, c->subject_cn);
	buf_add(b, buf_str(&c->subject_key->spki));
	part = der_open(b, DER_CONTEXT_SEQ + 3);
	cert_put_extensions(b, c, issuer);
	der_close(b, part);
	der_close(b, tbs);
}

int cert_put_signed(struct buf *out, struct str tbs, const struct key *signer, struct fail *f)
{
	struct str alg = key_sig_alg(signer);
	uint8_t digest[32], sig[KEY_SIG_MAX];
	size_t n;

	sha256(tbs, digest);
	TRY(key_sign(signer, digest, sig, &n, f));
	der_put_head(out, DER_SEQ, tbs.n + alg.n + der_head_size(n + 1) + n + 1);
	buf_add(out, tbs);
	buf_add(out, alg);
	der_put_bits(out, 0, str_of(sig, n));
	return out->over ? fail(f, FAIL_LIMIT, "no room for a certificate") : OK;
}
