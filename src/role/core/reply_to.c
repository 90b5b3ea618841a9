#include "role/core/reply_in.h"

#include "role/core/rcpt.h"
#include "store/users.h"

#include <fcntl.h>

static struct reply *reply_of(struct txn *t)
{
	t->origin = TXN_REPLY;
	return t->reply ? t->reply : reply_new(t);
}

static int first_recipient(struct reply *r, const struct speaker *s, struct fail *f)
{
	struct txn *t = r->txn;

	TRY(alias_get(t->core->store, s->alias, &t->arena, &r->alias, f));
	t->user = s->user;
	return s->mailbox ? mailbox_get(t->core->store, s->mailbox, &t->arena, &r->mailbox, f) : OK;
}

int reply_add_outside(struct txn *t, struct str address, struct fail *f)
{
	struct reply *r = reply_of(t);
	struct str key = rcpt_key(address, &t->arena);

	for (size_t i = 0; i < r->n_outside; i++)
		if (str_eq(rcpt_key(r->outside[i], &t->arena), key))
			return OK;
	if (r->n_outside == OUTPUTS_MAX)
		return fail(f, FAIL_LIMIT, "more than %d recipients", OUTPUTS_MAX);
	r->outside[r->n_outside++] = arena_str(&t->arena, address);
	return OK;
}

int reply_add_trial(struct txn *t, const struct speaker *s, struct fail *f)
{
	struct reply *r = reply_of(t);

	if (r->n_to && r->trial != s->trial)
		return fail(f, FAIL_AGAIN, "recipients of two ways");
	r->trial = s->trial;
	r->alias.user = t->user = s->user;
	r->to[0] = *s;
	r->n_to = 1;
	return s->mailbox ? mailbox_get(t->core->store, s->mailbox, &t->arena, &r->mailbox, f) : OK;
}

int reply_add_recipient(struct txn *t, const struct speaker *s, struct fail *f)
{
	struct reply *r = reply_of(t);

	for (size_t i = 0; i < r->n_to; i++)
		if (r->to[i].reverse == s->reverse)
			return OK;
	if (r->trial)
		return fail(f, FAIL_AGAIN, "recipients of two ways");
	if (r->n_to == OUTPUTS_MAX)
		return fail(f, FAIL_LIMIT, "more than %d recipients", OUTPUTS_MAX);
	if (!r->n_to)
		TRY(first_recipient(r, s, f));
	r->mixed = r->mixed || s->alias != r->alias.id;
	r->to[r->n_to++] = *s;
	return OK;
}

/* ---- released ---------------------------------------------------------------------------------------------------- */

/* The copy of Reply-All to the user's own alias: taken with the others, and not sent. */
static int is_own_copy(struct txn *t, const struct refusal *from, struct str address, bool *ret,
                       struct fail *f)
{
	struct alias al;
	int e = alias_find(t->core->store, rcpt_key(address, &t->arena), &t->arena, &al, f);

	*ret = e == OK && al.user == from->user;
	return e == FAIL_ABSENT ? OK : e;
}

static int take_rcpts(struct txn *t, const struct refusal *from, struct fail *f)
{
	struct str list = from->rcpts, address;

	while (list_next(&list, &address)) {
		struct speaker s;
		bool own = false;

		TRY(speaker_find(t->core->store, rcpt_key(address, &t->arena), STR(""), &s, f));
		if (!s.correspondent && from->account) {
			TRY(reply_add_outside(t, address, f));
			continue;
		}
		if (!s.correspondent)
			TRY(is_own_copy(t, from, address, &own, f));
		if (own)
			continue;
		if (!s.correspondent || s.user != from->user)
			return fail(f, FAIL_ABSENT, "a recipient of this answer is not known any more");
		s.mailbox = from->mailbox;
		TRY(reply_add_recipient(t, &s, f));
	}
	return t->reply ? OK : fail(f, FAIL_ABSENT, "this answer has no recipient");
}

int reply_release(struct core *c, const struct refusal *from, release_fn *done, void *arg, struct fail *f)
{
	struct txn *t = txn_new(c, TXN_REPLY);
	int e;

	t->fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 0);
	t->size = from->size;
	t->sender = arena_str(&t->arena, from->sender);
	e = t->fd < 0 ? fail_errno(f, FAIL_SYS, "a descriptor") : take_rcpts(t, from, f);
	if (e == OK) {
		t->reply->released = from->cause;
		e = reply_begin(t, from->rcpts, from->account, f);
	}
	if (e < 0) {
		txn_fail(t, 451, "4.3.0", "", f->why);
		return e;
	}
	t->reply->done = done;
	t->reply->done_arg = arg;
	return OK;
}
