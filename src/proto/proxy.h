/* proxy.h - the line or block that a proxy sends before anything else, to say whose connection it passes on: PROXY protocol
 * versions 1 and 2 (haproxy, doc/proxy-protocol.txt). Pure: bytes in, an address out. */
#ifndef PROTO_PROXY_H
#define PROTO_PROXY_H

#include "base/str.h"

#include <stdint.h>

enum {
	PROXY_LINE_MAX = 107, /* of version 1, with its CRLF */
	PROXY_ROOM = 536,     /* of either; a longer version 2 block (its options) is refused */
};

enum proxy_result {
	PROXY_OK,
	PROXY_MORE, /* so far it may be one */
	PROXY_BAD,
};

struct proxy {
	size_t used;      /* bytes of the header */
	bool known;       /* false: LOCAL, UNKNOWN or UNSPEC; whoever connected is meant */
	uint8_t addr[16]; /* of the client */
	size_t n_addr;    /* 4 or 16 */
	uint16_t port;
};

enum proxy_result proxy_read(struct str in, struct proxy *ret);

#endif
