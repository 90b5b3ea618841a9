/* rows.c - all rows of a file, kept. */
#include "aliasfile/file.h"

#include <stdlib.h>

struct keeping {
	struct alias_rows rows;
	struct arena *arena;
	size_t room;
};

static int keep(void *arg, const struct alias_row *row, struct fail *f)
{
	struct keeping *k = arg;
	struct alias_rows *all = &k->rows;
	struct alias_row *own;

	if (all->n == k->room) {
		size_t room = k->room ? k->room * 2 : 256;
		struct alias_row *more = arena_array(k->arena, struct alias_row, room);

		if (all->n)
			memcpy(more, all->of, all->n * sizeof(*more));
		all->of = more;
		k->room = room;
	}
	own = &all->of[all->n++];
	*own = *row;
	own->address = arena_str(k->arena, row->address);
	own->args = arena_str(k->arena, row->args);
	return OK;
}

static int by_address(const void *a, const void *b)
{
	const struct alias_row *x = *(const struct alias_row *const *)a,
	                       *y = *(const struct alias_row *const *)b;
	size_t n = x->address.n < y->address.n ? x->address.n : y->address.n;

	for (size_t i = 0; i < n; i++) {
		int d = ascii_lower(x->address.p[i]) - ascii_lower(y->address.p[i]);

		if (d)
			return d;
	}
	if (x->address.n != y->address.n)
		return x->address.n < y->address.n ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void mark_twice(struct keeping *k)
{
	size_t n = k->rows.n;
	struct alias_row **order = arena_array(k->arena, struct alias_row *, n ? n : 1);

	for (size_t i = 0; i < n; i++)
		order[i] = &k->rows.of[i];
	qsort(order, n, sizeof(struct alias_row *), by_address);
	for (size_t i = 1; i < n; i++)
		if (!order[i]->wrong && order[i]->address.n &&
		    str_eq_nocase(order[i]->address, order[i - 1]->address))
			order[i]->wrong = "the file has this address twice";
}

int alias_file_rows(struct str text, struct arena *a, struct alias_rows *ret, const char **ret_kind,
                    struct fail *f)
{
	struct keeping k = { .arena = a };

	TRY(alias_file_read(text, keep, &k, ret_kind, f));
	mark_twice(&k);
	*ret = k.rows;
	return OK;
}
