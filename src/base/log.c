#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	int fd;
	const char *role;
	enum log_level least;
	bool keyed;
	uint64_t k0, k1;
} out = { .fd = 2, .role = "postern", .least = LOG_INFO };

static const char *const levels[] = { "debug", "info", "warn", "error" };

enum { RING = 4, QUOTED = 512, LINE = 2048 };

void log_open(int fd, const char *role, enum log_level least)
{
	out.fd = fd;
	out.role = role;
	out.least = least;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE];
	int saved = errno, n, m;
	va_list ap;

	if (level < out.least)
		return;
	n = snprintf(line, sizeof(line), "lvl=%s role=%s ", levels[level], out.role);
	va_start(ap, fmt);
	m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	if (m < 0)
		return;
	n += m;
	if ((size_t)n > sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	(void)!write(out.fd, line, (size_t)n); /* one write, at most a pipe's atomic size */
	errno = saved;
}

void log_fail(enum log_level level, const char *ev, const struct fail *f)
{
	const char *slash = f->file ? strrchr(f->file, '/') : NULL;

	log_line(level, "ev=%s code=%s why=%s at=%s:%d", ev, fail_name(f->code), log_quote(str_c(f->why)),
	         slash     ? slash + 1
	         : f->file ? f->file
	                   : "-",
	         f->line);
}

const char *log_quote(struct str s)
{
	static char ring[RING][QUOTED];
	static unsigned turn;
	char *q = ring[turn++ % RING];
	size_t n = 0;

	q[n++] = '"';
	for (size_t i = 0; i < s.n && n < QUOTED - 8; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\') {
			q[n++] = '\\';
			q[n++] = (char)c;
		} else if (c < 32 || c > 126) {
			n += (size_t)snprintf(q + n, 5, "\\x%02x", c);
		} else {
			q[n++] = (char)c;
		}
	}
	q[n++] = '"';
	q[n] = '\0';
	return q;
}

/* SipHash-2-4, after Aumasson and Bernstein: a keyed hash that base/ can afford without a library. */
struct sip {
	uint64_t a, b, c, d;
};

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

static void sip_round(struct sip *s)
{
	s->a += s->b;
	s->b = rotl(s->b, 13) ^ s->a;
	s->a = rotl(s->a, 32);
	s->c += s->d;
	s->d = rotl(s->d, 16) ^ s->c;
	s->a += s->d;
	s->d = rotl(s->d, 21) ^ s->a;
	s->c += s->b;
	s->b = rotl(s->b, 17) ^ s->c;
	s->c = rotl(s->c, 32);
}

static void sip_word(struct sip *s, uint64_t m)
{
	s->d ^= m;
	sip_round(s);
	sip_round(s);
	s->a ^= m;
}

static uint64_t siphash_lower(uint64_t k0, uint64_t k1, struct str t)
{
	struct sip s = { k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
		         k1 ^ 0x7465646279746573u };
	uint64_t m = 0;
	size_t i;

	for (i = 0; i < t.n; i++) {
		m |= (uint64_t)(unsigned char)ascii_lower(t.p[i]) << (8 * (i & 7));
		if ((i & 7) == 7) {
			sip_word(&s, m);
			m = 0;
		}
	}
	sip_word(&s, m | (uint64_t)t.n << 56);
	s.c ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}

void log_mask_key(const uint8_t key[static 16])
{
	memcpy(&out.k0, key, 8);
	memcpy(&out.k1, key + 8, 8);
	out.keyed = true;
}

const char *log_mask(struct str address)
{
	static char ring[RING][17];
	static unsigned turn;
	char *q = ring[turn++ % RING];

	if (!out.keyed)
		return "-";
	snprintf(q, 17, "%016llx", (unsigned long long)siphash_lower(out.k0, out.k1, address));
	return q;
}
