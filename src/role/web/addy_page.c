/* addy_page.c - lists that are cut into pages which name each other, and that of aliases: filtered and sorted. */
#include "role/web/addy.h"
#include "role/web/target.h"

enum { SIZE_MOST = 100, PAGE_MOST = 100000 };

/* Parameters with words of theirs, as arguments with words of ours. */
static const struct word {
	const char *param, *value, *arg, *word;
} words[] = {
	{ "filter[active]", "true", "state", "enabled" },
	{ "filter[active]", "false", "state", "disabled" },
	{ "filter[pinned]", "true", "pinned", "on" },
	{ "filter[pinned]", "false", "pinned", "off" },
	{ "filter[deleted]", "with", "trashed", "with" },
	{ "filter[deleted]", "only", "trashed", "only" },
	{ "filter[deleted]", "without", "trashed", "without" },
	{ "sort", "created_at", "sort", "created" },
	{ "sort", "updated_at", "sort", "created" },
	{ "sort", "last_used", "sort", "last_used" },
	{ "sort", "last_forwarded", "sort", "last_used" },
	{ "sort", "email", "sort", "address" },
	{ "sort", "local_part", "sort", "address" },
	{ "sort", "domain", "sort", "domain" },
	{ "sort", "active", "sort", "enabled" },
	{ "sort", "emails_forwarded", "sort", "used" },
	{ "sort", "emails_replied", "sort", "answered" },
	{ "sort", "deleted_at", "sort", "trashed" },
};

/* False: the parameter is one of these, with another value, and is refused. */
static bool put_word(struct exchange *x, const char *param)
{
	struct str v = foreign_param(x, param);
	bool sort = strcmp(param, "sort") == 0, down = !v.n || v.p[0] == '-';

	if (sort)
		foreign_put(&x->args, "order", down ? STR("down") : STR("up"));
	v = sort && v.n && down ? str_from(v, 1) : v;
	if (!v.n)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].param, param) != 0 || !str_eq(v, str_c(words[i].value)))
			continue;
		foreign_put(&x->args, words[i].arg, str_c(words[i].word));
		return true;
	}
	addy_invalid(x, param, STR("The selected value is invalid."));
	return false;
}

static bool read_bounded(struct exchange *x, const char *param, uint64_t most, uint64_t otherwise,
                         uint64_t *ret)
{
	struct str v = foreign_param(x, param);

	*ret = otherwise;
	if (!v.n || (str_u64(v, ret) && *ret && *ret <= most))
		return true;
	addy_invalid(x, param, STR("This must be a number from 1 on, and not too great."));
	return false;
}

static bool put_search(struct exchange *x)
{
	struct str v = str_trim(foreign_param(x, "filter[search]"));

	if (v.n && (v.n < 3 || v.n > 50)) {
		addy_invalid(x, "filter.search", STR("The search must be between 3 and 50 characters."));
		return false;
	}
	if (v.n)
		foreign_put(&x->args, "query", v);
	return true;
}

static bool put_of(struct exchange *x, const char *param, enum addy_kind kind, const char *arg)
{
	struct str v = foreign_param(x, param);

	if (!v.n || addy_put_id(x, v, kind, arg))
		return true;
	addy_invalid(x, param, STR("The selected value is invalid."));
	return false;
}

static void encode(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] >= '0' && s.p[i] <= '9') ||
		    (ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z'))
			buf_addc(out, s.p[i]);
		else
			buf_addf(out, "%%%02X", (unsigned char)s.p[i]);
}

/* The same question, about another page; 0: null. */
static json_t *link_to(struct exchange *x, uint64_t page)
{
	struct str query = x->query;
	OWN(buf) b = BUF(8192);
	struct target_var v;
	bool bad;

	if (!page)
		return json_null();
	buf_addf(&b, "%.*s%.*s?", STR_ARG(x->web->start->conf.web_origin), STR_ARG(x->path));
	while (target_param(&query, &x->arena, &v, &bad)) {
		if (str_eq(v.name, STR("page[number]")))
			continue;
		encode(v.name, &b);
		buf_addc(&b, '=');
		encode(v.value, &b);
		buf_addc(&b, '&');
	}
	buf_addf(&b, "page%%5Bnumber%%5D=%llu", (unsigned long long)page);
	return foreign_text(buf_str(&b));
}

static bool read_page(struct exchange *x, uint64_t *ret_page, uint64_t *ret_size)
{
	return read_bounded(x, "page[number]", PAGE_MOST, 1, ret_page) &&
	       read_bounded(x, "page[size]", SIZE_MOST, SIZE_MOST, ret_size);
}

bool addy_put_page(struct exchange *x)
{
	uint64_t page, size;

	if (!read_page(x, &page, &size))
		return false;
	foreign_put_number(&x->args, "offset", (json_int_t)page * (json_int_t)size - (json_int_t)size);
	foreign_put_number(&x->args, "limit", (json_int_t)size);
	return true;
}

void addy_paged(struct exchange *x, json_t *data, uint64_t total)
{
	json_int_t first, n = (json_int_t)json_array_size(data);
	uint64_t page, size, last;
	json_t *o;

	if (!read_page(x, &page, &size)) {
		json_decref(data);
		return;
	}
	last = total ? (total + size - 1) / size : 1;
	first = (json_int_t)page * (json_int_t)size - (json_int_t)size + 1;
	o = json_pack("{s:o, s:{s:o, s:o, s:o, s:o}}", "data", data, "links", "first", link_to(x, 1), "last",
	              link_to(x, last), "prev", link_to(x, page - 1), "next",
	              link_to(x, page < last ? page + 1 : 0));
	json_object_set_new(o, "meta",
	                    json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "current_page", (json_int_t)page,
	                              "last_page", (json_int_t)last, "per_page", (json_int_t)size, "total",
	                              (json_int_t)total, "from", n ? json_integer(first) : json_null(), "to",
	                              n ? json_integer(first + n - 1) : json_null(), "path",
	                              json_sprintf("%.*s%.*s", STR_ARG(x->web->start->conf.web_origin),
	                                           STR_ARG(x->path))));
	exchange_json(x, 200, o);
}

void addy_told_page(struct exchange *x, json_t *(*of)(const json_t *record))
{
	OWNP(json_t) all = foreign_all(x);
	uint64_t total = (uint64_t)foreign_number(json_array_get(all, 0), "total");
	json_t *out = json_array(), *r;
	size_t i;

	json_array_remove(all, 0);
	json_array_foreach(all, i, r) json_array_append_new(out, of(r));
	addy_paged(x, out, total);
}

static void on_page(struct exchange *x, int code, struct str why, struct str arg)
{
	if (foreign_well(x, code, why, arg))
		addy_told_page(x, addy_alias_of);
}

void addy_aliases(struct exchange *x, json_t *body)
{
	if (addy_put_page(x) && put_search(x) && put_word(x, "sort") && put_word(x, "filter[active]") &&
	    put_word(x, "filter[pinned]") && put_word(x, "filter[deleted]") &&
	    put_of(x, "recipient", ADDY_RECIPIENT, "mailbox_id") &&
	    put_of(x, "domain", ADDY_DOMAIN, "domain_id"))
		exchange_ask(x, "foreign.page", buf_str(&x->args), on_page);
}
