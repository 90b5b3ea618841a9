#include "store/fixture_test.h"

#include "base/clock.h"
#include "store/aliases.h"
#include "store/people.h"
#include "store/profiles.h"
#include "store/queue.h"
#include "store/segment.h"
#include "store/users.h"
#include "sys/memfd.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a cipher that is none, but hides: what the store seals must not be found in its files ------------------------- */

static int fake_seal(void *self, const char *column, struct str plain, struct buf *out, struct fail *f)
{
	buf_addc(out, (char)strlen(column));
	for (size_t i = 0; i < plain.n; i++)
		buf_addc(out, (char)(plain.p[i] ^ 0x5a));
	return OK;
}

static int fake_open(void *self, const char *column, struct str sealed, struct buf *out, struct fail *f)
{
	if (!sealed.n || sealed.p[0] != (char)strlen(column))
		return FAIL_FORGED; /* another column's bytes */
	for (size_t i = 1; i < sealed.n; i++)
		buf_addc(out, (char)(sealed.p[i] ^ 0x5a));
	return OK;
}

static void fake_hash(void *self, const char *use, uint64_t scope, struct str data, uint8_t ret[static 32])
{
	uint64_t h = 14695981039346656037u ^ scope;

	for (const char *p = use; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	for (size_t i = 0; i < data.n; i++)
		h = (h ^ (unsigned char)data.p[i]) * 1099511628211u;
	for (size_t i = 0; i < 32; i++, h *= 1099511628211u)
		ret[i] = (uint8_t)(h >> 56);
}

const struct store_cipher fixture_cipher = { NULL, fake_seal, fake_open, fake_hash };
static char top[] = "/tmp/store-test-XXXXXX";
int fixture_steps_left;

static void step(void)
{
	if (fixture_steps_left && --fixture_steps_left == 0)
		_exit(9);
}

struct store *fixture_open(uint64_t segment_bytes)
{
	const struct store_options o = { segment_bytes, segment_bytes > 0, step };
	struct fail f = { 0 };
	struct store *st = NULL;

	if (store_open(&fixture_cipher, &o, &st, &f) < 0)
		fail_msg("%s", f.why);
	return st;
}

int fixture_fresh(void **state)
{
	static int n;
	char path[64];

	snprintf(path, sizeof(path), "%s/%d", top, n++);
	fixture_steps_left = 0;
	return mkdir(path, 0700) || chdir(path);
}

struct ids fixture_fill(struct store *st)
{
	struct alias al = { .address = STR("shop@relay.example"),
		            .state = ALIAS_ON,
		            .count_left = 3,
		            .created = 5,
		            .label = STR("bookshop-label") };
	struct correspondent c = { .kind = CORRESPONDENT_PERSON,
		                   .key = STR("person:bob@home.example"),
		                   .address = STR("bob@home.example"),
		                   .name = STR("Robert Sender") };
	struct profile p = {
		.state = PROFILE_ISSUED, .cipher = 1, .sender_alg = 2, .not_after = 1000 * DAY_S
	};
	struct ids i;

	MUST(user_add(st, STR("alice-user"), 1, &i.user, NULL));
	MUST(mailbox_add(st, i.user, STR("alice@mailbox.example"), false, 2, &i.mailbox, NULL));
	al.user = i.user;
	MUST(alias_add(st, &al, &i.alias, NULL));
	MUST(alias_mailbox_add(st, i.alias, i.mailbox, NULL));
	MUST(reverse_add(st, i.user, STR("token1@relay.example"), REVERSE_TAKEN, 3, &i.reverse, NULL));
	c.alias = i.alias;
	c.reverse = i.reverse;
	MUST(correspondent_add(st, &c, &i.correspondent, NULL));
	p.user = i.user;
	p.mailbox = i.mailbox;
	MUST(profile_add(st, &p, &i.profile, NULL));
	p.id = i.profile;
	p.user_cert = STR("cert-of-alice");
	p.domains = STR("relay.example");
	MUST(profile_update(st, &p, NULL));
	MUST(msgid_put(st, i.user, MSGID_INBOUND, STR("told@relay.example"), STR("orig-id@home.example"), 4,
	               NULL));
	return i;
}

int fixture_make_top(void **state)
{
	return mkdtemp(top) == NULL;
}

int fixture_remove_top(void **state)
{
	char *argv[] = { (char[]){ "rm" }, (char[]){ "-rf" }, top, NULL };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execv("/bin/rm", argv);
		_exit(1);
	}
	return waitpid(pid, &status, 0) != pid || status;
}

int64_t fixture_enqueue(struct store *st, const struct ids *i, struct str stored, int64_t next)
{
	struct body b = { .stored = stored.n,
		          .plain = stored.n,
		          .key = STR("0123456789abcdef0123456789abcdef") };
	struct queue_item q = { .user = i->user,
		                .kind = QUEUE_FORWARD,
		                .mid = STR("abcdefghijklmnopqrstuvwxyz"),
		                .sender = STR("bounce+x@relay.example"),
		                .rcpt = STR("alice@mailbox.example"),
		                .orig_sender = STR("bob@home.example"),
		                .orig_id = STR("orig-id@home.example"),
		                .alias = STR("shop@relay.example"),
		                .next_try = next,
		                .expires = 99999 };
	OWNFD fd = -1;
	int64_t id;

	MUST(memfd_of(stored, &fd, NULL));
	MUST(body_add(st, fd, &b, &q.body, NULL));
	MUST(queue_add(st, &q, &id, NULL));
	return id;
}
