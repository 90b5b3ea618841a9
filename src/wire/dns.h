/* dns.h - reads the answer to one DNS question (RFC 1035 4.1) that a resolver library has checked: the records of one type
 * that the question leads to, over CNAMEs. Bounded and strict, for its bytes come from outside. */
#ifndef WIRE_DNS_H
#define WIRE_DNS_H

#include "base/arena.h"
#include "base/fail.h"

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };
enum dns_code { DNS_OK = 0, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3 };

enum { DNS_RECORDS_MAX = 1000, DNS_ALIASES_MAX = 8 };

struct dns_record {
	uint16_t preference; /* MX */
	struct str host;     /* MX: lower case, no final dot; empty is the root */
	struct str address;  /* A: 4 bytes, AAAA: 16 */
	struct str text;     /* TXT: its strings as one (RFC 7208 3.3), any bytes, 65,535 at most */
};

struct dns_answer {
	unsigned code; /* RCODE */
	struct dns_record *records;
	size_t n;
};

/* Everything is copied into the arena. FAIL_SYNTAX: not a whole answer, or names that are no host names; FAIL_LIMIT: more
 * records or aliases than that. */
MUST_CHECK int dns_answer_read(struct str packet, enum dns_type type, struct arena *a, struct dns_answer *ret,
                               struct fail *f);

#endif
