#!/usr/bin/python3
"""tests/siege/replies.py [--answers N] [--seed S]: many answers under load, while every role is killed, by counter and by clock.

Answers are written ahead (bulk.py: signed, encrypted to one reverse address), sent over several connections by a provider that
insists until it hears 250, beside mail to the alias from ever new senders. Meanwhile each life of a role dies at a message or
at a durable step that was drawn for it (see ipc/killer.h), and every few seconds one role more is killed from outside. At the
end: what got a 250 was delivered; it was delivered twice only where gate or core died between the two; each copy is, to the
octet, the body that was written and names the user nowhere; the store passes its own check. Prints the counts and writes
them to var/siege-replies.json; exits with 1 when one of these does not hold."""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import signal
import sqlite3
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e"), str(TESTS / "judges")]

import bulk  # noqa: E402
import canaries  # noqa: E402
import judge  # noqa: E402
import messages  # noqa: E402
import nexthop  # noqa: E402
import postern  # noqa: E402
import reply  # noqa: E402
import smtp  # noqa: E402
from world import World  # noqa: E402

# role, what is counted, the latest k, and how many lives end so when 10,000 answers pass.
DEATHS = [("core", "ipc", 2500, 30), ("core", "store", 120, 15), ("gate", "ipc", 800, 30), ("opener", "ipc", 200, 30),
          ("vault", "ipc", 250, 30), ("scribe", "ipc", 60, 15), ("keygen", "ipc", 10, 6)]
BY_CLOCK = ["opener", "core", "gate", "vault", "scribe", "keygen"]
NOTED = 0.5  # seconds after which a death is seen at the latest, on a machine with other work
UNDER_WAY = 16  # deliveries that one death of gate or core may repeat, in the mean: as many as there are connections


def orders(answers, draw):
    """What POSTERN_KILL is to hold, in random order: a third of the deaths come within the first messages of a life."""
    found = []
    for role, what, latest, lives in DEATHS:
        for _ in range(max(1, lives * answers // 10000)):
            found.append(f"{role}:{what}:{draw.randint(1, 30 if draw.random() < 0.33 else latest)}")
    draw.shuffle(found)
    return ",".join(found)


class Deaths(threading.Thread):
    """Watches who dies, and kills by the clock. seen: (time, role); by_clock: {role: times}."""

    def __init__(self, server, every):
        super().__init__()
        self.server, self.every, self.stopping = server, every, threading.Event()
        self.seen, self.by_clock = [], collections.Counter()

    def run(self):
        alive, number, next_kill = {}, 0, time.time() + self.every
        while not self.stopping.wait(0.05):
            now = {pid: role for role, pids in self.server.roles().items() for pid in pids}
            self.seen += [(time.time(), role) for pid, role in alive.items() if pid not in now]
            alive = now
            if time.time() >= next_kill:
                self.kill(BY_CLOCK[number % len(BY_CLOCK)], now)
                number, next_kill = number + 1, time.time() + self.every

    def kill(self, role, now):
        for pid in [p for p, r in now.items() if r == role][:1]:
            try:
                os.kill(pid, signal.SIGKILL)  # one that this run has started
                self.by_clock[role] += 1
            except ProcessLookupError:
                pass

    def stop(self):
        self.stopping.set()
        self.join()


def insist(port, sender, rcpts, raw, tries, deadline):
    """As a provider does: until it hears 250. False when it was refused for good, or not taken in time."""
    answers = []
    while time.monotonic() < deadline:
        tries["all"] += 1
        try:
            sent = smtp.send(port, sender, rcpts, raw)
            if sent.ok:
                return True
            answers = [a for a in (sent.mail, *sent.rcpts.values(), sent.dot) if a]
            if any(a.code >= 500 for a in answers):
                tries["refused"] += 1
                print("refused:", [str(a) for a in answers], flush=True)
                return False
            tries["later"] += 1
        except (OSError, EOFError, IndexError):
            tries["lost"] += 1
        time.sleep(0.05)
    print("not taken:", sender, [str(a) for a in answers], flush=True)
    return False


class Inbound(threading.Thread):
    """Mail to the alias, each from a new sender, so that scribes, vault and keygen have work too. taken: how many got a 250."""

    def __init__(self, world, deadline):
        super().__init__()
        self.world, self.deadline, self.stopping, self.taken = world, deadline, threading.Event(), 0

    def run(self):
        while not self.stopping.wait(0.3):
            says = messages.text(f"inbound-number-{self.taken:06}\n")
            sender = f"new{self.taken}@shop.example"
            raw = messages.head(sender, self.world.alias, "inbound") + says
            self.taken += insist(self.world.server.port, sender, self.world.alias, raw, collections.Counter(), self.deadline)

    def stop(self):
        self.stopping.set()
        self.join()


def body_of(number):
    return f"siege-number-{number:06} begins,\r\nand siege-number-{number:06} ends here.\r\n"


def write_all(client, done, to, answers):
    started = time.monotonic()
    writer = bulk.Writer(client, done, to)
    writer.show(messages.text(body_of(0)))
    letters = [writer.write(messages.text(body_of(n)), program=list(reply.CLIENTS)[n % len(reply.CLIENTS)]) for n in range(answers)]
    print(f"written: {len(letters)} answers in {time.monotonic() - started:.0f} s", flush=True)
    return letters


def besieged_world(hop, folder, marker, kills):
    """A user with a correspondent to answer, made in peace; then the server starts anew with its orders to die."""
    w = World(hop, folder, sender_key="rsa2048", settings={
        "delivery.retry": "1s, 1s, 2s", "server.log_level": "warn", "policy.user_answers_hour": 0})
    client = reply.Client(w.server.port, w.keys, w.folder)
    done = w.relay(messages.plain(w.alias))
    to = client.learn(done)
    w.server.stop()
    w.server.env = {"POSTERN_KILL": kills, "POSTERN_KILL_MARKER": str(marker / "taken")}
    return w, client, done, to


def besiege(args):
    folder, marker, draw = pathlib.Path(tempfile.mkdtemp(prefix="siege-")), postern.new_folder(), random.Random(args.seed)
    marker.chmod(0o777)
    (folder / "world").mkdir()
    with nexthop.NextHop(folder / "maildirs") as hop:
        w, client, done, to = besieged_world(hop, folder / "world", marker, orders(args.answers, draw))
        letters = write_all(client, done, to, args.answers)
        since, tries, started = len(hop.messages), collections.Counter(), time.monotonic()
        deadline = started + args.seconds
        w.server.start(seconds=60)
        deaths, inbound = Deaths(w.server, args.kill_every), Inbound(w, deadline)
        deaths.start()
        inbound.start()
        with concurrent.futures.ThreadPoolExecutor(args.connections) as pool:
            taken = list(pool.map(lambda x: insist(w.server.port, w.keys.address, x.rcpts, x.raw, tries, deadline), letters))
        took = time.monotonic() - started
        inbound.stop()
        drained = drain(w.server)
        deaths.stop()
        w.server.stop()
        found = judge_it(w, hop.messages[since:], taken, inbound.taken, deaths)
        found.update(by_counter=len(re.findall(r"ev=role-ended .*signal=4\b", w.server.log)), seed=args.seed, seconds=round(took),
                     tries=dict(tries), drained=drained, integrity=integrity(w.server))
        return report(args, found)


def drain(server, seconds=180):
    """Until the queue is empty; roles may still die on orders that are left."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            server.cli("queue", "flush")
            if not server.queue():
                time.sleep(2)
                return not server.queue()
        except Exception as e:  # noqa: B902 - the control socket is core's, and core may just have died
            print("asking again:", str(e)[:100], flush=True)
        time.sleep(0.5)
    return False


def integrity(server):
    """SQLite's own word on each database that the server leaves."""
    said = {}
    for path in server.folder.rglob("*.db"):
        with sqlite3.connect(path) as db:
            said[path.name] = db.execute("PRAGMA integrity_check").fetchone()[0]
    return said


def unexplained(out, deaths):
    """The repeats of a delivery between which neither gate nor core died; and how many repeats there are."""
    last, wrong, twice = {}, [], 0
    for number, m in out:
        if number in last:
            twice += 1
            if not any(role in ("gate", "core") and last[number] - NOTED <= at <= m.at + NOTED for at, role in deaths):
                wrong.append(number)
        last[number] = m.at
    return wrong, twice


def judge_it(w, arrived, taken, inbound, deaths):
    """What was promised, as numbers; those of report() below must be as it says."""
    outward = [m for m in arrived if m.rcpts != [w.keys.address]]
    named = [(re.search(rb"siege-number-(\d{6})", m.raw), m) for m in outward]
    out = [(int(found[1]), m) for found, m in named if found]
    flock, got = canaries.flock_of(w.keys), {n for n, _ in out}
    wrong, twice = unexplained(out, deaths.seen)
    sealed = [m for m in arrived if m.rcpts == [w.keys.address]]
    inner = set()
    for m in sealed:
        inner |= set(re.findall(rb"inbound-number-\d{6}", judge.open_sealed(w.judge, m.raw).entity))
    return {
        "answers": len(taken), "accepted": sum(taken), "delivered": len(out), "lost": len([n for n, ok in enumerate(taken) if ok and n not in got]),
        "twice": twice, "twice_unexplained": len(wrong), "other_outward": len(outward) - len(out),
        "altered": len([n for n, m in out if not m.raw.endswith(b"\r\n\r\n" + body_of(n).encode())]),
        "naming_the_user": len([m for m in outward if canaries.leaks(m.raw, flock)]),
        "inbound_accepted": inbound, "inbound_delivered": len(inner), "inbound_in_clear": len([m for m in sealed if b"inbound-number" in m.raw]),
        "faults": sum(len(m.faults) for m in arrived), "deaths": dict(collections.Counter(r for _, r in deaths.seen)),
        "by_clock": dict(deaths.by_clock),
    }


def report(args, found):
    must_be_none = ("lost", "twice_unexplained", "other_outward", "altered", "naming_the_user", "inbound_in_clear", "faults")
    ends = sum(found["deaths"].get(role, 0) for role in ("gate", "core"))
    good = (found["accepted"] == found["answers"] and not any(found[k] for k in must_be_none) and found["drained"]
            and found["twice"] <= UNDER_WAY * ends and found["inbound_delivered"] == found["inbound_accepted"]
            and found["integrity"] and set(found["integrity"].values()) == {"ok"})
    found.update(held=bool(good), twice_most=UNDER_WAY * ends)
    for key, value in found.items():
        print(f"{key:18} {value}", flush=True)
    target = TESTS.parent / "var/siege-replies.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of the places where roles die")
    parser.add_argument("--kill-every", type=float, default=4.0, help="seconds between kills from outside")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2400, help="after which what is not accepted counts as refused")
    return besiege(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
