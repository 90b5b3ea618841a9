"""Two users of one relay write to each other, and one to an alias of their own: what goes out from an alias comes back in by the
front door, and is there what anybody's mail is. Neither learns that the other is here."""

import re

import pytest

import canaries
import certs
import checks_reply
import judge
import messages
import reply
import smtp
from test_reply import token
from test_submission import open_world
from test_submission_send import letter, submit


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    """The relay is the next hop of its own domain, as an MX record would have it."""
    folder = tmp_path_factory.mktemp("world")
    w = open_world(hop, certs.Authority(tmp_path_factory.mktemp("authority")), folder)
    made = w.server.cli("mailbox", "password", "add", w.mailbox, "laptop")
    made = made[0] if isinstance(made, list) else made
    w.login = made["user"], made["password"]
    w.server.stop()
    w.server.set({"routes.relay.example": f"127.0.0.1:{w.server.port}"})
    w.server.start()
    yield w
    w.close()


@pytest.fixture(scope="module")
def bob(world):
    """(client, alias, judge) of another user."""
    server = world.server
    server.user("bob")
    keys = server.issue(server.mailbox("bob", "robert.n@post.example"))
    client = reply.Client(server.port, keys, world.folder, "Robert Neighbour")
    return client, server.alias("bob", "garden@relay.example"), judge.OpenSsl(keys, world.folder / "bob")


def opened(world, engine, since):
    """What arrived at that mailbox, sealed and opened."""
    from world import Relayed
    wire = world.arrived(engine.keys.address, since)
    assert wire.faults == []
    return Relayed(None, wire, judge.open_sealed(engine, wire.raw))


def names(client):
    return canaries.flock_of(client.keys, client.name)


def of_neighbour(done, who, address):
    """Its envelope and header say nothing but what any stranger's would."""
    assert canaries.leaks(done.wire.raw, names(who)) == []
    assert canaries.leaks(done.opened.message, names(who)) == []
    sender = done.field("From")
    assert judge.mailboxes(sender)[0].endswith("@relay.example") and address not in judge.mailboxes(sender)


def test_both_ways_between_two_users(world, client, bob):
    """Submitted from an alias, answered by the other, answered again: each step arrives sealed, from a reverse address."""
    robert, garden, theirs = bob
    says, since = token(), len(world.hop.messages)
    assert submit(world, letter(client, world.alias, [f"Bob <{garden}>"], says), [garden])[0] == 250
    first = opened(world, theirs, since)
    of_neighbour(first, client, world.alias)
    assert says in checks_reply.texts(first.opened.message)

    back, since = token(), len(world.hop.messages)
    assert robert.send(robert.reply(first, messages.text(back + "\n"))).ok
    second = opened(world, world.judge, since)
    of_neighbour(second, robert, garden)
    assert back in checks_reply.texts(second.opened.message)
    assert second.field("In-Reply-To") and re.search(r"(?m)^Subject: Re: Hello", second.opened.message.decode())

    again, since = token(), len(world.hop.messages)
    assert client.send(client.reply(second, messages.text(again + "\n"))).ok
    third = opened(world, theirs, since)
    assert again in checks_reply.texts(third.opened.message) and third.field("From") == first.field("From")
    assert all(m.rcpts in ([world.mailbox], ["robert.n@post.example"]) for m in world.hop.messages)


@pytest.mark.parametrize("which", ["another", "the same"])
def test_to_an_alias_of_ones_own(world, client, which):
    """A note to oneself, or a look at what others see: it arrives as what anybody writes there."""
    to = world.server.alias(world.user) if which == "another" else world.alias
    says, since = token(), len(world.hop.messages)
    assert submit(world, letter(client, world.alias, [to], says), [to])[0] == 250
    done = opened(world, world.judge, since)
    assert says in checks_reply.texts(done.opened.message)
    assert judge.mailboxes(done.field("From"))[0] not in (world.alias, to)


def test_to_a_neighbour_and_the_world_at_once(world, client, bob):
    _, garden, theirs = bob
    says, since = token(), len(world.hop.messages)
    assert submit(world, letter(client, world.alias, ["nina@elsewhere.example"], says, cc=[garden]),
                  ["nina@elsewhere.example", garden])[0] == 250
    done = opened(world, theirs, since)
    (nina,) = world.hop.wait(1, since=since, rcpt="nina@elsewhere.example")
    assert says in checks_reply.texts(done.opened.message) and says in checks_reply.texts(nina.raw)
    assert judge.mailboxes(judge.field(judge.split(nina.raw)[0], "Cc")) == [garden]


def test_to_an_alias_that_is_off_is_told(world, client, bob):
    """As of anybody: the letter says that it did not arrive."""
    _, garden, _ = bob
    world.server.cli("alias", "set", garden, state="off-reject")
    since = len(world.hop.messages)
    assert submit(world, letter(client, world.alias, [garden], token()), [garden])[0] == 250
    world.hop.wait(1, since=since, rcpt=world.mailbox)
    (text,) = world.letters(since)
    world.server.cli("alias", "set", garden, state="on")
    assert "did not arrive" in text and garden in text and "5.1.1" in text, text


def test_attack_68_a_mailbox_that_sends_it_back_is_a_loop_all_the_same(world, client, bob):
    """The envelope of what was relayed to a user is no answer's; and an answer's that is made up, or of another relay, is
    none."""
    _, garden, theirs = bob
    since = len(world.hop.messages)
    assert submit(world, letter(client, world.alias, [garden], token()), [garden])[0] == 250
    relayed = opened(world, theirs, since).wire
    forged = "bounce+" + "a" * 47 + "@relay.example"
    for sender in (relayed.sender, forged):
        sent = smtp.send(world.server.port, sender, world.alias, messages.plain(world.alias).raw)
        assert [r.code for r in sent.rcpts.values()] == [554], sender
    sent = smtp.send(world.server.port, "carl@shop.example", world.alias, relayed.raw)
    assert sent.dot.code == 554
