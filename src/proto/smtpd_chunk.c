/* Chunks (RFC 3030): BDAT says how many bytes follow, and nothing in them ends the message. What is said of a DATA
 * message holds for their sum: no CR or LF apart, no NUL, the same limits. BINARYMIME is not offered.
 *
 * A chunk is read to its end whatever becomes of it, so that its bytes are never taken for commands. After a refused
 * one the message stays refused (section 3: the client says RSET). */
#include "proto/smtpd_parts.h"

enum { CHUNK_DIGITS = 20 };

void smtpd_skip(struct smtpd *s, uint64_t bytes, enum smtpd_reply say, bool ends)
{
	s->skip = bytes;
	s->skipped = say;
	s->skip_ends = ends;
	if (!bytes)
		(void)smtpd_skip_step(s);
}

bool smtpd_skip_step(struct smtpd *s)
{
	size_t have = s->in.n - s->at;
	size_t n = have < s->skip ? have : (size_t)s->skip;

	s->at += n;
	s->skip -= n;
	if (s->skip)
		return false;
	smtpd_say_refusal(s, s->skipped, s->skip_ends);
	if (s->skip_ends && s->state == ST_CHUNK) {
		s->messages++;
		smtpd_mail_end(s);
		smtpd_enter(s, ST_IDLE);
	}
	return true;
}

static bool read_args(struct str args, uint64_t *ret_bytes, bool *ret_last)
{
	struct str size = str_cut(&args, ' ');

	args = str_trim(args);
	*ret_last = str_eq_nocase(args, STR("LAST"));
	return size.n && size.n <= CHUNK_DIGITS && str_u64(size, ret_bytes) && (!args.n || *ret_last);
}

void smtpd_on_bdat(struct smtpd *s, struct str args)
{
	// clang-format off
	static const enum smtpd_reply out_of_turn[ST_STATES] = {
		[ST_START] = RE_HELO_FIRST, [ST_IDLE] = RE_NO_MAIL, [ST_MAIL] = RE_NO_RCPT,
	};
	// clang-format on
	enum smtpd_reply wrong = out_of_turn[s->state];
	uint64_t bytes;
	bool last;

	if (!read_args(args, &bytes, &last)) {
		smtpd_say(s, RE_CHUNK_FORM);
		return;
	}
	if (s->state == ST_MAIL && s->rcpt_tried)
		wrong = RE_NONE_VALID;
	if (s->broken)
		wrong = RE_CHUNK_BROKEN;
	if (wrong) {
		smtpd_skip(s, bytes, wrong, s->broken && last);
		return;
	}
	s->chunk = bytes;
	s->last = last;
	s->bdat = true;
	if (bytes)
		s->idle--; /* a large message in small chunks is no idle talk */
	smtpd_enter(s, s->state == ST_RCPT ? ST_SPOOL : ST_DATA);
}

/* The byte after a chunk that ended with a CR. */
static size_t second_half(struct smtpd *s, size_t r)
{
	s->half = false;
	if (s->in.p[r] != '\n') {
		smtpd_data_refuse(s, RE_BARE_DATA);
		return 1;
	}
	smtpd_data_end_line(s, r, 1);
	return 1;
}

static size_t read_bytes(struct smtpd *s, size_t r, struct str rest)
{
	if (s->half && !s->swallow)
		return second_half(s, r);
	if (rest.p[0] != '\r')
		return smtpd_data_run(s, r, rest);
	if (rest.n > 1 || s->chunk > 1)
		return smtpd_data_cr(s, r, rest);
	s->half = true;
	s->line_start = false;
	smtpd_data_keep(s, r, 1);
	return 1;
}

size_t smtpd_chunk_read(struct smtpd *s, size_t r)
{
	struct str rest = str_from(buf_str(&s->in), r);
	size_t n;

	if (rest.n > s->chunk)
		rest = str_first(rest, (size_t)s->chunk);
	n = read_bytes(s, r, rest);
	s->chunk -= n;
	return n;
}
