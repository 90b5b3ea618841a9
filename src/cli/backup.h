/* backup.h - what `backup` writes and `restore` reads: a directory of the rows, the bodies and a manifest. The manifest is
 * lines of text; its last line is the SHA-256 of all before it:
 *
 *     postern-backup 1
 *     created 1790000000
 *     schema 1
 *     master_key_id 0123456789abcdef
 *     file SHA256 SIZE NAME            postern.db, bodies/NUMBER; each file once
 *     end SHA256 */
#ifndef CLI_BACKUP_H
#define CLI_BACKUP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"

#define BACKUP_MANIFEST "manifest"
#define BACKUP_ROWS "postern.db"
#define BACKUP_BODIES "bodies"

enum { MANIFEST_MAX = 64 << 20, BACKUP_VERSION = 1, BODY_NAME = 16 };

struct manifest {
	uint64_t created, schema;
	struct str key_id; /* hex */
	struct str files;  /* its lines of files, for manifest_next() */
	size_t n_files;
};
struct manifest_file {
	struct str sha256, name; /* hex; relative, one of the two kinds */
	uint64_t size;
};

void manifest_begin(struct buf *out, uint64_t created, struct str schema, struct str key_id);
void manifest_add(struct buf *out, const struct manifest_file *m);
void manifest_end(struct buf *out);
/* Views into text. FAIL_FORGED: damaged; FAIL_DENIED: of a newer version; FAIL_SYNTAX: no manifest. */
MUST_CHECK int manifest_read(struct str text, struct manifest *ret, struct fail *f);
bool manifest_next(struct str *files, struct manifest_file *ret);

/* Is this the name of a file of bodies? */
bool backup_is_body(struct str name);

/* Copies `name` in one directory to `to` in the other: a new file, synced, for its owner alone (and given to uid, unless
 * that is -1); and tells what the copy holds. Links are not followed. */
MUST_CHECK int backup_copy(int from, const char *name, int to_dir, const char *to, unsigned uid,
                           uint64_t *ret_size, struct buf *ret_sha256, struct fail *f);

#endif
