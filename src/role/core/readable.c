#include "role/core/readable.h"

#include "base/log.h"
#include "role/core/notices.h"
#include "wire/date.h"

enum { TEXT_MOST = 4096 };

/* Two answers that came at once write two letters; the second one is not kept. */
static int mark_told(struct core *c, struct str arg, struct fail *f)
{
	OWN(arena) a = ARENA;
	struct mailbox m;
	int64_t id;

	memcpy(&id, arg.p, sizeof(id));
	TRY(mailbox_get(c->store, id, &a, &m, f));
	if (m.replies_told)
		return fail(f, FAIL_EXISTS, "its user was told already");
	return mailbox_replies_told(c->store, id, core_now(c), f);
}

static int tell(struct core *c, const struct mailbox *m, struct str alias, int64_t at, struct fail *f)
{
	OWN(arena) a = ARENA;
	OWN(buf) text = BUF(TEXT_MOST);
	OWN(buf) when = BUF(64);
	struct mailbox to;

	date_print_iso(at, &when);
	buf_addz(&text, "This answer of yours was sent on. It was signed, but not encrypted:\r\n\r\n");
	notice_line(&text, "mailbox:", m->address);
	notice_line(&text, "from:", alias);
	notice_line(&text, "came:", buf_str(&when));
	buf_addz(&text, "\r\n");
	TRY(notice_mailbox(c, m->user, m->id, &a, &to, f));
	return notice_send(c, NOTICE_REPLY_READABLE, &to, buf_str(&text), mark_told,
	                   str_of(&m->id, sizeof(m->id)), f);
}

void readable_came(struct core *c, const struct mailbox *m, struct str alias, int64_t at)
{
	struct fail f = { 0 };
	int r = m->replies_told ? OK : tell(c, m, alias, at, &f);

	if (r < 0 && r != FAIL_ABSENT) /* nobody can be told: no letter can be sealed for them */
		log_fail(LOG_WARN, "reply-readable", &f);
}
