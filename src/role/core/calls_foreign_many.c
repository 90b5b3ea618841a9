/* calls_foreign_many.c - the same to up to 25 aliases: all of it, or nothing. */
#include "role/core/activity.h"
#include "role/core/foreign_aliases.h"

enum { BULK_MOST = 25 };

struct many {
	const struct foreign_act *act;
	struct foreign_entry of[BULK_MOST];
	size_t n, trashed;
};

static bool is_in(const struct many *m, int64_t id)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->of[i].al.id == id)
			return true;
	return false;
}

/* Another's are passed over, like those that are not there. */
static int gather(struct request *c, struct many *m, struct fail *f)
{
	struct str one;

	for (size_t i = 0; arg_nth(c, "id", i, &one); i++) {
		struct foreign_entry e = { 0 };
		int r = foreign_entry_of(c, one, &e, f);

		if (i == BULK_MOST)
			return call_wrong(c, "id", f, FAIL_LIMIT, "at most %d at once", BULK_MOST);
		if (r == FAIL_ABSENT || (r == OK && is_in(m, e.al.id)))
			continue;
		TRY(r);
		m->trashed += m->act->wakes && e.mark.trashed;
		if (m->act->of(&e))
			m->of[m->n++] = e;
	}
	return OK;
}

static int change_many(struct request *c, void *arg, struct fail *f)
{
	struct many *m = arg;

	for (size_t i = 0; i < m->n; i++) {
		m->act->does(&m->of[i], core_now(c->core));
		if (strcmp(m->act->word, "forget") == 0)
			TRY(alias_delete(c->core->store, m->of[i].al.id, f));
		else if (strcmp(m->act->word, "get") != 0)
			TRY(foreign_store(c, &m->of[i], f));
	}
	return OK;
}

static int run_bulk(struct request *c, struct fail *f)
{
	struct many m = { .act = foreign_act_of(c) };
	bool forget = strcmp(m.act->word, "forget") == 0;

	activity_settle(c->core);
	TRY(gather(c, &m, f));
	if (!m.n && m.trashed)
		return call_wrong(c, "trashed", f, FAIL_DENIED,
		                  "You need to restore these aliases before you can activate them");
	if (!m.n)
		return call_wrong(c, "id", f, FAIL_ABSENT, "No aliases found");
	for (size_t i = 0; forget && i < m.n; i++)
		TRY(foreign_tell(c, &m.of[i], f));
	TRY(call_part(c, change_many, &m, f));
	for (size_t i = 0; !forget && i < m.n; i++)
		TRY(foreign_tell(c, &m.of[i], f));
	return OK;
}

// clang-format off
const struct call_spec calls_foreign_many[] = {
	{ "foreign.bulk", run_bulk, { { .name = "id", .kind = ARG_NUMBER, .required = true, .repeats = true, .most = INT64_MAX },
		{ .name = "act", .kind = ARG_WORD, .required = true, .words = FOREIGN_ACTS }, FOREIGN_BOXES_ARG } },
	{ 0 }
};
// clang-format on
