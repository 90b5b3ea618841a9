/* transfer.h - aliases out of and into files, in steps between which core does other things. */
#ifndef ROLE_WEB_TRANSFER_H
#define ROLE_WEB_TRANSFER_H

#include "aliasfile/file.h"
#include "role/web/api.h"

/* import.c: {"file", "dry_run"} */
void import_aliases(struct exchange *x, json_t *body);

/* export.c: ?format=csv|json */
void export_aliases(struct exchange *x, json_t *body);
/* All aliases as a file of this format, under this name. */
void export_as(struct exchange *x, enum alias_format format, const char *name);
/* Each alias's record; then done. */
void export_each(struct exchange *x, void (*put)(struct exchange *x, struct str record),
                 void (*done)(struct exchange *x));
/* The exchange ends: another may be made. */
void export_end(struct exchange *x);

#endif
