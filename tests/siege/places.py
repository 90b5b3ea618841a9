#!/usr/bin/python3
"""tests/siege/places.py [deaths|faults|sockets|tls|memory]... [--jobs N] [--only ROLE:WHAT] [--road in|out|both] [--most N]: the
road of mail in to an alias, that of answers out, or both, broken at every place there is.

deaths: a role, or what it forks, dies at its k-th message, or core at the k-th durable step of its store, for k = 1, 2, 3... until
the whole road is over before it comes to k: no place is left out. faults: the k-th write, sync, change of size or opening of a
role fails (faults.c), in the same way; sockets: gate's k-th call to the internet; tls: the same, while both legs of each road are
under TLS. memory: a role's k-th allocation fails, for k that grow by an eighth each time, since there are tens of thousands.

Each case is a server of its own on a copy of one state; its senders insist as MTAs do. What got a 250 must be delivered and open
with the user's key, or be to the octet what was answered, with nothing of the user in it; nothing arrives in clear; nothing comes
twice unless the broken role knows of deliveries, and then twice at most; the role is back within a second; nobody spins; the
queue drains; the store passes its own check. Prints a line for each kind of place, and what did not hold; writes
var/siege-places.json; ends with 1 when something did not hold."""

import argparse
import collections
import concurrent.futures
import itertools
import json
import pathlib
import re
import shutil
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e"), str(TESTS / "judges")]

import certs  # noqa: E402
import messages  # noqa: E402
import nexthop  # noqa: E402
import postern  # noqa: E402
import reply  # noqa: E402
import roads  # noqa: E402
from run import run  # noqa: E402
from sessions import certificate  # noqa: E402
from test_crash import copy_of  # noqa: E402
from world import World  # noqa: E402

# kind, road, role, what is counted, how it fails.
TABLE = [
    ("deaths", "in", "core gate scribe vault keygen opener", "ipc", ""),
    ("deaths", "in", "core", "store", ""),
    ("deaths", "out", "core gate opener vault", "ipc", ""),
    ("deaths", "out", "core", "store", ""),
    ("faults", "in out", "core", "write", "ENOSPC EIO SHORT"),
    ("faults", "in out", "core", "sync", "EIO ENOSPC"),
    ("faults", "in out", "core", "size", "ENOSPC EIO"),
    ("faults", "in out", "core", "open", "EMFILE EIO"),
    ("faults", "in out", "gate", "write", "ENOSPC SHORT"),
    ("faults", "in out", "gate", "open", "EMFILE"),
    ("faults", "in", "scribe", "write", "ENOSPC EIO SHORT"),
    ("faults", "in", "scribe", "sync", "EIO"),
    ("faults", "in", "scribe", "open", "EMFILE"),
    ("faults", "out", "opener", "write", "ENOSPC EIO SHORT"),
    ("faults", "out", "opener", "sync", "EIO"),
    ("faults", "out", "opener", "open", "EMFILE"),
    ("sockets", "both", "gate", "send", "ECONNRESET EPIPE ETIMEDOUT ENOBUFS SHORT EAGAIN+200"),
    ("sockets", "both", "gate", "recv", "ECONNRESET ETIMEDOUT EINTR SHORT EAGAIN+200"),
    ("sockets", "both", "gate", "accept", "EMFILE+1500 ENFILE+1500 ENOBUFS+1500 ECONNABORTED"),
    ("sockets", "both", "gate", "connect", "ECONNREFUSED ETIMEDOUT ENETUNREACH EMFILE"),
    ("sockets", "both", "gate", "socket", "EMFILE ENOBUFS"),
    ("tls", "both", "gate", "send", "ECONNRESET EPIPE ETIMEDOUT ENOBUFS SHORT EAGAIN+200"),
    ("tls", "both", "gate", "recv", "ECONNRESET ETIMEDOUT EINTR SHORT EAGAIN+200"),
    ("memory", "both", "core gate scribe opener vault keygen", "alloc", "ENOMEM"),
]
AGAIN = {"core": 2, "gate": 2}  # more copies than were sent: deliveries whose note was lost. Of the other roles: none
BACK = 1.0
CALM = 100  # calls that may fail one after the other, where all fail for so long: whoever makes more spins
GROWS = 8


def siege_table():
    for kind, ways, roles, what, errors in TABLE:
        for way in ways.split():
            for role in roles.split():
                yield from ((kind, way, role, f"{what}:{e}" if e else what) for e in errors.split() or [""])


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


def road(server, items, hop, since, desk, again):
    """Everything is sent, accepted and delivered, and the queue drains; asserts what is promised."""
    for item in items:
        roads.insist(server.port, item, tls=bool(hop.tls))
    arrivals = roads.Arrivals(server.world, items, desk)
    roads.delivered(arrivals, lambda: hop.messages[since:], items)
    roads.drained(server)
    arrivals.look(hop.messages[since:])
    assert all(m.tls for m in hop.messages[since:]) or not hop.tls, "not under TLS"
    more = sum(arrivals.copies.values()) - len(items)
    assert more <= again and all(n <= 2 for n in arrivals.copies.values()), f"{more} copies too many"


def one(w, env, case, items, happened):
    """(whether the place exists, the worst gap in seconds, how many roles ended, what did not hold or None)."""
    marker = postern.new_folder()
    marker.chmod(0o777)
    server = copy_of(w, {**env, "POSTERN_KILL_MARKER": str(marker / "done"), "POSTERN_FAULT_MARKER": str(marker / "done")})
    gaps, wrong, server.world = Gaps(server), None, w
    try:
        server.start(wait=False)
        gaps.start()
        server.wait_ready(20)
        road(server, items, w.hop, len(w.hop.messages), marker / "desk", AGAIN.get(case.split(":")[0], 0))
        gaps.stop()
        assert gaps.worst <= BACK, f"away for {gaps.worst:.1f} s"
        assert ":accept:" not in case or failed(server, marker / "done") <= CALM, "it spins"
        server.stop()
        roads.integrity(server)
        assert not re.search("Sanitizer|Assertion", server.log), "a fault of our own"
    except Exception as e:  # noqa: B902 - whatever it is, it is a finding, and the siege goes on
        wrong = f"{case}: {type(e).__name__}: {e}\n{server.log[-1500:]}"
    finally:
        gaps.stop()
        server.kill()
        there, ended = happened(server, marker / "done"), len(re.findall("ev=role-ended", server.log))
        shutil.rmtree(server.folder, ignore_errors=True)
        shutil.rmtree(marker, ignore_errors=True)
    return bool(there), gaps.worst, ended, wrong


def died(server, marker):
    return "dies as ordered" in server.log


def failed(server, marker):
    """How many calls did."""
    return marker.stat().st_size if marker.exists() else 0


def world_of(folder, hop, way):
    """A stopped server with an alias and a correspondent, and what takes the road: under TLS, where the next hop has it."""
    (folder / "world").mkdir()
    settings = {"delivery.retry": "1s, 1s, 2s", "server.scribes": 1, "profiles.pool": 2}
    if hop.tls:
        settings.update({**certificate(folder), "route default.tls": "encrypt"})
    w = World(hop, folder / "world", settings=settings)
    items = list(roads.mails(w.alias, way)) if way != "out" else []
    if way != "in":
        client = reply.Client(w.server.port, w.keys, w.folder)
        items += roads.answers(client, w.relay(messages.plain(w.alias)), way)
    w.server.stop()
    return w, items


def steps(kind, most):
    """The k of the places that are tried, for as long as there are any: each, or ever further apart."""
    apart = (1 if most else GROWS) if kind == "memory" else GROWS // 2 if most else 0
    k = 1
    for _ in range(most) if most else itertools.count():
        yield k
        k += 1 + (k // apart if apart else 0)


def siege_of(kind, way, role, what, layer, most):
    """All places of one kind, one after the other."""
    folder, found, worst, ended, places = pathlib.Path(tempfile.mkdtemp(prefix="siege-")), [], 0.0, 0, 0
    tls = certs.Authority(folder / "hop").server("hop") if kind == "tls" else None
    with nexthop.NextHop(folder / "maildirs", tls=tls) as hop:
        w, items = world_of(folder, hop, way)
        for k in steps(kind, most):
            case = f"{role}:{what}:{k}"
            env = {"POSTERN_KILL": case} if kind == "deaths" else {"POSTERN_FAULT": case, "LD_PRELOAD": str(layer)}
            there, gap, ends, wrong = one(w, env, case, items, died if kind == "deaths" else failed)
            worst, ended, places = max(worst, gap), ended + ends, places + there
            found += [wrong] if wrong else []
            if not there:
                break
        w.close()
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{kind:7} {way:4} {role + ':' + what:20} {places:4} places, {ended:4} deaths, away {worst:.2f} s at most, {len(found)} did not hold", flush=True)
    for wrong in found:
        print(wrong, flush=True)
    return {"kind": kind, "road": way, "role": role, "what": what, "places": places, "deaths": ended, "away": round(worst, 2),
            "failed": len(found)}


def layer_in(folder):
    """faults.c, built where the roles' own users can read it."""
    layer = folder / "faults.so"
    run("gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", layer, TESTS / "siege/faults.c", "-ldl")
    return layer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=["deaths", "faults", "sockets", "tls", "memory"])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="what a place's name begins with: core:ipc, gate")
    parser.add_argument("--road", default="", help="in, out or both: this one alone")
    parser.add_argument("--most", type=int, default=0, help="no more than so many places of each kind, ever further apart")
    args = parser.parse_args()
    layers = postern.new_folder()
    layer = layer_in(layers)
    work = [row for row in siege_table() if row[0] in args.kinds and args.road in ("", row[1]) and
            ":".join(row[2:]).startswith(args.only)]
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
