#include "policy/records.h"

/* One text that begins so; *ret_n counts all. */
static struct str only(const struct str *txt, size_t n, struct str version, size_t *ret_n)
{
	struct str found = STR_NONE;

	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		struct str rest = str_from(txt[i], version.n);

		if (!str_starts_nocase(txt[i], version) || (rest.n && rest.p[0] != ' ' && rest.p[0] != ';'))
			continue;
		found = rest;
		++*ret_n;
	}
	return found;
}

enum record_state record_ownership(const struct str *txt, size_t n, struct str token)
{
	enum record_state s = RECORD_MISSING;

	for (size_t i = 0; i < n; i++) {
		if (!str_starts(txt[i], STR(RECORD_TOKEN_PREFIX)))
			continue;
		if (token.n && str_eq(str_trim(str_from(txt[i], sizeof(RECORD_TOKEN_PREFIX) - 1)), token))
			return RECORD_OK;
		s = RECORD_WRONG;
	}
	return s;
}

enum record_state record_mx(const struct str *mx, size_t n, struct str host)
{
	for (size_t i = 0; i < n; i++)
		if (!str_eq_nocase(mx[i], host))
			return RECORD_WRONG;
	return n ? RECORD_OK : RECORD_MISSING;
}

static bool passes(struct str term, struct str host)
{
	if (str_starts(term, STR("+")))
		term = str_from(term, 1);
	return str_eq_nocase(term, STR("mx")) ||
	       (str_starts_nocase(term, STR("a:")) && str_eq_nocase(str_from(term, 2), host));
}

enum record_state record_spf(const struct str *txt, size_t n, struct str host)
{
	size_t count;
	struct str left = only(txt, n, STR("v=spf1"), &count);

	if (!count)
		return RECORD_MISSING;
	while (count == 1 && left.n) {
		struct str term = str_trim(str_cut(&left, ' '));

		if (passes(term, host))
			return RECORD_OK;
		if (str_eq_nocase(term, STR("-all")) || str_eq_nocase(term, STR("~all")))
			break; /* what stands behind is not reached: RFC 7208 5.1 */
	}
	return RECORD_WRONG;
}

enum record_state record_dmarc(const struct str *txt, size_t n)
{
	size_t count;

	(void)only(txt, n, STR("v=DMARC1"), &count);
	return count == 1 ? RECORD_OK : count ? RECORD_WRONG : RECORD_MISSING;
}
