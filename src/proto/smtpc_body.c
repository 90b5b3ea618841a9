/* The body: dots stuffed (RFC 5321 4.5.2) unless it goes by BDAT, and nothing in it that a lenient receiver, there or
 * behind, could take for its end. */
#include "proto/plain.h"
#include "proto/smtpc_parts.h"

#include <assert.h>

void smtpc_body_begin(struct smtpc *c)
{
	c->given = 0;
	c->line_start = true;
	c->cr = false;
}

size_t smtpc_body_room(const struct smtpc *c)
{
	if (c->state != CS_BODY || c->out.n >= SMTPC_OUTPUT_HIGH)
		return 0;
	return SMTPC_OUTPUT_HIGH - c->out.n;
}

/* What was sent of it stays without an end, and so without effect. */
static void unfit(struct smtpc *c)
{
	smtpc_die(c, SMTPC_PERM, 554, "5.6.0",
	          "The message holds a NUL, or a CR or LF that is not part of CR LF");
}

static void not_as_announced(struct smtpc *c)
{
	smtpc_die(c, SMTPC_TEMP, 451, "4.3.0", "The message could not be read to its end");
}

/* Bytes up to the next CR, LF or NUL. */
static size_t run_of(struct str s)
{
	size_t n = str_chr(s, '\r');

	n = str_chr(str_first(s, n), '\n');
	return str_chr(str_first(s, n), '\0');
}

/* Most of a body, and all of a sealed one: it goes as it is. */
static size_t put_plain(struct smtpc *c, struct str s)
{
	size_t n = c->cr || (c->line_start && s.p[0] == '.') ? 0 : plain_lines(s);

	if (!n)
		return 0;
	buf_add(&c->out, str_first(s, n));
	c->line_start = true;
	return n;
}

/* Reads some of the body; 0 where it is unfit. A CR waits for its LF. */
static size_t put_some(struct smtpc *c, struct str s)
{
	size_t n;

	if (c->cr) {
		if (s.p[0] != '\n')
			return 0;
		buf_add(&c->out, STR("\r\n"));
		c->cr = false;
		c->line_start = true;
		return 1;
	}
	if (s.p[0] == '\r') {
		c->cr = true;
		return 1;
	}
	n = run_of(s);
	if (!n)
		return 0;
	if (c->line_start && s.p[0] == '.' && !c->bdat)
		buf_addc(&c->out, '.');
	c->line_start = false;
	buf_add(&c->out, str_first(s, n));
	return n;
}

void smtpc_body(struct smtpc *c, struct str bytes)
{
	if (c->state != CS_BODY) /* the peer ended it in between */
		return;
	assert(bytes.n <= smtpc_body_room(c));
	c->given += bytes.n;
	if (c->bdat && c->given > c->mail.bytes) { /* would be read as commands */
		not_as_announced(c);
		return;
	}
	while (bytes.n) {
		size_t n = put_plain(c, bytes);

		n = n ? n : put_some(c, bytes);
		if (!n) {
			unfit(c);
			return;
		}
		bytes = str_from(bytes, n);
	}
	assert(!c->out.over);
}

void smtpc_body_end(struct smtpc *c)
{
	if (c->state != CS_BODY)
		return;
	if (c->cr) {
		unfit(c);
		return;
	}
	if (c->given != c->mail.bytes) {
		not_as_announced(c);
		return;
	}
	c->dot_sent = true;
	smtpc_enter(c, CS_DOT);
	if (c->bdat) /* is complete by its length */
		return;
	if (!c->line_start)
		buf_add(&c->out, STR("\r\n"));
	buf_add(&c->out, STR(".\r\n"));
	assert(!c->out.over);
	smtpc_push(&c->sent, STEP_DOT);
}

void smtpc_body_fail(struct smtpc *c, struct str text)
{
	if (c->state == CS_BODY)
		smtpc_lost(c, text);
}
