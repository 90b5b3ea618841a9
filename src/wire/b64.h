/* b64.h - base64 (RFC 4648) and quoted-printable (RFC 2045 6.7). */
#ifndef WIRE_B64_H
#define WIRE_B64_H

#include "base/sink.h"

/* Streaming encoder with lines of 64 characters and CRLF, as S/MIME bodies have. Reads any number of bytes
 * at a time and holds back at most 2 (48 with line breaking). Every sealed byte passes through
 * it, those of an attachment twice: with AVX2, where the processor has it, it costs less than the cipher. */
struct b64_lines {
	uint8_t held[48];
	size_t n;
};
MUST_CHECK int b64_lines_put(struct b64_lines *e, struct str in, struct sink out, struct fail *f);
/* The same in plain C, as other processors have it: for tests to compare. */
MUST_CHECK int b64_lines_put_plain(struct b64_lines *e, struct str in, struct sink out, struct fail *f);
MUST_CHECK int b64_lines_end(struct b64_lines *e, struct sink out, struct fail *f);
/* The two for who has the room at hand: b64_lines_bytes() of what is held and what comes, and of a line for the end. */
size_t b64_lines_fill(struct b64_lines *e, struct str in, char *to);
size_t b64_lines_fill_end(struct b64_lines *e, char *to);
/* How many characters so many bytes become, line ends and all. */
uint64_t b64_lines_bytes(uint64_t in);

/* In one go, no line breaks. */
void b64_print(struct str in, struct buf *out);
/* Strict (RFC 4648 with padding); white space allowed only when `lines`. */
MUST_CHECK int b64_parse(struct str in, bool lines, struct buf *out, struct fail *f);
/* Lenient, as mail clients: what is not of the alphabet is skipped. */
void b64_parse_lenient(struct str in, struct buf *out);

void qp_print(struct str in, struct buf *out); /* text with CRLF lines; at most 76 columns */
void qp_parse(struct str in, struct buf *out); /* lenient */

/* Lower-case base32 without padding (a-z2-7), for tokens in local parts; hex for logs and names. */
void b32_print(struct str in, struct buf *out);
MUST_CHECK int b32_parse(struct str in, struct buf *out, struct fail *f);
void hex_print(struct str in, struct buf *out);

#endif
