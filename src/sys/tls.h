/* tls.h - TLS on a non-blocking descriptor by SSL_read and SSL_write alone, so that nothing that was read in clear can
 * survive a STARTTLS. TLS 1.2 and later (RFC 8996). Together with crypto/ the only home of OpenSSL. */
#ifndef SYS_TLS_H
#define SYS_TLS_H

#include "base/fail.h"
#include "base/secret.h"
#include "base/str.h"

struct tls_server; /* certificate and key; the gate's */
struct tls_client; /* policy for outgoing connections */
struct tls;        /* one connection */

MUST_CHECK int tls_server_new(struct str chain_pem, struct str key_pem, struct tls_server **ret,
                              struct fail *f);
void tls_server_free(struct tls_server *s);
/* Opportunistic: encrypts, does not verify (issue of routes and TLS policy comes later). */
MUST_CHECK int tls_client_new(struct tls_client **ret, struct fail *f);
void tls_client_free(struct tls_client *c);

MUST_CHECK int tls_accept(struct tls_server *s, int fd, struct tls **ret, struct fail *f);
MUST_CHECK int tls_connect(struct tls_client *c, int fd, const char *name, struct tls **ret, struct fail *f);
void tls_free(struct tls *t); /* the descriptor stays open */

enum tls_want { TLS_DONE, TLS_WANT_READ, TLS_WANT_WRITE, TLS_CLOSED, TLS_FAILED };
enum tls_want tls_handshake(struct tls *t, struct fail *f);
enum tls_want tls_read(struct tls *t, void *p, size_t cap, size_t *ret_n, struct fail *f);
enum tls_want tls_write(struct tls *t, struct str bytes, size_t *ret_n, struct fail *f);
void tls_bye(struct tls *t); /* close notify, best effort */
/* "TLSv1.3", for the trace header. */
const char *tls_version(const struct tls *t);

#endif
