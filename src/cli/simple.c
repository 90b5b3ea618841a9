#include "cli/simple.h"

#include "cli/show.h"

#include <stdarg.h>
#include <stdio.h>

enum { OUT_MAX = 512 << 20 };

void print_out(const struct buf *b)
{
	fwrite(b->p ? b->p : "", 1, b->n, stdout);
}

int simple_list(struct ask *a, struct cli *c, const char *none, struct fail *f)
{
	OWN(buf) out = BUF(OUT_MAX);

	TRY(ask_run(a, c, f));
	if (c->json)
		show_json(buf_str(&a->records), &out);
	else
		show_table(buf_str(&a->records), none, &out);
	print_out(&out);
	return OK;
}

int simple_do(struct ask *a, struct cli *c, struct fail *f, const char *fmt, ...)
{
	OWN(buf) out = BUF(OUT_MAX);
	va_list ap;

	TRY(ask_run(a, c, f));
	if (c->json) {
		show_json(buf_str(&a->records), &out);
		print_out(&out);
		return OK;
	}
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	return OK;
}
