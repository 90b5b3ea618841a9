/* open.h - an answer of a user on its way out: the layers around what was written are taken off one by one, and with each
 * it is noted what it proves. Runs in the process that is there for this message alone. */
#ifndef TRANSFORM_OPEN_H
#define TRANSFORM_OPEN_H

#include "crypto/cms_open.h"
#include "wire/mime.h"

enum { OPEN_LAYERS_MAX = 6, OPEN_CERTS_MAX = 100, OPEN_PINS_MAX = 16, OPEN_PLAIN_MAX = 96 << 20 };

/* Which keys may be tried, and who may speak. */
struct open_ring {
	const struct cms_cert *const *certs; /* of the reverse addresses that the message came to */
	const size_t *group;                 /* of each: which of the addresses, 0..n_groups-1 */
	size_t n, n_groups;
	const struct cms_cert *const *pinned; /* user certificates of the mailbox */
	size_t n_pinned;
	/* The private key of certs[i], lent when it is first asked for; stays the ring's. */
	int (*key)(void *self, size_t i, const struct key **ret, struct fail *f);
	void *self;
};

enum open_signature { OPEN_UNSIGNED, OPEN_PINNED, OPEN_FOREIGN, OPEN_BROKEN };

struct opened {
	struct str in;
	struct header outer; /* of the message as it came */
	struct header inner; /* protected fields (RFC 9788, its drafts, message/rfc822 wrapped); n 0: none */
	struct mime_part *content; /* the innermost entity: what was written; its own header describes it */
	bool encrypted;            /* some layer around the content was */
	bool cbc;    /* an encrypted layer that anybody could have altered (no authenticated mode), and no
				    * pinned signature within or around it */
	bool onward; /* the content, or a part of it, is encrypted to somebody else: it passes as it is */
	enum open_signature signature; /* OPEN_PINNED: everything in `content` is under it */
	size_t pin;                    /* OPEN_PINNED */
	int64_t signed_utc;            /* 0: none told */
	uint8_t signature_digest[32];  /* OPEN_PINNED */
};

/* Takes off: EnvelopedData and AuthEnvelopedData for us, opaque and detached signatures, in any order, at most
 * OPEN_LAYERS_MAX. A multipart/mixed of one part around a layer (mailing servers add a footer as a second one: then the
 * layer is not the whole of the message, and nothing in it speaks) is no reason not to look. Only what stands at the root
 * of what the layer before held is a layer: an encrypted part inside of something else is never decrypted (EFAIL).
 *
 * Header protection is believed as RFC 9788 4 says: fields of the innermost signed or encrypted entity marked hp= (or
 * protected-headers=), or of a message/rfc822 that is the whole of it; structural and trace fields never.
 *
 * Everything lives in the arena or in `in`. FAIL_FORGED: it is encrypted and cannot be opened, whatever the reason, with one
 * and the same `why`. FAIL_SYNTAX, FAIL_LIMIT: of the message, before any key was used; FAIL_DENIED then:
 * CMS of a kind that is not read. What the ring's own key() fails with as our machine's passes. */
MUST_CHECK int open_message(struct str in, const struct open_ring *ring, struct arena *a, struct opened *ret,
                            struct fail *f);

/* The field that counts: the protected one where there are protected fields, and for what they leave out (RFC 9788 says
 * that it was left out on purpose) NULL; else the outer one. To and Cc are never taken from the outer header alone when
 * protected ones are there. */
const struct field *opened_field(const struct opened *o, struct str name);

#endif
