#include "role/opener/answer.h"

#include "base/log.h"
#include "base/mem.h"
#include "crypto/aead.h"
#include "ipc/peer.h"
#include "role/lent.h"
#include "role/probe.h"
#include "role/role.h"
#include "role/stored.h"
#include "sys/memfd.h"
#include "transform/scrub.h"
#include "wire/addr.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { ID_MAX = 250, NAME_BYTES = 200, IN_REPLY_MAX = 5, DOMAINS_MAX = 64, CORE_WAIT_MS = 60000 };

struct open_job {
	int road;
	uint64_t job;
	struct map map;
	struct arena arena;
	struct buf record; /* the last one from core */
	struct cms_cert *certs[OPEN_CERTS_MAX], *pins[OPEN_PINS_MAX];
	const struct key *keys[OPEN_CERTS_MAX];
	size_t groups[OPEN_CERTS_MAX];
	struct open_ring ring;
	struct opened opened;
	bool layers;        /* opened is filled */
	uint8_t digest[32]; /* of the body as it came */
	struct scrub_facts facts;
	struct str domains[DOMAINS_MAX];
	size_t n_domains;
};

__attribute__((noreturn)) static void end(int status)
{
	_exit(status); /* what runs at exit needs the kernel's leave, which is gone */
}

/* ---- speaking with core ------------------------------------------------------------------------------------------ */

/* IPC_NONE: core has ended the road, or waits no longer. */
static int hear(struct open_job *a, enum ipc_tag *ret_tag, void *msg, struct ipc_fds *fds, struct fail *f)
{
	struct pollfd p = { .fd = a->road, .events = POLLIN };

	if (poll(&p, 1, CORE_WAIT_MS) <= 0)
		return fail(f, FAIL_PEER, "core is silent");
	return ipc_read(a->road, &a->record, ret_tag, msg, fds, f);
}

#define SAY(a, lower, ...)                                                                                   \
	ipc_write((a)->road, IPC_##lower, &(struct lower){ __VA_ARGS__ }, NULL, 0, &(struct fail){ 0 })

/* Lent when it is first asked for (promise 5: only those of the addresses that the message came to can be). */
static int lent(void *self, size_t i, const struct key **ret, struct fail *f)
{
	struct open_job *a = self;
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX];
	struct ipc_fds fds = { .n = 0 };
	struct key *key = NULL;
	enum ipc_tag tag;
	int r;

	if (!a->keys[i]) {
		TRY(SAY(a, open_key, a->job, (uint32_t)i));
		TRY(hear(a, &tag, msg, &fds, f));
		r = tag == IPC_key_road && fds.n == 1 ? lent_key(fds.fd[0], &key, f)
		                                      : fail(f, FAIL_AGAIN, "no key was lent");
		ipc_fds_close(&fds);
		TRY(r);
		a->keys[i] = key;
	}
	*ret = a->keys[i];
	return OK;
}

/* ---- what core says first ---------------------------------------------------------------------------------------- */

/* A certificate that cannot be read is left out: its mail cannot be opened, that is all. */
static void take_certs(struct open_job *a, struct str certs, struct str groups)
{
	struct str der, number;
	uint64_t group;
	size_t n = 0;

	while (n < OPEN_CERTS_MAX && list_next(&certs, &der) && list_next(&groups, &number))
		if (str_u64(number, &group) && cms_cert_new(der, &a->certs[n], NULL) == OK)
			a->groups[n++] = (size_t)group;
	a->ring.n = n;
}

static void take_pins(struct open_job *a, struct str pins)
{
	struct str der;
	size_t n = 0;

	/* a gap stays one: the number of a pin is told back to core */
	for (; n < OPEN_PINS_MAX && list_next(&pins, &der); n++)
		if (cms_cert_new(der, &a->pins[n], NULL) < 0)
			break;
	a->ring.n_pinned = n;
}

static void take_domains(struct open_job *a, struct str domains)
{
	while (a->n_domains < DOMAINS_MAX && list_next(&domains, &a->domains[a->n_domains])) {
		a->domains[a->n_domains] = arena_str(&a->arena, a->domains[a->n_domains]);
		a->n_domains++;
	}
}

static int begin(struct open_job *a, struct fail *f)
{
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX];
	const struct open_begin *m = (const void *)msg;
	struct ipc_fds fds = { .n = 0 };
	enum ipc_tag tag;

	TRY(hear(a, &tag, msg, &fds, f));
	ipc_fds_close(&fds);
	if (tag != IPC_open_begin)
		return fail(f, FAIL_PEER, "no beginning");
	a->job = m->job;
	take_certs(a, m->certs, m->groups);
	take_pins(a, m->pins);
	take_domains(a, m->domains);
	a->ring.certs = (const struct cms_cert *const *)a->certs;
	a->ring.group = a->groups;
	a->ring.n_groups = m->n_groups;
	a->ring.pinned = (const struct cms_cert *const *)a->pins;
	a->ring.key = lent;
	a->ring.self = a;
	return OK;
}

/* ---- facts ------------------------------------------------------------------------------------------------------- */

static void add_ids(struct buf *list, const struct str *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i].n <= ID_MAX)
			list_add(list, ids[i]);
}

static void add_answers(struct open_job *a, struct buf *list)
{
	const struct field *fd = opened_field(&a->opened, STR("In-Reply-To"));
	struct str ids[IN_REPLY_MAX];

	if (fd)
		add_ids(list, ids,
		        header_msgids(header_unfold(fd->body, &a->arena), &a->arena, IN_REPLY_MAX, ids));
}

static uint32_t form_of(const struct open_job *a)
{
	return OPENED_LAYERS | (a->opened.encrypted ? OPENED_ENCRYPTED : 0) |
	       (a->opened.cbc ? OPENED_CBC : 0) | (a->opened.onward ? OPENED_ONWARD : 0) |
	       (a->facts.automatic ? OPENED_AUTO : 0) | (a->facts.receipt ? OPENED_RECEIPT : 0);
}

static int tell(struct open_job *a, struct fail *f)
{
	const struct opened *o = &a->opened;
	const struct scrub_facts *x = &a->facts;
	OWN(buf) people = BUF(IPC_RECORD_MAX);
	OWN(buf) found = BUF(IPC_RECORD_MAX);
	OWN(buf) names = BUF(IPC_RECORD_MAX);
	OWN(buf) refs = BUF(IPC_RECORD_MAX);
	OWN(buf) answers = BUF(IPC_RECORD_MAX);

	for (size_t i = 0; i < x->n_people; i++) {
		list_add(&people, str_first_utf8(x->people[i].name, NAME_BYTES));
		list_add(&people, x->people[i].address);
	}
	for (size_t i = 0; i < x->n_found; i++)
		list_add(&found, x->found[i]);
	for (size_t i = 0; i < x->n_names; i++)
		list_add(&names, str_first_utf8(x->names[i], NAME_BYTES));
	add_ids(&refs, x->refs, x->n_refs);
	add_answers(a, &answers);
	return SAY(a, opened_facts, .job = a->job, .form = form_of(a), .signature = o->signature,
	           .pin = (uint32_t)o->pin, .signed_utc = o->signed_utc,
	           .signature_digest = str_of(o->signature_digest, sizeof(o->signature_digest)),
	           .from_name = str_first_utf8(x->from.name, NAME_BYTES), .from = x->from.address,
	           .people = buf_str(&people), .found = buf_str(&found), .names = buf_str(&names),
	           .message_id = x->message_id.n <= ID_MAX ? x->message_id : STR(""), .refs = buf_str(&refs),
	           .answers = buf_str(&answers), .date_utc = x->date_utc,
	           .digest = str_of(a->digest, sizeof(a->digest)));
}

static int look(struct open_job *a, struct fail *f)
{
	TRY(open_message(map_str(&a->map), &a->ring, &a->arena, &a->opened, f));
	a->layers = true;
	sha256(str_from(a->opened.in, a->opened.outer.block.n), a->digest);
	return scrub_scan(&a->opened, a->domains, a->n_domains, &a->arena, &a->facts, f);
}

/* Whose word it is said to be, where the content could not be read. */
static struct str said_from(struct open_job *a)
{
	const struct field *fd = a->layers ? opened_field(&a->opened, STR("From")) : NULL;
	OWN(buf) b = BUF(1024);
	struct addr_entry *list;
	size_t n;

	if (fd && addr_list(fd->body, &a->arena, &list, &n, NULL) == OK && n)
		addr_print(&list[0].addr, &b);
	return arena_str(&a->arena, buf_str(&b));
}

/* What is wrong within an encrypted message is told beside who signed it: whoever is not the user hears only that. */
static int tell_failure(struct open_job *a, int code, const struct fail *why)
{
	const struct opened *o = &a->opened;

	return SAY(a, opened_facts, .job = a->job, .code = ipc_code(code), .why = str_c(why->why),
	           .form = a->layers ? form_of(a) : 0, .signature = a->layers ? o->signature : 0,
	           .pin = (uint32_t)o->pin, .signed_utc = o->signed_utc,
	           .signature_digest = str_of(o->signature_digest, 32), .from = said_from(a),
	           .digest = str_of(a->digest, sizeof(a->digest)));
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

struct writing {
	const struct opened *opened;
	struct scrub_plan plan;
	struct scrub_result result;
};

static int write_scrubbed(void *self, struct sink out, struct fail *f)
{
	struct writing *w = self;

	return scrub_message(w->opened, &w->plan, out, &w->result, f);
}

/* file: to write into, or -1. *ret_memory: where it stands otherwise. */
static int write_output(struct open_job *a, const struct scrub *m, int file, struct stored *s,
                        int *ret_memory, struct scrub_result *ret, struct fail *f)
{
	OWN(arena) own = ARENA;
	struct writing w = { .opened = &a->opened,
		             .plan = { .from_name = m->from_name,
		                       .from = m->from,
		                       .message_id = m->message_id,
		                       .date_utc = m->date_utc } };

	w.plan.map = list_pairs(m->map, &own, &w.plan.n_map);
	w.plan.names = list_pairs(m->names, &own, &w.plan.n_names);
	w.plan.own_names = list_items(m->own_names, &own, &w.plan.n_own_names);
	w.plan.ids = list_pairs(m->ids, &own, &w.plan.n_ids);
	w.plan.words = list_items(m->words, &own, &w.plan.n_words);
	w.plan.own_certs = a->ring.pinned;
	w.plan.n_own_certs = a->ring.n_pinned;
	if (file < 0)
		TRY(memfd_new(ret_memory, f));
	TRY(stored_write(file < 0 ? *ret_memory : file, file >= 0, write_scrubbed, &w, s, f));
	*ret = w.result;
	return OK;
}

static uint32_t sum(const uint32_t removed[static SCRUB_KINDS])
{
	uint32_t n = 0;

	for (size_t i = 0; i < SCRUB_KINDS; i++)
		n += removed[i];
	return n;
}

static int on_scrub(struct open_job *a, const struct scrub *m, int file, struct fail *f)
{
	OWN(stored) s = STORED_NONE;
	OWNFD memory = -1;
	struct scrub_result x = { 0 };
	struct fail why = { 0 };
	int r = (m->flags & SEAL_TO_FILE) && file < 0 ? fail(&why, FAIL_BUG, "an output without its file")
	                                              : write_output(a, m, file, &s, &memory, &x, &why);
	struct scrubbed answer = {
		.job = a->job, .output = m->output, .code = ipc_code(r), .why = str_c(why.why)
	};

	if (r == OK) {
		answer.body_key = secret_str(&s.body_key);
		answer.plain = x.bytes;
		answer.stored = s.bytes;
		answer.flags = (x.eight_bit ? SEALED_8BIT : 0) | (x.utf8 ? SEALED_SMTPUTF8 : 0);
		answer.removed = sum(x.removed);
	}
	return ipc_write(a->road, IPC_scrubbed, &answer, &memory, memory >= 0 && r == OK ? 1 : 0, f);
}

/* As many outputs as core asks for, until it ends the road. */
static int write_all(struct open_job *a, struct fail *f)
{
	_Alignas(max_align_t) char msg[IPC_STRUCT_MAX];

	for (;;) {
		struct ipc_fds fds = { .n = 0 };
		enum ipc_tag tag;
		int r;

		TRY(hear(a, &tag, msg, &fds, f));
		if (tag == IPC_NONE)
			return OK;
		r = tag == IPC_scrub ? on_scrub(a, (const void *)msg, fds.n ? fds.fd[0] : -1, f)
		                     : fail(f, FAIL_PEER, "%s is not expected", ipc_name(tag));
		ipc_fds_close(&fds);
		TRY(r);
	}
}

void answer_serve(int road, int message)
{
	static struct open_job a;
	struct fail f = { 0 };
	int r;

	a.road = road;
	a.record = BUF(IPC_RECORD_MAX);
	probe_run();
	r = memfd_map(message, &a.map, &f);
	close(message); /* of a short one nothing is left but our copy */
	if (r == OK)
		r = begin(&a, &f);
	if (r < 0)
		end(1); /* core went away, or never was there */
	r = look(&a, &f);
	if (r < 0)
		(void)!tell_failure(&a, r, &f);
	else if (tell(&a, &f) == OK)
		(void)!write_all(&a, &f);
	end(0);
}
