#include "wire/b64.h"

#include "base/mem.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

enum { LINE_IN = 48, LINE_OUT = 66, LINES = 512 };

/* Three bytes to four characters; n is a multiple of 3. */
static char *encode(const uint8_t *p, size_t n, char *out)
{
	for (; n >= 3; n -= 3, p += 3, out += 4) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

		out[0] = alphabet[v >> 18];
		out[1] = alphabet[v >> 12 & 63];
		out[2] = alphabet[v >> 6 & 63];
		out[3] = alphabet[v & 63];
	}
	return out;
}

/* The last 1 or 2 bytes, with padding. */
static char *encode_tail(const uint8_t *p, size_t n, char *out)
{
	uint32_t v = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0);

	*out++ = alphabet[v >> 18];
	*out++ = alphabet[v >> 12 & 63];
	*out++ = n > 1 ? alphabet[v >> 6 & 63] : '=';
	*out++ = '=';
	return out;
}

/* Twelve bits to two characters at a time: half the look-ups, one store each. */
static const uint16_t *pairs(void)
{
	static uint16_t table[4096]; /* filled once, always with the same */

	if (!table[1])
		for (unsigned i = 0; i < 4096; i++) {
			char two[2] = { alphabet[i >> 6], alphabet[i & 63] };

			memcpy(&table[i], two, 2);
		}
	return table;
}

static char *encode_line(const uint8_t *p, char *out)
{
	const uint16_t *t = pairs();

	for (int i = 0; i < LINE_IN / 3; i++, p += 3, out += 4) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

		memcpy(out, &t[v >> 12], 2);
		memcpy(out + 2, &t[v & 4095], 2);
	}
	*out++ = '\r';
	*out++ = '\n';
	return out;
}

#ifdef __x86_64__
/* 24 bytes to 32 characters (Mula and Lemire 2018): each lane of `in` holds twelve bytes, put where `order` says; then four
 * times six bits are moved to a byte of their own by two multiplications, and what makes a letter of each is looked up. */
__attribute__((target("avx2"))) static __m256i encode_24(__m256i in, __m256i order)
{
	const __m256i offsets = _mm256_broadcastsi128_si256(
	        _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
	                      '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
	__m256i v = _mm256_shuffle_epi8(in, order), high, low, six, kind;

	high = _mm256_mulhi_epu16(_mm256_and_si256(v, _mm256_set1_epi32(0x0fc0fc00)),
	                          _mm256_set1_epi32(0x04000040));
	low = _mm256_mullo_epi16(_mm256_and_si256(v, _mm256_set1_epi32(0x003f03f0)),
	                         _mm256_set1_epi32(0x01000010));
	six = _mm256_or_si256(high, low);
	kind = _mm256_subs_epu8(six, _mm256_set1_epi8(51)); /* 0: a letter, 1 to 10: a digit, 11, 12 */
	kind = _mm256_or_si256(kind, _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(26), six),
	                                              _mm256_set1_epi8(13))); /* a capital */
	return _mm256_add_epi8(six, _mm256_shuffle_epi8(offsets, kind));
}

/* A load takes 16 bytes for 12, so the last one of the line begins 4 bytes early: nothing past the line is read. */
__attribute__((target("avx2"))) static char *encode_line_avx2(const uint8_t *p, char *out)
{
	const __m128i order = _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
	const __m128i late = _mm_add_epi8(order, _mm_set1_epi8(4));
	__m256i first = _mm256_loadu2_m128i((const __m128i *)(p + 12), (const __m128i *)p);
	__m256i second = _mm256_loadu2_m128i((const __m128i *)(p + 32), (const __m128i *)(p + 24));

	_mm256_storeu_si256((__m256i *)out, encode_24(first, _mm256_set_m128i(order, order)));
	_mm256_storeu_si256((__m256i *)(out + 32), encode_24(second, _mm256_set_m128i(late, order)));
	out[64] = '\r';
	out[65] = '\n';
	return out + LINE_OUT;
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}
#else
#define encode_line_avx2 encode_line

static bool has_avx2(void)
{
	return false;
}
#endif

typedef char *line_fn(const uint8_t *p, char *out);

/* Whole lines of it; what is left is held. */
static char *fill(line_fn *line, struct b64_lines *e, struct str in, char *at)
{
	if (e->n) {
		size_t k = LINE_IN - e->n < in.n ? LINE_IN - e->n : in.n;

		memcpy(e->held + e->n, in.p, k);
		e->n += k;
		in = str_from(in, k);
		if (e->n < LINE_IN)
			return at;
		at = line(e->held, at);
		e->n = 0;
	}
	for (; in.n >= LINE_IN; in = str_of(in.p + LINE_IN, in.n - LINE_IN))
		at = line((const uint8_t *)in.p, at);
	if (in.n)
		memcpy(e->held, in.p, in.n);
	e->n = in.n;
	return at;
}

static int put_by(line_fn *line, struct b64_lines *e, struct str in, struct sink out, struct fail *f)
{
	char room[LINES * LINE_OUT] UNSET;

	while (in.n) {
		struct str piece = str_first(in, LINES * LINE_IN - e->n);
		char *end = fill(line, e, piece, room);

		TRY(sink_put(out, str_of(room, (size_t)(end - room)), f));
		in = str_from(in, piece.n);
	}
	return OK;
}

static line_fn *best_line(void)
{
	return has_avx2() ? encode_line_avx2 : encode_line;
}

int b64_lines_put(struct b64_lines *e, struct str in, struct sink out, struct fail *f)
{
	return put_by(best_line(), e, in, out, f);
}

int b64_lines_put_plain(struct b64_lines *e, struct str in, struct sink out, struct fail *f)
{
	return put_by(encode_line, e, in, out, f);
}

size_t b64_lines_fill(struct b64_lines *e, struct str in, char *to)
{
	return (size_t)(fill(best_line(), e, in, to) - to);
}

size_t b64_lines_fill_end(struct b64_lines *e, char *to)
{
	size_t whole = e->n / 3 * 3;
	char *at = encode(e->held, whole, to);

	if (!e->n)
		return 0;
	if (e->n > whole)
		at = encode_tail(e->held + whole, e->n - whole, at);
	*at++ = '\r';
	*at++ = '\n';
	e->n = 0;
	return (size_t)(at - to);
}

int b64_lines_end(struct b64_lines *e, struct sink out, struct fail *f)
{
	char line[LINE_OUT];
	size_t n = b64_lines_fill_end(e, line);

	return sink_put(out, str_of(line, n), f);
}

uint64_t b64_lines_bytes(uint64_t in)
{
	uint64_t last = in % LINE_IN;

	return in / LINE_IN * LINE_OUT + (last ? (last + 2) / 3 * 4 + 2 : 0);
}

void b64_print(struct str in, struct buf *out)
{
	size_t whole = in.n / 3 * 3;
	char *p = buf_room(out, (in.n + 2) / 3 * 4), *at;

	if (!p)
		return;
	at = encode((const uint8_t *)in.p, whole, p);
	if (in.n > whole)
		at = encode_tail((const uint8_t *)in.p + whole, in.n - whole, at);
	out->n += (size_t)(at - p);
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct decoding {
	uint32_t bits;
	unsigned n; /* bits held */
};

static void decode_one(struct decoding *d, int v, struct buf *out)
{
	d->bits = d->bits << 6 | (uint32_t)v;
	d->n += 6;
	if (d->n >= 8) {
		d->n -= 8;
		buf_addc(out, (char)(d->bits >> d->n & 0xff));
	}
}

/* Groups of four digits from the beginning, as far as there are such. Returns how many characters they are. */
static size_t decode_fours(struct str in, struct buf *out)
{
	size_t n = 0;

	for (; in.n - n >= 4; n += 4) {
		int a = value_of(in.p[n]), b = value_of(in.p[n + 1]);
		int c = value_of(in.p[n + 2]), d = value_of(in.p[n + 3]);
		char *to;

		if ((a | b | c | d) < 0)
			break;
		to = buf_room(out, 3);
		if (!to)
			break;
		to[0] = (char)(a << 2 | b >> 4);
		to[1] = (char)(b << 4 | c >> 2);
		to[2] = (char)(c << 6 | d);
		out->n += 3;
	}
	return n;
}

int b64_parse(struct str in, bool lines, struct buf *out, struct fail *f)
{
	struct decoding d = { 0 };
	size_t digits = 0, pads = 0;

	for (size_t i = 0; i < in.n; i++) {
		size_t whole = d.n || pads ? 0 : decode_fours(str_from(in, i), out);
		int v;

		digits += whole;
		i += whole;
		if (i == in.n)
			break;
		v = value_of(in.p[i]);
		if (lines && (in.p[i] == '\r' || in.p[i] == '\n' || in.p[i] == ' ' || in.p[i] == '\t'))
			continue;
		if (in.p[i] == '=' && pads < 2) {
			pads++;
			continue;
		}
		if (v < 0 || pads)
			return fail(f, FAIL_SYNTAX, "not base64");
		decode_one(&d, v, out);
		digits++;
	}
	if ((digits + pads) % 4 || digits % 4 == 1 || (d.bits & ((1u << d.n) - 1)))
		return fail(f, FAIL_SYNTAX, "base64 that ends early");
	return out->over ? fail(f, FAIL_LIMIT, "base64 too long") : OK;
}

void b64_parse_lenient(struct str in, struct buf *out)
{
	struct decoding d = { 0 };

	for (size_t i = 0; i < in.n; i++) {
		int v;

		if (!d.n)
			i += decode_fours(str_from(in, i), out);
		if (i == in.n)
			break;
		v = value_of(in.p[i]);
		if (v >= 0)
			decode_one(&d, v, out);
		else if (in.p[i] == '=')
			d = (struct decoding){ 0 };
	}
}

static const char hex_upper[] = "0123456789ABCDEF";

static bool qp_plain(struct str in, size_t i)
{
	unsigned char c = (unsigned char)in.p[i];
	bool ends = i + 1 == in.n || in.p[i + 1] == '\r' || in.p[i + 1] == '\n';

	if (c == ' ' || c == '\t')
		return !ends;
	return c > 32 && c < 127 && c != '=';
}

void qp_print(struct str in, struct buf *out)
{
	size_t column = 0;

	for (size_t i = 0; i < in.n; i++) {
		bool plain = qp_plain(in, i);
		unsigned char c = (unsigned char)in.p[i];

		if (c == '\r' && i + 1 < in.n && in.p[i + 1] == '\n') {
			buf_add(out, STR("\r\n"));
			column = 0;
			i++;
			continue;
		}
		if (column + (plain ? 1 : 3) > 75) {
			buf_add(out, STR("=\r\n"));
			column = 0;
		}
		if (plain) {
			buf_addc(out, (char)c);
		} else {
			const char three[3] = { '=', hex_upper[c >> 4], hex_upper[c & 15] };

			buf_add(out, str_of(three, 3));
		}
		column += plain ? 1 : 3;
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Length of "=" with blanks and a line end after it, or 0. */
static size_t soft_break(struct str in, size_t i)
{
	size_t k = i + 1;

	while (k < in.n && (in.p[k] == ' ' || in.p[k] == '\t'))
		k++;
	if (k == in.n)
		return k - i;
	if (in.p[k] == '\r' && k + 1 < in.n && in.p[k + 1] == '\n')
		return k + 2 - i;
	return in.p[k] == '\n' ? k + 1 - i : 0;
}

void qp_parse(struct str in, struct buf *out)
{
	for (size_t i = 0; i < in.n;) {
		size_t skip;

		if (in.p[i] != '=') {
			size_t run = str_chr(str_from(in, i), '=');

			buf_add(out, str_of(in.p + i, run));
			i += run;
		} else if (i + 2 < in.n && hex_value(in.p[i + 1]) >= 0 && hex_value(in.p[i + 2]) >= 0) {
			buf_addc(out, (char)(hex_value(in.p[i + 1]) * 16 + hex_value(in.p[i + 2])));
			i += 3;
		} else if ((skip = soft_break(in, i)) > 0) {
			i += skip;
		} else {
			buf_addc(out, in.p[i++]);
		}
	}
}

void b32_print(struct str in, struct buf *out)
{
	uint32_t bits = 0;
	unsigned n = 0;

	for (size_t i = 0; i < in.n; i++) {
		bits = bits << 8 | (unsigned char)in.p[i];
		for (n += 8; n >= 5; n -= 5)
			buf_addc(out, base32[bits >> (n - 5) & 31]);
	}
	if (n)
		buf_addc(out, base32[bits << (5 - n) & 31]);
}

int b32_parse(struct str in, struct buf *out, struct fail *f)
{
	uint32_t bits = 0;
	unsigned n = 0;

	for (size_t i = 0; i < in.n; i++) {
		const char *at = in.p[i] ? strchr(base32, ascii_lower(in.p[i])) : NULL;

		if (!at)
			return fail(f, FAIL_SYNTAX, "not base32");
		bits = bits << 5 | (uint32_t)(at - base32);
		n += 5;
		if (n >= 8) {
			n -= 8;
			buf_addc(out, (char)(bits >> n & 0xff));
		}
	}
	if (n >= 5 || (bits & ((1u << n) - 1)))
		return fail(f, FAIL_SYNTAX, "base32 that ends early");
	return OK;
}

void hex_print(struct str in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++)
		buf_addf(out, "%02x", (unsigned char)in.p[i]);
}
