/* calls_transfer.c - aliases out, as records that hold all that makes them, and in, row by row: each as alias.add would have it, and
 * none hindered by another. */
#include "role/core/aliases.h"
#include "role/core/rcpt.h"
#include "store/marks.h"
#include "store/users.h"

enum { EXPORT_MOST = 1000, ROWS_MOST = 1000, ROW_MOST = 8192 };

/* ---- out --------------------------------------------------------------------------------------------------------- */

static int tell(void *arg, const struct alias *al, struct fail *f)
{
	struct request *c = arg;
	struct alias_mark mark;

	TRY(mark_get(c->core->store, al->id, &mark, f));
	if (!c->asker)
		rec_number(c, "id", al->id);
	TRY(call_tell_alias(c, al, f));
	if (al->count_left < 0)
		rec_text(c, "count", STR("unlimited"));
	else
		rec_number(c, "count", al->count_left);
	call_tell_bounds(c, &al->most);
	rec_bool(c, "trashed", mark.trashed != 0);
	rec_end(c);
	return OK;
}

/* Those whose number is above "after": the last number that was told is the next one's. */
static int run_export(struct request *c, struct fail *f)
{
	int64_t user = 0;

	if (arg_given(c, "user"))
		TRY(call_user(c, &user, f));
	return alias_after(c->core->store, user, (int64_t)arg_number(c, "after", 0),
	                   (int64_t)arg_number(c, "limit", EXPORT_MOST), tell, c, f);
}

/* ---- in ---------------------------------------------------------------------------------------------------------- */

// clang-format off
static const struct call_spec row_spec = { "alias.import", NULL,
	{ { .name = "address", .kind = ARG_ADDRESS, .required = true }, ALIAS_ARGS } };
// clang-format on

enum outcome { ADDED, EXISTS, REFUSED, OUTCOMES };
static const char *const outcome_words[OUTCOMES] = { "added", "exists", "refused" };

struct intake {
	int64_t user;
	bool dry;
	int64_t n[OUTCOMES];
	/* of one row */
	struct str address;
	enum outcome outcome;
	struct fail said;
	const char *arg;
	bool strangers; /* it names mailboxes that the user does not have */
};

/* The mailboxes that a file of another place names are those of there: the ones that are the user's here too count, or all of the
 * user's do. */
static int own_mailboxes(struct request *c, struct intake *in, struct str args, struct str *ret,
                         struct fail *f)
{
	OWN(buf) kept = BUF(IPC_RECORD_MAX);
	struct str name, value;

	while (list_next_pair(&args, &name, &value)) {
		struct mailbox m = { 0 };
		int r = OK;

		if (str_eq(name, STR("mailbox"))) {
			r = mailbox_find(c->core->store, rcpt_key(value, &c->arena), &c->arena, &m, f);
			if (r == FAIL_ABSENT || (r == OK && m.user != in->user)) {
				in->strangers = true;
				continue;
			}
		}
		TRY(r);
		list_add(&kept, name);
		list_add(&kept, value);
	}
	*ret = arena_str(&c->arena, buf_str(&kept));
	return OK;
}

/* Is it this user's already? Of others' is known as much as alias.add tells: that it is taken. */
static int is_own(struct request *c, int64_t user, struct str address, bool *ret, struct fail *f)
{
	struct alias al = { 0 };
	int r = alias_find(c->core->store, address, &c->arena, &al, f);

	*ret = r == OK && al.user == user;
	return r == FAIL_ABSENT ? OK : r;
}

static int plan_row(struct request *c, struct intake *in, struct str row, struct alias *ret, bool *ret_own,
                    struct fail *f)
{
	struct str all, own;

	TRY(call_check(c, &row_spec, row, &all, f));
	TRY(own_mailboxes(c, in, all, &own, f));
	c->args = own;
	in->address = rcpt_key(arg_text(c, "address"), &c->arena);
	TRY(is_own(c, in->user, in->address, ret_own, f));
	return *ret_own ? OK : alias_plan(c, in->user, ret, f);
}

/* What a row did is undone when it failed, and when nothing is to be written. */
static int keep_row(struct request *c, const struct intake *in, struct alias *al, struct fail *f)
{
	struct store *st = c->core->store;
	int r;

	core_dirty(c->core);
	TRY(store_part_begin(st, f));
	r = alias_store_new(c, al, f);
	if (store_part_end(st, r == OK && !in->dry, r == OK ? f : NULL) < 0)
		return r < 0 ? r : FAIL_SYS;
	return r;
}

/* A row is refused for what it says, or ends the request: the machine's own trouble is no row's. */
static int do_row(struct request *c, struct intake *in, struct str row, struct fail *f)
{
	struct str args = c->args;
	struct alias al;
	bool own = false;
	int r;

	in->address = STR("");
	in->said = (struct fail){ 0 };
	in->arg = NULL;
	in->strangers = false;
	r = plan_row(c, in, row, &al, &own, &in->said);
	if (r == OK && !own)
		r = keep_row(c, in, &al, &in->said);
	c->args = args;
	in->arg = c->bad_arg;
	c->bad_arg = NULL;
	if (r == FAIL_SYS || r == FAIL_BUG || r == FAIL_AGAIN) {
		*f = in->said;
		return r;
	}
	in->outcome = r < 0 ? REFUSED : own ? EXISTS : ADDED;
	in->n[in->outcome]++;
	return OK;
}

static void tell_row(struct request *c, const struct intake *in)
{
	rec_text(c, "address", in->address);
	rec_text(c, "result", str_c(outcome_words[in->outcome]));
	if (in->outcome == REFUSED)
		rec_text(c, "why", str_c(in->said.why));
	else
		rec_text(c, "why",
		         in->outcome == ADDED && in->strangers
		                 ? STR("it names mailboxes that you do not have")
		                 : STR(""));
	rec_text(c, "argument", str_c(in->outcome == REFUSED && in->arg ? in->arg : ""));
	rec_end(c);
}

/* A record for each row, in their order. */
static int run_import(struct request *c, struct fail *f)
{
	struct intake in = { .dry = arg_is(c, "dry_run", "on") };
	struct str left = c->args, name, value;
	size_t n = 0;

	TRY(call_user(c, &in.user, f));
	while (list_next_pair(&left, &name, &value)) {
		if (!str_eq(name, STR("row")))
			continue;
		if (++n > ROWS_MOST)
			return call_wrong(c, "row", f, FAIL_LIMIT, "more than %d rows at once", ROWS_MOST);
		TRY(do_row(c, &in, value, f));
		tell_row(c, &in);
	}
	return OK;
}

// clang-format off
const struct call_spec calls_transfer[] = {
	{ "alias.export", run_export, { { .name = "user" }, { .name = "after", .kind = ARG_NUMBER, .most = INT64_MAX },
		{ .name = "limit", .kind = ARG_NUMBER, .most = EXPORT_MOST } } },
	{ "alias.import", run_import, { { .name = "user", .required = true },
		{ .name = "row", .kind = ARG_BYTES, .repeats = true, .most = ROW_MOST },
		{ .name = "dry_run", .kind = ARG_WORD, .words = "on|off" } } },
	{ 0 }
};
// clang-format on
