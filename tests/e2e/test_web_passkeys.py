"""Passkeys over the web: accounts that have them, sign-ins, and every answer that is not one."""

import base64
import hashlib
import hmac
import re
import struct
import time

import pytest

import browser
from authenticator import AT, BS, UP, UV, Authenticator, Key, cbor
from browser import PASSWORD, Browser, path

ORIGIN = "https://relay.test"


@pytest.fixture(scope="module")
def server(hop):
    s = browser.serve(hop, origin=ORIGIN, web__signup="open").start()
    yield s
    s.close()


_client = iter(range(1, 250))


def someone(server):
    """Each is a client of its own, for what is bounded by client."""
    return Browser(server.web, origin=ORIGIN, client=f"203.0.113.{next(_client)}")


def sign_up(server, name, key=None, **said):
    b, key = someone(server), key or Authenticator(ORIGIN)
    asked = b.good("POST", "/v1/signup/challenge", {"name": name}, 200)
    b.good("POST", "/v1/signup/passkey", {"name": name, **key.make(asked), **said}, 201)
    return b, key


def sign_in(b, key, **said):
    asked = b.good("POST", "/v1/login/challenge", {}, 200)
    return b.good("POST", "/v1/login/passkey", {**key.use(asked), **said}, 200)


def prove(b, key):
    """What stands in the place of the password."""
    return {"passkey": b.good("POST", "/v1/proof", key.use(b.good("POST", "/v1/proof/challenge", {}, 200)), 200)["passkey"]}


def add(b, key, proof, **said):
    return b.good("POST", "/v1/passkeys", {**key.make(b.good("POST", "/v1/passkeys/challenge", proof, 200)), **said}, 201)


def totp(secret, step=0):
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1).digest()
    at = mac[19] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


def with_totp(b, proof):
    secret = b.good("POST", "/v1/totp", proof, 200)["secret"]
    return secret, b.good("PUT", "/v1/totp", {"code": totp(secret, -1)}, 200)["codes"]


@pytest.mark.parametrize("alg", [-7, -8, -257])
def test_sign_up_sign_out_sign_in(server, alg):
    b, key = sign_up(server, f"walk{-alg}", Authenticator(ORIGIN, alg), label="My phone")
    assert b.get("/v1/session").json["name"] == f"walk{-alg}"
    assert b.cookie.startswith("__Host-postern=") and b.device.startswith("__Host-postern-device=")
    account = b.get("/v1/account").json
    assert account["password"] is False and account["passkeys"] == 1
    (shown,) = b.get("/v1/passkeys").json
    assert (shown["label"], shown["transports"], shown["last_used"]) == ("My phone", ["hybrid", "internal"], None)
    b.good("POST", "/v1/logout", status=204)
    b.refused(401, "GET", "/v1/session")
    assert sign_in(b, key)["name"] == f"walk{-alg}", "no name was typed"
    assert b.get("/v1/passkeys").json[0]["last_used"]
    sign_in(someone(server), key, name=f"walk{-alg}")


def test_by_invitation(hop):
    s = browser.serve(hop, origin=ORIGIN).start()
    try:
        b, key, token = someone(s), Authenticator(ORIGIN), browser.invite(s)
        b.refused(403, "POST", "/v1/signup/challenge", {"name": "ann"}, "invitation")
        b.refused(404, "POST", "/v1/signup/challenge", {"name": "ann", "invitation": "x" * 32}, "invitation")
        asked = b.good("POST", "/v1/signup/challenge", {"name": "ann", "invitation": token}, 200)
        other = browser.invite(s)
        b.refused(401, "POST", "/v1/signup/passkey", {"name": "ann", "invitation": other, **key.make(asked)}, "passkey")
        b.refused(401, "POST", "/v1/signup/passkey", {"name": "bob", "invitation": token, **key.make(asked)}, "passkey")
        b.good("POST", "/v1/signup/passkey", {"name": "ann", "invitation": token, **key.make(asked)}, 201)
        late = someone(s)
        late.refused(404, "POST", "/v1/signup/challenge", {"name": "bob", "invitation": token}, "invitation")
        late.refused(409, "POST", "/v1/signup/challenge", {"name": "ann", "invitation": other}, "name")
        late.good("POST", "/v1/signup/challenge", {"name": "bob", "invitation": other}, 200)
    finally:
        s.close()


def test_an_invitation_lets_back_in_and_everything_before_it_is_over(server):
    b, old = sign_up(server, "back")
    token, new = browser.invite(server, "back"), Authenticator(ORIGIN)
    again = someone(server)
    again.refused(403, "POST", "/v1/signup/challenge", {"name": "mallory", "invitation": token}, "name")
    asked = again.good("POST", "/v1/signup/challenge", {"name": "back", "invitation": token}, 200)
    again.good("POST", "/v1/signup/passkey", {"name": "back", "invitation": token, **new.make(asked)}, 201)
    b.refused(401, "GET", "/v1/session")
    asked = b.good("POST", "/v1/login/challenge", {}, 200)
    b.refused(401, "POST", "/v1/login/passkey", old.use(asked), "passkey")
    sign_in(b, new)
    # and by a password, which ends passkeys; then by a passkey, which ends the password
    b.sign_up("back", browser.invite(server, "back"))
    assert b.get("/v1/passkeys").json == [] and b.get("/v1/account").json["password"] is True
    token, third = browser.invite(server, "back"), Authenticator(ORIGIN)
    asked = b.good("POST", "/v1/signup/challenge", {"name": "back", "invitation": token}, 200)
    b.good("POST", "/v1/signup/passkey", {"name": "back", "invitation": token, **third.make(asked)}, 201)
    b.refused(401, "POST", "/v1/login", {"name": "back", "password": PASSWORD}, "password")


ANOTHER = Authenticator("https://evil.test").key.key

REFUSED = {
    "another origin": {"origin": "https://evil.test"},
    "a longer origin": {"origin": ORIGIN + ".evil.test"},
    "without https": {"origin": "http://relay.test"},
    "another site": {"rp_id": "evil.test"},
    "another kind": {"kind": "create"},
    "in another's frame": {"cross": True},
    "nobody there": {"flags": UV},
    "a copy that is not to be one": {"flags": UP | UV | BS},
    "more than there is": {"flags": UP | UV | AT},
    "a made-up challenge": {"challenge": "A" * 43},
    "a challenge of another form": {"challenge": "short"},
    "a signature of something else": {"signature": b"0" * 70},
    "another's handle": {"handle": b"x" * 32},
    "no handle": {"handle": b""},
    "a counter that stands": {"count": 1},
    "a counter that is gone": {"count": 0},
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_answer(server, what):
    name = "no-" + re.sub(r"\W+", "-", what)
    _, key = sign_up(server, name)
    b = someone(server)
    asked = b.good("POST", "/v1/login/challenge", {}, 200)
    b.refused(401, "POST", "/v1/login/passkey", key.use(asked, **REFUSED[what]), "passkey")
    b.refused(401, "GET", "/v1/session")
    key.key.count += 1
    b.good("POST", "/v1/login/passkey", key.use(asked), 200)  # what was wrong has not used it up


def test_a_challenge_is_taken_once(server):
    b, key = sign_up(server, "replay")
    asked = b.good("POST", "/v1/login/challenge", {}, 200)
    once = key.use(asked)
    b.good("POST", "/v1/login/passkey", once, 200)
    for body in (once, key.use(asked)):
        someone(server).refused(401, "POST", "/v1/login/passkey", body, "passkey")
    spelled = {**key.use(asked), "challenge": asked["challenge"][:-1] + chr(ord(asked["challenge"][-1]) ^ 1)}
    someone(server).refused(401, "POST", "/v1/login/passkey", spelled, "passkey")


def test_a_challenge_is_for_one_thing(server):
    b, key = sign_up(server, "purpose")
    other, _ = sign_up(server, "purpose-other")
    asked = {"sign-in": b.good("POST", "/v1/login/challenge", {}, 200), "prove": b.good("POST", "/v1/proof/challenge", {}, 200),
             "another's": other.good("POST", "/v1/proof/challenge", {}, 200),
             "add": b.good("POST", "/v1/passkeys/challenge", prove(b, key), 200)}
    for word in ("prove", "another's", "add"):
        someone(server).refused(401, "POST", "/v1/login/passkey", key.use(asked[word]), "passkey")
    for word in ("sign-in", "another's", "add"):
        b.refused(401, "POST", "/v1/proof", key.use(asked[word]), "passkey")
    for word in ("sign-in", "prove", "another's"):
        b.refused(401, "POST", "/v1/passkeys", Authenticator(ORIGIN).make(asked[word]), "passkey")
    b.good("POST", "/v1/proof", key.use(asked["prove"]), 200)


def test_a_challenge_ends_with_the_process_that_gave_it(hop):
    s = browser.serve(hop, origin=ORIGIN, web__signup="open").start()
    try:
        b, key = sign_up(s, "late")
        asked = b.good("POST", "/v1/login/challenge", {}, 200)
        s.restart()
        b.refused(401, "POST", "/v1/login/passkey", key.use(asked), "passkey")
        sign_in(b, key)
    finally:
        s.close()


def test_a_counter_that_goes_back(server):
    b, key = sign_up(server, "copied")
    sign_in(b, key)
    asked = b.good("POST", "/v1/login/challenge", {}, 200)
    why = b.refused(401, "POST", "/v1/login/passkey", key.use(asked, count=key.key.count - 1), "passkey")["why"]
    assert "copy" in why and "remove" in why
    b.refused(401, "POST", "/v1/login/passkey", key.use(asked, count=key.key.count), "passkey")
    sign_in(b, key)


def test_one_that_does_not_count(server):
    key = Authenticator(ORIGIN)
    key.data, true = (lambda rp, flags, count=None: true(rp, flags, 0)), key.data
    b, _ = sign_up(server, "still", key)
    for _ in range(2):
        sign_in(b, key)


def test_foreign_and_deleted_ones(server):
    b, key = sign_up(server, "mine")
    _, theirs = sign_up(server, "theirs")
    asked = b.good("POST", "/v1/login/challenge", {}, 200)
    b.refused(401, "POST", "/v1/login/passkey", Authenticator(ORIGIN).use(asked), "passkey")
    b.refused(403, "POST", "/v1/login/passkey", {**theirs.use(asked), "name": "mine"}, "name")
    # a key that says to be another
    forged = Authenticator(ORIGIN)
    forged.key.id, forged.key.handle = key.key.id, key.key.handle
    forged.key.count = 50
    b.refused(401, "POST", "/v1/login/passkey", forged.use(asked), "passkey")
    b.refused(401, "POST", "/v1/proof", theirs.use(b.good("POST", "/v1/proof/challenge", {}, 200)), "passkey")
    second = Authenticator(ORIGIN)
    made = add(b, second, prove(b, key), label="second")
    b.good("DELETE", path("v1", "passkeys", made["id"]), prove(b, key), 204)
    asked = b.good("POST", "/v1/login/challenge", {}, 200)
    b.refused(401, "POST", "/v1/login/passkey", second.use(asked), "passkey")


def test_without_verification_it_is_one_factor(server):
    key = Authenticator(ORIGIN, verifies=False)
    b, _ = sign_up(server, "one", key)
    sign_in(someone(server), key)
    secret, codes = with_totp(b, prove(b, key))
    b2 = someone(server)
    answer = key.use(b2.good("POST", "/v1/login/challenge", {}, 200))
    b2.refused(403, "POST", "/v1/login/passkey", answer, "code")
    b2.refused(403, "POST", "/v1/login/passkey", {**answer, "code": "000000"}, "code")
    b2.refused(401, "GET", "/v1/session")
    b2.good("POST", "/v1/login/passkey", {**answer, "code": totp(secret)}, 200)  # nothing is to be touched again
    b3 = someone(server)
    sign_in(b3, key, code=codes[0])
    b3.refused(403, "POST", "/v1/login/passkey", {**key.use(b3.good("POST", "/v1/login/challenge", {}, 200)), "code": codes[0]}, "code")
    key.verifies = True  # the same one, with its PIN: both factors
    sign_in(someone(server), key)


def test_adding_naming_and_removing(server):
    b = someone(server)
    b.sign_up("keeper")
    b.refused(401, "POST", "/v1/passkeys/challenge", {"password": "wrong password"}, "password")
    b.refused(401, "POST", "/v1/passkeys/challenge", {}, "password")
    b.refused(401, "POST", "/v1/passkeys/challenge", {"passkey": "A" * 43}, "passkey")
    key = Authenticator(ORIGIN)
    asked = b.good("POST", "/v1/passkeys/challenge", {"password": PASSWORD}, 200)
    assert asked["user_name"] == "keeper" and asked["passkeys"] == [] and asked["rp_id"] == "relay.test"
    made = b.good("POST", "/v1/passkeys", {**key.make(asked), "label": "Key ring"}, 201)
    b.refused(401, "POST", "/v1/passkeys", key.make(asked), "passkey")  # the challenge again
    asked = b.good("POST", "/v1/passkeys/challenge", {"password": PASSWORD}, 200)
    assert asked["passkeys"] == [{"credential": base64.b64encode(key.key.id).decode(), "transports": ["hybrid", "internal"]}]
    b.refused(409, "POST", "/v1/passkeys", key.make(asked), "passkey")
    b.good("PATCH", path("v1", "passkeys", made["id"]), {"label": "Blue key"}, 204)
    assert [p["label"] for p in b.get("/v1/passkeys").json] == ["Blue key"]
    b.refused(400, "PATCH", path("v1", "passkeys", made["id"]), {"label": ""}, "label")
    b.refused(404, "PATCH", path("v1", "passkeys", made["id"] + 100), {"label": "x"}, "id")
    b.refused(401, "DELETE", path("v1", "passkeys", made["id"]), {"password": "wrong password"}, "password")
    b.good("DELETE", path("v1", "passkeys", made["id"]), {"password": PASSWORD}, 204)
    assert b.get("/v1/passkeys").json == []


def test_the_last_way_in_stays(server):
    b, key = sign_up(server, "last")
    (shown,) = b.get("/v1/passkeys").json
    b.refused(409, "DELETE", path("v1", "passkeys", shown["id"]), prove(b, key), "passkey")
    assert len(b.get("/v1/passkeys").json) == 1
    b.refused(404, "DELETE", "/v1/password", prove(b, key))
    b.refused(400, "PUT", "/v1/password", {**prove(b, key), "new_password": "short"}, "password")
    b.good("PUT", "/v1/password", {**prove(b, key), "new_password": PASSWORD}, 204)
    someone(server).good("POST", "/v1/login", {"name": "last", "password": PASSWORD}, 200)
    b.good("DELETE", "/v1/password", {"password": PASSWORD}, 204)
    someone(server).refused(401, "POST", "/v1/login", {"name": "last", "password": PASSWORD}, "password")
    b.good("PUT", "/v1/password", {**prove(b, key), "new_password": PASSWORD}, 204)
    b.good("DELETE", path("v1", "passkeys", shown["id"]), {"password": PASSWORD}, 204)
    b.refused(409, "DELETE", "/v1/password", {"password": PASSWORD}, "passkey")


def test_what_a_passkey_proved_is_good_for_one_request_of_its_session(server):
    b, key = sign_up(server, "proof")
    other = someone(server)
    sign_in(other, key)
    proof = prove(b, key)
    other.refused(401, "POST", "/v1/totp", proof, "passkey")
    b.good("POST", "/v1/totp", proof, 200)
    b.refused(401, "POST", "/v1/totp", proof, "passkey")
    made = b.good("POST", "/v1/keys", {"name": "k", "scopes": ["account"], **prove(b, key)}, 201)
    program = Browser(server.web, origin=None, key=made["key"])
    program.refused(403, "GET", "/v1/passkeys", argument="scope")
    program.refused(403, "POST", "/v1/proof/challenge", {}, "scope")
    b.good("DELETE", "/v1/account", prove(b, key), 204)
    asked = other.good("POST", "/v1/login/challenge", {}, 200)
    other.refused(401, "POST", "/v1/login/passkey", key.use(asked), "passkey")


def test_a_new_password_and_what_it_ends(server):
    b, key = sign_up(server, "ends")
    other = someone(server)
    sign_in(other, key)
    b.good("PUT", "/v1/password", {**prove(b, key), "new_password": PASSWORD}, 204)
    other.refused(401, "GET", "/v1/session")
    sign_in(other, key)
    b.good("PUT", "/v1/password", {"password": PASSWORD, "new_password": "another password", "end": "all"}, 204)
    assert b.get("/v1/passkeys").json == []


BAD = {
    "another origin": {"origin": "https://evil.test"},
    "another site": {"rp_id": "evil.test"},
    "another kind": {"kind": "get"},
    "in another's frame": {"cross": True},
    "nobody there": {"flags": UV | AT},
    "a made-up challenge": {"challenge": "A" * 43},
    "a point off the curve": {"cose": {1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32}},
    "RSA of 512 bits": {"cose": {1: 3, 3: -257, -1: b"\xff" * 64, -2: b"\1\0\1"}},
}
MALFORMED = {
    "ES384": ({"cose": {1: 2, 3: -35, -1: 2, -2: b"x" * 48, -3: b"y" * 48}}, 401),
    "no key": ({"flags": UP | UV}, 400),
    "a key that says more": ({"cose": {**Key().cose, -4: b"d" * 32}}, 400),
    "bytes left over": ({"extensions": b"\xa0\x01"}, 400),
    "no map": ({"statement": b"\xbf\xff"}, 400),
}


@pytest.mark.parametrize("what", [*BAD, *MALFORMED])
def test_what_is_no_new_passkey(server, what):
    b = someone(server)
    asked = b.good("POST", "/v1/signup/challenge", {"name": "unmade"}, 200)
    said, status = MALFORMED.get(what) or (BAD[what], 401)
    b.refused(status, "POST", "/v1/signup/passkey", {"name": "unmade", **Authenticator(ORIGIN).make(asked, **said)}, "passkey")
    b.refused(401, "GET", "/v1/session")
    b.good("POST", "/v1/signup/challenge", {"name": "unmade"}, 200)  # there is no such user


def test_what_authenticators_add_of_themselves(server):
    b, key = someone(server), Authenticator(ORIGIN)
    asked = b.good("POST", "/v1/signup/challenge", {"name": "adds"}, 200)
    body = key.make(asked, extensions=cbor({"credProtect": 2}), statement=cbor({"alg": -7, "sig": b"x" * 70}))
    b.good("POST", "/v1/signup/passkey", {"name": "adds", **body}, 201)
    sign_in(b, key)


def test_other_sites_and_bodies_that_are_none(server):
    b, key = sign_up(server, "csrf")
    for p in ("/v1/login/challenge", "/v1/login/passkey", "/v1/signup/challenge", "/v1/signup/passkey", "/v1/proof", "/v1/passkeys"):
        b.refused(403, "POST", p, {}, "origin", headers={"Origin": "https://evil.test"})
    asked = b.good("POST", "/v1/login/challenge", {}, 200)
    good = key.use(asked)
    for name in ("challenge", "credential", "client_data", "authenticator_data", "signature"):
        b.refused(400, "POST", "/v1/login/passkey", {k: v for k, v in good.items() if k != name}, name)
        if name != "challenge":
            b.refused(400, "POST", "/v1/login/passkey", {**good, name: "not base64!"}, name)
    b.refused(400, "POST", "/v1/signup/passkey", {"name": "x", "challenge": "A" * 43, "client_data": "AAAA"}, "credential")
    assert b.ask("POST", "/v1/login/passkey", {**good, "client_data": "A" * 4000}).status == 422


def test_wrong_ones_are_counted_and_shut_no_owner_out(server):
    b, key = sign_up(server, "counted")
    thief = someone(server)
    asked = thief.good("POST", "/v1/login/challenge", {}, 200)
    bad = {**key.use(asked), "signature": base64.b64encode(b"0" * 70).decode()}
    codes = [thief.ask("POST", "/v1/login/passkey", bad).status for _ in range(12)]
    assert codes == [401] * 10 + [429] * 2
    sign_in(b, key)
    sign_in(someone(server), key)


def test_too_many(server):
    b, key = sign_up(server, "many")
    for _ in range(19):
        add(b, Authenticator(ORIGIN), prove(b, key))
    asked = b.good("POST", "/v1/passkeys/challenge", prove(b, key), 200)
    b.refused(422, "POST", "/v1/passkeys", Authenticator(ORIGIN).make(asked), "passkey")


def test_the_operator_sees_and_removes_them(server):
    b, key = sign_up(server, "lost", label="Lost phone")
    other, _ = sign_up(server, "not-lost")
    (shown,) = server.cli("user", "passkey", "list", "lost")
    assert shown["label"] == "Lost phone" and set(shown) == {"id", "label", "transports", "created", "last_used"}
    (theirs,) = other.get("/v1/passkeys").json
    assert "there is no passkey" in server.refuses("user", "passkey", "delete", "lost", theirs["id"])
    server.cli("user", "passkey", "delete", "lost", shown["id"])
    b.refused(401, "POST", "/v1/login/passkey", key.use(b.good("POST", "/v1/login/challenge", {}, 200)), "passkey")
    assert server.cli("user", "passkey", "list", "lost") == []


@pytest.mark.parametrize("origin,why", [("http://127.0.0.1:8080", "IP address"), ("http://relay.test", "not https"),
                                        ("https://relay.test", None), ("http://localhost:8080", None)])
def test_where_there_can_be_none(hop, origin, why):
    s = browser.serve(hop, origin=origin, web__signup="open").start()
    try:
        found = [f["why"] for f in s.cli("config", "check") if f["subject"] == "passkeys"]
        assert len(found) == bool(why) and (not why or why in found[0]), found
        b = Browser(s.web, origin=origin)
        assert b.get("/v1/server").json["passkeys"] is (why is None)
        if why:
            b.refused(401, "POST", "/v1/login/challenge", {}, "passkey")
    finally:
        s.close()


def test_nothing_of_it_is_in_the_log(server):
    b, key = sign_up(server, "quiet-name", label="A label of its own")
    sign_in(b, key)
    asked = b.good("POST", "/v1/login/challenge", {}, 200)
    b.refused(401, "POST", "/v1/login/passkey", key.use(asked, rp_id="evil.test"), "passkey")
    assert re.search(r'ev=passkey-refused client=\w+ why="?for another site', server.log)
    for secret in ("A label of its own", "quiet-name", base64.b64encode(key.key.id).decode(), asked["challenge"], b.cookie.split("=")[1]):
        assert secret not in server.log
