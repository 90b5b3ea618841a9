/* dsn.h - writing of delivery status notifications (RFC 3464, RFC 6522). What is written names the alias, which
 * the sender knows, and nothing else: no mailbox, no next hop, no host of the user's, no returned content but
 * the sender's own Message-ID. */
#ifndef WIRE_DSN_H
#define WIRE_DSN_H

#include "wire/addr.h"

struct dsn {
	struct str host;       /* the relay's name, Reporting-MTA and From */
	struct addr to;        /* the sender of the failed message */
	struct addr alias;     /* final recipient, as the sender addressed it */
	struct str message_id; /* the failed message's own, without brackets; may be empty */
	struct str own_id;     /* Message-ID of this DSN, without brackets */
	struct str boundary;   /* 16 or more random characters */
	struct str status;     /* "5.0.0": class and subject from a table, never the next hop's text */
	int64_t arrived_utc, now_utc;
};

/* A whole message with CRLF, ready for SMTP, 7-bit unless an address is UTF-8 (RFC 6533). */
void dsn_print(const struct dsn *d, struct buf *out);

/* The sentence for people that belongs to a status; never NULL. */
const char *dsn_sentence(struct str status);

#endif
