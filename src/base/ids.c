#include "base/ids.h"

void ids_add(struct ids *all, struct ids_place *p, uint64_t id, void *thing)
{
	struct ids_place **head = &all->heads[id % IDS_HEADS];

	*p = (struct ids_place){ .next = *head, .at = head, .id = id, .thing = thing };
	if (p->next)
		p->next->at = &p->next;
	*head = p;
}

void ids_remove(struct ids_place *p)
{
	if (!p->at)
		return;
	*p->at = p->next;
	if (p->next)
		p->next->at = p->at;
	*p = (struct ids_place){ 0 };
}

void *ids_find(const struct ids *all, uint64_t id)
{
	const struct ids_place *p = all->heads[id % IDS_HEADS];

	while (p && p->id != id)
		p = p->next;
	return p ? p->thing : NULL;
}
