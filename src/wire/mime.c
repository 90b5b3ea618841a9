/* mime.c - the parts of a message by their offsets. One pass over the lines: each line that begins with "--" is held
 * against the boundaries that are open, of which there are at most `depth`, so that time stays linear. */
#include "wire/mime.h"

#include "wire/b64.h"
#include "wire/word.h"

enum { BOUNDARY_MAX = 250, DEPTH_MAX = 64 };

struct walk {
	struct str in;
	const struct mime_limits *lim;
	struct arena *a;
	unsigned parts;
};

static enum mime_cte cte_of(struct str body, struct arena *a)
{
	static const struct {
		const char *name;
		enum mime_cte cte;
	} known[] = { { "7bit", CTE_7BIT },
		      { "8bit", CTE_8BIT },
		      { "binary", CTE_BINARY },
		      { "quoted-printable", CTE_QP },
		      { "base64", CTE_BASE64 } };
	struct typed t;

	header_typed(body, a, &t);
	if (!t.value.n)
		return CTE_7BIT;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(t.value, str_c(known[i].name)))
			return known[i].cte;
	return CTE_OTHER;
}

static struct str body_of(const struct header *h, struct str name)
{
	const struct field *fd = header_get(h, name);

	return fd ? fd->body : STR("");
}

static struct str default_type(const struct mime_part *parent)
{
	return parent && str_eq(parent->type.value, STR("multipart/digest")) ? STR("message/rfc822")
	                                                                     : STR("text/plain");
}

static int read_part(struct walk *w, struct str whole, struct mime_part *parent, struct mime_part **ret,
                     struct fail *f)
{
	struct mime_part *p = arena_new(w->a, struct mime_part);

	if (++w->parts > w->lim->parts)
		return fail(f, FAIL_LIMIT, "more than %u parts", w->lim->parts);
	p->parent = parent;
	p->depth = parent ? parent->depth + 1 : 0;
	if (p->depth > w->lim->depth || p->depth >= DEPTH_MAX)
		return fail(f, FAIL_LIMIT, "parts nested deeper than %u", w->lim->depth);
	p->whole = whole;
	TRY(header_parse(whole, &w->lim->header, w->a, &p->header, &p->body, f));
	header_typed(body_of(&p->header, STR("Content-Type")), w->a, &p->type);
	header_typed(body_of(&p->header, STR("Content-Disposition")), w->a, &p->disposition);
	if (!p->type.value.n || str_chr(p->type.value, '/') == p->type.value.n)
		p->type.value = default_type(parent);
	p->cte = cte_of(body_of(&p->header, STR("Content-Transfer-Encoding")), w->a);
	p->filename = typed_param(&p->disposition, STR("filename"));
	if (!p->filename.n)
		p->filename = typed_param(&p->type, STR("name"));
	*ret = p;
	return OK;
}

static size_t line_length(struct str s)
{
	size_t n = str_chr(s, '\n');

	return n < s.n ? n + 1 : s.n;
}

/* Is this line a delimiter of that boundary? RFC 2046 5.1.1: white space may follow it. */
static bool delimits(struct str line, struct str boundary, bool *ret_close)
{
	struct str rest;

	if (!str_starts(line, STR("--")) || !str_starts(str_from(line, 2), boundary))
		return false;
	rest = str_from(line, 2 + boundary.n);
	*ret_close = str_starts(rest, STR("--"));
	if (*ret_close)
		rest = str_from(rest, 2);
	return str_trim(rest).n == 0;
}

static struct str boundary_of(const struct mime_part *p)
{
	struct str b = typed_param(&p->type, STR("boundary"));

	while (b.n && b.p[b.n - 1] == ' ')
		b.n--;
	return str_starts(p->type.value, STR("multipart/")) && b.n <= BOUNDARY_MAX ? b : STR("");
}

/* Without the line end that belongs to the delimiter after it. */
static struct str before_delimiter(const char *from, const char *to)
{
	size_t n = (size_t)(to - from);

	if (n && from[n - 1] == '\n')
		n--;
	if (n && from[n - 1] == '\r')
		n--;
	return str_of(from, n);
}

/* A multipart that is open: where its current part began (NULL: preamble or epilogue), what is known of it. */
struct level {
	struct mime_part *part, *last;
	struct str boundary;
	const char *begin;
	bool closed;
};

struct stack {
	struct level at[DEPTH_MAX];
	size_t n;
};

static void link_child(struct level *l, struct mime_part *child)
{
	if (l->last)
		l->last->next = child;
	else
		l->part->child = child;
	l->last = child;
}

/* The part that ends at `to`: its true length is known now. */
static void end_part(struct level *l, const char *to)
{
	struct mime_part *p = l->last;
	struct str whole;

	if (!l->begin || !p)
		return;
	whole = before_delimiter(l->begin, to);
	p->body = p->body.p <= whole.p + whole.n ? str_of(p->body.p, (size_t)(whole.p + whole.n - p->body.p))
	                                         : str_of(whole.p + whole.n, 0);
	p->whole = whole;
	l->begin = NULL;
}

/* All open parts inside of level `keep` end here. */
static void end_inner(struct stack *s, size_t keep, const char *to)
{
	while (s->n > keep + 1) {
		s->n--;
		end_part(&s->at[s->n], to);
	}
	end_part(&s->at[keep], to);
}

static int open_levels(struct walk *w, struct stack *s, struct mime_part *p, const char **at, struct fail *f);

/* A new part begins at `at`; everything up to the end is taken for it until a delimiter says otherwise. */
static int begin_part(struct walk *w, struct stack *s, const char **at, struct fail *f)
{
	struct level *l = &s->at[s->n - 1];
	const char *end = w->in.p + w->in.n;
	struct mime_part *p;

	TRY(read_part(w, str_of(*at, (size_t)(end - *at)), l->part, &p, f));
	link_child(l, p);
	l->begin = *at;
	return open_levels(w, s, p, at, f);
}

static bool is_message(const struct mime_part *p)
{
	return (str_eq(p->type.value, STR("message/rfc822")) ||
	        str_eq(p->type.value, STR("message/global"))) &&
	       p->cte != CTE_BASE64 && p->cte != CTE_QP;
}

/* p was read: goes on behind its header, and opens a level when it is a multipart, or a message that holds one. */
static int open_levels(struct walk *w, struct stack *s, struct mime_part *p, const char **at, struct fail *f)
{
	struct str boundary;

	*at = p->body.p ? p->body.p : *at;
	while (is_message(p) && p->body.n) {
		struct mime_part *inner;

		TRY(read_part(w, p->body, p, &inner, f));
		p->child = inner;
		p = inner;
		*at = p->body.p;
	}
	boundary = boundary_of(p);
	if (!boundary.n)
		return OK;
	if (s->n == DEPTH_MAX)
		return fail(f, FAIL_LIMIT, "multiparts nested too deep");
	s->at[s->n++] = (struct level){ .part = p, .boundary = boundary };
	return OK;
}

/* Which open level a line delimits, the innermost first; s->n when none. */
static size_t level_of(const struct stack *s, struct str line, bool *ret_close)
{
	for (size_t i = s->n; i-- > 0;)
		if (!s->at[i].closed && delimits(line, s->at[i].boundary, ret_close))
			return i;
	return s->n;
}

/* A header must not be read past its part: a delimiter may come before the empty line. */
static struct str header_room(const struct stack *s, struct str rest)
{
	size_t n = 0;

	while (n < rest.n) {
		size_t k = line_length(str_from(rest, n));
		struct str line = str_of(rest.p + n, k);
		bool close;

		if (k <= 2 && !str_trim(line).n)
			break;
		if (str_starts(line, STR("--")) && level_of(s, line, &close) < s->n)
			return str_first(rest, n);
		n += k;
	}
	return rest;
}

static int walk_lines(struct walk *w, struct stack *s, const char *at, struct fail *f)
{
	const char *end = w->in.p + w->in.n;

	while (at < end && s->n) {
		size_t n = line_length(str_of(at, (size_t)(end - at)));
		struct str line = str_of(at, n);
		const char *next = at + n;
		bool close = false;
		size_t level = *at == '-' ? level_of(s, line, &close) : s->n;

		if (level < s->n) {
			end_inner(s, level, at);
			s->n = level + 1;
			s->at[level].closed = close;
			if (!close) {
				struct str in = w->in,
				           room = header_room(s, str_of(next, (size_t)(end - next)));

				w->in = str_of(in.p, (size_t)(room.p + room.n - in.p));
				TRY(begin_part(w, s, &next, f));
				w->in = in;
			}
		}
		at = next;
	}
	if (s->n)
		end_inner(s, 0, end);
	return OK;
}

/* A message inside a part ends where the part does. */
static void clip(struct mime_part *p)
{
	const char *end;

	if (!p->child) /* nor perhaps any byte */
		return;
	end = p->whole.p + p->whole.n;
	for (struct mime_part *c = p->child; c; c = c->next) {
		if (c->whole.p + c->whole.n > end)
			c->whole = c->whole.p < end ? str_of(c->whole.p, (size_t)(end - c->whole.p))
			                            : str_of(end, 0);
		if (c->body.p + c->body.n > end)
			c->body = c->body.p < end ? str_of(c->body.p, (size_t)(end - c->body.p))
			                          : str_of(end, 0);
		clip(c); /* depth is bounded */
	}
}

int mime_parse(struct str in, const struct mime_limits *lim, struct arena *a, struct mime_part **ret_root,
               struct fail *f)
{
	struct walk w = { in, lim, a, 0 };
	struct stack *s = arena_new(a, struct stack);
	struct mime_part *root;
	const char *at = in.p;

	TRY(read_part(&w, in, NULL, &root, f));
	TRY(open_levels(&w, s, root, &at, f));
	if (s->n)
		TRY(walk_lines(&w, s, at, f));
	clip(root);
	*ret_root = root;
	return OK;
}

struct mime_part *mime_next(const struct mime_part *root, struct mime_part *p)
{
	if (p->child)
		return p->child;
	while (p != root && !p->next)
		p = p->parent;
	return p == root ? NULL : p->next;
}

int mime_decode(const struct mime_part *p, struct buf *out, struct fail *f)
{
	switch (p->cte) {
	case CTE_QP:
		qp_parse(p->body, out);
		break;
	case CTE_BASE64:
		b64_parse_lenient(p->body, out);
		break;
	case CTE_7BIT:
	case CTE_8BIT:
	case CTE_BINARY:
		buf_add(out, p->body);
		break;
	case CTE_OTHER:
		return fail(f, FAIL_SYNTAX, "an unknown Content-Transfer-Encoding");
	}
	return out->over ? fail(f, FAIL_LIMIT, "a part of more than %zu bytes", out->max) : OK;
}

static int put_buf(void *self, struct str bytes, struct fail *f)
{
	buf_add(self, bytes);
	return OK;
}

void mime_encode(enum mime_cte cte, struct str in, struct buf *out)
{
	struct b64_lines lines = { 0 };
	struct sink sink = { put_buf, out };

	switch (cte) {
	case CTE_QP:
		qp_print(in, out);
		break;
	case CTE_BASE64:
		if (b64_lines_put(&lines, in, sink, NULL) < 0 || b64_lines_end(&lines, sink, NULL) < 0)
			out->over = true;
		break;
	case CTE_7BIT:
	case CTE_8BIT:
	case CTE_BINARY:
	case CTE_OTHER:
		buf_add(out, in);
		break;
	}
}
