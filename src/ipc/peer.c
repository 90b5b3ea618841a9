#include "ipc/peer.h"

#include "base/mem.h"
#include "ipc/killer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct waiting {
	struct waiting *next;
	int fds[SOCK_FDS_MAX];
	size_t n_fds, n;
	char record[];
};

struct peer {
	struct loop *loop;
	int fd;
	struct watch *watch;
	struct peer_options o;
	struct waiting *first, **last;
	size_t queued; /* bytes */
	struct buf out;
	unsigned busy; /* handlers running: free later */
	bool dead, ended, broken;
	struct fail why;
};

enum { BATCH = 64 };

/* One receive buffer for the process: handlers finish with their views before the next record is read. */
static char inbox[IPC_RECORD_MAX];

int ipc_fd_take(struct ipc_fds *fds, size_t i)
{
	int fd = i < fds->n ? fds->fd[i] : -1;

	if (i < fds->n)
		fds->fd[i] = -1;
	return fd;
}

void ipc_fds_close(struct ipc_fds *fds)
{
	for (size_t i = 0; i < fds->n; i++)
		if (fds->fd[i] >= 0)
			close(fds->fd[i]);
	fds->n = 0;
}

static void waiting_free(struct waiting *w)
{
	for (size_t i = 0; i < w->n_fds; i++)
		close(w->fds[i]);
	wipe(w->record, w->n);
	free(w);
}

static void end_road(struct peer *p, const struct fail *why)
{
	if (p->ended)
		return;
	p->ended = true;
	watch_want(p->watch, false, false);
	p->busy++;
	p->o.closed(p->o.self, p, why);
	p->busy--;
}

static const struct ipc_rule *rule_of(const struct peer *p, enum ipc_tag tag)
{
	for (const struct ipc_rule *r = p->o.rules; r->tag != IPC_NONE; r++)
		if (r->tag == tag)
			return r;
	return NULL;
}

static int dispatch(struct peer *p, struct str record, struct ipc_fds *fds, struct fail *f)
{
	union {
		max_align_t align;
		char bytes[IPC_STRUCT_MAX];
	} msg;
	const struct ipc_rule *rule;
	enum ipc_tag tag;

	TRY(ipc_decode(record, &tag, &msg, f));
	rule = rule_of(p, tag);
	if (!rule)
		return fail(f, FAIL_DENIED, "%s is not this peer's to say", ipc_name(tag));
	if (fds->n < rule->fds_min || fds->n > rule->fds_max)
		return fail(f, FAIL_SYNTAX, "%s with %zu descriptors", ipc_name(tag), fds->n);
	killer_ipc_step();
	rule->handler(p->o.self, &msg, fds);
	if (ipc_has_key(tag))
		wipe((void *)(uintptr_t)record.p, record.n);
	return OK;
}

static bool receive_one(struct peer *p)
{
	struct ipc_fds fds = { .from = p };
	struct fail f = { 0 };
	size_t n = 0;
	int r = sock_recv(p->fd, inbox, sizeof(inbox), &n, fds.fd, &fds.n, &f);

	if (r == FAIL_AGAIN)
		return false;
	if (r == OK && n == 0)
		r = fail(&f, FAIL_PEER, "the other side has gone");
	if (r == OK)
		r = dispatch(p, str_of(inbox, n), &fds, &f);
	ipc_fds_close(&fds);
	if (r < 0)
		end_road(p, &f);
	return r == OK && !p->dead && !p->ended;
}

static void flush_queue(struct peer *p)
{
	struct fail f = { 0 };

	while (p->first) {
		struct waiting *w = p->first;
		int r = sock_send(p->fd, str_of(w->record, w->n), w->fds, w->n_fds, &f);

		if (r == FAIL_AGAIN)
			return;
		if (r < 0) {
			end_road(p, &f);
			return;
		}
		p->first = w->next;
		if (!p->first)
			p->last = &p->first;
		p->queued -= w->n;
		waiting_free(w);
	}
	watch_want(p->watch, true, false);
}

static void release(struct peer *p)
{
	while (p->first) {
		struct waiting *w = p->first;

		p->first = w->next;
		waiting_free(w);
	}
	watch_free(p->watch);
	close(p->fd);
	if (p->out.p)
		wipe(p->out.p, p->out.cap);
	buf_done(&p->out);
	free(p);
}

static void on_ready(void *arg, bool readable, bool writable)
{
	struct peer *p = arg;

	p->busy++;
	if (p->broken)
		end_road(p, &p->why);
	else if (writable && !p->ended)
		flush_queue(p);
	for (int i = 0; readable && i < BATCH && !p->ended && !p->dead; i++)
		if (!receive_one(p))
			break;
	p->busy--;
	if (p->dead && !p->busy)
		release(p);
}

struct peer *peer_new(struct loop *l, int fd, const struct peer_options *o)
{
	struct peer *p = xnew(struct peer);

	(void)!fcntl(fd, F_SETFL, O_NONBLOCK);
	p->loop = l;
	p->fd = fd;
	p->o = *o;
	p->last = &p->first;
	p->out = BUF(IPC_RECORD_MAX);
	p->watch = watch_new(l, fd, on_ready, p);
	watch_want(p->watch, true, false);
	return p;
}

void peer_free(struct peer *p)
{
	if (!p || p->dead)
		return;
	p->dead = true;
	watch_want(p->watch, false, false);
	if (!p->busy)
		release(p);
}

static void enqueue(struct peer *p, struct str record, const int *fds, size_t n_fds)
{
	struct waiting *w = xalloc(sizeof(*w) + record.n);

	memcpy(w->record, record.p, record.n);
	w->n = record.n;
	for (size_t i = 0; i < n_fds; i++)
		w->fds[w->n_fds++] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
	*p->last = w;
	p->last = &w->next;
	p->queued += record.n;
	watch_want(p->watch, true, true);
}

void peer_send(struct peer *p, enum ipc_tag tag, const void *msg, const int *fds, size_t n_fds)
{
	struct fail f = { 0 };
	int r;

	if (p->ended || p->dead || p->broken)
		return;
	r = ipc_encode(tag, msg, &p->out, &f);
	if (r == OK)
		r = p->first ? FAIL_AGAIN : sock_send(p->fd, buf_str(&p->out), fds, n_fds, &f);
	if (r == FAIL_AGAIN) {
		if (p->queued + p->out.n > PEER_QUEUE_MAX)
			r = fail(&f, FAIL_PEER, "the other side does not read");
		else
			enqueue(p, buf_str(&p->out), fds, n_fds);
	}
	if (ipc_has_key(tag))
		wipe(p->out.p, p->out.n);
	if (r < 0 && r != FAIL_AGAIN) {
		/* Told from the loop, never from inside a send: the sender is in the middle of something. */
		p->broken = true;
		p->why = f;
		watch_want(p->watch, true, true);
	}
}

int ipc_write(int fd, enum ipc_tag tag, const void *msg, const int *fds, size_t n_fds, struct fail *f)
{
	OWN(buf) b = BUF(IPC_RECORD_MAX);
	int r;

	TRY(ipc_encode(tag, msg, &b, f));
	r = sock_send(fd, buf_str(&b), fds, n_fds, f);
	wipe(b.p, b.n);
	return r;
}

int ipc_read(int fd, struct buf *buf, enum ipc_tag *ret_tag, void *msg, struct ipc_fds *ret_fds,
             struct fail *f)
{
	size_t n = 0;
	char *p;

	buf_clear(buf);
	p = buf_room(buf, IPC_RECORD_MAX);
	if (!p)
		return fail(f, FAIL_BUG, "a receive buffer below IPC_RECORD_MAX");
	ret_fds->n = 0;
	TRY(sock_recv(fd, p, IPC_RECORD_MAX, &n, ret_fds->fd, &ret_fds->n, f));
	buf->n = n;
	if (!n) {
		*ret_tag = IPC_NONE;
		return OK;
	}
	killer_ipc_step();
	return ipc_decode(buf_str(buf), ret_tag, msg, f);
}
