/* charset.h - the converters of the charsets that mail is still written in. A locked process opens no file, and iconv
 * without its files fails for every charset: so all are opened before the lock, by charset_open(). */
#ifndef WIRE_CHARSET_H
#define WIRE_CHARSET_H

#include "base/buf.h"

/* Once, before the sandbox. What this machine has not stays unknown. Returns how many are there. */
size_t charset_open(void);

/* Is this a charset that charset_to_utf8 can read? ASCII case ignored. UTF-8, US-ASCII and ISO-8859-1 always are. */
bool charset_known(struct str name);

/* Appends `in` as UTF-8; what cannot be read becomes U+FFFD. Unknown charsets: false, nothing is written. */
bool charset_to_utf8(struct str name, struct str in, struct buf *out);

#endif
