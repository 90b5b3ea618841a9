/* codec.h - the bytes of messages between roles. Struct, encoder and decoder of a message come from one list of
 * fields, so that they cannot disagree; what is short, long or badly counted is one FAIL_SYNTAX. Both ends are the
 * same build on one machine: integers are in host order. */
#ifndef IPC_CODEC_H
#define IPC_CODEC_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"

/* Field types. text and blob are views: of the sender's memory when written, of the received record when read,
 * where they die with the handler. key is a blob that is key material: the record that held it is wiped.
 * list is a packed sequence of items (text each), made by list_add and read by list_next. */
typedef uint32_t ipc_u32;
typedef uint64_t ipc_u64;
typedef int64_t ipc_i64;
typedef struct str ipc_text;
typedef struct str ipc_blob;
typedef struct str ipc_key;
typedef struct str ipc_list;

enum { IPC_RECORD_MAX = 160 * 1024 };

struct rd {
	struct str left;
	bool bad; /* sticky */
};

void put_u32(struct buf *b, uint32_t v);
void put_u64(struct buf *b, uint64_t v);
void put_i64(struct buf *b, int64_t v);
void put_text(struct buf *b, struct str v);
#define put_blob put_text
#define put_key put_text
#define put_list put_text

uint32_t get_u32(struct rd *r);
uint64_t get_u64(struct rd *r);
int64_t get_i64(struct rd *r);
struct str get_text(struct rd *r);
#define get_blob get_text
#define get_key get_text
#define get_list get_text

/* FAIL_SYNTAX when something was short or bytes are left. */
MUST_CHECK int rd_end(const struct rd *r, struct fail *f);

/* A field named `code` holds OK or FAIL_* (base/fail.h) as a number without its sign; what no code is reads as
 * FAIL_BUG. */
static inline uint32_t ipc_code(int result)
{
	return (uint32_t)-result;
}
static inline int ipc_result(uint32_t code)
{
	return code > (uint32_t)-FAIL_LAST ? FAIL_BUG : -(int)code;
}

/* Items of a list; pairs are simply two items. list_next returns false at the end or on bad packing (then *bad
 * is set when given). */
void list_add(struct buf *list, struct str item);
bool list_next(struct str *list, struct str *ret_item);
bool list_next_pair(struct str *list, struct str *ret_a, struct str *ret_b);
size_t list_count(struct str list); /* SIZE_MAX when badly packed */
/* A whole list as an array in the arena, of views into the list; a badly packed one is empty. Of pairs half a one at the end is
 * left out. */
const struct str *list_items(struct str list, struct arena *a, size_t *ret_n);
const struct str_pair *list_pairs(struct str list, struct arena *a, size_t *ret_n);

#define IPC_FIELD(type, name) ipc_##type name;
#define IPC_STRUCT(lower, FIELDS)                                                                            \
	struct lower {                                                                                       \
		FIELDS(IPC_FIELD)                                                                            \
	};

#endif
