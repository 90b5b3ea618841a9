#include "role/core/reply_in.h"

#include "base/log.h"
#include "role/core/keys.h"
#include "role/core/meet.h"
#include "role/core/rcpt.h"
#include "role/core/readable.h"
#include "store/replies.h"
#include "store/users.h"
#include "transform/scrub.h"
#include "wire/b64.h"

enum { TOKEN_BYTES = 16, ANSWERS_MAX = 5 };

static struct core *core_of(const struct reply *r)
{
	return r->txn->core;
}

static struct arena *arena_of(const struct reply *r)
{
	return &r->txn->arena;
}

/* ---- who is who -------------------------------------------------------------------------------------------------- */

/* Where an answer to a correspondent goes. */
static struct str target(const struct correspondent *c)
{
	return c->reply_to.n ? c->reply_to : c->address;
}

enum person {
	PERSON_CORRESPONDENT,
	PERSON_SELF,  /* the user's: a mailbox, an alias */
	PERSON_OTHER, /* a correspondent of another alias of the user */
	PERSON_STRANGER
};

static int who_is(const struct reply *r, struct str address, struct correspondent *ret, enum person *ret_who,
                  struct fail *f)
{
	struct store *st = core_of(r)->store;
	struct str key = rcpt_key(address, arena_of(r));
	struct reverse v;
	struct alias al;
	int e = reverse_find(st, key, arena_of(r), &v, f);

	*ret_who = PERSON_STRANGER;
	if (e == OK && v.user == r->alias.user)
		e = correspondent_by_reverse(st, key, arena_of(r), ret, f);
	else if (e == OK)
		e = FAIL_ABSENT; /* another user's: as if there were none */
	if (e == OK) {
		*ret_who = ret->alias == r->alias.id ? PERSON_CORRESPONDENT : PERSON_OTHER;
		return OK;
	}
	if (e != FAIL_ABSENT)
		return e;
	e = alias_find(st, key, arena_of(r), &al, f);
	if (e == OK && al.user == r->alias.user)
		*ret_who = PERSON_SELF;
	if (e < 0 && e != FAIL_ABSENT)
		return e;
	e = mailbox_speaks_for(st, r->alias.user, key, f);
	if (e == OK)
		*ret_who = PERSON_SELF;
	return e == FAIL_ABSENT ? OK : e;
}

static void pair(struct buf *list, struct str a, struct str b)
{
	list_add(list, a);
	list_add(list, b);
}

/* On To and Cc: the user's own addresses go (the scrubber drops what becomes the alias), correspondents are named by their
 * real address, and a stranger would have got the message past the relay. */
static int map_person(struct reply *r, struct str address, struct reply_facts *ret, struct fail *f)
{
	struct correspondent c;
	enum person who;

	TRY(who_is(r, address, &c, &who, f));
	if (who == PERSON_CORRESPONDENT) {
		pair(&r->map, address, target(&c));
		if (c.name.n)
			pair(&r->names, target(&c), c.name);
	}
	if (who == PERSON_SELF)
		pair(&r->map, address, r->alias.address);
	ret->mixed = ret->mixed || who == PERSON_OTHER;
	ret->strangers = ret->strangers || (who == PERSON_STRANGER && !r->account);
	return OK;
}

/* In the text: whoever stands behind a reverse address, of whichever alias; what is nobody's stays as it was written. */
static int map_found(struct reply *r, struct str address, struct fail *f)
{
	struct correspondent c;
	enum person who;

	TRY(who_is(r, address, &c, &who, f));
	if (who == PERSON_CORRESPONDENT || who == PERSON_OTHER)
		pair(&r->map, address, target(&c));
	if (who == PERSON_SELF)
		pair(&r->map, address, r->alias.address);
	return OK;
}

static int map_own(void *arg, int64_t mailbox, struct str address, struct fail *f)
{
	struct reply *r = arg;

	pair(&r->map, address, r->alias.address);
	return OK;
}

/* ---- Message-IDs ------------------------------------------------------------------------------------------------- */

static struct str domain_of(struct str address)
{
	return str_from(address, str_rchr(address, '@') + 1);
}

struct str reply_told_id(struct reply *r, struct str original)
{
	OWN(buf) b = BUF(512);
	uint8_t h[32];

	keys_hash(core_of(r), "out-id", (uint64_t)r->alias.id, original, h);
	b32_print(str_of(h, TOKEN_BYTES), &b);
	buf_addc(&b, '@');
	buf_add(&b, domain_of(r->alias.address));
	return arena_str(arena_of(r), buf_str(&b));
}

/* Was a message of that id sent out from this alias? */
static int was_sent(struct reply *r, struct str id, struct str *ret_told, bool *ret, struct fail *f)
{
	struct str told = reply_told_id(r, id), original;
	int e = msgid_get(core_of(r)->store, r->alias.user, MSGID_OUTBOUND, told, arena_of(r), &original, f);

	*ret = e == OK;
	*ret_told = told;
	return e == FAIL_ABSENT ? OK : e;
}

/* What the user's client was told becomes what the world knows; what nobody outside knows is left out. */
static int map_id(struct reply *r, struct str id, struct fail *f)
{
	struct str original;
	bool sent;
	int e = msgid_get(core_of(r)->store, r->alias.user, MSGID_INBOUND, id, arena_of(r), &original, f);

	if (e == OK) {
		pair(&r->ids, id, original);
		return OK;
	}
	if (e != FAIL_ABSENT)
		return e;
	TRY(was_sent(r, id, &original, &sent, f));
	if (sent)
		pair(&r->ids, id, original);
	return OK;
}

static int map_ids(struct reply *r, const struct opened_facts *m, struct reply_facts *ret, struct fail *f)
{
	struct str refs = m->refs, answers = m->answers, id, told;

	while (list_next(&refs, &id))
		TRY(map_id(r, id, f));
	while (list_next(&answers, &id) && !ret->own_mail)
		TRY(was_sent(r, id, &told, &ret->own_mail, f));
	return OK;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* What a forked process tells has the bounds that it was built with; one that a message has taken over has none. */
static bool is_bounded(const struct opened_facts *m)
{
	return list_count(m->people) <= 2 * SCRUB_PEOPLE_MAX && list_count(m->found) <= SCRUB_FOUND_MAX &&
	       list_count(m->names) <= SCRUB_NAMES_MAX && list_count(m->refs) <= SCRUB_IDS_MAX &&
	       list_count(m->answers) <= ANSWERS_MAX;
}

int reply_map(struct reply *r, const struct opened_facts *m, struct reply_facts *ret, struct fail *f)
{
	struct str people = m->people, found = m->found, names = m->names, name, address;

	if (!is_bounded(m))
		return fail(f, FAIL_BUG, "more than a message may hold");
	while (list_next_pair(&people, &name, &address))
		TRY(map_person(r, address, ret, f));
	while (list_next(&found, &address))
		TRY(map_found(r, address, f));
	TRY(mailbox_addresses(core_of(r)->store, r->alias.user, map_own, r, f));
	while (list_next(&names, &name))
		list_add(&r->own_names, name);
	TRY(map_ids(r, m, ret, f));
	if (r->map.over || r->names.over || r->own_names.over || r->ids.over)
		return fail(f, FAIL_LIMIT, "more addresses than one answer may hold");
	return OK;
}

/* What makes an answer the same when it comes again: its signature, however it is wrapped; without one, its body and
 * Message-ID. */
static struct str identity(const struct reply *r)
{
	return r->signature_digest.n ? r->signature_digest : r->unsigned_digest;
}

int reply_went(struct reply *r, struct str reverse, bool *ret, struct fail *f)
{
	struct txn *t = r->txn;
	struct str mid;
	int e = answered_find(core_of(r)->store, identity(r), reverse, &t->arena, &mid, f);

	*ret = e == OK;
	if (e == OK)
		log_info("ev=again mid=%s first=%.*s", t->mid, STR_ARG(mid));
	return e == FAIL_ABSENT ? OK : e;
}

static int add_output(struct reply *r, const struct correspondent *who, struct fail *f)
{
	struct txn *t = r->txn;
	struct output *o;
	bool went;

	TRY(reply_went(r, who->reverse_address, &went, f));
	if (went)
		return OK;
	o = txn_add_output(t);
	if (!o)
		return fail(f, FAIL_LIMIT, "more than %d recipients", OUTPUTS_MAX);
	o->alias = r->alias;
	o->box.mailbox = r->mailbox.id;
	o->rcpt = target(who);
	o->correspondent = who->id;
	o->from = r->alias.address;
	o->reverse = who->reverse_address;
	return OK;
}

/* Somebody whom the user writes to by submission: from here on as known as one who wrote first, so that the answer comes
 * from the same reverse address and may be answered. */
static int outsider(struct reply *r, struct str address, struct correspondent *ret, struct fail *f)
{
	const struct who_facts facts = { .from = address };
	struct txn *t = r->txn;
	struct core *c = core_of(r);
	struct profile p = { 0 };
	struct who w;
	int e;

	who_wrote(&facts, &t->arena, &w);
	e = correspondent_find(c->store, r->alias.id, w.key, &t->arena, ret, f);
	if (e != FAIL_ABSENT)
		return e;
	if (r->mailbox.active_profile)
		TRY(profile_get(c->store, r->mailbox.active_profile, &t->arena, &p, f));
	w.name = STR(""); /* their own From will say */
	txn_touch(t);
	return meet(c, &r->alias, &p, &w, t->arrived, &t->arena, ret, f);
}

int reply_outputs(struct reply *r, struct fail *f)
{
	struct core *c = core_of(r);
	struct correspondent who;

	for (size_t i = 0; i < r->n_to; i++) {
		TRY(correspondent_get(c->store, r->to[i].correspondent, arena_of(r), &who, f));
		TRY(add_output(r, &who, f));
	}
	for (size_t i = 0; i < r->n_outside; i++) {
		if (r->n_to + r->n_outside > 1 &&
		    str_eq(rcpt_key(r->outside[i], arena_of(r)), r->alias.address))
			continue; /* the writer's own copy of a message to several */
		TRY(outsider(r, r->outside[i], &who, f));
		TRY(add_output(r, &who, f));
	}
	return OK;
}

int reply_note(struct reply *r, struct fail *f)
{
	struct txn *t = r->txn;
	struct core *c = core_of(r);

	if (r->trial) /* what was signed for a test says nothing elsewhere, to whomever it is sent */
		return r->signature_digest.n
		               ? spoke_add(c->store, r->signature_digest, STR("a test"), t->arrived, f)
		               : OK;
	for (size_t i = 0; i < t->n_outputs; i++)
		TRY(answered_add(c->store, identity(r), t->outputs[i].reverse, str_c(t->mid), t->arrived, f));
	if (r->signature_digest.n)
		TRY(spoke_add(c->store, r->signature_digest, t->facts.digest, t->arrived, f));
	if (r->own_id.n)
		TRY(msgid_put(c->store, r->alias.user, MSGID_OUTBOUND, reply_told_id(r, r->own_id), r->own_id,
		              t->arrived, f));
	return OK;
}

void reply_kept(struct reply *r)
{
	if (r->readable && !r->trial)
		readable_came(core_of(r), &r->mailbox, r->alias.address, r->txn->arrived);
}
