/* ui.h - the built app in memory, named by one digest of all of it: what web serves, read once before it is locked in, and what
 * `postern version` names. */
#ifndef ROLE_UI_H
#define ROLE_UI_H

#include "base/arena.h"
#include "base/fail.h"

enum { UI_FILES_MAX = 512, UI_BYTES_MAX = 32 << 20, UI_DIGEST = 64 };

struct ui_file {
	struct str path; /* "/assets/main-1a2b3c4d.js" */
	struct str bytes;
	struct str gzip, brotli; /* the same, compressed by the build; empty: not there */
	const char *type;
	bool forever; /* its name holds a hash of its content */
};

struct ui {
	struct ui_file files[UI_FILES_MAX];
	size_t n;
	/* SHA-256 over "PATH NUL SHA-256(bytes)" of all files by path, the compressed ones too, for they are what browsers get; hex; ""
	 * when there are none. */
	char digest[UI_DIGEST + 1];
};

/* FAIL_ABSENT: no such folder. FAIL_LIMIT: more or larger than the bounds. */
MUST_CHECK int ui_load(struct ui *u, struct str folder, struct arena *a, struct fail *f);

/* The file of a path; "/" and paths of pages (no dot in the last segment) are the app's index.html. NULL: none. */
const struct ui_file *ui_find(const struct ui *u, struct str path);

#endif
