#include "role/core/sites.h"

#include "base/mem.h"
#include "role/core/core.h"

#include <stdlib.h>

struct str site_name(const struct core *c, struct str rcpt, struct arena *a)
{
	struct str domain = str_from(rcpt, str_rchr(rcpt, '@') + 1);
	const struct conf_route *r = conf_route_of(c->conf, domain);
	struct str route = r ? r->name : STR("default");
	bool apart = r && str_eq(r->to, STR("mx"));
	size_t n = route.n + (apart ? 1 + domain.n : 0);
	char *name = arena_alloc(a, n + 1);

	memcpy(name, route.p, route.n);
	if (apart) {
		name[route.n] = ' ';
		for (size_t i = 0; i < domain.n; i++)
			name[route.n + 1 + i] = ascii_lower(domain.p[i]);
	}
	return str_of(name, n);
}

/* Names that meet on purpose make a walk of SITES_MAX at most. */
static size_t bucket_of(struct str name)
{
	size_t h = 0;

	for (size_t i = 0; i < name.n; i++)
		h = h * 31 + (unsigned char)name.p[i];
	return h % SITES_BUCKETS;
}

struct core_site *sites_find(const struct sites *all, struct str name)
{
	struct core_site *s = all->n ? all->buckets[bucket_of(name)] : NULL;

	while (s && !str_eq(str_c(s->name), name))
		s = s->next;
	return s;
}

struct core_site *sites_add(struct sites *all, struct str name)
{
	struct core_site **bucket = &all->buckets[bucket_of(name)], *s;

	if (all->n == SITES_MAX)
		return NULL;
	s = xnew(struct core_site);
	*s = (struct core_site){
		.next = *bucket, .name = xstrdup(name), .number = ++all->last_number, .ends = INT64_MAX
	};
	*bucket = s;
	all->n++;
	return s;
}

struct core_site *sites_next(const struct sites *all, const struct core_site *s)
{
	struct core_site *next = s ? s->next : NULL;

	for (size_t b = s ? bucket_of(str_c(s->name)) + 1 : 0; !next && b < SITES_BUCKETS; b++)
		next = all->buckets[b];
	return next;
}

struct core_site *sites_numbered(const struct sites *all, uint64_t number)
{
	struct core_site *s = NULL;

	while ((s = sites_next(all, s)) && s->number != number)
		;
	return s;
}

void sites_drop(struct sites *all, struct core_site *s)
{
	struct core_site **p = &all->buckets[bucket_of(str_c(s->name))];

	while (*p != s) /* NOLINT(clang-analyzer-core.NullDereference): it is in there */
		p = &(*p)->next;
	*p = s->next;
	all->n--;
	free(s->name);
	free(s);
}

void sites_drop_all(struct sites *all)
{
	for (struct core_site *s; (s = sites_next(all, NULL));)
		sites_drop(all, s);
}

void site_waits(struct core_site *s, const struct queue_item *i)
{
	const struct queue_place before = { i->next_try, i->id - 1 };

	if (!s->waits || queue_is_before(&before, &s->first))
		s->first = before;
	s->waits = true;
	if (i->expires < s->ends)
		s->ends = i->expires;
}
