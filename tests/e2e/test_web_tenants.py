"""Attack 75: nothing of one user can be seen or changed by another, or by nobody, by any route and any id."""

import re

import pytest

import browser
import messages
import smtp
import webissue
from authenticator import Authenticator
from browser import PASSWORD, Browser, path

# Bodies that a route takes from its owner: what is refused is then refused for whose it is.
BODIES = {
    "PATCH /v1/mailboxes/{address}": {"clear": "on"},
    "POST /v1/mailboxes/{address}/verify": {"code": "1234 5678"},
    "POST /v1/mailboxes/{address}/passwords": {"name": "evil"},
    "POST /v1/mailboxes/{address}/senders": {"sender": "evil@elsewhere.example"},
    "PUT /v1/profiles/{profile}/chain": {"root": "AAAA", "intermediate": "AAAA"},
    "PATCH /v1/aliases/{address}": {"state": "off-drop"},
    "POST /v1/aliases/{address}/correspondents": {"address": "x@y.example"},
    "POST /v1/aliases/{address}/block": {"address": "x@y.example"},
    "POST /v1/aliases/{address}/unblock": {"address": "x@y.example"},
    "PATCH /v1/correspondents/{reverse}": {"reply_to": "evil@elsewhere.example"},
    "PATCH /v1/domains/{domain}": {"catch_all": "on"},
    "PATCH /v1/passkeys/{id}": {"label": "evil"},
    "DELETE /v1/passkeys/{id}": {"password": PASSWORD},
}
NAMES = {"mailboxes": "mailbox", "aliases": "alias", "correspondents": "reverse", "domains": "domain", "profiles": "profile",
         "sessions": "session", "keys": "key", "passkeys": "passkey", "replies": "reply"}
ORIGIN = "https://relay.test"


class Tenant:
    def __init__(self, server, hop, name):
        self.b = browser.account(server, name, origin=ORIGIN, client=f"203.0.113.{len(name)}")
        self.name = name
        self.mailbox = browser.verify(self.b, hop, f"{name}@mailbox.example", clear="on")
        self.profile = webissue.issue(self.b, self.mailbox, True)[0]
        self.domain = f"{name}.example"
        server.cli("domain", "add", name, self.domain)
        self.claimed = self.b.good("POST", "/v1/domains", {"domain": f"{name}-claimed.example"}, 201)["domain"]
        self.alias = self.b.good("POST", "/v1/aliases", {"label": f"label of {name}"}, 201)["address"]
        mail = messages.plain(self.alias)
        assert smtp.send(server.port, mail.sender, self.alias, mail.raw, mail.options).ok
        (c,) = self.b.get(path("v1", "aliases", self.alias, "correspondents")).json
        self.reverse = c["reverse"]
        self.session = self.b.get("/v1/sessions").json[0]["id"]
        self.key = self.b.good("POST", "/v1/keys", {"name": f"key of {name}", "scopes": ["aliases"], "password": PASSWORD})["id"]
        asked = self.b.good("POST", "/v1/passkeys/challenge", {"password": PASSWORD}, 200)
        self.passkey = self.b.good("POST", "/v1/passkeys", {**Authenticator(ORIGIN).make(asked), "label": f"passkey of {name}"}, 201)["id"]
        unsigned = messages.plain(self.reverse)
        assert not smtp.send(server.port, self.mailbox, self.reverse, unsigned.raw).ok
        (held,) = self.b.get("/v1/replies").json
        self.reply = held["id"]
        self.b.good("POST", path("v1", "mailboxes", self.mailbox, "passwords"), {"name": "phone"}, 201)

    def all_there_is(self):
        """Everything that its owner sees."""
        b = self.b
        told = [b.get("/v1/" + p).json for p in ("mailboxes", "profiles", "domains", "keys", "passkeys", "activity", "events", "replies")]
        told += [[s["id"] for s in b.get("/v1/sessions").json], b.get("/v1/aliases").json]
        told += [b.get(path("v1", "mailboxes", self.mailbox, "passwords")).json, b.get(path("v1", "aliases", self.alias)).json,
                 b.get(path("v1", "aliases", self.alias, "correspondents")).json,
                 b.get(path("v1", "aliases", self.alias, "blocked")).json]
        for p in told[1]:
            p.pop("pool"), p.pop("certificates")  # these are made in the background
        for d in told[2]:
            d.pop("checked")  # the name server is asked in the background
            for r in d["records"]:
                r.pop("state"), r.pop("found")
        return told


@pytest.fixture(scope="module")
def server(hop):
    s = browser.serve(hop, origin=ORIGIN).start()
    yield s
    s.close()


@pytest.fixture(scope="module")
def tenants(server, hop):
    return Tenant(server, hop, "victim"), Tenant(server, hop, "attacker")


def routes(server):
    return [r.split(" ", 1) for r in Browser(server.web).get("/v1/routes").json]


def with_ids(pattern, tenant):
    what = NAMES[pattern.split("/")[2]]
    return re.sub(r"{(\w+)}", lambda m: path(getattr(tenant, what))[1:] if m[1] != "name" else "phone", pattern)


def foreign(server):
    return [(m, p) for m, p in routes(server) if p.startswith("/v1/") and "{" in p]


def test_attack_75_another_users_things_read_like_none(server, tenants):
    victim, attacker = tenants
    before = victim.all_there_is()
    tried = foreign(server)
    assert len(tried) >= 28
    for method, pattern in tried:
        body = BODIES.get(f"{method} {pattern}", {} if method in ("POST", "PUT", "PATCH") else None)
        a = attacker.b.ask(method, with_ids(pattern, victim), body)
        assert a.status == 404, f"{method} {pattern}: {a}"
        assert victim.mailbox.encode() not in a.raw or "mailboxes" in pattern, a
        nothing = re.sub(r"{\w+}", "999999" if NAMES[pattern.split("/")[2]] in ("profile", "session", "key", "passkey", "reply")
                         else "never-was.example" if "domains" in pattern else "never@relay.example", pattern)
        b = attacker.b.ask(method, nothing, body)
        assert (b.status, b.json["error"], b.json["argument"]) == (a.status, a.json["error"], a.json["argument"]), \
            f"{method} {pattern}: {a} is told apart from {b}"
    assert victim.all_there_is() == before


# What the ids of the compatible APIs name, by the last word of what the path begins with; and bodies that their owner may send.
KINDS = {"aliases": "alias", "contacts": "contact", "mailboxes": "box", "custom_domains": "domain", "domains": "domain", "recipients": "box",
         "keys": "box", "usernames": "username", "deliveries": "failure"}
FOREIGN_BODIES = {"PATCH /api/aliases/{id}": {"note": "evil"}, "PUT /api/aliases/{id}": {"note": "evil"}, "PUT /api/mailboxes/{id}": {"default": True},
                  "POST /api/aliases/{id}/contacts": {"contact": "x@y.example"}, "PATCH /api/custom_domains/{id}": {"catch_all": True},
                  "PATCH /api/v1/aliases/{id}": {"description": "evil"}, "PATCH /api/v1/domains/{id}/default-recipient": {"default_recipient": ""},
                  "PATCH /api/v1/recipient-keys/{id}": {"key_data": "x"}}


def program(tenant, client):
    scopes = ["aliases", "mailboxes", "domains", "account"]
    key = tenant.b.good("POST", "/v1/keys", {"name": "all", "scopes": scopes, "password": PASSWORD})["key"]
    return Browser(tenant.b.port, origin=None, key=key, client=client)


def numbers(b):
    """The things of a user by the ids of both APIs."""
    sl = {"alias": b.get("/api/v2/aliases", page_id=0).json["aliases"][0]["id"], "box": b.get("/api/mailboxes").json["mailboxes"][0]["id"],
          "domain": b.get("/api/custom_domains").json["custom_domains"][0]["id"]}
    sl["contact"] = b.get(f"/api/aliases/{sl['alias']}/contacts", page_id=0).json["contacts"][0]["id"]
    addy = {kind: b.get("/api/v1/" + p).json["data"][0]["id"] for kind, p in (
        ("alias", "aliases"), ("box", "recipients"), ("domain", "domains"), ("username", "usernames"), ("failure", "failed-deliveries"))}
    return {"sl": sl, "addy": addy}


def of_foreign(server):
    """Routes of the compatible APIs that name things, in the path or in the body, and which."""
    for method, p in routes(server):
        addy, word = p.startswith("/api/v1/"), (p + "///").split("/")[3 if p.startswith("/api/v1/") else 2]
        in_body = method == "POST" and (p.endswith("/bulk") and "/store/" not in p or re.fullmatch("/api/v1/[a-z-]+-(aliases|recipients|domains|usernames)", p))
        if p.startswith("/api/") and ("{" in p or in_body):
            yield method, p, addy, "alias" if p == "/api/v1/alias-recipients" else KINDS.get(word.split("-")[-1])


def test_attack_75_compatible_apis_generated(server, tenants):
    """Every route that names a thing, with each of the victim's, is answered as with one that never was."""
    victim, attacker = tenants
    thief, ids = program(attacker, "198.18.6.1"), numbers(program(victim, "198.18.6.2"))
    before, tried = victim.all_there_is(), 0
    for n, (method, p, addy, kind) in enumerate(of_foreign(server)):
        never = "706f7374-%04x-8000-8000-0000000f4240" % ({"alias": 2, "box": 3, "domain": 4, "username": 5}.get(kind, 6)) if addy else "999999"
        told, thief.client = [], f"198.18.6.{10 + n}"  # what one client may ask in a second is not the question
        for i in (str(ids["addy" if addy else "sl"].get(kind, 1)), never):
            body = FOREIGN_BODIES.get(f"{method} {p}", {"ids": [i], "recipient_ids": []} if p.endswith("/bulk") else {"alias_id": i, "id": i})
            a = thief.ask(method, p.replace("{id}", i), body if method != "GET" else None, **({"page_id": 0} if not addy and method == "GET" else {}))
            told.append((a.status, a.json))
        want = 404 if addy or (method, p) == ("GET", "/api/aliases/{id}/contacts") else 403
        assert told[0] == told[1] and told[0][0] == want, f"{method} {p}: {told}"
        tried += 1
    assert tried >= 75
    assert victim.all_there_is() == before


def test_attack_75_nobody_gets_anything_by_the_compatible_apis(server, tenants):
    victim, _ = tenants
    before = victim.all_there_is()
    for key in (None, "pst_" + "b" * 52):
        for n, (method, p) in enumerate(routes(server)):
            if not p.startswith("/api/") or p in ("/api/auth/login", "/api/auth/mfa"):
                continue
            b = Browser(server.web, origin=None, key=key, client=f"198.18.{4 if key else 5}.{n}")
            body = {"password": PASSWORD, "email": "x@y.example", "domain": "x.example", "ids": ["706f7374-0002-8000-8000-000000000001"], "contact": "x@y.example",
                    "note": "x", "key_data": "x", "id": "706f7374-0003-8000-8000-000000000001", "alias_id": "706f7374-0002-8000-8000-000000000001",
                    "alias_prefix": "x", "signed_suffix": "x", "mailbox_ids": [1]}
            told = set()
            for i in ["1"] if not p.startswith("/api/v1/") else [f"706f7374-000{kind}-8000-8000-000000000001" for kind in range(2, 7)]:
                told.add(b.ask(method, p.replace("{id}", i), {**body, "id": i} if method != "GET" else None, page_id=0, page=0).status)
            assert 401 in told and told <= {401, 404}, f"{method} {p}: {told}"  # 404: an id of another kind
    assert victim.all_there_is() == before


def test_attack_75_nobody_gets_anything(server, tenants):
    victim, _ = tenants
    before = victim.all_there_is()
    for b in (Browser(server.web, origin=ORIGIN, client="203.0.113.90"), Browser(server.web, origin=None, key="pst_" + "a" * 52, client="203.0.113.91")):
        for method, pattern in routes(server):
            if pattern in ("/healthz", "/metrics", "/v1/server", "/v1/routes", "/v1/invitation") or pattern.startswith(("/v1/login", "/v1/signup")) \
                    or not pattern.startswith("/v1/"):
                continue
            a = b.ask(method, with_ids(pattern, victim) if "{" in pattern else pattern, {} if method != "GET" else None)
            assert a.status in (401, 429), f"{method} {pattern}: {a}"
    assert victim.all_there_is() == before


@pytest.mark.parametrize("extra", ["user", "owner", "id"])
def test_attack_75_the_user_is_the_sessions_whatever_is_said(server, tenants, extra):
    victim, attacker = tenants
    before = victim.all_there_is()
    a = attacker.b.ask("GET", "/v1/aliases", **{extra: victim.name})
    assert a.status == 400 or (a.status == 200 and victim.alias not in a.raw.decode())
    a = attacker.b.ask("POST", "/v1/aliases", {extra: victim.name, "label": "x"})
    assert a.status in (201, 400)
    a = attacker.b.ask("PATCH", "/v1/account", {extra: victim.name, "expiry_notices": "off"})
    assert victim.b.get("/v1/account").json["expiry_notices"] == "on"
    attacker.b.good("PATCH", "/v1/account", {"expiry_notices": "on"})
    assert victim.all_there_is() == before


def test_attack_75_arguments_in_bodies(server, tenants):
    """Not only the path names things."""
    victim, attacker = tenants
    before = victim.all_there_is()
    b = attacker.b
    b.refused(404, "POST", "/v1/aliases", {"mailboxes": [victim.mailbox]})
    b.refused(404, "PATCH", path("v1", "aliases", attacker.alias), {"mailboxes": [victim.mailbox]})
    b.refused(400, "PATCH", path("v1", "aliases", attacker.alias), {"address": victim.alias, "state": "off-drop"})
    b.refused(403, "POST", "/v1/aliases", {"address": f"x@{victim.domain}"})
    b.refused(403, "POST", "/v1/aliases", {"domain": victim.domain})
    b.refused(409, "POST", "/v1/aliases", {"address": victim.alias})
    b.refused(404, "POST", "/v1/profiles", {"mailbox": victim.mailbox, "csr": "AAAA"})
    b.refused(404, "GET", "/v1/profiles", mailbox=victim.mailbox)
    b.refused(404, "GET", "/v1/events", alias=victim.alias)
    last = victim.b.get("/v1/events").json[-1]["id"].split("-")
    later = f"{int(last[0]) + 10**6}-{last[1]}"
    assert {e["alias"] for e in b.good("GET", "/v1/events", before=later)} <= {attacker.alias}
    b.refused(409, "POST", "/v1/mailboxes", {"address": victim.mailbox})
    b.refused(409, "POST", "/v1/domains", {"domain": victim.domain})
    b.refused(403, "POST", "/v1/domains", {"domain": "third.example", "mailboxes": [victim.mailbox]})
    b.refused(404, "GET", path("v1", "domains", victim.claimed))
    b.refused(404, "POST", path("v1", "domains", victim.claimed, "check"), {})
    b.refused(404, "DELETE", path("v1", "domains", victim.claimed))
    a = b.ask("POST", path("v1", "aliases", attacker.alias, "block") + "?target=" + path(victim.alias)[1:], {"address": "x@y.example"})
    assert a.status == 400, "an argument given twice"
    assert victim.all_there_is() == before


def test_attack_75_lists_hold_ones_own(server, tenants):
    victim, attacker = tenants
    for p in ("mailboxes", "profiles", "domains", "keys", "passkeys", "sessions", "aliases", "activity", "events", "account"):
        text = attacker.b.get("/v1/" + p).raw.decode()
        for theirs in (victim.mailbox, victim.alias, victim.domain, victim.claimed, victim.reverse, "key of victim", "label of victim", "passkey of victim"):
            assert theirs not in text, p
    assert [p["profile"] for p in attacker.b.get("/v1/profiles").json] == [attacker.profile]


def test_a_verb_that_is_not_permitted_is_not_asked(server, tenants):
    """What only the command line may: users, backups, keys, the queue."""
    routed = {p for _, p in routes(server)}
    assert not [p for p in routed if re.search(r"user|backup|queue|rotate", re.sub("^/api/user(_info)?$|-?usernames", "", p))]
