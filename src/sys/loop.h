/* loop.h - readiness and timers of one single-threaded process, on libevent and nothing more of it. */
#ifndef SYS_LOOP_H
#define SYS_LOOP_H

#include "base/fail.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct watch;
struct timer;

MUST_CHECK int loop_new(struct loop **ret, struct fail *f);
void loop_free(struct loop *l); /* watches and timers are to be freed before */

/* Runs until loop_stop(). After each batch of events the `settle` function is called once, if set: the place to
 * do together what the batch asked for one by one (group commit). When it returns true it is called again
 * without waiting for events. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
void loop_resume(struct loop *l); /* after a stop: loop_run() may be called again */
void loop_settle(struct loop *l, bool (*settle)(void *arg), void *arg);

/* The fd stays the caller's and must be open until watch_free(), which is safe inside callbacks. Nothing is
 * watched until watch_want(). ready: which of the two may go on. */
typedef void watch_fn(void *arg, bool readable, bool writable);
struct watch *watch_new(struct loop *l, int fd, watch_fn *fn, void *arg);
void watch_want(struct watch *w, bool read, bool write);
void watch_free(struct watch *w); /* accepts NULL */

/* One shot; setting again moves it. timer_free() is safe inside its callback. */
typedef void timer_fn(void *arg);
struct timer *timer_new(struct loop *l, timer_fn *fn, void *arg);
void timer_set(struct timer *t, uint64_t ms);
void timer_cancel(struct timer *t);
void timer_free(struct timer *t); /* accepts NULL */

/* Signals as events; the parent's business. */
struct watch *signal_new(struct loop *l, int signo, timer_fn *fn, void *arg);

#endif
