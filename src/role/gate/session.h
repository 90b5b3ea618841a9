/* session.h - the incoming connections: each has its protocol machine (proto/smtpd.h), asks core about recipients and
 * whole messages, and ends by the client's word, by ours, or by a deadline. */
#ifndef ROLE_GATE_SESSION_H
#define ROLE_GATE_SESSION_H

#include "role/gate/gate.h"

struct sessions *sessions_new(struct gate *g);
/* Accepts NULL. Every client that is still there is told 421 4.3.2; messages that core has and has not answered for
 * are left to it: the sender comes again, and core knows a message that it has already. */
void sessions_free(struct sessions *all);

/* The limits are others, or STARTTLS came: for all sessions from here on. */
void sessions_reload(struct sessions *all);

/* Takes fd. Past the limits the client is told so and is not served. */
void sessions_enter(struct sessions *all, int fd, const struct endpoint *who, enum listen_kind kind);

/* What core says. An answer that nobody waits for any more is dropped. */
void sessions_rcpt_answer(struct sessions *all, const struct rcpt_answer *m);
void sessions_accept_answer(struct sessions *all, const struct accept_answer *m);
void sessions_auth_answer(struct sessions *all, const struct auth_answer *m);
/* Core is away: every question that waits is answered 451. */
void sessions_road_ended(struct sessions *all);

#endif
