#!/usr/bin/python3
"""tests/siege/places.py [deaths|faults] [--jobs N] [--only ROLE:WHAT]: the inbound road, broken at every place there is.

deaths: a role dies at its k-th message, or core at the k-th durable step of its store, for k = 1, 2, 3... until the whole road
is over before it comes to k: no place is left out. faults: the k-th write, sync, change of size or opening of a role fails
(faults.c), in the same way. Each case is a server of its own on a copy of one state; its senders insist as MTAs do. What got a
250 must be delivered and open with the user's key; nothing arrives in clear; nothing comes more than once more than it was sent;
the role is back within a second; the queue drains; the store passes its own check. Prints a line for each kind of place, and
what did not hold; writes var/siege-places.json; ends with 1 when something did not hold."""

import argparse
import collections
import concurrent.futures
import contextlib
import itertools
import json
import pathlib
import re
import shutil
import sqlite3
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e"), str(TESTS / "judges")]

import judge  # noqa: E402
import messages  # noqa: E402
import nexthop  # noqa: E402
import postern  # noqa: E402
import smtp  # noqa: E402
from run import run  # noqa: E402
from test_crash import copy_of  # noqa: E402
from world import World  # noqa: E402

DEATHS = [("core", "ipc"), ("core", "store"), ("gate", "ipc"), ("scribe", "ipc"), ("vault", "ipc"), ("keygen", "ipc"), ("opener", "ipc")]
FAULTS = [(role, f"{call}:{error}") for role, call, errors in [
    ("core", "write", "ENOSPC EIO SHORT"), ("core", "sync", "EIO ENOSPC"), ("core", "size", "ENOSPC EIO"),
    ("core", "open", "EMFILE EIO"), ("gate", "write", "ENOSPC SHORT"), ("gate", "open", "EMFILE"),
    ("scribe", "write", "ENOSPC EIO SHORT"), ("scribe", "sync", "EIO"), ("scribe", "open", "EMFILE")] for error in errors.split()]
LARGE = 600_000  # octets: such a body gets a file of its own
AGAIN = 2  # more copies than were sent: deliveries whose note died
BACK = 1.0


def mails(alias, case):
    """A new correspondent, a known one, and a large one."""
    for i, (sender, size) in enumerate([("one", 0), ("one", 0), ("two", LARGE)]):
        says = f"canary {case} number {i}."
        raw = messages.head(f"{sender}@shop.example", alias, f"Number {i}") + messages.text(says + "\n" + "filler text\n" * (size // 12))
        yield f"{sender}@shop.example", says, raw


class Gaps(threading.Thread):
    """How long each role that died was away: worst, in seconds."""

    def __init__(self, server):
        super().__init__()
        self.server, self.stopping, self.worst = server, threading.Event(), 0.0

    def run(self):
        seen, gone = {}, {}
        while not self.stopping.wait(0.02):
            now = {role: set(pids) for role, pids in self.server.roles().items()}
            for role in set(seen) - set(now):
                gone[role] = time.monotonic()
            for role in set(gone) & set(now):
                self.worst = max(self.worst, time.monotonic() - gone.pop(role))
            seen = {**seen, **now} if not now else now

    def stop(self):
        self.stopping.set()
        self.join()


def insist(port, sender, alias, raw, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            sent = smtp.send(port, sender, alias, raw)
            if sent.ok:
                return
            answers = [a for a in (sent.mail, *sent.rcpts.values(), sent.dot) if a]
            assert all(a.code < 500 for a in answers), f"refused for good: {[str(a) for a in answers]}"
        except (OSError, EOFError, IndexError):
            pass
        time.sleep(0.05)
    raise AssertionError("never accepted")


def integrity(server):
    for path in server.folder.rglob("*.db"):
        with contextlib.closing(sqlite3.connect(path)) as db:
            said = db.execute("PRAGMA integrity_check").fetchone()[0]
            assert said == "ok", f"{path.name}: {said}"


def road(server, w, case, since):
    """Everything is sent, accepted and delivered, and the queue drains; asserts what is promised."""
    sent = list(mails(w.alias, case))
    for sender, _, raw in sent:
        insist(server.port, sender, w.alias, raw)
    end, opened = time.monotonic() + 40, []
    while True:
        arrived = w.hop.messages[since:]
        opened += [judge.open_sealed(w.judge, m.raw).entity for m in arrived[len(opened):]]
        missing = [says for _, says, _ in sent if not any(says.encode() in e for e in opened)]
        if not missing:
            break
        assert time.monotonic() < end, f"accepted and lost: {missing}"
        time.sleep(0.05)
    assert not [m for m in arrived if b"canary" in m.raw], "in clear"
    assert not [f for m in arrived for f in m.faults], "faults"
    while server.command("queue", "list", "--json", check=False)[1].strip() != b"[]":
        assert time.monotonic() < end, "the queue does not drain"
        time.sleep(0.1)
    own = [e for e in opened if b"canary" in e]
    assert len(own) <= len(sent) + AGAIN, f"{len(own)} copies of {len(sent)}"


def one(w, env, case, happened):
    """(whether the place exists, the worst gap in seconds, how many roles ended, what did not hold or None)."""
    marker = postern.new_folder()
    marker.chmod(0o777)
    server = copy_of(w, {**env, "POSTERN_KILL_MARKER": str(marker / "done"), "POSTERN_FAULT_MARKER": str(marker / "done")})
    gaps, wrong = Gaps(server), None
    try:
        server.start(wait=False)
        gaps.start()
        server.wait_ready(20)
        road(server, w, case, len(w.hop.messages))
        gaps.stop()
        assert gaps.worst <= BACK, f"away for {gaps.worst:.1f} s"
        server.stop()
        integrity(server)
        assert not re.search("Sanitizer|Assertion", server.log), "a fault of our own"
    except Exception as e:  # noqa: B902 - whatever it is, it is a finding, and the siege goes on
        wrong = f"{case}: {type(e).__name__}: {e}\n{server.log[-1500:]}"
    finally:
        gaps.stop()
        server.kill()
        there, ended = happened(server, marker / "done"), len(re.findall("ev=role-ended", server.log))
        shutil.rmtree(server.folder, ignore_errors=True)
        shutil.rmtree(marker, ignore_errors=True)
    return there, gaps.worst, ended, wrong


def died(role):
    return lambda server, marker: bool(re.search(rf"ev=role-ended who={role} .*signal=[94]\b", server.log))


def failed(server, marker):
    return marker.exists() and marker.stat().st_size > 0


def siege_of(kind, role, what, layer, most):
    """All places of one kind, one after the other."""
    folder, found, worst, ended = pathlib.Path(tempfile.mkdtemp(prefix="siege-")), [], 0.0, 0
    with nexthop.NextHop(folder / "maildirs") as hop:
        (folder / "world").mkdir()
        w = World(hop, folder / "world", settings={"delivery.retry": "1s, 1s, 2s", "server.scribes": 1, "profiles.pool": 2})
        w.server.stop()
        for k in itertools.count(1):
            case = f"{role}:{what}:{k}"
            env = {"POSTERN_KILL": case} if kind == "deaths" else {"POSTERN_FAULT": case, "LD_PRELOAD": str(layer)}
            there, gap, ends, wrong = one(w, env, case, died(role) if kind == "deaths" else failed)
            worst, ended = max(worst, gap), ended + ends
            found += [wrong] if wrong else []
            if not there or k == most:
                break
        w.close()
    shutil.rmtree(folder, ignore_errors=True)
    places = k - (not there)
    print(f"{kind} {role + ':' + what:20} {places:4} places, {ended:4} deaths, away {worst:.2f} s at most, {len(found)} did not hold", flush=True)
    for wrong in found:
        print(wrong, flush=True)
    return {"kind": kind, "role": role, "what": what, "places": places, "deaths": ended, "away": round(worst, 2), "failed": len(found)}


def layer_in(folder):
    """faults.c, built where the roles' own users can read it."""
    layer = folder / "faults.so"
    run("gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", layer, TESTS / "siege/faults.c", "-ldl")
    return layer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=["deaths", "faults"])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="what a place's name begins with: core:ipc, gate")
    parser.add_argument("--most", type=int, default=0, help="no more than so many places of each kind")
    args = parser.parse_args()
    layers = postern.new_folder()
    layer = layer_in(layers)
    work = [(kind, role, what) for kind in args.kinds for role, what in {"deaths": DEATHS, "faults": FAULTS}[kind]
            if f"{role}:{what}".startswith(args.only)]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        rows = list(pool.map(lambda x: siege_of(*x, layer, args.most), work))
    shutil.rmtree(layers)
    total = collections.Counter()
    for row in rows:
        total.update({k: row[k] for k in ("places", "deaths", "failed")})
    print(f"siege of places: {total['places']} places, {total['deaths']} deaths, {total['failed']} did not hold")
    target = TESTS.parent / "var/siege-places.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(rows, indent=1) + "\n")
    return 1 if total["failed"] or not total["places"] else 0


if __name__ == "__main__":
    sys.exit(main())
