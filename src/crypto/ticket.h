/* ticket.h - a few bytes of ours that strangers carry and bring back: nobody can read or change them. Shorter than aead.h:
 * the authenticator is the nonce (a synthetic IV, as in RFC 5297, of HMAC-SHA-256). Put chance among the bytes, or the
 * same ones look the same. */
#ifndef CRYPTO_TICKET_H
#define CRYPTO_TICKET_H

#include "base/buf.h"
#include "base/fail.h"

enum { TICKET_MAC = 16, TICKET_MOST = 32 };

/* use: a word that says what for; a ticket of one use opens as no other. plain: 1 to TICKET_MOST bytes. Appends
 * TICKET_MAC bytes more than plain has. */
void ticket_seal(struct str key, const char *use, struct str plain, struct buf *out);
/* Appends the plain bytes. FAIL_FORGED on any difference; out is untouched then. */
MUST_CHECK int ticket_open(struct str key, const char *use, struct str sealed, struct buf *out,
                           struct fail *f);

#endif
