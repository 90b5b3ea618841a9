#include "policy/headers.h"

// clang-format off
const struct field_row field_rows[] = {
	{ "From",                        FIELD_REPLACE,   "the reverse address, with the sender's name" },
	{ "Reply-To",                    FIELD_REPLACE,   "the reverse address; the original is remembered by core" },
	{ "Received",                    FIELD_REPLACE,   "one line of our own; the sender's path is nobody's business" },
	{ "X-Postern-Trace",             FIELD_REPLACE,   "a token of this relay, and those of others like it: a message that comes round is known" },
	{ "MIME-Version",                FIELD_REPLACE,   "ours: the outer form is ours" },
	{ "To",                          FIELD_ADDRESSES, "so that Reply-All goes through the relay" },
	{ "Cc",                          FIELD_ADDRESSES, "so that Reply-All goes through the relay" },
	{ "Message-ID",                  FIELD_REPLACE,   "names the sender's host; the told one holds the thread" },
	{ "In-Reply-To",                 FIELD_IDS,       "threads hold" },
	{ "References",                  FIELD_IDS,       "threads hold" },
	{ "List-Unsubscribe",            FIELD_URLS,      "a mailto would tell the list the user's address" },
	{ "List-Unsubscribe-Post",       FIELD_REPLACE,   "one click, RFC 8058; only beside an https URL" },
	{ "List-Archive",                FIELD_URLS,      "to read, not to write" },
	{ "List-Id",                     FIELD_LABEL,     "clients sort lists by it; it is no address to write to" },
	{ "Subject",                     FIELD_TEXT,      "what the message is about" },
	{ "Date",                        FIELD_DATE,      "when it was written; replaced when it cannot be read" },
	{ "Auto-Submitted",              FIELD_WORD,      "keeps a vacation responder from answering a machine; its parameters name people" },
	{ "Precedence",                  FIELD_WORD,      "the same, older" },
	{ "Importance",                  FIELD_WORD,      "a mark in the list of messages" },
	{ "Priority",                    FIELD_WORD,      "a mark in the list of messages" },
	{ "X-Priority",                  FIELD_WORD,      "a mark in the list of messages" },
	{ "Sensitivity",                 FIELD_WORD,      "a mark in the list of messages" },
	{ "Content-Type",                FIELD_INNER,     "the content" },
	{ "Content-Transfer-Encoding",   FIELD_INNER,     "the content" },
	{ "Content-Disposition",         FIELD_INNER,     "the content" },
	{ "Content-Description",         FIELD_INNER,     "the content" },
	{ "Content-Language",            FIELD_INNER,     "the content" },

	{ "Sender",                      FIELD_DROP, "some clients answer it" },
	{ "Errors-To",                   FIELD_DROP, "some servers answer it" },
	{ "Return-Path",                 FIELD_DROP, "the envelope is ours" },
	{ "Disposition-Notification-To", FIELD_DROP, "the client would send a receipt past the relay" },
	{ "Return-Receipt-To",           FIELD_DROP, "the client would send a receipt past the relay" },
	{ "X-Confirm-Reading-To",        FIELD_DROP, "the client would send a receipt past the relay" },
	{ "Mail-Followup-To",            FIELD_DROP, "answers would go past the relay" },
	{ "Mail-Reply-To",               FIELD_DROP, "answers would go past the relay" },
	{ "Followup-To",                 FIELD_DROP, "answers would go past the relay" },
	{ "Resent-From",                 FIELD_DROP, "some clients answer it" },
	{ "Resent-To",                   FIELD_DROP, "names people" },
	{ "Resent-Cc",                   FIELD_DROP, "names people" },
	{ "Resent-Sender",               FIELD_DROP, "some clients answer it" },
	{ "Resent-Message-ID",           FIELD_DROP, "names the sender's host" },
	{ "Apparently-To",               FIELD_DROP, "names people" },
	{ "Bcc",                         FIELD_DROP, "never ours to show" },
	{ "List-Post",                   FIELD_DROP, "Reply to List would go past the relay; From stands for the list" },
	{ "List-Help",                   FIELD_DROP, "mostly mailto" },
	{ "List-Subscribe",              FIELD_DROP, "mostly mailto" },
	{ "List-Owner",                  FIELD_DROP, "mostly mailto" },
	{ "Autocrypt",                   FIELD_DROP, "its key belongs to the real address, and would be used past the relay" },
	{ "Autocrypt-Gossip",            FIELD_DROP, "keys of real addresses" },
	{ "OpenPGP",                     FIELD_DROP, "keys of real addresses" },
	{ "Face",                        FIELD_DROP, "beacons and pictures of people" },
	{ "X-Face",                      FIELD_DROP, "beacons and pictures of people" },
	{ "DKIM-Signature",              FIELD_DROP, "does not verify any more" },
	{ "ARC-Seal",                    FIELD_DROP, "does not verify any more" },
	{ "ARC-Message-Signature",       FIELD_DROP, "does not verify any more" },
	{ "ARC-Authentication-Results",  FIELD_DROP, "a status that nobody here has checked" },
	{ "Authentication-Results",      FIELD_DROP, "a status that nobody here has checked" },
	{ "Received-SPF",                FIELD_DROP, "a status that nobody here has checked" },
	{ 0 }
};
// clang-format on

const struct field_row *field_row(struct str name)
{
	static const struct field_row unlisted = { "", FIELD_DROP, "not listed" };

	for (const struct field_row *r = field_rows; r->name; r++)
		if (str_eq_nocase(name, str_c(r->name)))
			return r;
	return &unlisted;
}
