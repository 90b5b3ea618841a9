/* ca.h - an intermediate as the vault keeps it: the key and, under the same seal, everything that limits it. What a
 * certificate may say is decided from these bytes, which only the vault could have written. */
#ifndef ROLE_VAULT_CA_H
#define ROLE_VAULT_CA_H

#include "crypto/cert.h"
#include "crypto/wrap.h"
#include "ipc/schema.h"

struct ca {
	struct str record; /* key record (crypto/key.h) */
	struct str subject_cn, mailbox;
	struct str domains; /* ipc list */
	uint32_t critical;
	int64_t not_before, not_after;
};

/* Views of the request and the record. FAIL_DENIED: no domain, too many, dates reversed. */
MUST_CHECK int ca_of_request(const struct intermediate *m, struct str record, struct ca *ret, struct fail *f);
MUST_CHECK int ca_print(const struct ca *c, struct secret *ret, struct fail *f);
MUST_CHECK int ca_read(struct str bytes, struct ca *ret, struct fail *f); /* views of bytes */

MUST_CHECK int ca_csr(const struct ca *c, const struct key *key, struct str root_cn, struct buf *ret,
                      struct fail *f);

/* CERT_USER: the address must be the mailbox. CERT_SENDER: an address in one of the domains. The dates must lie within
 * the intermediate's. Else FAIL_DENIED (promises 3 and 8). */
MUST_CHECK int ca_issue(const struct ca *c, const struct key *ca_key, enum cert_kind kind, struct str address,
                        const struct key *subject, int64_t not_before, int64_t not_after, struct buf *ret,
                        struct fail *f);

#endif
