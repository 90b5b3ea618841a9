/* Input: a message. Laws: what is told of it is bounded, of its enums, visible ASCII, and a status that RFC 3463 knows. */
#include "wire/bounce.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check_status(struct str s)
{
	size_t dots = 0;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '.')
			dots++;
		else if (s.p[i] < '0' || s.p[i] > '9')
			abort();
	if (s.n && (s.n < 5 || s.n > BOUNCE_STATUS_MOST || dots != 2))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct mime_limits limits = { 32, 1000, { 2000, 256 * 1024 } };
	OWN(arena) a = ARENA;
	struct mime_part *root;
	struct bounce b;

	if (mime_parse(str_of(p, n), &limits, &a, &root, NULL) < 0)
		return 0;
	bounce_read(root, &a, &b);
	if (b.kind >= BOUNCE_KINDS || b.reason >= BOUNCE_REASONS || b.note.n > BOUNCE_NOTE_MOST)
		abort();
	for (size_t i = 0; i < b.note.n; i++)
		if (b.note.p[i] < ' ' || b.note.p[i] > '~')
			abort();
	check_status(b.status);
	return 0;
}
