"""Submission, 465 and 587, up to the login: TLS first, an app password for each mail client, a bound on wrong ones, and a
password that stands nowhere. What becomes of the mail itself is not this file's matter."""

import base64
import re
import smtplib
import socket
import ssl
import time

import pytest

import certs
import postern
import smtp
from run import run
from test_promises import files_of, files_of_stopped
from world import World

MAILBOX = "alice@mailbox.example"
WRONG = "aaaaa-bbbbb-ccccc-ddddd-eeeee"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certs.Authority(tmp_path_factory.mktemp("authority"))


def open_world(hop, authority, folder, **settings):
    chain, key = authority.issue("relay", ["DNS:relay.example", "IP:127.0.0.1"])
    starttls, tls = postern.free_port(), postern.free_port()
    w = World(hop, folder, settings={"smtp.tls_certificate": chain, "smtp.tls_key": key, "server.log_level": "debug",
                                     "submission.listen": f"127.0.0.1:{starttls}, [::1]:{starttls}",
                                     "submission.tls_listen": f"127.0.0.1:{tls}", **settings})
    w.starttls, w.tls = starttls, tls
    w.context = ssl.create_default_context(cafile=authority.pem)
    return w


@pytest.fixture(scope="module")
def world(hop, authority, tmp_path_factory):
    w = open_world(hop, authority, tmp_path_factory.mktemp("world"))
    yield w
    w.close()


@pytest.fixture(autouse=True)
def fresh_throttle(request):
    """No test waits for what another got wrong: a right login forgets it."""
    yield
    if "world" in request.fixturenames:
        w = request.getfixturevalue("world")
        name = f"throttle-{time.monotonic_ns()}"
        user, password = add(w, name)
        try:
            with over_tls(w) as c:
                c.login(user, password)
        finally:
            w.server.cli("mailbox", "password", "delete", MAILBOX, name)


def add(world, name, mailbox=MAILBOX):
    made = postern.first(world.server.cli("mailbox", "password", "add", mailbox, name))
    assert set(made) == {"user", "password"} and made["user"] == mailbox
    assert re.fullmatch(r"[a-z2-7]{5}(-[a-z2-7]{5}){4}", made["password"])
    return made["user"], made["password"]


@pytest.fixture
def account(world):
    name = f"client-{time.monotonic_ns()}"
    yield add(world, name)
    world.server.cli("mailbox", "password", "delete", MAILBOX, name)


def over_tls(world, source=None):
    return smtplib.SMTP_SSL("127.0.0.1", world.tls, context=world.context, local_hostname="secret-laptop.example",
                            source_address=source and (source, 0), timeout=30)


def over_starttls(world, host="127.0.0.1"):
    c = smtplib.SMTP(host, world.starttls, local_hostname="secret-laptop.example", timeout=30)
    c.starttls(context=ssl._create_unverified_context() if host == "::1" else world.context)
    c.ehlo()
    return c


def wrong(client, user, password):
    """One try, which login() would make two of."""
    client.ehlo_or_helo_if_needed()
    client.user, client.password = user, password
    return refused(client.auth, "PLAIN", client.auth_plain)


def refused(call, *words):
    with pytest.raises(smtplib.SMTPResponseException) as e:
        call(*words)
    return e.value.smtp_code, e.value.smtp_error.decode()


# Logging in.


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("connect", [over_tls, over_starttls])
def test_smtplib_logs_in(world, account, connect, mechanism):
    with connect(world) as c:
        c.ehlo_or_helo_if_needed()
        assert c.esmtp_features["auth"].split() == ["PLAIN", "LOGIN"]
        c.user, c.password = account
        code, said = c.auth(mechanism, getattr(c, "auth_" + mechanism.lower()))
        assert (code, said[:5]) == (235, b"2.7.0")
        assert c.mail(account[0])[0] == 250
        assert c.rcpt("carl@shop.example")[0] == 250
        c.rset()
        assert c.docmd("AUTH", mechanism)[0] == 503


def test_ipv6_logs_in(world, account):
    with over_starttls(world, "::1") as c:
        assert c.login(*account)[0] == 235


def test_the_form_of_what_is_typed(world, account):
    """Capitals, blanks for hyphens, and none at all; an address in other capitals."""
    user, password = account
    for typed in (password.upper(), password.replace("-", " "), password.replace("-", "")):
        with over_tls(world) as c:
            assert c.login(user, typed)[0] == 235
    with over_tls(world) as c:
        assert c.login("alice@MAILBOX.example", password)[0] == 235


@pytest.mark.parametrize("port,options", [("tls", ["--tls-on-connect"]), ("starttls", ["--tls"])])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_logs_in(world, account, port, options, mechanism):
    status, out, errors = run("swaks", "--server", "127.0.0.1", "--port", getattr(world, port), *options, "--ehlo",
                              "client.example", "--auth", mechanism, "--auth-user", account[0], "--auth-password", account[1],
                              "--from", account[0], "--to", "carl@shop.example", "--quit-after", "AUTH", check=False)
    assert status == 0, out + errors.encode()
    assert b"235 2.7.0" in out


def test_wrong_ones_hear_the_same(world, account):
    """No such user, a wrong password, another mailbox's password, no password at all."""
    user, password = account
    other = world.server.mailbox(world.server.user(f"bob-{time.monotonic_ns()}"), f"bob-{time.monotonic_ns()}@mailbox.example")
    said = set()
    for who, word in ((user, WRONG), ("nobody@mailbox.example", password), (other, password), (user, "short")):
        with over_tls(world) as c:
            said.add(wrong(c, who, word))
            assert c.mail(user)[0] == 530
        with over_tls(world) as c:
            c.login(user, password)
    assert said == {(535, "5.7.8 the name or the password is wrong")}


def test_three_tries_end_the_session(world):
    with smtp.Smtp(world.starttls) as c:
        c.starttls()
        line = "AUTH PLAIN " + base64.b64encode(f"\0{MAILBOX}\0{WRONG}".encode()).decode()
        assert [c.cmd(line).code for _ in range(3)] == [535, 535, 421]
        with pytest.raises(EOFError):
            c.reply()


def test_a_deleted_password_is_none(world):
    user, password = add(world, "old phone")
    with over_tls(world) as c:
        assert c.login(user, password)[0] == 235
    world.server.cli("mailbox", "password", "delete", MAILBOX, "old phone")
    with over_tls(world) as c:
        assert wrong(c, user, password)[0] == 535


def test_a_deleted_mailbox_takes_them_along(world):
    mailbox = world.server.mailbox(world.user, "gone@mailbox.example")
    user, password = add(world, "phone", mailbox)
    world.server.cli("mailbox", "delete", mailbox)
    world.server.mailbox(world.user, mailbox)
    assert world.server.cli("mailbox", "password", "list", mailbox) == []
    with over_tls(world) as c:
        assert wrong(c, user, password)[0] == 535


# TLS comes first.


def test_nothing_is_taken_in_clear(world, account):
    with smtp.Smtp(world.starttls) as c:
        assert "AUTH" not in c.extensions and "STARTTLS" in c.extensions
        line = "AUTH PLAIN " + base64.b64encode("\0".join(("", *account)).encode()).decode()
        assert c.cmd(line).code == 538
        assert c.cmd("AUTH LOGIN").code == 538
        assert c.cmd("MAIL FROM:<a@b.example>").code == 530
    with smtp.Smtp(world.server.port) as c:
        assert "AUTH" not in c.extensions
        c.starttls()
        assert "AUTH" not in c.extensions and c.cmd(line).code == 502


def test_what_is_pipelined_behind_starttls_is_dropped(world, account):
    line = "AUTH PLAIN " + base64.b64encode("\0".join(("", *account)).encode()).decode()
    before = postern.first(world.server.cli("stat"))["logins"]
    with smtp.Smtp(world.starttls) as c:
        c.raw(f"STARTTLS\r\nEHLO evil.example\r\n{line}\r\n")
        assert c.reply().code == 220
        with pytest.raises((EOFError, ConnectionResetError)):
            c.reply()
    assert postern.first(world.server.cli("stat"))["logins"] == before


def test_clear_text_at_the_tls_port_gets_no_greeting(world):
    with socket.create_connection(("127.0.0.1", world.tls), 10) as s:
        s.sendall(b"EHLO x\r\n")
        said = b""
        try:
            while more := s.recv(1000):
                said += more
        except ConnectionResetError:
            pass
        assert b"220" not in said


def test_without_a_certificate_the_file_is_refused(hop, tmp_path):
    server = postern.Postern(hop.port, settings={"submission.tls_listen": "127.0.0.1:0"})
    try:
        status, out, errors = server.command("config", "check", check=False)
        assert status != 0 and "passwords are taken under TLS alone" in errors + out.decode()
    finally:
        server.close()


# How often one may be wrong.


def test_five_wrong_ones_make_all_of_that_address_wait(hop, authority, tmp_path):
    w = open_world(hop, authority, tmp_path)
    try:
        user, password = add(w, "phone")
        said = []
        for _ in range(7):
            with over_tls(w, "127.0.0.9") as c:
                said.append(wrong(c, user, WRONG)[0])
        assert said == [535] * 5 + [454] * 2
        with over_tls(w, "127.0.0.9") as c:  # the right one hears what the wrong one hears
            assert wrong(c, user, password) == (454, "4.7.0 too many tries, wait")
        with over_tls(w, "127.0.0.10") as c:
            assert c.login(user, password)[0] == 235
        stat = postern.first(w.server.cli("stat"))
        assert (stat["logins"], stat["logins_failed"], stat["logins_throttled"]) == (1, 5, 3)
        w.server.wait_log(r"ev=login-throttled client=[0-9a-f]{16} seconds=60")
    finally:
        w.close()


# The command line.


def test_names_and_their_bound(world):
    mailbox = world.server.mailbox(world.user, "many@mailbox.example")
    for i in range(20):
        add(world, f"client {i}", mailbox)
    listed = world.server.cli("mailbox", "password", "list", mailbox)
    assert [p["name"] for p in listed] == [f"client {i}" for i in range(20)]
    assert all(set(p) == {"name", "created", "last_used"} and p["last_used"] is None for p in listed)
    assert "may have no more" in world.server.refuses("mailbox", "password", "add", mailbox, "one more")
    world.server.cli("mailbox", "password", "delete", mailbox, "client 7")
    assert "already" in world.server.refuses("mailbox", "password", "add", mailbox, "client 8")
    assert "no app password" in world.server.refuses("mailbox", "password", "delete", mailbox, "client 7")
    assert "no mailbox" in world.server.refuses("mailbox", "password", "add", "nobody@mailbox.example", "x")


def test_the_day_of_its_use_is_listed(world):
    user, password = add(world, "tablet")
    with over_tls(world) as c:
        c.login(user, password)
    (row,) = [p for p in world.server.cli("mailbox", "password", "list", MAILBOX) if p["name"] == "tablet"]
    assert row["last_used"] and row["last_used"].endswith("00:00:00Z")
    world.server.cli("mailbox", "password", "delete", MAILBOX, "tablet")


def test_a_person_sees_it_once(world):
    out = world.server.command("mailbox", "password", "add", MAILBOX, "desk")[1].decode()
    password = re.search(r"Password: +(\S{29})\n", out)[1]
    assert f"User name: {MAILBOX}\n" in out
    for words in (("list", MAILBOX), ("delete", MAILBOX, "desk")):
        assert password not in world.server.command("mailbox", "password", *words)[1].decode()
    assert b"MAILBOX NAME" in world.server.command("mailbox", "password", "add", "--help")[1]


# It stands nowhere.


def test_the_log_tells_who_without_saying_it(world, account):
    with over_tls(world) as c:
        c.login(*account)
    world.server.wait_log(r"role=gate sid=[0-9a-f]{16} ev=auth result=ok user=[0-9a-f]{16}\n")
    with over_tls(world) as c:
        wrong(c, account[0], WRONG)
    world.server.wait_log(r"role=gate sid=[0-9a-f]{16} ev=auth result=failed user=[0-9a-f]{16}\n")


def test_promise_9_and_10_a_password_is_in_no_file_and_no_log(hop, authority, tmp_path):
    w = open_world(hop, authority, tmp_path)
    try:
        name = "Passwordtoken Quokka"
        user, password = add(w, name)
        for connect in (over_tls, over_starttls):
            with connect(w) as c:
                c.login(user, password)
                c.mail(user)
                c.rcpt("carltoken@shop.example")
        with over_tls(w) as c:
            wrong(c, user, WRONG)
        words = {name.lower(), "quokka", "carltoken", "secret-laptop"}
        for p in (password, WRONG):
            words |= {p, p.replace("-", "")} | {base64.b64encode(x.encode()).decode().lower() for x in (p, f"\0{user}\0{p}")}
        files = dict(files_of(w.server))
        assert len(files) > 1 and sum(len(d) for d in files.values()) > 50_000
        w.server.stop()
        files.update(files_of_stopped(w.server))
        held = {n: d.lower() for n, d in (*files.items(), ("log", w.server.log.encode()))}
        assert "ev=auth" in w.server.log
        assert [(n, word) for n, d in held.items() for word in sorted(words) if word.encode() in d] == []
    finally:
        w.close()


# A running server.


def test_listeners_change_with_a_restart_alone(world):
    world.server.set({"submission.tls_listen": f"127.0.0.1:{postern.free_port()}"})
    world.server.command("reload")
    world.server.wait_log(r"ev=reload-later key=submission\.tls_listen")
    world.server.set({"submission.tls_listen": f"127.0.0.1:{world.tls}"})
    with over_tls(world) as c:
        assert c.noop()[0] == 250
