/* attribution.h - what programs write above what they quote: who wrote it, and when, by the clock of whoever answers. Pure. */
#ifndef TRANSFORM_ATTRIBUTION_H
#define TRANSFORM_ATTRIBUTION_H

#include "base/buf.h"

/* The next time of day at or after `from`, with its zone and the word before it ("at 5:03 PM (CEST)", "um 17.03 Uhr",
 * "à 17h03"), so that what is left reads on. */
bool next_time(struct str text, size_t from, size_t *ret_at, size_t *ret_n);
void put_without_times(struct str text, struct buf *out);

/* A line with a date and a time of day in it: "On 26 Nov 2026 at 17:03, Bob wrote:" */
bool has_date_and_time(struct str line);
/* The sentence ends as those do that introduce something. */
bool ends_with_colon(struct str line);
/* A line that a program writes above what it quotes: "From:", "Gesendet:"... ret_alone: nothing stands behind it. */
bool is_quote_header(struct str line, bool *ret_alone);

#endif
