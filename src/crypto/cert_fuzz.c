/* Law: what is read is made of the input's own parts: the certificate's serial, names and key, written one after the
 * other, are found in it in that order; addresses are addresses. */
#include "crypto/aead.h"
#include "crypto/cert_in.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = str_of(p, n);
	OWN(arena) a = ARENA;
	struct cert_facts c;

	if (crypto_init(NULL) < 0)
		abort();
	if (cert_read(in, &a, &c, NULL) < 0)
		return 0;
	const struct str parts[] = { c.serial_der, c.issuer_der, c.subject_der, c.spki };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t at = str_find(in, parts[i]);

		if (at == in.n)
			abort();
		in = str_from(in, at + parts[i].n);
	}
	for (size_t i = 0; i < c.n_emails; i++)
		if (!cert_mailbox_ok(c.emails[i], true))
			abort();
	return 0;
}
