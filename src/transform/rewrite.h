/* rewrite.h - addresses, names and words found in text and replaced, in time linear in the text. Pure. */
#ifndef TRANSFORM_REWRITE_H
#define TRANSFORM_REWRITE_H

#include "transform/scrub.h"

/* What to look for, prepared once for a message. */
struct rewriter {
	struct arena *a;
	struct str own;               /* the alias's address */
	const struct str_pair *pairs; /* sorted by key; keys as addr_key writes them */
	size_t n_pairs;
	struct str *domains; /* of the keys, each once, the longest first */
	size_t n_domains;
	struct rewrite_name {
		struct str text; /* words with one blank between them */
		struct str to;
		bool always; /* not only in quotations */
	} * names;
	size_t n_names;
	bool first[256]; /* lower bytes of the letters that a name begins with */
	uint32_t addresses, hits;
};

void rewriter_init(struct rewriter *r, const struct scrub_plan *p, struct arena *a);

/* What stands for an address; null when it is not in the map. address as it stands; a "+tag" is looked through. */
struct str rewriter_address(const struct rewriter *r, struct str address);

struct rewrite_match {
	size_t at, n; /* of the text */
	struct str to;
};

/* Where a text quotes: from its beginning it does or not, and changes at each of these places, in order. */
struct rewrite_quotes {
	bool first;
	const size_t *turns;
	size_t n;
};

/* A walk over the matches in a text, in order. */
struct rewrite_scan {
	struct rewriter *r;
	struct str text;
	const struct rewrite_quotes *quotes;
	bool file; /* in it "Alice_Example" is a name too */
	size_t at;
	bool looked, has; /* the next address was looked for; there is one */
	struct rewrite_match address;
};
bool rewrite_next(struct rewrite_scan *s, struct rewrite_match *ret);

/* The whole of it. True when something was replaced. */
bool rewriter_put(struct rewriter *r, struct str text, bool quoted, struct buf *out);

bool rewriter_put_quotes(struct rewriter *r, struct str text, const struct rewrite_quotes *q,
                         struct buf *out);
bool rewriter_put_file(struct rewriter *r, struct str text, struct buf *out); /* the name of a file */
/* Is something in it that would be replaced by something else? Nothing is counted. */
bool rewriter_finds(struct rewriter *r, struct str text);

/* Text in lines with CRLF: which of them quote is told by their form. Lines that a mail program adds are left out, and so are
 * PGP keys and signatures, and the time of day in the line above a quotation: it tells the user's zone to whoever wrote what
 * is quoted. (rewrite_lines.c) */
bool rewriter_put_lines(struct rewriter *r, struct str text, struct buf *out);

/* Every address within text that is in one of these domains, the longer ones first, lower case; also where the "@" is written
 * as a URL does, and from each place where it could begin. fn gets a key that lives during the call. */
void rewrite_find(struct str text, const struct str *domains, size_t n,
                  void (*fn)(void *arg, struct str address), void *arg);

#endif
