/* mem.h - small allocations that abort when there is no memory: limits are checked where input is counted,
 * before memory is asked for, so that running out is a crash and a restart, not a path to test. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/str.h"

void *xalloc(size_t n);            /* zeroed; never NULL */
void *xrealloc(void *p, size_t n); /* never NULL; new bytes are not zeroed */
char *xstrdup(struct str s);       /* NUL-terminated copy; free() */
#define xnew(type) ((type *)xalloc(sizeof(type)))

/* A large local that is written before it is read: the compiler is told to zero all others at each entry. */
#define UNSET __attribute__((uninitialized))

void wipe(void *p, size_t n); /* explicit_bzero */

#endif
