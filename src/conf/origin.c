#include "conf/origin.h"

#include "conf/conf.h"

static bool is_local(struct str host)
{
	return str_eq(host, STR("localhost")) || str_ends(host, STR(".localhost"));
}

static bool is_number(struct str host)
{
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] != '.' && (host.p[i] < '0' || host.p[i] > '9'))
			return false;
	return true;
}

/* As browsers print it, who compare it byte by byte. */
static bool is_name(struct str host)
{
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] != ascii_lower(host.p[i]))
			return false;
	return conf_is_domain(host) || is_local(host);
}

int origin_site(struct str origin, struct str *ret, struct fail *f)
{
	bool https = str_starts(origin, STR("https://"));
	struct str host = str_from(origin, https ? 8 : 7), left = host;

	host = str_cut(&left, ':');
	if ((host.n && host.p[0] == '[') || is_number(host))
		return fail(f, FAIL_DENIED,
		            "web.origin is an IP address, and passkeys belong to names: give the server one");
	if (!is_name(host))
		return fail(f, FAIL_DENIED,
		            "web.origin holds no host name in lower case that passkeys could belong to");
	if (!https && !is_local(host))
		return fail(f, FAIL_DENIED,
		            "web.origin is not https, and browsers make no passkeys without it (but at "
		            "localhost)");
	*ret = host;
	return OK;
}
