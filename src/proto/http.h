/* http.h - is this the head of an HTTP/1 request that has one meaning only? Asked of the raw bytes before any library sees
 * them: what two servers in a row could read differently (request smuggling) is refused here. RFC 9112. */
#ifndef PROTO_HTTP_H
#define PROTO_HTTP_H

#include "base/str.h"

enum {
	HTTP_HEAD_MAX = 16384,      /* bytes of request line and fields */
	HTTP_TARGET_MAX = 4096,     /* bytes of the request target */
	HTTP_FIELDS_MAX = 64,       /* fields */
	HTTP_BODY_MAX = 256 * 1024, /* bytes that Content-Length may announce */
};

enum http_verdict { HTTP_MORE, HTTP_GOOD, HTTP_REFUSED };

struct http_head {
	size_t bytes;    /* of the head with its empty line, when good */
	uint64_t body;   /* bytes that follow it */
	unsigned status; /* when refused: 400, 411, 413, 414, 431, 501 or 505 */
};

/* in: everything that came so far. HTTP_MORE: not whole yet, and nothing wrong in it so far but what the end may show. Lines
 * end with CRLF and nothing else, fields have a name, a colon and no fold, one Host, at most one Content-Length of digits,
 * never a Transfer-Encoding. */
enum http_verdict http_head(struct str in, struct http_head *ret);

#endif
