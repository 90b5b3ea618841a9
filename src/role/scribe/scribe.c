/* scribe.c - reads mail from strangers and seals it. It holds one user's few leaf keys for a minute, opens no file and no
 * socket, and tells core facts, never content. */
#include "role/role.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/aead.h"
#include "crypto/cert.h"
#include "role/scribe/job.h"
#include "wire/bounce.h"
#include "wire/charset.h"

#include <unistd.h>

enum { AGE_MS = 10000, KEY_WAIT_MS = 5000, SPKI_MAX = 8192 };

struct scribe {
	struct role_start *start;
	struct peer *core, *vault;
	struct job *jobs;
	struct rooms rooms;
	struct cache cache;
	struct timer *age;
};

static struct job *find(const struct scribe *s, uint64_t id)
{
	struct job *j = s->jobs;

	while (j && j->id != id)
		j = j->next;
	return j;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static uint32_t flags_of(const struct scan *s)
{
	return (s->calendar ? SCAN_CALENDAR : 0) | (s->automatic ? SCAN_AUTO : 0) |
	       (s->report ? SCAN_REPORT : 0) | (s->list ? SCAN_LIST : 0);
}

static void add_person(struct buf *list, const struct scan_person *p)
{
	list_add(list, p->name);
	list_add(list, p->address);
}

enum { NAME_MAX_BYTES = 300, ID_TEXT_MAX = 1000 };

static void tell_facts(struct scribe *s, struct job *j, uint32_t wanted)
{
	struct bounce b = { .status = STR(""), .note = STR("") };
	const struct scan *x = &j->scan;
	OWN(buf) reply = BUF(IPC_RECORD_MAX);
	OWN(buf) others = BUF(IPC_RECORD_MAX);
	OWN(buf) refs = BUF(IPC_RECORD_MAX);
	OWN(buf) traces = BUF(IPC_RECORD_MAX);

	for (size_t i = 0; i < x->n_reply; i++) {
		const struct scan_person p = { str_first_utf8(x->reply_to[i].name, NAME_MAX_BYTES),
			                       x->reply_to[i].address };

		add_person(&reply, &p);
	}
	for (size_t i = 0; i < x->n_others; i++) {
		const struct scan_person p = { str_first_utf8(x->others[i].name, NAME_MAX_BYTES),
			                       x->others[i].address };

		add_person(&others, &p);
	}
	for (size_t i = 0; i < x->n_refs; i++)
		list_add(&refs, x->refs[i]);
	for (size_t i = 0; i < x->n_traces; i++)
		list_add(&traces, x->traces[i]);
	if (wanted & SCAN_JOB_REPORT)
		bounce_read(x->root, &j->arena, &b);
	SEND(s->core, scanned, .job = j->id, .from_name = str_first_utf8(x->from.name, ID_TEXT_MAX),
	     .from = x->from.address, .reply_to = buf_str(&reply), .others = buf_str(&others),
	     .message_id = x->message_id, .refs = buf_str(&refs),
	     .list_id = str_first_utf8(x->list_id, ID_TEXT_MAX), .list_post = x->list_post,
	     .date_utc = x->date_utc, .received = x->received, .flags = flags_of(x),
	     .digest = str_of(x->digest, 32), .bounce = b.kind, .reason = b.reason, .hard = b.hard,
	     .status = b.status, .note = b.note, .traces = buf_str(&traces));
}

static void on_scan(void *self, const void *msg, struct ipc_fds *fds)
{
	struct scribe *s = self;
	const struct scan_job *m = msg;
	struct job *j = job_new(m->job, &s->rooms, ipc_fd_take(fds, 1));
	struct fail f = { 0 };
	int r;

	j->next = s->jobs;
	s->jobs = j;
	r = job_read(j, fds->fd[0], &f);
	/* Before core hears of it and may answer: the memory of a short one ends with that. */
	ipc_fds_close(fds);
	if (r < 0)
		SEND(s->core, scanned, .job = j->id, .code = ipc_code(r), .why = str_c(f.why));
	else
		tell_facts(s, j, m->flags);
}

static void on_job_end(void *self, const void *msg, struct ipc_fds *fds)
{
	struct scribe *s = self;
	const struct job_end *m = msg;

	for (struct job **p = &s->jobs; *p; p = &(*p)->next) {
		struct job *j = *p;

		if (j->id != m->job)
			continue;
		*p = j->next;
		job_free(j);
		return;
	}
}

/* ---- sealing ---------------------------------------------------------------------------------------------------- */

static void tell_failure(struct scribe *s, uint64_t job, uint32_t output, int code, const struct fail *f)
{
	SEND(s->core, sealed, .job = job, .output = output, .code = ipc_code(code), .why = str_c(f->why));
}

static void write_output(struct scribe *s, struct job *j, const struct seal *m, int file,
                         const struct key *key)
{
	OWN(stored) w = STORED_NONE;
	struct seal_result result;
	struct fail f = { 0 };
	int room = -1;
	int r = job_write(j, m, file, s->start->conf.hostname, &s->cache, key, clock_mono_ms(), &w, &room,
	                  &result, &f);
	struct sealed answer;

	if (r < 0) {
		tell_failure(s, m->job, m->output, r, &f);
		return;
	}
	answer = (struct sealed){ .job = m->job,
		                  .output = m->output,
		                  .body_key = secret_str(&w.body_key),
		                  .plain = result.bytes,
		                  .stored = w.bytes,
		                  .flags = (result.eight_bit ? SEALED_8BIT : 0) |
		                           (result.utf8 ? SEALED_SMTPUTF8 : 0) |
		                           (m->mode == SEAL_ENCRYPT ? SEALED_BINARY : 0) };
	peer_send(s->core, IPC_sealed, &answer, &room, room >= 0 ? 1 : 0);
}

static void tell_no_key(struct scribe *s, const struct seal *m)
{
	struct fail f = { 0 };

	fail(&f, FAIL_AGAIN, "the vault did not lend the key");
	tell_failure(s, m->job, m->output, f.code, &f);
}

static void keep_key(struct scribe *s, const struct seal *m, struct key *key)
{
	cache_for_user(&s->cache, m->user);
	cache_put_key(&s->cache, m->key_id, key, clock_mono_ms());
}

/* At hand, or lent for this job before it was asked for. *ret is NULL: it will not come. false: it may come yet. */
static bool find_key(struct scribe *s, struct job *j, const struct seal *m, const struct key **ret)
{
	struct key *key = NULL;

	cache_for_user(&s->cache, m->user);
	*ret = cache_key(&s->cache, m->key_id, clock_mono_ms());
	if (*ret)
		return true;
	if (!job_loan(j, m->key_id, &key))
		return false;
	if (key)
		keep_key(s, m, key);
	*ret = key;
	return true;
}

static void on_seal(void *self, const void *msg, struct ipc_fds *fds)
{
	struct scribe *s = self;
	const struct seal *m = msg;
	struct job *j = find(s, m->job);
	const struct key *key = NULL;
	int file = m->flags & SEAL_TO_FILE ? ipc_fd_take(fds, 0) : -1;
	struct fail f = { 0 };

	if (!j || !j->scan.root || ((m->flags & SEAL_TO_FILE) && file < 0)) {
		fail(&f, FAIL_BUG, "a seal without its message or file");
		tell_failure(s, m->job, m->output, f.code, &f);
		if (file >= 0)
			close(file);
		return;
	}
	if (m->mode == SEAL_ENCRYPT && !find_key(s, j, m, &key)) {
		job_keep(j, m, file, clock_mono_ms());
		if (!(m->flags & SEAL_KEY_COMES))
			SEND(s->core, need_key, m->job, m->output, m->key_id);
		return;
	}
	if (m->mode == SEAL_ENCRYPT && !key)
		tell_no_key(s, m);
	else
		write_output(s, j, m, file, key);
	if (file >= 0)
		close(file);
}

/* The output that waits is written, or gives up without a key. */
static void go_on(struct scribe *s, struct job *j, struct pending *p, const struct key *key)
{
	if (key)
		write_output(s, j, &p->m, p->fd, key);
	else
		tell_no_key(s, &p->m);
	job_forget(j, p);
}

static void on_lent(void *self, const void *msg, struct ipc_fds *fds)
{
	struct scribe *s = self;
	const struct lent *m = msg;
	struct job *j = find(s, m->job);
	struct pending *p = j ? j->pending : NULL;
	struct key *key = NULL;
	struct fail f = { 0 };

	if (!j)
		return;
	if (m->record.n && key_import_private(m->record, &key, &f) < 0)
		log_fail(LOG_WARN, "lend", &f);
	while (p && p->m.key_id != m->key_id)
		p = p->next;
	if (!p) {
		job_lend(j, m->key_id, key);
		return;
	}
	if (key)
		keep_key(s, &p->m, key);
	go_on(s, j, p, key);
}

/* Those that have waited since then, or longer. */
static void give_up(struct scribe *s, uint64_t since_ms)
{
	for (struct job *j = s->jobs; j; j = j->next)
		for (struct pending *p = j->pending, *next; p; p = next) {
			next = p->next;
			if (p->since_ms <= since_ms)
				go_on(s, j, p, NULL);
		}
}

/* ---- requests from outside --------------------------------------------------------------------------------------- */

static void on_csr(void *self, const void *msg, struct ipc_fds *fds)
{
	struct scribe *s = self;
	const struct csr_read *m = msg;
	OWN(buf) spki = BUF(SPKI_MAX);
	struct fail f = { 0 };
	int r = csr_read(m->der, &spki, &f);

	SEND(s->core, csr_facts, m->job, ipc_code(r), str_c(f.why), r < 0 ? STR_NONE : buf_str(&spki));
}

static int check_one(const struct chain_check *m, enum cert_kind kind, const struct cert_constraints *k,
                     struct str spki, struct str issuer_spki, struct fail *f)
{
	OWNS(key) subject = NULL;
	bool root = kind == CERT_ROOT;
	struct cert_fields want = {
		.kind = kind,
		.subject_cn = root ? m->root_cn : m->intermediate_cn,
		.issuer_cn = m->root_cn,
		.not_before = m->not_before,
		.not_after = m->not_after,
		.constraints = k,
	};
	struct fail why = { 0 };
	int r;

	TRY(key_import_public(spki, &subject, f));
	want.subject_key = subject;
	want.issuer_key = root ? subject : NULL;
	r = cert_check(root ? m->root : m->intermediate, &want, issuer_spki, &why);
	return r < 0 ? fail(f, r, "the %s is not as asked for: %s", root ? "root" : "intermediate", why.why)
	             : OK;
}

static int check_chain(const struct chain_check *m, struct fail *f)
{
	struct cert_constraints k = { .mailbox = m->mailbox, .critical = m->critical };
	struct str list = m->domains;
	struct cert_facts root;
	OWN(arena) a = ARENA;

	while (k.n_domains < CERT_DOMAINS_MAX && list_next(&list, &k.domains[k.n_domains]))
		k.n_domains++;
	TRY(cert_read(m->root, &a, &root, f));
	TRY(check_one(m, CERT_ROOT, &k, root.spki, root.spki, f));
	return check_one(m, CERT_INTERMEDIATE, &k, m->intermediate_spki, root.spki, f);
}

static void on_chain(void *self, const void *msg, struct ipc_fds *fds)
{
	struct scribe *s = self;
	const struct chain_check *m = msg;
	struct fail f = { 0 };
	int r = check_chain(m, &f);

	SEND(s->core, chain_checked, m->job, ipc_code(r), str_c(f.why));
}

/* ---- the role ---------------------------------------------------------------------------------------------------- */

static const struct ipc_rule core_rules[] = {
	{ IPC_scan_job, on_scan, 1, 2 },     { IPC_seal, on_seal, 0, 1 },
	{ IPC_job_end, on_job_end, 0, 0 },   { IPC_csr_read, on_csr, 0, 0 },
	{ IPC_chain_check, on_chain, 0, 0 }, { IPC_NONE, NULL, 0, 0 },
};
static const struct ipc_rule vault_rules[] = {
	{ IPC_lent, on_lent, 0, 0 },
	{ IPC_NONE, NULL, 0, 0 },
};

/* A new core knows nothing of the old one's jobs. */
static void forget_jobs(struct scribe *s)
{
	while (s->jobs) {
		struct job *j = s->jobs;

		s->jobs = j->next;
		job_free(j);
	}
}

static void on_closed(void *self, struct peer *p, const struct fail *why)
{
	struct scribe *s = self;

	if (why->code != FAIL_PEER)
		log_fail(LOG_ERROR, "road", why);
	if (s->core == p) {
		s->core = NULL;
		forget_jobs(s);
	}
	if (s->vault == p) { /* what it was to lend does not come */
		s->vault = NULL;
		give_up(s, clock_mono_ms());
	}
	peer_free(p);
}

static int take_peer(void *self, enum role other, unsigned index, int fd, struct fail *f)
{
	struct scribe *s = self;
	struct peer_options o = { other == ROLE_CORE ? core_rules : vault_rules, s, on_closed };
	struct peer **place = other == ROLE_CORE ? &s->core : &s->vault;
	bool in_place_of_one = *place != NULL;

	if (other != ROLE_CORE && other != ROLE_VAULT)
		return fail(f, FAIL_BUG, "a road to %s", role_name(other));
	peer_free(*place);
	if (other == ROLE_CORE)
		forget_jobs(s);
	else if (in_place_of_one) /* otherwise it is the new one that was asked */
		give_up(s, clock_mono_ms());
	*place = peer_new(s->start->loop, fd, &o);
	return OK;
}

static void on_age(void *arg)
{
	struct scribe *s = arg;

	cache_age(&s->cache, clock_mono_ms());
	give_up(s, clock_mono_ms() - KEY_WAIT_MS);
	rooms_empty(&s->rooms);
	timer_set(s->age, AGE_MS);
}

static int init(void *self, struct role_start *start, struct fail *f)
{
	struct scribe *s = self;

	s->age = timer_new(start->loop, on_age, s);
	timer_set(s->age, AGE_MS);
	charset_open();
	return crypto_init(f);
}

static const struct role_def def = { .peer = take_peer, .init = init };

void scribe_main(unsigned index)
{
	static struct role_start start = { .role = ROLE_SCRIBE };
	static struct scribe s;

	start.index = index;
	s.start = &start;
	role_run(&def, &s, &start);
}
