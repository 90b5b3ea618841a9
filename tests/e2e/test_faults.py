"""Parts that die or end: the sender is asked to come again, nothing is lost, nothing goes out in clear, and it all mends
itself."""

import os
import signal
import threading
import time

import pytest

import judge
import messages
import smtp
from world import World

SETTINGS = {"delivery.retry": "1s, 1s, 2s", "profiles.pool": 2}
DAY = 86400


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    w = World(hop, tmp_path_factory.mktemp("world"), settings=SETTINGS)
    yield w
    w.server.stop()  # its log holds the errors that were ordered
    assert "Sanitizer" not in w.server.log and "Assertion" not in w.server.log
    w.server.logs.clear()
    w.close()


def codes(sent):
    return [sent.mail.code, *(r.code for r in sent.rcpts.values()), *([sent.dot.code] if sent.dot else [])]


def insist(world, mail, seconds=60):
    """As a real MTA does: comes again after 4xx; anything worse is a fault."""
    end = time.monotonic() + seconds
    while True:
        sent = world.send(mail)
        if sent.ok:
            return
        assert all(c < 500 for c in codes(sent)), sent
        assert time.monotonic() < end, sent
        time.sleep(0.3)


def test_a_vault_that_dies_again_and_again_is_waited_for(world):
    """New senders, whose certificates the vault makes, keep coming while it is killed each time it has come back."""
    stop, deaths = threading.Event(), []

    def killer():
        while not stop.is_set():
            for pid in world.server.roles().get("vault", []):
                try:
                    os.kill(pid, signal.SIGKILL)
                    deaths.append(pid)
                except ProcessLookupError:
                    pass
            time.sleep(0.02)
    since = len(world.hop.messages)
    mails = [messages.plain(world.alias) for _ in range(4)]
    worker = threading.Thread(target=killer)
    worker.start()
    refused = []
    try:
        end = time.monotonic() + 60
        while len(set(deaths)) < 4 or not refused:
            assert time.monotonic() < end, (deaths, refused)
            mail = messages.head(f"new{len(refused)}-{time.monotonic_ns()}@shop.example", world.alias, "x") + messages.text("x")
            sent = smtp.send(world.server.port, f"new{time.monotonic_ns()}@shop.example", world.alias, mail)
            if not sent.ok:
                refused += codes(sent)
    finally:
        stop.set()
        worker.join()
    assert all(c < 500 for c in refused), refused
    for mail in mails:
        insist(world, mail)
    world.server.wait_queue(0, seconds=60)
    assert all(judge.open_sealed(world.judge, m.raw).signer for m in world.hop.messages[since:])


@pytest.mark.parametrize("days, code", [(1096, 450), (1097, 450), (1101, 550)])
def test_a_profile_that_has_ended_defers_then_refuses(world, days, code):
    world.server.stop()
    world.server.env["POSTERN_CLOCK_AHEAD"] = str(days * DAY)
    world.server.start()
    try:
        since = len(world.hop.messages)
        sent = world.send(messages.plain(world.alias))
        (answer,) = sent.rcpts.values()
        assert answer.code // 100 == code // 100 and sent.dot is None, sent
        assert len(world.hop.messages) == since, "something went out for a mailbox that cannot read it"
    finally:
        world.server.stop()
        del world.server.env["POSTERN_CLOCK_AHEAD"]
        world.server.start()
    world.relay(messages.plain(world.alias))
