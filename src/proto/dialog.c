#include "proto/dialog.h"

#include "base/mem.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 4 << 20, FILES_MAX = 500 };

void dialog_die(const char *path, unsigned line, const char *what)
{
	fprintf(stderr, "%s:%u: %s\n", path, line, what);
	abort();
}

struct str dialog_slurp(const char *path, struct arena *a)
{
	FILE *in = fopen(path, "rb");
	char *p;
	size_t n;

	if (!in)
		dialog_die(path, 0, "cannot be read");
	p = arena_alloc(a, FILE_MAX);
	n = fread(p, 1, FILE_MAX, in);
	fclose(in);
	if (n == FILE_MAX)
		dialog_die(path, 0, "too long");
	return str_of(p, n);
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, ascii_lower(c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* \r \n \t \0 \\ \xHH */
static struct str unescape(struct str in, struct arena *a)
{
	static const char from[] = "rnt0\\", to[] = "\r\n\t\0\\";
	char *out = arena_alloc(a, in.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		const char *at;

		if (in.p[i] != '\\' || i + 1 == in.n) {
			out[n++] = in.p[i];
		} else if (in.p[i + 1] == 'x' && i + 3 < in.n && hex(in.p[i + 2]) >= 0 &&
		           hex(in.p[i + 3]) >= 0) {
			out[n++] = (char)(hex(in.p[i + 2]) * 16 + hex(in.p[i + 3]));
			i += 3;
		} else {
			at = strchr(from, in.p[++i]);
			if (!at || !*at)
				abort();
			out[n++] = to[at - from];
		}
	}
	return str_of(out, n);
}

struct str dialog_word(struct str *rest)
{
	struct str word = str_cut(rest, ' ');

	while (rest->n && rest->p[0] == ' ')
		*rest = str_from(*rest, 1);
	return word;
}

size_t dialog_number(struct str s)
{
	uint64_t n;

	if (!str_u64(s, &n)) {
		fprintf(stderr, "no number: %.*s\n", STR_ARG(s));
		abort();
	}
	return (size_t)n;
}

/* "C* 5 ab" is "ab" five times. */
static struct str repeated(struct str text, struct arena *a)
{
	size_t times = dialog_number(dialog_word(&text));
	struct str once = unescape(text, a);
	char *p = arena_alloc(a, times * once.n + 1);

	for (size_t i = 0; i < times; i++)
		memcpy(p + i * once.n, once.p, once.n);
	return str_of(p, times * once.n);
}

void dialog_read(const char *path, struct dialog *ret)
{
	struct str rest;
	unsigned number = 0;
	struct dialog_line *line;

	*ret = (struct dialog){ 0 };
	rest = dialog_slurp(path, &ret->arena);
	ret->lines = arena_array(&ret->arena, struct dialog_line, rest.n + 1);
	while (rest.n) {
		struct str text = str_cut(&rest, '\n');

		number++;
		if (!text.n || text.p[0] == '#')
			continue;
		line = &ret->lines[ret->n++];
		line->number = number;
		line->key = str_cut(&text, ' ');
		line->text = str_ends(line->key, STR("*")) ? repeated(text, &ret->arena)
		                                           : unescape(text, &ret->arena);
	}
}

void dialog_done(struct dialog *d)
{
	arena_done(&d->arena);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t dialog_each(const char *dir, const char *prefix, void (*run)(const char *path, void *arg), void *arg)
{
	DIR *d = opendir(dir);
	char *names[FILES_MAX];
	size_t n = 0;

	if (!d)
		dialog_die(dir, 0, "cannot be read");
	for (struct dirent *e; (e = readdir(d)) && n < FILES_MAX;) {
		struct str name = str_c(e->d_name);

		if (str_starts(name, str_c(prefix)) && str_ends(name, STR(".smtp")))
			names[n++] = xstrdup(name);
	}
	closedir(d);
	qsort(names, n, sizeof(names[0]), by_name);
	for (size_t i = 0; i < n; i++) {
		char path[1024];

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		run(path, arg);
		free(names[i]);
	}
	return n;
}
