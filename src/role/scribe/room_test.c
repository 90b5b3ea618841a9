#include "role/scribe/room.h"

#include "base/str.h"
#include "sys/memfd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void a_room_comes_again(void **state)
{
	struct rooms all = { 0 };
	int first = -1, second = -1, again = -1;
	char back[4] = { 0 };

	assert_int_equal(room_take(&all, &first, NULL), OK);
	assert_int_equal(memfd_put(first, STR("long"), 0, NULL), OK);
	assert_int_equal(room_take(&all, &second, NULL), OK); /* nobody else gets what is not given back */
	assert_int_not_equal(first, second);
	room_give(&all, first, 4);
	assert_int_equal(room_take(&all, &again, NULL), OK);
	assert_int_equal(again, first);
	assert_int_equal(memfd_put(again, STR("new"), 0, NULL), OK);
	assert_int_equal(pread(again, back, 4, 0), 4);
	assert_memory_equal(back, "newg", 4); /* from the start, whatever stood there */
	assert_int_equal(room_cut(again, 3, NULL), OK);
	assert_int_equal(pread(again, back, 4, 0), 3);
	close(again);
	close(second);
}

static void no_more_is_kept_than_told(void **state)
{
	struct rooms all = { 0 };
	int fd[ROOMS_MAX + 1], large = -1;

	for (size_t i = 0; i <= ROOMS_MAX; i++)
		assert_int_equal(room_take(&all, &fd[i], NULL), OK);
	assert_int_equal(room_take(&all, &large, NULL), OK);
	room_give(&all, large, ROOM_BYTES_MAX + 1);
	assert_false(is_open(large));
	for (size_t i = 0; i <= ROOMS_MAX; i++)
		room_give(&all, fd[i], ROOM_BYTES_MAX);
	assert_int_equal(all.n, ROOMS_MAX);
	assert_false(is_open(fd[ROOMS_MAX]));
	rooms_empty(&all);
	for (size_t i = 0; i < ROOMS_MAX; i++)
		assert_false(is_open(fd[i]));
	assert_int_equal(all.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_room_comes_again),
		cmocka_unit_test(no_more_is_kept_than_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
