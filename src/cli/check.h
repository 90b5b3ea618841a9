/* check.h - what `config check` says beyond what the file itself tells: files, their modes, the machine. */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "cli/show.h"
#include "conf/conf.h"

/* Adds a record (level "warning" or "note", subject, why) for each finding: what is so, what it means, what to do. */
void check_machine(const struct conf *c, struct show_records *found);

#endif
