/* pause.h - when a mailbox that refuses mail is left alone, and when it is asked again. Pure. */
#ifndef POLICY_PAUSE_H
#define POLICY_PAUSE_H

#include "wire/bounce.h"

enum pause_why { PAUSE_NONE, PAUSE_UNKNOWN, PAUSE_FULL, PAUSE_REFUSED, PAUSE_UNREACHABLE, PAUSE_WHYS };

struct bounce_event {
	int64_t at;
	enum bounce_reason reason;
	bool hard;
};

enum { PAUSE_EVENTS = 64, PAUSE_WINDOW_DAYS = 10 };

/* Failures since the mailbox last took mail, the newest first. */
enum pause_why pause_judge(const struct bounce_event *e, size_t n, int64_t now);

/* How long until the next letter is tried, after so many. first_s: before the first one. */
int64_t pause_wait(int64_t probes, int64_t first_s);

const char *pause_word(enum pause_why w);     /* "unknown-user": for lists and logs */
const char *pause_sentence(enum pause_why w); /* for its user */

#endif
