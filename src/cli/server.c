/* server.c - init, serve, config check, version. */
#include "cli/ask.h"
#include "cli/recovery.h"
#include "cli/simple.h"
#include "crypto/aead.h"
#include "role/parent/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

/* ---- init -------------------------------------------------------------------------------------------------------- */

static int write_new(const char *path, struct str bytes, mode_t mode, struct fail *f)
{
	OWNFD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return errno == EEXIST
		               ? fail(f, FAIL_EXISTS, "%s is there already, and is left as it is", path)
		               : fail_errno(f, FAIL_SYS, "%s", path);
	if (fchmod(fd, mode) < 0 || write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n || fsync(fd) < 0)
		return fail_errno(f, FAIL_SYS, "%s", path);
	return OK;
}

static int get_key(const struct cli *c, struct secret *ret, struct fail *f)
{
	const char *text = cli_option(c, "recover");

	if (text)
		return recovery_parse(str_c(text), ret, f);
	TRY(secret_new(ret, RECOVERY_KEY, f));
	if (getrandom(ret->p, ret->n, 0) != RECOVERY_KEY)
		return fail_errno(f, FAIL_SYS, "getrandom");
	return OK;
}

static struct str or_else(const struct cli *c, const char *option, const char *otherwise)
{
	const char *v = cli_option(c, option);

	return str_c(v ? v : otherwise);
}

static const char *in_dir(struct cli *c, const char *dir, const char *name)
{
	OWN(buf) b = BUF(PATH_ROOM);

	buf_addf(&b, "%s/%s", dir, name);
	return arena_z(&c->arena, buf_str(&b));
}

static int make_dir(const char *path, mode_t mode, struct fail *f)
{
	return mkdir(path, mode) < 0 && errno != EEXIST ? fail_errno(f, FAIL_SYS, "%s", path) : OK;
}

static void tell(const char *dir, const struct secret *key, bool fresh)
{
	OWN(buf) text = BUF(256);

	printf("Wrote %s/postern.conf, %s/master.key and the state directory.\n", dir, dir);
	if (!fresh)
		return;
	recovery_print(key, &text);
	printf("\nThe recovery key of this relay:\n\n    %s\n\n"
	       "Write it down and keep it away from this machine. Without the master key nothing that is "
	       "stored can be\n"
	       "read again, by anybody. `postern init --recover KEY DIR` makes the file anew from it.\n\n"
	       "Next: look at %s/postern.conf, then postern user add NAME\n",
	       text.p, dir);
}

/* The folder that was named, or the one of the configuration that was. */
static const char *dir_of(struct cli *c)
{
	const char *slash = strrchr(c->conf_path, '/');

	if (c->operands[0])
		return c->operands[0];
	if (!c->conf_given || !slash)
		return ".";
	return arena_z(&c->arena, str_of(c->conf_path, (size_t)(slash - c->conf_path)));
}

static int init(struct cli *c, struct fail *f)
{
	const char *dir = dir_of(c);
	const struct conf_init values = { or_else(c, "domain", "relay.example"),
		                          or_else(c, "listen", "127.0.0.1:2525"),
		                          or_else(c, "smarthost", "127.0.0.1:25"),
		                          or_else(c, "state-dir", "state") };
	const char *conf_path = c->conf_given ? c->conf_path : in_dir(c, dir, "postern.conf"),
	           *recover = cli_option(c, "recover");
	OWN(buf) text = BUF(65536);
	OWN(secret) key = SECRET_NONE;
	struct conf conf;

	TRY(crypto_init(f));
	TRY(get_key(c, &key, f));
	TRY(make_dir(dir, 0755, f));
	conf_example(&values, &text);
	TRY(conf_parse(buf_str(&text), "postern.conf", dir, &c->arena, &conf, f));
	if (!recover || access(conf_path, F_OK) < 0)
		TRY(write_new(conf_path, buf_str(&text), 0644, f));
	TRY(conf_load(conf_path, &c->arena, &conf, f));
	TRY(write_new(arena_z(&c->arena, conf.master_key), secret_str(&key), 0400, f));
	TRY(make_dir(arena_z(&c->arena, conf.state_dir), 0700, f));
	tell(dir, &key, !recover);
	return OK;
}

/* ---- serve, check, version --------------------------------------------------------------------------------------- */

static int serve(struct cli *c, struct fail *f)
{
	return parent_serve(c->conf_path, f);
}

static void check_mode(struct cli *c, struct str path, mode_t forbidden, const char *wanted)
{
	struct stat st;

	if (stat(arena_z(&c->arena, path), &st) < 0)
		printf("warning: %.*s: %s\n", STR_ARG(path),
		       errno == ENOENT ? "is not there" : "cannot be looked at");
	else if (st.st_mode & forbidden)
		printf("warning: %.*s: others may read it; chmod %s\n", STR_ARG(path), wanted);
}

static int config_check(struct cli *c, struct fail *f)
{
	struct conf conf;

	TRY(cli_conf(c, &conf, f));
	check_mode(c, conf.master_key, 0077, "0400");
	check_mode(c, conf.state_dir, 0077, "0700");
	if (conf.tls_key.n)
		check_mode(c, conf.tls_key, 0077, "0400");
	else
		printf("note: there is no smtp.tls_certificate: mail is taken without STARTTLS\n");
	printf("%s is well formed.\n", c->conf_path);
	return OK;
}

static int version(struct cli *c, struct fail *f)
{
	if (c->json)
		printf("[\n  {\n    \"version\": \"%s\"\n  }\n]\n", POSTERN_VERSION);
	else
		printf("postern %s\n", POSTERN_VERSION);
	return OK;
}

// clang-format off
const struct cli_command cli_server[] = {
	{ "init", "[DIR]", "write a configuration, a master key and a state directory", init, 0, 1, {
	  { "domain", "DOMAIN", "the domain of the aliases" },
	  { "listen", "ADDRESS:PORT", "where mail is taken; default 127.0.0.1:2525" },
	  { "smarthost", "ADDRESS:PORT", "where mail goes; default 127.0.0.1:25" },
	  { "state-dir", "DIR", "state directory; default state, beside the configuration" },
	  { "recover", "KEY", "make the master key anew from its recovery key" } } },
	{ "serve", "", "run the relay", serve, 0, 0, { { 0 } } },
	{ "config check", "", "read the configuration and say what is wrong with it", config_check, 0, 0, { { 0 } } },
	{ "version", "", "print the version", version, 0, 0, { { 0 } } },
	{ 0 }
};
// clang-format on
