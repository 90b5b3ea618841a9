#include "crypto/aead.h"
#include "crypto/ossl.h"
#include "crypto/pkcs12.h"

#include <limits.h>

/* Apple, "Configuration Profile Reference": a Configuration with three certificate payloads. */

struct payload {
	const char *type, *file, *suffix, *says;
	struct str der;
};

static void put_escaped(struct buf *b, struct str s)
{
	static const struct {
		char c;
		const char *as;
	} escapes[] = {
		{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&apos;" }
	};

	for (size_t i = 0; i < s.n; i++) {
		const char *as = NULL;

		for (size_t k = 0; k < sizeof(escapes) / sizeof(escapes[0]); k++)
			if (s.p[i] == escapes[k].c)
				as = escapes[k].as;
		if (as)
			buf_addz(b, as);
		else
			buf_addc(b, s.p[i]);
	}
}

static int put_uuid(struct buf *b, struct fail *f)
{
	uint8_t r[16];

	TRY(random_bytes(r, sizeof(r), f));
	r[6] = (uint8_t)((r[6] & 0x0f) | 0x40); /* version 4, RFC 9562 5.4 */
	r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
	buf_addz(b, "<key>PayloadUUID</key><string>");
	for (size_t i = 0; i < sizeof(r); i++)
		buf_addf(b, "%s%02X", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", (unsigned)r[i]);
	buf_addz(b, "</string>\n<key>PayloadVersion</key><integer>1</integer>\n");
	return OK;
}

static void put_base64(struct buf *b, struct str bytes)
{
	size_t n = (bytes.n + 2) / 3 * 4;
	char *to = bytes.n <= INT_MAX / 2 ? buf_room(b, n) : NULL; /* has one byte more, for the NUL */

	if (!to) {
		b->over = true;
		return;
	}
	EVP_EncodeBlock((unsigned char *)to, str_bytes(bytes), (int)bytes.n);
	b->n += n;
}

static int put_payload(struct buf *b, const struct payload *p, struct str identifier, struct fail *f)
{
	buf_addf(b,
	         "<dict>\n"
	         "<key>PayloadType</key><string>%s</string>\n"
	         "<key>PayloadCertificateFileName</key><string>%s</string>\n"
	         "<key>PayloadDisplayName</key><string>%s</string>\n"
	         "<key>PayloadIdentifier</key><string>%.*s.%s</string>\n",
	         p->type, p->file, p->says, STR_ARG(identifier), p->suffix);
	TRY(put_uuid(b, f));
	buf_addz(b, "<key>PayloadContent</key><data>");
	put_base64(b, p->der);
	buf_addz(b, "</data>\n</dict>\n");
	return OK;
}

static bool is_identifier(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') &&
		    (ascii_lower(s.p[i]) < 'a' || ascii_lower(s.p[i]) > 'z') && s.p[i] != '.' &&
		    s.p[i] != '-')
			return false;
	return s.n > 0 && s.n <= 200;
}

static bool is_label(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((uint8_t)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return s.n > 0 && s.n <= 200 && str_is_utf8(s);
}

int mobileconfig_write(struct str display_name, struct str identifier, struct str root_der,
                       struct str intermediate_der, struct str p12_der, struct buf *ret_xml, struct fail *f)
{
	const struct payload payloads[] = {
		{ "com.apple.security.root", "root.cer", "root", "Postern root certificate", root_der },
		{ "com.apple.security.pkcs1", "intermediate.cer", "intermediate",
		  "Postern intermediate certificate", intermediate_der },
		{ "com.apple.security.pkcs12", "identity.p12", "identity", "Your key and certificate",
		  p12_der },
	};
	size_t before = ret_xml->n;

	if (!is_label(display_name) || !is_identifier(identifier))
		return fail(f, FAIL_DENIED, "name or identifier of a configuration profile");
	buf_addz(ret_xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	                  "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
	                  "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
	                  "<plist version=\"1.0\">\n<dict>\n"
	                  "<key>PayloadType</key><string>Configuration</string>\n"
	                  "<key>PayloadDisplayName</key><string>");
	put_escaped(ret_xml, display_name);
	buf_addf(ret_xml, "</string>\n<key>PayloadIdentifier</key><string>%.*s</string>\n",
	         STR_ARG(identifier));
	TRY(put_uuid(ret_xml, f));
	buf_addz(ret_xml, "<key>PayloadContent</key>\n<array>\n");
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
		TRY(put_payload(ret_xml, &payloads[i], identifier, f));
	buf_addz(ret_xml, "</array>\n</dict>\n</plist>\n");
	if (ret_xml->over) {
		ret_xml->n = before;
		return fail(f, FAIL_LIMIT, "no room for a configuration profile");
	}
	return OK;
}
