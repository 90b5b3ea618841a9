/* dns.h - questions to the configured name servers, on the process's own loop: libunbound, which draws ports and numbers,
 * asks again, goes over to TCP, drops what does not belong to the answer, and keeps answers for their time. */
#ifndef SYS_DNS_H
#define SYS_DNS_H

#include "base/fail.h"
#include "base/str.h"
#include "sys/loop.h"

struct dns;
struct dns_query;

/* Servers: endpoints as "127.0.0.1:53". Everything that needs a file or much memory happens in here, so that it may be
 * called before the sandbox goes up. FAIL_SYNTAX: a server that is none. */
MUST_CHECK int dns_new(struct loop *l, const struct str *servers, size_t n, struct dns **ret, struct fail *f);
void dns_free(struct dns *d); /* accepts NULL; all queries are to be freed before */

/* packet: the answer as it would be on the wire (wire/dns.h reads it), valid during the call; empty: there was none. Never
 * called from inside dns_ask(). The query is still to be freed. */
typedef void dns_fn(void *arg, struct str packet);
struct dns_query *dns_ask(struct dns *d, const char *name, unsigned type, dns_fn *fn, void *arg);
void dns_query_free(struct dns_query *q); /* accepts NULL; also before the answer; safe inside fn */

#endif
