#include "role/play_fuzz.h"

#include "base/mem.h"
#include "sys/memfd.h"
#include "sys/sock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- what was heard ------------------------------------------------------------------------------------------------- */

enum { NUMBERS = 64, TEXTS = 64, KNOWN = 512, TEXT_MOST = 8192, LIST_MOST = 64 * 1024, ARENA_MOST = 1 << 20 };

static uint64_t numbers[NUMBERS];
static struct buf texts[TEXTS];
static struct str known[KNOWN];
static size_t n_numbers, n_texts, n_known;

void tape_know(struct str s)
{
	if (n_known < KNOWN)
		known[n_known++] = str_of(xstrdup(s), s.n);
}

static void learn_number(uint64_t v)
{
	if (!n_numbers || numbers[(n_numbers - 1) % NUMBERS] != v)
		numbers[n_numbers++ % NUMBERS] = v;
}

static void learn_text(struct str s)
{
	struct buf *b = &texts[n_texts % TEXTS];

	if (!s.n || s.n > TEXT_MOST)
		return;
	buf_done(b);
	*b = BUF(TEXT_MOST);
	buf_add(b, s);
	n_texts++;
}

static void learn_list(struct str list)
{
	struct str s;

	learn_text(list);
	for (int i = 0; i < 8 && list_next(&list, &s); i++)
		learn_text(s);
}

/* What the start has told stays; what an input was told does not. */
void tape_rewind(void)
{
	static uint64_t first_numbers[NUMBERS];
	static struct str first[TEXTS];
	static size_t first_n_numbers, first_n_texts;
	static bool marked;

	for (size_t i = 0; i < TEXTS; i++) {
		if (!marked) {
			first[i] = str_of(xstrdup(buf_str(&texts[i])), texts[i].n);
			continue;
		}
		buf_done(&texts[i]);
		texts[i] = BUF(TEXT_MOST);
		buf_add(&texts[i], first[i]);
	}
	memcpy(marked ? numbers : first_numbers, marked ? first_numbers : numbers, sizeof(numbers));
	if (!marked)
		first_n_numbers = n_numbers, first_n_texts = n_texts;
	n_numbers = first_n_numbers;
	n_texts = first_n_texts;
	marked = true;
}

/* ---- what stands on the tape ---------------------------------------------------------------------------------------- */

uint8_t tape_byte(struct tape *t)
{
	if (!t->n)
		return 0;
	t->n--;
	return *t->p++;
}

static struct str raw(struct tape *t, size_t n)
{
	struct str s = str_of(t->p, n < t->n ? n : t->n);

	t->p += s.n;
	t->n -= s.n;
	return s;
}

/* Lives until the next message is made. */
static char made[ARENA_MOST];
static size_t n_made;

static struct str keep(struct str s)
{
	char *at = made + n_made;

	if (!s.n || s.n > sizeof(made) - n_made)
		return STR("");
	memcpy(at, s.p, s.n);
	n_made += s.n;
	return str_of(at, s.n);
}

static struct str nearly(struct tape *t)
{
	struct str s = keep(buf_str(&texts[(n_texts - 1 - tape_byte(t) % 8) % TEXTS]));
	uint8_t at = tape_byte(t), bit = tape_byte(t);

	if (s.n)
		((char *)(uintptr_t)s.p)[at % s.n] ^= (char)(1 << bit % 8);
	return s;
}

struct str tape_text(struct tape *t)
{
	uint8_t b = tape_byte(t);

	if (b >= 192)
		return raw(t, b == 255 ? 4096 : b - 192u);
	if (b >= 64)
		return n_known ? known[((b - 64u) + 128u * (b >= 128 ? tape_byte(t) % 4u : 0)) % n_known]
		               : STR("");
	if (!n_texts)
		return STR("");
	return b == 63 ? nearly(t) : buf_str(&texts[(n_texts - 1 - b) % TEXTS]);
}

uint64_t tape_number(struct tape *t)
{
	static const uint64_t odd[] = { 0,          1,         250,       451,
		                        550,        INT32_MAX, INT64_MAX, UINT64_C(1) << 63,
		                        UINT32_MAX, UINT64_MAX };
	uint8_t b = tape_byte(t);
	uint64_t v = 0;

	if (b < 32)
		return numbers[(n_numbers - 1 - b) % NUMBERS];
	if (b < 96)
		return b - 32u;
	if (b < 128)
		return odd[(b - 96u) % (sizeof(odd) / sizeof(odd[0]))];
	for (unsigned i = 0; i < b % 8u + 1; i++)
		v = v << 8 | tape_byte(t);
	return v;
}

static struct str tape_list(struct tape *t)
{
	uint8_t b = tape_byte(t);
	OWN(buf) list = BUF(LIST_MOST);

	if (b >= 24)
		return tape_text(t);
	for (unsigned i = 0; i < b % 12u; i++)
		list_add(&list, tape_text(t));
	return keep(buf_str(&list));
}

/* ---- descriptors ---------------------------------------------------------------------------------------------------- */

int play_memory(struct str bytes, bool sealed)
{
	int fd = -1;

	law(memfd_new(&fd, NULL) == OK && memfd_add(fd, bytes, NULL) == OK, "memory");
	law(!sealed || memfd_seal(fd, NULL) == OK, "sealed memory");
	return fd;
}

/* Whoever reads it waits: its other end is open, and nothing comes. That end is closed with the process or when it is used again. */
static int without_end(bool pipe)
{
	static int others[8];
	static unsigned next;
	int two[2] = { -1, -1 };

	law(pipe ? pipe2(two, O_CLOEXEC) == 0 : sock_pair(false, two, NULL) == OK, "a pair");
	if (others[next % 8] > 0)
		close(others[next % 8]);
	others[next++ % 8] = two[1];
	return two[0];
}

int tape_thing(struct tape *t)
{
	static const char message[] = "From: Bob <bob@example.org>\r\nTo: shop@relay.example\r\nMessage-ID: "
	                              "<1@example.org>\r\n\r\nhello\r\n";
	uint8_t b = tape_byte(t);
	char zeroes[256] = { 0 };

	switch (b % 16) {
	case 1:
		return without_end(true);
	case 2:
		return without_end(false);
	case 3:
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case 4:
		return open("/dev/zero", O_RDWR | O_CLOEXEC);
	case 5:
		return play_memory(str_of(zeroes, tape_byte(t)), false);
	case 6:
		return play_memory(tape_text(t), true);
	case 7:
		return play_memory(raw(t, 2048), true);
	default:
		return play_memory(str_of(message, sizeof(message) - 1), true);
	}
}

/* ---- every field of every message ----------------------------------------------------------------------------------- */

enum field { F_U32, F_U64, F_I64, F_TEXT, F_LIST };
typedef void field_fn(void *self, enum field kind, void *at);

#define EACH_u32(name) fn(self, F_U32, &m->name);
#define EACH_u64(name) fn(self, F_U64, &m->name);
#define EACH_i64(name) fn(self, F_I64, &m->name);
#define EACH_text(name) fn(self, F_TEXT, &m->name);
#define EACH_blob(name) fn(self, F_TEXT, &m->name);
#define EACH_key(name) fn(self, F_TEXT, &m->name);
#define EACH_list(name) fn(self, F_LIST, &m->name);
#define EACH(type, name) EACH_##type(name)
#define VISITOR(lower, FIELDS)                                                                               \
	static void each_##lower(void *msg, field_fn *fn, void *self)                                        \
	{                                                                                                    \
		struct lower *m = msg;                                                                       \
		FIELDS(EACH)                                                                                 \
	}
IPC_MESSAGES(VISITOR)
#define VISITOR_ROW(lower, FIELDS) [IPC_##lower] = each_##lower,
static void (*const each_field[IPC_TAGS])(void *msg, field_fn *fn,
                                          void *self) = { IPC_MESSAGES(VISITOR_ROW) };

static void learn_one(void *self, enum field kind, void *at)
{
	if (kind == F_U64)
		learn_number(*(uint64_t *)at);
	else if (kind == F_TEXT)
		learn_text(*(struct str *)at);
	else if (kind == F_LIST)
		learn_list(*(struct str *)at);
}

void tape_learn(enum ipc_tag tag, const void *msg)
{
	each_field[tag]((void *)(uintptr_t)msg, learn_one, NULL);
}

static void fill_one(void *self, enum field kind, void *at)
{
	struct tape *t = self;

	if (kind == F_U32)
		*(uint32_t *)at = (uint32_t)tape_number(t);
	else if (kind == F_U64)
		*(uint64_t *)at = tape_number(t);
	else if (kind == F_I64)
		*(int64_t *)at = (int64_t)tape_number(t);
	else
		*(struct str *)at = kind == F_LIST ? tape_list(t) : tape_text(t);
}

void tape_fill(struct tape *t, enum ipc_tag tag, void *msg)
{
	n_made = 0;
	memset(msg, 0, IPC_STRUCT_MAX);
	each_field[tag](msg, fill_one, t);
}

struct twist {
	struct tape *t;
	unsigned at, wanted;
};

static void twist_one(void *self, enum field kind, void *at)
{
	struct twist *w = self;

	if (w->at++ == w->wanted)
		fill_one(w->t, kind, at);
}

void tape_twist(struct tape *t, enum ipc_tag tag, void *msg)
{
	n_made = 0;
	for (unsigned n = 1 + tape_byte(t) % 3u; n; n--) {
		struct twist w = { t, 0, tape_byte(t) % 32u };

		each_field[tag](msg, twist_one, &w);
	}
}
