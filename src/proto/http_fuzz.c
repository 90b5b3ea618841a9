/* http_fuzz.c - laws: what is good holds no bare CR or LF and only one length; cut short it is not whole; and what follows
 * the head changes nothing. */
#include "base/buf.h"
#include "proto/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = str_of(p, n);
	struct http_head h, other;

	if (http_head(in, &h) != HTTP_GOOD)
		return 0;
	if (h.bytes < 4 || h.bytes > n || h.body > HTTP_BODY_MAX ||
	    memcmp(in.p + h.bytes - 4, "\r\n\r\n", 4) != 0)
		abort();
	for (size_t i = 0; i < h.bytes; i++)
		if ((in.p[i] == '\n' && (!i || in.p[i - 1] != '\r')) ||
		    (in.p[i] == '\r' && in.p[i + 1] != '\n'))
			abort();
	if (http_head(str_first(in, h.bytes - 1), &other) != HTTP_MORE)
		abort();
	if (http_head(str_first(in, h.bytes), &other) != HTTP_GOOD || other.body != h.body)
		abort();
	return 0;
}
