/* silence.h - a scribe that has taken a question and answers nothing: its road ends, and with it the process. */
#ifndef ROLE_CORE_SILENCE_H
#define ROLE_CORE_SILENCE_H

#include "role/core/core.h"

void silence_start(struct core *c);

#endif
