/* fixture_test.h - a store in a folder of its own, one user with something of everything, and a cipher for both. */
#ifndef STORE_FIXTURE_TEST_H
#define STORE_FIXTURE_TEST_H

#include "store/store.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>

#include <cmocka.h>

#define MUST(call)                                                                                           \
	do {                                                                                                 \
		struct fail must_ = { 0 };                                                                   \
		(void)must_;                                                                                 \
		if ((call) < 0)                                                                              \
			fail_msg(#call);                                                                     \
	} while (0)

struct ids {
	int64_t user, mailbox, alias, reverse, correspondent, profile;
};

/* alice-user with alice@mailbox.example, shop@relay.example, bob@home.example behind token1@relay.example. */
struct ids fixture_fill(struct store *st);
/* A message for that mailbox, of which so much is stored: the number of its row. */
int64_t fixture_enqueue(struct store *st, const struct ids *i, struct str stored, int64_t next);

extern const struct store_cipher fixture_cipher;
/* 0: as the relay does; else all bodies go to segments of so many bytes. */
struct store *fixture_open(uint64_t segment_bytes);
extern int fixture_steps_left; /* the process dies at 0 when it was above: at each durable step one less */

int fixture_fresh(void **state); /* before each test: an empty folder is the working directory */
int fixture_make_top(void **state);
int fixture_remove_top(void **state);

#endif
