#include "cli/simple.h"

#include "base/mem.h"
#include "cli/show.h"
#include "ipc/codec.h"

#include <stdarg.h>
#include <stdio.h>

enum { OUT_MAX = 512 << 20 };

void print_out(const struct buf *b)
{
	fwrite(b->p ? b->p : "", 1, b->n, stdout);
}

void print_json(struct str records)
{
	OWN(buf) out = BUF(OUT_MAX);

	show_json(records, &out);
	print_out(&out);
	if (out.p)
		wipe(out.p, out.cap); /* a passphrase may have been in it */
}

int simple_list(struct ask *a, struct cli *c, const char *none, struct fail *f)
{
	OWN(buf) out = BUF(OUT_MAX);

	TRY(ask_run(a, c, f));
	if (c->json) {
		print_json(buf_str(&a->records));
		return OK;
	}
	show_table(buf_str(&a->records), none, &out);
	print_out(&out);
	return OK;
}

int simple_do(struct ask *a, struct cli *c, struct fail *f, const char *fmt, ...)
{
	va_list ap;

	TRY(ask_run(a, c, f));
	if (c->json) {
		print_json(buf_str(&a->records));
		return OK;
	}
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	return OK;
}

int simple_show(struct ask *a, struct cli *c, struct fail *f)
{
	OWN(buf) out = BUF(OUT_MAX);
	OWN(buf) first = BUF(1 << 20);
	struct str rest, record;

	TRY(ask_run(a, c, f));
	if (c->json) {
		print_json(buf_str(&a->records));
		return OK;
	}
	rest = buf_str(&a->records);
	if (!list_next(&rest, &record))
		return fail(f, FAIL_PEER, "the server's answer is empty");
	list_add(&first, record);
	show_fields(buf_str(&first), &out);
	buf_addc(&out, '\n');
	show_table(rest, "No mail in the last days.", &out);
	print_out(&out);
	return OK;
}

void simple_bounds(struct ask *a, const struct cli *c)
{
	ask_argz(a, "messages_hour", cli_option(c, "messages-hour"));
	ask_argz(a, "messages_day", cli_option(c, "messages-day"));
	ask_argz(a, "bytes_hour", cli_option(c, "bytes-hour"));
	ask_argz(a, "bytes_day", cli_option(c, "bytes-day"));
}
