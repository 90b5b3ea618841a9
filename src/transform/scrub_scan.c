/* scrub_scan.c - what of an answer core is asked about: addresses, names, Message-IDs. */
#include "transform/scrub_in.h"

#include "wire/date.h"
#include "wire/html.h"
#include "wire/word.h"

struct search {
	const struct str *domains;
	size_t n_domains;
	struct arena *a;
	struct scrub_facts *facts;
	bool full;
};

/* ---- people and names -------------------------------------------------------------------------------------------- */

static struct str printed(const struct addr *addr, struct arena *a)
{
	OWN(buf) b = BUF(1024);

	if (addr->domain.n)
		addr_print(addr, &b);
	return arena_str(a, buf_str(&b));
}

static int add_person(struct search *s, const struct addr_entry *e, struct fail *f)
{
	struct scrub_facts *x = s->facts;
	struct str address = printed(&e->addr, s->a);

	if (e->broken)
		return fail(f, FAIL_SYNTAX, "a recipient that cannot be read");
	for (size_t i = 0; i < x->n_people; i++)
		if (str_eq_nocase(x->people[i].address, address))
			return OK;
	if (!address.n) /* an empty group: "undisclosed-recipients:;" */
		return OK;
	if (x->n_people == SCRUB_PEOPLE_MAX)
		return fail(f, FAIL_LIMIT, "more than %d recipients", SCRUB_PEOPLE_MAX);
	x->people[x->n_people++] = (struct scan_person){ e->name, address };
	return OK;
}

static int read_people(struct search *s, const struct header *h, const char *name, struct fail *f)
{
	for (const struct field *fd = header_get(h, str_c(name)); fd; fd = header_next(h, fd, str_c(name))) {
		struct addr_entry *list;
		size_t n;

		TRY(addr_list(fd->body, s->a, &list, &n, f));
		for (size_t i = 0; i < n; i++)
			TRY(add_person(s, &list[i], f));
	}
	return OK;
}

static void add_name(struct search *s, struct str name)
{
	struct scrub_facts *x = s->facts;

	name = str_trim(name);
	for (size_t i = 0; i < x->n_names; i++)
		if (str_eq_nocase(x->names[i], name))
			return;
	if (name.n > 1 && x->n_names < SCRUB_NAMES_MAX)
		x->names[x->n_names++] = name;
}

static void read_names(struct search *s, const struct header *h)
{
	static const char *const fields[] = { "From", "Sender", "Reply-To", "Disposition-Notification-To",
		                              "Resent-From" };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *fd = header_get(h, str_c(fields[i]));
		struct addr_entry *list;
		size_t n;

		if (fd && addr_list(fd->body, s->a, &list, &n, NULL) == OK)
			for (size_t k = 0; k < n; k++)
				add_name(s, list[k].name);
	}
}

/* ---- what stands within ------------------------------------------------------------------------------------------ */

static void found(void *arg, struct str address)
{
	struct search *s = arg;
	struct scrub_facts *x = s->facts;

	for (size_t i = 0; i < x->n_found && !s->full; i++)
		if (str_eq(x->found[i], address))
			return;
	if (x->n_found == SCRUB_FOUND_MAX)
		s->full = true;
	else
		x->found[x->n_found++] = arena_str(s->a, address);
}

static void search_text(struct search *s, struct str text)
{
	rewrite_find(text, s->domains, s->n_domains, found, s);
}

/* As they stand, and as a link is read. */
static void search_attributes(struct search *s, struct str raw)
{
	OWN(buf) attrs = BUF(SCRUB_TEXT_MAX);
	OWN(buf) normal = BUF(SCRUB_TEXT_MAX);

	html_decode(raw, &attrs);
	search_text(s, buf_str(&attrs));
	if (str_chr(buf_str(&attrs), '%') == attrs.n)
		return;
	scrub_normal_link(buf_str(&attrs), &normal);
	search_text(s, buf_str(&normal));
}

static void search_html(struct search *s, struct str text)
{
	OWN(buf) flat = BUF(SCRUB_TEXT_MAX);
	struct html h = { .left = text };
	struct html_token t;

	while (html_next(&h, &t)) { /* as it is read, with the tags taken out; and what is in the tags */
		search_attributes(s, t.attrs);
		if (t.kind == HTML_TEXT)
			html_decode(t.text, &flat);
		if (t.kind == HTML_RAW)
			search_text(s, t.text);
		if ((t.kind == HTML_OPEN || t.kind == HTML_CLOSE) && t.name.n < 64) {
			OWN(buf) small = BUF(65);

			for (size_t i = 0; i < t.name.n; i++)
				buf_addc(&small, ascii_lower(t.name.p[i]));
			if (tag_row(buf_str(&small))->block)
				buf_addc(&flat, '\n');
		}
	}
	search_text(s, buf_str(&flat));
}

/* A calendar's lines as they are meant: an address may be folded. */
static void search_flat(struct search *s, struct str text)
{
	OWN(buf) flat = BUF(SCRUB_TEXT_MAX);

	for (size_t i = 0; i < text.n; i++) {
		if (str_starts(str_from(text, i), STR("\r\n ")) ||
		    str_starts(str_from(text, i), STR("\r\n\t")))
			i += 2;
		else
			buf_addc(&flat, text.p[i]);
	}
	search_text(s, buf_str(&flat));
}

static int search_leaf(struct search *s, const struct mime_part *p, enum part_rule rule, struct fail *f)
{
	OWN(buf) text = BUF(SCRUB_TEXT_MAX);

	search_text(s, p->filename);
	if (rule == PART_REFUSE)
		return fail(f, FAIL_DENIED, "a part of type %.*s", STR_ARG(str_first(p->type.value, 60)));
	if (rule != PART_TEXT && rule != PART_HTML && rule != PART_CALENDAR)
		return OK;
	TRY(scrub_text(p, &text, f));
	if (rule == PART_HTML)
		search_html(s, buf_str(&text));
	else if (rule == PART_CALENDAR)
		search_flat(s, buf_str(&text));
	else
		search_text(s, buf_str(&text));
	return OK;
}

static void search_header(struct search *s, const struct header *h)
{
	static const char *const fields[] = { "From", "To", "Cc", "Subject" };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *fd = header_get(h, str_c(fields[i]));

		if (fd)
			search_text(s, word_decode(fd->body, s->a));
	}
}

static int search_part(struct search *s, const struct mime_part *p, unsigned depth, struct fail *f)
{
	const struct part_row *row;

	if (depth > SCRUB_DEPTH_MAX)
		return fail(f, FAIL_LIMIT, "parts more than %d deep", SCRUB_DEPTH_MAX);
	p = scrub_effective(p, &row);
	if (!p)
		return OK;
	if (row->rule == PART_ONWARD)
		return scrub_is_onward(p) ? OK : fail(f, FAIL_DENIED, "a signed part within the message");
	if (row->rule != PART_MULTI && row->rule != PART_MESSAGE)
		return search_leaf(s, p, row->rule, f);
	if (row->rule == PART_MESSAGE && !p->child)
		return fail(f, FAIL_DENIED, "a message within the message that cannot be read");
	for (const struct mime_part *c = p->child; c; c = c->next) {
		if (row->rule == PART_MESSAGE)
			search_header(s, &c->header);
		TRY(search_part(s, c, depth + 1, f));
	}
	return OK;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static struct str text_of(const struct opened *o, const char *name, struct arena *a)
{
	const struct field *fd = opened_field(o, str_c(name));

	return fd ? word_decode(fd->body, a) : STR("");
}

/* RFC 3834 5, and what older machines write. */
static bool is_automatic(const struct opened *o, struct arena *a)
{
	struct str said = str_trim(text_of(o, "Auto-Submitted", a)),
	           precedence = str_trim(text_of(o, "Precedence", a));

	return (said.n && !str_starts_nocase(said, STR("no"))) ||
	       str_eq_nocase(precedence, STR("auto_reply")) || str_eq_nocase(precedence, STR("bulk")) ||
	       header_get(&o->outer, STR("X-Autoreply")) || header_get(&o->outer, STR("X-Autorespond"));
}

static bool is_receipt(const struct opened *o)
{
	struct str kind = typed_param(&o->content->type, STR("report-type"));

	return str_eq(o->content->type.value, STR("multipart/report")) &&
	       (str_eq_nocase(kind, STR("disposition-notification")) ||
	        str_eq_nocase(kind, STR("delivery-status")));
}

static void read_ids(const struct opened *o, struct arena *a, struct scrub_facts *x)
{
	static const char *const fields[] = { "References", "In-Reply-To" };
	const struct field *fd = opened_field(o, STR("Message-ID"));
	struct str id[1];

	if (fd && header_msgids(header_unfold(fd->body, a), a, 1, id))
		x->message_id = id[0];
	for (size_t i = 0; i < 2; i++) {
		fd = opened_field(o, str_c(fields[i]));
		if (fd)
			x->n_refs += header_msgids(header_unfold(fd->body, a), a, SCRUB_IDS_MAX - x->n_refs,
			                           x->refs + x->n_refs);
	}
}

static void read_from(const struct opened *o, struct search *s)
{
	const struct field *fd = opened_field(o, STR("From"));
	struct addr_entry *list;
	size_t n;

	s->facts->from = (struct scan_person){ STR(""), STR("") };
	if (fd && addr_list(fd->body, s->a, &list, &n, NULL) == OK && n)
		s->facts->from = (struct scan_person){ list[0].name, printed(&list[0].addr, s->a) };
}

int scrub_scan(const struct opened *o, const struct str *domains, size_t n_domains, struct arena *a,
               struct scrub_facts *ret, struct fail *f)
{
	struct scrub_facts *x = arena_array(a, struct scrub_facts, 1);
	struct search s = { domains, n_domains, a, x, false };
	const struct header *h = o->inner.n ? &o->inner : &o->outer;

	x->message_id = STR("");
	read_from(o, &s);
	TRY(read_people(&s, h, "To", f));
	TRY(read_people(&s, h, "Cc", f));
	read_names(&s, &o->outer);
	read_names(&s, &o->inner);
	read_ids(o, a, x);
	if (!date_parse(text_of(o, "Date", a), &x->date_utc))
		x->date_utc = 0;
	x->automatic = is_automatic(o, a);
	x->receipt = is_receipt(o);
	search_text(&s, text_of(o, "Subject", a));
	TRY(search_part(&s, o->content, 0, f));
	if (s.full)
		return fail(f, FAIL_LIMIT, "more than %d addresses of this relay in a message",
		            SCRUB_FOUND_MAX);
	*ret = *x;
	return OK;
}
