/* main.c - one program: the command line, and by "role NAME INDEX" each of the processes that serve. */
#include "cli/cli.h"
#include "role/role.h"

#include <stdlib.h>
#include <string.h>

static void (*const roles[ROLE_COUNT])(unsigned index) = {
	[ROLE_CORE] = core_main,   [ROLE_GATE] = gate_main,     [ROLE_SCRIBE] = scribe_main,
	[ROLE_VAULT] = vault_main, [ROLE_KEYGEN] = keygen_main, [ROLE_OPENER] = opener_main,
	[ROLE_WEB] = web_main,
};

int main(int argc, char **argv)
{
	enum role r;
	uint64_t index;

	if (argc == 4 && strcmp(argv[1], "role") == 0 && role_by_name(str_c(argv[2]), &r) && roles[r] &&
	    str_u64(str_c(argv[3]), &index))
		roles[r]((unsigned)index);
	return cli_main(argc, argv);
}
