/* Replies: read strictly (RFC 5321 4.2), bounded, and made fit for a log. */
#include "proto/smtpc_parts.h"

enum { CODE = 3 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int code_of(const char *p)
{
	return (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
}

/* "ddd", "ddd text" or "ddd-text"; 2yz to 5yz. */
static bool is_line(struct str line)
{
	if (line.n < CODE || line.p[0] < '2' || line.p[0] > '5' || !is_digit(line.p[1]) ||
	    !is_digit(line.p[2]))
		return false;
	return line.n == CODE || line.p[CODE] == ' ' || line.p[CODE] == '-';
}

/* The line that begins at c->line, without CRLF. */
static enum smtpc_read read_line(struct smtpc *c, struct str *ret)
{
	struct str rest = str_from(buf_str(&c->in), c->line);
	size_t n = c->scanned, nl;

	n += str_chr(str_from(rest, n), '\r');
	nl = c->scanned + str_chr(str_from(rest, c->scanned), '\n');
	if (nl < n || n > SMTPC_REPLY_LINE_MAX - 2)
		return READ_BAD;
	c->scanned = n;
	if (rest.n - n < 2)
		return READ_MORE;
	if (rest.p[n + 1] != '\n')
		return READ_BAD;
	*ret = str_first(rest, n);
	return READ_REPLY;
}

enum smtpc_read smtpc_read_reply(struct smtpc *c, struct smtpc_reply *ret)
{
	struct str line = STR_NONE;
	enum smtpc_read got;

	while ((got = read_line(c, &line)) == READ_REPLY) {
		size_t end = c->line + line.n + 2;

		if (!is_line(line) || code_of(line.p) != code_of(c->in.p))
			return READ_BAD;
		c->scanned = 0;
		if (line.n == CODE || line.p[CODE] == ' ') {
			*ret = (struct smtpc_reply){ code_of(line.p), str_first(buf_str(&c->in), end) };
			c->line = 0;
			return READ_REPLY;
		}
		c->line = end;
	}
	/* A reply that fills the room and does not end there is too long, however it was split. */
	return got == READ_MORE && c->in.n >= SMTPC_REPLY_MAX ? READ_BAD : got;
}

void smtpc_reply_done(struct smtpc *c, const struct smtpc_reply *r)
{
	if (!c->in.n) /* the connection ended by it */
		return;
	buf_shift(&c->in, r->lines.n);
	if (!c->in.n)
		buf_done(&c->in);
}

struct str smtpc_reply_line(struct str *lines)
{
	size_t n = str_chr(*lines, '\n');
	struct str line = str_first(*lines, n ? n - 1 : 0);

	*lines = str_from(*lines, n + 1);
	return str_from(line, CODE + 1);
}

/* Length of the "x.y.z" at the start, 0 when there is none of this class. RFC 3463 section 2: up to three digits. */
static size_t enhanced_of(struct str text, int code)
{
	unsigned dots = 0, digits = 0;
	size_t n = 0;

	if (text.n < 5 || text.p[0] != '0' + code / 100 || text.p[1] != '.')
		return 0;
	for (; n < text.n && text.p[n] != ' '; n++) {
		if (text.p[n] == '.' && digits && dots < 2) {
			dots++;
			digits = 0;
		} else if (!is_digit(text.p[n]) || ++digits > 3) {
			return 0;
		}
	}
	return dots == 2 && digits ? n : 0;
}

static size_t put_clean(char *to, size_t at, size_t max, struct str text)
{
	for (size_t i = 0; i < text.n && at < max; i++)
		to[at++] = text.p[i] >= ' ' && text.p[i] <= '~' ? text.p[i] : '?';
	return at;
}

void smtpc_reply_words(const struct smtpc_reply *r, struct smtpc_outcome *out)
{
	struct str lines = r->lines;
	size_t at = 0;

	out->code = r->code;
	out->own = false;
	out->enhanced[0] = '\0';
	while (lines.n) {
		struct str text = smtpc_reply_line(&lines);
		size_t n = enhanced_of(text, r->code);

		if (n && !out->enhanced[0])
			out->enhanced[put_clean(out->enhanced, 0, sizeof(out->enhanced) - 1,
			                        str_first(text, n))] = '\0';
		text = str_trim(str_from(text, n));
		if (at && text.n)
			at = put_clean(out->text, at, SMTPC_TEXT_MAX - 1, STR(" "));
		at = put_clean(out->text, at, SMTPC_TEXT_MAX - 1, text);
	}
	out->text[at] = '\0';
}
