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

/* Both read no file, so they may be called before or after the sandbox goes up; before is wanted, for the libraries
 * fetch their algorithms here. The PEM is copied: the leaf first, then its chain. FAIL_SYNTAX: not PEM, a key behind
 * a passphrase, or one that is not the leaf's; FAIL_DENIED: a key or signature too weak (112 bits); FAIL_SYS. */
MUST_CHECK int tls_server_new(struct str chain_pem, struct str key_pem, struct tls_server **ret,
                              struct fail *f);
void tls_server_free(struct tls_server *s); /* accepts NULL; connections that use it live on */
struct tls_client_options {
	bool verify; /* the chain and the name that tls_connect() is given; otherwise it only encrypts */
	struct str ca_pem;             /* whom to trust; with verify */
	struct str chain_pem, key_pem; /* to show to a server that asks; both or none */
};
MUST_CHECK int tls_client_new(const struct tls_client_options *o, struct tls_client **ret, struct fail *f);
void tls_client_free(struct tls_client *c);

/* The descriptor stays the caller's and stays open; it must outlive the connection. name: for SNI, and what is verified:
 * a name or a number; NULL or "" when the peer has none, which a client that verifies refuses with FAIL_SYNTAX. */
MUST_CHECK int tls_accept(struct tls_server *s, int fd, struct tls **ret, struct fail *f);
MUST_CHECK int tls_connect(struct tls_client *c, int fd, const char *name, struct tls **ret, struct fail *f);
void tls_free(struct tls *t); /* accepts NULL */

/* Each call goes as far as the descriptor lets it. WANT_READ and WANT_WRITE: call again, with the same arguments or
 * more of them, when the descriptor can. Bytes may wait inside (tls_pending), which no descriptor tells: read until
 * WANT_READ. CLOSED: the peer ended it, by alert or not: a protocol that marks its own ends must not believe the
 * difference. FAILED: *f says why, with FAIL_PEER; nothing more may be done but tls_free. */
enum tls_want { TLS_DONE, TLS_WANT_READ, TLS_WANT_WRITE, TLS_CLOSED, TLS_FAILED };
enum tls_want tls_handshake(struct tls *t, struct fail *f);
enum tls_want tls_read(struct tls *t, void *p, size_t cap, size_t *ret_n, struct fail *f);
enum tls_want tls_write(struct tls *t, struct str bytes, size_t *ret_n, struct fail *f); /* may write less */
size_t tls_pending(const struct tls *t); /* bytes that tls_read gives without asking the descriptor */
void tls_bye(struct tls *t);             /* close notify, best effort */
/* "TLSv1.3" and "TLS_AES_256_GCM_SHA384", for the log and the trace header. Valid as long as t. */
const char *tls_version(const struct tls *t);
const char *tls_cipher(const struct tls *t);

#endif
