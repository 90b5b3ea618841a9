#include "transform/hidden.h"

static bool is_named(struct str field, const char *name)
{
	struct str n = str_c(name);

	return str_starts_nocase(field, n) && field.n > n.n && field.p[n.n] == ':';
}

/* The first field with the lines that continue it. */
static struct str take_field(struct str *left)
{
	struct str all = *left;
	size_t n = 0;

	do {
		n += str_find(str_from(all, n), STR("\r\n"));
		n = n < all.n ? n + 2 : all.n;
	} while (n < all.n && (all.p[n] == ' ' || all.p[n] == '\t'));
	*left = str_from(all, n);
	return str_first(all, n);
}

static bool is_of_the_outside(struct str field)
{
	return is_named(field, "Received") || is_named(field, "X-Postern-Trace") ||
	       is_named(field, "MIME-Version");
}

void hidden_split(struct str header, struct buf *outer, struct buf *inner)
{
	size_t from = outer->n;
	struct str left = header, told;

	while (left.n) {
		struct str field = take_field(&left);

		buf_add(outer, is_named(field, "Subject") ? STR("Subject: [...]\r\n") : field);
		if (!is_of_the_outside(field))
			buf_add(inner, field);
	}
	told = str_from(buf_str(outer), from);
	while (told.n) {
		struct str field = take_field(&told);

		if (is_of_the_outside(field))
			continue;
		buf_addz(inner, "HP-Outer: ");
		buf_add(inner, field);
	}
}

/* No comment, no quoted pair, quotes that end, no empty parameter at its end: then what is added is one parameter more for
 * every reader. */
static bool is_plain(struct str field)
{
	bool quoted = false;

	for (size_t i = 0; i < field.n; i++) {
		char c = field.p[i];

		if (c == '(' || c == ')' || c == '\\' || (unsigned char)c > 126 ||
		    (c < ' ' && !strchr("\r\n\t", c)) || !c)
			return false;
		quoted ^= c == '"';
	}
	return !quoted && field.n && field.p[field.n - 1] != ';' && str_chr(field, '/') < field.n;
}

bool hidden_mark(struct str field, struct buf *out)
{
	struct str text = str_trim(field);

	if (!is_plain(text))
		return false;
	buf_add(out, text);
	buf_addz(out, ";\r\n hp=\"cipher\"\r\n");
	return true;
}
