#include "transform/entity.h"

#include "crypto/aead.h"
#include "policy/headers.h"
#include "transform/calendar.h"
#include "transform/content.h"
#include "transform/hidden.h"
#include "transform/nested.h"
#include "wire/b64.h"

enum { MAPPED_MAX = 4 * CALENDAR_MAX, PIECES_MAX = 2100, BOUNDARY_BYTES = 16, HEADER_FIELD_MAX = 512 * 1024 };

static void add(struct entity *e, struct str piece)
{
	if (!piece.n || e->n == e->cap)
		return;
	e->pieces[e->n++] = piece;
	e->bytes += piece.n;
}

/* A field is taken once: what a second Content-Type says, other readers may believe. */
static bool is_first(const struct header *h, const struct field *fd)
{
	return header_get(h, fd->name) == fd;
}

/* protected: its Content-Type says so. */
static struct str inner_field(const struct field *fd, const struct seal_plan *p, bool protected,
                              struct arena *a)
{
	OWN(buf) marked = BUF(HEADER_FIELD_MAX);

	if (protected && str_eq_nocase(fd->name, STR("Content-Type")) && hidden_mark(fd->raw, &marked))
		return arena_str(a, buf_str(&marked));
	return p->form == FORM_CLEAR ? content_field(fd, a) : fd->raw;
}

static void add_header(struct entity *e, const struct scan *s, const struct seal_plan *p, bool protected,
                       struct arena *a)
{
	const struct header *h = &s->root->header;

	if (protected && !header_get(h, STR("Content-Type")))
		add(e, STR("Content-Type: text/plain; charset=us-ascii; hp=\"cipher\"\r\n"));

	for (size_t i = 0; i < h->n; i++) {
		const struct field *fd = &h->fields[i];

		if (field_row(fd->name)->rule != FIELD_INNER || !is_first(h, fd))
			continue;
		add(e, inner_field(fd, p, protected, a));
		if (p->form != FORM_CLEAR && !str_ends(e->pieces[e->n - 1], STR("\r\n")))
			add(e, STR("\r\n"));
	}
	add(e, STR("\r\n"));
}

struct mapping {
	const struct seal_plan *p;
	struct arena *a;
};

static struct addr map_address(void *self, const struct addr *found)
{
	struct mapping *m = self;
	struct addr to = { STR(""), STR("") };
	OWN(buf) b = BUF(1024);

	addr_print(found, &b);
	if (str_eq_nocase(buf_str(&b), m->p->alias))
		return *found;
	for (size_t i = 0; i < m->p->n_own; i++)
		if (str_eq_nocase(m->p->own[i], buf_str(&b)))
			return *found;
	for (size_t i = 0; i < m->p->n_map; i++)
		if (str_eq_nocase(m->p->map[i].from, buf_str(&b)) && m->p->map[i].to.n &&
		    addr_parse(m->p->map[i].to, m->a, &to, NULL) == OK)
			return to;
	return (struct addr){ STR(""), STR("") };
}

/* The new body of a calendar part; *ret_changed false when it stays as it is. */
static int calendar(const struct mime_part *part, const struct seal_plan *p, struct arena *a, struct str *ret,
                    bool *ret_changed, struct fail *f)
{
	OWN(buf) text = BUF(CALENDAR_MAX);
	OWN(buf) mapped = BUF(MAPPED_MAX);
	OWN(buf) encoded = BUF(3 * MAPPED_MAX); /* as quoted-printable may need */
	struct mapping m = { p, a };
	struct str out;

	*ret_changed = false;
	if (calendar_is_signed(part) || !calendar_read(part, &text))
		return OK;
	TRY(calendar_rewrite(buf_str(&text), (struct ical_map){ map_address, &m }, &mapped, f));
	if (str_eq(buf_str(&text), buf_str(&mapped)))
		return OK;
	mime_encode(part->cte, buf_str(&mapped), &encoded);
	if (encoded.over)
		return fail(f, FAIL_LIMIT, "a calendar too large");
	out = buf_str(&encoded);
	if (part->cte == CTE_BASE64 && str_ends(out, STR("\r\n")))
		out.n -= 2; /* the delimiter brings its own */
	*ret = arena_str(a, out);
	*ret_changed = true;
	return OK;
}

static void add_rest(struct entity *e, const struct scan *s, const char *at)
{
	if (at)
		add(e, str_of(at, (size_t)(s->in.p + s->in.n - at)));
}

static int add_body(struct entity *e, const struct scan *s, const struct seal_plan *p, struct arena *a,
                    struct fail *f)
{
	const char *at = s->root->body.p;

	for (struct mime_part *part = s->calendar ? s->root : NULL; part; part = mime_next(s->root, part)) {
		bool changed = false;
		struct str text;

		if (!calendar_is(part))
			continue;
		TRY(calendar(part, p, a, &text, &changed, f));
		if (!changed)
			continue;
		add(e, str_of(at, (size_t)(part->body.p - at)));
		add(e, text);
		at = part->body.p + part->body.n;
		e->as_it_came = false;
	}
	add_rest(e, s, at);
	return OK;
}

/* A calendar that its sender signed cannot be changed without breaking the signature: the reader is warned instead, beside
 * the whole of it. */
static const char warning[] =
        "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
        "A note of your relay: the invitation below is signed by its sender, or written in a way that the\r\n"
        "relay does not read, so the addresses in it could not be replaced. Answering it from your\r\n"
        "calendar may write past the relay and show your address.\r\n\r\n--";

/* The content becomes the last part of a multipart/mixed; *ret_end closes it. */
static int add_frame(struct entity *e, const char *note, bool protected, struct arena *a, struct str *ret_end,
                     struct fail *f)
{
	OWN(buf) boundary = BUF(64);
	OWN(buf) b = BUF(2048);
	uint8_t raw[BOUNDARY_BYTES];

	TRY(random_shown(raw, sizeof(raw), f));
	hex_print(str_of(raw, sizeof(raw)), &boundary);
	buf_addf(&b, "Content-Type: multipart/mixed; boundary=\"%s\"%s\r\n\r\n--%s\r\n", boundary.p,
	         protected ? "; hp=\"cipher\"" : "", boundary.p);
	if (note)
		buf_addf(&b, "%s%s\r\n", note, boundary.p);
	add(e, arena_str(a, buf_str(&b)));
	buf_clear(&b);
	buf_addf(&b, "\r\n--%s--\r\n", boundary.p);
	*ret_end = arena_str(a, buf_str(&b));
	return OK;
}

/* Can the content itself bear the protected fields? */
static bool takes_mark(const struct scan *s)
{
	const struct field *fd = header_get(&s->root->header, STR("Content-Type"));
	OWN(buf) marked = BUF(HEADER_FIELD_MAX);

	return !fd || (hidden_mark(fd->raw, &marked) && !marked.over);
}

int entity_make(const struct scan *s, const struct seal_plan *p, struct str protected, struct arena *a,
                struct entity *ret, struct fail *f)
{
	bool framed = s->fixed_calendar || nested_speaks(s->root) || (protected.n && !takes_mark(s));
	struct entity e = { .pieces = arena_array(a, struct str, PIECES_MAX), .cap = PIECES_MAX };
	struct str end = STR("");

	e.as_it_came = !framed && !protected.n && p->form == FORM_SEALED;
	add(&e, protected);
	if (framed)
		TRY(add_frame(&e, s->fixed_calendar ? warning : NULL, protected.n, a, &end, f));
	add_header(&e, s, p, protected.n && !framed, a);
	TRY(add_body(&e, s, p, a, f));
	add(&e, end);
	if (e.n == e.cap)
		return fail(f, FAIL_LIMIT, "too many calendars");
	*ret = e;
	return OK;
}

void entity_as_it_came(const struct scan *s, struct arena *a, struct entity *ret)
{
	static const struct seal_plan sealed = { .form = FORM_SEALED };
	size_t cap = 2 * s->root->header.n + 3; /* each field and its line end, the empty line, the body */
	struct entity e = { .pieces = arena_array(a, struct str, cap), .cap = cap, .as_it_came = true };

	add_header(&e, s, &sealed, false, a);
	add_rest(&e, s, s->root->body.p);
	*ret = e;
}

int entity_put(const struct entity *e, struct sink out, struct fail *f)
{
	for (size_t i = 0; i < e->n; i++)
		TRY(sink_put(out, e->pieces[i], f));
	return OK;
}

static int put_digest(void *self, struct str bytes, struct fail *f)
{
	return digest_put(self, bytes, f);
}

int entity_digest(const struct entity *e, uint8_t ret[static 32], struct fail *f)
{
	OWNS(digest) d = NULL;

	TRY(digest_new(&d, f));
	TRY(entity_put(e, (struct sink){ put_digest, d }, f));
	return digest_end(d, ret, f);
}

bool entity_is_eight_bit(const struct entity *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (!str_is_ascii(e->pieces[i]))
			return true;
	return false;
}
