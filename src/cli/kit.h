/* kit.h - the files that put a profile into mail clients: user.p12, user-legacy.p12 (RSA only), user.crt,
 * intermediate.crt, root.crt (PEM) and postern.mobileconfig, each for its owner alone. */
#ifndef CLI_KIT_H
#define CLI_KIT_H

#include "crypto/key.h"

struct kit_parts {
	const struct key *user;
	struct str user_cert, intermediate, root; /* DER */
	struct str mailbox, passphrase;
	uint64_t profile;
};

struct kit_file {
	const char *name;
	struct buf bytes; /* empty: there is no such file in this kit */
};
enum { KIT_FILES = 6 };
struct kit {
	struct kit_file files[KIT_FILES];
};
void kit_done(struct kit *k);

/* Before anything is begun: makes the directory (0700) where it is missing, and refuses (FAIL_EXISTS) one that holds any
 * of the files, for an older user.p12 may be all that opens older mail. */
MUST_CHECK int kit_prepare(const char *dir, struct fail *f);
MUST_CHECK int kit_build(const struct kit_parts *p, struct kit *ret, struct fail *f);
/* All of them, or none. */
MUST_CHECK int kit_write(const struct kit *k, const char *dir, struct fail *f);

#endif
