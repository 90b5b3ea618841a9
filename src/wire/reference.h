/* reference.h - HTML's names for characters, as far as they could hide a name or an address. */
#ifndef WIRE_REFERENCE_H
#define WIRE_REFERENCE_H

#include "base/str.h"

#include <stdint.h>

uint32_t reference(struct str name); /* "eacute", without "&" and ";"; 0: not one of these */

#endif
