/* calls_foreign.c - what programs written for SimpleLogin ask: aliases and mailboxes by number, and addresses that are put
 * together from a prefix of theirs and a suffix of ours. */
#include "crypto/aead.h"
#include "role/core/call.h"
#include "role/core/keys.h"
#include "role/core/rcpt.h"
#include "role/core/words.h"
#include "store/domains.h"
#include "store/users.h"
#include "wire/b64.h"

enum { FRESH_S = 60, PAGE = 20, SUFFIX_LIFE_S = 600, MAC = 32, SUFFIX_MOST = 400 };

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

static int find_box(struct request *c, struct str number, size_t i, struct mailbox *ret, struct fail *f)
{
	uint64_t id = 0;
	int r = str_u64(number, &id) && id <= INT64_MAX && i < ALIAS_MAILBOXES_MAX
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
		TRY(find_box(c, one, i, &m, f));
		buf_addf(&names, "%s%.*s", i ? "\n" : "", STR_ARG(m.address));
	}
	rec_text(c, "mailbox_emails", buf_str(&names));
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

static int run_user(struct request *c, struct fail *f)
{
	struct first t = { .c = c };

	TRY(mailbox_each(c->core->store, c->asker->session.user, take_first, &t, f));
	rec_text(c, "name", c->asker->name);
	rec_text(c, "email", t.address);
	rec_end(c);
	return OK;
}

static int tell_mailbox(void *arg, const struct mailbox *m, struct fail *f)
{
	struct first *t = arg;

	rec_number(t->c, "id", m->id);
	rec_text(t->c, "email", m->address);
	rec_bool(t->c, "verified", m->verified);
	rec_bool(t->c, "default", m->id == t->id);
	rec_number(t->c, "created", m->created);
	rec_end(t->c);
	return OK;
}

static int run_mailboxes(struct request *c, struct fail *f)
{
	struct first t = { .c = c };

	TRY(mailbox_each(c->core->store, c->asker->session.user, take_first, &t, f));
	return mailbox_each(c->core->store, c->asker->session.user, tell_mailbox, &t, f);
}

/* ---- aliases ----------------------------------------------------------------------------------------------------- */

static int tell_alias(struct request *c, const struct alias *al, struct fail *f)
{
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	OWN(buf) ids = BUF(1024);
	OWN(buf) names = BUF(8192);
	size_t n;

	TRY(alias_mailboxes(c->core->store, al->id, &c->arena, boxes, &n, f));
	for (size_t i = 0; i < n; i++) {
		buf_addf(&ids, "%s%lld", i ? "\n" : "", (long long)boxes[i].mailbox);
		buf_addf(&names, "%s%.*s", i ? "\n" : "", STR_ARG(boxes[i].address));
	}
	rec_number(c, "id", al->id);
	rec_text(c, "email", al->address);
	rec_text(c, "name", al->from_name);
	rec_text(c, "note", al->label);
	rec_bool(c, "enabled", al->state == ALIAS_ON);
	rec_number(c, "created", al->created);
	rec_number(c, "forwarded", al->used);
	rec_number(c, "replied", al->answered);
	rec_text(c, "mailbox_ids", buf_str(&ids));
	rec_text(c, "mailbox_emails", buf_str(&names));
	rec_end(c);
	return OK;
}

struct search {
	struct request *c;
	struct str query;
	struct alias *found;
	size_t n, room;
};

static bool has(struct str s, struct str part)
{
	for (size_t i = 0; i + part.n <= s.n; i++)
		if (str_eq_nocase(str_first(str_from(s, i), part.n), part))
			return true;
	return false;
}

static bool is_wanted(const struct search *s, const struct alias *al)
{
	if (arg_is(s->c, "state", "enabled") ? al->state != ALIAS_ON
	                                     : arg_is(s->c, "state", "disabled") && al->state == ALIAS_ON)
		return false;
	return has(al->address, s->query) || has(al->label, s->query) || has(al->from_name, s->query);
}

static int keep(void *arg, const struct alias *al, struct fail *f)
{
	struct search *s = arg;
	struct arena *a = &s->c->arena;

	if (!is_wanted(s, al))
		return OK;
	if (s->n == s->room) {
		struct alias *more = arena_array(a, struct alias, s->room ? s->room * 2 : 64);

		if (s->n)
			memcpy(more, s->found, s->n * sizeof(*more));
		s->found = more;
		s->room = s->room ? s->room * 2 : 64;
	}
	s->found[s->n] = *al;
	s->found[s->n].address = arena_str(a, al->address);
	s->found[s->n].label = arena_str(a, al->label);
	s->found[s->n++].from_name = arena_str(a, al->from_name);
	return OK;
}

/* Newest first, 20 a page. */
static int run_page(struct request *c, struct fail *f)
{
	struct search s = { .c = c, .query = arg_text(c, "query") };
	size_t from = arg_number(c, "page_id", 0) * PAGE;

	TRY(alias_each(c->core->store, c->asker->session.user, keep, &s, f));
	for (size_t i = from; i < s.n && i < from + PAGE; i++)
		TRY(tell_alias(c, &s.found[s.n - 1 - i], f));
	return OK;
}

static int find(struct request *c, struct alias *ret, struct fail *f)
{
	int r = alias_get(c->core->store, (int64_t)arg_number(c, "id", 0), &c->arena, ret, f);

	return r == FAIL_ABSENT || (r == OK && ret->user != c->asker->session.user)
	               ? call_wrong(c, "id", f, FAIL_ABSENT, "Forbidden")
	               : r;
}

static int run_alias(struct request *c, struct fail *f)
{
	struct alias al = { .id = 0 };

	TRY(find(c, &al, f));
	return tell_alias(c, &al, f);
}

static int set_mailboxes(struct request *c, const struct alias *al, struct fail *f)
{
	struct mailbox m = { .id = 0 };
	struct str one;

	TRY(alias_mailbox_clear(c->core->store, al->id, f));
	for (size_t i = 0; arg_nth(c, "mailbox_id", i, &one); i++) {
		TRY(find_box(c, one, i, &m, f));
		TRY(alias_mailbox_add(c->core->store, al->id, m.id, f));
	}
	return OK;
}

static int change(struct request *c, void *arg, struct fail *f)
{
	const struct alias *al = arg;

	TRY(alias_update(c->core->store, al, f));
	return arg_given(c, "mailbox_id") ? set_mailboxes(c, al, f) : OK;
}

/* note, name, state, mailboxes; what is not given stays. */
static int run_set(struct request *c, struct fail *f)
{
	struct alias al = { .id = 0 };

	TRY(find(c, &al, f));
	if (arg_given(c, "note"))
		al.label = arg_text(c, "note");
	if (arg_given(c, "name"))
		al.from_name = arg_text(c, "name");
	if (arg_is(c, "state", "toggle"))
		al.state = al.state == ALIAS_ON ? ALIAS_OFF_DROP : ALIAS_ON;
	TRY(call_part(c, change, &al, f));
	return tell_alias(c, &al, f);
}

/* For keys that may create and nothing else: the alias that was made just now. */
static int run_created(struct request *c, struct fail *f)
{
	struct alias al = { .id = 0 };

	TRY(find(c, &al, f));
	if (al.created + FRESH_S < core_now(c->core))
		return call_wrong(c, "id", f, FAIL_ABSENT, "Forbidden");
	return tell_alias(c, &al, f);
}

static int run_delete(struct request *c, struct fail *f)
{
	struct alias al = { .id = 0 };

	TRY(find(c, &al, f));
	core_dirty(c->core);
	return alias_delete(c->core->store, al.id, f);
}

// clang-format off
#define ID_ARG { .name = "id", .kind = ARG_NUMBER, .required = true, .most = INT64_MAX }

const struct call_spec calls_foreign[] = {
	{ "foreign.user", run_user, { { 0 } } },
	{ "foreign.suffixes", run_suffixes, { { 0 } } },
	{ "foreign.suffix", run_suffix, { { .name = "signed_suffix", .required = true, .most = SUFFIX_MOST * 2 },
		{ .name = "mailbox_id", .kind = ARG_NUMBER, .repeats = true } } },
	{ "foreign.mailboxes", run_mailboxes, { { 0 } } },
	{ "foreign.page", run_page, { { .name = "page_id", .kind = ARG_NUMBER, .required = true, .most = 100000 },
		{ .name = "query", .most = 100 }, { .name = "state", .kind = ARG_WORD, .words = "enabled|disabled" } } },
	{ "foreign.alias", run_alias, { ID_ARG } },
	{ "foreign.set", run_set, { ID_ARG, { .name = "note" }, { .name = "name", .most = 128 },
		{ .name = "state", .kind = ARG_WORD, .words = "toggle" },
		{ .name = "mailbox_id", .kind = ARG_NUMBER, .repeats = true } } },
	{ "foreign.created", run_created, { ID_ARG } },
	{ "foreign.delete", run_delete, { ID_ARG } },
	{ 0 }
};
// clang-format on
