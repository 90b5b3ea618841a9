/* Laws: what is refused is told with the file's name; what is read is told to each role in words that the role reads, and
 * would be told again the same. */
#include "conf/conf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct role_side {
	struct conf *c; /* NULL: only note */
	struct arena *a;
	struct buf *said;
};

static void hear(void *self, struct str key, struct str value)
{
	struct role_side *s = self;

	buf_add(s->said, key);
	buf_addc(s->said, '=');
	buf_add(s->said, value);
	buf_addc(s->said, '\n');
	if (s->c && conf_apply(s->c, key, value, s->a, NULL) < 0)
		abort();
}

static void tell(const struct conf *c, enum role r, struct arena *a)
{
	OWN(buf) first = BUF(1 << 20);
	OWN(buf) again = BUF(1 << 20);
	struct conf own;
	struct role_side to = { &own, a, &first }, note = { NULL, a, &again };

	conf_blank(&own);
	conf_for_role(c, r, hear, &to);
	conf_for_role(&own, r, hear, &note);
	if (first.over || !str_eq(buf_str(&first), buf_str(&again)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	OWN(arena) a = ARENA;
	struct fail f = { 0 };
	struct conf c;

	if (conf_parse(str_of(p, n), "f.conf", "/x", &a, &c, &f) < 0) {
		if (f.code != FAIL_SYNTAX || !str_starts(str_c(f.why), STR("f.conf:")))
			abort();
		return 0;
	}
	for (enum role r = ROLE_CORE; r < ROLE_COUNT; r++)
		tell(&c, r, &a);
	return 0;
}
