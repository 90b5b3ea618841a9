/* edges_fuzz.c - keygen as a hostile core and a hostile vault hear it. Law: core hears no private key, and of no request more than one
 * answer. */
#include "role/play_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define CONF "[domains]\nrelay = relay.example\n[routes]\ndefault = 127.0.0.1:9\n"
enum { CORE, VAULT, SCALAR_AT = 2, SCALAR = 32, MADE = 64 };

static struct str made[MADE]; /* what went to the vault */
static size_t n_made;
static struct arena of_made;

static void heard(unsigned road, enum ipc_tag tag, const void *msg, struct str record, struct ipc_fds *fds)
{
	const struct spare_wrap *w = msg;

	if (road == VAULT && n_made < MADE)
		made[n_made++] = arena_str(&of_made, str_first(str_from(w->record, SCALAR_AT), SCALAR));
	for (size_t i = 0; road == CORE && i < n_made; i++)
		law(str_find(record, made[i]) == record.n, "a private key was told");
}

static bool answer(unsigned road, enum ipc_tag heard_tag, const void *msg, const struct ipc_fds *fds,
                   enum ipc_tag *ret_tag, void *ret_msg, int *ret_fd)
{
	const struct spare_wrap *m = msg;

	if (heard_tag != IPC_spare_wrap)
		return false;
	*ret_tag = IPC_spare_wrapped;
	*(struct spare_wrapped *)ret_msg =
	        (struct spare_wrapped){ m->req, 0, STR(""), m->alg, STR("a spare, wrapped") };
	return true;
}

/* The quick kind; what takes longer is asked for by the tape, seldom. */
static void act(unsigned k, struct tape *t)
{
	PLAY(CORE, key_make, tape_number(t), 2);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	play = (struct play){ .answer = answer, .heard = heard, .act = act, .n_acts = 1, .deaf = true };
	play_begin(keygen_main, CONF);
	play_road(CORE_KEYGEN, KEYGEN_CORE, ROLE_CORE, 0);
	play_road(VAULT_KEYGEN, KEYGEN_VAULT, ROLE_VAULT, 0);
	play_ready();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	n_made = 0;
	play_input(p, n);
	arena_done(&of_made);
	return 0;
}
