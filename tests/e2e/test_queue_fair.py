"""What waits for somebody who does not answer is not in the way of what comes now; nor is what cannot be read any more. Whoever does
not answer is asked by a few messages now and then, and all the others are touched by nothing until it answers, or they expire."""

import collections
import dataclasses
import pathlib
import re
import sys
import threading
import time

import pytest

import messages
import nexthop
from world import World

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "siege"))
import fill  # noqa: E402

WAITING = 3000  # more than gate is given at once, several times over
PROBES = 3      # SITE_PROBES
TRIED = 3       # fill.queue()
CLOSED = "421 4.3.2 closed for today"


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


def closed(world, dead, retry, waiting=WAITING):
    """bob's provider greets nobody, and so many messages for it are due."""
    dead.behave()
    dead.misbehave("connect", CLOSED, times=1 << 30)
    world.server.set({"delivery.retry": retry})
    assert world.send(messages.plain(world.bobs), world.bobs).ok
    world.server.wait_log("ev=deferred")
    world.server.stop()
    with fill.database(world.server) as db:
        fill.queue(db, waiting, "0")
        db.execute("UPDATE queue SET next_try = 0")  # the first one too
    world.server.start()


def tries(world):
    return collections.Counter(i["tries"] for i in world.server.queue())


def said(world, pattern):
    return len(re.findall(pattern, world.server.log))


def test_a_dead_provider_is_asked_by_a_few(world, dead):
    """Counted, not timed: however long it took, so many pauses there were, and a few messages between them; a restart is no other
    thing."""
    closed(world, dead, "1s")
    world.server.wait_log("state=asleep pauses=4", 60)
    world.server.restart()
    world.server.wait_log(r"(?s)ev=serving.*ev=serving.*ev=serving.*state=asleep pauses=2", 60)
    found = tries(world)
    pauses = said(world, "state=asleep")
    assert sum(found.values()) == WAITING + 1
    assert WAITING - found[TRIED] <= (pauses + 1) * PROBES, f"the rest is as it was: {found}, after {pauses} pauses"
    assert said(world, "ev=hop route=dead.example state=down") <= (said(world, "state=asleep") + 1) * PROBES


def test_what_waited_goes_when_it_is_there_again(world, dead):
    closed(world, dead, "1s", 700)  # more than may be under way, several times over
    world.server.wait_log("state=asleep pauses=2", 60)
    dead.behave()
    dead.wait(701, seconds=60)
    world.server.wait_queue(0, 60)
    assert len(dead.messages) == 701, "each of them once"
    assert said(world, "site=\\S+ state=awake") == 1


def test_new_mail_for_it_waits_without_a_try(world, dead):
    closed(world, dead, "1h", 10)
    world.server.wait_log("state=asleep")
    before = said(world, "ev=hop route=dead.example")
    since = len(world.hop.messages)
    for _ in range(20):
        assert world.send(messages.plain(world.bobs), world.bobs).ok
    assert world.send(messages.plain(world.alias)).ok
    world.arrived(world.keys.address, since)
    world.server.wait_log(r"(?s)(ev=deferred.*?){21}")
    new = [i for i in world.server.queue() if i["tries"] == 1]
    assert len(new) >= 20 and all(i["status"] == "4.4.1" for i in new), new
    assert sum(i["note"] == "the next hop has not answered others and is asked again later" for i in new) == 20
    assert said(world, "ev=hop route=dead.example") == before
    dead.behave()
    world.server.cli("queue", "flush")  # and the operator knows better
    dead.wait(31, seconds=60)
    world.server.wait_queue(0, 60)


def test_it_expires_while_its_provider_sleeps(world, dead):
    closed(world, dead, "1s", 300)
    world.server.wait_log("state=asleep")
    world.server.stop()
    with fill.database(world.server) as db:
        ending = [m.decode() for (m,) in db.execute("SELECT mid FROM queue WHERE tries = ? ORDER BY id DESC LIMIT 40", (TRIED,))]
        db.executemany("UPDATE queue SET expires = ? WHERE mid = ?", [(int(time.time()) + 4, m.encode()) for m in ending])
    world.server.start()
    for mid in ending:
        world.server.wait_log(rf"ev=failed mid={mid} \S+ status=4\.4\.7 tries={TRIED + 1}", 60)
    left = world.server.queue()
    assert not {i["mid"] for i in left} & set(ending)
    asked = (said(world, "state=asleep") + 1) * PROBES
    assert sum(i["tries"] == TRIED for i in left) >= 300 - len(ending) - asked, "no other one was touched"


def test_no_more_is_accepted_for_one_than_leaves(world):
    """A thousand of bob's are not tried yet: what comes for him is asked to come again, and nobody else waits."""
    assert world.send(messages.plain(world.bobs), world.bobs).ok
    world.server.stop()
    with fill.database(world.server) as db:
        fill.queue(db, 1000, f"{int(time.time())} + 3600")
        db.execute("UPDATE queue SET tries = 0, next_try = next_try + 3600")
    world.server.start()
    world.server.wait_log("ev=serving")
    since = len(world.hop.messages)
    late = []
    held = threading.Thread(target=lambda: late.append(world.send(messages.plain(world.bobs), world.bobs)))
    held.start()
    assert world.send(messages.plain(world.alias)).ok
    world.arrived(world.keys.address, since)
    held.join()
    assert late[0].dot.code == 451, str(late[0].dot)
    world.server.stop()
    with fill.database(world.server) as db:
        db.execute("UPDATE queue SET tries = 1 WHERE id % 2")
    world.server.start()
    world.server.wait_log("ev=serving")
    assert world.send(messages.plain(world.bobs), world.bobs).ok


def test_a_body_that_is_gone_holds_nobody_else_up(world):
    world.hop.misbehave("rcpt", "451 4.7.1 not now", times=1)
    large = messages.plain(world.alias)
    large = dataclasses.replace(large, raw=large.raw + b"A line of many.\r\n" * 8000)  # too large for its row
    assert world.send(large).ok
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
