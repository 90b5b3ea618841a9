/* calls_claims.c - domains that users name over the web: no mail and no alias is theirs before DNS says that the domain is. */
#include "base/log.h"
#include "crypto/aead.h"
#include "policy/records.h"
#include "role/core/call.h"
#include "role/core/claims.h"
#include "role/core/tries.h"
#include "store/claims.h"
#include "store/domains.h"

enum { TOKEN_BYTES = 16, FOUND_MOST = 2000 };

/* ---- a claim ----------------------------------------------------------------------------------------------------- */

static struct watch_facts facts_of(const struct claim *cl)
{
	struct domain_watch row = { .checked = cl->checked };

	memcpy(row.state, cl->state, sizeof(row.state));
	return watch_of(&row);
}

/* The same fields as of a domain. */
int claim_tell(void *request, const struct claim *cl, struct fail *f)
{
	const struct watch_facts known = facts_of(cl);
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
	rec_time(c, "looks_until", cl->created + WATCH_CLAIM_S);
	claim_tell_records(c, cl->name, cl->token, &known);
	rec_end(c);
	return OK;
}

int claim_make(struct request *c, struct str name, int64_t user, struct fail *f)
{
	struct claim cl = { .user = user, .name = name, .created = core_now(c->core) };
	unsigned char raw[TOKEN_BYTES];
	OWN(buf) token = BUF(2 * TOKEN_BYTES);
	int r;

	for (enum record k = 0; k < RECORD_KINDS; k++)
		cl.state[k] = RECORD_UNSURE;
	cl.next = watch_claim(cl.created, cl.created, 0);
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

/* ---- records ------------------------------------------------------------------------------------------------------- */

static void put(struct buf *record, const char *name, struct str v)
{
	list_add(record, str_c(name));
	list_add(record, STR("s"));
	list_add(record, v);
}

static void put_record(struct request *c, struct str domain, struct str token, enum record r,
                       enum record_state s, struct str found, struct buf *record)
{
	const struct record_row *row = record_row(r);
	OWN(buf) name = BUF(512);
	OWN(buf) value = BUF(512);

	buf_addz(&name, row->at);
	buf_add(&name, domain);
	record_value(r, c->core->conf->hostname, token, &value);
	put(record, "record", str_c(row->word));
	put(record, "type", str_c(row->type));
	put(record, "name", buf_str(&name));
	put(record, "value", buf_str(&value));
	put(record, "state", str_c(record_word(s)));
	put(record, "found", found);
}

/* For a line of a list: what is not as it should be; empty where nobody has looked. */
static void tell_in_a_word(struct request *c, const struct watch_facts *w)
{
	OWN(buf) said = BUF(200);

	for (enum record r = 0; r < RECORD_KINDS; r++)
		if (w->state[r] == RECORD_MISSING || w->state[r] == RECORD_WRONG)
			buf_addf(&said, "%s%s %s", said.n ? ", " : "", record_row(r)->word,
			         record_word(w->state[r]));
	rec_text(c, "dns", said.n || !w->checked ? buf_str(&said) : STR("ok"));
}

void claim_tell_records(struct request *c, struct str domain, struct str token, const struct watch_facts *w)
{
	OWN(buf) all = BUF(8192);

	rec_time(c, "checked", w->checked);
	rec_time(c, "ownership_lost", w->lost[WATCHED_OWNERSHIP]);
	rec_time(c, "mx_lost", w->lost[WATCHED_MX]);
	if (!c->asker) {
		tell_in_a_word(c, w);
		return;
	}
	for (enum record r = 0; r < RECORD_KINDS; r++) {
		OWN(buf) one = BUF(4096);

		if (r == RECORD_OWNERSHIP && !token.n)
			continue;
		put_record(c, domain, token, r, w->state[r], STR(""), &one);
		list_add(&all, buf_str(&one));
	}
	rec_records(c, "records", buf_str(&all));
}

/* ---- domain.check ------------------------------------------------------------------------------------------------ */

struct checking {
	struct str domain, token; /* token: empty where the operator's word was enough */
	int64_t user;
	bool claimed;
	struct claim claim;
};

/* It is shown: the domain is this user's, unless it became another's meanwhile. */
static int prove(struct request *c, void *arg, struct fail *f)
{
	const struct checking *k = arg;
	struct domain d = { .user = k->user,
		            .name = k->domain,
		            .per_day = DOMAIN_PER_DAY,
		            .created = core_now(c->core),
		            .token = k->token };
	struct claim still;

	TRY(claim_find(c->core->store, k->user, k->domain, &c->arena, &still, f));
	if (!str_eq(still.token, k->claim.token))
		return fail(f, FAIL_ABSENT, "this claim was taken back");
	return domain_take(c, &d, f);
}

/* What was not answered stays as it was. */
static int keep(struct core *core, const struct checking *k, const enum record_state states[RECORD_KINDS],
                struct fail *f)
{
	struct claim cl = k->claim;

	for (enum record r = 0; r < RECORD_KINDS; r++) {
		if (states[r] == RECORD_UNSURE)
			continue;
		cl.state[r] = states[r];
		cl.checked = core_now(core);
	}
	core_dirty(core);
	return claim_set(core->store, &cl, f);
}

static int settle(struct request *c, struct checking *k, const struct names_read *names,
                  const enum record_state states[RECORD_KINDS], struct fail *f)
{
	if (k->claimed && states[RECORD_OWNERSHIP] != RECORD_OK)
		return keep(c->core, k, states, f);
	if (k->claimed)
		TRY(call_part(c, prove, k, f));
	return watch_found(c->core, k->domain, names, f);
}

int claim_found(struct core *core, int64_t user, struct str name, const struct names_read *names,
                struct fail *f)
{
	struct request c = { .core = core }; /* nobody's: nobody is answered */
	struct checking k = { .domain = name, .user = user, .claimed = true };
	enum record_state states[RECORD_KINDS];
	int r = claim_find(core->store, user, name, &c.arena, &k.claim, f);

	if (r == OK) {
		k.token = k.claim.token;
		records_judge(&names->found, core->conf->hostname, k.token, states);
		r = settle(&c, &k, names, states, f);
		log_info("ev=claim-look claim=%lld ownership=%s", (long long)k.claim.id,
		         record_word(states[RECORD_OWNERSHIP]));
	}
	arena_done(&c.arena);
	return r == FAIL_ABSENT ? OK : r;
}

/* Of what was found, only texts that begin so are told. */
static void join(const struct str *found, size_t n, const char *begins, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (!str_starts_nocase(found[i], str_c(begins)) || out->n + found[i].n + 2 > FOUND_MOST)
			continue;
		buf_addz(out, out->n ? "\n" : "");
		buf_add(out, found[i]);
	}
}

static void tell_all(struct request *c, const struct checking *k, const struct names_read *names,
                     const enum record_state states[RECORD_KINDS])
{
	const struct records_found *in = &names->found;

	for (enum record r = 0; r < RECORD_KINDS; r++) {
		const char *begins = record_row(r)->begins;
		OWN(buf) found = BUF(FOUND_MOST);

		if (r == RECORD_OWNERSHIP && !k->token.n)
			continue;
		if (states[r] == RECORD_UNSURE)
			;
		else if (r == RECORD_MX)
			join(in->mx, in->n_mx, begins, &found);
		else if (r == RECORD_DMARC)
			join(in->dmarc, in->n_dmarc, begins, &found);
		else
			join(in->txt, in->n_txt, begins, &found);
		put_record(c, k->domain, k->token, r, states[r], buf_str(&found), &c->record);
		rec_end(c);
	}
}

static void on_names(void *arg, int code, struct str why, const void *msg)
{
	struct request *c = arg;
	struct checking *k = c->state;
	enum record_state states[RECORD_KINDS];
	struct names_read names;
	struct fail f = { 0 };
	int r;

	if (code < 0) {
		fail(&f, code, "%.*s", STR_ARG(why));
		call_finish(c, code, &f);
		return;
	}
	names_read(msg, &names);
	records_judge(&names.found, c->core->conf->hostname, k->token, states);
	r = settle(c, k, &names, states, &f);
	if (r == OK)
		tell_all(c, k, &names, states);
	call_finish(c, r, &f);
}

static int find_asked(struct request *c, struct checking *k, struct fail *f)
{
	struct domain_watch row;
	struct domain d;
	int r = FAIL_ABSENT;

	if (c->asker) {
		k->user = c->asker->session.user;
		r = claim_find(c->core->store, k->user, k->domain, &c->arena, &k->claim, f);
		k->claimed = r == OK;
		k->token = k->claim.token;
	}
	if (r != FAIL_ABSENT)
		return r;
	TRY(domain_find(c->core->store, k->domain, &c->arena, &d, f));
	TRY(domain_watch_get(c->core->store, d.id, &c->arena, &row, f));
	k->token = row.token;
	return OK;
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
