#include "role/core/notices.h"

#include "base/log.h"

// clang-format off
static const struct notice_row rows[NOTICE_KINDS] = {
	[NOTICE_PROFILE_ENDS] = { "profile-ends", "Your encryption profile ends soon",
	  "After that day mail to your aliases waits for a few days at its senders and is then refused:\r\n"
	  "it is never relayed in clear.\r\n\r\n"
	  "What to do: issue a new profile (postern profile issue), install it in your mail clients, and activate\r\n"
	  "it. Keep the old one installed, so that mail you already have stays readable.\r\n", VERP_NOTICE },
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

	if (!m->active_profile)
		return m->clear_ok;
	return profile_get(c->store, m->active_profile, &a, &p, NULL) == OK && p.not_after > core_now(c);
}

int notice_send(struct core *c, enum notice_kind kind, const struct mailbox *to, struct str happened,
                kept_fn *kept, struct str arg, struct fail *f)
{
	OWN(buf) text = BUF(256 * 1024);
	int r;

	if (!notice_reaches(c, to))
		return fail(f, FAIL_ABSENT, "no active profile to seal a notice with");
	buf_add(&text, happened);
	buf_addz(&text, rows[kind].ends);
	r = txn_notice(c, to, rows[kind].verp, str_c(rows[kind].subject), buf_str(&text), kept, arg, f);
	if (r == OK)
		log_info("ev=notice kind=%s to=%s", rows[kind].word, log_mask(to->address));
	return r;
}
