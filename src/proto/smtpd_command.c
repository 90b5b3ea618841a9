/* Commands: the line, the table of verbs, one handler each. */
#include "base/mem.h"
#include "proto/smtpd_parts.h"

#include <stdlib.h>

enum {
	HELO_MAX = 255,          /* RFC 5321 4.5.3.1.2 */
	SWALLOW_MAX = 64 * 1024, /* of a line that is too long; then it is not read to its end */
};

struct verb {
	struct str name;
	unsigned when;                /* states it is allowed in */
	enum smtpd_reply out_of_turn; /* said in other states once HELO was said; before, RE_HELO_FIRST */
	void (*run)(struct smtpd *s, struct str args);
};

#define ANY (IN(START) | IN(IDLE) | IN(MAIL) | IN(RCPT) | IN(CHUNK))
#define NOW (IN(IDLE) | IN(MAIL) | IN(RCPT) | IN(CHUNK))

/* The transaction, and what the host has of it. */
static void forget(struct smtpd *s)
{
	bool kept = s->state == ST_CHUNK && !s->broken;

	smtpd_mail_end(s);
	s->drop = kept;
	if (s->state != ST_START || s->helo)
		smtpd_enter(s, ST_IDLE);
}

/* RFC 5321 4.1.1.1: the name is only a fact for a Received field, but one that must not write fields itself. */
static void hello(struct smtpd *s, struct str name, bool esmtp)
{
	bool fine = name.n && name.n <= HELO_MAX;

	for (size_t i = 0; fine && i < name.n; i++)
		fine = name.p[i] > ' ' && name.p[i] <= '~';
	if (!fine) {
		smtpd_say(s, RE_HELO_NAME);
		return;
	}
	free(s->helo);
	s->helo = xstrdup(name);
	s->esmtp = esmtp;
	forget(s); /* 4.1.4: as RSET */
	smtpd_say_ehlo(s);
}

static void on_helo(struct smtpd *s, struct str args)
{
	if (s->config->lmtp)
		smtpd_say(s, RE_LMTP);
	else
		hello(s, args, false);
}

static void on_ehlo(struct smtpd *s, struct str args)
{
	if (s->config->lmtp)
		smtpd_say(s, RE_LMTP);
	else
		hello(s, args, true);
}

/* RFC 2033 4.1 */
static void on_lhlo(struct smtpd *s, struct str args)
{
	if (s->config->lmtp)
		hello(s, args, true);
	else
		smtpd_say(s, RE_UNKNOWN);
}

static bool has_args(struct smtpd *s, struct str args)
{
	if (args.n)
		smtpd_say(s, RE_NO_ARGS);
	return args.n;
}

/* 4.1.1.4. After a pipelined group whose recipients were all refused 554 is what keeps both sides in step (RFC 2920
 * section 3.1). */
static void on_data(struct smtpd *s, struct str args)
{
	if (has_args(s, args))
		return;
	if (s->state == ST_MAIL)
		smtpd_say(s, s->rcpt_tried ? RE_NONE_VALID : RE_NO_RCPT);
	else
		smtpd_enter(s, ST_SPOOL);
}

/* 4.1.1.5 */
static void on_rset(struct smtpd *s, struct str args)
{
	if (has_args(s, args))
		return;
	forget(s);
	smtpd_say(s, RE_RSET);
}

static void on_noop(struct smtpd *s, struct str args)
{
	smtpd_say(s, RE_OK);
}

static void on_vrfy(struct smtpd *s, struct str args)
{
	smtpd_say(s, RE_VRFY);
}

static void on_help(struct smtpd *s, struct str args)
{
	smtpd_say(s, RE_HELP);
}

static void on_not_offered(struct smtpd *s, struct str args)
{
	smtpd_say(s, RE_NOT_OFFERED);
}

static void on_quit(struct smtpd *s, struct str args)
{
	if (!has_args(s, args))
		smtpd_say(s, RE_BYE);
}

/* RFC 3207. What stands behind the command came in clear, maybe from somebody in between, and must not be taken for
 * something said under TLS: it ends the session (CVE-2011-0411). */
static void on_starttls(struct smtpd *s, struct str args)
{
	if (has_args(s, args))
		return;
	if (s->tls || !s->config->starttls) {
		smtpd_say(s, s->tls ? RE_TLS_ON : RE_TLS_NOT_NOW);
		return;
	}
	smtpd_say(s, RE_GO_TLS);
	smtpd_enter(s, ST_TLS);
	if (s->at == s->in.n)
		return;
	s->why = "clear-after-starttls";
	smtpd_enter(s, ST_END);
}

// clang-format off
static const struct verb verbs[] = {
	{ STR_INIT("MAIL"),     IN(IDLE),            RE_IN_MAIL, smtpd_on_mail },
	{ STR_INIT("RCPT"),     IN(MAIL) | IN(RCPT), RE_NO_MAIL, smtpd_on_rcpt },
	{ STR_INIT("DATA"),     IN(MAIL) | IN(RCPT), RE_NO_MAIL, on_data },
	{ STR_INIT("EHLO"),     ANY,                 RE_NONE,    on_ehlo },
	{ STR_INIT("HELO"),     ANY,                 RE_NONE,    on_helo },
	{ STR_INIT("RSET"),     ANY,                 RE_NONE,    on_rset },
	{ STR_INIT("NOOP"),     ANY,                 RE_NONE,    on_noop },
	{ STR_INIT("QUIT"),     ANY,                 RE_NONE,    on_quit },
	{ STR_INIT("STARTTLS"), IN(IDLE),            RE_IN_MAIL, on_starttls },
	{ STR_INIT("VRFY"),     NOW,                 RE_NONE,    on_vrfy },
	{ STR_INIT("HELP"),     ANY,                 RE_NONE,    on_help },
	{ STR_INIT("EXPN"),     ANY,                 RE_NONE,    on_not_offered },
	{ STR_INIT("AUTH"),     ANY,                 RE_NONE,    smtpd_on_auth },
	{ STR_INIT("BDAT"),     ANY,                 RE_NONE,    smtpd_on_bdat },
	{ STR_INIT("LHLO"),     ANY,                 RE_NONE,    on_lhlo },
};

/* First words that only another protocol says. A browser made to post a form here must get no second command in. */
static const struct str foreign[] = {
	STR_INIT("GET"), STR_INIT("POST"), STR_INIT("HEAD"), STR_INIT("PUT"), STR_INIT("DELETE"),
	STR_INIT("CONNECT"), STR_INIT("OPTIONS"), STR_INIT("PATCH"), STR_INIT("TRACE"), STR_INIT("PRI"),
	STR_INIT("Host:"), STR_INIT("User-Agent:"), STR_INIT("Content-Type:"), STR_INIT("Content-Length:"),
};
// clang-format on

static bool is_foreign(struct str word)
{
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (str_eq_nocase(word, foreign[i]))
			return true;
	return false;
}

static const struct verb *verb_of(struct str word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (str_eq_nocase(word, verbs[i].name))
			return &verbs[i];
	return NULL;
}

static void run_line(struct smtpd *s, struct str line)
{
	struct str args = line, word = str_cut(&args, ' ');
	const struct verb *v = verb_of(word);

	if (is_foreign(word))
		smtpd_say(s, RE_FOREIGN);
	else if (++s->idle > s->config->limits.idle)
		smtpd_say(s, RE_FLOOD);
	else if (!v)
		smtpd_say(s, RE_UNKNOWN);
	else if (v->when & (1u << s->state))
		v->run(s, str_trim(args));
	else
		smtpd_say(s, s->state == ST_START   ? RE_HELO_FIRST
		             : s->state == ST_CHUNK ? RE_IN_MAIL
		                                    : v->out_of_turn);
}

/* Offset of the first byte that is not plain text of a line, or n. */
static size_t plain(struct str s)
{
	size_t n = str_chr(s, '\r');

	n = str_chr(str_first(s, n), '\n');
	return str_chr(str_first(s, n), '\0');
}

/* No end of line in what is there: it waits, or is thrown away when it is too long already. */
static bool no_end(struct smtpd *s, size_t n)
{
	s->scanned = n;
	if (!s->swallowed && n <= SMTPD_LINE_MAX - 2)
		return false;
	s->swallowed += n;
	s->at += n;
	s->scanned = 0;
	if (s->swallowed < SWALLOW_MAX)
		return s->at < s->in.n;
	smtpd_say(s, RE_LINE_ENDLESS);
	return false;
}

static void whole_line(struct smtpd *s, struct str line)
{
	bool too_long = s->swallowed || line.n > SMTPD_LINE_MAX - 2;

	s->at += line.n + 2;
	s->scanned = s->swallowed = 0;
	if (too_long && s->state == ST_LOGIN)
		smtpd_login_too_long(s);
	else if (too_long)
		smtpd_say(s, RE_LINE_LONG);
	else if (s->state == ST_LOGIN)
		smtpd_on_login_line(s, line);
	else
		run_line(s, line);
}

bool smtpd_command_step(struct smtpd *s)
{
	struct str rest = str_from(buf_str(&s->in), s->at);
	size_t n;

	if (s->swallowed)
		rest = str_first(rest, SWALLOW_MAX - s->swallowed);
	n = s->scanned + plain(str_from(rest, s->scanned));
	if (n == rest.n)
		return n && no_end(s, n);
	if (rest.p[n] == '\0') {
		smtpd_say(s, RE_NUL_COMMAND);
	} else if (rest.p[n] == '\r' && n + 1 == s->in.n - s->at) {
		s->scanned = n; /* its LF has not come yet */
		return false;
	} else if (rest.p[n] == '\n' || s->in.p[s->at + n + 1] != '\n') {
		smtpd_say(s, RE_BARE_COMMAND);
	} else {
		whole_line(s, str_first(rest, n));
	}
	return true;
}
