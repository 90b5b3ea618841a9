#include "role/gate/deposit.h"

#include "base/mem.h"
#include "sys/memfd.h"

#include <stdlib.h>
#include <unistd.h>

struct deposit {
	struct deposit *next, **place;
	struct deposits *all;
	uint64_t bytes;
	int end; /* of its tie */
	struct watch *watch;
};

struct deposits {
	struct loop *loop;
	struct budget *budget;
	struct deposit *first;
};

struct deposits *deposits_new(struct loop *l, struct budget *b)
{
	struct deposits *all = xnew(struct deposits);

	*all = (struct deposits){ .loop = l, .budget = b };
	return all;
}

static void give_back(struct deposit *d)
{
	*d->place = d->next;
	if (d->next)
		d->next->place = d->place;
	budget_give(d->all->budget, d->bytes);
	watch_free(d->watch);
	close(d->end);
	free(d);
}

void deposits_free(struct deposits *all)
{
	if (!all)
		return;
	for (struct deposit *d = all->first, *next; d; d = next) {
		next = d->next;
		give_back(d);
	}
	free(all);
}

static void on_end(void *arg, bool readable, bool writable)
{
	give_back(arg);
}

int deposit_make(struct deposits *all, uint64_t bytes, int *ret_tie, struct fail *f)
{
	struct deposit *d;
	int end;

	TRY(memfd_tie(ret_tie, &end, f));
	d = xnew(struct deposit);
	*d = (struct deposit){
		.next = all->first, .place = &all->first, .all = all, .bytes = bytes, .end = end
	};
	if (d->next)
		d->next->place = &d->next;
	all->first = d;
	d->watch = watch_new(all->loop, end, on_end, d);
	watch_want(d->watch, true, false);
	return OK;
}
