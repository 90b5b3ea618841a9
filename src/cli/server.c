/* server.c - init, serve, config check, version. */
#include "base/mem.h"
#include "cli/ask.h"
#include "cli/check.h"
#include "cli/file.h"
#include "cli/recovery.h"
#include "cli/simple.h"
#include "crypto/aead.h"
#include "ipc/codec.h"
#include "role/parent/parent.h"
#include "role/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RECOVERY_LINE = 200 };

/* ---- init -------------------------------------------------------------------------------------------------------- */

struct place {
	const char *dir, *conf;
};

static bool names_a_file(const char *path)
{
	struct stat st;

	return str_ends(str_c(path), STR(".conf")) && (stat(path, &st) < 0 || !S_ISDIR(st.st_mode));
}

/* A file by -c or as FILE.conf, with its folder; or a folder, this one when none is named, and postern.conf in it. */
static int find_place(struct cli *c, struct place *ret, struct fail *f)
{
	const char *named = c->n_operands ? c->operands[0] : NULL;
	const char *file = c->conf_given ? c->conf_path : named && names_a_file(named) ? named : NULL;
	const char *slash = file ? strrchr(file, '/') : NULL;

	if (c->conf_given && named)
		return fail(f, FAIL_SYNTAX, "-c %s and %s are both named: name one of the two", c->conf_path,
		            named);
	if (slash)
		ret->dir = arena_z(&c->arena, str_of(file, slash == file ? 1 : (size_t)(slash - file)));
	else
		ret->dir = !file && named ? named : ".";
	ret->conf = file ? file : file_in(&c->arena, ret->dir, "postern.conf");
	return OK;
}

static int master_of(const struct cli *c, struct secret *ret, struct fail *f)
{
	const char *text = cli_option(c, "recover");
	OWN(secret) line = SECRET_NONE;

	if (text && strcmp(text, "-") != 0)
		return recovery_parse(str_c(text), ret, f);
	if (text) {
		fprintf(stderr, "The recovery key: ");
		TRY(file_line("-", RECOVERY_LINE, &line, f));
		return recovery_parse(secret_str(&line), ret, f);
	}
	TRY(secret_new(ret, RECOVERY_KEY, f));
	return random_bytes(ret->p, ret->n, f);
}

static int setting(struct cli *c, const char *option, const char *otherwise, struct str *ret, struct fail *f)
{
	const char *v = cli_option(c, option);

	*ret = str_c(v ? v : otherwise);
	for (size_t i = 0; i < ret->n; i++)
		if ((unsigned char)ret->p[i] < 32 || ret->p[i] == ';' || ret->p[i] == 127)
			return fail(f, FAIL_SYNTAX,
			            "--%s: a value in the file has no control character and no ;", option);
	return OK;
}

/* The text, after it was read as `serve` will read it. */
static int compose(struct cli *c, const struct place *p, struct buf *text, struct conf *ret, struct fail *f)
{
	struct conf_init values;

	TRY(setting(c, "domain", "relay.example", &values.domain, f));
	TRY(setting(c, "listen", "127.0.0.1:2525", &values.listen, f));
	TRY(setting(c, "smarthost", "127.0.0.1:25", &values.smarthost, f));
	TRY(setting(c, "state-dir", "state", &values.state_dir, f));
	TRY(setting(c, "web", "", &values.web, f));
	TRY(setting(c, "origin", "", &values.origin, f));
	conf_example(&values, text);
	return conf_parse(buf_str(text), "postern.conf", p->dir, &c->arena, ret, f);
}

static void tell(struct cli *c, const struct place *p, const struct conf *conf, const struct secret *key,
                 bool fresh)
{
	OWN(show_records) said = SHOW_RECORDS;
	OWN(buf) text = BUF(256);

	recovery_print(key, &text);
	if (c->json) {
		show_text(&said, "configuration", str_c(p->conf));
		show_text(&said, "master_key", conf->master_key);
		show_text(&said, "state_dir", conf->state_dir);
		show_text(&said, "recovery_key", buf_str(&text));
		show_end(&said);
		print_json(buf_str(&said.list));
	} else if (fresh) {
		printf("Wrote %s and %.*s, made %.*s.\n\nThe recovery key of this relay:\n\n    %s\n\n"
		       "Write it down on paper and keep it away from this machine. Everything that is stored "
		       "is\n"
		       "encrypted under the master key: without it, after a lost disk or from a backup, "
		       "nobody can\n"
		       "read any of it again. `postern init --recover -` makes the master key anew from this "
		       "text.\n\n"
		       "Next: look at %s, then postern user add NAME\n",
		       p->conf, STR_ARG(conf->master_key), STR_ARG(conf->state_dir), text.p, p->conf);
	} else {
		printf("Made %.*s anew. Next: put the state back into %.*s, then postern serve\n",
		       STR_ARG(conf->master_key), STR_ARG(conf->state_dir));
	}
	wipe(text.p, text.cap);
}

/* The first account: asked of a server of our own, which makes the store on the way. */
static int invite_first(struct cli *c, const struct place *p, struct fail *f)
{
	OWN(ask) a = ASK("user.invite");
	struct str link;

	c->conf_path = p->conf;
	TRY(ask_run(&a, c, f));
	link = ask_field(&a, "link");
	if (c->json)
		print_json(buf_str(&a.records));
	else
		printf("\nYour own account, once the server and its proxy run (good for a week; later: "
		       "postern user invite):\n\n"
		       "    %.*s\n",
		       STR_ARG(link));
	return OK;
}

static int init(struct cli *c, struct fail *f)
{
	bool fresh = !cli_option(c, "recover");
	OWN(buf) text = BUF(65536);
	OWN(secret) key = SECRET_NONE;
	struct place p = { 0 };
	struct conf conf;
	const char *master;

	TRY(crypto_init(f));
	TRY(find_place(c, &p, f));
	TRY(compose(c, &p, &text, &conf, f));
	TRY(master_of(c, &key, f));
	TRY(file_dir(p.dir, 0755, f));
	if (!fresh && file_is(p.conf))
		TRY(conf_load(p.conf, &c->arena, &conf, f));
	master = arena_z(&c->arena, conf.master_key);
	if (file_is(master) || (fresh && file_is(p.conf)))
		return fail(f, FAIL_EXISTS,
		            "%s is there already, and nothing was changed: name another folder, or go on "
		            "with this one",
		            file_is(master) ? master : p.conf);
	TRY(file_dir(arena_z(&c->arena, conf.state_dir), 0700, f));
	if (!file_is(p.conf))
		TRY(file_new(p.conf, buf_str(&text), 0644, f));
	TRY(file_new(master, secret_str(&key), 0400, f));
	tell(c, &p, &conf, &key, fresh);
	return fresh && cli_option(c, "web") ? invite_first(c, &p, f) : OK;
}

/* ---- serve, check, version --------------------------------------------------------------------------------------- */

static int serve(struct cli *c, struct fail *f)
{
	return parent_serve(c->conf_path, f);
}

/* What can be seen to be wrong is said here, and not only in the server's log. */
static int reload(struct cli *c, struct fail *f)
{
	OWN(show_records) said = SHOW_RECORDS;
	struct conf conf;
	int r;

	TRY(cli_conf(c, &conf, f));
	r = parent_reload(arena_z(&c->arena, conf.control_socket), f);
	if (r == FAIL_ABSENT)
		return fail(f, r, "no server runs");
	TRY(r);
	show_text(&said, "reload", STR("asked"));
	show_end(&said);
	if (c->json)
		print_json(buf_str(&said.list));
	else
		printf("The server reads its files anew; its log says what changed, and what waits for a "
		       "restart.\n");
	return OK;
}

static void print_findings(struct str records)
{
	OWN(buf) out = BUF(65536);
	struct show_cell cell;
	struct str record;

	while (list_next(&records, &record)) {
		for (int i = 0; show_next(&record, &cell); i++) {
			buf_addz(&out, i ? ": " : "");
			show_clean(cell.value, &out);
		}
		buf_addc(&out, '\n');
	}
	print_out(&out);
}

static int config_check(struct cli *c, struct fail *f)
{
	OWN(show_records) found = SHOW_RECORDS;
	struct conf conf;

	TRY(cli_conf(c, &conf, f));
	check_machine(&conf, &found);
	if (c->json) {
		print_json(buf_str(&found.list));
		return OK;
	}
	print_findings(buf_str(&found.list));
	printf("%s is well formed.\n", c->conf_path);
	return OK;
}

/* The digest of the web app that `serve` would serve; of a file that cannot be read, of the app where it is installed. */
static int find_ui(struct cli *c, struct ui *u, struct fail *f)
{
	struct conf conf;

	TRY(crypto_init(f));
	if (cli_conf(c, &conf, f) < 0)
		conf_blank(&conf);
	return ui_load(u, conf.web_ui, &c->arena, f);
}

static int version(struct cli *c, struct fail *f)
{
	OWN(show_records) said = SHOW_RECORDS;
	struct ui *u = xnew(struct ui);
	int r = find_ui(c, u, f);

	show_text(&said, "version", STR(POSTERN_VERSION));
	show_text(&said, "interface", str_c(u->digest));
	show_end(&said);
	if (r != FAIL_ABSENT)
		TRY(r);
	if (c->json)
		print_json(buf_str(&said.list));
	else
		printf("postern %s\ninterface %s\n", POSTERN_VERSION,
		       u->digest[0] ? u->digest : "is not installed");
	free(u);
	return OK;
}

// clang-format off
const struct cli_command cli_server[] = {
	{ "init", "[DIR|FILE]", "write a configuration, a master key and a state directory", init, 0, 1, {
	  { "domain", "DOMAIN", "the domain of the aliases" },
	  { "listen", "ADDRESS:PORT", "where mail is taken; default 127.0.0.1:2525" },
	  { "smarthost", "SERVER", "where mail goes: ADDRESS:PORT, a name, or mx; default 127.0.0.1:25" },
	  { "state-dir", "DIR", "state directory; default state, beside the configuration" },
	  { "web", "ADDRESS:PORT", "where the web app answers its proxy; prints a first invitation" },
	  { "origin", "URL", "how browsers reach it: https://relay.example" },
	  { "recover", "KEY", "make the master key anew from its recovery key; - asks for it" } } },
	{ "serve", "", "run the relay", serve, 0, 0, { { 0 } } },
	{ "reload", "", "let the running server read its files anew", reload, 0, 0, { { 0 } } },
	{ "config check", "", "read the configuration and say what is wrong with it", config_check, 0, 0, { { 0 } } },
	{ "version", "", "print the version, and the digest of the web app", version, 0, 0, { { 0 } } },
	{ 0 }
};
// clang-format on
