/* records.h - what DNS has to say of a user's domain, and whether it does. Pure: the answers are an argument. */
#ifndef POLICY_RECORDS_H
#define POLICY_RECORDS_H

#include "base/buf.h"

enum record_state {
	RECORD_OK,
	RECORD_MISSING,
	RECORD_WRONG,  /* there is one, and it says something else */
	RECORD_UNSURE, /* the name servers did not answer: nothing is known */
};

#define RECORD_TOKEN_PREFIX "postern-verification="

/* The records that a user's domain is asked for, in the order in which they are told. */
enum record { RECORD_OWNERSHIP, RECORD_MX, RECORD_SPF, RECORD_DMARC, RECORD_KINDS };

struct record_row {
	const char *word, *type; /* "spf", "TXT" */
	const char *at;          /* stands before the domain's name: "_dmarc." */
	const char *begins;      /* of the texts that are found there, those alone are of this kind */
};
const struct record_row *record_row(enum record r);
const char *record_word(enum record_state s); /* "ok", "missing", "wrong", "unknown" */
/* What it is to be. host: this relay's; token: of the claim. */
void record_value(enum record r, struct str host, struct str token, struct buf *out);

/* What name servers said; `no_`: they said nothing. */
struct records_found {
	const struct str *txt, *mx, *dmarc;
	size_t n_txt, n_mx, n_dmarc;
	bool no_txt, no_mx, no_dmarc;
};
/* All of them. token: empty where ownership is not asked of DNS; it is then RECORD_UNSURE. */
void records_judge(const struct records_found *in, struct str host, struct str token,
                   enum record_state ret[RECORD_KINDS]);

/* Each takes the texts or hosts that were found. */
enum record_state record_ownership(const struct str *txt, size_t n, struct str token);
/* host: this relay's. Others beside it are wrong: mail that they take never comes here. */
enum record_state record_mx(const struct str *mx, size_t n, struct str host);
/* RFC 7208: one record alone, in which mx or a:HOST passes. What stands behind include and redirect is not looked at. */
enum record_state record_spf(const struct str *txt, size_t n, struct str host);
enum record_state record_dmarc(const struct str *txt, size_t n); /* RFC 7489 6.3, 6.6.3: one record alone */

#endif
