/* Law: the key of a request that is accepted can be imported, and is the same again. */
#include "crypto/aead.h"
#include "crypto/cert_in.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	OWN(buf) spki = BUF(SPKI_MAX);
	OWN(buf) again = BUF(SPKI_MAX);
	OWNS(key) k = NULL;

	if (crypto_init(NULL) < 0)
		abort();
	if (csr_read(str_of(p, n), &spki, NULL) < 0)
		return 0;
	if (key_import_public(buf_str(&spki), &k, NULL) < 0 || key_public_der(k, &again, NULL) < 0 ||
	    !str_eq(buf_str(&spki), buf_str(&again)))
		abort();
	return 0;
}
