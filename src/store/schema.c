/* schema.c - the tables, and how an older store becomes a newer one: forward only, each step in one transaction, after a
 * copy was laid beside it. */
#include "store/accounts.h"
#include "store/db.h"
#include "store/events.h"
#include "store/expiry.h"
#include "store/passkeys.h"
#include "store/trials.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* AUTOINCREMENT where an id outlives its row: in the scope of a hash, in what the vault has wrapped, in a scribe's cache of
 * keys, in the envelope sender of what has left, in a letter to a user, in what programs of users remember. Another user, profile or certificate of the same number would be taken for the one that is gone. */
// clang-format off
#define TALLY(table) \
	"CREATE TRIGGER tally_" table "_more AFTER INSERT ON " table " BEGIN UPDATE tally SET n = n + 1 WHERE name = '" table "'; END;" \
	"CREATE TRIGGER tally_" table "_less AFTER DELETE ON " table " BEGIN UPDATE tally SET n = n - 1 WHERE name = '" table "'; END;"

static const char *const versions[] = {
	/* 1 */
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;"
	"CREATE TABLE user (id INTEGER PRIMARY KEY AUTOINCREMENT, name_hash BLOB NOT NULL UNIQUE, name BLOB NOT NULL, created INTEGER,"
	" messages_hour INTEGER NOT NULL DEFAULT 0, messages_day INTEGER NOT NULL DEFAULT 0,"
	" bytes_hour INTEGER NOT NULL DEFAULT 0, bytes_day INTEGER NOT NULL DEFAULT 0,"
	" expiry_notices INTEGER NOT NULL DEFAULT 1, expiry_told INTEGER NOT NULL DEFAULT 0);"
	"CREATE TABLE mailbox (id INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,"
	" address_hash BLOB NOT NULL UNIQUE, address BLOB NOT NULL, clear_ok INTEGER NOT NULL, created INTEGER,"
	" paused INTEGER NOT NULL DEFAULT 0, paused_why INTEGER NOT NULL DEFAULT 0, probe_at INTEGER NOT NULL DEFAULT 0,"
	" probes INTEGER NOT NULL DEFAULT 0, taken INTEGER NOT NULL DEFAULT 0, pause_told INTEGER NOT NULL DEFAULT 0,"
	" reply_rule INTEGER NOT NULL DEFAULT 1, reply_clear INTEGER NOT NULL DEFAULT 1, replies_told INTEGER NOT NULL DEFAULT 0,"
	" verified INTEGER NOT NULL DEFAULT 1);"
	"CREATE INDEX mailbox_paused ON mailbox (probe_at) WHERE paused > 0;"
	"CREATE TABLE bounce (id INTEGER PRIMARY KEY, mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,"
	" token_hash BLOB UNIQUE, way INTEGER NOT NULL, reason INTEGER NOT NULL, hard INTEGER NOT NULL, status BLOB,"
	" note BLOB, created INTEGER NOT NULL);"
	"CREATE INDEX bounce_mailbox ON bounce (mailbox, created);"
	"CREATE INDEX bounce_created ON bounce (created);"
	"CREATE INDEX mailbox_user ON mailbox (user);"
	"CREATE TABLE mailbox_sender (mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,"
	" address_hash BLOB NOT NULL, address BLOB NOT NULL, PRIMARY KEY (mailbox, address_hash)) WITHOUT ROWID;"
	"CREATE TABLE app_password (id INTEGER PRIMARY KEY AUTOINCREMENT, mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,"
	" name_hash BLOB NOT NULL, name BLOB NOT NULL, secret_hash BLOB NOT NULL UNIQUE, created INTEGER NOT NULL,"
	" last_used INTEGER NOT NULL, UNIQUE (mailbox, name_hash));"
	"CREATE TABLE domain (id INTEGER PRIMARY KEY, user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,"
	" name_hash BLOB NOT NULL UNIQUE, name BLOB NOT NULL, catch_all INTEGER NOT NULL, allow BLOB NOT NULL,"
	" deny BLOB NOT NULL, per_day INTEGER NOT NULL, day INTEGER NOT NULL, made INTEGER NOT NULL,"
	" created INTEGER NOT NULL);"
	"CREATE INDEX domain_user ON domain (user);"
	"CREATE TABLE domain_mailbox (domain INTEGER NOT NULL REFERENCES domain ON DELETE CASCADE,"
	" mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE, PRIMARY KEY (domain, mailbox)) WITHOUT ROWID;"
	"CREATE INDEX domain_of_mailbox ON domain_mailbox (mailbox);"
	"CREATE TABLE alias (id INTEGER PRIMARY KEY, user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,"
	" domain INTEGER REFERENCES domain, origin INTEGER NOT NULL,"
	" address_hash BLOB NOT NULL UNIQUE, address BLOB NOT NULL, state INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
	" idle_days INTEGER NOT NULL, count_left INTEGER NOT NULL, last_used INTEGER NOT NULL, used INTEGER NOT NULL,"
	" label BLOB, from_name BLOB, created INTEGER NOT NULL, blocks INTEGER NOT NULL DEFAULT 0,"
	" messages_hour INTEGER NOT NULL DEFAULT 0, messages_day INTEGER NOT NULL DEFAULT 0,"
	" bytes_hour INTEGER NOT NULL DEFAULT 0, bytes_day INTEGER NOT NULL DEFAULT 0,"
	" told INTEGER NOT NULL DEFAULT 0, answered INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0);"
	"CREATE INDEX alias_user ON alias (user);"
	"CREATE INDEX alias_by_date ON alias (" EXPIRY_BY_DATE ") WHERE " EXPIRY_HAS_DATE ";"
	"CREATE INDEX alias_by_idle ON alias (" EXPIRY_BY_IDLE ") WHERE " EXPIRY_HAS_IDLE ";"
	"CREATE INDEX alias_by_count ON alias (count_left) WHERE " EXPIRY_HAS_COUNT ";"
	"CREATE INDEX alias_domain ON alias (domain) WHERE domain IS NOT NULL;"
	"CREATE TABLE alias_mailbox (alias INTEGER NOT NULL REFERENCES alias ON DELETE CASCADE,"
	" mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE, PRIMARY KEY (alias, mailbox)) WITHOUT ROWID;"
	"CREATE INDEX alias_of_mailbox ON alias_mailbox (mailbox);"
	"CREATE TABLE address_gone (address_hash BLOB PRIMARY KEY) WITHOUT ROWID;"
	"CREATE TABLE correspondent (id INTEGER PRIMARY KEY, alias INTEGER NOT NULL REFERENCES alias ON DELETE CASCADE,"
	" key_hash BLOB NOT NULL, kind INTEGER NOT NULL, address BLOB, name BLOB, reply_to BLOB, reply_asked BLOB,"
	" reverse INTEGER NOT NULL REFERENCES reverse, created INTEGER, last_used INTEGER, UNIQUE (alias, key_hash));"
	"CREATE INDEX correspondent_reverse ON correspondent (reverse);"
	"CREATE TABLE block (alias INTEGER NOT NULL REFERENCES alias ON DELETE CASCADE, key_hash BLOB NOT NULL,"
	" what BLOB NOT NULL, how INTEGER NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (alias, key_hash)) WITHOUT ROWID;"
	"CREATE TABLE reverse (id INTEGER PRIMARY KEY, user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,"
	" address_hash BLOB NOT NULL UNIQUE, address BLOB NOT NULL, use INTEGER NOT NULL, created INTEGER);"
	"CREATE INDEX reverse_pool ON reverse (user, use) WHERE use = 0;"
	"CREATE TABLE profile (id INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,"
	" mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE, state INTEGER NOT NULL, cipher INTEGER NOT NULL,"
	" sender_alg INTEGER NOT NULL, root BLOB, intermediate BLOB, user_cert BLOB, wrapped_ca BLOB, intermediate_spki BLOB,"
	" root_cn BLOB, intermediate_cn BLOB, domains BLOB, critical INTEGER NOT NULL, not_before INTEGER NOT NULL,"
	" not_after INTEGER NOT NULL, created INTEGER NOT NULL, reminded INTEGER NOT NULL);"
	"CREATE UNIQUE INDEX profile_active ON profile (mailbox) WHERE state = 3;"
	"CREATE INDEX profile_mailbox ON profile (mailbox);"
	"CREATE TABLE sender_cert (id INTEGER PRIMARY KEY AUTOINCREMENT, reverse INTEGER NOT NULL REFERENCES reverse ON DELETE CASCADE,"
	" profile INTEGER NOT NULL REFERENCES profile ON DELETE CASCADE, cert BLOB NOT NULL, wrapped BLOB NOT NULL,"
	" not_after INTEGER NOT NULL, UNIQUE (reverse, profile));"
	"CREATE INDEX sender_cert_profile ON sender_cert (profile);"
	"CREATE TABLE spare (id INTEGER PRIMARY KEY, alg INTEGER NOT NULL, wrapped BLOB NOT NULL);"
	"CREATE INDEX spare_alg ON spare (alg);"
	"CREATE TABLE msgid (hash BLOB PRIMARY KEY, value BLOB NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX msgid_created ON msgid (created);"
	"CREATE TABLE seen (digest BLOB PRIMARY KEY, mid BLOB NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX seen_created ON seen (created);"
	"CREATE TABLE activity (alias INTEGER NOT NULL REFERENCES alias ON DELETE CASCADE, hour INTEGER NOT NULL,"
	" forwarded INTEGER NOT NULL, dropped INTEGER NOT NULL, refused INTEGER NOT NULL, bytes INTEGER NOT NULL,"
	" PRIMARY KEY (alias, hour)) WITHOUT ROWID;"
	"CREATE INDEX activity_hour ON activity (hour);"
	"CREATE TABLE rate (user INTEGER NOT NULL, hour INTEGER NOT NULL, n INTEGER NOT NULL,"
	" messages INTEGER NOT NULL, bytes INTEGER NOT NULL, answers INTEGER NOT NULL DEFAULT 0,"
	" PRIMARY KEY (user, hour)) WITHOUT ROWID;"
	"CREATE TABLE body (id INTEGER PRIMARY KEY, file INTEGER NOT NULL, own INTEGER NOT NULL, offset INTEGER NOT NULL,"
	" stored INTEGER NOT NULL, plain INTEGER NOT NULL, key BLOB NOT NULL);"
	"CREATE INDEX body_file ON body (file);"
	"CREATE TABLE queue (id INTEGER PRIMARY KEY, mid BLOB NOT NULL, body INTEGER NOT NULL REFERENCES body,"
	" user INTEGER NOT NULL, mailbox INTEGER NOT NULL, kind INTEGER NOT NULL, sender BLOB NOT NULL, rcpt BLOB NOT NULL, orig_sender BLOB,"
	" orig_id BLOB, alias BLOB, arrived INTEGER NOT NULL, next_try INTEGER NOT NULL, tries INTEGER NOT NULL,"
	" expires INTEGER NOT NULL, flags INTEGER NOT NULL, dsn INTEGER NOT NULL, status BLOB, note BLOB);"
	"CREATE INDEX queue_next ON queue (next_try, id);"
	"CREATE TABLE spoke (signature_hash BLOB PRIMARY KEY, message BLOB NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX spoke_created ON spoke (created);"
	"CREATE TABLE sent (token_hash BLOB PRIMARY KEY, mailbox INTEGER NOT NULL REFERENCES mailbox ON DELETE CASCADE,"
	" correspondent INTEGER NOT NULL REFERENCES correspondent ON DELETE CASCADE, created INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX sent_created ON sent (created);"
	"CREATE INDEX sent_mailbox ON sent (mailbox);"
	"CREATE INDEX sent_correspondent ON sent (correspondent);"
	"CREATE TABLE held (id INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,"
	" mailbox INTEGER REFERENCES mailbox ON DELETE CASCADE, alias INTEGER REFERENCES alias ON DELETE CASCADE,"
	" alias_address BLOB NOT NULL, sender BLOB NOT NULL, rcpts BLOB NOT NULL, account INTEGER NOT NULL,"
	" cause INTEGER NOT NULL, created INTEGER NOT NULL, size INTEGER NOT NULL, mid BLOB NOT NULL, told INTEGER NOT NULL,"
	" body INTEGER REFERENCES body ON DELETE SET NULL);"
	"CREATE INDEX held_user ON held (user, id);"
	"CREATE INDEX held_mailbox ON held (mailbox);"
	"CREATE INDEX held_alias ON held (alias);"
	"CREATE INDEX held_created ON held (created);"
	"CREATE INDEX held_body ON held (body);"
	"CREATE TRIGGER held_gone AFTER DELETE ON held WHEN OLD.body IS NOT NULL BEGIN"
	" DELETE FROM body WHERE id = OLD.body; END;"
	ACCOUNT_TABLES,
	/* 2: subjects that are sealed too, test letters */
	"ALTER TABLE mailbox ADD COLUMN hide_subject INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE rate ADD COLUMN trials INTEGER NOT NULL DEFAULT 0;"
	TRIAL_TABLES,
	/* 3: what programs of users remember by number, a domain is a user's once DNS says so and is looked at from then on, passkeys,
	 * what happened to mail, sizes that tell little. The rows are as they were: only the words of the two tables change, as SQLite's own page on ALTER TABLE
	 * has it (7). */
	"CREATE TABLE alias_mark (alias INTEGER PRIMARY KEY REFERENCES alias ON DELETE CASCADE,"
	" pinned INTEGER NOT NULL, trashed INTEGER NOT NULL);"
	"CREATE TRIGGER alias_is_back AFTER UPDATE OF state ON alias WHEN NEW.state = 1 BEGIN"
	" UPDATE alias_mark SET trashed = 0 WHERE alias = NEW.id; END;"
	"PRAGMA writable_schema = ON;"
	"UPDATE sqlite_schema SET sql = replace(sql, '(id INTEGER PRIMARY KEY,', '(id INTEGER PRIMARY KEY AUTOINCREMENT,')"
	" WHERE type = 'table' AND name IN ('alias', 'correspondent');"
	"PRAGMA writable_schema = RESET;"
	"CREATE TABLE domain_claim (id INTEGER PRIMARY KEY, user INTEGER NOT NULL REFERENCES user ON DELETE CASCADE,"
	" name_hash BLOB NOT NULL, name BLOB NOT NULL, token BLOB NOT NULL, created INTEGER NOT NULL,"
	" ownership INTEGER NOT NULL, mx INTEGER NOT NULL, spf INTEGER NOT NULL, dmarc INTEGER NOT NULL,"
	" checked INTEGER NOT NULL, next_look INTEGER NOT NULL, UNIQUE (user, name_hash));"
	"CREATE INDEX domain_claim_name ON domain_claim (name_hash);"
	"CREATE INDEX domain_claim_created ON domain_claim (created);"
	"CREATE INDEX domain_claim_next ON domain_claim (next_look) WHERE next_look > 0;"
	"CREATE TABLE domain_watch (domain INTEGER PRIMARY KEY REFERENCES domain ON DELETE CASCADE, token BLOB,"
	" ownership INTEGER NOT NULL, mx INTEGER NOT NULL, spf INTEGER NOT NULL, dmarc INTEGER NOT NULL,"
	" ownership_lost INTEGER NOT NULL, mx_lost INTEGER NOT NULL, checked INTEGER NOT NULL, next_look INTEGER NOT NULL,"
	" told INTEGER NOT NULL);"
	"CREATE INDEX domain_watch_next ON domain_watch (next_look);"
	"INSERT INTO domain_watch SELECT id, NULL, 3, 3, 3, 3, 0, 0, 0, 0, 0 FROM domain;"
	/* What points at a row is asked for each time that row is deleted: a body with each message that was delivered. */
	"CREATE INDEX queue_body ON queue (body);"
	"CREATE INDEX queue_fresh ON queue (next_try, id) WHERE tries = 0;"
	"CREATE INDEX reverse_user ON reverse (user, use);"
	"CREATE INDEX profile_user ON profile (user);"
	/* Sums that are asked for while mail flows: to count millions of rows takes seconds. */
	"CREATE TABLE tally (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;"
	"INSERT INTO tally SELECT 'alias', count(*) FROM alias;"
	"INSERT INTO tally SELECT 'correspondent', count(*) FROM correspondent;"
	"INSERT INTO tally SELECT 'queue', count(*) FROM queue;"
	"INSERT INTO tally SELECT 'queue_bytes', coalesce(sum(b.plain), 0) FROM queue q JOIN body b ON b.id = q.body;"
	TALLY("alias") TALLY("correspondent") TALLY("queue")
	"CREATE TRIGGER tally_bytes_more AFTER INSERT ON queue BEGIN UPDATE tally SET n = n +"
	" (SELECT plain FROM body WHERE id = NEW.body) WHERE name = 'queue_bytes'; END;"
	"CREATE TRIGGER tally_bytes_less AFTER DELETE ON queue BEGIN UPDATE tally SET n = n -"
	" (SELECT plain FROM body WHERE id = OLD.body) WHERE name = 'queue_bytes'; END;"
	PASSKEY_TABLES
	"ALTER TABLE mailbox ADD COLUMN pad_sizes INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE activity ADD COLUMN answered INTEGER NOT NULL DEFAULT 0;"
	EVENT_TABLES,
	/* Of a body that is in no file. The last column: who reads the others does not read it. */
	"ALTER TABLE body ADD COLUMN bytes BLOB;"
	"DROP INDEX body_file;"
	"CREATE INDEX body_file ON body (file) WHERE file > 0;",
};
// clang-format on

enum { NEWEST = sizeof(versions) / sizeof(versions[0]) };

static int64_t version_of(struct store *st)
{
	sqlite3_stmt *s = NULL;
	int64_t v = -1;

	if (sqlite3_prepare_v2(st->db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		v = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return v;
}

static int copy_beside(struct store *st, int64_t version, struct fail *f)
{
	char name[64], sql[96];

	snprintf(name, sizeof(name), "postern.db.before-%lld", (long long)version + 1);
	if (unlink(name) < 0 && errno != ENOENT) /* of a try that was cut off: it may be half of a copy */
		return fail_errno(f, FAIL_SYS, "%s", name);
	snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", name);
	return store_exec(st, sql, f);
}

static int step_to(struct store *st, int64_t version, struct fail *f)
{
	char set[64];

	snprintf(set, sizeof(set), "PRAGMA user_version = %lld", (long long)version + 1);
	TRY(store_exec(st, "BEGIN EXCLUSIVE", f));
	if (store_exec(st, versions[version], f) < 0 || store_exec(st, set, f) < 0 ||
	    store_exec(st, "COMMIT", f) < 0) {
		(void)!sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
		return FAIL_SYS;
	}
	return OK;
}

int schema_migrate(struct store *st, struct fail *f)
{
	int64_t v = version_of(st);

	if (v < 0)
		return fail(f, FAIL_SYS, "the database cannot be read: %s", sqlite3_errmsg(st->db));
	if (v > NEWEST)
		return fail(f, FAIL_DENIED,
		            "the store was made by a newer Postern (schema %lld, this one knows %d)",
		            (long long)v, NEWEST);
	if (v > 0 && v < NEWEST)
		TRY(copy_beside(st, v, f));
	for (; v < NEWEST; v++)
		TRY(step_to(st, v, f));
	return OK;
}
