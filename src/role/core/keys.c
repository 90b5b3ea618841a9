#include "role/core/keys.h"

#include "base/log.h"
#include "crypto/aead.h"
#include "ipc/killer.h"
#include "store/backup.h"

#include <unistd.h>

static int seal_column(void *self, const char *column, struct str plain, struct buf *out, struct fail *f)
{
	const struct core *c = self;

	return aead_seal(secret_str(&c->column_key), str_c(column), plain, out, f);
}

static int open_column(void *self, const char *column, struct str sealed, struct buf *out, struct fail *f)
{
	const struct core *c = self;

	return aead_open(secret_str(&c->column_key), str_c(column), sealed, out, f);
}

enum { HASHED_MAX = 128 * 1024 };

/* HMAC of use, NUL, scope, data: what is hashed for one column or one user cannot be compared with another's. */
static void hash_column(void *self, const char *use, uint64_t scope, struct str data, uint8_t ret[static 32])
{
	const struct core *c = self;
	OWN(buf) b = BUF(HASHED_MAX);

	buf_add(&b, str_of(use, strlen(use) + 1));
	buf_add(&b, str_of(&scope, sizeof(scope)));
	buf_add(&b, data);
	mac_sha256(secret_str(&c->hash_key), buf_str(&b), ret);
}

void keys_hash(const struct core *c, const char *use, uint64_t scope, struct str data, uint8_t ret[static 32])
{
	hash_column((void *)(uintptr_t)c, use, scope, data, ret);
}

__attribute__((noreturn)) static void give_up(const struct fail *f)
{
	log_fail(LOG_ERROR, "store", f);
	_exit(1); /* the parent tries again, more slowly each time */
}

/* Once in the life of a store: what is wrapped anew, and under which master key, is rotate.c's. */
static int put_keys(struct store *st, const struct store_keys_answer *m, struct fail *f)
{
	OWN(arena) a = ARENA;
	struct str id;
	int64_t schema;
	int r = backup_identity(st, &a, &schema, &id, f);

	return r == FAIL_ABSENT ? store_put_keys(st, m->wrapped_column, m->wrapped_hash, m->master_id, f) : r;
}

static void open_store(struct core *c, const struct store_keys_answer *m)
{
	static struct store_cipher cipher;
	struct store_options o = { .step = killer_store_step };
	struct fail f = { 0 };
	int r = secret_copy(&c->column_key, m->column.p, m->column.n, &f);

	cipher = (struct store_cipher){ c, seal_column, open_column, hash_column };
	if (r == OK)
		r = secret_copy(&c->hash_key, m->hash.p, m->hash.n, &f);
	if (r == OK)
		r = store_open(&cipher, &o, &c->store, &f);
	if (r == OK)
		r = put_keys(c->store, m, &f);
	if (r < 0)
		give_up(&f);
	core_store_opened(c);
}

static void on_keys(void *arg, int code, struct str why, const void *msg)
{
	struct fail f = { 0 };

	if (code < 0) {
		fail(&f, code, "the vault cannot open the store's keys: %.*s", STR_ARG(why));
		give_up(&f);
	}
	open_store(arg, msg);
}

int keys_open_store(struct core *c, struct fail *f)
{
	OWN(arena) a = ARENA;
	struct str column, hash;

	if (!c->vault)
		return fail(f, FAIL_AGAIN, "no road to the vault");
	TRY(store_peek_keys(&a, &column, &hash, f));
	SEND(c->vault, store_keys, wait_for(&c->waits, c->vault, IPC_store_keys_answer, on_keys, c), column,
	     hash);
	return OK;
}
