#include "cli/check.h"

#include "cli/recovery.h"
#include "conf/origin.h"
#include "sys/sock.h"
#include "sys/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(struct show_records *found, const char *level, struct str subject, const char *why)
{
	show_text(found, "level", str_c(level));
	show_text(found, "subject", subject);
	show_text(found, "why", str_c(why));
	show_end(found);
}

struct file_rule {
	const char *absent, *open; /* what to say when it is not there, and when others may read it */
	off_t bytes;               /* exactly so many; 0: any */
	const char *size;
};

static const struct file_rule master_rule = {
	"is not there, and nothing that is stored can be read without it: `postern init --recover -` makes "
	"it from "
	"its recovery key",
	"may be read by others, who could then read a stolen disk: chmod 0400", RECOVERY_KEY,
	"is not 32 bytes long, and is no master key: put the right one back, or `postern init --recover -`"
};
static const struct file_rule state_rule = { "is not there: `postern init` makes it, or mkdir -m 0700",
	                                     "may be entered by others: chmod 0700", 0, NULL };
static const struct file_rule chain_rule = {
	"is not there, and `serve` will not start: put it there, or take "
	"smtp.tls_certificate and smtp.tls_key out",
	NULL, 0, NULL
};
static const struct file_rule tls_rule = { "is not there, and `serve` will not start: put it there, or take "
	                                   "smtp.tls_certificate and smtp.tls_key out",
	                                   "may be read by others, who could then be taken for this server: "
	                                   "chmod 0400",
	                                   0, NULL };

static const struct file_rule route_rule = {
	"is not there, and `serve` will not start: put it there, or take it out "
	"of its [route]",
	"may be read by others, who could then send as this server: chmod "
	"0400",
	0, NULL
};
static const struct file_rule authorities_rule = { "is not there, and `serve` will not start: install "
	                                           "ca-certificates, or set tls_ca",
	                                           NULL, 0, NULL };

static void check_file(struct str path, const struct file_rule *rule, struct show_records *found)
{
	OWN(arena) a = ARENA;
	struct stat st;

	if (stat(arena_z(&a, path), &st) < 0)
		say(found, "warning", path,
		    errno == ENOENT
		            ? rule->absent
		            : "cannot be looked at by this user: check as the one who runs the server");
	else if (rule->open && (st.st_mode & 0077))
		say(found, "warning", path, rule->open);
	else if (rule->bytes && st.st_size != rule->bytes)
		say(found, "warning", path, rule->size);
}

static bool is_elsewhere(struct str to)
{
	struct endpoint e;

	return endpoint_parse(to, &e, NULL) < 0 || !endpoint_is_loopback(&e);
}

static void check_route(const struct conf_route *r, struct show_records *found)
{
	if (r->user.n && !str_eq(r->tls, STR("verify")) && is_elsewhere(r->to))
		say(found, "warning", r->name,
		    "this route gives its password to whoever answers in the server's place: set tls = "
		    "verify");
	if (r->password_file.n)
		check_file(r->password_file, &route_rule, found);
	if (r->tls_key.n)
		check_file(r->tls_key, &route_rule, found);
	if (r->tls_certificate.n)
		check_file(r->tls_certificate, &authorities_rule, found);
	if (str_eq(r->tls, STR("verify")))
		check_file(r->tls_ca.n ? r->tls_ca : STR("/etc/ssl/certs/ca-certificates.crt"),
		           &authorities_rule, found);
}

/* The app works without them. */
static void check_origin(const struct conf *c, struct show_records *found)
{
	struct fail f = { 0 };
	struct str site;

	if (origin_site(c->web_origin, &site, &f) < 0)
		say(found, "warning", STR("passkeys"), f.why);
}

void check_machine(const struct conf *c, struct show_records *found)
{
	check_file(c->master_key, &master_rule, found);
	check_file(c->state_dir, &state_rule, found);
	if (c->tls_key.n) {
		check_file(c->tls_certificate, &chain_rule, found);
		check_file(c->tls_key, &tls_rule, found);
	} else {
		say(found, "note", STR("smtp.tls_certificate"),
		    "is not set: mail is taken without STARTTLS, which is right behind a server on this "
		    "machine");
	}
	for (size_t i = 0; i < c->n_routes; i++)
		check_route(&c->routes[i], found);
	if (c->web_listen.n)
		check_origin(c, found);
	if (geteuid() == 0 && !c->uid_base)
		say(found, "warning", STR("server.uid_base"),
		    "is 0: started as root, all processes stay root; set it to the first of ten unused user "
		    "numbers");
	if (swap_is_open())
		say(found, "warning", STR("swap"),
		    "is on and does not look encrypted: mail in memory may reach the disk in clear; turn it "
		    "off or "
		    "encrypt it");
}
