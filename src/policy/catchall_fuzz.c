/* Input: patterns, a newline, a local part. Laws: patterns as they are kept are kept again as they are; a rule allows what a
 * table of all prefixes says that it allows, and never what it denies. */
#include "policy/catchall.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The slow and obvious way: row[i] is whether the pattern so far matches the first i characters. */
static bool slow_match(struct str pattern, struct str s)
{
	bool row[128] = { true };

	for (size_t k = 0; k < pattern.n; k++) {
		bool next[128] = { false };

		for (size_t i = 0; i <= s.n; i++)
			if (pattern.p[k] == '*')
				next[i] = row[i] || (i && next[i - 1]);
			else
				next[i] = i && row[i - 1] &&
				          (pattern.p[k] == '?' || pattern.p[k] == s.p[i - 1]);
		memcpy(row, next, sizeof(row));
	}
	return row[s.n];
}

static bool slow_any(struct str patterns, struct str s)
{
	while (patterns.p)
		if (slow_match(str_cut(&patterns, ' '), s) && s.n)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = str_of(p, n), written = str_cut(&in, '\n'), local = in;
	OWN(buf) kept = BUF(4096);
	OWN(buf) again = BUF(4096);
	struct catch_rule all = { .on = true }, allow = { .on = true }, deny = { .on = true };

	if (catch_patterns(written, &kept, NULL) < 0 || kept.over)
		return 0;
	if (catch_patterns(buf_str(&kept), &again, NULL) < 0 || !str_eq(buf_str(&kept), buf_str(&again)))
		abort();
	if (!kept.n || !catch_allows(&all, local))
		return 0;
	allow.allow = deny.deny = buf_str(&kept);
	if (catch_allows(&allow, local) != slow_any(buf_str(&kept), local) ||
	    catch_allows(&deny, local) == slow_any(buf_str(&kept), local))
		abort();
	return 0;
}
