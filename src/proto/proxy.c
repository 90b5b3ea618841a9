#include "proto/proxy.h"

#include <arpa/inet.h>

enum { BLOCK_HEAD = 16, SIGNATURE = 12, TCP4 = 0x11, TCP6 = 0x21 };

static const char signature[SIGNATURE + 1] = "\r\n\r\n\0\r\nQUIT\n";

/* ---- version 1: "PROXY TCP4 192.0.2.1 198.51.100.2 40000 25\r\n" ---------------------------------------------------- */

static bool read_address(struct str text, int family, uint8_t *out)
{
	char z[INET6_ADDRSTRLEN];

	if (!text.n || text.n >= sizeof(z))
		return false;
	memcpy(z, text.p, text.n);
	z[text.n] = '\0';
	return inet_pton(family, z, out) == 1;
}

static bool read_port(struct str text, uint16_t *ret)
{
	uint64_t n = 0;

	if (text.n > 5 || (text.n > 1 && text.p[0] == '0') || !str_u64(text, &n) || n > UINT16_MAX)
		return false;
	*ret = (uint16_t)n;
	return true;
}

static enum proxy_result read_words(struct str line, struct proxy *p)
{
	struct str kind = str_cut(&line, ' ');
	bool six = str_eq(kind, STR("TCP6"));
	struct str from, to, from_port, to_port;
	uint8_t other[16];
	uint16_t port;

	if (str_eq(kind, STR("UNKNOWN"))) /* whatever stands behind it */
		return PROXY_OK;
	if (!six && !str_eq(kind, STR("TCP4")))
		return PROXY_BAD;
	from = str_cut(&line, ' ');
	to = str_cut(&line, ' ');
	from_port = str_cut(&line, ' ');
	to_port = line;
	if (!read_address(from, six ? AF_INET6 : AF_INET, p->addr) ||
	    !read_address(to, six ? AF_INET6 : AF_INET, other) || !read_port(from_port, &p->port) ||
	    !read_port(to_port, &port))
		return PROXY_BAD;
	p->known = true;
	p->n_addr = six ? 16 : 4;
	return PROXY_OK;
}

static enum proxy_result read_line(struct str in, struct proxy *p)
{
	static const struct str word = STR_INIT("PROXY ");
	size_t end = str_find(str_first(in, PROXY_LINE_MAX), STR("\r\n"));

	if (in.n < word.n)
		return str_starts(word, in) ? PROXY_MORE : PROXY_BAD;
	if (!str_starts(in, word))
		return PROXY_BAD;
	if (end >= in.n || end >= PROXY_LINE_MAX)
		return in.n < PROXY_LINE_MAX ? PROXY_MORE : PROXY_BAD;
	p->used = end + 2;
	return read_words(str_from(str_first(in, end), word.n), p);
}

/* ---- version 2: a signature, the kind, a length, addresses, options ------------------------------------------------- */

static enum proxy_result read_block(struct str in, struct proxy *p)
{
	const uint8_t *b = (const uint8_t *)in.p;
	size_t n;

	if (in.n < BLOCK_HEAD)
		return PROXY_MORE;
	n = (size_t)(b[14] << 8 | b[15]);
	if (b[12] >> 4 != 2 || (b[12] & 15) > 1 || BLOCK_HEAD + n > PROXY_ROOM)
		return PROXY_BAD;
	if (in.n < BLOCK_HEAD + n)
		return PROXY_MORE;
	p->used = BLOCK_HEAD + n;
	if ((b[12] & 15) == 0) /* LOCAL: the proxy's own connection */
		return PROXY_OK;
	if (b[13] != TCP4 && b[13] != TCP6)
		return b[13] >> 4 == 0 ? PROXY_OK : PROXY_BAD;
	p->n_addr = b[13] == TCP4 ? 4 : 16;
	if (n < 2 * p->n_addr + 4)
		return PROXY_BAD;
	memcpy(p->addr, b + BLOCK_HEAD, p->n_addr);
	p->port = (uint16_t)(b[BLOCK_HEAD + 2 * p->n_addr] << 8 | b[BLOCK_HEAD + 2 * p->n_addr + 1]);
	p->known = true;
	return PROXY_OK;
}

enum proxy_result proxy_read(struct str in, struct proxy *ret)
{
	struct str mark = str_of(signature, SIGNATURE);
	struct proxy p = { 0 };
	enum proxy_result r;

	if (!in.n)
		return PROXY_MORE;
	if (!str_starts(in, str_first(mark, in.n < SIGNATURE ? in.n : SIGNATURE)))
		r = read_line(in, &p);
	else
		r = read_block(in, &p);
	if (r == PROXY_OK)
		*ret = p;
	return r;
}
