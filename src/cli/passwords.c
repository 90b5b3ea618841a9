/* passwords.c - app passwords of mailboxes. */
#include "cli/show.h"
#include "cli/simple.h"

#include "base/mem.h"

#include <stdio.h>

/* The one time that it is seen. */
static int password_add(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("mailbox.password-add");

	ask_argz(&a, "address", c->operands[0]);
	ask_argz(&a, "name", c->operands[1]);
	TRY(ask_run(&a, c, f));
	if (c->json)
		print_json(buf_str(&a.records));
	else
		printf("User name: %.*s\nPassword:  %.*s\n\n"
		       "For %s alone, and shown this once: only a hash of it is kept. It is valid until\n"
		       "postern mailbox password delete %s %s\n",
		       STR_ARG(ask_field(&a, "user")), STR_ARG(ask_field(&a, "password")), c->operands[1],
		       c->operands[0], c->operands[1]);
	wipe(a.records.p, a.records.cap);
	return OK;
}

static int password_list(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("mailbox.password-list");

	ask_argz(&a, "address", c->operands[0]);
	return simple_list(
	        &a, c, "This mailbox has no app passwords yet: postern mailbox password add MAILBOX NAME", f);
}

static int password_delete(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("mailbox.password-delete");

	ask_argz(&a, "address", c->operands[0]);
	ask_argz(&a, "name", c->operands[1]);
	return simple_do(&a, c, f, "The app password %s was deleted: nobody logs in with it any more.",
	                 c->operands[1]);
}

// clang-format off
const struct cli_command cli_passwords[] = {
	{ "mailbox password add", "MAILBOX NAME", "make an app password for one mail client; it is shown once",
	  password_add, 2, 2, { { 0 } } },
	{ "mailbox password list", "MAILBOX", "list the app passwords of a mailbox", password_list, 1, 1, { { 0 } } },
	{ "mailbox password delete", "MAILBOX NAME", "take an app password back", password_delete, 2, 2, { { 0 } } },
	{ 0 }
};
// clang-format on
