"""postern alias export and import: the operator's way for files of any size, with what the page and the API read and write."""

import csv
import io
import json
import os

import pytest

import postern


@pytest.fixture(scope="module")
def server(hop):
    s = postern.Postern(hop.port).start()
    yield s
    s.close()


@pytest.fixture
def user(server):
    """One with two mailboxes and a domain."""
    user.n = getattr(user, "n", 0) + 1
    name = server.user(f"user{user.n}")
    for n in range(2):
        server.mailbox(name, f"{name}-{n}@mailbox.example")
    server.cli("domain", "add", name, f"{name}.example")
    return name


def export(server, name, *words):
    return server.command("alias", "export", name, *words)[1].decode()


def bring(server, name, text, *words):
    return server.command("alias", "import", name, "-", *words, data=text.encode())[1].decode()


def test_out_and_in_again(server, user):
    server.cli("alias", "add", user, f"+a@{user}.example", label="=1+1", name="N", count=5, mailbox=f"{user}-1@mailbox.example", messages_day=7)
    server.cli("alias", "add", user, f"b@{user}.example", state="off-reject", expires="2040-01-01")
    text, objects = export(server, user), json.loads(export(server, user, "--json"))["aliases"]
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [r["address"] for r in rows] == [f"'+a@{user}.example", f"b@{user}.example"] and rows[0]["label"] == "'=1+1"
    assert [(o["address"], o["count"], o["messages_day"], o["expires"]) for o in objects] == [
        (f"+a@{user}.example", 5, 7, None), (f"b@{user}.example", "unlimited", "default", "2040-01-01T00:00:00Z")]
    for a in (f"+a@{user}.example", f"b@{user}.example"):
        assert "was there already" in (said := bring(server, user, text)).replace("were", "was") and "0 added, 2" in said
    other = server.user(f"{user}-other")
    server.mailbox(other, f"{other}@mailbox.example")
    said = bring(server, other, text)
    assert "0 added, 0 were there already, 2 refused" in said and "neither a domain of this relay" in said


def test_simplelogin(server, user):
    text = f"alias,note,enabled,mailboxes\r\none@{user}.example,\"a,\nb\",True,{user}-1@mailbox.example\r\n" \
           f"two@{user}.example,,False,x@y.example\r\nONE@{user}.example,,True,\r\nthree@nowhere.example,,True,\r\nfour@relay.example,,maybe,\r\n"
    dry = bring(server, user, text, "--dry-run")
    assert "A file of simplelogin: 2 would be added, 0 are there already, 3 refused." in dry
    assert export(server, user).count("\r\n") == 1, "nothing is written"
    told = json.loads(bring(server, user, text, "--json"))
    assert [(r["row"], r["address"], r["result"]) for r in sorted(told, key=lambda r: int(r["row"]))] == [
        ("1", f"one@{user}.example", "added"), ("2", f"two@{user}.example", "added"), ("3", f"ONE@{user}.example", "refused"),
        ("4", "three@nowhere.example", "refused"), ("5", "four@relay.example", "refused")]
    one, two = json.loads(export(server, user, "--json"))["aliases"]
    assert (one["label"], one["mailboxes"], two["state"], len(two["mailboxes"])) == ("a, b", [f"{user}-1@mailbox.example"], "off-drop", 2)


def test_what_is_refused(server, user, tmp_path):
    for text in ("", "hello\n", "{}", "address,state\n\"x\n"):
        with pytest.raises(postern.Failed):
            bring(server, user, text)
    assert "cannot be read" in server.refuses("alias", "import", user, str(tmp_path / "none.csv"))
    with pytest.raises(postern.Failed):
        bring(server, "nobody-of-this-name", "address,state\n")
    with pytest.raises(postern.Failed):
        export(server, "nobody-of-this-name")


def test_ten_thousand(server, user, tmp_path):
    file = tmp_path / "lot.csv"
    file.write_text("address,state,label\n" + "".join(f"lot{n}@{user}.example,on,note {n}\n" for n in range(10000)))
    said = server.command("alias", "import", user, str(file), seconds=120)[1].decode()
    assert said == "A file of postern: 10000 added, 0 were there already, 0 refused.\n"
    out = export(server, user)
    assert out.count("\r\n") == 10001 and f"lot9999@{user}.example,on,note 9999," in out
    assert len({r["address"] for r in json.loads(export(server, user, "--json"))["aliases"]}) == 10000
    assert os.path.getsize(file) < len(out)
