/* origin.h - what the web app's address says about passkeys. */
#ifndef CONF_ORIGIN_H
#define CONF_ORIGIN_H

#include "base/fail.h"
#include "base/str.h"

/* The site that passkeys made at this origin belong to (Web Authentication, RP ID): its host name, a view. FAIL_DENIED, with what
 * to do: browsers make none there. */
MUST_CHECK int origin_site(struct str origin, struct str *ret, struct fail *f);

#endif
