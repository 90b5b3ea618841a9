#include "ipc/codec.h"

static void put_raw(struct buf *b, const void *p, size_t n)
{
	buf_add(b, str_of(p, n));
}

void put_u32(struct buf *b, uint32_t v)
{
	put_raw(b, &v, sizeof(v));
}

void put_u64(struct buf *b, uint64_t v)
{
	put_raw(b, &v, sizeof(v));
}

void put_i64(struct buf *b, int64_t v)
{
	put_raw(b, &v, sizeof(v));
}

void put_text(struct buf *b, struct str v)
{
	if (v.n > UINT32_MAX) {
		b->over = true;
		return;
	}
	put_u32(b, (uint32_t)v.n);
	buf_add(b, v);
}

static void get_raw(struct rd *r, void *out, size_t n)
{
	if (r->bad || r->left.n < n) {
		r->bad = true;
		memset(out, 0, n);
		return;
	}
	memcpy(out, r->left.p, n);
	r->left = str_from(r->left, n);
}

uint32_t get_u32(struct rd *r)
{
	uint32_t v;

	get_raw(r, &v, sizeof(v));
	return v;
}

uint64_t get_u64(struct rd *r)
{
	uint64_t v;

	get_raw(r, &v, sizeof(v));
	return v;
}

int64_t get_i64(struct rd *r)
{
	int64_t v;

	get_raw(r, &v, sizeof(v));
	return v;
}

struct str get_text(struct rd *r)
{
	uint32_t n = get_u32(r);
	struct str s;

	if (r->bad || n > r->left.n) {
		r->bad = true;
		return STR_NONE;
	}
	s = str_first(r->left, n);
	r->left = str_from(r->left, n);
	return s;
}

int rd_end(const struct rd *r, struct fail *f)
{
	if (r->bad)
		return fail(f, FAIL_SYNTAX, "a message is too short");
	if (r->left.n)
		return fail(f, FAIL_SYNTAX, "%zu bytes too many in a message", r->left.n);
	return OK;
}

void list_add(struct buf *list, struct str item)
{
	put_text(list, item);
}

bool list_next(struct str *list, struct str *ret_item)
{
	struct rd r = { .left = *list };
	struct str item;

	if (!list->n)
		return false;
	item = get_text(&r);
	if (r.bad) {
		*list = STR_NONE;
		return false;
	}
	*list = r.left;
	*ret_item = item;
	return true;
}

bool list_next_pair(struct str *list, struct str *ret_a, struct str *ret_b)
{
	return list_next(list, ret_a) && list_next(list, ret_b);
}

size_t list_count(struct str list)
{
	struct rd r = { .left = list };
	size_t n = 0;

	while (r.left.n && !r.bad) {
		(void)get_text(&r);
		n++;
	}
	return r.bad ? SIZE_MAX : n;
}

const struct str *list_items(struct str list, struct arena *a, size_t *ret_n)
{
	size_t n = list_count(list), i = 0;
	struct str *out = n != SIZE_MAX ? arena_array(a, struct str, n + 1) : NULL;

	while (out && i < n && list_next(&list, &out[i]))
		i++;
	*ret_n = i;
	return out;
}

const struct str_pair *list_pairs(struct str list, struct arena *a, size_t *ret_n)
{
	size_t n = list_count(list), i = 0;
	struct str_pair *out = n != SIZE_MAX ? arena_array(a, struct str_pair, n / 2 + 1) : NULL;

	while (out && i < n / 2 && list_next_pair(&list, &out[i].from, &out[i].to))
		i++;
	*ret_n = i;
	return out;
}
