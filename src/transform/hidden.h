/* hidden.h - header protection (RFC 9788): what stands in the outer header is said again inside of what is signed and
 * encrypted, and outside the subject becomes "[...]". */
#ifndef TRANSFORM_HIDDEN_H
#define TRANSFORM_HIDDEN_H

#include "base/buf.h"

/* header: fields as seal_header() writes them, CRLF lines. outer: the same without the subject's words; a message that had
 * none gets none. inner: the fields that are protected, then each of the outer ones as HP-Outer (RFC 9788 2.2), so that a
 * client can tell what was hidden from what was changed on the way. Trace fields and MIME-Version belong to the outside. */
void hidden_split(struct str header, struct buf *outer, struct buf *inner);

/* The Content-Type field (whole, with or without its line end) of a payload, marked as protected: hp="cipher". False: it is
 * written in a way that cannot be added to, and nothing was. */
bool hidden_mark(struct str field, struct buf *out);

#endif
