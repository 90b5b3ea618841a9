/* arena.h - memory of one job or transaction, freed at once. Interior pointers are welcome; nothing is
 * freed by itself. Views into an arena die with it. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/own.h"
#include "base/str.h"

struct arena_block;
struct arena {
	struct arena_block *head;
	size_t used, limit; /* bytes handed out; 0 = no limit. Past it: abort, so count input first */
};

#define ARENA ((struct arena){ 0 })

void arena_done(struct arena *a);             /* frees everything; a is again empty */
void *arena_alloc(struct arena *a, size_t n); /* zeroed, aligned for any type, never NULL */
#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, count) ((type *)arena_alloc((a), (count) * sizeof(type)))
struct str arena_str(struct arena *a, struct str s); /* a copy, followed by a NUL */
char *arena_z(struct arena *a, struct str s);        /* the same as a C string */

#endif
