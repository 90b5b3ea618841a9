/* transaction.h - one session from within, and the part of it that is about a message: recipients, bytes, and what core
 * says to them. Sockets, deadlines and the end are session.c's. */
#ifndef ROLE_GATE_TRANSACTION_H
#define ROLE_GATE_TRANSACTION_H

#include "proto/smtpd.h"
#include "role/gate/link.h"
#include "role/gate/session.h"
#include "role/gate/spool.h"

#include <netinet/in.h>

enum { RCPTS_MAX = 400 }; /* what fits into one record to core, however long the addresses */

struct session {
	struct session *next; /* of its bucket */
	struct sessions *all;
	struct gate *gate;
	uint64_t id;
	struct budget_client *client; /* NULL: its connection is no longer counted */
	struct link link;             /* closed while only core's answer is waited for */
	struct smtpd *machine;        /* NULL: the last word was said */
	struct timer *timer;
	uint64_t deadline_ms, armed_ms, message_ms; /* message_ms: end of the time for a message, 0 outside */
	struct spool spool;
	uint32_t seq;     /* of the last question to core */
	bool asked;       /* it is not answered */
	bool lmtp;        /* each recipient is a question of its own */
	bool submission;  /* AUTH comes before mail */
	bool tls_first;   /* its handshake comes before the greeting, and is not over */
	uint64_t account; /* who has logged in, 0: nobody */
	bool shaking, ended;
	bool dry; /* nothing can be read, until the loop says so */
	unsigned reads;
	uint32_t plans; /* outputs that the accepted recipients stand for */
	uint32_t way;   /* which way they lead: enum rcpt_way */
	char host[INET6_ADDRSTRLEN];
};

/* ON: ask the machine again. WAIT: for the peer or for core. OVER: the session was freed. */
enum step { STEP_ON, STEP_WAIT, STEP_OVER };

/* A sign of life: the client has until then to give the next one. */
void session_more_time(struct session *s);

/* What the machine wants by these names. */
enum step transaction_rcpt(struct session *s);
enum step transaction_spool(struct session *s);
enum step transaction_body(struct session *s);
enum step transaction_drop(struct session *s);
enum step transaction_commit(struct session *s);
enum step transaction_auth(struct session *s);

/* Core's answers to the question that s has asked; the caller goes on with the session. */
void transaction_rcpt_answer(struct session *s, const struct rcpt_answer *m);
void transaction_accept_answer(struct session *s, const struct accept_answer *m);
void transaction_auth_answer(struct session *s, const struct auth_answer *m);
/* Core does not answer: 451, which is its fault and not the client's. */
void transaction_no_answer(struct session *s);

#endif
