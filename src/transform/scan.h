/* scan.h - what a message says, read once: the same reading decides and is written from. */
#ifndef TRANSFORM_SCAN_H
#define TRANSFORM_SCAN_H

#include "wire/mime.h"

enum {
	SCAN_OTHERS_MAX = 100,
	SCAN_IDS_MAX = 50,
	SCAN_REPLY_MAX = 5,
	HOP_WORTH = 10,
	SCAN_TRACES_MAX = 4,
	TRACE_MAX = 64
};

struct scan_person {
	struct str name, address; /* UTF-8; address as addr_print writes it, "" when unreadable */
};

struct scan {
	struct str in;
	struct mime_part *root;
	struct scan_person from;
	struct scan_person reply_to[SCAN_REPLY_MAX];
	size_t n_reply;
	struct scan_person others[SCAN_OTHERS_MAX]; /* To, Cc, calendars; each address once */
	size_t n_others;
	struct str message_id;
	struct str refs[SCAN_IDS_MAX]; /* References and In-Reply-To */
	size_t n_refs;
	struct str list_id, list_post; /* list_post: an address */
	int64_t date_utc;              /* 0: unreadable */
	uint32_t received; /* trace fields, and HOP_WORTH for each relay like this one that left them out */
	uint32_t hops;     /* such relays so far */
	struct str traces[SCAN_TRACES_MAX]; /* tokens of relays like this one, the newest first */
	size_t n_traces;
	bool calendar, automatic, report, list;
	bool fixed_calendar; /* addresses in a calendar that cannot be mapped: a signature protects it, or it is unreadable */
	uint8_t content_digest
	        [32]; /* SHA-256 of what a signature over the content as it came would be over (entity.h) */
	uint8_t digest[32]; /* of every byte of the message: SHA-256 of that and the header */
};

/* Everything lives in the arena or points into `in`. FAIL_LIMIT: past depth 32, 1000 parts, 2000 fields, 256 KiB of
 * header, 2000 addresses in a field. */
MUST_CHECK int scan_message(struct str in, struct arena *a, struct scan *ret, struct fail *f);

#endif
