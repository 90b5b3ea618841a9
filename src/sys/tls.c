#include "sys/tls.h"

#include "base/mem.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct tls_server {
	SSL_CTX *ctx;
};

struct tls_client {
	SSL_CTX *ctx;
	bool verify;
};

struct tls {
	SSL *ssl;
	bool broken; /* after a fatal error OpenSSL forbids even the goodbye */
};

DEFINE_OWNP(SSL_CTX, SSL_CTX_free)
DEFINE_OWNP(BIO, BIO_free)
DEFINE_OWNP(X509, X509_free)
DEFINE_OWNP(EVP_PKEY, EVP_PKEY_free)

/* Forward secrecy and authenticated encryption for TLS 1.2; then what old mail servers still need, for the other
 * choice of an opportunistic peer is clear text. TLS 1.3 has its own list, all of it fine. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:DHE+AES:AES+RSA:"
                              "!aNULL:!eNULL:!PSK:!SRP:!DSS:!MD5:!CAMELLIA:!ARIA:!AESCCM";

/* The oldest reason says what happened, the later ones who passed it on. */
static int fail_tls(struct fail *f, int code, const char *what)
{
	unsigned long e = ERR_peek_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return fail(f, code, "%s: %s", what, reason ? reason : "no reason given");
}

/* ALPACA: a browser that was led here must not find a server that goes on. Mail servers offer no ALPN, or these. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in,
                       unsigned int inlen, void *arg)
{
	static const unsigned char known[] = "\4smtp\5esmtp";
	unsigned char *chosen = NULL;

	if (SSL_select_next_proto(&chosen, outlen, known, sizeof(known) - 1, in, inlen) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* level: OpenSSL's, 2 is 112 bits. */
static int context_new(const SSL_METHOD *method, int level, SSL_CTX **ret, struct fail *f)
{
	OWNP(SSL_CTX) ctx = NULL;

	ERR_clear_error();
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1)
		ctx = SSL_CTX_new(method);
	if (!ctx)
		return fail_tls(f, FAIL_SYS, "TLS context");
	SSL_CTX_set_security_level(ctx, level);
	/* No tickets and no cache: a stolen ticket key would open recorded sessions, and a resumed session tells
	 * who came back. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 || SSL_CTX_set_num_tickets(ctx, 0) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, ciphers) != 1)
		return fail_tls(f, FAIL_SYS, "TLS settings");
	*ret = TAKE(ctx);
	return OK;
}

/* A key behind a passphrase is an error of the file, not a question on the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	return -1;
}

static int bio_of(struct str pem, BIO **ret, struct fail *f)
{
	BIO *b = pem.n && pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;

	if (!b)
		return fail(f, FAIL_SYNTAX, "no PEM at all");
	*ret = b;
	return OK;
}

static int use_refused(struct fail *f, const char *what)
{
	int reason = ERR_GET_REASON(ERR_peek_error());
	bool weak = reason == SSL_R_EE_KEY_TOO_SMALL || reason == SSL_R_CA_KEY_TOO_SMALL ||
	            reason == SSL_R_CA_MD_TOO_WEAK;

	return fail_tls(f, weak ? FAIL_DENIED : FAIL_SYNTAX, what);
}

static int load_chain(SSL_CTX *ctx, struct str pem, struct fail *f)
{
	OWNP(BIO) in = NULL;
	OWNP(X509) leaf = NULL;

	TRY(bio_of(pem, &in, f));
	leaf = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);
	if (!leaf)
		return fail_tls(f, FAIL_SYNTAX, "TLS certificate");
	if (SSL_CTX_use_certificate(ctx, leaf) != 1)
		return use_refused(f, "TLS certificate");
	for (;;) {
		OWNP(X509) next = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);

		if (!next && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
			break;
		if (!next)
			return fail_tls(f, FAIL_SYNTAX, "TLS certificate chain");
		if (SSL_CTX_add1_chain_cert(ctx, next) != 1)
			return use_refused(f, "TLS certificate chain");
	}
	ERR_clear_error();
	return OK;
}

static int load_key(SSL_CTX *ctx, struct str pem, struct fail *f)
{
	OWNP(BIO) in = NULL;
	OWNP(EVP_PKEY) key = NULL;

	TRY(bio_of(pem, &in, f));
	key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
	if (!key)
		return fail_tls(f, FAIL_SYNTAX, "TLS key");
	if (SSL_CTX_use_PrivateKey(ctx, key) != 1)
		return use_refused(f, "TLS key");
	if (SSL_CTX_check_private_key(ctx) != 1)
		return fail_tls(f, FAIL_SYNTAX, "TLS key and certificate");
	return OK;
}

int tls_server_new(struct str chain_pem, struct str key_pem, struct tls_server **ret, struct fail *f)
{
	OWNP(SSL_CTX) ctx = NULL;

	TRY(context_new(TLS_server_method(), 2, &ctx, f));
	TRY(load_chain(ctx, chain_pem, f));
	TRY(load_key(ctx, key_pem, f));
	SSL_CTX_set_dh_auto(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
	*ret = xnew(struct tls_server);
	(*ret)->ctx = TAKE(ctx);
	return OK;
}

void tls_server_free(struct tls_server *s)
{
	if (!s)
		return;
	SSL_CTX_free(s->ctx);
	free(s);
}

/* All certificates of a file of authorities; what stands between them is comment. */
static int load_authorities(SSL_CTX *ctx, struct str pem, struct fail *f)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	OWNP(BIO) in = NULL;
	size_t n = 0;

	TRY(bio_of(pem, &in, f));
	for (;; n++) {
		OWNP(X509) one = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);

		if (!one && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
			break;
		if (!one || X509_STORE_add_cert(store, one) != 1)
			return fail_tls(f, FAIL_SYNTAX, "authorities to trust");
	}
	ERR_clear_error();
	return n ? OK : fail(f, FAIL_SYNTAX, "authorities to trust: there is no certificate");
}

int tls_client_new(const struct tls_client_options *o, struct tls_client **ret, struct fail *f)
{
	OWNP(SSL_CTX) ctx = NULL;

	/* Level 1: refusing a weak certificate that nobody verifies would only bring the clear text about. */
	TRY(context_new(TLS_client_method(), o->verify ? 2 : 1, &ctx, f));
	SSL_CTX_set_verify(ctx, o->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (o->verify)
		TRY(load_authorities(ctx, o->ca_pem, f));
	if (o->chain_pem.n) {
		TRY(load_chain(ctx, o->chain_pem, f));
		TRY(load_key(ctx, o->key_pem, f));
	}
	*ret = xnew(struct tls_client);
	**ret = (struct tls_client){ TAKE(ctx), o->verify };
	return OK;
}

void tls_client_free(struct tls_client *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->ctx);
	free(c);
}

static int connection_new(SSL_CTX *ctx, int fd, struct tls **ret, struct fail *f)
{
	SSL *ssl;

	ERR_clear_error();
	ssl = SSL_new(ctx);
	if (!ssl || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return fail_tls(f, FAIL_SYS, "TLS connection");
	}
	*ret = xnew(struct tls);
	(*ret)->ssl = ssl;
	return OK;
}

int tls_accept(struct tls_server *s, int fd, struct tls **ret, struct fail *f)
{
	TRY(connection_new(s->ctx, fd, ret, f));
	SSL_set_accept_state((*ret)->ssl);
	return OK;
}

/* RFC 9525: a name is looked for among the names, a number among the numbers, and the common name is none. */
static int expect_name(SSL *ssl, const char *name, struct fail *f)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(ssl);

	if (!name || !*name)
		return fail(f, FAIL_SYNTAX, "no name that could be verified");
	if (X509_VERIFY_PARAM_set1_ip_asc(p, name) == 1)
		return OK;
	ERR_clear_error();
	X509_VERIFY_PARAM_set_hostflags(
	        p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (X509_VERIFY_PARAM_set1_host(p, name, 0) != 1)
		return fail_tls(f, FAIL_SYNTAX, "name to verify");
	return OK;
}

static bool is_number(const char *name)
{
	return strspn(name, "0123456789.") == strlen(name) || strchr(name, ':');
}

int tls_connect(struct tls_client *c, int fd, const char *name, struct tls **ret, struct fail *f)
{
	struct tls *t = NULL;
	int r = OK;

	TRY(connection_new(c->ctx, fd, &t, f));
	if (c->verify)
		r = expect_name(t->ssl, name, f);
	/* RFC 6066 section 3: no numbers in SNI */
	if (r == OK && name && *name && !is_number(name) && SSL_set_tlsext_host_name(t->ssl, name) != 1)
		r = fail_tls(f, FAIL_SYNTAX, "server name");
	if (r < 0) {
		tls_free(t);
		return r;
	}
	SSL_set_connect_state(t->ssl);
	*ret = t;
	return OK;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	free(t);
}

/* What a call that did not return 1 means. OpenSSL's own outcomes end here. */
static enum tls_want outcome(struct tls *t, int r, const char *what, struct fail *f)
{
	switch (SSL_get_error(t->ssl, r)) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_CLOSED;
	case SSL_ERROR_SYSCALL:
		t->broken = true;
		if (ERR_peek_error() == 0)
			return TLS_CLOSED; /* reset: the peer is gone without a word */
		break;
	default:
		t->broken = true;
		break;
	}
	fail_tls(f, FAIL_PEER, what);
	return TLS_FAILED;
}

static enum tls_want gone(struct fail *f)
{
	fail(f, FAIL_PEER, "TLS: used after it failed");
	return TLS_FAILED;
}

enum tls_want tls_handshake(struct tls *t, struct fail *f)
{
	enum tls_want w;
	long verdict;

	if (t->broken)
		return gone(f);
	ERR_clear_error();
	w = outcome(t, SSL_do_handshake(t->ssl), "TLS handshake", f);
	verdict = SSL_get_verify_result(t->ssl);
	if (w == TLS_FAILED && verdict != X509_V_OK && SSL_get_verify_mode(t->ssl) != SSL_VERIFY_NONE)
		fail(f, FAIL_FORGED, "the certificate: %s", X509_verify_cert_error_string(verdict));
	return w;
}

enum tls_want tls_read(struct tls *t, void *p, size_t cap, size_t *ret_n, struct fail *f)
{
	size_t n = 0;
	int r;

	if (t->broken)
		return gone(f);
	ERR_clear_error();
	r = SSL_read_ex(t->ssl, p, cap, &n);
	if (r == 1)
		*ret_n = n;
	return outcome(t, r, "TLS read", f);
}

enum tls_want tls_write(struct tls *t, struct str bytes, size_t *ret_n, struct fail *f)
{
	size_t n = 0;
	int r;

	if (t->broken)
		return gone(f);
	ERR_clear_error();
	r = SSL_write_ex(t->ssl, bytes.p, bytes.n, &n);
	if (r == 1)
		*ret_n = n;
	return outcome(t, r, "TLS write", f);
}

size_t tls_pending(const struct tls *t)
{
	return t->broken ? 0 : (size_t)SSL_pending(t->ssl);
}

void tls_bye(struct tls *t)
{
	if (t->broken || SSL_in_init(t->ssl))
		return;
	ERR_clear_error();
	if (SSL_shutdown(t->ssl) < 0)
		ERR_clear_error();
}

const char *tls_version(const struct tls *t)
{
	return SSL_get_version(t->ssl);
}

const char *tls_cipher(const struct tls *t)
{
	return SSL_get_cipher_name(t->ssl);
}
