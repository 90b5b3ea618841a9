/* page.h - which aliases a list shows (calls_pages.c). */
#ifndef ROLE_CORE_PAGE_H
#define ROLE_CORE_PAGE_H

#include "role/core/call.h"
#include "store/aliases.h"

#define PAGE_STATES "on|off-drop|off-reject|off"
enum { PAGE_QUERY_MOST = 100 };

/* By "query" and by the state that the argument `state` names; neither given: every one. */
bool page_wants(const struct request *c, const char *state, const struct alias *al);

#endif
