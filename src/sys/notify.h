/* notify.h - telling the service manager how it stands: sd_notify(3) without its library. */
#ifndef SYS_NOTIFY_H
#define SYS_NOTIFY_H

/* "READY=1", "STOPPING=1", "RELOADING=1": to the socket that NOTIFY_SOCKET names. Without one, or when nobody reads it, nothing
 * happens: it is a courtesy. */
void notify_manager(const char *state);

#endif
