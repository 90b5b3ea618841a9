/* Logging in (RFC 4954): PLAIN (RFC 4616) and LOGIN, under TLS alone. A line of it is bounded as a command is: a name and a
 * password that are longer than that are not ours. Whatever held the password is wiped as soon as it was judged. */
#include "base/mem.h"
#include "proto/smtpd_parts.h"
#include "wire/b64.h"

enum {
	SAID_ROOM =
	        2 *
	        SMTPD_LINE_MAX, /* two decoded lines, reserved at once: nothing is moved and left behind */
	USER_MAX = 320,
	PASSWORD_MAX = 255, /* RFC 4616 section 2 wants no more to be read */
};

void smtpd_auth_forget(struct smtpd *s)
{
	if (s->in.p)
		wipe(s->in.p, s->at); /* the lines that it was read from */
	if (s->said.p)
		wipe(s->said.p, s->said.cap);
	buf_done(&s->said);
	s->user = s->password = STR_NONE;
	s->login = s->user_said = false;
}

static void cancel(struct smtpd *s, enum smtpd_reply id)
{
	smtpd_auth_forget(s);
	if (s->state == ST_LOGIN)
		smtpd_enter(s, ST_IDLE);
	smtpd_say(s, id);
}

/* A try that cannot succeed, or did not. The third one ends the session (RFC 4954 section 4 lets a server bound them). */
static void failed(struct smtpd *s)
{
	s->errors++;
	smtpd_auth_forget(s);
	if (s->state != ST_IDLE)
		smtpd_enter(s, ST_IDLE);
	if (++s->tries >= s->config->limits.tries)
		smtpd_say(s, RE_TRIES);
}

static void ask(struct smtpd *s, struct str user, struct str password)
{
	bool fine = user.n && user.n <= USER_MAX && password.n && password.n <= PASSWORD_MAX &&
	            str_chr(password, '\0') == password.n;

	for (size_t i = 0; fine && i < user.n; i++)
		fine = (unsigned char)user.p[i] > ' ' && user.p[i] != 127;
	if (!fine) {
		failed(s);
		if (s->state != ST_END)
			smtpd_say(s, RE_AUTH_NO);
		return;
	}
	s->user = user;
	s->password = password;
	smtpd_enter(s, ST_TRY);
}

/* RFC 4616 section 2: authorization NUL name NUL password. To act for somebody else is nobody's right here. */
static void read_plain(struct smtpd *s, struct str said)
{
	struct str acts_for = str_cut(&said, '\0'), user;

	if (!said.p || str_chr(said, '\0') == said.n) {
		cancel(s, RE_AUTH_FORM);
		return;
	}
	user = str_cut(&said, '\0');
	if (str_chr(said, '\0') < said.n)
		cancel(s, RE_AUTH_FORM);
	else
		ask(s, acts_for.n && !str_eq(acts_for, user) ? STR_NONE : user, said);
}

static void read_login(struct smtpd *s, struct str said)
{
	if (s->user_said) {
		ask(s, s->user, said);
		return;
	}
	s->user_said = true;
	s->user = said;
	if (s->state == ST_IDLE)
		smtpd_enter(s, ST_LOGIN);
	smtpd_say(s, RE_ASK_PASSWORD);
}

/* One response, "=" standing for an empty one where it comes with the command. */
static void read_response(struct smtpd *s, struct str line)
{
	size_t before = s->said.n;

	if (!s->said.p)
		(void)!buf_room(&s->said, SAID_ROOM - 1);
	if (b64_parse(line, false, &s->said, NULL) < 0)
		cancel(s, RE_AUTH_BASE64);
	else if (s->login)
		read_login(s, str_from(buf_str(&s->said), before));
	else
		read_plain(s, buf_str(&s->said));
}

void smtpd_on_login_line(struct smtpd *s, struct str line)
{
	if (str_eq(line, STR("*")))
		cancel(s, RE_AUTH_CANCELLED);
	else
		read_response(s, line);
}

void smtpd_login_too_long(struct smtpd *s)
{
	cancel(s, RE_AUTH_LONG);
}

static enum smtpd_reply out_of_turn(const struct smtpd *s)
{
	if (!s->config->submission)
		return RE_NOT_OFFERED;
	if (s->state == ST_START)
		return RE_HELO_FIRST;
	if (s->state != ST_IDLE)
		return RE_IN_MAIL;
	if (!s->tls)
		return RE_AUTH_CLEAR;
	return s->authenticated ? RE_AUTH_TWICE : RE_NONE;
}

void smtpd_on_auth(struct smtpd *s, struct str args)
{
	struct str mechanism = str_cut(&args, ' ');
	enum smtpd_reply wrong = out_of_turn(s);

	if (!wrong && !mechanism.n)
		wrong = RE_AUTH_ARGS;
	s->login = str_eq_nocase(mechanism, STR("LOGIN"));
	if (!wrong && !s->login && !str_eq_nocase(mechanism, STR("PLAIN")))
		wrong = RE_AUTH_MECHANISM;
	if (wrong) {
		smtpd_say(s, wrong);
	} else if (args.n) {
		read_response(s, str_eq(args, STR("=")) ? STR("") : args);
	} else {
		smtpd_enter(s, ST_LOGIN);
		smtpd_say(s, s->login ? RE_ASK_USER : RE_ASK_PLAIN);
	}
}

void smtpd_auth_judged(struct smtpd *s, int code, struct str enhanced, struct str text)
{
	if (code / 100 != 2) {
		failed(s);
		if (s->state != ST_END)
			smtpd_say_verdict(&s->out, code, enhanced, text);
		return;
	}
	smtpd_auth_forget(s);
	s->authenticated = true;
	smtpd_enter(s, ST_IDLE);
	smtpd_say(s, RE_AUTH_OK);
}
