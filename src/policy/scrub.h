/* scrub.h - what of a message that a user sends out may leave, and why not the rest: tables, a reason in each row. What is
 * not listed does not leave. */
#ifndef POLICY_SCRUB_H
#define POLICY_SCRUB_H

#include "base/str.h"

#include <stdbool.h>

/* ---- header fields ---- */

enum out_rule {
	OUT_DROP,
	OUT_WRITE,     /* written anew by the relay */
	OUT_ADDRESSES, /* each address becomes whom it stands for */
	OUT_IDS,       /* Message-IDs that the world knows */
	OUT_TEXT,      /* kept as text, without what names the user */
	OUT_WORD,      /* its first word */
};

struct out_row {
	const char *name;
	enum out_rule rule;
	bool nested; /* also in the header of a message within the message */
	const char *reason;
};
/* In the order in which they are written; ends with a NULL name. */
extern const struct out_row out_rows[];

/* ---- parts ---- */

enum part_rule {
	PART_BYTES,    /* decoded and encoded anew, byte for byte */
	PART_TEXT,     /* read, and written anew without what names the user */
	PART_HTML,     /* the same of its text and attributes */
	PART_CALENDAR, /* the same of its lines */
	PART_MESSAGE,  /* a message within the message */
	PART_MULTI,    /* its children */
	PART_FIRST,    /* its first child: what was signed, without the signature */
	PART_ONWARD,   /* encrypted for somebody else: as it is */
	PART_JPEG,     /* without what the camera and the program wrote beside the picture */
	PART_PNG,
	PART_DROP,
	PART_REFUSE, /* it could name the user, and nobody here can read it */
};

struct part_row {
	const char *type;   /* "text/" begins with that */
	const char *suffix; /* or: of the file name */
	enum part_rule rule;
	const char *reason;
};
/* By the type first, then by the end of the file name; never NULL. type: lower case. */
const struct part_row *part_row(struct str type, struct str filename);

/* ---- HTML ---- */

enum tag_rule { TAG_KEEP, TAG_BARE /* its content stays */, TAG_DROP /* with its content */ };
struct tag_row {
	const char *name;
	enum tag_rule rule;
	bool block; /* ends a line of text */
	const char *reason;
};
/* For an unlisted element TAG_BARE. name: lower case. Never NULL. */
const struct tag_row *tag_row(struct str name);
bool attribute_stays(struct str name); /* lower case */
bool link_stays(struct str url);       /* it leads somewhere for whoever reads it, and runs nothing */
bool is_client_mark(struct str class_or_style); /* it tells with which program the message was written */
bool is_client_line(struct str line); /* "Sent from my iPhone": a line that the program adds, trimmed */

#endif
