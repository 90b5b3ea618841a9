/* bounce_words.c - what servers say when they refuse, row by row: RFC 3463 gives too few words for it, and few use them. */
#include "wire/bounce.h"

struct row {
	const char *words;
	enum bounce_reason reason;
};

// clang-format off
/* The first row that fits counts: narrow ones stand before wide ones. Lower case, single blanks. */
static const struct row rows[] = {
	/* A list of senders that are blocked names spam, users and hosts all at once. */
	{ "spamhaus", BOUNCE_BLOCKED }, { "blacklist", BOUNCE_BLOCKED }, { "black list", BOUNCE_BLOCKED },
	{ "blocklist", BOUNCE_BLOCKED }, { "block list", BOUNCE_BLOCKED }, { "blackholed", BOUNCE_BLOCKED },
	{ "barracudanetworks.com/reputation", BOUNCE_BLOCKED }, { "spamcop", BOUNCE_BLOCKED }, { "dnsbl", BOUNCE_BLOCKED },
	{ "sorbs.net", BOUNCE_BLOCKED }, { "senderbase", BOUNCE_BLOCKED }, { "ip reputation", BOUNCE_BLOCKED },

	/* Words of which a part stands further down with another sense. */
	{ "recipient address rejected: access denied", BOUNCE_UNKNOWN }, { "host or domain name not found", BOUNCE_NETWORK },
	{ "connection refused", BOUNCE_NETWORK }, { "connection timed out", BOUNCE_EXPIRED }, { "does not accept mail", BOUNCE_NETWORK },
	{ "name service error", BOUNCE_NETWORK }, { "no smtp service", BOUNCE_NETWORK }, { "invalid ip for sending", BOUNCE_BLOCKED },

	{ "mailbox full", BOUNCE_FULL }, { "mailbox is full", BOUNCE_FULL }, { "mailboxfull", BOUNCE_FULL },
	{ "mailfolder is full", BOUNCE_FULL }, { "mailbox over quota", BOUNCE_FULL },
	{ "over quota", BOUNCE_FULL }, { "over-quota", BOUNCE_FULL }, { "overquota", BOUNCE_FULL },
	{ "quota exceeded", BOUNCE_FULL }, { "exceeded quota", BOUNCE_FULL }, { "exceeded its quota", BOUNCE_FULL },
	{ "quota has been exceeded", BOUNCE_FULL }, { "quota violation", BOUNCE_FULL }, { "quota is full", BOUNCE_FULL },
	{ "exceed mailbox quota", BOUNCE_FULL }, { "exceeds mailbox quota", BOUNCE_FULL }, { "exceeded storage", BOUNCE_FULL },
	{ "exceeds storage", BOUNCE_FULL }, { "storage space", BOUNCE_FULL }, { "storage quota", BOUNCE_FULL },
	{ "exceeded the max. quota", BOUNCE_FULL }, { "mailbox size limit", BOUNCE_FULL }, { "mailbox has exceeded", BOUNCE_FULL },
	{ "exceeded the space limit", BOUNCE_FULL }, { "out of storage", BOUNCE_FULL }, { "inbox is full", BOUNCE_FULL },
	{ "no space left in mailbox", BOUNCE_FULL }, { "not enough storage", BOUNCE_FULL }, { "quotaexceeded", BOUNCE_FULL },
	{ "disk quota", BOUNCE_FULL }, { "is over disk", BOUNCE_FULL }, { "mailbox quota", BOUNCE_FULL },
	{ "account is full", BOUNCE_FULL }, { "account has been reached", BOUNCE_FULL }, { "mail box space", BOUNCE_FULL },
	{ "exceeding the quota", BOUNCE_FULL }, { "maildir over", BOUNCE_FULL }, { "mailbox exceeds", BOUNCE_FULL },
	{ "exceeds allowed quota", BOUNCE_FULL }, { "delivery failed: over", BOUNCE_FULL }, { "recipient reached disk", BOUNCE_FULL },
	{ "account is exceeding", BOUNCE_FULL }, { "receiving mail at a rate", BOUNCE_RATE },

	{ "message size", BOUNCE_SIZE }, { "message too big", BOUNCE_SIZE }, { "message too large", BOUNCE_SIZE },
	{ "message is too large", BOUNCE_SIZE }, { "message length exceeds", BOUNCE_SIZE }, { "size limit", BOUNCE_SIZE },
	{ "mail size", BOUNCE_SIZE }, { "exceeds size", BOUNCE_SIZE }, { "exceeds maximum", BOUNCE_SIZE }, { "exceeds the maximum", BOUNCE_SIZE },
	{ "file size exceeds", BOUNCE_SIZE }, { "too much mail data", BOUNCE_SIZE }, { "maximum message", BOUNCE_SIZE },
	{ "exceeded maximum inbound", BOUNCE_SIZE }, { "message header size", BOUNCE_SIZE }, { "larger than", BOUNCE_SIZE },
	{ "message is larger", BOUNCE_SIZE }, { "fixed maximum", BOUNCE_SIZE }, { "too big for", BOUNCE_SIZE },

	{ "too many connections", BOUNCE_RATE }, { "too many mails", BOUNCE_RATE }, { "too many messages", BOUNCE_RATE },
	{ "too many recipients", BOUNCE_RATE }, { "rate limit", BOUNCE_RATE }, { "throttl", BOUNCE_RATE }, { "too fast", BOUNCE_RATE },
	{ "sending limit", BOUNCE_RATE }, { "too many emails", BOUNCE_RATE }, { "concurrent", BOUNCE_RATE },
	{ "connection rate", BOUNCE_RATE }, { "unusual rate", BOUNCE_RATE }, { "too quickly", BOUNCE_RATE }, { "max emails per", BOUNCE_RATE },
	{ "daily sending quota", BOUNCE_RATE }, { "slow down", BOUNCE_RATE }, { "maximum number of messages", BOUNCE_RATE },
	{ "limit on the number", BOUNCE_RATE }, { "too many errors", BOUNCE_RATE }, { "sessions per", BOUNCE_RATE },

	{ "account disabled", BOUNCE_INACTIVE }, { "account is disabled", BOUNCE_INACTIVE }, { "has been disabled", BOUNCE_INACTIVE },
	{ "mailbox disabled", BOUNCE_INACTIVE }, { "user disabled", BOUNCE_INACTIVE }, { "account inactive", BOUNCE_INACTIVE },
	{ "is inactive", BOUNCE_INACTIVE }, { "account that you tried to reach is disabled", BOUNCE_INACTIVE },
	{ "has been suspended", BOUNCE_INACTIVE }, { "account suspended", BOUNCE_INACTIVE }, { "is suspended", BOUNCE_INACTIVE },
	{ "temporarily disabled", BOUNCE_INACTIVE }, { "mailbox currently suspended", BOUNCE_INACTIVE }, { "inactive mailbox", BOUNCE_INACTIVE },
	{ "inactive user", BOUNCE_INACTIVE }, { "mailbox inactive", BOUNCE_INACTIVE }, { "not active", BOUNCE_INACTIVE },
	{ "is discontinued", BOUNCE_INACTIVE }, { "account closed", BOUNCE_INACTIVE }, { "mailbox unavailable or access denied", BOUNCE_INACTIVE },
	{ "deactivated", BOUNCE_INACTIVE }, { "frozen", BOUNCE_INACTIVE }, { "has moved", BOUNCE_INACTIVE }, { "user has moved", BOUNCE_INACTIVE },
	{ "no longer on server", BOUNCE_INACTIVE }, { "no longer active", BOUNCE_INACTIVE }, { "account expired", BOUNCE_INACTIVE },
	{ "account not activated", BOUNCE_INACTIVE }, { "been locked", BOUNCE_INACTIVE },

	{ "user unknown", BOUNCE_UNKNOWN }, { "unknown user", BOUNCE_UNKNOWN }, { "user is unknown", BOUNCE_UNKNOWN },
	{ "userunknown", BOUNCE_UNKNOWN }, { "no such user", BOUNCE_UNKNOWN }, { "no such mailbox", BOUNCE_UNKNOWN },
	{ "no such recipient", BOUNCE_UNKNOWN }, { "no such address", BOUNCE_UNKNOWN }, { "no such person", BOUNCE_UNKNOWN },
	{ "no such email", BOUNCE_UNKNOWN }, { "no mailbox", BOUNCE_UNKNOWN }, { "no mail box", BOUNCE_UNKNOWN }, { "no account", BOUNCE_UNKNOWN },
	{ "doesn't have a", BOUNCE_UNKNOWN }, { "does not have an account", BOUNCE_UNKNOWN }, { "recipient unknown", BOUNCE_UNKNOWN },
	{ "unknown recipient", BOUNCE_UNKNOWN }, { "unknown address", BOUNCE_UNKNOWN }, { "address unknown", BOUNCE_UNKNOWN },
	{ "unknown mailbox", BOUNCE_UNKNOWN }, { "mailbox unknown", BOUNCE_UNKNOWN }, { "unknown local", BOUNCE_UNKNOWN },
	{ "does not exist", BOUNCE_UNKNOWN }, { "doesn't exist", BOUNCE_UNKNOWN }, { "not exist", BOUNCE_UNKNOWN },
	{ "user not found", BOUNCE_UNKNOWN }, { "mailbox not found", BOUNCE_UNKNOWN }, { "address not found", BOUNCE_UNKNOWN },
	{ "recipient not found", BOUNCE_UNKNOWN }, { "recipnotfound", BOUNCE_UNKNOWN }, { "not found in", BOUNCE_UNKNOWN },
	{ "was not found", BOUNCE_UNKNOWN }, { "could not be found", BOUNCE_UNKNOWN }, { "couldn't be found", BOUNCE_UNKNOWN },
	{ "wasn't found", BOUNCE_UNKNOWN }, { "not listed", BOUNCE_UNKNOWN }, { "invalid recipient", BOUNCE_UNKNOWN },
	{ "invalid user", BOUNCE_UNKNOWN }, { "invalid mailbox", BOUNCE_UNKNOWN }, { "invalid address", BOUNCE_UNKNOWN },
	{ "recipient address rejected: user", BOUNCE_UNKNOWN }, { "recipient rejected", BOUNCE_UNKNOWN },
	{ "is not a valid mailbox", BOUNCE_UNKNOWN }, { "not a valid", BOUNCE_UNKNOWN }, { "not our customer", BOUNCE_UNKNOWN },
	{ "not a known user", BOUNCE_UNKNOWN }, { "not a local", BOUNCE_UNKNOWN }, { "no valid recipients", BOUNCE_UNKNOWN },
	{ "not known", BOUNCE_UNKNOWN }, { "destination addresses were unknown", BOUNCE_UNKNOWN }, { "bad destination", BOUNCE_UNKNOWN },
	{ "delivery error: dd", BOUNCE_UNKNOWN }, { "mailbox unavailable", BOUNCE_UNKNOWN }, { "unrouteable address", BOUNCE_NETWORK },
	{ "unroutable address", BOUNCE_NETWORK }, { "unknown or invalid", BOUNCE_UNKNOWN }, { "not in our", BOUNCE_UNKNOWN },
	{ "badrcptto", BOUNCE_UNKNOWN }, { "vrfy", BOUNCE_UNKNOWN }, { "user doesn", BOUNCE_UNKNOWN }, { "isn't in my", BOUNCE_UNKNOWN },
	{ "address error", BOUNCE_UNKNOWN }, { "invalid e-mail", BOUNCE_UNKNOWN }, { "invalid email", BOUNCE_UNKNOWN }, { "cannot be found", BOUNCE_UNKNOWN }, { "can't be found", BOUNCE_UNKNOWN },
	{ "nicht vorhanden", BOUNCE_UNKNOWN }, { "group you tried to contact", BOUNCE_UNKNOWN }, { "unable to find recipient", BOUNCE_UNKNOWN },

	{ "virus", BOUNCE_CONTENT }, { "malware", BOUNCE_CONTENT }, { "attachment", BOUNCE_CONTENT }, { "executable file", BOUNCE_CONTENT },
	{ "rejected due to header", BOUNCE_CONTENT }, { "header error", BOUNCE_CONTENT }, { "invalid characters", BOUNCE_CONTENT }, { "8-bit", BOUNCE_CONTENT },
	{ "unacceptable mail content", BOUNCE_CONTENT }, { "message content", BOUNCE_CONTENT }, { "improper use of 8", BOUNCE_CONTENT },
	{ "conversion", BOUNCE_CONTENT }, { "message filtered", BOUNCE_CONTENT }, { "message header", BOUNCE_CONTENT }, { "multiple addresses in", BOUNCE_CONTENT },
	{ "illegal attachment", BOUNCE_CONTENT }, { "mime", BOUNCE_CONTENT }, { "smtputf8", BOUNCE_CONTENT }, { "not rfc", BOUNCE_CONTENT },
	{ "rfc 5322", BOUNCE_CONTENT }, { "rfc 2822", BOUNCE_CONTENT }, { "rfc2822", BOUNCE_CONTENT }, { "content reject", BOUNCE_CONTENT },

	{ "unsolicited", BOUNCE_SPAM }, { "considered spam", BOUNCE_SPAM }, { "looks like spam", BOUNCE_SPAM },
	{ "spam message", BOUNCE_SPAM }, { "spam content", BOUNCE_SPAM }, { "detected as spam", BOUNCE_SPAM }, { "classified as spam", BOUNCE_SPAM },
	{ "identified as spam", BOUNCE_SPAM }, { "spamassassin", BOUNCE_SPAM }, { "spam detected", BOUNCE_SPAM }, { "anti-spam", BOUNCE_SPAM },
	{ "bulk email", BOUNCE_SPAM }, { "junk mail", BOUNCE_SPAM }, { "phishing", BOUNCE_SPAM }, { "is spam", BOUNCE_SPAM }, { "as spam", BOUNCE_SPAM }, { "spam", BOUNCE_SPAM },

	{ "dmarc", BOUNCE_BLOCKED }, { "dkim", BOUNCE_BLOCKED }, { "spf ", BOUNCE_BLOCKED }, { "spf:", BOUNCE_BLOCKED }, { "unauthenticated", BOUNCE_BLOCKED },
	{ "sender policy framework", BOUNCE_BLOCKED }, { "blocked", BOUNCE_BLOCKED }, { "access denied", BOUNCE_BLOCKED },
	{ "access is denied", BOUNCE_BLOCKED }, { "not authorized", BOUNCE_BLOCKED }, { "not authorised", BOUNCE_BLOCKED },
	{ "administratively", BOUNCE_BLOCKED }, { "administrative prohibition", BOUNCE_BLOCKED }, { "policy", BOUNCE_BLOCKED },
	{ "relay access", BOUNCE_BLOCKED }, { "relaying", BOUNCE_BLOCKED }, { "to relay", BOUNCE_BLOCKED }, { "relay not", BOUNCE_BLOCKED }, { "smtp server of your isp", BOUNCE_BLOCKED }, { "reverse dns", BOUNCE_BLOCKED }, { "ptr record", BOUNCE_BLOCKED }, { "rdns", BOUNCE_BLOCKED },
	{ "prohibited", BOUNCE_BLOCKED }, { "denied", BOUNCE_BLOCKED }, { "sender rejected", BOUNCE_BLOCKED },
	{ "sender address rejected", BOUNCE_BLOCKED }, { "sender was rejected", BOUNCE_BLOCKED }, { "domain of sender", BOUNCE_BLOCKED },
	{ "sender domain", BOUNCE_BLOCKED }, { "bad reputation", BOUNCE_BLOCKED }, { "poor reputation", BOUNCE_BLOCKED }, { "reputation", BOUNCE_BLOCKED },
	{ "not accepted", BOUNCE_BLOCKED }, { "not accepting", BOUNCE_BLOCKED }, { "not allowed", BOUNCE_BLOCKED }, { "not permitted", BOUNCE_BLOCKED },
	{ "refused", BOUNCE_BLOCKED }, { "banned", BOUNCE_BLOCKED }, { "authentication required", BOUNCE_BLOCKED }, { "permission", BOUNCE_BLOCKED },
	{ "security", BOUNCE_BLOCKED }, { "starttls", BOUNCE_BLOCKED }, { "rejected by the recipient domain", BOUNCE_BLOCKED }, { "greylist", BOUNCE_BLOCKED },
	{ "restricted", BOUNCE_BLOCKED }, { "rejected your message", BOUNCE_BLOCKED }, { "transaction failed", BOUNCE_BLOCKED },

	{ "timed out", BOUNCE_EXPIRED }, { "timeout", BOUNCE_EXPIRED }, { "could not be delivered for", BOUNCE_EXPIRED },
	{ "in the queue too long", BOUNCE_EXPIRED }, { "retry time", BOUNCE_EXPIRED }, { "delivery time expired", BOUNCE_EXPIRED },
	{ "message expired", BOUNCE_EXPIRED }, { "too long in queue", BOUNCE_EXPIRED }, { "queue too long", BOUNCE_EXPIRED },
	{ "has been in the queue", BOUNCE_EXPIRED }, { "gave up", BOUNCE_EXPIRED }, { "expired", BOUNCE_EXPIRED },

	{ "host unknown", BOUNCE_NETWORK }, { "unknown host", BOUNCE_NETWORK }, { "unknown domain", BOUNCE_NETWORK }, { "host not found", BOUNCE_NETWORK },
	{ "no such domain", BOUNCE_NETWORK }, { "domain not found", BOUNCE_NETWORK }, { "domain name not found", BOUNCE_NETWORK }, { "name server", BOUNCE_NETWORK },
	{ "nxdomain", BOUNCE_NETWORK }, { "dns error", BOUNCE_NETWORK }, { "mail exchanger", BOUNCE_NETWORK }, { "no mx", BOUNCE_NETWORK },
	{ "nullmx", BOUNCE_NETWORK }, { "null mx", BOUNCE_NETWORK }, { "no route to", BOUNCE_NETWORK }, { "network", BOUNCE_NETWORK },
	{ "unreachable", BOUNCE_NETWORK }, { "connection", BOUNCE_NETWORK }, { "loop", BOUNCE_NETWORK }, { "hop count", BOUNCE_NETWORK },
	{ "too many hops", BOUNCE_NETWORK }, { "loops back to myself", BOUNCE_NETWORK }, { "cannot route", BOUNCE_NETWORK },
	{ "name service error", BOUNCE_NETWORK }, { "illegal host", BOUNCE_NETWORK }, { "invalid domain", BOUNCE_NETWORK }, { "bad domain", BOUNCE_NETWORK },
	{ "system error", BOUNCE_NETWORK }, { "internal error", BOUNCE_NETWORK }, { "disk full", BOUNCE_NETWORK }, { "not enough disk", BOUNCE_NETWORK },
	{ "no space left", BOUNCE_NETWORK }, { "system is full", BOUNCE_NETWORK }, { "local configuration", BOUNCE_NETWORK }, { "protocol error", BOUNCE_NETWORK },
	{ "i/o error", BOUNCE_NETWORK }, { "could not contact", BOUNCE_NETWORK }, { "couldn't find any host", BOUNCE_NETWORK },
	{ "find a mail exchanger", BOUNCE_NETWORK }, { "unable to deliver this message to", BOUNCE_NETWORK }, { "not receiving mail", BOUNCE_NETWORK },

	{ "protocol violation", BOUNCE_NETWORK }, { "line limit", BOUNCE_CONTENT }, { "temporary failure", BOUNCE_NETWORK },
	{ "unavailable", BOUNCE_NETWORK }, { "insufficient system", BOUNCE_NETWORK }, { "not responding", BOUNCE_EXPIRED },
	{ "attempts", BOUNCE_EXPIRED }, { "mailbox", BOUNCE_UNKNOWN }, { "recipient address", BOUNCE_UNKNOWN }, { "unknown", BOUNCE_UNKNOWN },
	{ "rejected", BOUNCE_BLOCKED },
};

/* RFC 3463 and the registry that grew of it. "x." stands for either class; the first row that fits counts. */
static const struct row statuses[] = {
	{ "x.1.0", BOUNCE_UNKNOWN }, { "x.1.1", BOUNCE_UNKNOWN }, { "x.1.2", BOUNCE_NETWORK }, { "x.1.3", BOUNCE_UNKNOWN },
	{ "x.1.4", BOUNCE_UNKNOWN }, { "x.1.6", BOUNCE_INACTIVE }, { "x.1.7", BOUNCE_BLOCKED }, { "x.1.8", BOUNCE_BLOCKED },
	{ "x.1.9", BOUNCE_BLOCKED }, { "x.1.10", BOUNCE_NETWORK }, { "x.2.1", BOUNCE_INACTIVE }, { "x.2.2", BOUNCE_FULL },
	{ "x.2.3", BOUNCE_SIZE }, { "x.2.4", BOUNCE_UNKNOWN }, { "x.3.1", BOUNCE_NETWORK }, { "x.3.4", BOUNCE_SIZE }, { "x.3.", BOUNCE_NETWORK },
	{ "4.4.7", BOUNCE_EXPIRED }, { "5.4.7", BOUNCE_EXPIRED }, { "x.4.", BOUNCE_NETWORK }, { "x.5.3", BOUNCE_RATE },
	{ "x.5.", BOUNCE_NETWORK }, { "x.6.", BOUNCE_CONTENT }, { "x.7.28", BOUNCE_RATE }, { "x.7.", BOUNCE_BLOCKED },
};
// clang-format on

enum bounce_reason bounce_by_words(struct str lower)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_find(lower, str_c(rows[i].words)) < lower.n)
			return rows[i].reason;
	return BOUNCE_OTHER;
}

static bool fits(struct str status, struct str row)
{
	bool open = row.p[row.n - 1] == '.';

	if (row.p[0] == 'x') {
		row = str_from(row, 1);
		status = str_from(status, 1);
	}
	return open ? str_starts(status, row) : str_eq(status, row);
}

enum bounce_reason bounce_by_status(struct str status)
{
	for (size_t i = 0; status.n && i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (fits(status, str_c(statuses[i].words)))
			return statuses[i].reason;
	return BOUNCE_OTHER;
}

const char *bounce_word(enum bounce_reason r)
{
	static const char *const words[BOUNCE_REASONS] = {
		[BOUNCE_OTHER] = "other",       [BOUNCE_UNKNOWN] = "unknown-user",
		[BOUNCE_INACTIVE] = "inactive", [BOUNCE_FULL] = "full",
		[BOUNCE_BLOCKED] = "blocked",   [BOUNCE_SPAM] = "spam",
		[BOUNCE_SIZE] = "size",         [BOUNCE_RATE] = "rate",
		[BOUNCE_CONTENT] = "content",   [BOUNCE_EXPIRED] = "expired",
		[BOUNCE_NETWORK] = "network",
	};

	return r < BOUNCE_REASONS ? words[r] : "other";
}
