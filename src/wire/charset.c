#include "wire/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

enum { ROOM = 1024 };

/* One name each that iconv knows, and what else mail calls it. */
// clang-format off
static struct converter {
	const char *name, *alias;
	iconv_t cd;
	bool open;
} converters[] = {
	{ .name = "windows-1252", .alias = "cp1252" }, { .name = "iso-8859-15", .alias = "latin9" },
	{ .name = "iso-8859-2", .alias = "latin2" },   { .name = "windows-1250", .alias = "cp1250" },
	{ .name = "windows-1251", .alias = "cp1251" }, { .name = "koi8-r" }, { .name = "koi8-u" }, { .name = "iso-8859-5" },
	{ .name = "iso-8859-7" }, { .name = "windows-1253", .alias = "cp1253" }, { .name = "iso-8859-9" },
	{ .name = "windows-1254", .alias = "cp1254" }, { .name = "iso-8859-8", .alias = "iso-8859-8-i" },
	{ .name = "windows-1255", .alias = "cp1255" }, { .name = "windows-1256", .alias = "cp1256" },
	{ .name = "windows-1257", .alias = "cp1257" }, { .name = "windows-1258", .alias = "cp1258" },
	{ .name = "iso-8859-3" }, { .name = "iso-8859-4" }, { .name = "iso-8859-6" }, { .name = "iso-8859-10" },
	{ .name = "iso-8859-13" }, { .name = "iso-8859-14" }, { .name = "iso-8859-16" }, { .name = "macintosh" },
	{ .name = "gb18030", .alias = "gb2312" }, { .name = "gbk" }, { .name = "big5" }, { .name = "big5-hkscs" },
	{ .name = "iso-2022-jp" }, { .name = "shift_jis", .alias = "x-sjis" }, { .name = "euc-jp" },
	{ .name = "euc-kr", .alias = "ks_c_5601-1987" }, { .name = "iso-2022-kr" }, { .name = "tis-620", .alias = "windows-874" },
	{ .name = "utf-7", .alias = "unicode-1-1-utf-7" }, { .name = "viscii" },
};
// clang-format on
enum { CONVERTERS = sizeof(converters) / sizeof(converters[0]) };

size_t charset_open(void)
{
	size_t n = 0;

	for (size_t i = 0; i < CONVERTERS; i++) {
		struct converter *c = &converters[i];

		if (!c->open) {
			c->cd = iconv_open("UTF-8", c->name);
			c->open = c->cd != (iconv_t)-1;
		}
		n += c->open;
	}
	return n;
}

static struct converter *find(struct str name)
{
	for (size_t i = 0; i < CONVERTERS; i++) {
		struct converter *c = &converters[i];

		if (c->open && (str_eq_nocase(name, str_c(c->name)) ||
		                (c->alias && str_eq_nocase(name, str_c(c->alias)))))
			return c;
	}
	return NULL;
}

static bool is_utf8(struct str name)
{
	return str_eq_nocase(name, STR("utf-8")) || str_eq_nocase(name, STR("us-ascii")) ||
	       str_eq_nocase(name, STR("utf8")) || str_eq_nocase(name, STR("ascii"));
}

static bool is_latin1(struct str name)
{
	return str_eq_nocase(name, STR("iso-8859-1")) || str_eq_nocase(name, STR("latin1"));
}

bool charset_known(struct str name)
{
	return is_utf8(name) || is_latin1(name) || find(name);
}

static void from_latin1(struct str in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		unsigned char c = (unsigned char)in.p[i];

		if (c < 0x80) {
			buf_addc(out, (char)c);
		} else {
			buf_addc(out, (char)(0xc0 | c >> 6));
			buf_addc(out, (char)(0x80 | (c & 63)));
		}
	}
}

static void convert(struct converter *c, struct str in, struct buf *out)
{
	char *from = (char *)(uintptr_t)in.p;
	size_t left = in.n;

	iconv(c->cd, NULL, NULL, NULL, NULL);
	while (left && !out->over) {
		char room[ROOM], *to = room;
		size_t space = sizeof(room);
		size_t r = iconv(c->cd, &from, &left, &to, &space);

		buf_add(out, str_of(room, sizeof(room) - space));
		if (r != (size_t)-1 || errno == E2BIG)
			continue;
		buf_add(out, STR("\xef\xbf\xbd"));
		from++;
		left--;
	}
}

bool charset_to_utf8(struct str name, struct str in, struct buf *out)
{
	struct converter *c;

	if (is_utf8(name)) {
		buf_add(out, in);
		return true;
	}
	if (is_latin1(name)) {
		from_latin1(in, out);
		return true;
	}
	c = find(name);
	if (c)
		convert(c, in, out);
	return c != NULL;
}
