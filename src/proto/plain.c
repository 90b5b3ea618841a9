#include "proto/plain.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

enum { STEP = 64 };

/* Without a branch, for the compiler to take as many bytes at once as it can. Reads one byte more. */
static bool is_plain(const unsigned char *p)
{
	unsigned char bad = 0;

	for (size_t i = 0; i < STEP; i++) {
		unsigned char here = p[i], next = p[i + 1];
		unsigned char apart = (here == '\r') ^ (next == '\n');
		unsigned char dot = (here == '\n') & (next == '.');

		bad |= apart | dot | (here == '\0');
	}
	return !bad;
}

static size_t steps_plain(struct str s)
{
	size_t n = 0;

	while (s.n - n > STEP && is_plain((const unsigned char *)s.p + n))
		n += STEP;
	return n;
}

#ifdef __x86_64__
/* Bits are set in bytes that are not as they should be. */
__attribute__((target("avx2"))) static inline __m256i odd_32(const char *p)
{
	__m256i here = _mm256_loadu_si256((const __m256i *)p);
	__m256i next = _mm256_loadu_si256((const __m256i *)(p + 1));
	__m256i apart = _mm256_xor_si256(_mm256_cmpeq_epi8(here, _mm256_set1_epi8('\r')),
	                                 _mm256_cmpeq_epi8(next, _mm256_set1_epi8('\n')));
	__m256i dot = _mm256_and_si256(_mm256_cmpeq_epi8(here, _mm256_set1_epi8('\n')),
	                               _mm256_cmpeq_epi8(next, _mm256_set1_epi8('.')));

	return _mm256_or_si256(_mm256_or_si256(apart, dot), _mm256_cmpeq_epi8(here, _mm256_setzero_si256()));
}

__attribute__((target("avx2"))) static size_t steps_avx2(struct str s)
{
	size_t n = 0;

	for (; s.n - n > STEP; n += STEP) {
		__m256i odd = _mm256_or_si256(odd_32(s.p + n), odd_32(s.p + n + STEP / 2));

		if (!_mm256_testz_si256(odd, odd))
			break;
	}
	return n;
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}
#else
#define steps_avx2 steps_plain

static bool has_avx2(void)
{
	return false;
}
#endif

static size_t lines_by(size_t (*steps)(struct str s), struct str s)
{
	size_t n, last;

	if (!s.n || s.p[0] == '\n')
		return 0;
	n = steps(s);
	last = str_rchr(str_first(s, n), '\n');
	return last < n ? last + 1 : 0;
}

size_t plain_lines(struct str s)
{
	return lines_by(has_avx2() ? steps_avx2 : steps_plain, s);
}

size_t plain_lines_anywhere(struct str s)
{
	return lines_by(steps_plain, s);
}
