"""What a route's options do: what the next server can take, how many connections, how fast, and who waits for whom."""

import re
import time

import pytest

import messages
import nexthop
import smtp
from postern import TOP, binary
from run import run
from world import World

SETTINGS = {"delivery.retry": "1s, 1s, 2s", "delivery.idle": "1s", "delivery.command": "60s",
            "delivery.connection_messages": 5}
SMALL = 20000


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    def hop(name, **options):
        return nexthop.NextHop(tmp_path_factory.mktemp(name), name=f"{name}.example", **options)
    found = {"small": hop("small", size=SMALL), "seven": hop("seven"), "ascii": hop("ascii"), "chunky": hop("chunky", chunking=True),
             "hidden": hop("hidden"), "narrow": hop("narrow"), "slow": hop("slow"), "dead": hop("dead")}
    found["seven"].extensions.remove("8BITMIME")
    found["ascii"].extensions.remove("SMTPUTF8")
    found["hidden"].extensions.insert(0, "CHUNKING")  # and answers 502 to it
    found["dead"].misbehave("connect", nexthop.HANG, times=10 ** 6)
    yield found
    for server in found.values():
        server.close()


@pytest.fixture(scope="module")
def world(hop, servers, tmp_path_factory):
    settings = {**SETTINGS, "route narrow.example.connections": 2, "route slow.example.pace": "1s"}
    for label, server in servers.items():
        settings[f"routes.{label}.example"] = f"127.0.0.1:{server.port}"
    w = World(hop, tmp_path_factory.mktemp("world"), settings=settings)
    w.aliases = {}
    yield w
    w.close()


def alias_to(world, label):
    if label not in world.aliases:
        world.server.mailbox(world.user, f"bob@{label}.example", clear="on")
        world.aliases[label] = world.server.alias(world.user, mailbox=[f"bob@{label}.example"])
    return world.aliases[label]


def send_to(world, label, make=messages.plain):
    alias = alias_to(world, label)
    mail = make(alias)
    answer = world.send(mail, alias)
    assert answer.ok, f"{answer.mail} / {[str(r) for r in answer.rcpts.values()]} / {answer.dot}"
    return mail


def refused(world, server, label, make, status):
    """The sender is told, and the server was not even asked."""
    server.misbehave("mail", "451 4.3.0 was asked", times=1)
    since = len(world.hop.messages)
    mail = send_to(world, label, make)
    (dsn,) = world.hop.wait(1, seconds=60, rcpt=mail.sender, since=since)
    assert re.search(rb"^Status: " + status + rb"\r$", dsn.raw, re.M), dsn.raw
    assert server.orders[0].times == 1 and not server.messages
    server.behave()


def test_what_is_too_large_for_the_next_hop_is_not_sent(world, servers):
    refused(world, servers["small"], "small", lambda alias: messages.large(alias, 30000), rb"5\.3\.4")
    send_to(world, "small")
    assert servers["small"].wait(1, seconds=60)


def test_eight_bit_text_needs_8bitmime(world, servers):
    refused(world, servers["seven"], "seven", messages.eight_bit, rb"5\.6\.3")
    send_to(world, "seven")
    assert servers["seven"].wait(1, seconds=60)[0].faults == []


def test_a_sender_in_utf8_needs_no_smtputf8_behind_us(world, servers):
    """What stands for the sender is ASCII, and so is the header."""
    send_to(world, "ascii", messages.utf8_address)
    (m,) = servers["ascii"].wait(1, seconds=60)
    assert m.faults == [] and "SMTPUTF8" not in m.options


@pytest.mark.parametrize("size", [100, 100000])
def test_chunking_is_used_where_it_is_offered(world, servers, size):
    since = len(servers["chunky"].messages)
    send_to(world, "chunky", lambda alias: messages.large(alias, size))
    (m,) = servers["chunky"].wait(1, seconds=60, since=since)
    assert m.by == "BDAT" and m.faults == [] and m.raw.endswith(b"\r\n")


def test_a_refused_recipient_of_a_chunk_poisons_nothing(world, servers):
    """The next message over the same connection arrives whole, and at once."""
    server = servers["chunky"]
    since, connections = len(server.messages), server.connections
    server.misbehave("rcpt", "450 4.2.1 not now")
    send_to(world, "chunky")
    send_to(world, "chunky")
    found = server.wait(2, seconds=60, since=since)
    assert all(m.by == "BDAT" and m.faults == [] for m in found) and server.connections <= connections + 3


def test_chunking_that_is_offered_and_unknown_is_done_without(world, servers):
    before = len(world.server.log)
    send_to(world, "hidden")
    (m,) = servers["hidden"].wait(1, seconds=60)
    assert m.by == "DATA" and m.faults == []
    world.server.wait_queue(0, 60)
    assert len(servers["hidden"].messages) == 1 and "ev=deferred" not in world.server.log[before:]


def test_connections_are_bounded_used_again_and_ended(world, servers):
    server = servers["narrow"]
    for _ in range(24):
        send_to(world, "narrow")
    server.wait(24, seconds=60)
    assert server.most_open <= 2 and 24 / 5 <= server.connections < 24
    end = time.monotonic() + 60
    while server.writers:  # idle: closed by us
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_pace_is_kept(world, servers):
    for _ in range(4):
        send_to(world, "slow")
    times = sorted(m.at for m in servers["slow"].wait(4, seconds=60))
    assert all(later - earlier > 0.9 for earlier, later in zip(times, times[1:], strict=False))


def test_a_dead_destination_holds_up_no_other(world, servers):
    """More wait for it than core has under way at once; it greets nobody; others get their mail all the same."""
    alias = alias_to(world, "dead")
    for _ in range(6):
        with smtp.Smtp(world.server.port) as client:
            for _ in range(100):
                mail = messages.plain(alias)
                assert client.send(mail.sender, alias, mail.raw).ok
    since = len(servers["chunky"].messages)
    send_to(world, "chunky")
    assert servers["chunky"].wait(1, seconds=60, since=since)
    assert not servers["dead"].messages


def examples():
    text = (TOP / "doc/routes.md").read_text()
    return re.findall(r"```ini\n(.*?)```", text, re.S)


@pytest.mark.parametrize("number", range(len(examples())))
def test_the_examples_of_the_manual_are_read(tmp_path, number):
    conf = tmp_path / "postern.conf"
    conf.write_text("[domains]\nrelay = relay.example\n" + examples()[number])
    out = run(binary(), "-c", conf, "config", "check")[1].decode()
    assert "is well formed" in out
    for key in re.findall(r"^(password_file|tls_key) = (.*)$", examples()[number], re.M):
        assert f"{key[1]}: is not there" in out


def test_a_password_for_whoever_answers_is_warned_of(tmp_path):
    conf = tmp_path / "postern.conf"
    for tls, warned in (("encrypt", True), ("verify", False)):
        conf.write_text("[domains]\nrelay = relay.example\n[routes]\ndefault = smtp.provider.example:587\n[route default]\n"
                        f"tls = {tls}\nuser = me\npassword_file = password\n")
        (tmp_path / "password").write_text("x\n")
        (tmp_path / "password").chmod(0o644)
        out = run(binary(), "-c", conf, "config", "check")[1].decode()
        assert ("whoever answers" in out) == warned and "could then send as this server" in out
