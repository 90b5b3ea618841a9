/* The message: from 354 to CRLF "." CRLF. Dots are unstuffed in place (RFC 5321 4.5.2), so that what a read brought
 * goes to the host as one piece. A sequence that cannot yet be judged (a CR, a dot at the start of a line) stays
 * unread until its next byte is there: between calls only "at the start of a line or not" is remembered.
 *
 * The end is CRLF "." CRLF, where the first CRLF may be that of DATA. Whatever else a lenient receiver might take for
 * it (LF.LF, LF.CRLF, CRLF.LF, CR.CR, ...) makes the message refused, and reading goes on to the real end: a sender's
 * idea of where the message ends and ours cannot differ. */
#include "proto/plain.h"
#include "proto/smtpd_parts.h"

#include <assert.h>

void smtpd_data_begin(struct smtpd *s)
{
	s->ended = false;
	s->line_start = s->in_header = true;
	s->line = 0;
}

/* The first flaw in the order of the bytes decides, so that the split of the input does not. */
void smtpd_data_refuse(struct smtpd *s, enum smtpd_reply flaw)
{
	s->flaw = flaw;
	s->swallow = s->drop = true;
}

struct bound {
	size_t left; /* bytes that may still come */
	enum smtpd_reply flaw;
};

static void narrow(struct bound *b, uint64_t used, uint64_t limit, enum smtpd_reply flaw)
{
	uint64_t left = used < limit ? limit - used : 0;

	if (left < b->left)
		*b = (struct bound){ (size_t)left, flaw };
}

/* May n more bytes of this line come? Else the flaw of the first that may not. */
static enum smtpd_reply check(const struct smtpd *s, const char *p, size_t n)
{
	const struct smtpd_limits *lim = &s->config->limits;
	const struct smtpd_mail *m = &s->mail;
	struct bound b = { n, RE_NONE };

	narrow(&b, m->bytes, lim->message, RE_SIZE_DATA);
	if (s->in_header) {
		narrow(&b, s->line, lim->header_line, RE_HEADER_LINE);
		narrow(&b, m->header_bytes, lim->header_block, RE_HEADER_BLOCK);
	} else if (lim->body_line) {
		narrow(&b, s->line, lim->body_line, RE_BODY_LINE);
	}
	narrow(&b, 0, str_chr(str_of(p, n), '\0'), RE_NUL_DATA);
	return b.flaw;
}

static void count(struct smtpd *s, const char *p, size_t n)
{
	struct smtpd_mail *m = &s->mail;
	bool *high = s->in_header ? &m->header_8bit : &m->body_8bit;

	m->bytes += n;
	s->line += n;
	if (s->in_header)
		m->header_bytes += n;
	*high = *high || !str_is_ascii(str_of(p, n));
}

/* Moves n bytes that were read at `r` to the end of the view. */
void smtpd_data_keep(struct smtpd *s, size_t r, size_t n)
{
	char *to = s->in.p + s->at + s->view;
	enum smtpd_reply flaw = RE_NONE;

	if (s->swallow)
		return;
	flaw = check(s, s->in.p + r, n);
	if (flaw) {
		smtpd_data_refuse(s, flaw);
		return;
	}
	count(s, s->in.p + r, n);
	if (to != s->in.p + r)
		memmove(to, s->in.p + r, n);
	s->view += n;
}

void smtpd_data_end_line(struct smtpd *s, size_t r, size_t n)
{
	if (n == 1) { /* the CR was counted as if it were of the line */
		s->line--;
		s->mail.header_bytes -= s->in_header;
	}
	if (s->in_header && !s->line) {
		s->in_header = false; /* the empty line belongs to neither */
	} else if (s->in_header && !s->swallow) {
		s->mail.header_lines++;
	}
	smtpd_data_keep(s, r, n);
	s->mail.header_bytes += n == 1 && s->in_header;
	s->line = 0;
	s->line_start = true;
}

/* A dot at the start of a line, and what it means. Returns bytes read, 0 when more must come. */
static size_t read_dot(struct smtpd *s, struct str rest)
{
	if (rest.n < 2 || (rest.p[1] == '\r' && rest.n < 3))
		return 0;
	s->line_start = false;
	if (rest.p[1] != '\r' || rest.p[2] != '\n')
		return 1;
	s->ended = true;
	return 3;
}

size_t smtpd_data_cr(struct smtpd *s, size_t r, struct str rest)
{
	if (rest.n < 2)
		return 0;
	if (rest.p[1] == '\n') {
		smtpd_data_end_line(s, r, 2);
		return 2;
	}
	if (!s->swallow)
		smtpd_data_refuse(s, RE_BARE_DATA);
	s->line_start = false;
	return 1;
}

/* Bytes up to the next CR, and up to the next LF while a bare one still matters. */
size_t smtpd_data_run(struct smtpd *s, size_t r, struct str rest)
{
	size_t n = str_chr(rest, '\r');

	s->line_start = false;
	if (!s->swallow)
		n = str_chr(str_first(rest, n), '\n');
	if (n) {
		smtpd_data_keep(s, r, n);
		return n;
	}
	smtpd_data_refuse(s, RE_BARE_DATA);
	return 1;
}

/* Lines of the body in which there is nothing to judge but their sum, all at once. */
static size_t read_plain(struct smtpd *s, size_t r, struct str rest)
{
	uint64_t limit = s->config->limits.message, used = s->mail.bytes;
	size_t n = 0;

	if (!s->swallow && !s->in_header && !s->config->limits.body_line)
		n = plain_lines(rest);
	if (!n || used > limit || n > limit - used)
		return 0;
	smtpd_data_keep(s, r, n);
	s->line = 0;
	s->line_start = true;
	return n;
}

static size_t read_some(struct smtpd *s, size_t r)
{
	struct str rest = str_from(buf_str(&s->in), r);
	bool dot = s->line_start && rest.p[0] == '.';
	size_t n = dot ? 0 : read_plain(s, r, rest);

	if (n)
		return n;
	if (dot)
		return read_dot(s, rest);
	if (rest.p[0] == '\r')
		return smtpd_data_cr(s, r, rest);
	return smtpd_data_run(s, r, rest);
}

void smtpd_say_refusal(struct smtpd *s, enum smtpd_reply id, bool whole)
{
	size_t times = whole && s->config->lmtp ? s->mail.n_rcpts : 1;

	for (size_t i = 0; i < times; i++) {
		if (id)
			smtpd_say(s, id);
		else
			buf_add(&s->out, buf_str(&s->answer));
	}
}

static void finish(struct smtpd *s)
{
	s->messages++;
	if (!s->swallow) {
		s->mail.unended = s->bdat && !s->line_start;
		smtpd_enter(s, ST_COMMIT);
		return;
	}
	smtpd_say_refusal(s, s->flaw, true);
	smtpd_mail_end(s);
	smtpd_enter(s, ST_IDLE);
}

/* The dot was read, or the last byte of a chunk. */
static void part_over(struct smtpd *s)
{
	s->ended = false;
	if (!s->bdat || s->last) {
		finish(s);
		return;
	}
	if (s->swallow)
		smtpd_say_refusal(s, s->flaw, false);
	else
		smtpd_say(s, RE_CHUNK);
	s->broken = s->swallow;
	smtpd_enter(s, ST_CHUNK);
}

/* A chunk is over when its bytes are; the last one must not leave a CR behind. */
static void look_for_end(struct smtpd *s)
{
	if (!s->bdat || s->chunk || s->drop)
		return;
	if (s->last && s->half && !s->swallow)
		smtpd_data_refuse(s, RE_BARE_DATA);
	else
		s->ended = true;
}

bool smtpd_data_step(struct smtpd *s)
{
	size_t r = s->at, n = 1;

	while (r < s->in.n && !s->drop && !s->ended && n && (!s->bdat || s->chunk)) {
		n = s->bdat ? smtpd_chunk_read(s, r) : read_some(s, r);
		r += n;
	}
	look_for_end(s);
	if (s->drop)
		s->view = 0; /* not even what was good before the flaw */
	s->next = r;
	if (s->view)
		return false; /* next comes smtpd_data_taken() */
	s->at = r;
	if (!s->ended)
		return s->drop;
	part_over(s);
	return true;
}

void smtpd_data_taken(struct smtpd *s)
{
	s->at = s->next;
	s->view = 0;
	if (s->ended)
		part_over(s);
}
