/* verp.h - envelope senders that say, to this relay alone, whose message a report is about. "bounce+TOKEN@domain": the
 * token is sealed (crypto/ticket.h) and good for VERP_DAYS; whoever sees one learns nothing and can make none. */
#ifndef ROLE_CORE_VERP_H
#define ROLE_CORE_VERP_H

#include "policy/verp.h"
#include "role/core/core.h"

#define VERP_PREFIX "bounce+"
enum { TRACE_MOST = 64 };

/* Appends the local part and the domain. FAIL_SYS when there is no chance to be had. */
MUST_CHECK int verp_print(const struct core *c, int64_t mailbox, enum verp_kind kind, struct str domain,
                          struct buf *out, struct fail *f);
/* local: of a recipient, in whatever case. False for what was not made here, and for what is too old. */
bool verp_read(const struct core *c, struct str local, struct verp *ret);

/* A token for the header of what is relayed, no two alike: it says nothing but, to this relay, that it was here. */
MUST_CHECK int trace_print(const struct core *c, struct buf *out, struct fail *f);
bool trace_is_ours(const struct core *c, struct str token);

#endif
