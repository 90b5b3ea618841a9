#!/usr/bin/python3
"""tests/siege/soak.py [--minutes 15 | --hours H] [--every 20] [--load 0.7]: most of what can be served, for long, and a fault every
few seconds.

First the rate is found that the relay sustains with this load: mail from known correspondents, every tenth from a new one, every
two-hundredth in a file of its own, and every tenth message an answer that the user's client has signed and encrypted. Then `load`
times that rate is held by a clock; senders insist until they hear 250. Meanwhile one of FAULTS after the other: each role is killed;
the next hop hangs, refuses, closes, has no name; a role's calls fail for some seconds (faults.c); SIGHUP; crowds of clients.

Wanted: all that got a 250 is delivered; twice only where gate or core was broken between the two; nothing in clear (a sample is
opened); what leaves names the user nowhere; once it is over the queue is empty, the tables have grown by what RISES allows, the
bodies' files are those that are kept for the next ones, and each role has the descriptors and children that it began with. Memory:
of each life of a role, after its WARM_UP, the least of each minute; by the median minute, and by each life in all (growth()). It is
judged where there are lives long enough. What a role keeps once for good is brought about at the beginning of each life: core is made
to read all of its store, which is larger than what SQLite remembers of it, and gate is visited by a crowd (Warmth).

Figures to var/siege-soak.json; exits with 1 when one of these does not hold."""

import argparse
import collections
import contextlib
import errno
import json
import math
import mmap
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import statistics
import struct
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "bench"), str(TESTS / "e2e"), str(TESTS / "judges"), str(TESTS / "siege")]

import bulk  # noqa: E402
import canaries  # noqa: E402
import dns  # noqa: E402
import fill  # noqa: E402
import judge  # noqa: E402
import memory  # noqa: E402
import messages  # noqa: E402
import nexthop  # noqa: E402
import peers  # noqa: E402
import postern  # noqa: E402
import reply  # noqa: E402
import smtp  # noqa: E402
from overload import Slow  # noqa: E402
from places import layer_in  # noqa: E402
from replies import Deaths, drain, insist, integrity, unexplained  # noqa: E402
from sessions import Held  # noqa: E402
from world import World  # noqa: E402

KNOWN, SMALL, LARGE, CLIENTS, OPENED, PATIENCE = 40, 4000, 900_000, 16, 150, 6
WARM_UP, LIFE = 90, 360  # seconds of a life not looked at, seconds that must be left: FAULTS leave each life some ten minutes
SLOPE, KEPT = 192, 3 << 10  # KiB a minute; KiB in a life that waves of work may leave behind, each larger one a little more
ALIKE, ROOMS = 4, 32  # descriptors and children of a role at rest, more than before; files of memory that a scribe keeps for the next
REMEMBERED, CACHE = 200_000, 16 << 20  # messages that make the store larger than core's memory of its pages (src/store/store.c)
CROWD = 400  # sessions at once, the most of any fault
SPARES = 5 * (8 << 20) + (1 << 20)  # of the bodies' files: the current one and those that wait to be written over
NAME = "mx.shop.example"

# What each message that was accepted may add to a table, by kind (known, new, answer), and what the rest may add.
RISES = {
    "seen": (1, 1, 1, 0), "msgid": (1, 1, 2, 0), "sent": (0, 0, 1, 0), "spoke": (0, 0, 1, 0), "event": (1, 1, 1, 0),
    "correspondent": (0, 1, 0, 0), "reverse": (0, 1, 0, 40), "sender_cert": (0, 1, 0, 40), "spare": (0, 0, 0, 40),
    "activity": (0, 0, 0, 2), "rate": (0, 0, 0, 2), "bounce": (0, 0, 0, 20), "block": (0, 0, 0, 0),
}


def canary(kind, number):
    return f"soak-{kind}-{number:08}"


class Deliveries:
    """What the provider got, looked at as it comes and then forgotten: an hour of mail does not lie in this process."""

    def __init__(self, hop, keys):
        self.mailbox, self.flock = keys.address, canaries.flock_of(keys)
        self.arrived, self.sample, self.wrong, self.other = [], [], collections.Counter(), 0
        hop.file = self.file

    def file(self, m):
        inward = m.rcpts == [self.mailbox]
        found = re.search(rb"soak-(known|new|answer)-(\d{8})", m.raw)
        self.wrong["faults"] += len(m.faults)
        if inward:
            self.wrong["in_clear"] += b"canary" in m.raw
            if found and random.random() < 0.01:
                self.sample = [*self.sample[1 - OPENED:], m.raw]
        elif found:
            self.wrong["altered"] += not m.raw.endswith(b"\r\n\r\n" + body_of(found[1].decode(), int(found[2])))
            self.wrong["naming_the_user"] += bool(int(found[2]) % 20 == 0 and canaries.leaks(m.raw, self.flock))
        if found:
            m.raw = b""
            self.arrived.append(((found[1].decode(), int(found[2])), m))
        else:
            self.other += 1


def body_of(kind, number):
    return f"canary of {canary(kind, number)}.\r\n".encode() + b"filler text\r\n" * ((LARGE if number % 200 == 99 else SMALL) // 13)


class Load:
    """The senders: CLIENTS threads that take one ticket of the clock after the other; a late one is sent at once. rate: None for
    as many as go. taken: {(kind, number)} that got a 250."""

    numbers = iter(range(1 << 40))

    def __init__(self, w, writer, rate):
        self.w, self.writer, self.rate, self.lock, self.ended = w, writer, rate, threading.Lock(), threading.Event()
        self.taken, self.tries, self.refused, self.late, self.given = set(), collections.Counter(), 0, 0.0, 0
        self.began = time.monotonic()
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(CLIENTS)]
        for t in self.threads:
            t.start()

    def ticket(self):
        with self.lock:
            number, at = next(self.numbers), self.began + (self.given / self.rate if self.rate else 0)
            self.given += 1
        self.late = max(self.late, time.monotonic() - at) if self.rate else 0
        self.ended.wait(max(0, at - time.monotonic()))
        return number

    def work(self):
        while not self.ended.is_set():
            number = self.ticket()
            if not self.ended.is_set():
                self.send(("new", "answer", *["known"] * 8)[number % 10], number)

    def send(self, kind, number):
        sender, rcpts, raw = self.letter(kind, number)
        if insist(self.w.server.port, sender, rcpts, raw, self.tries, time.monotonic() + 180):
            self.taken.add((kind, number))
        else:
            self.refused += 1

    def letter(self, kind, number):
        entity = messages.crlf("Content-Type: text/plain\n\n") + body_of(kind, number)
        if kind == "answer":
            letter = self.writer.write(entity)
            return self.w.keys.address, letter.rcpts, letter.raw
        sender = f"known{number % KNOWN}@shop.example" if kind == "known" else f"new{number}@shop.example"
        return sender, [self.w.alias], messages.head(sender, self.w.alias, canary(kind, number)) + entity

    def stop(self):
        self.ended.set()
        for t in self.threads:
            t.join()


# ---- what goes wrong


class Orders:
    """What the roles' calls answer, by a struct that each life of a role has mapped (faults.c)."""

    form, LEFT = struct.Struct("@16siQQQ"), 24

    def __init__(self, folder):
        self.maps = {}
        for role in postern.ROLES:
            (folder / role).write_bytes(bytes(self.form.size))
            (folder / role).chmod(0o666)
            with open(folder / role, "r+b") as f:
                self.maps[role] = mmap.mmap(f.fileno(), self.form.size)

    def fail(self, role, call, error, seconds):
        """For so long from the next such call on; False when there was none."""
        self.maps[role][:] = self.form.pack(call.encode(), error, 0, int(seconds * 1000), 0)
        struct.pack_into("@Q", self.maps[role], self.LEFT, 1)
        end = time.monotonic() + PATIENCE
        while (missed := struct.unpack_from("@Q", self.maps[role], self.LEFT)[0]) and time.monotonic() < end:
            time.sleep(0.05)
        struct.pack_into("@Q", self.maps[role], self.LEFT, 0)
        time.sleep(0 if missed else seconds)
        return not missed


class Around:
    """All that a fault may lay hands on."""

    def __init__(self, soak):
        self.w, self.hop, self.names, self.orders = soak.w, soak.w.hop, soak.names, soak.orders

    def kill(self, role):
        os.kill(random.choice(self.w.server.roles()[role]), signal.SIGKILL)  # one that this run has started

    def hop_does(self, step, action, seconds):
        self.hop.misbehave(step, action, times=1 << 30)
        time.sleep(seconds)
        self.hop.behave()

    def no_name(self, trouble, seconds):
        self.names.trouble[NAME] = trouble
        time.sleep(seconds)
        self.names.trouble.clear()

    def reload(self):
        before = self.w.server.log.count("ev=reloaded")
        self.w.server.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 30
        while self.w.server.log.count("ev=reloaded") == before:
            assert time.monotonic() < end, "nothing was read anew"
            time.sleep(0.1)

    def slow(self, seconds):
        crowd = Slow(self.w.server.port, self.w.alias, 80)
        crowd.start()
        time.sleep(seconds)
        crowd.close()

    def idle(self, seconds):
        with contextlib.ExitStack() as crowd:
            for i in range(CROWD):
                crowd.callback(Held(self.w.server.port, i, None).close)
            time.sleep(seconds)

    def broken_off(self):
        for i in range(100):
            with smtp.Smtp(self.w.server.port, source="127.8.0.1") as client:
                for words in (f"MAIL FROM:<gone{i}@shop.example>", f"RCPT TO:<{self.w.alias}>", "DATA"):
                    client.cmd(words)
                client.raw(b"Subject: half of it\r\n\r\nand no mo")


def killed(role):
    return f"{role} killed", role, lambda a: a.kill(role)


def failing(role, call, error, seconds):
    return f"{role}: {call} {error} for {seconds} s", role, lambda a: a.orders.fail(role, call, getattr(errno, error), seconds)


def hop_does(step, action, seconds):
    return f"next hop: {action} at {step} for {seconds} s", "hop", lambda a: a.hop_does(step, action, seconds)


SIGHUP = "SIGHUP", "", lambda a: a.reload()
# name, who is broken, what is done. The deaths come together, so that the lives between them are long enough to have a slope.
FAULTS = [
    *(killed(role) for role in postern.ROLES),
    failing("core", "write", "ENOSPC", 4), hop_does("mail", "451 4.3.2 later", 5), failing("gate", "accept", "EMFILE", 2),
    SIGHUP, hop_does("dot", nexthop.HANG, 4), failing("core", "sync", "EIO", 1),
    ("slow clients", "", lambda a: a.slow(8)), hop_does("data", nexthop.CLOSE, 4), failing("gate", "recv", "ECONNRESET", 0.5),
    ("no answer from the name server", "", lambda a: a.no_name(dns.SILENT, 6)), failing("core", "open", "EMFILE", 3),
    hop_does("rcpt", "452 4.2.2 full", 5), failing("gate", "connect", "ECONNREFUSED", 4), ("idle clients", "", lambda a: a.idle(8)),
    failing("scribe", "open", "EMFILE", 3), hop_does("connect", nexthop.CLOSE, 4), SIGHUP,
    failing("gate", "send", "EPIPE", 0.5), failing("opener", "open", "EMFILE", 3), ("clients that break off", "", lambda a: a.broken_off()),
    failing("core", "write", "EIO", 2), ("the name server's servers fail", "", lambda a: a.no_name(dns.SERVFAIL, 5)),
    ("next hop: drops all connections", "gate", lambda a: a.hop.drop()), failing("gate", "socket", "EMFILE", 3),
]


class Faults(threading.Thread):
    """One after the other, every so many seconds. done: (name, seconds since the start, whether it came to pass)."""

    def __init__(self, around, table, every):
        super().__init__(daemon=True)
        self.around, self.table, self.every, self.ended = around, table, every, threading.Event()
        self.done, self.broken, self.failures = [], [], []

    def run(self):
        began = time.monotonic()
        for number in range(1 << 30):
            if self.ended.wait(max(0, began + (number + 1) * self.every - time.monotonic())):
                return
            name, who, strike = self.table[number % len(self.table)]
            at = time.time()
            try:
                hit = strike(self.around) is not False
            except Exception as e:  # noqa: B902 - a crowd may be turned away by the fault before it
                hit = False
                self.failures.append(f"{name}: {type(e).__name__}: {e}")
            self.done.append((name, round(time.monotonic() - began), hit))
            self.broken += [(at + i / 4, who) for i in range(int(4 * (time.time() - at)) + 4)]

    def stop(self):
        self.ended.set()
        self.join()


# ---- what is looked at


def own(pid):
    """(octets in memory, descriptors, threads, children) of one process."""
    threads = int(re.search(r"^Threads:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1])
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return memory.own(pid), len(os.listdir(f"/proc/{pid}/fd")), threads, len(children)


def bodies(server):
    return sum(p.stat().st_size for p in server.folder.rglob("bodies/*"))


class Samples(threading.Thread):
    """seen: {(role, pid): [(seconds, (memory, descriptors, threads, children))]}; warm: {(role, pid): seconds}, when Warmth was done
    with it, and cold: what came between; of the store: what `postern stat` says."""

    def __init__(self, server, every):
        super().__init__(daemon=True)
        self.server, self.every, self.ended, self.began = server, every, threading.Event(), time.monotonic()
        self.seen, self.warm, self.cold = collections.defaultdict(list), {}, collections.Counter()
        self.stats, self.most_bodies = [], 0

    def run(self):
        for number in range(1 << 40):
            if self.ended.wait(self.every):
                return
            self.look()
            if number % 5 == 0:
                self.ask()

    def look(self):
        for role, pids in {**self.server.roles(), "parent": [self.server.parent_pid()]}.items():
            for pid in pids:
                try:
                    found = own(pid)
                    self.seen[role, pid].append((time.monotonic() - self.began, found))
                except (OSError, TypeError):  # it has just ended
                    pass
        try:
            self.most_bodies = max(self.most_bodies, bodies(self.server))
        except OSError:
            pass

    def ask(self):
        try:
            self.stats.append(self.server.stat())
        except Exception:  # noqa: B902 - core may just have died
            pass

    def stop(self):
        self.ended.set()
        self.join()


class Warmth(threading.Thread):
    """Brings each life of a role to what it keeps for good, once: core's memory of the store's pages is filled by a backup, which
    reads them all through it; gate's for sessions by the largest crowd that comes. Without it a store that grows, or the first
    crowd, looks like a leak for as long as it takes."""

    def __init__(self, around, samples):
        super().__init__(daemon=True)
        self.around, self.samples, self.ended = around, samples, threading.Event()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="soak-warmth-"))

    def run(self):
        while not self.ended.wait(1):
            for role, warm in (("core", self.fill), ("gate", lambda: self.around.idle(1))):
                for pid in self.around.w.server.roles().get(role, []):
                    if (role, pid) not in self.samples.warm:
                        self.bring(role, pid, warm)

    def bring(self, role, pid, warm):
        try:
            warm()
        except Exception as e:  # noqa: B902 - a fault has come between: again
            self.samples.cold[f"{role}: {type(e).__name__}: {str(e)[:100]}"] += 1
            return
        if pid in self.around.w.server.roles().get(role, []):
            self.samples.warm[role, pid] = time.monotonic() - self.samples.began

    def fill(self):
        server, to = self.around.w.server, self.folder / "copy"
        if database(server) <= CACHE:
            raise RuntimeError("all of the store is remembered, and there is room for more")
        shutil.rmtree(to, ignore_errors=True)
        server.command("backup", to, seconds=120)

    def stop(self):
        self.ended.set()
        self.join()
        shutil.rmtree(self.folder, ignore_errors=True)


def at_rest(server):
    """{role: [descriptors, threads, children] of its one process, or the most of them}."""
    found = {}
    for role, pids in {**server.roles(), "parent": [server.parent_pid()]}.items():
        found[role] = [max(column) for column in zip(*(own(pid)[1:] for pid in pids))]
    return found


WARMED = ("core", "gate")


def judged_lives(samples):
    """(role, its points from when it was warm on) of each life in which that is long enough."""
    for (role, pid), points in samples.seen.items():
        warm = samples.warm.get((role, pid), math.inf) if role in WARMED else 0
        late = [(at, v) for at, v in points if at >= max(warm, points[0][0] + WARM_UP)]
        if late and late[-1][0] - late[0][0] >= LIFE:
            yield role, late


def floors(late):
    """The least of each whole minute: what is under way comes and goes, and is above it."""
    minutes = collections.defaultdict(list)
    for at, v in late:
        minutes[int((at - late[0][0]) // 60)].append(v)
    return [min(minutes[n]) for n in range(int((late[-1][0] - late[0][0]) // 60)) if minutes[n]]


def growth(samples, number):
    """Of that number of own(), {role: {"a_minute": by what its floor rises in a minute, the median, so that no wave of work that comes
    now and then is taken for a leak; "lives": by what it rose in each life, and in how many minutes}}."""
    steps, rose = collections.defaultdict(list), collections.defaultdict(list)
    for role, late in judged_lives(samples):
        found = floors([(at, v[number]) for at, v in late])
        steps[role] += [b - a for a, b in zip(found, found[1:])]
        rose[role].append((found[-1] - found[0], len(found) - 1))
    return {role: {"a_minute": statistics.median(found), "lives": rose[role]} for role, found in steps.items()}


def memory_growth(samples):
    """The same of memory, in KiB."""
    return {role: {"a_minute": round(v["a_minute"] / 1024, 1), "lives": [(by >> 10, minutes) for by, minutes in v["lives"]]}
            for role, v in growth(samples, 0).items()}


def steep(found):
    """Roles that grow on, or in a life by more than what is KEPT and their slope."""
    return {role: v for role, v in found.items()
            if v["a_minute"] > SLOPE or any(by > KEPT + SLOPE * minutes for by, minutes in v["lives"])}


def not_warm(samples):
    """Roles of which nothing could be judged, although they lived for long: what they keep for good was not brought about."""
    lived = {role for (role, _), points in samples.seen.items() if points[-1][0] - points[0][0] >= WARM_UP + LIFE + 60}
    return sorted(lived & set(WARMED) - {role for role, _ in judged_lives(samples)})


def peaks(samples):
    found = collections.defaultdict(lambda: [0, 0, 0, 0])
    for (role, _), points in samples.seen.items():
        for _, values in points:
            found[role] = [max(pair) for pair in zip(found[role], values)]
    return dict(found)


def tables(server):
    """{table: rows} of a stopped server."""
    (path,) = server.folder.rglob("postern.db")
    with contextlib.closing(sqlite3.connect(path)) as db:  # until it is closed, core may not have it
        names = [n for n, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        return {n: db.execute(f"SELECT count(*) FROM {n}").fetchone()[0] for n in names}


def risen(before, after, taken):
    """Tables that have grown by more than is explained: {table: (grown by, at most)}; and all that have grown."""
    count = collections.Counter(kind for kind, _ in taken)
    grown, wrong = {}, {}
    for table, rows in after.items():
        known, new, answer, rest = RISES.get(table, (0, 0, 0, 0))
        most = known * count["known"] + new * count["new"] + answer * count["answer"] + rest
        if rows != before[table]:
            grown[table] = [rows - before[table], most]
        if rows - before[table] > most:
            wrong[table] = [rows - before[table], most]
    return grown, wrong


# ---- the whole


class Soak:
    """A world under the layer, its names, its next hop, and who writes answers."""

    def __init__(self, folder, hop, names, settings):
        (folder / "world").mkdir()
        self.names = names
        self.around = postern.new_folder()
        self.orders = Orders(self.around)
        names.host(NAME, "127.0.0.1")
        env = {"LD_PRELOAD": str(layer_in(self.around)), "POSTERN_FAULTS": str(self.around)}
        self.w = World(hop, folder / "world", sender_key="rsa2048", env=env, settings={
            "delivery.retry": "1s, 1s, 2s", "delivery.command": "10s", "delivery.idle": "2s", "server.log_level": "warn",
            "policy.user_answers_hour": 0, "smtp.sessions_per_client": 1000, "dns.resolver": names.address, "routes.shop.example": f"{NAME}:{hop.port}",
            **settings})
        client = reply.Client(self.w.server.port, self.w.keys, self.w.folder)
        mail = messages.head("known0@shop.example", self.w.alias, "hello") + messages.text("hello\n")
        done = self.w.relay(messages.Mail("first", "known0@shop.example", mail, "hello"))
        self.writer = bulk.Writer(client, done, client.learn(done))
        self.deliveries = Deliveries(hop, self.w.keys)

    def calibrate(self, seconds):
        """Messages a second that were accepted and delivered, once all who are to be known are, and the pools are full."""
        for number in range(KNOWN):
            sender = f"known{number}@shop.example"
            mail = messages.head(sender, self.w.alias, "hello") + messages.text(f"hello {number}\n")
            assert insist(self.w.server.port, sender, [self.w.alias], mail, collections.Counter(), time.monotonic() + 60)
        peers.keys_are_made(self.w.server, 1200, lambda: True)
        since, load = len(self.deliveries.arrived), Load(self.w, self.writer, None)
        time.sleep(seconds)
        load.stop()
        assert drain(self.w.server) and not load.refused
        assert {which for which, _ in self.deliveries.arrived[since:]} == load.taken
        return len(load.taken) / seconds

    def hold(self, rate, seconds, table, every):
        """(load, faults, deaths, samples) when it is over."""
        samples, deaths = Samples(self.w.server, 2), Deaths(self.w.server, float("inf"))
        faults, load, warmth = Faults(Around(self), table, every), Load(self.w, self.writer, rate), Warmth(Around(self), samples)
        for t in (samples, warmth, deaths, faults):
            t.start()
        time.sleep(seconds)
        for t in (faults, load, warmth, samples):
            t.stop()
        drained = drain(self.w.server)
        deaths.stop()
        return load, faults, deaths, samples, drained

    def opened(self):
        """Of the sample, how many do not open to what was written."""
        return sum(b"canary of soak-" not in judge.open_sealed(self.w.judge, raw).entity for raw in self.deliveries.sample)

    def close(self):
        self.w.server.kill()
        self.w.server.logs.clear()
        self.w.close()
        shutil.rmtree(self.around, ignore_errors=True)


def judged(s, since, load, faults, deaths):
    """What became of the mail, as numbers."""
    arrived = s.deliveries.arrived[since:]
    wrong, twice = unexplained(arrived, deaths.seen + faults.broken)
    return {
        "accepted": len(load.taken), "by_kind": dict(collections.Counter(k for k, _ in load.taken)), "refused": load.refused,
        "delivered": len(arrived), "lost": len(load.taken - {which for which, _ in arrived}), "twice": twice,
        "twice_unexplained": len(wrong), **{k: s.deliveries.wrong[k] for k in ("in_clear", "altered", "naming_the_user", "faults")},
        "other": s.deliveries.other, "opened": len(s.deliveries.sample), "not_opened": s.opened(), "tries": dict(load.tries),
        "late_s": round(load.late, 1), "deaths": dict(collections.Counter(r for _, r in deaths.seen)),
        "faults_done": faults.done, "faults_failed": faults.failures,
    }


def looked_at(samples):
    """What was sampled, as numbers; memory in KiB."""
    most = {role: {"KiB": v[0] >> 10, "descriptors": v[1], "threads": v[2], "children": v[3]} for role, v in peaks(samples).items()}
    last = samples.stats[-1] if samples.stats else {}
    return {"memory_growth_KiB": memory_growth(samples), "not_warm": not_warm(samples), "cold": dict(samples.cold),
            "descriptor_growth": growth(samples, 1), "most": most, "most_bodies": samples.most_bodies,
            "most_queued": max((one["queue"] for one in samples.stats), default=0),
            "last_stat": {k: last.get(k) for k in ("aliases", "correspondents", "pool", "spare_keys", "message_memory")}}


def besiege(minutes, every, load, measure, table=tuple(FAULTS), **settings):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="soak-"))
    with nexthop.NextHop(folder / "maildirs") as hop, dns.Dns() as names:
        s = Soak(folder, hop, names, settings)
        try:
            sustained = s.calibrate(measure)
            print(f"sustained {sustained:.0f}/s", flush=True)
            return hold_and_judge(s, sustained, minutes, every, load, table)
        finally:
            s.close()
            shutil.rmtree(folder, ignore_errors=True)


def hold_and_judge(s, sustained, minutes, every, part, table):
    server, rate = s.w.server, part * sustained
    time.sleep(5)
    rest = at_rest(server)
    server.stop()
    with fill.database(server) as db:
        fill.remembered(db, REMEMBERED)
    before, since, size = tables(server), len(s.deliveries.arrived), database(server)
    server.start()
    load, faults, deaths, samples, drained = s.hold(rate, 60 * minutes, table, every)
    time.sleep(5)
    rest_after, left = at_rest(server), bodies(server)
    server.stop()
    grown, wrong = risen(before, tables(server), load.taken)
    found = {"minutes": minutes, "sustained_per_s": round(sustained, 1), "held_per_s": round(rate, 1),
             "accepted_per_s": round(len(load.taken) / 60 / minutes, 1), **judged(s, since, load, faults, deaths), **looked_at(samples),
             "at_rest_before": rest, "at_rest_after": rest_after, "bodies_left": left, "database": [size, database(server)],
             "rows_grown": grown, "rows_unexplained": wrong, "drained": drained, "integrity": integrity(server),
             "own_faults": re.findall(r".*(?:Sanitizer|Assertion).*", server.log)[:5],
             "log": dict(collections.Counter(re.findall(r"lvl=error .*?ev=([a-z-]+)", server.log)))}
    return {**found, "held": holds(found)}


def database(server):
    return sum(p.stat().st_size for p in server.folder.rglob("postern.db*"))


NONE = ("refused", "lost", "twice_unexplained", "in_clear", "altered", "naming_the_user", "faults", "not_opened", "rows_unexplained",
        "own_faults", "not_warm")


def holds(found):
    """Whether it did; says what not."""
    more = {role: (found["at_rest_before"].get(role), after) for role, after in found["at_rest_after"].items()
            if any(b - a > (ROOMS if role == "scribe" else ALIKE) for a, b in zip(found["at_rest_before"].get(role, after), after))}
    wrong = {**{k: found[k] for k in NONE if found[k]}, "memory": steep(found["memory_growth_KiB"]), "at rest": more,
             "bodies": found["bodies_left"] if found["bodies_left"] > SPARES else 0, "queue": not found["drained"],
             "SQLite": {k: v for k, v in found["integrity"].items() if v != "ok"} or not found["integrity"]}
    wrong = {k: v for k, v in wrong.items() if v}
    print("did not hold:", json.dumps(wrong) if wrong else "nothing", flush=True)
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--hours", type=float, default=0, help="instead of the minutes")
    parser.add_argument("--every", type=float, default=20, help="seconds from one fault to the next")
    parser.add_argument("--load", type=float, default=0.7, help="part of the sustained rate")
    parser.add_argument("--measure", type=float, default=20, help="seconds in which that rate is measured")
    args = parser.parse_args()
    found = besiege(args.hours * 60 or args.minutes, args.every, args.load, args.measure)
    print(json.dumps(found, indent=1), flush=True)
    target = TESTS.parent / "var/siege-soak.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if found["held"] else 1


if __name__ == "__main__":
    sys.exit(main())
