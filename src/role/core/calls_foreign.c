/* calls_foreign.c - what programs written for SimpleLogin and addy.io ask of a user: mailboxes by number, sums, and addresses
 * that are put together from a prefix of theirs and a suffix of ours. */
#include "crypto/aead.h"
#include "role/core/activity.h"
#include "role/core/call.h"
#include "role/core/foreign.h"
#include "role/core/keys.h"
#include "role/core/rcpt.h"
#include "role/core/words.h"
#include "store/accounts.h"
#include "store/domains.h"
#include "store/usage.h"
#include "store/users.h"
#include "wire/b64.h"

enum { SUFFIX_LIFE_S = 600, MAC = 32, SUFFIX_MOST = 400 };

/* ---- suffixes ---------------------------------------------------------------------------------------------------- */

/* ".otter7@relay.example" and, for ten minutes, that we have offered it to this user: "SUFFIX/SECONDS/MAC". */
static void sign(struct request *c, struct str suffix, int64_t at, struct buf *out)
{
	OWN(buf) said = BUF(SUFFIX_MOST);
	uint8_t mac[MAC];

	buf_addf(&said, "%.*s/%lld", STR_ARG(suffix), (long long)at);
	keys_hash(c->core, "alias.suffix", (uint64_t)c->asker->session.user, buf_str(&said), mac);
	buf_add(out, buf_str(&said));
	buf_addc(out, '/');
	hex_print(str_of(mac, MAC), out);
}

static int offer(struct request *c, struct str domain, bool custom, struct fail *f)
{
	OWN(buf) suffix = BUF(SUFFIX_MOST);
	OWN(buf) signed_suffix = BUF(SUFFIX_MOST * 2);
	uint8_t raw[3];

	TRY(random_bytes(raw, sizeof(raw), f));
	if (!custom) { /* the domain is everybody's: names in it are not to be had by the first who asks */
		buf_addf(&suffix, ".%s", word_of_byte(raw[0]));
		hex_print(str_of(raw + 1, 2), &suffix);
	}
	buf_addc(&suffix, '@');
	buf_add(&suffix, domain);
	sign(c, buf_str(&suffix), core_now(c->core), &signed_suffix);
	rec_text(c, "suffix", buf_str(&suffix));
	rec_text(c, "signed_suffix", buf_str(&signed_suffix));
	rec_bool(c, "custom", custom);
	rec_end(c);
	return OK;
}

static int offer_own(void *arg, const struct domain *d, struct fail *f)
{
	return offer(arg, d->name, true, f);
}

static int run_suffixes(struct request *c, struct fail *f)
{
	TRY(domain_each(c->core->store, c->asker->session.user, offer_own, c, f));
	for (size_t i = 0; i < c->core->conf->n_domains; i++)
		TRY(offer(c, c->core->conf->domains[i], false, f));
	return OK;
}

int foreign_box(struct request *c, struct str number, struct mailbox *ret, struct fail *f)
{
	uint64_t id = 0;
	int r = str_u64(number, &id) && id <= INT64_MAX
	                ? mailbox_get(c->core->store, (int64_t)id, &c->arena, ret, f)
	                : FAIL_ABSENT;

	return r == FAIL_ABSENT || (r == OK && ret->user != c->asker->session.user)
	               ? call_wrong(c, "mailbox_id", f, FAIL_SYNTAX, "Errors with Mailbox")
	               : r;
}

static int tell_boxes(struct request *c, struct fail *f)
{
	OWN(buf) names = BUF(8192);
	struct mailbox m = { .id = 0 };
	struct str one;

	for (size_t i = 0; arg_nth(c, "mailbox_id", i, &one); i++) {
		if (i == ALIAS_MAILBOXES_MAX)
			return call_wrong(c, "mailbox_id", f, FAIL_SYNTAX, "Errors with Mailbox");
		TRY(foreign_box(c, one, &m, f));
		buf_addf(&names, "%s%.*s", i ? "\n" : "", STR_ARG(m.address));
	}
	rec_text(c, "mailbox_emails", buf_str(&names));
	return OK;
}

/* Mailboxes by number: their addresses, by lines. */
static int run_boxes(struct request *c, struct fail *f)
{
	TRY(tell_boxes(c, f));
	rec_end(c);
	return OK;
}

/* Is it one that we have offered? And which mailboxes are meant. */
static int run_suffix(struct request *c, struct fail *f)
{
	struct str given = arg_text(c, "signed_suffix"), left = given, suffix = str_cut(&left, '/'),
	           seconds = str_cut(&left, '/');
	OWN(buf) want = BUF(SUFFIX_MOST * 2);
	uint64_t at;

	if (!left.p || !str_u64(seconds, &at) || at > INT64_MAX)
		return call_wrong(c, "signed_suffix", f, FAIL_DENIED, "Tampered suffix");
	sign(c, suffix, (int64_t)at, &want);
	if (want.over || want.n != given.n || !ct_eq(want.p, given.p, given.n))
		return call_wrong(c, "signed_suffix", f, FAIL_DENIED, "Tampered suffix");
	if ((int64_t)at + SUFFIX_LIFE_S < core_now(c->core))
		return call_wrong(c, "signed_suffix", f, FAIL_AGAIN,
		                  "Alias creation time is expired, please retry");
	rec_text(c, "suffix", suffix);
	TRY(tell_boxes(c, f));
	rec_end(c);
	return OK;
}

/* ---- mailboxes and the user -------------------------------------------------------------------------------------- */

struct first {
	struct request *c;
	struct str address;
	int64_t id;
};

static int take_first(void *arg, const struct mailbox *m, struct fail *f)
{
	struct first *t = arg;

	if (t->id || !m->verified)
		return OK;
	t->id = m->id;
	t->address = arena_str(&t->c->arena, m->address);
	return OK;
}

int foreign_main_box(struct request *c, int64_t user, int64_t *ret, struct str *ret_address, struct fail *f)
{
	struct first t = { .c = c };

	TRY(mailbox_each(c->core->store, user, take_first, &t, f));
	*ret = t.id;
	*ret_address = t.address;
	return OK;
}

static int tell_user(struct request *c, struct fail *f)
{
	struct account ac = { 0 };
	struct str address;
	int64_t box;
	int r = account_get(c->core->store, c->asker->session.user, &c->arena, &ac, f);

	if (r != FAIL_ABSENT)
		TRY(r);
	TRY(foreign_main_box(c, c->asker->session.user, &box, &address, f));
	rec_number(c, "id", c->asker->session.user);
	rec_text(c, "name", c->asker->name);
	rec_number(c, "mailbox_id", box);
	rec_text(c, "email", address);
	rec_number(c, "created", ac.created);
	return OK;
}

static int run_user(struct request *c, struct fail *f)
{
	TRY(tell_user(c, f));
	rec_end(c);
	return OK;
}

static int count_box(void *n, const struct mailbox *m, struct fail *f)
{
	++*(int64_t *)n;
	return OK;
}

static int count_domain(void *n, const struct domain *d, struct fail *f)
{
	++*(int64_t *)n;
	return OK;
}

static int run_sums(struct request *c, struct fail *f)
{
	struct user_sums s;

	int64_t boxes = 0, domains = 0;

	activity_settle(c->core);
	TRY(usage_sums(c->core->store, c->asker->session.user, &s, f));
	TRY(mailbox_each(c->core->store, c->asker->session.user, count_box, &boxes, f));
	TRY(domain_each(c->core->store, c->asker->session.user, count_domain, &domains, f));
	TRY(tell_user(c, f));
	rec_number(c, "mailboxes", boxes);
	rec_number(c, "domains", domains);
	rec_number(c, "aliases", s.aliases);
	rec_number(c, "active", s.active);
	rec_number(c, "forwarded", s.forwarded);
	rec_number(c, "replied", s.answered);
	rec_number(c, "blocked", s.blocked);
	rec_end(c);
	return OK;
}

static int tell_mailbox(void *arg, const struct mailbox *m, struct fail *f)
{
	struct first *t = arg;
	int64_t aliases;

	TRY(mailbox_aliases(t->c->core->store, m->id, &aliases, f));
	rec_number(t->c, "id", m->id);
	rec_number(t->c, "user", m->user);
	rec_text(t->c, "email", m->address);
	rec_bool(t->c, "verified", m->verified);
	rec_bool(t->c, "default", m->id == t->id);
	rec_bool(t->c, "sealed", m->active_profile != 0);
	rec_bool(t->c, "hidden", m->active_profile && m->hide_subject);
	rec_number(t->c, "created", m->created);
	rec_number(t->c, "aliases", aliases);
	rec_end(t->c);
	return OK;
}

static int set_box(struct request *c, void *arg, struct fail *f)
{
	struct mailbox *m = arg;

	m->hide_subject = arg_is(c, "hide_subject", "on");
	return mailbox_set_telling(c->core->store, m->id, m->hide_subject, m->pad_sizes, f);
}

static int run_box_set(struct request *c, struct fail *f)
{
	struct first t = { .c = c };
	struct mailbox m;

	TRY(foreign_box(c, arg_text(c, "id"), &m, f));
	TRY(call_part(c, set_box, &m, f));
	TRY(foreign_main_box(c, c->asker->session.user, &t.id, &t.address, f));
	return tell_mailbox(&t, &m, f);
}

static int run_mailboxes(struct request *c, struct fail *f)
{
	struct first t = { .c = c };

	TRY(foreign_main_box(c, c->asker->session.user, &t.id, &t.address, f));
	return mailbox_each(c->core->store, c->asker->session.user, tell_mailbox, &t, f);
}

struct deletion {
	struct mailbox box;
	int64_t main_box;
};

/* What leads there leads to `transfer` too; what would lead nowhere then goes with it, or ("lone" main) to the main mailbox. */
static int delete_box(struct request *c, void *arg, struct fail *f)
{
	const struct deletion *d = arg;
	const struct mailbox *m = &d->box;
	struct mailbox to;
	int64_t alias;
	int r;

	if (arg_given(c, "transfer")) {
		TRY(foreign_box(c, arg_text(c, "transfer"), &to, f));
		if (to.id == m->id || !to.verified)
			return call_wrong(c, "transfer", f, FAIL_SYNTAX,
			                  "the aliases can go to another verified mailbox of yours only");
		TRY(mailbox_share(c->core->store, m->id, to.id, f));
	}
	r = mailbox_lone_alias(c->core->store, m->id, &alias, f);
	while (r == OK) {
		TRY(arg_is(c, "lone", "main") ? alias_mailbox_add(c->core->store, alias, d->main_box, f)
		                              : alias_delete(c->core->store, alias, f));
		r = mailbox_lone_alias(c->core->store, m->id, &alias, f);
	}
	if (r != FAIL_ABSENT)
		return r;
	return mailbox_delete(c->core->store, m->id, f);
}

static int run_box_delete(struct request *c, struct fail *f)
{
	struct deletion d;
	struct str address;

	TRY(foreign_box(c, arg_text(c, "id"), &d.box, f));
	TRY(foreign_main_box(c, c->asker->session.user, &d.main_box, &address, f));
	if (d.main_box == d.box.id)
		return call_wrong(c, "default", f, FAIL_DENIED, "You cannot delete the default mailbox");
	if (!d.main_box && arg_is(c, "lone", "main"))
		return call_wrong(c, "default", f, FAIL_DENIED, "there is no verified mailbox yet");
	TRY(call_part(c, delete_box, &d, f));
	return core_scrub(c->core, f);
}

// clang-format off
const struct call_spec calls_foreign[] = {
	{ "foreign.user", run_user, { { 0 } } },
	{ "foreign.sums", run_sums, { { 0 } } },
	{ "foreign.suffixes", run_suffixes, { { 0 } } },
	{ "foreign.suffix", run_suffix, { { .name = "signed_suffix", .required = true, .most = SUFFIX_MOST * 2 },
		{ .name = "mailbox_id", .kind = ARG_NUMBER, .repeats = true } } },
	{ "foreign.boxes", run_boxes, { { .name = "mailbox_id", .kind = ARG_NUMBER, .repeats = true } } },
	{ "foreign.mailboxes", run_mailboxes, { { 0 } } },
	{ "foreign.box-set", run_box_set, { FOREIGN_ID, { .name = "hide_subject", .kind = ARG_WORD, .required = true, .words = "on|off" } } },
	{ "foreign.box-delete", run_box_delete, { FOREIGN_ID,
		{ .name = "transfer", .kind = ARG_NUMBER, .most = INT64_MAX },
		{ .name = "lone", .kind = ARG_WORD, .words = "main|delete" } } },
	{ 0 }
};
// clang-format on
