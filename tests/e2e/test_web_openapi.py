"""doc/openapi.yaml against the server: each route of the one is in the other, answers with a status that is written there, and
its body has the members that are written there and no others."""

import re

import pytest
import yaml

import browser
import messages
import postern
import smtp
import webissue
from authenticator import Authenticator
from browser import PASSWORD, Browser, path

SPEC = yaml.safe_load((postern.TOP / "doc" / "openapi.yaml").read_text())
ROUTES = [(m.upper(), p, o) for p, ms in SPEC["paths"].items() for m, o in ms.items()]
KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}


def check(value, schema, at):
    if "$ref" in schema:
        return check(value, SPEC["components"]["schemas"][schema["$ref"].rpartition("/")[2]], at)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    assert any(isinstance(value, KINDS[k]) and not (k == "integer" and isinstance(value, bool)) for k in kinds), f"{at}: {value!r} is no {kinds}"
    assert "enum" not in schema or value in schema["enum"], f"{at}: {value!r}"
    if schema.get("format") == "date-time" and value:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value), f"{at}: {value!r}"
    if isinstance(value, list):
        for n, item in enumerate(value):
            check(item, schema["items"], f"{at}[{n}]")
    if isinstance(value, dict) and "properties" in schema:
        missing = set(schema.get("required", [])) - set(value)
        assert not missing, f"{at}: {missing} missing"
        assert "description" in schema or set(value) <= set(schema["properties"]), f"{at}: {set(value) - set(schema['properties'])} not written"
        for name in value:
            if name in schema["properties"]:
                check(value[name], schema["properties"][name], f"{at}.{name}")


def test_the_file_and_the_server_have_the_same_routes(server):
    served = set(Browser(server.web).get("/v1/routes").json)
    assert served == {f"{m} {p}" for m, p, _ in ROUTES}


@pytest.fixture(scope="module")
def server(hop):
    s = browser.serve(hop).start()
    yield s
    s.close()


class Walk:
    """Asks every route in an order in which each can go well."""

    def __init__(self, server, hop):
        self.server, self.hop, self.asked = server, hop, set()
        self.b = Browser(server.web)

    def ask(self, route, body=None, status=None, b=None, args=(), **query):
        method, pattern = route.split(" ")
        left = list(args)
        p = re.sub(r"{\w+}", lambda m: path(left.pop(0))[1:], pattern)
        a = (b or self.b).ask(method, p, body, **query)
        o = SPEC["paths"][pattern][method.lower()]
        assert str(a.status) in o["responses"], f"{route}: {a} is not written"
        assert a.status == (status or a.status), f"{route}: {a}"
        content = o["responses"][str(a.status)].get("content", {})
        if a.status == 204:
            assert not a.raw and not content
        else:
            kind = a.headers["Content-Type"].split(";")[0]
            (inner,) = [c for k, c in content.items() if k.split(";")[0] == kind]
            if "json" in kind:
                check(a.json, inner["schema"], route)
        if 200 <= a.status < 300:
            self.asked.add(route)
        return a.json if a.raw and "json" in a.headers["Content-Type"] else None


def test_every_route_answers_as_it_is_written(server, hop):
    w = Walk(server, hop)
    w.ask("GET /healthz", status=200)
    w.ask("GET /metrics", status=404)
    w.ask("GET /metrics", status=200, b=Browser(server.metrics))
    w.ask("GET /v1/server", status=200)
    w.ask("GET /v1/routes", status=200)
    token = browser.invite(server)
    w.ask("POST /v1/invitation", {"invitation": token}, 200)
    w.ask("POST /v1/invitation", {"invitation": "x"}, 404)
    w.ask("POST /v1/signup", {"name": "walker", "password": PASSWORD, "invitation": token}, 201)
    w.ask("POST /v1/login", {"name": "walker", "password": "wrong password"}, 401, b=Browser(server.web))
    w.ask("POST /v1/login", {"name": "walker", "password": PASSWORD}, 200)
    w.ask("GET /v1/session", status=200)
    w.ask("GET /v1/session", status=401, b=Browser(server.web))
    other = [s for s in w.ask("GET /v1/sessions", status=200) if not s["current"]][0]
    w.ask("DELETE /v1/sessions/{id}", args=[other["id"]], status=204)
    w.ask("GET /v1/account", status=200)
    w.ask("PATCH /v1/account", {"expiry_notices": "off"}, 204)
    w.ask("PUT /v1/password", {"password": PASSWORD, "new_password": PASSWORD}, 204)
    from test_web_accounts import totp
    secret = w.ask("POST /v1/totp", {"password": PASSWORD}, 200)["secret"]
    w.ask("PUT /v1/totp", {"code": totp(secret)}, 200)
    w.ask("POST /v1/recovery-codes", {"password": PASSWORD}, 200)
    w.ask("DELETE /v1/totp", {"password": PASSWORD}, 204)
    key = w.ask("POST /v1/keys", {"name": "k", "scopes": ["aliases", "mailboxes"], "password": PASSWORD}, 201)
    w.ask("GET /v1/keys", status=200)
    walk_passkeys(w)
    walk_mailboxes_and_profiles(w)
    walk_aliases(w)
    walk_simplelogin(w, key["key"])
    w.ask("DELETE /v1/keys/{id}", args=[key["id"]], status=204)
    w.ask("GET /v1/activity", status=200)
    w.ask("GET /v1/replies", status=200)
    w.ask("POST /v1/logout", status=204)
    w.ask("POST /v1/login", {"name": "walker", "password": PASSWORD}, 200)
    w.ask("DELETE /v1/account", {"password": PASSWORD}, 204)
    never = {f"{m} {p}" for m, p, o in ROUTES if min(o["responses"]) > "299"}  # what is always refused, in words that programs understand
    assert {f"{m} {p}" for m, p, _ in ROUTES} - w.asked - never == set(), "these never went well"
    assert not never & w.asked


def walk_passkeys(w):
    """At a server that can have them: with a name, and https."""
    origin = "https://relay.test"
    s = browser.serve(w.hop, origin=origin, web__signup="open").start()
    try:
        walk_passkeys_of(w, Browser(s.web, origin=origin), Authenticator(origin))
    finally:
        s.close()


def walk_passkeys_of(w, b, key):
    begun = w.ask("POST /v1/signup/challenge", {"name": "keen"}, 200, b=b)
    w.ask("POST /v1/signup/passkey", {"name": "keen", "label": "One", **key.make(begun)}, 201, b=b)
    w.ask("POST /v1/signup/challenge", {"name": "keen"}, 409, b=b)
    w.ask("POST /v1/login/passkey", key.use(w.ask("POST /v1/login/challenge", {}, 200, b=b), count=0), 401, b=b)
    w.ask("POST /v1/login/passkey", key.use(w.ask("POST /v1/login/challenge", {}, 200, b=b)), 200, b=b)

    def proof():
        return w.ask("POST /v1/proof", key.use(w.ask("POST /v1/proof/challenge", status=200, b=b)), 200, b=b)
    second = Authenticator(key.origin)
    made = w.ask("POST /v1/passkeys", second.make(w.ask("POST /v1/passkeys/challenge", proof(), 200, b=b)), 201, b=b)
    assert len(w.ask("GET /v1/passkeys", status=200, b=b)) == 2
    w.ask("PATCH /v1/passkeys/{id}", {"label": "Two"}, 204, args=[made["id"]], b=b)
    w.ask("DELETE /v1/passkeys/{id}", proof(), 204, args=[made["id"]], b=b)
    w.ask("DELETE /v1/passkeys/{id}", proof(), 404, args=[made["id"]], b=b)
    (left,) = w.ask("GET /v1/passkeys", status=200, b=b)
    w.ask("DELETE /v1/passkeys/{id}", proof(), 409, args=[left["id"]], b=b)
    w.ask("PUT /v1/password", {**proof(), "new_password": PASSWORD}, 204, b=b)
    w.ask("DELETE /v1/password", {"password": PASSWORD}, 204, b=b)
    w.ask("GET /v1/account", status=200, b=b)


def walk_mailboxes_and_profiles(w):
    since = len(w.hop.messages)
    box = "walker@mailbox.example"
    w.ask("POST /v1/mailboxes", {"address": box}, 201)
    code = browser.mailed_code(w.hop, box, since)
    w.ask("POST /v1/mailboxes/{address}/code", args=[box], status=409)
    w.asked.add("POST /v1/mailboxes/{address}/code")
    w.ask("POST /v1/mailboxes/{address}/verify", {"code": code}, 204, args=[box])
    w.ask("GET /v1/mailboxes", status=200)
    w.ask("GET /v1/mailboxes/{address}", args=[box], status=200)
    w.ask("PATCH /v1/mailboxes/{address}", {"clear": "on", "reply": "relaxed", "clear_replies": "refuse", "hide_subject": "on", "pad_sizes": "on"}, 204, args=[box])
    w.ask("POST /v1/mailboxes/{address}/senders", {"sender": "me@elsewhere.example"}, 204, args=[box])
    w.ask("POST /v1/mailboxes/{address}/passwords", {"name": "phone"}, 201, args=[box])
    w.ask("POST /v1/mailboxes/{address}/passwords", {"name": "phone"}, 409, args=[box])
    w.ask("GET /v1/mailboxes/{address}/passwords", args=[box], status=200)
    w.ask("DELETE /v1/mailboxes/{address}/passwords/{name}", args=[box, "phone"], status=204)
    w.ask("DELETE /v1/mailboxes/{address}/passwords/{name}", args=[box, "phone"], status=404)
    w.ask("POST /v1/mailboxes/{address}/resume", args=[box], status=404)
    w.asked.add("POST /v1/mailboxes/{address}/resume")
    key = webissue.new_key(True)
    begun = w.ask("POST /v1/profiles", {"mailbox": box, "cipher": "modern", "days": 30, "csr": webissue.csr(key, box)}, 201)
    n = [begun["profile"]]
    w.ask("PUT /v1/profiles/{profile}/chain", webissue.chain(begun, True), 204, args=n)
    w.ask("GET /v1/profiles/{profile}/test", args=n, status=200)
    assert w.ask("POST /v1/profiles/{profile}/test", args=n, status=200)["sent"]
    w.ask("POST /v1/profiles/{profile}/activate", args=n, status=204)
    w.ask("GET /v1/profiles", status=200)
    w.ask("GET /v1/profiles", status=200, mailbox=box)
    w.ask("DELETE /v1/profiles/{profile}", args=n, status=403)
    w.ask("POST /v1/profiles/{profile}/deactivate", args=n, status=204)
    w.ask("DELETE /v1/profiles/{profile}", args=n, status=204)
    since = len(w.hop.messages)
    w.ask("POST /v1/mailboxes", {"address": "second@mailbox.example"}, 201)
    browser.mailed_code(w.hop, "second@mailbox.example", since)
    w.ask("DELETE /v1/mailboxes/{address}", args=["second@mailbox.example"], status=204)


def walk_aliases(w):
    w.ask("POST /v1/domains", {"domain": "claimed.example"}, 201)
    w.ask("POST /v1/domains", {"domain": "claimed.example"}, 409)
    w.ask("GET /v1/domains/{domain}", args=["claimed.example"], status=200)
    w.ask("POST /v1/domains/{domain}/check", {}, 200, args=["claimed.example"])
    w.server.cli("domain", "add", "walker", "walker.example")
    w.ask("GET /v1/domains", status=200)
    w.ask("GET /v1/domains/{domain}", args=["walker.example"], status=200)
    w.ask("PATCH /v1/domains/{domain}", {"catch_all": "off", "allow": "shop*"}, 204, args=["walker.example"])
    a = w.ask("POST /v1/aliases", {"style": "words", "label": "l", "name": "n", "expires": "2040-01-01", "idle_days": 9,
                                   "count": None, "state": "on", "mailboxes": ["walker@mailbox.example"], "messages_day": 5}, 201)["address"]
    w.ask("POST /v1/aliases", {"address": "own@walker.example"}, 201)
    w.ask("POST /v1/aliases", {"address": "own@walker.example"}, 409)
    walk_many(w)
    w.ask("DELETE /v1/domains/{domain}", args=["walker.example"], status=403)
    w.ask("DELETE /v1/domains/{domain}", args=["walker.example"], status=204, aliases="delete")
    mail = messages.plain(a)
    assert smtp.send(w.server.port, mail.sender, a, mail.raw, mail.options).ok
    page = w.ask("GET /v1/aliases", status=200, query="L", state="on", sort="-used", offset=0, limit=10)
    assert page["total"] == 1
    w.ask("GET /v1/aliases", status=400, sort="sideways")
    w.ask("GET /v1/aliases/{address}", args=[a], status=200)
    w.ask("PATCH /v1/aliases/{address}", {"state": "off-drop", "expires": None}, 204, args=[a])
    made = w.ask("POST /v1/aliases/{address}/correspondents", {"address": "new@shop.example", "name": "New"}, 201, args=[a])
    assert len(w.ask("GET /v1/aliases/{address}/correspondents", args=[a], status=200)) == 2
    w.ask("PATCH /v1/correspondents/{reverse}", {"reply_to": "else@shop.example"}, 204, args=[made["reverse"]])
    w.ask("PATCH /v1/correspondents/{reverse}", {"reply_to": None}, 204, args=[made["reverse"]])
    w.ask("PATCH /v1/mailboxes/{address}", {"reply": "required"}, 204, args=["walker@mailbox.example"])
    assert not smtp.send(w.server.port, "walker@mailbox.example", made["reverse"], messages.plain(made["reverse"]).raw).ok
    w.ask("POST /v1/aliases/{address}/block", {"domain": "spam.example", "how": "refuse"}, 204, args=[a])
    w.ask("GET /v1/aliases/{address}/blocked", args=[a], status=200)
    w.ask("POST /v1/aliases/{address}/unblock", {"domain": "spam.example"}, 204, args=[a])
    walk_replies(w)
    walk_events(w)
    w.ask("DELETE /v1/aliases/{address}", args=[a], status=204)


def walk_events(w):
    (event,) = w.ask("GET /v1/events", status=200, outcome="relayed")
    w.ask("GET /v1/events", status=200, before=event["id"], limit=5)
    w.ask("GET /v1/events", status=400, outcome="eaten")
    w.ask("GET /v1/events", status=400, before="today")
    w.ask("GET /v1/events", status=404, alias="never@relay.example")
    w.ask("GET /v1/events", status=401, b=Browser(w.server.web))


def walk_many(w):
    names = [f"many{n}@walker.example" for n in range(2)]
    file = "alias,note,enabled\n" + "".join(f"{n},x,True\n" for n in names)
    assert w.ask("POST /v1/aliases/import", {"file": file, "dry_run": True}, 200)["added"] == 2
    assert w.ask("POST /v1/aliases/import", {"file": file + "x@else.example,x,True\n"}, 200)["refused"] == 1
    w.ask("POST /v1/aliases/import", {"file": "no file"}, 400)
    w.ask("GET /v1/aliases/export", status=200)
    w.ask("GET /v1/aliases/export", status=200, format="json")
    w.ask("GET /v1/aliases/export", status=400, format="xml")
    assert w.ask("POST /v1/aliases/bulk", {"action": "set", "addresses": names, "state": "off-drop", "label": "b"}, 200)["changed"] == 2
    assert w.ask("POST /v1/aliases/bulk", {"action": "delete", "all": True, "query": "many", "only": "off"}, 200)["changed"] == 2
    w.ask("POST /v1/aliases/bulk", {"action": "delete"}, 400)


def walk_replies(w):
    held = [w.ask("GET /v1/replies", status=200)[0]["id"]]
    w.ask("GET /v1/replies/{id}", args=held, status=200)
    w.ask("POST /v1/replies/{id}/release", args=held, status=403)  # one without a signature is not let go
    w.asked.add("POST /v1/replies/{id}/release")
    w.ask("DELETE /v1/replies/{id}", args=held, status=204)
    w.ask("DELETE /v1/replies/{id}", args=held, status=404)


def walk_simplelogin(w, key):
    sl = Browser(w.server.web, origin=None, key=key)
    for r in ("GET /api/user_info", "GET /api/mailboxes", "GET /api/v2/mailboxes", "GET /api/v4/alias/options", "GET /api/v5/alias/options"):
        told = w.ask(r, status=200, b=sl)
    signed = told["suffixes"][0]["signed_suffix"]
    boxes = [m["id"] for m in w.ask("GET /api/mailboxes", status=200, b=sl)["mailboxes"]]
    made = w.ask("POST /api/alias/random/new", {"note": "n"}, 201, b=sl, mode="word")
    w.ask("POST /api/v2/alias/custom/new", {"alias_prefix": "two", "signed_suffix": signed}, 201, b=sl)
    w.ask("POST /api/v3/alias/custom/new", {"alias_prefix": "three", "signed_suffix": signed, "mailbox_ids": boxes}, 201, b=sl)
    w.ask("POST /api/v3/alias/custom/new", {"alias_prefix": "three", "signed_suffix": signed, "mailbox_ids": boxes}, 409, b=sl)
    w.ask("GET /api/v2/aliases", status=200, b=sl, page_id=0)
    w.ask("GET /api/v2/aliases", status=400, b=sl)
    w.ask("POST /api/v2/aliases", {"query": "two"}, 200, b=sl, page_id=0)
    n = [made["id"]]
    w.ask("GET /api/aliases/{id}", args=n, status=200, b=sl)
    w.ask("PUT /api/aliases/{id}", {"note": "x"}, 200, args=n, b=sl)
    w.ask("PATCH /api/aliases/{id}", {"name": "x"}, 200, args=n, b=sl)
    w.ask("POST /api/aliases/{id}/toggle", {}, 200, args=n, b=sl)
    walk_contacts(w, sl, n)
    w.ask("DELETE /api/aliases/{id}", args=n, status=200, b=sl)
    w.ask("DELETE /api/aliases/{id}", args=n, status=403, b=sl)
    walk_simplelogin_account(w, sl)
    walk_addy(w, key)
    walk_ends(w)


def walk_ends(w):
    def program(name):
        b = browser.account(w.server, name, client="203.0.113.97")
        key = b.good("POST", "/v1/keys", {"name": "k", "scopes": ["mailboxes"], "password": PASSWORD})["key"]
        return Browser(w.server.web, origin=None, key=key, client="203.0.113.97")
    sl, addy = program("leaver"), program("quitter")
    w.ask("DELETE /api/user", status=440, b=sl)
    w.ask("PATCH /api/sudo", {"password": "wrong password"}, 403, b=sl)
    w.ask("PATCH /api/sudo", {"password": PASSWORD}, 200, b=sl)
    w.ask("DELETE /api/user", status=200, b=sl)
    w.ask("POST /api/auth/delete-account", {"password": "wrong password"}, 422, b=addy)
    w.ask("POST /api/auth/delete-account", {"password": PASSWORD}, 204, b=addy)


def walk_contacts(w, sl, n):
    c = w.ask("POST /api/aliases/{id}/contacts", {"contact": "Desk <desk@shop.example>"}, 201, args=n, b=sl)
    w.ask("POST /api/aliases/{id}/contacts", {"contact": "desk@shop.example"}, 200, args=n, b=sl)
    w.ask("GET /api/aliases/{id}/contacts", status=200, args=n, b=sl, page_id=0)
    w.ask("GET /api/aliases/{id}/activities", status=200, args=n, b=sl, page_id=0)
    w.ask("POST /api/contacts/{id}/toggle", {}, 200, args=[c["id"]], b=sl)
    w.ask("DELETE /api/contacts/{id}", status=200, args=[c["id"]], b=sl)
    w.ask("DELETE /api/contacts/{id}", status=403, args=[c["id"]], b=sl)


def walk_simplelogin_account(w, sl):
    nobody = Browser(w.server.web, origin=None, client="203.0.113.99")
    w.ask("POST /api/auth/login", {"email": "walker", "password": PASSWORD, "device": "d"}, 200, b=nobody)
    w.ask("POST /api/auth/login", {"email": "walker", "password": "wrong password", "device": "d"}, 400, b=nobody)
    w.ask("POST /api/auth/login", {"username": "walker", "password": "wrong password", "device_name": "d"}, 401, b=nobody)
    w.ask("POST /api/auth/mfa", {"mfa_key": "x", "mfa_token": "1", "device": "d"}, 400, b=nobody)
    w.asked.add("POST /api/auth/mfa")  # in test_web_addy.py and test_web_simplelogin.py
    w.ask("POST /api/api_key", {"device": "d"}, 201, b=sl)
    for r in ("/api/export/data", "/api/export/aliases", "/api/logout", "/api/stats", "/api/setting", "/api/v2/setting/domains", "/api/custom_domains"):
        w.ask("GET " + r, status=200, b=sl)
    w.ask("GET /api/notifications", status=200, b=sl, page=0)
    w.ask("GET /api/notifications", status=400, b=sl)
    w.ask("PATCH /api/setting", {}, 200, b=sl)
    w.ask("PATCH /api/user_info", {"name": "walker"}, 200, b=sl)
    w.ask("PATCH /api/user_info", {"name": "other"}, 400, b=sl)
    w.server.cli("domain", "add", "walker", "custom.example")
    (d,) = w.ask("GET /api/custom_domains", status=200, b=sl)["custom_domains"]
    w.ask("GET /api/custom_domains/{id}/trash", args=[d["id"]], status=200, b=sl)
    w.ask("PATCH /api/custom_domains/{id}", {"catch_all": True}, args=[d["id"]], b=sl)
    w.asked.add("PATCH /api/custom_domains/{id}")  # with a key of the scope domains: test_web_simplelogin.py
    w.asked.add("POST /api/v1/domains")  # with a name server: test_web_addy_rest.py
    (own,) = w.ask("GET /api/v1/domains", status=200, b=sl)["data"]
    w.ask("GET /api/v1/domains/{id}", args=[own["id"]], status=200, b=sl)
    w.ask("GET /api/v1/domains/{id}", args=["x"], status=404, b=sl)
    w.ask("POST /api/notifications/{id}", {}, 403, args=[1], b=sl)
    box = w.ask("POST /api/mailboxes", {"email": "third@mailbox.example"}, 201, b=sl)
    first = w.ask("GET /api/mailboxes", status=200, b=sl)["mailboxes"][0]["id"]
    w.ask("PUT /api/mailboxes/{id}", {"default": True}, 200, args=[first], b=sl)
    w.ask("DELETE /api/mailboxes/{id}", {}, 200, args=[box["id"]], b=sl)


def walk_addy(w, key):
    b = Browser(w.server.web, origin=None, key=key)
    box = w.ask("POST /api/v1/recipients", {"email": "fourth@mailbox.example"}, 201, b=b)["data"]["id"]
    w.ask("GET /api/v1/recipients/{id}", status=200, args=[box], b=b)
    walk_addy_recipient(w, b, box)
    w.ask("DELETE /api/v1/recipients/{id}", status=204, args=[box], b=b)
    walk_addy_domain(w)
    walk_addy_rest(w, b)
    for r in ("app-version", "api-token-details", "account-details", "domain-options", "domains", "recipients", "aliases"):
        w.ask("GET /api/v1/" + r, status=200, b=b)
    made = w.ask("POST /api/v1/aliases", {"domain": "relay.example", "format": "uuid"}, 201, b=b)["data"]["id"]
    w.ask("POST /api/v1/aliases", {"domain": ""}, 422, b=b)
    for r in ("GET /api/v1/aliases/{id}", "DELETE /api/v1/active-aliases/{id}", "DELETE /api/v1/pinned-aliases/{id}", "DELETE /api/v1/aliases/{id}",
              "PATCH /api/v1/aliases/{id}/restore"):
        w.ask(r, args=[made], b=b)
    w.ask("PATCH /api/v1/aliases/{id}", {"description": "d"}, 200, args=[made], b=b)
    w.ask("POST /api/v1/active-aliases", {"id": made}, 200, b=b)
    w.ask("POST /api/v1/pinned-aliases", {"id": made}, 200, b=b)
    w.ask("POST /api/v1/alias-recipients", {"alias_id": made, "recipient_ids": []}, 200, b=b)
    for r in ("deactivate", "activate", "pin", "unpin", "delete", "restore", "get"):
        w.ask(f"POST /api/v1/aliases/{r}/bulk", {"ids": [made]}, 200, b=b)
    w.ask("POST /api/v1/aliases/recipients/bulk", {"ids": [made], "recipient_ids": []}, 200, b=b)
    w.ask("POST /api/v1/aliases/get/bulk", {"ids": []}, 422, b=b)
    w.ask("DELETE /api/v1/aliases/{id}/forget", args=[made], status=204, b=b)
    w.ask("POST /api/v1/aliases/forget/bulk", {"ids": [made]}, 404, b=b)
    w.asked.add("POST /api/v1/aliases/forget/bulk")
    w.ask("GET /api/v1/aliases/{id}", args=[made], status=404, b=b)
    once = w.ask("POST /api/auth/login", {"username": "walker", "password": PASSWORD, "device_name": "d"}, 200,
                 b=Browser(w.server.web, origin=None, client="203.0.113.98"))["api_key"]
    w.ask("POST /api/auth/logout", status=204, b=Browser(w.server.web, origin=None, key=once))


def walk_addy_recipient(w, b, box):
    for word, on, off in (("encrypted", 422, 204), ("inline-encrypted", 422, 204), ("protected-headers", 422, 204), ("remove-pgp-keys", 200, 422),
                          ("remove-pgp-signatures", 200, 422), ("allowed", 200, 422)):
        w.ask(f"POST /api/v1/{word}-recipients", {"id": box}, on, b=b)
        w.ask(f"DELETE /api/v1/{word}-recipients/{{id}}", status=off, args=[box], b=b)
    w.asked |= {"POST /api/v1/encrypted-recipients", "POST /api/v1/protected-headers-recipients"}  # of a sealed one: test_web_addy_rest.py
    w.ask("PATCH /api/v1/recipient-keys/{id}", {"key_data": "x"}, 404, args=[box], b=b)
    w.ask("DELETE /api/v1/recipient-keys/{id}", status=204, args=[box], b=b)


def walk_addy_rest(w, b):
    name = None
    for r in ("chart-data", "usernames", "rules", "blocklist"):
        told = w.ask("GET /api/v1/" + r, status=200, b=b)
        name = told["data"][0]["id"] if r == "usernames" else name
    off = w.b.good("POST", "/v1/aliases", {"state": "off-reject"}, 201)["address"]
    assert not smtp.send(w.server.port, "x@shop.example", off, messages.plain(off).raw).ok
    failed = w.ask("GET /api/v1/failed-deliveries", status=200, b=b)["data"][0]["id"]
    w.ask("GET /api/v1/failed-deliveries/{id}", status=200, args=[failed], b=b)
    w.ask("GET /api/v1/usernames/{id}", status=200, args=[name], b=b)
    for r in ("PATCH /api/v1/usernames/{id}", "PATCH /api/v1/usernames/{id}/default-recipient"):
        w.ask(r, {}, 200, args=[name], b=b)
    w.ask("POST /api/v1/active-usernames", {"id": name}, 200, b=b)
    w.ask("POST /api/v1/loginable-usernames", {"id": name}, 200, b=b)
    w.ask("DELETE /api/v1/catch-all-usernames/{id}", status=204, args=[name], b=b)
    for m, p, o in ROUTES:  # what is always refused
        if p.startswith("/api/v1/") and min(o["responses"]) > "299":
            i = name if "usernames" in p else failed if "failed" in p else "x"
            w.ask(f"{m} {p}", {"id": i} if m != "GET" else None, args=[i], b=b)


def walk_addy_domain(w):
    key = w.b.good("POST", "/v1/keys", {"name": "d", "scopes": ["domains"], "password": PASSWORD})["key"]
    b = Browser(w.server.web, origin=None, key=key)
    (d,) = w.ask("GET /api/v1/domains", status=200, b=b)["data"]
    n = [d["id"]]
    w.ask("POST /api/v1/domains", {"domain": d["domain"]}, 422, b=b)
    w.ask("PATCH /api/v1/domains/{id}", {"description": None}, 200, args=n, b=b)
    w.ask("PATCH /api/v1/domains/{id}/default-recipient", {"default_recipient": ""}, 200, args=n, b=b)
    for word, off in (("active", 422), ("catch-all", 204)):
        w.ask(f"POST /api/v1/{word}-domains", {"id": d["id"]}, 200, b=b)
        w.ask(f"DELETE /api/v1/{word}-domains/{{id}}", status=off, args=n, b=b)
    w.ask("DELETE /api/v1/domains/{id}", status=204, args=n, b=b)
    w.ask("DELETE /api/v1/domains/{id}", status=404, args=n, b=b)


def test_what_needs_somebody_is_refused_to_nobody(server):
    b = Browser(server.web)
    for method, pattern, o in ROUTES:
        if o["security"]:
            a = b.ask(method, re.sub(r"{\w+}", "1", pattern), {} if method != "GET" else None)
            assert a.status == 401 and "401" in o["responses"], f"{method} {pattern}: {a}"
            check(a.json, o["responses"]["401"]["content"]["application/json"]["schema"], pattern)
