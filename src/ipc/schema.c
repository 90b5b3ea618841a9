#include "ipc/schema.h"

#define PUT(type, name) put_##type(b, m->name);
#define GET(type, name) m->name = get_##type(r);
#define IS_KEY_u32 0
#define IS_KEY_u64 0
#define IS_KEY_i64 0
#define IS_KEY_text 0
#define IS_KEY_blob 0
#define IS_KEY_list 0
#define IS_KEY_key 1
#define KEY_BIT(type, name) | IS_KEY_##type

#define CODEC(lower, FIELDS)                                                                                 \
	_Static_assert(sizeof(struct lower) <= IPC_STRUCT_MAX, "struct " #lower);                            \
	static void lower##_put(struct buf *b, const void *msg)                                              \
	{                                                                                                    \
		const struct lower *m = msg;                                                                 \
		FIELDS(PUT)                                                                                  \
	}                                                                                                    \
	static void lower##_get(struct rd *r, void *msg)                                                     \
	{                                                                                                    \
		struct lower *m = msg;                                                                       \
		FIELDS(GET)                                                                                  \
	}
IPC_MESSAGES(CODEC)

struct codec {
	const char *name;
	void (*put)(struct buf *b, const void *msg);
	void (*get)(struct rd *r, void *msg);
	bool has_key;
};

#define ROW(lower, FIELDS) [IPC_##lower] = { #lower, lower##_put, lower##_get, 0 FIELDS(KEY_BIT) },
static const struct codec codecs[IPC_TAGS] = { IPC_MESSAGES(ROW) };

int ipc_encode(enum ipc_tag tag, const void *msg, struct buf *out, struct fail *f)
{
	if (tag <= IPC_NONE || tag >= IPC_TAGS)
		return fail(f, FAIL_BUG, "no such message");
	buf_clear(out);
	put_u32(out, tag);
	codecs[tag].put(out, msg);
	if (out->over || out->n > IPC_RECORD_MAX)
		return fail(f, FAIL_LIMIT, "a %s message is too long", codecs[tag].name);
	return OK;
}

int ipc_decode(struct str record, enum ipc_tag *ret_tag, void *out, struct fail *f)
{
	struct rd r = { .left = record };
	uint32_t tag = get_u32(&r);

	if (r.bad || tag == IPC_NONE || tag >= IPC_TAGS)
		return fail(f, FAIL_SYNTAX, "no such message");
	codecs[tag].get(&r, out);
	TRY(rd_end(&r, f));
	*ret_tag = (enum ipc_tag)tag;
	return OK;
}

const char *ipc_name(enum ipc_tag tag)
{
	return tag > IPC_NONE && tag < IPC_TAGS ? codecs[tag].name : "?";
}

bool ipc_has_key(enum ipc_tag tag)
{
	return tag > IPC_NONE && tag < IPC_TAGS && codecs[tag].has_key;
}
