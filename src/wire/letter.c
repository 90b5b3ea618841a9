#include "wire/letter.h"

#include "base/buf.h"

enum { ASCII_MAX = 0x80, FOLDED_FIRST = 0xc0, FOLDED_END = 0x180 };

/* U+00C0 to U+017F without their accents; "?" is a letter of its own. */
static const char folded[] = "aaaaaa?ceeeeiiii?nooooo?ouuuuy??aaaaaa?ceeeeiiii?nooooo?ouuuuy?y"
                             "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii??jjkk?lllllll"
                             "lllnnnnnnn??oooooo??rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

struct range {
	uint32_t from, to;
};

static const struct range nothing[] = {
	{ 0xad, 0xad },     { 0x300, 0x36f },   { 0x200b, 0x200f }, { 0x202a, 0x202e },
	{ 0x2060, 0x206f }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
};
static const struct range blanks[] = {
	{ 9, 13 },          { 32, 32 },         { 0xa0, 0xa0 },     { 0x2000, 0x200a },
	{ 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 },
};
/* Beyond ASCII: quotation marks, dashes, arrows, forms of full width, pictures. */
static const struct range no_letters[] = {
	{ 0x80, 0xa9 },          { 0xab, 0xb4 },     { 0xb6, 0xb9 },     { 0xbb, 0xbf },
	{ 0xd7, 0xd7 },          { 0xf7, 0xf7 },     { 0x300, 0x36f },   { 0x2000, 0x2070 },
	{ 0x2190, 0x2bff },      { 0x2e00, 0x2e7f }, { 0x3000, 0x3004 }, { 0x3008, 0x3030 },
	{ 0xe000, 0xf8ff },      { 0xfe00, 0xfe6f }, { 0xfeff, 0xff0f }, { 0xff1a, 0xff20 },
	{ 0xff3b, 0xff40 },      { 0xff5b, 0xff65 }, { 0xffe0, 0xffff }, { 0x1f000, 0x1faff },
	{ 0xe0000, 0x7fffffff },
};

static bool is_in(uint32_t c, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= r[i].from && c <= r[i].to)
			return true;
	return false;
}

#define IN(c, table) is_in(c, table, sizeof(table) / sizeof((table)[0]))

/* One character (RFC 3629), as far as its bytes say; a byte apart is itself. */
static uint32_t read_one(struct str s, size_t i, size_t *ret_n)
{
	unsigned char b = (unsigned char)s.p[i];
	size_t more = b >= 0xf0 ? 3 : b >= 0xe0 ? 2 : b >= 0xc0 ? 1 : 0;
	uint32_t c = more == 3 ? b & 7u : more == 2 ? b & 15u : more ? b & 31u : b;

	*ret_n = 1;
	if (i + more >= s.n)
		return b;
	for (size_t k = 1; k <= more; k++) {
		unsigned char x = (unsigned char)s.p[i + k];

		if ((x & 0xc0) != 0x80)
			return b;
		c = c << 6 | (x & 63u);
	}
	*ret_n = more + 1;
	return c;
}

static uint32_t lower(uint32_t c)
{
	if (c == 0xc6 || c == 0xd0 || c == 0xde)
		return c + 0x20;
	if ((c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		return c + 0x20;
	if (c >= 0x400 && c <= 0x40f)
		return c + 0x50;
	return c == 0x132 || c == 0x14a || c == 0x152 ? c + 1 : c;
}

uint32_t letter_at(struct str s, size_t i, size_t *ret_n)
{
	uint32_t c;

	*ret_n = 1;
	if ((unsigned char)s.p[i] < ASCII_MAX)
		return IN((uint32_t)s.p[i], blanks) ? LETTER_BLANK : (uint32_t)ascii_lower(s.p[i]);
	c = read_one(s, i, ret_n);
	if (IN(c, nothing))
		return LETTER_NOTHING;
	if (IN(c, blanks))
		return LETTER_BLANK;
	if (c >= FOLDED_FIRST && c < FOLDED_END && folded[c - FOLDED_FIRST] != '?')
		return (uint32_t)folded[c - FOLDED_FIRST];
	return lower(c);
}

static bool is_word(struct str s, size_t i)
{
	size_t n;
	char a = ascii_lower(s.p[i]);

	if ((unsigned char)a < ASCII_MAX)
		return (a >= '0' && a <= '9') || (a >= 'a' && a <= 'z');
	return !IN(read_one(s, i, &n), no_letters);
}

bool letter_begins(struct str s, size_t i)
{
	return i < s.n && is_word(s, i);
}

bool letter_ends(struct str s, size_t i)
{
	size_t k = i;

	while (k && i - k < 4 && ((unsigned char)s.p[k - 1] & 0xc0) == 0x80)
		k--;
	return i && is_word(s, k && k < i && (unsigned char)s.p[k - 1] >= 0xc0 ? k - 1 : i - 1);
}

void letter_visible(struct str in, struct buf *out)
{
	for (size_t i = 0, n; i < in.n; i += n) {
		uint32_t c = read_one(in, i, &n);

		if (!IN(c, nothing) || (c >= 0x300 && c <= 0x36f))
			buf_add(out, str_of(in.p + i, n));
	}
}
