#include "base/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// clang-format off
static const struct fail_face faces[] = {
	{ OK,          250, "2.0.0", "ok", 0, 200 },
	{ FAIL_AGAIN,  451, "4.3.2", "not possible at the moment, please try again later", 75, 503 },
	{ FAIL_ABSENT, 550, "5.1.1", "no such address here", 67, 404 },
	{ FAIL_EXISTS, 550, "5.3.5", "this exists already", 73, 409 },
	{ FAIL_SYNTAX, 550, "5.6.0", "the message is not well formed", 65, 400 },
	{ FAIL_LIMIT,  552, "5.3.4", "the message exceeds a limit of this server", 65, 422 },
	{ FAIL_DENIED, 550, "5.7.1", "not accepted for this address", 77, 403 },
	{ FAIL_FORGED, 550, "5.7.7", "a cryptographic check failed", 77, 422 },
	{ FAIL_PEER,   451, "4.4.2", "a server that is needed misbehaved, please try again later", 76, 502 },
	{ FAIL_SYS,    451, "4.3.0", "local trouble, please try again later", 71, 500 },
	{ FAIL_BUG,    451, "4.3.0", "local trouble, please try again later", 70, 500 },
};
// clang-format on

static const char *const names[] = { "OK",     "AGAIN",  "ABSENT", "EXISTS", "SYNTAX", "LIMIT",
	                             "DENIED", "FORGED", "PEER",   "SYS",    "BUG" };

const struct fail_face *fail_face(int code)
{
	if (code > 0 || code < FAIL_LAST)
		code = FAIL_BUG;
	return &faces[-code];
}

const char *fail_name(int code)
{
	return code > 0 || code < FAIL_LAST ? "BUG" : names[-code];
}

static void fill(struct fail *f, const char *file, int line, int code, int sys)
{
	f->code = code;
	f->sys = sys;
	f->line = line;
	f->file = file;
}

int fail_at(struct fail *f, const char *file, int line, int code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (f) {
		fill(f, file, line, code, 0);
		va_start(ap, fmt);
		vsnprintf(f->why, sizeof(f->why), fmt, ap);
		va_end(ap);
	}
	errno = saved;
	return code;
}

int fail_errno_at(struct fail *f, const char *file, int line, int code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t n;

	if (f) {
		fill(f, file, line, code, saved);
		va_start(ap, fmt);
		vsnprintf(f->why, sizeof(f->why), fmt, ap);
		va_end(ap);
		n = strlen(f->why);
		snprintf(f->why + n, sizeof(f->why) - n, ": %s", strerror(saved));
	}
	errno = saved;
	return code;
}
