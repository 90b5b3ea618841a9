#!/usr/bin/python3
"""tests/siege/power.py [--jobs N] [--draws N] [--most N] [--seed S]: the power goes, at each place there is.

A server is made, gets a user, an alias, mail and answers, and delivers them, while a layer (power.c) keeps a journal of all that
is asked of the disk. Then, for each place of the journal, the disk is made as it would be had the power gone there (disk.py):
once with nothing but what was synced, before each sync; and with a drawn part of the rest, in torn sectors, after each call.
On each such disk a server is started. Wanted: what a command line or a 250 had said until then is there; each message is
delivered, opens with the user's key (or is, to the octet, what was answered) and is not there twice but where the power went
before the delivery could be noted, or before the sender heard the 250; nothing in clear; the queue drains; SQLite finds nothing
wrong. Prints what did not hold; writes var/siege-power.json; ends with 1 when something did not hold."""

import argparse
import collections
import concurrent.futures
import contextlib
import copy
import json
import math
import pathlib
import random
import re
import shutil
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e"), str(TESTS / "judges")]

import disk  # noqa: E402
import judge  # noqa: E402
import messages  # noqa: E402
import nexthop  # noqa: E402
import postern  # noqa: E402
import reply  # noqa: E402
import roads  # noqa: E402
from run import run  # noqa: E402
from world import MAILBOX, World  # noqa: E402

SETTINGS = {"delivery.retry": "1s, 1s, 2s", "server.scribes": 1, "profiles.pool": 2}
NOTED = 1.0  # seconds within which the note of a delivery is durable, on a machine with other work


def layer_in(folder):
    """power.c, built where the roles' own users can read it."""
    layer = folder / "power.so"
    run("gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", layer, TESTS / "siege/power.c", "-ldl")
    return layer


class Watched(World):
    """A world whose disk is watched from its first octet on. promises: (length of the journal when it was given, what)."""

    def __init__(self, folder):
        self.folder, self.promises, self.delivered = folder, [], []
        self.around = postern.new_folder()
        self.journal = self.around / "journal"
        self.journal.touch()
        self.journal.chmod(0o666)
        self.hop = nexthop.NextHop(folder / "maildirs")
        self.hop.file = self.filed
        state = postern.new_folder()
        self.disk = disk.Disk(state)
        env = {"LD_PRELOAD": str(layer_in(self.around)), "POSTERN_POWER": str(self.journal)}
        self.server = postern.Postern(self.hop.port, folder=state, env=env, settings=SETTINGS)
        self.promise("init")
        self.first_day()

    def first_day(self):
        server = self.server.start()
        self.user = server.user("alice")
        self.mailbox = server.mailbox(self.user, MAILBOX)
        self.keys = server.issue(self.mailbox)
        self.judge = judge.OpenSsl(self.keys, self.folder / "openssl")
        (self.around / "word").write_text("correct horse battery\n")
        server.cli("profile", "issue", self.mailbox, out=server.folder / "kit", passphrase_file=self.around / "word", no_activate=True)
        self.promise("kit")
        self.alias = server.alias(self.user, "shop@relay.example")
        self.promise("alias")

    def length(self):
        return self.journal.stat().st_size

    def promise(self, what):
        self.promises.append((self.length(), what))

    def filed(self, message):
        nexthop.NextHop.file(self.hop, message)
        self.delivered.append((self.length(), time.time(), message))

    def live(self):
        """Mail and answers, one while the provider asks for patience; then a stop and a second life."""
        done = self.relay(messages.plain(self.alias))
        self.promise("correspondent")
        client = reply.Client(self.server.port, self.keys, self.folder)
        items = [*roads.mails(self.alias, "power"), *roads.answers(client, done, "power")]
        for item in items[:2] + items[3:]:
            self.give(item)
        self.hop.misbehave("mail", "450 4.3.0 not now", times=2)
        self.give(items[2])
        roads.delivered(roads.Arrivals(self, items, self.around / "judge"), lambda: self.hop.messages[1:], items)
        roads.drained(self.server)
        self.server.restart()
        self.server.stop()
        self.hop.close()
        self.conf, self.items = self.server.conf.read_text(), items
        self.records = disk.records(self.journal.read_bytes())
        self.delivered = [(at, then, item) for at, then, m in self.delivered for item in self.items_in(m, items)]

    def items_in(self, message, items):
        look = roads.Arrivals(self, items, self.around / "judge")
        look.look([message])
        return look.copies

    def give(self, item):
        roads.insist(self.server.port, item)
        self.promise(item)

    def close(self):
        super().close()
        shutil.rmtree(self.around, ignore_errors=True)


def places(w, draws, seed):
    """(length of the journal, its time, a disk as it then was, the draw or None): before each sync that has something to do, and
    at the end, with nothing more than what was synced; after each call with a part of the rest, so often as `draws` says."""
    begin, d, rest = w.promises[0][0], copy.deepcopy(w.disk), random.Random(seed)
    for at, record in enumerate(w.records):
        last = w.records[at - 1]
        if last.end >= begin and record.op == disk.SYNCED and d.has_pending(record.ino):
            yield last.end, record.time, d, None
        d.apply(record)
        for _ in range(draws if record.end >= begin and record.op != disk.SYNCED else 0):
            yield record.end, record.time, d, random.Random(rest.random())
    yield w.records[-1].end, w.records[-1].time, d, None


def started(folder, w, hop):
    """A server on the folder, as the operator's file has it."""
    assert (folder / "postern.conf").read_bytes(), "no configuration is left"
    (folder / "postern.conf").write_text(w.conf.replace(str(w.server.folder), str(folder)))
    server = postern.Postern(hop.port, folder=folder, init=False, settings=SETTINGS)
    return server.start(wait=False)


def holds(w, folder, place, hop, desk):
    """Raises where a disk does not hold what was promised. place: (length, time) at which the power went."""
    length, _ = place
    promised = [what for at, what in w.promises if at <= length]
    if "kit" in promised:
        for name in ("user.p12", "root.crt"):
            assert (folder / "kit" / name).read_bytes() == (w.server.folder / "kit" / name).read_bytes(), f"{name} is not what it was"
    server = started(folder, w, hop)
    try:
        server.wait_ready(20)
        if "alias" in promised:
            deliver(w, server, place, hop, promised, desk)
        server.stop()
        roads.integrity(server)
        assert not re.search("Sanitizer|Assertion", server.log), "a fault of our own"
    except Exception as e:  # noqa: B902 - whatever it is, it is a finding
        raise AssertionError(f"{type(e).__name__}: {e}\n{server.log[-1500:]}") from None
    finally:
        server.kill()


def deliver(w, server, place, hop, promised, desk):
    """What was not yet accepted is sent again; everything arrives, and what arrives twice has a reason to."""
    length, when = place
    items = [item for item in w.items if item.body is None or "correspondent" in promised]
    again = [item for item in items if item not in promised]
    for item in again:
        roads.insist(server.port, item)
    before = collections.Counter(item for at, _, item in w.delivered if at < length)
    late = collections.Counter(item for at, then, item in w.delivered if at <= length and then + NOTED > when)
    after = roads.Arrivals(w, items, desk)
    roads.delivered(after, lambda: list(hop.messages), [item for item in items if not before[item]])
    roads.drained(server)
    after.look(list(hop.messages))
    for item in items:
        more = before[item] + after.copies[item] - 1
        assert more <= late[item] + (item in again), f"{item.says} came {more} times too often"


class Siege:
    """The places of one life, `jobs` at a time. found: what did not hold, in words."""

    def __init__(self, w, jobs):
        self.w, self.found, self.held, self.tried = w, [], 0, collections.Counter()
        self.room, self.pool = threading.Semaphore(2 * jobs), concurrent.futures.ThreadPoolExecutor(jobs)

    def besiege(self, draws, most, seed, enough=math.inf):
        """most: no more than about so many places, evenly spread, and those right behind each promise; enough: no more after so
        many findings. Gives how many there are."""
        given = collections.deque(at for at, _ in self.w.promises)
        total = sum(1 for _ in places(self.w, draws, seed))
        step = max(1, -(-total // most)) if most else 1
        for number, (length, when, d, draw) in enumerate(places(self.w, draws, seed)):
            told = False
            while not draw and given and given[0] <= length:
                told = bool(given.popleft())
            if len(self.found) >= enough:
                break
            if told or number % step == 0:
                self.lay(number, length, when, d, draw)
        self.pool.shutdown()
        return total

    def lay(self, number, length, when, d, draw):
        """Makes the disk, and hands it on."""
        self.room.acquire()
        folder = postern.new_folder()
        d.write(folder, (lambda: draw.random() < 0.5) if draw else (lambda: False))
        kind = "torn" if draw else "synced"
        self.tried[kind] += 1
        self.pool.submit(self.one, f"place {number}, {kind}, octet {length}", folder, (length, when))

    def one(self, name, folder, place):
        maildirs = pathlib.Path(tempfile.mkdtemp(prefix="siege-"))
        try:
            with nexthop.NextHop(maildirs) as hop:
                holds(self.w, folder, place, hop, maildirs / "desk")
            self.held += 1
        except Exception as e:  # noqa: B902 - whatever it is, it is a finding, and the siege goes on
            self.found.append(f"{name}: {type(e).__name__}: {e}")
        finally:
            self.room.release()
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(maildirs, ignore_errors=True)


def life(args, seed):
    """One life and its places; gives what came of it, with the words of what did not hold."""
    folder, began = pathlib.Path(tempfile.mkdtemp(prefix="siege-")), time.monotonic()
    with contextlib.closing(Watched(folder)) as w:
        w.live()
        siege = Siege(w, args.jobs)
        total = siege.besiege(args.draws, args.most, seed)
        calls = {name: sum(r.op == op for r in w.records) for name, op in disk.NAMES.items()}
    shutil.rmtree(folder, ignore_errors=True)
    said = {"calls": calls, "places": total, "tried": dict(siege.tried), "held": siege.held, "failed": len(siege.found), "seed": seed,
            "seconds": round(time.monotonic() - began)}
    for key, value in said.items():
        print(f"{key:10} {value}", flush=True)
    print(*siege.found, sep="\n", flush=True)
    return {**said, "found": siege.found}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--draws", type=int, default=1, help="of what was not synced, after each call")
    parser.add_argument("--most", type=int, default=0, help="no more than so many places, evenly spread")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of the first life; the next has the next")
    parser.add_argument("--hours", type=float, default=0, help="lives anew, with other draws, until then")
    args = parser.parse_args()
    end, lives = time.monotonic() + 3600 * args.hours, []
    while not lives or time.monotonic() < end:
        lives.append(life(args, args.seed + len(lives)))
    target = TESTS.parent / "var/siege-power.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(lives, indent=1) + "\n")
    return 1 if any(one["failed"] or not one["held"] for one in lives) else 0


if __name__ == "__main__":
    sys.exit(main())
