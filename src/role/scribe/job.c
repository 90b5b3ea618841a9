#include "role/scribe/job.h"

#include "base/mem.h"

#include <stdlib.h>
#include <unistd.h>

struct job *job_new(uint64_t id, struct rooms *rooms, int tie)
{
	struct job *j = xnew(struct job);

	j->id = id;
	j->rooms = rooms;
	j->tie = tie;
	return j;
}

int job_read(struct job *j, int fd, struct fail *f)
{
	TRY(memfd_map(fd, &j->map, f));
	return scan_message(map_str(&j->map), &j->arena, &j->scan, f);
}

void job_free(struct job *j)
{
	while (j->pending)
		job_forget(j, j->pending);
	for (struct loan *l = j->loans; l; l = l->next)
		key_free(l->key);
	for (struct lodger *l = j->lodgers; l; l = l->next)
		room_give(j->rooms, l->fd, l->bytes);
	arena_done(&j->arena);
	map_done(&j->map);
	if (j->tie >= 0)
		close(j->tie);
	free(j);
}

struct pending *job_keep(struct job *j, const struct seal *m, int fd, uint64_t now_ms)
{
	struct pending *p = xnew(struct pending);
	struct str *const texts[] = { &p->m.user_cert, &p->m.sender_cert, &p->m.intermediate, &p->m.from_name,
		                      &p->m.from,      &p->m.alias,       &p->m.message_id,   &p->m.map,
		                      &p->m.own,       &p->m.ids,         &p->m.carried,      &p->m.trace };

	p->m = *m;
	p->fd = fd;
	p->since_ms = now_ms;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = arena_str(&j->arena, *texts[i]);
	p->next = j->pending;
	j->pending = p;
	return p;
}

void job_forget(struct job *j, struct pending *p)
{
	for (struct pending **q = &j->pending; *q; q = &(*q)->next) {
		if (*q != p)
			continue;
		*q = p->next;
		break;
	}
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

void job_lend(struct job *j, uint64_t key_id, struct key *key)
{
	struct loan *l = arena_alloc(&j->arena, sizeof(*l));

	*l = (struct loan){ j->loans, key_id, key };
	j->loans = l;
}

bool job_loan(struct job *j, uint64_t key_id, struct key **ret_key)
{
	for (struct loan **p = &j->loans; *p; p = &(*p)->next) {
		struct loan *l = *p;

		if (l->id != key_id)
			continue;
		*ret_key = l->key;
		*p = l->next;
		return true;
	}
	return false;
}

/* ---- a plan from a request -------------------------------------------------------------------------------------- */

static const struct str *more_certs(const struct seal *m, struct arena *a, size_t *ret_n)
{
	size_t n;
	const struct str *carried = list_items(m->carried, a, &n);
	struct str *out = arena_array(a, struct str, n + 1);

	out[0] = m->intermediate;
	for (size_t i = 0; i < n; i++)
		out[i + 1] = carried[i];
	*ret_n = n + 1;
	return out;
}

static int make_plan(const struct seal *m, struct str hostname, struct cache *cache, const struct key *key,
                     uint64_t now_ms, struct arena *a, struct seal_plan *ret, struct fail *f)
{
	struct seal_plan p = {
		.form = (enum seal_form)m->mode,
		.cipher = (enum cms_cipher)m->cipher,
		.hostname = hostname,
		.trace = m->trace,
		.from_name = m->from_name,
		.from = m->from,
		.alias = m->alias,
		.add_alias = m->flags & SEAL_ADD_ALIAS_TO,
		.hide_subject = m->flags & SEAL_HIDE_SUBJECT,
		.pad = m->flags & SEAL_PAD,
		.binary = m->mode == SEAL_ENCRYPT,
		.message_id = m->message_id,
		.now_utc = m->now_utc,
		.sender_key = key,
	};

	p.map = list_pairs(m->map, a, &p.n_map);
	p.ids = list_pairs(m->ids, a, &p.n_ids);
	p.own = list_items(m->own, a, &p.n_own);
	if (m->mode == SEAL_ENCRYPT) {
		if (!key)
			return fail(f, FAIL_BUG, "no key to sign with");
		p.more = more_certs(m, a, &p.n_more);
		TRY(cache_cert(cache, m->user_cert, now_ms, &p.user, f));
	}
	*ret = p;
	return OK;
}

/* ---- the stored form -------------------------------------------------------------------------------------------- */

struct writing {
	const struct scan *scan;
	struct seal_plan plan;
	struct seal_result result;
};

static int write_sealed(void *self, struct sink out, struct fail *f)
{
	struct writing *w = self;

	return seal_message(w->scan, &w->plan, out, &w->result, f);
}

static struct lodger *add_lodger(struct job *j, int room)
{
	struct lodger *l = arena_alloc(&j->arena, sizeof(*l));

	*l = (struct lodger){ j->lodgers, room, UINT64_MAX };
	j->lodgers = l;
	return l;
}

int job_write(struct job *j, const struct seal *m, int file, struct str hostname, struct cache *cache,
              const struct key *key, uint64_t now_ms, struct stored *ret, int *ret_room,
              struct seal_result *ret_result, struct fail *f)
{
	struct writing w = { .scan = &j->scan };
	OWNS(cms_cert) sender = NULL;
	struct lodger *l = NULL;
	int room = -1;

	TRY(make_plan(m, hostname, cache, key, now_ms, &j->arena, &w.plan, f));
	if (m->mode == SEAL_ENCRYPT)
		TRY(cms_cert_signer(m->sender_cert, &sender, f));
	w.plan.sender = sender;
	if (file < 0) {
		TRY(room_take(j->rooms, &room, f));
		l = add_lodger(j, room);
	}
	TRY(stored_write(l ? room : file, !l, write_sealed, &w, ret, f));
	if (l) {
		TRY(room_cut(room, ret->bytes, f));
		l->bytes = ret->bytes;
	}
	*ret_room = room;
	*ret_result = w.result;
	return OK;
}
