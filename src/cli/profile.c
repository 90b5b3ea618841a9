/* profile.c - profiles. `profile issue` plays the browser: the user key and the root key are made here, the root key is
 * forgotten here, and neither is ever sent. */
#include "cli/issue.h"
#include "cli/simple.h"
#include "crypto/aead.h"
#include "sys/spawn.h"

#include <string.h>

static int profile_list(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("profile.list");

	ask_argz(&a, "mailbox", c->operands[0]);
	return simple_list(&a, c, "There are no profiles yet: postern profile issue MAILBOX", f);
}

static int one(struct cli *c, const char *verb, const char *done, struct fail *f)
{
	OWN(ask) a = ASK(verb);

	ask_argz(&a, "profile", c->operands[0]);
	return simple_do(&a, c, f, "Profile %s %s", c->operands[0], done);
}

static int profile_activate(struct cli *c, struct fail *f)
{
	return one(c, "profile.activate", "is active: mail to its mailbox is sealed with it from now on.", f);
}

static int profile_deactivate(struct cli *c, struct fail *f)
{
	return one(c, "profile.deactivate", "is not active any more. Its keys stay.", f);
}

static int profile_delete(struct cli *c, struct fail *f)
{
	return one(c, "profile.delete",
	           "was deleted and its keys destroyed. Remove its root from your devices too.", f);
}

static int profile_test(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK(cli_option(c, "result") ? "profile.tested" : "profile.test");

	ask_argz(&a, "profile", c->operands[0]);
	if (cli_option(c, "result"))
		return simple_show(&a, c, f);
	return simple_do(
	        &a, c, f,
	        "A letter is on its way, sealed with profile %s. Answer it, signed and encrypted; then:"
	        " postern profile test %s --result",
	        c->operands[0], c->operands[0]);
}

static int profile_issue(struct cli *c, struct fail *f)
{
	const char *cipher = cli_option(c, "cipher"), *out = cli_option(c, "out");
	struct issue i = { .mailbox = c->operands[0],
		           .modern = cli_option(c, "modern") || (cipher && strcmp(cipher, "modern") == 0),
		           .sender_key = cli_option(c, "sender-key"),
		           .days = cli_option(c, "days"),
		           .dir = out ? out : ".",
		           .passphrase_file = cli_option(c, "passphrase-file"),
		           .passphrase_out = cli_option(c, "passphrase-out"),
		           .activate = !cli_option(c, "no-activate") };

	if (cipher && strcmp(cipher, i.modern ? "modern" : "compatible") != 0)
		return fail(f, FAIL_SYNTAX,
		            "--cipher is compatible or modern, and --modern the short form of the latter");
	spawn_settle(); /* no core dump of the keys that are made here */
	TRY(crypto_init(f));
	return issue_run(&i, c, f);
}

// clang-format off
const struct cli_command cli_profiles[] = {
	{ "profile issue", "MAILBOX", "make keys and certificates for a mailbox", profile_issue, 1, 1, {
	  { "cipher", "compatible|modern", "default compatible: RSA-2048 and AES-256-CBC, which all clients read" },
	  { "modern", NULL, "P-256 and AES-256-GCM; few clients read it yet" },
	  { "sender-key", "rsa2048|p256", "keys of the senders' certificates; default rsa2048, with modern p256" },
	  { "days", "N", "life of the profile; default by the configuration, 1095" },
	  { "out", "DIR", "where the files go, made where missing; default here" },
	  { "passphrase-file", "FILE", "its first line protects the .p12 files; - asks; default: one is made" },
	  { "passphrase-out", "FILE", "where a made one goes, instead of being printed" },
	  { "no-activate", NULL, "do not seal with it yet" } } },
	{ "profile list", "[MAILBOX]", "list the profiles", profile_list, 0, 1, { { 0 } } },
	{ "profile test", "PROFILE", "mail a test letter that is sealed with it", profile_test, 1, 1, {
	  { "result", NULL, "how the letter was answered: signed, encrypted, both, or neither" } } },
	{ "profile activate", "PROFILE", "seal a mailbox's mail with this profile", profile_activate, 1, 1, { { 0 } } },
	{ "profile deactivate", "PROFILE", "stop sealing with it", profile_deactivate, 1, 1, { { 0 } } },
	{ "profile delete", "PROFILE", "destroy its keys", profile_delete, 1, 1, { { 0 } } },
	{ 0 }
};
// clang-format on
