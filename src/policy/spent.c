#include "policy/spent.h"

#include <string.h>

bool spent_is(const struct spent *s, const uint8_t key[static SPENT_KEY], int64_t now)
{
	for (unsigned i = 0; i < SPENT_ROWS; i++)
		if (s->rows[i].until > now && memcmp(s->rows[i].key, key, SPENT_KEY) == 0)
			return true;
	return false;
}

bool spent_add(struct spent *s, const uint8_t key[static SPENT_KEY], int64_t until, int64_t now)
{
	struct spent_row *r = &s->rows[s->next];

	if (r->until > now)
		return false;
	memcpy(r->key, key, SPENT_KEY);
	r->until = until;
	s->next = (s->next + 1) % SPENT_ROWS;
	return true;
}
