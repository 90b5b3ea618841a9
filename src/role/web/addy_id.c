#include "role/web/addy_id.h"

enum { ID_CHARS = 36 };

void addy_id_print(enum addy_kind kind, uint64_t n, struct buf *out)
{
	buf_addf(out, "706f7374-%04x-8000-8%03x-%012llx", (unsigned)kind, (unsigned)(n >> 48 & 0xfff),
	         (unsigned long long)(n & 0xffffffffffff));
}

static int hex(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool addy_id_read(struct str s, enum addy_kind kind, uint64_t *ret)
{
	OWN(buf) again = BUF(ID_CHARS + 1);
	uint64_t n = 0;

	if (s.n != ID_CHARS)
		return false;
	for (size_t i = 20; i < ID_CHARS; i++) {
		int v = hex(s.p[i]);

		if (i == 23)
			continue;
		if (v < 0)
			return false;
		n = n << 4 | (unsigned)v;
	}
	/* the form as a whole: by writing it again */
	addy_id_print(kind, n, &again);
	*ret = n;
	return n && str_eq_nocase(buf_str(&again), s);
}
