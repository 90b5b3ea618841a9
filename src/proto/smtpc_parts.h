/* smtpc_parts.h - the client machine from inside: shared by smtpc*.c, included by nobody else. */
#ifndef PROTO_SMTPC_PARTS_H
#define PROTO_SMTPC_PARTS_H

#include "proto/smtpc.h"

/* Each state is left only along an edge of the table in smtpc.c. */
enum smtpc_state {
	CS_HELLO,   /* greeting, EHLO, STARTTLS: replies are awaited */
	CS_TLS,     /* the host shakes hands */
	CS_READY,   /* for a message */
	CS_MAIL,    /* its envelope's replies are awaited */
	CS_BODY,    /* after 354, or after BDAT and then perhaps before the envelope's replies */
	CS_DOT,     /* the reply to the final dot or to BDAT is awaited */
	CS_OUTCOME, /* the host is to take it */
	CS_QUIT,    /* the reply to QUIT is awaited */
	CS_END,
	CS_STATES
};

/* What a reply answers. Replies come in the order in which these were sent. */
enum smtpc_step {
	STEP_GREETING,
	STEP_EHLO,
	STEP_HELO,
	STEP_STARTTLS,
	STEP_AUTH_PLAIN,
	STEP_AUTH_LOGIN,
	STEP_AUTH_USER,
	STEP_AUTH_PASSWORD,
	STEP_RSET,
	STEP_MAIL,
	STEP_RCPT,
	STEP_DATA,
	STEP_DOT,
	STEP_BDAT,
	STEP_NO_DOT, /* the dot after a 354 that came in spite of a refusal */
	STEP_QUIT,
	STEP_STEPS
};

struct smtpc_reply {
	int code;
	struct str lines; /* all of them, as they came */
};

enum { SMTPC_STEPS_MAX = 4 };

struct smtpc_steps {
	enum smtpc_step at[SMTPC_STEPS_MAX];
	size_t n;
};

struct smtpc {
	const struct smtpc_config *config;
	enum smtpc_state state;
	struct buf in;  /* the reply that is being read, and what came behind it */
	struct buf out; /* queued for the peer */
	size_t line;    /* where in.p the line begins that is being read */
	size_t scanned; /* bytes of it that hold no end of line */
	bool tls, closing;
	bool secret_out; /* there is a password in out, or was */

	/* What the peer offers. */
	bool pipelining, eightbit, smtputf8, starttls, chunking, plain, login;
	uint64_t size;

	struct smtpc_steps todo; /* to be sent, */
	struct smtpc_steps sent; /* sent and not yet answered */

	/* The message. */
	bool busy, need_rset, mail_ok, dot_sent, bdat, heard;
	struct smtpc_mail mail;        /* without the addresses, */
	struct buf mail_cmd, rcpt_cmd; /* which stand in these */
	uint64_t given;
	bool line_start, cr; /* of the body: where it stands, a CR held back */

	struct smtpc_outcome outcome;
};

/* smtpc.c */
void smtpc_enter(struct smtpc *c, enum smtpc_state to);
void smtpc_finish(struct smtpc *c); /* the message has its outcome */
/* The connection is of no further use; what was queued is not sent. The message, if there is one without an outcome, or
 * the connection itself gets this one, which is TEMP unless `kind` says otherwise. */
void smtpc_die(struct smtpc *c, enum smtpc_kind kind, int code, const char *enhanced, const char *text);
void smtpc_die_reply(struct smtpc *c, const struct smtpc_reply *r);
/* Sets the outcome of the message unless it has one: the first refusal counts. */
void smtpc_refuse(struct smtpc *c, enum smtpc_kind kind, int code, const char *enhanced, const char *text);
void smtpc_outcome_reply(struct smtpc *c, enum smtpc_kind kind, const struct smtpc_reply *r);

/* smtpc_reply.c */
enum smtpc_read { READ_MORE, READ_REPLY, READ_BAD };
/* Takes one whole reply from the input; its lines are valid until smtpc_reply_done(). */
enum smtpc_read smtpc_read_reply(struct smtpc *c, struct smtpc_reply *ret);
void smtpc_reply_done(struct smtpc *c, const struct smtpc_reply *r);
struct str smtpc_reply_line(struct str *lines); /* cuts off the text of the next line */
void smtpc_reply_words(const struct smtpc_reply *r, struct smtpc_outcome *out); /* code, enhanced, text */

/* smtpc_auth.c */
void smtpc_read_mechanisms(struct smtpc *c, struct str words);
void smtpc_auth_or_ready(struct smtpc *c);                   /* the session's last step before CS_READY */
void smtpc_put_login(struct smtpc *c, enum smtpc_step step); /* the argument of one of STEP_AUTH_* */
void smtpc_on_auth(struct smtpc *c, enum smtpc_step step, const struct smtpc_reply *r);

/* smtpc_steps.c */
void smtpc_issue(struct smtpc *c); /* sends of `todo` what may be sent now */
void smtpc_push(struct smtpc_steps *steps, enum smtpc_step step);
void smtpc_next(struct smtpc *c, enum smtpc_step step);
void smtpc_peer_is_wrong(struct smtpc *c);
void smtpc_on_reply(struct smtpc *c, const struct smtpc_reply *r);

/* smtpc_body.c */
void smtpc_body_begin(struct smtpc *c);

#endif
