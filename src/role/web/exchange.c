#include "role/web/exchange.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proto/http.h"
#include "role/web/api.h"
#include "role/web/foreign.h"
#include "role/web/headers.h"
#include "role/web/prover.h"
#include "role/web/reader.h"
#include "role/web/transfer.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>

enum {
	RECORDS_MAX = 8 << 20,
	REPLY_MAX = 16 << 20,
	IDLE_S = 30,
	CONNECTIONS = 512,
	CONNECTION_MEMORY = 64 * 1024
};

/* ---- life -------------------------------------------------------------------------------------------------------- */

static void *on_target(void *web, const char *uri, struct MHD_Connection *conn)
{
	struct exchange *x = xnew(struct exchange);
	struct str target = str_c(uri);

	x->web = web;
	x->conn = conn;
	x->body = BUF(HTTP_BODY_MAX);
	x->records = BUF(RECORDS_MAX);
	x->reply = BUF(REPLY_MAX);
	x->args = BUF(IPC_RECORD_MAX);
	x->cookie = BUF(512);
	x->device = BUF(512);
	x->path = arena_str(&x->arena, str_first(target, str_chr(target, '?')));
	if (str_chr(target, '?') < target.n)
		x->query = arena_str(&x->arena, str_from(target, str_chr(target, '?') + 1));
	return x;
}

static void wipe_done(struct buf *b)
{
	if (b->p)
		wipe(b->p, b->cap);
	buf_done(b);
}

static void stop_waiting(struct exchange *x)
{
	for (struct exchange **p = &x->web->waiting; *p; p = &(*p)->next) {
		if (*p != x)
			continue;
		*p = x->next;
		break;
	}
}

/* Passwords and tokens were in them. */
static void exchange_free(struct exchange *x)
{
	stop_waiting(x);
	prover_forget(x);
	reader_free(x->reader);
	export_end(x);
	wipe((void *)(uintptr_t)x->token.p, x->token.n);
	wipe((void *)(uintptr_t)x->password.p, x->password.n);
	wipe((void *)(uintptr_t)x->new_password.p, x->new_password.n);
	wipe_done(&x->body);
	wipe_done(&x->records);
	wipe_done(&x->reply);
	wipe_done(&x->args);
	wipe_done(&x->cookie);
	buf_done(&x->device);
	json_decref(x->foreign);
	arena_done(&x->arena);
	free(x);
}

static void on_completed(void *web, struct MHD_Connection *conn, void **at,
                         enum MHD_RequestTerminationCode why)
{
	if (*at)
		exchange_free(TAKE(*(struct exchange **)(void *)at));
}

struct str exchange_header(const struct exchange *x, const char *name)
{
	return str_c(MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, name));
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static void add(struct MHD_Response *r, const char *name, const char *value)
{
	(void)MHD_add_response_header(r, name, value);
}

static void add_cors(const struct exchange *x, struct MHD_Response *r)
{
	add(r, "Cross-Origin-Resource-Policy", x->cors ? "cross-origin" : "same-origin");
	if (!x->cors)
		return;
	/* A key in a header, never a cookie: any page may ask for whoever gave it one. */
	add(r, "Access-Control-Allow-Origin", "*");
	add(r, "Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS");
	add(r, "Access-Control-Allow-Headers",
	    "Accept, Authentication, Authorization, Content-Type, X-CSRF-TOKEN, X-Requested-From, "
	    "X-Requested-With, X-Sl-Allowcookies");
	add(r, "Access-Control-Max-Age", "86400");
}

static void add_filename(const struct exchange *x, struct MHD_Response *r)
{
	OWN(buf) b = BUF(256);

	buf_addf(&b, "attachment; filename=%s", x->filename);
	add(r, "Content-Disposition", b.p);
}

static void add_headers(struct exchange *x, struct MHD_Response *r)
{
	for (const struct header *h = headers_always; h->name; h++)
		if (!h->https || x->web->https)
			add(r, h->name, h->value);
	if (x->type)
		add(r, "Content-Type", x->type);
	if (x->filename && x->status == 200)
		add_filename(x, r);
	if (x->encoding)
		add(r, "Content-Encoding", x->encoding);
	if (x->file)
		add(r, "Vary", "Accept-Encoding");
	if (x->file && x->file->forever)
		add(r, "Cache-Control", "public, max-age=31536000, immutable");
	else
		add(r, "Cache-Control", x->file ? "no-cache" : "no-store");
	if (x->cookie.n)
		add(r, "Set-Cookie", x->cookie.p);
	if (x->device.n)
		add(r, "Set-Cookie", x->device.p);
	if (x->status == 429)
		add(r, "Retry-After", "2");
	if (x->status == 503)
		add(r, "Retry-After", "5");
	add_cors(x, r);
}

/* The best form of a file that the browser takes. */
static struct str form_of(struct exchange *x)
{
	struct str takes = exchange_header(x, "Accept-Encoding");

	if (x->file->brotli.n && str_find(takes, STR("br")) < takes.n) {
		x->encoding = "br";
		return x->file->brotli;
	}
	if (x->file->gzip.n && str_find(takes, STR("gzip")) < takes.n) {
		x->encoding = "gzip";
		return x->file->gzip;
	}
	return x->file->bytes;
}

static struct MHD_Response *response_of(struct exchange *x)
{
	struct str bytes = x->file ? form_of(x) : buf_str(&x->reply);

	if (!x->file && bytes.n > READER_LONG)
		return reader_new(x, bytes);
	return MHD_create_response_from_buffer(bytes.n, (void *)(uintptr_t)(bytes.p ? bytes.p : ""),
	                                       x->file ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result send_it(struct exchange *x)
{
	struct MHD_Response *r = response_of(x);
	enum MHD_Result ok;

	if (!r)
		return MHD_NO;
	add_headers(x, r);
	ok = MHD_queue_response(x->conn, x->status, r);
	MHD_destroy_response(r);
	return ok;
}

void exchange_done(struct exchange *x)
{
	x->done = true;
	if (!x->waiting)
		return;
	x->waiting = false;
	MHD_resume_connection(x->conn);
	web_turn_soon(x->web);
}

void exchange_json(struct exchange *x, unsigned status, json_t *o)
{
	x->status = status;
	x->type = "application/json";
	buf_clear(&x->reply);
	json_print(o, &x->reply);
	exchange_done(x);
}

void exchange_error(struct exchange *x, unsigned status, const char *error, const char *why, const char *arg)
{
	x->status = status;
	x->type = "application/json";
	buf_clear(&x->reply);
	if (x->error_form)
		json_print(json_pack("{s:s}", x->error_form, why), &x->reply);
	else
		json_error(error, str_c(why), str_c(arg), &x->reply);
	exchange_done(x);
}

/* Some arguments say more than the code: who asks is not known, or asks too often. */
static unsigned status_of(int code, struct str arg)
{
	static const struct {
		struct str arg;
		int code;
		unsigned status;
	} rows[] = {
		{ STR_INIT("session"), FAIL_DENIED, 401 },
		{ STR_INIT("password"), FAIL_DENIED, 401 },
		{ STR_INIT("passkey"), FAIL_DENIED, 401 },
		{ STR_INIT("rate"), FAIL_AGAIN, 429 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (code == rows[i].code && str_eq(arg, rows[i].arg))
			return rows[i].status;
	return (unsigned)fail_face(code)->http;
}

void exchange_fail(struct exchange *x, int code, struct str why, struct str arg)
{
	OWN(buf) name = BUF(32);
	const char *word = fail_name(code);

	if (x->failed) {
		x->failed(x, code, why, arg);
		return;
	}
	for (; *word; word++)
		buf_addc(&name, ascii_lower(*word));
	exchange_error(x, status_of(code, arg), name.p, arena_z(&x->arena, why), arena_z(&x->arena, arg));
}

/* ---- core -------------------------------------------------------------------------------------------------------- */

void exchange_ask(struct exchange *x, const char *verb, struct str args,
                  void (*answered)(struct exchange *x, int code, struct str why, struct str arg))
{
	struct web *w = x->web;

	if (!w->core) {
		exchange_fail(x, FAIL_AGAIN, STR("a part of the server is being started again: try again"),
		              STR(""));
		return;
	}
	stop_waiting(x);
	x->id = ++w->last_id;
	x->answered = answered;
	x->next = w->waiting;
	w->waiting = x;
	buf_clear(&x->records);
	SEND(w->core, web_call, x->id, x->token, x->client,
	     str_first_utf8(exchange_header(x, "User-Agent"), 200), str_c(verb), args);
}

void exchanges_answered(void *web, const void *msg, struct ipc_fds *fds)
{
	struct web *w = web;
	const struct answer *m = msg;
	struct exchange *x = w->waiting;

	while (x && x->id != m->id)
		x = x->next;
	if (!x)
		return; /* the browser has gone */
	buf_add(&x->records, m->records);
	if (m->more)
		return;
	stop_waiting(x);
	if (x->records.over)
		exchange_fail(x, FAIL_LIMIT, STR("the answer is too long: ask for less"), STR(""));
	else
		x->answered(x, ipc_result(m->code), m->why, m->arg);
}

void exchanges_core_gone(struct web *w)
{
	while (w->waiting) {
		struct exchange *x = w->waiting;

		stop_waiting(x);
		exchange_fail(x, FAIL_AGAIN, STR("a part of the server is being started again: try again"),
		              STR(""));
	}
}

/* ---- the library ------------------------------------------------------------------------------------------------- */

static enum MHD_Result keep_last(void *last, enum MHD_ValueKind kind, const char *name, const char *value)
{
	if (str_eq_nocase(str_c(name), STR("X-Forwarded-For")))
		*(struct str *)last = str_c(value);
	return MHD_YES;
}

/* Some proxies add a field of their own behind the client's: the last one is the proxy's word, the others are anybody's. */
static struct str forwarded_for(const struct exchange *x)
{
	struct str last = STR("");

	(void)MHD_get_connection_values(x->conn, MHD_HEADER_KIND, keep_last, &last);
	return last;
}

static void find_client(struct exchange *x)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(x->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct str forwarded = forwarded_for(x);
	struct endpoint from = { .len = 0 };
	char host[64] = "unix";

	if (info && info->client_addr && info->client_addr->sa_family == AF_INET) {
		memcpy(&from.addr, info->client_addr, sizeof(struct sockaddr_in));
		endpoint_host(&from, host, sizeof(host));
	} else if (info && info->client_addr && info->client_addr->sa_family == AF_INET6) {
		memcpy(&from.addr, info->client_addr, sizeof(struct sockaddr_in6));
		endpoint_host(&from, host, sizeof(host));
	}
	x->client = arena_str(&x->arena, client_of(forwarded, str_c(host)));
}

static bool is_inside(const struct exchange *x)
{
	const union MHD_ConnectionInfo *info =
	        MHD_get_connection_info(x->conn, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info && info->connect_fd >= 0 && info->connect_fd < WEB_FDS_MAX &&
	       x->web->inside[info->connect_fd];
}

static void begin(struct exchange *x)
{
	find_client(x);
	x->inside = is_inside(x);
	foreign_mark(x);
	if (!client_may(&x->web->clients, x->client, CLIENT_REQUEST, clock_mono_ms()))
		exchange_error(x, 429, "again", "too many requests at once: wait a moment", "rate");
	else if (x->body.over)
		exchange_error(x, 413, "limit", "the body is too large", "");
	else
		api_start(x);
}

static enum MHD_Result on_request(void *web, struct MHD_Connection *conn, const char *url, const char *method,
                                  const char *version, const char *data, size_t *size, void **at)
{
	struct exchange *x = *at;

	if (!x)
		return MHD_NO;
	if (!x->begun) {
		x->begun = true;
		x->method = arena_str(&x->arena, str_c(method));
		return MHD_YES;
	}
	if (*size) {
		buf_add(&x->body, str_of(data, *size));
		*size = 0;
		return MHD_YES;
	}
	if (!x->asked) {
		x->asked = true;
		begin(x);
	}
	if (x->done)
		return send_it(x);
	x->waiting = true;
	MHD_suspend_connection(conn);
	return MHD_YES;
}

/* Percent-encoding is read by target.c, once. */
static size_t keep_encoded(void *self, struct MHD_Connection *conn, char *text)
{
	return strlen(text);
}

static void on_log(void *self, const char *fmt, va_list ap)
{
	(void)fmt; /* may hold what a client sent */
}

int exchanges_start(struct web *w, struct fail *f)
{
	w->http = MHD_start_daemon(
	        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
	        NULL, NULL, on_request, w, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	        MHD_OPTION_NOTIFY_COMPLETED, on_completed, w, MHD_OPTION_URI_LOG_CALLBACK, on_target, w,
	        MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	        (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
	        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
	        MHD_OPTION_END);
	return w->http ? OK : fail(f, FAIL_SYS, "the HTTP library did not start");
}
