/* What crypto_init promises: afterwards a process does all its work without one file, and the operator's
 * configuration of the library means nothing. First of all in a fresh process. */
#include "crypto/aead.h"
#include "crypto/cert_in.h"
#include "crypto/cms.h"
#include "crypto/pkcs12.h"
#include "crypto/wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const struct cert_constraints limits = { .domains = { STR_INIT("relay.example") }, .n_domains = 1 };

/* Root, intermediate and leaf of one algorithm, and what a profile and a message are made of. Gives the number of the
 * line that failed. */
#define NEED(call)                                                                                           \
	do {                                                                                                 \
		if ((call) != OK)                                                                            \
			return __LINE__;                                                                     \
	} while (0)

struct pki {
	struct key *ca, *leaf;
	struct buf root, intermediate, cert;
};

static int make_pki(enum key_alg alg, struct pki *p)
{
	int64_t now = time(NULL);
	struct cert_fields c = { .kind = CERT_ROOT,
		                 .subject_cn = STR("root"),
		                 .issuer_cn = STR("root"),
		                 .not_before = now - 1,
		                 .not_after = now + 1000,
		                 .constraints = &limits };

	NEED(key_new(alg, &p->ca, NULL));
	NEED(key_new(alg, &p->leaf, NULL));
	c.subject_key = c.issuer_key = p->ca;
	NEED(cert_build(&c, &p->root, NULL));
	c = (struct cert_fields){ .kind = CERT_SENDER,
		                  .subject_cn = STR("x@relay.example"),
		                  .email = STR("x@relay.example"),
		                  .issuer_cn = STR("root"),
		                  .not_before = now - 1,
		                  .not_after = now + 1000,
		                  .subject_key = p->leaf,
		                  .issuer_key = p->ca };
	NEED(cert_build(&c, &p->cert, NULL));
	return 0;
}

static int seal_mail(const struct pki *p)
{
	struct str more = buf_str(&p->root);
	OWN(buf) out = BUF(1 << 20);
	OWNS(cms_cert) cert = NULL;
	uint8_t digest[32] = { 1 };

	NEED(cms_cert_new(buf_str(&p->cert), &cert, NULL));
	NEED(cms_sign_detached(p->leaf, cert, &more, 1, digest, &out, NULL));
	for (int cipher = CMS_AES_256_CBC; cipher <= CMS_AES_256_GCM; cipher++) {
		OWNS(cms_envelope) e = NULL;

		NEED(cms_envelope_new(cert, (enum cms_cipher)cipher, 5, sink_buf(&out), &e, NULL));
		NEED(cms_envelope_put(e, STR("plain"), NULL));
		NEED(cms_envelope_end(e, NULL));
	}
	return 0;
}

static int issue_profile(const struct pki *p, bool legacy)
{
	struct cert_fields c = { .kind = CERT_INTERMEDIATE,
		                 .subject_cn = STR("i"),
		                 .constraints = &limits,
		                 .subject_key = p->leaf };
	struct str root = buf_str(&p->root);
	OWN(buf) out = BUF(1 << 20);
	OWN(buf) spki = BUF(SPKI_MAX);
	OWN(arena) a = ARENA;
	struct cert_facts facts;
	struct fail f = { 0 };

	NEED(csr_build(&c, &out, NULL));
	NEED(csr_read(buf_str(&out), &spki, NULL));
	NEED(cert_read(buf_str(&p->cert), &a, &facts, NULL));
	NEED(pkcs12_write(p->leaf, buf_str(&p->cert), root, root, STR("name"), STR("passphrase"), legacy,
	                  &out, NULL));
	NEED(mobileconfig_write(STR("name"), STR("a.b"), root, root, root, &out, NULL));
	out.p[out.n - 1] = 0;
	if (csr_read(STR("\x30\x00"), &spki, &f) != FAIL_SYNTAX ||
	    cert_read(STR("\x30\x00"), &a, &facts, &f) != FAIL_SYNTAX)
		return __LINE__;
	return 0;
}

static int keep_secrets(const struct pki *p)
{
	const struct wrap_label label = { WRAP_LEAF, 1, 1 };
	OWN(secret) master = SECRET_NONE;
	OWN(secret) record = SECRET_NONE;
	OWN(secret) again = SECRET_NONE;
	OWN(buf) out = BUF(1 << 20);
	struct wrap_label l;
	OWNS(key) k = NULL;
	uint8_t r[32];
	struct fail f = { 0 };

	NEED(random_bytes(r, 32, NULL));
	NEED(secret_copy(&master, r, 32, NULL));
	NEED(key_export_private(p->leaf, &record, NULL));
	NEED(wrap_seal(&master, &label, str_of(record.p, record.n), &out, NULL));
	NEED(wrap_open(&master, buf_str(&out), &l, &again, NULL));
	NEED(key_import_private(str_of(again.p, again.n), &k, NULL));
	out.p[out.n - 1] ^= 1;
	if (wrap_open(&master, buf_str(&out), &l, &again, &f) != FAIL_FORGED || !f.why[0])
		return __LINE__;
	return 0;
}

static int all_the_work(void)
{
	static const enum key_alg algs[] = { KEY_P256, KEY_RSA_2048 };

	for (size_t i = 0; i < 2; i++) {
		struct pki p = { .root = BUF(CERT_MAX),
			         .intermediate = BUF(CERT_MAX),
			         .cert = BUF(CERT_MAX) };
		int r = make_pki(algs[i], &p);

		r = r ? r : seal_mail(&p);
		r = r ? r : issue_profile(&p, algs[i] == KEY_RSA_2048);
		r = r ? r : keep_secrets(&p);
		if (r)
			return r;
	}
	return 0;
}

/* Every way to a name in the file system, or to the network, is death. */
static bool lock_up(void)
{
	static const int forbidden[] = { SYS_open,      SYS_openat,     SYS_openat2, SYS_stat,
		                         SYS_lstat,     SYS_newfstatat, SYS_statx,   SYS_access,
		                         SYS_faccessat, SYS_readlink,   SYS_socket,  SYS_connect,
		                         SYS_execve,    SYS_getdents64 };
	enum { COUNT = sizeof(forbidden) / sizeof(forbidden[0]) };
	struct sock_filter code[COUNT + 3] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		                                        offsetof(struct seccomp_data, nr)) };
	struct sock_fprog program = { COUNT + 3, code };

	for (unsigned i = 0; i < COUNT; i++)
		code[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)forbidden[i],
		                                           (uint8_t)(COUNT - i), 0);
	code[COUNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[COUNT + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int in_a_locked_child(int (*work)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		int r = lock_up() ? work() : -1;

		_exit(r == 0 ? 0 : r < 0 ? 255 : 1 + r % 253);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static int open_a_file(void)
{
	return open("/dev/null", O_RDONLY);
}

static void all_work_is_done_without_files(void **state)
{
	int status = in_a_locked_child(all_the_work);

	if (status)
		fail_msg("%s %d", WIFSIGNALED(status) ? "signal" : "line, modulo 253: ",
		         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) - 1);
	status = in_a_locked_child(open_a_file); /* the lock is one */
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void a_second_call_is_nothing(void **state)
{
	assert_int_equal(crypto_init(NULL), OK);
}

/* Were it read, the properties that it demands would leave no algorithm to fetch. */
static int setup(void **state)
{
	static const char config[] =
	        "openssl_conf = top\n[top]\nalg_section = evp\n[evp]\ndefault_properties = fips=yes\n";
	char name[] = "/tmp/postern-openssl-cnf-XXXXXX";
	int fd = mkstemp(name), r;

	if (fd < 0 || write(fd, config, sizeof(config) - 1) != (ssize_t)sizeof(config) - 1 ||
	    setenv("OPENSSL_CONF", name, 1) < 0)
		return -1;
	r = crypto_init(NULL);
	close(fd);
	unlink(name);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_work_is_done_without_files),
		cmocka_unit_test(a_second_call_is_nothing),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
