/* Laws: the fields are the block, byte for byte; decoded text is UTF-8 without controls; what is written with it is one
 * field of short lines again, which says the same. */
#include "wire/date.h"
#include "wire/header.h"
#include "wire/word.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { OUT_MAX = 8 << 20, TEXT_MAX = 16 * 1024 };

static const struct header_limits limits = { .fields = 200, .block_bytes = 64 * 1024 };

static void require(bool law)
{
	if (!law)
		abort();
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 32 || s.p[i] == 127)
			return true;
	return false;
}

/* What was written is one field and nothing else. */
static struct str only_body(struct str written, struct arena *a)
{
	struct header h;
	struct str body;

	require(header_parse(written, &limits, a, &h, &body, NULL) == OK);
	require(h.n == 1 && !body.n && str_eq(h.fields[0].raw, written));
	return h.fields[0].body;
}

static void check_text(struct str text, struct arena *a)
{
	OWN(buf) out = BUF(OUT_MAX);
	struct str again;

	require(str_is_utf8(text) && !has_control(text));
	if (text.n > TEXT_MAX)
		return;
	header_put_text(&out, "Subject", text);
	require(!out.over && str_is_ascii(buf_str(&out)));
	again = word_decode(header_unfold(only_body(buf_str(&out), a), a), a);
	require(str_eq(str_trim(again), str_trim(text)));
}

static void check_value(struct str value, struct arena *a)
{
	OWN(buf) out = BUF(OUT_MAX);

	require(str_chr(value, '\n') == value.n && str_chr(value, '\r') == value.n);
	header_put(&out, "X", value);
	(void)only_body(buf_str(&out), a);
}

static void check_lists(struct str body, struct arena *a)
{
	struct str found[8];
	size_t n = header_msgids(body, a, 8, found);

	require(n <= 8);
	for (size_t i = 0; i < n; i++)
		require(found[i].n && str_chr(found[i], '>') == found[i].n &&
		        str_chr(found[i], ' ') == found[i].n && str_chr(found[i], '\n') == found[i].n);
	require(header_uris(body, a, 8, found) <= 8);
}

static void check_typed(struct str body, struct arena *a)
{
	struct typed t;

	header_typed(body, a, &t);
	for (size_t i = 0; i < t.value.n; i++)
		require(t.value.p[i] > 32 && t.value.p[i] == ascii_lower(t.value.p[i]));
	for (size_t i = 0; i < t.n; i++)
		require(str_is_utf8(t.params[i].value) && !has_control(t.params[i].value));
}

static void check_date(struct str text)
{
	OWN(buf) out = BUF(128);
	int64_t utc, again;

	if (!date_parse(text, &utc))
		return;
	date_print(utc, &out);
	require(date_parse(buf_str(&out), &again) && again == utc);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	OWN(arena) a = ARENA;
	struct str in = str_of(p, n), body;
	struct header h;
	size_t bytes = 0;

	if (header_parse(in, &limits, &a, &h, &body, NULL) < 0)
		return 0;
	require(h.n <= limits.fields && str_ends(in, body));
	for (size_t i = 0; i < h.n; i++) {
		const struct field *fd = &h.fields[i];
		struct str text = header_unfold(fd->body, &a);

		require(fd->raw.p == h.block.p + bytes && fd->name.p == fd->raw.p && fd->name.n);
		bytes += fd->raw.n;
		check_value(text, &a);
		check_text(word_decode(text, &a), &a);
		check_lists(fd->body, &a);
		check_typed(fd->body, &a);
		check_date(text);
	}
	require(bytes == h.block.n);
	return 0;
}
