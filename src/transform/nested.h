/* nested.h - content that could speak for the message. */
#ifndef TRANSFORM_NESTED_H
#define TRANSFORM_NESTED_H

#include "wire/mime.h"

/* Would a client, once the relay's seal is around this content, take From, Reply-To or Subject from inside of it? So it is
 * with protected headers (RFC 9788, and the "protected-headers" of its drafts) and with a message/rfc822 that is the whole
 * of what is signed (RFC 8551 3.1). An opaque signature may hold either, and is not looked into. Such content stands in a
 * multipart/mixed of its own, where these rules do not apply. */
bool nested_speaks(const struct mime_part *root);

#endif
