/* Laws: tokens lie in the input, in order; no reference is made that was not there: what is decoded and written again stays so
 * when it is read and written once more, and holds no markup. */
#include "wire/html.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { OUT_MAX = 64 << 20, IN_MAX = 256 * 1024 };

static void require(bool law)
{
	if (!law)
		abort();
}

static bool lies_in(struct str s, struct str in)
{
	return !s.n || (s.p >= in.p && s.p + s.n <= in.p + in.n);
}

static void check_text(struct str text)
{
	OWN(buf) decoded = BUF(OUT_MAX);
	OWN(buf) once = BUF(OUT_MAX);
	OWN(buf) read = BUF(OUT_MAX);
	OWN(buf) twice = BUF(OUT_MAX);

	html_decode(text, &decoded);
	html_escape(buf_str(&decoded), &once);
	html_decode(buf_str(&once), &read);
	html_escape(buf_str(&read), &twice);
	require(str_eq(buf_str(&read), buf_str(&decoded)) && str_eq(buf_str(&once), buf_str(&twice)));
	require(str_chr(buf_str(&once), '<') == once.n && str_chr(buf_str(&once), '>') == once.n &&
	        str_chr(buf_str(&once), '"') == once.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct str in = str_of(p, n);
	struct html h = { .left = in };
	struct html_token t;
	const char *at = in.p;

	if (n > IN_MAX)
		return 0;
	check_text(in);
	while (html_next(&h, &t)) {
		struct str attrs = t.attrs, key, value;

		require(h.left.p > at || !h.left.n);
		at = h.left.p;
		require(lies_in(t.text, in) && lies_in(t.name, in) && lies_in(t.attrs, in));
		require((t.kind == HTML_TEXT || t.kind == HTML_RAW) == (t.text.n > 0));
		while (t.kind == HTML_OPEN && html_attribute(&attrs, &key, &value))
			require(key.n && lies_in(key, in) && lies_in(value, in));
	}
	require(!h.left.n);
	return 0;
}
