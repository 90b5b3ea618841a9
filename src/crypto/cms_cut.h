/* cms_cut.h - an envelope that goes on to others, without what says in clear whose it was. A program that encrypts adds its
 * own user to those who can read it, by issuer and serial number or by key identifier (RFC 5652 6.2): everybody who gets
 * the envelope reads there who wrote it. */
#ifndef CRYPTO_CMS_CUT_H
#define CRYPTO_CMS_CUT_H

#include "crypto/cms_open.h"

/* Appends EnvelopedData or AuthEnvelopedData `in` (BER or DER) to out without the recipients that are one of `own`, of a key
 * agreement for several that one's key alone, and without originatorInfo, which is about the writer and nobody else. Nothing
 * of this is under the content's authentication: RFC 5083 2.2 covers authAttrs and the content alone. The version becomes
 * what RFC 5652 6.1 asks of what is left. All else stays byte for byte, and all of it where there was nothing to cut.
 * ret_cut: how many were taken out.
 * FAIL_SYNTAX, FAIL_LIMIT: of `in`, or past out's maximum. FAIL_DENIED: no envelope; nobody is left who could open it by a
 * certificate; or one of `own` is named where it cannot be taken out (as the sender of a static key agreement, in attributes,
 * in a kind of recipient that is not read). On failure out is to be thrown away. */
MUST_CHECK int cms_cut(struct str in, const struct cms_cert *const *own, size_t n, struct buf *out,
                       size_t *ret_cut, struct fail *f);

#endif
