#include "transform/open_in.h"

/* --- header protection -------------------------------------------------------------------------------- */

/* Never believed from within: what describes the content (its own header does), what servers on the way would have written,
 * and what must not be learnt from a message at all. */
static const struct str never[] = {
	STR_INIT("MIME-Version"),
	STR_INIT("HP-Outer"),
	STR_INIT("Received"),
	STR_INIT("Return-Path"),
	STR_INIT("Delivered-To"),
	STR_INIT("X-Original-To"),
	STR_INIT("Envelope-To"),
	STR_INIT("Authentication-Results"),
	STR_INIT("Received-SPF"),
	STR_INIT("DKIM-Signature"),
	STR_INIT("DomainKey-Signature"),
	STR_INIT("Bcc"),
};
static const struct str never_begins[] = {
	STR_INIT("Content-"),   STR_INIT("ARC-"),    STR_INIT("Resent-"),
	STR_INIT("X-Postern-"), STR_INIT("X-Spam-"),
};

static bool is_believed(struct str name)
{
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (str_eq_nocase(name, never[i]))
			return false;
	for (size_t i = 0; i < sizeof(never_begins) / sizeof(never_begins[0]); i++)
		if (str_starts_nocase(name, never_begins[i]))
			return false;
	return true;
}

static void believe(struct opened *o, const struct header *h, struct arena *a)
{
	o->inner.fields = arena_array(a, struct field, h->n + 1);
	o->inner.block = h->block;
	for (size_t i = 0; i < h->n; i++)
		if (is_believed(h->fields[i].name))
			o->inner.fields[o->inner.n++] = h->fields[i];
}

/* hp="clear" or "cipher" (RFC 9788 2.1.1), protected-headers="v1" (its drafts). */
static bool is_marked(const struct typed *t)
{
	struct str hp = typed_param(t, STR("hp"));

	return str_eq_nocase(hp, STR("clear")) || str_eq_nocase(hp, STR("cipher")) ||
	       str_eq_nocase(typed_param(t, STR("protected-headers")), STR("v1"));
}

/* RFC 8551 3.1: a message wrapped for the sake of its header, not one that is passed on. */
static bool is_wrapped(const struct mime_part *p)
{
	return (str_eq(p->type.value, STR("message/rfc822")) ||
	        str_eq(p->type.value, STR("message/global"))) &&
	       p->child && !p->child->next &&
	       !str_eq_nocase(typed_param(&p->type, STR("forwarded")), STR("yes"));
}

void open_protection(struct opened *o, struct arena *a)
{
	if (is_marked(&o->content->type)) {
		believe(o, &o->content->header, a);
	} else if (is_wrapped(o->content)) {
		o->content = o->content->child;
		believe(o, &o->content->header, a);
	}
}

const struct field *opened_field(const struct opened *o, struct str name)
{
	return header_get(o->inner.n ? &o->inner : &o->outer, name);
}

/* --- what goes on ------------------------------------------------------------------------------------- */

static bool is_for_others(const struct open_ring *ring, const struct mime_part *p)
{
	OWNS(cms_in) c = NULL;

	if (str_eq(p->type.value, STR("multipart/encrypted")))
		return true;
	return !p->child && open_looks_like_cms(p) && open_read_cms(p, &c, NULL) == OK &&
	       cms_in_kind(c) != CMS_SIGNED && !open_is_for_ring(ring, c);
}

bool open_is_onward(const struct open_ring *ring, const struct mime_part *content)
{
	for (const struct mime_part *p = content; p; p = mime_next(content, (struct mime_part *)(uintptr_t)p))
		if (is_for_others(ring, p))
			return true;
	return false;
}
