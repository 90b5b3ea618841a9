#!/usr/bin/python3
"""tests/siege/scale.py rows|queue [...]: whether size makes slow. Two servers of the same build stand beside each other, a small
one and a large one, and are asked in turn, so that a busy moment of the machine is busy for both.

rows: a store of --aliases and --correspondents beside one that is small: the time of RCPT to known and to unknown addresses, by the
clock and by the processor of gate and core (the scheduler's nanoseconds, of which other work of the machine takes none), of
letters from new senders, of `postern stat`; the size on disk.

queue: --queued messages for a provider that does not answer beside none: how many a second are accepted and delivered to
others, core's processor time for each and its memory. Once while they wait for their time, once when all are due.

Exits with 1 when a look-up takes more than 1 ms more of the processor (p99), or accepting and delivering more than a tenth more of
it in core, also when all are due."""

import argparse
import json
import pathlib
import random
import statistics
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e"), str(TESTS / "judges")]

import fill  # noqa: E402
import memory  # noqa: E402
import messages  # noqa: E402
import nexthop  # noqa: E402
import smtp  # noqa: E402
from world import World  # noqa: E402

LOOKUP_MS, SLOWER = 1.0, 1.10
SETTINGS = {"server.log_level": "warn", "policy.new_per_hour": 0, "smtp.sessions_per_client": 1000, "smtp.errors": 1000}


def pair(hop, folder, **more):
    """{name: World}: alike but for what is filled in later."""
    worlds = {}
    for name in ("small", "large"):
        (folder / name).mkdir()
        worlds[name] = World(hop, folder / name, settings={**SETTINGS, **more})
    return worlds


def percentiles(times):
    cut = statistics.quantiles(times, n=100)
    return {"p50_ms": round(cut[49], 3), "p99_ms": round(cut[98], 3), "p99.9_ms": round(sorted(times)[int(len(times) * 0.999)], 3)}


def processor_ms(pids):
    return sum(int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e6


# ---- rows


class Asker:
    """One session that asks for one recipient after the other."""

    def __init__(self, w):
        self.w, self.asked = w, 0
        self.client = None
        self.roles = w.server.roles()["gate"] + w.server.roles()["core"]

    def ask(self, address):
        if self.asked % 80 == 0:
            if self.client:
                self.client.__exit__(None, None, None)
            self.client = smtp.Smtp(self.w.server.port)
        if self.asked % 20 == 0:  # a transaction has so many recipients at most
            self.client.cmd("RSET")
            self.client.cmd("MAIL FROM:<asker@shop.example>")
        self.asked += 1
        cpu, began = processor_ms(self.roles), time.perf_counter()
        answer = self.client.cmd(f"RCPT TO:<{address}>")
        return (time.perf_counter() - began) * 1000, processor_ms(self.roles) - cpu, answer.code


def real_aliases(w, count):
    return [w.server.alias(w.user, f"real{i}@relay.example") for i in range(count)]


def ask_both(worlds, known, rounds):
    """{server: {kind: {by: percentiles}}}"""
    asked = {"known": (lambda: random.choice(known), 250), "unknown": (lambda: f"nobody{random.getrandbits(60):x}@relay.example", 550)}
    times, askers = {n: {kind: [] for kind in asked} for n in worlds}, {n: Asker(w) for n, w in worlds.items()}
    for i in range(rounds):
        for name in random.sample(list(worlds), 2):
            for kind, (address, wanted) in asked.items():
                *taken, code = askers[name].ask(address())
                assert code == wanted, code
                times[name][kind].append(taken)
    return {n: {kind: dict(zip(("clock", "processor"), map(percentiles, zip(*t)))) for kind, t in both.items()} for n, both in times.items()}


def letters(worlds, count):
    """ms from MAIL to the 250 for the dot, each from a sender never seen; a pool was filled for neither."""
    times = {n: [] for n in worlds}
    for i in range(count):
        for name in random.sample(list(worlds), 2):
            mail = messages.head(f"new{i}@shop.example", worlds[name].alias, "size") + messages.text("size\n")
            began = time.perf_counter()
            assert smtp.send(worlds[name].server.port, f"new{i}@shop.example", worlds[name].alias, mail).ok
            times[name].append((time.perf_counter() - began) * 1000)
    return {n: percentiles(t) for n, t in times.items()}


def operators(worlds):
    """ms of the words of an operator that count rows: core does nothing else meanwhile."""
    found = {}
    for name, w in worlds.items():
        began = time.perf_counter()
        w.server.stat()
        found[name] = round((time.perf_counter() - began) * 1000)
    return found


def rows(args, hop, folder):
    worlds = pair(hop, folder)
    known = [real_aliases(w, args.known) for w in worlds.values()][0]
    large = worlds["large"]
    large.server.stop()
    began = time.monotonic()
    with fill.database(large.server) as db:
        fill.aliases(db, args.aliases)
        fill.correspondents(db, args.correspondents, args.correspondents // 5)
    filled = time.monotonic() - began
    began = time.monotonic()
    large.server.start(seconds=120)
    found = {"aliases": args.aliases, "correspondents": args.correspondents, "filled_s": round(filled), "start_s": round(time.monotonic() - began, 1),
             "database_bytes": {n: fill.size(w.server) for n, w in worlds.items()}}
    ask_both(worlds, known, 200)
    found["rcpt"] = ask_both(worlds, known, args.rounds)
    found["new_senders"] = letters(worlds, args.letters)
    found["stat_ms"] = operators(worlds)
    found["core_bytes"] = {n: memory.pss(w.server.roles()["core"][0]) for n, w in worlds.items()}
    found["slower_p99_ms"] = {by: {k: round(found["rcpt"]["large"][k][by]["p99_ms"] - found["rcpt"]["small"][k][by]["p99_ms"], 3)
                                   for k in ("known", "unknown")} for by in ("clock", "processor")}
    found["held"] = max(found["slower_p99_ms"]["processor"].values()) < LOOKUP_MS
    for w in worlds.values():
        w.close()
    return found


# ---- queue


def burst(w, count, number):
    """(ms of core's processor time a message, messages a second) for `count` messages, accepted and delivered."""
    (core,), since, began = w.server.roles()["core"], len(w.hop.messages), time.monotonic()
    cpu = processor_ms([core])
    with smtp.Smtp(w.server.port) as client:
        for i in range(count):
            mail = messages.head("orders@shop.example", w.alias, f"burst {number}-{i}") + messages.text(f"{number} {i}\n")
            client.cmd("MAIL FROM:<orders@shop.example>")
            client.cmd(f"RCPT TO:<{w.alias}>")
            client.cmd("DATA")
            client.raw(smtp.stuffed(mail))
            answer = client.reply()
            assert answer.code == 250, str(answer)
    w.hop.wait(count, since=since, rcpt=w.keys.address, seconds=120)
    took = time.monotonic() - began
    return (processor_ms([core]) - cpu) / count, count / took


def bursts(worlds, rounds, count):
    """Medians over rounds; the ratio is taken within its round."""
    seen = {n: [] for n in worlds}
    for number in range(rounds):
        for name, w in worlds.items():
            seen[name].append(burst(w, count, f"{name}{number}{time.monotonic()}"))
    median = {n: {"core_cpu_ms": round(statistics.median(c for c, _ in s), 3), "per_s": round(statistics.median(r for _, r in s), 1)}
              for n, s in seen.items()}
    pairs = list(zip(seen["large"], seen["small"]))
    return {**median, "cpu_ratio": round(statistics.median(a[0] / b[0] for a, b in pairs), 3),
            "time_ratio": round(statistics.median(b[1] / a[1] for a, b in pairs), 3)}


def one_waits(w):
    """A second user whose provider does not answer, and one message for that one, tried once."""
    bob = w.server.user("bob")
    w.server.issue(w.server.mailbox(bob, "bob@dead.example"), sender_key="p256")
    alias = w.server.alias(bob, "parcels@relay.example")
    assert w.send(messages.plain(alias), alias).ok
    end = time.monotonic() + 30
    while w.server.queue()[0]["tries"] == 0:
        assert time.monotonic() < end
        time.sleep(0.2)


def queue(args, hop, folder):
    # Nothing listens at port 9 of this address: each try is refused at once, which is the dearest kind of dead for core.
    worlds = pair(hop, folder, **{"routes.dead.example": "127.0.0.9:9", "delivery.retry": "1m, 5m, 15m, 1h"})
    one_waits(worlds["large"])
    found = {"queued": args.queued}
    began = time.monotonic()
    worlds["large"].server.stop()
    now = int(time.time())
    with fill.database(worlds["large"].server) as db:
        fill.queue(db, args.queued, f"{now + 900} + abs(random()) % 3600")
    found["filled_s"] = round(time.monotonic() - began)
    began = time.monotonic()
    worlds["large"].server.start(seconds=120)
    found["start_s"] = round(time.monotonic() - began, 1)
    bursts(worlds, 1, args.count)
    found["waiting"] = bursts(worlds, args.rounds, args.count)
    found["core_bytes"] = {n: memory.pss(w.server.roles()["core"][0]) for n, w in worlds.items()}
    found["database_bytes"] = {n: fill.size(w.server) for n, w in worlds.items()}
    found["stat_ms"] = operators(worlds)
    worlds["large"].server.stop()
    with fill.database(worlds["large"].server) as db:
        db.execute("UPDATE queue SET next_try = 0 WHERE tries > 0")
    worlds["large"].server.start(seconds=120)
    time.sleep(2)
    found["all_due"] = bursts(worlds, args.rounds, args.count)
    found["core_bytes_all_due"] = {n: memory.pss(w.server.roles()["core"][0]) for n, w in worlds.items()}
    found["held"] = max(found["waiting"]["cpu_ratio"], found["all_due"]["cpu_ratio"]) <= SLOWER
    for w in worlds.values():
        w.server.stop(seconds=60)
        w.server.logs.clear()
        w.close()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("rows", "queue"))
    parser.add_argument("--aliases", type=int, default=1000000)
    parser.add_argument("--correspondents", type=int, default=5000000)
    parser.add_argument("--known", type=int, default=1000, help="aliases that both have, and that are asked for")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--letters", type=int, default=100)
    parser.add_argument("--queued", type=int, default=1000000)
    parser.add_argument("--count", type=int, default=200, help="messages of one burst")
    args = parser.parse_args()
    args.rounds = args.rounds or {"rows": 5000, "queue": 5}[args.what]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scale-"))
    with nexthop.NextHop(folder / "maildirs") as hop:
        found = {"rows": rows, "queue": queue}[args.what](args, hop, folder)
    print(json.dumps(found, indent=1), flush=True)
    target = TESTS.parent / f"var/scale-{args.what}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if found["held"] else 1


if __name__ == "__main__":
    sys.exit(main())
