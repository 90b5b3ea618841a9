#include "role/core/held.h"

#include "base/clock.h"
#include "base/log.h"
#include "policy/refusal.h"
#include "role/core/notices.h"
#include "role/core/space.h"
#include "store/held.h"
#include "wire/date.h"

#include <fcntl.h>

enum { TEXT_MOST = 32 * 1024, SHOWN_MOST = 10, OVERDUE_S = 300, AT_ONCE = 16 };

/* ---- the letter -------------------------------------------------------------------------------------------------- */

/* Whom it was for, as its user knows them; addresses that are not this user's stay what was written. */
static int put_rcpt(struct core *c, int64_t user, struct str rcpt, struct buf *out, struct fail *f)
{
	OWN(arena) a = ARENA;
	OWN(buf) shown = BUF(4096);
	struct str key = rcpt_key(rcpt, &a);
	struct correspondent p = { 0 };
	struct reverse r;
	int e = reverse_find(c->store, key, &a, &r, f);

	if (e == OK)
		e = r.user == user ? correspondent_by_reverse(c->store, key, &a, &p, f) : FAIL_ABSENT;
	if (e == FAIL_ABSENT) {
		notice_line(out, "to:", rcpt);
		return OK;
	}
	TRY(e);
	buf_add(&shown, p.address.n ? p.address : p.name);
	if (p.address.n && p.name.n)
		buf_addf(&shown, " (%.*s)", STR_ARG(p.name));
	notice_line(out, "to:", buf_str(&shown));
	return OK;
}

static int put_rcpts(struct core *c, const struct held *h, struct buf *out, struct fail *f)
{
	struct str list = h->rcpts, rcpt;
	size_t n = 0;

	while (list_next(&list, &rcpt))
		if (n++ < SHOWN_MOST)
			TRY(put_rcpt(c, h->user, rcpt, out, f));
	if (n > SHOWN_MOST)
		buf_addf(out, "            and %zu more\r\n", n - SHOWN_MOST);
	return OK;
}

/* Of the cause nothing but the part that has one size for all of them; what it was for is the same whatever became of it. */
static int write_letter(struct core *c, const struct held *h, struct buf *out, struct fail *f)
{
	OWN(buf) when = BUF(64);

	date_print_iso(h->at, &when);
	buf_addz(out, "This answer of yours was not sent:\r\n\r\n");
	notice_line(out, "from:", h->alias_address);
	TRY(put_rcpts(c, h, out, f));
	notice_line(out, "came:", buf_str(&when));
	buf_addz(out, "\r\n");
	refusal_print((enum reply_cause)h->cause, h->body ? h->id : 0, HELD_DAYS, out);
	return OK;
}

static int mark_told(struct core *c, struct str arg, struct fail *f)
{
	int64_t id;

	memcpy(&id, arg.p, sizeof(id));
	return held_set_told(c->store, id, HELD_TOLD, f);
}

static int tell(struct core *c, int64_t id, struct fail *f)
{
	OWN(arena) a = ARENA;
	OWN(buf) text = BUF(TEXT_MOST);
	struct mailbox to;
	struct held h;

	TRY(held_get(c->store, id, &a, &h, f));
	if (h.told != HELD_TO_TELL || h.cause >= REPLY_CAUSES)
		return OK;
	TRY(notice_mailbox(c, h.user, h.mailbox, &a, &to, f));
	TRY(write_letter(c, &h, &text, f));
	return notice_send(c, NOTICE_REPLY_HELD, &to, buf_str(&text), mark_told, str_of(&id, sizeof(id)), f);
}

/* Nobody who can be told: the list tells. */
static int tell_or_leave(struct core *c, int64_t id, struct fail *f)
{
	int r = tell(c, id, f);

	if (r != FAIL_ABSENT)
		return r;
	core_dirty(c);
	return held_set_told(c->store, id, HELD_QUIET, f);
}

void held_settled(struct core *c, int64_t id)
{
	struct fail f = { 0 };

	if (tell_or_leave(c, id, &f) < 0)
		log_fail(LOG_WARN, "reply-held", &f);
}

void held_look(struct core *c)
{
	struct fail f = { 0 };
	int64_t id = 0;
	int r = OK;

	for (int n = 0; n < AT_ONCE && r == OK; n++) {
		r = held_untold(c->store, core_now(c) - OVERDUE_S, id, &id, &f);
		if (r == OK)
			r = tell_or_leave(c, id, &f);
	}
	if (r < 0 && r != FAIL_ABSENT)
		log_fail(LOG_WARN, "reply-held", &f);
}

/* ---- a refusal --------------------------------------------------------------------------------------------------- */

/* The message, byte for byte, by the road that everything takes to the disk: a scribe writes it under a key of its own. */
static void keep(struct core *c, const struct refusal *r, int64_t id)
{
	struct txn *t = txn_new(c, TXN_HELD);
	struct output *o = txn_add_output(t);
	struct fail f = { 0 };
	int e = OK;

	t->held = id;
	t->user = r->user;
	t->size = r->size;
	o->alias.user = r->user;
	o->mode = SEAL_AS_IS;
	t->fd = fcntl(r->fd, F_DUPFD_CLOEXEC, 0);
	t->tie = r->tie < 0 ? -1 : fcntl(r->tie, F_DUPFD_CLOEXEC, 0);
	if (t->fd < 0 || (r->tie >= 0 && t->tie < 0))
		e = fail_errno(&f, FAIL_SYS, "a refused answer");
	if (e == OK)
		e = txn_start(t, &f);
	if (e < 0)
		txn_fail(t, 451, "4.3.0", "", f.why);
}

/* What the server answers alike has one letter an hour in all. The provider sees letters come: a second one, for another
 * cause, would tell it what became of a ciphertext that it has altered. */
static int was_told(struct core *c, const struct refusal *r, bool *ret, struct fail *f)
{
	struct str said = str_c(reply_row(r->cause)->sentence);

	*ret = false;
	for (unsigned i = 0; i < REPLY_CAUSES && !*ret; i++)
		if (str_eq(said, str_c(reply_row((enum reply_cause)i)->sentence)))
			TRY(held_was_told(c->store, r->user, r->alias, i, core_now(c) - HOUR_S, ret, f));
	return OK;
}

static int note(struct core *c, const struct refusal *r, int64_t *ret_id, struct fail *f)
{
	struct held h = {
		.user = r->user,
		.mailbox = r->mailbox,
		.alias = r->alias,
		.alias_address = r->alias_address,
		.sender = r->sender,
		.rcpts = r->rcpts,
		.account = r->account,
		.cause = r->cause,
		.at = r->at,
		.size = (int64_t)r->size,
		.mid = str_c(r->mid),
	};
	bool told;

	TRY(was_told(c, r, &told, f));
	h.told = told ? HELD_QUIET : HELD_TO_TELL;
	core_dirty(c);
	return held_add(c->store, &h, ret_id, f);
}

void held_refused(struct core *c, const struct refusal *r)
{
	const struct reply_row *row = reply_row(r->cause);
	struct fail f = { 0 };
	int64_t id;

	log_info("ev=reply-refused mid=%s cause=%s alias=%s", r->mid, row->word, log_mask(r->alias_address));
	if (note(c, r, &id, &f) < 0)
		log_fail(LOG_WARN, "reply-held", &f);
	else if (row->releasable && r->fd >= 0 && !space_is_low(c))
		keep(c, r, id); /* held_settled() comes */
	else
		held_settled(c, id);
}
