"""What waits for somebody who does not answer is not in the way of what comes now; nor is what cannot be read any more."""

import pathlib
import sys
import time

import pytest

import messages
import nexthop
from world import World

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "siege"))
import fill  # noqa: E402

WAITING = 3000  # more than gate is given at once, several times over


@pytest.fixture()
def dead(tmp_path):
    """A provider that takes connections and never says a word."""
    with nexthop.NextHop(tmp_path / "dead") as hop:
        hop.misbehave("connect", nexthop.HANG, times=1 << 30)
        yield hop


@pytest.fixture()
def world(hop, dead, tmp_path):
    w = World(hop, tmp_path, settings={"routes.dead.example": f"127.0.0.1:{dead.port}", "delivery.retry": "2h"})
    bob = w.server.user("bob")
    w.server.issue(w.server.mailbox(bob, "bob@dead.example"), sender_key="p256")
    w.bobs = w.server.alias(bob, "parcels@relay.example")
    yield w
    w.server.stop()
    w.server.logs.clear()  # it holds the error that was made
    w.close()


def test_new_mail_does_not_stand_behind_what_was_tried(world):
    assert world.send(messages.plain(world.bobs), world.bobs).ok
    world.server.stop()
    with fill.database(world.server) as db:
        fill.queue(db, WAITING, "0")
    world.server.start()
    world.server.wait_log("ev=serving")
    time.sleep(1)  # all that can be under way is
    since, began = len(world.hop.messages), time.monotonic()
    for _ in range(3):
        assert world.send(messages.plain(world.alias)).ok
        world.arrived(world.keys.address, since)
        since = len(world.hop.messages)
    assert time.monotonic() - began < 8, "it stood behind them until their connections were given up"


def test_a_body_that_is_gone_holds_nobody_else_up(world):
    world.hop.misbehave("rcpt", "451 4.7.1 not now", times=1)
    assert world.send(messages.plain(world.alias)).ok
    world.server.wait_log("ev=deferred")
    world.server.stop()
    for path in world.server.folder.rglob("bodies/*"):
        path.unlink()
    with fill.database(world.server) as db:
        db.execute("UPDATE queue SET next_try = 0")
    world.server.start()
    world.server.wait_log(r"ev=deferred .*status=4\.3\.0 tries=2")
    since = len(world.hop.messages)
    assert world.send(messages.plain(world.alias)).ok
    world.arrived(world.keys.address, since)
    (left,) = world.server.queue()
    assert left["note"] == "the stored message cannot be read" and left["status"] == "4.3.0", left
