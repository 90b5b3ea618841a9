#include "crypto/spki.h"

#include "crypto/oid.h"

const struct curve curve_p256 = { "P-256", STR_INIT("\x2a\x86\x48\xce\x3d\x03\x01\x07"), 32 };
static const struct curve curve_p384 = { "P-384", STR_INIT("\x2b\x81\x04\x00\x22"), 48 };
static const struct curve curve_p521 = { "P-521", STR_INIT("\x2b\x81\x04\x00\x23"), 66 };
static const struct curve *const curves[] = { &curve_p256, &curve_p384, &curve_p521 };

static unsigned mod_small(struct str n, unsigned m)
{
	unsigned r = 0;

	for (size_t i = 0; i < n.n; i++)
		r = (r << 8 | (uint8_t)n.p[i]) % m;
	return r;
}

/* ROCA: the broken generator's moduli are powers of 65537 modulo each of these primes; a sound one is so by chance
 * about once in 2^27, and nearly always the first prime or two clear it. */
static bool has_roca(struct str n)
{
	static const unsigned primes[] = { 11, 13, 17,  19,  37,  53,  61,  71, 73,
		                           79, 97, 103, 107, 109, 127, 151, 157 };

	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
		unsigned want = mod_small(n, primes[i]), power = 1;

		do
			power = power * (65537 % primes[i]) % primes[i];
		while (power != want && power != 1);
		if (power != want)
			return false;
	}
	return true;
}

static size_t bit_length(struct str n)
{
	size_t bits = n.n * 8;

	for (unsigned top = n.n ? (uint8_t)n.p[0] : 0x80; !(top & 0x80); top <<= 1)
		bits--;
	return bits;
}

static int check_rsa(const struct spki *k, struct fail *f)
{
	size_t bits = bit_length(k->n);
	uint64_t e = 0;

	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return fail(f, FAIL_DENIED, "RSA key of %zu bits", bits);
	if (!(k->n.p[k->n.n - 1] & 1) || has_roca(k->n))
		return fail(f, FAIL_DENIED, "RSA key of a broken generator");
	for (size_t i = 0; i < k->e.n && i < 5; i++)
		e = e << 8 | (uint8_t)k->e.p[i];
	if (e < 65537 || e > UINT32_MAX || !(e & 1))
		return fail(f, FAIL_DENIED, "RSA public exponent");
	return OK;
}

static int read_rsa(struct str params, struct spki *k, struct fail *f)
{
	struct str null, seq, in = k->bits;

	TRY(der_get(&params, DER_NULL, &null, f));
	TRY(der_end(params, f));
	TRY(der_end(null, f));
	TRY(der_get(&in, DER_SEQ, &seq, f));
	TRY(der_end(in, f));
	TRY(der_get_uint(&seq, &k->n, f));
	TRY(der_get_uint(&seq, &k->e, f));
	TRY(der_end(seq, f));
	return check_rsa(k, f);
}

static int read_ec(struct str params, struct spki *k, struct fail *f)
{
	struct str oid;

	if (!der_is(params, DER_OID))
		return fail(f, FAIL_DENIED, "curve without a name");
	TRY(der_get(&params, DER_OID, &oid, f));
	TRY(der_end(params, f));
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (str_eq(oid, curves[i]->oid))
			k->curve = curves[i];
	if (!k->curve)
		return fail(f, FAIL_DENIED, "curve of another name");
	if (k->bits.n != 1 + 2 * k->curve->bytes || k->bits.p[0] != 4)
		return fail(f, FAIL_DENIED, "point that is not uncompressed");
	k->point = k->bits;
	return OK;
}

int spki_read(struct str der, struct spki *ret, struct fail *f)
{
	struct str seq, alg, oid;
	struct spki k = { 0 };

	TRY(der_get(&der, DER_SEQ, &seq, f));
	TRY(der_end(der, f));
	TRY(der_get(&seq, DER_SEQ, &alg, f));
	TRY(der_get(&alg, DER_OID, &oid, f));
	TRY(der_get_bits(&seq, &k.bits, f));
	TRY(der_end(seq, f));
	if (str_eq(oid, OID_RSA))
		TRY(read_rsa(alg, &k, f));
	else if (str_eq(oid, OID_EC))
		TRY(read_ec(alg, &k, f));
	else
		return fail(f, FAIL_DENIED, "public key of an unknown algorithm");
	*ret = k;
	return OK;
}

enum key_alg spki_alg(const struct spki *s)
{
	if (s->curve)
		return s->curve == &curve_p256 ? KEY_P256 : 0;
	return bit_length(s->n) == 2048 ? KEY_RSA_2048 : bit_length(s->n) == 3072 ? KEY_RSA_3072 : 0;
}

void spki_put_rsa(struct buf *b, struct str n, struct str e)
{
	size_t seq = der_open(b, DER_SEQ), bits, key;

	buf_add(b, ALG_RSA);
	bits = der_open(b, DER_BITS);
	buf_addc(b, 0);
	key = der_open(b, DER_SEQ);
	der_put_uint(b, n);
	der_put_uint(b, e);
	der_close(b, key);
	der_close(b, bits);
	der_close(b, seq);
}

void spki_put_ec(struct buf *b, const struct curve *c, struct str point)
{
	size_t seq = der_open(b, DER_SEQ), alg = der_open(b, DER_SEQ);

	der_put(b, DER_OID, OID_EC);
	der_put(b, DER_OID, c->oid);
	der_close(b, alg);
	der_put_bits(b, 0, point);
	der_close(b, seq);
}
