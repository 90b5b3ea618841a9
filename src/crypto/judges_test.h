/* judges_test.h - for tests: other people's programs as judges, run by the shell in a folder of their own that is gone
 * afterwards; and third-party data. Every failure to do so fails the test. */
#ifndef CRYPTO_JUDGES_TEST_H
#define CRYPTO_JUDGES_TEST_H

#include "base/buf.h"

#include <stdbool.h>

int judges_setup(void **state); /* crypto_init, and the folder becomes the current one */
int judges_teardown(void **state);

void judge_put(const char *name, struct str bytes); /* a file in the folder */
void judge_get(const char *name, struct buf *ret);

/* `sh -c`; gives the exit status, and what was said on both outputs when `ret` is not NULL. */
int judge_run(struct buf *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void judge_accepts(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Must fail, and say `words` while doing so: not for want of a file. */
void judge_refuses(const char *words, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Where that file or folder of the third-party data is; SKIPs loudly and gives false when it is not there. */
bool vectors_path(const char *sub, struct buf *ret);

/* Runs `each` on every file of a folder of the third-party data, and on what its PEM blocks hold. Gives how many
 * inputs there were; SKIPs loudly and gives 0 when there is no such data. */
size_t vectors_each(const char *sub, void (*each)(struct str bytes, void *arg), void *arg);

#endif
