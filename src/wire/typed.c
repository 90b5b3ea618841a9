/* typed.c - values with parameters: RFC 2045 5.1, RFC 2231. */
#include "wire/header.h"

#include "wire/word.h"

enum { PARAMS_MAX = 64, SECTIONS_MAX = 64 };

static struct str skip_blank(struct str s)
{
	size_t depth = 0, i = 0;

	for (; i < s.n; i++) {
		char c = s.p[i];

		if (c == '(')
			depth++;
		else if (c == ')' && depth)
			depth--;
		else if (!depth && c != ' ' && c != '\t' && c != '\r' && c != '\n')
			break;
	}
	return str_from(s, i);
}

static bool is_token(char c)
{
	return c > 32 && c < 127 && !strchr("()<>@,;:\\\"[]?=", c);
}

static struct str token(struct str *s)
{
	size_t n = 0;

	while (n < s->n && is_token(s->p[n]))
		n++;
	*s = str_from(*s, n);
	return str_of(s->p - n, n);
}

static struct str quoted(struct str *s, struct arena *a)
{
	struct str in = str_from(*s, 1);
	size_t n = 0, end = 0;
	char *out;

	while (end < in.n && in.p[end] != '"')
		end += in.p[end] == '\\' && end + 1 < in.n ? 2 : 1;
	out = arena_alloc(a, end + 1); /* of the value, not of all that follows: there may be many */
	for (size_t i = 0; i < end; i++) {
		if (in.p[i] == '\\' && i + 1 < in.n)
			i++;
		if (in.p[i] != '\r' && in.p[i] != '\n')
			out[n++] = in.p[i];
	}
	*s = str_from(in, end + 1);
	return str_of(out, n);
}

/* What clients write beside the grammar: values with bytes that a token has not. Up to the ';'. */
static struct str value(struct str *s, struct arena *a)
{
	size_t n;

	if (s->n && s->p[0] == '"')
		return quoted(s, a);
	n = str_chr(*s, ';');
	*s = str_from(*s, n);
	return str_trim(str_of(s->p - n, n));
}

static struct str lower(struct str s, struct arena *a)
{
	char *p = arena_z(a, s);

	for (size_t i = 0; i < s.n; i++)
		p[i] = ascii_lower(p[i]);
	return str_of(p, s.n);
}

static int hex(char c)
{
	c = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct str percent(struct str s, struct arena *a)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
			out[n++] = (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]));
			i += 2;
		} else {
			out[n++] = s.p[i];
		}
	}
	return str_of(out, n);
}

/* One section of a parameter: "filename*1*" is name filename, number 1, extended. */
struct section {
	struct str name, value;
	size_t number;
	bool numbered, extended;
};

static void read_section(struct str raw_name, struct str v, struct section *ret)
{
	struct section x = { .name = raw_name, .value = v };
	struct str rest;
	uint64_t number;

	if (x.name.n && x.name.p[x.name.n - 1] == '*') {
		x.extended = true;
		x.name.n--;
	}
	rest = x.name;
	x.name = str_cut(&rest, '*');
	if (rest.p && str_u64(rest, &number) && number < SECTIONS_MAX) {
		x.numbered = true;
		x.number = (size_t)number;
	}
	*ret = x;
}

static struct str first_section(const struct section *x, struct arena *a)
{
	struct str v = x->value, charset;
	OWN(buf) b = BUF(64 * 1024);

	if (!x->extended)
		return v;
	charset = str_cut(&v, '\'');
	(void)str_cut(&v, '\'');
	if (!v.p)
		return percent(x->value, a);
	/* other charsets than UTF-8 go through the decoder of encoded words */
	buf_addf(&b, "=?%.*s?Q?", STR_ARG(charset.n ? charset : STR("utf-8")));
	v = percent(v, a);
	for (size_t i = 0; i < v.n; i++)
		buf_addf(&b, "=%02X", (unsigned char)v.p[i]);
	buf_addz(&b, "?=");
	return word_decode(buf_str(&b), a);
}

static struct str join(const struct section *sections, size_t n, struct str name, struct arena *a)
{
	OWN(buf) b = BUF(64 * 1024);

	for (size_t want = 0; want < SECTIONS_MAX; want++) {
		bool found = false;

		for (size_t i = 0; !found && i < n; i++) {
			const struct section *x = &sections[i];

			if (!x->numbered || x->number != want || !str_eq(x->name, name))
				continue;
			buf_add(&b, want == 0     ? first_section(x, a)
			            : x->extended ? percent(x->value, a)
			                          : x->value);
			found = true;
		}
		if (!found)
			break;
	}
	return arena_str(a, buf_str(&b));
}

static bool has(const struct typed *t, struct str name)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_eq(t->params[i].name, name))
			return true;
	return false;
}

static size_t read_sections(struct str s, struct arena *a, struct section *out)
{
	size_t n = 0;

	while (n < PARAMS_MAX) {
		struct str name;

		s = skip_blank(s);
		while (s.n && s.p[0] == ';')
			s = skip_blank(str_from(s, 1));
		if (!s.n)
			break;
		name = lower(token(&s), a);
		s = skip_blank(s);
		if (!name.n || !s.n || s.p[0] != '=') {
			s = str_from(s, str_chr(s, ';'));
			continue;
		}
		s = skip_blank(str_from(s, 1));
		read_section(name, value(&s, a), &out[n++]);
	}
	return n;
}

/* Percent signs bring bytes of every kind in: what comes of them is tidied like decoded words. */
static struct str param_value(const struct section *sections, size_t n, const struct section *x,
                              struct arena *a)
{
	if (x->numbered)
		return word_tidy(join(sections, n, x->name, a), a);
	return x->extended ? word_tidy(first_section(x, a), a) : word_decode(x->value, a);
}

void header_typed(struct str body, struct arena *a, struct typed *ret)
{
	struct section *sections = arena_array(a, struct section, PARAMS_MAX);
	struct str s = skip_blank(header_unfold(body, a)), type, sub;
	struct typed t = { .params = arena_array(a, struct param, PARAMS_MAX) };
	size_t n;

	type = token(&s);
	s = skip_blank(s);
	if (s.n && s.p[0] == '/') {
		s = skip_blank(str_from(s, 1));
		sub = token(&s);
		if (type.n && sub.n) {
			char *p = arena_alloc(a, type.n + sub.n + 2);

			memcpy(p, type.p, type.n);
			p[type.n] = '/';
			memcpy(p + type.n + 1, sub.p, sub.n);
			t.value = lower(str_of(p, type.n + sub.n + 1), a);
		}
	} else {
		t.value = lower(type, a);
	}
	n = read_sections(str_from(s, str_chr(s, ';')), a, sections);
	for (size_t i = 0; i < n; i++) {
		struct section *x = &sections[i];

		if (has(&t, x->name) || (x->numbered && x->number))
			continue;
		t.params[t.n++] = (struct param){ x->name, param_value(sections, n, x, a) };
	}
	*ret = t;
}

struct str typed_param(const struct typed *t, struct str name)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_eq_nocase(t->params[i].name, name))
			return t->params[i].value;
	return STR("");
}
