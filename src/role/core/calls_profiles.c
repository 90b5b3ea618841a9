/* calls_profiles.c - issuing and keeping profiles: three requests that a browser or the CLI makes, in between of which the
 * root key exists at the client and nowhere else. */
#include "base/clock.h"
#include "crypto/aead.h"
#include "crypto/cms.h"
#include "role/core/call.h"
#include "role/core/rcpt.h"
#include "role/core/stock.h"
#include "store/profiles.h"
#include "store/users.h"
#include "wire/b64.h"

enum { DAYS_MOST = 36500, USER_CERT_DAYS = 1095, NAME_BYTES = 4 };

/* What a profile.begin carries from step to step. */
struct issuing {
	struct profile p;
	struct mailbox mailbox;
	struct str spki;
	struct str csr;
};

static struct peer *any_scribe(const struct core *c)
{
	for (size_t i = 0; i < SCRIBES_MAX; i++)
		if (c->scribes[i])
			return c->scribes[i];
	return NULL;
}

static void finish(struct request *c, int r, struct str why)
{
	struct fail f = { 0 };

	if (r < 0)
		fail(&f, r, "%.*s", STR_ARG(why));
	call_finish(c, r, &f);
}

/* ---- profile.begin --------------------------------------------------------------------------------------------- */

static void answer_begin(struct request *c, const struct profile *p, struct str csr)
{
	const struct issuing *s = c->state;
	struct str list = p->domains, domain;
	OWN(buf) domains = BUF(8192);

	while (list_next(&list, &domain)) {
		buf_addz(&domains, domains.n ? "," : "");
		buf_add(&domains, domain);
	}
	rec_number(c, "profile", p->id);
	rec_bytes(c, "user_cert", p->user_cert);
	rec_bytes(c, "intermediate_csr", csr);
	rec_bytes(c, "intermediate_spki", p->intermediate_spki);
	rec_text(c, "root_cn", p->root_cn);
	rec_text(c, "intermediate_cn", p->intermediate_cn);
	rec_text(c, "mailbox", s->mailbox.address);
	rec_text(c, "domains", buf_str(&domains));
	rec_bool(c, "critical", p->critical);
	rec_time(c, "not_before", p->not_before);
	rec_time(c, "not_after", p->not_after);
	rec_end(c);
}

static void on_user_cert(void *arg, int code, struct str why, const void *msg)
{
	struct request *c = arg;
	struct issuing *s = c->state;
	const struct issued *m = msg;
	struct fail f = { 0 };
	int r = code;

	if (r == OK) {
		s->p.user_cert = arena_str(&c->arena, m->cert);
		r = profile_update(c->core->store, &s->p, &f);
		core_dirty(c->core);
		why = str_c(f.why);
	}
	if (r == OK)
		answer_begin(c, &s->p, s->csr);
	finish(c, r, why);
}

static void on_intermediate(void *arg, int code, struct str why, const void *msg)
{
	struct request *c = arg;
	struct core *k = c->core;
	struct issuing *s = c->state;
	const struct intermediate_answer *m = msg;
	int64_t end = s->p.not_before + (USER_CERT_DAYS + 1) * (int64_t)DAY_S;

	if (code < 0 || !k->vault) {
		finish(c, code < 0 ? code : FAIL_AGAIN, code < 0 ? why : STR("the vault is away: try again"));
		return;
	}
	s->p.wrapped_ca = arena_str(&c->arena, m->wrapped_ca);
	s->p.intermediate_spki = arena_str(&c->arena, m->spki);
	s->csr = arena_str(&c->arena, m->csr);
	SEND(k->vault, issue_user, wait_for(&k->waits, k->vault, IPC_issued, on_user_cert, c),
	     (uint64_t)s->p.user, (uint64_t)s->p.id, s->p.wrapped_ca, s->spki, s->p.not_before,
	     end < s->p.not_after ? end : s->p.not_after);
}

static void on_ca_key(void *arg, int code, struct str why, const void *msg)
{
	struct request *c = arg;
	struct core *k = c->core;
	struct issuing *s = c->state;
	const struct key_made *m = msg;
	struct intermediate ask = {
		.user = (uint64_t)s->p.user,
		.profile = (uint64_t)s->p.id,
		.subject_cn = s->p.intermediate_cn,
		.root_cn = s->p.root_cn,
		.mailbox = s->mailbox.address,
		.domains = s->p.domains,
		.critical = s->p.critical,
		.not_before = s->p.not_before,
		.not_after = s->p.not_after,
	};

	if (code < 0 || !k->vault) {
		finish(c, code < 0 ? code : FAIL_AGAIN, code < 0 ? why : STR("the vault is away: try again"));
		return;
	}
	ask.spare = m->wrapped;
	ask.req = wait_for(&k->waits, k->vault, IPC_intermediate_answer, on_intermediate, c);
	peer_send(k->vault, IPC_intermediate, &ask, NULL, 0);
}

static int new_profile(struct request *c, struct fail *f)
{
	struct issuing *s = c->state;
	bool modern = arg_is(c, "cipher", "modern");
	uint64_t days = arg_number(c, "days", c->core->conf->profile_days);
	int64_t now = core_now(c->core);
	OWN(buf) domains = BUF(8192);
	OWN(buf) name = BUF(256);
	uint8_t raw[NAME_BYTES];

	TRY(random_bytes(raw, sizeof(raw), f));
	hex_print(str_of(raw, sizeof(raw)), &name);
	for (size_t i = 0; i < c->core->conf->n_domains; i++)
		list_add(&domains, c->core->conf->domains[i]);
	s->p = (struct profile){
		.user = s->mailbox.user,
		.mailbox = s->mailbox.id,
		.created = now,
		.state = PROFILE_PENDING,
		.cipher = modern ? CMS_AES_256_GCM : CMS_AES_256_CBC,
		.sender_alg =
		        arg_is(c, "sender_key", "p256") || (modern && !arg_is(c, "sender_key", "rsa2048"))
		                ? KEY_P256
		                : KEY_RSA_2048,
		.critical = c->core->conf->critical_constraints,
		.not_before = now - DAY_S,
		.not_after = now + (int64_t)days * DAY_S,
		.domains = arena_str(&c->arena, buf_str(&domains)),
	};
	/* The names tell two profiles apart in a list of certificates, and nothing else. */
	buf_shift(&domains, domains.n);
	buf_addf(&domains, "Postern root %s", name.p);
	s->p.root_cn = arena_str(&c->arena, buf_str(&domains));
	buf_shift(&domains, domains.n);
	buf_addf(&domains, "Postern intermediate %s", name.p);
	s->p.intermediate_cn = arena_str(&c->arena, buf_str(&domains));
	TRY(profile_add(c->core->store, &s->p, &s->p.id, f));
	core_dirty(c->core);
	return OK;
}

static void on_csr(void *arg, int code, struct str why, const void *msg)
{
	struct request *c = arg;
	struct issuing *s = c->state;
	const struct csr_facts *m = msg;
	struct fail f = { 0 };

	if (code < 0) {
		c->bad_arg = "csr";
		finish(c, code, why);
		return;
	}
	s->spki = arena_str(&c->arena, m->spki);
	code = new_profile(c, &f);
	if (code < 0) {
		call_finish(c, code, &f);
		return;
	}
	/* The intermediate's key is of the kind that the user's clients must read anyway. */
	stock_spare(c->core, s->p.cipher == CMS_AES_256_GCM ? KEY_P256 : KEY_RSA_2048, on_ca_key, c);
}

static int run_begin(struct request *c, struct fail *f)
{
	struct core *k = c->core;
	struct issuing *s = arena_new(&c->arena, struct issuing);
	struct peer *scribe = any_scribe(k);
	int r = mailbox_find(k->store, rcpt_key(arg_text(c, "mailbox"), &c->arena), &c->arena, &s->mailbox,
	                     f);

	c->state = s;
	if (r == FAIL_ABSENT)
		return call_wrong(c, "mailbox", f, r, "there is no mailbox %.*s: see `postern mailbox list`",
		                  STR_ARG(arg_text(c, "mailbox")));
	TRY(r);
	if (!s->mailbox.verified)
		return call_wrong(c, "mailbox", f, FAIL_DENIED,
		                  "verify the mailbox first, by the code that was mailed to it");
	if (!scribe)
		return fail(f, FAIL_AGAIN, "no process reads requests at the moment: try again");
	SEND(scribe, csr_read, wait_for(&k->waits, scribe, IPC_csr_facts, on_csr, c), arg_text(c, "csr"));
	return CALL_LATER;
}

/* ---- profile.finish -------------------------------------------------------------------------------------------- */

static int find_profile(struct request *c, struct profile *ret, struct fail *f)
{
	int r = profile_get(c->core->store, (int64_t)arg_number(c, "profile", 0), &c->arena, ret, f);

	return r == FAIL_ABSENT ? call_wrong(c, "profile", f, r,
	                                     "there is no profile %.*s: see `postern profile list`",
	                                     STR_ARG(arg_text(c, "profile")))
	                        : r;
}

static void on_chain(void *arg, int code, struct str why, const void *msg)
{
	struct request *c = arg;
	struct issuing *s = c->state;
	struct fail f = { 0 };

	if (code < 0) {
		finish(c, code, why);
		return;
	}
	s->p.root = arg_text(c, "root");
	s->p.intermediate = arg_text(c, "intermediate");
	s->p.state = PROFILE_ISSUED;
	code = profile_update(c->core->store, &s->p, &f);
	core_dirty(c->core);
	call_finish(c, code, &f);
}

static int run_finish(struct request *c, struct fail *f)
{
	struct core *k = c->core;
	struct issuing *s = arena_new(&c->arena, struct issuing);
	struct peer *scribe = any_scribe(k);
	struct chain_check ask = { .root = arg_text(c, "root"), .intermediate = arg_text(c, "intermediate") };

	c->state = s;
	TRY(find_profile(c, &s->p, f));
	if (s->p.state != PROFILE_PENDING || !s->p.user_cert.n)
		return call_wrong(c, "profile", f, FAIL_EXISTS, "this profile is not waiting for its root");
	TRY(mailbox_get(k->store, s->p.mailbox, &c->arena, &s->mailbox, f));
	if (!scribe)
		return fail(f, FAIL_AGAIN, "no process reads requests at the moment: try again");
	ask.intermediate_spki = s->p.intermediate_spki;
	ask.root_cn = s->p.root_cn;
	ask.intermediate_cn = s->p.intermediate_cn;
	ask.mailbox = s->mailbox.address;
	ask.domains = s->p.domains;
	ask.critical = s->p.critical;
	ask.not_before = s->p.not_before;
	ask.not_after = s->p.not_after;
	ask.job = wait_for(&k->waits, scribe, IPC_chain_checked, on_chain, c);
	peer_send(scribe, IPC_chain_check, &ask, NULL, 0);
	return CALL_LATER;
}

/* ---- keeping --------------------------------------------------------------------------------------------------- */

static int run_activate(struct request *c, struct fail *f)
{
	struct profile p;

	TRY(find_profile(c, &p, f));
	if (p.state == PROFILE_PENDING)
		return call_wrong(c, "profile", f, FAIL_DENIED,
		                  "this profile was not finished: issue it again");
	if (p.not_after <= core_now(c->core))
		return call_wrong(c, "profile", f, FAIL_DENIED, "this profile has expired: issue a new one");
	TRY(profile_activate(c->core->store, p.id, f));
	core_dirty(c->core);
	stock_wake(c->core, p.id);
	return OK;
}

static int run_deactivate(struct request *c, struct fail *f)
{
	struct profile p;

	TRY(find_profile(c, &p, f));
	core_dirty(c->core);
	return profile_deactivate(c->core->store, p.id, f);
}

static int run_delete(struct request *c, struct fail *f)
{
	struct profile p;

	TRY(find_profile(c, &p, f));
	if (p.state == PROFILE_ACTIVE)
		return call_wrong(c, "profile", f, FAIL_DENIED,
		                  "this profile is active: activate another or deactivate it first");
	TRY(profile_delete(c->core->store, p.id, f));
	core_dirty(c->core);
	return core_scrub(c->core, f);
}

static const char *state_word(const struct profile *p, int64_t now)
{
	static const char *const words[] = { "?", "pending", "issued", "active", "inactive" };

	return p->not_after <= now ? "expired" : words[p->state];
}

int call_tell_profile(struct request *c, const struct profile *p, struct fail *f)
{
	struct mailbox m;

	TRY(mailbox_get(c->core->store, p->mailbox, &c->arena, &m, f));
	rec_number(c, "profile", p->id);
	rec_text(c, "mailbox", m.address);
	rec_text(c, "state", str_c(state_word(p, core_now(c->core))));
	rec_text(c, "cipher", p->cipher == CMS_AES_256_GCM ? STR("modern") : STR("compatible"));
	rec_text(c, "sender_key", p->sender_alg == KEY_P256 ? STR("p256") : STR("rsa2048"));
	rec_time(c, "not_before", p->not_before);
	rec_time(c, "not_after", p->not_after);
	rec_number(c, "certificates", p->certificates);
	rec_number(c, "pool", p->pool);
	rec_end(c);
	return OK;
}

static int list_profile(void *arg, const struct profile *p, struct fail *f)
{
	return call_tell_profile(arg, p, f);
}

static int run_list(struct request *c, struct fail *f)
{
	struct mailbox m = { 0 };

	if (arg_given(c, "mailbox") &&
	    mailbox_find(c->core->store, rcpt_key(arg_text(c, "mailbox"), &c->arena), &c->arena, &m, f) < 0)
		return call_wrong(c, "mailbox", f, FAIL_ABSENT, "there is no mailbox %.*s",
		                  STR_ARG(arg_text(c, "mailbox")));
	return profile_each(c->core->store, m.id, list_profile, c, f);
}

// clang-format off
#define PROFILE_ARG { .name = "profile", .kind = ARG_NUMBER, .required = true }

const struct call_spec calls_profiles[] = {
	{ "profile.begin", run_begin, { { .name = "mailbox", .kind = ARG_ADDRESS, .required = true },
		{ .name = "cipher", .kind = ARG_WORD, .words = "compatible|modern" },
		{ .name = "sender_key", .kind = ARG_WORD, .words = "rsa2048|p256" },
		{ .name = "days", .kind = ARG_NUMBER, .most = DAYS_MOST },
		{ .name = "csr", .kind = ARG_BYTES, .required = true } } },
	{ "profile.finish", run_finish, { PROFILE_ARG, { .name = "root", .kind = ARG_BYTES, .required = true },
		{ .name = "intermediate", .kind = ARG_BYTES, .required = true } } },
	{ "profile.activate", run_activate, { PROFILE_ARG } },
	{ "profile.deactivate", run_deactivate, { PROFILE_ARG } },
	{ "profile.delete", run_delete, { PROFILE_ARG } },
	{ "profile.list", run_list, { { .name = "mailbox", .kind = ARG_ADDRESS } } },
	{ 0 }
};
// clang-format on
