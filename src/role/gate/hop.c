#include "role/gate/hop.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proto/smtpc.h"
#include "role/gate/account.h"
#include "role/gate/body.h"
#include "role/gate/link.h"
#include "role/gate/lookup.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	CONNECT_S = 30, /* a next hop that is there answers at once */
	QUIT_MS = 5000,
	DOT_TIMES = 2, /* RFC 5321 4.5.3.2.6: the reply to the final dot may take longer */
	READS = 16,
};

struct hop {
	struct route *route;
	struct gate *gate;
	struct smtpc_config config;
	struct link link;
	struct smtpc *machine; /* NULL: not connected */
	struct timer *timer;
	struct delivery *job;
	struct body body;
	struct str plain; /* what was opened of the body and is not yet given to the machine */
	bool body_ended;
	bool opened, idle, quitting, shaking, no_tls;
	bool dry; /* nothing can be read, until the loop says so */
	unsigned n_jobs, reads;
	uint64_t since_ms;
	const struct target *target; /* the route's, to be compared alone */
	char name[256];              /* who should be there */
	const struct account *account;
	char tls_why[SMTPC_TEXT_MAX]; /* "" unless the handshake failed */
};

enum step { STEP_ON, STEP_WAIT, STEP_OVER }; /* OVER: the connection was freed */

static void run(struct hop *h);

static void more_time(struct hop *h)
{
	uint64_t ms = (uint64_t)h->gate->conf->deliver_command_s * 1000;

	timer_set(h->timer, smtpc_dot_sent(h->machine) ? ms * DOT_TIMES : ms);
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void close_body(struct hop *h)
{
	body_close(&h->body);
	h->plain = STR_NONE;
	h->body_ended = false;
}

void hop_free(struct hop *h)
{
	if (h->job)
		delivery_free(h->job);
	close_body(h);
	link_close(&h->link);
	timer_free(h->timer);
	smtpc_free(h->machine);
	free(h);
}

/* Nothing was delivered here, whatever was said: it is tried again later, even after a 5xx, for that speaks of us and
 * not of the message. */
static void end(struct hop *h, const struct ending *why)
{
	bool login = h->machine && smtpc_outcome(h->machine)->login;

	if (login) /* it stays so until the operator does something */
		log_warn("ev=hop route=%s state=login-refused code=%u enhanced=%.*s why=%s",
		         log_quote(str_c(route_name(h->route))), why->smtp, STR_ARG(why->enhanced),
		         log_quote(STR("check user and password_file of this route; its mail waits")));
	else if (!h->opened)
		log_info("ev=hop route=%s state=%s code=%u enhanced=%.*s",
		         log_quote(str_c(route_name(h->route))), h->no_tls ? "no-tls" : "down", why->smtp,
		         STR_ARG(why->enhanced));
	route_closed(h->route, h, h->opened, h->no_tls ? NULL : why);
}

static void end_unconnected(struct hop *h, struct str note)
{
	const struct ending e = { DELIVERY_LATER, (uint32_t)fail_face(FAIL_PEER)->smtp, STR("4.4.1"), note,
		                  HOP_UNSAID };

	end(h, &e);
}

static enum step serve_close(struct hop *h)
{
	const struct smtpc_outcome *o = smtpc_outcome(h->machine);
	struct str enhanced = o->enhanced[0] == '4' ? str_c(o->enhanced) : STR("4.3.2");
	struct str note = str_c(*h->tls_why ? h->tls_why : o->text);
	const struct ending e = { DELIVERY_LATER, (uint32_t)o->code, enhanced, note, HOP_UNSAID };

	end(h, &e);
	return STEP_OVER;
}

/* ---- what the machine wants -------------------------------------------------------------------------------------- */

static enum step serve_input(struct hop *h)
{
	struct gate *g = h->gate;
	size_t room = smtpc_room(h->machine), n = 0;
	struct fail f = { 0 };
	enum link_result r;

	if (!room || ((h->dry || h->reads >= READS) && !link_pending(&h->link)))
		return STEP_WAIT;
	h->reads++;
	r = link_read(&h->link, g->inbox, room < sizeof(g->inbox) ? room : sizeof(g->inbox), &n, &f);
	h->dry = r == LINK_WAIT || (r == LINK_DONE && !h->link.tls && n < room);
	if (r == LINK_WAIT)
		return STEP_WAIT;
	if (r == LINK_DONE)
		smtpc_input(h->machine, str_of(g->inbox, n));
	else
		smtpc_lost(h->machine, STR("the connection was closed"));
	return STEP_ON;
}

static void quit(struct hop *h)
{
	h->quitting = true;
	h->idle = false;
	smtpc_quit(h->machine);
	timer_set(h->timer, QUIT_MS);
}

/* A next hop may have its reasons to want connections ended now and then: other addresses, other certificates. */
bool hop_is_spent(const struct hop *h)
{
	const struct conf *c = h->gate->conf;

	return h->n_jobs >= c->connection_messages ||
	       (h->n_jobs && clock_mono_ms() - h->since_ms >= (uint64_t)c->connection_s * 1000);
}

static enum step serve_ready(struct hop *h)
{
	if (!h->opened) {
		h->opened = true;
		route_opened(h->route, h);
	}
	if (!h->idle && hop_is_spent(h)) {
		quit(h);
		return STEP_ON;
	}
	if (!h->idle)
		h->job = route_next(h->route);
	if (!h->job) {
		if (!h->idle)
			timer_set(h->timer, (uint64_t)h->gate->conf->idle_s * 1000);
		h->idle = true;
		return serve_input(h);
	}
	smtpc_send(h->machine, &(struct smtpc_mail){
	                               .sender = str_c(h->job->sender),
	                               .rcpt = str_c(h->job->rcpt),
	                               .bytes = h->job->plain,
	                               .eightbit = (h->job->flags & ACCEPT_8BIT) != 0,
	                               .smtputf8 = (h->job->flags & ACCEPT_SMTPUTF8) != 0,
	                       });
	return STEP_ON;
}

static int open_more(struct hop *h, struct fail *f)
{
	struct delivery *d = h->job;

	if (!h->body.stream)
		TRY(body_open(&h->body, d->fd, d->offset, d->stored, secret_str(&d->key),
		              d->flags & ACCEPT_BINARY, f));
	return body_step(&h->body, &h->plain, &h->body_ended, f);
}

/* The end is told together with the last bytes, before anything is written: one packet for a small message. */
static enum step serve_body(struct hop *h)
{
	struct fail f = { 0 };
	struct str piece;

	if (!h->plain.n && !h->body_ended && open_more(h, &f) < 0) {
		log_line(LOG_ERROR, "mid=%s ev=body why=%s", h->job->mid, log_quote(str_c(f.why)));
		smtpc_body_fail(h->machine, STR("the stored message cannot be read"));
		return STEP_ON;
	}
	piece = str_first(h->plain, smtpc_body_room(h->machine));
	smtpc_body(h->machine, piece);
	h->plain = str_from(h->plain, piece.n);
	if (!h->plain.n && h->body_ended)
		smtpc_body_end(h->machine);
	return STEP_ON;
}

static enum step serve_output(struct hop *h)
{
	return STEP_WAIT;
}

/* What a server says of one message, and none of what ends a connection, tells that it is there for others too. */
static enum delivery_hop hop_of(const struct smtpc_outcome *o)
{
	return o->kind == SMTPC_TEMP && (o->own || o->code == 421) ? HOP_UNSAID : HOP_SPOKE;
}

/* What is sent over a connection that had been idle may find out only now that the other side had closed it. By BDAT the
 * body has left before that is known; not a word to it is as good as a refusal. */
static bool was_stale(const struct hop *h, const struct smtpc_outcome *o)
{
	bool gone = (o->own || o->code == 421) && h->n_jobs > 0 && (!h->body.stream || !o->heard);

	return o->kind == SMTPC_TEMP && (gone || o->no_bdat) && !h->job->again && !h->job->forgotten;
}

static enum step serve_outcome(struct hop *h)
{
	static const struct {
		uint32_t outcome;
		struct str enhanced; /* when the peer said none, or one of another class */
	} kinds[] = {
		[SMTPC_DELIVERED] = { DELIVERY_DONE, STR_INIT("2.0.0") },
		[SMTPC_TEMP] = { DELIVERY_LATER, STR_INIT("4.0.0") },
		[SMTPC_PERM] = { DELIVERY_NEVER, STR_INIT("5.0.0") },
	};
	const struct smtpc_outcome *o = smtpc_outcome(h->machine);
	struct str enhanced = str_c(o->enhanced);

	if (!str_starts(enhanced, str_first(kinds[o->kind].enhanced, 2)))
		enhanced = kinds[o->kind].enhanced;
	if (was_stale(h, o))
		route_put_back(h->route, TAKE(h->job));
	else
		route_end(h->route, TAKE(h->job),
		          &(struct ending){ kinds[o->kind].outcome, (uint32_t)o->code, enhanced,
		                            str_c(o->text), hop_of(o) });
	close_body(h);
	h->n_jobs++;
	smtpc_outcome_taken(h->machine);
	return STEP_ON;
}

static struct tls_client *client_of(const struct hop *h)
{
	return h->account ? h->account->tls : h->gate->tls_client;
}

static enum step serve_tls(struct hop *h)
{
	struct fail f = { 0 };
	enum link_result r = LINK_LOST;

	if (smtpc_output(h->machine).n)
		return STEP_WAIT;
	if (h->shaking || link_connect_tls(&h->link, client_of(h), h->name, &f) == OK)
		r = link_shake(&h->link, &f);
	h->shaking = r == LINK_WAIT;
	if (r == LINK_WAIT)
		return STEP_WAIT;
	if (r != LINK_DONE) {
		log_info("ev=tls route=%s failed=%s", log_quote(str_c(route_name(h->route))),
		         log_quote(str_c(f.why)));
		snprintf(h->tls_why, sizeof(h->tls_why), "%.*s", SMTPC_TEXT_MAX - 1, f.why);
		h->no_tls = h->config.tls == SMTPC_TLS_MAY;
		if (h->no_tls)
			route_spoils_tls(h->route);
	}
	h->dry = false;
	smtpc_tls_done(h->machine, r == LINK_DONE);
	more_time(h);
	return STEP_ON;
}

static enum step (*const servants[])(struct hop *h) = {
	[SMTPC_INPUT] = serve_input,     [SMTPC_READY] = serve_ready, [SMTPC_BODY] = serve_body,
	[SMTPC_OUTPUT] = serve_output,   [SMTPC_TLS] = serve_tls,     [SMTPC_CLOSE] = serve_close,
	[SMTPC_OUTCOME] = serve_outcome,
};

/* ---- the turn of one connection ---------------------------------------------------------------------------------- */

/* LINK_DONE: nothing is left to be written. LINK_LOST: the machine knows. */
static enum link_result flush(struct hop *h)
{
	while (smtpc_output(h->machine).n) {
		struct fail f = { 0 };
		size_t n = 0;
		enum link_result r = link_write(&h->link, smtpc_output(h->machine), &n, &f);

		if (r == LINK_LOST)
			smtpc_lost(h->machine, STR("the connection was broken"));
		if (r != LINK_DONE)
			return r;
		smtpc_sent(h->machine, n);
		route_wrote(h->route, n);
	}
	if (!h->quitting)
		more_time(h);
	return LINK_DONE;
}

static bool waits_for_peer(const struct hop *h)
{
	enum smtpc_want w = smtpc_want(h->machine);

	return w == SMTPC_INPUT || w == SMTPC_READY;
}

static void run(struct hop *h)
{
	enum link_result r = LINK_LOST;
	enum step step;

	h->reads = 0;
	do {
		do
			step = servants[smtpc_want(h->machine)](h);
		while (step == STEP_ON);
		if (step == STEP_OVER)
			return;
		if (!smtpc_output(h->machine).n)
			break;
		r = flush(h);
	} while (r == LINK_LOST || (r == LINK_DONE && !waits_for_peer(h)));
	link_watch(&h->link, (waits_for_peer(h) && smtpc_room(h->machine)) || h->shaking,
	           smtpc_output(h->machine).n > 0);
}

/* Whatever our addresses are: a connection of one to itself ends here. */
static bool leads_back(const struct hop *h)
{
	const struct conf_route *c = route_conf(h->route);

	return str_eq(c->to, STR("mx")) && !c->local && sock_is_self(h->link.fd);
}

static void on_ready(void *arg, bool readable, bool writable)
{
	struct hop *h = arg;
	struct fail f = { 0 };

	if (readable)
		h->dry = false;
	if (h->machine) {
		run(h);
	} else if (sock_connect_result(h->link.fd, &f) < 0) {
		end_unconnected(h, str_c(f.why));
	} else if (leads_back(h)) {
		const struct ending e = { DELIVERY_NEVER, 550, STR("5.4.6"),
			                  STR("the domain's mail server is this machine"), HOP_UNSAID };

		end(h, &e);
	} else {
		h->machine = smtpc_new(&h->config);
		more_time(h);
		run(h);
	}
}

static void on_timer(void *arg)
{
	struct hop *h = arg;

	if (!h->machine) {
		end_unconnected(h, h->link.fd < 0 ? STR("cannot connect") : STR("no connection in time"));
		return;
	}
	if (h->idle && !h->quitting) {
		quit(h);
	} else {
		smtpc_lost(h->machine, STR("no answer in time"));
	}
	run(h);
}

static enum smtpc_tls policy_of(struct str word)
{
	if (str_eq(word, STR("none")))
		return SMTPC_TLS_NONE;
	return str_eq(word, STR("may")) ? SMTPC_TLS_MAY : SMTPC_TLS_ENCRYPT;
}

static void configure(struct hop *h, const struct target *to, bool in_clear)
{
	const struct conf_route *c = route_conf(h->route);

	h->account = account_of(h->gate->accounts, c->name);
	h->config.helo = h->gate->conf->hostname;
	h->config.tls = policy_of(c->tls);
	if (in_clear && h->config.tls == SMTPC_TLS_MAY)
		h->config.tls = SMTPC_TLS_NONE;
	h->config.chunking = h->gate->conf->chunking;
	h->config.user = c->user;
	if (h->account)
		h->config.password = secret_str(&h->account->password);
	h->config.auth_in_clear = c->auth_in_clear || endpoint_is_loopback(&to->to);
	snprintf(h->name, sizeof(h->name), "%.*s", STR_ARG(c->tls_name.n ? c->tls_name : str_c(to->name)));
}

struct hop *hop_new(struct route *r, const struct target *to, bool in_clear)
{
	struct hop *h = xnew(struct hop);
	struct fail f = { 0 };
	uint32_t limit_s;
	int fd = -1;

	h->route = r;
	h->gate = route_gate(r);
	h->target = to;
	h->since_ms = clock_mono_ms();
	configure(h, to, in_clear);
	h->body = BODY_NONE;
	h->link = LINK_NONE;
	h->timer = timer_new(h->gate->loop, on_timer, h);
	if (sock_connect(&to->to, &fd, &f) < 0) {
		timer_set(h->timer, 0);
		return h;
	}
	limit_s = h->gate->conf->deliver_command_s < CONNECT_S ? h->gate->conf->deliver_command_s : CONNECT_S;
	timer_set(h->timer, (uint64_t)limit_s * 1000);
	link_open(&h->link, h->gate->loop, fd, on_ready, h);
	link_watch(&h->link, false, true);
	return h;
}

const struct target *hop_target(const struct hop *h)
{
	return h->target;
}

bool hop_is_idle(const struct hop *h)
{
	return h->idle;
}

void hop_wake(struct hop *h)
{
	h->idle = false;
	more_time(h);
	run(h);
}

bool hop_forget(struct hop *h)
{
	if (!h->opened || (h->job && !smtpc_dot_sent(h->machine)))
		return false;
	if (h->job)
		h->job->forgotten = true;
	return true;
}
