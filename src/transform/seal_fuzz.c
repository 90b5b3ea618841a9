/* Laws of a message that is rewritten for its user, whatever it holds:
 * its fields are those of policy/headers.c; every address that a client would write to is one of the plan's, in the header
 * and in calendars; no line end stands apart, so that nothing can be smuggled; our own reader reads it; what is sealed shows
 * the same header, without the subject where it is to be hidden, and no word of the content.
 * What a digest of the content is known to be, it is.
 * Input: a byte for the form (1 of 8 is sealed), then a message, whose line ends are made CRLF as the gate demands. */
#include "crypto/aead.h"
#include "policy/headers.h"
#include "transform/entity.h"
#include "transform/hidden.h"
#include "transform/seal.h"
#include "wire/b64.h"
#include "wire/charset.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { NOW = 1795435200, OUT_MAX = 16 << 20, IN_MAX = 256 * 1024, HEAD_LINE = 998 };

static const struct str canary = STR_INIT("canary-of-the-content");

static struct pki {
	struct key *root, *key;
	struct buf user_der, sender_der;
	struct cms_cert *user, *sender;
} pki;

static void require(bool law)
{
	if (!law)
		abort();
}

static void make_cert(enum cert_kind kind, struct str address, struct buf *der, struct cms_cert **ret)
{
	const struct cert_fields c = { .kind = kind,
		                       .subject_cn = address,
		                       .issuer_cn = STR("int"),
		                       .email = address,
		                       .not_before = NOW,
		                       .not_after = NOW + 1000000,
		                       .subject_key = pki.key,
		                       .issuer_key = pki.root };

	*der = BUF(16384);
	require(cert_build(&c, der, NULL) == OK && cms_cert_new(buf_str(der), ret, NULL) == OK);
}

static void make_pki(void)
{
	charset_open();
	require(crypto_init(NULL) == OK && key_new(KEY_P256, &pki.root, NULL) == OK &&
	        key_new(KEY_P256, &pki.key, NULL) == OK);
	make_cert(CERT_USER, STR("alice@mailbox.example"), &pki.user_der, &pki.user);
	make_cert(CERT_SENDER, STR("r0@relay.example"), &pki.sender_der, &pki.sender);
}

/* CRLF throughout, no NUL: what the SMTP server lets in. */
static struct str as_let_in(struct str in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == '\n')
			buf_addz(out, "\r\n");
		else if (in.p[i] != '\r' && in.p[i])
			buf_addc(out, in.p[i]);
	}
	return buf_str(out);
}

/* Each other address gets one of the relay's, as core would give it; the fifth is past the bound and gets none. */
static struct seal_plan plan_for(const struct scan *s, struct arena *a)
{
	struct str_pair *map = arena_array(a, struct str_pair, SCAN_OTHERS_MAX);
	struct str_pair *ids = arena_array(a, struct str_pair, SCAN_IDS_MAX + 1);
	static const struct str own[] = { STR_INIT("own@relay.example") };

	for (size_t i = 0; i < s->n_others; i++) {
		OWN(buf) b = BUF(64);

		buf_addf(&b, "r%zu@relay.example", i + 1);
		map[i] = (struct str_pair){ s->others[i].address,
			                    i == 4 ? STR("") : arena_str(a, buf_str(&b)) };
	}
	for (size_t i = 0; i < s->n_refs; i++)
		ids[i] = (struct str_pair){ s->refs[i], i % 2 ? STR("") : STR("told@relay.example") };
	return (struct seal_plan){ .form = FORM_CLEAR,
		                   .cipher = CMS_AES_256_CBC,
		                   .hostname = STR("relay.example"),
		                   .from_name = str_first_utf8(s->from.name, 300),
		                   .from = STR("r0@relay.example"),
		                   .alias = STR("shop@relay.example"),
		                   .add_alias = true,
		                   .message_id = STR("id@relay.example"),
		                   .now_utc = NOW,
		                   .map = map,
		                   .n_map = s->n_others,
		                   .own = own,
		                   .n_own = 1,
		                   .ids = ids,
		                   .n_ids = s->n_refs,
		                   .user = pki.user,
		                   .sender = pki.sender,
		                   .sender_key = pki.key };
}

static bool is_ours(struct str address)
{
	return !address.n || str_eq_nocase(str_from(address, str_rchr(address, '@')), STR("@relay.example"));
}

static void check_lines(struct str out, size_t head)
{
	size_t line = 0;

	for (size_t i = 0; i < out.n; i++) {
		char c = out.p[i];

		require(c != '\0' || i >= head);
		require(c != '\r' || (i + 1 < out.n && out.p[i + 1] == '\n'));
		require(c != '\n' || (i && out.p[i - 1] == '\r'));
		line = c == '\n' ? 0 : line + 1;
		require(i >= head || (line <= HEAD_LINE && (unsigned char)c < 128));
	}
}

/* What a client would do with the outcome, read by our own reader. */
static void check_reading(struct str out, bool calendars_known)
{
	OWN(arena) a = ARENA;
	struct scan s;

	require(scan_message(out, &a, &s, NULL) == OK);
	require(str_eq(s.from.address, STR("r0@relay.example")) && s.n_reply == 1);
	require(str_eq(s.reply_to[0].address, s.from.address));
	require(str_eq(s.message_id, STR("id@relay.example")) && !s.list_post.n && s.received >= 1);
	for (size_t i = 0; i < s.n_refs; i++)
		require(str_eq(s.refs[i], STR("told@relay.example")));
	for (size_t i = 0; calendars_known && i < s.n_others; i++)
		require(is_ours(s.others[i].address));
	for (size_t i = 0; i < s.root->header.n; i++) {
		const struct field *fd = &s.root->header.fields[i];

		require(field_row(fd->name)->rule != FIELD_DROP);
		if (field_row(fd->name)->rule < FIELD_INNER && field_row(fd->name)->rule != FIELD_LABEL)
			require(header_next(&s.root->header, fd, fd->name) == NULL);
	}
}

static struct str head_of(struct str out)
{
	size_t end = str_find(out, STR("\r\n\r\n"));

	require(end < out.n);
	return str_first(out, end + 4);
}

/* Of octets no more is known than their header and how many they become. */
static void check_binary(const struct scan *s, struct seal_plan p, size_t text_header)
{
	OWN(buf) out = BUF(OUT_MAX);
	struct seal_result r;
	size_t n = 0;

	p.binary = true;
	require(seal_message(s, &p, sink_buf(&out), &r, NULL) == OK && out.n > SEAL_HEAD_BYTES);
	for (size_t i = 0; i < SEAL_HEAD_BYTES; i++)
		n = n << 8 | (uint8_t)out.p[i];
	require(n == text_header && n < out.n - SEAL_HEAD_BYTES);
	require(str_eq(head_of(str_from(buf_str(&out), SEAL_HEAD_BYTES)),
	               str_of(out.p + SEAL_HEAD_BYTES, n)));
	require(r.bytes == n + b64_lines_bytes(out.n - SEAL_HEAD_BYTES - n) && !r.eight_bit && !r.utf8);
}

static void check_sealed(const struct scan *s, struct seal_plan p, struct arena *a)
{
	OWN(buf) out = BUF(OUT_MAX);
	OWN(buf) header = BUF(OUT_MAX);
	OWN(buf) outer = BUF(OUT_MAX);
	OWN(buf) inner = BUF(OUT_MAX);
	const struct buf *head;
	struct seal_result r;

	p.hide_subject = s->in.n / 2 % 2;
	p.pad = s->in.n / 4 % 2;
	p.form = FORM_SEALED;
	p.cipher = s->in.n % 2 ? CMS_AES_256_GCM : CMS_AES_256_CBC;
	if (seal_message(s, &p, sink_buf(&out), &r, NULL) < 0)
		return;
	require(seal_header(s, &p, a, &header, NULL) == OK);
	hidden_split(buf_str(&header), &outer, &inner);
	head = p.hide_subject ? &outer : &header;
	require(str_starts(buf_str(&out), buf_str(head)));
	check_lines(buf_str(&inner), inner.n);
	require(r.bytes == out.n && !r.eight_bit && !r.utf8 && str_is_ascii(buf_str(&out)));
	check_lines(buf_str(&out), out.n);
	check_reading(buf_str(&out), true);
	require(str_find(str_from(buf_str(&out), head->n), canary) == out.n - head->n);
	check_binary(s, p, head_of(buf_str(&out)).n);
}

static void check_clear(const struct scan *s, const struct seal_plan *p)
{
	OWN(buf) out = BUF(OUT_MAX);
	struct seal_result r;
	struct str head;

	if (seal_message(s, p, sink_buf(&out), &r, NULL) < 0)
		return;
	head = head_of(buf_str(&out));
	require(r.bytes == out.n && !r.utf8 && str_is_ascii(head));
	require(r.eight_bit == !str_is_ascii(buf_str(&out)));
	check_lines(buf_str(&out), head.n);
	check_reading(buf_str(&out), !s->fixed_calendar);
	if (!s->calendar) /* framed at most */
		require(str_find(buf_str(&out), s->root->body) < out.n);
}

/* A digest that is known from reading is that of what will be signed. */
static void check_content(const struct scan *s, struct seal_plan p, struct arena *a)
{
	uint8_t digest[32];
	struct entity e;

	p.form = FORM_SEALED;
	if (entity_make(s, &p, STR(""), a, &e, NULL) < 0 || !e.as_it_came)
		return;
	require(entity_digest(&e, digest, NULL) == OK);
	require(memcmp(digest, s->content_digest, sizeof(digest)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	OWN(buf) text = BUF(2 * IN_MAX);
	OWN(arena) a = ARENA;
	struct seal_plan plan;
	struct scan s;

	if (!pki.user)
		make_pki();
	if (!n || n > IN_MAX || scan_message(as_let_in(str_of(p + 1, n - 1), &text), &a, &s, NULL) < 0)
		return 0;
	plan = plan_for(&s, &a);
	check_clear(&s, &plan);
	check_content(&s, plan, &a);
	if (p[0] % 8 == 0)
		check_sealed(&s, plan, &a);
	return 0;
}
