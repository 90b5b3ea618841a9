#include "crypto/cert.h"

#include "crypto/aead.h"
#include "crypto/cert_in.h"
#include "crypto/oid.h"

enum { SERIAL = 16, SERIAL_MIN = 8, SERIAL_MAX = 20, EXTENSIONS_MAX = 64 };

/* 128 random bits, so 17 bytes of DER where the first is set, and shorter where leading bytes are zero: as a number it
 * is uniform, positive, and zero once in 2^128. */
int cert_build(const struct cert_fields *c, struct buf *ret_der, struct fail *f)
{
	OWN(buf) tbs = BUF(CERT_MAX);
	uint8_t serial[SERIAL];

	if (!c->issuer_key)
		return fail(f, FAIL_BUG, "nobody to sign");
	TRY(cert_fields_check(c, c->issuer_key, f));
	TRY(random_bytes(serial, SERIAL, f));
	cert_put_tbs(&tbs, c, c->issuer_key, str_of(serial, SERIAL));
	if (tbs.over)
		return fail(f, FAIL_DENIED, "dates or names that no certificate holds");
	return cert_put_signed(ret_der, buf_str(&tbs), c->issuer_key, f);
}

int cert_split(struct str der, struct cert_parts *ret, struct fail *f)
{
	static const uint8_t tags[PARTS] = {
		DER_CONTEXT_SEQ + 0, DER_INTEGER, DER_SEQ, DER_SEQ, DER_SEQ, DER_SEQ, DER_SEQ
	};
	struct cert_parts p = { 0 };
	struct str cert = STR_NONE, in, exts;
	struct der d = { 0 };

	TRY(der_get(&der, DER_SEQ, &cert, f));
	TRY(der_end(der, f));
	TRY(der_next(&cert, &d, f));
	p.tbs = d.whole;
	in = d.body;
	if (d.tag != DER_SEQ)
		return fail(f, FAIL_SYNTAX, "no certificate");
	for (size_t i = 0; i < PARTS; i++) {
		TRY(der_next(&in, &d, f));
		if (d.tag != tags[i])
			return fail(f, FAIL_SYNTAX, "part %zu of a certificate has tag 0x%02x", i,
			            (unsigned)d.tag);
		p.part[i] = d.whole;
	}
	if (!str_eq(p.part[PART_VERSION], STR("\xa0\x03\x02\x01\x02")))
		return fail(f, FAIL_SYNTAX, "no certificate of version 3");
	if (in.n) {
		TRY(der_get(&in, DER_CONTEXT_SEQ + 3, &exts, f));
		TRY(der_end(in, f));
		TRY(der_get(&exts, DER_SEQ, &p.extensions, f));
		TRY(der_end(exts, f));
	}
	TRY(der_next(&cert, &d, f));
	p.alg = d.whole;
	TRY(der_get_bits(&cert, &p.signature, f));
	TRY(der_end(cert, f));
	*ret = p;
	return OK;
}

int cert_next_extension(struct str *in, struct extension *ret, struct fail *f)
{
	struct extension e = { 0 };
	struct der d = { 0 };

	TRY(der_next(in, &d, f));
	e.whole = d.whole;
	if (d.tag != DER_SEQ)
		return fail(f, FAIL_SYNTAX, "no extension");
	TRY(der_get(&d.body, DER_OID, &e.oid, f));
	if (der_is(d.body, DER_BOOLEAN)) {
		TRY(der_get_bool(&d.body, &e.critical, f));
		if (!e.critical) /* DER leaves a default out */
			return fail(f, FAIL_SYNTAX, "extension says that it is not critical");
	}
	TRY(der_get(&d.body, DER_OCTETS, &e.value, f));
	TRY(der_end(d.body, f));
	*ret = e;
	return OK;
}

int cert_find_extension(struct str extensions, struct str oid, struct extension *ret, struct fail *f)
{
	struct str seen[EXTENSIONS_MAX];
	struct extension found = { 0 };
	size_t n = 0;

	while (extensions.n) {
		struct extension e = { 0 };

		TRY(cert_next_extension(&extensions, &e, f));
		if (n == EXTENSIONS_MAX)
			return fail(f, FAIL_LIMIT, "more than %d extensions", EXTENSIONS_MAX);
		for (size_t i = 0; i < n; i++)
			if (str_eq(seen[i], e.oid))
				return fail(f, FAIL_SYNTAX, "an extension stands twice");
		seen[n++] = e.oid;
		if (str_eq(e.oid, oid))
			found = e;
	}
	*ret = found;
	return OK;
}

/* --- what came back from a browser -------------------------------------------------------------------- */

static const char *extension_name(struct str oid)
{
	static const struct {
		struct str oid;
		const char *name;
	} names[] = {
		{ STR_INIT("\x55\x1d\x0e"), "subjectKeyIdentifier" },
		{ STR_INIT("\x55\x1d\x0f"), "keyUsage" },
		{ STR_INIT("\x55\x1d\x11"), "subjectAltName" },
		{ STR_INIT("\x55\x1d\x13"), "basicConstraints" },
		{ STR_INIT("\x55\x1d\x1e"), "nameConstraints" },
		{ STR_INIT("\x55\x1d\x23"), "authorityKeyIdentifier" },
		{ STR_INIT("\x55\x1d\x25"), "extKeyUsage" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(names[i].oid, oid))
			return names[i].name;
	return "an unknown extension";
}

/* The first extension in which the two differ; both must be the same, in the same order. */
static int compare_extensions(struct str is, struct str want, struct fail *f)
{
	while (is.n && want.n) {
		struct extension a = { 0 }, b = { 0 };

		TRY(cert_next_extension(&is, &a, f));
		TRY(cert_next_extension(&want, &b, f));
		if (!str_eq(a.oid, b.oid))
			return fail(f, FAIL_DENIED, "%s where %s belongs", extension_name(a.oid),
			            extension_name(b.oid));
		if (!str_eq(a.whole, b.whole))
			return fail(f, FAIL_DENIED, "%s differs", extension_name(a.oid));
	}
	return is.n || want.n ? fail(f, FAIL_DENIED, "%s",
	                             is.n ? "an extension too many" : "an extension is missing")
	                      : OK;
}

static int compare_parts(const struct cert_parts *is, const struct cert_parts *want, struct fail *f)
{
	static const char *const names[PARTS] = { "version",  "serial",  "signature algorithm", "issuer",
		                                  "validity", "subject", "public key" };

	for (size_t i = 0; i < PARTS; i++)
		if (!str_eq(is->part[i], want->part[i]))
			return fail(f, FAIL_DENIED, "%s differs", names[i]);
	TRY(compare_extensions(is->extensions, want->extensions, f));
	if (!str_eq(is->tbs, want->tbs))
		return fail(f, FAIL_DENIED, "certificate differs");
	return OK;
}

static int check_serial(struct str serial, struct str *ret, struct fail *f)
{
	struct str number = STR_NONE;

	TRY(der_get_uint(&serial, &number, f));
	if (number.n < SERIAL_MIN || number.n > SERIAL_MAX ||
	    (number.n == SERIAL_MAX && (number.p[0] & 0x80)))
		return fail(f, FAIL_DENIED, "serial of %zu bytes", number.n);
	*ret = number;
	return OK;
}

/* What cert_build would have written, with the candidate's serial, is written and the bytes are compared: whatever is
 * not in there is not in the candidate. */
int cert_check(struct str der, const struct cert_fields *want, struct str issuer_spki, struct fail *f)
{
	OWN(buf) made = BUF(CERT_MAX + 64);
	OWN(buf) whole = BUF(CERT_MAX + 128);
	OWNS(key) issuer = NULL;
	struct cert_parts is = { 0 }, should = { 0 };
	struct str serial = STR_NONE;
	size_t seq;

	if (der.n > CERT_MAX)
		return fail(f, FAIL_LIMIT, "certificate of %zu bytes", der.n);
	TRY(key_import_public(issuer_spki, &issuer, f));
	TRY(cert_fields_check(want, issuer, f));
	TRY(cert_split(der, &is, f));
	TRY(check_serial(is.part[PART_SERIAL], &serial, f));
	cert_put_tbs(&made, want, issuer, serial);
	seq = der_open(&whole, DER_SEQ);
	buf_add(&whole, buf_str(&made));
	buf_add(&whole, key_sig_alg(issuer));
	der_put_bits(&whole, 0, STR("-"));
	der_close(&whole, seq);
	if (whole.over)
		return fail(f, FAIL_DENIED, "dates or names that no certificate holds");
	TRY(cert_split(buf_str(&whole), &should, f));
	TRY(compare_parts(&is, &should, f));
	if (!str_eq(is.alg, should.alg))
		return fail(f, FAIL_DENIED, "outer signature algorithm differs");
	return key_verify(issuer, ossl()->sha256, is.tbs, is.signature, f);
}
