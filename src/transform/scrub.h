/* scrub.h - what a user wrote, written anew for the world: the same words, files and structure, and nothing in it that names
 * the user. Only what a table lists leaves; what cannot be read is refused, never passed blind. Pure: bytes and a plan in,
 * bytes out. */
#ifndef TRANSFORM_SCRUB_H
#define TRANSFORM_SCRUB_H

#include "transform/open.h"
#include "transform/scan.h"
#include "transform/seal.h"

enum { SCRUB_PEOPLE_MAX = 100, SCRUB_FOUND_MAX = 200, SCRUB_NAMES_MAX = 16, SCRUB_IDS_MAX = 50 };

/* What of the message is asked about: addresses and Message-IDs, never content. */
struct scrub_facts {
	struct scan_person from;                     /* as the header that counts says */
	struct scan_person people[SCRUB_PEOPLE_MAX]; /* of To and Cc, each address once, in order */
	size_t n_people;
	struct str names
	        [SCRUB_NAMES_MAX]; /* by which the user goes in it: display names of From, Sender, Reply-To... */
	size_t n_names;
	struct str found
	        [SCRUB_FOUND_MAX]; /* addresses anywhere else (text, HTML, calendars, nested messages, file
					    * names) in one of `domains`, each once; past the bound: FAIL_LIMIT */
	size_t n_found;
	struct str message_id, refs[SCRUB_IDS_MAX];
	size_t n_refs;
	int64_t date_utc;
	bool automatic; /* RFC 3834: a vacation note and its like */
	bool receipt;   /* a disposition or delivery notification */
};

MUST_CHECK int scrub_scan(const struct opened *o, const struct str *domains, size_t n_domains,
                          struct arena *a, struct scrub_facts *ret, struct fail *f);

struct scrub_plan {
	struct str from_name, from; /* the alias; the name may be empty */
	struct str message_id;      /* without brackets */
	int64_t date_utc;           /* written in UTC */
	/* addresses (compared by key) and what is written instead, wherever they stand: a reverse address becomes its
	 * correspondent, the user's own become the alias; "" drops the entry from To and Cc */
	const struct str_pair *map;
	size_t n_map;
	const struct str_pair
	        *names; /* of correspondents, by the real address: shown in To and Cc; may be empty */
	size_t n_names;
	const struct str *
	        own_names; /* of the user: removed. In quotations and attributions always, elsewhere when it is
				      * of two words or more */
	size_t n_own_names;
	const struct str_pair
	        *ids; /* Message-IDs in References and In-Reply-To; those not listed are dropped */
	size_t n_ids;
	/* the user's: taken out of the recipients of what is encrypted for others, where they would say in clear to all of
	 * them who wrote it; what names one of them elsewhere, or has no other recipient, is refused */
	const struct cms_cert *const *own_certs;
	size_t n_own_certs;
	const struct str *words; /* further words that must not leave: hosts, client names */
	size_t n_words;
};

enum scrub_kind {
	SCRUB_FIELDS,    /* header fields left out */
	SCRUB_PARTS,     /* parts left out: signatures, keys, cards */
	SCRUB_ADDRESSES, /* addresses replaced in the content */
	SCRUB_NAMES,     /* names replaced */
	SCRUB_CALENDARS, /* calendar properties rewritten */
	SCRUB_MARKS,     /* marks of the client in HTML, file names, Content-IDs */
	SCRUB_KINDS
};

struct scrub_result {
	uint64_t bytes;
	bool eight_bit, utf8; /* as of seal_result */
	uint32_t removed[SCRUB_KINDS];
};

/* Writes the whole message, CRLF, to out. FAIL_DENIED: a part cannot be read (charset, encoding, a type that carries names
 * and that nobody here can rewrite); f->why names the kind of part, not its content. FAIL_LIMIT, FAIL_SYNTAX: of the
 * message. On failure what was written is to be thrown away. */
MUST_CHECK int scrub_message(const struct opened *o, const struct scrub_plan *p, struct sink out,
                             struct scrub_result *ret, struct fail *f);

#endif
