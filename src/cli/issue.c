#include "cli/issue.h"

#include "base/mem.h"
#include "cli/show.h"
#include "cli/simple.h"
#include "crypto/aead.h"
#include "crypto/cert.h"
#include "crypto/pkcs12.h"
#include "wire/b64.h"
#include "wire/date.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DER_MAX = 16384, FILE_MAX = 256 * 1024, PASSPHRASE_BYTES = 15, PASSPHRASE_LEAST = 8 };

/* What is known after profile.begin. */
struct begun {
	struct ask answer;
	struct cert_constraints limits;
};

struct made {
	struct key *user;
	struct buf root, intermediate; /* DER */
};

static void made_done(struct made *m)
{
	key_free(m->user);
	buf_done(&m->root);
	buf_done(&m->intermediate);
}

static enum key_alg alg_of(const struct issue *i)
{
	return i->modern ? KEY_P256 : KEY_RSA_2048;
}

/* ---- 1: the user's key, and a request for its certificate ---------------------------------------------------------- */

static int begin(const struct issue *i, const struct made *m, struct begun *b, struct cli *c, struct fail *f)
{
	const struct cert_fields request = { .kind = CERT_USER,
		                             .subject_cn = str_c(i->mailbox),
		                             .email = str_c(i->mailbox),
		                             .subject_key = m->user,
		                             .issuer_key = m->user };
	OWN(buf) csr = BUF(DER_MAX);
	struct ask *a = &b->answer;

	TRY(csr_build(&request, &csr, f));
	ask_argz(a, "mailbox", i->mailbox);
	ask_argz(a, "cipher", i->modern ? "modern" : "compatible");
	ask_argz(a, "sender_key", i->sender_key);
	ask_argz(a, "days", i->days);
	ask_arg(a, "csr", buf_str(&csr));
	return ask_run(a, c, f);
}

/* The certificate that came back: ours, and for nothing else. */
static int check_user_cert(const struct made *m, const struct begun *b, struct arena *arena, struct fail *f)
{
	OWN(buf) spki = BUF(DER_MAX);
	struct cert_facts facts;

	TRY(key_public_der(m->user, &spki, f));
	TRY(cert_read(ask_field(&b->answer, "user_cert"), arena, &facts, f));
	if (!str_eq(facts.spki, buf_str(&spki)))
		return fail(f, FAIL_FORGED, "the server's certificate is for another key");
	if (facts.n_emails != 1 || !str_eq_nocase(facts.emails[0], ask_field(&b->answer, "mailbox")) ||
	    facts.is_ca)
		return fail(f, FAIL_FORGED, "the server's certificate is not for this mailbox");
	return OK;
}

static int read_limits(struct begun *b, struct fail *f)
{
	struct str domains = ask_field(&b->answer, "domains");

	b->limits = (struct cert_constraints){ .mailbox = ask_field(&b->answer, "mailbox"),
		                               .critical = ask_number(&b->answer, "critical") };
	while (domains.p && domains.n) {
		if (b->limits.n_domains == CERT_DOMAINS_MAX)
			return fail(f, FAIL_LIMIT, "more than %d domains", CERT_DOMAINS_MAX);
		b->limits.domains[b->limits.n_domains++] = str_cut(&domains, ',');
	}
	return OK;
}

/* ---- 2: the root, made and forgotten --------------------------------------------------------------------------------- */

static int make_cas(const struct issue *i, struct begun *b, struct made *m, struct fail *f)
{
	OWNS(key) root_key =
	        NULL; /* gone at the end of this function: nothing is ever signed with it again */
	OWNS(key) intermediate_key = NULL;
	OWN(buf) asked = BUF(DER_MAX);
	struct cert_fields root = {
		.kind = CERT_ROOT,
		.subject_cn = ask_field(&b->answer, "root_cn"),
		.issuer_cn = ask_field(&b->answer, "root_cn"),
		.not_before = ask_number(&b->answer, "not_before"),
		.not_after = ask_number(&b->answer, "not_after"),
		.constraints = &b->limits,
	};
	struct cert_fields intermediate = root;

	TRY(csr_read(ask_field(&b->answer, "intermediate_csr"), &asked, f));
	if (!str_eq(buf_str(&asked), ask_field(&b->answer, "intermediate_spki")))
		return fail(f, FAIL_FORGED, "the server asks for one key and names another");
	TRY(key_import_public(buf_str(&asked), &intermediate_key, f));
	TRY(key_new(alg_of(i), &root_key, f));
	root.subject_key = root.issuer_key = root_key;
	TRY(cert_build(&root, &m->root, f));
	intermediate.kind = CERT_INTERMEDIATE;
	intermediate.subject_cn = ask_field(&b->answer, "intermediate_cn");
	intermediate.subject_key = intermediate_key;
	intermediate.issuer_key = root_key;
	return cert_build(&intermediate, &m->intermediate, f);
}

static int finish(const struct begun *b, const struct made *m, struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("profile.finish");

	ask_arg(&a, "profile", ask_field(&b->answer, "profile"));
	ask_arg(&a, "root", buf_str(&m->root));
	ask_arg(&a, "intermediate", buf_str(&m->intermediate));
	return ask_run(&a, c, f);
}

/* ---- the files -------------------------------------------------------------------------------------------------------- */

static int write_file(const struct issue *i, const char *name, struct str bytes, struct fail *f)
{
	OWN(buf) path = BUF(8192);
	OWNFD fd = -1;

	buf_addf(&path, "%s/%s", i->dir, name);
	fd = open(path.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, 0600) < 0)
		return fail_errno(f, FAIL_SYS, "%s", path.p);
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0)
			return fail_errno(f, FAIL_SYS, "%s", path.p);
		bytes = str_from(bytes, (size_t)n);
	}
	return OK;
}

static int write_pem(const struct issue *i, const char *name, struct str der, struct fail *f)
{
	OWN(buf) pem = BUF(FILE_MAX);
	struct b64_lines lines = { 0 };

	buf_addz(&pem, "-----BEGIN CERTIFICATE-----\n");
	TRY(b64_lines_put(&lines, der, sink_buf(&pem), f));
	TRY(b64_lines_end(&lines, sink_buf(&pem), f));
	buf_addz(&pem, "-----END CERTIFICATE-----\n");
	return write_file(i, name, buf_str(&pem), f);
}

static int read_passphrase(const struct issue *i, struct buf *out, struct fail *f)
{
	OWNFD fd = open(i->passphrase_file, O_RDONLY | O_CLOEXEC);
	char text[1024];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	struct str s;

	if (n < 0)
		return fail_errno(f, FAIL_SYS, "%s", i->passphrase_file);
	s = str_of(text, (size_t)n);
	s = str_cut(&s, '\n');
	buf_add(out, s);
	wipe(text, sizeof(text));
	return s.n < PASSPHRASE_LEAST ? fail(f, FAIL_SYNTAX, "%s: a passphrase has %d bytes or more",
	                                     i->passphrase_file, PASSPHRASE_LEAST)
	                              : OK;
}

static int get_passphrase(const struct issue *i, struct buf *out, struct fail *f)
{
	uint8_t raw[PASSPHRASE_BYTES];
	OWN(buf) text = BUF(64);

	if (i->passphrase_file)
		return read_passphrase(i, out, f);
	TRY(random_bytes(raw, sizeof(raw), f));
	b32_print(str_of(raw, sizeof(raw)), &text);
	for (size_t k = 0; k < text.n; k++) {
		if (k && k % 6 == 0)
			buf_addc(out, '-');
		buf_addc(out, text.p[k]);
	}
	if (i->passphrase_out) {
		OWN(buf) line = BUF(128);
		struct issue here = *i;

		buf_addf(&line, "%s\n", out->p);
		here.dir = i->passphrase_out[0] == '/' ? "" : ".";
		return write_file(&here, i->passphrase_out, buf_str(&line), f);
	}
	return OK;
}

static int write_files(const struct issue *i, const struct begun *b, const struct made *m,
                       struct str passphrase, struct fail *f)
{
	struct str user = ask_field(&b->answer, "user_cert"), name = str_c(i->mailbox);
	OWN(buf) p12 = BUF(FILE_MAX);
	OWN(buf) id = BUF(256);
	OWN(buf) xml = BUF(FILE_MAX);

	if (mkdir(i->dir, 0700) < 0 && errno != EEXIST)
		return fail_errno(f, FAIL_SYS, "%s", i->dir);
	TRY(write_pem(i, "user.crt", user, f));
	TRY(write_pem(i, "intermediate.crt", buf_str(&m->intermediate), f));
	TRY(write_pem(i, "root.crt", buf_str(&m->root), f));
	TRY(pkcs12_write(m->user, user, buf_str(&m->intermediate), buf_str(&m->root), name, passphrase, false,
	                 &p12, f));
	TRY(write_file(i, "user.p12", buf_str(&p12), f));
	if (!i->modern) {
		buf_clear(&p12);
		TRY(pkcs12_write(m->user, user, buf_str(&m->intermediate), buf_str(&m->root), name,
		                 passphrase, true, &p12, f));
		TRY(write_file(i, "user-legacy.p12", buf_str(&p12), f));
	}
	buf_addf(&id, "postern.profile.%.*s", STR_ARG(ask_field(&b->answer, "profile")));
	TRY(mobileconfig_write(name, buf_str(&id), buf_str(&m->root), buf_str(&m->intermediate),
	                       buf_str(&p12), &xml, f));
	return write_file(i, "postern.mobileconfig", buf_str(&xml), f);
}

static void tell(const struct issue *i, const struct begun *b, const struct buf *passphrase)
{
	OWN(buf) end = BUF(64);

	date_print_iso(ask_number(&b->answer, "not_after"), &end);
	printf("Profile %lld for %s, until %.10s.\n\n", (long long)ask_number(&b->answer, "profile"),
	       i->mailbox, end.p);
	printf("  %s/user.p12               for mail clients: your key with its certificates\n", i->dir);
	if (!i->modern)
		printf("  %s/user-legacy.p12        the same for old clients and gpgsm\n", i->dir);
	printf("  %s/postern.mobileconfig   for iPhone, iPad and Mac\n"
	       "  %s/root.crt               the root, to be trusted for e-mail\n"
	       "  %s/intermediate.crt, user.crt\n\n",
	       i->dir, i->dir, i->dir);
	if (!i->passphrase_file && !i->passphrase_out)
		printf("The passphrase of both .p12 files:\n\n    %s\n\n", passphrase->p);
	printf("The root key was made here, signed once, and is gone. The user key is in the .p12 files and "
	       "nowhere\n"
	       "else: keep them, mail that is sealed to it opens with nothing else.\n%s",
	       i->activate ? "The profile is active.\n"
	                   : "Next: install it, then postern profile activate\n");
}

static int activate(const struct begun *b, struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("profile.activate");

	ask_arg(&a, "profile", ask_field(&b->answer, "profile"));
	return ask_run(&a, c, f);
}

static int run(const struct issue *i, struct begun *b, struct made *m, struct cli *c, struct fail *f)
{
	OWN(buf) passphrase = BUF(1024);
	OWN(buf) out = BUF(65536);
	int r;

	TRY(get_passphrase(i, &passphrase, f));
	TRY(key_new(alg_of(i), &m->user, f));
	TRY(begin(i, m, b, c, f));
	TRY(check_user_cert(m, b, &c->arena, f));
	TRY(read_limits(b, f));
	TRY(make_cas(i, b, m, f));
	TRY(finish(b, m, c, f));
	r = write_files(i, b, m, buf_str(&passphrase), f);
	if (r == OK && i->activate)
		r = activate(b, c, f);
	if (r == OK && c->json) {
		show_json(buf_str(&b->answer.records), &out);
		print_out(&out);
	} else if (r == OK) {
		tell(i, b, &passphrase);
	}
	wipe(passphrase.p, passphrase.cap);
	return r;
}

int issue_run(const struct issue *i, struct cli *c, struct fail *f)
{
	OWN(made) m = { NULL, BUF(DER_MAX), BUF(DER_MAX) };
	struct begun b = { .answer = ASK("profile.begin") };
	int r = run(i, &b, &m, c, f);

	ask_done(&b.answer);
	return r;
}
