#include "role/gate/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "role/gate/transaction.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	BUCKETS = 4096,    /* a power of two */
	READS = 16,        /* of one session before the others have their turn */
	LINGER_MS = 2000,  /* for the client to take our last words */
	LINGER_READS = 64, /* and for us to throw away what it still says */
};

struct sessions {
	struct gate *gate;
	struct smtpd_config configs[LISTEN_KINDS]; /* of the kinds that speak */
	struct session *buckets[BUCKETS];
};

/* What the machine does not say by itself. */
static const struct say {
	int code;
	struct str enhanced, text;
} say_silent = { 421, STR_INIT("4.4.2"), STR_INIT("you were silent for too long, goodbye") },
  say_slow = { 421, STR_INIT("4.4.2"), STR_INIT("the message took too long, goodbye") },
  say_stop = { 421, STR_INIT("4.3.2"), STR_INIT("this server is stopping, try again later") },
  say_full[] = {
	  [BUDGET_FULL] = { 421, STR_INIT("4.3.2"), STR_INIT("too many connections, try again later") },
	  [BUDGET_CLIENT_FULL] = { 421, STR_INIT("4.7.0"),
	                           STR_INIT("too many connections from your address") },
  };

/* ---- life ----------------------------------------------------------------------------------------------------- */

void sessions_reload(struct sessions *all)
{
	const struct gate *g = all->gate;
	const struct conf *c = g->conf;
	struct smtpd_config one = { .hostname = c->hostname, .starttls = g->tls_server, .smtputf8 = true };
	struct smtpd_limits *l = &one.limits;

	*l = smtpd_limits_default;
	l->message = c->message_bytes;
	l->rcpts = c->recipients < RCPTS_MAX ? c->recipients : RCPTS_MAX;
	l->errors = c->errors;
	l->messages = c->messages_per_session;
	all->configs[LISTEN_SMTP] = one;
	one.submission = true;
	all->configs[LISTEN_SUBMISSION] = one;
	one.starttls = false;
	one.tls = true;
	all->configs[LISTEN_SUBMISSION_TLS] = one;
	one.submission = one.tls = false;
	one.lmtp = true; /* it does not leave this machine, and needs no TLS */
	all->configs[LISTEN_LMTP] = one;
}

struct sessions *sessions_new(struct gate *g)
{
	struct sessions *all = xnew(struct sessions);

	all->gate = g;
	sessions_reload(all);
	return all;
}

static struct session **place_of(struct sessions *all, uint64_t id)
{
	struct session **p = &all->buckets[id & (BUCKETS - 1)];

	while (*p && (*p)->id != id)
		p = &(*p)->next;
	return p;
}

static void release_link(struct session *s)
{
	link_close(&s->link);
	if (s->client)
		budget_leave(s->gate->budget, TAKE(s->client));
}

static void session_free(struct session *s)
{
	struct session **p = place_of(s->all, s->id);

	*p = s->next;
	release_link(s);
	spool_close(&s->spool);
	smtpd_free(s->machine);
	timer_free(s->timer);
	free(s);
}

static void log_closed(const struct session *s, const char *why)
{
	log_info("sid=%016" PRIx64 " ev=closed why=%s messages=%u errors=%u", s->id, why,
	         smtpd_accepted(s->machine), smtpd_errors(s->machine));
}

static void set_deadline(struct session *s, uint64_t at)
{
	uint64_t now = clock_mono_ms();

	s->deadline_ms = at;
	if (s->armed_ms && s->armed_ms <= at)
		return; /* it fires earlier and is then set again: cheaper than moving it for each command */
	s->armed_ms = at;
	timer_set(s->timer, at > now ? at - now : 0);
}

/* A sign of life: the client has until then to give the next one. Single bytes of a command are none; those of a
 * message are, within the time for all of it. */
void session_more_time(struct session *s)
{
	uint64_t at = clock_mono_ms() + (uint64_t)s->gate->conf->command_s * 1000;

	if (!smtpd_in_data(s->machine))
		s->message_ms = 0;
	set_deadline(s, s->message_ms && s->message_ms < at ? s->message_ms : at);
}

/* The connection is gone. Only the answer that core owes for a whole message keeps the rest: it holds the memory of that
 * message, and it has to be logged. */
static enum step lose(struct session *s, const char *why)
{
	bool wait = s->asked && smtpd_want(s->machine) == SMTPD_COMMIT;

	log_closed(s, why);
	if (!wait) {
		session_free(s);
		return STEP_OVER;
	}
	release_link(s);
	return STEP_WAIT;
}

/* Everything is said: the client may read it in peace, for closing at once would throw away what it has not taken. */
static enum step linger(struct session *s, const char *why)
{
	log_closed(s, why);
	smtpd_free(TAKE(s->machine));
	spool_close(&s->spool);
	s->message_ms = 0;
	if (s->ended) {
		session_free(s);
		return STEP_OVER;
	}
	link_shut(&s->link);
	link_watch(&s->link, true, false);
	set_deadline(s, clock_mono_ms() + LINGER_MS);
	return STEP_WAIT;
}

/* ---- what the machine wants ------------------------------------------------------------------------------------- */

static enum step serve_input(struct session *s)
{
	struct gate *g = s->gate;
	size_t room = smtpd_room(s->machine), n = 0;
	struct fail f = { 0 };
	enum link_result r;

	if (s->ended)
		return smtpd_output(s->machine).n ? STEP_WAIT : lose(s, "gone");
	if (!room || ((s->dry || s->reads >= READS) && !link_pending(&s->link)))
		return STEP_WAIT;
	s->reads++;
	r = link_read(&s->link, g->inbox, room < sizeof(g->inbox) ? room : sizeof(g->inbox), &n, &f);
	if (r == LINK_LOST)
		return lose(s, "lost");
	s->dry = r == LINK_WAIT || (!s->link.tls && n < room);
	if (r == LINK_WAIT)
		return STEP_WAIT;
	if (r == LINK_END)
		s->ended = true;
	else
		smtpd_input(s->machine, str_of(g->inbox, n));
	if (s->submission && !s->account)
		wipe(g->inbox, n); /* it may be a password */
	if (smtpd_in_data(s->machine))
		session_more_time(s);
	return STEP_ON;
}

static enum step serve_output(struct session *s)
{
	return STEP_WAIT;
}

static enum link_result shake(struct session *s)
{
	struct fail f = { 0 };
	enum link_result r = LINK_LOST;

	if (s->shaking || link_accept_tls(&s->link, s->gate->tls_server, &f) == OK)
		r = link_shake(&s->link, &f);
	s->shaking = r == LINK_WAIT;
	if (r == LINK_WAIT)
		return r;
	s->gate->facts.tls_total += r == LINK_DONE;
	if (r == LINK_DONE)
		log_info("sid=%016" PRIx64 " ev=tls version=%s cipher=%s", s->id, tls_version(s->link.tls),
		         tls_cipher(s->link.tls));
	else
		log_info("sid=%016" PRIx64 " ev=tls failed=%s", s->id, log_quote(str_c(f.why)));
	s->dry = false;
	return r;
}

static enum step serve_tls(struct session *s)
{
	enum link_result r;

	if (smtpd_output(s->machine).n)
		return STEP_WAIT;
	r = shake(s);
	if (r == LINK_WAIT)
		return STEP_WAIT;
	smtpd_tls_done(s->machine, r == LINK_DONE);
	session_more_time(s);
	return STEP_ON;
}

static enum step serve_close(struct session *s)
{
	return smtpd_output(s->machine).n ? STEP_WAIT : linger(s, smtpd_why(s->machine));
}

static enum step (*const servants[])(struct session *s) = {
	[SMTPD_INPUT] = serve_input,         [SMTPD_OUTPUT] = serve_output,   [SMTPD_RCPT] = transaction_rcpt,
	[SMTPD_SPOOL] = transaction_spool,   [SMTPD_BODY] = transaction_body, [SMTPD_DROP] = transaction_drop,
	[SMTPD_COMMIT] = transaction_commit, [SMTPD_TLS] = serve_tls,         [SMTPD_CLOSE] = serve_close,
	[SMTPD_AUTH] = transaction_auth,
};

/* ---- the turn of one session ------------------------------------------------------------------------------------- */

/* LINK_DONE: nothing is left to be written. */
static enum link_result flush(struct session *s)
{
	bool some = false;

	for (;;) {
		struct str out = smtpd_output(s->machine);
		struct fail f = { 0 };
		enum link_result r;
		size_t n = 0;

		if (!out.n)
			break;
		r = link_write(&s->link, out, &n, &f);
		if (r != LINK_DONE)
			return r;
		smtpd_sent(s->machine, n);
		some = true;
	}
	if (some)
		session_more_time(s);
	return LINK_DONE;
}

/* While core is asked nothing changes: the client seldom says anything then, and if it does, on_ready() knows. */
static void watch(struct session *s)
{
	bool read = smtpd_want(s->machine) == SMTPD_INPUT && smtpd_room(s->machine) && !s->ended;

	if (!s->asked)
		link_watch(&s->link, read || s->shaking, smtpd_output(s->machine).n > 0);
}

/* RFC 8314 3.3: TLS, then the greeting. False: not yet, or never. */
static bool began(struct session *s)
{
	enum link_result r = s->tls_first ? shake(s) : LINK_DONE;

	if (r == LINK_WAIT)
		watch(s);
	else if (r != LINK_DONE)
		lose(s, "tls-failed");
	if (r != LINK_DONE)
		return false;
	if (s->tls_first) {
		s->tls_first = false;
		smtpd_greet(s->machine);
		session_more_time(s);
	}
	return true;
}

/* Replies are written when there is nothing left to do, and not while core is asked, so that those to pipelined
 * commands go together. */
static void run(struct session *s)
{
	if (!began(s))
		return;
	s->reads = 0;
	for (;;) {
		enum step step;
		bool said;

		do
			step = servants[smtpd_want(s->machine)](s);
		while (step == STEP_ON);
		if (step == STEP_OVER || !s->machine || s->link.fd < 0)
			return;
		said = smtpd_output(s->machine).n > 0 && !s->asked;
		if (said && flush(s) == LINK_LOST) {
			lose(s, "lost");
			return;
		}
		if (!said || smtpd_output(s->machine).n ||
		    (smtpd_want(s->machine) == SMTPD_INPUT && !s->ended))
			break;
	}
	watch(s);
}

static void throw_away(struct session *s)
{
	struct gate *g = s->gate;
	enum link_result r = LINK_DONE;

	for (int i = 0; i < LINGER_READS && r == LINK_DONE; i++)
		r = link_drain(&s->link, g->inbox, sizeof(g->inbox));
	if (r != LINK_WAIT)
		session_free(s);
}

static void on_ready(void *arg, bool readable, bool writable)
{
	struct session *s = arg;

	if (readable)
		s->dry = false;
	if (s->asked)
		link_watch(&s->link, false, false);
	else if (s->machine)
		run(s);
	else
		throw_away(s);
}

/* The client is told and has no more time to read it than it takes to send. */
static void shut(struct session *s, const struct say *v, const char *why)
{
	smtpd_shut(s->machine, v->code, v->enhanced, v->text);
	if (s->link.fd < 0)
		session_free(s);
	else if (s->shaking || flush(s) != LINK_DONE)
		lose(s, why);
	else
		linger(s, why);
}

/* After an answer to its question. */
static void go_on(struct session *s)
{
	if (s->link.fd < 0)
		session_free(s);
	else
		run(s);
}

static void forsaken(struct session *s)
{
	if (!s->asked)
		return;
	transaction_no_answer(s);
	go_on(s);
}

static void on_timer(void *arg)
{
	struct session *s = arg;
	uint64_t now = clock_mono_ms();

	s->armed_ms = 0;
	if (now < s->deadline_ms)
		set_deadline(s, s->deadline_ms);
	else if (!s->machine)
		session_free(s);
	else if (s->asked)
		forsaken(s);
	else if (s->message_ms && now >= s->message_ms)
		shut(s, &say_slow, "slow");
	else
		shut(s, &say_silent, "silent");
}

/* ---- what the gate tells ----------------------------------------------------------------------------------------- */

static void turn_away(int fd, const struct say *v)
{
	OWN(buf) line = BUF(512);

	buf_addf(&line, "%d %.*s %.*s\r\n", v->code, STR_ARG(v->enhanced), STR_ARG(v->text));
	(void)!send(fd, line.p, line.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static bool fresh_id(struct sessions *all, uint64_t *ret_id)
{
	struct fail f = { 0 };

	if (random_bytes(ret_id, sizeof(*ret_id), &f) < 0) {
		log_fail(LOG_ERROR, "random", &f);
		return false;
	}
	return *place_of(all, *ret_id) == NULL;
}

static const char *const protocols[LISTEN_KINDS] = {
	[LISTEN_SMTP] = "",
	[LISTEN_LMTP] = " protocol=lmtp",
	[LISTEN_SUBMISSION] = " protocol=submission",
	[LISTEN_SUBMISSION_TLS] = " protocol=submissions",
};

void sessions_enter(struct sessions *all, int fd, const struct endpoint *who, enum listen_kind kind)
{
	struct gate *g = all->gate;
	struct budget_client *client = NULL;
	char host[INET6_ADDRSTRLEN];
	enum budget_verdict v;
	struct session *s;
	uint64_t id = 0;

	endpoint_host(who, host, sizeof(host));
	v = fresh_id(all, &id) ? budget_enter(g->budget, who, &client) : BUDGET_FULL;
	if (v != BUDGET_ENTERED) {
		log_info("ev=turned-away client=%s why=%s", log_mask(str_c(host)),
		         v == BUDGET_FULL ? "sessions" : "sessions-of-client");
		turn_away(fd, &say_full[v]);
		g->facts.turned_away++;
		return;
	}
	log_info("sid=%016" PRIx64 " ev=connect client=%s%s", id, log_mask(str_c(host)), protocols[kind]);
	g->facts.sessions_total++;
	s = xnew(struct session);
	s->all = all;
	s->gate = g;
	s->id = id;
	s->client = client;
	s->dry = true;
	s->spool = SPOOL_NONE;
	memcpy(s->host, host, sizeof(host));
	s->lmtp = all->configs[kind].lmtp;
	s->submission = all->configs[kind].submission;
	s->tls_first = all->configs[kind].tls;
	s->machine = smtpd_new(&all->configs[kind]);
	s->timer = timer_new(g->loop, on_timer, s);
	link_open(&s->link, g->loop, fd, on_ready, s);
	*place_of(all, id) = s;
	session_more_time(s);
	if (!s->tls_first)
		smtpd_greet(s->machine);
	run(s);
}

/* The session that waits for this answer, or NULL. */
static struct session *asker(struct sessions *all, uint64_t id, uint32_t seq, enum smtpd_want want)
{
	struct session *s = *place_of(all, id);

	return s && s->asked && s->seq == seq && smtpd_want(s->machine) == want ? s : NULL;
}

void sessions_rcpt_answer(struct sessions *all, const struct rcpt_answer *m)
{
	struct session *s = asker(all, m->session, m->seq, SMTPD_RCPT);

	if (!s)
		return;
	transaction_rcpt_answer(s, m);
	go_on(s);
}

void sessions_auth_answer(struct sessions *all, const struct auth_answer *m)
{
	struct session *s = asker(all, m->session, m->seq, SMTPD_AUTH);

	if (!s)
		return;
	transaction_auth_answer(s, m);
	go_on(s);
}

void sessions_accept_answer(struct sessions *all, const struct accept_answer *m)
{
	struct session *s = asker(all, m->session, m->seq, SMTPD_COMMIT);

	if (!s)
		return;
	transaction_accept_answer(s, m);
	go_on(s);
}

/* Calls fn for each; it may free the one that it is given. */
static void for_each(struct sessions *all, void (*fn)(struct session *s))
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct session *s = all->buckets[i], *next; s; s = next) {
			next = s->next;
			fn(s);
		}
	}
}

void sessions_road_ended(struct sessions *all)
{
	for_each(all, forsaken);
}

static void stop_one(struct session *s)
{
	if (s->machine && s->link.fd >= 0) {
		smtpd_shut(s->machine, say_stop.code, say_stop.enhanced, say_stop.text);
		if (!s->shaking)
			flush(s);
	}
	session_free(s);
}

void sessions_free(struct sessions *all)
{
	if (!all)
		return;
	for_each(all, stop_one);
	free(all);
}
