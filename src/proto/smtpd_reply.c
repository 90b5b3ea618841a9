/* What the server says. One row, one sentence; the host's verdicts pass through here too. */
#include "proto/smtpd_parts.h"

enum {
	TEXT_MAX = 400, /* of a host's sentence: a reply line has 512 bytes (RFC 5321 4.5.3.1.5) */
};

enum row_flags {
	BAD = 1, /* counts against limits.errors */
	END = 2, /* ends the session */
};

struct row {
	int code;
	unsigned flags;
	const char *enhanced; /* none in the replies that RFC 2034 section 4 excepts */
	const char *text;
	const char *why; /* for the host's log, where the machine itself ends or refuses */
};

// clang-format off
static const struct row rows[RE_REPLIES] = {
	[RE_GREET]         = { 220, 0, "", "ESMTP", NULL }, /* after our name */
	[RE_BYE]           = { 221, END, "2.0.0", "Goodbye", "quit" },
	[RE_OK]            = { 250, 0, "2.0.0", "OK", NULL },
	[RE_RSET]          = { 250, 0, "2.0.0", "Forgotten", NULL },
	[RE_SENDER_OK]     = { 250, 0, "2.1.0", "Sender noted", NULL },
	[RE_GO_DATA]       = { 354, 0, "", "Send the message, end it with a line that holds a single dot", NULL },
	[RE_GO_TLS]        = { 220, 0, "2.0.0", "Begin TLS", NULL },
	[RE_VRFY]          = { 252, 0, "2.5.0", "No address is verified here; send the message to learn", NULL },
	[RE_HELP]          = { 214, 0, "2.0.0", "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT STARTTLS", NULL },
	[RE_HELO_NAME]     = { 501, BAD, "5.5.4", "The name of your host is missing or unreadable", NULL },
	[RE_HELO_FIRST]    = { 503, BAD, "5.5.1", "EHLO or HELO comes first", NULL },
	[RE_NO_MAIL]       = { 503, BAD, "5.5.1", "MAIL comes first", NULL },
	[RE_NO_RCPT]       = { 503, BAD, "5.5.1", "RCPT comes first", NULL },
	[RE_NONE_VALID]    = { 554, 0, "5.5.1", "No recipient was accepted", NULL },
	[RE_IN_MAIL]       = { 503, BAD, "5.5.1", "A message was begun; finish it or say RSET", NULL },
	[RE_TLS_NOT_NOW]   = { 502, BAD, "5.5.1", "TLS is not offered here", NULL },
	[RE_TLS_ON]        = { 503, BAD, "5.5.1", "TLS is already on", NULL },
	[RE_UNKNOWN]       = { 500, BAD, "5.5.1", "This command is not known here", NULL },
	[RE_NOT_OFFERED]   = { 502, BAD, "5.5.1", "This command is not offered here", NULL },
	[RE_NO_ARGS]       = { 501, BAD, "5.5.4", "This command takes no argument", NULL },
	[RE_FROM_FORM]     = { 501, BAD, "5.5.4", "The form is MAIL FROM:<address>", NULL },
	[RE_TO_FORM]       = { 501, BAD, "5.5.4", "The form is RCPT TO:<address>", NULL },
	[RE_FROM_ADDRESS]  = { 501, BAD, "5.1.7", "This is not a sender address", NULL },
	[RE_TO_ADDRESS]    = { 501, BAD, "5.1.3", "This is not a recipient address", NULL },
	[RE_PARAM_FORM]    = { 501, BAD, "5.5.4", "A parameter has an unreadable value", NULL },
	[RE_PARAM_UNKNOWN] = { 555, BAD, "5.5.4", "A parameter is not offered here", NULL },
	[RE_PARAM_TWICE]   = { 501, BAD, "5.5.4", "A parameter stands there twice", NULL },
	[RE_NEEDS_UTF8]    = { 550, 0, "5.6.7", "A non-ASCII address needs the SMTPUTF8 parameter of MAIL", NULL },
	[RE_TOO_BIG]       = { 552, 0, "5.3.4", "The message is larger than the announced SIZE allows", "declared-size" },
	[RE_RCPTS]         = { 452, 0, "4.5.3", "Too many recipients for one message; send it again to the others", NULL },
	[RE_LINE_LONG]     = { 500, BAD, "5.5.2", "The line is too long", NULL },
	[RE_BARE_COMMAND]  = { 500, END, "5.5.2", "A line must end with CR LF, and neither may stand alone", "bare-cr-or-lf" },
	[RE_NUL_COMMAND]   = { 500, END, "5.5.2", "A command must not hold a NUL byte", "nul" },
	[RE_FOREIGN]       = { 421, END, "4.7.0", "This is SMTP; you speak another protocol", "foreign-protocol" },
	[RE_LINE_ENDLESS]  = { 421, END, "4.7.0", "The line does not end", "endless-line" },
	[RE_ERRORS]        = { 421, END, "4.7.0", "Too many bad commands", "errors" },
	[RE_REFUSALS]      = { 421, END, "4.7.0", "Too many refused recipients", "refusals" },
	[RE_FLOOD]         = { 421, END, "4.7.0", "Too many commands without a message", "idle-commands" },
	[RE_MESSAGES]      = { 421, END, "4.7.0", "Enough messages for one connection; please come again", "messages" },
	[RE_BARE_DATA]     = { 550, 0, "5.5.2", "The message holds a CR or LF that is not part of CR LF; nothing was accepted", "bare-cr-or-lf" },
	[RE_NUL_DATA]      = { 550, 0, "5.6.0", "The message holds a NUL byte; nothing was accepted", "nul" },
	[RE_SIZE_DATA]     = { 552, 0, "5.3.4", "The message is larger than the announced SIZE allows", "size" },
	[RE_HEADER_LINE]   = { 554, 0, "5.6.0", "The message has a header line that is too long", "header-line" },
	[RE_HEADER_BLOCK]  = { 554, 0, "5.6.0", "The message has too large a header", "header-block" },
	[RE_BODY_LINE]     = { 554, 0, "5.6.0", "The message has a line that is too long", "body-line" },
	[RE_CHUNK]         = { 250, 0, "2.0.0", "This part is here", NULL },
	[RE_CHUNK_FORM]    = { 501, END, "5.5.4", "The form is BDAT bytes, with LAST after it for the last part", "chunk-size" },
	[RE_CHUNK_BROKEN]  = { 503, 0, "5.5.1", "A part of this message was refused; say RSET", NULL },
	[RE_LMTP]          = { 500, BAD, "5.5.1", "This is LMTP; say LHLO", NULL },
	[RE_ASK_PLAIN]     = { 334, 0, "", "", NULL },
	[RE_ASK_USER]      = { 334, 0, "", "VXNlcm5hbWU6", NULL }, /* "Username:" */
	[RE_ASK_PASSWORD]  = { 334, 0, "", "UGFzc3dvcmQ6", NULL }, /* "Password:" */
	[RE_AUTH_OK]       = { 235, 0, "2.7.0", "Welcome", NULL },
	[RE_AUTH_NO]       = { 535, 0, "5.7.8", "The name or the password is wrong", NULL },
	[RE_AUTH_FIRST]    = { 530, BAD, "5.7.0", "AUTH comes first", NULL },
	[RE_AUTH_CLEAR]    = { 538, BAD, "5.7.11", "STARTTLS comes first: a password is not taken in clear", NULL },
	[RE_AUTH_TWICE]    = { 503, BAD, "5.5.1", "You are logged in already", NULL },
	[RE_AUTH_ARGS]     = { 501, BAD, "5.5.4", "The form is AUTH PLAIN or AUTH LOGIN", NULL },
	[RE_AUTH_MECHANISM] = { 504, BAD, "5.5.4", "Only PLAIN and LOGIN are offered here", NULL },
	[RE_AUTH_CANCELLED] = { 501, BAD, "5.7.0", "Cancelled, as you wish", NULL },
	[RE_AUTH_BASE64]   = { 501, BAD, "5.5.2", "This is not base64", NULL },
	[RE_AUTH_FORM]     = { 501, BAD, "5.5.2", "This is not a name and a password", NULL },
	[RE_AUTH_LONG]     = { 500, BAD, "5.5.6", "The line is too long for a name and a password", NULL },
	[RE_TLS_FIRST]     = { 530, BAD, "5.7.0", "STARTTLS and AUTH come first", NULL },
	[RE_TRIES]         = { 421, END, "4.7.0", "Too many tries to log in", "logins" },
};
// clang-format on

static void put_row(struct smtpd *s, enum smtpd_reply id)
{
	const struct row *r = &rows[id];

	buf_addf(&s->out, "%d ", r->code);
	if (id == RE_GREET)
		buf_addf(&s->out, "%.*s %s", STR_ARG(s->config->hostname), s->config->lmtp ? "LMTP " : "");
	if (r->enhanced[0])
		buf_addf(&s->out, "%s ", r->enhanced);
	buf_addf(&s->out, "%s\r\n", r->text);
}

void smtpd_say(struct smtpd *s, enum smtpd_reply id)
{
	const struct row *r;

	/* One reply to each command: the last straw is answered with the goodbye alone. */
	if (rows[id].flags & BAD && ++s->errors >= s->config->limits.errors)
		id = RE_ERRORS;
	r = &rows[id];
	put_row(s, id);
	if (r->why)
		s->why = r->why;
	if (r->flags & END)
		smtpd_enter(s, ST_END);
}

void smtpd_say_ehlo(struct smtpd *s)
{
	const struct smtpd_config *c = s->config;

	buf_addz(&s->out, "250");
	buf_addc(&s->out, s->esmtp ? '-' : ' ');
	buf_add(&s->out, c->hostname);
	buf_addz(&s->out, "\r\n");
	if (!s->esmtp)
		return;
	buf_addz(&s->out, "250-PIPELINING\r\n250-SIZE ");
	buf_add_u64(&s->out, c->limits.message);
	buf_addz(&s->out, "\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n");
	if (c->smtputf8)
		buf_addz(&s->out, "250-SMTPUTF8\r\n");
	if (c->starttls && !s->tls)
		buf_addz(&s->out, "250-STARTTLS\r\n");
	if (c->submission && s->tls && !s->authenticated)
		buf_addz(&s->out, "250-AUTH PLAIN LOGIN\r\n");
	buf_addz(&s->out, "250 HELP\r\n");
}

/* "x.y.z" of the class of the code, RFC 3463 section 2. */
static bool is_enhanced(struct str e, int code)
{
	unsigned dots = 0, digits = 0;

	if (e.n < 5 || e.n > 9 || e.p[0] != '0' + code / 100)
		return false;
	for (size_t i = 0; i < e.n; i++) {
		if (e.p[i] == '.') {
			if (!digits)
				return false;
			dots++;
			digits = 0;
		} else if (e.p[i] >= '0' && e.p[i] <= '9') {
			digits++;
		} else {
			return false;
		}
	}
	return dots == 2 && digits;
}

int smtpd_say_verdict(struct buf *to, int code, struct str enhanced, struct str text)
{
	bool known = (code >= 200 && code <= 299) || (code >= 400 && code <= 599);

	if (!known || !text.n) {
		code = 451;
		enhanced = STR("4.3.0");
		text = STR("The message cannot be handled now");
	}
	buf_addf(to, "%d ", code);
	if (is_enhanced(enhanced, code))
		buf_add(to, enhanced);
	else
		buf_addf(to, "%d.0.0", code / 100);
	buf_addc(to, ' ');
	text = str_first(text, TEXT_MAX);
	for (size_t i = 0; i < text.n; i++)
		buf_addc(to, text.p[i] >= ' ' && text.p[i] <= '~' ? text.p[i] : '?');
	buf_addz(to, "\r\n");
	return code;
}
