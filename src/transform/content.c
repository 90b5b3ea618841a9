#include "transform/content.h"

#include "wire/word.h"

enum { LINE_MAX = 998, VALUE_MAX = 250, ROOM = 64 * 1024 };

static bool is_fit(struct str raw)
{
	struct str left = raw;

	while (left.n)
		if (str_cut(&left, '\n').n > LINE_MAX)
			return false;
	return str_is_ascii(raw) && str_ends(raw, STR("\r\n"));
}

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 32 || s.p[i] > 126 || strchr("()<>@,;:\\\"/[]?=*'%", s.p[i]))
			return false;
	return s.n > 0;
}

/* Cut to VALUE_MAX between characters, without controls. */
static struct str tidy(struct str utf8, struct arena *a)
{
	struct str s = word_decode(str_first(utf8, ROOM / 8), a);

	if (s.n <= VALUE_MAX)
		return s;
	s.n = VALUE_MAX;
	while (s.n && ((unsigned char)s.p[s.n] & 0xc0) == 0x80)
		s.n--;
	return s;
}

static void put_extended(struct str utf8, struct buf *out)
{
	buf_addz(out, "*=utf-8''");
	for (size_t i = 0; i < utf8.n; i++) {
		if (is_token(str_of(utf8.p + i, 1)))
			buf_addc(out, utf8.p[i]);
		else
			buf_addf(out, "%%%02X", (unsigned char)utf8.p[i]);
	}
}

static void put_quoted(struct str ascii, struct buf *out)
{
	buf_addz(out, "=\"");
	for (size_t i = 0; i < ascii.n; i++) {
		if (ascii.p[i] == '"' || ascii.p[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, ascii.p[i]);
	}
	buf_addc(out, '"');
}

static void put_typed(const char *name, struct str body, struct arena *a, struct buf *out)
{
	struct typed t;

	header_typed(body, a, &t);
	if (!str_is_ascii(t.value) || !t.value.n || t.value.n > VALUE_MAX)
		return;
	buf_addf(out, "%s: %.*s", name, STR_ARG(t.value));
	for (size_t i = 0; i < t.n; i++) {
		struct str value = tidy(t.params[i].value, a);

		if (!is_token(t.params[i].name) || t.params[i].name.n > VALUE_MAX)
			continue;
		buf_addf(out, ";\r\n %.*s", STR_ARG(t.params[i].name));
		(str_is_ascii(value) ? put_quoted : put_extended)(value, out);
	}
	buf_addz(out, "\r\n");
}

static void put_text(const char *name, struct str body, struct arena *a, struct buf *out)
{
	header_put_text(out, name, tidy(header_unfold(body, a), a));
}

struct str content_field(const struct field *fd, struct arena *a)
{
	static const struct {
		const char *name;
		void (*put)(const char *, struct str, struct arena *, struct buf *);
	} writers[] = { { "Content-Type", put_typed },
		        { "Content-Disposition", put_typed },
		        { "Content-Transfer-Encoding", put_typed },
		        { "Content-Description", put_text },
		        { "Content-Language", put_text } };
	OWN(buf) b = BUF(ROOM);

	if (is_fit(fd->raw))
		return fd->raw;
	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++)
		if (str_eq_nocase(fd->name, str_c(writers[i].name)))
			writers[i].put(writers[i].name, fd->body, a, &b);
	return arena_str(a, buf_str(&b));
}
