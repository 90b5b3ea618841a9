#include "proto/testhost.h"

#include <assert.h>
#include <stdio.h>

enum { ALL_MAX = 64 << 20 };

static const struct th_verdict defaults[TH_KINDS] = {
	[TH_RCPT] = { 250, STR_INIT("2.1.5"), STR_INIT("Recipient noted") },
	[TH_SPOOL] = { 354, STR_INIT(""), STR_INIT("") },
	[TH_COMMIT] = { 250, STR_INIT("2.0.0"), STR_INIT("Accepted") },
	[TH_TLS] = { 220, STR_INIT(""), STR_INIT("") },
	[TH_AUTH] = { 235, STR_INIT(""), STR_INIT("") },
};

static void flush(struct testhost *h)
{
	struct str out;

	while ((out = smtpd_output(h->s)).n) {
		size_t n = h->send && h->send < out.n ? h->send : out.n;

		buf_add(&h->out, str_first(out, n));
		assert(!h->out.over);
		smtpd_sent(h->s, n);
	}
}

void testhost_init(struct testhost *h, const struct smtpd_config *config)
{
	*h = (struct testhost){ .s = smtpd_new(config), .out = BUF(ALL_MAX), .body = BUF(ALL_MAX) };
	h->submission = config->submission;
	smtpd_greet(h->s);
	flush(h);
}

void testhost_done(struct testhost *h)
{
	for (size_t i = 0; i < h->n_got; i++) {
		buf_done(&h->got[i].body);
		buf_done(&h->got[i].facts);
	}
	buf_done(&h->body);
	buf_done(&h->out);
	smtpd_free(h->s);
}

void testhost_verdict(struct testhost *h, enum th_kind kind, struct th_verdict v)
{
	assert(h->queued[kind] < TH_VERDICTS);
	h->queue[kind][h->queued[kind]++] = v;
}

bool testhost_verdicts_used(const struct testhost *h)
{
	for (int k = 0; k < TH_KINDS; k++)
		if (h->used[k] != h->queued[k])
			return false;
	return true;
}

static bool scripted(const struct testhost *h, enum th_kind kind)
{
	return h->used[kind] < h->queued[kind];
}

/* What the local part of the recipient (RCPT) or of the sender (the others) asks for. */
static const struct {
	enum th_kind kind;
	struct str local;
	struct th_verdict verdict;
} judgements[] = {
	{ TH_RCPT, STR_INIT("unknown"), { 550, STR_INIT("5.1.1"), STR_INIT("Unknown here") } },
	{ TH_RCPT, STR_INIT("later"), { 451, STR_INIT("4.3.0"), STR_INIT("Not now") } },
	{ TH_SPOOL, STR_INIT("full"), { 452, STR_INIT("4.3.1"), STR_INIT("No room") } },
	{ TH_COMMIT, STR_INIT("never"), { 550, STR_INIT("5.7.1"), STR_INIT("Not wanted") } },
	{ TH_COMMIT, STR_INIT("busy"), { 451, STR_INIT("4.3.0"), STR_INIT("Not now") } },
	{ TH_AUTH, STR_INIT("wrong"), { 535, STR_INIT("5.7.8"), STR_INIT("Wrong") } },
	{ TH_AUTH, STR_INIT("wait"), { 454, STR_INIT("4.7.0"), STR_INIT("Wait") } },
};

static struct th_verdict judged(struct testhost *h, enum th_kind kind)
{
	struct str local = kind == TH_RCPT   ? smtpd_asked(h->s)->local
	                   : kind == TH_AUTH ? smtpd_auth_user(h->s)
	                                     : smtpd_mail(h->s)->from.local;

	for (size_t i = 0; i < sizeof(judgements) / sizeof(judgements[0]); i++)
		if (judgements[i].kind == kind && str_eq(judgements[i].local, local))
			return judgements[i].verdict;
	return defaults[kind];
}

static struct th_verdict next(struct testhost *h, enum th_kind kind)
{
	if (scripted(h, kind))
		return h->queue[kind][h->used[kind]++];
	return h->judge && kind != TH_TLS ? judged(h, kind) : defaults[kind];
}

static void facts(const struct smtpd *s, struct buf *out)
{
	const struct smtpd_mail *m = smtpd_mail(s);

	buf_addz(out, "from=<");
	addr_print(&m->from, out);
	buf_addz(out, "> rcpts=");
	for (size_t i = 0; i < m->n_rcpts; i++) {
		buf_addz(out, i ? ",<" : "<");
		addr_print(&m->rcpts[i], out);
		buf_addz(out, ">");
	}
	buf_addf(out, " size=%llu bytes=%llu header=%llu/%u flags=%s%s%s%s%s%s%s helo=%.*s",
	         (unsigned long long)m->declared, (unsigned long long)m->bytes,
	         (unsigned long long)m->header_bytes, m->header_lines, m->smtputf8 ? "U" : "",
	         m->eightbit ? "8" : "", m->header_8bit ? "h" : "", m->body_8bit ? "b" : "",
	         smtpd_is_tls(s) ? "T" : "", smtpd_is_esmtp(s) ? "E" : "",
	         smtpd_is_authenticated(s) ? "A" : "", STR_ARG(smtpd_helo(s)));
}

static void commit(struct testhost *h)
{
	struct th_verdict v = next(h, TH_COMMIT);

	bool first = smtpd_answered(h->s) == 0; /* LMTP asks for each recipient */

	assert(!h->submission || (smtpd_is_authenticated(h->s) && smtpd_is_tls(h->s)));
	assert(h->n_got < TH_MESSAGES && (!first || (h->spooling && smtpd_mail(h->s)->bytes == h->body.n)));
	h->spooling = false;
	if (first && v.code / 100 == 2) {
		struct th_message *m = &h->got[h->n_got++];

		m->body = h->body;
		m->facts = BUF(65536);
		h->body = BUF(ALL_MAX);
		facts(h->s, &m->facts);
	}
	buf_clear(&h->body);
	smtpd_commit_verdict(h->s, v.code, v.enhanced, v.text);
}

static void rcpt(struct testhost *h)
{
	struct th_verdict v = next(h, TH_RCPT);

	assert(smtpd_asked(h->s)->local.n);
	smtpd_rcpt_verdict(h->s, v.code, v.enhanced, v.text);
}

static void spool(struct testhost *h)
{
	struct th_verdict v = next(h, TH_SPOOL);

	assert(!h->spooling);
	h->spooling = v.code == 354;
	smtpd_spool_verdict(h->s, v.code, v.enhanced, v.text);
}

/* The promise to whoever reads the body later. */
static void assert_strict(struct testhost *h, struct str part)
{
	size_t before = h->body.n;

	buf_add(&h->body, part);
	assert(!h->body.over);
	for (size_t i = before; i < h->body.n; i++) {
		char c = h->body.p[i];

		assert(c != '\0');
		if (c == '\n')
			assert(i && h->body.p[i - 1] == '\r');
		else
			assert(!i || h->body.p[i - 1] != '\r');
	}
}

static void body(struct testhost *h)
{
	assert(h->spooling && smtpd_in_data(h->s));
	if (scripted(h, TH_BODY)) {
		struct th_verdict v = next(h, TH_BODY);

		h->spooling = false;
		buf_clear(&h->body);
		smtpd_body_refuse(h->s, v.code, v.enhanced, v.text);
		return;
	}
	assert_strict(h, smtpd_body(h->s));
	smtpd_body_taken(h->s);
}

/* What the machine says of a name and a password holds, whatever came in. */
static void auth(struct testhost *h)
{
	struct th_verdict v = next(h, TH_AUTH);
	struct str user = smtpd_auth_user(h->s), password = smtpd_auth_password(h->s);

	assert(h->submission && smtpd_is_tls(h->s) && !smtpd_is_authenticated(h->s));
	assert(user.n && user.n <= 320 && password.n && password.n <= 255);
	assert(str_chr(user, '\0') == user.n && str_chr(password, '\0') == password.n);
	smtpd_auth_verdict(h->s, v.code, v.enhanced, v.text);
}

static void drop(struct testhost *h)
{
	assert(h->spooling);
	h->spooling = false;
	h->drops++;
	buf_clear(&h->body);
	smtpd_dropped(h->s);
}

static bool is_verdict(enum smtpd_want want)
{
	return want == SMTPD_RCPT || want == SMTPD_SPOOL || want == SMTPD_COMMIT || want == SMTPD_AUTH;
}

static bool is_stopped(const struct testhost *h)
{
	return h->stops && smtpd_want(h->s) == h->stop;
}

/* Serves one want; false when there is nothing to do but read. */
static bool serve_one(struct testhost *h)
{
	if (is_stopped(h))
		return false;
	switch (smtpd_want(h->s)) {
	case SMTPD_RCPT:
		rcpt(h);
		return true;
	case SMTPD_SPOOL:
		spool(h);
		return true;
	case SMTPD_BODY:
		body(h);
		return true;
	case SMTPD_DROP:
		drop(h);
		return true;
	case SMTPD_COMMIT:
		commit(h);
		return true;
	case SMTPD_AUTH:
		auth(h);
		return true;
	case SMTPD_INPUT:
	case SMTPD_OUTPUT:
	case SMTPD_TLS:
	case SMTPD_CLOSE:
		break;
	}
	return false;
}

static void serve(struct testhost *h)
{
	flush(h);
	while (serve_one(h))
		flush(h);
}

/* More input reaches the machine while it waits for a verdict. */
static size_t parked_input(struct testhost *h, struct str in)
{
	size_t n = h->park < in.n ? h->park : in.n;

	if (!is_verdict(smtpd_want(h->s)))
		return 0;
	n = n < smtpd_room(h->s) ? n : smtpd_room(h->s);
	smtpd_input(h->s, str_first(in, n));
	return n;
}

void testhost_input(struct testhost *h, struct str in, size_t piece)
{
	while (in.n && smtpd_want(h->s) != SMTPD_CLOSE && !is_stopped(h)) {
		size_t n = piece < in.n ? piece : in.n;
		size_t room = smtpd_room(h->s);

		if (smtpd_want(h->s) == SMTPD_TLS)
			room = n;
		n = n < room ? n : room;
		assert(n); /* everything was served, so there is room */
		smtpd_input(h->s, str_first(in, n));
		in = str_from(in, n);
		flush(h);
		in = str_from(in, parked_input(h, in));
		serve(h);
	}
	if (smtpd_want(h->s) == SMTPD_CLOSE)
		h->spooling = false;
}

void testhost_tls(struct testhost *h)
{
	if (smtpd_want(h->s) == SMTPD_TLS)
		smtpd_tls_done(h->s, next(h, TH_TLS).code == 220);
}
