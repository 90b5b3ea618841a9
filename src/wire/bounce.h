/* bounce.h - what a message that came to an envelope sender of ours says: a delivery report (RFC 3464 and the many forms of
 * before it), an answer of a machine, or something else. It is written by strangers, so nothing of it is believed but the
 * kind, the reason and a bounded note. */
#ifndef WIRE_BOUNCE_H
#define WIRE_BOUNCE_H

#include "wire/mime.h"

enum bounce_kind {
	BOUNCE_NONE,      /* no report: somebody wrote */
	BOUNCE_FAILED,    /* given up */
	BOUNCE_DELAYED,   /* still being tried: nothing has happened yet */
	BOUNCE_DELIVERED, /* delivered, relayed or expanded */
	BOUNCE_AUTO,      /* an absence note, a receipt: RFC 3834 */
	BOUNCE_COMPLAINT, /* a feedback report, RFC 5965 */
	BOUNCE_KINDS
};

enum bounce_reason {
	BOUNCE_OTHER,
	BOUNCE_UNKNOWN,  /* no such user */
	BOUNCE_INACTIVE, /* there is one, but it is switched off */
	BOUNCE_FULL,     /* over quota */
	BOUNCE_BLOCKED,  /* refused by policy: who sends, or from where */
	BOUNCE_SPAM,     /* what is sent is taken for spam */
	BOUNCE_SIZE,     /* too large */
	BOUNCE_RATE,     /* too much, too fast */
	BOUNCE_CONTENT,  /* its form: a virus, an attachment, a header */
	BOUNCE_EXPIRED,  /* tried for as long as is tried */
	BOUNCE_NETWORK,  /* no host, no route, a loop, a broken server */
	BOUNCE_REASONS
};

enum { BOUNCE_STATUS_MOST = 11, BOUNCE_NOTE_MOST = 300 };

struct bounce {
	enum bounce_kind kind;
	enum bounce_reason reason;
	bool hard;         /* class 5: it will not go better the next time */
	struct str status; /* "5.1.1"; empty when none was told */
	struct str note;   /* the server's words, one line of visible ASCII; may hold addresses */
};

/* Reads at most 128 KiB of the parsed message, in linear time. Strings live in the arena. */
void bounce_read(const struct mime_part *root, struct arena *a, struct bounce *ret);

/* The reason that a server's words and its status ("5.1.1" or empty) give. */
enum bounce_reason bounce_reason_of(struct str words, struct str status, struct arena *a);

/* The same of the lower-case words alone, blanks folded into one; BOUNCE_OTHER when no row of the table fits. */
enum bounce_reason bounce_by_words(struct str lower);
/* RFC 3463 alone; BOUNCE_OTHER when it says nothing. */
enum bounce_reason bounce_by_status(struct str status);

const char *bounce_word(enum bounce_reason r); /* "unknown-user": for logs and lists */

#endif
