/* door.h - connections until their first bytes have been judged. A head that has one meaning only (proto/http.h) goes on to the
 * library with its bytes still unread; another one is answered here and the connection closed. One request a connection:
 * nothing that follows a body is ever read as a request. */
#ifndef ROLE_WEB_DOOR_H
#define ROLE_WEB_DOOR_H

#include "role/web/web.h"

/* A listener can be accepted from. inside: a collector's. */
void doors_accept(struct web *w, int listener, bool inside);

#endif
