/* calls_claims.c - domains that users name over the web: no mail and no alias is theirs before DNS says that the domain is. */
#include "crypto/aead.h"
#include "policy/records.h"
#include "role/core/call.h"
#include "role/core/claims.h"
#include "role/core/tries.h"
#include "store/claims.h"
#include "store/domains.h"

enum { TOKEN_BYTES = 16, LISTED_MAX = 32, FOUND_MOST = 2000 };

/* ---- a claim ----------------------------------------------------------------------------------------------------- */

/* The same fields as of a domain. */
int claim_tell(void *request, const struct claim *cl, struct fail *f)
{
	struct request *c = request;
	OWN(buf) proof = BUF(200);

	buf_addf(&proof, "%s%.*s", RECORD_TOKEN_PREFIX, STR_ARG(cl->token));
	rec_text(c, "user", c->asker->name);
	rec_text(c, "domain", cl->name);
	rec_text(c, "state", STR("pending"));
	rec_text(c, "verification", buf_str(&proof));
	rec_text(c, "catch_all", STR("off"));
	rec_text(c, "allow", STR(""));
	rec_text(c, "deny", STR(""));
	rec_number(c, "per_day", DOMAIN_PER_DAY);
	rec_number(c, "made_today", 0);
	rec_number(c, "aliases", 0);
	rec_text(c, "mailboxes", STR(""));
	rec_time(c, "created", cl->created);
	rec_end(c);
	return OK;
}

int claim_make(struct request *c, struct str name, int64_t user, struct fail *f)
{
	struct claim cl = { .user = user, .name = name, .created = core_now(c->core) };
	unsigned char raw[TOKEN_BYTES];
	OWN(buf) token = BUF(2 * TOKEN_BYTES);
	int r;

	TRY(random_bytes(raw, sizeof(raw), f));
	for (size_t i = 0; i < sizeof(raw); i++)
		buf_addf(&token, "%02x", raw[i]);
	cl.token = buf_str(&token);
	r = claim_add(c->core->store, &cl, f);
	if (r == FAIL_EXISTS)
		return call_wrong(c, "domain", f, r, "you have added %.*s already: see its records",
		                  STR_ARG(name));
	TRY(r);
	core_dirty(c->core);
	return claim_tell(c, &cl, f);
}

/* ---- domain.check ------------------------------------------------------------------------------------------------ */

static size_t listed(struct str list, struct str *ret)
{
	size_t n = 0;

	while (n < LISTED_MAX && list_next(&list, &ret[n]))
		n++;
	return n;
}

struct told_record {
	const char *record, *type;
	struct str name, value;
	enum record_state state;
	const struct str *found;
	size_t n;
	const char *begins; /* of what was found, only texts that begin so are told */
};

static void tell_record(struct request *c, const struct told_record *t, bool unsure)
{
	static const char *const words[] = { [RECORD_OK] = "ok",
		                             [RECORD_MISSING] = "missing",
		                             [RECORD_WRONG] = "wrong",
		                             [RECORD_UNSURE] = "unknown" };
	OWN(buf) found = BUF(FOUND_MOST);

	for (size_t i = 0; !unsure && i < t->n; i++) {
		if (!str_starts_nocase(t->found[i], str_c(t->begins)) ||
		    found.n + t->found[i].n + 2 > FOUND_MOST)
			continue;
		buf_addz(&found, found.n ? "\n" : "");
		buf_add(&found, t->found[i]);
	}
	rec_text(c, "record", str_c(t->record));
	rec_text(c, "type", str_c(t->type));
	rec_text(c, "name", t->name);
	rec_text(c, "value", t->value);
	rec_text(c, "state", str_c(words[unsure ? RECORD_UNSURE : t->state]));
	rec_text(c, "found", buf_str(&found));
	rec_end(c);
}

struct checking {
	struct str domain;
	int64_t user;
	bool claimed;
	struct claim claim;
};

/* It is shown: the domain is this user's, unless it became another's meanwhile. */
static int prove(struct request *c, void *arg, struct fail *f)
{
	const struct checking *k = arg;
	struct domain d = {
		.user = k->user, .name = k->domain, .per_day = DOMAIN_PER_DAY, .created = core_now(c->core)
	};
	struct claim still;

	TRY(claim_find(c->core->store, k->user, k->domain, &c->arena, &still, f));
	if (!str_eq(still.token, k->claim.token))
		return fail(f, FAIL_ABSENT, "this claim was taken back");
	return domain_take(c, &d, f);
}

static void tell_all(struct request *c, const struct checking *k, const struct names_answer *m,
                     enum record_state owned, const struct str *txt, size_t n_txt)
{
	struct str mx[LISTED_MAX], dmarc[LISTED_MAX], host = c->core->conf->hostname;
	size_t n_mx = listed(m->mx, mx), n_dmarc = listed(m->dmarc, dmarc);
	OWN(buf) proof = BUF(200);
	OWN(buf) at = BUF(512);
	OWN(buf) mail = BUF(512);

	buf_addf(&proof, "%s%.*s", RECORD_TOKEN_PREFIX, STR_ARG(k->claim.token));
	buf_addf(&at, "_dmarc.%.*s", STR_ARG(k->domain));
	buf_addf(&mail, "10 %.*s", STR_ARG(host));
	if (k->claimed)
		tell_record(c,
		            &(struct told_record){ "ownership", "TXT", k->domain, buf_str(&proof), owned, txt,
		                                   n_txt, RECORD_TOKEN_PREFIX },
		            m->unsure & 1u << NAMES_TXT);
	tell_record(c,
	            &(struct told_record){ "mx", "MX", k->domain, buf_str(&mail), record_mx(mx, n_mx, host),
	                                   mx, n_mx, "" },
	            m->unsure & 1u << NAMES_MX);
	tell_record(c,
	            &(struct told_record){ "spf", "TXT", k->domain, STR("v=spf1 mx -all"),
	                                   record_spf(txt, n_txt, host), txt, n_txt, "v=spf1" },
	            m->unsure & 1u << NAMES_TXT);
	tell_record(c,
	            &(struct told_record){ "dmarc", "TXT", buf_str(&at), STR("v=DMARC1; p=none"),
	                                   record_dmarc(dmarc, n_dmarc), dmarc, n_dmarc, "v=DMARC1" },
	            m->unsure & 1u << NAMES_DMARC);
}

static void on_names(void *arg, int code, struct str why, const void *msg)
{
	struct request *c = arg;
	struct checking *k = c->state;
	const struct names_answer *m = msg;
	struct str txt[LISTED_MAX];
	struct fail f = { 0 };
	enum record_state owned;
	size_t n;
	int r = OK;

	if (code < 0) {
		fail(&f, code, "%.*s", STR_ARG(why));
		call_finish(c, code, &f);
		return;
	}
	n = listed(m->txt, txt);
	owned = record_ownership(txt, n, k->claim.token);
	if (k->claimed && owned == RECORD_OK && !(m->unsure & 1u << NAMES_TXT))
		r = call_part(c, prove, k, &f);
	if (r == OK)
		tell_all(c, k, m, owned, txt, n);
	call_finish(c, r, &f);
}

static int find_asked(struct request *c, struct checking *k, struct fail *f)
{
	struct domain d;
	int r = FAIL_ABSENT;

	if (c->asker) {
		k->user = c->asker->session.user;
		r = claim_find(c->core->store, k->user, k->domain, &c->arena, &k->claim, f);
		k->claimed = r == OK;
	}
	return r == FAIL_ABSENT ? domain_find(c->core->store, k->domain, &c->arena, &d, f) : r;
}

static int run_domain_check(struct request *c, struct fail *f)
{
	struct core *core = c->core;
	struct checking *k = arena_new(&c->arena, struct checking);
	int r;

	*k = (struct checking){ .domain = arg_text(c, "domain") };
	r = find_asked(c, k, f);
	if (r == FAIL_ABSENT)
		return call_wrong(c, "domain", f, r, "no user has the domain %.*s: see `postern domain list`",
		                  STR_ARG(k->domain));
	TRY(r);
	if (c->asker && tries_check(core, TRIES_NAMES, c->asker->name, f) < 0)
		return call_wrong(c, "rate", f, FAIL_AGAIN,
		                  "your domains were looked up often in this hour: try again later");
	if (!core->gate)
		return fail(f, FAIL_AGAIN,
		            "nobody is there who could ask a name server: try again in a moment");
	if (c->asker)
		tries_count(core, TRIES_NAMES, c->asker->name);
	c->state = k;
	SEND(core->gate, names_ask, wait_for(&core->waits, core->gate, IPC_names_answer, on_names, c),
	     k->domain);
	return CALL_LATER;
}

// clang-format off
const struct call_spec calls_claims[] = {
	{ "domain.check", run_domain_check, { { .name = "domain", .kind = ARG_DOMAIN, .required = true } } },
	{ 0 }
};
// clang-format on
