#include "crypto/der.h"

#include <stdlib.h>

/* --- writing ------------------------------------------------------------------------------------------ */

static size_t length_bytes(uint64_t n)
{
	size_t bytes = 1;

	if (n < 128)
		return 0;
	while (n >>= 8)
		bytes++;
	return bytes;
}

size_t der_head_size(uint64_t body_bytes)
{
	return 2 + length_bytes(body_bytes);
}

static size_t head(uint8_t *to, uint8_t tag, uint64_t n)
{
	size_t bytes = length_bytes(n);

	to[0] = tag;
	to[1] = (uint8_t)(bytes ? 0x80 | bytes : n);
	for (size_t i = 0; i < bytes; i++)
		to[2 + i] = (uint8_t)(n >> (8 * (bytes - 1 - i)));
	return 2 + bytes;
}

void der_put_head(struct buf *b, uint8_t tag, uint64_t body_bytes)
{
	uint8_t h[DER_HEAD_MAX];

	buf_add(b, str_of(h, head(h, tag, body_bytes)));
}

void der_put(struct buf *b, uint8_t tag, struct str body)
{
	der_put_head(b, tag, body.n);
	buf_add(b, body);
}

size_t der_open(struct buf *b, uint8_t tag)
{
	size_t opened = b->n;

	der_put_head(b, tag, 0);
	return opened;
}

/* The length had one byte; a longer one moves the body. Structures here are small, what is large is written by
 * der_put_head. */
void der_close(struct buf *b, size_t opened)
{
	size_t body, more;

	if (b->over)
		return;
	body = b->n - opened - 2;
	more = length_bytes(body);
	if (more && !buf_room(b, more)) {
		b->over = true;
		return;
	}
	memmove(b->p + opened + 2 + more, b->p + opened + 2, body);
	head((uint8_t *)b->p + opened, (uint8_t)b->p[opened], body);
	b->n += more;
}

void der_put_uint(struct buf *b, struct str magnitude)
{
	while (magnitude.n && magnitude.p[0] == 0)
		magnitude = str_from(magnitude, 1);
	if (magnitude.n && (uint8_t)magnitude.p[0] < 0x80) {
		der_put(b, DER_INTEGER, magnitude);
		return;
	}
	der_put_head(b, DER_INTEGER, magnitude.n + 1);
	buf_addc(b, 0);
	buf_add(b, magnitude);
}

void der_put_small(struct buf *b, uint8_t value)
{
	der_put(b, DER_INTEGER, str_of(&value, 1));
}

void der_put_true(struct buf *b)
{
	der_put(b, DER_BOOLEAN, STR("\xff"));
}

void der_put_bits(struct buf *b, unsigned unused, struct str bytes)
{
	der_put_head(b, DER_BITS, bytes.n + 1);
	buf_addc(b, (char)unused);
	buf_add(b, bytes);
}

/* The calendar by arithmetic: the C library's functions read /etc/localtime, even those for UTC. A year begins in
 * March here, so that the odd day is its last; an era is 400 years. */
enum { MARCH_YEAR = 365, ERA = 146097, EPOCH = 719468 /* days from March of year 0 to 1970 */ };
static const int64_t DAY = 86400;

struct civil {
	int64_t year, month, day, second; /* second of the day */
};

static struct civil civil_of(int64_t utc)
{
	int64_t days = utc / DAY - (utc % DAY < 0) + EPOCH;
	int64_t in_era = days % ERA, year, in_year, m;

	/* days >= 0 for every time that is written */
	year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / MARCH_YEAR;
	in_year = in_era - (MARCH_YEAR * year + year / 4 - year / 100);
	m = (5 * in_year + 2) / 153;
	return (struct civil){ .year = year + days / ERA * 400 + (m >= 10),
		               .month = m < 10 ? m + 3 : m - 9,
		               .day = in_year - (153 * m + 2) / 5 + 1,
		               .second = utc - (days - EPOCH) * DAY };
}

static int64_t utc_of(const struct civil *c)
{
	int64_t year = c->year - (c->month <= 2), m = (c->month + 9) % 12;
	int64_t in_year = (153 * m + 2) / 5 + c->day - 1;

	return (year * MARCH_YEAR + year / 4 - year / 100 + year / 400 + in_year - EPOCH) * DAY + c->second;
}

void der_put_time(struct buf *b, int64_t utc)
{
	static const int64_t year_1950 = -631152000, year_2050 = 2524608000, year_10000 = 253402300800;
	struct civil c;

	if (utc < year_1950 || utc >= year_10000) {
		b->over = true;
		return;
	}
	c = civil_of(utc);
	if (utc < year_2050)
		buf_addf(b, "\x17\x0d%02d", (int)(c.year % 100));
	else
		buf_addf(b, "\x18\x0f%04d", (int)c.year);
	buf_addf(b, "%02d%02d%02d%02d%02dZ", (int)c.month, (int)c.day, (int)(c.second / 3600),
	         (int)(c.second / 60 % 60), (int)(c.second % 60));
}

static int by_bytes(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void der_put_set(struct buf *b, uint8_t tag, struct str *items, size_t n)
{
	size_t set = der_open(b, tag);

	qsort(items, n, sizeof(*items), by_bytes);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !str_eq(items[i], items[i - 1]))
			buf_add(b, items[i]);
	der_close(b, set);
}

/* --- reading ------------------------------------------------------------------------------------------ */

/* The length at p[1]; false when it is not the shortest form, or not all there. */
static bool read_length(struct str in, size_t *ret_head, size_t *ret_body)
{
	const uint8_t *p = (const uint8_t *)in.p;
	size_t bytes, n = 0;

	if (p[1] < 0x80) {
		*ret_head = 2;
		*ret_body = p[1];
		return true;
	}
	bytes = p[1] & 0x7f;
	if (bytes < 1 || bytes > 4 || in.n < 2 + bytes || p[2] == 0)
		return false;
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | p[2 + i];
	*ret_head = 2 + bytes;
	*ret_body = n;
	return n >= 0x80;
}

int der_next(struct str *in, struct der *ret, struct fail *f)
{
	size_t h, n;

	if (in->n < 2)
		return fail(f, FAIL_SYNTAX, "DER ends too early");
	if (((uint8_t)in->p[0] & 0x1f) == 0x1f || in->p[0] == 0)
		return fail(f, FAIL_SYNTAX, "DER tag 0x%02x", (unsigned)(uint8_t)in->p[0]);
	if (!read_length(*in, &h, &n) || n > in->n - h)
		return fail(f, FAIL_SYNTAX, "DER length");
	ret->tag = (uint8_t)in->p[0];
	ret->whole = str_first(*in, h + n);
	ret->body = str_from(ret->whole, h);
	*in = str_from(*in, h + n);
	return OK;
}

bool der_is(struct str in, uint8_t tag)
{
	return in.n && (uint8_t)in.p[0] == tag;
}

int der_get(struct str *in, uint8_t tag, struct str *ret_body, struct fail *f)
{
	struct der d = { 0 };

	if (!der_is(*in, tag))
		return fail(f, FAIL_SYNTAX, "DER tag 0x%02x where 0x%02x belongs",
		            in->n ? (unsigned)(uint8_t)in->p[0] : 0, (unsigned)tag);
	TRY(der_next(in, &d, f));
	*ret_body = d.body;
	return OK;
}

int der_end(struct str in, struct fail *f)
{
	return in.n ? fail(f, FAIL_SYNTAX, "%zu bytes after the end", in.n) : OK;
}

int der_get_uint(struct str *in, struct str *ret_magnitude, struct fail *f)
{
	struct str body = STR_NONE, rest;
	const uint8_t *p;

	TRY(der_get(in, DER_INTEGER, &body, f));
	p = (const uint8_t *)body.p;
	if (body.n == 0 || p[0] >= 0x80)
		return fail(f, FAIL_SYNTAX, "number is empty or negative");
	rest = str_from(body, 1);
	if (p[0] == 0 && rest.n && p[1] < 0x80)
		return fail(f, FAIL_SYNTAX, "number has a needless zero");
	*ret_magnitude = p[0] == 0 ? rest : body;
	return OK;
}

int der_get_bits(struct str *in, struct str *ret_bytes, struct fail *f)
{
	struct str body = STR_NONE;

	TRY(der_get(in, DER_BITS, &body, f));
	if (body.n == 0 || body.p[0] != 0)
		return fail(f, FAIL_SYNTAX, "bit string without whole bytes");
	*ret_bytes = str_from(body, 1);
	return OK;
}

int der_get_bool(struct str *in, bool *ret, struct fail *f)
{
	struct str body = STR_NONE;

	TRY(der_get(in, DER_BOOLEAN, &body, f));
	if (body.n != 1 || (body.p[0] != 0 && (uint8_t)body.p[0] != 0xff))
		return fail(f, FAIL_SYNTAX, "boolean");
	*ret = body.p[0] != 0;
	return OK;
}

static bool digits(struct str s, int64_t *ret)
{
	int64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*ret = v;
	return true;
}

/* MMDDHHMMSSZ of a year. The 31st of February comes out as another day, and so is told. */
static bool to_utc(int64_t year, struct str rest, int64_t *ret)
{
	int64_t part[5], utc;
	struct civil c, back;

	if (rest.n != 11 || rest.p[10] != 'Z')
		return false;
	for (size_t i = 0; i < 5; i++)
		if (!digits(str_first(str_from(rest, 2 * i), 2), &part[i]))
			return false;
	if (part[0] < 1 || part[0] > 12 || part[2] > 23 || part[3] > 59 || part[4] > 59)
		return false;
	c = (struct civil){ year, part[0], part[1], part[2] * 3600 + part[3] * 60 + part[4] };
	utc = utc_of(&c);
	back = civil_of(utc);
	if (back.month != c.month || back.day != c.day)
		return false;
	*ret = utc;
	return true;
}

int der_get_time(struct str *in, int64_t *ret_utc, struct fail *f)
{
	bool full = der_is(*in, DER_GENERAL_TIME);
	struct str body = STR_NONE;
	int64_t year = 0;

	TRY(der_get(in, full ? DER_GENERAL_TIME : DER_UTC_TIME, &body, f));
	if (!digits(str_first(body, full ? 4 : 2), &year) ||
	    !to_utc(full ? year : year + (year < 50 ? 2000 : 1900), str_from(body, full ? 4 : 2), ret_utc))
		return fail(f, FAIL_SYNTAX, "time");
	return OK;
}
