/* smtpd_parts.h - the server machine from inside: shared by smtpd*.c, included by nobody else. */
#ifndef PROTO_SMTPD_PARTS_H
#define PROTO_SMTPD_PARTS_H

#include "proto/smtpd.h"

/* Each state is left only along an edge of the table in smtpd.c. */
enum smtpd_state {
	ST_NEW,    /* nothing said yet */
	ST_START,  /* greeted, or TLS has just begun: no HELO */
	ST_IDLE,   /* HELO was said */
	ST_MAIL,   /* a transaction without recipients */
	ST_RCPT,   /* with recipients */
	ST_ASK,    /* the host judges a recipient */
	ST_SPOOL,  /* the host judges whether there is room */
	ST_DATA,   /* after 354, or within a chunk */
	ST_CHUNK,  /* between two chunks of a message */
	ST_COMMIT, /* the host judges a message */
	ST_TLS,    /* the host shakes hands */
	ST_LOGIN,  /* the next line is a response to AUTH's challenge */
	ST_TRY,    /* the host judges a name and its password */
	ST_END,    /* no more */
	ST_STATES
};
#define IN(state) (1u << ST_##state)

/* Rows of the table in smtpd_reply.c. */
enum smtpd_reply {
	RE_NONE,
	RE_GREET,
	RE_BYE,
	RE_OK,
	RE_RSET,
	RE_SENDER_OK,
	RE_GO_DATA,
	RE_GO_TLS,
	RE_VRFY,
	RE_HELP,
	RE_HELO_NAME,
	RE_HELO_FIRST,
	RE_NO_MAIL,
	RE_NO_RCPT,
	RE_NONE_VALID,
	RE_IN_MAIL,
	RE_TLS_NOT_NOW,
	RE_TLS_ON,
	RE_UNKNOWN,
	RE_NOT_OFFERED,
	RE_NO_ARGS,
	RE_FROM_FORM,
	RE_TO_FORM,
	RE_FROM_ADDRESS,
	RE_TO_ADDRESS,
	RE_PARAM_FORM,
	RE_PARAM_UNKNOWN,
	RE_PARAM_TWICE,
	RE_NEEDS_UTF8,
	RE_TOO_BIG,
	RE_RCPTS,
	RE_LINE_LONG,
	RE_BARE_COMMAND,
	RE_NUL_COMMAND,
	RE_FOREIGN,
	RE_LINE_ENDLESS,
	RE_ERRORS,
	RE_REFUSALS,
	RE_FLOOD,
	RE_MESSAGES,
	RE_BARE_DATA,
	RE_NUL_DATA,
	RE_SIZE_DATA,
	RE_HEADER_LINE,
	RE_HEADER_BLOCK,
	RE_BODY_LINE,
	RE_CHUNK,
	RE_CHUNK_FORM,
	RE_CHUNK_BROKEN,
	RE_LMTP,
	RE_ASK_PLAIN,
	RE_ASK_USER,
	RE_ASK_PASSWORD,
	RE_AUTH_OK,
	RE_AUTH_NO,
	RE_AUTH_FIRST,
	RE_AUTH_CLEAR,
	RE_AUTH_TWICE,
	RE_AUTH_ARGS,
	RE_AUTH_MECHANISM,
	RE_AUTH_CANCELLED,
	RE_AUTH_BASE64,
	RE_AUTH_FORM,
	RE_AUTH_LONG,
	RE_TLS_FIRST,
	RE_TRIES,
	RE_REPLIES
};

struct smtpd {
	const struct smtpd_config *config;
	enum smtpd_state state;
	struct buf in;  /* in.p[at..] is unread */
	struct buf out; /* queued for the peer */
	size_t at;
	const char *why;
	char *helo;
	bool esmtp, tls, authenticated;

	/* The line being read. */
	size_t scanned;   /* bytes from `at` that hold no end of line */
	size_t swallowed; /* of a line that was too long already */

	/* The transaction. */
	struct arena arena; /* its addresses */
	struct arena ask;   /* the recipient that is asked about */
	struct addr asked;
	struct addr *rcpts;
	size_t rcpts_cap;
	bool rcpt_tried;
	struct smtpd_mail mail;

	/* The message being read. */
	bool line_start, in_header, ended;
	bool swallow; /* it is refused: look only for its end */
	bool drop;    /* the host must forget it */
	size_t line;  /* bytes of this line so far */
	size_t view;  /* in.p[at..at + view] is body for the host, */
	size_t next;  /* and after it reading goes on here */
	enum smtpd_reply flaw;
	struct buf answer; /* the host's own refusal, a whole reply */
	size_t answered;   /* LMTP: recipients whose verdict was said */

	/* Chunks, RFC 3030. */
	bool bdat, last;          /* this message comes in chunks; this is its last one */
	uint64_t chunk;           /* bytes of it that have not been read */
	bool half;                /* the chunk before ended between a CR and its LF */
	bool broken;              /* a chunk was refused: so are those that follow */
	uint64_t skip;            /* bytes of a chunk that came out of turn, to be thrown away */
	enum smtpd_reply skipped; /* said then; RE_NONE: what is in `answer` */
	bool skip_ends;           /* and the message is over */

	/* Logging in. */
	bool login, user_said;     /* LOGIN, not PLAIN; its name is there */
	struct buf said;           /* the responses, decoded; wiped */
	struct str user, password; /* in it */

	unsigned errors, refusals, idle, messages, accepted, tries;
};

/* smtpd.c */
void smtpd_enter(struct smtpd *s, enum smtpd_state to);
void smtpd_mail_end(struct smtpd *s); /* forgets the transaction; the state is the caller's */

/* smtpd_reply.c */
/* Queues a row of the table; counts it if it answers a bad command, ends the session if the row says so. */
void smtpd_say(struct smtpd *s, enum smtpd_reply id);
void smtpd_say_ehlo(struct smtpd *s);
/* The host's words, made safe, appended to `to`; returns the code that was written. */
int smtpd_say_verdict(struct buf *to, int code, struct str enhanced, struct str text);

/* smtpd_command.c, smtpd_data.c: reads what it can; false when nothing more can be done without the host. */
bool smtpd_command_step(struct smtpd *s);
bool smtpd_data_step(struct smtpd *s);
void smtpd_data_begin(struct smtpd *s);
void smtpd_data_taken(struct smtpd *s); /* the view was served */
/* The message is refused: once, or in LMTP once for each recipient when it is `whole` (RFC 2033 4.2, 4.3). RE_NONE says
 * what is in `answer`. */
void smtpd_say_refusal(struct smtpd *s, enum smtpd_reply id, bool whole);

/* smtpd_chunk.c: BDAT, and chunks that nobody wants */
void smtpd_on_bdat(struct smtpd *s, struct str args);
bool smtpd_skip_step(struct smtpd *s);
void smtpd_skip(struct smtpd *s, uint64_t bytes, enum smtpd_reply say, bool ends);
/* Of a chunk: bytes read at `r`, 0 when more must come. */
size_t smtpd_chunk_read(struct smtpd *s, size_t r);

/* smtpd_data.c */
void smtpd_data_refuse(struct smtpd *s, enum smtpd_reply flaw);
void smtpd_data_keep(struct smtpd *s, size_t r, size_t n);
/* The last n of CR LF stand at r: both, or the LF alone whose CR was kept before. */
void smtpd_data_end_line(struct smtpd *s, size_t r, size_t n);
size_t smtpd_data_cr(struct smtpd *s, size_t r, struct str rest);
size_t smtpd_data_run(struct smtpd *s, size_t r, struct str rest);

/* smtpd_auth.c */
void smtpd_on_auth(struct smtpd *s, struct str args);
void smtpd_on_login_line(struct smtpd *s, struct str line); /* in ST_LOGIN */
void smtpd_login_too_long(struct smtpd *s);
void smtpd_auth_judged(struct smtpd *s, int code, struct str enhanced, struct str text);
void smtpd_auth_forget(struct smtpd *s);

/* smtpd_mail.c: two of the verbs */
void smtpd_on_mail(struct smtpd *s, struct str args);
void smtpd_on_rcpt(struct smtpd *s, struct str args);

#endif
