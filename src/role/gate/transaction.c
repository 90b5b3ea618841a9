#include "role/gate/transaction.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>

enum { ADDRESS_MAX = 1024 }; /* printed, every byte of the local part quoted */

/* What a client hears. */
struct say {
	int code;
	struct str enhanced, text;
};

static const struct say say_memory = { 452, STR_INIT("4.3.1"),
	                               STR_INIT("no memory for messages at the moment, try again later") };

static struct say say_of(int fail_code)
{
	const struct fail_face *face = fail_face(fail_code);

	return (struct say){ face->smtp, str_c(face->enhanced), str_c(face->text) };
}

static uint32_t flags_of(const struct session *s)
{
	const struct smtpd_mail *m = smtpd_mail(s->machine);

	return (m->eightbit || m->header_8bit || m->body_8bit ? ACCEPT_8BIT : 0u) |
	       (m->smtputf8 ? ACCEPT_SMTPUTF8 : 0u) | (smtpd_is_tls(s->machine) ? ACCEPT_TLS : 0u);
}

/* RFC 5321 4.5.1: <postmaster> is an address everywhere; ours when no domain is said. */
static struct str print_rcpt(const struct session *s, const struct addr *a, struct buf *out)
{
	struct addr whole = *a;

	if (!whole.domain.n)
		whole.domain = s->gate->conf->hostname;
	buf_clear(out);
	addr_print(&whole, out);
	return buf_str(out);
}

static struct str print_sender(const struct session *s, struct buf *out)
{
	const struct addr *a = &smtpd_mail(s->machine)->from;

	buf_clear(out);
	if (!addr_is_null(a))
		addr_print(a, out);
	return buf_str(out);
}

enum step transaction_rcpt(struct session *s)
{
	const struct smtpd_mail *m = smtpd_mail(s->machine);
	struct gate *g = s->gate;
	OWN(buf) from = BUF(ADDRESS_MAX), to = BUF(ADDRESS_MAX);
	struct say no = say_of(FAIL_AGAIN);

	if (s->asked)
		return STEP_WAIT;
	if (!g->core) {
		smtpd_rcpt_verdict(s->machine, no.code, no.enhanced, no.text);
		return STEP_ON;
	}
	if (!m->n_rcpts || s->lmtp)
		s->plans = s->way = 0;
	s->asked = true;
	SEND(g->core, rcpt_ask, s->id, ++s->seq, print_sender(s, &from),
	     print_rcpt(s, smtpd_asked(s->machine), &to), m->declared, flags_of(s), s->plans, s->way,
	     s->account);
	session_more_time(s);
	return STEP_WAIT;
}

static void log_refused(const struct session *s, int code, struct str enhanced, const char *why)
{
	log_info("sid=%016" PRIx64 " ev=refused code=%d enhanced=%.*s why=%s bytes=%" PRIu64, s->id, code,
	         STR_ARG(enhanced), why, smtpd_mail(s->machine)->bytes);
}

enum step transaction_spool(struct session *s)
{
	struct gate *g = s->gate;
	struct fail f = { 0 };
	int r = g->core ? spool_open(&s->spool, g->budget, smtpd_mail(s->machine)->declared, &f) : FAIL_SYS;
	struct say no = !g->core ? say_of(FAIL_AGAIN) : say_memory;

	if (r < 0) {
		log_refused(s, no.code, no.enhanced, g->core ? "memory" : "no-core");
		smtpd_spool_verdict(s->machine, no.code, no.enhanced, no.text);
		return STEP_ON;
	}
	smtpd_spool_verdict(s->machine, 354, STR_NONE, STR_NONE);
	s->message_ms = clock_mono_ms() + (uint64_t)g->conf->message_s * 1000;
	session_more_time(s);
	return STEP_ON;
}

enum step transaction_body(struct session *s)
{
	struct fail f = { 0 };

	if (spool_add(&s->spool, smtpd_body(s->machine), &f) == OK) {
		smtpd_body_taken(s->machine);
		return STEP_ON;
	}
	log_refused(s, say_memory.code, say_memory.enhanced, "memory");
	smtpd_body_refuse(s->machine, say_memory.code, say_memory.enhanced, say_memory.text);
	return STEP_ON;
}

enum step transaction_drop(struct session *s)
{
	log_info("sid=%016" PRIx64 " ev=refused why=%s bytes=%" PRIu64, s->id, smtpd_why(s->machine),
	         smtpd_mail(s->machine)->bytes);
	spool_close(&s->spool);
	smtpd_dropped(s->machine);
	return STEP_ON;
}

/* Of LMTP's answers, is this one the last? */
static bool is_last(const struct session *s)
{
	return !s->lmtp || smtpd_answered(s->machine) + 1 == smtpd_mail(s->machine)->n_rcpts;
}

static void commit_verdict(struct session *s, const struct say *v)
{
	s->asked = false;
	if (is_last(s))
		spool_close(&s->spool);
	smtpd_commit_verdict(s->machine, v->code, v->enhanced, v->text);
}

static void ask_accept(struct session *s)
{
	const struct smtpd_mail *m = smtpd_mail(s->machine);
	struct gate *g = s->gate;
	OWN(buf) from = BUF(ADDRESS_MAX), to = BUF(ADDRESS_MAX), rcpts = BUF(IPC_RECORD_MAX);

	for (size_t i = 0; i < m->n_rcpts; i++)
		if (!s->lmtp || i == smtpd_answered(s->machine))
			list_add(&rcpts, print_rcpt(s, &m->rcpts[i], &to));
	s->asked = true;
	peer_send(g->core, IPC_accept_ask,
	          &(struct accept_ask){ s->id, ++s->seq, print_sender(s, &from), buf_str(&rcpts),
	                                s->account ? STR("") : smtpd_helo(s->machine),
	                                s->account ? STR("") : str_c(s->host), s->spool.n, flags_of(s),
	                                clock_utc(), s->account },
	          (int[]){ s->spool.fd, s->spool.tie }, s->spool.tie < 0 ? 1 : 2);
	if (is_last(s))
		spool_forget(&s->spool);
	session_more_time(s);
}

/* Once for a message, however many are asked about it. What came in chunks may lack its last CRLF, which is no part of
 * a line (RFC 5322 2.3) and which everybody behind us needs. */
static int finish_body(struct session *s, struct fail *f)
{
	if (s->lmtp && smtpd_answered(s->machine))
		return s->spool.fd < 0 ? fail(f, FAIL_AGAIN, "the message was lost") : OK;
	if (smtpd_mail(s->machine)->unended)
		TRY(spool_add(&s->spool, STR("\r\n"), f));
	return spool_seal(&s->spool, s->gate->deposits, f);
}

enum step transaction_commit(struct session *s)
{
	struct fail f = { 0 };
	int r;

	if (s->asked)
		return STEP_WAIT;
	r = !s->gate->core ? FAIL_AGAIN : finish_body(s, &f);
	if (r < 0) {
		struct say no = say_of(r);

		spool_close(&s->spool);
		log_refused(s, no.code, no.enhanced, fail_name(r));
		commit_verdict(s, &no);
		return STEP_ON;
	}
	ask_accept(s);
	return STEP_WAIT;
}

void transaction_rcpt_answer(struct session *s, const struct rcpt_answer *m)
{
	OWN(buf) from = BUF(ADDRESS_MAX), to = BUF(ADDRESS_MAX);

	log_info("sid=%016" PRIx64 " ev=rcpt from=%s rcpt=%s code=%u enhanced=%.*s", s->id,
	         log_mask(print_sender(s, &from)), log_mask(print_rcpt(s, smtpd_asked(s->machine), &to)),
	         m->smtp, STR_ARG(m->enhanced));
	s->asked = false;
	if (m->smtp / 100 == 2) {
		s->plans += m->plans;
		s->way = m->way;
	}
	smtpd_rcpt_verdict(s->machine, (int)m->smtp, m->enhanced, m->sentence);
}

void transaction_accept_answer(struct session *s, const struct accept_answer *m)
{
	const struct smtpd_mail *mail = smtpd_mail(s->machine);
	struct say v = { (int)m->smtp, m->enhanced, m->sentence };

	if (m->smtp / 100 == 2)
		log_info("sid=%016" PRIx64 " mid=%.*s ev=accepted code=%u bytes=%" PRIu64 " rcpts=%zu", s->id,
		         STR_ARG(m->mid), m->smtp, mail->bytes, mail->n_rcpts);
	else
		log_refused(s, v.code, v.enhanced, "core");
	commit_verdict(s, &v);
}

/* ---- logging in ------------------------------------------------------------------------------------------------- */

static const struct login {
	struct say say;
	const char *result; /* for the log */
} login_ok = { { 235, STR_INIT("2.7.0"), STR_INIT("welcome") }, "ok" },
  login_wrong = { { 535, STR_INIT("5.7.8"), STR_INIT("the name or the password is wrong") }, "failed" },
  login_often = { { 454, STR_INIT("4.7.0"), STR_INIT("too many tries, wait") }, "throttled" },
  login_later = { { 454, STR_INIT("4.7.0"), STR_INIT("logins cannot be checked now, try again later") },
	          "trouble" };

static void auth_verdict(struct session *s, const struct login *v)
{
	log_info("sid=%016" PRIx64 " ev=auth result=%s user=%s", s->id, v->result,
	         log_mask(smtpd_auth_user(s->machine)));
	smtpd_auth_verdict(s->machine, v->say.code, v->say.enhanced, v->say.text);
}

enum step transaction_auth(struct session *s)
{
	struct gate *g = s->gate;

	if (s->asked)
		return STEP_WAIT;
	if (!g->core) {
		auth_verdict(s, &login_later);
		return STEP_ON;
	}
	s->asked = true;
	SEND(g->core, auth_ask, s->id, ++s->seq, smtpd_auth_user(s->machine), smtpd_auth_password(s->machine),
	     str_c(s->host));
	session_more_time(s);
	return STEP_WAIT;
}

void transaction_auth_answer(struct session *s, const struct auth_answer *m)
{
	int r = ipc_result(m->code);

	s->asked = false;
	s->account = r == OK ? m->account : 0;
	auth_verdict(s, r == FAIL_LIMIT ? &login_often
	                : r < 0         ? &login_later
	                : m->account    ? &login_ok
	                                : &login_wrong);
}

void transaction_no_answer(struct session *s)
{
	struct say no = say_of(FAIL_AGAIN);

	log_refused(s, no.code, no.enhanced, "no-core");
	if (smtpd_want(s->machine) == SMTPD_COMMIT) {
		commit_verdict(s, &no);
	} else if (smtpd_want(s->machine) == SMTPD_AUTH) {
		s->asked = false;
		auth_verdict(s, &login_later);
	} else {
		s->asked = false;
		smtpd_rcpt_verdict(s->machine, no.code, no.enhanced, no.text);
	}
}
