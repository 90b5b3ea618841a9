#include "cli/issue.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/file.h"
#include "cli/kit.h"
#include "cli/show.h"
#include "cli/simple.h"
#include "crypto/aead.h"
#include "wire/addr.h"
#include "wire/b64.h"
#include "wire/date.h"

#include <stdio.h>
#include <unistd.h>

enum {
	DER_MAX = 16384,
	PASSPHRASE_BYTES = 15, /* of randomness, when it is made here */
	PASSPHRASE_GROUP = 6,  /* letters between two dashes */
	PASSPHRASE_LEAST = 8,
	PASSPHRASE_MOST = 512,
	BACKDATE_MOST_S = 2 * DAY_S, /* the server's notBefore lies a day back, for clocks that are slow */
};

/* What is known after profile.begin: views into the answer. */
struct begun {
	struct str profile, mailbox, user_cert, root_cn, intermediate_cn, csr, spki;
	struct cert_constraints limits;
	int64_t not_before, not_after;
};

struct work {
	const struct issue *i;
	struct cli *c;
	struct ask begin;
	struct begun b;
	struct key *user;
	struct buf root, intermediate; /* DER */
	struct secret passphrase;
	struct kit kit;
};

static void work_done(struct work *w)
{
	ask_done(&w->begin);
	key_free(w->user);
	buf_done(&w->root);
	buf_done(&w->intermediate);
	secret_done(&w->passphrase);
	kit_done(&w->kit);
}

static enum key_alg alg_of(const struct issue *i)
{
	return i->modern ? KEY_P256 : KEY_RSA_2048;
}

/* ---- the passphrase ---------------------------------------------------------------------------------------------- */

static int read_passphrase(const char *path, struct secret *ret, struct fail *f)
{
	bool bad;

	TRY(file_line(path, PASSPHRASE_MOST, ret, f));
	bad = ret->n < PASSPHRASE_LEAST || !str_is_utf8(secret_str(ret));
	for (size_t i = 0; i < ret->n; i++)
		bad = bad || ret->p[i] < 32 || ret->p[i] == 127;
	return bad ? fail(f, FAIL_SYNTAX,
	                  "%s: its first line is no passphrase: it has %d bytes or more, UTF-8, no control "
	                  "characters",
	                  path, PASSPHRASE_LEAST)
	           : OK;
}

static int make_passphrase(struct secret *ret, struct fail *f)
{
	uint8_t raw[PASSPHRASE_BYTES];
	OWN(buf) text = BUF(64);
	size_t n = 0;

	TRY(random_bytes(raw, sizeof(raw), f));
	(void)buf_room(&text, text.max);
	b32_print(str_of(raw, sizeof(raw)), &text);
	TRY(secret_new(ret, text.n + text.n / PASSPHRASE_GROUP, f));
	for (size_t i = 0; i < text.n; i++) {
		if (i && i % PASSPHRASE_GROUP == 0)
			ret->p[n++] = '-';
		ret->p[n++] = (uint8_t)text.p[i];
	}
	ret->n = n;
	wipe(raw, sizeof(raw));
	wipe(text.p, text.cap);
	return OK;
}

static int write_passphrase(const struct work *w, struct fail *f)
{
	OWN(secret) line = SECRET_NONE;

	TRY(secret_new(&line, w->passphrase.n + 1, f));
	memcpy(line.p, w->passphrase.p, w->passphrase.n);
	line.p[w->passphrase.n] = '\n';
	return file_new(w->i->passphrase_out, secret_str(&line), 0600, f);
}

/* ---- 1: the user's key, and a request for its certificate -------------------------------------------------------- */

static int begin(struct work *w, struct fail *f)
{
	const struct cert_fields request = { .kind = CERT_USER,
		                             .subject_cn = str_c(w->i->mailbox),
		                             .email = str_c(w->i->mailbox),
		                             .subject_key = w->user,
		                             .issuer_key = w->user };
	OWN(buf) csr = BUF(DER_MAX);
	struct ask *a = &w->begin;

	TRY(csr_build(&request, &csr, f));
	ask_argz(a, "mailbox", w->i->mailbox);
	ask_argz(a, "cipher", w->i->modern ? "modern" : "compatible");
	ask_argz(a, "sender_key", w->i->sender_key);
	ask_argz(a, "days", w->i->days);
	ask_arg(a, "csr", buf_str(&csr));
	return ask_run(a, w->c, f);
}

static int read_begun(const struct ask *a, struct begun *b, struct fail *f)
{
	struct str domains = ask_field(a, "domains");

	*b = (struct begun){ .profile = ask_field(a, "profile"),
		             .mailbox = ask_field(a, "mailbox"),
		             .user_cert = ask_field(a, "user_cert"),
		             .root_cn = ask_field(a, "root_cn"),
		             .intermediate_cn = ask_field(a, "intermediate_cn"),
		             .csr = ask_field(a, "intermediate_csr"),
		             .spki = ask_field(a, "intermediate_spki"),
		             .not_before = ask_number(a, "not_before"),
		             .not_after = ask_number(a, "not_after") };
	b->limits.mailbox = b->mailbox;
	b->limits.critical = ask_number(a, "critical") != 0;
	while (domains.n) {
		if (b->limits.n_domains == CERT_DOMAINS_MAX)
			return fail(f, FAIL_LIMIT, "the server names more than %d domains", CERT_DOMAINS_MAX);
		b->limits.domains[b->limits.n_domains++] = str_trim(str_cut(&domains, ','));
	}
	return OK;
}

/* ---- is it what was asked for? ----------------------------------------------------------------------------------- */

static bool same_mailbox(const char *asked, struct str told)
{
	OWN(arena) a = ARENA;
	struct addr one, two;

	return addr_parse(str_c(asked), &a, &one, NULL) == OK && addr_parse(told, &a, &two, NULL) == OK &&
	       addr_eq(&one, &two);
}

/* The root will be trusted for as long and for as much as these say. */
static int check_limits(const struct issue *i, const struct begun *b, struct fail *f)
{
	int64_t now = clock_utc();
	uint64_t days;

	if (!same_mailbox(i->mailbox, b->mailbox))
		return fail(f, FAIL_FORGED, "the server answered for another mailbox than %s", i->mailbox);
	if (!b->limits.n_domains)
		return fail(f, FAIL_FORGED, "the server names no domain that the root is to be limited to");
	if (!b->root_cn.n || !b->intermediate_cn.n || str_eq(b->root_cn, b->intermediate_cn))
		return fail(f, FAIL_FORGED, "the server does not name the root and the intermediate apart");
	if (b->not_before > now || b->not_before < now - BACKDATE_MOST_S || b->not_after <= now)
		return fail(f, FAIL_FORGED, "the server's dates do not begin about now");
	if (i->days && str_u64(str_c(i->days), &days) && days < INT32_MAX &&
	    b->not_after > now + ((int64_t)days + 1) * DAY_S)
		return fail(f, FAIL_FORGED, "the server wants the root to last longer than %s days", i->days);
	return OK;
}

/* Ours, for this mailbox and nothing else, within the chain's dates, signed by the intermediate to come. */
static int check_user_cert(const struct work *w, struct fail *f)
{
	const struct begun *b = &w->b;
	struct cert_fields want = { .kind = CERT_USER,
		                    .subject_cn = b->mailbox,
		                    .issuer_cn = b->intermediate_cn,
		                    .email = b->mailbox,
		                    .constraints = &b->limits,
		                    .subject_key = w->user };
	struct cert_facts facts;
	struct fail why = { 0 };

	TRY(cert_read(b->user_cert, &w->c->arena, &facts, f));
	if (facts.not_before < b->not_before || facts.not_after > b->not_after ||
	    facts.not_after <= clock_utc())
		return fail(f, FAIL_FORGED, "the user certificate's dates are not within the profile's");
	want.not_before = facts.not_before;
	want.not_after = facts.not_after;
	return cert_check(b->user_cert, &want, b->spki, &why) < 0
	               ? fail(f, FAIL_FORGED, "the user certificate is not what was asked for: %s", why.why)
	               : OK;
}

/* ---- 2: the root, made and forgotten ----------------------------------------------------------------------------- */

static int intermediate_key(const struct work *w, struct key **ret, struct fail *f)
{
	OWNS(key) key = NULL;
	OWN(buf) asked = BUF(DER_MAX);

	TRY(csr_read(w->b.csr, &asked, f));
	if (!str_eq(buf_str(&asked), w->b.spki))
		return fail(f, FAIL_FORGED, "the server asks for one intermediate key and names another");
	TRY(key_import_public(buf_str(&asked), &key, f));
	if (key_alg_of(key) != alg_of(w->i))
		return fail(f, FAIL_FORGED, "the intermediate key is of another kind than the user's");
	*ret = TAKE(key);
	return OK;
}

static int make_chain(struct work *w, struct fail *f)
{
	OWNS(key) root_key =
	        NULL; /* gone at the end of this function: nothing is ever signed with it again */
	OWNS(key) public = NULL;
	struct cert_fields root = {
		.kind = CERT_ROOT,
		.subject_cn = w->b.root_cn,
		.issuer_cn = w->b.root_cn,
		.not_before = w->b.not_before,
		.not_after = w->b.not_after,
		.constraints = &w->b.limits,
	};
	struct cert_fields intermediate = root;

	TRY(intermediate_key(w, &public, f));
	TRY(key_new(alg_of(w->i), &root_key, f));
	root.subject_key = root.issuer_key = root_key;
	TRY(cert_build(&root, &w->root, f));
	intermediate.kind = CERT_INTERMEDIATE;
	intermediate.subject_cn = w->b.intermediate_cn;
	intermediate.subject_key = public;
	intermediate.issuer_key = root_key;
	return cert_build(&intermediate, &w->intermediate, f);
}

/* ---- 3: the rest ------------------------------------------------------------------------------------------------- */

static int build_kit(struct work *w, struct fail *f)
{
	const struct kit_parts parts = { .user = w->user,
		                         .user_cert = w->b.user_cert,
		                         .intermediate = buf_str(&w->intermediate),
		                         .root = buf_str(&w->root),
		                         .mailbox = w->b.mailbox,
		                         .passphrase = secret_str(&w->passphrase),
		                         .profile = (uint64_t)ask_number(&w->begin, "profile") };

	return kit_build(&parts, &w->kit, f);
}

static int finish(const struct work *w, struct fail *f)
{
	OWN(ask) a = ASK("profile.finish");

	ask_arg(&a, "profile", w->b.profile);
	ask_arg(&a, "root", buf_str(&w->root));
	ask_arg(&a, "intermediate", buf_str(&w->intermediate));
	return ask_run(&a, w->c, f);
}

static int on_profile(const struct work *w, const char *verb, struct fail *f)
{
	OWN(ask) a = ASK(verb);

	ask_arg(&a, "profile", w->b.profile);
	return ask_run(&a, w->c, f);
}

/* From the answer to the files. */
static int carry_out(struct work *w, struct fail *f)
{
	int r;

	TRY(check_limits(w->i, &w->b, f));
	TRY(check_user_cert(w, f));
	TRY(make_chain(w, f));
	TRY(build_kit(w, f));
	TRY(finish(w, f));
	if (w->i->passphrase_out)
		TRY(write_passphrase(w, f));
	r = kit_write(&w->kit, w->i->dir, f);
	if (r < 0 && w->i->passphrase_out)
		(void)unlink(w->i->passphrase_out);
	return r;
}

static int activate(const struct work *w, struct fail *f)
{
	struct fail why = { 0 };
	int r = on_profile(w, "profile.activate", &why);

	return r < 0 ? fail(f, r,
	                    "the profile was made and its files are in %s, but it is not active: %s; then "
	                    "`postern "
	                    "profile activate %.*s`",
	                    w->i->dir, why.why, STR_ARG(w->b.profile))
	             : OK;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static bool shows_passphrase(const struct issue *i)
{
	return !i->passphrase_file && !i->passphrase_out;
}

static void tell_json(const struct work *w)
{
	OWN(show_records) said = SHOW_RECORDS;

	show_number(&said, "profile", ask_number(&w->begin, "profile"));
	show_text(&said, "mailbox", w->b.mailbox);
	show_text(&said, "cipher", w->i->modern ? STR("modern") : STR("compatible"));
	show_time(&said, "not_before", w->b.not_before);
	show_time(&said, "not_after", w->b.not_after);
	show_bool(&said, "active", w->i->activate);
	show_text(&said, "directory", str_c(w->i->dir));
	if (shows_passphrase(w->i))
		show_text(&said, "passphrase", secret_str(&w->passphrase));
	show_end(&said);
	print_json(buf_str(&said.list));
}

static void tell(const struct work *w)
{
	const struct issue *i = w->i;
	OWN(buf) end = BUF(64);

	date_print_iso(w->b.not_after, &end);
	printf("Profile %.*s for %.*s, until %.10s. In %s:\n\n", STR_ARG(w->b.profile), STR_ARG(w->b.mailbox),
	       end.p, i->dir);
	printf("  user.p12               for mail clients: your key with its certificates\n");
	if (!i->modern)
		printf("  user-legacy.p12        the same for old clients and gpgsm\n");
	printf("  postern.mobileconfig   for iPhone, iPad and Mac\n"
	       "  root.crt               the root, to be trusted for e-mail\n"
	       "  intermediate.crt       for clients that take certificates one by one\n"
	       "  user.crt\n\n");
	if (shows_passphrase(i))
		printf("The passphrase of the .p12 files, shown this once:\n\n    %.*s\n\n",
		       STR_ARG(secret_str(&w->passphrase)));
	printf("The root key was made here, signed twice, and is gone. Your key is in the .p12 files and "
	       "nowhere\n"
	       "else: keep them and the passphrase, mail that is sealed to it opens with nothing else.\n");
	if (i->activate)
		printf("The profile is active.\n");
	else
		printf("Next: install it, then postern profile activate %.*s\n", STR_ARG(w->b.profile));
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static int prepare(struct work *w, struct fail *f)
{
	const struct issue *i = w->i;
	OWN(arena) a = ARENA;
	struct addr parsed;

	if (addr_parse(str_c(i->mailbox), &a, &parsed, NULL) < 0)
		return fail(f, FAIL_SYNTAX, "%s is not a mail address: wanted local@domain", i->mailbox);
	if (i->passphrase_file && i->passphrase_out)
		return fail(
		        f, FAIL_SYNTAX,
		        "--passphrase-file gives one and --passphrase-out makes one: name one of the two");
	if (i->passphrase_out && file_is(i->passphrase_out))
		return fail(f, FAIL_EXISTS, "%s is there already: name another file with --passphrase-out",
		            i->passphrase_out);
	TRY(kit_prepare(i->dir, f));
	TRY(i->passphrase_file ? read_passphrase(i->passphrase_file, &w->passphrase, f)
	                       : make_passphrase(&w->passphrase, f));
	return key_new(alg_of(i), &w->user, f);
}

static int run(struct work *w, struct fail *f)
{
	int r;

	TRY(prepare(w, f));
	TRY(begin(w, f));
	r = read_begun(&w->begin, &w->b, f);
	if (r == OK)
		r = carry_out(w, f);
	if (r < 0) {
		(void)on_profile(w, "profile.delete", NULL); /* nobody has its key now */
		return r;
	}
	if (w->i->activate)
		TRY(activate(w, f));
	if (w->c->json)
		tell_json(w);
	else
		tell(w);
	return OK;
}

int issue_run(const struct issue *i, struct cli *c, struct fail *f)
{
	OWN(work) w = { .i = i,
		        .c = c,
		        .begin = ASK("profile.begin"),
		        .root = BUF(DER_MAX),
		        .intermediate = BUF(DER_MAX) };

	return run(&w, f);
}
