"""Attack 68: mail that comes round is refused, whoever rewrote it on the way, and nobody answers a machine."""

import re

import pytest

import messages
import nexthop
import smtp
from world import World


def note(alias, says="A short note.", more=(), sender="carl@shop.example"):
    return messages.Mail("note", sender, messages.head(f"Carl <{sender}>", alias, "Note", more=more) +
                         messages.text(says + "\n"), says)


def traces(raw):
    return re.findall(rb"(?mi)^X-Postern-Trace: ([a-z2-7]+)\r$", raw.partition(b"\r\n\r\n")[0] + b"\r\n")


def without(raw, *names):
    head, _, body = raw.partition(b"\r\n\r\n")
    for name in names:
        head = re.sub(rb"(?mi)^" + name + rb":.*\r\n(?:[ \t].*\r\n)*", b"", head + b"\r\n").removesuffix(b"\r\n")
    return head + b"\r\n\r\n" + body


def test_traces_say_nothing(world):
    first, second = world.relay(note(world.alias)), world.relay(note(world.alias))
    (a,), (b,) = traces(first.wire.raw), traces(second.wire.raw)
    assert a != b and len(a) >= 32


def test_attack_68_what_comes_round_is_refused(world):
    other = world.server.alias(world.user)
    wire = world.relay(note(world.alias)).wire
    forms = {
        "as it was": wire.raw,
        "from somebody else": b"From: Carl <carl@shop.example>\r\n" + without(wire.raw, b"From", b"Reply-To", b"Sender"),
        "without its path": b"From: Carl <carl@shop.example>\r\n" + without(wire.raw, b"From", b"Reply-To", b"Received", b"Message-ID"),
    }
    for name, raw in forms.items():
        sent = smtp.send(world.server.port, "carl@shop.example", other, raw)
        assert sent.dot.code == 554 and sent.dot.enhanced == "5.4.6", (name, str(sent.dot))
    sent = smtp.send(world.server.port, wire.sender, other, note(other).raw)  # the envelope is one of ours
    assert [r.code for r in sent.rcpts.values()] == [554]


def test_tokens_of_others_are_carried_and_not_believed(world):
    foreign = "a" * 42
    sent = note(world.alias, more=[f"X-Postern-Trace: {foreign}", "X-Postern-Trace: not@a.token", "X-Postern-Trace: " + "b" * 70])
    found = traces(world.relay(sent).wire.raw)
    assert found[1:] == [foreign.encode()] and len(found) == 2


def test_too_many_hops(world):
    path = [f"Received: from a{n}.example by b{n}.example; Fri, 01 May 2026 09:00:00 +0000" for n in range(51)]
    assert world.send(note(world.alias, more=path)).dot.enhanced == "5.4.6"
    assert world.send(note(world.alias, more=path[:50])).ok


def test_attack_68_two_relays_that_face_each_other(tmp_path_factory):
    """Each has a mailbox that is an alias of the other: one message makes one round at most, and the end is counted."""
    with nexthop.NextHop(tmp_path_factory.mktemp("hop")) as hop:
        a = World(hop, tmp_path_factory.mktemp("a"), settings={"policy.hops": 30})
        try:
            b = World(hop, tmp_path_factory.mktemp("b"), domain="other.example", alias="back@other.example",
                      settings={"routes.relay.example": f"127.0.0.1:{a.server.port}"})
            try:
                a.server.stop()
                a.server.set({"routes.other.example": f"127.0.0.1:{b.server.port}"})
                a.server.start()
                a.server.mailbox(a.user, "back@other.example")
                a.server.issue("back@other.example")
                b.server.mailbox(b.user, "round@relay.example")
                b.server.issue("round@relay.example")
                a.server.alias(a.user, "round@relay.example", mailbox="back@other.example")
                b.server.cli("alias", "set", "back@other.example", mailbox="round@relay.example")
                assert a.send(note("round@relay.example"), "round@relay.example").ok
                b.server.wait_log(r"ev=failed .*status=5\.4\.6", 60)
                a.server.wait_log(r"ev=report .*kind=failed", 60)
                a.server.wait_queue(0)
                a.server.wait_log(r"(?s)(role=core [^\n]*ev=accepted.*){2}")
                assert len(re.findall(r"role=core .*ev=accepted", a.server.log)) == 2  # the message and the report
            finally:
                b.close()
        finally:
            a.close()
