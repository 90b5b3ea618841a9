/* mx.h - in which order the servers of a domain are tried (RFC 5321 5.1, RFC 7505). Pure: the dice are an argument. */
#ifndef POLICY_MX_H
#define POLICY_MX_H

#include "base/str.h"

enum {
	MX_RECORDS_MAX = 1000, /* looked at */
	MX_HOSTS_MAX = 10,     /* tried */
};

struct mx_record {
	uint16_t preference;
	uint32_t dice;   /* drawn by the caller: decides among equals */
	struct str host; /* without a final dot; empty is the root */
};

enum mx_verdict {
	MX_HOSTS,
	MX_NULL, /* the domain says that it takes no mail */
	MX_SELF, /* we are its best server: the mail would come back */
};

/* Sorts and cuts. With our own name among them what is not better than we are is left out: it would send the mail here. n
 * is not 0. */
enum mx_verdict mx_order(struct mx_record *r, size_t n, struct str own, size_t *ret_n);

#endif
