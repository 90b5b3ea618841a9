/* backup.h - a copy of the rows at one moment, made beside them while work goes on, and the bodies kept until it has been
 * taken away. */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "store/store.h"

#define BACKUP_FILE "postern.db.backup"

struct backup;
/* Begins; from here on no file of bodies is removed. FAIL_SYS: the copy cannot be written. */
MUST_CHECK int backup_begin(struct store *st, struct backup **ret, struct fail *f);
/* Some pages more; no group may be open. *ret_done: BACKUP_FILE is whole, and holds every row committed up to now. */
MUST_CHECK int backup_step(struct backup *b, bool *ret_done, struct fail *f);
/* Removes BACKUP_FILE; what it kept goes. Before store_free(). Accepts NULL. */
void backup_free(struct backup *b);

/* What a backup has to fit: the version of the tables and the id of the master key. */
MUST_CHECK int backup_identity(struct store *st, struct arena *a, int64_t *ret_schema,
                               struct str *ret_master_id, struct fail *f);

#endif
