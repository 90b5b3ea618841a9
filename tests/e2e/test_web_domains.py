"""Domains of users' own: nothing is theirs before DNS says so, and what DNS says is told record by record."""

import pytest

import browser
import dns
import messages
import smtp
from browser import path

HOST = "relay.example"


@pytest.fixture(scope="module")
def server(hop, names):
    s = browser.serve(hop, dns__resolver=names.address).start()
    yield s
    s.close()


@pytest.fixture(scope="module")
def people(server, hop):
    found = []
    for name in ("owner", "taker"):
        b = browser.account(server, name, client=f"203.0.113.{len(found) + 1}")
        browser.verify(b, hop, f"{name}@mailbox.example", clear="on")
        found.append(b)
    return found


def add(b, domain):
    d = b.good("POST", "/v1/domains", {"domain": domain}, 201)
    assert d["state"] == "pending"
    return d["verification"]


def check(b, domain):
    return {r["record"]: r for r in b.good("POST", path("v1", "domains", domain, "check"), status=200)}


def state(b, domain):
    return b.good("GET", path("v1", "domains", domain))["state"]


def test_nothing_is_theirs_before_dns_says_so(server, people, names):
    owner, _ = people
    token = add(owner, "early.example")
    owner.refused(403, "POST", "/v1/aliases", {"address": "x@early.example"})
    owner.refused(403, "POST", "/v1/aliases", {"domain": "early.example"})
    owner.refused(404, "PATCH", path("v1", "domains", "early.example"), {"catch_all": "on"})
    owner.refused(403, "POST", "/v1/domains", {"domain": "early2.example", "catch_all": "on"}, "catch_all")
    owner.refused(409, "POST", "/v1/domains", {"domain": "early.example"})
    mail = messages.plain("x@early.example")
    assert not smtp.send(server.port, mail.sender, "x@early.example", mail.raw, mail.options).ok
    found = check(owner, "early.example")
    assert {k: r["state"] for k, r in found.items()} == {k: "missing" for k in ("ownership", "mx", "spf", "dmarc")}
    assert found["ownership"]["value"] == token
    assert token.startswith("postern-verification=") and len(token) == 21 + 32
    names.txt("early.example", token)
    assert state(owner, "early.example") == "pending", "nobody has looked yet"


def test_a_claim_that_is_shown_gets_the_domain_and_others_fall(server, people, names):
    owner, taker = people
    theirs, ours = add(taker, "own.example"), add(owner, "own.example")
    assert theirs != ours
    names.txt("own.example", ours, "v=spf1 mx -all")
    names.mx("own.example", (10, server_host(server)))
    names.txt("_dmarc.own.example", "v=DMARC1; p=none")
    assert check(taker, "own.example")["ownership"]["state"] == "wrong", "another's proof is none"
    assert state(taker, "own.example") == "pending"
    found = check(owner, "own.example")
    assert {k: r["state"] for k, r in found.items()} == {k: "ok" for k in ("ownership", "mx", "spf", "dmarc")}, found
    assert state(owner, "own.example") == "verified"
    assert "own.example" not in taker.get("/v1/domains").raw.decode()
    taker.refused(404, "GET", path("v1", "domains", "own.example"))
    taker.refused(404, "POST", path("v1", "domains", "own.example", "check"))
    taker.refused(409, "POST", "/v1/domains", {"domain": "own.example"})
    alias = owner.good("POST", "/v1/aliases", {"address": "shop@own.example"}, 201)["address"]
    mail = messages.plain(alias)
    assert smtp.send(server.port, mail.sender, alias, mail.raw, mail.options).ok
    assert check(owner, "own.example")["ownership"] == {**found["ownership"], "state": "ok"}, "the record stays asked for"


def server_host(server):
    return next(r["value"].split()[1] for r in server.probe.values() if r["record"] == "mx")


@pytest.fixture(autouse=True, scope="module")
def probe(server, people):
    add(people[0], "probe.example")
    server.probe = check(people[0], "probe.example")


def test_what_is_wrong_is_told_cleaned_and_bounded(people, names):
    owner, _ = people
    add(owner, "wrong.example")
    names.mx("wrong.example", (20, "second.elsewhere.example"), (10, "first.elsewhere.example"))
    names.txt("wrong.example", b"postern-verification=\x1b[31m<b>\xff\0", "v=spf1 " + "ip4:192.0.2.1 " * 60 + "-all", "private note")
    names.txt("_dmarc.wrong.example", "v=DMARC1; p=none", "v=DMARC1; p=reject")
    found = check(owner, "wrong.example")
    assert {r["state"] for r in found.values()} == {"wrong"}
    assert found["mx"]["found"] == "first.elsewhere.example\nsecond.elsewhere.example"
    assert found["ownership"]["found"] == "postern-verification=?[31m<b>??"
    assert len(found["spf"]["found"]) == 300
    assert "private note" not in str(found), "what is not asked about is not told"
    assert state(owner, "wrong.example") == "pending"


@pytest.mark.parametrize("trouble", [dns.SERVFAIL, dns.GARBAGE])
def test_no_answer_proves_nothing(people, names, trouble):
    owner, _ = people
    domain = f"{trouble}.example"
    add(owner, domain)
    names.trouble[domain] = trouble
    found = check(owner, domain)
    assert found["ownership"]["state"] == found["mx"]["state"] == "unknown" and found["mx"]["found"] == ""
    assert state(owner, domain) == "pending"
    owner.good("DELETE", path("v1", "domains", domain), status=204)
    owner.refused(404, "GET", path("v1", "domains", domain))


def test_the_operators_word_is_trusted_and_claims_fall(server, people):
    owner, taker = people
    add(taker, "operators.example")
    server.cli("domain", "add", "owner", "operators.example")
    assert state(owner, "operators.example") == "verified"
    taker.refused(404, "GET", path("v1", "domains", "operators.example"))
    assert server.cli("domain", "check", "operators.example")


def test_bounds(people, server, hop):
    b = browser.account(server, "greedy", client="203.0.113.77")
    for i in range(8):
        code = b.ask("POST", "/v1/domains", {"domain": f"g{i}.example"}).status
        assert code == (201 if i < 7 else code)
    b.refused(422, "POST", "/v1/domains", {"domain": "one-more.example"}, "domain")
    for _ in range(60):
        b.good("POST", path("v1", "domains", "g0.example", "check"), status=200)
    answer = b.ask("POST", path("v1", "domains", "g0.example", "check"))
    assert answer.status in (429, 503) and answer.json["argument"] == "rate", answer
