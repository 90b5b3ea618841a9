/* scrub_head.c - the header that leaves, by the table of policy/scrub.h. */
#include "transform/scrub_in.h"

#include "wire/date.h"
#include "wire/word.h"

#include <strings.h>

static void put_date(int64_t utc, struct buf *out)
{
	buf_addz(out, "Date: ");
	date_print(utc, out);
	buf_addz(out, "\r\n");
}

struct str scrub_line(struct scrubber *s, struct str utf8, bool quoted)
{
	OWN(buf) b = BUF(SCRUB_HEAD_MAX);

	rewriter_put(&s->rw, utf8, quoted, &b);
	return arena_str(s->a, buf_str(&b));
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static struct str name_for(const struct scrubber *s, struct str address)
{
	for (size_t i = 0; i < s->plan->n_names; i++)
		if (str_eq_nocase(s->plan->names[i].from, address))
			return s->plan->names[i].to;
	return STR("");
}

static struct str printed(const struct scrubber *s, const struct addr *a)
{
	OWN(buf) b = BUF(1024);

	addr_print(a, &b);
	return arena_str(s->a, buf_str(&b));
}

/* False: it goes. With whom it stands for goes the name that the user's program gave; the name that the world has for them is
 * the correspondent's own. Somebody who is not in the map is as the user wrote them. */
static bool map_entry(struct scrubber *s, const struct addr_entry *e, bool own_stays, struct addr_entry *ret)
{
	struct str was = e->addr.domain.n ? printed(s, &e->addr) : STR("");
	struct str told = was.n ? rewriter_address(&s->rw, was) : STR_NONE;
	struct str address = told.p ? told : was;

	if (!address.n || (str_eq_nocase(address, s->plan->from) && told.p && !own_stays))
		return false;
	if (addr_parse(address, s->a, &ret->addr, NULL) < 0)
		return false;
	s->removed[SCRUB_ADDRESSES] += told.p != NULL;
	ret->name = told.p ? name_for(s, address) : scrub_line(s, e->name, true);
	s->utf8 = s->utf8 || !addr_is_ascii(&ret->addr);
	return true;
}

static size_t map_list(struct scrubber *s, struct str body, bool own_stays, struct addr_entry **ret)
{
	struct addr_entry *list, *out;
	size_t n, kept = 0;

	if (addr_list(body, s->a, &list, &n, NULL) < 0)
		return 0;
	out = arena_array(s->a, struct addr_entry, n + 1);
	for (size_t i = 0; i < n; i++)
		kept += map_entry(s, &list[i], own_stays, &out[kept]);
	*ret = out;
	return kept;
}

static size_t put_addresses(struct scrubber *s, const char *name, struct str body, bool own_stays,
                            struct buf *out)
{
	struct addr_entry *list;
	size_t n = map_list(s, body, own_stays, &list);

	if (n)
		header_put_addrs(out, name, list, n);
	return n;
}

/* ---- the fields -------------------------------------------------------------------------------------------------- */

static void put_from(struct scrubber *s, struct buf *out)
{
	struct addr_entry e = { .name = s->plan->from_name };

	if (addr_parse(s->plan->from, s->a, &e.addr, NULL) < 0)
		return;
	s->utf8 = s->utf8 || !addr_is_ascii(&e.addr);
	header_put_addrs(out, "From", &e, 1);
}

static void put_ids(struct scrubber *s, const char *name, struct str body, struct buf *out)
{
	struct str ids[SCRUB_IDS_MAX];
	size_t n = header_msgids(header_unfold(body, s->a), s->a, SCRUB_IDS_MAX, ids);
	bool begun = false;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s->plan->n_ids; k++) {
			if (!str_eq(ids[i], s->plan->ids[k].from))
				continue;
			buf_addf(out, "%s%s<%.*s>", begun ? "" : name, begun ? "\r\n " : ": ",
			         STR_ARG(s->plan->ids[k].to));
			begun = true;
			break;
		}
	if (begun)
		buf_addz(out, "\r\n");
}

/* "auto-replied; owner=alice@..." without what follows; a word that is none of these could be a name. */
static void put_word(const char *name, struct str text, struct buf *out)
{
	static const char *const words[] = { "no",
		                             "auto-generated",
		                             "auto-replied",
		                             "auto-notified",
		                             "high",
		                             "normal",
		                             "low",
		                             "1",
		                             "2",
		                             "3",
		                             "4",
		                             "5" };
	struct str t = str_trim(text);
	size_t n = 0;

	while (n < t.n && (t.p[n] == '-' || (t.p[n] >= '0' && t.p[n] <= '9') ||
	                   (t.p[n] >= 'a' && t.p[n] <= 'z') || (t.p[n] >= 'A' && t.p[n] <= 'Z')))
		n++;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq_nocase(str_first(t, n), str_c(words[i])))
			header_put(out, name, str_c(words[i]));
}

static const struct field *field_of(const struct opened *o, const struct header *h, const char *name)
{
	return o ? opened_field(o, str_c(name)) : header_get(h, str_c(name));
}

static void put_row(struct scrubber *s, const struct out_row *row, const struct field *fd, bool nested,
                    struct buf *out, size_t *people)
{
	switch (row->rule) {
	case OUT_ADDRESSES:
		*people += put_addresses(s, row->name, fd->body, nested, out);
		break;
	case OUT_IDS:
		put_ids(s, row->name, fd->body, out);
		break;
	case OUT_TEXT:
		header_put_text(out, row->name, scrub_line(s, word_decode(fd->body, s->a), false));
		break;
	case OUT_WORD:
		put_word(row->name, word_decode(fd->body, s->a), out);
		break;
	case OUT_WRITE:
	case OUT_DROP:
		break;
	}
}

static bool is_written(struct str name)
{
	for (const struct out_row *r = out_rows; r->name; r++)
		if (r->rule != OUT_DROP && str_eq_nocase(name, str_c(r->name)))
			return true;
	return str_starts_nocase(name, STR("Content-")) || str_eq_nocase(name, STR("MIME-Version"));
}

static void count_dropped(struct scrubber *s, const struct header *h)
{
	for (size_t i = 0; i < h->n; i++)
		s->removed[SCRUB_FIELDS] += !is_written(h->fields[i].name);
}

int scrub_head(struct scrubber *s, const struct opened *o, struct buf *out, struct fail *f)
{
	size_t people = 0;

	put_from(s, out);
	for (const struct out_row *r = out_rows; r->name; r++) {
		const struct field *fd = r->rule > OUT_WRITE ? field_of(o, NULL, r->name) : NULL;

		if (fd)
			put_row(s, r, fd, false, out, &people);
	}
	if (!people) /* RFC 5322 3.6.3: all were blind copies */
		buf_addz(out, "To: undisclosed-recipients:;\r\n");
	put_date(s->plan->date_utc, out);
	buf_addf(out, "Message-ID: <%.*s>\r\nMIME-Version: 1.0\r\n", STR_ARG(s->plan->message_id));
	count_dropped(s, &o->outer);
	count_dropped(s, &o->inner);
	return out->over ? fail(f, FAIL_LIMIT, "a header of more than %d bytes", SCRUB_HEAD_MAX) : OK;
}

int scrub_nested_head(struct scrubber *s, const struct mime_part *p, struct buf *out, struct fail *f)
{
	const struct field *from = header_get(&p->header, STR("From")),
	                   *date = header_get(&p->header, STR("Date"));
	size_t people = 0;
	int64_t utc;

	if (from)
		put_addresses(s, "From", from->body, true, out);
	for (const struct out_row *r = out_rows; r->name; r++) {
		const struct field *fd =
		        r->nested && r->rule > OUT_WRITE ? field_of(NULL, &p->header, r->name) : NULL;

		if (fd)
			put_row(s, r, fd, true, out, &people);
	}
	if (date && date_parse(word_decode(date->body, s->a), &utc))
		put_date(utc, out);
	buf_addz(out, "MIME-Version: 1.0\r\n");
	count_dropped(s, &p->header);
	return out->over ? fail(f, FAIL_LIMIT, "a header of more than %d bytes", SCRUB_HEAD_MAX) : OK;
}
