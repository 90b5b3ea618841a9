#include "role/core/sent.h"

#include "base/log.h"
#include "policy/event.h"
#include "role/core/activity.h"
#include "role/core/notices.h"
#include "role/core/verp.h"
#include "store/replies.h"
#include "wire/bounce.h"
#include "wire/date.h"

enum { TEXT_MOST = 8192 };

int sent_envelope(struct core *c, int64_t mailbox, int64_t correspondent, struct str domain, struct buf *out,
                  struct fail *f)
{
	const struct sent s = { .mailbox = mailbox, .correspondent = correspondent, .at = core_now(c) };
	OWN(buf) address = BUF(512);
	OWN(buf) token = BUF(VERP_BYTES);
	struct verp v;

	TRY(verp_print(c, mailbox, VERP_REPLY, domain, &address, f));
	if (!verp_read(c, str_first(buf_str(&address), str_rchr(buf_str(&address), '@')), &v))
		return fail(f, FAIL_BUG, "an envelope sender that is not read again");
	verp_pack(&v, &token);
	TRY(sent_add(c->store, buf_str(&token), &s, f));
	buf_add(out, buf_str(&address));
	return OK;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

struct failure {
	struct str to, name, alias, status, note;
	int64_t at;
};

static void write_failure(const struct failure *w, struct buf *out)
{
	OWN(buf) when = BUF(64);

	date_print_iso(w->at, &when);
	buf_addz(out, "This answer of yours could not be delivered:\r\n\r\n");
	notice_line(out, "to:", w->to);
	notice_line(out, "name:", w->name);
	notice_line(out, "from:", w->alias);
	notice_line(out, "sent:", buf_str(&when));
	notice_words(out, w->status, w->note);
}

static int forget(struct core *c, struct str token, struct fail *f)
{
	return sent_forget(c->store, token, f);
}

static void note_failed(struct core *c, const struct sent *s, uint32_t reason)
{
	OWN(arena) a = ARENA;
	struct alias al = { 0 };

	if (alias_find(c->store, s->alias, &a, &al, NULL) == OK)
		activity_note(c, &(struct event){ .user = al.user,
		                                  .alias = al.id,
		                                  .correspondent = s->correspondent,
		                                  .way = EVENT_OUT,
		                                  .what = EVENT_BOUNCED,
		                                  .why = str_c(event_bounce_word(reason)),
		                                  .at = core_now(c) });
}

/* A report is believed for its token alone, which only whoever got the answer has seen; told once, so that it buys nobody a
 * second letter. */
static int tell(struct txn *t, const struct scanned *m, struct fail *f)
{
	struct core *c = t->core;
	OWN(buf) token = BUF(VERP_BYTES);
	OWN(buf) text = BUF(TEXT_MOST);
	struct mailbox to;
	struct sent s;

	verp_pack(&t->report, &token);
	TRY(sent_find(c->store, buf_str(&token), &t->arena, &s, f));
	TRY(notice_mailbox(c, s.user, s.mailbox, &t->arena, &to, f));
	write_failure(&(struct failure){ s.address, s.name, s.alias, str_first(m->status, BOUNCE_STATUS_MOST),
	                                 str_first(m->note, BOUNCE_NOTE_MOST), s.at },
	              &text);
	TRY(notice_send(c, NOTICE_REPLY_FAILED, &to, buf_str(&text), forget, buf_str(&token), f));
	note_failed(c, &s, m->reason);
	return OK;
}

void sent_reported(struct txn *t, const struct scanned *m)
{
	struct fail f = { 0 };
	int r = m->bounce == BOUNCE_FAILED ? tell(t, m, &f) : OK;

	if (r < 0 && r != FAIL_ABSENT) {
		txn_fail(t, 451, "4.3.0", "please try again later", f.why);
		return;
	}
	txn_touch(t);
	txn_keep(t);
}

int sent_failed(struct core *c, const struct queue_item *i, struct str note, struct str status)
{
	OWN(arena) a = ARENA;
	OWN(buf) text = BUF(TEXT_MOST);
	struct mailbox to;
	struct fail f = { 0 };

	TRY(notice_mailbox(c, i->user, i->mailbox, &a, &to, &f));
	write_failure(&(struct failure){ i->rcpt, STR(""), i->alias, status, note, i->arrived }, &text);
	return notice_of_end(c, NOTICE_REPLY_FAILED, &to, buf_str(&text), i->id, &f);
}
