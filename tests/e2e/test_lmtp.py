"""LMTP, RFC 2033: the door for an MTA on the same machine. One answer for each recipient, each true by itself."""

import re
import smtplib
import stat

import pytest

import judge
import messages
import postern
from run import run
from world import World


@pytest.fixture(scope="module")
def port():
    return postern.free_port()


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory, port):
    folder = postern.new_folder()
    w = World(hop, tmp_path_factory.mktemp("world"),
              settings={"lmtp.listen": f"127.0.0.1:{port}, unix:{folder}/lmtp", "lmtp.socket_mode": "0666"})
    w.path = folder / "lmtp"
    yield w
    w.close()


def client(where):
    return smtplib.LMTP(str(where), 0) if not isinstance(where, int) else smtplib.LMTP("127.0.0.1", where)


def deliver(where, sender, rcpts, raw):
    """The answers, one for each recipient that was accepted at RCPT."""
    with client(where) as c:
        c.ehlo_or_helo_if_needed()
        assert c.mail(sender)[0] == 250
        asked = {r: c.rcpt(r)[0] for r in rcpts}
        assert c.docmd("DATA")[0] == 354
        c.send(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        return asked, {r: c.getreply() for r, code in asked.items() if code == 250}


def test_over_tcp_and_over_a_unix_socket(world, port):
    assert stat.S_IMODE(world.path.stat().st_mode) == 0o666
    for where in (port, world.path):
        since = len(world.hop.messages)
        mail = messages.plain(world.alias)
        asked, said = deliver(where, mail.sender, [world.alias], mail.raw)
        assert said[world.alias][0] == 250
        (wire,) = world.hop.wait(1, seconds=60, rcpt=world.mailbox, since=since)
        assert wire.faults == [] and judge.open_sealed(world.judge, wire.raw).signer


def test_each_recipient_has_its_own_answer(world, port):
    """Two users: what cannot be sealed for one is refused for that one alone, and the other gets it."""
    bob = world.server.user("bob")
    world.server.mailbox(bob, "bob@mailbox.example")
    keys = world.server.issue("bob@mailbox.example")
    alias = world.server.alias(bob, "bobs@relay.example")
    since = len(world.hop.messages)
    mail = messages.plain(f"{world.alias}, {alias}")
    with client(port) as c:
        c.ehlo_or_helo_if_needed()
        assert c.mail(mail.sender)[0] == 250
        codes = [c.rcpt(r)[0] for r in (world.alias, "nobody@relay.example", alias)]
        assert codes == [250, 550, 250]
        assert c.docmd("DATA")[0] == 354
        c.send(mail.raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        first, second = c.getreply(), c.getreply()
        assert (first[0], second[0]) == (250, 250) and first[1] != second[1], "two messages, each with its id"
        assert c.docmd("NOOP")[0] == 250
    arrived = world.hop.wait(2, seconds=60, since=since)
    assert sorted(r for m in arrived for r in m.rcpts) == sorted([world.mailbox, "bob@mailbox.example"])
    assert keys


def test_a_retry_is_recognised_for_each(world, port):
    since = len(world.hop.messages)
    mail = messages.plain(world.alias)
    for _ in range(2):
        _, said = deliver(port, mail.sender, [world.alias], mail.raw)
        assert said[world.alias][0] == 250
    assert len(world.hop.wait(1, seconds=60, rcpt=world.mailbox, since=since)) == 1


def test_what_the_machine_refuses_is_refused_for_each(world, port):
    alias = world.server.alias(world.user)
    with client(port) as c:
        c.ehlo_or_helo_if_needed()
        assert c.docmd("EHLO me")[0] == 500
        assert c.mail("a@b.example")[0] == 250
        assert [c.rcpt(r)[0] for r in (world.alias, alias)] == [250, 250]
        assert c.docmd("DATA")[0] == 354
        c.send(b"Subject: x\n\r\n\r\n.\r\n")
        assert [c.getreply()[0] for _ in range(2)] == [550, 550]
        assert c.docmd("NOOP")[0] == 250


def test_only_this_machine_may_be_believed(world):
    bad = world.server.folder / "bad.conf"
    bad.write_text(re.sub(r"^(#?listen) =.*unix.*$", "listen = 192.0.2.1:24", world.server.conf.read_text(), flags=re.M))
    status, _, said = run(postern.binary(), "-c", bad, "config", "check", check=False)
    assert status and "lmtp.listen: 192.0.2.1:24" in said and "unix:/path" in said
