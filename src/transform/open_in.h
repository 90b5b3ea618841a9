/* open_in.h - private to open*.c: what is taken off, and what is found in what is left. */
#ifndef TRANSFORM_OPEN_IN_H
#define TRANSFORM_OPEN_IN_H

#include "transform/open.h"

/* By type, or by name where the type says nothing. What it is the CMS itself tells: smime-type may lie. */
bool open_looks_like_cms(const struct mime_part *p);
MUST_CHECK int open_read_cms(const struct mime_part *p, struct cms_in **ret, struct fail *f);
bool open_is_for_ring(const struct open_ring *ring, const struct cms_in *c);

/* Reads the protected fields of o->content into o->inner; a message/rfc822 that only carries them is taken off. */
void open_protection(struct opened *o, struct arena *a);

/* Is the content, or a part of it, encrypted to somebody else? */
bool open_is_onward(const struct open_ring *ring, const struct mime_part *content);

#endif
