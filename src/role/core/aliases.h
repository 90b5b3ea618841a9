/* aliases.h - what the requests about one alias and those about many share (calls_aliases.c). */
#ifndef ROLE_CORE_ALIASES_H
#define ROLE_CORE_ALIASES_H

#include "role/core/call.h"
#include "store/aliases.h"

enum { ALIAS_DAYS_MOST = 36500 };

// clang-format off
/* What can be set at an alias. */
#define ALIAS_ARGS                                                                                               \
	{ .name = "state", .kind = ARG_WORD, .words = "on|off-drop|off-reject" }, { .name = "label" }, { .name = "name", .most = 100 }, \
	{ .name = "expires", .kind = ARG_TIME }, { .name = "idle_days", .kind = ARG_NUMBER, .most = ALIAS_DAYS_MOST }, \
	{ .name = "count", .kind = ARG_COUNT, .most = 1000000000 },                                              \
	{ .name = "mailbox", .kind = ARG_ADDRESS, .repeats = true }, BOUND_ARGS
// clang-format on

/* "on", "off-drop", "off-reject" */
const char *alias_state_word(enum alias_state state);

/* A new one as the arguments say: its address, or a random one, in a domain that this user may use. Nothing is written. */
MUST_CHECK int alias_plan(struct request *c, int64_t user, struct alias *ret, struct fail *f);
/* Expiry, count and bounds as the arguments say; what is not given stays. */
MUST_CHECK int alias_apply(struct request *c, struct alias *al, struct fail *f);
/* For call_part: one that is planned, with its mailboxes (all of the user's, when none is named); FAIL_EXISTS: taken, or once
 * was. And one that is there: with other mailboxes, when some are named. */
MUST_CHECK int alias_store_new(struct request *c, void *alias, struct fail *f);
MUST_CHECK int alias_store(struct request *c, void *alias, struct fail *f);

#endif
