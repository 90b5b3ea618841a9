#include "role/ui.h"

#include "crypto/aead.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MOST = 6, PATH_MOST = 256, HASH_LEAST = 8 };

static const struct {
	struct str suffix;
	const char *type;
} types[] = {
	{ STR_INIT(".html"), "text/html; charset=utf-8" },
	{ STR_INIT(".js"), "text/javascript; charset=utf-8" },
	{ STR_INIT(".css"), "text/css; charset=utf-8" },
	{ STR_INIT(".json"), "application/json" },
	{ STR_INIT(".webmanifest"), "application/manifest+json" },
	{ STR_INIT(".svg"), "image/svg+xml" },
	{ STR_INIT(".png"), "image/png" },
	{ STR_INIT(".ico"), "image/vnd.microsoft.icon" },
	{ STR_INIT(".woff2"), "font/woff2" },
	{ STR_INIT(".txt"), "text/plain; charset=utf-8" },
};

static const char *type_of(struct str path)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_ends(path, types[i].suffix))
			return types[i].type;
	return "application/octet-stream";
}

/* "/assets/NAME-HASH.js": what the bundler names by content. */
static bool is_hashed(struct str path)
{
	struct str name = str_from(path, str_rchr(path, '/') + 1);
	struct str stem = str_first(name, str_chr(name, '.'));
	size_t dash = str_rchr(stem, '-');

	return str_starts(path, STR("/assets/")) && dash < stem.n && stem.n - dash - 1 >= HASH_LEAST;
}

static int read_all(int fd, const char *path, size_t *total, struct arena *a, struct str *ret, struct fail *f)
{
	struct stat st;
	ssize_t n;
	char *p;

	if (fstat(fd, &st) < 0)
		return fail_errno(f, FAIL_SYS, "%s", path);
	*total += (size_t)st.st_size;
	if (*total > UI_BYTES_MAX)
		return fail(f, FAIL_LIMIT, "the app's files are larger than %d bytes", UI_BYTES_MAX);
	p = arena_alloc(a, (size_t)st.st_size + 1);
	n = read(fd, p, (size_t)st.st_size);
	if (n != st.st_size)
		return fail_errno(f, FAIL_SYS, "%s", path);
	*ret = str_of(p, (size_t)n);
	return OK;
}

struct walk {
	struct ui *u;
	struct arena *a;
	size_t total;
};

static int add_file(struct walk *w, int at, const char *name, struct str path, struct fail *f)
{
	OWNFD fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct ui_file *file = &w->u->files[w->u->n];

	if (fd < 0)
		return fail_errno(f, FAIL_SYS, "%.*s", STR_ARG(path));
	if (w->u->n == UI_FILES_MAX)
		return fail(f, FAIL_LIMIT, "the app has more than %d files", UI_FILES_MAX);
	*file = (struct ui_file){ .path = arena_str(w->a, path),
		                  .type = type_of(path),
		                  .forever = is_hashed(path) };
	TRY(read_all(fd, name, &w->total, w->a, &file->bytes, f));
	w->u->n++;
	return OK;
}

static int walk_dir(struct walk *w, int at, struct str path, int depth, struct fail *f);

static int walk_entry(struct walk *w, int at, const struct dirent *e, struct str path, int depth,
                      struct fail *f)
{
	OWN(buf) own = BUF(PATH_MOST);
	OWNFD sub = -1;

	if (e->d_name[0] == '.')
		return OK;
	buf_addf(&own, "%.*s/%s", STR_ARG(path), e->d_name);
	if (own.over)
		return fail(f, FAIL_LIMIT, "the app's files are nested too deep");
	sub = openat(at, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub < 0)
		return add_file(w, at, e->d_name, buf_str(&own), f);
	return walk_dir(w, sub, buf_str(&own), depth + 1, f);
}

static int walk_dir(struct walk *w, int at, struct str path, int depth, struct fail *f)
{
	DIR *dir = depth < DEPTH_MOST ? fdopendir(dup(at)) : NULL;
	int r = OK;

	if (!dir)
		return fail(f, FAIL_LIMIT, "the app's folders are nested too deep");
	for (struct dirent *e; r == OK && (e = readdir(dir));)
		r = walk_entry(w, at, e, path, depth, f);
	closedir(dir);
	return r;
}

static int by_path(const void *a, const void *b)
{
	return str_cmp(((const struct ui_file *)a)->path, ((const struct ui_file *)b)->path);
}

static struct ui_file *exact(const struct ui *u, struct str path)
{
	const struct ui_file key = { .path = path };

	return bsearch(&key, u->files, u->n, sizeof(key), by_path);
}

/* "X.gz" and "X.br" beside X are another form of X. */
static void fold(struct ui *u)
{
	size_t n = 0;

	for (size_t i = 0; i < u->n; i++) {
		struct str path = u->files[i].path;
		bool gz = str_ends(path, STR(".gz")), br = str_ends(path, STR(".br"));
		struct ui_file *plain = gz || br ? exact(u, str_first(path, path.n - 3)) : NULL;

		if (plain && gz)
			plain->gzip = u->files[i].bytes;
		else if (plain)
			plain->brotli = u->files[i].bytes;
	}
	for (size_t i = 0; i < u->n; i++)
		if (!str_ends(u->files[i].path, STR(".gz")) && !str_ends(u->files[i].path, STR(".br")))
			u->files[n++] = u->files[i];
	u->n = n;
}

static void name_it(struct ui *u)
{
	OWN(buf) all = BUF(UI_FILES_MAX * (PATH_MOST + 40));
	OWN(buf) hex = BUF(UI_DIGEST + 1);
	uint8_t d[32];

	u->digest[0] = '\0';
	if (!u->n)
		return;
	for (size_t i = 0; i < u->n; i++) {
		sha256(u->files[i].bytes, d);
		buf_add(&all, u->files[i].path);
		buf_addc(&all, '\0');
		buf_add(&all, str_of(d, sizeof(d)));
	}
	sha256(buf_str(&all), d);
	for (size_t i = 0; i < sizeof(d); i++)
		buf_addf(&hex, "%02x", d[i]);
	memcpy(u->digest, hex.p, UI_DIGEST);
	u->digest[UI_DIGEST] = '\0';
}

int ui_load(struct ui *u, struct str folder, struct arena *a, struct fail *f)
{
	struct walk w = { u, a, 0 };
	OWNFD fd = open(arena_z(a, folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	u->n = 0;
	u->digest[0] = '\0';
	if (fd < 0)
		return fail_errno(f, errno == ENOENT ? FAIL_ABSENT : FAIL_SYS, "%.*s", STR_ARG(folder));
	TRY(walk_dir(&w, fd, STR(""), 0, f));
	qsort(u->files, u->n, sizeof(u->files[0]), by_path);
	name_it(u);
	fold(u);
	return OK;
}

const struct ui_file *ui_find(const struct ui *u, struct str path)
{
	const struct ui_file *file = exact(u, path);
	struct str name = str_from(path, str_rchr(path, '/') + 1);

	return file || str_chr(name, '.') < name.n ? file : exact(u, STR("/index.html"));
}
