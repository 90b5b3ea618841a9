/* calls_codes.c - mailboxes that users name over the web: nothing goes there before a code that was mailed comes back. */
#include "base/clock.h"
#include "crypto/aead.h"
#include "role/core/call.h"
#include "role/core/notices.h"
#include "role/core/rcpt.h"
#include "role/core/tries.h"
#include "store/accounts.h"
#include "store/users.h"

#include <stdio.h>

enum {
	CODE_DIGITS = 8,
	CODE_TRIES = 5,
	CODE_LIFE_S = HOUR_S,
	CODE_EVERY_S = MINUTE_S,
	CODES_A_DAY = 5,
	UNVERIFIED_MOST = 3,
	MAILBOXES_MOST = 20,
};

/* ---- the code ---------------------------------------------------------------------------------------------------- */

static int new_code(char ret[static CODE_DIGITS + 1], struct fail *f)
{
	uint64_t raw;

	TRY(random_bytes(&raw, sizeof(raw), f)); /* 2^64 is no multiple of 10^8, by one part in 10^11 */
	snprintf(ret, CODE_DIGITS + 1, "%08llu", (unsigned long long)(raw % 100000000));
	return OK;
}

static int may_mail(struct request *c, const struct mailbox *m, struct mailbox_code *ret, struct fail *f)
{
	int64_t now = core_now(c->core);
	int r = mailbox_code_get(c->core->store, m->id, ret, f);

	if (r == FAIL_ABSENT || (r == OK && ret->day_begun + DAY_S <= now))
		*ret = (struct mailbox_code){ .created = r == OK ? ret->created : 0, .day_begun = now };
	else
		TRY(r);
	if (ret->created + CODE_EVERY_S > now)
		return call_wrong(c, "code", f, FAIL_EXISTS, "a code was mailed just now: look there first");
	if (ret->mailed >= CODES_A_DAY)
		return call_wrong(c, "rate", f, FAIL_AGAIN,
		                  "%d codes were mailed there today: try again tomorrow", CODES_A_DAY);
	if (tries_check(c->core, TRIES_CODES, c->asker->name, f) < 0)
		return call_wrong(c, "rate", f, FAIL_AGAIN,
		                  "too many codes were mailed for you today: try again tomorrow");
	return OK;
}

static int mail_code(struct request *c, const struct mailbox *m, struct fail *f)
{
	struct mailbox_code mc;
	char code[CODE_DIGITS + 1];
	OWN(buf) text = BUF(512);

	TRY(may_mail(c, m, &mc, f));
	TRY(new_code(code, f));
	mc.created = core_now(c->core);
	mc.tries = 0;
	mc.mailed++;
	TRY(mailbox_code_set(c->core->store, m->id, str_c(code), &mc, f));
	core_dirty(c->core);
	tries_count(c->core, TRIES_CODES, c->asker->name);
	buf_addf(&text, "Your code: %.4s %s\r\n\r\n", code, code + 4);
	return notice_verify(c->core, m, buf_str(&text), f);
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

struct survey {
	size_t all, unverified;
};

static int survey_mailbox(void *arg, const struct mailbox *m, struct fail *f)
{
	struct survey *s = arg;

	s->all++;
	s->unverified += !m->verified;
	return OK;
}

/* Whoever has named somebody else's address without showing that it is theirs does not keep it from its owner. */
static int make_way(struct request *c, int64_t user, struct fail *f)
{
	struct mailbox m;
	int r = mailbox_find(c->core->store, rcpt_key(arg_text(c, "address"), &c->arena), &c->arena, &m, f);

	if (r == FAIL_ABSENT)
		return OK;
	TRY(r);
	if (m.verified || m.user == user)
		return OK; /* is refused as existing */
	return mailbox_delete(c->core->store, m.id, f);
}

static int claim(struct request *c, void *arg, struct fail *f)
{
	int64_t *id = arg;

	TRY(make_way(c, c->asker->session.user, f));
	TRY(call_mailbox_add(c, id, f));
	return mailbox_verified(c->core->store, *id, false, f);
}

static int run_claim(struct request *c, struct fail *f)
{
	struct survey s = { 0 };
	struct mailbox m;
	int64_t id;

	TRY(mailbox_each(c->core->store, c->asker->session.user, survey_mailbox, &s, f));
	if (s.all >= MAILBOXES_MOST)
		return call_wrong(c, "address", f, FAIL_LIMIT, "you have %d mailboxes: delete one first",
		                  MAILBOXES_MOST);
	if (s.unverified >= UNVERIFIED_MOST)
		return call_wrong(c, "address", f, FAIL_LIMIT,
		                  "verify the mailboxes that you have named first");
	TRY(call_part(c, claim, &id, f));
	TRY(mailbox_get(c->core->store, id, &c->arena, &m, f));
	TRY(mail_code(c, &m, f));
	return call_tell_mailbox(c, &m, f);
}

static int find(struct request *c, struct mailbox *ret, struct fail *f)
{
	TRY(mailbox_find(c->core->store, rcpt_key(arg_text(c, "address"), &c->arena), &c->arena, ret, f));
	return ret->verified ? call_wrong(c, "address", f, FAIL_EXISTS, "this mailbox is verified already")
	                     : OK;
}

static int run_code(struct request *c, struct fail *f)
{
	struct mailbox m;

	TRY(find(c, &m, f));
	return mail_code(c, &m, f);
}

/* Digits as the letter shows them, with a blank between. */
static struct str digits_of(struct request *c, struct str s)
{
	OWN(buf) b = BUF(64);

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != ' ' && s.p[i] != '-')
			buf_addc(&b, s.p[i]);
	return arena_str(&c->arena, buf_str(&b));
}

static int run_verify(struct request *c, struct fail *f)
{
	struct mailbox_code mc;
	struct mailbox m;
	bool right;
	int r;

	TRY(find(c, &m, f));
	r = mailbox_code_get(c->core->store, m.id, &mc, f);
	if (r == FAIL_ABSENT ||
	    (r == OK && (mc.tries >= CODE_TRIES || mc.created + CODE_LIFE_S <= core_now(c->core))))
		return call_wrong(c, "code", f, FAIL_DENIED,
		                  "this code is not good any more: ask for a new one");
	TRY(r);
	TRY(mailbox_code_try(c->core->store, m.id, digits_of(c, arg_text(c, "code")), &right, f));
	core_dirty(c->core);
	if (!right)
		return call_wrong(c, "code", f, FAIL_DENIED, "this is not the code that was mailed");
	return mailbox_verified(c->core->store, m.id, true, f);
}

// clang-format off
#define ADDRESS_ARGS { .name = "user" }, { .name = "address", .kind = ARG_ADDRESS, .required = true }

const struct call_spec calls_codes[] = {
	{ "mailbox.claim", run_claim, { ADDRESS_ARGS, { .name = "clear", .kind = ARG_WORD, .words = "on|off" } } },
	{ "mailbox.code", run_code, { ADDRESS_ARGS } },
	{ "mailbox.verify", run_verify, { ADDRESS_ARGS, { .name = "code", .required = true, .most = 20 } } },
	{ 0 }
};
// clang-format on
