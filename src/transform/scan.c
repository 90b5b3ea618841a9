#include "transform/scan.h"

#include "crypto/aead.h"
#include "transform/calendar.h"
#include "transform/entity.h"
#include "wire/date.h"
#include "wire/word.h"

enum { FROM_NAME_MAX = 1000 };

static const struct mime_limits limits = { 32, 1000, { 2000, 256 * 1024 } };

static struct scan_person person(const struct addr_entry *e, struct arena *a)
{
	OWN(buf) b = BUF(1024);

	addr_print(&e->addr, &b);
	return (struct scan_person){ e->name, arena_str(a, buf_str(&b)) };
}

static void add_other(struct scan *s, const struct addr_entry *e, struct arena *a)
{
	OWN(buf) address = BUF(1024);

	addr_print(&e->addr, &address);
	if (!address.n || s->n_others == SCAN_OTHERS_MAX)
		return;
	for (size_t i = 0; i < s->n_others; i++)
		if (str_eq_nocase(s->others[i].address, buf_str(&address)))
			return;
	s->others[s->n_others++] = (struct scan_person){ e->name, arena_str(a, buf_str(&address)) };
}

/* "From: Doe, John <john@example.org>" without the quotes it needs: what could not be read in front of the first address
 * is of its name. */
static struct str name_of(const struct addr_entry *e, size_t n, struct arena *a)
{
	OWN(buf) b = BUF(FROM_NAME_MAX);

	for (size_t i = 0; i < n; i++) {
		if (b.n && e[i].name.n)
			buf_addz(&b, ", ");
		buf_add(&b, e[i].name);
	}
	return b.over ? e[n - 1].name : arena_str(a, buf_str(&b));
}

static int read_from(struct scan *s, struct arena *a, struct fail *f)
{
	const struct field *fd = header_get(&s->root->header, STR("From"));
	struct addr_entry *e;
	size_t n, at = 0;

	if (!fd)
		return OK;
	TRY(addr_list(fd->body, a, &e, &n, f));
	while (at + 1 < n && e[at].broken)
		at++;
	if (!n)
		return OK;
	s->from = person(&e[at], a);
	s->from.name = name_of(e, e[at].broken ? 1 : at + 1, a);
	return OK;
}

static int read_reply_to(struct scan *s, struct arena *a, struct fail *f)
{
	const struct field *fd = header_get(&s->root->header, STR("Reply-To"));
	struct addr_entry *e;
	size_t n;

	if (!fd)
		return OK;
	TRY(addr_list(fd->body, a, &e, &n, f));
	for (size_t i = 0; i < n && s->n_reply < SCAN_REPLY_MAX; i++)
		if (!e[i].broken)
			s->reply_to[s->n_reply++] = person(&e[i], a);
	return OK;
}

static int read_recipients(struct scan *s, struct str name, struct arena *a, struct fail *f)
{
	for (const struct field *fd = NULL; (fd = header_next(&s->root->header, fd, name));) {
		struct addr_entry *e;
		size_t n;

		TRY(addr_list(fd->body, a, &e, &n, f));
		for (size_t i = 0; i < n; i++)
			add_other(s, &e[i], a);
	}
	return OK;
}

static void add_refs(struct scan *s, struct str name, struct arena *a)
{
	const struct field *fd = header_get(&s->root->header, name);
	struct str ids[SCAN_IDS_MAX];
	size_t n = fd ? header_msgids(fd->body, a, SCAN_IDS_MAX, ids) : 0;

	for (size_t i = 0; i < n; i++) {
		bool known = s->n_refs == SCAN_IDS_MAX;

		for (size_t k = 0; !known && k < s->n_refs; k++)
			known = str_eq(s->refs[k], ids[i]);
		if (!known)
			s->refs[s->n_refs++] = ids[i];
	}
}

static struct str mailto_of(struct str body, struct arena *a)
{
	struct str uris[8];
	size_t n = header_uris(body, a, 8, uris);

	for (size_t i = 0; i < n; i++) {
		OWN(buf) b = BUF(1024);
		struct addr parsed;
		struct str to;

		if (!str_starts_nocase(uris[i], STR("mailto:")))
			continue;
		to = str_from(uris[i], 7);
		to = str_first(to, str_chr(to, '?'));
		if (addr_parse(to, a, &parsed, NULL) < 0)
			continue;
		addr_print(&parsed, &b);
		return arena_str(a, buf_str(&b));
	}
	return STR("");
}

static struct str text_of(const struct scan *s, struct str name, struct arena *a)
{
	const struct field *fd = header_get(&s->root->header, name);

	return fd ? word_decode(header_unfold(fd->body, a), a) : STR("");
}

static void read_rest(struct scan *s, struct arena *a)
{
	const struct header *h = &s->root->header;
	const struct field *fd = header_get(h, STR("Message-ID"));
	struct str id, word;

	if (fd && header_msgids(fd->body, a, 1, &id))
		s->message_id = id;
	add_refs(s, STR("References"), a);
	add_refs(s, STR("In-Reply-To"), a);
	fd = header_get(h, STR("Date"));
	if (fd && !date_parse(header_unfold(fd->body, a), &s->date_utc))
		s->date_utc = 0;
	s->list_id = text_of(s, STR("List-Id"), a);
	fd = header_get(h, STR("List-Post"));
	if (fd)
		s->list_post = mailto_of(fd->body, a);
	s->list = s->list_id.n || s->list_post.n;
	word = text_of(s, STR("Auto-Submitted"), a);
	s->automatic = word.n && !str_eq_nocase(str_first(word, 2), STR("no"));
	word = text_of(s, STR("Precedence"), a);
	s->automatic = s->automatic || str_eq_nocase(word, STR("bulk")) || str_eq_nocase(word, STR("junk"));
	s->report = str_eq(s->root->type.value, STR("multipart/report"));
}

/* "by relay.example (hop 2) with ESMTP": as seal_header writes it. */
static uint32_t hops_of(struct str body)
{
	static const struct str mark = STR_INIT(" (hop ");
	struct str number = str_from(body, str_find(body, mark) + mark.n);
	uint64_t n;

	return str_u64(str_first(number, str_chr(number, ')')), &n) && n < 1000 ? (uint32_t)n : 0;
}

/* Only what looks like a token is carried on: lower-case letters and digits. */
static bool is_token(struct str t)
{
	for (size_t i = 0; i < t.n; i++)
		if (!(t.p[i] >= 'a' && t.p[i] <= 'z') && !(t.p[i] >= '2' && t.p[i] <= '7'))
			return false;
	return t.n && t.n <= TRACE_MAX;
}

static void read_tokens(struct scan *s)
{
	const struct field *fd = NULL;

	while (s->n_traces < SCAN_TRACES_MAX &&
	       (fd = header_next(&s->root->header, fd, STR("X-Postern-Trace"))))
		if (is_token(str_trim(fd->body)))
			s->traces[s->n_traces++] = str_trim(fd->body);
}

static void read_trace(struct scan *s)
{
	for (const struct field *fd = NULL; (fd = header_next(&s->root->header, fd, STR("Received")));) {
		uint32_t hops = hops_of(fd->body);

		s->received++;
		s->hops = hops > s->hops ? hops : s->hops;
	}
	s->received += s->hops * HOP_WORTH;
}

struct finding {
	struct scan *s;
	struct arena *a;
	bool fixed;
};

static struct addr found_address(void *self, const struct addr *found)
{
	struct finding *x = self;
	const struct addr_entry e = { .addr = *found, .name = STR("") };

	if (x->fixed)
		x->s->fixed_calendar = true;
	else
		add_other(x->s, &e, x->a);
	return *found;
}

static int read_calendars(struct scan *s, struct arena *a, struct fail *f)
{
	for (struct mime_part *p = s->root; p; p = mime_next(s->root, p)) {
		OWN(buf) text = BUF(CALENDAR_MAX);
		struct finding x = { s, a, calendar_is_signed(p) };

		if (!calendar_is(p))
			continue;
		s->calendar = true;
		if (!calendar_read(p, &text)) {
			s->fixed_calendar = true;
			continue;
		}
		TRY(calendar_rewrite(buf_str(&text), (struct ical_map){ found_address, &x }, NULL, f));
	}
	return OK;
}

/* The body goes through once, for the signature and for knowing the message again. */
static int sum_up(struct scan *s, struct arena *a, struct fail *f)
{
	const char *body = s->root->body.p;
	size_t n_head = body ? (size_t)(body - s->in.p) : s->in.n;
	OWNS(digest) d = NULL;
	struct entity content;

	entity_as_it_came(s, a, &content);
	TRY(entity_digest(&content, s->content_digest, f));
	TRY(digest_new(&d, f));
	TRY(digest_put(d, str_of(s->content_digest, sizeof(s->content_digest)), f));
	TRY(digest_put(d, str_first(s->in, n_head), f));
	return digest_end(d, s->digest, f);
}

int scan_message(struct str in, struct arena *a, struct scan *ret, struct fail *f)
{
	struct scan *s = ret;

	*s = (struct scan){ .in = in };
	s->from = (struct scan_person){ STR(""), STR("") };
	TRY(mime_parse(in, &limits, a, &s->root, f));
	TRY(read_from(s, a, f));
	TRY(read_reply_to(s, a, f));
	TRY(read_recipients(s, STR("To"), a, f));
	TRY(read_recipients(s, STR("Cc"), a, f));
	read_rest(s, a);
	read_trace(s);
	read_tokens(s);
	TRY(read_calendars(s, a, f));
	return sum_up(s, a, f);
}
