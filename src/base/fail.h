/* fail.h - the one failure convention. A fallible function returns OK or a negative FAIL_*, chosen by what
 * the caller does next, and fills a `struct fail` that lives on the caller's stack. `why` is for our log
 * only: it may hold detail that a peer must not hear. What a peer hears comes from the tables below. */
#ifndef BASE_FAIL_H
#define BASE_FAIL_H

#include "base/own.h"

enum {
	OK = 0,
	FAIL_AGAIN = -1,  /* later: the same call may succeed */
	FAIL_ABSENT = -2, /* there is no such thing */
	FAIL_EXISTS = -3, /* there is one already */
	FAIL_SYNTAX = -4, /* their bytes are wrong */
	FAIL_LIMIT = -5,  /* their size is wrong */
	FAIL_DENIED = -6, /* policy says no */
	FAIL_FORGED = -7, /* cryptography says no */
	FAIL_PEER = -8,   /* the remote side misbehaves */
	FAIL_SYS = -9,    /* our machine: disk, memory, kernel */
	FAIL_BUG = -10,   /* our code */
	FAIL_LAST = FAIL_BUG,
};

struct fail {
	int code; /* one of FAIL_*, 0 when nothing failed */
	int sys;  /* errno at the place, 0 if it does not apply */
	int line;
	const char *file;
	char why[232]; /* NUL-terminated, for the log */
};

/* Fills *f (which may be NULL) and returns code. errno is kept. */
#ifdef POSTERN_ANALYSIS /* an analyser sees one file at a time: let it know that a failure is negative */
#define fail(f, code, ...) (fail_at((f), __FILE__, __LINE__, (code), __VA_ARGS__), (code))
#define fail_errno(f, code, ...) (fail_errno_at((f), __FILE__, __LINE__, (code), __VA_ARGS__), (code))
#else
#define fail(f, code, ...) fail_at((f), __FILE__, __LINE__, (code), __VA_ARGS__)
#define fail_errno(f, code, ...) fail_errno_at((f), __FILE__, __LINE__, (code), __VA_ARGS__)
#endif
int fail_at(struct fail *f, const char *file, int line, int code, const char *fmt, ...)
        __attribute__((format(printf, 5, 6)));

/* fail_errno(): as fail(), with strerror(errno) appended and f->sys set. */
int fail_errno_at(struct fail *f, const char *file, int line, int code, const char *fmt, ...)
        __attribute__((format(printf, 5, 6)));

/* "AGAIN", "ABSENT", ...; "OK" for 0; never NULL. */
const char *fail_name(int code);

/* What the world hears of a code: the only such table. */
struct fail_face {
	int code;
	int smtp;             /* reply code, RFC 5321 4.2 */
	const char *enhanced; /* RFC 3463 */
	const char *text;     /* one honest sentence that names nobody */
	int exit;             /* CLI exit status, sysexits.h */
	int http;             /* status, RFC 9110 15 */
};
const struct fail_face *fail_face(int code);

/* The only macro that returns. */
#define TRY(call)                                                                                            \
	do {                                                                                                 \
		int try_ = (call);                                                                           \
		if (try_ < 0)                                                                                \
			return try_;                                                                         \
	} while (0)

#endif
