"""How mail leaves: TLS as the route asks for it, certificates on both sides, logins, and what never goes in clear."""

import os
import signal
import time

import pytest

import certs
import dns
import messages
import nexthop
from world import World

FAST = {"delivery.retry": "1s, 1s, 2s", "delivery.idle": "1s", "delivery.command": "10s"}
PASSWORD = "s3cret passw\u00f6rd"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certs.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def servers(authority, tmp_path_factory):
    """Next hops, each with its way; {name: server}."""
    other = certs.Authority(tmp_path_factory.mktemp("other"), "Another Authority")
    named, numbered = ["DNS:smtp.provider.example"], ["IP:127.0.0.1"]

    def hop(name, **options):
        return nexthop.NextHop(tmp_path_factory.mktemp(name), name=f"{name}.example", **options)
    found = {
        "plain": hop("plain"),
        "good": hop("good", tls=authority.server("good", *named)),
        "number": hop("number", tls=authority.server("number", *numbered)),
        "foreign": hop("foreign", tls=other.server("foreign", *named, *numbered)),
        "ended": hop("ended", tls=authority.server("ended", *numbered, days="-1")),
        "asks": hop("asks", tls=authority.server("asks", *numbered, clients=True)),
        "login": hop("login", tls=authority.server("login", *numbered), logins={"postern": PASSWORD}),
        "old": hop("old", tls=authority.server("old", *numbered), logins={"postern": PASSWORD}, mechanisms="LOGIN"),
        "bare": hop("bare", logins={"postern": PASSWORD}),
        "wrong": hop("wrong", tls=authority.server("wrong", *numbered), logins={"postern": "another"}),
    }
    yield found
    for server in found.values():
        server.close()


VERIFY = {"tls": "verify", "tls_ca": "CA"}
LOGIN = {"user": "postern", "password_file": "PASSWORD"}

# A route each: the server, its options, and what is to come of it.
WENT, WAITS = "went", "waits"
ROUTES = {
    "none-plain": ("plain", {"tls": "none"}, WENT),
    "none-good": ("good", {"tls": "none"}, WENT),
    "may-plain": ("plain", {}, WENT),
    "may-good": ("good", {}, WENT),
    "may-foreign": ("foreign", {}, WENT),
    "encrypt-foreign": ("foreign", {"tls": "encrypt"}, WENT),
    "encrypt-plain": ("plain", {"tls": "encrypt"}, WAITS),
    "verify-number": ("number", VERIFY, WENT),
    "verify-name": ("good", {**VERIFY, "tls_name": "smtp.provider.example"}, WENT),
    "verify-ended": ("ended", VERIFY, WAITS),
    "verify-plain": ("plain", VERIFY, WAITS),
    "verify-foreign": ("foreign", VERIFY, WAITS),
    "verify-other-name": ("good", {**VERIFY, "tls_name": "smtp.other.example"}, WAITS),
    "verify-no-name": ("good", VERIFY, WAITS),
    "client-shown": ("asks", {**VERIFY, "tls_certificate": "CERTIFICATE", "tls_key": "KEY"}, WENT),
    "client-not-shown": ("asks", {"tls": "encrypt"}, WAITS),
    "login-plain": ("login", {**VERIFY, **LOGIN}, WENT),
    "login-login": ("old", {**VERIFY, **LOGIN}, WENT),
    "login-loopback": ("bare", LOGIN, WENT),
    "login-wrong": ("wrong", {**VERIFY, **LOGIN}, WAITS),
}


@pytest.fixture(scope="module")
def world(hop, authority, servers, tmp_path_factory):
    files = {"CA": authority.pem, "PASSWORD": tmp_path_factory.mktemp("password") / "password"}
    files["PASSWORD"].write_text(PASSWORD + "\n", encoding="utf-8")
    files["PASSWORD"].chmod(0o400)
    files["CERTIFICATE"], files["KEY"] = authority.issue("our-relay", usage="clientAuth")
    with dns.Dns() as names:
        names.host("smtp.provider.example", "::1", "127.0.0.1")
        settings = {**FAST, "dns.resolver": names.address, "routes.by-name.example":
                    f"smtp.provider.example:{servers['good'].port}", "route by-name.example.tls": "verify",
                    "route by-name.example.tls_ca": authority.pem}
        for label, (server, options, _) in ROUTES.items():
            settings[f"routes.{label}.example"] = f"127.0.0.1:{servers[server].port}"
            for key, value in options.items():
                settings[f"route {label}.example.{key}"] = files.get(value, value)
        w = World(hop, tmp_path_factory.mktemp("world"), settings=settings)
        yield w
        w.close()


def send_to(world, label):
    address = f"bob@{label}.example"
    world.server.mailbox(world.user, address, clear="on")
    alias = world.server.alias(world.user, mailbox=[address])
    assert world.send(messages.plain(alias), alias).ok
    return address


@pytest.fixture(scope="module")
def sent(world):
    """One message over each route; those that wait do so side by side."""
    return {label: send_to(world, label) for label in [*ROUTES, "by-name"]}


@pytest.mark.parametrize("label", [k for k, v in ROUTES.items() if v[2] == WENT])
def test_mail_goes_as_the_route_says(sent, servers, label):
    server, options, _ = ROUTES[label]
    (m,) = servers[server].wait(1, seconds=60, rcpt=sent[label])
    assert m.faults == []
    assert m.tls == (bool(servers[server].tls) and options.get("tls") != "none")
    assert m.login == ("postern" if "user" in options else "")
    assert m.client == ("our-relay" if "tls_key" in options else "")


@pytest.mark.parametrize("label", [k for k, v in ROUTES.items() if v[2] == WAITS])
def test_attack_64_mail_waits_when_the_route_cannot_be_kept_to(world, sent, servers, label):
    """Nothing is sent, and nothing is returned: it is the operator's to set right."""
    domain = sent[label].partition("@")[2]
    world.server.wait_log(rf'ev=(hop|tls) route="{domain}"', 60)
    server = servers[ROUTES[label][0]]
    assert not [m for m in server.messages if sent[label] in m.rcpts]
    assert "ev=failed" not in world.server.log


def test_a_name_is_looked_up_and_verified(sent, servers):
    assert servers["good"].wait(1, seconds=60, rcpt=sent["by-name"])[0].tls


def test_a_wrong_password_is_said_in_the_log_and_nowhere_the_password(world, sent):
    world.server.wait_log(r'lvl=warn .*ev=hop route="login-wrong.example" state=login-refused code=535', 60)
    assert "s3cret" not in world.server.log


def test_no_password_went_in_clear_but_to_this_machine(sent, servers):
    assert servers["login"].tried and all(tls for server in ("login", "old", "wrong") for *_, tls in servers[server].tried)
    assert {(user, password) for user, password, _ in servers["bare"].tried} == {("postern", PASSWORD)}


def test_attack_64_stripping_sends_nothing(world, sent, servers):
    """The offer of STARTTLS is cut out, or its command answered with 4xx, on a route that has gone well before."""
    server = servers["number"]
    for break_it, mend in ((lambda: server.misbehave("ehlo", f"250 {server.name}", times=1000), server.behave),
                           (lambda: server.misbehave("starttls", "454 4.7.0 not now", times=1000), server.behave),
                           (lambda: server.misbehave("starttls", nexthop.CLOSE, times=1000), server.behave)):
        server.drop()
        break_it()
        since = len(server.messages)
        alias = world.server.alias(world.user, mailbox=[sent["verify-number"]])
        before = server.connections
        assert world.send(messages.plain(alias), alias).ok
        wait_connections(server, before + 2)
        assert len(server.messages) == since
        mend()
        world.server.cli("queue", "flush")
        (m,) = server.wait(1, seconds=60, since=since)
        assert m.tls


def wait_connections(server, count):
    end = time.monotonic() + 60
    while server.connections < count:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_attack_63_words_behind_the_220_are_not_believed(world, sent, servers):
    server = servers["number"]
    server.drop()
    server.misbehave("starttls", "220 go ahead\r\n250-injected\r\n250 AUTH PLAIN", times=1)
    since = len(server.messages)
    alias = world.server.alias(world.user, mailbox=[sent["verify-number"]])
    assert world.send(messages.plain(alias), alias).ok
    (m,) = server.wait(1, seconds=60, since=since)
    assert m.tls and m.login == ""


def test_a_gate_that_died_is_told_everything_again(world, sent, servers):
    """The next one has the password, the authorities and the client certificate, and the mail goes."""
    (pid,) = world.server.roles()["gate"]
    os.kill(pid, signal.SIGKILL)
    world.server.wait_ready(60)
    for label, server in (("login-plain", "login"), ("client-shown", "asks"), ("by-name", "good")):
        since = len(servers[server].messages)
        address = sent[label]
        alias = world.server.alias(world.user, mailbox=[address])
        assert world.send(messages.plain(alias), alias).ok
        (m,) = servers[server].wait(1, seconds=60, since=since, rcpt=address)
        assert m.tls and m.login == ("postern" if server == "login" else "")
        assert m.client == ("our-relay" if server == "asks" else "")
