"""Next hops that go away after any byte, lie at any reply, never end one, or fall silent: nothing is lost, nothing is returned for it,
nothing is there twice unless its end had been sent, and nothing leaves in clear where it must not. Each case is a route of
its own, and all of them are met at once."""

import asyncio
import re
import threading

import pytest

import certs
import messages
import nexthop
from world import World

SETTINGS = {"delivery.retry": "1s, 1s, 2s", "delivery.idle": "1s", "delivery.command": "5s"}
CANARY = "the canary sings at dawn"

# What is said instead of the usual, once; the session goes on behind it.
LIES = {"2xx": "250 2.0.0 ok", "354": "354 go ahead", "334": "334 tell me more", "1xx": "150 soon", "999": "999 no such class",
        "words": "hello there", "nul": "250 \0ok", "mixed": "250-one\r\n550 two", "twice": "250 2.0.0 ok\r\n250 2.0.0 ok",
        "endless": "\r\n".join(["250-and so on"] * 5000) + "\r\n250 at last"}
PLACES = ("connect", "mail", "rcpt", "data")
SILENT = ("connect", "ehlo", "mail", "rcpt", "data", "dot")  # it says nothing more there, once
# A 2xx where one is due is no lie, whatever stands behind it; nor is a 354.
FAIR = {("mail", "2xx"), ("rcpt", "2xx"), ("data", "354"), ("mail", "nul"), ("rcpt", "nul")}

UP = [0, 1, 10, 20, 60, 90, 120, 150, 250, 400, 500]
DOWN = [0, 3, 20, 30, 80, 120, 150, 180, 200, 210, 215, 220]
TLS_UP = [30, 200, 700, 1100]
TLS_DOWN = [100, 300, 1500]


class Cutter:
    """A proxy whose first connections end after so many bytes; what came up through it is kept."""

    def __init__(self, loop, hop, up=None, down=None, times=2):
        self.hop, self.limits, self.times, self.seen, self.cuts = hop, (up, down), times, bytearray(), 0
        self.server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self.serve, "127.0.0.1", 0), loop).result(10)
        self.port = self.server.sockets[0].getsockname()[1]

    async def pipe(self, reader, writer, limit, keep):
        while data := await reader.read(65536):
            part = data if limit is None else data[:limit]
            if keep:
                self.seen += part
            writer.write(part)
            await writer.drain()
            if limit is not None:
                limit -= len(part)
                if limit <= 0:
                    self.cuts += 1
                    return

    async def serve(self, reader, writer):
        up, down = self.limits if self.times > 0 else (None, None)
        self.times -= 1
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.hop.port)
        if up == 0 or down == 0:
            self.cuts += 1
        else:
            tasks = [asyncio.ensure_future(self.pipe(reader, other_writer, up, True)),
                     asyncio.ensure_future(self.pipe(other_reader, writer, down, False))]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
        for w in (writer, other_writer):
            w.close()


@pytest.fixture(scope="module")
def loop():
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)


@pytest.fixture(scope="module")
def cases(loop, tmp_path_factory):
    """{label: (server that files, port to go to, tls)}"""
    folder = tmp_path_factory.mktemp("hops")
    authority = certs.Authority(folder / "ca")
    behind = nexthop.NextHop(folder / "behind", name="behind.example")
    chunky = nexthop.NextHop(folder / "chunky", name="chunky.example", chunking=True)
    safe = nexthop.NextHop(folder / "safe", name="safe.example", chunking=True, tls=authority.server("safe", "IP:127.0.0.1"))
    found, servers = {}, [behind, chunky, safe]
    for way, hop, ups, downs in (("data", behind, UP[::2], DOWN[::2]), ("bdat", chunky, UP[1::2], DOWN[1::2]),
                                 ("tls", safe, TLS_UP, TLS_DOWN)):
        for n in ups:
            found[f"{way}-up-{n}"] = Cutter(loop, hop, up=n)
        for n in downs:
            found[f"{way}-down-{n}"] = Cutter(loop, hop, down=n)
    for number, (lie, words) in enumerate(LIES.items()):
        for place in PLACES[number % 2::2]:
            if (place, lie) not in FAIR:
                liar = nexthop.NextHop(folder / f"{place}-{lie}", name="liar.example", chunking=number % 3 == 0)
                liar.misbehave(place, words)
                liar.hop = liar
                found[f"{place}-{lie}"] = liar
                servers.append(liar)
    for place in SILENT:
        silent = nexthop.NextHop(folder / f"{place}-silent", name="silent.example", chunking=place in ("mail", "dot"))
        silent.misbehave(place, nexthop.HANG)
        silent.hop = silent
        found[f"{place}-silent"] = silent
        servers.append(silent)
    yield found
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def world(hop, cases, tmp_path_factory):
    settings = dict(SETTINGS)
    for label, case in cases.items():
        settings[f"routes.{label}.example"] = f"127.0.0.1:{case.port}"
        if label.startswith("tls-"):
            settings[f"route {label}.example.tls"] = "encrypt"
    w = World(hop, tmp_path_factory.mktemp("world"), settings=settings)
    yield w
    w.close()


@pytest.fixture(scope="module")
def sent(world, cases):
    """One message over each, and all of them gone from the queue again."""
    for label in cases:
        address = f"bob@{label}.example"
        world.server.mailbox(world.user, address, clear="on")
        alias = world.server.alias(world.user, mailbox=[address])
        mail = messages.plain(alias)
        raw = mail.raw + CANARY.encode() + b"\r\n"
        assert world.send(messages.Mail(label, mail.sender, raw, CANARY), alias).ok
    world.server.wait_queue(0, 60)
    return world


def test_there_are_enough_of_them(cases):
    assert 40 <= len(cases) <= 63


def test_each_message_arrives_whole_and_hardly_one_twice(sent, cases):
    for label, case in cases.items():
        found = [m for m in case.hop.messages if f"bob@{label}.example" in m.rcpts]
        assert 1 <= len(found) <= 3, label
        for m in found:
            assert CANARY.encode() in m.raw and m.faults == [], label
        if not isinstance(case, Cutter):
            assert len(found) == 1, label


def test_only_a_lost_answer_to_the_end_makes_two(sent, cases):
    """Cut on the way up, before the end had left, nothing can be there twice; nor before any reply to it was due."""
    for label, case in cases.items():
        way, direction, n = (label.split("-") + ["0"])[:3]
        if isinstance(case, Cutter) and (direction == "up" or int(n) < 120) and way == "data":
            found = [m for m in case.hop.messages if f"bob@{label}.example" in m.rcpts]
            assert len(found) == 1, label


def test_the_cuts_were_made(sent, cases):
    assert [label for label, case in cases.items() if isinstance(case, Cutter) and not case.cuts] == []


def test_nobody_is_told_of_it(sent, hop):
    assert not [m for m in hop.messages if m.sender == ""]
    assert "ev=failed" not in sent.server.log


def test_nothing_went_in_clear_where_it_must_not(sent, cases):
    kept = [bytes(c.seen) for label, c in cases.items() if label.startswith("tls-")]
    assert kept and all(not re.search(rb"MAIL FROM|RCPT TO|canary", k, re.I) for k in kept)
    assert any(b"canary" in bytes(c.seen) for label, c in cases.items() if label.startswith("data-"))
