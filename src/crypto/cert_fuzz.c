/* Laws: what is read is made of the input's own parts: the certificate's serial, names and key, written one after the
 * other, are found in it in that order; addresses are addresses. What can be prepared as a recipient has the issuer and
 * the serial that were read. */
#include "crypto/aead.h"
#include "crypto/cert_in.h"
#include "crypto/cms_in.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check_recipient(struct str der, const struct cert_facts *c)
{
	OWNS(cms_cert) to = NULL;
	OWN(buf) sid = BUF(CERT_MAX);
	size_t seq;

	if (cms_cert_new(der, &to, NULL) < 0)
		return;
	seq = der_open(&sid, DER_SEQ);
	buf_add(&sid, c->issuer_der);
	buf_add(&sid, c->serial_der);
	der_close(&sid, seq);
	if (!str_eq(buf_str(&sid), buf_str(&to->sid)))
		abort();
}

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
	check_recipient(str_of(p, n), &c);
	for (size_t i = 0; i < c.n_emails; i++)
		if (!cert_mailbox_ok(c.emails[i], true))
			abort();
	return 0;
}
