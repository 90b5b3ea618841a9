/* content.h - the fields that describe the content, for an output that goes out in clear: there they stand in the message's
 * own header, which must be ASCII for a next hop without SMTPUTF8 (RFC 6531 3.6). */
#ifndef TRANSFORM_CONTENT_H
#define TRANSFORM_CONTENT_H

#include "wire/header.h"

/* The whole field with its CRLF: as it stands when it is ASCII in lines that SMTP takes, else written anew (RFC 2231, RFC
 * 2047); empty when nothing of it can be kept. Lives in the arena or in the message. */
struct str content_field(const struct field *fd, struct arena *a);

#endif
