#include "wire/html.h"

#include "wire/letter.h"
#include "wire/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { OUT_MAX = 1 << 20, LONG = 1 << 20 };

/* Tokens in a row: T text, O name attributes, C name, R element:content, D, X. */
static void print(const struct html_token *t, struct buf *out)
{
	struct str attrs = t->attrs, key, value;

	buf_addf(out, "%c(%.*s", "TOCRDX"[t->kind], STR_ARG(t->name));
	while (t->kind == HTML_OPEN && html_attribute(&attrs, &key, &value))
		buf_addf(out, " %.*s=%.*s", STR_ARG(key), STR_ARG(value));
	buf_addf(out, "%s%.*s)", t->kind == HTML_RAW ? ":" : "", STR_ARG(t->text));
}

static const struct {
	const char *in, *want;
} tokens[] = {
	{ "", "" },
	{ "plain", "T(plain)" },
	{ "a<b>c</b>d", "T(a)O(b)T(c)C(b)T(d)" },
	{ "a < b <3 </ >", "T(a < b <3 </ >)" },
	{ "<A HREF=x Title='y z' alt=\"a>b\" nowrap>", "O(A HREF=x Title=y z alt=a>b nowrap=)" },
	{ "<a href = \"x\" / b>", "O(a href=x b=)" },
	{ "<br/>", "O(br)" },
	{ "<a href=x/y>", "O(a href=x/y)" },
	{ "<a x=\"1\"\"y>z", "O(a x=1 \"y=)T(z)" },
	{ "<a=\"x>y", "O(a=\"x)T(y)" },
	{ "<a x=\"never closed> <b>", "O(a x=never closed> <b)" },
	{ "<a", "O(a)" },
	{ "<a =x>", "O(a =x=)" },
	{ "<a/b=c>", "O(a b=c)" },
	{ "</p x=y>", "C(p)" },
	{ "</>x", "X()T(x)" },
	{ "<!-- a > b -->c", "X()T(c)" },
	{ "<!-->x<!--->y", "X()T(x)X()T(y)" },
	{ "<!-- a --!>b", "X()T(b)" },
	{ "<!-- never closed", "X()" },
	{ "<!DOCTYPE html>x", "D()T(x)" },
	{ "<![if !mso]>x<![endif]>", "X()T(x)X()" },
	{ "<?xml version=1?>x", "X()T(x)" },
	{ "<style>a > b { c: \"</p>\" }</style>x", "O(style)R(style:a > b { c: \"</p>\" })C(style)T(x)" },
	{ "<script>if (a</b/) '</scripts>'</SCRIPT >x",
	  "O(script)R(script:if (a</b/) '</scripts>')C(SCRIPT)T(x)" },
	{ "<style></style>x", "O(style)C(style)T(x)" },
	{ "<style/>x", "O(style)T(x)" },
	{ "<style>never closed", "O(style)R(style:never closed)" },
	{ "<xmp><b></xmp>", "O(xmp)R(xmp:<b>)C(xmp)" },
	{ "<o:p>x</o:p>", "O(o:p)T(x)C(o:p)" },
};

static void tags_and_text_are_told_apart(void **state)
{
	for (size_t i = 0; i < COUNT(tokens); i++) {
		OWN(buf) out = BUF(OUT_MAX);
		struct html h = { .left = str_c(tokens[i].in) };
		struct html_token t;

		while (html_next(&h, &t))
			print(&t, &out);
		if (!str_eq(buf_str(&out), str_c(tokens[i].want)))
			fail_msg("%s gave %.*s", tokens[i].in, STR_ARG(buf_str(&out)));
	}
}

static const struct {
	const char *in, *want;
} references[] = {
	{ "a&#64;b&#x40;c&#X40;d&commat;e", "a@b@c@d@e" },
	{ "&#0064", "@" },
	{ "&lt;b&gt; &quot;&apos;", "<b> \"'" },
	{ "Ren&eacute; M&uuml;ller &Lstrok;&oacute;d&zacute;", "Ren\xc3\xa9 M\xc3\xbcller \xc5\x81\xc3\xb3"
	                                                       "d\xc5\xba" },
	{ "a&nbsp;b&shy;c&zwj;d", "a\xc2\xa0"
	                          "b\xc2\xad"
	                          "c\xe2\x80\x8d"
	                          "d" },
	{ "&amp;#64; &amp;lt; &copy &comm&#97;t;", "&amp;#64; &amp;lt; &amp;copy &amp;commat;" },
	{ "&#38;#64;", "&amp;#64;" },
	{ "&#0; &#xd800; &#99999999999999999999;", "\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd" },
	{ "&; &# &#x &#; &", "&amp;; &amp;# &amp;#x &amp;#; &amp;" },
	{ "&nosuch; &percnt;40", "&nosuch; %40" },
};

static void references_that_hide_are_read(void **state)
{
	for (size_t i = 0; i < COUNT(references); i++) {
		OWN(buf) out = BUF(OUT_MAX);

		html_decode(str_c(references[i].in), &out);
		if (!str_eq(buf_str(&out), str_c(references[i].want)))
			fail_msg("%s gave %.*s", references[i].in, STR_ARG(buf_str(&out)));
	}
	assert_int_equal(reference(STR("eacute")), 0xe9);
	assert_int_equal(reference(STR("amp")), 0);
	assert_int_equal(reference(STR("")), 0);
}

/* What is decoded and written again reads the same, and holds no markup that was not there. */
static void what_is_written_reads_the_same(void **state)
{
	static const char *const texts[] = { "a < b & c > \"d\"", "&amp; &nosuch; &amp;lt;", "x&y;z", "&&&",
		                             "\xc3\xa9" };

	for (size_t i = 0; i < COUNT(texts); i++) {
		OWN(buf) once = BUF(OUT_MAX);
		OWN(buf) again = BUF(OUT_MAX);

		html_escape(str_c(texts[i]), &once);
		assert_true(str_chr(buf_str(&once), '<') == once.n && str_chr(buf_str(&once), '"') == once.n);
		html_decode(buf_str(&once), &again);
		if (!str_eq(buf_str(&again), str_c(texts[i])) &&
		    str_chr(str_c(texts[i]), '&') == strlen(texts[i]))
			fail_msg("%s became %.*s", texts[i], STR_ARG(buf_str(&again)));
	}
}

/* A MiB of each is read at once: quadratic time would take minutes. */
static void hostile_text_takes_linear_time(void **state)
{
	static const char *const pieces[] = { "<",  "&",       "<a ", "<a x=\"",       "<!--",   "</",
		                              "&#", "<style>", "a=",  "<style></styl", "&eacute" };

	for (size_t i = 0; i < COUNT(pieces); i++) {
		OWN(buf) in = BUF(2 * LONG);
		OWN(buf) out = BUF(SIZE_MAX / 2);
		struct html h;
		struct html_token t;
		size_t n = 0;

		while (in.n < LONG)
			buf_addz(&in, pieces[i]);
		for (h = (struct html){ .left = buf_str(&in) }; html_next(&h, &t); n++)
			print(&t, &out);
		html_decode(buf_str(&in), &out);
		html_escape(buf_str(&in), &out);
		assert_true(n <= in.n);
	}
}

static const struct {
	const char *a, *b;
	bool same;
} letters[] = {
	{ "A", "a", true },
	{ "\xc3\x89", "e", true }, /* É */
	{ "\xc3\xa9", "\xc3\x89", true },
	{ "\xc5\x81", "\xc5\x82", true }, /* Ł ł */
	{ "\xd0\x90", "\xd0\xb0", true }, /* А а */
	{ "\xce\xa3", "\xcf\x83", true }, /* Σ σ */
	{ "\xc2\xa0", " ", true },
	{ "\xe2\x80\xaf", "\t", true },
	{ "\xc3\xa9", "a", false },
	{ "\xe7\x88\xb1", "\xe7\x88\xb2", false },
	{ "\xff", "\xfe", false },
};

static void letters_are_compared_without_their_accents(void **state)
{
	size_t n;

	for (size_t i = 0; i < COUNT(letters); i++)
		if ((letter_at(str_c(letters[i].a), 0, &n) == letter_at(str_c(letters[i].b), 0, &n)) !=
		    letters[i].same)
			fail_msg("%s and %s", letters[i].a, letters[i].b);
	assert_int_equal(letter_at(STR("\xcc\x81"), 0, &n), LETTER_NOTHING);
	assert_true(letter_begins(STR("\xc3\xa9"), 0) && letter_ends(STR("\xc3\xa9"), 2));
	assert_false(letter_begins(STR("\xe2\x80\x9c"), 0) || letter_ends(STR("\xe2\x80\x9d"), 3));
	assert_false(letter_begins(STR(""), 0) || letter_ends(STR("x"), 0));
}

static void what_nobody_sees_is_left_out(void **state)
{
	OWN(buf) out = BUF(OUT_MAX);

	letter_visible(STR("a\xe2\x80\xae"
	                   "b\xc2\xad"
	                   "c\xef\xbb\xbf"
	                   "e\xcc\x81"),
	               &out);
	assert_true(str_eq(buf_str(&out), STR("abce\xcc\x81")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_and_text_are_told_apart),
		cmocka_unit_test(references_that_hide_are_read),
		cmocka_unit_test(what_is_written_reads_the_same),
		cmocka_unit_test(hostile_text_takes_linear_time),
		cmocka_unit_test(letters_are_compared_without_their_accents),
		cmocka_unit_test(what_nobody_sees_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
