"""How often somebody may be wrong, that nobody can shut another out, and that a flood of sign-ins delays nobody else."""

import threading
import time

import pytest

import browser
import postern
from browser import PASSWORD, Browser, path
from test_web_accounts import totp

WRONG = "a wrong password"


@pytest.fixture(scope="module")
def server(hop):
    s = browser.serve(hop).start()
    yield s
    s.close()


def sign_in(b, name, password=PASSWORD, **more):
    return b.ask("POST", "/v1/login", {"name": name, "password": password, **more})


def attack(server, name, times, client):
    """Wrong passwords under a name, as many from each network as it may; says what the last was answered."""
    status = []
    for n in range(times):
        a = sign_in(Browser(server.web, client=client(n)), name, WRONG)
        while a.status == 503:
            a = sign_in(Browser(server.web, client=client(n)), name, WRONG)
        status.append(a.status)
    return status


def test_attack_74_who_knows_a_name_does_not_shut_its_owner_out(server):
    """From many networks: a device that is known and a code of the second factor still come in, a stranger does not."""
    owner = browser.account(server, "owner", client="198.18.0.1")
    other = browser.account(server, "other-owner", client="198.18.0.2")
    begun = owner.good("POST", "/v1/totp", {"password": PASSWORD})
    owner.good("PUT", "/v1/totp", {"code": totp(begun["secret"])})
    status = attack(server, "owner", 108, lambda n: f"198.19.{n // 9}.1")
    assert status[0] == 401 and status[-1] == 429 and status.count(401) == 100
    assert sign_in(Browser(server.web, client="198.18.9.1"), "owner", WRONG).status == 429

    again = Browser(server.web, client="198.18.0.1")
    again.device = owner.device
    wanted = sign_in(again, "owner")
    assert wanted.status == 403 and wanted.json["argument"] == "code", "the password was right, and looked at"
    assert sign_in(again, "owner", code=totp(begun["secret"], 1)).status == 200

    stranger = Browser(server.web, client="198.18.9.2")
    for device in (None, other.device, owner.device[:-1] + ("a" if owner.device[-1] != "a" else "b"), "postern-device=x"):
        stranger.device = device
        assert sign_in(stranger, "owner").status == 429
    assert owner.good("POST", "/v1/recovery-codes", {"password": PASSWORD}), "who has signed in is not shut out either"


def test_attack_74_a_code_opens_the_way_for_a_device_that_is_not_known(server):
    owner = browser.account(server, "with-code", client="198.18.1.1")
    begun = owner.good("POST", "/v1/totp", {"password": PASSWORD})
    owner.good("PUT", "/v1/totp", {"code": totp(begun["secret"])})
    assert attack(server, "with-code", 103, lambda n: f"198.19.{100 + n // 9}.1")[-1] == 429
    stranger = Browser(server.web, client="198.18.1.9")
    assert sign_in(stranger, "with-code", code="000000").status == 429
    assert sign_in(stranger, "with-code", code=totp(begun["secret"], 1)).status == 200


def test_attack_74_a_neighbour_does_not_shut_a_known_device_out(server):
    """The same network: the counts of it, and of the name from it, are full."""
    owner = browser.account(server, "at-home", client="198.18.2.1")
    assert attack(server, "at-home", 12, lambda n: "198.18.2.1")[-1] == 429
    again = Browser(server.web, client="198.18.2.1")
    assert sign_in(again, "at-home").status == 429
    again.device = owner.device
    assert sign_in(again, "at-home").status == 200


def test_attack_74_a_known_device_guesses_no_more_than_others(server):
    owner = browser.account(server, "lent", client="198.18.3.1")
    b = Browser(server.web, client="198.18.3.2")
    b.device = owner.device
    status = [sign_in(b, "lent", WRONG).status for _ in range(26)]
    assert status.count(401) <= 21 and status[-1] == 429, "ten as a device that is known, ten as a stranger"
    thief = Browser(server.web, client="198.18.3.3")
    thief.cookie = owner.cookie
    said = [thief.ask("POST", "/v1/totp", {"password": WRONG}).status for _ in range(14)]
    assert said.count(401) == 10 and said[-1] == 429, "a session that was stolen"


def test_attack_74_a_network_of_addresses_is_one_client(server):
    browser.account(server, "six", client="198.18.4.1")
    status = attack(server, "six", 14, lambda n: f"2001:db8:7:1::{n + 1:x}")
    assert status.count(401) == 10 and status[-1] == 429
    assert sign_in(Browser(server.web, client="2001:db8:7:2::1"), "six").status == 200


def test_attack_74_a_name_does_not_stop_invitations(server):
    """Nobody has the names that other bounds were once kept under."""
    for name in ("invitation", "sign-up"):
        assert attack(server, name, 12, lambda n: f"198.18.5.{1 + len(name)}")[-1] == 429
    for n in range(105):
        assert Browser(server.web, client=f"198.20.{n}.1").ask("POST", "/v1/invitation", {"invitation": "x" * 32}).status == 404
    Browser(server.web, client="198.18.5.99").sign_up("after-all", browser.invite(server))


def test_the_name_is_the_one_that_is_said(server):
    """With a cookie of somebody's: it signs in as another all the same."""
    browser.account(server, "second", client="198.18.6.1")
    b = browser.account(server, "first", client="198.18.6.2")
    assert sign_in(b, "second").status == 200
    assert b.get("/v1/session").json["name"] == "second"


def test_sessions_and_invitations_are_counted(server):
    b = browser.account(server, "many", client="198.18.7.1")
    first = b.get("/v1/sessions").json[0]["id"]
    c = Browser(server.web, client="198.18.7.2")
    c.device = b.device
    for _ in range(50):
        assert sign_in(c, "many").status == 200
    held = c.get("/v1/sessions").json
    assert len(held) == 50 and first not in [s["id"] for s in held]
    assert b.get("/v1/session").status == 401, "the one that was used longest ago has ended"
    old, new = browser.invite(server, "many"), browser.invite(server, "many")
    d = Browser(server.web, client="198.18.7.3")
    d.refused(404, "POST", "/v1/invitation", {"invitation": old})
    d.good("POST", "/v1/invitation", {"invitation": new})


def test_attack_74_a_flood_of_signing_in_delays_nobody_else(hop):
    """Fifty at once, from as many networks: each is answered, and so is everybody else meanwhile."""
    s = browser.serve(hop).start()
    try:
        b = browser.account(s, "busy", client="198.18.8.1")
        known = Browser(s.web, client="198.18.8.2")
        known.device = b.device
        s.mailbox("busy", "busy@mailbox.example", clear="on")
        for _ in range(20):
            b.good("POST", "/v1/aliases", {}, 201)
        said, took, end = [], {"/healthz": [], "/v1/aliases": []}, threading.Event()

        def flood(n):
            while not end.is_set():
                said.append(sign_in(Browser(s.web, client=f"198.21.{n}.{len(said) % 250}"), f"name-{n}", WRONG))

        threads = [threading.Thread(target=flood, args=(n,)) for n in range(50)]
        for t in threads:
            t.start()
        time.sleep(0.5)
        for _ in range(40):
            for p in took:
                began = time.monotonic()
                assert b.get(p).status == 200
                took[p].append(time.monotonic() - began)
        began = time.monotonic()
        signed = sign_in(known, "busy")
        signing = time.monotonic() - began
        end.set()
        for t in threads:
            t.join()
        for p, times in took.items():
            times.sort()
            print(f"{p}: median {times[len(times) // 2] * 1000:.1f} ms, 95th {times[-len(times) // 20] * 1000:.1f} ms, most {times[-1] * 1000:.1f} ms")
        print(f"a known device signed in: {signing * 1000:.0f} ms; the flood: {len(said)}, 503: {len([a for a in said if a.status == 503])}")
        assert {a.status for a in said} <= {401, 429, 503} and 503 in {a.status for a in said}
        assert all(a.headers["Retry-After"] for a in said if a.status == 503)
        assert signed.status == 200 and signing < 5
        for times in took.values():
            assert times[len(times) // 2] < 0.15, times
    finally:
        s.close()
