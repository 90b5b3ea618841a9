/* parent.h - the process that starts the others, gives each its roads, sockets and nothing else, and starts again what
 * died. It parses nothing from outside and holds the master key only while a vault starts. */
#ifndef ROLE_PARENT_PARENT_H
#define ROLE_PARENT_PARENT_H

#include "base/fail.h"

#include <sys/types.h>

/* Runs until SIGTERM or SIGINT; returns OK then. FAIL_EXISTS: an address is in use; FAIL_SYNTAX: the file. */
MUST_CHECK int parent_serve(const char *conf_path, struct fail *f);

/* Behind the name of the master key's file: the one that follows it, while it is being changed. */
#define MASTER_NEXT ".next"

/* Asks the server that listens there to read its files anew. FAIL_ABSENT: none does. */
MUST_CHECK int parent_reload(const char *control_socket, struct fail *f);

/* For the CLI when no server runs: core, vault, keygen and a scribe under a private parent process. *ret_control_fd
 * is a blocking, connected control road; closing it ends them all. Wait for *ret_pid afterwards. */
MUST_CHECK int parent_private(const char *conf_path, int *ret_control_fd, pid_t *ret_pid, struct fail *f);

#endif
