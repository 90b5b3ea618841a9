/* seal.h - a message, rewritten for one mailbox: signed for its sender and encrypted to the user, or only rewritten. It is
 * written in one stream; beside the input nothing grows with it. */
#ifndef TRANSFORM_SEAL_H
#define TRANSFORM_SEAL_H

#include "base/sink.h"
#include "crypto/cms.h"
#include "transform/scan.h"

enum seal_form { FORM_SEALED = 1, FORM_CLEAR, FORM_AS_IS };

struct seal_plan {
	enum seal_form form;
	enum cms_cipher cipher;
	struct str hostname;        /* for the one Received line */
	struct str trace;           /* a token of ours; may be empty */
	struct str from_name, from; /* display name, reverse address */
	struct str alias;           /* the address that was written to */
	bool add_alias;             /* to To, when it is in neither To nor Cc */
	struct str message_id;      /* without brackets */
	int64_t now_utc;
	bool hide_subject; /* FORM_SEALED: outside it is "[...]", and the header is said again inside (RFC 9788) */
	bool pad;          /* FORM_SEALED: what is encrypted has the size of its class (policy/size.h) */
	const struct str_pair *map; /* addresses; to empty: drop */
	size_t n_map;
	const struct str *own; /* addresses that stay */
	size_t n_own;
	const struct str_pair *ids; /* Message-IDs */
	size_t n_ids;
	/* FORM_SEALED */
	bool binary; /* the content as octets, SEAL_HEAD_BYTES with the header's length before it: whoever sends it makes base64 */
	const struct cms_cert *user, *sender;
	const struct key *sender_key;
	const struct str *more; /* certificates for the signature: the intermediate, those carried */
	size_t n_more;
};

enum { SEAL_HEAD_BYTES = 4 }; /* the highest first */

struct seal_result {
	uint64_t bytes; /* of the message as it will be sent */
	bool eight_bit;
	bool utf8; /* the header needs SMTPUTF8: never, unless it was passed on as it is */
};

/* Writes the whole message to out. On failure what was written is to be thrown away: no form falls back to another
 * (promise 1). FAIL_LIMIT, FAIL_SYNTAX: of the message; FAIL_DENIED: the certificate does not permit it. */
MUST_CHECK int seal_message(const struct scan *s, const struct seal_plan *p, struct sink out,
                            struct seal_result *ret, struct fail *f);

/* The outer header by the table of policy/headers.h, without the empty line and without what describes the content. */
MUST_CHECK int seal_header(const struct scan *s, const struct seal_plan *p, struct arena *a, struct buf *out,
                           struct fail *f);

#endif
