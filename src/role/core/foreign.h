/* foreign.h - what the requests of the compatible APIs share: things by number, of who asks alone. */
#ifndef ROLE_CORE_FOREIGN_H
#define ROLE_CORE_FOREIGN_H

#include "role/core/call.h"
#include "store/aliases.h"
#include "store/events.h"
#include "store/users.h"

#define FOREIGN_ID                                                                                           \
	{                                                                                                    \
		.name = "id", .kind = ARG_NUMBER, .required = true, .most = INT64_MAX                        \
	}

/* The alias that "id" names; FAIL_ABSENT "Forbidden": another's, or none. */
MUST_CHECK int foreign_alias(struct request *c, struct alias *ret, struct fail *f);
/* What they have a word for, and that word: "forward", "reply", "block", "bounced". */
#define FOREIGN_EVENTS                                                                                       \
	(EVENT_BIT(EVENT_IN, EVENT_RELAYED) | EVENT_BIT(EVENT_IN, EVENT_REFUSED) |                           \
	 EVENT_BIT(EVENT_IN, EVENT_DROPPED) | EVENT_BIT(EVENT_IN, EVENT_BOUNCED) |                           \
	 EVENT_BIT(EVENT_IN, EVENT_EXPIRED) | EVENT_BIT(EVENT_OUT, EVENT_RELAYED) |                          \
	 EVENT_BIT(EVENT_OUT, EVENT_BOUNCED) | EVENT_BIT(EVENT_OUT, EVENT_EXPIRED))
const char *foreign_action(const struct event *e);

/* Mailboxes of an alias or a domain, by lines: fields of a record that is not ended yet. */
void foreign_tell_boxes(struct request *c, const struct alias_mailbox *boxes, size_t n);
/* FAIL_SYNTAX, "mailbox_id": another's, or none. */
MUST_CHECK int foreign_box(struct request *c, struct str number, struct mailbox *ret, struct fail *f);
/* The verified mailbox that was first; *ret 0: there is none. */
MUST_CHECK int foreign_main_box(struct request *c, int64_t user, int64_t *ret, struct str *ret_address,
                                struct fail *f);

#endif
