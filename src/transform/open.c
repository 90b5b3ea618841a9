#include "transform/open.h"

#include "transform/open_in.h"

/* Each layer is parsed anew: it is another message. */
static const struct mime_limits limits = { 32, 1000, { 2000, 256 * 1024 } };

struct opening {
	const struct open_ring *ring;
	struct arena *a;
	struct opened *o;
	struct mime_part *at;
	unsigned layers;
	bool key_used;
	bool cbc;
};

/* What was done with a part. */
enum step { STEP_NONE /* it is no layer */, STEP_TAKEN };

/* --- what a part may be ------------------------------------------------------------------------------- */

static const struct str mime_types[] = { STR_INIT("application/pkcs7-mime"),
	                                 STR_INIT("application/x-pkcs7-mime") };
static const struct str signature_types[] = { STR_INIT("application/pkcs7-signature"),
	                                      STR_INIT("application/x-pkcs7-signature") };

static bool is_one_of(struct str s, const struct str table[2])
{
	return str_eq_nocase(s, table[0]) || str_eq_nocase(s, table[1]);
}

/* Some gateways and clients tell nothing but the name. */
static bool is_named(const struct mime_part *p)
{
	size_t dot = str_rchr(p->filename, '.');

	return str_eq(p->type.value, STR("application/octet-stream")) &&
	       str_eq_nocase(str_from(p->filename, dot), STR(".p7m"));
}

bool open_looks_like_cms(const struct mime_part *p)
{
	return is_one_of(p->type.value, mime_types) || is_named(p);
}

static bool is_signed(const struct mime_part *p)
{
	return str_eq(p->type.value, STR("multipart/signed")) &&
	       is_one_of(typed_param(&p->type, STR("protocol")), signature_types);
}

/* --- helpers ------------------------------------------------------------------------------------------ */

int open_read_cms(const struct mime_part *p, struct cms_in **ret, struct fail *f)
{
	OWN(buf) decoded = BUF(OPEN_PLAIN_MAX);

	TRY(mime_decode(p, &decoded, f));
	if (decoded.over)
		return fail(f, FAIL_LIMIT, "more than %d bytes of CMS", (int)OPEN_PLAIN_MAX);
	return cms_in_new(buf_str(&decoded), ret, f);
}

/* Content that was written with bare LF, against RFC 8551 3.1.1: what follows reads CRLF alone, and a signature inside was
 * made over CRLF. Judged by the first line. */
static struct str with_crlf(struct str in, struct arena *a)
{
	size_t lf = str_chr(in, '\n'), n = 0, lines = 0;
	char *to;

	if (lf == in.n || (lf && in.p[lf - 1] == '\r'))
		return in;
	for (size_t i = 0; i < in.n; i++)
		lines += in.p[i] == '\n';
	to = arena_alloc(a, in.n + lines);
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == '\n' && (!i || in.p[i - 1] != '\r'))
			to[n++] = '\r';
		to[n++] = in.p[i];
	}
	return str_of(to, n);
}

static int enter(struct opening *x, struct str in, struct fail *f)
{
	return mime_parse(in, &limits, x->a, &x->at, f);
}

/* --- signatures --------------------------------------------------------------------------------------- */

static enum open_signature said_by(int how)
{
	return how == OK ? OPEN_PINNED : how == FAIL_DENIED ? OPEN_FOREIGN : OPEN_BROKEN;
}

/* The layers lie within each other, so that one good signature speaks for all that is left. Of several the innermost is
 * noted: it is the one that nobody can take off and send again. */
static int note_signature(struct opened *o, int how, const struct cms_signature *s, struct fail *f)
{
	if (how == FAIL_SYS || how == FAIL_BUG)
		return how;
	if (how == OK) {
		o->signature = OPEN_PINNED;
		o->pin = s->pin;
		o->signed_utc = s->signed_utc;
		memcpy(o->signature_digest, s->digest, sizeof(s->digest));
	} else if (how != FAIL_ABSENT && o->signature != OPEN_PINNED && o->signature != OPEN_BROKEN) {
		o->signature = said_by(how);
	}
	return OK;
}

static int check_signature(struct opening *x, const struct mime_part *signature, struct str content,
                           struct fail *f)
{
	OWNS(cms_in) c = NULL;
	struct cms_signature s = { 0 };
	int how = open_read_cms(signature, &c, f);

	if (how == OK && cms_in_kind(c) != CMS_SIGNED)
		how = FAIL_SYNTAX;
	if (how == OK)
		how = cms_in_verify(c, content, x->ring->pinned, x->ring->n_pinned, &s, f);
	else if (how == FAIL_DENIED)
		how = FAIL_FORGED; /* no signature at all */
	return note_signature(x->o, how, &s, f);
}

/* RFC 1847 2.1: two parts, and the bytes of the first as they stand. */
static int take_detached(struct opening *x, enum step *ret, struct fail *f)
{
	struct mime_part *first = x->at->child, *second = first ? first->next : NULL;

	if (!second || second->next || !is_one_of(second->type.value, signature_types)) {
		x->o->signature = x->o->signature == OPEN_PINNED ? OPEN_PINNED : OPEN_BROKEN;
		*ret = STEP_NONE;
		return OK;
	}
	TRY(check_signature(x, second, first->whole, f));
	x->at = first;
	*ret = STEP_TAKEN;
	return OK;
}

static int take_opaque(struct opening *x, struct cms_in *c, enum step *ret, struct fail *f)
{
	struct cms_signature s = { 0 };
	struct str content = STR_NONE;

	*ret = STEP_NONE;
	if (cms_in_content(c, &content, f) < 0) /* certificates alone */
		return OK;
	TRY(note_signature(x->o, cms_in_verify(c, STR_NONE, x->ring->pinned, x->ring->n_pinned, &s, f), &s,
	                   f));
	*ret = STEP_TAKEN;
	return enter(x, with_crlf(arena_str(x->a, content), x->a), f);
}

/* --- envelopes ---------------------------------------------------------------------------------------- */

static int get_locks(struct opening *x, const struct cms_in *c, struct cms_lock *ret, size_t *ret_n,
                     struct fail *f)
{
	const struct open_ring *ring = x->ring;

	*ret_n = 0;
	for (size_t i = 0; i < ring->n; i++) {
		struct cms_lock *lock = &ret[*ret_n];

		if (!cms_in_is_for(c, ring->certs[i]))
			continue;
		TRY(ring->key(ring->self, i, &lock->key, f));
		lock->cert = ring->certs[i];
		lock->group = ring->group[i];
		++*ret_n;
	}
	return OK;
}

static int decrypt(struct opening *x, struct cms_in *c, size_t bytes, struct fail *f)
{
	struct cms_lock locks[OPEN_CERTS_MAX];
	/* In the arena from the start, so that there is one copy of it. */
	struct buf plain = { .p = arena_alloc(x->a, bytes + 1), .cap = bytes + 1, .max = bytes };
	size_t n;

	x->key_used = true;
	TRY(get_locks(x, c, locks, &n, f));
	TRY(cms_in_decrypt(c, locks, n, x->ring->n_groups, &plain, f));
	x->o->encrypted = true;
	x->cbc = x->cbc || cms_in_kind(c) == CMS_ENVELOPED;
	return enter(x, with_crlf(buf_str(&plain), x->a), f);
}

bool open_is_for_ring(const struct open_ring *ring, const struct cms_in *c)
{
	for (size_t i = 0; i < ring->n; i++)
		if (cms_in_is_for(c, ring->certs[i]))
			return true;
	return false;
}

static int take_cms(struct opening *x, enum step *ret, struct fail *f)
{
	struct mime_part *p = x->at;
	OWNS(cms_in) c = NULL;
	int how = open_read_cms(p, &c, f);

	*ret = STEP_NONE;
	if (how == FAIL_SYNTAX && is_named(p)) /* an attachment of some such name */
		return OK;
	TRY(how);
	if (cms_in_kind(c) == CMS_SIGNED)
		return take_opaque(x, c, ret, f);
	if (!open_is_for_ring(x->ring, c))
		return OK;
	*ret = STEP_TAKEN;
	return decrypt(x, c, p->cte == CTE_BASE64 ? p->body.n / 4 * 3 + 3 : p->body.n, f);
}

/* --- layers ------------------------------------------------------------------------------------------- */

/* What mailing servers put around a message without adding to it. */
static struct mime_part *unwrapped(struct mime_part *p)
{
	struct mime_part *only = p->child;

	if (str_eq(p->type.value, STR("multipart/mixed")) && only && !only->next &&
	    (is_signed(only) || open_looks_like_cms(only)))
		return only;
	return p;
}

static int take_layer(struct opening *x, enum step *ret, struct fail *f)
{
	struct mime_part *around = x->at;

	x->at = unwrapped(around);
	*ret = STEP_NONE;
	if (is_signed(x->at))
		TRY(take_detached(x, ret, f));
	else if (!x->at->child && open_looks_like_cms(x->at))
		TRY(take_cms(x, ret, f));
	if (*ret == STEP_NONE)
		x->at = around;
	return OK;
}

static int take_layers(struct opening *x, struct fail *f)
{
	enum step step;

	for (;;) {
		TRY(take_layer(x, &step, f));
		if (step == STEP_NONE)
			break;
		if (++x->layers > OPEN_LAYERS_MAX)
			return fail(f, FAIL_LIMIT, "more than %d layers", (int)OPEN_LAYERS_MAX);
	}
	x->o->content = x->at;
	return OK;
}

/* Does the header of the innermost layer count? A signature of nobody known protects nothing. */
static bool is_protected(const struct opening *x)
{
	return x->layers && (x->o->encrypted || x->o->signature == OPEN_PINNED);
}

static int open_layers(struct opening *x, struct fail *f)
{
	struct opened *o = x->o;

	TRY(enter(x, o->in, f));
	o->outer = x->at->header;
	TRY(take_layers(x, f));
	o->cbc = x->cbc && o->signature != OPEN_PINNED;
	if (is_protected(x))
		open_protection(o, x->a);
	o->onward = open_is_onward(x->ring, o->content);
	return OK;
}

/* Once a key has been used, nothing of what came of it is told: not that it is no mail, nor that it is too deep. */
static bool tells_of_plain(int code)
{
	return code != FAIL_SYS && code != FAIL_BUG && code != FAIL_AGAIN;
}

int open_message(struct str in, const struct open_ring *ring, struct arena *a, struct opened *ret,
                 struct fail *f)
{
	struct opened o = { .in = in };
	struct opening x = { .ring = ring, .a = a, .o = &o };
	int how;

	if (ring->n > OPEN_CERTS_MAX || ring->n_pinned > OPEN_PINS_MAX)
		return fail(f, FAIL_BUG, "%zu certificates, %zu pins", ring->n, ring->n_pinned);
	how = open_layers(&x, f);
	if (how < 0 && x.key_used && tells_of_plain(how))
		return fail(f, FAIL_FORGED, "it is encrypted and cannot be opened");
	TRY(how);
	*ret = o;
	return OK;
}
