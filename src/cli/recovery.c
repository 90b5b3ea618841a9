#include "cli/recovery.h"

#include "base/mem.h"
#include "crypto/aead.h"
#include "wire/b64.h"

enum { CHECK = 3, GROUP = 4, TEXT_MAX = 200 };

static void checksum(const uint8_t *key, uint8_t ret[static CHECK])
{
	uint8_t h[32];

	sha256(str_of(key, RECOVERY_KEY), h);
	memcpy(ret, h, CHECK);
}

void recovery_print(const struct secret *key, struct buf *out)
{
	uint8_t raw[RECOVERY_KEY + CHECK];
	OWN(buf) text = BUF(TEXT_MAX);

	memcpy(raw, key->p, RECOVERY_KEY);
	checksum(raw, raw + RECOVERY_KEY);
	b32_print(str_of(raw, sizeof(raw)), &text);
	for (size_t i = 0; i < text.n; i++) {
		if (i && i % GROUP == 0)
			buf_addc(out, '-');
		buf_addc(out, text.p[i]);
	}
	wipe(raw, sizeof(raw));
	wipe(text.p, text.cap);
}

int recovery_parse(struct str text, struct secret *ret, struct fail *f)
{
	OWN(buf) plain = BUF(TEXT_MAX);
	OWN(buf) raw = BUF(TEXT_MAX);
	uint8_t check[CHECK];
	int r;

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '-' && text.p[i] != ' ' && text.p[i] != '\n' && text.p[i] != '\r')
			buf_addc(&plain, ascii_lower(text.p[i]));
	if (b32_parse(buf_str(&plain), &raw, NULL) < 0 || raw.n != RECOVERY_KEY + CHECK)
		return fail(f, FAIL_SYNTAX,
		            "this is no recovery key: it has 56 letters and digits (a-z, 2-7)");
	checksum((uint8_t *)raw.p, check);
	r = memcmp(check, raw.p + RECOVERY_KEY, CHECK) == 0
	            ? secret_copy(ret, raw.p, RECOVERY_KEY, f)
	            : fail(f, FAIL_FORGED, "a letter of the recovery key is wrong");
	wipe(raw.p, raw.cap);
	wipe(plain.p, plain.cap);
	return r;
}
