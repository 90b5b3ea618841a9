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

/* Each takes the texts or hosts that were found. */
enum record_state record_ownership(const struct str *txt, size_t n, struct str token);
/* host: this relay's. Others beside it are wrong: mail that they take never comes here. */
enum record_state record_mx(const struct str *mx, size_t n, struct str host);
/* RFC 7208: one record alone, in which mx or a:HOST passes. What stands behind include and redirect is not looked at. */
enum record_state record_spf(const struct str *txt, size_t n, struct str host);
enum record_state record_dmarc(const struct str *txt, size_t n); /* RFC 7489 6.3, 6.6.3: one record alone */

#endif
