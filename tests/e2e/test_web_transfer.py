"""Many aliases: one change to all of them, out into files and in from them, ours and those of SimpleLogin and addy.io."""

import csv
import io
import json
import pathlib
import re
import socket
import time

import pytest

import browser
from browser import PASSWORD, Browser, path

FIELDS = ["address", "state", "label", "name", "mailboxes", "expires", "idle_days", "count", "messages_hour", "messages_day", "bytes_hour",
          "bytes_day", "used", "last_used", "created"]


@pytest.fixture(scope="module")
def server(hop):
    s = browser.serve(hop).start()
    yield s
    s.close()


def person(server, hop, name, boxes=1):
    b = browser.account(server, name)
    for n in range(boxes):
        browser.verify(b, hop, f"{name}{n or ''}@mailbox.example", clear="on")
    server.cli("domain", "add", name, f"{name}.example")
    return b


@pytest.fixture(scope="module")
def ann(server, hop):
    return person(server, hop, "ann", 2)


@pytest.fixture(scope="module")
def bob(server, hop):
    return person(server, hop, "bob")


def add(b, address, **more):
    return b.good("POST", "/v1/aliases", {"address": address, **more}, 201)["address"]


def show(b, address):
    return b.good("GET", path("v1", "aliases", address), status=200)


def everything(b):
    got = b.good("GET", "/v1/aliases", limit=200)
    assert got["total"] <= 200
    return {a["address"]: a for a in got["aliases"]}


def bring(b, file, **more):
    got = b.good("POST", "/v1/aliases/import", {"file": file, **more}, 200)
    assert set(got) == {"kind", "dry_run", "added", "exists", "refused", "rows"}
    assert all(set(r) == {"row", "address", "result", "why", "argument"} for r in got["rows"])
    for word in ("added", "exists", "refused"):
        assert got[word] == len([r for r in got["rows"] if r["result"] == word])
    return got


def results(got):
    return [(r["row"], r["address"], r["result"]) for r in got["rows"]]


# ---- many at once --------------------------------------------------------------------------------------------------------

def test_bulk_of_those_that_are_named(ann, bob):
    mine = [add(ann, f"bulk{n}@ann.example") for n in range(4)]
    theirs = add(bob, "bulk@bob.example", label="theirs")
    got = ann.good("POST", "/v1/aliases/bulk", {
        "action": "set", "addresses": [*mine, theirs, "never@ann.example"], "state": "off-reject", "label": "old shops",
        "expires": "2040-01-01", "mailboxes": ["ann1@mailbox.example"], "messages_day": 3}, 200)
    assert (got["changed"], got["absent"]) == (4, 2)
    assert got["aliases"] == [{"address": a, "result": "changed"} for a in mine] + [
        {"address": a, "result": "absent"} for a in (theirs, "never@ann.example")], "another's reads like none"
    for a in mine:
        told = show(ann, a)
        assert (told["state"], told["label"], told["expires"], told["mailboxes"], told["messages_day"]) == \
            ("off-reject", "old shops", "2040-01-01T00:00:00Z", ["ann1@mailbox.example"], 3)
    assert show(bob, theirs)["state"] == "on" and show(bob, theirs)["label"] == "theirs"
    got = ann.good("POST", "/v1/aliases/bulk", {"action": "set", "addresses": mine[:2], "state": "on", "expires": None}, 200)
    assert got["changed"] == 2 and show(ann, mine[0])["expires"] is None and show(ann, mine[2])["expires"]
    got = ann.good("POST", "/v1/aliases/bulk", {"action": "delete", "addresses": [mine[0], theirs]}, 200)
    assert [a["result"] for a in got["aliases"]] == ["deleted", "absent"]
    ann.refused(404, "GET", path("v1", "aliases", mine[0]))
    assert show(bob, theirs)


def test_bulk_is_all_or_nothing(ann):
    mine = [add(ann, f"whole{n}@ann.example") for n in range(3)]
    before = everything(ann)
    for body, status, argument in (({"mailboxes": ["ann@mailbox.example", "bob@mailbox.example"]}, 404, "mailbox"),
                                   ({"state": "sideways"}, 400, "state"), ({"messages_day": "many"}, 400, "messages_day"),
                                   ({"label": "l" * 201}, 422, "label")):
        ann.refused(status, "POST", "/v1/aliases/bulk", {"action": "set", "addresses": mine, "state": "off-drop", **body}, argument=argument)
        assert everything(ann) == before, body
    for body in ({"action": "set"}, {"action": "delete"}, {"action": "delete", "addresses": []}, {"action": "delete", "all": False},
                 {"action": "delete", "all": True, "addresses": mine}, {"action": "delete", "query": "whole"}):
        ann.refused(400, "POST", "/v1/aliases/bulk", body, argument="addresses")
    ann.refused(400, "POST", "/v1/aliases/bulk", {"addresses": mine}, argument="action")
    ann.refused(422, "POST", "/v1/aliases/bulk", {"action": "delete", "addresses": [f"n{n}@ann.example" for n in range(1001)]}, argument="addresses")
    assert everything(ann) == before


def test_bulk_of_those_that_match(ann, bob):
    mine = [add(ann, f"match{n}@ann.example", label="MATCHED" if n < 3 else "") for n in range(5)]
    theirs = add(bob, "match@bob.example")
    ann.good("PATCH", path("v1", "aliases", mine[0]), {"state": "off-drop"})
    got = ann.good("POST", "/v1/aliases/bulk", {"action": "set", "all": True, "query": "matched", "only": "on", "state": "off-reject"}, 200)
    assert [a["address"] for a in got["aliases"]] == mine[1:3]
    assert [show(ann, a)["state"] for a in mine] == ["off-drop", "off-reject", "off-reject", "on", "on"]
    got = ann.good("POST", "/v1/aliases/bulk", {"action": "delete", "all": True, "query": "match"}, 200)
    assert sorted(a["address"] for a in got["aliases"]) == mine and show(bob, theirs)


# ---- out -----------------------------------------------------------------------------------------------------------------

def test_export_csv(ann):
    a = add(ann, "+sum@ann.example", label='=HYPERLINK("http://evil.example","x")', name="Ann, the \"first\"", count=5, idle_days=7,
            expires="2040-01-01", mailboxes=["ann@mailbox.example", "ann1@mailbox.example"], messages_day=9)
    got = ann.get("/v1/aliases/export", format="csv")
    assert got.status == 200 and got.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert got.headers["Content-Disposition"] == "attachment; filename=postern-aliases.csv" and got.headers["Cache-Control"] == "no-store"
    text = got.raw.decode()
    assert text.count("\r\n") == text.count("\n")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == FIELDS and not any(v and v[0] in "=+-@" for r in rows for v in r.values()), "no cell is a formula"
    assert sorted(r["address"].removeprefix("'") for r in rows) == sorted(everything(ann))
    (row,) = [r for r in rows if r["address"] == "'" + a]
    assert row["label"] == "'=HYPERLINK(\"http://evil.example\",\"x\")" and row["name"] == 'Ann, the "first"'
    assert (row["count"], row["idle_days"], row["expires"], row["messages_day"], row["messages_hour"]) == \
        ("5", "7", "2040-01-01T00:00:00Z", "9", "default")
    assert row["mailboxes"] == "ann@mailbox.example ann1@mailbox.example"


def test_export_json(ann):
    got = ann.get("/v1/aliases/export", format="json")
    assert got.status == 200 and got.headers["Content-Disposition"] == "attachment; filename=postern-aliases.json"
    rows = got.json["aliases"]
    assert list(rows[0]) == FIELDS and {r["address"] for r in rows} == set(everything(ann))
    (row,) = [r for r in rows if r["address"] == "+sum@ann.example"]
    assert (row["count"], row["mailboxes"], row["last_used"]) == (5, ["ann@mailbox.example", "ann1@mailbox.example"], None)
    ann.refused(400, "GET", "/v1/aliases/export", format="xml", argument="format")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_is_exported_is_imported_as_it_was(server, hop, form):
    """Another server, the same user."""
    b = person(server, hop, f"out{form}", 2)
    name = f"out{form}"
    for n, more in enumerate(({}, {"state": "off-reject", "label": "=1+1", "name": "N, M"}, {"expires": "2040-01-01", "idle_days": 3},
                              {"count": 4, "messages_hour": 5, "bytes_day": 1 << 30}, {"label": "'it''s'", "messages_day": "unlimited"},
                              {"mailboxes": [f"{name}1@mailbox.example"], "label": "\u00e9\u00df \U0001f4ee"})):
        add(b, f"-t{n}@{name}.example", **more)
    file = b.get("/v1/aliases/export", format=form).raw.decode()
    other = browser.serve(hop).start()
    try:
        c = person(other, hop, name, 2)
        told = bring(c, file)
        assert (told["kind"], told["added"], told["refused"]) == ("postern", 6, 0), told
        again = c.get("/v1/aliases/export", format=form).raw.decode()
        without = (lambda t: [r[:-1] for r in csv.reader(io.StringIO(t, newline=""))]) if form == "csv" else \
            (lambda t: [{**r, "created": 0} for r in json.loads(t)["aliases"]])
        assert without(again) == without(file)
    finally:
        other.close()


# ---- in ------------------------------------------------------------------------------------------------------------------

SL = ("alias,note,enabled,mailboxes\r\n"
      "sl-one@{d},\"Shop, the \"\"big\"\" one\nsecond line\",True,{u}@mailbox.example\r\n"
      "sl-two@{d},,False,gone@mailbox.example\r\n"
      "sl-three@simplelogin.example,x,True,{u}@mailbox.example\r\n")
ADDY = ("id,user_id,aliasable_id,aliasable_type,local_part,extension,domain,email,active,description,from_name,attached_recipients_only,"
        "emails_forwarded,emails_blocked,emails_replied,emails_sent,created_at,updated_at,deleted_at\n"
        "u1,u,,,ad1,,{d},ad1@{d},1,News,Ann,0,5,0,0,0,2026-01-01 00:00:00,2026-01-01 00:00:00,\n"
        "u2,u,,,ad2,,{d},ad2@{d},0,,,0,0,0,0,0,2026-01-01 00:00:00,2026-01-01 00:00:00,\n"
        "u3,u,,,ad3,,{d},ad3@{d},0,,,0,0,0,0,0,2026-01-01 00:00:00,2026-01-01 00:00:00,2026-02-01 00:00:00\n")


def test_import_simplelogin(server, hop):
    b = person(server, hop, "sue")
    file = SL.format(d="sue.example", u="sue")
    dry = bring(b, file, dry_run=True)
    assert dry["dry_run"] and not everything(b)
    b.refused(400, "POST", "/v1/aliases/import", {"file": file, "dry_run": "on"}, "dry_run")
    assert not everything(b)
    told = bring(b, file)
    assert {**dry, "dry_run": False} == told and told["kind"] == "simplelogin"
    assert results(told) == [(1, "sl-one@sue.example", "added"), (2, "sl-two@sue.example", "added"), (3, "sl-three@simplelogin.example", "refused")]
    assert told["rows"][1]["why"] == "it names mailboxes that you do not have"
    assert told["rows"][2]["argument"] == "address" and "simplelogin.example is neither a domain of this relay" in told["rows"][2]["why"]
    one, two = show(b, "sl-one@sue.example"), show(b, "sl-two@sue.example")
    assert (one["label"], one["state"]) == ('Shop, the "big" one second line', "on")
    assert (two["state"], two["mailboxes"]) == ("off-drop", ["sue@mailbox.example"])
    again = bring(b, file)
    assert [r["result"] for r in again["rows"]] == ["exists", "exists", "refused"] and show(b, "sl-one@sue.example") == one
    told = bring(b, json.dumps({"email": "sue@mailbox.example", "name": "Sue", "aliases": [
        {"email": "sl-one@sue.example", "enabled": False}, {"email": "sl-four@sue.example", "enabled": False}], "apps": [], "custom_domains": []}))
    assert told["kind"] == "simplelogin" and [r["result"] for r in told["rows"]] == ["exists", "added"]
    assert show(b, "sl-one@sue.example")["state"] == "on" and show(b, "sl-four@sue.example")["state"] == "off-drop"


def test_import_addy(server, hop):
    b = person(server, hop, "ada")
    told = bring(b, ADDY.format(d="ada.example"))
    assert told["kind"] == "addy.io" and told["added"] == 3
    assert [(a["label"], a["name"], a["state"]) for _, a in sorted(everything(b).items())] == \
        [("News", "Ann", "on"), ("", "", "off-drop"), ("", "", "off-reject")]


def test_attack_75_import_tells_nothing_of_others(server, ann, bob):
    theirs = add(bob, "secret@relay.example", label="theirs")
    add(bob, "gone@relay.example")
    bob.good("DELETE", path("v1", "aliases", "gone@relay.example"))
    told = bring(ann, "alias,note,enabled,mailboxes\nsecret@relay.example,x,False,bob@mailbox.example\n"
                      "gone@relay.example,x,True,\nx@bob.example,x,True,\nx@nobody.example,x,True,\n")
    taken, gone, domain, nowhere = told["rows"]
    assert {r["result"] for r in told["rows"]} == {"refused"}
    one = ann.refused(409, "POST", "/v1/aliases", {"address": "secret@relay.example"})
    assert (taken["why"], taken["argument"]) == (one["why"], one["argument"]) and gone["why"] == one["why"].replace("secret", "gone")
    assert domain["why"].replace("bob.example", "") == nowhere["why"].replace("nobody.example", ""), "a domain of another's reads like none"
    assert show(bob, theirs)["label"] == "theirs" and show(bob, theirs)["state"] == "on"


def test_a_row_hinders_no_other(ann):
    lines = ["address,state,label,name,mailboxes,expires,idle_days,count,messages_hour", "r1@ann.example,on,,,,,,,",
             "no address,on,,,,,,,", "r2@ann.example,sideways,,,,,,,", "r3@ann.example,on,,,,never?,,,", "r4@ann.example,on,,,,,x,,",
             ",on,,,,,,,", "R1@Ann.Example,off-drop,,,,,,,", "r5@ann.example,on," + "l" * 300 + ",,,,,,",
             "r6@ann.example,on,,,bob@mailbox.example,,,,", "bounce+x@ann.example,on,,,,,,,", "r7@ann.example,on,,,,,,,,,one too many",
             "r8@ann.example,off-reject,,,ann@mailbox.example bob@mailbox.example,2040-01-01,3,4,5"]
    file = "\r\n".join(lines)
    before = everything(ann)
    dry = bring(ann, file, dry_run=True)
    assert everything(ann) == before
    told = bring(ann, file)
    assert told["rows"] == dry["rows"]
    said = [(r["result"], r["argument"], r["why"]) for r in told["rows"]]
    assert [s[:2] for s in said] == [
        ("added", None), ("refused", "address"), ("refused", "state"), ("refused", "expires"), ("refused", "idle_days"), ("refused", "address"),
        ("refused", None), ("added", None), ("added", None), ("refused", "address"), ("refused", None), ("added", None)]
    assert said[6][2] == "the file has this address twice" and "cut" in said[7][2] and "mailboxes" in said[8][2]
    assert len(everything(ann)) == len(before) + 4 and len(show(ann, "r5@ann.example")["label"]) == 200
    r8 = show(ann, "r8@ann.example")
    assert (r8["state"], r8["mailboxes"], r8["idle_days"], r8["count_left"], r8["messages_hour"]) == ("off-reject", ["ann@mailbox.example"], 3, 4, 5)


def test_what_is_no_file(ann):
    for file in ("", "hello", "alias,note\nx@ann.example,y\n", "{}", "[1]", "{\"aliases\":", "address,state\n\"x@ann.example,on\n", "\x01\x02"):
        e = ann.refused(400, "POST", "/v1/aliases/import", {"file": file}, argument="file")
        assert len(e["why"]) > 10
    for body in ({}, {"file": None}, {"file": 5}, {"file": ["a"]}):
        ann.refused(400, "POST", "/v1/aliases/import", body, argument="file")
    assert bring(ann, "address,state\n")["rows"] == []
    huge = ann.ask("POST", "/v1/aliases/import", {"file": "x" * (256 * 1024)})
    assert huge.status == 413


def test_a_user_without_a_mailbox(server):
    b = browser.account(server, "empty")
    told = bring(b, "address,state\nx@relay.example,on\n")
    assert told["rows"][0]["result"] == "refused" and "no mailbox yet" in told["rows"][0]["why"]
    assert b.get("/v1/aliases/export", format="csv").raw.decode() == ",".join(FIELDS) + "\r\n"


def test_keys(server, ann, bob):
    create = Browser(server.web, origin=None, key=ann.good("POST", "/v1/keys", {"name": "c", "scopes": ["aliases.create"], "password": PASSWORD})["key"])
    full = Browser(server.web, origin=None, key=ann.good("POST", "/v1/keys", {"name": "f", "scopes": ["aliases"], "password": PASSWORD})["key"])
    for method, p, body in (("POST", "/v1/aliases/bulk", {"action": "delete", "all": True}), ("GET", "/v1/aliases/export", None),
                            ("POST", "/v1/aliases/import", {"file": "x"})):
        create.refused(403, method, p, body, argument="scope")
    assert full.get("/v1/aliases/export").raw == ann.get("/v1/aliases/export").raw
    assert b"bob.example" not in full.get("/v1/aliases/export").raw
    stranger = Browser(server.web, origin=None, key="pst_" + "a" * 52, client="198.18.3.3")
    assert stranger.ask("POST", "/v1/aliases/import", {"file": "no file"}).status == 401, "no file of a stranger's is read"


def test_simplelogin_exports(server, ann):
    k = ann.good("POST", "/v1/keys", {"name": "sl", "scopes": ["aliases"], "password": PASSWORD})["key"]
    sl = Browser(server.web, origin=None)
    got = sl.ask("GET", "/api/export/aliases", headers={"Authentication": k})
    assert got.status == 200 and got.headers["Content-Disposition"] == "attachment; filename=aliases.csv"
    assert got.headers["Content-Type"].startswith("text/csv") and got.headers["Access-Control-Allow-Origin"] == "*"
    rows = list(csv.DictReader(io.StringIO(got.raw.decode(), newline="")))
    assert list(rows[0]) == ["alias", "note", "enabled", "mailboxes"] and {r["enabled"] for r in rows} == {"True", "False"}
    assert {r["alias"].removeprefix("'") for r in rows} == set(everything(ann))
    data = sl.ask("GET", "/api/export/data", headers={"Authentication": k})
    assert data.status == 200 and set(data.json) == {"email", "name", "aliases", "apps", "custom_domains"}
    assert data.json["email"] == "ann@mailbox.example" and data.json["custom_domains"] == ["ann.example"] and data.json["apps"] == []
    assert sorted(a["email"] for a in data.json["aliases"]) == sorted(everything(ann)) and set(data.json["aliases"][0]) == {"email", "enabled"}
    for p in ("/api/export/aliases", "/api/export/data"):
        a = sl.ask("GET", p, headers={"Authentication": "wrong"})
        assert (a.status, a.json) == (401, {"error": "Wrong api key"})
    # what lies in addy.io's trash is not there
    before = len(rows)
    i = Browser(server.web, origin=None, key=k).good("GET", "/api/v1/aliases?page[size]=1")["data"][0]["id"]
    assert Browser(server.web, origin=None, key=k).ask("DELETE", f"/api/v1/aliases/{i}").status == 204
    assert len(sl.ask("GET", "/api/export/data", headers={"Authentication": k}).json["aliases"]) == before - 1
    assert sl.ask("GET", "/api/export/aliases", headers={"Authentication": k}).raw.count(b"\r\n") == before


# ---- ten thousand --------------------------------------------------------------------------------------------------------

def test_ten_thousand_rows(server, hop):
    """In pieces, as the page sends them; then out, changed and gone at once."""
    b = person(server, hop, "lot")
    head, rows = "alias,note,enabled,mailboxes\r\n", [f"lot{n:05}@lot.example,note number {n},True,lot@mailbox.example\r\n" for n in range(10000)]
    before = kib(server)
    for n in range(0, 10000, 2000):
        told = bring(b, head + "".join(rows[n:n + 2000]), dry_run=True)
        assert (told["added"], told["refused"]) == (2000, 0)
    for n in range(0, 10000, 2000):
        assert bring(b, head + "".join(rows[n:n + 2000]))["added"] == 2000
    got = b.get("/v1/aliases/export", format="csv").raw.decode()
    assert got.count("\r\n") == 10001
    told = b.good("POST", "/v1/aliases/bulk", {"action": "set", "all": True, "query": "note number", "state": "off-drop"}, 200)
    assert told["changed"] == 10000
    assert b.good("GET", "/v1/aliases", state="on")["total"] == 0
    told = b.good("POST", "/v1/aliases/bulk", {"action": "delete", "all": True}, 200)
    assert told["changed"] == 10000 and b.good("GET", "/v1/aliases")["total"] == 0
    after = kib(server)
    assert all(after[r] < before[r] + 64 * 1024 for r in before), (before, after)


def kib(server):
    """What each of the two holds."""
    read = lambda pid: int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
    return {role: sum(read(pid) for pid in pids) for role, pids in server.roles().items() if role in ("web", "core")}


# ---- whoever reads slowly ------------------------------------------------------------------------------------------------

# The library closes a connection on which nothing has moved for 30 s. So much, so often, and it finds that something moves: what the
# kernel takes in their place is a good part of what it holds for one connection.
GULP, GULP_S = 100 * 1024, 22


class Reader:
    """Asks for the export, and takes of it only what it is told to; the kernel holds little for it."""

    def __init__(self, b):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", b.port))
        self.socket.sendall(f"GET /v1/aliases/export HTTP/1.1\r\nHost: relay.test\r\nCookie: {b.cookie}\r\nX-Postern: 1\r\nOrigin: {b.origin}\r\n\r\n".encode())
        self.got = self.socket.recv(100)
        self.has_place = self.got.startswith(b"HTTP/1.1 200")

    def take(self, n):
        """False: it is over."""
        part = b""
        while len(part) < n and (more := self.socket.recv(n - len(part))):
            part += more
        self.got += part
        return len(part) == n


def test_a_slow_reader_makes_room(server, hop):
    """Four exports are made at a time: three who take next to nothing do not keep their places, one who goes on taking does."""
    b = person(server, hop, "slow")
    rows = "".join(f"slow{n:05}@slow.example,{'x' * 190},True,slow@mailbox.example\r\n" for n in range(8000))
    server.command("alias", "import", "slow", "-", data=f"alias,note,enabled,mailboxes\r\n{rows}".encode(), seconds=120)
    whole = b.get("/v1/aliases/export").raw
    assert whole.count(b"\r\n") == 8001 and len(whole) > 1 << 21

    slow, steady, begun, gulps = [Reader(b) for _ in range(3)], Reader(b), time.monotonic(), 0
    assert steady.has_place and all(r.has_place for r in slow)
    b.refused(503, "GET", "/v1/aliases/export")
    others = []
    while len(others) < 3:
        passed = time.monotonic() - begun
        assert passed < 60, "they are held for ever"
        steady.take(12 * 1024)
        for r in slow if passed > (gulps + 1) * GULP_S else []:
            r.take(GULP)
        gulps = int(passed / GULP_S)
        time.sleep(0.3)
        other = Reader(b)
        others += [other] if other.has_place else []
    while steady.take(24 * 1024):
        time.sleep(0.02)
    assert steady.got.endswith(whole[-1000:]), "who goes on taking gets all of it"
