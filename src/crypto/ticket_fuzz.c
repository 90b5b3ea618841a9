/* Input: a byte that says which bit is changed, then what is sealed. Laws: what was sealed opens as it was, for its use and under its
 * key alone; with any bit changed, or a byte more or less, it does not open; and the input itself never does. */
#include "crypto/aead.h"
#include "crypto/ticket.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct str key = STR_INIT("a key of thirty-two bytes: 32 B."),
                        other = STR_INIT("another of thirty-two bytes: 32.");

static bool opens(struct str k, const char *use, struct str sealed, struct str plain)
{
	OWN(buf) out = BUF(64);
	int r = ticket_open(k, use, sealed, &out, NULL);

	if (r < 0 && out.n)
		abort();
	return r == OK && (str_eq(buf_str(&out), plain) || (abort(), false));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str plain = str_of(p + 1, n ? n - 1 : 0);
	OWN(buf) sealed = BUF(128);

	if (crypto_init(NULL) < 0)
		abort();
	if (n > 256 || opens(key, "use", str_of(p, n), STR("")))
		return n > 256 ? 0 : (abort(), 0);
	if (!plain.n || plain.n > TICKET_MOST)
		return 0;
	ticket_seal(key, "use", plain, &sealed);
	if (sealed.n != plain.n + TICKET_MAC || !opens(key, "use", buf_str(&sealed), plain) ||
	    opens(key, "another", buf_str(&sealed), plain) || opens(other, "use", buf_str(&sealed), plain) ||
	    opens(key, "use", str_first(buf_str(&sealed), sealed.n - 1), plain))
		abort();
	sealed.p[p[0] / 8u % sealed.n] ^= (char)(1 << p[0] % 8);
	if (opens(key, "use", buf_str(&sealed), plain))
		abort();
	return 0;
}
