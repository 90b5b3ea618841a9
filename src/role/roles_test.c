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
/* A test may have a role be another than it is. */
__attribute__((weak)) void play_or_not(enum role r, unsigned index);

int main(int argc, char **argv)
{
	enum role r;
	uint64_t index;

	if (argc != 4 || !str_eq(str_c(argv[1]), STR("role")) || !role_by_name(str_c(argv[2]), &r) ||
	    !roles[r] || !str_u64(str_c(argv[3]), &index))
		return all_tests();
	if (play_or_not)
		play_or_not(r, (unsigned)index);
	roles[r]((unsigned)index);
	return 1;
}
