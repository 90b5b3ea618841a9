#include "policy/event.h"

#include "policy/reply.h"

// clang-format off
/* One for each reason, in the user's words. "The sender" is whoever brought it; "the other side" the server that it was for: the
 * mailbox's on the way in, the correspondent's on the way out. */
static const struct event_reason rows[] = {
	{ "trouble", "This relay had trouble with it, and asked the sender to come again.", "Nothing, unless it goes on: then tell the operator." },
	{ "", "", "" },
	{ "off", "The alias is switched off.", "Switch it on to get its mail again." },
	{ "expired-date", "The alias has ended: its date has come.", "Give it another end, or none, to get its mail again." },
	{ "expired-idle", "The alias has ended: it was not used for as long as you had set.", "Give it another end, or none, to get its mail again." },
	{ "expired-count", "The alias has ended: it has taken as many messages as you had set.", "Give it more, or no bound, to get its mail again." },
	{ "no-mailbox", "No mailbox stands behind the alias.", "Choose a mailbox for it, and verify that mailbox." },
	{ "no-profile", "A mailbox behind the alias has no active profile: there was no key to encrypt to, and nothing goes out readable.",
	  "Issue a profile for that mailbox and activate it." },
	{ "profile-expired", "The profile of a mailbox behind the alias has expired: nothing can be encrypted to it any more.",
	  "Renew the profile and activate the new one." },
	{ "paused", "The mailbox is paused, because it took no mail. The sender was asked to come again.",
	  "See what the mailbox says of it; resume it when its provider takes mail again." },
	{ "blocked", "You have blocked this sender.", "Unblock the sender to get its mail again." },
	{ "quota", "The alias, or your account, has taken as much as it may in an hour or a day. The sender was asked to come again.",
	  "Nothing, if this was a flood. Else raise the bound of the alias, or ask the operator." },
	{ "quota-size", "The message is larger than the alias may take.", "Raise the bound of the alias, or ask for a smaller message." },
	{ "new-aliases", "Your catch-all made as many new aliases today as it may. The sender was asked to come again.",
	  "Raise the daily number of the domain, or name which addresses it takes." },
	{ "space", "The disk of this relay is nearly full. The sender was asked to come again.", "Tell the operator." },
	{ "loop", "The message had been here before: something sends your mail back to this relay.",
	  "See whether your mailbox forwards to one of your aliases, and switch that off." },
	{ "malformed", "The message was badly formed, or too complicated to read.", "Ask its sender to send it in another way." },
	{ "answers-quota", "You have sent as many answers in an hour as you may.", "Try again later, or ask the operator for more." },
	{ "there-other", "The other side did not take it, and gave no reason that is known here.", "" },
	{ "there-unknown", "The other side says that there is no such address.", "Check the address. If it is your mailbox, see whether it still exists." },
	{ "there-inactive", "The other side says that the address is switched off.", "Ask its provider." },
	{ "there-full", "The other side says that the mailbox is full.", "If it is yours: make room." },
	{ "there-blocked", "The other side refused this relay by its own rules.", "If it is your mailbox: allow this relay's address there. Tell the operator." },
	{ "there-spam", "The other side took it for spam.", "If it is your mailbox: allow this relay's address there." },
	{ "there-size", "The other side says that it is too large.", "Send less at once, or have the mailbox take more." },
	{ "there-rate", "The other side says that too much came too fast.", "Nothing: it is tried again." },
	{ "there-content", "The other side did not like its form, or something attached to it.", "Send it in another form." },
	{ "there-expired", "The other side could not be reached for as long as is tried.", "" },
	{ "there-network", "The other side could not be reached.", "" },
};
// clang-format on

static const char *const bounces[BOUNCE_REASONS] = {
	[BOUNCE_OTHER] = "there-other",       [BOUNCE_UNKNOWN] = "there-unknown",
	[BOUNCE_INACTIVE] = "there-inactive", [BOUNCE_FULL] = "there-full",
	[BOUNCE_BLOCKED] = "there-blocked",   [BOUNCE_SPAM] = "there-spam",
	[BOUNCE_SIZE] = "there-size",         [BOUNCE_RATE] = "there-rate",
	[BOUNCE_CONTENT] = "there-content",   [BOUNCE_EXPIRED] = "there-expired",
	[BOUNCE_NETWORK] = "there-network",
};

static const struct event_reason *find(struct str word)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(word, str_c(rows[i].word)))
			return &rows[i];
	return NULL;
}

static bool is_of_answers(struct str word, enum reply_cause *ret)
{
	*ret = reply_by_word(word);
	return *ret != REPLY_CAUSES && *ret != REPLY_FINE;
}

bool event_is_word(struct str word)
{
	enum reply_cause cause;

	return find(word) || is_of_answers(word, &cause);
}

struct event_reason event_reason(struct str word)
{
	const struct event_reason *row = find(word);
	enum reply_cause cause;
	const struct reply_row *r;

	if (row || !is_of_answers(word, &cause))
		return row ? *row : rows[0];
	r = reply_row(cause);
	return (struct event_reason){ r->word, r->why, r->remedy };
}

const char *event_bounce_word(uint32_t reason)
{
	return bounces[reason < BOUNCE_REASONS ? reason : BOUNCE_OTHER];
}
