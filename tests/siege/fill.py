"""fill.py: a store of any size in minutes, by SQL into the database of a server that is stopped. What nobody looks up by its
words is noise, as sealed columns and keyed hashes are to everybody without the keys: the trees are as wide and as deep as real
ones, though fuller, for rows are put in the order of their keys: in the order of chance each of millions would be a page to be
read and written again. What the server must open (the queue) is copied from a row that it has written itself."""

import contextlib
import pathlib
import shutil
import sqlite3

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
# Sealed columns: 1 + 12 + 16 octets beside the words; an address of 30, a name of 20, a certificate of 700.
ADDRESS, NAME, CERTIFICATE, WRAPPED = 59, 49, 729, 260


@contextlib.contextmanager
def database(server):
    """Of a stopped server. No sync, and nothing is written twice: a run that is cut off throws its folder away."""
    (path,) = server.folder.rglob("postern.db")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -262144")
    db.execute("BEGIN")
    yield db
    db.execute("COMMIT")
    db.close()


@contextlib.contextmanager
def untallied(db, table):
    """The sums that triggers keep row by row are set once, afterwards."""
    like = (f"tally_{table}_%", "tally_bytes_%" if table == "queue" else "")
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND (name LIKE ? OR name LIKE ?)", like).fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    yield
    for _, sql in triggers:
        db.execute(sql)
    db.execute(f"UPDATE tally SET n = (SELECT count(*) FROM {table}) WHERE name = '{table}'")
    if table == "queue":
        db.execute("UPDATE tally SET n = (SELECT sum(b.plain) FROM queue q JOIN body b ON b.id = q.body) WHERE name = 'queue_bytes'")


def size(server):
    return sum(p.stat().st_size for p in server.folder.rglob("postern.db*"))


def hashes(count):
    """SQL: so many rows (i, hash), i from 1, the hashes by chance and in their order."""
    return (f"(SELECT row_number() OVER (ORDER BY hash) AS i, hash FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
            f" WHERE i < {int(count)}) SELECT randomblob(32) AS hash FROM n))")


def aliases(db, count):
    """Of the first user, for the mailboxes of the user's first alias."""
    like, first = db.execute("SELECT id, (SELECT max(id) FROM alias) + 1 FROM alias LIMIT 1").fetchone()
    columns = [c[1] for c in db.execute("PRAGMA table_info(alias)")]
    new = {"id": f"{first} + n.i", "address_hash": "n.hash", "address": f"randomblob({ADDRESS})"}
    with untallied(db, "alias"):
        db.execute(f"INSERT INTO alias ({', '.join(columns)}) SELECT {', '.join(new.get(c, 'a.' + c) for c in columns)}"
                   f" FROM {hashes(count)} n CROSS JOIN alias a WHERE a.id = ? ORDER BY n.i", (like,))
    db.execute("INSERT INTO alias_mailbox SELECT a.id, m.mailbox FROM alias a, alias_mailbox m WHERE a.id > ? AND m.alias = ?"
               " ORDER BY a.id, m.mailbox", (first, like))
    return first


def correspondents(db, count, certificates=0):
    """Spread evenly over all aliases, each with a reverse address of its own; so many of them with a certificate."""
    user, = db.execute("SELECT user FROM alias LIMIT 1").fetchone()
    base = db.execute("SELECT coalesce(max(id), 0) FROM reverse").fetchone()[0]
    ids = [r[0] for r in db.execute("SELECT id FROM alias ORDER BY id")]
    db.create_function("alias_of", 1, lambda i: ids[(i - 1) * len(ids) // count], deterministic=True)
    db.execute("INSERT INTO reverse (id, user, address_hash, address, use, created)"
               f" SELECT ? + n.i, ?, n.hash, randomblob({ADDRESS}), 1, 1750000000 FROM {hashes(count)} n ORDER BY n.i", (base, user))
    with untallied(db, "correspondent"):
        db.execute(f"{NUMBERS} INSERT INTO correspondent (alias, key_hash, kind, address, name, reply_to, reverse, created, last_used)"
                   f" SELECT alias_of(i), randomblob(32), 0, randomblob({ADDRESS}), randomblob({NAME}), x'', ? + i, 1750000000,"
                   " 1750000000 FROM n", (count, base))
    profile = db.execute("SELECT id FROM profile WHERE state = 3 LIMIT 1").fetchone()
    if certificates and profile:
        db.execute(f"{NUMBERS} INSERT INTO sender_cert (reverse, profile, cert, wrapped, not_after) SELECT ? + i, ?,"
                   f" randomblob({CERTIFICATE}), randomblob({WRAPPED}), 1900000000 FROM n", (certificates, base, profile[0]))


def remembered(db, count):
    """So many messages of the last days that would be known again, as a store has that has been in use."""
    db.execute(f"{NUMBERS} INSERT INTO seen SELECT randomblob(32), randomblob(26), unixepoch() - i % 86400 FROM n", (count,))
    db.execute(f"{NUMBERS} INSERT INTO msgid SELECT randomblob(32), randomblob(60), unixepoch() - i % 86400 FROM n", (count,))


def out_of_its_row(db, body):
    """Of a million bodies few stand in rows: into a file with it, which all share."""
    stands, = db.execute("SELECT bytes FROM body WHERE id = ?", (body,)).fetchone()
    if stands is None:
        return
    folder = pathlib.Path(db.execute("PRAGMA database_list").fetchone()[2]).parent / "bodies"
    file = max((int(p.name, 16) for p in folder.iterdir()), default=0) + 1
    (folder / f"{file:016x}").write_bytes(stands)
    shutil.chown(folder / f"{file:016x}", folder.stat().st_uid, folder.stat().st_gid)
    db.execute("UPDATE body SET file = ?, bytes = NULL WHERE id = ?", (file, body))


def queue(db, count, due):
    """So many like the one message that waits: its body's file, key and addresses, other ids. due: SQL of i, when each is due."""
    mid, item, body = db.execute("SELECT mid, id, body FROM queue LIMIT 1").fetchone()
    out_of_its_row(db, body)
    columns = [c[1] for c in db.execute("PRAGMA table_info(queue)")]
    first = db.execute("SELECT max(id) FROM body").fetchone()[0]
    at = db.execute("SELECT max(id) FROM queue").fetchone()[0]
    prefix = mid[:18] if isinstance(mid, bytes) else mid.encode()[:18]
    new = {"id": f"{at} + i", "mid": "CAST(? || printf('%08d', i) AS BLOB)", "body": f"{first} + i", "next_try": due, "tries": "3"}
    db.execute(f"{NUMBERS} INSERT INTO body (id, file, own, offset, stored, plain, key) SELECT ? + i, b.file, b.own, b.offset, b.stored,"
               " b.plain, b.key FROM n, body b WHERE b.id = ?", (count, first, body))
    with untallied(db, "queue"):
        db.execute(f"{NUMBERS} INSERT INTO queue ({', '.join(columns)}) SELECT {', '.join(new.get(c, 'q.' + c) for c in columns)}"
                   " FROM n, queue q WHERE q.id = ?", (count, prefix.decode(), item))
