"""Every SQL statement of the store against SQLite's own plan for it: none reads a table from end to end but those that are
listed here with the reason, and no row is deleted by looking through all rows of a table that points at it."""

import itertools
import pathlib
import re
import sqlite3
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
STORE = TOP / "src/store"
STRINGS = re.compile(r'(?:"(?:[^"\\]|\\.)*"\s*)+')
VERB = re.compile(r"(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b")

# File, words of the statement, what it reads whole, and why it may: not for each message, and not for each of many rows.
MAY_SCAN = [
    ("aliases.c", "ORDER BY a.id", "a", "alias_each without a user: a list for the operator"),
    ("backup.c", "pragma_user_version", "pragma_user_version", "one row"),
    ("bounces.c", "WHERE paused > 0", "mailbox USING INDEX mailbox_paused", "a partial index, and LIMIT"),
    ("domains.c", "WHERE ?1 = 0 OR user = ?1", "domain", "a list; few have a domain"),
    ("expiry.c", "SELECT d.user FROM (", "d", "the few that three indexes found to be due"),
    ("held.c", "WHERE ?1 = 0 OR user = ?1", "held", "a list"),
    ("profiles.c", "FROM profile p", "p", "a list"),
    ("queue.c", "LIMIT ?)", "queue USING INDEX queue_fresh", "a thousand at most"),
    ("queue.c", "GROUP BY user", "queue USING INDEX queue_fresh", "when there are a thousand, and for a thirtieth of the time at most (line.c)"),
    ("queue.c", "WHERE mid = ?", "queue", "one message that the operator deletes by name"),
    ("queue.c", "ON b.id = q.body ORDER BY q.id", "q", "a list for the operator"),
    ("sessions.c", "DELETE FROM session", "session", "once an hour"),
    ("upkeep.c", "DELETE FROM event", "event", "the oldest by id, ended at the LIMIT"),
    ("upkeep.c", "DELETE FROM mailbox", "mailbox", "once an hour"),
    ("upkeep.c", "DELETE FROM rate", "rate", "once an hour; a day of it is kept"),
    ("upkeep.c", "count(*)", "(?:user|mailbox|profile|reverse|spare|queue)", "sums for the operator; what grows is in tally"),
    ("users.c", "FROM user u ORDER BY id", "u", "a list for the operator"),
    ("users.c", "FROM mailbox m", "m", "a list"),
]


def strings_of(path):
    """The string literals of a source, those beside each other as the one that the compiler makes of them."""
    source = subprocess.run(["cc", "-E", "-P", "-I", TOP / "src", path], check=True, capture_output=True, text=True).stdout
    return ["".join(s[1:-1] for s in re.findall(r'"(?:[^"\\]|\\.)*"', run[0])) for run in STRINGS.finditer(source)]


def statements():
    """(file, statement), each once; at run time they are all literals (store/db.h)."""
    found = dict.fromkeys((path.name, text) for path in sorted(STORE.glob("*.c"))
                          if not path.name.endswith("_test.c") and path.name != "schema.c"
                          for text in strings_of(path) if VERB.match(text))
    return list(found)


@pytest.fixture(scope="module")
def database():
    """An empty store of the newest version, by the words of schema.c itself."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    for text in itertools.takewhile(lambda s: not s.startswith("PRAGMA user_version"), strings_of(STORE / "schema.c")):
        if ";" in text and text.startswith("CREATE TABLE") or text.startswith("ALTER TABLE"):
            db.executescript(text)
    yield db
    db.close()


def scans(db, statement):
    """The tables and indexes that are read from end to end; a table of the statement's own making is none."""
    count = len(re.findall(r"\?(?!\d)", statement)) or max(map(int, re.findall(r"\?(\d+)", statement)), default=0)
    plan = [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + statement, [None] * count)]
    return [line for line in plan if re.match(r"SCAN (?!CONSTANT ROW|json_each|\()", line)]


def test_the_statements_are_found():
    """This test reads sources: if it found no more than a part, it would hold nothing."""
    found = statements()
    assert len(found) > 200 and len({file for file, _ in found}) > 20, len(found)


def test_no_statement_reads_a_whole_table(database):
    wrong, used = [], set()
    for file, statement in statements():
        for line in scans(database, statement):
            row = next((r for r in MAY_SCAN if r[0] == file and r[1] in statement and re.match(rf"SCAN (?:{r[2]})\b", line)), None)
            if row:
                used.add(row)
            else:
                wrong.append(f"{file}: {line}: {statement}")
    assert not wrong, "\n".join(wrong)
    assert used == set(MAY_SCAN), f"these scan no more: {set(MAY_SCAN) - used}"


def test_what_points_at_a_row_is_found_by_an_index(database):
    """SQLite looks for them at each DELETE of that row; EXPLAIN QUERY PLAN does not tell of it."""
    tables = [r[0] for r in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    wrong, seen = [], 0
    for table in tables:
        for key in database.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            seen += 1
            if scans(database, f"SELECT 1 FROM {table} WHERE {key[3]} = ?"):
                wrong.append(f"{table}.{key[3]} -> {key[2]}")
    assert seen > 20 and not wrong, wrong
