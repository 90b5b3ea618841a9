#include "role/core/trial.h"

#include "base/clock.h"
#include "base/log.h"
#include "role/core/stock.h"
#include "store/bounces.h"
#include "store/trials.h"
#include "sys/memfd.h"

enum { LETTER_MOST = 16 * 1024 };

bool trial_is_open(const struct core *c, int64_t sent)
{
	return sent && sent + (int64_t)TRIAL_DAYS * DAY_S > core_now(c);
}

/* ---- the letter -------------------------------------------------------------------------------------------------- */

static void write_letter(const struct txn *t, struct str to, struct buf *b)
{
	letter_head(t, to, STR("Your test message"), false, b);
	buf_addf(
	        b,
	        "That you can read this shows that your mail program opens what is sealed with your new\r\n"
	        "keys. Now the way back: press Reply, sign and encrypt the answer, and send it. The words\r\n"
	        "do not matter; nobody reads them, and nothing of them is kept.\r\n\r\n"
	        "Thunderbird: Security, in the window of the answer: Encrypt, and Digitally Sign.\r\n"
	        "Apple Mail: the lock and the seal beside the subject.\r\n"
	        "Outlook: Options, Encrypt (S/MIME) and Sign.\r\n\r\n"
	        "The page where you asked for this letter then says how the answer came. Of one that is\r\n"
	        "not as it should be, too: answer again, as often as you like, for %d days.\r\n",
	        TRIAL_DAYS);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* The address of the last letter while it lives: the client knows it, and an answer to either letter counts. */
static int address_of(struct core *c, const struct profile *p, struct arena *a, struct reverse *ret,
                      struct fail *f)
{
	struct str domain = stock_domain(c, p, c->conf->domains[0]);
	struct trial last;
	int r = trial_get(c->store, p->id, &last, f);

	if (r == OK && last.reverse && trial_is_open(c, last.sent))
		return reverse_get(c->store, last.reverse, a, ret, f);
	if (r != OK && r != FAIL_ABSENT)
		return r;
	if (!domain.n)
		return fail(f, FAIL_DENIED,
		            "this profile permits none of the relay's domains: issue a new one");
	return stock_address(c, p->user, domain, REVERSE_TEST, a, ret, f);
}

/* With the letter: an answer that comes before the asker hears of it finds its row. */
static int mark_sent(struct core *c, struct str arg, struct fail *f)
{
	struct trial t;

	memcpy(&t, arg.p, sizeof(t));
	return trial_put(c->store, &t, f);
}

static int check(struct core *c, const struct profile *p, const struct mailbox *to, struct fail *f)
{
	struct pause pause;
	int64_t sum;

	if (p->state == PROFILE_PENDING)
		return fail(f, FAIL_DENIED, "this profile was not finished: issue it again");
	if (p->not_after <= core_now(c))
		return fail(f, FAIL_DENIED, "this profile has expired: issue a new one");
	TRY(pause_get(c->store, to->id, &pause, f));
	if (pause.since)
		return fail(f, FAIL_DENIED,
		            "this mailbox is paused, because it took no mail: resume it first");
	core_dirty(c);
	TRY(trial_count(c->store, p->user, core_now(c), &sum, f));
	if (sum > TRIAL_PER_HOUR)
		return fail(f, FAIL_AGAIN, "more than %d test letters in an hour: try again in the next one",
		            TRIAL_PER_HOUR);
	return OK;
}

static struct txn *letter(struct core *c, const struct profile *p, const struct mailbox *to,
                          const struct reverse *from)
{
	struct txn *t = txn_new(c, TXN_INTRO);
	struct output *o = txn_add_output(t);
	struct trial row = { .profile = p->id, .reverse = from->id, .sent = t->arrived };

	t->user = p->user;
	t->verp = VERP_NOTICE;
	t->kept = mark_sent;
	t->kept_arg = arena_str(&t->arena, str_of(&row, sizeof(row)));
	t->about = (struct correspondent){ .name = STR("Postern"),
		                           .reverse = from->id,
		                           .reverse_address = arena_str(&t->arena, from->address) };
	o->alias = (struct alias){ .user = p->user, .address = arena_str(&t->arena, to->address) };
	o->box = (struct alias_mailbox){ .mailbox = to->id,
		                         .profile = p->id,
		                         .hide_subject = to->hide_subject,
		                         .pad_sizes = to->pad_sizes,
		                         .address = o->alias.address };
	o->mode = SEAL_ENCRYPT; /* also where the mailbox takes clear mail: it is what is tested */
	return t;
}

int trial_send(struct core *c, const struct profile *p, const struct mailbox *to, trial_fn *done, void *arg,
               struct fail *f)
{
	OWN(arena) a = ARENA;
	OWN(buf) b = BUF(LETTER_MOST);
	struct reverse from = { 0 };
	struct txn *t;
	int r;

	TRY(check(c, p, to, f));
	TRY(address_of(c, p, &a, &from, f));
	if (core_commit(c) < 0) /* a letter is not to come from an address that is lost */
		return fail(f, FAIL_SYS, "the change could not be stored: is the disk full?");
	t = letter(c, p, to, &from);
	write_letter(t, to->address, &b);
	t->size = b.n;
	r = memfd_of(buf_str(&b), &t->fd, f);
	if (r == OK)
		r = txn_start(t, f);
	if (r < 0) {
		txn_fail(t, 451, "4.3.0", "", f->why);
		return r;
	}
	t->ended = done;
	t->ended_arg = arg;
	c->counters.notices++;
	log_info("ev=trial mid=%s to=%s", t->mid, log_mask(to->address));
	return OK;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

struct outcome {
	int64_t profile;
	enum trial_answer answer;
};

struct str trial_arg(struct arena *a, int64_t profile, enum trial_answer answer)
{
	struct outcome o;

	memset(&o, 0, sizeof(o)); /* its padding is copied too */
	o.profile = profile;
	o.answer = answer;
	return arena_str(a, str_of(&o, sizeof(o)));
}

int trial_answered(struct core *c, struct str arg, struct fail *f)
{
	struct outcome o;
	struct trial t;
	int r;

	memcpy(&o, arg.p, sizeof(o));
	r = trial_get(c->store, o.profile, &t, f);
	if (r == FAIL_ABSENT) /* deleted meanwhile */
		return OK;
	TRY(r);
	if (!trial_replaces((enum trial_answer)t.answer, o.answer))
		return OK;
	t.answer = o.answer;
	t.answered = core_now(c);
	log_info("ev=trial-answered profile=%lld answer=%s", (long long)o.profile, trial_word(o.answer));
	return trial_put(c->store, &t, f);
}
