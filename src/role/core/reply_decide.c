#include "role/core/reply_in.h"

#include "base/clock.h"
#include "crypto/aead.h"
#include "role/core/rcpt.h"
#include "store/replies.h"
#include "store/users.h"
#include "transform/open.h"

enum { DATE_SLACK_S = 86400 };

/* Two letters may say the same in the same words: without a signature, which no two messages share, an answer is the same
 * when its Message-ID (or the time that it tells) is so too. */
static struct str unsigned_digest(struct txn *t, const struct opened_facts *m)
{
	OWN(buf) b = BUF(IPC_RECORD_MAX);
	uint8_t h[32];

	list_add(&b, m->digest);
	list_add(&b, m->message_id);
	if (!m->message_id.n)
		buf_add_u64(&b, (uint64_t)m->date_utc);
	sha256(buf_str(&b), h);
	return arena_str(&t->arena, str_of(h, sizeof(h)));
}

void reply_keep_facts(struct reply *r, const struct opened_facts *m)
{
	struct txn *t = r->txn;
	int64_t now = core_now(t->core);
	bool far = m->date_utc < now - DATE_SLACK_S || m->date_utc > now + DATE_SLACK_S;

	t->facts.digest = arena_str(&t->arena, m->digest);
	t->facts.flags = m->form & OPENED_AUTO ? SCAN_AUTO : 0;
	r->own_id = arena_str(&t->arena, m->message_id);
	r->unsigned_digest = unsigned_digest(t, m);
	r->automatic = m->form & OPENED_AUTO;
	r->receipt = m->form & OPENED_RECEIPT;
	r->date_utc = far ? now : m->date_utc;
}

/* The mailbox whose key has signed; it is one of those that were asked for. */
static int take_signature(struct reply *r, const struct opened_facts *m, struct reply_facts *ret,
                          struct fail *f)
{
	static const int who[] = { [OPEN_UNSIGNED] = SPEAKS_NOBODY,
		                   [OPEN_PINNED] = SPEAKS_USER,
		                   [OPEN_FOREIGN] = SPEAKS_OTHER,
		                   [OPEN_BROKEN] = SPEAKS_FALSELY };
	struct txn *t = r->txn;
	struct str first;
	int e;

	if (m->signature >= sizeof(who) / sizeof(who[0]))
		return fail(f, FAIL_BUG, "a signature of kind %u", m->signature);
	ret->signature = (typeof(ret->signature))who[m->signature];
	if (m->signature != OPEN_PINNED || r->account) /* a password has said who it is */
		return OK;
	if (m->pin >= r->n_pins)
		return fail(f, FAIL_BUG, "a pin that was not given");
	TRY(mailbox_get(t->core->store, r->pins[m->pin], &t->arena, &r->mailbox, f));
	r->signature_digest = arena_str(&t->arena, m->signature_digest);
	ret->signed_utc = m->signed_utc;
	e = spoke_find(t->core->store, r->signature_digest, &t->arena, &first, f);
	ret->reused = e == OK && !str_eq(first, t->facts.digest);
	return e == FAIL_ABSENT ? OK : e;
}

/* Its envelope, and what it says in From, are both the user's. One that is released came by such a host or signed: else it
 * would not have been kept; and by which is not noted. */
static int take_host(struct reply *r, const struct opened_facts *m, struct reply_facts *ret, struct fail *f)
{
	struct txn *t = r->txn;
	int e;

	if (r->released == REPLY_FINE && !conf_is_trusted_host(t->core->conf, t->client))
		return OK;
	e = mailbox_speaks_for(t->core->store, r->alias.user, rcpt_key(m->from, &t->arena), f);
	ret->trusted_host = e == OK;
	return e == FAIL_ABSENT ? OK : e;
}

/* Submission: the sender is one of the user's aliases, and decides which one. */
static int take_alias(struct reply *r, const struct opened_facts *m, struct reply_facts *ret, struct fail *f)
{
	struct txn *t = r->txn;
	struct alias al;
	int e;

	if (!r->account)
		return OK;
	e = alias_find(t->core->store, rcpt_key(m->from, &t->arena), &t->arena, &al, f);
	ret->not_alias = e == FAIL_ABSENT || (e == OK && al.user != r->mailbox.user);
	if (e == OK && !ret->not_alias)
		r->alias = al;
	for (size_t i = 0; i < r->n_to; i++)
		ret->mixed = ret->mixed || r->to[i].alias != r->alias.id;
	return e == FAIL_ABSENT ? OK : e;
}

/* Switched off, or at its end. One that takes no more mail by count still answers what came. */
static bool has_ended(const struct reply *r, int64_t now)
{
	const struct alias *al = &r->alias;
	int64_t used = al->last_used > al->created ? al->last_used : al->created;

	return al->state != ALIAS_ON || (al->expires_at && now >= al->expires_at) ||
	       (al->idle_days && now - used >= al->idle_days * DAY_S);
}

int reply_decide(struct reply *r, const struct opened_facts *m, enum reply_cause *ret, struct fail *f)
{
	struct txn *t = r->txn;
	int64_t now = core_now(t->core);
	struct reply_facts x = {
		.submitted = r->account != 0,
		.released = r->released != REPLY_FINE,
		.encrypted = m->form & OPENED_ENCRYPTED,
		.cbc = m->form & OPENED_CBC,
		.mixed = r->mixed,
	};

	TRY(take_alias(r, m, &x, f));
	TRY(take_signature(r, m, &x, f));
	TRY(take_host(r, m, &x, f));
	x.rule = r->n_pins ? (enum reply_rule)r->mailbox.reply_rule : REPLY_RELAXED;
	x.clear_ok = r->mailbox.reply_clear;
	x.ended = has_ended(r, now);
	if (reply_who(&x) == REPLY_FINE) /* a stranger's message costs the same whatever is in it */
		TRY(reply_map(r, m, &x, f));
	*ret = reply_judge(&x, now);
	r->readable = x.signature == SPEAKS_USER && !x.encrypted && !x.submitted;
	return OK;
}
