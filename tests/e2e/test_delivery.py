"""The queue towards a next hop that is slow, full, strict or away; and what the sender hears when it will never be."""

import re
import time

import pytest

import judge
import messages
import nexthop
import smtp
from world import MAILBOX, World

FAST = {"delivery.retry": "1s, 1s, 2s", "delivery.idle": "3s", "delivery.command": "2s"}


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    w = World(hop, tmp_path_factory.mktemp("world"), settings=FAST)
    yield w
    w.close()


def accepted(world, mail=None):
    since = len(world.hop.messages)
    assert world.send(mail or messages.plain(world.alias)).ok
    return since


@pytest.mark.parametrize("step", ["connect", "mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize("action", ["451 4.3.0 later please", "421 4.3.2 going down", nexthop.CLOSE, nexthop.HANG])
def test_trouble_that_passes_is_outwaited(world, step, action):
    world.hop.misbehave(step, action)
    since = accepted(world)
    (m,) = world.hop.wait(1, since=since)
    assert judge.open_sealed(world.judge, m.raw).signer and m.faults == []
    world.wait_empty()
    assert len(world.hop.messages) == since + 1, "delivered more than once"


def wait_empty(world, seconds=15):
    world.server.wait_queue(0, seconds)


World.wait_empty = wait_empty


def tokens_of_the_user(world):
    return [MAILBOX, "mailbox.example", "alice", world.hop.name, f"127.0.0.1:{world.hop.port}", "no such user here"]


def test_a_permanent_failure_is_told_to_the_sender_and_names_nobody(world):
    world.hop.misbehave("rcpt", f"550 5.1.1 <{MAILBOX}> no such user here", match=MAILBOX)
    mail = messages.plain(world.alias)
    since = accepted(world, mail)
    (dsn,) = world.hop.wait(1, since=since, rcpt=mail.sender)
    assert dsn.sender == "" and dsn.rcpts == [mail.sender] and dsn.faults == []
    head = judge.split(dsn.raw)[0]
    kind, parameters = judge.content_type(head)
    assert kind == "multipart/report" and parameters["report-type"] == "delivery-status"
    status = next(p for p in judge.parsed(dsn.raw).walk() if p.get_content_type() == "message/delivery-status")
    text = "\n".join(str(p) for p in status.get_payload())
    assert re.search(r"^Action: failed", text, re.M) and re.search(r"^Status: 5\.", text, re.M)
    assert f"rfc822;{world.alias}" in text.replace(" ", "").lower()
    assert judge.field(head, "Auto-Submitted").startswith("auto-")
    for token in tokens_of_the_user(world):
        assert token.lower() not in dsn.raw.decode("utf-8", "replace").lower(), token
    world.wait_empty()


def test_a_failed_notice_makes_no_notice(world):
    """The DSN itself is refused for good: it ends there."""
    mail = messages.plain(world.alias)
    world.hop.misbehave("rcpt", "550 5.1.1 no", match=MAILBOX)
    world.hop.misbehave("rcpt", "550 5.1.1 no", match=mail.sender)
    since = accepted(world, mail)
    world.wait_empty()
    assert len(world.hop.messages) == since


def test_a_message_from_nobody_is_told_to_its_user_alone(world):
    world.hop.misbehave("rcpt", "550 5.1.1 no", match=MAILBOX)
    mail = messages.plain(world.alias)
    since = accepted(world, messages.Mail("null", "", mail.raw, ""))
    world.wait_empty()
    told = world.hop.messages[since:]  # the sender is nobody: the user's sealed letter is all that there is
    assert len(told) <= 1 and all(m.rcpts == [MAILBOX] and b"pkcs7-mime" in m.raw for m in told)


def test_many_messages_share_few_connections(world):
    time.sleep(4)
    before, since = world.hop.connections, len(world.hop.messages)
    with smtp.Smtp(world.server.port) as client:
        for i in range(60):
            mail = messages.plain(world.alias)
            assert client.send(mail.sender, world.alias, mail.raw).ok
    world.hop.wait(60, since=since)
    assert world.hop.connections - before <= 20


def test_the_queue_is_seen_flushed_and_thrown_away(world):
    world.hop.misbehave("rcpt", "450 4.2.2 full", times=1000)
    since = accepted(world)
    accepted(world)
    world.server.wait_queue(2)
    entries = world.server.queue()
    assert {e["kind"] for e in entries} == {"forward"} and all(MAILBOX not in str(e) for e in entries)
    world.server.cli("queue", "delete", entries[0]["mid"])
    world.server.wait_queue(1)
    world.hop.behave()
    world.server.cli("queue", "flush")
    world.wait_empty()
    assert len(world.hop.messages) == since + 1


def test_an_accepted_message_outlives_a_restart(world):
    world.hop.misbehave("mail", "450 4.3.0 not now", times=1000)
    since = accepted(world)
    world.server.restart()
    assert len(world.server.queue()) == 1
    world.hop.behave()
    assert judge.open_sealed(world.judge, world.hop.wait(1, since=since)[0].raw)
    world.wait_empty()


def test_the_same_message_again_is_not_relayed_twice(world):
    """A sender that lost our 250 comes again: it hears 250, and the user reads it once."""
    mail = messages.plain(world.alias)
    since = accepted(world, mail)
    world.hop.wait(1, since=since)
    assert world.send(mail).ok
    world.wait_empty()
    assert len(world.hop.messages) == since + 1


def test_what_never_gets_through_expires(hop, tmp_path):
    """After delivery.expire the sender is told."""
    w = World(hop, tmp_path, settings={**FAST, "delivery.expire": "2d"})
    try:
        hop.misbehave("rcpt", "450 4.2.2 full", times=1000, match=MAILBOX)
        since = len(hop.messages)
        mail = messages.plain(w.alias)
        assert w.send(mail).ok
        w.server.stop()
        w.server.env["POSTERN_CLOCK_AHEAD"] = str(3 * 86400)
        w.server.start()
        (dsn,) = hop.wait(1, since=since, rcpt=mail.sender)
        assert re.search(rb"^Status: [45]\.4\.7\r$", dsn.raw, re.M), dsn.raw
        assert not any(t.encode() in dsn.raw for t in (MAILBOX, "alice"))
    finally:
        w.close()


def test_routes_by_domain(hop, tmp_path):
    with nexthop.NextHop(tmp_path / "other", name="mx.other.example") as other:
        w = World(hop, tmp_path, settings={**FAST, "routes.other.example": f"127.0.0.1:{other.port}"})
        try:
            w.server.mailbox(w.user, "second@other.example")
            w.server.issue("second@other.example")
            alias = w.server.alias(w.user, mailbox=["second@other.example"])
            assert w.send(messages.plain(alias), alias).ok
            assert other.wait(1)[0].rcpts == ["second@other.example"]
        finally:
            w.close()
