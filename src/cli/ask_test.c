#include "cli/ask.h"

#include "cli/simple.h"
#include "ipc/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

/* The other end of the road: what it will say is written before it is asked, and what it was asked is read after. */
struct fake {
	struct cli c;
	int far;
};

static int begin(void **state)
{
	static struct fake f;
	int pair[2];

	if (sock_pair(false, pair, NULL) < 0)
		return -1;
	f = (struct fake){ .c = { .control = pair[0] }, .far = pair[1] };
	*state = &f;
	return 0;
}

static int end(void **state)
{
	struct fake *f = *state;

	ask_hang_up(&f->c);
	arena_done(&f->c.arena);
	if (f->far >= 0)
		close(f->far);
	return 0;
}

static void will_say(struct fake *f, const struct answer *a)
{
	assert_int_equal(ipc_write(f->far, IPC_answer, a, NULL, 0, NULL), OK);
}

static void put_record(struct buf *records, const char *name, const char *value)
{
	OWN(buf) record = BUF(4096);

	list_add(&record, str_c(name));
	list_add(&record, STR("s"));
	list_add(&record, str_c(value));
	list_add(records, buf_str(&record));
}

/* One line of what was asked: "verb name=value ...". */
static void was_asked(struct fake *f, char *out, size_t room)
{
	OWN(buf) record = BUF(IPC_RECORD_MAX);
	union {
		max_align_t align;
		char bytes[IPC_STRUCT_MAX];
		struct call call;
	} msg;
	struct ipc_fds fds = { 0 };
	struct str args, name, value;
	enum ipc_tag tag;
	int n;

	assert_int_equal(ipc_read(f->far, &record, &tag, &msg, &fds, NULL), OK);
	assert_int_equal(tag, IPC_call);
	n = snprintf(out, room, "%.*s", STR_ARG(msg.call.verb));
	for (args = msg.call.args; list_next_pair(&args, &name, &value);)
		n += snprintf(out + n, room - (size_t)n, " %.*s=%.*s", STR_ARG(name), STR_ARG(value));
}

static void answers_in_pieces_are_joined(void **state)
{
	struct fake *f = *state;
	OWN(buf) one = BUF(4096);
	OWN(buf) two = BUF(4096);
	OWN(ask) a = ASK("user.list");
	char asked[256];

	put_record(&one, "name", "alice");
	put_record(&two, "name", "bob");
	will_say(f, &(struct answer){ .id = 1, .more = 1, .records = buf_str(&one) });
	will_say(f, &(struct answer){ .id = 1, .records = buf_str(&two) });
	assert_int_equal(ask_run(&a, &f->c, NULL), OK);
	assert_int_equal(list_count(buf_str(&a.records)), 2);
	assert_true(str_eq(ask_field(&a, "name"), STR("alice")));
	assert_true(str_eq(ask_field(&a, "absent"), STR("")));
	was_asked(f, asked, sizeof(asked));
	assert_string_equal(asked, "user.list");
}

static void a_refusal_is_the_servers_sentence(void **state)
{
	struct fake *f = *state;
	OWN(ask) a = ASK("user.add");
	struct fail why = { 0 };
	char asked[256];

	will_say(f, &(struct answer){ .id = 1,
	                              .code = ipc_code(FAIL_EXISTS),
	                              .why = STR("there is a user alice already"),
	                              .arg = STR("name") });
	ask_argz(&a, "name", "alice");
	ask_argz(&a, "label", NULL);
	assert_int_equal(ask_run(&a, &f->c, &why), FAIL_EXISTS);
	assert_string_equal(why.why, "there is a user alice already");
	assert_string_equal(f->c.wrong, "name");
	was_asked(f, asked, sizeof(asked));
	assert_string_equal(asked, "user.add name=alice");
}

static void nonsense_is_not_believed(void **state)
{
	struct fake *f = *state;
	OWN(ask) a = ASK("stat");

	will_say(f, &(struct answer){ .id = 2 });
	assert_int_equal(ask_run(&a, &f->c, NULL), FAIL_PEER);
	assert_int_equal(ipc_write(f->far, IPC_job_end, &(struct job_end){ 1 }, NULL, 0, NULL), OK);
	assert_int_equal(ask_run(&a, &f->c, NULL), FAIL_PEER);
	assert_int_equal(sock_send(f->far, STR("\xff\xff\xff\xff"), NULL, 0, NULL), OK);
	assert_int_equal(ask_run(&a, &f->c, NULL), FAIL_SYNTAX);
	will_say(f, &(struct answer){ .id = 4, .code = 77, .why = STR("?") });
	assert_int_equal(ask_run(&a, &f->c, NULL), FAIL_BUG);
}

static void a_server_that_ends_is_told(void **state)
{
	struct fake *f = *state;
	OWN(ask) a = ASK("stat");
	struct fail why = { 0 };

	will_say(f, &(struct answer){ .id = 1, .more = 1 });
	shutdown(f->far, SHUT_WR);
	assert_int_equal(ask_run(&a, &f->c, &why), FAIL_PEER);
	assert_true(str_find(str_c(why.why), STR("has ended before it answered")) < strlen(why.why));
	close(f->far);
	f->far = -1;
	assert_int_equal(ask_run(&a, &f->c, &why), FAIL_PEER);
	assert_true(str_find(str_c(why.why), STR("has ended before it answered")) < strlen(why.why));
}

static void too_much_is_not_sent(void **state)
{
	struct fake *f = *state;
	OWN(ask) a = ASK("profile.begin");
	static char big[IPC_RECORD_MAX + 1];

	ask_arg(&a, "csr", str_of(big, sizeof(big)));
	assert_int_equal(ask_run(&a, &f->c, NULL), FAIL_LIMIT);
}

/* What is typed, and the request that its command makes of it. */
static const struct {
	const char *typed[10], *asked;
} commands[] = {
	{ { "user", "add", "alice" }, "user.add name=alice" },
	{ { "user", "list" }, "user.list" },
	{ { "user", "delete", "alice" }, "user.delete name=alice" },
	{ { "mailbox", "add", "alice", "a@b.example", "--clear", "on" },
	  "mailbox.add user=alice address=a@b.example clear=on" },
	{ { "mailbox", "list" }, "mailbox.list" },
	{ { "mailbox", "list", "alice" }, "mailbox.list user=alice" },
	{ { "mailbox", "set", "a@b.example", "--clear=off" }, "mailbox.set address=a@b.example clear=off" },
	{ { "mailbox", "delete", "a@b.example" }, "mailbox.delete address=a@b.example" },
	{ { "mailbox", "sender-add", "a@b.example", "c@d.example" },
	  "mailbox.sender-add address=a@b.example sender=c@d.example" },
	{ { "alias", "add", "alice" }, "alias.add user=alice" },
	{ { "alias", "add", "alice", "x@r.example", "--label", "a b", "--count", "5" },
	  "alias.add user=alice address=x@r.example label=a b count=5" },
	{ { "alias", "list", "alice" }, "alias.list user=alice" },
	{ { "alias", "set", "x@r.example", "--state", "on", "--mailbox", "a@b.example", "--mailbox",
	    "c@d.example" },
	  "alias.set address=x@r.example state=on mailbox=a@b.example mailbox=c@d.example" },
	{ { "alias", "set", "x@r.example", "--expires=never", "--idle-days=3" },
	  "alias.set address=x@r.example expires=never idle_days=3" },
	{ { "alias", "delete", "x@r.example" }, "alias.delete address=x@r.example" },
	{ { "correspondent", "add", "x@r.example", "s@t.example", "--name", "Sam" },
	  "correspondent.add alias=x@r.example address=s@t.example name=Sam" },
	{ { "correspondent", "list", "x@r.example" }, "correspondent.list alias=x@r.example" },
	{ { "profile", "list", "a@b.example" }, "profile.list mailbox=a@b.example" },
	{ { "profile", "test", "3" }, "profile.test profile=3" },
	{ { "profile", "activate", "3" }, "profile.activate profile=3" },
	{ { "profile", "deactivate", "3" }, "profile.deactivate profile=3" },
	{ { "profile", "delete", "3" }, "profile.delete profile=3" },
	{ { "queue", "list" }, "queue.list" },
	{ { "queue", "flush" }, "queue.flush" },
	{ { "queue", "delete", "01J" }, "queue.delete mid=01J" },
	{ { "activity", "alice" }, "event.list user=alice" },
	{ { "activity", "alice", "--alias", "x@r.example", "--outcome", "held", "--before=5-1", "--limit",
	    "3" },
	  "event.list user=alice alias=x@r.example outcome=held before=5-1 limit=3" },
	{ { "stat" }, "stat" },
};

static void commands_ask_what_they_say(void **state)
{
	struct fake *f = *state;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct cli *c = &f->c;
		struct cli fresh = { .control = c->control, .last_id = c->last_id };
		struct fail why = { 0 };
		char asked[256];
		int n = 0;

		while (commands[i].typed[n])
			n++;
		*c = fresh;
		will_say(f, &(struct answer){ .id = c->last_id + 1 });
		if (cli_read(c, n, (char **)(uintptr_t)commands[i].typed, &why) < 0 ||
		    c->command->run(c, &why) < 0)
			fail_msg("%s: %s", commands[i].asked, why.why);
		was_asked(f, asked, sizeof(asked));
		assert_string_equal(asked, commands[i].asked);
	}
}

static void a_change_of_nothing_is_not_asked(void **state)
{
	struct fake *f = *state;
	char *typed[] = { (char[]){ "alias" }, (char[]){ "set" }, (char[]){ "x@r.example" } };

	assert_int_equal(cli_read(&f->c, 3, typed, NULL), OK);
	assert_int_equal(f->c.command->run(&f->c, NULL), FAIL_SYNTAX);
	assert_int_equal(f->c.last_id, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(answers_in_pieces_are_joined),
		CASE(a_refusal_is_the_servers_sentence),
		CASE(nonsense_is_not_believed),
		CASE(a_server_that_ends_is_told),
		CASE(too_much_is_not_sent),
		CASE(commands_ask_what_they_say),
		CASE(a_change_of_nothing_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
