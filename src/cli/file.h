/* file.h - the few files that the command line writes and reads: new ones only, whole, and with their mode from the
 * beginning. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/secret.h"

#include <sys/types.h>

/* "DIR/NAME" in the arena; NAME alone when it is absolute. */
const char *file_in(struct arena *a, const char *dir, const char *name);
bool file_is(const char *path); /* something has this name */
/* A new file, written and synced, as is its name. FAIL_EXISTS: something has this name, and was left as it is. */
MUST_CHECK int file_new(const char *path, struct str bytes, mode_t mode, struct fail *f);
/* The directory is there, or is made with this mode. */
MUST_CHECK int file_dir(const char *path, mode_t mode, struct fail *f);
/* A name that was just given or taken is still so after the power has failed: syncs the directory that holds it. */
MUST_CHECK int file_name_kept(const char *path, struct fail *f);
/* The first line, without its end, of a file or ("-") of standard input. FAIL_LIMIT: longer than most bytes. */
MUST_CHECK int file_line(const char *path, size_t most, struct secret *ret, struct fail *f);
/* A whole file, or ("-") standard input. FAIL_LIMIT: longer than ret's maximum. */
MUST_CHECK int file_text(const char *path, struct buf *ret, struct fail *f);

#endif
