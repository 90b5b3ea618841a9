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

	/* All of the room at once: a buffer that grows leaves copies behind. */
	(void)buf_room(&text, TEXT_MAX);
	(void)buf_room(out, RECOVERY_LETTERS + RECOVERY_LETTERS / GROUP);
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

/* What people put between groups is skipped; 0, 1 and 8 are none of the letters, and can only be o, l and b. */
static void plain_text(struct str text, struct buf *out)
{
	static const struct str look_alike = STR_INIT("0o1l8b");

	for (size_t i = 0; i < text.n; i++) {
		size_t at = str_chr(look_alike, text.p[i]);

		if (str_chr(STR("- \t\r\n"), text.p[i]) == 5)
			buf_addc(out, at < look_alike.n ? look_alike.p[at | 1] : ascii_lower(text.p[i]));
	}
}

static int parse(struct str plain, struct buf *raw, struct secret *ret, struct fail *f)
{
	uint8_t check[CHECK];

	if (b32_parse(plain, raw, NULL) < 0 || raw->n != RECOVERY_KEY + CHECK)
		return fail(
		        f, FAIL_SYNTAX,
		        "this is no recovery key: it has %d letters and digits (a-z, 2-7), and here are %zu",
		        RECOVERY_LETTERS, plain.n);
	checksum((uint8_t *)raw->p, check);
	if (memcmp(check, raw->p + RECOVERY_KEY, CHECK) != 0)
		return fail(f, FAIL_FORGED,
		            "a letter of the recovery key is wrong: compare it with what was written down");
	return secret_copy(ret, raw->p, RECOVERY_KEY, f);
}

int recovery_parse(struct str text, struct secret *ret, struct fail *f)
{
	OWN(buf) plain = BUF(TEXT_MAX);
	OWN(buf) raw = BUF(TEXT_MAX);
	int r;

	if (text.n > TEXT_MAX)
		return fail(f, FAIL_SYNTAX, "this is no recovery key: it has %d letters and digits",
		            RECOVERY_LETTERS);
	(void)buf_room(&plain, TEXT_MAX);
	(void)buf_room(&raw, TEXT_MAX);
	plain_text(text, &plain);
	r = parse(buf_str(&plain), &raw, ret, f);
	wipe(raw.p, raw.cap);
	wipe(plain.p, plain.cap);
	return r;
}
