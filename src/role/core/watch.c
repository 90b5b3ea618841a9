#include "role/core/watch.h"

#include "base/log.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "role/core/claims.h"
#include "role/core/notices.h"
#include "store/domains.h"
#include "wire/date.h"

#include <stdlib.h>

_Static_assert((int)WATCH_STATES == (int)RECORD_KINDS && (int)WATCH_LOSSES == (int)WATCHED_KINDS &&
                       (int)WATCH_NEVER_ASKED == (int)RECORD_UNSURE,
               "a row of the store holds what policy/watch.h knows");

/* Gate looks at sixteen domains at once, and users ask too. */
enum { SOON_MS = 3000, IDLE_MS = 60 * 1000, NEXT_MS = 500, LOOKS_AT_ONCE = 4, TEXT_MOST = 8192 };

/* ---- rows ---------------------------------------------------------------------------------------------------------- */

struct watch_facts watch_of(const struct domain_watch *row)
{
	struct watch_facts w = { .checked = row->checked, .next = row->next, .told = row->told };

	for (size_t i = 0; i < WATCH_STATES; i++)
		w.state[i] = row->state[i] >= RECORD_OK && row->state[i] <= RECORD_UNSURE
		                     ? (enum record_state)row->state[i]
		                     : RECORD_UNSURE;
	for (size_t i = 0; i < WATCH_LOSSES; i++)
		w.lost[i] = row->lost[i];
	return w;
}

static int keep(struct core *c, struct domain_watch *row, const struct watch_facts *w, struct fail *f)
{
	row->checked = w->checked;
	row->next = w->next;
	row->told = w->told;
	for (size_t i = 0; i < WATCH_STATES; i++)
		row->state[i] = w->state[i];
	for (size_t i = 0; i < WATCH_LOSSES; i++)
		row->lost[i] = w->lost[i];
	core_dirty(c);
	return domain_watch_set(c->store, row, f);
}

static size_t listed(struct str list, struct str *ret)
{
	size_t n = 0;

	while (n < NAMES_LISTED_MAX && list_next(&list, &ret[n]))
		n++;
	return n;
}

void names_read(const struct names_answer *m, struct names_read *ret)
{
	ret->found = (struct records_found){ .txt = ret->txt,
		                             .mx = ret->mx,
		                             .dmarc = ret->dmarc,
		                             .n_txt = listed(m->txt, ret->txt),
		                             .n_mx = listed(m->mx, ret->mx),
		                             .n_dmarc = listed(m->dmarc, ret->dmarc),
		                             .no_txt = m->unsure & 1u << NAMES_TXT,
		                             .no_mx = m->unsure & 1u << NAMES_MX,
		                             .no_dmarc = m->unsure & 1u << NAMES_DMARC };
}

static int dice(uint32_t *ret, struct fail *f)
{
	return random_bytes(ret, sizeof(*ret), f);
}

/* ---- a letter ------------------------------------------------------------------------------------------------------ */

static void write_letter(struct core *c, struct str name, const struct domain_watch *row,
                         const bool of[WATCHED_KINDS], struct buf *b)
{
	static const char *const happened[WATCHED_KINDS] = {
		[WATCHED_OWNERSHIP] = "the TXT record that showed it to be yours is not there any more",
		[WATCHED_MX] = "its MX does not lead here any more, or not alone: mail to your aliases there "
		               "goes elsewhere",
	};
	static const enum record records[WATCHED_KINDS] = { RECORD_OWNERSHIP, RECORD_MX };

	buf_addf(b, "Postern looks at the DNS of your domain %.*s once a day. It has found:\r\n\r\n",
	         STR_ARG(name));
	for (enum watched k = 0; k < WATCHED_KINDS; k++) {
		OWN(buf) since = BUF(64);
		OWN(buf) value = BUF(512);

		if (!of[k])
			continue;
		date_print_iso(row->lost[k], &since);
		record_value(records[k], c->conf->hostname, row->token, &value);
		buf_addf(b, "  Since %.10s (UTC) %s.\r\n  The record to be there:  %.*s  %s  %.*s\r\n\r\n",
		         since.p, happened[k], STR_ARG(name), record_row(records[k])->type,
		         STR_ARG(buf_str(&value)));
	}
}

/* The letter is kept: the next one has a week. arg: the domain's name. */
static int was_told(struct core *c, struct str arg, struct fail *f)
{
	OWN(arena) a = ARENA;
	struct domain_watch row;
	struct domain d;
	int r = domain_find(c->store, arg, &a, &d, f);

	if (r == FAIL_ABSENT)
		return OK;
	TRY(r);
	TRY(domain_watch_get(c->store, d.id, &a, &row, f));
	row.told = core_now(c);
	return domain_watch_set(c->store, &row, f);
}

static int tell(struct core *c, const struct domain *d, const struct domain_watch *row,
                const bool of[WATCHED_KINDS], struct fail *f)
{
	OWN(arena) a = ARENA;
	OWN(buf) text = BUF(TEXT_MOST);
	struct mailbox m;
	int r = notice_mailbox(c, d->user, 0, &a, &m, f);

	if (r == FAIL_ABSENT)
		return OK; /* nothing is written that cannot be sealed: at the next look, perhaps */
	TRY(r);
	write_letter(c, d->name, row, of, &text);
	return notice_send(c, NOTICE_DOMAIN, &m, buf_str(&text), was_told, d->name, f);
}

/* ---- looks --------------------------------------------------------------------------------------------------------- */

static int found_of(struct core *c, const struct domain *d, struct domain_watch *row,
                    const enum record_state found[RECORD_KINDS], struct fail *f)
{
	struct watch_facts w = watch_of(row);
	bool of[WATCHED_KINDS];
	uint32_t chance;
	int64_t now = core_now(c);

	TRY(dice(&chance, f));
	watch_learn(&w, found, now, chance);
	TRY(keep(c, row, &w, f));
	log_info("ev=domain-look domain=%lld answered=%d ownership=%s mx=%s", (long long)d->id,
	         w.checked == now, record_word(found[RECORD_OWNERSHIP]), record_word(found[RECORD_MX]));
	return w.checked == now && watch_tell(&w, now, of) ? tell(c, d, row, of, f) : OK;
}

int watch_found(struct core *c, struct str name, const struct names_read *names, struct fail *f)
{
	OWN(arena) a = ARENA;
	enum record_state found[RECORD_KINDS];
	struct domain_watch row;
	struct domain d;
	int r = domain_find(c->store, name, &a, &d, f);

	if (r == FAIL_ABSENT)
		return OK;
	TRY(r);
	TRY(domain_watch_get(c->store, d.id, &a, &row, f));
	records_judge(&names->found, c->conf->hostname, row.token, found);
	return found_of(c, &d, &row, found, f);
}

struct look {
	struct core *core;
	int64_t claimant; /* 0: it is a domain */
	struct buf name;
};

static int take(const struct look *l, const struct names_answer *m, struct fail *f)
{
	struct names_read names;

	names_read(m, &names);
	return l->claimant ? claim_found(l->core, l->claimant, buf_str(&l->name), &names, f)
	                   : watch_found(l->core, buf_str(&l->name), &names, f);
}

static void on_names(void *arg, int code, struct str why, const void *msg)
{
	struct look *l = arg;
	struct core *c = l->core;
	struct fail f = { 0 };

	/* No answer: it was set to be looked at again when this look began. */
	if (code == OK && msg && take(l, msg, &f) < 0)
		log_fail(LOG_WARN, "domain-look", &f);
	c->n_looks--;
	timer_set(c->watches, NEXT_MS);
	buf_done(&l->name);
	free(l);
}

static void ask(struct core *c, int64_t claimant, struct str name)
{
	struct look *l = xnew(struct look);

	*l = (struct look){ .core = c, .claimant = claimant, .name = BUF(512) };
	buf_add(&l->name, name);
	c->n_looks++;
	SEND(c->gate, names_ask, wait_for(&c->waits, c->gate, IPC_names_answer, on_names, l), name);
}

static int look_at(struct core *c, const struct domain_due *due, struct fail *f)
{
	OWN(arena) a = ARENA;
	struct domain_watch row;
	uint32_t chance;

	TRY(domain_watch_get(c->store, due->domain, &a, &row, f));
	TRY(dice(&chance, f));
	row.next = watch_again(core_now(c), chance);
	TRY(domain_watch_set(c->store, &row, f));
	core_dirty(c);
	ask(c, 0, due->name);
	return OK;
}

static int look_for(struct core *c, struct claim *due, struct fail *f)
{
	uint32_t chance;

	TRY(dice(&chance, f));
	due->next = watch_claim(due->created, core_now(c), chance);
	TRY(claim_set(c->store, due, f));
	core_dirty(c);
	ask(c, due->user, due->name);
	return OK;
}

/* Who waits for a domain to become theirs goes before who has one. What fails keeps nobody else waiting. */
static void look_for_claims(struct core *c)
{
	OWN(arena) a = ARENA;
	struct claim due[LOOKS_AT_ONCE];
	struct fail f = { 0 };
	size_t n = 0;

	if (claim_due(c->store, core_now(c), LOOKS_AT_ONCE - c->n_looks, &a, due, &n, &f) < 0)
		log_fail(LOG_WARN, "claims-due", &f);
	for (size_t i = 0; i < n && c->gate; i++)
		if (look_for(c, &due[i], &f) < 0)
			log_fail(LOG_WARN, "claim-look", &f);
}

static void look_at_domains(struct core *c)
{
	OWN(arena) a = ARENA;
	struct domain_due due[LOOKS_AT_ONCE];
	struct fail f = { 0 };
	size_t n = 0;

	if (domain_watch_due(c->store, core_now(c), LOOKS_AT_ONCE - c->n_looks, &a, due, &n, &f) < 0)
		log_fail(LOG_WARN, "domains-due", &f);
	for (size_t i = 0; i < n && c->gate; i++)
		if (look_at(c, &due[i], &f) < 0)
			log_fail(LOG_WARN, "domain-look", &f);
}

static void on_time(void *arg)
{
	struct core *c = arg;

	timer_set(c->watches, IDLE_MS);
	if (c->gate && c->n_looks < LOOKS_AT_ONCE)
		look_for_claims(c);
	if (c->gate && c->n_looks < LOOKS_AT_ONCE)
		look_at_domains(c);
}

void watch_start(struct core *c)
{
	c->watches = timer_new(c->loop, on_time, c);
	timer_set(c->watches, SOON_MS);
}
