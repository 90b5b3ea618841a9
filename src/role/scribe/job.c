#include "role/scribe/job.h"

#include "base/mem.h"
#include "crypto/aead.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OUT_ROOM = 256 * 1024 };

struct job *job_new(uint64_t id)
{
	struct job *j = xnew(struct job);

	j->id = id;
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
	arena_done(&j->arena);
	map_done(&j->map);
	free(j);
}

struct pending *job_keep(struct job *j, const struct seal *m, int fd)
{
	struct pending *p = xnew(struct pending);
	struct str *const texts[] = { &p->m.user_cert, &p->m.sender_cert, &p->m.intermediate, &p->m.from_name,
		                      &p->m.from,      &p->m.alias,       &p->m.message_id,   &p->m.map,
		                      &p->m.own,       &p->m.ids,         &p->m.carried,      &p->m.trace };

	p->m = *m;
	p->fd = fd;
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

void written_done(struct written *w)
{
	secret_done(&w->body_key);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

/* ---- a plan from a request -------------------------------------------------------------------------------------- */

static const struct seal_pair *pairs(struct str list, struct arena *a, size_t *ret_n)
{
	size_t n = list_count(list) / 2, i = 0;
	struct seal_pair *out = n < SIZE_MAX / 2 ? arena_array(a, struct seal_pair, n + 1) : NULL;

	while (out && i < n && list_next_pair(&list, &out[i].from, &out[i].to))
		i++;
	*ret_n = i;
	return out;
}

static const struct str *items(struct str list, struct arena *a, size_t *ret_n)
{
	size_t n = list_count(list), i = 0;
	struct str *out = n != SIZE_MAX ? arena_array(a, struct str, n + 1) : NULL;

	while (out && i < n && list_next(&list, &out[i]))
		i++;
	*ret_n = i;
	return out;
}

static const struct str *more_certs(const struct seal *m, struct arena *a, size_t *ret_n)
{
	size_t n;
	const struct str *carried = items(m->carried, a, &n);
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
		.message_id = m->message_id,
		.now_utc = m->now_utc,
		.sender_key = key,
	};

	p.map = pairs(m->map, a, &p.n_map);
	p.ids = pairs(m->ids, a, &p.n_ids);
	p.own = items(m->own, a, &p.n_own);
	if (m->mode == SEAL_ENCRYPT) {
		if (!key)
			return fail(f, FAIL_BUG, "no key to sign with");
		p.more = more_certs(m, a, &p.n_more);
		TRY(cache_cert(cache, m->user_cert, now_ms, &p.user, f));
		TRY(cache_cert(cache, m->sender_cert, now_ms, &p.sender, f));
	}
	*ret = p;
	return OK;
}

/* ---- the stored form -------------------------------------------------------------------------------------------- */

struct out_file {
	int fd;
	size_t n;
	uint64_t bytes;
	char room[OUT_ROOM];
};

static int flush_out(struct out_file *o, struct fail *f)
{
	TRY(memfd_add(o->fd, str_of(o->room, o->n), f));
	o->n = 0;
	return OK;
}

static int put_out(void *self, struct str bytes, struct fail *f)
{
	struct out_file *o = self;

	o->bytes += bytes.n;
	if (o->n + bytes.n > sizeof(o->room)) {
		TRY(flush_out(o, f));
		if (bytes.n > sizeof(o->room))
			return memfd_add(o->fd, bytes, f);
	}
	memcpy(o->room + o->n, bytes.p, bytes.n);
	o->n += bytes.n;
	return OK;
}

static int put_stream(void *self, struct str bytes, struct fail *f)
{
	return aead_stream_put(self, bytes, f);
}

int job_write(struct job *j, const struct seal *m, int file, struct str hostname, struct cache *cache,
              const struct key *key, uint64_t now_ms, struct written *ret, struct fail *f)
{
	static struct out_file out; /* one at a time: a scribe does one thing */
	struct written w = WRITTEN_NONE;
	OWNS(aead_stream) stream = NULL;
	OWNFD memory = -1;
	OWN(secret) body_key = SECRET_NONE;
	struct seal_plan plan;

	TRY(make_plan(m, hostname, cache, key, now_ms, &j->arena, &plan, f));
	TRY(secret_new(&body_key, AEAD_KEY, f));
	TRY(random_bytes(body_key.p, body_key.n, f));
	if (file < 0)
		TRY(memfd_new(&memory, f));
	out.fd = file < 0 ? memory : file;
	out.n = 0;
	out.bytes = 0;
	TRY(aead_stream_seal_new(secret_str(&body_key), (struct sink){ put_out, &out }, &stream, f));
	TRY(seal_message(&j->scan, &plan, (struct sink){ put_stream, stream }, &w.result, f));
	TRY(aead_stream_end(stream, f));
	TRY(flush_out(&out, f));
	if (file >= 0 && fdatasync(file) < 0)
		return fail_errno(f, FAIL_SYS, "sync of a body");
	w.stored = out.bytes;
	w.fd = TAKE_FD(memory);
	w.body_key = secret_take(&body_key);
	*ret = w;
	return OK;
}
