#include "role/web/prover.h"

#include "base/log.h"
#include "base/mem.h"
#include "sys/sandbox.h"
#include "sys/sock.h"
#include "sys/spawn.h"

#include <poll.h>
#include <unistd.h>

enum { PASSWORD_ROOM = 512, NICE = 5 };

/* What goes over the road, between two of one image. */
struct question {
	uint32_t number, password_n;
	struct password_cost cost;
	char salt[PASSWORD_SALT], password[PASSWORD_ROOM];
};

struct proof {
	uint32_t number;
	int32_t code;
	uint8_t proof[PASSWORD_PROOF];
};

struct prover {
	int fd;
	struct watch *watch;
	struct exchange *known, *others; /* oldest first */
	size_t n_known, n_others;
	struct exchange *current; /* NULL while busy: it has gone */
	bool busy;
	uint32_t number;
};

/* ---- the other process -------------------------------------------------------------------------------------------- */

static void prove(const struct question *q, struct proof *ret)
{
	struct fail f = { 0 };

	*ret = (struct proof){ .number = q->number, .code = FAIL_BUG };
	if (q->password_n <= PASSWORD_ROOM)
		ret->code = password_prove(str_of(q->password, q->password_n), str_of(q->salt, PASSWORD_SALT),
		                           &q->cost, ret->proof, &f);
}

__attribute__((noreturn)) static void serve(int road)
{
	int fds[SOCK_FDS_MAX];
	struct question q;
	struct proof p;
	struct fail f = { 0 };
	size_t n, n_fds;

	for (;;) {
		if (sock_recv(road, &q, sizeof(q), &n, fds, &n_fds, &f) < 0 || n != sizeof(q) || n_fds)
			_exit(0); /* web has gone */
		prove(&q, &p);
		wipe(&q, sizeof(q));
		if (sock_send(road, str_of(&p, sizeof(p)), NULL, 0, &f) < 0)
			_exit(0);
		wipe(&p, sizeof(p));
	}
}

__attribute__((noreturn)) static void work(int road)
{
	struct fail f = { 0 };

	log_open(2, "prover", LOG_INFO);
	(void)!nice(NICE);
	if (sandbox_enter_forked(0, &f) == OK)
		serve(road);
	log_fail(LOG_ERROR, "lock", &f);
	_exit(1);
}

int prover_start(struct web *w, struct fail *f)
{
	int pair[2];
	pid_t pid = -1;

	spawn_reap_forked();
	TRY(sandbox_prepare_forked(f));
	TRY(sock_pair(false, pair, f));
	TRY(spawn_forked(&pair[1], 1, &pid, f));
	if (pid == 0)
		work(pair[1]);
	close(pair[1]);
	w->prover = xnew(struct prover);
	w->prover->fd = pair[0];
	return OK;
}

/* ---- this one ----------------------------------------------------------------------------------------------------- */

static void put_last(struct exchange **list, struct exchange *x)
{
	while (*list)
		list = &(*list)->proving.next;
	x->proving.next = NULL;
	*list = x;
}

static struct exchange *take_first(struct exchange **list, size_t *n)
{
	struct exchange *x = *list;

	if (x) {
		*list = x->proving.next;
		(*n)--;
	}
	return x;
}

static bool take_out(struct exchange **list, size_t *n, const struct exchange *x)
{
	for (; *list; list = &(*list)->proving.next) {
		if (*list != x)
			continue;
		*list = x->proving.next;
		(*n)--;
		return true;
	}
	return false;
}

/* Without its other half this process can sign nobody in: both are made anew. */
__attribute__((noreturn)) static void broken(const struct fail *f)
{
	log_fail(LOG_ERROR, "prover", f);
	_exit(1);
}

static void next(struct prover *p)
{
	struct question q = { .number = ++p->number };
	struct exchange *x = take_first(&p->known, &p->n_known);
	struct fail f = { 0 };

	if (!x)
		x = take_first(&p->others, &p->n_others);
	p->current = x;
	p->busy = x;
	if (!x)
		return;
	q.cost = x->proving.cost;
	q.password_n = (uint32_t)x->proving.password.n;
	memcpy(q.password, x->proving.password.p, x->proving.password.n);
	memcpy(q.salt, x->proving.salt.p, PASSWORD_SALT);
	if (sock_send(p->fd, str_of(&q, sizeof(q)), NULL, 0, &f) < 0)
		broken(&f);
	wipe(&q, sizeof(q));
}

int prover_ask(struct exchange *x, bool known, struct fail *f)
{
	struct prover *p = x->web->prover;

	if (x->proving.salt.n != PASSWORD_SALT || x->proving.password.n > PASSWORD_ROOM)
		return fail(f, FAIL_BUG, "a salt or a password of another size");
	if (known ? p->n_known >= PROVER_KNOWN : p->n_others >= PROVER_WAITING)
		return fail(f, FAIL_AGAIN, "too many sign in at this moment: try again in a few seconds");
	put_last(known ? &p->known : &p->others, x);
	*(known ? &p->n_known : &p->n_others) += 1;
	if (!p->busy)
		next(p);
	return OK;
}

void prover_forget(struct exchange *x)
{
	struct prover *p = x->web->prover;

	if (p->current == x)
		p->current = NULL;
	else if (!take_out(&p->known, &p->n_known, x))
		(void)take_out(&p->others, &p->n_others, x);
}

static void on_proof(void *arg, bool readable, bool writable)
{
	struct web *w = arg;
	struct prover *p = w->prover;
	struct exchange *x = p->current;
	int fds[SOCK_FDS_MAX];
	struct fail f = { 0 };
	size_t n = 0, n_fds = 0;
	struct proof got;
	int r = sock_recv(p->fd, &got, sizeof(got), &n, fds, &n_fds, &f);

	if (r == OK && (n != sizeof(got) || n_fds || got.number != p->number))
		r = fail(&f, FAIL_PEER, n ? "an answer to another question" : "it has ended");
	if (r < 0)
		broken(&f);
	next(p);
	if (x)
		x->proving.done(x, got.code, str_of(got.proof, sizeof(got.proof)));
	wipe(&got, sizeof(got));
}

void prover_ready(struct web *w)
{
	w->prover->watch = watch_new(w->loop, w->prover->fd, on_proof, w);
	watch_want(w->prover->watch, true, false);
}
