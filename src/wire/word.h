/* word.h - encoded words (RFC 2047) and display phrases. Charsets are those of wire/charset.h; a word in another one is
 * left as it stands: what cannot be read is shown raw rather than wrongly. */
#ifndef WIRE_WORD_H
#define WIRE_WORD_H

#include "base/arena.h"
#include "base/buf.h"

/* Unfolds and decodes to UTF-8; controls (CR, LF, NUL among them, also from inside encoded words) become
 * spaces, so that the result can never open a header of its own. Invalid UTF-8 becomes U+FFFD. */
struct str word_decode(struct str in, struct arena *a);

/* The last step of it alone, for text that was decoded in another way: UTF-8 without controls. */
struct str word_tidy(struct str s, struct arena *a);

/* Appends UTF-8 text as an unstructured header value (Subject): as it is where it is printable ASCII
 * without "=?", else encoded words of at most 75 bytes each (base64 or Q, whichever is shorter), split
 * between characters. `column` is where the line stands; folds at 76 with CRLF SP. Returns the column. */
size_t word_print_text(struct str utf8, size_t column, struct buf *out);

/* The same for a display name in front of an address: an atom phrase, a quoted-string or encoded words. */
size_t word_print_phrase(struct str utf8, size_t column, struct buf *out);

#endif
