#include "policy/reply.h"

#include "base/clock.h"

/* Until it is known that the user speaks, every refusal is the same to the last letter. Whoever sends altered copies of a
 * captured answer and is told apart "it did not open" from "it opened, and was not signed" has a decryption oracle
 * (ATTACKS: Bleichenbacher, Vaudenay); so also no 5.7.7. The user's provider shows these words to the user, in a report
 * that everybody on the way can read: they say where to look, and name nobody. */
#define UNKNOWN_SPEAKER 550, "5.7.1", "this answer was not sent on: a sealed letter tells its writer why"

#define HOW_TO_SIGN                                                                                          \
	"Thunderbird: Account Settings, End-To-End Encryption, S/MIME: choose the certificate of this "      \
	"mailbox for signing and "                                                                           \
	"switch on \"Add my digital signature by default\".\n"                                               \
	"Apple Mail: in the window of the answer, the sign of a seal beside the subject is to be blue; on "  \
	"an iPhone: Settings, "                                                                              \
	"Mail, Accounts, the account, Advanced, Sign.\n"                                                     \
	"Outlook: Options, Sign, in the window of the answer; for all: Trust Center, Email Security, \"Add " \
	"digital signature "                                                                                 \
	"to outgoing messages\".\n"

// clang-format off
static const struct reply_row rows[REPLY_CAUSES] = {
	[REPLY_FINE] = { "fine", 250, "2.0.0", "ok", "Nothing is wrong with it.", "There is nothing to do.", false },
	[REPLY_UNOPENED] = { "unopened", UNKNOWN_SPEAKER,
	  "Postern could not open this answer. It was encrypted for another address, or it has changed on its way.",
	  "Open the message that you wanted to answer, press Reply in it, and write your text anew: your mail program then "
	  "encrypts for the address that the answer goes to. Do not forward or redirect an old answer.\n"
	  "If it happens again, let your mail program forget the certificate of that address; it learns it anew from the next "
	  "message. In Thunderbird: Settings, Privacy & Security, Manage Certificates, People.", false },
	[REPLY_UNSIGNED] = { "unsigned", UNKNOWN_SPEAKER,
	  "Your mail program did not sign this answer. Only your signature shows that it was you who wrote it, and not your "
	  "provider or somebody who broke in there.",
	  "Switch signing on and send the answer again.\n" HOW_TO_SIGN
	  "If this program cannot sign at all: postern mailbox set ADDRESS --reply relaxed, with what doc/replies.md says about "
	  "it.", false },
	[REPLY_FOREIGN] = { "foreign-key", UNKNOWN_SPEAKER,
	  "This answer is signed with a key that is not registered for this mailbox. If you did not write it, somebody else "
	  "has tried to speak for you.",
	  "If it was you, your mail program holds several certificates and took another one. Choose the one that Postern issued "
	  "for this mailbox and send the answer again.\n"
	  "Thunderbird: Account Settings, End-To-End Encryption, S/MIME, Select.\n"
	  "Apple Mail: Keychain Access, the certificate, New Identity Preference, with the address of this mailbox.\n"
	  "Outlook: Trust Center, Email Security, Settings, Signing Certificate.", false },
	[REPLY_BROKEN] = { "broken", UNKNOWN_SPEAKER,
	  "The signature of this answer does not fit its text: something has changed it after your mail program signed it.",
	  "Send the answer again. If that happens each time, something on the way rewrites your mail: a filter that adds a "
	  "footer, a virus scanner on your computer, a gateway of your company. It has to leave signed mail alone; an answer "
	  "that is encrypted it cannot change.", false },
	[REPLY_UNTRUSTED] = { "untrusted", UNKNOWN_SPEAKER,
	  "This answer is not signed, and it did not come from a server that this relay trusts to have asked for your password. "
	  "Anybody could have written it.",
	  "Sign your answers, or ask the operator to name your provider's sending server in reply.trusted_hosts.\n" HOW_TO_SIGN,
	  false },
	[REPLY_ALTERABLE] = { "alterable", UNKNOWN_SPEAKER,
	  "This answer is encrypted but not signed by you. Encryption of this kind does not show when somebody changes the "
	  "message, and with such changes strangers make a relay give away what it can read.",
	  "Sign what you encrypt, and send the answer again.\n" HOW_TO_SIGN, false },
	[REPLY_IN_CLEAR] = { "in-clear", 550, "5.7.1", "this mailbox sends encrypted answers alone",
	  "Your mail program signed this answer but did not encrypt it: your provider could read it. This mailbox is set to "
	  "refuse that.",
	  "Switch encryption on and send the answer again. Your mail program knows the certificate when it has shown you a "
	  "message from that address with a valid signature.\n"
	  "Thunderbird: Security, Encrypt, in the window of the answer.\n"
	  "Apple Mail: the lock beside the subject.\n"
	  "Outlook: Options, Encrypt, S/MIME.\n"
	  "To let this one go although it was readable, release it. To take such answers always: postern mailbox set ADDRESS "
	  "--clear-replies accept", true },
	[REPLY_REUSED] = { "reused", UNKNOWN_SPEAKER,
	  "The signature of this answer was used before, in another message. Your mail program makes a new one each time: "
	  "somebody has taken an old answer of yours to say the same again, perhaps to somebody else.",
	  "If it was you: do not redirect or resend an old message, but write the answer anew. If it was not, your "
	  "provider or somebody on the way plays old messages back; nothing was sent.", false },
	[REPLY_STALE] = { "stale", UNKNOWN_SPEAKER,
	  "This answer was signed more than a week ago, or at a time that is still to come, or says no time. It may be an old "
	  "one that somebody sends again.",
	  "If it has only waited (in an outbox without network, at your provider), release it. If the clock of your computer or "
	  "telephone is wrong, set it right and send the answer again.", true },
	[REPLY_OWN_MAIL] = { "own-mail", 550, "5.7.1",
	  "this answers a message that its writer sent: answer what came instead",
	  "You answered a message from your own Sent folder. Your mail program then quotes you as its writer, and your "
	  "correspondent would read your real name or address there.",
	  "Answer the last message that came from your correspondent instead. Postern takes your addresses out of what is "
	  "quoted, but not what it cannot know, such as a nickname: if you have looked and nothing names you, release it.", true },
	[REPLY_STRANGERS] = { "strangers", 550, "5.7.1",
	  "a recipient of this answer would get it directly: write to reverse addresses alone",
	  "Beside addresses of this relay, the answer is addressed to somebody directly. That copy would go past the relay and "
	  "show your real address, and the others would see it in the list of recipients.",
	  "Take that recipient out, or put the address in that Postern makes for them (postern correspondent add ALIAS ADDRESS "
	  "tells it), and send the answer again. Check also Bcc, and an automatic copy to yourself.", false },
	[REPLY_MIXED] = { "several-aliases", 550, "5.7.1", "the recipients of this answer belong to several aliases",
	  "The recipients of this answer know you by different aliases. One message would show them that these are one person.",
	  "Send the answer to each group apart, one message for each alias.", false },
	[REPLY_NOT_ALIAS] = { "not-alias", 550, "5.7.1", "the sender is to be an address that you have given out here",
	  "The sender (From) of this message is not an alias of yours.",
	  "Choose one of your aliases as the sender in your mail program and send the message again: postern alias list shows "
	  "them.", false },
	[REPLY_UNREADABLE] = { "unreadable", 550, "5.6.1", "a part of this answer cannot be read, so it was not sent on",
	  "A part of this answer is in a form that Postern cannot read. It might name you there, so nothing was sent.",
	  "Send the answer again as plain text or HTML in UTF-8, which every mail program can; put what is special into an "
	  "attachment.", false },
	[REPLY_ENDED] = { "ended", 550, "5.7.1", "the alias of this answer is switched off or has ended",
	  "The alias that this answer would come from is switched off or has ended.",
	  "Switch it on, or give it another end, and send the answer again: postern alias set ALIAS --state on --expires never",
	  false },
};
// clang-format on

const struct reply_row *reply_row(enum reply_cause c)
{
	return &rows[c];
}

enum reply_cause reply_by_word(struct str word)
{
	for (unsigned i = 0; i < REPLY_CAUSES; i++)
		if (str_eq(word, str_c(rows[i].word)))
			return (enum reply_cause)i;
	return REPLY_CAUSES;
}

/* ---- the rule ---------------------------------------------------------------------------------------------------- */

static bool is_users(const struct reply_facts *f)
{
	return f->signature == SPEAKS_USER;
}

/* Strict: a registered signature. Relaxed: the word of a host that asked for a password; but what is encrypted without
 * authentication is not even then acted on, because who changes a ciphertext in the dark needs no password of the user. */
enum reply_cause reply_who(const struct reply_facts *f)
{
	if (f->submitted)
		return f->not_alias ? REPLY_NOT_ALIAS : REPLY_FINE;
	if (f->signature == SPEAKS_FALSELY)
		return REPLY_BROKEN;
	if (is_users(f))
		return f->reused ? REPLY_REUSED : REPLY_FINE;
	if (f->rule != REPLY_RELAXED || !f->trusted_host)
		return f->signature == SPEAKS_OTHER ? REPLY_FOREIGN
		       : f->rule == REPLY_RELAXED   ? REPLY_UNTRUSTED
		                                    : REPLY_UNSIGNED;
	return f->encrypted && f->cbc ? REPLY_ALTERABLE : REPLY_FINE;
}

/* A signature without a time would be good for ever, once REPLY_REPEAT_DAYS have forgotten it. */
static bool is_stale(const struct reply_facts *f, int64_t now)
{
	if (f->submitted || !is_users(f))
		return false;
	return !f->signed_utc || f->signed_utc < now - (int64_t)REPLY_SIGNED_MOST_DAYS * DAY_S ||
	       f->signed_utc > now + REPLY_AHEAD_MOST_S; /* whatever number was told */
}

/* First who speaks: a stranger learns nothing of what stands below. Then what no word of the user mends, because it would
 * name the user to others; then what the user may let go. In this order, so that nobody releases an answer only to hear of the next cause. */
enum reply_cause reply_judge(const struct reply_facts *f, int64_t now_utc)
{
	enum reply_cause who = reply_who(f);
	const struct {
		bool is;
		enum reply_cause cause;
	} causes[] = {
		{ f->ended, REPLY_ENDED },
		{ f->mixed, REPLY_MIXED },
		{ f->strangers, REPLY_STRANGERS },
		{ is_stale(f, now_utc), REPLY_STALE },
		{ !f->encrypted && !f->submitted && !f->clear_ok, REPLY_IN_CLEAR },
		{ f->own_mail, REPLY_OWN_MAIL },
	};

	if (who != REPLY_FINE)
		return who;
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].is && !(f->released && rows[causes[i].cause].releasable))
			return causes[i].cause;
	return REPLY_FINE;
}
