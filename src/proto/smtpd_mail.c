/* MAIL and RCPT: addresses and parameters. */
#include "proto/smtpd_parts.h"

enum {
	SIZE_DIGITS = 20, /* RFC 1870 section 4 */
};

/* Parameters of MAIL: a name, and what its value means. RE_NONE when it is fine. */
static enum smtpd_reply param_size(struct smtpd *s, struct str value)
{
	uint64_t n = UINT64_MAX; /* 20 digits may be more than we can count, and are too large then */

	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < '0' || value.p[i] > '9')
			return RE_PARAM_FORM;
	if (!value.n || value.n > SIZE_DIGITS)
		return RE_PARAM_FORM;
	if (!str_u64(value, &n) || n > s->config->limits.message)
		return RE_TOO_BIG;
	s->mail.declared = n;
	return RE_NONE;
}

static enum smtpd_reply param_body(struct smtpd *s, struct str value)
{
	s->mail.eightbit = str_eq_nocase(value, STR("8BITMIME"));
	return s->mail.eightbit || str_eq_nocase(value, STR("7BIT")) ? RE_NONE : RE_PARAM_UNKNOWN;
}

/* RFC 4954 section 5: who wrote it first. Nothing here depends on that. */
static enum smtpd_reply param_auth(struct smtpd *s, struct str value)
{
	if (!s->config->submission)
		return RE_PARAM_UNKNOWN;
	return value.n ? RE_NONE : RE_PARAM_FORM;
}

static enum smtpd_reply param_smtputf8(struct smtpd *s, struct str value)
{
	if (!s->config->smtputf8)
		return RE_PARAM_UNKNOWN;
	s->mail.smtputf8 = true;
	return value.p ? RE_PARAM_FORM : RE_NONE;
}

static const struct param {
	struct str name;
	enum smtpd_reply (*read)(struct smtpd *s,
	                         struct str value); /* value.p is NULL when there was no '=' */
} params[] = {
	{ STR_INIT("SIZE"), param_size },
	{ STR_INIT("BODY"), param_body },
	{ STR_INIT("SMTPUTF8"), param_smtputf8 },
	{ STR_INIT("AUTH"), param_auth },
};
enum { PARAMS = sizeof(params) / sizeof(params[0]) };

static enum smtpd_reply read_param(struct smtpd *s, struct str param, unsigned *seen)
{
	struct str name = str_cut(&param, '=');

	for (unsigned i = 0; i < PARAMS; i++) {
		if (!str_eq_nocase(name, params[i].name))
			continue;
		if (*seen & (1u << i))
			return RE_PARAM_TWICE;
		*seen |= 1u << i;
		return params[i].read(s, param);
	}
	return RE_PARAM_UNKNOWN;
}

static enum smtpd_reply read_params(struct smtpd *s, struct str rest)
{
	unsigned seen = 0;

	if (rest.n && rest.p[0] != ' ')
		return RE_PARAM_FORM;
	while (rest.n) {
		struct str param = str_cut(&rest, ' ');
		enum smtpd_reply wrong = param.n ? read_param(s, param, &seen) : RE_NONE;

		if (wrong)
			return wrong;
		if (param.n && !s->esmtp)
			return RE_PARAM_UNKNOWN; /* RFC 5321 4.1.1.11: only after EHLO */
	}
	return RE_NONE;
}

/* "FROM:" and what blanks may stand behind it: RFC 5321 3.3 forbids them, too many senders write them. */
static bool read_keyword(struct str *args, struct str keyword)
{
	if (!str_starts_nocase(*args, keyword))
		return false;
	*args = str_from(*args, keyword.n);
	while (args->n && args->p[0] == ' ')
		*args = str_from(*args, 1);
	return true;
}

static struct addr copied(const struct addr *a, struct arena *to)
{
	return (struct addr){ arena_str(to, a->local), arena_str(to, a->domain) };
}

static enum smtpd_reply read_mail(struct smtpd *s, struct str args)
{
	struct addr from;
	struct str rest;
	enum smtpd_reply wrong;

	if (!read_keyword(&args, STR("FROM:")))
		return RE_FROM_FORM;
	if (addr_path(args, false, &s->arena, &from, &rest, NULL) < 0)
		return RE_FROM_ADDRESS;
	wrong = read_params(s, rest);
	if (!wrong && !s->mail.smtputf8 && !addr_is_ascii(&from))
		wrong = RE_NEEDS_UTF8;
	if (!wrong)
		s->mail.from = copied(&from, &s->arena);
	return wrong;
}

/* RFC 5321 4.1.1.2 */
void smtpd_on_mail(struct smtpd *s, struct str args)
{
	enum smtpd_reply wrong;

	if (s->config->submission && !s->authenticated) {
		smtpd_say(s, s->tls ? RE_AUTH_FIRST : RE_TLS_FIRST);
		return;
	}
	if (s->messages >= s->config->limits.messages) {
		smtpd_say(s, RE_MESSAGES);
		return;
	}
	wrong = read_mail(s, args);
	if (wrong)
		smtpd_mail_end(s);
	else
		smtpd_enter(s, ST_MAIL);
	smtpd_say(s, wrong ? wrong : RE_SENDER_OK);
}

static enum smtpd_reply read_rcpt(struct smtpd *s, struct str args)
{
	struct addr to;
	struct str rest;

	if (!read_keyword(&args, STR("TO:")))
		return RE_TO_FORM;
	if (addr_path(args, true, &s->ask, &to, &rest, NULL) < 0 || addr_is_null(&to))
		return RE_TO_ADDRESS;
	if (rest.n)
		return RE_PARAM_UNKNOWN; /* we offer none for RCPT */
	if (!s->mail.smtputf8 && !addr_is_ascii(&to))
		return RE_NEEDS_UTF8;
	if (s->mail.n_rcpts >= s->config->limits.rcpts)
		return RE_RCPTS;
	s->asked = copied(&to, &s->ask);
	return RE_NONE;
}

/* 4.1.1.3 */
void smtpd_on_rcpt(struct smtpd *s, struct str args)
{
	enum smtpd_reply wrong = read_rcpt(s, args);

	s->rcpt_tried = true;
	if (!wrong) {
		smtpd_enter(s, ST_ASK);
		return;
	}
	arena_done(&s->ask);
	smtpd_say(s, wrong);
}
