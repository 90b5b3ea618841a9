"""fill.py: a store of any size in minutes, by SQL into the database of a server that is stopped. What nobody looks up by its
words is noise, as sealed columns and keyed hashes are to everybody without the keys: the trees are as wide and as deep as real
ones. What the server must open (the queue) is copied from a row that it has written itself."""

import contextlib
import sqlite3

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
# Sealed columns: 1 + 12 + 16 octets beside the words; an address of 30, a name of 20, a certificate of 700.
ADDRESS, NAME, CERTIFICATE, WRAPPED = 59, 49, 729, 260


@contextlib.contextmanager
def database(server):
    """Of a stopped server. No sync: a run that is cut off throws its folder away."""
    (path,) = server.folder.rglob("postern.db")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -262144")
    db.execute("BEGIN")
    yield db
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def size(server):
    return sum(p.stat().st_size for p in server.folder.rglob("postern.db*"))


def aliases(db, count):
    """Of the first user, for the mailboxes of the user's first alias."""
    like, first = db.execute("SELECT id, (SELECT max(id) FROM alias) + 1 FROM alias LIMIT 1").fetchone()
    columns = [c[1] for c in db.execute("PRAGMA table_info(alias)")]
    new = {"id": f"{first} + i", "address_hash": "randomblob(32)", "address": f"randomblob({ADDRESS})"}
    db.execute(f"{NUMBERS} INSERT INTO alias ({', '.join(columns)}) SELECT {', '.join(new.get(c, 'a.' + c) for c in columns)}"
               " FROM n, alias a WHERE a.id = ?", (count, like))
    db.execute("INSERT INTO alias_mailbox SELECT a.id, m.mailbox FROM alias a, alias_mailbox m WHERE a.id > ? AND m.alias = ?",
               (first, like))
    return first


def correspondents(db, count, certificates=0):
    """Spread over all aliases by chance, each with a reverse address of its own; so many of them with a certificate."""
    user, last, = db.execute("SELECT user, (SELECT max(id) FROM alias) FROM alias LIMIT 1").fetchone()
    base = db.execute("SELECT coalesce(max(id), 0) FROM reverse").fetchone()[0]
    db.execute(f"{NUMBERS} INSERT INTO reverse (id, user, address_hash, address, use, created)"
               f" SELECT ? + i, ?, randomblob(32), randomblob({ADDRESS}), 1, 1750000000 FROM n", (count, base, user))
    low = db.execute("SELECT min(id) FROM alias").fetchone()[0]
    db.execute(f"{NUMBERS} INSERT INTO correspondent (alias, key_hash, kind, address, name, reply_to, reverse, created, last_used)"
               f" SELECT ? + abs(random()) % ?, randomblob(32), 0, randomblob({ADDRESS}), randomblob({NAME}), x'', ? + i, 1750000000,"
               " 1750000000 FROM n", (count, low, last - low + 1, base))
    db.execute("DELETE FROM correspondent WHERE alias NOT IN (SELECT id FROM alias)")  # ids that were left out
    profile = db.execute("SELECT id FROM profile WHERE state = 3 LIMIT 1").fetchone()
    if certificates and profile:
        db.execute(f"{NUMBERS} INSERT INTO sender_cert (reverse, profile, cert, wrapped, not_after) SELECT ? + i, ?,"
                   f" randomblob({CERTIFICATE}), randomblob({WRAPPED}), 1900000000 FROM n", (certificates, base, profile[0]))


def queue(db, count, due):
    """So many like the one message that waits: its body's file, key and addresses, other ids. due: SQL of i, when each is due."""
    mid, item, body = db.execute("SELECT mid, id, body FROM queue LIMIT 1").fetchone()
    columns = [c[1] for c in db.execute("PRAGMA table_info(queue)")]
    first = db.execute("SELECT max(id) FROM body").fetchone()[0]
    at = db.execute("SELECT max(id) FROM queue").fetchone()[0]
    db.execute(f"{NUMBERS} INSERT INTO body (id, file, own, offset, stored, plain, key) SELECT ? + i, b.file, b.own, b.offset, b.stored,"
               " b.plain, b.key FROM n, body b WHERE b.id = ?", (count, first, body))
    prefix = mid[:18] if isinstance(mid, bytes) else mid.encode()[:18]
    new = {"id": f"{at} + i", "mid": "CAST(? || printf('%08d', i) AS BLOB)", "body": f"{first} + i", "next_try": due, "tries": "3"}
    db.execute(f"{NUMBERS} INSERT INTO queue ({', '.join(columns)}) SELECT {', '.join(new.get(c, 'q.' + c) for c in columns)}"
               " FROM n, queue q WHERE q.id = ?", (count, prefix.decode(), item))
