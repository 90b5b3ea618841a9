/* smtpd.h - the server's side of one SMTP connection, without a descriptor and without a clock: bytes go in, bytes
 * come out, and smtpd_want() says what the host must do next. RFC 5321 with PIPELINING (2920), SIZE (1870), 8BITMIME
 * (6152), SMTPUTF8 (6531), ENHANCEDSTATUSCODES (2034), CHUNKING (3030) and STARTTLS (3207); or of one LMTP connection (2033), or of one that submits
 * mail (6409), where AUTH (4954) comes first.
 *
 * What it promises:
 * - A line ends with CRLF and with nothing else. A CR or LF apart, or a NUL, in a command is answered 500 and ends the
 *   session; in a message it is never repaired: the message is swallowed to its real end, CRLF "." CRLF, and answered
 *   550. No other sequence ends a message, so nothing can be smuggled behind one.
 * - A chunk (BDAT) ends where its size says and nowhere else, whether it is wanted or not. A size that cannot be read
 *   ends the session: what follows might be taken for commands.
 * - The order and the split of the input into calls change neither the output nor what is accepted.
 * - Memory is bounded: SMTPD_ROOM of input, SMTPD_OUTPUT_HIGH and one reply of output, one transaction of at most
 *   limits.rcpts addresses. A session between messages holds less than 1 KiB and no buffer.
 *
 * A host calls, after each of its events: write smtpd_output() while there is some (always, whatever is wanted), serve
 * smtpd_want() until it is SMTPD_INPUT, SMTPD_OUTPUT or waits for an answer of its own, and read at most smtpd_room()
 * bytes when that is not 0. Deadlines are the host's; it ends a session with smtpd_shut(). */
#ifndef PROTO_SMTPD_H
#define PROTO_SMTPD_H

#include "base/arena.h"
#include "base/buf.h"
#include "wire/addr.h"

enum {
	SMTPD_LINE_MAX = 2048,     /* a command with its CRLF */
	SMTPD_COMMAND_ROOM = 8192, /* input held outside of a message */
	SMTPD_ROOM = 65536,        /* input held within a message */
	SMTPD_OUTPUT_HIGH = 4096,  /* unsent output past which no further command is read */
};

struct smtpd_limits {
	uint64_t message;    /* bytes without stuffed dots; offered as SIZE; 552 5.3.4 past it */
	size_t header_line;  /* bytes with CRLF; 554 5.6.0 past it: 552 would say that the sum is too large */
	size_t header_block; /* bytes of all header lines; 554 5.6.0 */
	size_t body_line;    /* bytes with CRLF, 0 = unlimited; 554 5.6.0 */
	unsigned rcpts;      /* of one message; further ones are answered 452 4.5.3 */
	unsigned errors;     /* bad commands in one session; at that many 421 4.7.0 and the end */
	unsigned refusals;   /* recipients refused for good (5xx) in one session; the same */
	unsigned idle; /* commands since the last accepted message, accepted RCPTs not counted; the same */
	unsigned messages; /* in one session; the next MAIL is answered 421 4.7.0 */
	unsigned tries;    /* to log in that failed; at that many 421 4.7.0 and the end */
};

/* 50 MiB, 2048, 256 KiB, no limit, 100 recipients, 10 errors, 50 refusals, 500 idle commands, 1000 messages,
 * 3 tries. */
extern const struct smtpd_limits smtpd_limits_default;

/* Shared by all sessions; outlives them, as does what it points to. */
struct smtpd_config {
	struct str hostname; /* our name, in the greeting; printable ASCII */
	struct smtpd_limits limits;
	bool starttls; /* offered until TLS is on */
	bool smtputf8; /* offered */
	bool lmtp;     /* RFC 2033: LHLO, and a verdict for each recipient after the message */
	/* RFC 6409: MAIL wants AUTH before it, and AUTH wants TLS. */
	bool submission;
	bool tls; /* RFC 8314 3.3: TLS is on before the greeting, which is the host's to see to */
};

enum smtpd_want {
	SMTPD_INPUT,  /* bytes from the peer: smtpd_input() */
	SMTPD_OUTPUT, /* the peer must first read what is queued: smtpd_sent() */
	SMTPD_RCPT,   /* a verdict for smtpd_asked(): smtpd_rcpt_verdict() */
	SMTPD_SPOOL,  /* DATA: is there room for a message? smtpd_spool_verdict() */
	SMTPD_BODY,   /* bytes of the message: smtpd_body(), then smtpd_body_taken() or smtpd_body_refuse() */
	SMTPD_DROP,   /* the message will be refused: forget what was spooled, then smtpd_dropped() */
	SMTPD_COMMIT, /* the message is whole: smtpd_commit_verdict(), in LMTP for rcpts[smtpd_answered()] */
	SMTPD_TLS,    /* once the output is sent: handshake, then smtpd_tls_done() */
	SMTPD_AUTH,   /* whose password is this? smtpd_auth_verdict() */
	SMTPD_CLOSE,  /* once the output is sent: close */
};

/* Of an accepted spool exactly one becomes true: SMTPD_COMMIT, SMTPD_DROP, the host's own smtpd_body_refuse(), or the
 * session ends before (SMTPD_CLOSE, or the host frees it). */

/* The transaction. Views live until the next call that is not an accessor. */
struct smtpd_mail {
	struct addr from;         /* addr_is_null() for <> */
	const struct addr *rcpts; /* those that were answered 2xx, in order; domain empty for <postmaster> */
	size_t n_rcpts;
	uint64_t declared; /* SIZE=, 0 when not given */
	bool smtputf8;     /* SMTPUTF8 was given */
	bool eightbit;     /* BODY=8BITMIME was given */
	/* Known from DATA on, final at SMTPD_COMMIT: */
	uint64_t bytes;              /* without stuffed dots and the final one */
	uint64_t header_bytes;       /* up to and without the empty line */
	unsigned header_lines;       /* folded ones counted apart */
	bool header_8bit, body_8bit; /* a byte above 127 was seen there */
	bool unended;                /* it came in chunks and its last line has no CRLF */
};

struct smtpd;

struct smtpd *smtpd_new(const struct smtpd_config *config);
void smtpd_free(struct smtpd *s); /* NULL is fine */
DEFINE_OWNS(smtpd, smtpd_free)

/* First either smtpd_greet(), or smtpd_shut() for a peer that is not to be served. Bytes that come before the greeting
 * was sent are commands like any others: a host that writes at once cannot see an early talker, one that delays may
 * shut it. */
void smtpd_greet(struct smtpd *s);

enum smtpd_want smtpd_want(const struct smtpd *s);

struct str smtpd_output(const struct smtpd *s); /* to be sent, maybe empty */
void smtpd_sent(struct smtpd *s, size_t n);     /* n bytes of it were */

size_t smtpd_room(const struct smtpd *s);         /* bytes that smtpd_input() takes now; 0: stop reading */
void smtpd_input(struct smtpd *s, struct str in); /* copied. After SMTPD_CLOSE it is ignored */

/* Verdicts: code 2xx, 4xx or 5xx (anything else is said as 451 4.3.0), the enhanced code "x.y.z" of the same class, one
 * sentence (printable ASCII; the rest is said as '?'; cut at 400). Code 421 also ends the session. */
const struct addr *smtpd_asked(const struct smtpd *s); /* at SMTPD_RCPT */
void smtpd_rcpt_verdict(struct smtpd *s, int code, struct str enhanced, struct str text);

/* 354 (enhanced and text unused) or a refusal, 452 4.3.1 when memory is short. The transaction stays after a refusal. */
void smtpd_spool_verdict(struct smtpd *s, int code, struct str enhanced, struct str text);

/* The bytes, dots unstuffed; in all never a CR or LF apart, never a NUL. Until smtpd_body_taken(). */
struct str smtpd_body(const struct smtpd *s);
void smtpd_body_taken(struct smtpd *s);
/* The host cannot keep the message: the rest is swallowed and this is the answer. There is no SMTPD_DROP then. */
void smtpd_body_refuse(struct smtpd *s, int code, struct str enhanced, struct str text);
void smtpd_dropped(struct smtpd *s);

void smtpd_commit_verdict(struct smtpd *s, int code, struct str enhanced, struct str text);

/* At SMTPD_AUTH: 1..320 bytes without blanks and controls; and 1..255 bytes, none of them NUL, which are wiped by the
 * verdict. */
struct str smtpd_auth_user(const struct smtpd *s);
struct str smtpd_auth_password(const struct smtpd *s);
/* 2xx (said as 235 2.7.0; enhanced and text unused), 535 5.7.8 or 454 4.7.0. */
void smtpd_auth_verdict(struct smtpd *s, int code, struct str enhanced, struct str text);

/* ok: everything said before is forgotten, the peer begins with EHLO. Not ok: the session ends without a word. Input
 * that came between STARTTLS and this ends it as well: it was sent in clear (CVE-2011-0411). */
void smtpd_tls_done(struct smtpd *s, bool ok);

/* Says this (421 4.4.2 for a timeout, 421 4.3.2 at shutdown) and ends the session, at any time; a verdict that is owed
 * is no longer wanted. Once ended, nothing. During SMTPD_TLS nothing is said. */
void smtpd_shut(struct smtpd *s, int code, struct str enhanced, struct str text);

/* Facts. */
const struct smtpd_mail *smtpd_mail(const struct smtpd *s); /* zeros outside of a transaction */
struct str smtpd_helo(const struct smtpd *s); /* 1..255 printable ASCII, no blanks; empty before HELO */
bool smtpd_is_esmtp(const struct smtpd *s);
bool smtpd_is_tls(const struct smtpd *s);
bool smtpd_is_authenticated(const struct smtpd *s);
bool smtpd_in_data(
        const struct smtpd *s); /* between 354 and the final dot, or the first chunk and the last */
size_t smtpd_answered(const struct smtpd *s);   /* LMTP, at SMTPD_COMMIT: whose verdict is wanted */
unsigned smtpd_accepted(const struct smtpd *s); /* messages answered 2xx */
unsigned smtpd_errors(const struct smtpd *s);   /* bad commands */
/* Why the session ended or the last message was refused by the machine itself, a word for the log ("quit",
 * "bare-lf", "errors", "clear-after-starttls", ...); "-" while there is nothing to say. */
const char *smtpd_why(const struct smtpd *s);

#endif
