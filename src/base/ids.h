/* ids.h - things that are found by their number. The place of each is part of it, so that nothing is asked for memory. The numbers are
 * our own, given one after the other: their last bits spread them. */
#ifndef BASE_IDS_H
#define BASE_IDS_H

#include <stddef.h>
#include <stdint.h>

enum { IDS_HEADS = 512 };

/* All zero: in no table. */
struct ids_place {
	struct ids_place *next, **at; /* at: what points here */
	uint64_t id;
	void *thing;
};

/* All zero: empty. */
struct ids {
	struct ids_place *heads[IDS_HEADS];
};

void ids_add(struct ids *all, struct ids_place *p, uint64_t id, void *thing);
void ids_remove(struct ids_place *p); /* does nothing for one that is in no table */
/* The thing, of several the one that came last; NULL: there is none. */
void *ids_find(const struct ids *all, uint64_t id);

#endif
