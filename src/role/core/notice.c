/* notice.c - what the relay itself writes: sealed notices to its users, delivery reports to those who wrote to them. */
#include "base/clock.h"
#include "base/log.h"
#include "crypto/aead.h"
#include "role/core/txn.h"
#include "store/users.h"
#include "sys/memfd.h"
#include "wire/b64.h"
#include "wire/date.h"
#include "wire/dsn.h"
#include "wire/header.h"

enum { NOTICE_MAX = 64 * 1024 };

static int random_token(struct buf *out, struct fail *f)
{
	uint8_t raw[16];

	TRY(random_bytes(raw, sizeof(raw), f));
	b32_print(str_of(raw, sizeof(raw)), out);
	return OK;
}

static int begin(struct txn *t, struct str message, struct fail *f)
{
	t->size = message.n;
	TRY(memfd_of(message, &t->fd, f));
	return txn_start(t, f);
}

void letter_head(const struct txn *t, struct str to, struct str subject, bool automatic, struct buf *out)
{
	header_put(out, "From", STR("Postern <postern@localhost>"));
	header_put(out, "To", to);
	header_put_text(out, "Subject", subject);
	buf_addz(out, "Date: ");
	date_print(t->arrived, out);
	buf_addf(out, "\r\nMessage-ID: <%s@localhost>\r\n", t->mid);
	if (automatic)
		buf_addz(out, "Auto-Submitted: auto-generated\r\n");
	buf_addz(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
	              "Content-Transfer-Encoding: 8bit\r\n\r\n");
}

int txn_notice(struct core *c, const struct mailbox *to, enum verp_kind verp, struct str subject,
               struct str text, kept_fn *kept, struct str arg, int64_t ends, struct fail *f)
{
	OWN(buf) b = BUF(NOTICE_MAX);
	struct output *o;
	struct txn *t;
	int r;

	if (!to->active_profile && !to->clear_ok)
		return fail(f, FAIL_ABSENT, "no active profile to seal a notice with");
	t = txn_new(c, TXN_NOTICE);
	o = txn_add_output(t);
	t->user = to->user;
	t->kept = kept;
	t->kept_arg = arena_str(&t->arena, arg);
	t->rcpt = arena_str(&t->arena, to->address);
	o->alias.user = to->user;
	o->alias.address = t->rcpt;
	o->box = (struct alias_mailbox){ .mailbox = to->id,
		                         .profile = to->active_profile,
		                         .hide_subject = to->hide_subject,
		                         .pad_sizes = to->pad_sizes,
		                         .address = t->rcpt };
	o->mode = to->active_profile ? SEAL_ENCRYPT : SEAL_CLEAR;
	t->verp = verp;
	letter_head(t, to->address, subject, true, &b);
	buf_add(&b, text);
	r = begin(t, buf_str(&b), f);
	if (r < 0) {
		txn_fail(t, 451, "4.3.0", "", f->why);
		return r;
	}
	t->gives_up = ends;
	c->counters.notices++;
	return OK;
}

int txn_dsn(struct core *c, const struct queue_item *i, struct str status)
{
	OWN(buf) b = BUF(NOTICE_MAX);
	OWN(buf) token = BUF(64);
	struct txn *t = txn_new(c, TXN_DSN);
	struct output *o = txn_add_output(t);
	struct dsn d = { .host = c->conf->hostname, .message_id = i->orig_id, .status = status };
	struct fail f = { 0 };
	int r = random_token(&token, &f);

	o->mode = SEAL_AS_IS;
	t->rcpt = arena_str(&t->arena, i->orig_sender);
	d.own_id = arena_str(&t->arena, str_c(t->mid));
	d.boundary = buf_str(&token);
	d.arrived_utc = i->arrived;
	d.now_utc = core_now(c);
	if (r == OK)
		r = addr_parse(i->orig_sender, &t->arena, &d.to, &f);
	if (r == OK)
		r = addr_parse(i->alias, &t->arena, &d.alias, &f);
	if (r == OK) {
		dsn_print(&d, &b);
		r = begin(t, buf_str(&b), &f);
	}
	if (r < 0) {
		txn_fail(t, 451, "4.3.0", "", f.why);
		return r;
	}
	t->gives_up = i->id;
	c->counters.dsn++;
	return OK;
}
