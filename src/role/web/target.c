#include "role/web/target.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool target_decode(struct str s, bool plus, struct arena *a, struct str *ret)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			int high = s.n - i > 2 ? hex(s.p[i + 1]) : -1,
			    low = s.n - i > 2 ? hex(s.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if ((unsigned char)c < 32 || c == 127)
			return false;
		p[n++] = c;
	}
	*ret = str_of(p, n);
	return true;
}

bool target_fits(const char *pattern, struct str path, struct arena *a,
                 struct target_var ret[static TARGET_VARS], size_t *ret_n)
{
	struct str left = str_c(pattern);
	size_t n = 0;

	while (left.p && path.p) {
		struct str want = str_cut(&left, '/'), have = str_cut(&path, '/');

		if (want.n < 2 || want.p[0] != '{') {
			if (!str_eq(want, have))
				return false;
			continue;
		}
		if (n == TARGET_VARS || !have.n || !target_decode(have, false, a, &ret[n].value))
			return false;
		ret[n++].name = str_first(str_from(want, 1), want.n - 2);
	}
	*ret_n = n;
	return !left.p && !path.p;
}

bool target_param(struct str *query, struct arena *a, struct target_var *ret, bool *ret_bad)
{
	struct str value, name;

	*ret_bad = false;
	do {
		if (!query->p)
			return false;
		value = str_cut(query, '&');
	} while (!value.n);
	name = str_cut(&value, '=');
	if (!target_decode(name, true, a, &ret->name) || !target_decode(value, true, a, &ret->value)) {
		*ret_bad = true;
		return false;
	}
	return true;
}
