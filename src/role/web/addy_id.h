/* addy_id.h - addy.io's ids are UUIDs, Postern's are numbers: one that says which kind of thing and which number. It is no
 * secret; whose the thing is, core looks. Pure. */
#ifndef ROLE_WEB_ADDY_ID_H
#define ROLE_WEB_ADDY_ID_H

#include "base/buf.h"

enum addy_kind { ADDY_USER = 1, ADDY_ALIAS, ADDY_RECIPIENT, ADDY_DOMAIN, ADDY_USERNAME, ADDY_FAILURE };

/* n: positive, below 2^60. RFC 9562, version 8: "706f7374-0002-8000-8000-000000000005". */
void addy_id_print(enum addy_kind kind, uint64_t n, struct buf *out);
/* Exactly what print writes, in either case; else false: nothing of this kind has such an id. */
bool addy_id_read(struct str s, enum addy_kind kind, uint64_t *ret);

#endif
