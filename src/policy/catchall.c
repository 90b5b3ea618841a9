#include "policy/catchall.h"

enum { LOCAL_MOST = 64 };

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("._-+=", c));
}

int catch_patterns(struct str written, struct buf *out, struct fail *f)
{
	size_t n = 0, length = 0;

	for (size_t i = 0; i <= written.n; i++) {
		char c = i < written.n ? ascii_lower(written.p[i]) : ' ';

		if (c == ' ' || c == ',') {
			length = 0;
			continue;
		}
		if (!is_plain(c) && c != '*' && c != '?')
			return fail(f, FAIL_SYNTAX,
			            "a pattern is made of letters, digits, . _ - + = and of * and ?");
		n += length == 0;
		if (++length > CATCH_PATTERN_MAX || n > CATCH_PATTERNS_MAX)
			return fail(f, FAIL_LIMIT, "at most %d patterns of at most %d characters",
			            CATCH_PATTERNS_MAX, CATCH_PATTERN_MAX);
		if (length == 1 && out->n)
			buf_addc(out, ' ');
		buf_addc(out, c);
	}
	return OK;
}

/* Where a star has matched too little, it takes one character more; an earlier star never has to be asked again. */
static bool matches(struct str pattern, struct str s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, from = 0;

	while (i < s.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			from = i;
		} else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == s.p[i])) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static bool any_matches(struct str patterns, struct str local)
{
	while (patterns.p) {
		struct str one = str_cut(&patterns, ' ');

		if (one.n && matches(one, local))
			return true;
	}
	return false;
}

bool catch_allows(const struct catch_rule *r, struct str local)
{
	if (!r->on || !local.n || local.n > LOCAL_MOST || str_starts(local, STR("bounce+")))
		return false;
	for (size_t i = 0; i < local.n; i++)
		if (!is_plain(local.p[i]))
			return false;
	return !any_matches(r->deny, local) && (!r->allow.n || any_matches(r->allow, local));
}

struct verdict catch_full(void)
{
	return (struct verdict){ VERDICT_REFUSE, 450, "4.7.1",
		                 "too many new addresses of this domain today, please try again later",
		                 "new-aliases" };
}
