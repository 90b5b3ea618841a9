#include "policy/records.h"

const struct record_row *record_row(enum record r)
{
	static const struct record_row rows[RECORD_KINDS] = {
		[RECORD_OWNERSHIP] = { "ownership", "TXT", "", RECORD_TOKEN_PREFIX },
		[RECORD_MX] = { "mx", "MX", "", "" },
		[RECORD_SPF] = { "spf", "TXT", "", "v=spf1" },
		[RECORD_DMARC] = { "dmarc", "TXT", "_dmarc.", "v=DMARC1" },
	};

	return &rows[r];
}

const char *record_word(enum record_state s)
{
	static const char *const words[] = { [RECORD_OK] = "ok",
		                             [RECORD_MISSING] = "missing",
		                             [RECORD_WRONG] = "wrong",
		                             [RECORD_UNSURE] = "unknown" };

	return words[s];
}

/* DMARC: the relay signs nothing in the domain's name, so that more than p=none would have its answers thrown away. */
void record_value(enum record r, struct str host, struct str token, struct buf *out)
{
	static const char *const fixed[RECORD_KINDS] = { [RECORD_OWNERSHIP] = RECORD_TOKEN_PREFIX,
		                                         [RECORD_MX] = "10 ",
		                                         [RECORD_SPF] = "v=spf1 mx -all",
		                                         [RECORD_DMARC] = "v=DMARC1; p=none" };

	buf_addz(out, fixed[r]);
	if (r == RECORD_OWNERSHIP || r == RECORD_MX)
		buf_add(out, r == RECORD_MX ? host : token);
}

void records_judge(const struct records_found *in, struct str host, struct str token,
                   enum record_state ret[RECORD_KINDS])
{
	ret[RECORD_OWNERSHIP] =
	        in->no_txt || !token.n ? RECORD_UNSURE : record_ownership(in->txt, in->n_txt, token);
	ret[RECORD_MX] = in->no_mx ? RECORD_UNSURE : record_mx(in->mx, in->n_mx, host);
	ret[RECORD_SPF] = in->no_txt ? RECORD_UNSURE : record_spf(in->txt, in->n_txt, host);
	ret[RECORD_DMARC] = in->no_dmarc ? RECORD_UNSURE : record_dmarc(in->dmarc, in->n_dmarc);
}

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
	struct str left = only(txt, n, STR("v=DMARC1"), &count);

	while (count == 1 && left.n) {
		struct str tag = str_trim(str_cut(&left, ';'));

		if (str_starts_nocase(tag, STR("p=")) &&
		    !str_eq_nocase(str_trim(str_from(tag, 2)), STR("none")))
			return RECORD_WRONG;
	}
	return count == 1 ? RECORD_OK : count ? RECORD_WRONG : RECORD_MISSING;
}
