/* roles_test.c - "role NAME INDEX" as in cli/main.c: the test's image is also that of the roles it starts. */
#include "role/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void (*const roles[ROLE_COUNT])(unsigned index) = {
	[ROLE_CORE] = core_main,   [ROLE_GATE] = gate_main,     [ROLE_SCRIBE] = scribe_main,
	[ROLE_VAULT] = vault_main, [ROLE_KEYGEN] = keygen_main, [ROLE_OPENER] = opener_main,
	[ROLE_WEB] = web_main,
};

int all_tests(void);

int main(int argc, char **argv)
{
	enum role r;
	uint64_t index;

	if (argc == 4 && str_eq(str_c(argv[1]), STR("role")) && role_by_name(str_c(argv[2]), &r) &&
	    roles[r] && str_u64(str_c(argv[3]), &index))
		roles[r]((unsigned)index);
	return all_tests();
}
