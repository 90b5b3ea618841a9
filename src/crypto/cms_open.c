#include "crypto/cms_open_in.h"

#include "base/mem.h"
#include "crypto/cert_in.h"
#include "crypto/oid.h"

#include <stdlib.h>

/* --- names -------------------------------------------------------------------------------------------- */

enum { NAME_SKI = DER_CONTEXT + 0, NAME_KEY_ID = DER_CONTEXT_SEQ + 0 };

struct str cms_cert_ski(const struct cms_cert *cert)
{
	struct cert_parts p = { 0 };
	struct extension e = { 0 };
	struct str id = STR_NONE;

	if (cert_split(buf_str(&cert->der), &p, NULL) < 0 ||
	    cert_find_extension(p.extensions, OID_SKI, &e, NULL) < 0 || !e.oid.n)
		return str_of(cert->key->id, KEY_ID);
	return der_get(&e.value, DER_OCTETS, &id, NULL) < 0 || e.value.n ? STR_NONE : id;
}

bool cms_name_is(const struct cms_name *name, const struct cms_cert *cert)
{
	if (name->sid.n)
		return str_eq(name->sid, buf_str(&cert->sid));
	return name->ski.n && str_eq(name->ski, cms_cert_ski(cert));
}

/* issuerAndSerialNumber, or [0] subjectKeyIdentifier; a key agreement's [0] holds more beside it. */
int cms_get_name(struct str *in, struct cms_name *ret, struct fail *f)
{
	struct der d = { 0 };

	*ret = (struct cms_name){ STR_NONE, STR_NONE };
	TRY(der_next(in, &d, f));
	if (d.tag == DER_SEQ)
		ret->sid = d.whole;
	else if (d.tag == NAME_SKI)
		ret->ski = d.body;
	else if (d.tag == NAME_KEY_ID)
		TRY(der_get(&d.body, DER_OCTETS, &ret->ski, f));
	else
		return fail(f, FAIL_SYNTAX, "a recipient without a name");
	return OK;
}

/* --- recipients --------------------------------------------------------------------------------------- */

static int add_recipient(struct cms_in *c, const struct cms_recipient *r, struct fail *f)
{
	if (c->n_recipients == CMS_RECIPIENTS_MAX)
		return fail(f, FAIL_LIMIT, "more than %d recipients", (int)CMS_RECIPIENTS_MAX);
	c->recipients[c->n_recipients++] = *r;
	return OK;
}

/* KeyTransRecipientInfo, RFC 5652 6.2.1. */
static int read_transport(struct cms_in *c, struct str in, struct fail *f)
{
	struct cms_recipient r = { .agree = false };
	struct str version;

	TRY(der_get(&in, DER_INTEGER, &version, f));
	TRY(cms_get_name(&in, &r.name, f));
	TRY(der_get(&in, DER_SEQ, &r.alg, f));
	TRY(der_get(&in, DER_OCTETS, &r.wrapped, f));
	TRY(der_end(in, f));
	return add_recipient(c, &r, f);
}

/* KeyAgreeRecipientInfo, RFC 5652 6.2.2: a name and a wrapped key for each of several. */
static int read_agreement(struct cms_in *c, struct str in, struct fail *f)
{
	struct cms_recipient r = { .agree = true };
	struct str version, keys;
	struct der ukm = { 0 };

	TRY(der_get(&in, DER_INTEGER, &version, f));
	TRY(der_get(&in, DER_CONTEXT_SEQ + 0, &r.originator, f));
	if (der_is(in, DER_CONTEXT_SEQ + 1)) {
		TRY(der_next(&in, &ukm, f));
		r.ukm = ukm.body;
	}
	TRY(der_get(&in, DER_SEQ, &r.alg, f));
	TRY(der_get(&in, DER_SEQ, &keys, f));
	TRY(der_end(in, f));
	while (keys.n) {
		struct str one = STR_NONE;

		TRY(der_get(&keys, DER_SEQ, &one, f));
		TRY(cms_get_name(&one, &r.name, f));
		TRY(der_get(&one, DER_OCTETS, &r.wrapped, f));
		TRY(der_end(one, f));
		TRY(add_recipient(c, &r, f));
	}
	return OK;
}

static int read_recipients(struct cms_in *c, struct str set, struct fail *f)
{
	for (size_t n = 0; set.n; n++) {
		struct der d = { 0 };

		if (n == CMS_RECIPIENTS_MAX)
			return fail(f, FAIL_LIMIT, "more than %d recipients", (int)CMS_RECIPIENTS_MAX);
		TRY(der_next(&set, &d, f));
		if (d.tag == DER_SEQ)
			TRY(read_transport(c, d.body, f));
		else if (d.tag == DER_CONTEXT_SEQ + 1)
			TRY(read_agreement(c, d.body, f));
	}
	if (!c->n_recipients)
		return fail(f, FAIL_DENIED, "encrypted to no certificate (a password or a shared key)");
	return OK;
}

/* --- envelopes ---------------------------------------------------------------------------------------- */

/* EncryptedContentInfo, RFC 5652 6.1. */
static int read_encrypted(struct cms_in *c, struct str in, struct fail *f)
{
	struct der d = { 0 };

	TRY(der_get(&in, DER_OID, &c->type, f));
	TRY(der_get(&in, DER_SEQ, &c->cipher, f));
	TRY(der_next(&in, &d, f));
	if (d.tag != DER_CONTEXT + 0 && d.tag != DER_CONTEXT_SEQ + 0)
		return fail(f, FAIL_SYNTAX, "encrypted content is missing");
	c->encrypted = d.body;
	c->pieces = d.tag == DER_CONTEXT_SEQ + 0;
	return der_end(in, f);
}

/* [1] authAttrs, mac, [2] unauthAttrs: RFC 5083 2.1. */
static int read_tag(struct cms_in *c, struct str *in, struct fail *f)
{
	if (der_is(*in, DER_CONTEXT_SEQ + 1))
		TRY(der_get(in, DER_CONTEXT_SEQ + 1, &c->attributes, f));
	return der_get(in, DER_OCTETS, &c->tag, f);
}

static int read_enveloped(struct cms_in *c, struct str in, struct fail *f)
{
	const uint8_t unprotected = DER_CONTEXT_SEQ + (c->kind == CMS_AUTH_ENVELOPED ? 2 : 1);
	struct str version, set = STR_NONE, content = STR_NONE, skipped;

	TRY(der_get(&in, DER_INTEGER, &version, f));
	if (der_is(in, DER_CONTEXT_SEQ + 0))
		TRY(der_get(&in, DER_CONTEXT_SEQ + 0, &skipped, f));
	TRY(der_get(&in, DER_SET, &set, f));
	TRY(read_recipients(c, set, f));
	TRY(der_get(&in, DER_SEQ, &content, f));
	TRY(read_encrypted(c, content, f));
	if (c->kind == CMS_AUTH_ENVELOPED)
		TRY(read_tag(c, &in, f));
	if (der_is(in, unprotected))
		TRY(der_get(&in, unprotected, &skipped, f));
	return der_end(in, f);
}

/* --- signatures --------------------------------------------------------------------------------------- */

static int count(struct str set, size_t max, const char *what, struct fail *f)
{
	for (size_t n = 0; set.n; n++) {
		struct der d = { 0 };

		if (n == max)
			return fail(f, FAIL_LIMIT, "more than %zu %s", max, what);
		TRY(der_next(&set, &d, f));
	}
	return OK;
}

/* EncapsulatedContentInfo, RFC 5652 5.2. */
static int read_content(struct cms_in *c, struct str in, struct fail *f)
{
	struct str inside = STR_NONE;

	TRY(der_get(&in, DER_OID, &c->type, f));
	if (!in.n)
		return OK;
	TRY(der_get(&in, DER_CONTEXT_SEQ + 0, &inside, f));
	TRY(der_get(&inside, DER_OCTETS, &c->content, f));
	TRY(der_end(inside, f));
	return der_end(in, f);
}

/* SignedData, RFC 5652 5.1. */
static int read_signed(struct cms_in *c, struct str in, struct fail *f)
{
	struct str version, set, content = STR_NONE;

	TRY(der_get(&in, DER_INTEGER, &version, f));
	TRY(der_get(&in, DER_SET, &set, f));
	TRY(der_get(&in, DER_SEQ, &content, f));
	TRY(read_content(c, content, f));
	if (der_is(in, DER_CONTEXT_SEQ + 0))
		TRY(der_get(&in, DER_CONTEXT_SEQ + 0, &c->certs, f));
	if (der_is(in, DER_CONTEXT_SEQ + 1))
		TRY(der_get(&in, DER_CONTEXT_SEQ + 1, &set, f));
	TRY(der_get(&in, DER_SET, &c->signers, f));
	TRY(count(c->certs, CMS_CERTS_MAX, "certificates", f));
	TRY(count(c->signers, CMS_SIGNERS_MAX, "signers", f));
	return der_end(in, f);
}

/* --- the frame ---------------------------------------------------------------------------------------- */

static const struct kind_row {
	struct str oid;
	enum cms_kind kind;
	int (*read)(struct cms_in *c, struct str in, struct fail *f);
} kinds[] = {
	{ STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"), CMS_SIGNED, read_signed },
	{ STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"), CMS_ENVELOPED, read_enveloped },
	{ STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"), CMS_AUTH_ENVELOPED, read_enveloped },
};

static const struct kind_row *kind_of(struct str oid)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(kinds[i].oid, oid))
			return &kinds[i];
	return NULL;
}

static int read_info(struct cms_in *c, struct fail *f)
{
	struct str in = buf_str(&c->der), info = STR_NONE, type = STR_NONE, content = STR_NONE,
	           data = STR_NONE;
	const struct kind_row *row;

	TRY(der_get(&in, DER_SEQ, &info, f));
	TRY(der_get(&info, DER_OID, &type, f));
	row = kind_of(type);
	if (!row)
		return fail(f, FAIL_DENIED, "a kind of CMS that is neither signed nor encrypted");
	TRY(der_get(&info, DER_CONTEXT_SEQ + 0, &content, f));
	TRY(der_end(info, f));
	TRY(der_get(&content, DER_SEQ, &data, f));
	TRY(der_end(content, f));
	c->kind = row->kind;
	return row->read(c, data, f);
}

int cms_in_new(struct str in, struct cms_in **ret, struct fail *f)
{
	OWNS(cms_in) c = xnew(struct cms_in);

	c->der = BUF(in.n + DER_MORE);
	(void)buf_room(&c->der, in.n + 64);
	TRY(ber_to_der(&in, &c->der, f));
	TRY(der_end(in, f));
	TRY(read_info(c, f));
	*ret = TAKE(c);
	return OK;
}

void cms_in_free(struct cms_in *c)
{
	if (!c)
		return;
	buf_done(&c->der);
	free(c);
}

enum cms_kind cms_in_kind(const struct cms_in *c)
{
	return c->kind;
}

bool cms_in_is_for(const struct cms_in *c, const struct cms_cert *cert)
{
	for (size_t i = 0; i < c->n_recipients; i++)
		if (cms_name_is(&c->recipients[i].name, cert))
			return true;
	return false;
}

int cms_in_content(struct cms_in *c, struct str *ret, struct fail *f)
{
	if (c->kind != CMS_SIGNED || !c->content.p)
		return fail(f, FAIL_ABSENT, "the signature is detached");
	*ret = c->content;
	return OK;
}
