/* loop_base.h - for sys/dns.c alone: the library there lives on the same loop. */
#ifndef SYS_LOOP_BASE_H
#define SYS_LOOP_BASE_H

#include "sys/loop.h"

struct event_base;
struct event_base *loop_event_base(const struct loop *l);

#endif
