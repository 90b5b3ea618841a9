#include "role/permits_test.h"

// clang-format off
static const struct permit table[IPC_TAGS][3] = {
	[IPC_role_begin] = { { PARENT_ROLE, 0, 0 } },
	[IPC_role_peer] = { { PARENT_ROLE, 1, 1 } },
	[IPC_role_listen] = { { PARENT_ROLE, 1, 1 } },
	[IPC_role_conf] = { { PARENT_ROLE, 0, 0 } },
	[IPC_role_master] = { { PARENT_ROLE, 0, 0 } },
	[IPC_role_tls] = { { PARENT_ROLE, 0, 0 } },
	[IPC_role_route] = { { PARENT_ROLE, 0, 1 } },
	[IPC_role_go] = { { PARENT_ROLE, 0, 0 } },
	[IPC_role_stop] = { { PARENT_ROLE, 0, 0 } },
	[IPC_role_ready] = { { ROLE_PARENT_, 0, 0 } },
	[IPC_role_lost] = { { ROLE_PARENT_, 0, 0 } },

	[IPC_rcpt_ask] = { { GATE_CORE, 0, 0 } },
	[IPC_accept_ask] = { { GATE_CORE, 1, 2 } },
	[IPC_auth_ask] = { { GATE_CORE, 0, 0 } },
	[IPC_gate_facts] = { { GATE_CORE, 0, 0 } },
	[IPC_delivered] = { { GATE_CORE, 0, 0 } },
	[IPC_names_answer] = { { GATE_CORE, 0, 0 } },
	[IPC_rcpt_answer] = { { CORE_GATE, 0, 0 } },
	[IPC_accept_answer] = { { CORE_GATE, 0, 0 } },
	[IPC_auth_answer] = { { CORE_GATE, 0, 0 } },
	[IPC_deliver] = { { CORE_GATE, 1, 1 } },
	[IPC_names_ask] = { { CORE_GATE, 0, 0 } },

	[IPC_scan_job] = { { CORE_SCRIBE, 1, 2 } },
	[IPC_seal] = { { CORE_SCRIBE, 0, 1 } },
	[IPC_job_end] = { { CORE_SCRIBE, 0, 0 } },
	[IPC_csr_read] = { { CORE_SCRIBE, 0, 0 } },
	[IPC_chain_check] = { { CORE_SCRIBE, 0, 0 } },
	[IPC_lent] = { { VAULT_SCRIBE, 0, 0 } },
	[IPC_scanned] = { { SCRIBE_CORE, 0, 0 } },
	[IPC_need_key] = { { SCRIBE_CORE, 0, 0 } },
	[IPC_sealed] = { { SCRIBE_CORE, 0, 1 } },
	[IPC_csr_facts] = { { SCRIBE_CORE, 0, 0 } },
	[IPC_chain_checked] = { { SCRIBE_CORE, 0, 0 } },

	[IPC_open_fork] = { { CORE_OPENER, 2, 3 } },
	[IPC_open_begin] = { { CORE_ANSWER, 0, 0 } },
	[IPC_key_road] = { { CORE_ANSWER, 1, 1 } },
	[IPC_scrub] = { { CORE_ANSWER, 0, 1 } },
	[IPC_open_key] = { { ANSWER_CORE, 0, 0 } },
	[IPC_opened_facts] = { { ANSWER_CORE, 0, 0 } },
	[IPC_scrubbed] = { { ANSWER_CORE, 0, 1 } },

	[IPC_store_keys] = { { CORE_VAULT, 0, 0 } },
	[IPC_intermediate] = { { CORE_VAULT, 0, 0 } },
	[IPC_issue_user] = { { CORE_VAULT, 0, 0 } },
	[IPC_issue_sender] = { { CORE_VAULT, 0, 0 } },
	[IPC_rewrap] = { { CORE_VAULT, 0, 0 } },
	[IPC_lend_scribe] = { { CORE_VAULT, 0, 0 } },
	[IPC_lend] = { { CORE_VAULT, 1, 1 } },
	[IPC_store_keys_answer] = { { VAULT_CORE, 0, 0 } },
	[IPC_intermediate_answer] = { { VAULT_CORE, 0, 0 } },
	[IPC_issued] = { { VAULT_CORE, 0, 0 } },
	[IPC_rewrapped] = { { VAULT_CORE, 0, 0 } },

	[IPC_key_make] = { { CORE_KEYGEN, 0, 0 } },
	[IPC_key_made] = { { KEYGEN_CORE, 0, 0 } },
	[IPC_spare_wrap] = { { KEYGEN_VAULT, 0, 0 } },
	[IPC_spare_wrapped] = { { VAULT_KEYGEN, 0, 0 } },

	[IPC_call] = { { CONTROL_CORE, 0, 0 } },
	[IPC_web_call] = { { WEB_CORE, 0, 0 } },
	[IPC_answer] = { { CORE_CONTROL, 0, 0 }, { CORE_WEB, 0, 0 } },
};
// clang-format on

const struct permit *permit_of(enum road road, enum ipc_tag tag)
{
	for (size_t i = 0; i < 3; i++)
		if (table[tag][i].road == road)
			return &table[tag][i];
	return NULL;
}

bool permit_has_line(enum ipc_tag tag)
{
	return table[tag][0].road != NO_ROAD;
}

#define FILL_u32(name) m->name = (uint32_t)v->number(v->self);
#define FILL_u64(name) m->name = v->number(v->self);
#define FILL_i64(name) m->name = (int64_t)v->number(v->self);
#define FILL_text(name) m->name = v->text(v->self);
#define FILL_blob(name) m->name = v->text(v->self);
#define FILL_key(name) m->name = v->text(v->self);
#define FILL_list(name) m->name = v->list(v->self);
#define FILL(type, name) FILL_##type(name)
#define FILLER(lower, FIELDS)                                                                                \
	static void fill_##lower(void *msg, const struct filling *v)                                         \
	{                                                                                                    \
		struct lower *m = msg;                                                                       \
		FIELDS(FILL)                                                                                 \
	}
IPC_MESSAGES(FILLER)

#define FILLER_ROW(lower, FIELDS) [IPC_##lower] = fill_##lower,
static void (*const fillers[IPC_TAGS])(void *msg, const struct filling *v) = { IPC_MESSAGES(FILLER_ROW) };

void fill_message(enum ipc_tag tag, const struct filling *v, void *msg)
{
	memset(msg, 0, IPC_STRUCT_MAX);
	fillers[tag](msg, v);
}
