/* Laws of what leaves, whatever the user's client wrote: it is one message with one From, the alias; the mailbox, the name and
 * the reverse address stand in no field and in no decoded text of it; lines end with CRLF; it can be scrubbed once more, and
 * that holds too.
 * Input: a message, whose line ends are made CRLF as the gate demands. */
#include "crypto/aead.h"
#include "transform/scrub.h"
#include "wire/b64.h"
#include "wire/charset.h"
#include "wire/html.h"
#include "wire/word.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { OUT_MAX = 64 << 20, IN_MAX = 128 * 1024 };

static const struct mime_limits limits = { 40, 2000, { 4000, 1 << 20 } };
static const struct str secrets[] = { STR_INIT("alice@mailbox.example"), STR_INIT("r1@relay.example"),
	                              STR_INIT("alice example") };

static void require(bool law)
{
	if (!law)
		abort();
}

static struct str as_let_in(const uint8_t *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n')
			buf_addz(out, "\r\n");
		else if (p[i] && p[i] != '\r')
			buf_addc(out, (char)p[i]);
	}
	return buf_str(out);
}

/* With signs around it that belong to no longer word, nor to a longer local part ("'" does). */
static bool stands_apart(struct str low, size_t at, size_t n)
{
	static const char around[] = " \t\r\n<>()[],;:\"";

	return (!at || (low.p[at - 1] && strchr(around, low.p[at - 1]))) &&
	       (at + n == low.n || (low.p[at + n] && strchr(around, low.p[at + n])));
}

static void check_secrets(struct str text)
{
	OWN(buf) low = BUF(OUT_MAX);

	for (size_t i = 0; i < text.n; i++)
		buf_addc(&low, ascii_lower(text.p[i]));
	for (size_t k = 0; k < sizeof(secrets) / sizeof(secrets[0]); k++)
		for (size_t at = 0; at < low.n; at++) {
			at += str_find(str_from(buf_str(&low), at), secrets[k]);
			require(at >= low.n || !stands_apart(buf_str(&low), at, secrets[k].n));
		}
}

/* As a reader sees it. */
static void check_html(struct str text)
{
	OWN(buf) shown = BUF(OUT_MAX);
	struct html h = { .left = text };
	struct html_token t;

	while (html_next(&h, &t)) {
		OWN(buf) attrs = BUF(OUT_MAX);

		html_decode(t.text, &shown);
		html_decode(t.attrs, &attrs);
		check_secrets(buf_str(&attrs));
		if (t.kind != HTML_TEXT)
			buf_addc(&shown, '\n');
	}
	check_secrets(buf_str(&shown));
}

/* RFC 5545 3.1: where a line of a calendar is folded is not where a word ends. */
static void check_calendar(struct str text)
{
	OWN(buf) flat = BUF(OUT_MAX);

	for (size_t i = 0; i < text.n; i++) {
		if (str_starts(str_from(text, i), STR("\r\n ")))
			i += 2;
		else
			buf_addc(&flat, text.p[i]);
	}
	check_secrets(buf_str(&flat));
}

static void check_part(const struct mime_part *p, struct arena *a)
{
	OWN(buf) text = BUF(OUT_MAX);

	for (size_t i = 0; i < p->header.n; i++)
		check_secrets(word_decode(p->header.fields[i].body, a));
	check_secrets(p->filename);
	for (const struct mime_part *c = p->child; c; c = c->next)
		check_part(c, a);
	if (p->child || !str_starts(p->type.value, STR("text/")))
		return; /* a file: its bytes are the user's */
	require(mime_decode(p, &text, NULL) == OK && str_is_utf8(buf_str(&text)));
	if (str_eq(p->type.value, STR("text/html")))
		check_html(buf_str(&text));
	else if (str_eq(p->type.value, STR("text/calendar")))
		check_calendar(buf_str(&text));
	else
		check_secrets(buf_str(&text));
}

static size_t count(const struct header *h, struct str name)
{
	size_t n = 0;

	for (const struct field *f = header_get(h, name); f; f = header_next(h, f, name))
		n++;
	return n;
}

static void check(struct str out)
{
	OWN(arena) a = ARENA;
	struct mime_part *root;
	const struct field *from;

	for (size_t i = 0; i < out.n; i++)
		require(out.p[i] == '\n' ? i && out.p[i - 1] == '\r'
		                         : out.p[i] != '\r' || (i + 1 < out.n && out.p[i + 1] == '\n'));
	require(mime_parse(out, &limits, &a, &root, NULL) == OK);
	from = header_get(&root->header, STR("From"));
	require(from && count(&root->header, STR("From")) == 1 &&
	        str_find(from->body, STR("shop@alias.example")) < from->body.n);
	require(count(&root->header, STR("Message-ID")) == 1 && count(&root->header, STR("Received")) == 0);
	check_part(root, &a);
}

/* Also of what is asked about beforehand: it fails where this does, or finds what is mapped. */
static int scrub(struct str in, struct arena *a, struct buf *out)
{
	static const struct str_pair map[] = {
		{ STR_INIT("alice@mailbox.example"), STR_INIT("shop@alias.example") },
		{ STR_INIT("r1@relay.example"), STR_INIT("bob@world.example") },
		{ STR_INIT("shop@alias.example"), STR_INIT("") }
	};
	static const struct str own[] = { STR_INIT("Alice Example"), STR_INIT("Alice") };
	static const struct str domains[] = { STR_INIT("relay.example"), STR_INIT("mailbox.example") };
	const struct scrub_plan plan = { .from = STR("shop@alias.example"),
		                         .message_id = STR("1@alias.example"),
		                         .date_utc = 1767225600,
		                         .map = map,
		                         .n_map = 3,
		                         .own_names = own,
		                         .n_own_names = 2 };
	const struct open_ring ring = { .n = 0 };
	struct opened o;
	struct scrub_facts facts;
	struct scrub_result r;

	TRY(open_message(in, &ring, a, &o, NULL));
	TRY(scrub_scan(&o, domains, 2, a, &facts, NULL));
	TRY(scrub_message(&o, &plan, sink_buf(out), &r, NULL));
	require(r.bytes == out->n);
	return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool begun;
	OWN(buf) in = BUF(OUT_MAX);
	OWN(buf) out = BUF(OUT_MAX);
	OWN(buf) again = BUF(OUT_MAX);
	OWN(arena) a = ARENA;

	if (!begun)
		require(crypto_init(NULL) == OK && charset_open());
	begun = true;
	if (n > IN_MAX || scrub(as_let_in(p, n, &in), &a, &out) < 0)
		return 0;
	check(buf_str(&out));
	if (scrub(buf_str(&out), &a, &again) == OK)
		check(buf_str(&again));
	return 0;
}
