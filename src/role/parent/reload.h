/* reload.h - SIGHUP: the operator's files are read anew. */
#ifndef ROLE_PARENT_RELOAD_H
#define ROLE_PARENT_RELOAD_H

/* arg: struct parent. A file that is wrong changes nothing and is named in the log. No listener is closed, no session ended. */
void reload(void *arg);

#endif
