/* scrub_in.h - shared by the files of scrub.h and by nobody else. */
#ifndef TRANSFORM_SCRUB_IN_H
#define TRANSFORM_SCRUB_IN_H

#include "policy/scrub.h"
#include "transform/rewrite.h"

enum {
	SCRUB_TEXT_MAX = 32 << 20,
	SCRUB_HEAD_MAX = 256 * 1024,
	SCRUB_DEPTH_MAX = 32,
	SCRUB_BYTES_MAX = 96 << 20
};

struct scrubber {
	const struct scrub_plan *plan;
	struct arena *a;
	struct rewriter rw;
	struct sink out;
	uint64_t bytes;
	bool utf8;
	uint32_t removed[SCRUB_KINDS];
};

/* ---- reading, for scan and scrub alike ---- */

/* The rule of a part, and what of it counts: for PART_FIRST its first child, and so on. NULL: nothing of it leaves. */
const struct mime_part *scrub_effective(const struct mime_part *p, const struct part_row **ret);
/* A text part as UTF-8 with CRLF line ends. FAIL_DENIED: its charset or encoding cannot be read. */
MUST_CHECK int scrub_text(const struct mime_part *p, struct buf *out, struct fail *f);
/* Every end of a line becomes CRLF; NULs go. */
void scrub_crlf(struct str in, struct buf *out);
/* Is this part, which says that it is encrypted, nothing but that? */
bool scrub_is_onward(const struct mime_part *p);

/* ---- writing ---- */

MUST_CHECK int scrub_put(struct scrubber *s, struct str bytes, struct fail *f);
/* FAIL_LIMIT where it is over. */
MUST_CHECK int scrub_put_buf(struct scrubber *s, const struct buf *b, struct fail *f);
/* In lines. */
MUST_CHECK int scrub_put_base64(struct scrubber *s, struct str in, struct fail *f);
/* Of a part: attached or shown, by which name, and under which Content-ID it is shown in the text. */
void scrub_put_fields(struct scrubber *s, const struct mime_part *p, struct buf *out);
/* Its type as it says where that is one, else `other`. */
struct str scrub_type(struct scrubber *s, const struct mime_part *p, const char *other);
MUST_CHECK int scrub_boundary(struct buf *out, struct fail *f);
/* A part that is encrypted for the correspondent: it goes on, without what says in clear whose it is. FAIL_DENIED: that
 * cannot be taken out. */
MUST_CHECK int scrub_onward(struct scrubber *s, const struct mime_part *p, struct fail *f);

void scrub_html(struct scrubber *s, struct str in, struct buf *out);
MUST_CHECK int scrub_calendar(struct scrubber *s, struct str in, struct buf *out, struct fail *f);
/* A link as it may leave. False: it does not. */
bool scrub_link(struct scrubber *s, struct str value, struct buf *out);
/* As it is compared: what "%" hides for no reason is read (RFC 3986 6.2.2.2). */
void scrub_normal_link(struct str url, struct buf *out);
/* A style sheet, or a declaration of one. False: it names the user in a way that cannot be mended. */
bool scrub_css(struct scrubber *s, struct str css, struct buf *out);
/* A picture without what stands beside it. False: it is none of this kind, and nothing was written. */
bool scrub_jpeg(struct scrubber *s, struct str in, struct buf *out);
bool scrub_png(struct scrubber *s, struct str in, struct buf *out);
/* The told Content-ID of an original one, the same each time. */
void scrub_cid(struct scrubber *s, struct str original, struct buf *out);
/* A file's name without a path and without what names the user. */
struct str scrub_filename(struct scrubber *s, struct str name);
/* Text of a header, decoded, without what names the user. */
struct str scrub_line(struct scrubber *s, struct str utf8, bool quoted);

/* The fields of the message itself, without what describes the content. */
MUST_CHECK int scrub_head(struct scrubber *s, const struct opened *o, struct buf *out, struct fail *f);
/* Of a message within it. */
MUST_CHECK int scrub_nested_head(struct scrubber *s, const struct mime_part *p, struct buf *out,
                                 struct fail *f);

#endif
