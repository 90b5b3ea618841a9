/* issue.h - the three requests by which a profile comes to be, as the browser makes them: the user key and the root key
 * are made here, the root key is forgotten here, and neither is ever sent. */
#ifndef CLI_ISSUE_H
#define CLI_ISSUE_H

#include "cli/ask.h"
#include "crypto/cert.h"

struct issue {
	const char *mailbox;
	bool modern, activate;
	const char *sender_key, *days;                /* NULL: the server's defaults */
	const char *dir;                              /* where the files go */
	const char *passphrase_file, *passphrase_out; /* NULL: made here; NULL: printed */
};

/* Makes the profile, writes its files (kit.h), activates it, and says so. When a step fails what was begun is taken back;
 * FAIL_FORGED: the server answered with what was not asked for. */
MUST_CHECK int issue_run(const struct issue *i, struct cli *c, struct fail *f);

#endif
