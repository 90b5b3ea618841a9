/* dialog.h - reads a dialog file (tests/dialogs/README says what stands in one). Tests only. */
#ifndef PROTO_DIALOG_H
#define PROTO_DIALOG_H

#include "base/arena.h"
#include "base/buf.h"

struct dialog_line {
	struct str key;  /* "C:", "C>", "S:", "V:", ... */
	struct str text; /* what follows, escapes undone */
	unsigned number;
};

struct dialog {
	struct arena arena;
	struct dialog_line *lines;
	size_t n;
};

/* Aborts with a message on a file that is no dialog: it is ours. */
void dialog_read(const char *path, struct dialog *ret);
void dialog_done(struct dialog *d);

/* The files of a folder that begin with `prefix`, sorted. Each is given to run(). Returns how many. */
size_t dialog_each(const char *dir, const char *prefix, void (*run)(const char *path, void *arg), void *arg);

struct str dialog_word(struct str *rest); /* cuts the next word off */
size_t dialog_number(struct str s);       /* aborts when it is none */
struct str dialog_slurp(const char *path, struct arena *a);
void dialog_die(const char *path, unsigned line, const char *what) __attribute__((noreturn));

#endif
