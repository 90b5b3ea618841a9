/* passkey.c - what a browser says of a new passkey is read on this side, which holds nothing; core hears its name, its key and the
 * bytes of one size that it looks at itself. */
#include "role/web/api.h"
#include "wire/attestation.h"
#include "wire/b64.h"

static void put(struct buf *args, const char *name, struct str value)
{
	list_add(args, str_c(name));
	list_add(args, value);
}

static const char *alg_of(int64_t alg)
{
	return alg == -7 ? "es256" : alg == -8 ? "eddsa" : "rs256";
}

int passkey_args(struct str attestation, struct buf *args, struct fail *f)
{
	OWN(buf) raw = BUF(ATTESTATION_MOST + 1);
	struct attestation at;

	if (!attestation.n)
		return OK; /* core finds out, after it has looked who asks */
	if (b64_parse(attestation, false, &raw, NULL) < 0 || raw.over)
		return fail(f, FAIL_SYNTAX, "the attestation is not base64, or too long");
	TRY(attestation_read(buf_str(&raw), &at, f));
	put(args, "credential", at.credential);
	put(args, "authenticator_data", at.data);
	put(args, "alg", str_c(alg_of(at.alg)));
	put(args, "key_a", at.a);
	if (at.b.n)
		put(args, "key_b", at.b);
	return args->over ? fail(f, FAIL_LIMIT, "the request is too long") : OK;
}
