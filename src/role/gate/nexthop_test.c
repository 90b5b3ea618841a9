#include "role/gate/nexthop_test.h"
#include "role/gate/client_test.h"

#include "base/mem.h"
#include "crypto/aead.h"
#include "sys/memfd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct nexthop_connection {
	struct nexthop *hop;
	int number, fd, mails;
	struct tls *tls;
	bool shaking, in_body, doomed, floods, hangs;
	bool mail_ok, rcpt_ok; /* the usual was said to them */
	bool no_tls;           /* 220 was said to STARTTLS, and nothing will come of it */
	struct buf in, out;
	struct nexthop_mail now;
};

static const struct {
	struct str verb;
	enum nexthop_step step;
	const char *says;
} verbs[] = {
	{ STR_INIT("EHLO"), AT_EHLO, NULL },
	{ STR_INIT("HELO"), AT_EHLO, NULL },
	{ STR_INIT("STARTTLS"), AT_STARTTLS, "220 2.0.0 go\r\n" },
	{ STR_INIT("MAIL"), AT_MAIL, "250 2.1.0 ok\r\n" },
	{ STR_INIT("RCPT"), AT_RCPT, "250 2.1.5 ok\r\n" },
	{ STR_INIT("DATA"), AT_DATA, "354 go\r\n" },
	{ STR_INIT("RSET"), AT_RSET, "250 2.0.0 ok\r\n" },
	{ STR_INIT("QUIT"), AT_QUIT, "221 2.0.0 bye\r\n" },
};

static const struct nexthop_rule *rule_of(const struct nexthop_connection *c, enum nexthop_step step)
{
	for (const struct nexthop_rule *r = c->hop->rules; r && r->says; r++)
		if (r->step == step && (r->connection < 0 || r->connection == c->number) &&
		    c->mails >= r->after)
			return r;
	return NULL;
}

/* true: the usual was said. */
static bool say(struct nexthop_connection *c, enum nexthop_step step, const char *usual)
{
	const struct nexthop_rule *r = rule_of(c, step);
	const char *says = r ? r->says : usual;

	c->hop->commands[step]++;
	c->floods |= strcmp(says, FLOODS) == 0;
	c->hangs |= strcmp(says, HANGS) == 0;
	if (!c->hangs && !c->floods)
		buf_addz(&c->out, says);
	c->doomed |= r && (r->then_closes || !*says);
	return !r;
}

static void ehlo(struct nexthop_connection *c)
{
	OWN(buf) b = BUF(4096);

	buf_addz(&b, "250-next.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n");
	if (c->hop->offers)
		buf_addz(&b, c->hop->offers);
	if (c->hop->tls && !c->tls)
		buf_addz(&b, "250-STARTTLS\r\n");
	buf_addz(&b, "250 ENHANCEDSTATUSCODES\r\n");
	say(c, AT_EHLO, b.p);
}

static void copy(char *to, size_t cap, struct str s)
{
	assert_true(s.n < cap);
	memcpy(to, s.p, s.n);
	to[s.n] = '\0';
}

static void start_tls(struct nexthop_connection *c)
{
	struct fail f = { 0 };

	assert_int_equal(tls_accept(c->hop->tls, c->fd, &c->tls, &f), OK);
	c->shaking = true;
}

static bool says_354(const struct nexthop_connection *c)
{
	const struct nexthop_rule *r = rule_of(c, AT_DATA);

	return r && str_starts(str_c(r->says), STR("354"));
}

static bool in_order(const struct nexthop_connection *c, enum nexthop_step step)
{
	return (step != AT_RCPT || c->mail_ok) && (step != AT_DATA || c->rcpt_ok);
}

static void command(struct nexthop_connection *c, struct str line)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		bool usual;

		if (!str_starts_nocase(line, verbs[i].verb))
			continue;
		if (verbs[i].step == AT_EHLO) {
			ehlo(c);
			return;
		}
		usual = say(c, verbs[i].step,
		            in_order(c, verbs[i].step) ? verbs[i].says : "503 5.5.1 order\r\n");
		usual &= in_order(c, verbs[i].step);
		if (verbs[i].step == AT_MAIL) {
			copy(c->now.mail, sizeof(c->now.mail), line);
			c->mail_ok = usual;
			c->rcpt_ok = false;
		}
		if (verbs[i].step == AT_RCPT) {
			copy(c->now.rcpt, sizeof(c->now.rcpt), line);
			c->rcpt_ok = usual;
		}
		c->in_body = verbs[i].step == AT_DATA && (usual || says_354(c));
		c->doomed |= verbs[i].step == AT_QUIT;
		if (verbs[i].step == AT_STARTTLS && usual)
			start_tls(c);
		c->no_tls =
		        verbs[i].step == AT_STARTTLS && !usual && str_starts(buf_str(&c->out), STR("220"));
		return;
	}
	fail_msg("the next hop was sent \"%.*s\"", STR_ARG(line));
}

static void body_line(struct nexthop_connection *c, struct str line)
{
	struct nexthop *h = c->hop;

	if (!str_eq(line, STR("."))) {
		buf_add(&c->now.body, str_starts(line, STR(".")) ? str_from(line, 1) : line);
		buf_addz(&c->now.body, "\r\n");
		return;
	}
	c->in_body = false;
	c->now.connection = c->number;
	c->now.tls = c->tls != NULL;
	assert_true(h->n_mails < NEXTHOP_MAILS);
	h->mails[h->n_mails++] = c->now;
	c->now.body = BUF(64 << 20);
	say(c, AT_DOT, "250 2.0.0 taken\r\n");
	c->mails++;
}

static void lines(struct nexthop_connection *c)
{
	size_t at = 0;

	while (!c->doomed && !c->shaking && !c->hangs) {
		struct str rest = str_from(buf_str(&c->in), at);
		size_t eol = str_find(rest, STR("\r\n"));

		if (eol == rest.n)
			break;
		at += eol + 2;
		(c->in_body ? body_line : command)(c, str_first(rest, eol));
	}
	buf_shift(&c->in, at);
}

static void gone(struct nexthop_connection *c)
{
	tls_free(c->tls);
	close(c->fd);
	buf_done(&c->in);
	buf_done(&c->out);
	buf_done(&c->now.body);
	c->hop->c[c->number] = NULL;
	c->hop->open--;
	free(c);
}

/* 0: nothing there; below: the end. */
static ssize_t get(struct nexthop_connection *c, char *p, size_t cap)
{
	enum tls_want t;
	struct fail f = { 0 };
	size_t n = 0;
	ssize_t r;

	if (c->tls) {
		t = tls_read(c->tls, p, cap, &n, &f);
		return t == TLS_DONE ? (ssize_t)n : t == TLS_WANT_READ ? 0 : -1;
	}
	r = recv(c->fd, p, cap, 0);
	return r > 0 ? r : r < 0 && errno == EAGAIN ? 0 : -1;
}

static void put(struct nexthop_connection *c)
{
	struct fail f = { 0 };
	size_t n = 0;
	ssize_t r;

	if (!c->out.n)
		return;
	if (c->tls && !c->shaking) {
		if (tls_write(c->tls, buf_str(&c->out), &n, &f) == TLS_DONE)
			buf_shift(&c->out, n);
		return;
	}
	r = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);
	buf_shift(&c->out, r > 0 ? (size_t)r : 0);
}

static bool turn_one(struct nexthop_connection *c)
{
	static char chunk[65536];
	size_t most = c->hop->read_max ? c->hop->read_max : SIZE_MAX, cap;
	struct fail f = { 0 };
	ssize_t n = 1;

	while (c->floods && c->out.n < 65536)
		buf_addz(&c->out, "250-and so on\r\n");
	put(c);
	if (c->doomed && !c->out.n)
		return false;
	if (c->shaking) {
		enum tls_want t = tls_handshake(c->tls, &f);

		c->shaking = t != TLS_DONE;
		return t < TLS_CLOSED;
	}
	while (!c->shaking && !c->doomed && most && n > 0) {
		cap = most < sizeof(chunk) ? most : sizeof(chunk);
		n = get(c, chunk, cap);
		if (n > 0) {
			most -= (size_t)n;
			buf_add(&c->in, str_of(chunk, (size_t)n));
			c->doomed |= c->no_tls;
			if (c->no_tls)
				buf_addz(&c->out, "500 5.5.1 what?\r\n");
			else
				lines(c);
			put(c);
		}
	}
	return n >= 0;
}

static void turn(void *self)
{
	struct nexthop *h = self;
	struct endpoint who;
	struct fail f = { 0 };
	int fd = -1;

	while (sock_accept(h->listener, &fd, &who, &f) == OK && fd >= 0) {
		struct nexthop_connection *c = xnew(struct nexthop_connection);

		assert_true(h->n < NEXTHOP_CONNECTIONS);
		*c = (struct nexthop_connection){ .hop = h, .number = h->n, .fd = fd };
		c->in = c->out = c->now.body = BUF(64 << 20);
		h->c[h->n++] = c;
		if (++h->open > h->most_open)
			h->most_open = h->open;
		say(c, AT_CONNECT, "220 next.example ESMTP\r\n");
	}
	for (int i = 0; i < h->n; i++)
		if (h->c[i] && !turn_one(h->c[i]))
			gone(h->c[i]);
}

/* Each next hop is a route of the operator's, with a name of its own. */
static const struct conf_route *route_to(const struct world *w, struct str endpoint)
{
	for (size_t i = 0; i < w->start.conf.n_routes; i++)
		if (str_eq(w->start.conf.routes[i].to, endpoint))
			return &w->start.conf.routes[i];
	return NULL;
}

static void know_route(struct world *w, struct str endpoint)
{
	struct conf *c = &w->start.conf;
	struct conf_route *r = &c->routes[c->n_routes];
	OWN(buf) name = BUF(100);

	if (route_to(w, endpoint))
		return;
	assert_true(c->n_routes < CONF_ROUTES_MAX);
	buf_addf(&name, "r%zu.example", c->n_routes);
	*r = *conf_route_named(c, STR("default"));
	r->name = arena_str(&w->start.arena, buf_str(&name));
	r->to = arena_str(&w->start.arena, endpoint);
	c->n_routes++;
}

void nexthop_open(struct nexthop *h, struct world *w, const struct nexthop_rule *rules)
{
	struct sockaddr_in at = { 0 };
	socklen_t n = sizeof(at);
	struct endpoint e;
	struct fail f = { 0 };

	*h = (struct nexthop){ .w = w, .rules = rules };
	assert_int_equal(endpoint_parse(STR("127.0.0.1:0"), &e, &f), OK);
	assert_int_equal(sock_listen(&e, SOCK_STREAM, 64, 0, &h->listener, &f), OK);
	assert_int_equal(getsockname(h->listener, (struct sockaddr *)&at, &n), 0);
	snprintf(h->endpoint, sizeof(h->endpoint), "127.0.0.1:%u", ntohs(at.sin_port));
	w->also = turn;
	w->also_self = h;
	know_route(w, str_c(h->endpoint));
}

void nexthop_drop(struct nexthop *h)
{
	for (int i = 0; i < h->n; i++)
		if (h->c[i])
			gone(h->c[i]);
}

void nexthop_close(struct nexthop *h)
{
	nexthop_drop(h);
	close(h->listener);
	tls_server_free(h->tls);
	for (size_t i = 0; i < h->n_mails; i++)
		buf_done(&h->mails[i].body);
	h->w->also = NULL;
}

/* ---- what core sends there --------------------------------------------------------------------------------------- */

static const char body_key[AEAD_KEY + 1] = "0123456789abcdef0123456789abcdef";

enum { BEFORE = 777 }; /* where a body begins in its file */

/* A body as the store would hold it; the caller's descriptor. */
static int stored(struct str body, uint64_t *ret_bytes, int flip)
{
	OWN(buf) file = BUF(64 << 20);
	struct aead_stream *s = NULL;
	struct fail f = { 0 };
	int fd = -1;

	memset(buf_room(&file, BEFORE), 'j', BEFORE);
	file.n = BEFORE;
	assert_int_equal(aead_stream_seal_new(str_of(body_key, AEAD_KEY), sink_buf(&file), &s, &f), OK);
	assert_int_equal(aead_stream_put(s, body, &f), OK);
	assert_int_equal(aead_stream_end(s, &f), OK);
	aead_stream_free(s);
	*ret_bytes = file.n - BEFORE;
	assert_int_equal(*ret_bytes, aead_stream_size(body.n));
	if (flip >= 0)
		file.p[BEFORE + flip] ^= 1;
	buf_addz(&file, "what comes after it in the segment");
	assert_int_equal(memfd_of(buf_str(&file), &fd, &f), OK);
	return fd;
}

static void order(struct world *w, const char *route, uint64_t id, struct str body, uint64_t plain, int flip,
                  uint32_t flags)
{
	uint64_t bytes = 0;
	const struct conf_route *r = route_to(w, str_c(route));
	int fd = stored(body, &bytes, flip);

	SEND_FD(w->core, fd, deliver, id, STR("01TESTMID"), r ? r->name : str_c(route),
	        STR("bounce+x@gate.example"), STR("anna@mailbox.example"), str_of(body_key, AEAD_KEY), BEFORE,
	        bytes, plain, flags);
	close(fd);
}

void send_stored(struct world *w, const char *route, uint64_t id, struct str body, int flip)
{
	order(w, route, id, body, body.n, flip, 0);
}

void send_octets(struct world *w, const char *route, uint64_t id, struct str body, uint64_t plain, int flip)
{
	order(w, route, id, body, plain, flip, ACCEPT_BINARY);
}

void nexthop_offers_tls(struct nexthop *h)
{
	OWN(buf) chain = BUF(65536), pem = BUF(65536);
	struct fail f = { 0 };

	make_certificate(&chain, &pem);
	assert_int_equal(tls_server_new(buf_str(&chain), buf_str(&pem), &h->tls, &f), OK);
}
