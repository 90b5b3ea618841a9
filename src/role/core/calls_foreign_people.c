/* calls_foreign_people.c - correspondents of an alias by number: SimpleLogin's contacts. */
#include "policy/block.h"
#include "role/core/foreign.h"
#include "role/core/people.h"
#include "store/blocks.h"

enum { PAGE = 20, BLOCKS_MOST = 10000, CONTACT_MOST = 500 };

static void tell(struct request *c, const struct correspondent *p, bool known)
{
	rec_number(c, "id", p->id);
	rec_text(c, "email", p->address);
	rec_text(c, "name", p->name);
	rec_text(c, "reverse", p->reverse_address);
	rec_number(c, "created", p->created);
	rec_number(c, "last_used", p->last_used);
	rec_bool(c, "blocked", p->blocked != BLOCK_NONE);
	rec_bool(c, "known", known);
	rec_end(c);
}

struct page {
	struct request *c;
	struct correspondent *of;
	size_t n, room;
};

static int keep(void *arg, const struct correspondent *p, struct fail *f)
{
	struct page *g = arg;
	struct arena *a = &g->c->arena;
	struct correspondent *own;

	if (p->kind == CORRESPONDENT_SHARED) /* it stands for nobody */
		return OK;
	if (g->n == g->room) {
		own = arena_array(a, struct correspondent, g->room ? g->room * 2 : 64);
		if (g->n)
			memcpy(own, g->of, g->n * sizeof(*own));
		g->of = own;
		g->room = g->room ? g->room * 2 : 64;
	}
	own = &g->of[g->n++];
	*own = *p;
	own->address = arena_str(a, p->address);
	own->name = arena_str(a, p->name);
	own->reverse_address = arena_str(a, p->reverse_address);
	return OK;
}

/* As they came. */
static int run_contacts(struct request *c, struct fail *f)
{
	size_t from = arg_number(c, "page_id", 0) * PAGE;
	struct page g = { .c = c };
	struct alias al;

	TRY(foreign_alias(c, &al, f));
	TRY(correspondent_each(c->core->store, al.id, keep, &g, f));
	for (size_t i = from; i < g.n && i < from + PAGE; i++)
		tell(c, &g.of[i], true);
	return OK;
}

/* "Name <a@b>" or an address, and one of them. */
static int read_contact(struct request *c, struct who_facts *ret, struct fail *f)
{
	OWN(buf) address = BUF(1024);
	struct addr_entry *all;
	size_t n = 0;

	TRY(addr_list(arg_text(c, "contact"), &c->arena, &all, &n, f));
	if (n != 1 || all[0].broken || addr_is_null(&all[0].addr) || !all[0].addr.domain.n)
		return call_wrong(c, "contact", f, FAIL_SYNTAX,
		                  "this is no address: wanted name@domain or Name <name@domain>");
	addr_print(&all[0].addr, &address);
	*ret = (struct who_facts){ .from_name = all[0].name,
		                   .from = arena_str(&c->arena, buf_str(&address)) };
	return OK;
}

static int run_contact_add(struct request *c, struct fail *f)
{
	struct who_facts facts;
	struct meeting m;
	struct alias al;

	TRY(foreign_alias(c, &al, f));
	TRY(read_contact(c, &facts, f));
	TRY(call_meet(c, &al, &facts, &m, f));
	tell(c, &m.person, m.known);
	return OK;
}

/* The one that "id" names, of an alias of who asks. */
static int find(struct request *c, struct correspondent *ret, struct fail *f)
{
	struct alias al;
	int r = correspondent_get(c->core->store, (int64_t)arg_number(c, "id", 0), &c->arena, ret, f);

	if (r == OK)
		r = alias_get(c->core->store, ret->alias, &c->arena, &al, f);
	return r == FAIL_ABSENT || (r == OK &&
	                            (al.user != c->asker->session.user || ret->kind == CORRESPONDENT_SHARED))
	               ? call_wrong(c, "id", f, FAIL_ABSENT, "Forbidden")
	               : r;
}

static int delete_it(struct request *c, void *arg, struct fail *f)
{
	const struct correspondent *p = arg;

	return correspondent_delete(c->core->store, p->id, f);
}

static int run_contact_delete(struct request *c, struct fail *f)
{
	struct correspondent p;

	TRY(find(c, &p, f));
	return call_part(c, delete_it, &p, f);
}

/* What was blocked, by whatever way, is not; what was not is dropped from now on. */
static int toggle(struct request *c, void *arg, struct fail *f)
{
	struct correspondent *p = arg;
	const struct block b = { p->address.n ? p->address : p->name, BLOCK_DROP, core_now(c->core) };
	int r = block_lift_correspondent(c->core->store, p->alias, p->id, f);

	p->blocked = r == FAIL_ABSENT ? BLOCK_DROP : BLOCK_NONE;
	return r == FAIL_ABSENT ? block_set_correspondent(c->core->store, p->alias, p->id, &b, BLOCKS_MOST, f)
	                        : r;
}

static int run_contact_toggle(struct request *c, struct fail *f)
{
	struct correspondent p;

	TRY(find(c, &p, f));
	TRY(call_part(c, toggle, &p, f));
	tell(c, &p, true);
	return OK;
}

// clang-format off
const struct call_spec calls_foreign_people[] = {
	{ "foreign.contacts", run_contacts, { FOREIGN_ID, { .name = "page_id", .kind = ARG_NUMBER, .most = 100000 } } },
	{ "foreign.contact-add", run_contact_add, { FOREIGN_ID, { .name = "contact", .required = true, .most = CONTACT_MOST } } },
	{ "foreign.contact-delete", run_contact_delete, { FOREIGN_ID } },
	{ "foreign.contact-toggle", run_contact_toggle, { FOREIGN_ID } },
	{ 0 }
};
// clang-format on
