/* stat.c - how the server does, for a person and for Prometheus, by one table. */
#include "cli/show.h"
#include "cli/simple.h"

#include <stdio.h>
#include <stdlib.h>

enum { OUT_MAX = 1 << 16 };

enum unit { PLAIN, BYTES, SECONDS, YES_NO };

/* A row: the server's field; where and as what a person reads it; the metric, of the family before its brace. */
static const struct metric {
	const char *field, *section, *label;
	enum unit unit;
	const char *name, *type, *help;
} metrics[] = {
	// clang-format off
	{ "uptime_s", "Server", "up for", SECONDS, "postern_uptime_seconds", "gauge", "Seconds since core started." },
	{ "gate_up", "Server", "gate", YES_NO, "postern_role_up{role=\"gate\"}", "gauge", "Whether a process is there." },
	{ "vault_up", "Server", "vault", YES_NO, "postern_role_up{role=\"vault\"}", NULL, NULL },
	{ "keygen_up", "Server", "keygen", YES_NO, "postern_role_up{role=\"keygen\"}", NULL, NULL },
	{ "opener_up", "Server", "opener", YES_NO, "postern_role_up{role=\"opener\"}", NULL, NULL },
	{ "scribes_up", "Server", "scribes", PLAIN, "postern_scribes_up", "gauge", "Processes that can seal." },
	{ "space_low", "Server", "disk space is low", YES_NO, "postern_disk_space_low", "gauge", "1: new mail is deferred." },
	{ "accepted", "Messages in", "accepted", PLAIN, "postern_messages_total{result=\"accepted\"}", "counter", "Messages and recipients by what became of them at the door." },
	{ "refused", "Messages in", "refused", PLAIN, "postern_messages_total{result=\"refused\"}", NULL, NULL },
	{ "dropped", "Messages in", "dropped", PLAIN, "postern_messages_total{result=\"dropped\"}", NULL, NULL },
	{ "deferred_in", "Messages in", "asked to come again", PLAIN, "postern_messages_total{result=\"deferred\"}", NULL, NULL },
	{ "accepted_bytes", "Messages in", "accepted bytes", BYTES, "postern_accepted_bytes_total", "counter", "Bytes of accepted messages as they came." },
	{ "answered", "Messages out", "answers taken", PLAIN, "postern_answers_total", "counter", "Answers of users that were opened, scrubbed and taken." },
	{ "delivered", "Messages out", "delivered", PLAIN, "postern_deliveries_total{result=\"delivered\"}", "counter", "Attempts to deliver by their result." },
	{ "deferred", "Messages out", "deferred", PLAIN, "postern_deliveries_total{result=\"deferred\"}", NULL, NULL },
	{ "failed", "Messages out", "failed", PLAIN, "postern_deliveries_total{result=\"failed\"}", NULL, NULL },
	{ "dsn", "Messages out", "delivery reports", PLAIN, "postern_reports_total", "counter", "Delivery reports written." },
	{ "notices", "Messages out", "notices to users", PLAIN, "postern_notices_total", "counter", "Sealed notices written." },
	{ "bounced", "Messages out", "bounces counted", PLAIN, "postern_bounces_total", "counter", "Failures that count against a mailbox." },
	{ "queue", "Queue", "messages", PLAIN, "postern_queue_messages", "gauge", "Messages that wait to be sent." },
	{ "queue_bytes", "Queue", "bytes", BYTES, "postern_queue_bytes", "gauge", "Their bytes." },
	{ "queue_oldest_s", "Queue", "oldest", SECONDS, "postern_queue_oldest_seconds", "gauge", "Age of the oldest of them." },
	{ "sealing", "Now", "being sealed", PLAIN, "postern_sealing_messages", "gauge", "Messages between their end and their answer." },
	{ "opening", "Now", "answers being opened", PLAIN, "postern_opening_answers", "gauge", "Processes that open an answer." },
	{ "answers_waiting", "Now", "answers that wait", PLAIN, "postern_waiting_answers", "gauge", "Answers for which no such process is free yet." },
	{ "sending", "Now", "being sent", PLAIN, "postern_sending_messages", "gauge", "Messages at the gate on their way out." },
	{ "sessions", "Now", "sessions", PLAIN, "postern_sessions", "gauge", "SMTP and LMTP sessions that are open." },
	{ "connections_out", "Now", "connections out", PLAIN, "postern_connections_out", "gauge", "Connections to next hops." },
	{ "message_memory", "Now", "memory of messages", BYTES, "postern_message_memory_bytes", "gauge", "Memory of messages on their way in, of smtp.memory_bytes." },
	{ "sessions_total", "Sessions", "served", PLAIN, "postern_sessions_total{result=\"served\"}", "counter", "Sessions since the gate started." },
	{ "sessions_turned_away", "Sessions", "turned away", PLAIN, "postern_sessions_total{result=\"turned-away\"}", NULL, NULL },
	{ "sessions_tls", "Sessions", "with TLS", PLAIN, "postern_sessions_tls_total", "counter", "Sessions that began TLS." },
	{ "logins", "Logins", "right", PLAIN, "postern_logins_total{result=\"ok\"}", "counter", "Logins of mail clients since core started." },
	{ "logins_failed", "Logins", "wrong", PLAIN, "postern_logins_total{result=\"failed\"}", NULL, NULL },
	{ "logins_throttled", "Logins", "told to wait", PLAIN, "postern_logins_total{result=\"throttled\"}", NULL, NULL },
	{ "commits", "Store", "commits", PLAIN, "postern_commits_total", "counter", "Groups that were made durable." },
	{ "commit_messages", "Store", "messages in them", PLAIN, "postern_commit_messages_total", "counter", "Messages answered by these groups." },
	{ "commits_failed", "Store", "commits failed", PLAIN, "postern_commits_failed_total", "counter", "Groups that could not be stored; their senders were asked to come again." },
	{ "users", "Holdings", "users", PLAIN, "postern_users", "gauge", "Users." },
	{ "mailboxes", "Holdings", "mailboxes", PLAIN, "postern_mailboxes", "gauge", "Mailboxes." },
	{ "aliases", "Holdings", "aliases", PLAIN, "postern_aliases", "gauge", "Aliases." },
	{ "correspondents", "Holdings", "correspondents", PLAIN, "postern_correspondents", "gauge", "Correspondents." },
	{ "profiles_active", "Holdings", "active profiles", PLAIN, "postern_profiles_active", "gauge", "Active profiles." },
	{ "pool", "Holdings", "ready certificates", PLAIN, "postern_ready_certificates", "gauge", "Reverse addresses drawn ahead, with their certificates." },
	{ "spare_keys", "Holdings", "spare keys", PLAIN, "postern_spare_keys", "gauge", "Keys made ahead." },
	// clang-format on
};
enum { METRICS = sizeof(metrics) / sizeof(metrics[0]) };

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

static void put_text(const struct ask *a, struct buf *out)
{
	const char *section = "";
	int64_t n = ask_number(a, "took_n");

	buf_addf(out, "Postern %.*s\n", STR_ARG(ask_field(a, "version")));
	for (const struct metric *m = metrics; m < metrics + METRICS; m++) {
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

/* ---- for Prometheus: the text format, version 0.0.4 --------------------------------------------------------------- */

static void put_took(const struct ask *a, struct buf *out)
{
	static const char *const bounds[] = { "1",   "2",   "5",   "10",   "20",  "50",
		                              "100", "200", "500", "1000", "5000" };

	buf_addz(out, "# HELP postern_accept_seconds From a whole message to the answer that it is durable.\n"
	              "# TYPE postern_accept_seconds histogram\n");
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		char field[32];

		snprintf(field, sizeof(field), "took_le_%s", bounds[i]);
		buf_addf(out, "postern_accept_seconds_bucket{le=\"%g\"} %lld\n", atof(bounds[i]) / 1000,
		         (long long)ask_number(a, field));
	}
	buf_addf(out,
	         "postern_accept_seconds_bucket{le=\"+Inf\"} %lld\npostern_accept_seconds_sum %.3f\n"
	         "postern_accept_seconds_count %lld\n",
	         (long long)ask_number(a, "took_n"), (double)ask_number(a, "took_ms") / 1000,
	         (long long)ask_number(a, "took_n"));
}

static void put_prometheus(const struct ask *a, struct buf *out)
{
	buf_addf(out,
	         "# HELP postern_info The version that runs.\n# TYPE postern_info gauge\n"
	         "postern_info{version=\"%.*s\"} 1\n",
	         STR_ARG(ask_field(a, "version")));
	for (const struct metric *m = metrics; m < metrics + METRICS; m++) {
		struct str family = str_first(str_c(m->name), str_chr(str_c(m->name), '{'));

		if (m->type)
			buf_addf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", STR_ARG(family), m->help,
			         STR_ARG(family), m->type);
		buf_addf(out, "%s %lld\n", m->name, (long long)ask_number(a, m->field));
	}
	put_took(a, out);
}

static int stat(struct cli *c, struct fail *f)
{
	OWN(ask) a = ASK("stat");
	OWN(buf) out = BUF(OUT_MAX);

	TRY(ask_run(&a, c, f));
	if (cli_option(c, "prometheus"))
		put_prometheus(&a, &out);
	else if (c->json)
		show_json(buf_str(&a.records), &out);
	else
		put_text(&a, &out);
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
