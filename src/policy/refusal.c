#include "policy/refusal.h"

enum { CRLF = 2 };

/* Words of the table in lines; "\n" ends a paragraph. */
static void put_wrapped(struct buf *out, const char *text)
{
	struct str left = str_c(text);

	while (left.p && left.n) {
		struct str paragraph = str_cut(&left, '\n');
		size_t at = 0;

		while (paragraph.p) {
			struct str word = str_cut(&paragraph, ' ');

			if (at && at + 1 + word.n > REFUSAL_WIDTH) {
				buf_addz(out, "\r\n");
				at = 0;
			}
			if (at)
				buf_addc(out, ' ');
			buf_add(out, word);
			at += word.n + (at != 0);
		}
		buf_addz(out, "\r\n");
	}
}

/* Blank lines of n bytes in all, n != 1. */
static void put_blank(struct buf *out, size_t n)
{
	while (n) {
		size_t line = n > REFUSAL_WIDTH + CRLF ? REFUSAL_WIDTH + CRLF : n;

		if (n - line == 1) /* no room for the end of another line */
			line--;
		for (size_t i = CRLF; i < line; i++)
			buf_addc(out, ' ');
		buf_addz(out, "\r\n");
		n -= line;
	}
}

void refusal_print(enum reply_cause cause, int64_t kept, int kept_days, struct buf *out)
{
	const struct reply_row *row = reply_row(cause);
	const size_t began = out->n;
	size_t used;

	put_wrapped(out, row->why);
	buf_addz(out, "\r\nWhat to do:\r\n");
	put_wrapped(out, row->remedy);
	if (row->releasable && kept)
		buf_addf(out,
		         "\r\nPostern keeps this answer for %d days. To let it go as it is:\r\n"
		         "postern reply release %lld\r\n",
		         kept_days, (long long)kept);
	buf_addz(out,
	         "\r\nOne letter of this kind is written for an alias in an hour. Everything that was not\r\n"
	         "sent in the last week: postern reply list\r\n");
	used = out->n - began;
	if (used + CRLF <= REFUSAL_BYTES) /* refusal_test.c sees that no row of the table is longer */
		put_blank(out, REFUSAL_BYTES - used);
}
