#include "role/core/intro.h"

#include "base/log.h"
#include "sys/memfd.h"

enum { LETTER_MOST = 16 * 1024 };

/* The subject stands in clear on its way and comes back as "Re: ..." to be seen by the correspondent if it is left: so it
 * says nothing of a relay, and names nobody. */
static void write_letter(const struct txn *t, struct str alias, struct buf *b)
{
	const struct correspondent *p = &t->about;

	letter_head(t, alias, STR("Your first message"), false, b);
	buf_addf(b, "Answer this message to write to %.*s from %.*s.\r\n\r\n", STR_ARG(p->address),
	         STR_ARG(alias));
	buf_addz(b, "Press Reply, change the subject, delete this text, write your own, and send. Your\r\n"
	            "mail program has learned from this message how to encrypt for this address;\r\n"
	            "encrypt the answer, and sign it. Postern opens it, takes out what names you, and\r\n"
	            "sends it on.\r\n\r\n"
	            "The address stays the same. In your address book it serves for later messages:\r\n\r\n");
	buf_addf(b, "    %.*s\r\n", STR_ARG(p->reverse_address));
}

static struct correspondent copy(struct arena *a, const struct correspondent *p)
{
	struct correspondent own = *p;

	own.address = arena_str(a, p->address);
	own.name = arena_str(a, p->name);
	own.reverse_address = arena_str(a, p->reverse_address);
	return own;
}

static int send_one(struct core *c, const struct alias *al, const struct alias_mailbox *box,
                    const struct correspondent *about, struct fail *f)
{
	OWN(buf) b = BUF(LETTER_MOST);
	struct txn *t = txn_new(c, TXN_INTRO);
	struct output *o = txn_add_output(t);
	int r;

	t->user = al->user;
	t->verp = VERP_NOTICE;
	t->about = copy(&t->arena, about);
	o->alias = (struct alias){ .id = al->id,
		                   .user = al->user,
		                   .address = arena_str(&t->arena, al->address) };
	o->box = *box;
	o->box.address = arena_str(&t->arena, box->address);
	o->mode = box->profile ? SEAL_ENCRYPT : SEAL_CLEAR;
	write_letter(t, o->alias.address, &b);
	t->size = b.n;
	r = memfd_of(buf_str(&b), &t->fd, f);
	if (r == OK)
		r = txn_start(t, f);
	if (r < 0)
		txn_fail(t, 451, "4.3.0", "", f->why);
	return r;
}

static bool takes_it(const struct core *c, const struct alias_mailbox *box)
{
	return !box->paused && (box->profile ? box->profile_not_after > core_now(c) : box->clear_ok);
}

int intro_send(struct core *c, const struct alias *al, const struct correspondent *about, size_t *ret_n,
               struct fail *f)
{
	struct alias_mailbox boxes[ALIAS_MAILBOXES_MAX];
	OWN(arena) a = ARENA;
	size_t n;

	*ret_n = 0;
	TRY(alias_mailboxes(c->store, al->id, &a, boxes, &n, f));
	for (size_t i = 0; i < n; i++) {
		if (!takes_it(c, &boxes[i]))
			continue;
		TRY(send_one(c, al, &boxes[i], about, f));
		(*ret_n)++;
	}
	log_info("ev=introduced alias=%s copies=%zu", log_mask(al->address), *ret_n);
	return OK;
}
