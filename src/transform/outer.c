/* outer.c - the header that the mailbox provider sees. Every field is there by a row of policy/headers.c. */
#include "policy/correspond.h"
#include "policy/headers.h"
#include "transform/seal.h"
#include "wire/b64.h"
#include "wire/charset.h"
#include "wire/date.h"
#include "wire/word.h"

/* WORD_MAX: what is longer than this and has no blank could not be folded into lines that SMTP takes. */
enum { HEADER_MAX = 512 * 1024, WORD_MAX = 900, URIS_MAX = 16, DATE_MAX = 60 };

struct outer {
	const struct scan *s;
	const struct seal_plan *p;
	struct arena *a;
	struct buf *out;
};

static bool same_address(struct str x, struct str y)
{
	return str_eq_nocase(x, y);
}

static const struct str_pair *mapped(const struct seal_plan *p, struct str address)
{
	for (size_t i = 0; i < p->n_map; i++)
		if (same_address(p->map[i].from, address))
			return &p->map[i];
	return NULL;
}

static bool is_own(const struct seal_plan *p, struct str address)
{
	for (size_t i = 0; i < p->n_own; i++)
		if (same_address(p->own[i], address))
			return true;
	return same_address(p->alias, address);
}

static struct str printed(const struct addr *addr, struct arena *a)
{
	OWN(buf) b = BUF(1024);

	addr_print(addr, &b);
	return arena_str(a, buf_str(&b));
}

/* RFC 6857: an address that ASCII cannot write becomes a group with its text for a name. */
static void only_ascii(struct addr_entry *e, struct arena *a)
{
	if (addr_is_ascii(&e->addr))
		return;
	if (!e->name.n)
		e->name = printed(&e->addr, a);
	e->addr = (struct addr){ STR(""), STR("") };
}

/* One entry of To or Cc becomes what the user's client may write to. */
static void map_entry(const struct outer *o, struct addr_entry *e)
{
	struct str address = printed(&e->addr, o->a);
	const struct str_pair *m;

	if (!e->broken && is_own(o->p, address)) {
		e->name = display_name(e->name, STR(""), o->a);
		only_ascii(e, o->a);
		return;
	}
	m = e->broken ? NULL : mapped(o->p, address);
	e->name = display_name(e->name, address, o->a);
	e->addr = (struct addr){ STR(""), STR("") };
	if (m && m->to.n && addr_parse(m->to, o->a, &e->addr, NULL) < 0)
		e->addr = (struct addr){ STR(""), STR("") };
}

struct people {
	struct addr_entry *e;
	size_t n;
};

/* All fields of that name as one: there must not be two of them (RFC 5322 3.6), but there are. */
static int read_people(const struct outer *o, const char *name, struct people *ret, struct fail *f)
{
	const struct header *h = &o->s->root->header;
	OWN(buf) all = BUF(HEADER_MAX);

	for (const struct field *fd = NULL; (fd = header_next(h, fd, str_c(name)));) {
		if (all.n)
			buf_addc(&all, ',');
		buf_add(&all, fd->body);
	}
	return addr_list(arena_str(o->a, buf_str(&all)), o->a, &ret->e, &ret->n, f);
}

static bool has_alias(const struct outer *o, const struct people *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (same_address(printed(&p->e[i].addr, o->a), o->p->alias))
			return true;
	return false;
}

static int add_alias(const struct outer *o, struct people *p, struct fail *f)
{
	struct addr_entry *e = arena_array(o->a, struct addr_entry, p->n + 1);

	if (p->n)
		memcpy(e, p->e, p->n * sizeof(*e));
	e[p->n].name = STR("");
	TRY(addr_parse(o->p->alias, o->a, &e[p->n].addr, f));
	p->e = e;
	p->n++;
	return OK;
}

static void put_people(const struct outer *o, const char *name, const struct people *p)
{
	for (size_t i = 0; i < p->n; i++)
		map_entry(o, &p->e[i]);
	if (p->n)
		header_put_addrs(o->out, name, p->e, p->n);
}

static int put_recipients(const struct outer *o, struct fail *f)
{
	struct people to, cc;

	TRY(read_people(o, "To", &to, f));
	TRY(read_people(o, "Cc", &cc, f));
	if (o->p->add_alias && !has_alias(o, &to) && !has_alias(o, &cc))
		TRY(add_alias(o, &to, f));
	put_people(o, "To", &to);
	put_people(o, "Cc", &cc);
	return OK;
}

static struct str told(const struct seal_plan *p, struct str id)
{
	for (size_t i = 0; i < p->n_ids; i++)
		if (str_eq(p->ids[i].from, id))
			return p->ids[i].to;
	return STR("");
}

static const struct field *first(const struct outer *o, const char *name)
{
	return header_get(&o->s->root->header, str_c(name));
}

static void put_ids(const struct outer *o, const char *name)
{
	const struct field *fd = first(o, name);
	struct str ids[SCAN_IDS_MAX];
	size_t n = fd ? header_msgids(fd->body, o->a, SCAN_IDS_MAX, ids) : 0;
	OWN(buf) b = BUF(64 * 1024);

	for (size_t i = 0; i < n; i++) {
		struct str id = told(o->p, ids[i]);

		if (id.n)
			buf_addf(&b, "%s<%.*s>", b.n ? " " : "", STR_ARG(id));
	}
	if (b.n)
		header_put(o->out, name, buf_str(&b));
}

/* A web address that fits into a line of its own: no blanks, no brackets, nothing but visible ASCII. */
static bool is_web(struct str uri, struct str scheme)
{
	for (size_t i = 0; i < uri.n; i++)
		if (uri.p[i] <= 32 || uri.p[i] > 126 || uri.p[i] == '<')
			return false;
	return str_starts_nocase(uri, scheme) && uri.n <= WORD_MAX;
}

static size_t web_uris(const struct outer *o, const struct field *fd, struct buf *b)
{
	struct str uris[URIS_MAX];
	size_t n = fd ? header_uris(fd->body, o->a, URIS_MAX, uris) : 0, secure = 0;

	for (size_t i = 0; i < n; i++) {
		bool https = is_web(uris[i], STR("https://"));

		if (https || is_web(uris[i], STR("http://")))
			buf_addf(b, "%s<%.*s>", b->n ? ", " : "", STR_ARG(uris[i]));
		secure += https;
	}
	return secure;
}

static void put_urls(const struct outer *o, const char *name)
{
	OWN(buf) b = BUF(URIS_MAX * (WORD_MAX + 4));

	(void)web_uris(o, first(o, name), &b);
	if (b.n)
		header_put(o->out, name, buf_str(&b));
}

/* RFC 8058 3.1: one click is a POST to an https URL, and the field has one value only. */
static void put_one_click(const struct outer *o)
{
	OWN(buf) b = BUF(URIS_MAX * (WORD_MAX + 4));

	if (first(o, "List-Unsubscribe-Post") && web_uris(o, first(o, "List-Unsubscribe"), &b))
		header_put(o->out, "List-Unsubscribe-Post", STR("List-Unsubscribe=One-Click"));
}

static bool is_of(struct str s, const char *others)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !(c && strchr(others, c)))
			return false;
	}
	return s.n > 0;
}

/* The sender's own time zone stays; a comment behind it, or what else stood there, does not. */
static void put_date(const struct outer *o, const char *name)
{
	const struct field *fd = first(o, name);
	struct str text = fd ? header_unfold(fd->body, o->a) : STR("");
	OWN(buf) b = BUF(128);

	text = str_trim(str_first(text, str_chr(text, '(')));
	if (o->s->date_utc && text.n <= DATE_MAX && is_of(text, " ,:+-")) {
		header_put(o->out, name, text);
		return;
	}
	date_print(o->s->date_utc ? o->s->date_utc : o->p->now_utc, &b);
	header_put(o->out, name, buf_str(&b));
}

static void put_word(const struct outer *o, const char *name)
{
	const struct field *fd = first(o, name);
	struct str text = fd ? header_unfold(fd->body, o->a) : STR("");
	size_t n = 0;

	while (n < text.n && is_of(str_of(text.p + n, 1), "-"))
		n++;
	if (n && n <= DATE_MAX)
		header_put(o->out, name, str_first(text, n));
}

/* Does an encoded word at the start of s hold a control, which a careless client would write out again when it answers?
 * RFC 2047 5 (3). ESC, SO and SI belong to charsets. A word without an end is not looked through for one. */
static bool word_hides_control(struct str s)
{
	OWN(buf) raw = BUF(2 * WORD_MAX);
	OWN(buf) text = BUF(16 * WORD_MAX);
	struct str left = str_from(str_first(s, WORD_MAX), 2);
	struct str charset = str_cut(&left, '?'), how = str_cut(&left, '?');
	size_t end = str_find(left, STR("?="));
	bool known;

	if (end == left.n)
		return s.n > WORD_MAX;
	(how.n == 1 && ascii_lower(how.p[0]) == 'b' ? b64_parse_lenient : qp_parse)(str_first(left, end),
	                                                                            &raw);
	known = charset_to_utf8(charset, buf_str(&raw), &text);
	for (struct str t = buf_str(known ? &text : &raw); t.n; t = str_from(t, 1)) {
		unsigned char c = (unsigned char)t.p[0];

		if (c == 127 || (c < 32 && (known || (c != 27 && c != 14 && c != 15))))
			return true;
	}
	return false;
}

static bool hides_control(struct str text)
{
	while ((text = str_from(text, str_find(text, STR("=?")))).n) {
		if (word_hides_control(text))
			return true;
		text = str_from(text, 2);
	}
	return false;
}

/* RFC 5322 2.1.1: no line has more than 998 characters, and lines are folded at blanks. */
static struct str with_blanks(struct str text, struct arena *a)
{
	OWN(buf) b = BUF(2 * HEADER_MAX);
	size_t word = 0;

	for (size_t i = 0; i < text.n; i++) {
		word = text.p[i] == ' ' || text.p[i] == '\t' ? 0 : word + 1;
		if (word > WORD_MAX) {
			buf_addc(&b, ' ');
			word = 1;
		}
		buf_addc(&b, text.p[i]);
	}
	return arena_str(a, buf_str(&b));
}

static void put_text(const struct outer *o, const char *name)
{
	const struct field *fd = first(o, name);
	struct str text = fd ? header_unfold(fd->body, o->a) : STR("");

	if (!fd)
		return;
	if (str_is_ascii(text) && !hides_control(text)) /* as it is: what nobody here reads, its reader may */
		header_put(o->out, name, with_blanks(text, o->a));
	else
		header_put_text(o->out, name, with_blanks(word_decode(text, o->a), o->a));
}

static void put_label(const struct outer *o, const char *name)
{
	const struct field *fd = first(o, name);

	if (fd && str_chr(fd->body, '@') == fd->body.n)
		put_text(o, name);
}

static int put_from(const struct outer *o, struct fail *f)
{
	struct addr_entry e = { .name = o->p->from_name };

	TRY(addr_parse(o->p->from, o->a, &e.addr, f));
	header_put_addrs(o->out, "From", &e, 1);
	e.name = STR("");
	header_put_addrs(o->out, "Reply-To", &e, 1);
	return OK;
}

/* Of the trace fields (RFC 5321 4.4) one is left. It counts the relays that took theirs away, or two that face each other
 * would never see that a message goes round. */
static void put_received(const struct outer *o)
{
	OWN(buf) b = BUF(512);

	buf_addf(&b, "by %.*s (hop %u) with ESMTP; ",
	         STR_ARG(o->p->hostname.n ? o->p->hostname : STR("localhost")), o->s->hops + 1);
	date_print(o->p->now_utc, &b);
	header_put(o->out, "Received", buf_str(&b));
}

/* Our own first; those of other relays stay, so that each knows its own again when two face each other. */
static void put_traces(const struct outer *o)
{
	if (o->p->trace.n)
		header_put(o->out, "X-Postern-Trace", o->p->trace);
	for (size_t i = 0; i < o->s->n_traces && i + 1 < SCAN_TRACES_MAX; i++)
		header_put(o->out, "X-Postern-Trace", o->s->traces[i]);
}

int seal_header(const struct scan *s, const struct seal_plan *p, struct arena *a, struct buf *out,
                struct fail *f)
{
	static void (*const kept[])(const struct outer *, const char *) = {
		[FIELD_IDS] = put_ids,     [FIELD_URLS] = put_urls, [FIELD_TEXT] = put_text,
		[FIELD_LABEL] = put_label, [FIELD_WORD] = put_word, [FIELD_DATE] = put_date,
		[FIELD_INNER] = NULL,
	};
	const struct outer o = { s, p, a, out };
	OWN(buf) id = BUF(1024);

	put_received(&o);
	put_traces(&o);
	TRY(put_from(&o, f));
	TRY(put_recipients(&o, f));
	buf_addf(&id, "<%.*s>", STR_ARG(p->message_id));
	header_put(out, "Message-ID", buf_str(&id));
	for (const struct field_row *row = field_rows; row->name; row++)
		if (kept[row->rule])
			kept[row->rule](&o, row->name);
	put_one_click(&o);
	buf_addz(out, "MIME-Version: 1.0\r\n");
	return out->over ? fail(f, FAIL_LIMIT, "a header of more than %zu bytes", out->max) : OK;
}
