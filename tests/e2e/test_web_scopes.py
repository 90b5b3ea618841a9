"""Every route with a key of each scope: what doc/openapi.yaml writes (x-scope) is what is let in, and nothing else is."""

import re

import pytest
import yaml

import browser
import postern
from browser import PASSWORD, Browser

SPEC = yaml.safe_load((postern.TOP / "doc" / "openapi.yaml").read_text())
SCOPES = ["aliases", "aliases.create", "mailboxes", "profiles", "domains", "replies", "account"]
ROUTES = [(m.upper(), p, o.get("x-scope", "")) for p, ms in SPEC["paths"].items() for m, o in ms.items() if o["security"] and p.startswith("/v1/")]
# What is let in by a second scope too, and what asks for none but a signed-in session or any key.
MORE = {"POST /v1/aliases": {"aliases"}}
ANY = {"GET /v1/session", "POST /v1/logout"}  # without an x-scope


@pytest.fixture(scope="module")
def server(hop):
    s = browser.serve(hop).start()
    yield s
    s.close()


@pytest.fixture(scope="module")
def keys(server):
    b = browser.account(server, "scoped", client="198.18.0.1")
    return {scope: b.good("POST", "/v1/keys", {"name": scope, "scopes": [scope], "password": PASSWORD}, 201)["key"] for scope in SCOPES}


def scopes_of(route, written):
    return set(re.findall(r"[a-z.]+", written)) & set(SCOPES) | MORE.get(route, set())


def test_attack_75_a_key_does_what_its_scope_says(server, keys):
    assert len(ROUTES) > 45
    wrong = []
    for n, (scope, key) in enumerate(keys.items()):
        for m, p, written in ROUTES:
            route = f"{m} {p}"
            if route in ANY:
                continue
            b = Browser(server.web, origin=None, key=key, client=f"198.18.1.{n}")
            a = b.ask(m, re.sub(r"{\w+}", "999999", p), {"password": PASSWORD} if m != "GET" else None)
            refused = a.status == 403 and a.json["argument"] == "scope"
            if refused == (scope in scopes_of(route, written)):
                wrong.append(f"{route} with {scope}: {a}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("route", ["GET /v1/sessions", "DELETE /v1/sessions/{id}", "GET /v1/keys", "POST /v1/keys", "DELETE /v1/keys/{id}",
                                   "PUT /v1/password", "DELETE /v1/password", "POST /v1/proof", "POST /v1/passkeys/challenge", "POST /v1/passkeys",
                                   "GET /v1/passkeys", "PATCH /v1/passkeys/{id}", "DELETE /v1/passkeys/{id}", "POST /v1/totp", "PUT /v1/totp", "DELETE /v1/totp", "POST /v1/recovery-codes",
                                   "DELETE /v1/account", "POST /v1/mailboxes/{address}/passwords"])
def test_what_opens_the_account_is_a_persons_alone(route):
    """No key makes, ends or lists what signs in, or another key."""
    assert [w for m, p, w in ROUTES if f"{m} {p}" == route] == ["session"]


FOREIGN = [(m.upper(), p, set(re.findall(r"[a-z.]+", o["x-scope"]))) for p, ms in SPEC["paths"].items() for m, o in ms.items()
           if o["security"] and p.startswith("/api/") and p != "/api/auth/logout"]  # which ends the key that asks
UUIDS = [f"706f7374-000{kind}-8000-8000-0000000f4240" for kind in range(2, 7)]
BODY = {"password": "not this one", "email": "x", "domain": "x", "contact": "x@y.example", "note": "x", "key_data": "x", "alias_id": UUIDS[0],
        "alias_prefix": "x", "signed_suffix": "x", "mailbox_ids": [1], "ids": [UUIDS[0]], "recipient_ids": []}


@pytest.mark.parametrize("scope", SCOPES)
def test_attack_75_scopes_of_the_compatible_apis(server, keys, scope):
    """Refused for its scope, whatever it names, is a key that was made for something else, and no other."""
    wrong = []
    for n, (m, p, want) in enumerate(FOREIGN):
        b = Browser(server.web, origin=None, key=keys[scope], client=f"198.18.2.{n}")
        ids = ["999999"] if not p.startswith("/api/v1/") else UUIDS if "{" in p or m == "POST" else UUIDS[:1]
        told = [b.ask(m, p.replace("{id}", i), {**BODY, "id": i} if m != "GET" else None, page_id=0, page=0).raw for i in ids]
        refused = any(b"was not made for this" in t for t in told)
        if "protected-headers" in p and scope == "aliases":
            continue  # it may look whether it is so already
        if refused != (scope not in want and bool(want)):
            wrong.append(f"{m} {p}: {refused}, {want}")
    assert not wrong, "\n".join(wrong)
