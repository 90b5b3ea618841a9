/* The browser's part against a core that lies. It is a process of its own, which signs as the vault would. */
#include "cli/issue.h"

#include "base/clock.h"
#include "crypto/aead.h"
#include "ipc/peer.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MAILBOX "alice@mailbox.example"

enum lie {
	NO_LIE,
	LIE_MAILBOX,      /* limits the root to another mailbox */
	LIE_NO_DOMAINS,   /* limits it to nothing */
	LIE_LONG,         /* wants it for longer than was asked */
	LIE_LATE,         /* begins to be valid tomorrow */
	LIE_OLD,          /* was valid for weeks */
	LIE_OVER,         /* is not valid any more */
	LIE_NAMES,        /* calls both authorities the same */
	LIE_KEY,          /* certifies another key */
	LIE_ADDRESS,      /* certifies another mailbox */
	LIE_SENDER,       /* answers with a certificate of no user */
	LIE_DATES,        /* certifies for longer than the chain lives */
	LIE_SIGNATURE,    /* signed by another key than the intermediate */
	LIE_SPKI,         /* asks for one key, names another */
	LIE_REQUEST,      /* cannot prove that it holds the intermediate key */
	LIE_WEAK,         /* an intermediate key of another kind */
	LIE_MANY_DOMAINS, /* more than a certificate may have */
	LIE_FINISH,       /* refuses the chain in the end */
	LIE_ACTIVATE,     /* does not activate */
	LIES
};

/* What was asked of the core, as bits of its exit status. */
enum { SAW_BEGIN = 1, SAW_GOOD_CHAIN = 2, SAW_ACTIVATE = 4, SAW_DELETE = 8, WENT_WRONG = 64 };

struct core {
	enum lie lie;
	int road, seen;
	struct arena arena;
	struct buf spki;
	struct cert_constraints limits;
	int64_t from, to;
};

/* ---- the core ---------------------------------------------------------------------------------------------------- */

static void must(int r)
{
	if (r < 0)
		_exit(WENT_WRONG);
}

static struct str arg(struct str args, const char *name)
{
	struct str key, value;

	while (list_next_pair(&args, &key, &value))
		if (str_eq(key, str_c(name)))
			return value;
	return STR("");
}

static void field(struct buf *record, const char *name, const char *type, struct str value)
{
	list_add(record, str_c(name));
	list_add(record, str_c(type));
	list_add(record, value);
}

static void field_number(struct buf *record, const char *name, const char *type, int64_t v)
{
	char z[24];

	snprintf(z, sizeof(z), "%lld", (long long)v);
	field(record, name, type, str_c(z));
}

static void answer(struct core *k, uint64_t id, int code, struct buf *record)
{
	OWN(buf) records = BUF(65536);
	struct answer m = { .id = id, .code = ipc_code(code), .why = code < 0 ? STR("no") : STR("") };

	if (record)
		list_add(&records, buf_str(record));
	m.records = buf_str(&records);
	must(ipc_write(k->road, IPC_answer, &m, NULL, 0, NULL));
}

static void user_cert(const struct core *k, const struct key *ca, struct str csr, struct buf *out)
{
	struct key *subject = NULL, *other = NULL;
	struct cert_fields c = { .kind = k->lie == LIE_SENDER ? CERT_SENDER : CERT_USER,
		                 .issuer_cn = STR("Intermediate"),
		                 .not_before = k->from,
		                 .not_after = k->to + (k->lie == LIE_DATES ? DAY_S : 0),
		                 .issuer_key = ca };
	OWN(buf) spki = BUF(4096);

	c.email = c.subject_cn = k->lie == LIE_ADDRESS  ? STR("mallory@mailbox.example")
	                         : k->lie == LIE_SENDER ? STR("x@relay.example")
	                                                : STR(MAILBOX);
	must(csr_read(csr, &spki, NULL));
	must(key_import_public(buf_str(&spki), &subject, NULL));
	must(key_new(KEY_P256, &other, NULL));
	c.subject_key = k->lie == LIE_KEY ? other : subject;
	if (k->lie == LIE_SIGNATURE)
		c.issuer_key = other;
	must(cert_build(&c, out, NULL));
	key_free(subject);
	key_free(other);
}

static void on_begin(struct core *k, uint64_t id, struct str args)
{
	struct key *ca = NULL, *other = NULL;
	bool modern = str_eq(arg(args, "cipher"), STR("modern"));
	struct cert_fields request = { .kind = CERT_INTERMEDIATE,
		                       .subject_cn = STR("Intermediate"),
		                       .issuer_cn = STR("Root"),
		                       .not_before = k->from,
		                       .not_after = k->to,
		                       .constraints = &k->limits };
	OWN(buf) cert = BUF(16384);
	OWN(buf) csr = BUF(16384);
	OWN(buf) record = BUF(65536);
	OWN(buf) domains = BUF(4096);

	must(key_new(modern != (k->lie == LIE_WEAK) ? KEY_P256 : KEY_RSA_2048, &ca, NULL));
	must(key_new(KEY_P256, &other, NULL));
	user_cert(k, ca, arg(args, "csr"), &cert);
	request.subject_key = ca;
	must(csr_build(&request, &csr, NULL));
	if (k->lie == LIE_REQUEST)
		csr.p[csr.n - 3] ^= 1;
	must(key_public_der(k->lie == LIE_SPKI ? other : ca, &k->spki, NULL));
	buf_addz(&domains, k->lie == LIE_NO_DOMAINS ? "" : "relay.example,relay.test");
	for (int i = 0; k->lie == LIE_MANY_DOMAINS && i < CERT_DOMAINS_MAX; i++)
		buf_addf(&domains, ",d%d.example", i);
	field(&record, "profile", "n", STR("7"));
	field(&record, "user_cert", "x", buf_str(&cert));
	field(&record, "intermediate_csr", "x", buf_str(&csr));
	field(&record, "intermediate_spki", "x", buf_str(&k->spki));
	field(&record, "root_cn", "s", k->lie == LIE_NAMES ? STR("Intermediate") : STR("Root"));
	field(&record, "intermediate_cn", "s", STR("Intermediate"));
	field(&record, "mailbox", "s", k->lie == LIE_MAILBOX ? STR("mallory@mailbox.example") : STR(MAILBOX));
	field(&record, "domains", "s", buf_str(&domains));
	field(&record, "critical", "b", STR("0"));
	field_number(&record, "not_before", "t", k->from);
	field_number(&record, "not_after", "t", k->to);
	answer(k, id, OK, &record);
	k->seen |= SAW_BEGIN;
	key_free(ca);
	key_free(other);
}

/* As the scribe's chain_check does. */
static void on_finish(struct core *k, uint64_t id, struct str args)
{
	struct cert_fields want = { .kind = CERT_ROOT,
		                    .subject_cn = STR("Root"),
		                    .issuer_cn = STR("Root"),
		                    .not_before = k->from,
		                    .not_after = k->to,
		                    .constraints = &k->limits };
	struct key *root = NULL, *intermediate = NULL;
	struct cert_facts facts;
	bool good;

	must(cert_read(arg(args, "root"), &k->arena, &facts, NULL));
	must(key_import_public(facts.spki, &root, NULL));
	must(key_import_public(buf_str(&k->spki), &intermediate, NULL));
	want.subject_key = root;
	good = cert_check(arg(args, "root"), &want, facts.spki, NULL) == OK;
	want.kind = CERT_INTERMEDIATE;
	want.subject_cn = STR("Intermediate");
	want.subject_key = intermediate;
	good = good && cert_check(arg(args, "intermediate"), &want, facts.spki, NULL) == OK;
	k->seen |= good && str_eq(arg(args, "profile"), STR("7")) ? SAW_GOOD_CHAIN : 0;
	answer(k, id, k->lie == LIE_FINISH ? FAIL_DENIED : OK, NULL);
	key_free(root);
	key_free(intermediate);
}

static void on_activate(struct core *k, uint64_t id, struct str args)
{
	k->seen |= SAW_ACTIVATE;
	answer(k, id, k->lie == LIE_ACTIVATE ? FAIL_SYS : OK, NULL);
}

static void on_delete(struct core *k, uint64_t id, struct str args)
{
	k->seen |= str_eq(arg(args, "profile"), STR("7")) ? SAW_DELETE : WENT_WRONG;
	answer(k, id, OK, NULL);
}

static const struct {
	const char *verb;
	void (*on)(struct core *k, uint64_t id, struct str args);
} verbs[] = { { "profile.begin", on_begin },
	      { "profile.finish", on_finish },
	      { "profile.activate", on_activate },
	      { "profile.delete", on_delete } };

static bool serve_one(struct core *k)
{
	static struct buf record = BUF(IPC_RECORD_MAX);
	union {
		max_align_t align;
		char bytes[IPC_STRUCT_MAX];
		struct call call;
	} msg;
	struct ipc_fds fds = { 0 };
	enum ipc_tag tag;

	if (ipc_read(k->road, &record, &tag, &msg, &fds, NULL) < 0 || tag != IPC_call)
		return false;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (str_eq(msg.call.verb, str_c(verbs[i].verb)))
			verbs[i].on(k, msg.call.id, msg.call.args);
	return true;
}

__attribute__((noreturn)) static void live(enum lie lie, int road)
{
	struct core k = { .lie = lie, .road = road, .spki = BUF(4096), .from = clock_utc() - DAY_S };

	if (lie == LIE_LATE)
		k.from += 2 * DAY_S;
	if (lie == LIE_OLD)
		k.from -= 20 * DAY_S;
	k.to = k.from + (lie == LIE_LONG ? 400 : lie == LIE_OVER ? 1 : 101) * (int64_t)DAY_S;
	k.limits = (struct cert_constraints){ .domains = { STR("relay.example"), STR("relay.test") },
		                              .n_domains = 2,
		                              .mailbox = STR(MAILBOX) };
	while (serve_one(&k))
		;
	_exit(k.seen);
}

/* ---- one issue --------------------------------------------------------------------------------------------------- */

struct scene {
	char dir[64], keys[96], passphrase[96];
};

static void open_scene(struct scene *s)
{
	snprintf(s->dir, sizeof(s->dir), "/tmp/postern-issue-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->keys, sizeof(s->keys), "%s/keys", s->dir);
	snprintf(s->passphrase, sizeof(s->passphrase), "%s/passphrase", s->dir);
}

static void empty(const char *path)
{
	DIR *dir = opendir(path);
	char name[512];

	for (struct dirent *e; dir && (e = readdir(dir));) {
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		(void)unlink(name);
	}
	if (dir)
		closedir(dir);
	(void)rmdir(path);
}

static void close_scene(const struct scene *s)
{
	empty(s->keys);
	empty(s->dir);
}

/* How many; each has something in it and is its owner's alone. */
static int files_in(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	for (struct dirent *e; dir && (e = readdir(dir));) {
		struct stat st;

		if (e->d_name[0] == '.')
			continue;
		assert_int_equal(fstatat(dirfd(dir), e->d_name, &st, 0), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_true(st.st_size > 0);
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

static int issue_with(enum lie lie, const struct issue *i, int *ret_seen, struct fail *f)
{
	struct cli c = { .json = true };
	int pair[2], status, r;
	pid_t pid;

	assert_int_equal(sock_pair(false, pair, NULL), OK);
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(pair[0]);
		live(lie, pair[1]);
	}
	close(pair[1]);
	c.control = pair[0];
	r = issue_run(i, &c, f);
	ask_hang_up(&c);
	arena_done(&c.arena);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	*ret_seen = WEXITSTATUS(status);
	return r;
}

static void a_profile_is_made(void **state)
{
	static const struct {
		bool modern;
		int files;
	} cases[] = { { false, 6 }, { true, 5 } };

	for (size_t i = 0; i < 2; i++) {
		struct scene s;
		struct fail f = { 0 };
		int seen;

		open_scene(&s);
		struct issue want = { .mailbox = "Alice@Mailbox.Example",
			              .modern = cases[i].modern,
			              .activate = true,
			              .days = "100",
			              .dir = s.keys,
			              .passphrase_out = s.passphrase };

		if (issue_with(NO_LIE, &want, &seen, &f) < 0)
			fail_msg("%s", f.why);
		assert_int_equal(seen, SAW_BEGIN | SAW_GOOD_CHAIN | SAW_ACTIVATE);
		assert_int_equal(files_in(s.keys), cases[i].files);
		assert_int_equal(access(s.passphrase, F_OK), 0);
		/* A second one does not overwrite what may be all that opens older mail. */
		want.passphrase_out = NULL;
		assert_int_equal(issue_with(NO_LIE, &want, &seen, &f), FAIL_EXISTS);
		assert_int_equal(seen, 0);
		close_scene(&s);
	}
}

static void not_activated_when_told_so(void **state)
{
	struct scene s;
	int seen;

	open_scene(&s);
	assert_int_equal(issue_with(NO_LIE,
	                            &(struct issue){ .mailbox = MAILBOX,
	                                             .modern = true,
	                                             .dir = s.keys,
	                                             .passphrase_out = s.passphrase },
	                            &seen, NULL),
	                 OK);
	assert_int_equal(seen, SAW_BEGIN | SAW_GOOD_CHAIN);
	close_scene(&s);
}

/* Each is found before anything that the user would trust exists, and what was begun is taken back. */
static void lies_are_found(void **state)
{
	static const struct {
		const char *why;
		int code;
	} found[LIES] = {
		[LIE_MAILBOX] = { "the server answered for another mailbox", FAIL_FORGED },
		[LIE_NO_DOMAINS] = { "the server names no domain", FAIL_FORGED },
		[LIE_LONG] = { "the server wants the root to last longer than 100 days", FAIL_FORGED },
		[LIE_LATE] = { "the server's dates do not begin about now", FAIL_FORGED },
		[LIE_OLD] = { "the server's dates do not begin about now", FAIL_FORGED },
		[LIE_OVER] = { "the server's dates do not begin about now", FAIL_FORGED },
		[LIE_NAMES] = { "the server does not name the root and the intermediate apart", FAIL_FORGED },
		[LIE_KEY] = { "the user certificate is not what was asked for", FAIL_FORGED },
		[LIE_ADDRESS] = { "the user certificate is not what was asked for", FAIL_FORGED },
		[LIE_SENDER] = { "the user certificate is not what was asked for", FAIL_FORGED },
		[LIE_DATES] = { "the user certificate's dates are not within the profile's", FAIL_FORGED },
		[LIE_SIGNATURE] = { "the user certificate is not what was asked for", FAIL_FORGED },
		[LIE_SPKI] = { "the user certificate is not what was asked for", FAIL_FORGED },
		[LIE_REQUEST] = { "", FAIL_FORGED },
		[LIE_WEAK] = { "the intermediate key is of another kind", FAIL_FORGED },
		[LIE_MANY_DOMAINS] = { "the server names more than 16 domains", FAIL_LIMIT },
		[LIE_FINISH] = { "no", FAIL_DENIED },
	};

	for (enum lie lie = NO_LIE + 1; lie < LIE_ACTIVATE; lie++) {
		struct scene s;
		struct fail f = { 0 };
		int seen, r;

		open_scene(&s);
		r = issue_with(lie,
		               &(struct issue){ .mailbox = MAILBOX,
		                                .modern = true,
		                                .activate = true,
		                                .days = "100",
		                                .dir = s.keys,
		                                .passphrase_out = s.passphrase },
		               &seen, &f);
		if (r != found[lie].code || !str_starts(str_c(f.why), str_c(found[lie].why)))
			fail_msg("lie %d: %d \"%s\"", (int)lie, r, f.why);
		assert_int_equal(seen, SAW_BEGIN | SAW_DELETE | (lie == LIE_FINISH ? SAW_GOOD_CHAIN : 0));
		assert_int_equal(files_in(s.keys), 0);
		assert_int_not_equal(access(s.passphrase, F_OK), 0);
		close_scene(&s);
	}
}

static void keys_are_kept_when_only_activation_fails(void **state)
{
	struct scene s;
	struct fail f = { 0 };
	int seen;

	open_scene(&s);
	assert_int_equal(issue_with(LIE_ACTIVATE,
	                            &(struct issue){ .mailbox = MAILBOX,
	                                             .modern = true,
	                                             .activate = true,
	                                             .dir = s.keys,
	                                             .passphrase_out = s.passphrase },
	                            &seen, &f),
	                 FAIL_SYS);
	assert_int_equal(seen, SAW_BEGIN | SAW_GOOD_CHAIN | SAW_ACTIVATE);
	assert_int_equal(files_in(s.keys), 5);
	assert_true(str_find(str_c(f.why), STR("postern profile activate 7")) < strlen(f.why));
	close_scene(&s);
}

/* Found out before the server is asked for anything. */
static void what_cannot_end_well_is_not_begun(void **state)
{
	struct scene s;
	struct fail f = { 0 };
	int seen, fd;

	open_scene(&s);
	struct issue want = {
		.mailbox = MAILBOX, .modern = true, .dir = s.keys, .passphrase_file = s.passphrase
	};

	assert_int_equal(issue_with(NO_LIE, &want, &seen, &f), FAIL_ABSENT);
	fd = open(s.passphrase, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "short\nlonger than eight\n", 24), 24);
	close(fd);
	assert_int_equal(issue_with(NO_LIE, &want, &seen, &f), FAIL_SYNTAX);
	want.passphrase_out = s.passphrase;
	assert_int_equal(issue_with(NO_LIE, &want, &seen, &f), FAIL_SYNTAX);
	want.passphrase_file = NULL;
	assert_int_equal(issue_with(NO_LIE, &want, &seen, &f), FAIL_EXISTS);
	want.passphrase_out = NULL;
	want.mailbox = "alice";
	assert_int_equal(issue_with(NO_LIE, &want, &seen, &f), FAIL_SYNTAX);
	want.mailbox = MAILBOX;
	want.dir = s.passphrase;
	assert_int_equal(issue_with(NO_LIE, &want, &seen, &f), FAIL_EXISTS);
	assert_int_equal(seen, 0);
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_profile_is_made),
		cmocka_unit_test(not_activated_when_told_so),
		cmocka_unit_test(lies_are_found),
		cmocka_unit_test(keys_are_kept_when_only_activation_fails),
		cmocka_unit_test(what_cannot_end_well_is_not_begun),
	};

	if (crypto_init(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
