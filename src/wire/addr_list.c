/* addr_list.c - address lists of message headers, RFC 5322 3.4 with the obsolete forms and what is really sent. */
#include "wire/addr.h"

#include "wire/word.h"

static size_t skip_quoted(struct str s, size_t i)
{
	for (i++; i < s.n && s.p[i] != '"'; i++)
		i += s.p[i] == '\\';
	return i < s.n ? i : s.n - 1;
}

static size_t skip_comment(struct str s, size_t i)
{
	size_t depth = 0;

	for (; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && --depth == 0)
			return i;
	}
	return s.n - 1;
}

/* Length of the next entry; *ret_stop is the byte that ended it (0 at the end). */
static size_t entry_end(struct str s, char *ret_stop)
{
	bool angle = false;

	*ret_stop = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '"')
			i = skip_quoted(s, i);
		else if (c == '(')
			i = skip_comment(s, i);
		else if (c == '<')
			angle = true;
		else if (c == '>')
			angle = false;
		else if (!angle && (c == ',' || c == ';' || c == ':')) {
			*ret_stop = c;
			return i;
		}
	}
	return s.n;
}

/* Comments out, except inside of quotes; CR and LF (folds) out; the ends trimmed. */
static struct str without_comments(struct str s, struct arena *a)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"') {
			size_t end = skip_quoted(s, i);

			memcpy(out + n, s.p + i, end + 1 - i);
			n += end + 1 - i;
			i = end;
		} else if (s.p[i] == '(') {
			i = skip_comment(s, i);
		} else if (s.p[i] != '\r' && s.p[i] != '\n') {
			out[n++] = s.p[i];
		}
	}
	return str_trim(str_of(out, n));
}

/* Blanks beside dots and the at sign, as in "a . b @ c": obsolete, and read (RFC 5322 4.4). */
static struct str without_blanks(struct str s, struct arena *a)
{
	char *out = arena_alloc(a, s.n + 1);
	bool quoted = false;
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		quoted ^= s.p[i] == '"' && (i == 0 || s.p[i - 1] != '\\');
		if (quoted || (s.p[i] != ' ' && s.p[i] != '\t'))
			out[n++] = s.p[i];
	}
	return str_of(out, n);
}

/* The text of the first comment: "bob@example.org (Bob)" was how names were written once. */
static struct str comment_of(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"') {
			i = skip_quoted(s, i);
		} else if (s.p[i] == '(') {
			size_t end = skip_comment(s, i);

			return str_of(s.p + i + 1, end > i ? end - i - 1 : 0);
		}
	}
	return STR("");
}

/* A phrase to text: quoted parts unquoted, encoded words decoded. */
static struct str phrase(struct str s, struct arena *a)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	s = str_trim(s);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			continue;
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		out[n++] = s.p[i];
	}
	return str_trim(word_decode(str_of(out, n), a));
}

static size_t angle_of(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			i = skip_quoted(s, i);
		else if (s.p[i] == '<')
			return i;
	}
	return s.n;
}

static void read_entry(struct str raw, struct arena *a, struct addr_entry *e)
{
	struct str text = without_comments(raw, a), inside = text;
	size_t angle = angle_of(text);

	*e = (struct addr_entry){ STR(""), { STR(""), STR("") }, str_trim(raw), false };
	if (angle < text.n) {
		size_t close;

		e->name = phrase(str_first(text, angle), a);
		inside = str_from(text, angle + 1);
		close = str_rchr(inside, '>');
		inside = str_first(inside, close);
		if (inside.n && inside.p[0] == '@' && str_chr(inside, ':') < inside.n)
			inside = str_from(inside, str_chr(inside, ':') + 1);
	}
	if (!e->name.n)
		e->name = phrase(comment_of(raw), a);
	if (addr_parse(without_blanks(str_trim(inside), a), a, &e->addr, NULL) == OK)
		return;
	e->addr = (struct addr){ STR(""), STR("") };
	e->broken = true;
	if (!e->name.n)
		e->name = phrase(text, a);
}

static bool is_blank(struct str s, struct arena *a)
{
	return without_comments(s, a).n == 0;
}

/* At least as many as there are: each takes a comma, a semicolon or the end. */
static size_t count_entries(struct str s)
{
	size_t n = 1;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == ',' || s.p[i] == ';';
	return n;
}

int addr_list(struct str body, struct arena *a, struct addr_entry **ret, size_t *ret_n, struct fail *f)
{
	size_t most = count_entries(body), n = 0;
	struct addr_entry *out =
	        arena_array(a, struct addr_entry, most < ADDR_LIST_MAX ? most : ADDR_LIST_MAX);

	while (body.n) {
		char stop;
		size_t end = entry_end(body, &stop);
		struct str raw = str_first(body, end);

		body = str_from(body, stop ? end + 1 : end);
		if (stop == ':' && str_chr(raw, '@') == raw.n)
			continue; /* the name of a group */
		while (stop ==
		       ':') { /* where none may be: one broken entry up to the comma, as count_entries has it */
			size_t more = entry_end(body, &stop);

			raw.n += 1 + more;
			body = str_from(body, stop ? more + 1 : more);
		}
		if (is_blank(raw, a))
			continue;
		if (n == ADDR_LIST_MAX)
			return fail(f, FAIL_LIMIT, "more than %d addresses in one field", ADDR_LIST_MAX);
		read_entry(raw, a, &out[n++]);
	}
	*ret = out;
	*ret_n = n;
	return OK;
}
