#include "transform/nested.h"

enum { PEEK = 28 }; /* base64 characters: 21 bytes hold tag, length and identifier, and no second one */

static bool is(const struct mime_part *p, const char *type)
{
	return str_eq(p->type.value, str_c(type));
}

/* EnvelopedData or AuthEnvelopedData by its object identifier: a label may lie. */
static bool is_encrypted(const struct mime_part *p)
{
	static const struct str oids[] = { STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"),
		                           STR_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17") };
	struct mime_part start = *p;
	OWN(buf) der = BUF(PEEK);

	start.body = str_first(start.body, PEEK);
	if (mime_decode(&start, &der, NULL) < 0)
		return false;
	for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++)
		if (str_find(buf_str(&der), oids[i]) < der.n)
			return true;
	return false;
}

bool nested_speaks(const struct mime_part *root)
{
	const struct mime_part *p = root;

	while (is(p, "multipart/signed") && p->child)
		p = p->child;
	if (is(p, "message/rfc822") || is(p, "message/global"))
		return true;
	if (is(p, "application/pkcs7-mime") || is(p, "application/x-pkcs7-mime"))
		return !is_encrypted(p);
	return typed_param(&p->type, STR("hp")).n || typed_param(&p->type, STR("protected-headers")).n;
}
