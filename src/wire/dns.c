#include "wire/dns.h"

#include "base/buf.h"

enum {
	HEADER = 12,
	NAME_MAX_BYTES = 255,
	JUMPS_MAX = 32,
	POINTER = 0xc0,
	FIXED = 10, /* type, class, ttl, length */
};

struct reader {
	struct str packet;
	size_t at;
	bool bad; /* sticky */
};

static unsigned get_u8(struct reader *r)
{
	if (r->at >= r->packet.n) {
		r->bad = true;
		return 0;
	}
	return (unsigned char)r->packet.p[r->at++];
}

static unsigned get_u16(struct reader *r)
{
	unsigned high = get_u8(r);

	return high << 8 | get_u8(r);
}

struct name {
	char p[NAME_MAX_BYTES];
	size_t n;
};

static void add_label(struct reader *r, unsigned n, struct name *out)
{
	if (n > 63 || out->n + n + 1 > sizeof(out->p) || n > r->packet.n - r->at) {
		r->bad = true;
		return;
	}
	if (out->n)
		out->p[out->n++] = '.';
	for (unsigned i = 0; i < n; i++)
		out->p[out->n++] = ascii_lower((char)get_u8(r));
}

/* RFC 1035 4.1.4. A pointer leads backwards, so that no chain of them is endless. */
static void get_name(struct reader *r, struct name *out)
{
	size_t after = 0, before = r->at;
	unsigned n, jumps = 0;

	out->n = 0;
	while (!r->bad && (n = get_u8(r)) != 0) {
		if ((n & POINTER) != POINTER) {
			add_label(r, n, out);
			continue;
		}
		n = (n & ~(unsigned)POINTER) << 8 | get_u8(r);
		after = after ? after : r->at;
		r->bad |= n >= before || ++jumps > JUMPS_MAX;
		r->at = before = n;
	}
	if (after)
		r->at = after;
}

static bool same(const struct name *a, const struct name *b)
{
	return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

/* Letters, digits, hyphens, underscores: what can stand in a log and be compared with a certificate. */
static bool is_host(const struct name *n)
{
	for (size_t i = 0; i < n->n; i++) {
		char c = n->p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
			return false;
	}
	return true;
}

/* RFC 1035 3.3.14: strings with their lengths, which are read as one. */
static void get_text(struct reader *r, size_t length, struct arena *a, struct dns_record *out)
{
	OWN(buf) text = BUF(65535);
	size_t end = r->at + length;

	r->bad |= !length;
	while (!r->bad && r->at < end) {
		unsigned n = get_u8(r);

		if (n > end - r->at) {
			r->bad = true;
			return;
		}
		buf_add(&text, str_first(str_from(r->packet, r->at), n));
		r->at += n;
	}
	out->text = arena_str(a, buf_str(&text));
}

static void get_record(struct reader *r, enum dns_type type, size_t length, struct arena *a,
                       struct dns_record *out)
{
	struct name host;

	*out = (struct dns_record){ 0 };
	if (type == DNS_TXT) {
		get_text(r, length, a, out);
		return;
	}
	if (type == DNS_MX) {
		out->preference = (uint16_t)get_u16(r);
		get_name(r, &host);
		r->bad |= !is_host(&host);
		out->host = arena_str(a, str_of(host.p, host.n));
		return;
	}
	r->bad |= length != (type == DNS_A ? 4u : 16u);
	out->address = arena_str(a, str_first(str_from(r->packet, r->at), length));
}

/* What one answer's record says to the name that is asked for. */
static int read_record(struct reader *r, enum dns_type type, struct name *asked, unsigned *aliases,
                       struct arena *a, struct dns_answer *out, struct fail *f)
{
	struct name owner;
	unsigned kind, class;
	size_t length, end;

	get_name(r, &owner);
	kind = get_u16(r);
	class = get_u16(r);
	(void)get_u16(r); /* ttl */
	(void)get_u16(r);
	length = get_u16(r);
	end = r->at + length;
	r->bad |= length > r->packet.n - r->at;
	if (r->bad || class != 1 || !same(&owner, asked)) {
		r->at = end;
		return OK;
	}
	if (kind == DNS_CNAME) {
		if (++*aliases > DNS_ALIASES_MAX)
			return fail(f, FAIL_LIMIT, "DNS: more than %d aliases", DNS_ALIASES_MAX);
		get_name(r, asked);
	} else if (kind == (unsigned)type) {
		if (out->n == DNS_RECORDS_MAX)
			return fail(f, FAIL_LIMIT, "DNS: more than %d records", DNS_RECORDS_MAX);
		get_record(r, type, length, a, &out->records[out->n++]);
	}
	r->at = end;
	return OK;
}

int dns_answer_read(struct str packet, enum dns_type type, struct arena *a, struct dns_answer *ret,
                    struct fail *f)
{
	struct reader r = { .packet = packet, .at = 2 };
	struct dns_answer out = { 0 };
	unsigned flags = get_u16(&r), questions = get_u16(&r), answers = get_u16(&r), aliases = 0;
	struct name asked = { .n = 0 };

	r.at = HEADER;
	out.code = flags & 15;
	if (questions != 1 || packet.n < HEADER || !(flags & 0x8000))
		return fail(f, FAIL_SYNTAX, "DNS: not an answer");
	get_name(&r, &asked);
	(void)get_u16(&r);
	(void)get_u16(&r);
	/* A record takes at least 11 bytes: what is allocated is bounded by what came. */
	if (answers > packet.n / (FIXED + 1))
		return fail(f, FAIL_SYNTAX, "DNS: more records than bytes");
	out.records = arena_alloc(a, (answers + 1) * sizeof(struct dns_record));
	for (unsigned i = 0; i < answers && !r.bad; i++)
		TRY(read_record(&r, type, &asked, &aliases, a, &out, f));
	if (r.bad)
		return fail(f, FAIL_SYNTAX, "DNS: a damaged answer");
	*ret = out;
	return OK;
}
