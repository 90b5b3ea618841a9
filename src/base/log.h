/* log.h - one line, one fact, in logfmt: "lvl=info role=gate sid=7f2a ev=rcpt code=550". Only role/ and cli/
 * log; everything below returns a struct fail. Addresses are logged through log_mask (a keyed hash) or not
 * at all; bodies, names and subjects never (promise 10). */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/fail.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Where lines go (default 2) and who writes them. `role` must outlive the process. */
void log_open(int fd, const char *role, enum log_level least);

/* A line; fmt makes the "key=value" pairs after lvl and role. A value with a space, quote, '=' or
 * control byte is to be written with "%s" of log_quote(). */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* ev=EV why="..." code=NAME at=file:line */
void log_fail(enum log_level level, const char *ev, const struct fail *f);

/* A quoted, escaped and bounded copy in one of a few static buffers: use it within the same call. */
const char *log_quote(struct str s);

/* The keyed hash of an address, 16 hex digits, in one of a few static buffers. Lower-cases ASCII first, so
 * that it greps. Before log_mask_key() it is "-". */
const char *log_mask(struct str address);
void log_mask_key(const uint8_t key[static 16]); /* SipHash-2-4 key, drawn anew at each start of the server */

#endif
