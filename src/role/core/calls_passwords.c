/* calls_passwords.c - app passwords of mailboxes: made here, told once. */
#include "base/mem.h"
#include "crypto/aead.h"
#include "policy/password.h"
#include "role/core/call.h"
#include "store/passwords.h"
#include "store/users.h"

enum { NAME_MOST = 64, ROOM = 2 * PASSWORD_SHOWN, ROOM_ANSWER = 2048 };

static int keep(struct request *c, const struct mailbox *m, struct str shown, struct fail *f)
{
	struct str name = arg_text(c, "name");
	char secret[PASSWORD_CHARS];
	size_t n;
	int r;

	if (!password_canon(shown, secret, &n))
		return fail(f, FAIL_BUG, "a password that is none");
	r = password_add(c->core->store, m->id, name, str_of(secret, n), core_now(c->core), f);
	wipe(secret, sizeof(secret));
	if (r == FAIL_EXISTS)
		return call_wrong(c, "name", f, r,
		                  "this mailbox has an app password %.*s already: delete it, or "
		                  "give another name",
		                  STR_ARG(name));
	if (r == FAIL_LIMIT)
		return call_wrong(
		        c, "name", f, r,
		        "this mailbox has %d app passwords, and may have no more: delete one that is not "
		        "used (postern mailbox password list %.*s)",
		        PASSWORDS_MAX, STR_ARG(m->address));
	return r;
}

static int run_add(struct request *c, struct fail *f)
{
	uint8_t random[PASSWORD_RANDOM];
	struct mailbox m;
	struct buf shown = BUF(ROOM);
	int r;

	TRY(call_mailbox(c, "address", &m, f));
	TRY(random_bytes(random, sizeof(random), f));
	(void)!buf_room(&shown, ROOM);
	password_print(random, &shown);
	wipe(random, sizeof(random));
	/* what grows leaves a copy behind */
	(void)!buf_room(&c->record, ROOM_ANSWER);
	(void)!buf_room(&c->records, ROOM_ANSWER);
	r = keep(c, &m, buf_str(&shown), f);
	if (r == OK) {
		core_dirty(c->core);
		rec_text(c, "user", m.address);
		rec_text(c, "password", buf_str(&shown));
		rec_end(c);
	}
	wipe(shown.p, shown.cap);
	buf_done(&shown);
	return r;
}

static int list_one(void *arg, const struct app_password *p, struct fail *f)
{
	struct request *c = arg;

	rec_text(c, "name", p->name);
	rec_time(c, "created", p->created);
	rec_time(c, "last_used", p->last_used);
	rec_end(c);
	return OK;
}

static int run_list(struct request *c, struct fail *f)
{
	struct mailbox m;

	TRY(call_mailbox(c, "address", &m, f));
	return password_each(c->core->store, m.id, list_one, c, f);
}

static int run_delete(struct request *c, struct fail *f)
{
	struct mailbox m;
	int r;

	TRY(call_mailbox(c, "address", &m, f));
	r = password_delete(c->core->store, m.id, arg_text(c, "name"), f);
	if (r == FAIL_ABSENT)
		return call_wrong(
		        c, "name", f, r,
		        "this mailbox has no app password %.*s: see `postern mailbox password list %.*s`",
		        STR_ARG(arg_text(c, "name")), STR_ARG(m.address));
	TRY(r);
	core_dirty(c->core);
	return core_scrub(c->core, f);
}

// clang-format off
#define MAILBOX { .name = "address", .kind = ARG_ADDRESS, .required = true }
#define NAME { .name = "name", .required = true, .most = NAME_MOST }

const struct call_spec calls_passwords[] = {
	{ "mailbox.password-add", run_add, { MAILBOX, NAME } },
	{ "mailbox.password-list", run_list, { MAILBOX } },
	{ "mailbox.password-delete", run_delete, { MAILBOX, NAME } },
	{ 0 }
};
// clang-format on
