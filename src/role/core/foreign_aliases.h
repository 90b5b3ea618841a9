/* foreign_aliases.h - aliases by number, with a pin and a trash (store/marks.h), as programs written for SimpleLogin and addy.io keep
 * them: one (calls_foreign_aliases.c), pages of them (calls_foreign_page.c) and many at once (calls_foreign_many.c). */
#ifndef ROLE_CORE_FOREIGN_ALIASES_H
#define ROLE_CORE_FOREIGN_ALIASES_H

#include "role/core/foreign.h"
#include "store/marks.h"

struct foreign_entry {
	struct alias al;
	struct alias_mark mark;
};

/* A record; what came in since the last hour is to be settled before (activity.h). */
MUST_CHECK int foreign_tell(struct request *c, const struct foreign_entry *e, struct fail *f);
/* By its number; FAIL_ABSENT "Forbidden": another's, or none. */
MUST_CHECK int foreign_entry_of(struct request *c, struct str number, struct foreign_entry *ret,
                                struct fail *f);
/* With its mark, and with other mailboxes where the request names some. */
MUST_CHECK int foreign_store(struct request *c, struct foreign_entry *e, struct fail *f);

/* What is done to an alias, and to which of many. */
#define FOREIGN_ACTS "get|on|off|toggle|pin|unpin|trash|restore|forget|mailboxes"
struct foreign_act {
	const char *word;
	bool (*of)(const struct foreign_entry *e); /* of many: to these alone */
	void (*does)(struct foreign_entry *e, int64_t now);
	bool wakes;  /* what lies in the trash is taken out first */
	bool buries; /* it lies there once */
};
/* That the argument "act" names; NULL: none. */
const struct foreign_act *foreign_act_of(const struct request *c);

// clang-format off
#define FOREIGN_BOXES_ARG { .name = "mailbox_id", .kind = ARG_NUMBER, .repeats = true }
// clang-format on

#endif
