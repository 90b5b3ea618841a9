/* manifest.c - the manifest of a backup, and the copying of its files. */
#include "cli/backup.h"

#include "crypto/aead.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_ROOM = 256 * 1024, SHA256_HEX = 64 };

static void put_hash(struct str bytes, struct buf *out)
{
	uint8_t h[32];

	sha256(bytes, h);
	for (size_t i = 0; i < sizeof(h); i++)
		buf_addf(out, "%02x", h[i]);
}

void manifest_begin(struct buf *out, uint64_t created, struct str schema, struct str key_id)
{
	buf_addf(out, "postern-backup %d\ncreated %llu\nschema %.*s\nmaster_key_id %.*s\n", BACKUP_VERSION,
	         (unsigned long long)created, STR_ARG(schema), STR_ARG(key_id));
}

void manifest_add(struct buf *out, const struct manifest_file *m)
{
	buf_addf(out, "file %.*s %llu %.*s\n", STR_ARG(m->sha256), (unsigned long long)m->size,
	         STR_ARG(m->name));
}

void manifest_end(struct buf *out)
{
	OWN(buf) hash = BUF(SHA256_HEX + 1);

	put_hash(buf_str(out), &hash);
	buf_addf(out, "end %s\n", hash.p);
}

static bool is_hex(struct str s, size_t n)
{
	for (size_t i = 0; i < s.n; i++)
		if (str_chr(STR("0123456789abcdef"), s.p[i]) == 16)
			return false;
	return s.n == n;
}

bool backup_is_body(struct str name)
{
	return is_hex(name, BODY_NAME);
}

static bool is_name(struct str name)
{
	struct str prefix = STR(BACKUP_BODIES "/");

	return str_eq(name, STR(BACKUP_ROWS)) ||
	       (str_starts(name, prefix) && backup_is_body(str_from(name, prefix.n)));
}

bool manifest_next(struct str *files, struct manifest_file *ret)
{
	struct str line = str_cut(files, '\n');

	if (!str_eq(str_cut(&line, ' '), STR("file")))
		return false;
	ret->sha256 = str_cut(&line, ' ');
	ret->name = STR("");
	if (!is_hex(ret->sha256, SHA256_HEX) || !str_u64(str_cut(&line, ' '), &ret->size) || !is_name(line))
		return false;
	ret->name = line;
	return true;
}

static bool take(struct str *text, const char *key, struct str *ret)
{
	struct str line = str_cut(text, '\n');

	if (!str_eq(str_cut(&line, ' '), str_c(key)))
		return false;
	*ret = line;
	return true;
}

/* The last line is cut off, and has to be right about the rest. */
static int check_end(struct str *text, struct fail *f)
{
	OWN(buf) want = BUF(SHA256_HEX + 8);
	const size_t n = 4 + SHA256_HEX + 1;
	struct str body = str_first(*text, text->n > n ? text->n - n : 0);

	buf_addz(&want, "end ");
	put_hash(body, &want);
	buf_addc(&want, '\n');
	if (!str_eq(str_from(*text, body.n), buf_str(&want)))
		return fail(f, FAIL_FORGED,
		            "this backup is damaged: its manifest is not what was written; take another one");
	*text = body;
	return OK;
}

int manifest_read(struct str text, struct manifest *ret, struct fail *f)
{
	struct manifest m = { 0 };
	struct manifest_file file;
	struct str v, files;
	uint64_t version;
	bool rows = false;

	if (!str_starts(text, STR("postern-backup ")))
		return fail(f, FAIL_SYNTAX,
		            "this is no backup: its manifest does not begin with postern-backup");
	TRY(check_end(&text, f));
	if (!take(&text, "postern-backup", &v) || !str_u64(v, &version) || version != BACKUP_VERSION)
		return fail(f, FAIL_DENIED,
		            "this backup was made by a newer Postern: restore it with that one");
	if (!take(&text, "created", &v) || !str_u64(v, &m.created) || !take(&text, "schema", &v) ||
	    !str_u64(v, &m.schema) || !take(&text, "master_key_id", &m.key_id) || !is_hex(m.key_id, 16))
		return fail(f, FAIL_SYNTAX, "the manifest of this backup cannot be read");
	m.files = files = text;
	for (; files.n && manifest_next(&files, &file); m.n_files++)
		rows = rows || str_eq(file.name, STR(BACKUP_ROWS));
	if (files.n || !rows)
		return fail(f, FAIL_SYNTAX, "the manifest of this backup cannot be read");
	*ret = m;
	return OK;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static int pour(int from, int to, const char *name, uint64_t *ret_size, struct fail *f)
{
	static char room[COPY_ROOM];
	uint64_t size = 0;

	for (;;) {
		ssize_t n = read(from, room, sizeof(room));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(f, FAIL_SYS, "%s cannot be read", name);
		if (n == 0)
			break;
		for (ssize_t at = 0; at < n;) {
			ssize_t w = write(to, room + at, (size_t)(n - at));

			if (w < 0 && errno != EINTR)
				return fail_errno(f, FAIL_SYS, "the copy of %s cannot be written", name);
			at += w < 0 ? 0 : w;
		}
		size += (uint64_t)n;
	}
	*ret_size = size;
	return OK;
}

/* Of the copy, read again: what was written is what is told. */
static int hash_of(int fd, uint64_t size, const char *name, struct buf *out, struct fail *f)
{
	void *p = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;

	if (p == MAP_FAILED)
		return fail_errno(f, FAIL_SYS, "the copy of %s cannot be read", name);
	put_hash(str_of(size ? p : "", size), out);
	if (size)
		munmap(p, size);
	return OK;
}

int backup_copy(int from, const char *name, int to_dir, const char *to, unsigned uid, uint64_t *ret_size,
                struct buf *ret_sha256, struct fail *f)
{
	OWNFD in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	OWNFD out = -1;
	struct stat st;

	if (in < 0)
		return fail_errno(f, errno == ENOENT ? FAIL_ABSENT : FAIL_SYS, "%s cannot be read", name);
	if (fstat(in, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(f, FAIL_FORGED, "%s is no file", name);
	out = openat(to_dir, to, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return fail_errno(f, errno == EEXIST ? FAIL_EXISTS : FAIL_SYS,
		                  "the copy of %s cannot be made", name);
	TRY(pour(in, out, name, ret_size, f));
	if ((uid != (unsigned)-1 && fchown(out, uid, uid) < 0) || fsync(out) < 0)
		return fail_errno(f, FAIL_SYS, "the copy of %s cannot be written", name);
	return hash_of(out, *ret_size, name, ret_sha256, f);
}
