"""roads.py: the two roads that the sieges break: mail in to an alias, answers out to a correspondent. What is sent, and what of
it must hold whatever dies or fails."""

import collections
import contextlib
import dataclasses
import sqlite3
import time

import canaries
import judge
import messages
import smtp

PATIENCE = 40  # seconds for whatever is waited for
LARGE = 600_000  # octets: such a body gets a file of its own


@dataclasses.dataclass(eq=False)
class Item:
    """One message: `says` is in it alone. body: what must leave of an answer, to the octet; None on the road in."""
    says: str
    sender: str
    rcpt: str
    raw: bytes
    body: bytes = None


def text_of(says, size):
    return says + "\n" + "filler text\n" * (size // 12)


def mails(alias, case):
    """A new correspondent, a known one, and a large one."""
    for i, (sender, size) in enumerate([("one", 0), ("one", 0), ("two", LARGE)]):
        says, sender = f"canary {case} number {i}.", f"{sender}@shop.example"
        raw = messages.head(sender, alias, f"Number {i}") + messages.text(text_of(says, size))
        yield Item(says, sender, alias, raw)


def answers(client, done, case):
    """A short one and a large one, signed and encrypted to whom the relayed message `done` is from."""
    for i, size in enumerate([0, LARGE]):
        says = f"canary {case} answer {i}."
        letter = client.reply(done, messages.text(text_of(says, size)))
        yield Item(says, client.keys.address, letter.rcpts[0], letter.raw, messages.crlf(text_of(says, size)))


def insist(port, item, tls=False):
    """As MTAs do: until it has a 250."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            with smtp.Smtp(port) as client:
                if tls:
                    client.starttls()
                sent = client.send(item.sender, item.rcpt, item.raw)
            if sent.ok:
                return
            said = [a for a in (sent.mail, *sent.rcpts.values(), sent.dot) if a]
            assert all(a.code < 500 for a in said), f"refused for good: {[str(a) for a in said]}"
        except (OSError, EOFError, IndexError):
            pass
        time.sleep(0.05)
    raise AssertionError("never accepted")


class Arrivals:
    """What a provider got, looked at once each: copies counts each item's; an arrival that breaks a promise raises. folder: for
    the judge's own files, which two must not share."""

    def __init__(self, world, items, folder):
        self.world, self.items, self.looked_at = world, items, 0
        self.flock, self.judge = canaries.flock_of(world.keys), judge.OpenSsl(world.keys, folder)
        self.copies = collections.Counter()

    def look(self, arrived):
        for m in arrived[self.looked_at:]:
            self.looked_at += 1
            assert not m.faults, f"faults: {m.faults}"
            self.inward(m) if m.rcpts == [self.world.keys.address] else self.outward(m)

    def inward(self, m):
        assert b"canary" not in m.raw, "in clear"
        entity = judge.open_sealed(self.judge, m.raw).entity
        for item in self.items:
            if item.body is None and item.says.encode() in entity:
                self.copies[item] += 1

    def outward(self, m):
        found = [item for item in self.items if item.body and item.says.encode() in m.raw]
        assert found, f"to {m.rcpts}, and nobody has written it"
        assert m.raw.partition(b"\r\n\r\n")[2] == found[0].body, "not what was written"
        assert not canaries.leaks(m.raw, self.flock), "half scrubbed"
        self.copies[found[0]] += 1

    def missing(self, wanted):
        return [item.says for item in wanted if not self.copies[item]]


def delivered(arrivals, arrived, wanted):
    """Waits until each of `wanted` is there. arrived: gives what came so far."""
    end = time.monotonic() + PATIENCE
    while True:
        arrivals.look(arrived())
        if not arrivals.missing(wanted):
            return
        assert time.monotonic() < end, f"accepted and lost: {arrivals.missing(wanted)}"
        time.sleep(0.05)


def drained(server):
    end = time.monotonic() + PATIENCE
    while server.command("queue", "list", "--json", check=False)[1].strip() != b"[]":
        assert time.monotonic() < end, "the queue does not drain"
        time.sleep(0.1)


def integrity(server):
    for path in server.folder.rglob("*.db"):
        with contextlib.closing(sqlite3.connect(path)) as db:
            said = db.execute("PRAGMA integrity_check").fetchone()[0]
            assert said == "ok", f"{path.name}: {said}"
