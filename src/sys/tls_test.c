#include "sys/tls.h"

#include "base/buf.h"
#include "base/mem.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A certificate of its own making, and its key, as PEM. */
struct pair {
	char *cert, *key, *locked_key;
};

static char *pem_of(BIO *b)
{
	char *p = NULL;
	long n = BIO_get_mem_data(b, &p);
	char *z = xstrdup(str_of(p, (size_t)n));

	BIO_free(b);
	return z;
}

static struct pair pair_new(EVP_PKEY *key)
{
	X509 *x = X509_new();
	BIO *cert = BIO_new(BIO_s_mem()), *plain = BIO_new(BIO_s_mem()), *locked = BIO_new(BIO_s_mem());
	struct pair p;

	assert_non_null(key);
	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	                           (const unsigned char *)"gate.test", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(cert, x), 1);
	assert_int_equal(PEM_write_bio_PrivateKey(plain, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(
	        PEM_write_bio_PKCS8PrivateKey(locked, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL), 1);
	X509_free(x);
	EVP_PKEY_free(key);
	p.cert = pem_of(cert);
	p.key = pem_of(plain);
	p.locked_key = pem_of(locked);
	return p;
}

static void pair_done(struct pair *p)
{
	free(p->cert);
	free(p->key);
	free(p->locked_key);
}

static struct pair ec, other, weak;

static int setup(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	ec = pair_new(EVP_EC_gen("P-256"));
	other = pair_new(EVP_RSA_gen(2048));
	weak = pair_new(EVP_RSA_gen(1024));
	return 0;
}

static int teardown(void **state)
{
	pair_done(&ec);
	pair_done(&other);
	pair_done(&weak);
	return 0;
}

static void test_server_keys(void **state)
{
	OWN(buf) two = BUF(65536), half = BUF(65536);
	struct {
		struct str chain, key;
		int want;
	} cases[] = {
		{ str_c(ec.cert), str_c(ec.key), OK },
		{ str_c(other.cert), str_c(other.key), OK },
		{ STR(""), str_c(ec.key), FAIL_SYNTAX },
		{ str_c(ec.cert), STR(""), FAIL_SYNTAX },
		{ STR("not a certificate"), str_c(ec.key), FAIL_SYNTAX },
		{ str_c(ec.key), str_c(ec.key), FAIL_SYNTAX },
		{ str_c(ec.cert), str_c(ec.cert), FAIL_SYNTAX },
		{ str_c(ec.cert), str_c(other.key), FAIL_SYNTAX },
		{ str_c(ec.cert), str_c(ec.locked_key), FAIL_SYNTAX },
		{ str_c(weak.cert), str_c(weak.key), FAIL_DENIED },
		{ STR_NONE, str_c(ec.key), OK },          /* leaf and chain */
		{ STR_NONE, str_c(ec.key), FAIL_SYNTAX }, /* a chain that is cut off */
	};
	size_t n = sizeof(cases) / sizeof(cases[0]);

	buf_addz(&two, ec.cert);
	buf_addz(&two, other.cert);
	cases[n - 2].chain = buf_str(&two);
	buf_addz(&half, ec.cert);
	buf_add(&half, str_first(str_c(other.cert), 200));
	cases[n - 1].chain = buf_str(&half);
	for (size_t i = 0; i < n; i++) {
		struct tls_server *s = NULL;
		struct fail f = { 0 };
		int got = tls_server_new(cases[i].chain, cases[i].key, &s, &f);

		if (got != cases[i].want)
			print_error("case %zu: %s %s\n", i, fail_name(got), f.why);
		assert_int_equal(got, cases[i].want);
		assert_true((got == OK) == (s != NULL));
		tls_server_free(s);
	}
}

/* Two ends of one connection in one process. */
struct ends {
	struct tls_server *s;
	struct tls_client *c;
	int fd[2];
	struct tls *at_server, *at_client;
};

static void ends_open(struct ends *e)
{
	struct fail f = { 0 };

	*e = (struct ends){ 0 };
	assert_int_equal(tls_server_new(str_c(ec.cert), str_c(ec.key), &e->s, &f), OK);
	assert_int_equal(tls_client_new(&(struct tls_client_options){ 0 }, &e->c, &f), OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e->fd), 0);
	assert_int_equal(tls_accept(e->s, e->fd[0], &e->at_server, &f), OK);
	assert_int_equal(tls_connect(e->c, e->fd[1], "gate.test", &e->at_client, &f), OK);
}

static void ends_close(struct ends *e)
{
	tls_free(e->at_server);
	tls_free(e->at_client);
	tls_server_free(e->s);
	tls_client_free(e->c);
	for (int i = 0; i < 2; i++)
		if (e->fd[i] >= 0)
			close(e->fd[i]);
}

static void shake_hands(struct ends *e)
{
	enum tls_want a = TLS_WANT_READ, b = TLS_WANT_READ;
	struct fail f = { 0 };

	for (int i = 0; i < 20 && (a != TLS_DONE || b != TLS_DONE); i++) {
		if (b != TLS_DONE)
			b = tls_handshake(e->at_client, &f);
		if (a != TLS_DONE)
			a = tls_handshake(e->at_server, &f);
		assert_true(a < TLS_CLOSED && b < TLS_CLOSED);
	}
	assert_int_equal(a, TLS_DONE);
	assert_int_equal(b, TLS_DONE);
}

static void test_talk(void **state)
{
	struct ends e;
	struct fail f = { 0 };
	char in[64];
	size_t n = 0;

	ends_open(&e);
	assert_int_equal(tls_handshake(e.at_server, &f), TLS_WANT_READ);
	shake_hands(&e);
	assert_string_equal(tls_version(e.at_server), "TLSv1.3");
	assert_string_equal(tls_version(e.at_client), "TLSv1.3");
	assert_non_null(strstr(tls_cipher(e.at_client), "TLS_"));
	assert_int_equal(tls_read(e.at_server, in, sizeof(in), &n, &f), TLS_WANT_READ);
	assert_int_equal(tls_write(e.at_client, STR("EHLO a\r\nNOOP\r\n"), &n, &f), TLS_DONE);
	assert_int_equal(n, 14);
	assert_int_equal(tls_read(e.at_server, in, 4, &n, &f), TLS_DONE);
	assert_memory_equal(in, "EHLO", 4);
	assert_int_equal(tls_pending(e.at_server), 10);
	assert_int_equal(tls_read(e.at_server, in, sizeof(in), &n, &f), TLS_DONE);
	assert_int_equal(n, 10);
	tls_bye(e.at_client);
	assert_int_equal(tls_read(e.at_server, in, sizeof(in), &n, &f), TLS_CLOSED);
	ends_close(&e);
}

/* More than the socket holds: the writer is told to wait, nothing is lost and nothing comes twice. */
static void test_backpressure(void **state)
{
	enum { TOTAL = 3 << 20 };
	char *sent = xalloc(TOTAL), *got = xalloc(TOTAL);
	size_t out = 0, in = 0, n = 0, waits = 0;
	struct fail f = { 0 };
	struct ends e;

	for (size_t i = 0; i < TOTAL; i++)
		sent[i] = (char)(i * 31 + i / 251);
	ends_open(&e);
	shake_hands(&e);
	while (in < TOTAL) {
		enum tls_want w = TLS_DONE;

		while (out < TOTAL && w == TLS_DONE) {
			w = tls_write(e.at_server, str_of(sent + out, TOTAL - out), &n, &f);
			out += w == TLS_DONE ? n : 0;
		}
		waits += w == TLS_WANT_WRITE;
		assert_true(w == TLS_DONE || w == TLS_WANT_WRITE);
		while (in < TOTAL && tls_read(e.at_client, got + in, TOTAL - in, &n, &f) == TLS_DONE)
			in += n;
	}
	assert_true(waits > 0);
	assert_memory_equal(sent, got, TOTAL);
	ends_close(&e);
	free(sent);
	free(got);
}

/* What does not speak TLS 1.2 or later, or comes from a browser, gets no further than the handshake. */
static void test_refusals(void **state)
{
	static const struct {
		int max;
		struct str alpn;
		bool ok;
	} cases[] = {
		{ TLS1_3_VERSION, STR_INIT(""), true },
		{ TLS1_2_VERSION, STR_INIT(""), true },
		{ TLS1_1_VERSION, STR_INIT(""), false },
		{ TLS1_3_VERSION, STR_INIT("\4smtp"), true },
		{ TLS1_3_VERSION, STR_INIT("\2h2\5esmtp"), true },
		{ TLS1_3_VERSION, STR_INIT("\2h2\10http/1.1"), false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
		enum tls_want a = TLS_WANT_READ;
		struct fail f = { 0 };
		struct ends e;
		SSL *ssl;

		SSL_CTX_set_security_level(ctx, 0);
		SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
		SSL_CTX_set_max_proto_version(ctx, cases[i].max);
		if (cases[i].alpn.n)
			SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)cases[i].alpn.p,
			                        (unsigned)cases[i].alpn.n);
		ends_open(&e);
		ssl = SSL_new(ctx);
		SSL_set_fd(ssl, e.fd[1]);
		SSL_set_connect_state(ssl);
		for (int k = 0; k < 6 && a < TLS_CLOSED; k++) {
			SSL_do_handshake(ssl);
			if (a != TLS_DONE)
				a = tls_handshake(e.at_server, &f);
		}
		assert_int_equal(a, cases[i].ok ? TLS_DONE : TLS_FAILED);
		if (!cases[i].ok) {
			assert_int_equal(f.code, FAIL_PEER);
			assert_true(strlen(f.why) > 20);
			assert_int_equal(tls_write(e.at_server, STR("x"), &(size_t){ 0 }, &f), TLS_FAILED);
		}
		SSL_free(ssl);
		SSL_CTX_free(ctx);
		ends_close(&e);
	}
}

/* A command that was put in clear behind STARTTLS is where the handshake should be (CVE-2011-0411). */
static void test_clear_text(void **state)
{
	struct ends e;
	struct fail f = { 0 };
	static const char injected[] = "MAIL FROM:<a@b.example>\r\n";

	ends_open(&e);
	assert_true(write(e.fd[1], injected, sizeof(injected) - 1) > 0);
	assert_int_equal(tls_handshake(e.at_server, &f), TLS_FAILED);
	ends_close(&e);
	ends_open(&e);
	assert_true(write(e.fd[0], "500 what?\r\n", 11) > 0);
	assert_int_equal(tls_handshake(e.at_client, &f), TLS_FAILED);
	ends_close(&e);
}

static void test_vanishing_peer(void **state)
{
	struct ends e;
	struct fail f = { 0 };
	char in[16];
	size_t n = 0;

	ends_open(&e);
	assert_int_equal(tls_handshake(e.at_client, &f), TLS_WANT_READ);
	close(e.fd[0]);
	e.fd[0] = -1;
	assert_true(tls_handshake(e.at_client, &f) >= TLS_CLOSED);
	ends_close(&e);

	ends_open(&e);
	shake_hands(&e);
	close(e.fd[1]);
	e.fd[1] = -1;
	assert_int_equal(tls_read(e.at_server, in, sizeof(in), &n, &f), TLS_CLOSED);
	ends_close(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server_keys),  cmocka_unit_test(test_talk),
		cmocka_unit_test(test_backpressure), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_clear_text),   cmocka_unit_test(test_vanishing_peer),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
