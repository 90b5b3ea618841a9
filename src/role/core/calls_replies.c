/* calls_replies.c - answers that were refused: listed, explained, let go, deleted. */
#include "crypto/aead.h"
#include "role/core/call.h"
#include "role/core/reply.h"
#include "store/held.h"
#include "store/users.h"
#include "sys/memfd.h"

#include <errno.h>
#include <unistd.h>

static const struct reply_row *row_of(const struct held *h)
{
	return reply_row(h->cause > 0 && h->cause < REPLY_CAUSES ? (enum reply_cause)h->cause
	                                                         : REPLY_UNREADABLE);
}

static bool may_go(const struct held *h)
{
	return row_of(h)->releasable && h->body;
}

/* Another user's reads like none. */
static int find_held(struct request *c, struct held *ret, struct fail *f)
{
	uint64_t id = arg_number(c, "id", 0);
	int64_t user = 0;
	int r;

	if (arg_given(c, "user"))
		TRY(call_user(c, &user, f));
	r = held_get(c->core->store, (int64_t)id, &c->arena, ret, f);
	if (r == FAIL_ABSENT || (r == OK && user && ret->user != user))
		return call_wrong(c, "id", f, FAIL_ABSENT,
		                  "there is no refused answer %llu (they are kept for %d days): see `postern "
		                  "reply list`",
		                  (unsigned long long)id, HELD_DAYS);
	return r;
}

static int tell(struct request *c, const struct held *h, struct fail *f)
{
	OWN(buf) to = BUF(IPC_RECORD_MAX);
	struct str list = h->rcpts, rcpt, user;

	TRY(user_name(c->core->store, h->user, &c->arena, &user, f));
	while (list_next(&list, &rcpt)) {
		buf_addz(&to, to.n ? ", " : "");
		buf_add(&to, rcpt);
	}
	rec_number(c, "id", h->id);
	rec_time(c, "at", h->at);
	rec_text(c, "user", user);
	rec_text(c, "alias", h->alias_address);
	rec_text(c, "to", buf_str(&to));
	rec_text(c, "cause", str_c(row_of(h)->word));
	rec_bool(c, "releasable", may_go(h));
	return OK;
}

static int list_one(void *arg, const struct held *h, struct fail *f)
{
	TRY(tell(arg, h, f));
	rec_end(arg);
	return OK;
}

static int run_list(struct request *c, struct fail *f)
{
	int64_t user = 0;

	if (arg_given(c, "user"))
		TRY(call_user(c, &user, f));
	return held_each(c->core->store, user, list_one, c, f);
}

static struct str one_line(struct request *c, const char *text)
{
	OWN(buf) b = BUF(8192);

	for (; *text; text++)
		buf_addc(&b, *text == '\n' ? ' ' : *text);
	return str_trim(arena_str(&c->arena, buf_str(&b)));
}

static int run_show(struct request *c, struct fail *f)
{
	struct held h;

	TRY(find_held(c, &h, f));
	TRY(tell(c, &h, f));
	rec_text(c, "sender", h.sender);
	rec_number(c, "size", h.size);
	rec_text(c, "mid", h.mid);
	rec_text(c, "why", one_line(c, row_of(&h)->why));
	rec_text(c, "remedy", one_line(c, row_of(&h)->remedy));
	rec_end(c);
	return OK;
}

static int delete_it(struct request *c, void *arg, struct fail *f)
{
	return held_delete(c->core->store, *(int64_t *)arg, f);
}

static int run_delete(struct request *c, struct fail *f)
{
	struct held h;

	TRY(find_held(c, &h, f));
	return call_part(c, delete_it, &h.id, f);
}

/* ---- letting go -------------------------------------------------------------------------------------------------- */

static int put_memfd(void *self, struct str bytes, struct fail *f)
{
	return memfd_add(*(int *)self, bytes, f);
}

static int read_through(int fd, uint64_t at, uint64_t left, struct aead_stream *s, struct fail *f)
{
	char room[16384];

	while (left) {
		ssize_t n = pread(fd, room, left < sizeof(room) ? (size_t)left : sizeof(room), (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(f, FAIL_SYS, "read of a stored answer");
		if (n == 0)
			return fail(f, FAIL_FORGED, "a stored answer is cut off");
		TRY(aead_stream_put(s, str_of(room, (size_t)n), f));
		at += (uint64_t)n;
		left -= (uint64_t)n;
	}
	return aead_stream_end(s, f);
}

/* As it came, into memory that cannot change any more. */
static int open_body(struct request *c, const struct held *h, int *ret_fd, uint64_t *ret_size, struct fail *f)
{
	OWNS(aead_stream) s = NULL;
	OWNFD stored = -1, memory = -1;
	struct body b;
	uint64_t offset;

	TRY(body_get(c->core->store, h->body, &c->arena, &b, &stored, &offset, f));
	TRY(memfd_new(&memory, f));
	TRY(aead_stream_open_new(b.key, (struct sink){ put_memfd, &memory }, &s, f));
	TRY(read_through(stored, offset, b.stored, s, f));
	TRY(memfd_seal(memory, f));
	*ret_fd = TAKE_FD(memory);
	*ret_size = b.plain;
	return OK;
}

static void released(void *arg, int code, const char *why)
{
	struct request *c = arg;
	struct fail f = { 0 };

	if (code == OK)
		code = call_part(c, delete_it, c->state, &f);
	else
		fail(&f, code, "%s", why);
	if (code == FAIL_ABSENT) /* deleted meanwhile: it went all the same */
		code = OK;
	call_finish(c, code, &f);
}

static bool is_under_way(const struct request *asks, int64_t id)
{
	for (const struct request *c = asks->core->calls; c; c = c->next)
		if (c != asks && c->spec == asks->spec && c->state && *(const int64_t *)c->state == id)
			return true;
	return false;
}

static int release(struct request *c, const struct held *h, struct fail *f)
{
	struct refusal r = {
		.user = h->user,
		.mailbox = h->mailbox,
		.alias = h->alias,
		.alias_address = h->alias_address,
		.sender = h->sender,
		.rcpts = h->rcpts,
		.account = h->account,
		.cause = (enum reply_cause)h->cause,
		.at = h->at,
		.mid = arena_z(&c->arena, h->mid),
		.tie = -1,
	};
	OWNFD fd = -1;
	int64_t *id = arena_array(&c->arena, int64_t, 1);

	TRY(open_body(c, h, &fd, &r.size, f));
	r.fd = fd;
	*id = h->id;
	c->state = id;
	return reply_release(c->core, &r, released, c, f);
}

static int run_release(struct request *c, struct fail *f)
{
	struct held h;

	TRY(find_held(c, &h, f));
	if (!row_of(&h)->releasable)
		return call_wrong(c, "id", f, FAIL_DENIED,
		                  "what was refused for this cause (%s) is not let go: `postern reply show "
		                  "%lld` says what to do",
		                  row_of(&h)->word, (long long)h.id);
	if (!h.body)
		return call_wrong(c, "id", f, FAIL_ABSENT,
		                  "its message could not be kept: send the answer again");
	if (is_under_way(c, h.id))
		return call_wrong(c, "id", f, FAIL_EXISTS, "this answer is being let go already");
	TRY(release(c, &h, f));
	return CALL_LATER;
}

// clang-format off
#define WHICH { .name = "id", .kind = ARG_NUMBER, .required = true, .most = INT64_MAX }, { .name = "user" }

const struct call_spec calls_replies[] = {
	{ "reply.list", run_list, { { .name = "user" } } },
	{ "reply.show", run_show, { WHICH } },
	{ "reply.release", run_release, { WHICH } },
	{ "reply.delete", run_delete, { WHICH } },
	{ 0 }
};
// clang-format on
