/* remind.h - what is done by the hour: old rows go, and users are told, sealed, that a profile ends soon. */
#ifndef ROLE_CORE_REMIND_H
#define ROLE_CORE_REMIND_H

#include "role/core/core.h"

void remind_start(struct core *c);

#endif
