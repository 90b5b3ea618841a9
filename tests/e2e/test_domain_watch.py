"""Users' domains are looked at by themselves: what is lost is shown, told by one sealed letter a week, and stops no mail."""

import re
import time

import pytest

import browser
import dns
import judge
import messages
import postern
import smtp
from browser import Browser, path

DAY = 86400
NAME, MAILBOX = "watched.example", "owner@mailbox.example"
OK = {"ownership": "ok", "mx": "ok", "spf": "ok", "dmarc": "ok"}


@pytest.fixture(scope="module")
def server(hop, names):
    s = browser.serve(hop, dns__resolver=names.address).start()
    yield s
    s.close()


@pytest.fixture(scope="module")
def owner(server, hop):
    b = browser.account(server, "owner")
    browser.verify(b, hop, MAILBOX)
    return b


@pytest.fixture(scope="module")
def reader(server, owner, tmp_path_factory):
    return judge.OpenSsl(server.issue(MAILBOX), tmp_path_factory.mktemp("openssl"))


def restart(server, day):
    server.stop()
    server.env["POSTERN_CLOCK_AHEAD"] = str(int(day * DAY))
    server.start()


def on_day(server, day):
    """The server of that many days later has looked at what was due; says who answered."""
    restart(server, day)
    end = time.monotonic() + 30
    while not (found := re.findall(r"ev=domain-look domain=1 answered=(\d)", server.logs[-1].read_text())):
        assert time.monotonic() < end, server.log[-2000:]
        time.sleep(0.1)
    return found[-1] == "1"


def signed_in(server):
    b = Browser(server.web)
    b.good("POST", "/v1/login", {"name": "owner", "password": browser.PASSWORD})
    return b


def shown(server, name=NAME):
    d = signed_in(server).good("GET", path("v1", "domains", name))
    return d, {r["record"]: r["state"] for r in d["records"]}


def letters(hop, since):
    return [m for m in hop.messages[since:] if judge.field(m.raw.partition(b"\r\n\r\n")[0], "Subject") == "One of your domains needs a look"]


def takes_mail(server):
    mail = messages.plain(f"shop@{NAME}")
    assert smtp.send(server.port, mail.sender, f"shop@{NAME}", mail.raw, mail.options).ok


def right(names, token, host, name=NAME):
    names.txt(name, token, "v=spf1 mx -all")
    names.txt(f"_dmarc.{name}", "v=DMARC1; p=none")
    names.mx(name, (10, host))


def test_the_records_are_told_before_any_look(server, owner, names):
    d = owner.good("POST", "/v1/domains", {"domain": NAME}, 201)
    assert d["checked"] is None and d["ownership_lost"] is None and d["mx_lost"] is None
    told = {r["record"]: (r["type"], r["name"], r["value"], r["state"], r["found"]) for r in d["records"]}
    host = told["mx"][2].removeprefix("10 ")
    assert "." in host and told == {
        "ownership": ("TXT", NAME, d["verification"], "unknown", ""),
        "mx": ("MX", NAME, f"10 {host}", "unknown", ""),
        "spf": ("TXT", NAME, "v=spf1 mx -all", "unknown", ""),
        "dmarc": ("TXT", f"_dmarc.{NAME}", "v=DMARC1; p=none", "unknown", ""),
    }
    assert owner.good("GET", path("v1", "domains", NAME)) == d and owner.good("GET", "/v1/domains") == [d]
    assert not names.asked, "nobody was asked"


def test_a_domain_is_watched_from_its_proof_on(server, owner, reader, names, hop):
    d = owner.good("GET", path("v1", "domains", NAME))
    token, host = d["verification"], next(r["value"] for r in d["records"] if r["record"] == "mx").split()[1]
    right(names, token, host)
    assert {r["record"]: r["state"] for r in owner.good("POST", path("v1", "domains", NAME, "check"), status=200)} == OK
    d, states = shown(server)
    assert d["state"] == "verified" and states == OK and d["checked"] is not None
    owner.good("POST", "/v1/aliases", {"address": f"shop@{NAME}"}, 201)
    asked = len(names.asked)

    assert on_day(server, 1.5) and len(names.asked) > asked, "by itself"
    assert shown(server)[1] == OK

    # The proof is taken out, and mail led elsewhere.
    names.txt(NAME, "v=spf1 mx -all")
    names.mx(NAME, (10, "mx.elsewhere.example"))
    since = len(hop.messages)
    on_day(server, 3)
    d, states = shown(server)
    assert states == {**OK, "ownership": "missing", "mx": "wrong"} and d["state"] == "verified"
    assert d["ownership_lost"] and d["mx_lost"] and d["ownership_lost"] == d["checked"]
    takes_mail(server)
    hop.wait(1, since=since, rcpt=MAILBOX)
    assert not letters(hop, since), "one look proves little"

    on_day(server, 4.5)
    (letter,) = wait_letters(hop, since, 1)
    assert letter.rcpts == [MAILBOX] and NAME.encode() not in letter.raw
    text = judge.decrypted(reader, letter.raw)[2].decode()
    for words in (f"your domain {NAME}", f"{NAME}  TXT  {token}", f"{NAME}  MX  10 {host}", d["mx_lost"][:10], "Postern has changed nothing"):
        assert words in text, text
    lost = shown(server)[0]["ownership_lost"]
    assert lost == d["ownership_lost"], "since when it was first seen"

    on_day(server, 6)
    on_day(server, 8)
    takes_mail(server)
    assert len(letters(hop, since)) == 1, "one a week"
    on_day(server, 12)
    wait_letters(hop, since, 2)

    # Silence of the name servers changes nothing.
    before = shown(server)
    names.trouble.update({NAME: dns.SERVFAIL, f"_dmarc.{NAME}": dns.SERVFAIL})
    assert not on_day(server, 14)
    assert shown(server) == before
    takes_mail(server)
    names.trouble.clear()

    # It is all back. After silence the next look is hours away, not a day.
    right(names, token, host)
    assert on_day(server, 14.2)
    d, states = shown(server)
    assert states == OK and d["ownership_lost"] is None and d["mx_lost"] is None
    on_day(server, 40)
    assert len(letters(hop, since)) == 2


def wait_letters(hop, since, n, seconds=20):
    end = time.monotonic() + seconds
    while len(found := letters(hop, since)) < n:
        assert time.monotonic() < end, found
        time.sleep(0.1)
    return found


def test_the_operator_sees_it(server, names):
    """What the operator has added has no token: its MX is watched. The list says what is not right, and when that was seen."""
    server.cli("domain", "add", "owner", "trusted.example")
    listed = {d["domain"]: d for d in server.cli("domain", "list")}
    assert listed[NAME]["dns"] == "ok" and listed[NAME]["checked"]
    assert listed["trusted.example"]["dns"] == "" and not listed["trusted.example"]["checked"]
    names.mx("trusted.example", (5, "mx.elsewhere.example"))
    records = {r["record"]: r for r in server.cli("domain", "check", "trusted.example")}
    assert set(records) == {"mx", "spf", "dmarc"} and records["mx"]["found"] == "mx.elsewhere.example"
    d = postern.first(server.cli("domain", "show", "trusted.example"))
    assert d["dns"] == "mx wrong, spf missing, dmarc missing" and d["checked"] and not d["mx_lost"], "it never was right"
    assert "ownership" in {r["record"] for r in server.cli("domain", "check", NAME)}
    names.mx(NAME, (10, "mx.elsewhere.example"))
    server.cli("domain", "check", NAME)
    table = server.command("domain", "list")[1].decode()
    assert "mx wrong" in table, table


def test_many_domains_are_looked_at_a_few_at_a_time(server, names, hop):
    """Twenty that are due at once: all are looked at, none twice, and mail goes on meanwhile."""
    for n in range(3):
        server.user(f"many-{n}")
        server.mailbox(f"many-{n}", f"many-{n}@mailbox.example")
        for i in range(7):
            server.cli("domain", "add", f"many-{n}", f"d{i}.many-{n}.example")
    server.stop()  # which may have begun with them
    names.asked.clear()
    on_day(server, 50)
    end = time.monotonic() + 30
    wanted = {f"d{i}.many-{n}.example" for n in range(3) for i in range(7)}
    while not wanted <= {name for name, kind in names.asked if kind == "MX"}:
        assert time.monotonic() < end, names.asked
        time.sleep(0.2)
    takes_mail(server)
    asked = [name for name, kind in names.asked if kind == "MX" and name in wanted]
    assert len(asked) == len(set(asked)), "once each"


# ---- before it is theirs -------------------------------------------------------------------------------------------------

def looked_for(server, name, names, seconds=20):
    """By itself: what is known then. None: it was not."""
    names.asked.clear()
    end = time.monotonic() + seconds
    while not re.search(r"ev=claim-look ", server.logs[-1].read_text()):
        if time.monotonic() > end:
            assert (name, "TXT") not in names.asked
            return None
        time.sleep(0.1)
    return shown(server, name)


def test_a_pending_domain_is_looked_for_by_itself(server, names):
    """Nobody presses a button: it becomes its user's when the record is there, and not before."""
    name = "later.example"
    d = signed_in(server).good("POST", "/v1/domains", {"domain": name}, 201)
    assert d["state"] == "pending" and d["checked"] is None and d["looks_until"]
    host = next(r["value"] for r in d["records"] if r["record"] == "mx").split()[1]
    names.mx(name, (10, "mx.elsewhere.example"))
    restart(server, 50.01)
    seen, states = looked_for(server, name, names)
    assert seen["state"] == "pending" and seen["checked"] and seen["verification"] == d["verification"]
    assert states == {"ownership": "missing", "mx": "wrong", "spf": "missing", "dmarc": "missing"}
    names.txt(name, "postern-verification=0123456789abcdef0123456789abcdef")
    restart(server, 50.02)
    seen, states = looked_for(server, name, names)
    assert (seen["state"], states["ownership"]) == ("pending", "wrong"), "another's proof is none"
    right(names, d["verification"], host, name)
    restart(server, 50.04)
    seen, states = looked_for(server, name, names)
    assert seen["state"] == "verified" and states == OK and seen["looks_until"] is None
    signed_in(server).good("POST", "/v1/aliases", {"address": f"x@{name}"}, 201)


def test_a_pending_domain_is_not_looked_for_for_ever(server, names):
    name = "given-up.example"
    d = signed_in(server).good("POST", "/v1/domains", {"domain": name}, 201)
    names.trouble[name] = dns.SERVFAIL
    restart(server, 55)
    seen, states = looked_for(server, name, names)
    assert seen["checked"] and states["ownership"] == states["mx"] == "unknown" and seen["state"] == "pending", "silence proves nothing"
    names.trouble.clear()
    restart(server, 65)
    assert looked_for(server, name, names)[1]["ownership"] == "missing", "the last time"
    restart(server, 67)
    assert looked_for(server, name, names, seconds=8) is None
    names.txt(name, d["verification"])
    assert {r["record"]: r["state"] for r in signed_in(server).good("POST", path("v1", "domains", name, "check"), status=200)}["ownership"] == "ok"
    assert shown(server, name)[0]["state"] == "verified", "who asks is answered all the same"
