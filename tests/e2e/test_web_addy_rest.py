"""addy.io's requests about domains, recipients' encryption, usernames, failed deliveries and the rest: what is served, and what is
refused in words that are true."""

import time

import pytest

import browser
import messages
import smtp
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
    return browser.adam(server, hop)


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


# ---- names


USERNAME = {"id", "user_id", "username", "description", "from_name", "aliases", "aliases_count", "default_recipient", "active", "catch_all",
            "auto_create_regex", "can_login", "created_at", "updated_at"}


def test_the_name_of_an_account(addy, owner, eve):
    (name,) = addy.good("GET", "/api/v1/usernames", status=200)["data"]
    assert set(name) == USERNAME and name["username"] == "adam" and name["default_recipient"] == recipients(addy)[0]
    i, p = name["id"], f"/usernames/{name['id']}"
    assert addy.good("GET", "/api/v1/account-details")["data"]["default_username_id"] == i
    assert addy.good("GET", "/api/v1" + p, status=200)["data"] == name
    assert addy.good("PATCH", "/api/v1" + p, {"description": None, "from_name": ""}, 200)["data"] == name
    refused(addy, 422, "PATCH", p, {"description": "x"}, "description")
    refused(addy, 422, "PATCH", p, {"from_name": "x"}, "from_name")
    first, second = (r["id"] for r in recipients(addy))
    assert addy.good("PATCH", f"/api/v1{p}/default-recipient", {"default_recipient": first}, 200)["data"] == name
    for wrong in (second, "x", i):
        refused(addy, 422, "PATCH", p + "/default-recipient", {"default_recipient": wrong}, "default_recipient")
    for word, on, off in (("active", 200, 403), ("catch-all", 403, 204), ("loginable", 200, 403)):
        a = addy.ask("POST", f"/api/v1/{word}-usernames", {"id": i})
        assert a.status == on and (on != 200 or a.json["data"] == name) and (on != 403 or len(a.json["message"]) > 8)
        assert addy.ask("DELETE", f"/api/v1/{word}-usernames/{i}").status == off
    assert refused(addy, 403, "DELETE", p) == "You cannot delete your default username"
    refused(addy, 403, "POST", "/usernames", {"username": "second"})
    for wrong in (i, recipients(addy)[0]["id"], "x"):
        b = eve if wrong == i else addy
        for method, path, body in (("GET", f"/usernames/{wrong}", None), ("PATCH", f"/usernames/{wrong}", {}), ("DELETE", f"/usernames/{wrong}", None),
                                   ("PATCH", f"/usernames/{wrong}/default-recipient", {}), *[
                                       (m, f"/{w}-usernames" + (f"/{wrong}" if m == "DELETE" else ""), {"id": wrong} if m == "POST" else None)
                                       for w in ("active", "catch-all", "loginable") for m in ("POST", "DELETE")]):
            assert refused(b, 404, method, path, body) == "Not Found"
    assert addy.good("GET", "/api/v1/usernames")["data"] == [name] and owner.get("/v1/session").json["name"] == "adam"


# ---- what came to nothing

FAILURE = {"id", "user_id", "recipient_id", "recipient_email", "alias_id", "alias_email", "alias_description", "bounce_type", "remote_mta", "sender",
           "destination", "type", "email_type", "email_type_text", "status", "code", "is_stored", "quarantined", "resent", "attempted_at", "created_at",
           "updated_at"}


def test_failed_deliveries_and_the_chart(server, addy, owner, eve):
    before = addy.good("GET", "/api/v1/chart-data", status=200)
    assert addy.good("GET", "/api/v1/failed-deliveries", status=200)["data"] == []
    made = addy.good("POST", "/api/v1/aliases", {"domain": "relay.example", "description": "fails"}, 201)["data"]
    box = addy.good("GET", "/api/v1/recipients")["data"][1]["email"]
    mail = messages.plain(made["email"])
    assert smtp.send(server.port, mail.sender, made["email"], mail.raw, mail.options).ok
    (c,) = owner.get(browser.path("v1", "aliases", made["email"], "correspondents")).json
    owner.good("PATCH", browser.path("v1", "aliases", made["email"]), {"state": "off-reject"}, 204)
    assert not smtp.send(server.port, mail.sender, made["email"], mail.raw, mail.options).ok
    assert not smtp.send(server.port, box, c["reverse"], messages.plain(c["reverse"]).raw).ok, "an answer without a signature"
    page = addy.good("GET", "/api/v1/failed-deliveries", status=200)
    assert set(page) == {"data", "links", "meta"} and page["meta"]["total"] == 2 and page["meta"]["path"].endswith("/api/v1/failed-deliveries")
    by = {f["type"]: f for f in page["data"]}
    for f in by.values():
        assert set(f) == FAILURE and f["alias_id"] == made["id"] and f["alias_email"] == made["email"] and f["alias_description"] == "fails"
        assert f["is_stored"] is False and len(f["code"]) > 8 and f["created_at"]
        p = f"/failed-deliveries/{f['id']}"
        assert addy.good("GET", "/api/v1" + p, status=200)["data"] == f
        refused(addy, 422, "DELETE", p, field="id")
        refused(addy, 404, "GET", p + "/download")
        refused(addy, 422, "POST", p + "/resend", {}, "id")
        for method, tail in (("GET", ""), ("DELETE", ""), ("GET", "/download"), ("POST", "/resend")):
            assert refused(eve, 404, method, p + tail, {} if method == "POST" else None) == "Not Found"
    assert (by["inbound"]["email_type"], by["inbound"]["sender"], by["inbound"]["destination"]) == ("IR", mail.sender, made["email"])
    assert (by["outbound"]["email_type"], by["outbound"]["sender"], by["outbound"]["destination"]) == ("R", made["email"], mail.sender)
    for kind in ("inbound", "outbound"):
        assert addy.good("GET", f"/api/v1/failed-deliveries?filter[email_type]={kind}")["data"] == [by[kind]]
    assert addy.good("GET", "/api/v1/failed-deliveries?filter[email_type]=inbound_quarantined")["data"] == []
    refused(addy, 422, "GET", "/failed-deliveries?filter[email_type]=x")
    refused(addy, 422, "GET", "/failed-deliveries?page[size]=101")
    one = addy.good("GET", "/api/v1/failed-deliveries?page[size]=1&page[number]=2")
    assert one["data"] == page["data"][1:] and one["links"]["prev"] and one["links"]["next"] is None
    assert eve.good("GET", "/api/v1/failed-deliveries")["data"] == []
    for wrong in ("x", made["id"], "706f7374-0006-8000-8000-0000000f4240"):
        refused(addy, 404, "GET", f"/failed-deliveries/{wrong}")
    check_chart(before, addy.good("GET", "/api/v1/chart-data", status=200))


def check_chart(before, chart):
    days = {"forwardsData", "repliesData", "sendsData", "labels", "inboundRejectionsData", "inboundQuarantinedData", "outboundBouncesData"}
    assert set(chart) == days | {"outboundMessageTotals", "failedDeliveriesTotal"} and all(len(chart[d]) == 7 for d in days)
    assert sorted(chart["labels"]) == sorted(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])
    assert chart["labels"][-1] in (time.strftime("%A", time.gmtime()), time.strftime("%A", time.gmtime(time.time() - 60)))
    for name, more in (("forwardsData", 1), ("inboundRejectionsData", 1), ("outboundBouncesData", 1), ("repliesData", 0), ("sendsData", 0)):
        assert chart[name][-1] == before[name][-1] + more, (name, chart)
    assert chart["outboundMessageTotals"] == [sum(chart["forwardsData"]), 0, 0] and chart["failedDeliveriesTotal"] == 2


# ---- what there is none of

ABSENT = [("POST", "/rules", {"name": "x"}, 403), ("GET", "/rules/{id}", None, 404), ("PATCH", "/rules/{id}", {"name": "x"}, 404),
          ("DELETE", "/rules/{id}", None, 404), ("POST", "/reorder-rules", {"ids": []}, 404), ("POST", "/active-rules", {"id": "x"}, 404),
          ("DELETE", "/active-rules/{id}", None, 404), ("POST", "/blocklist", {"type": "email", "value": "a@b.example"}, 403),
          ("DELETE", "/blocklist/{id}", None, 404), ("POST", "/blocklist/store/bulk", {"type": "email", "values": []}, 403),
          ("POST", "/blocklist/delete/bulk", {"ids": []}, 404)]


def test_rules_and_the_block_list(server, addy):
    assert addy.good("GET", "/api/v1/rules", status=200) == {"data": []}
    page = addy.good("GET", "/api/v1/blocklist", status=200)
    assert page["data"] == [] and page["meta"]["total"] == 0 and page["links"]["next"] is None
    nobody = Program(server.web, "pst_wrong", client="198.18.9.2")
    for method, path, body, status in ABSENT:
        refused(addy, status, method, path.replace("{id}", "706f7374-0006-8000-8000-000000000001"), body)
        assert refused(nobody, 401, method, path.replace("{id}", "x"), body) == "Unauthenticated."
    assert refused(addy, 404, "POST", "/blocklist/delete/bulk", {"ids": []}) == "No blocklist entries found"
