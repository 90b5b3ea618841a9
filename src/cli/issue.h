/* issue.h - the three requests by which a profile comes to be, and the files that put it into mail clients. */
#ifndef CLI_ISSUE_H
#define CLI_ISSUE_H

#include "cli/ask.h"

struct issue {
	const char *mailbox;
	bool modern, activate;
	const char *sender_key, *days; /* NULL: the server's defaults */
	const char *dir;
	const char *passphrase_file, *passphrase_out; /* NULL: made here; NULL: printed */
};

MUST_CHECK int issue_run(const struct issue *i, struct cli *c, struct fail *f);

#endif
