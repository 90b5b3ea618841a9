"""Accounts over the web: invitations, passwords, the second factor, sessions, keys and their scopes, mailboxes."""

import base64
import hashlib
import hmac
import struct
import time

import pytest

import browser
import messages
import postern
import smtp
from browser import PASSWORD, Browser, path


@pytest.fixture(scope="module")
def server(hop):
    s = browser.serve(hop).start()
    yield s
    s.close()


def totp(secret, step=0):
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1).digest()
    at = mac[19] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


_client = iter(range(1, 250))


def client():
    """Each test is a client of its own, for what is bounded by client."""
    return f"198.51.100.{next(_client)}"


def test_an_invitation_makes_one_account(server):
    token = browser.invite(server)
    b = Browser(server.web, client=client())
    assert b.good("POST", "/v1/invitation", {"invitation": token})["name"] == ""
    b.refused(404, "POST", "/v1/invitation", {"invitation": "x" * 32}, "invitation")
    b.refused(400, "POST", "/v1/signup", {"name": "ann", "password": "short", "invitation": token}, "password")
    b.refused(403, "POST", "/v1/signup", {"name": "ann", "password": PASSWORD}, "invitation")
    made = b.sign_up("ann", token)
    assert made["name"] == "ann" and made["kind"] == "session" and "token" not in made
    assert b.get("/v1/session").json["name"] == "ann"
    again = Browser(server.web, client=client())
    again.refused(404, "POST", "/v1/signup", {"name": "bob", "password": PASSWORD, "invitation": token}, "invitation")
    other = browser.invite(server)
    again.refused(409, "POST", "/v1/signup", {"name": "ann", "password": PASSWORD, "invitation": other}, "name")
    again.sign_up("bob", other)  # a refused name has not used it up


def test_an_invitation_for_a_user_who_is_there(server):
    server.user("carol")
    token = browser.invite(server, "carol")
    b = Browser(server.web, client=client())
    assert b.good("POST", "/v1/invitation", {"invitation": token})["name"] == "carol"
    b.refused(403, "POST", "/v1/signup", {"name": "mallory", "password": PASSWORD, "invitation": token}, "name")
    assert b.sign_up("carol", token)["name"] == "carol"
    b2 = Browser(server.web, client=client())
    b2.good("POST", "/v1/login", {"name": "carol", "password": PASSWORD}, 200)
    b3 = Browser(server.web, client=client())
    b3.sign_up("carol", browser.invite(server, "carol"))
    assert b2.get("/v1/session").status == 401, "who was in before is out"
    b3.good("GET", "/v1/session")


@pytest.mark.parametrize("rule", ["open", "closed"])
def test_sign_up_is_the_operators_to_rule(hop, rule):
    s = browser.serve(hop, web__signup=rule).start()
    try:
        b = Browser(s.web)
        assert b.get("/v1/server").json["signup"] == rule
        if rule == "open":
            b.sign_up("dora")
        else:
            b.refused(403, "POST", "/v1/signup", {"name": "dora", "password": PASSWORD})
    finally:
        s.close()


def test_signing_in_and_out(server):
    browser.account(server, "eve", client=client())
    b = Browser(server.web, client=client())
    b.refused(401, "GET", "/v1/session", argument="session")
    wrong = b.refused(401, "POST", "/v1/login", {"name": "eve", "password": PASSWORD + "x"}, "password")
    nobody = b.refused(401, "POST", "/v1/login", {"name": "nobody-at-all", "password": PASSWORD}, "password")
    assert wrong == nobody, "that there is no such account is not told"
    b.good("POST", "/v1/login", {"name": "eve", "password": PASSWORD}, 200)
    assert b.cookie.startswith("postern=") and len(b.cookie) > 50
    old = b.cookie
    b.good("POST", "/v1/logout", status=204)
    assert b.cookie is None
    b.cookie = old
    b.refused(401, "GET", "/v1/session", argument="session")


def test_unknown_names_cost_as_much_as_known_ones(server):
    """The salt of a name that nobody has is stable, and as long to compute with."""
    browser.account(server, "slow", client=client())

    def took(name):
        b, times = Browser(server.web, client=client()), []
        for _ in range(6):
            began = time.monotonic()
            b.refused(401, "POST", "/v1/login", {"name": name, "password": "wrong password"})
            times.append(time.monotonic() - began)
        return min(times)

    known, unknown = took("slow"), took("nobody-here")
    assert 0.4 < known / unknown < 2.5 and unknown > 0.01


def test_other_sites_are_refused(server):
    b = browser.account(server, "fred", client=client())
    for headers in ({"Origin": "http://evil.test"}, {"Origin": None}, {"X-Postern": None}, {"Origin": "null"},
                    {"Origin": "http://relay.test.evil.test"}, {"Origin": "https://relay.test"}):
        b.refused(403, "POST", "/v1/aliases", {}, "origin", headers=headers)
        b.refused(403, "DELETE", "/v1/sessions/1", argument="origin", headers=headers)
        Browser(server.web).refused(403, "POST", "/v1/login", {"name": "fred", "password": PASSWORD}, "origin", headers=headers)
    assert b.get("/v1/session").status == 200


def test_a_password_is_changed_and_other_sessions_end(server):
    one = browser.account(server, "gwen", client=client())
    two = Browser(server.web, client=client())
    two.good("POST", "/v1/login", {"name": "gwen", "password": PASSWORD})
    assert {s["current"] for s in one.get("/v1/sessions").json} == {True, False}
    one.refused(401, "PUT", "/v1/password", {"password": "not it at all", "new_password": "another password"}, "password")
    one.refused(400, "PUT", "/v1/password", {"password": PASSWORD, "new_password": "short"}, "password")
    one.good("PUT", "/v1/password", {"password": PASSWORD, "new_password": "another password"}, 204)
    assert one.get("/v1/session").status == 200
    two.refused(401, "GET", "/v1/session")
    two.cookie = None
    two.refused(401, "POST", "/v1/login", {"name": "gwen", "password": PASSWORD}, "password")
    two.good("POST", "/v1/login", {"name": "gwen", "password": "another password"})
    (other,) = [s for s in one.get("/v1/sessions").json if not s["current"]]
    assert other["agent"] == "test/1"
    one.good("DELETE", path("v1", "sessions", other["id"]), status=204)
    two.refused(401, "GET", "/v1/session")
    one.refused(404, "DELETE", path("v1", "sessions", other["id"]))


def test_the_second_factor(server):
    b = browser.account(server, "hank", client=client())
    b.refused(401, "POST", "/v1/totp", {"password": "wrong password"}, "password")
    begun = b.good("POST", "/v1/totp", {"password": PASSWORD}, 200)
    assert begun["uri"].startswith("otpauth://totp/Postern:") and begun["secret"] in begun["uri"]
    assert b.get("/v1/session").json["totp"] is False, "not in force before its first code"
    b.refused(403, "PUT", "/v1/totp", {"code": "000000" if totp(begun["secret"]) != "000000" else "000001"}, "code")
    codes = b.good("PUT", "/v1/totp", {"code": totp(begun["secret"])}, 200)["codes"]
    assert len(set(codes)) == 10 and b.get("/v1/account").json["recovery_codes"] == 10
    b.refused(409, "POST", "/v1/totp", {"password": PASSWORD})
    login = {"name": "hank", "password": PASSWORD}
    c = Browser(server.web, client=client())
    c.refused(403, "POST", "/v1/login", login, "code")
    c.refused(403, "POST", "/v1/login", {**login, "code": totp(begun["secret"])}, "code")  # it was used
    c.good("POST", "/v1/login", {**login, "code": totp(begun["secret"], 1)}, 200)
    c.good("POST", "/v1/login", {**login, "code": codes[0]}, 200)
    c.refused(403, "POST", "/v1/login", {**login, "code": codes[0]}, "code")
    assert b.get("/v1/account").json["recovery_codes"] == 9
    fresh = b.good("POST", "/v1/recovery-codes", {"password": PASSWORD})["codes"]
    c.refused(403, "POST", "/v1/login", {**login, "code": codes[1]}, "code")
    c.good("POST", "/v1/login", {**login, "code": fresh[1]}, 200)
    b.good("DELETE", "/v1/totp", {"password": PASSWORD}, 204)
    c.good("POST", "/v1/login", login, 200)


def test_guessing_is_bounded(server):
    browser.account(server, "iris", client=client())
    b = Browser(server.web, client=client())
    said = []
    for _ in range(30):
        said.append(b.ask("POST", "/v1/login", {"name": "iris", "password": "a wrong password"}).status)
    assert said[0] == 401 and said[-1] == 429 and said.count(401) <= 11
    a = b.ask("POST", "/v1/login", {"name": "iris", "password": PASSWORD})
    assert a.status == 429 and a.headers["Retry-After"], "not even the right one"
    Browser(server.web, client=client()).good("POST", "/v1/login", {"name": "iris", "password": PASSWORD})


def test_tokens_are_not_guessed(server):
    here = client()
    signed_in = browser.account(server, "ines", client=here)
    b = Browser(server.web, origin=None, key="pst_wrong", client=here)
    said = [b.get("/v1/session").status for _ in range(60)]
    assert said[0] == 401 and said[-1] == 429
    signed_in.good("GET", "/v1/session")  # a neighbour's guesses shut nobody out


def test_keys_and_scopes(server):
    b = browser.account(server, "jack", client=client())
    server.mailbox("jack", "jack@mailbox.example", clear="on")
    ask = {"name": "Bitwarden", "scopes": ["aliases.create"], "password": PASSWORD}
    b.refused(401, "POST", "/v1/keys", {**ask, "password": "wrong password"}, "password")
    b.refused(400, "POST", "/v1/keys", {**ask, "scopes": ["everything"]}, "scope")
    b.refused(400, "POST", "/v1/keys", {**ask, "scopes": []}, "scope")
    b.refused(400, "POST", "/v1/keys", {**ask, "expires": "2020-01-01"}, "expires")
    made = b.good("POST", "/v1/keys", {**ask, "expires": None}, 201)
    (row,) = b.get("/v1/keys").json
    assert row["name"] == "Bitwarden" and row["scopes"] == ["aliases.create"] and row["expires"] is None
    assert made["key"] not in str(row) and made["key"].startswith("pst_")
    k = Browser(server.web, origin=None, key=made["key"], client=client())
    alias = k.good("POST", "/v1/aliases", {"label": "by key"}, 201)
    assert alias["address"].endswith("@relay.example")
    for method, p, body in (("GET", "/v1/aliases", None), ("DELETE", path("v1", "aliases", alias["address"]), None),
                            ("GET", "/v1/mailboxes", None), ("GET", "/v1/account", None), ("GET", "/v1/keys", None),
                            ("POST", "/v1/keys", ask), ("DELETE", "/v1/account", {"password": PASSWORD}),
                            ("PUT", "/v1/password", {"password": PASSWORD, "new_password": "another password"})):
        k.refused(403, method, p, body, "scope")
    wide = Browser(server.web, origin=None, client=client(), key=b.good("POST", "/v1/keys", {
        "name": "all", "password": PASSWORD, "scopes": ["aliases", "mailboxes", "profiles", "domains", "replies", "account"]})["key"])
    assert [a["address"] for a in wide.get("/v1/aliases").json["aliases"]] == [alias["address"]]
    wide.refused(403, "GET", "/v1/keys", argument="scope")
    b.good("DELETE", path("v1", "keys", row["id"]), status=204)
    k.refused(401, "GET", "/v1/session")
    b.refused(404, "DELETE", path("v1", "keys", row["id"]))


def test_a_mailbox_is_verified_by_a_mailed_code(server, hop):
    b = browser.account(server, "kate", client=client())
    since = len(hop.messages)
    box = b.good("POST", "/v1/mailboxes", {"address": "kate@mailbox.example", "clear": "on"}, 201)
    assert box["verified"] is False
    alias = b.good("POST", "/v1/aliases", {"label": "early"}, 201)["address"]
    code = browser.mailed_code(hop, "kate@mailbox.example", since)
    sent = smtp.send(server.port, "x@shop.example", alias, messages.plain(alias).raw)
    assert not sent.ok, "no mail goes to what is not verified"
    p = path("v1", "mailboxes", "kate@mailbox.example")
    b.refused(409, "POST", p + "/code", argument="code")
    b.refused(409, "POST", "/v1/mailboxes", {"address": "kate@mailbox.example"}, "address")
    b.refused(403, "POST", p + "/verify", {"code": "0000 0000" if code != "0000 0000" else "1111 1111"}, "code")
    b.refused(403, "POST", "/v1/profiles", {"mailbox": "kate@mailbox.example", "csr": "AAAA"}, "mailbox")
    b.good("POST", p + "/verify", {"code": code}, 204)
    assert b.get(p).json["verified"] is True
    b.refused(409, "POST", p + "/verify", {"code": code})
    sent = smtp.send(server.port, "x@shop.example", alias, messages.plain(alias).raw)
    assert sent.ok, sent.rcpts


def test_a_code_is_not_guessed(server, hop):
    b = browser.account(server, "liam", client=client())
    since = len(hop.messages)
    b.good("POST", "/v1/mailboxes", {"address": "liam@mailbox.example"}, 201)
    code = browser.mailed_code(hop, "liam@mailbox.example", since)
    p = path("v1", "mailboxes", "liam@mailbox.example", "verify")
    for n in range(5):
        b.refused(403, "POST", p, {"code": f"{n:08}"}, "code")
    assert "ask for a new one" in b.refused(403, "POST", p, {"code": code}, "code")["why"]


def test_naming_an_address_does_not_take_it(server, hop):
    squatter = browser.account(server, "mallet", client=client())
    owner = browser.account(server, "nina", client=client())
    since = len(hop.messages)
    squatter.good("POST", "/v1/mailboxes", {"address": "nina@mailbox.example"}, 201)
    browser.mailed_code(hop, "nina@mailbox.example", since)
    browser.verify(owner, hop, "nina@mailbox.example")
    assert squatter.get("/v1/mailboxes").json == []
    squatter.refused(409, "POST", "/v1/mailboxes", {"address": "nina@mailbox.example"}, "address")
    for n in range(3):
        squatter.good("POST", "/v1/mailboxes", {"address": f"some{n}@mailbox.example"}, 201)
    squatter.refused(422, "POST", "/v1/mailboxes", {"address": "some4@mailbox.example"}, "address")


def test_deleting_an_account(server):
    b = browser.account(server, "olga", client=client())
    server.mailbox("olga", "olga@mailbox.example")
    server.issue("olga@mailbox.example")
    b.refused(401, "DELETE", "/v1/account", {"password": "wrong password"}, "password")
    cookie = b.cookie
    b.good("DELETE", "/v1/account", {"password": PASSWORD}, 204)
    b.cookie = cookie
    b.refused(401, "GET", "/v1/session")
    assert "olga" not in [u["name"] for u in server.cli("user", "list")]
    assert not [p for p in server.cli("profile", "list") if p["mailbox"] == "olga@mailbox.example"]
    Browser(server.web, client=client()).refused(401, "POST", "/v1/login", {"name": "olga", "password": PASSWORD})


def test_a_restart_keeps_sessions(server):
    b = browser.account(server, "pete", client=client())
    server.restart()
    assert b.get("/v1/session").json["name"] == "pete"


def test_promise_9_no_token_password_or_name_is_in_the_files(hop):
    """Of an account with a session, a key, a second factor and an invitation."""
    s = browser.serve(hop).start()
    try:
        token = browser.invite(s)
        b = Browser(s.web)
        b.sign_up("quentin-the-unmistakable", token, password="password-of-quentin")
        key = b.good("POST", "/v1/keys", {"name": "label-of-a-key", "scopes": ["aliases"], "password": "password-of-quentin"})["key"]
        begun = b.good("POST", "/v1/totp", {"password": "password-of-quentin"})
        codes = b.good("PUT", "/v1/totp", {"code": totp(begun["secret"])})["codes"]
        left = browser.invite(s)
        canaries = ["quentin-the-unmistakable", token, left, "password-of-quentin", key, key[4:], "label-of-a-key", begun["secret"],
                    b.cookie.split("=", 1)[1], *codes, "test/1"]
        raw_secret = base64.b32decode(begun["secret"])
    finally:
        s.stop()
    files = b"".join(p.read_bytes() for p in (s.folder / "state").rglob("*") if p.is_file())
    assert len(files) > 10000
    for c in canaries:
        assert c.encode() not in files, c
    assert raw_secret not in files
    for c in canaries[:-1]:
        assert c not in s.log, f"promise 10: {c}"
    s.close()


def opened(server, b, mailbox):
    """Whatever opens the account: a second session, a key, an app password."""
    c = Browser(server.web, client=client())
    c.good("POST", "/v1/login", {"name": b.get("/v1/session").json["name"], "password": PASSWORD}, 200)
    key = b.good("POST", "/v1/keys", {"name": "k", "scopes": ["aliases"], "password": PASSWORD}, 201)["key"]
    b.good("POST", path("v1", "mailboxes", mailbox, "passwords"), {"name": "phone"}, 201)
    told = b.get("/v1/account").json
    assert (told["keys"], told["app_passwords"]) == (1, 1)
    return c, Browser(server.web, origin=None, key=key, client=client())


def passwords(server, mailbox):
    return len(server.cli("mailbox", "password", "list", mailbox))


def test_a_password_change_ends_what_it_is_told_to(server):
    b = browser.account(server, "rita", client=client())
    server.mailbox("rita", "rita@mailbox.example", clear="on")
    c, key = opened(server, b, "rita@mailbox.example")
    b.refused(400, "PUT", "/v1/password", {"password": PASSWORD, "new_password": PASSWORD, "end": "nothing"}, "end")
    b.good("PUT", "/v1/password", {"password": PASSWORD, "new_password": PASSWORD}, 204)
    assert (b.get("/v1/session").status, c.get("/v1/session").status, key.get("/v1/session").status) == (200, 401, 200)
    assert passwords(server, "rita@mailbox.example") == 1
    c.good("POST", "/v1/login", {"name": "rita", "password": PASSWORD}, 200)
    b.good("PUT", "/v1/password", {"password": PASSWORD, "new_password": "another password", "end": "all"}, 204)
    assert (b.get("/v1/session").status, c.get("/v1/session").status, key.get("/v1/session").status) == (200, 401, 401)
    assert passwords(server, "rita@mailbox.example") == 0
    told = b.get("/v1/account").json
    assert (told["keys"], told["app_passwords"]) == (0, 0)


def test_attack_74_an_invitation_to_come_back_ends_all_that_opened_the_account(server):
    b = browser.account(server, "sven", client=client())
    server.mailbox("sven", "sven@mailbox.example", clear="on")
    c, key = opened(server, b, "sven@mailbox.example")
    d = Browser(server.web, client=client())
    d.sign_up("sven", browser.invite(server, "sven"), "another password")
    assert {x.get("/v1/session").status for x in (b, c, key)} == {401} and d.get("/v1/session").status == 200
    assert passwords(server, "sven@mailbox.example") == 0


def test_attack_74_an_invitation_is_one_factor(server):
    """Whoever got hold of the link, or the operator, does not come past the second one; a recovery code ends it."""
    b = browser.account(server, "tove", client=client())
    secret = b.good("POST", "/v1/totp", {"password": PASSWORD})["secret"]
    codes = b.good("PUT", "/v1/totp", {"code": totp(secret)})["codes"]
    token = browser.invite(server, "tove")
    d = Browser(server.web, client=client())
    assert d.good("POST", "/v1/invitation", {"invitation": token}) ["totp"] is True
    again = {"name": "tove", "password": "another password", "invitation": token}
    d.refused(403, "POST", "/v1/signup", again, "code")
    d.refused(403, "POST", "/v1/signup", {**again, "code": "000000"}, "code")
    assert b.get("/v1/session").status == 200, "nothing has changed"
    d.good("POST", "/v1/signup", {**again, "code": totp(secret, 1)}, 201)
    assert d.get("/v1/account").json["totp"] is True
    e = Browser(server.web, client=client())
    e.good("POST", "/v1/signup", {**again, "invitation": browser.invite(server, "tove"), "code": codes[3]}, 201)
    told = e.get("/v1/account").json
    assert told["totp"] is False and told["recovery_codes"] == 0


def test_the_operator_can_end_a_second_factor_that_is_lost(server):
    b = browser.account(server, "urs", client=client())
    secret = b.good("POST", "/v1/totp", {"password": PASSWORD})["secret"]
    b.good("PUT", "/v1/totp", {"code": totp(secret)})
    token = browser.invite(server, "urs", "--second-factor", "drop")
    d = Browser(server.web, client=client())
    assert d.good("POST", "/v1/invitation", {"invitation": token})["totp"] is False
    d.sign_up("urs", token)
    status, _, errors = server.command("user", "invite", "--second-factor", "drop", check=False)
    assert status and "name one" in errors
