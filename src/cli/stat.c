/* stat.c - how the server does, for a person and for Prometheus, by one table. */
#include "cli/show.h"
#include "cli/simple.h"
#include "ipc/codec.h"
#include "role/metrics.h"

#include <stdio.h>
#include <stdlib.h>

enum { OUT_MAX = 1 << 16 };

/* ---- for a person ------------------------------------------------------------------------------------------------ */

static void put_bytes(int64_t v, struct buf *out)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double n = (double)v;
	size_t u = 0;

	for (; n >= 1024 && u < 4; u++)
		n /= 1024;
	buf_addf(out, u ? "%.1f %s" : "%.0f %s", n, units[u]);
}

static void put_seconds(int64_t v, struct buf *out)
{
	if (v >= 86400)
		buf_addf(out, "%lld d ", (long long)(v / 86400));
	if (v >= 3600)
		buf_addf(out, "%lld h ", (long long)(v / 3600 % 24));
	if (v >= 60)
		buf_addf(out, "%lld min", (long long)(v / 60 % 60));
	else
		buf_addf(out, "%lld s", (long long)v);
}

static void put_value(enum unit unit, int64_t v, struct buf *out)
{
	switch (unit) {
	case PLAIN:
		buf_addf(out, "%lld", (long long)v);
		break;
	case BYTES:
		put_bytes(v, out);
		break;
	case SECONDS:
		put_seconds(v, out);
		break;
	case YES_NO:
		buf_addz(out, v ? "yes" : "no");
		break;
	}
}

static void put_words(const struct ask *a, struct buf *out)
{
	const char *section = "";
	int64_t n = ask_number(a, "took_n");

	buf_addf(out, "Postern %.*s\n", STR_ARG(ask_field(a, "version")));
	for (const struct metric *m = metrics; m->field; m++) {
		if (!str_eq(str_c(section), str_c(m->section)))
			buf_addf(out, "\n%s\n", m->section);
		section = m->section;
		buf_addf(out, "  %-22s", m->label);
		put_value(m->unit, ask_number(a, m->field), out);
		buf_addc(out, '\n');
	}
	if (n)
		buf_addf(out,
		         "\nFrom a whole message to its answer: %.1f ms on average, %.1f %% within 50 ms\n",
		         (double)ask_number(a, "took_ms") / (double)n,
		         100.0 * (double)ask_number(a, "took_le_50") / (double)n);
}

static struct str record_of(const struct ask *a)
{
	struct str records = buf_str(&a->records), record = STR("");

	(void)list_next(&records, &record);
	return record;
}

static int stat(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("stat");
	OWN(buf) out = BUF(OUT_MAX);

	TRY(ask_run(&a, c, f));
	if (cli_option(c, "prometheus"))
		metrics_prometheus(record_of(&a), &out);
	else if (c->json)
		show_json(buf_str(&a.records), &out);
	else
		put_words(&a, &out);
	print_out(&out);
	return OK;
}

// clang-format off
const struct cli_command cli_stat[] = {
	{ "stat", "", "how the server does: sums and counters", stat, 0, 0,
	  { { "prometheus", NULL, "in Prometheus' text format" } } },
	{ 0 }
};
// clang-format on
