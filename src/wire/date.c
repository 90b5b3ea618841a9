#include "wire/date.h"

#include <time.h>

static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

void date_print(int64_t utc, struct buf *out)
{
	time_t t = (time_t)utc;
	struct tm m = { 0 };

	gmtime_r(&t, &m);
	buf_addf(out, "%.3s, %d %.3s %d %02d:%02d:%02d +0000", days + 3 * m.tm_wday, m.tm_mday,
	         months + 3 * m.tm_mon, m.tm_year + 1900, m.tm_hour, m.tm_min, m.tm_sec);
}

void date_print_iso(int64_t utc, struct buf *out)
{
	time_t t = (time_t)utc;
	struct tm m = { 0 };

	gmtime_r(&t, &m);
	buf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", m.tm_year + 1900, m.tm_mon + 1, m.tm_mday, m.tm_hour,
	         m.tm_min, m.tm_sec);
}

/* The next word: digits, letters, or one other character; blanks and comments skipped. */
static struct str word(struct str *s)
{
	size_t n = 0, depth = 0;

	while (s->n && (depth || *s->p == '(' || *s->p == ' ' || *s->p == '\t' || *s->p == '\r' ||
	                *s->p == '\n' || *s->p == ',')) {
		depth += *s->p == '(';
		depth -= depth && *s->p == ')';
		*s = str_from(*s, 1);
	}
	while (n < s->n &&
	       ((s->p[n] >= '0' && s->p[n] <= '9') || ((s->p[n] | 32) >= 'a' && (s->p[n] | 32) <= 'z')))
		n++;
	n = n || !s->n ? n : 1;
	*s = str_from(*s, n);
	return str_of(s->p - n, n);
}

static bool number(struct str w, uint64_t most, int *ret)
{
	uint64_t v;

	if (!str_u64(w, &v) || v > most)
		return false;
	*ret = (int)v;
	return true;
}

static int month_of(struct str w)
{
	for (int i = 0; w.n >= 3 && i < 12; i++)
		if (str_eq_nocase(str_first(w, 3), str_of(months + 3 * i, 3)))
			return i;
	return -1;
}

/* RFC 5322 4.3: the names that were in use; single letters and unknown ones mean nothing (0). */
static int zone_seconds(struct str sign, struct str w)
{
	static const struct {
		const char *name;
		int hours;
	} zones[] = { { "EDT", -4 }, { "EST", -5 }, { "CDT", -5 }, { "CST", -6 },
		      { "MDT", -6 }, { "MST", -7 }, { "PDT", -7 }, { "PST", -8 } };
	uint64_t v;

	if (str_eq(sign, STR("+")) || str_eq(sign, STR("-"))) {
		int s = str_u64(w, &v) && v < 10000 ? (int)(v / 100 * 3600 + v % 100 * 60) : 0;

		return *sign.p == '-' ? -s : s;
	}
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (str_eq_nocase(sign, str_c(zones[i].name)))
			return zones[i].hours * 3600;
	return 0;
}

bool date_parse(struct str in, int64_t *ret_utc)
{
	struct tm m = { 0 };
	struct str w = word(&in), sign;
	int sec = 0;

	if (w.n && (*w.p < '0' || *w.p > '9'))
		w = word(&in); /* the day of the week is not looked at */
	if (!number(w, 31, &m.tm_mday) || !m.tm_mday)
		return false;
	m.tm_mon = month_of(word(&in));
	if (m.tm_mon < 0 || !number(word(&in), 9999, &m.tm_year))
		return false;
	m.tm_year += m.tm_year < 50 ? 100 : m.tm_year < 1000 ? 0 : -1900;
	if (!number(word(&in), 23, &m.tm_hour) || !str_eq(word(&in), STR(":")) ||
	    !number(word(&in), 59, &m.tm_min))
		return false;
	w = word(&in);
	if (str_eq(w, STR(":"))) {
		if (!number(word(&in), 60, &sec))
			return false;
		w = word(&in);
	}
	m.tm_sec = sec;
	sign = w;
	*ret_utc = (int64_t)timegm(&m) - zone_seconds(sign, word(&in));
	return true;
}

bool date_parse_iso(struct str in, int64_t *ret_utc)
{
	struct tm m = { 0 };
	bool bare = in.n == 10;
	uint64_t v[6] = { 0 };
	static const struct {
		size_t at, n;
	} at[] = { { 0, 4 }, { 5, 2 }, { 8, 2 }, { 11, 2 }, { 14, 2 }, { 17, 2 } };

	if (!bare && (in.n != 20 || in.p[10] != 'T' || in.p[13] != ':' || in.p[16] != ':' || in.p[19] != 'Z'))
		return false;
	for (size_t i = 0; i < (bare ? 3 : 6); i++)
		if (!str_u64(str_of(in.p + at[i].at, at[i].n), &v[i]))
			return false;
	if (in.p[4] != '-' || in.p[7] != '-' || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 || v[3] > 23 ||
	    v[4] > 59 || v[5] > 60)
		return false;
	m.tm_year = (int)v[0] - 1900;
	m.tm_mon = (int)v[1] - 1;
	m.tm_mday = (int)v[2];
	m.tm_hour = (int)v[3];
	m.tm_min = (int)v[4];
	m.tm_sec = (int)v[5];
	*ret_utc = (int64_t)timegm(&m);
	return m.tm_mday == (int)v[2]; /* timegm has normalised 31 February away */
}
