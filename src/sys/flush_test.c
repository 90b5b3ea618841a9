#include "sys/flush.h"

#include "base/own.h"
#include "sys/loop.h"
#include "sys/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct heard {
	struct loop *loop;
	struct flush *flush;
	int times, result;
	struct fail why;
};

static void on_flushed(void *arg, int result, const struct fail *why)
{
	struct heard *h = arg;

	h->times++;
	h->result = result;
	h->why = *why;
	loop_stop(h->loop);
}

static int some_file(void)
{
	int fd = -1;

	if (memfd_of(STR("what is to be kept"), &fd, NULL) < 0)
		abort();
	return fd;
}

static struct heard begin(void)
{
	struct heard h = { 0 };

	if (loop_new(&h.loop, NULL) < 0)
		abort();
	return h;
}

static void end(struct heard *h)
{
	flush_free(h->flush);
	loop_free(h->loop);
}

/* False: it does not do what its header says. */
static bool works(void)
{
	struct heard h = begin();
	OWNFD fd = some_file();
	bool good = true;

	if (flush_new(h.loop, on_flushed, &h, &h.flush, NULL) < 0)
		return false;
	for (int i = 1; i <= 3; i++) {
		flush_begin(h.flush, fd, "the file");
		good = good && h.times == i - 1; /* never from within */
		loop_run(h.loop);
		loop_resume(h.loop);
		good = good && h.times == i && h.result == OK;
	}
	flush_begin(h.flush, fd, "the file");
	flush_wait(h.flush);
	good = good && h.times == 4 && h.result == OK;
	flush_wait(h.flush); /* nothing is under way */
	good = good && h.times == 4;
	end(&h);
	return good;
}

static void the_loop_hears_when_it_is_durable(void **state)
{
	assert_true(works());
}

static void a_failure_says_of_what(void **state)
{
	struct heard h = begin();
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0); /* there is nothing to sync in a pipe */
	assert_int_equal(flush_new(h.loop, on_flushed, &h, &h.flush, NULL), OK);
	flush_begin(h.flush, ends[1], "sync of a pipe");
	flush_wait(h.flush);
	assert_int_equal(h.result, FAIL_SYS);
	assert_non_null(strstr(h.why.why, "sync of a pipe"));
	assert_int_equal(h.why.sys, EINVAL);
	close(ends[0]);
	close(ends[1]);
	end(&h);
}

/* As in a container that forbids it. */
static void a_kernel_that_refuses_is_done_without(void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

		if (!ctx || seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(io_setup), 0) < 0 ||
		    seccomp_load(ctx) < 0)
			_exit(3);
		_exit(works() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* What is under way is waited for, and nobody is told. */
static void it_may_end_in_the_middle(void **state)
{
	struct heard h = begin();
	OWNFD fd = some_file();

	assert_int_equal(flush_new(h.loop, on_flushed, &h, &h.flush, NULL), OK);
	flush_begin(h.flush, fd, "the file");
	end(&h);
	assert_int_equal(h.times, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loop_hears_when_it_is_durable),
		cmocka_unit_test(a_failure_says_of_what),
		cmocka_unit_test(a_kernel_that_refuses_is_done_without),
		cmocka_unit_test(it_may_end_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
