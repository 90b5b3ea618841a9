/* example.c - the commented file, made from the table of keys. */
#include "conf/key.h"

static struct str given(const struct conf_key *k, const struct conf_init *init)
{
	const struct {
		const char *section, *name;
		struct str value;
	} known[] = {
		{ "server", "state_dir", init->state_dir },
		{ "smtp", "listen", init->listen },
		{ "domains", "relay", init->domain },
		{ "routes", "default", init->smarthost },
		{ "web", "listen", init->web },
		{ "web", "origin", init->origin },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(str_c(k->section), str_c(known[i].section)) &&
		    str_eq(str_c(k->name), str_c(known[i].name)))
			return known[i].value;
	return STR("");
}

static void put_key(const struct conf_key *k, struct str v, struct buf *out)
{
	buf_addf(out, "\n# %s\n", k->help);
	if (v.n)
		buf_addf(out, "%s = %.*s\n", k->name, STR_ARG(v));
	else
		buf_addf(out, "#%s = %s\n", k->name, k->otherwise ? k->otherwise : "");
}

/* Set values stand plainly; a default stands behind "#", to be changed by taking that away. */
void conf_example(const struct conf_init *init, struct buf *out)
{
	const char *section = "";

	buf_addz(out,
	         "# Postern. Every key with its default; a key behind # has that value already.\n"
	         "# Sizes: 512KiB, 50MiB. Times: 30s, 5m, 2h, 5d. `postern config check` reads this file.\n");
	for (const struct conf_key *k = conf_keys; k->section; k++) {
		if (!str_eq(str_c(section), str_c(k->section)))
			buf_addf(out, "\n[%s]\n", k->section);
		section = k->section;
		put_key(k, given(k, init), out);
		if (k->kind != CONF_ROUTE)
			continue;
		buf_addz(out, "\n# More about the route of that name; [route DOMAIN] for another.\n[route "
		              "default]\n");
		for (const struct conf_key *r = conf_route_keys; r->section; r++)
			put_key(r, STR(""), out);
	}
}
