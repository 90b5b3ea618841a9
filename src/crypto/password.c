#include "crypto/password.h"

#include <argon2.h>

int password_prove(struct str password, struct str salt, const struct password_cost *cost,
                   uint8_t ret[static PASSWORD_PROOF], struct fail *f)
{
	int e;

	if (salt.n != PASSWORD_SALT || cost->memory_kib > PASSWORD_MEMORY_MOST || !cost->passes ||
	    cost->passes > 16 || cost->lanes != 1) /* more would want threads */
		return fail(f, FAIL_DENIED, "argon2id: such costs are not computed here");
	e = argon2id_hash_raw(cost->passes, cost->memory_kib, cost->lanes, password.p, password.n, salt.p,
	                      salt.n, ret, PASSWORD_PROOF);
	return e == ARGON2_OK ? OK : fail(f, FAIL_SYS, "argon2id: %s", argon2_error_message(e));
}
