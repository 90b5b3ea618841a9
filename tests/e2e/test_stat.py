"""postern stat: what it counts is what happened; its Prometheus form is read by a strict reader."""

import re
import time

import pytest

import messages
import smtp
from run import run
import postern

SAMPLE = re.compile(r'([a-z_]+)(?:\{([a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*)\})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)')


def prometheus(world):
    """{name{labels}: value} by the rules of the text format, version 0.0.4: one HELP and TYPE a family, before its samples, which
    stand together."""
    text = run(postern.binary(), "-c", world.server.conf, "stat", "--prometheus")[1].decode()
    assert text.endswith("\n")
    values, helps, types, order = {}, {}, {}, []
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, words = line.split(" ", 3)
            assert name not in helps and words
            helps[name] = words
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name in helps and name not in types and kind in ("counter", "gauge", "histogram")
            types[name] = kind
        else:
            m = SAMPLE.fullmatch(line)
            assert m, line
            family = m[1] if m[1] in types else re.sub(r"_(bucket|sum|count)$", "", m[1])
            assert family in types and (types[family] != "counter" or family.endswith("_total"))
            if not order or order[-1] != family:
                assert family not in order, "samples of a family stand together"
                order.append(family)
            key = f"{m[1]}{{{m[2]}}}" if m[2] else m[1]
            assert key not in values
            values[key] = float(m[3])
    return values


def relay(world, count):
    since = len(world.hop.messages)
    for _ in range(count):
        assert world.send(messages.plain(world.alias)).ok
    world.hop.wait(count, seconds=60, rcpt=world.mailbox, since=since)
    end = time.monotonic() + 60
    while world.server.cli("queue", "list"):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_counts_are_what_happened(world):
    before = prometheus(world)
    relay(world, 3)
    smtp.send(world.server.port, "a@shop.example", "nobody@relay.example", b"x\r\n")
    after = prometheus(world)
    grew = {k: after[k] - before[k] for k in after}
    assert grew['postern_messages_total{result="accepted"}'] == 3
    assert grew['postern_messages_total{result="refused"}'] == 1
    assert grew['postern_deliveries_total{result="delivered"}'] == 3
    assert grew["postern_accept_seconds_count"] == 3 and grew["postern_accept_seconds_sum"] >= 0
    assert grew["postern_commit_messages_total"] >= 3
    assert after["postern_queue_messages"] == 0 and after["postern_aliases"] >= 1
    assert after['postern_role_up{role="vault"}'] == 1


def test_the_histogram_is_one(world):
    relay(world, 1)
    values = prometheus(world)
    buckets = [(k, v) for k, v in values.items() if k.startswith("postern_accept_seconds_bucket")]
    counts = [v for _, v in buckets]
    assert counts == sorted(counts) and buckets[-1][0].endswith('le="+Inf"}')
    assert counts[-1] == values["postern_accept_seconds_count"] >= 1


def test_the_gate_tells_its_part(world):
    """Sessions, and the memory of a message that is on its way in."""
    with smtp.Smtp(world.server.port) as client:
        assert client.cmd("MAIL FROM:<a@shop.example>").code == 250
        assert client.cmd(f"RCPT TO:<{world.alias}>").code == 250
        assert client.cmd("DATA").code == 354
        client.raw(b"Subject: x\r\n\r\n" + b"x" * 70 * 1024)
        end = time.monotonic() + 60
        while True:
            values = prometheus(world)
            if values["postern_sessions"] >= 1 and values["postern_message_memory_bytes"] >= 64 * 1024:
                break
            assert time.monotonic() < end, values
            time.sleep(0.2)
        assert values['postern_sessions_total{result="served"}'] >= 1


def test_nothing_in_it_names_anybody(world):
    relay(world, 1)
    for words in ([], ["--prometheus"], ["--json"]):
        said = run(postern.binary(), "-c", world.server.conf, "stat", *words)[1].decode()
        assert "@" not in said and "alice" not in said and "relay.example" not in said


@pytest.mark.parametrize("label", ["accepted", "delivered", "ready certificates", "vault"])
def test_for_a_person(world, label):
    said = run(postern.binary(), "-c", world.server.conf, "stat")[1].decode()
    assert re.search(rf"^  {label}  +\S", said, re.M), said
