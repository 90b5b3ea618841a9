"""addy.io's requests about domains, recipients' encryption, usernames, failed deliveries and the rest: what is served, and what is
refused in words that are true."""

import pytest

import browser
from browser import PASSWORD, Browser
from test_web_addy import RECIPIENT, Program, key

DOMAIN = {"id", "user_id", "domain", "description", "from_name", "aliases", "aliases_count", "default_recipient", "active", "catch_all",
          "auto_create_regex", "domain_verified_at", "domain_mx_validated_at", "domain_sending_verified_at", "created_at", "updated_at"}
SCOPES = ("aliases", "mailboxes", "domains")


@pytest.fixture(scope="module")
def server(hop, names):
    s = browser.serve(hop, dns__resolver=names.address).start()
    yield s
    s.close()


@pytest.fixture(scope="module")
def owner(server, hop):
    b = browser.account(server, "adam")
    browser.verify(b, hop, "adam@mailbox.example", clear="on")
    browser.verify(b, hop, "adam2@mailbox.example", clear="on")
    return b


@pytest.fixture(scope="module")
def addy(server, owner):
    return Program(server.web, key(owner, *SCOPES))


@pytest.fixture(scope="module")
def eve(server):
    return Program(server.web, key(browser.account(server, "eve"), *SCOPES), client="198.18.9.1")


def refused(b, status, method, path, body=None, field=None):
    """One sentence, in the form of a refusal of theirs."""
    a = b.ask(method, "/api/v1" + path, body)
    assert a.status == status and a.headers["Access-Control-Allow-Origin"] == "*", (method, path, a)
    assert set(a.json) == ({"message", "errors"} if status == 422 else {"message"}) and len(a.json["message"]) > 8, a
    assert field is None or a.json["errors"] == {field: [a.json["message"]]}, a
    return a.json["message"]


def done(b, method, path, body=None):
    a = b.ask(method, "/api/v1" + path, body)
    assert a.status == 204 and not a.raw, (method, path, a)


def recipients(b):
    return b.good("GET", "/api/v1/recipients", status=200)["data"]


# ---- domains


def domain(o):
    assert set(o) == DOMAIN and o["aliases"] == [] and o["active"] is True, set(o) ^ DOMAIN
    assert o["default_recipient"] is None or set(o["default_recipient"]) == RECIPIENT
    return o


def test_a_domain_is_there_once_dns_says_so(addy, owner, eve, names):
    says = refused(addy, 404, "POST", "/domains", {"domain": "early.example"})
    assert says.startswith("Verification record not found, please add the following TXT record to your domain: postern-verification=")
    assert addy.good("GET", "/api/v1/domains") == {"data": []}
    assert refused(addy, 404, "POST", "/domains", {"domain": "early.example"}) == says, "the record stays the same one"
    owner.good("DELETE", "/v1/domains/early.example", status=204)
    # claimed without a look: that a record is not there is remembered for a minute
    names.txt("own.example", owner.good("POST", "/v1/domains", {"domain": "own.example"}, 201)["verification"])
    a = addy.ask("POST", "/api/v1/domains", {"domain": "Own.example"})
    assert a.status == 201, a
    made = domain(a.json["data"])
    assert made["domain"] == "own.example" and made["catch_all"] is False and made["domain_verified_at"] == made["created_at"]
    assert made["default_recipient"]["email"] == "adam@mailbox.example" and made["domain_mx_validated_at"] is None
    assert addy.good("GET", "/api/v1/domains") == {"data": [made]}
    assert addy.good("GET", f"/api/v1/domains/{made['id']}") == {"data": made}
    for b in (addy, eve):
        assert refused(b, 422, "POST", "/domains", {"domain": "own.example"}, "domain") == "The domain has already been taken."
    for wrong in ("", "no domain", "relay.example", None, 5):
        refused(addy, 422, "POST", "/domains", {"domain": wrong}, "domain")


def test_what_of_a_domain_can_be_changed(addy, owner, server):
    made = addy.good("GET", "/api/v1/domains")["data"][0]
    i, first, second = made["id"], *[r["id"] for r in recipients(addy)]
    told = addy.good("POST", "/api/v1/catch-all-domains", {"id": i}, 200)["data"]
    assert domain(told)["catch_all"] is True and owner.get("/v1/domains/own.example").json["catch_all"] == "on"
    done(addy, "DELETE", f"/catch-all-domains/{i}")
    assert owner.get("/v1/domains/own.example").json["catch_all"] == "off"
    p = f"/domains/{i}/default-recipient"
    told = addy.good("PATCH", "/api/v1" + p, {"default_recipient": second}, 200)["data"]
    assert domain(told)["default_recipient"]["id"] == second and owner.get("/v1/domains/own.example").json["mailboxes"] == ["adam2@mailbox.example"]
    assert addy.good("PATCH", "/api/v1" + p, {"default_recipient": ""}, 200)["data"]["default_recipient"]["id"] == first
    assert owner.get("/v1/domains/own.example").json["mailboxes"] == ["adam@mailbox.example"]
    for wrong in ("x", i, "706f7374-0003-8000-8000-0000000f4240"):
        refused(addy, 422, "PATCH", p, {"default_recipient": wrong}, "default_recipient")
    assert addy.good("PATCH", f"/api/v1/domains/{i}", {"description": None, "from_name": ""}, 200)["data"]["id"] == i
    for field in ("description", "from_name", "auto_create_regex"):
        refused(addy, 422, "PATCH", f"/domains/{i}", {field: "text"}, field)
    assert domain(addy.good("POST", "/api/v1/active-domains", {"id": i}, 200)["data"])["id"] == i
    refused(addy, 422, "DELETE", f"/active-domains/{i}", field="id")
    assert addy.good("GET", f"/api/v1/domains/{i}")["data"]["active"] is True
    few = Program(server.web, key(owner, "aliases"))
    for method, path, body in (("POST", "/catch-all-domains", {"id": i}), ("PATCH", f"/domains/{i}", {}), ("DELETE", f"/domains/{i}", None),
                               ("POST", "/domains", {"domain": "more.example"})):
        refused(few, 403, method, path, body)


def test_a_domain_goes_with_its_aliases(addy, owner):
    i = addy.good("GET", "/api/v1/domains")["data"][0]["id"]
    a = addy.ask("POST", "/api/v1/aliases", {"domain": "own.example", "format": "custom", "local_part": "shop"})
    assert a.status == 201 and a.json["data"]["aliasable_id"] == i
    assert addy.good("GET", f"/api/v1/domains/{i}")["data"]["aliases_count"] == 1
    done(addy, "DELETE", f"/domains/{i}")
    refused(addy, 404, "GET", f"/domains/{i}")
    refused(addy, 404, "DELETE", f"/domains/{i}")
    assert owner.get("/v1/domains").json == [] and addy.ask("GET", f"/api/v1/aliases/{a.json['data']['id']}").status == 404


# ---- what is encrypted for whom

TOGGLES = ["encrypted", "inline-encrypted", "protected-headers", "remove-pgp-keys", "remove-pgp-signatures", "allowed"]
MEMBER = {"encrypted": "should_encrypt", "inline-encrypted": "inline_encryption", "protected-headers": "protected_headers",
          "remove-pgp-keys": "remove_pgp_keys", "remove-pgp-signatures": "remove_pgp_signatures", "allowed": "can_reply_send"}


def switch(b, word, i, on):
    """What it is afterwards, whatever was answered: an answer is the truth, or a refusal."""
    a = b.ask("POST", f"/api/v1/{word}-recipients", {"id": i}) if on else b.ask("DELETE", f"/api/v1/{word}-recipients/{i}")
    (after,) = [r[MEMBER[word]] for r in recipients(b) if r["id"] == i]
    assert a.status in (200 if on else 204, 422) and (a.status == 422 or after is on), (word, on, a)
    assert a.status != 200 or a.json["data"][MEMBER[word]] is on and set(a.json["data"]) == RECIPIENT | {"aliases_count"}
    assert a.status != 422 or a.json["errors"] == {"id": [a.json["message"]]}
    return a.status, after


@pytest.mark.parametrize("word", TOGGLES)
def test_toggles_of_a_recipient_in_clear(addy, word):
    i = recipients(addy)[1]["id"]
    always = word in ("remove-pgp-keys", "remove-pgp-signatures", "allowed")
    assert switch(addy, word, i, True) == ((200, True) if always else (422, False))
    assert switch(addy, word, i, False) == ((422, True) if always else (204, False))


def test_nothing_switches_encryption_off(server, addy, owner):
    server.issue("adam@mailbox.example")
    i = recipients(addy)[0]["id"]
    assert recipients(addy)[0]["should_encrypt"] is True
    assert switch(addy, "encrypted", i, True) == (200, True) and switch(addy, "encrypted", i, False) == (422, True)
    assert "not switched off by a program" in refused(addy, 422, "DELETE", f"/recipient-keys/{i}", field="id")
    assert "S/MIME" in refused(addy, 404, "PATCH", f"/recipient-keys/{i}", {"key_data": "-----BEGIN PGP PUBLIC KEY BLOCK-----"})
    refused(addy, 422, "PATCH", f"/recipient-keys/{i}", {}, "key_data")
    assert recipients(addy)[0]["should_encrypt"] is True and recipients(addy)[0]["fingerprint"] is None
    assert owner.get("/v1/mailboxes/adam%40mailbox.example").json["active_profile"]
    assert switch(addy, "inline-encrypted", i, True) == (422, False)


def test_protected_headers_hide_the_subject(addy, owner):
    i = recipients(addy)[0]["id"]

    def hidden():
        return owner.get("/v1/mailboxes/adam%40mailbox.example").json["hide_subject"]
    assert switch(addy, "protected-headers", i, True) == (200, True) and hidden() is True
    assert switch(addy, "protected-headers", i, True) == (200, True)
    made = addy.good("POST", "/api/v1/aliases", {"domain": "relay.example", "recipient_ids": [i]}, 201)["data"]
    assert made["recipients"][0]["protected_headers"] is True
    assert switch(addy, "protected-headers", i, False) == (204, False) and hidden() is False


def test_attack_75_another_users_recipients_and_domains(addy, eve, server):
    server.cli("domain", "add", "adam", "kept.example")
    boxes, (kept,) = recipients(addy), addy.good("GET", "/api/v1/domains")["data"]
    for i in [r["id"] for r in boxes] + ["706f7374-0003-8000-8000-0000000f4240", "x", kept["id"]]:
        for word in TOGGLES:
            assert refused(eve, 404, "POST", f"/{word}-recipients", {"id": i}) == "Not Found"
            assert refused(eve, 404, "DELETE", f"/{word}-recipients/{i}") == "Not Found"
        assert refused(eve, 404, "PATCH", f"/recipient-keys/{i}", {"key_data": "x"}) == "Not Found"
        assert refused(eve, 404, "DELETE", f"/recipient-keys/{i}") == "Not Found"
    for i in (kept["id"], "706f7374-0004-8000-8000-0000000f4240", "x", boxes[0]["id"]):
        for method, path, body in (("GET", f"/domains/{i}", None), ("PATCH", f"/domains/{i}", {}), ("DELETE", f"/domains/{i}", None),
                                   ("PATCH", f"/domains/{i}/default-recipient", {"default_recipient": ""}),
                                   ("POST", "/active-domains", {"id": i}), ("DELETE", f"/active-domains/{i}", None),
                                   ("POST", "/catch-all-domains", {"id": i}), ("DELETE", f"/catch-all-domains/{i}", None)):
            assert refused(eve, 404, method, path, body) == "Not Found"
    refused(addy, 422, "PATCH", f"/domains/{kept['id']}/default-recipient", {"default_recipient": "x"}, "default_recipient")
    assert recipients(addy) == boxes and addy.good("GET", "/api/v1/domains")["data"] == [kept]
