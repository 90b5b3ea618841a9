#include "conf/key.h"

#include "sys/sock.h"

enum { LABEL_MAX = 63, DOMAIN_MAX = 200 };

#define AT(field) offsetof(struct conf, field)
#define CORE (1u << ROLE_CORE)
#define GATE (1u << ROLE_GATE)
#define SCRIBE (1u << ROLE_SCRIBE)
#define WEB (1u << ROLE_WEB)
#define ALL (CORE | GATE | SCRIBE | WEB | 1u << ROLE_VAULT | 1u << ROLE_KEYGEN | 1u << ROLE_OPENER)

// clang-format off
const struct conf_key conf_keys[] = {
	{ "server", "hostname", CONF_HOST, AT(hostname), NULL, 0, 253, NULL, CORE | GATE | SCRIBE | WEB,
	  "Name of this server in greetings and reports. Default: the first relay domain." },
	{ "server", "state_dir", CONF_PATH, AT(state_dir), "state", 1, 4096, NULL, CORE,
	  "Directory of the database and the bodies; relative to this file." },
	{ "server", "control_socket", CONF_PATH, AT(control_socket), NULL, 1, 100, NULL, 0,
	  "Where the command line reaches the server. Default: control, in state_dir." },
	{ "server", "master_key", CONF_PATH, AT(master_key), "master.key", 1, 4096, NULL, 0,
	  "File of the master key, 32 bytes, mode 0400. Keep its recovery key elsewhere." },
	{ "server", "log_level", CONF_WORD, AT(log_level), "info", 0, 0, "debug|info|warn|error", ALL,
	  "Least level that is logged." },
	{ "server", "uid_base", CONF_COUNT, AT(uid_base), "70400", 0, 4000000000u, NULL, CORE,
	  "Started as root: each process runs as a user of its own, uid_base + 1 and up. 0: all as the starting user." },
	{ "server", "scribes", CONF_COUNT, AT(scribes), "0", 0, 16, NULL, 0,
	  "Processes that read and seal mail. 0: one for each processor." },
	{ "server", "min_free", CONF_SIZE, AT(min_free), "200MiB", 0, (uint64_t)1 << 50, NULL, CORE,
	  "With less room than this on the state directory's disk new mail is deferred with 452; what is queued is still sent." },

	{ "smtp", "listen", CONF_ENDPOINTS, AT(listen), "127.0.0.1:2525", 0, 0, NULL, 0,
	  "Addresses to take mail at, comma separated: 127.0.0.1:2525, [::1]:2525." },
	{ "smtp", "proxy_listen", CONF_ENDPOINTS, AT(proxy_listen), NULL, 1, 0, NULL, 0,
	  "The same behind a proxy of this machine: each connection begins with a PROXY header, version 1 or 2." },
	{ "smtp", "backlog", CONF_COUNT, AT(backlog), "1024", 512, 65535, NULL, 0,
	  "Connections that may wait to be taken." },
	{ "smtp", "tls_certificate", CONF_PATH, AT(tls_certificate), NULL, 1, 4096, NULL, 0,
	  "Certificate chain for STARTTLS, PEM. With tls_key; without both there is no STARTTLS." },
	{ "smtp", "tls_key", CONF_PATH, AT(tls_key), NULL, 1, 4096, NULL, 0, "Its private key, PEM." },
	{ "smtp", "message_bytes", CONF_SIZE, AT(message_bytes), "50MiB", 65536, 200u << 20, NULL, CORE | GATE | SCRIBE,
	  "Largest message taken." },
	{ "smtp", "memory_bytes", CONF_SIZE, AT(memory_bytes), "256MiB", 1 << 20, (uint64_t)64 << 30, NULL, GATE,
	  "Memory for all messages being taken together; past it senders are asked to come again." },
	{ "smtp", "recipients", CONF_COUNT, AT(recipients), "100", 1, 1000, NULL, GATE, "Recipients of one message." },
	{ "smtp", "errors", CONF_COUNT, AT(errors), "10", 1, 1000, NULL, GATE, "Wrong commands before a session is ended." },
	{ "smtp", "sessions", CONF_COUNT, AT(sessions), "1000", 1, 100000, NULL, GATE, "Sessions at once." },
	{ "smtp", "sessions_per_client", CONF_COUNT, AT(sessions_per_client), "100", 1, 100000, NULL, GATE,
	  "Sessions at once from one address." },
	{ "smtp", "messages_per_session", CONF_COUNT, AT(messages_per_session), "1000", 1, 1000000, NULL, GATE,
	  "Messages in one session." },
	{ "smtp", "command", CONF_DURATION, AT(command_s), "5m", 1, 3600, NULL, GATE, "Longest wait for a command." },
	{ "smtp", "message", CONF_DURATION, AT(message_s), "30m", 1, 86400, NULL, GATE, "Longest time for one message." },

	{ "lmtp", "listen", CONF_ENDPOINTS, AT(lmtp), NULL, 1, 0, NULL, 0,
	  "Where an MTA of this machine hands over mail by LMTP: unix:/path, 127.0.0.1:24. Whoever reaches it is believed." },
	{ "lmtp", "socket_mode", CONF_WORD, AT(lmtp_mode), "0660", 0, 0, "0600|0660|0666", 0,
	  "Mode of such a unix socket; its group is that of its folder where that is set-group-id." },

	{ "submission", "listen", CONF_ENDPOINTS, AT(submission), NULL, 0, 0, NULL, 0,
	  "Where mail clients of users hand over mail, with an app password, after STARTTLS: 0.0.0.0:587, [::]:587. "
	  "Needs smtp.tls_certificate and smtp.tls_key." },
	{ "submission", "tls_listen", CONF_ENDPOINTS, AT(submission_tls), NULL, 0, 0, NULL, 0,
	  "The same with TLS from the first byte: 0.0.0.0:465, [::]:465." },

	{ "domains", "relay", CONF_DOMAINS, AT(domains), NULL, 0, 0, NULL, CORE | GATE | WEB,
	  "Domains whose addresses are aliases and reverse addresses, comma separated." },

	{ "routes", "default", CONF_ROUTE, AT(routes), NULL, 0, 0, NULL, CORE | GATE,
	  "Where outgoing mail goes: default = SERVER, and DOMAIN = SERVER for mailboxes of one domain. SERVER is an address "
	  "(127.0.0.1:25), a name (smtp.example:587) or mx: whoever DNS names. More about one: [route default], below." },

	{ "delivery", "connections", CONF_COUNT, AT(connections), "20", 1, 1000, NULL, GATE, "Connections to one route." },
	{ "delivery", "idle", CONF_DURATION, AT(idle_s), "10s", 0, 3600, NULL, GATE,
	  "How long an unused connection is kept." },
	{ "delivery", "command", CONF_DURATION, AT(deliver_command_s), "5m", 1, 3600, NULL, GATE,
	  "Longest wait for an answer of the next server." },
	{ "delivery", "connection_messages", CONF_COUNT, AT(connection_messages), "1000", 1, 1000000, NULL, GATE,
	  "Messages over one connection before it is closed." },
	{ "delivery", "connection_time", CONF_DURATION, AT(connection_s), "10m", 1, 86400, NULL, GATE,
	  "After so long a connection takes no further message." },
	{ "delivery", "chunking", CONF_BOOL, AT(chunking), "yes", 0, 0, NULL, GATE,
	  "Send by BDAT where CHUNKING is offered (RFC 3030)." },
	{ "delivery", "retry", CONF_DURATIONS, AT(retry_s), "1m, 5m, 15m, 1h, 3h, 6h", 1, 86400 * 7, NULL, CORE,
	  "Waits between tries; the last one repeats." },
	{ "delivery", "expire", CONF_DURATION, AT(expire_s), "5d", 1, 86400 * 30, NULL, CORE,
	  "After so long a message is given up and its sender told." },
	{ "delivery", "dsn_to_all", CONF_BOOL, AT(dsn_to_all), "no", 0, 0, NULL, CORE,
	  "Tell every sender of what could not be delivered, not only those that a server on this machine vouches for. Senders "
	  "are often forged: the reports then hit others." },
	{ "delivery", "probe", CONF_DURATION, AT(probe_s), "1d", 1, 86400 * 30, NULL, CORE,
	  "A mailbox that refuses mail is paused; after so long a letter is tried, then more and more seldom." },

	{ "dns", "resolver", CONF_RESOLVERS, AT(resolvers), NULL, 0, 0, NULL, GATE,
	  "Name servers to ask, comma separated: 127.0.0.1, [::1]:53. Default: those of /etc/resolv.conf." },

	{ "profiles", "days", CONF_COUNT, AT(profile_days), "1095", 1, 36500, NULL, CORE,
	  "Life of a new profile. Apple Mail refuses certificates of more than 1095 days." },
	{ "profiles", "pool", CONF_COUNT, AT(pool), "20", 0, 10000, NULL, CORE,
	  "Addresses with certificates kept ready for each active profile." },
	{ "profiles", "critical_constraints", CONF_BOOL, AT(critical_constraints), "no", 0, 0, NULL, CORE,
	  "Mark the name constraints critical, as RFC 5280 asks. gpgsm 2.2 then refuses the certificates." },

	{ "reply", "trusted_hosts", CONF_HOSTS, AT(trusted_hosts), NULL, 0, 0, NULL, CORE,
	  "Addresses of servers that ask whoever writes for a password: what they bring from a mailbox is taken as its user's where "
	  "the mailbox is set to relaxed (postern mailbox set). Comma separated: 192.0.2.25, 2001:db8::25. Default: none." },

	{ "web", "listen", CONF_ENDPOINTS, AT(web_listen), NULL, 1, 0, NULL, 0,
	  "Where the web app answers a proxy of this machine: 127.0.0.1:8080, unix:/path. Nothing: there is no web app." },
	{ "web", "metrics", CONF_ENDPOINTS, AT(web_metrics), NULL, 1, 0, NULL, 0,
	  "Where a collector of this machine gets the counters, by GET /metrics: 127.0.0.1:9154, unix:/path. Not for a proxy: they are "
	  "sums of all users. Nothing: postern stat --prometheus alone." },
	{ "web", "socket_mode", CONF_WORD, AT(web_mode), "0660", 0, 0, "0600|0660|0666", 0,
	  "Mode of such a unix socket; its group is that of its folder where that is set-group-id." },
	{ "web", "ui", CONF_PATH, AT(web_ui), POSTERN_UI, 1, 4096, NULL, WEB,
	  "Folder of the built web app; it is read once, at start." },
	{ "web", "origin", CONF_TEXT, AT(web_origin), NULL, 0, 300, NULL, CORE | WEB,
	  "How browsers reach it through the proxy: https://relay.example. Passkeys belong to its name. Default: https:// and server.hostname." },
	{ "web", "signup", CONF_WORD, AT(web_signup), "invite", 0, 0, "invite|open|closed", CORE | WEB,
	  "Who may make an account: whoever has an invitation (postern user invite), everybody, or nobody." },

	{ "policy", "plans", CONF_COUNT, AT(plans), "20", 1, 50, NULL, CORE, "Copies that one message may become." },
	{ "policy", "carried", CONF_COUNT, AT(carried), "20", 0, 50, NULL, CORE,
	  "Certificates of others on To and Cc that a message carries, so that Reply-All can encrypt." },
	{ "policy", "hops", CONF_COUNT, AT(hops), "50", 5, 1000, NULL, CORE,
	  "A message with more trace fields than that goes round and is refused." },
	{ "policy", "new_per_hour", CONF_COUNT, AT(new_per_hour), "60", 0, 1000000, NULL, CORE,
	  "New correspondents per user and hour; more share one address that takes no answers. 0: no bound." },
	{ "policy", "expired_defer_days", CONF_COUNT, AT(expired_defer_days), "3", 0, 30, NULL, CORE,
	  "After a profile's end mail is deferred for so many days, then refused." },
	{ "policy", "user_answers_hour", CONF_COUNT, AT(user_answers_hour), "1000", 0, 1000000000, NULL, CORE,
	  "Messages an hour that one user may send out, counted for each recipient; past it the user's server is asked to come again. "
	  "0: no bound." },
	{ "policy", "user_messages_hour", CONF_COUNT, AT(user_messages_hour), "0", 0, 1000000000, NULL, CORE,
	  "Messages an hour to one user, unless its own bound is set. Past it senders are asked to come again. 0: no bound." },
	{ "policy", "user_messages_day", CONF_COUNT, AT(user_messages_day), "0", 0, 1000000000, NULL, CORE,
	  "Messages in 24 hours to one user, unless its own bound is set. 0: no bound." },
	{ "policy", "user_bytes_hour", CONF_SIZE, AT(user_bytes_hour), "0", 0, (uint64_t)1 << 50, NULL, CORE,
	  "Bytes an hour to one user, unless its own bound is set. 0: no bound." },
	{ "policy", "user_bytes_day", CONF_SIZE, AT(user_bytes_day), "0", 0, (uint64_t)1 << 50, NULL, CORE,
	  "Bytes in 24 hours to one user, unless its own bound is set. 0: no bound." },
	{ "policy", "alias_messages_hour", CONF_COUNT, AT(alias_messages_hour), "0", 0, 1000000000, NULL, CORE,
	  "Messages an hour to one alias, unless its own bound is set. Past it senders are asked to come again. 0: no bound." },
	{ "policy", "alias_messages_day", CONF_COUNT, AT(alias_messages_day), "0", 0, 1000000000, NULL, CORE,
	  "Messages in 24 hours to one alias, unless its own bound is set. 0: no bound." },
	{ "policy", "alias_bytes_hour", CONF_SIZE, AT(alias_bytes_hour), "0", 0, (uint64_t)1 << 50, NULL, CORE,
	  "Bytes an hour to one alias, unless its own bound is set. 0: no bound." },
	{ "policy", "alias_bytes_day", CONF_SIZE, AT(alias_bytes_day), "0", 0, (uint64_t)1 << 50, NULL, CORE,
	  "Bytes in 24 hours to one alias, unless its own bound is set. 0: no bound." },
	{ 0 }
};
// clang-format on

/* ---- reading --------------------------------------------------------------------------------------------------- */

static bool with_unit(struct str v, const char *const units[], const uint64_t factors[], uint64_t *ret)
{
	for (size_t i = 0; units[i]; i++) {
		struct str unit = str_c(units[i]);
		uint64_t n;

		if (str_ends(v, unit) && str_u64(str_trim(str_first(v, v.n - unit.n)), &n))
			return !__builtin_mul_overflow(n, factors[i], ret);
	}
	return false;
}

bool conf_read_size(struct str v, uint64_t *ret)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "", NULL };
	static const uint64_t factors[] = { 1 << 10, 1 << 20, 1 << 30, 1 };

	return with_unit(v, units, factors, ret);
}

static bool read_duration(struct str v, uint64_t *ret)
{
	static const char *const units[] = { "s", "m", "h", "d", "", NULL };
	static const uint64_t factors[] = { 1, 60, 3600, 86400, 1 };

	return with_unit(v, units, factors, ret);
}

/* A value in a message: enough of it to be recognised, so that the remedy still fits. */
#define SHOWN(v) STR_ARG(str_first((v), 60))

static int set_number(const struct conf_key *k, struct str v, uint64_t n, const char *unit, uint64_t *ret,
                      struct fail *f)
{
	if (n < k->least || n > k->most)
		return fail(f, FAIL_SYNTAX, "%s.%s: %.*s is not between %llu and %llu%s", k->section, k->name,
		            SHOWN(v), (unsigned long long)k->least, (unsigned long long)k->most, unit);
	*ret = n;
	return OK;
}

static int set_u32(const struct conf_key *k, uint32_t *at, struct str v, uint64_t n, const char *unit,
                   struct fail *f)
{
	TRY(set_number(k, v, n, unit, &n, f));
	*at = (uint32_t)n;
	return OK;
}

/* Nothing after the "=" means unset, where a key may be. */
static int set_path(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	if (v.n < k->least && k->otherwise)
		return fail(f, FAIL_SYNTAX, "%s.%s: is empty; without it the default is %s", k->section,
		            k->name, k->otherwise);
	if (v.n > k->most)
		return fail(f, FAIL_SYNTAX, "%s.%s: longer than %llu bytes: use a shorter path", k->section,
		            k->name, (unsigned long long)k->most);
	*(struct str *)at = arena_str(a, v);
	return OK;
}

static int set_word(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	struct str words = str_c(k->words);

	while (words.p) {
		struct str w = str_cut(&words, '|');

		if (str_eq(w, v)) {
			*(struct str *)at = w;
			return OK;
		}
	}
	return fail(f, FAIL_SYNTAX, "%s.%s: %.*s is none of %s", k->section, k->name, SHOWN(v), k->words);
}

static int set_count(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	uint64_t n;

	if (!str_u64(v, &n))
		return fail(f, FAIL_SYNTAX, "%s.%s: %.*s is not a number: write digits", k->section, k->name,
		            SHOWN(v));
	return set_u32(k, at, v, n, "", f);
}

static int set_size(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	uint64_t n;

	if (!conf_read_size(v, &n))
		return fail(f, FAIL_SYNTAX, "%s.%s: %.*s is not a size: write 10MiB, 512KiB or bytes",
		            k->section, k->name, SHOWN(v));
	return set_number(k, v, n, " bytes", at, f);
}

static int set_duration(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	uint64_t n;

	if (!read_duration(v, &n))
		return fail(f, FAIL_SYNTAX, "%s.%s: %.*s is not a time: write 30s, 5m, 2h or 5d", k->section,
		            k->name, SHOWN(v));
	return set_u32(k, at, v, n, " seconds", f);
}

static int set_bool(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	bool yes = str_eq(v, STR("yes")) || str_eq(v, STR("on")) || str_eq(v, STR("true"));

	if (!yes && !str_eq(v, STR("no")) && !str_eq(v, STR("off")) && !str_eq(v, STR("false")))
		return fail(f, FAIL_SYNTAX, "%s.%s: %.*s is neither yes nor no", k->section, k->name,
		            SHOWN(v));
	*(bool *)at = yes;
	return OK;
}

static struct conf *whole(const struct conf_key *k, void *at)
{
	return (struct conf *)(void *)((char *)at - k->offset);
}

static int set_endpoints(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	struct conf_endpoints *all = at;
	struct endpoint e;
	struct fail why = { 0 };

	while (v.p) {
		struct str one = str_trim(str_cut(&v, ','));

		if (endpoint_parse(one, &e, &why) < 0)
			return fail(f, FAIL_SYNTAX, "%s.%s: %.*s: %s", k->section, k->name, SHOWN(one),
			            why.why);
		if (k->least && !endpoint_is_loopback(&e)) /* RFC 2033 5: LMTP is not for a wide area */
			return fail(f, FAIL_SYNTAX,
			            "%s.%s: %.*s: whoever reaches it is believed: use an address of "
			            "this machine (127.0.0.1:24, [::1]:24) or unix:/path",
			            k->section, k->name, SHOWN(one));
		if (all->n == CONF_LISTEN_MAX)
			return fail(f, FAIL_SYNTAX, "%s.%s: more than %d", k->section, k->name,
			            CONF_LISTEN_MAX);
		all->at[all->n++] = arena_str(a, one);
	}
	return OK;
}

struct str conf_lower(struct str s, struct arena *a)
{
	char *p = arena_z(a, s);

	for (size_t i = 0; i < s.n; i++)
		p[i] = ascii_lower(p[i]);
	return str_of(p, s.n);
}

static bool is_label(struct str l)
{
	for (size_t i = 0; i < l.n; i++) {
		char c = ascii_lower(l.p[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return l.n && l.n <= LABEL_MAX && l.p[0] != '-' && l.p[l.n - 1] != '-';
}

/* RFC 5321 4.1.2; the bound leaves room within an address's 254 bytes for the local parts that we make. */
bool conf_is_domain(struct str d)
{
	struct str left = d;
	size_t labels = 0;
	bool bad = !d.n || d.n > DOMAIN_MAX;

	for (; left.p && !bad; labels++)
		bad = !is_label(str_cut(&left, '.'));
	return !bad && labels > 1;
}

int conf_check_domain(const char *section, struct str name, struct str d, struct fail *f)
{
	if (!str_is_ascii(d))
		return fail(f, FAIL_SYNTAX, "%s.%.*s: %.*s: write it as an A-label (xn--...), as DNS does",
		            section, SHOWN(name), SHOWN(d));
	return conf_is_domain(d)
	               ? OK
	               : fail(f, FAIL_SYNTAX, "%s.%.*s: %.*s is not a domain name: write it as relay.example",
	                      section, SHOWN(name), SHOWN(d));
}

static int set_host(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	if (v.n)
		TRY(conf_check_domain(k->section, str_c(k->name), v, f));
	*(struct str *)at = conf_lower(v, a);
	return OK;
}

static int set_domains(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	struct conf *c = whole(k, at);

	while (v.p) {
		struct str one = str_trim(str_cut(&v, ','));

		TRY(conf_check_domain(k->section, str_c(k->name), one, f));
		if (c->n_domains == CONF_DOMAINS_MAX)
			return fail(f, FAIL_SYNTAX, "%s.%s: more than %d", k->section, k->name,
			            CONF_DOMAINS_MAX);
		c->domains[c->n_domains++] = conf_lower(one, a);
	}
	return OK;
}

static int set_durations(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	struct conf *c = whole(k, at);

	while (v.p) {
		struct str one = str_trim(str_cut(&v, ','));

		if (c->n_retry == CONF_RETRY_MAX)
			return fail(f, FAIL_SYNTAX, "%s.%s: more than %d", k->section, k->name,
			            CONF_RETRY_MAX);
		TRY(set_duration(k, &c->retry_s[c->n_retry], one, a, f));
		c->n_retry++;
	}
	return OK;
}

static int set_text(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	if (v.n > k->most)
		return fail(f, FAIL_SYNTAX, "%s.%s: longer than %llu bytes", k->section, k->name,
		            (unsigned long long)k->most);
	*(struct str *)at = arena_str(a, v);
	return OK;
}

static int set_target(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	struct conf_target t;

	TRY(conf_target(v, &t, f));
	*(struct str *)at = arena_str(a, v);
	return OK;
}

/* "127.0.0.1", "::1", "[::1]:53", "127.0.0.1:53". */
static int resolver(struct str v, struct arena *a, struct str *ret, struct fail *f)
{
	struct endpoint e;
	OWN(buf) b = BUF(128);

	if (endpoint_parse(v, &e, NULL) == OK && e.addr.ss_family != AF_UNIX) {
		*ret = arena_str(a, v);
		return OK;
	}
	buf_addf(&b, v.n && v.p[0] != '[' && str_chr(v, ':') < v.n ? "[%.*s]:53" : "%.*s:53", STR_ARG(v));
	if (b.over || endpoint_parse(buf_str(&b), &e, NULL) < 0)
		return fail(f, FAIL_SYNTAX, "wanted an address, as 127.0.0.1, ::1 or [::1]:53");
	*ret = arena_str(a, buf_str(&b));
	return OK;
}

static int set_resolvers(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	struct conf *c = whole(k, at);
	struct fail why = { 0 };

	while (v.p) {
		struct str one = str_trim(str_cut(&v, ','));

		if (c->n_resolvers == CONF_RESOLVERS_MAX)
			return fail(f, FAIL_SYNTAX, "%s.%s: more than %d", k->section, k->name,
			            CONF_RESOLVERS_MAX);
		if (resolver(one, a, &c->resolvers[c->n_resolvers], &why) < 0)
			return fail(f, FAIL_SYNTAX, "%s.%s: %.*s: %s", k->section, k->name, SHOWN(one),
			            why.why);
		c->n_resolvers++;
	}
	return OK;
}

static int host(struct str v, struct arena *a, struct str *ret)
{
	OWN(buf) b = BUF(128);
	struct endpoint e;
	char text[64];

	buf_addf(&b, str_chr(v, ':') < v.n ? "[%.*s]:25" : "%.*s:25", STR_ARG(v));
	if (b.over || endpoint_parse(buf_str(&b), &e, NULL) < 0 || e.addr.ss_family == AF_UNIX)
		return FAIL_SYNTAX;
	endpoint_host(&e, text, sizeof(text));
	*ret = arena_str(a, str_c(text));
	return OK;
}

static int set_hosts(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	struct conf_hosts *h = at;

	while (v.p) {
		struct str one = str_trim(str_cut(&v, ','));

		if (h->n == CONF_HOSTS_MAX)
			return fail(f, FAIL_SYNTAX, "%s.%s: more than %d", k->section, k->name,
			            CONF_HOSTS_MAX);
		if (host(one, a, &h->at[h->n]) < 0)
			return fail(f, FAIL_SYNTAX,
			            "%s.%s: %.*s: wanted an address, as 192.0.2.25 or 2001:db8::25",
			            k->section, k->name, SHOWN(one));
		h->n++;
	}
	return OK;
}

bool conf_is_trusted_host(const struct conf *c, struct str client)
{
	for (size_t i = 0; i < c->trusted_hosts.n; i++)
		if (str_eq(client, c->trusted_hosts.at[i]))
			return true;
	return false;
}

static int (*const setters[])(const struct conf_key *, void *, struct str, struct arena *, struct fail *) = {
	[CONF_HOST] = set_host,           [CONF_PATH] = set_path,           [CONF_WORD] = set_word,
	[CONF_COUNT] = set_count,         [CONF_SIZE] = set_size,           [CONF_DURATION] = set_duration,
	[CONF_BOOL] = set_bool,           [CONF_ENDPOINTS] = set_endpoints, [CONF_DOMAINS] = set_domains,
	[CONF_DURATIONS] = set_durations, [CONF_TEXT] = set_text,           [CONF_TARGET] = set_target,
	[CONF_RESOLVERS] = set_resolvers, [CONF_HOSTS] = set_hosts,
};

int conf_value_set(const struct conf_key *k, void *at, struct str v, struct arena *a, struct fail *f)
{
	return setters[k->kind](k, at, v, a, f);
}

int conf_key_set(const struct conf_key *k, struct conf *c, struct str name, struct str value, struct arena *a,
                 struct fail *f)
{
	if (k->kind == CONF_ROUTE)
		return conf_route_set(c, name, STR("to"), value, a, f);
	return setters[k->kind](k, (char *)c + k->offset, value, a, f);
}

int conf_key_complete(const struct conf_key *k, struct conf *c, struct arena *a, struct fail *f)
{
	bool empty = (k->kind == CONF_ENDPOINTS && !((struct conf_endpoints *)((char *)c + k->offset))->n) ||
	             (k->kind == CONF_DURATIONS && !c->n_retry);

	return empty && k->otherwise ? conf_key_set(k, c, str_c(k->name), str_c(k->otherwise), a, f) : OK;
}

/* ---- telling --------------------------------------------------------------------------------------------------- */

static void print_list(const struct str *list, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%.*s", i ? ", " : "", STR_ARG(list[i]));
}

void conf_value_print(const struct conf_key *k, const void *at, struct buf *out)
{
	switch (k->kind) {
	case CONF_HOST:
	case CONF_PATH:
	case CONF_WORD:
	case CONF_TEXT:
	case CONF_TARGET:
		buf_add(out, *(const struct str *)at);
		break;
	case CONF_COUNT:
	case CONF_DURATION:
		buf_add_u64(out, *(const uint32_t *)at);
		break;
	case CONF_SIZE:
		buf_add_u64(out, *(const uint64_t *)at);
		break;
	case CONF_BOOL:
		buf_addz(out, *(const bool *)at ? "yes" : "no");
		break;
	case CONF_ENDPOINTS:
	case CONF_DOMAINS:
	case CONF_DURATIONS:
	case CONF_RESOLVERS:
	case CONF_HOSTS:
	case CONF_ROUTE:
		break;
	}
}

static void print_value(const struct conf_key *k, const struct conf *c, struct buf *out)
{
	const struct conf_endpoints *e = (const void *)((const char *)c + k->offset);

	if (k->kind == CONF_ENDPOINTS)
		print_list(e->at, e->n, out);
	else if (k->kind == CONF_DOMAINS)
		print_list(c->domains, c->n_domains, out);
	else if (k->kind == CONF_RESOLVERS)
		print_list(c->resolvers, c->n_resolvers, out);
	else if (k->kind == CONF_HOSTS)
		print_list(c->trusted_hosts.at, c->trusted_hosts.n, out);
	else if (k->kind == CONF_DURATIONS)
		for (size_t i = 0; i < c->n_retry; i++)
			buf_addf(out, "%s%u", i ? ", " : "", c->retry_s[i]);
	else
		conf_value_print(k, (const char *)c + k->offset, out);
}

void conf_key_each(const struct conf_key *k, const struct conf *c,
                   void (*put)(void *self, struct str key, struct str value), void *self)
{
	OWN(buf) name = BUF(512);
	OWN(buf) value = BUF(8192);

	buf_addf(&name, "%s.%s", k->section, k->name);
	print_value(k, c, &value);
	if (value.n)
		put(self, buf_str(&name), buf_str(&value));
}
