#include "store/fixture_test.h"
#include "store/queue.h"
#include "store/segment.h"
#include "store/users.h"
#include "sys/memfd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MESSAGES = 6 };

/* In a child that dies at step k: each message that was committed is counted in a file, after the commit. */
static void run_until(int k, uint64_t segment_bytes)
{
	struct store *st = fixture_open(segment_bytes);
	struct ids i = fixture_fill(st);
	int said = open("acknowledged", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	MUST(store_commit(st, NULL));
	fixture_steps_left = k;
	for (int n = 0; n < MESSAGES; n++) {
		fixture_enqueue(st, &i, STR("a message that was accepted"), n);
		MUST(store_commit(st, NULL));
		if (write(said, "x", 1) != 1)
			_exit(3);
	}
	_exit(0);
}

static int check_item(void *arg, const struct queue_item *q, struct fail *f)
{
	struct store *st = ((void **)arg)[0];
	int *n = ((void **)arg)[1];
	OWN(arena) a = ARENA;
	struct body b;
	OWNFD fd = -1;
	uint64_t at;
	char text[64];

	MUST(body_get(st, q->body, &a, &b, &fd, &at, NULL));
	assert_int_equal(pread(fd, text, b.stored, (off_t)at), b.stored);
	assert_true(str_eq(str_of(text, b.stored), STR("a message that was accepted")));
	(*n)++;
	return OK;
}

static void survives_each_step(uint64_t segment_bytes)
{
	for (int k = 1; k <= 4 * MESSAGES + 1; k++) {
		struct stat said;
		struct store *st;
		int status, n = 0;
		void *arg[2] = { NULL, &n };
		pid_t pid;

		assert_int_equal(fixture_fresh(NULL), 0);
		pid = fork();
		if (pid == 0)
			run_until(k, segment_bytes);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 9 || WEXITSTATUS(status) == 0));
		assert_int_equal(stat("acknowledged", &said), 0);
		st = fixture_open(0);
		arg[0] = st;
		MUST(queue_each(st, check_item, arg, NULL));
		assert_true(n >= said.st_size && n <= said.st_size + 1);
		store_free(st);
	}
}

static void promise_2_what_was_acknowledged_survives_each_step(void **state)
{
	survives_each_step(0);
	survives_each_step(100);
}

static bool is_there(int64_t file)
{
	char name[64];

	snprintf(name, sizeof(name), "bodies/%016llx", (unsigned long long)file);
	return access(name, F_OK) == 0;
}

/* Another group may have begun when a log is synced: what was deleted in it may yet have to be there. */
static void promise_2_a_file_goes_when_that_is_durable(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct body b = { .stored = 1, .plain = 1, .key = STR("k") };
	int64_t file[2], id[2], user;
	int fd;

	for (int i = 0; i < 2; i++) {
		OWNFD made = -1;

		MUST(body_file_new(st, &file[i], &made, NULL));
		MUST(body_file_add(st, file[i], &b, &id[i], NULL));
	}
	MUST(store_commit(st, NULL));
	MUST(body_delete(st, id[0], NULL));
	assert_int_equal(store_bodies_fd(st), -1);
	MUST(store_write(st, &fd, NULL));
	assert_true(fd >= 0 && is_there(file[0]));
	MUST(body_delete(st, id[1], NULL));
	MUST(store_log_synced(st, fdatasync(fd), NULL));
	assert_true(!is_there(file[0]) && is_there(file[1]));
	store_rollback(st);
	MUST(user_add(st, STR("somebody"), 1, &user, NULL));
	MUST(store_commit(st, NULL));
	assert_true(is_there(file[1]));
	MUST(body_delete(st, id[1], NULL));
	MUST(store_commit(st, NULL));
	assert_false(is_there(file[1]));
}

/* What stands in a log whose sync has failed goes to the database instead; a group that is open is in the way. */
static void promise_2_a_log_that_is_not_synced_is_left_behind(void **state)
{
	OWNS(store) st = fixture_open(0);
	struct stat log;
	int64_t user;
	int fd;

	MUST(user_add(st, STR("somebody"), 1, &user, NULL));
	MUST(store_write(st, &fd, NULL));
	MUST(user_add(st, STR("somebody else"), 1, &user, NULL));
	assert_int_equal(store_log_synced(st, FAIL_SYS, NULL), FAIL_BUG);
	store_rollback(st);
	MUST(store_log_synced(st, FAIL_SYS, NULL));
	assert_int_equal(stat("postern.db-wal", &log), 0);
	assert_int_equal(log.st_size, 0);
	MUST(user_find(st, STR("somebody"), &user, NULL));
	assert_int_equal(user_find(st, STR("somebody else"), &user, NULL), FAIL_ABSENT);
}

/* A full disk takes nothing halfway, and the store goes on when there is room again. */
static void a_full_disk_loses_the_group_and_no_more(void **state)
{
	static char big[300000];
	struct rlimit was, small = { 200000, 0 };
	OWNS(store) st = fixture_open(0);
	struct ids i = fixture_fill(st);
	struct body b = { .stored = sizeof(big), .plain = sizeof(big), .key = STR("k") };
	OWNFD fd = -1;
	int64_t id;

	MUST(store_commit(st, NULL));
	MUST(memfd_of(str_of(big, sizeof(big)), &fd, NULL));
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	small.rlim_max = was.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	MUST(user_add(st, STR("in the lost group"), 1, &id, NULL));
	assert_int_equal(body_add(st, fd, &b, &id, NULL), FAIL_SYS);
	setrlimit(RLIMIT_FSIZE, &was);
	fixture_enqueue(st, &i, STR("a message that was accepted"), 1);
	MUST(store_commit(st, NULL));
	id = 0;
	MUST(queue_each(st, check_item, (void *[]){ st, &(int){ 0 } }, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(promise_2_what_was_acknowledged_survives_each_step, fixture_fresh),
		cmocka_unit_test_setup(promise_2_a_file_goes_when_that_is_durable, fixture_fresh),
		cmocka_unit_test_setup(promise_2_a_log_that_is_not_synced_is_left_behind, fixture_fresh),
		cmocka_unit_test_setup(a_full_disk_loses_the_group_and_no_more, fixture_fresh),
	};

	return cmocka_run_group_tests(tests, fixture_make_top, fixture_remove_top);
}
