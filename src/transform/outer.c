/* outer.c - the header that the mailbox provider sees. Every field is there by a row of policy/headers.c. */
#include "policy/correspond.h"
#include "policy/headers.h"
#include "transform/seal.h"
#include "wire/date.h"
#include "wire/word.h"

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

static const struct seal_pair *mapped(const struct seal_plan *p, struct str address)
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
	const struct seal_pair *m;

	if (!e->broken && is_own(o->p, address)) {
		only_ascii(e, o->a);
		return;
	}
	m = e->broken ? NULL : mapped(o->p, address);
	e->name = display_name(e->name, address, o->a);
	e->addr = (struct addr){ STR(""), STR("") };
	if (m && m->to.n && addr_parse(m->to, o->a, &e->addr, NULL) < 0)
		e->addr = (struct addr){ STR(""), STR("") };
}

static int put_addresses(struct outer *o, const char *name, bool *has_alias, bool add_alias, struct fail *f)
{
	const struct field *fd = header_get(&o->s->root->header, str_c(name));
	struct addr_entry *e = NULL, *all;
	size_t n = 0;

	if (fd)
		TRY(addr_list(fd->body, o->a, &e, &n, f));
	all = arena_array(o->a, struct addr_entry, n + 1);
	for (size_t i = 0; i < n; i++) {
		all[i] = e[i];
		*has_alias = *has_alias || same_address(printed(&e[i].addr, o->a), o->p->alias);
		map_entry(o, &all[i]);
	}
	if (add_alias && !*has_alias && addr_parse(o->p->alias, o->a, &all[n].addr, NULL) == OK) {
		all[n].name = STR("");
		only_ascii(&all[n], o->a);
		n++;
	}
	if (n)
		header_put_addrs(o->out, name, all, n);
	return OK;
}

static bool names_alias(const struct outer *o, struct str name)
{
	const struct field *fd = header_get(&o->s->root->header, name);
	struct addr_entry *e;
	size_t n;

	if (!fd || addr_list(fd->body, o->a, &e, &n, NULL) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (same_address(printed(&e[i].addr, o->a), o->p->alias))
			return true;
	return false;
}

static int put_recipients(struct outer *o, struct fail *f)
{
	bool in_cc = names_alias(o, STR("Cc")), in_to = false;

	TRY(put_addresses(o, "To", &in_to, o->p->add_alias && !in_cc, f));
	return put_addresses(o, "Cc", &in_cc, false, f);
}

static struct str told(const struct seal_plan *p, struct str id)
{
	for (size_t i = 0; i < p->n_ids; i++)
		if (str_eq(p->ids[i].from, id))
			return p->ids[i].to;
	return STR("");
}

static void put_ids(struct outer *o, const char *name)
{
	const struct field *fd = header_get(&o->s->root->header, str_c(name));
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

static size_t web_uris(struct outer *o, const struct field *fd, struct buf *b)
{
	struct str uris[16];
	size_t n = header_uris(fd->body, o->a, 16, uris), kept = 0;

	for (size_t i = 0; i < n; i++) {
		bool web = str_starts_nocase(uris[i], STR("https://")) ||
		           str_starts_nocase(uris[i], STR("http://"));

		if (!web || !str_is_ascii(uris[i]))
			continue;
		buf_addf(b, "%s<%.*s>", kept++ ? ", " : "", STR_ARG(uris[i]));
	}
	return kept;
}

static void put_urls(struct outer *o, const char *name)
{
	const struct field *fd = header_get(&o->s->root->header, str_c(name));
	OWN(buf) b = BUF(256 * 1024);

	if (fd && web_uris(o, fd, &b))
		header_put(o->out, name, buf_str(&b));
}

static bool unsubscribes_by_web(struct outer *o)
{
	const struct field *fd = header_get(&o->s->root->header, STR("List-Unsubscribe"));
	OWN(buf) b = BUF(256 * 1024);

	return fd && web_uris(o, fd, &b);
}

static void put_date(struct outer *o, struct str original)
{
	OWN(buf) b = BUF(128);

	if (o->s->date_utc && str_is_ascii(original) && original.n < 100) {
		header_put(o->out, "Date", original);
		return;
	}
	date_print(o->s->date_utc ? o->s->date_utc : o->p->now_utc, &b);
	header_put(o->out, "Date", buf_str(&b));
}

static void put_text(struct outer *o, const struct field_row *row)
{
	const struct field *fd = header_get(&o->s->root->header, str_c(row->name));
	struct str text = fd ? header_unfold(fd->body, o->a) : STR("");

	if (str_eq(str_c(row->name), STR("Date")))
		put_date(o, text);
	else if (!fd || (str_eq(str_c(row->name), STR("List-Unsubscribe-Post")) && !unsubscribes_by_web(o)))
		return;
	else if (str_is_ascii(text)) /* as it is: a charset that nobody here reads, its reader may */
		header_put(o->out, row->name, text);
	else
		header_put_text(o->out, row->name, word_decode(text, o->a));
}

static int put_from(struct outer *o, struct fail *f)
{
	struct addr_entry e = { .name = o->p->from_name };

	TRY(addr_parse(o->p->from, o->a, &e.addr, f));
	header_put_addrs(o->out, "From", &e, 1);
	e.name = STR("");
	header_put_addrs(o->out, "Reply-To", &e, 1);
	return OK;
}

static void put_received(struct outer *o)
{
	OWN(buf) b = BUF(512);

	buf_addf(&b, "by %.*s with ESMTP; ", STR_ARG(o->p->hostname.n ? o->p->hostname : STR("localhost")));
	date_print(o->p->now_utc, &b);
	header_put(o->out, "Received", buf_str(&b));
}

int seal_header(const struct scan *s, const struct seal_plan *p, struct arena *a, struct buf *out,
                struct fail *f)
{
	struct outer o = { s, p, a, out };
	OWN(buf) id = BUF(1024);

	put_received(&o);
	TRY(put_from(&o, f));
	TRY(put_recipients(&o, f));
	buf_addf(&id, "<%.*s>", STR_ARG(p->message_id));
	header_put(out, "Message-ID", buf_str(&id));
	put_ids(&o, "In-Reply-To");
	put_ids(&o, "References");
	for (const struct field_row *row = field_rows; row->name; row++) {
		if (row->rule == FIELD_TEXT)
			put_text(&o, row);
		else if (row->rule == FIELD_URLS)
			put_urls(&o, row->name);
	}
	buf_addz(out, "MIME-Version: 1.0\r\n");
	return out->over ? fail(f, FAIL_LIMIT, "a header of more than %zu bytes", out->max) : OK;
}
