#include "sys/role.h"

static const char *const names[ROLE_COUNT] = {
	[ROLE_PARENT] = "parent", [ROLE_CORE] = "core",     [ROLE_GATE] = "gate", [ROLE_SCRIBE] = "scribe",
	[ROLE_VAULT] = "vault",   [ROLE_KEYGEN] = "keygen", [ROLE_WEB] = "web",   [ROLE_OPENER] = "opener",
};

const char *role_name(enum role r)
{
	return names[r];
}

bool role_by_name(struct str name, enum role *ret)
{
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (str_eq(name, str_c(names[i]))) {
			*ret = (enum role)i;
			return true;
		}
	}
	return false;
}
