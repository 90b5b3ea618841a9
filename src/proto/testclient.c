#include "proto/testclient.h"

#include <assert.h>

enum { ALL_MAX = 64 << 20 };

void testclient_init(struct testclient *t, const struct smtpc_config *config)
{
	*t = (struct testclient){ .c = smtpc_new(config), .out = BUF(ALL_MAX) };
}

void testclient_done(struct testclient *t)
{
	buf_done(&t->out);
	smtpc_free(t->c);
}

void testclient_add(struct testclient *t, const struct tc_mail *m)
{
	assert(t->n_mails < TC_MAILS);
	t->mails[t->n_mails++] = *m;
}

static void flush(struct testclient *t)
{
	struct str out = smtpc_output(t->c);

	if (!out.n)
		return;
	buf_add(&t->out, out);
	assert(!t->out.over);
	t->writes++;
	smtpc_sent(t->c, out.n);
}

static void body(struct testclient *t)
{
	const struct tc_mail *m = &t->mails[t->sent - 1];
	struct str rest = str_from(m->body, t->given);
	size_t n = smtpc_body_room(t->c);

	assert(n);
	if (m->fail && t->given >= m->body.n / 2) {
		smtpc_body_fail(t->c, STR("the stored message cannot be read"));
		return;
	}
	if (!rest.n) {
		smtpc_body_end(t->c);
		return;
	}
	n = n < rest.n ? n : rest.n;
	n = t->piece && t->piece < n ? t->piece : n;
	t->given += n;
	smtpc_body(t->c, str_first(rest, n));
}

static bool ready(struct testclient *t)
{
	if (t->sent < t->n_mails) {
		t->given = 0;
		smtpc_send(t->c, &t->mails[t->sent++].mail);
		assert(smtpc_is_busy(t->c) != (smtpc_want(t->c) == SMTPC_OUTCOME));
		return true;
	}
	if (!t->quit)
		return false;
	smtpc_quit(t->c);
	return true;
}

static bool serve_one(struct testclient *t)
{
	switch (smtpc_want(t->c)) {
	case SMTPC_READY:
		return ready(t);
	case SMTPC_BODY:
		body(t);
		return true;
	case SMTPC_OUTPUT:
		flush(t);
		return true;
	case SMTPC_OUTCOME:
		assert(t->n_outcomes < t->sent);
		t->outcomes[t->n_outcomes++] = *smtpc_outcome(t->c);
		smtpc_outcome_taken(t->c);
		return true;
	case SMTPC_INPUT:
	case SMTPC_TLS:
	case SMTPC_CLOSE:
		break;
	}
	return false;
}

void testclient_serve(struct testclient *t)
{
	while (serve_one(t))
		;
	flush(t);
}

void testclient_input(struct testclient *t, struct str in, size_t piece)
{
	while (in.n && smtpc_want(t->c) != SMTPC_CLOSE) {
		size_t n = piece < in.n ? piece : in.n, room = smtpc_room(t->c);

		if (smtpc_want(t->c) == SMTPC_TLS)
			room = n;
		n = n < room ? n : room;
		assert(n); /* everything was served, so there is room */
		smtpc_input(t->c, str_first(in, n));
		in = str_from(in, n);
		testclient_serve(t);
	}
}

void testclient_tls(struct testclient *t)
{
	if (smtpc_want(t->c) != SMTPC_TLS)
		return;
	smtpc_tls_done(t->c, !t->tls_fail);
	testclient_serve(t);
}
