#include "role/metrics.h"

#include "ipc/codec.h"

#include <stdio.h>
#include <stdlib.h>

const struct metric metrics[] = {
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
	{ 0 }
	// clang-format on
};

static struct str field(struct str record, const char *want)
{
	struct str name, type, value;

	while (list_next(&record, &name) && list_next(&record, &type) && list_next(&record, &value))
		if (str_eq(name, str_c(want)))
			return value;
	return STR("");
}

static int64_t number(struct str record, const char *want)
{
	uint64_t v;

	return str_u64(field(record, want), &v) ? (int64_t)v : 0;
}

/* ---- for Prometheus: the text format, version 0.0.4 --------------------------------------------------------------- */

static void put_took(struct str record, struct buf *out)
{
	static const char *const bounds[] = { "1",   "2",   "5",   "10",   "20",  "50",
		                              "100", "200", "500", "1000", "5000" };

	buf_addz(out, "# HELP postern_accept_seconds From a whole message to the answer that it is durable.\n"
	              "# TYPE postern_accept_seconds histogram\n");
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		char field[32];

		snprintf(field, sizeof(field), "took_le_%s", bounds[i]);
		buf_addf(out, "postern_accept_seconds_bucket{le=\"%g\"} %lld\n", atof(bounds[i]) / 1000,
		         (long long)number(record, field));
	}
	buf_addf(out,
	         "postern_accept_seconds_bucket{le=\"+Inf\"} %lld\npostern_accept_seconds_sum %.3f\n"
	         "postern_accept_seconds_count %lld\n",
	         (long long)number(record, "took_n"), (double)number(record, "took_ms") / 1000,
	         (long long)number(record, "took_n"));
}

void metrics_prometheus(struct str record, struct buf *out)
{
	buf_addf(out,
	         "# HELP postern_info The version that runs.\n# TYPE postern_info gauge\n"
	         "postern_info{version=\"%.*s\"} 1\n",
	         STR_ARG(field(record, "version")));
	for (const struct metric *m = metrics; m->field; m++) {
		struct str family = str_first(str_c(m->name), str_chr(str_c(m->name), '{'));

		if (m->type)
			buf_addf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", STR_ARG(family), m->help,
			         STR_ARG(family), m->type);
		buf_addf(out, "%s %lld\n", m->name, (long long)number(record, m->field));
	}
	put_took(record, out);
}
