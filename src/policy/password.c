#include "policy/password.h"

#include "base/mem.h"
#include "wire/b64.h"

enum { GROUP = 5 };

void password_print(const uint8_t random[static PASSWORD_RANDOM], struct buf *out)
{
	OWN(buf) all = BUF(64);

	(void)!buf_room(&all, 63);
	b32_print(str_of(random, PASSWORD_RANDOM), &all);
	for (size_t i = 0; i < PASSWORD_CHARS; i++) {
		if (i && i % GROUP == 0)
			buf_addc(out, '-');
		buf_addc(out, all.p[i]);
	}
	wipe(all.p, all.cap);
}

static bool is_base32(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
}

bool password_canon(struct str typed, char to[static PASSWORD_CHARS], size_t *ret_n)
{
	size_t n = 0;

	*ret_n = 0;
	for (size_t i = 0; i < typed.n; i++) {
		char c = ascii_lower(typed.p[i]);

		if (c == '-' || c == ' ')
			continue;
		if (!is_base32(c) || n == PASSWORD_CHARS)
			return false;
		to[n++] = c;
	}
	if (n != PASSWORD_CHARS)
		return false;
	*ret_n = n;
	return true;
}
