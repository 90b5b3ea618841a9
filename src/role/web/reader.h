/* reader.h - whoever takes a long answer. It lies in memory until it has been taken, and of some only a few are made at once
 * (transfer.h): who takes next to nothing of it for a while is cut off. */
#ifndef ROLE_WEB_READER_H
#define ROLE_WEB_READER_H

#include "role/web/exchange.h"

enum { READER_LONG = 16 * 1024 }; /* what is shorter than this the kernel takes at once */

struct reader;
struct MHD_Response;

/* The answer, of bytes that stay where they are until reader_free(). NULL: there is no memory. */
struct MHD_Response *reader_new(struct exchange *x, struct str bytes);
void reader_free(struct reader *r); /* takes NULL */

#endif
