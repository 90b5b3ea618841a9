/* swap.h - could memory be written to a disk in clear? */
#ifndef SYS_SWAP_H
#define SYS_SWAP_H

#include "base/str.h"

bool swap_is_open(void);
/* The same of a text like /proc/swaps: one device is enough. */
bool swap_text_is_open(struct str swaps);

#endif
