/* segment.h - bodies of messages. Small ones are appended to the current segment and synced once a group; a segment
 * without bodies is written over, which costs a file system less than a new one. When messages come one by one, those up to 64 KiB
 * stand in their rows and need no sync of their own. One over STORE_BODY_INLINE gets a file of its own that another process writes and
 * syncs. What is in them is encrypted under a key of the body's own, which stands sealed in
 * its row: deleting the row is deleting the body. */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include "store/store.h"

enum { STORE_BODY_INLINE = 1 << 20 };

struct body {
	int64_t id;
	uint64_t stored, plain; /* bytes in the file, bytes of the message */
	struct str key;         /* 32 bytes */
};

/* Takes `stored` bytes of fd (from its start) into the open group: its segment, or its rows. */
MUST_CHECK int body_add(struct store *st, int fd, const struct body *b, int64_t *ret_id, struct fail *f);

/* A file for a large body: the descriptor is for whoever writes and syncs it. */
MUST_CHECK int body_file_new(struct store *st, int64_t *ret_file, int *ret_fd, struct fail *f);
MUST_CHECK int body_file_add(struct store *st, int64_t file, const struct body *b, int64_t *ret_id,
                             struct fail *f);
void body_file_drop(struct store *st, int64_t file);

/* For sending: a read-only descriptor (the caller's) and where in it. Another body may come to stand there once this one's row is
 * gone: it does not open under this one's key. */
MUST_CHECK int body_get(struct store *st, int64_t id, struct arena *a, struct body *ret, int *ret_fd,
                        uint64_t *ret_offset, struct fail *f);
MUST_CHECK int body_delete(struct store *st, int64_t id, struct fail *f);

/* private to store/ */
struct segments;
MUST_CHECK int segments_open(struct store *st, struct fail *f); /* removes files that no row knows */
void segments_free(struct segments *s);
int segments_unsynced(const struct segments *s); /* the file that is to be synced; -1: none */
void segments_synced(struct segments *s, int result);
void segments_take_back(struct segments *s);       /* the group was not kept */
void segments_hold(struct segments *s, bool hold); /* held: nothing is unlinked, but remembered */
void segments_written(
        struct store *st); /* looks for files whose last body went with the group that was just written, */
void segments_reap(struct segments *s); /* and removes them, when it is durable */

#endif
