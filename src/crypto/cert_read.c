#include "crypto/cert_in.h"
#include "crypto/oid.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

DEFINE_OWNP(X509, X509_free)
DEFINE_OWNP(GENERAL_NAMES, GENERAL_NAMES_free)
DEFINE_OWNP(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free)

static bool has_controls(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((uint8_t)s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

static int read_cn(X509_NAME *name, struct arena *a, struct str *ret, struct fail *f)
{
	int at = -1, next;
	const ASN1_STRING *value;
	unsigned char *utf8 = NULL;
	struct str s;
	int n;

	while ((next = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0)
		at = next; /* the last is the most specific */
	if (at < 0)
		return OK;
	value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	n = ASN1_STRING_to_UTF8(&utf8, value);
	if (n < 0)
		return fail_ossl(f, FAIL_SYNTAX, "common name");
	s = arena_str(a, str_of(utf8, (size_t)n));
	OPENSSL_free(utf8);
	if (has_controls(s) || !str_is_utf8(s))
		return fail(f, FAIL_SYNTAX, "common name with bytes that no name has");
	*ret = s;
	return OK;
}

/* The mailbox that a name gives; false for a name of another kind. */
static bool mailbox_of(const GENERAL_NAME *name, struct str *ret, bool *ret_utf8)
{
	const ASN1_STRING *s = NULL;

	if (name->type == GEN_EMAIL)
		s = name->d.rfc822Name;
	else if (name->type == GEN_OTHERNAME &&
	         OBJ_obj2nid(name->d.otherName->type_id) == NID_id_on_SmtpUTF8Mailbox &&
	         name->d.otherName->value->type == V_ASN1_UTF8STRING)
		s = name->d.otherName->value->value.utf8string;
	if (!s)
		return false;
	*ret = str_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
	*ret_utf8 = name->type == GEN_OTHERNAME;
	return true;
}

static int read_emails(const X509 *x, struct arena *a, struct cert_facts *c, struct fail *f)
{
	OWNP(GENERAL_NAMES) names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		struct str s = STR_NONE;
		bool utf8 = false;

		if (!mailbox_of(sk_GENERAL_NAME_value(names, i), &s, &utf8))
			continue;
		if (!cert_mailbox_ok(s, utf8))
			return fail(f, FAIL_SYNTAX, "certificate for an address that is none");
		if (c->n_emails == sizeof(c->emails) / sizeof(c->emails[0]))
			return fail(f, FAIL_LIMIT, "certificate for too many addresses");
		c->emails[c->n_emails++] = arena_str(a, s);
	}
	return OK;
}

static void read_usage(X509 *x, struct cert_facts *c)
{
	OWNP(EXTENDED_KEY_USAGE) eku = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);

	c->key_usage = X509_get_key_usage(x);
	c->is_ca = (X509_get_extension_flags(x) & EXFLAG_CA) != 0;
	c->pathlen = (int)X509_get_pathlen(x);
	for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
		bool email = OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, i)) == NID_email_protect;

		c->eku_email = c->eku_email || email;
		c->eku_any_other = c->eku_any_other || !email;
	}
}

static struct str key_id(const ASN1_OCTET_STRING *id, struct arena *a)
{
	return id ? arena_str(a, str_of(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id)))
	          : STR_NONE;
}

static int read_parts(struct str der, struct cert_facts *c, struct fail *f)
{
	struct cert_parts p = { 0 };
	struct extension none = { 0 };
	struct str validity, serial;
	struct spki key;

	TRY(cert_split(der, &p, f));
	/* libcrypto looks for doubles of the extensions that it knows; here a second one of any kind is refused */
	TRY(cert_find_extension(p.extensions, STR_NONE, &none, f));
	if (!str_eq(p.alg, p.part[PART_ALG]))
		return fail(f, FAIL_SYNTAX, "two signature algorithms");
	TRY(der_get(&p.part[PART_VALIDITY], DER_SEQ, &validity, f));
	TRY(der_get_time(&validity, &c->not_before, f));
	TRY(der_get_time(&validity, &c->not_after, f));
	TRY(der_end(validity, f));
	c->serial_der = p.part[PART_SERIAL];
	TRY(der_get_uint(&p.part[PART_SERIAL], &serial, f));
	c->issuer_der = p.part[PART_ISSUER];
	c->subject_der = p.part[PART_SUBJECT];
	c->spki = p.part[PART_SPKI];
	c->alg = spki_read(c->spki, &key, NULL) == OK ? spki_alg(&key) : 0;
	return OK;
}

static int read_x509(X509 *x, struct arena *a, struct cert_facts *c, struct fail *f)
{
	if (X509_get_extension_flags(x) & EXFLAG_INVALID)
		return fail_ossl(f, FAIL_SYNTAX, "certificate with a broken extension");
	TRY(read_cn(X509_get_subject_name(x), a, &c->subject_cn, f));
	TRY(read_cn(X509_get_issuer_name(x), a, &c->issuer_cn, f));
	TRY(read_emails(x, a, c, f));
	read_usage(x, c);
	c->ski = key_id(X509_get0_subject_key_id(x), a);
	c->aki = key_id(X509_get0_authority_key_id(x), a);
	return OK;
}

/* Two readers: ours takes DER alone and gives the fields as they stand, libcrypto's knows what the extensions mean. Both
 * must agree that it is a certificate. */
int cert_read(struct str der, struct arena *a, struct cert_facts *ret, struct fail *f)
{
	struct cert_facts c = { .pathlen = -1 };
	OWNP(X509) x = NULL;
	const unsigned char *p;

	if (der.n > CERT_MAX)
		return fail(f, FAIL_LIMIT, "certificate of %zu bytes", der.n);
	der = arena_str(a, der);
	TRY(read_parts(der, &c, f));
	p = str_bytes(der);
	x = d2i_X509(NULL, &p, (long)der.n);
	if (!x)
		return fail_ossl(f, FAIL_SYNTAX, "certificate");
	TRY(read_x509(x, a, &c, f));
	ERR_clear_error();
	*ret = c;
	return OK;
}
