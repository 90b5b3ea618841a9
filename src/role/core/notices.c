#include "role/core/notices.h"

#include "base/log.h"
#include "store/bounces.h"

// clang-format off
static const struct notice_row rows[NOTICE_KINDS] = {
	[NOTICE_PROFILE_ENDS] = { "profile-ends", "Your encryption profile ends soon",
	  "After that day mail to your aliases waits for a few days at its senders and is then refused:\r\n"
	  "it is never relayed in clear.\r\n\r\n"
	  "What to do: issue a new profile (in the web app: Mailboxes, Renew; or postern profile issue), install it in your\r\n"
	  "mail clients, test it, and activate it. Both work side by side until the old one ends. Keep the old one installed,\r\n"
	  "so that mail you already have stays readable.\r\n", VERP_NOTICE },
	[NOTICE_ALIASES_END] = { "aliases-end", "Aliases that end",
	  "To keep one, give it another end: postern alias set ADDRESS --expires, --idle-days or --count.\r\n"
	  "Not to be told any more: postern user set NAME --expiry-notices off\r\n", VERP_NOTICE },
	[NOTICE_PAUSED] = { "paused", "One of your mailboxes takes no mail",
	  "Nothing is lost by it: mail to aliases that lead there alone waits at its senders, and aliases that lead to\r\n"
	  "other mailboxes too go on with those.\r\n\r\n"
	  "What to do: see to it at its provider. Postern tries a letter of its own there from time to time and goes on\r\n"
	  "when it is taken. To go on at once: postern mailbox resume ADDRESS\r\n", VERP_NOTICE },
	[NOTICE_WORKS_AGAIN] = { "works-again", "This mailbox takes mail again",
	  "That this letter has come shows that it works. Mail goes on by itself; there is nothing to do.\r\n", VERP_PROBE },
	[NOTICE_LOST] = { "lost", "A message to you could not be delivered",
	  "Postern has not kept it. Its sender was not told: nobody vouches for the address that it came from, and a report\r\n"
	  "to an address that was invented would go to a stranger.\r\n\r\n"
	  "What to do: if you know the sender, ask them to send it again. If your provider refuses more of them, see what\r\n"
	  "it says above: a full mailbox, a bound on size or a filter of its own can be mended with it alone. Not more than\r\n"
	  "one such letter an hour is written; all that was refused: postern mailbox show ADDRESS\r\n", VERP_NOTICE },
	[NOTICE_VERIFY] = { "verify", "Your code for Postern",
	  "Somebody - you, it is hoped - has named this address as a mailbox of theirs in Postern, a privacy mail relay, and\r\n"
	  "shows with this code that it is. It is good for an hour.\r\n\r\n"
	  "If it was not you: do nothing. Without the code nothing comes here.\r\n", VERP_NOTICE },
	[NOTICE_DOMAIN] = { "domain", "One of your domains needs a look",
	  "Postern has changed nothing: what arrives for your aliases is relayed, and the domain stays yours here.\r\n\r\n"
	  "What to do: if you did not mean this, put the record back where the DNS of the domain is kept, then check (in the\r\n"
	  "web app: Domains). If the domain is not yours any more, delete it there: whoever has it now gets the mail that goes\r\n"
	  "to your aliases in it. Not more than one such letter a week is written for a domain, and none after a month.\r\n", VERP_NOTICE },
	[NOTICE_REPLY_HELD] = { "reply-held", "An answer of yours was not sent",
	  "" /* held.c: it has one size, with all that it says */, VERP_NOTICE },
	[NOTICE_REPLY_FAILED] = { "reply-failed", "An answer of yours did not arrive",
	  "Postern has sent it on, but nobody will read it. Your correspondent knows nothing of this letter.\r\n\r\n"
	  "What to do: see what the other server says above. If the address is wrong or gone, ask for another one; if it is\r\n"
	  "full or the message too large, try again later or with less. postern correspondent list ALIAS shows where\r\n"
	  "answers go, postern correspondent set REVERSE --reply-to ADDRESS changes it.\r\n", VERP_NOTICE },
	[NOTICE_REPLY_READABLE] = { "reply-readable", "An answer of yours could be read on its way",
	  "Your provider, and every server between it and Postern, could read what you wrote and to which reverse address.\r\n"
	  "Your correspondent has got the answer; nobody has learnt there who you are.\r\n\r\n"
	  "What to do: switch encryption on in your mail program, for each answer or for all. It knows the certificate of an\r\n"
	  "address when it has shown you a message from there with a valid signature.\r\n"
	  "Thunderbird: Security, Encrypt, in the window of the answer; Account Settings, End-To-End Encryption.\r\n"
	  "Apple Mail: the lock beside the subject.\r\n"
	  "Outlook: Options, Encrypt, S/MIME.\r\n\r\n"
	  "To have such answers refused: postern mailbox set ADDRESS --clear-replies refuse\r\n"
	  "This letter is written once for a mailbox.\r\n", VERP_NOTICE },
};
// clang-format on

const struct notice_row *notice_row(enum notice_kind kind)
{
	return &rows[kind];
}

bool notice_reaches(struct core *c, const struct mailbox *m)
{
	OWN(arena) a = ARENA;
	struct profile p;

	if (!m->verified)
		return false;
	if (!m->active_profile)
		return m->clear_ok;
	return profile_get(c->store, m->active_profile, &a, &p, NULL) == OK && p.not_after > core_now(c);
}

void notice_line(struct buf *out, const char *name, struct str value)
{
	if (!value.n)
		return;
	buf_addf(out, "  %-9s ", name);
	for (size_t n = 0; n < value.n; n++)
		buf_addc(out, (unsigned char)value.p[n] < ' ' ? ' ' : value.p[n]);
	buf_addz(out, "\r\n");
}

void notice_words(struct buf *out, struct str status, struct str note)
{
	OWN(buf) said = BUF(4096);

	buf_add(&said, status);
	buf_addc(&said, ' ');
	buf_add(&said, note);
	notice_line(out, "refused:", buf_str(&said));
	buf_addz(out, "\r\n");
}

struct choice {
	struct core *core;
	int64_t first, best;
};

static int consider(void *arg, const struct mailbox *m, struct fail *f)
{
	struct choice *w = arg;
	struct pause p;

	TRY(pause_get(w->core->store, m->id, &p, f));
	if (!p.since && notice_reaches(w->core, m) && (!w->best || m->id == w->first))
		w->best = m->id;
	return OK;
}

int notice_mailbox(struct core *c, int64_t user, int64_t first, struct arena *a, struct mailbox *ret,
                   struct fail *f)
{
	struct choice w = { .core = c, .first = first };

	TRY(mailbox_each(c->store, user, consider, &w, f));
	return w.best ? mailbox_get(c->store, w.best, a, ret, f)
	              : fail(f, FAIL_ABSENT, "no mailbox that a letter can be sealed for");
}

/* One of both: what to call when it is kept; the item that ends with it. */
struct ending {
	kept_fn *kept;
	struct str arg;
	int64_t item;
};

static int letter(struct core *c, enum notice_kind kind, const struct mailbox *to, struct str happened,
                  const struct ending *e, struct fail *f)
{
	OWN(buf) text = BUF(256 * 1024);
	int r;

	if (!notice_reaches(c, to))
		return fail(f, FAIL_ABSENT, "no active profile to seal a notice with");
	buf_add(&text, happened);
	buf_addz(&text, rows[kind].ends);
	r = txn_notice(c, to, rows[kind].verp, str_c(rows[kind].subject), buf_str(&text), e->kept, e->arg,
	               e->item, f);
	if (r == OK)
		log_info("ev=notice kind=%s to=%s", rows[kind].word, log_mask(to->address));
	return r;
}

int notice_send(struct core *c, enum notice_kind kind, const struct mailbox *to, struct str happened,
                kept_fn *kept, struct str arg, struct fail *f)
{
	return letter(c, kind, to, happened, &(struct ending){ kept, arg, 0 }, f);
}

int notice_verify(struct core *c, const struct mailbox *to, struct str happened, struct fail *f)
{
	OWN(buf) text = BUF(64 * 1024);
	struct mailbox m = *to;

	m.clear_ok = true; /* it holds nothing of anybody, and there is no key yet */
	buf_add(&text, happened);
	buf_addz(&text, rows[NOTICE_VERIFY].ends);
	TRY(txn_notice(c, &m, rows[NOTICE_VERIFY].verp, str_c(rows[NOTICE_VERIFY].subject), buf_str(&text),
	               NULL, STR(""), 0, f));
	log_info("ev=notice kind=verify to=%s", log_mask(to->address));
	return OK;
}

int notice_of_end(struct core *c, enum notice_kind kind, const struct mailbox *to, struct str happened,
                  int64_t item, struct fail *f)
{
	return letter(c, kind, to, happened, &(struct ending){ NULL, STR(""), item }, f);
}
