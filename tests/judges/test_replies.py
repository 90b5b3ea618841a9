"""Thunderbird's own answers, on the whole road: it reads relayed mail, answers it encrypted and signed, its provider hands that to
Postern, and the correspondent gets a clean message from the alias."""

import re

import pytest

import canaries
import checks_reply
import judge
import messages
import nexthop
import reply
import smtp
from thunderbird import Thunderbird
from world import World

NAME = "Alice Example"  # as the profile says


@pytest.fixture(scope="module", params=["rsa2048", "p256"])
def answered(request, hop, tmp_path_factory):
    """(world, {kind: (relayed, what Thunderbird sent, what arrived)}): an answer, and one to everybody, the alias among them."""
    folder = tmp_path_factory.mktemp(f"thunderbird-{request.param}")
    world = World(hop, folder, sender_key=request.param)
    try:
        one = world.relay(messages.html(world.alias))
        raw = messages.head("Sam <sam@shop.example>", world.alias, "To both",
                            more=["Cc: Cecil <cecil@shop.example>"]) + messages.text("Both read this.\n")
        both = world.relay(messages.Mail("both", "sam@shop.example", raw, "Both read this."))
        found = {}
        with nexthop.NextHop(folder / "sent") as provider:
            with Thunderbird(folder / "tb", world.keys, [one.wire.raw, both.wire.raw], smtp_port=provider.port) as t:
                assert t.choose_certificate()
                for kind, done in (("one", one), ("all", both)):
                    since = len(provider.messages)
                    outcome = t.reply(done.field("Message-ID").strip("<>"), f"REPLY-MARKER {kind} Grüße\n", everyone=kind == "all")
                    assert outcome["outcome"] == "sent", outcome
                    (sent,) = provider.wait(1, since=since)
                    already = len(hop.messages)
                    went = smtp.send(world.server.port, sent.sender, sent.rcpts, sent.raw)
                    assert went.ok, f"{[str(r) for r in went.rcpts.values()]} {went.dot}\n{world.server.log[-1500:]}"
                    found[kind] = done, sent, hop.wait(len(set(sent.rcpts) - {world.alias}), since=already)
        yield world, found
    finally:
        world.close()


def test_it_was_sealed_on_its_way(answered):
    _, found = answered
    for _, sent, _ in found.values():
        assert judge.is_sealed(sent.raw) and b"REPLY-MARKER" not in sent.raw


def test_an_answer_arrives_clean(answered):
    world, found = answered
    done, sent, (wire,) = found["one"]
    a = checks_reply.Answered(reply.Letter(sent.rcpts, sent.raw, b""), wire, "no-reply@airline.example", world.alias, done,
                              canaries.flock_of(world.keys, NAME), "REPLY-MARKER one Grüße")
    for check in checks_reply.CHECKS.values():
        check(a)
    assert re.fullmatch(r"Re: Ihr Flug nach Zürich", judge.words(a.field("Subject")))
    assert "Gate B12" in checks_reply.texts(wire.raw), "what it quoted is lost"


def test_an_answer_to_all_arrives_clean(answered):
    world, found = answered
    done, sent, wires = found["all"]
    assert sorted(r for w in wires for r in w.rcpts) == ["cecil@shop.example", "sam@shop.example"]
    assert len({judge.field(judge.split(w.raw)[0], "Message-ID") for w in wires}) == 1
    for wire in wires:
        head = judge.split(wire.raw)[0]
        assert sorted(judge.mailboxes(judge.field(head, "To")) + judge.mailboxes(judge.field(head, "Cc"))) == [
            "cecil@shop.example", "sam@shop.example"]
        assert judge.mailboxes(judge.field(head, "From")) == [world.alias] and "REPLY-MARKER all" in checks_reply.texts(wire.raw)
        assert canaries.leaks(wire.raw, canaries.flock_of(world.keys, NAME)) == []
