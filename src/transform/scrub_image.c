/* scrub_image.c - pictures without what camera and program write beside them: place, time, owner, serial number, a smaller
 * picture that shows what was cut away. The picture's own bytes are not touched. */
#include "transform/scrub_in.h"

/* ---- JPEG (ISO 10918-1 B.1.1.4) ---------------------------------------------------------------------------------- */

enum {
	RST0 = 0xd0,
	RST7 = 0xd7,
	SOI = 0xd8,
	EOI = 0xd9,
	SOS = 0xda,
	APP0 = 0xe0,
	APP1 = 0xe1,
	APP2 = 0xe2,
	APP14 = 0xee,
	APP15 = 0xef,
	COM = 0xfe,
	JFIF_BYTES = 14
};

static unsigned byte_at(struct str s, size_t i)
{
	return i < s.n ? (unsigned char)s.p[i] : 0;
}

static unsigned two_at(struct str s, size_t i, bool little)
{
	return little ? byte_at(s, i) | byte_at(s, i + 1) << 8 : byte_at(s, i) << 8 | byte_at(s, i + 1);
}

static size_t four_at(struct str s, size_t i, bool little)
{
	size_t a = two_at(s, i, little), b = two_at(s, i + 2, little);

	return little ? a | b << 16 : a << 16 | b;
}

/* Which way is up, of an EXIF segment (TIFF 6.0, tag 0x0112); 1 when it does not say. */
static unsigned orientation(struct str segment)
{
	struct str tiff = str_from(segment, 6);
	bool little = str_starts(tiff, STR("II"));
	size_t ifd, n;

	if (!str_starts(segment, str_of("Exif\0\0", 6)) || tiff.n < 8)
		return 1;
	ifd = four_at(tiff, 4, little);
	if (ifd > tiff.n - 2)
		return 1;
	n = two_at(tiff, ifd, little);
	for (size_t i = 0; i < n && ifd + 2 + 12 * i + 12 <= tiff.n; i++)
		if (two_at(tiff, ifd + 2 + 12 * i, little) == 0x0112) {
			unsigned v = two_at(tiff, ifd + 2 + 12 * i + 8, little);

			return v >= 1 && v <= 8 ? v : 1;
		}
	return 1;
}

/* An EXIF segment that says that and nothing else. */
static void put_orientation(unsigned v, struct buf *out)
{
	static const char head[] = "\xff\xe1\x00\x22"
	                           "Exif\0\0"
	                           "MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00";

	buf_add(out, str_of(head, sizeof(head) - 1));
	buf_addc(out, (char)v);
	buf_add(out, str_of("\0\0\0\0\0\0", 6));
}

/* The frame of the file, colours, and how Adobe has them: needed to show it. */
static bool segment_stays(unsigned marker, struct str body)
{
	if (marker < APP0 || (marker > APP15 && marker != COM))
		return true;
	return (marker == APP0 && str_starts(body, str_of("JFIF\0", 5))) ||
	       (marker == APP14 && str_starts(body, STR("Adobe"))) ||
	       (marker == APP2 && str_starts(body, STR("ICC_PROFILE")));
}

/* JFIF 1.02: density, and no picture of the picture, which may show what was cut away. */
static void put_jfif(struct str body, struct buf *out)
{
	buf_add(out, str_of("\xff\xe0\0\x10", 4));
	buf_add(out, str_first(body, JFIF_BYTES - 2));
	buf_add(out, str_of("\0\0", 2));
}

/* The size of the picture's own bytes at s: up to a marker that is none of theirs (B.1.1.5). */
static size_t entropy_size(struct str s)
{
	for (size_t i = 0; i + 1 < s.n; i++)
		if (byte_at(s, i) == 0xff && byte_at(s, i + 1) != 0 && byte_at(s, i + 1) != 0xff &&
		    !(byte_at(s, i + 1) >= RST0 && byte_at(s, i + 1) <= RST7))
			return i;
	return s.n;
}

/* One segment and what belongs to it; its size, 0 where the picture ends. */
static size_t put_segment(struct scrubber *s, struct str in, unsigned *up, struct buf *out)
{
	unsigned marker = byte_at(in, 1);
	size_t n = (size_t)two_at(in, 2, false) + 2;
	struct str body = str_from(str_first(in, n), 4);

	if (marker == 0xff)
		return 1; /* filling */
	if (in.n < 4 || byte_at(in, 0) != 0xff || marker == EOI || n < 4 || n > in.n)
		return 0;
	if (!segment_stays(marker, body)) {
		s->removed[SCRUB_MARKS]++;
		*up = marker == APP1 && *up == 1 ? orientation(body) : *up;
		return n;
	}
	if (marker == APP0 && body.n >= JFIF_BYTES) {
		put_jfif(body, out);
		return n;
	}
	if (marker == SOS && *up != 1) {
		put_orientation(*up, out);
		*up = 1;
	}
	n += marker == SOS ? entropy_size(str_from(in, n)) : 0;
	buf_add(out, str_first(in, n));
	return n;
}

/* What stands behind the picture, or cannot be read as a piece of it, is left out. */
bool scrub_jpeg(struct scrubber *s, struct str in, struct buf *out)
{
	size_t at = 2, n;
	unsigned up = 1;

	if (byte_at(in, 0) != 0xff || byte_at(in, 1) != SOI || byte_at(in, 2) != 0xff)
		return false;
	buf_add(out, str_first(in, 2));
	while ((n = put_segment(s, str_from(in, at), &up, out)))
		at += n;
	if (byte_at(in, at) == 0xff && byte_at(in, at + 1) == EOI) {
		buf_add(out, str_of("\xff\xd9", 2));
		at += 2;
	}
	s->removed[SCRUB_MARKS] += at < in.n;
	return true;
}

/* ---- PNG (ISO 15948 11.2, 11.3) ---------------------------------------------------------------------------------- */

/* All that a picture cannot be shown without, and of the rest what says how it looks. */
static bool chunk_stays(struct str type)
{
	static const char *const kept[] = { "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "pHYs", "bKGD", "sBIT",
		                            "hIST", "sPLT", "acTL", "fcTL", "fdAT", "cICP", "mDCV", "cLLI" };

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (str_eq(type, str_c(kept[i])))
			return true;
	return type.n && type.p[0] >= 'A' && type.p[0] <= 'Z';
}

bool scrub_png(struct scrubber *s, struct str in, struct buf *out)
{
	static const char magic[] = "\x89PNG\r\n\x1a\n";
	size_t at = 8;

	if (!str_starts(in, str_of(magic, 8)))
		return false;
	buf_add(out, str_first(in, 8));
	while (at + 12 <= in.n) {
		size_t n = four_at(in, at, false);
		struct str type = str_first(str_from(in, at + 4), 4);

		if (n > in.n - at - 12)
			break;
		if (chunk_stays(type))
			buf_add(out, str_first(str_from(in, at), n + 12));
		else
			s->removed[SCRUB_MARKS]++;
		at += n + 12;
		if (str_eq(type, STR("IEND")))
			break;
	}
	s->removed[SCRUB_MARKS] += at < in.n; /* what programs hang behind the picture, or half a piece */
	return true;
}
