/* calls_trials.c - the test letter of a profile, and how it was answered. */
#include "role/core/call.h"
#include "role/core/trial.h"
#include "store/trials.h"

static int find(struct request *c, struct profile *ret, struct fail *f)
{
	int r = profile_get(c->core->store, (int64_t)arg_number(c, "profile", 0), &c->arena, ret, f);

	return r == FAIL_ABSENT ? call_wrong(c, "profile", f, r,
	                                     "there is no profile %.*s: see `postern profile list`",
	                                     STR_ARG(arg_text(c, "profile")))
	                        : r;
}

static void tell(struct request *c, const struct trial *t)
{
	rec_bool(c, "sent", t->sent != 0);
	rec_text(c, "answer", str_c(trial_word((enum trial_answer)t->answer)));
	rec_time(c, "sent_at", t->sent);
	rec_time(c, "answered_at", t->answered);
	rec_end(c);
}

/* A new letter forgets how the last one was answered. */
static void on_sent(void *arg, int code, const char *why)
{
	struct request *c = arg;
	struct fail f = { 0 };

	if (code == OK)
		tell(c, &(struct trial){ .sent = core_now(c->core) });
	else
		fail(&f, code, "the letter could not be sealed: try again (%s)", why);
	call_finish(c, code, &f);
}

static int run_test(struct request *c, struct fail *f)
{
	struct profile p;
	struct mailbox m;
	int r;

	TRY(find(c, &p, f));
	if (c->core->private_mode)
		return fail(f, FAIL_AGAIN, "the test needs the server: start it first");
	TRY(mailbox_get(c->core->store, p.mailbox, &c->arena, &m, f));
	r = trial_send(c->core, &p, &m, on_sent, c, f);
	if (r == FAIL_DENIED || r == FAIL_AGAIN)
		c->bad_arg = r == FAIL_AGAIN ? "rate" : "profile";
	TRY(r);
	return CALL_LATER;
}

static int run_tested(struct request *c, struct fail *f)
{
	struct trial t = { 0 };
	struct profile p;
	int r;

	TRY(find(c, &p, f));
	r = trial_get(c->core->store, p.id, &t, f);
	if (r != FAIL_ABSENT)
		TRY(r);
	tell(c, &t);
	return OK;
}

// clang-format off
#define PROFILE_ARG { .name = "profile", .kind = ARG_NUMBER, .required = true }

const struct call_spec calls_trials[] = {
	{ "profile.test", run_test, { PROFILE_ARG } },
	{ "profile.tested", run_tested, { PROFILE_ARG } },
	{ 0 }
};
// clang-format on
