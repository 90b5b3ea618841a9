/* smtpc.h - the client's side of one SMTP connection towards a next hop, without a descriptor and without a clock: bytes
 * go in, bytes come out, and smtpc_want() says what the host must do next. RFC 5321 with PIPELINING (2920), SIZE (1870),
 * 8BITMIME (6152), SMTPUTF8 (6531), ENHANCEDSTATUSCODES (2034), STARTTLS (3207), AUTH PLAIN and LOGIN (4954) and CHUNKING
 * (3030). Several messages, one recipient each, go over one connection.
 *
 * What it promises:
 * - Each message given to smtpc_send() gets exactly one outcome. DELIVERED only after a 2xx to the final dot. A lost
 *   connection, an unreadable reply or a 421 is TEMP, also after the final dot (then the message may arrive twice).
 * - A body with a CR or LF apart or a NUL, or of another length than announced, is never completed: no final dot, the
 *   connection ends. By BDAT such a body stops short of its announced length.
 * - Who is to log in and cannot sends nothing: the password in clear is not given to a peer unless config allows it, and
 *   a refused login is TEMP, for it speaks of us and not of the message.
 * - The split of the input into calls does not change what is sent or decided, for a peer that answers only what was
 *   said. A reply before its command ends the connection where that can be seen.
 *
 * A host calls, after each of its events: serve smtpc_want(), then write smtpc_output() while there is some (so that
 * MAIL, RCPT and DATA go in one write, and a small body with its dot in one), then read at most smtpc_room(). */
#ifndef PROTO_SMTPC_H
#define PROTO_SMTPC_H

#include "base/buf.h"
#include "wire/addr.h"

enum {
	SMTPC_REPLY_LINE_MAX = 2048, /* with CRLF */
	SMTPC_REPLY_MAX = 32768,     /* all lines of one reply */
	SMTPC_OUTPUT_HIGH = 65536,   /* unsent output past which no body is asked for */
	SMTPC_TEXT_MAX = 200,
	SMTPC_LOGIN_MAX = 255,   /* bytes of user and of password */
	SMTPC_AHEAD_MAX = 32768, /* a body up to here goes by BDAT before the envelope was answered */
};

enum smtpc_tls {
	SMTPC_TLS_NONE,    /* never, even when offered */
	SMTPC_TLS_MAY,     /* when offered; in clear when STARTTLS is refused */
	SMTPC_TLS_ENCRYPT, /* or nothing is sent */
};

/* Outlives the connection. */
struct smtpc_config {
	struct str helo; /* our name; printable ASCII */
	enum smtpc_tls tls;
	struct str user, password; /* to log in; user empty: not at all */
	bool auth_in_clear;        /* also without TLS */
	bool chunking;             /* BDAT where it is offered */
};

enum smtpc_want {
	SMTPC_INPUT, /* bytes from the peer: smtpc_input() */
	SMTPC_READY, /* a message: smtpc_send(); or smtpc_quit(). Input is still to be read: the peer may say 421 */
	SMTPC_BODY,    /* bytes of the message: smtpc_body() ... smtpc_body_end(), or smtpc_body_fail() */
	SMTPC_OUTPUT,  /* within the body: send some first, smtpc_sent() */
	SMTPC_OUTCOME, /* smtpc_outcome(), then smtpc_outcome_taken() */
	SMTPC_TLS,     /* once the output is sent: handshake, then smtpc_tls_done() */
	SMTPC_CLOSE,   /* close; smtpc_outcome() says why the connection came to nothing */
};

struct smtpc_mail {
	struct str sender, rcpt; /* local@domain; sender may be empty. Copied */
	uint64_t bytes;          /* exactly what will be given as body, CRLF, dots not stuffed */
	bool eightbit;           /* there is a byte above 127 in it */
	bool smtputf8;           /* a header needs RFC 6532 (a non-ASCII address needs it by itself) */
};

enum smtpc_kind { SMTPC_NONE, SMTPC_DELIVERED, SMTPC_TEMP, SMTPC_PERM };

struct smtpc_outcome {
	enum smtpc_kind kind;
	int code;                  /* the peer's, or the one that we would have used ourselves */
	char enhanced[12];         /* "" when the peer said none */
	char text[SMTPC_TEXT_MAX]; /* one line, printable ASCII: the peer's words, or ours */
	bool own;                  /* decided by us, not said by the peer */
	bool dot_sent;             /* TEMP after the final dot: the message may arrive twice */
	bool heard;                /* the peer said something to this message */
	bool login;                /* it came to nothing when we were to log in */
	bool no_bdat; /* TEMP because BDAT, though offered, is unknown there: it goes by DATA from now on */
};

struct smtpc;

struct smtpc *smtpc_new(const struct smtpc_config *config); /* connected; waits for the greeting */
void smtpc_free(struct smtpc *c);                           /* NULL is fine */
DEFINE_OWNS(smtpc, smtpc_free)

enum smtpc_want smtpc_want(const struct smtpc *c);

struct str smtpc_output(const struct smtpc *c);
void smtpc_sent(struct smtpc *c, size_t n);

size_t smtpc_room(const struct smtpc *c);         /* bytes that smtpc_input() takes now; 0: stop reading */
void smtpc_input(struct smtpc *c, struct str in); /* copied. After SMTPC_CLOSE it is ignored */

/* At SMTPC_READY. What cannot be sent to this peer (too large for its SIZE, needs 8BITMIME or SMTPUTF8 that it does not
 * offer, is no address) is at once an outcome, PERM, and the connection stays good. */
void smtpc_send(struct smtpc *c, const struct smtpc_mail *mail);

/* At SMTPC_BODY: any split, at most smtpc_body_room() bytes at a time. The machine stuffs dots and completes a last
 * line without CRLF. */
size_t smtpc_body_room(const struct smtpc *c);
void smtpc_body(struct smtpc *c, struct str bytes);
void smtpc_body_end(struct smtpc *c);
/* The body cannot be read: TEMP and the end of the connection; the message stays incomplete there. */
void smtpc_body_fail(struct smtpc *c, struct str text);

const struct smtpc_outcome *smtpc_outcome(const struct smtpc *c);
void smtpc_outcome_taken(struct smtpc *c); /* to SMTPC_READY or SMTPC_CLOSE */

/* Not ok: the connection ends (whether to come again in clear is the host's policy). Input that came between the 220 and
 * this ends it as well. */
void smtpc_tls_done(struct smtpc *c, bool ok);

void smtpc_quit(struct smtpc *c); /* at SMTPC_READY: QUIT, then SMTPC_CLOSE after its reply */
/* The connection is gone, or a deadline of the host has passed (text says which). At any time; not an error after QUIT. */
void smtpc_lost(struct smtpc *c, struct str text);

/* Facts. */
bool smtpc_is_tls(const struct smtpc *c);
bool smtpc_is_busy(const struct smtpc *c);       /* a message was given and has no outcome yet */
bool smtpc_dot_sent(const struct smtpc *c);      /* waits for the reply to the final dot */
uint64_t smtpc_peer_size(const struct smtpc *c); /* its SIZE, 0 when unknown or unlimited */

#endif
