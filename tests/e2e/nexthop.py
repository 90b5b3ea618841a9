"""nexthop.py: the mailbox provider of the tests and of the demo: a small, strict SMTP server.

It files every message into a Maildir of its recipient, byte for byte as it came, and remembers it with its envelope.
What a sender does against the rules is noted in the message's `faults`. It can be told to misbehave: at each step
(connect, ehlo, starttls, auth, mail, rcpt, data, dot) it answers, hangs or closes as ordered, so many times, and then is
good again. `tls`, an ssl context, makes it offer STARTTLS; `logins`, {user: password}, makes it ask for one; `chunking`
makes it offer BDAT."""

import asyncio
import base64
import dataclasses
import itertools
import pathlib
import re
import ssl
import threading
import time

STEPS = ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot")
HANG, CLOSE = "hang", "close"
LINE_MAX = 998


@dataclasses.dataclass
class Message:
    sender: str
    rcpts: list
    raw: bytes
    options: list  # of MAIL FROM, upper case: SIZE=1234, BODY=8BITMIME, SMTPUTF8
    at: float
    faults: list
    tls: bool = False
    login: str = ""
    by: str = "DATA"
    client: str = ""  # the common name in the certificate that the client showed


@dataclasses.dataclass
class Order:
    step: str
    action: str  # a reply as "451 4.3.0 later", HANG or CLOSE
    times: int
    match: str


def faults_of(raw, options):
    """What a strict receiver could refuse, RFC 5321 2.3.8 and 4.5.3.1.6, RFC 6152, RFC 6531."""
    found = []
    if re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        found.append("bare CR or LF")
    longest = max((len(line) for line in raw.split(b"\r\n")), default=0)
    if longest > LINE_MAX:
        found.append(f"a line of {longest} octets")
    if not raw.isascii() and "BODY=8BITMIME" not in options and "SMTPUTF8" not in options:
        found.append("8-bit data not announced")
    head = raw.partition(b"\r\n\r\n")[0]
    if not head.isascii() and "SMTPUTF8" not in options:
        found.append("8-bit header without SMTPUTF8")
    return found


class Session:
    """One connection: a loop over commands, the table below says what each does."""

    def __init__(self, hop, reader, writer):
        self.hop, self.reader, self.writer = hop, reader, writer
        self.pending = bytearray()
        self.tls, self.login = False, ""
        self.reset()

    def reset(self):
        self.sender, self.rcpts, self.options, self.chunks = None, [], [], b""

    async def say(self, *lines):
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()

    async def line(self):
        while b"\n" not in self.pending:
            more = await self.reader.read(65536)
            if not more:
                raise ConnectionError
            self.pending += more
        text, _, rest = self.pending.partition(b"\n")
        self.pending = bytearray(rest)
        return text.rstrip(b"\r").decode("utf-8", "surrogateescape")

    async def body(self):
        """Up to the lone dot, in time linear in the message."""
        seen = 0
        while True:
            if self.pending[:3] == b".\r\n":
                end, skip = 0, 3
                break
            end, skip = self.pending.find(b"\r\n.\r\n", max(0, seen - 5)) + 2, 3
            if end >= 2:
                break
            seen = len(self.pending)
            more = await self.reader.read(262144)
            if not more:
                raise ConnectionError
            self.pending += more
        data = bytes(self.pending[:end])
        self.pending = self.pending[end + skip:]
        return re.sub(rb"(?m)^\.", b"", data) if b"\n." in data or data.startswith(b".") else data

    async def ordered(self, step, line=""):
        """Does what was ordered for this step; True when that was instead of the usual answer."""
        order = self.hop.take(step, line)
        if not order:
            return False
        if order.action == HANG:
            await asyncio.sleep(3600)
        if order.action == CLOSE:
            raise ConnectionError
        await self.say(order.action)
        if order.action.startswith("421"):
            raise ConnectionError
        return True

    async def ehlo(self, line):
        if not await self.ordered("ehlo", line):
            extensions = [f"{self.hop.name} at your service", *self.offers(), *self.hop.extensions]
            await self.say(*(f"250{' ' if e is extensions[-1] else '-'}{e}" for e in extensions))

    def offers(self):
        if self.hop.tls and not self.tls:
            yield "STARTTLS"
        elif self.hop.logins:
            yield f"AUTH {self.hop.mechanisms}"
        if self.hop.chunking:
            yield "CHUNKING"

    async def starttls(self, line):
        if not self.hop.tls or await self.ordered("starttls", line):
            return
        self.pending.clear()
        await self.say("220 2.0.0 go ahead")
        await self.writer.start_tls(self.hop.tls)
        self.tls = True
        self.reset()

    async def auth(self, line):
        if await self.ordered("auth", line):
            return
        words = line.split()
        try:
            if words[1].upper() == "PLAIN" and len(words) == 3:
                _, user, password = base64.b64decode(words[2], validate=True).decode().split("\0")
            else:
                user, password = [await self.challenge(c) for c in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6")]
        except (ValueError, IndexError):
            return await self.say("501 5.5.2 what?")
        self.hop.tried.append((user, password, self.tls))
        if self.hop.logins.get(user) != password:
            return await self.say("535 5.7.8 not you")
        self.login = user
        await self.say("235 2.7.0 welcome")

    async def challenge(self, words):
        await self.say(f"334 {words}")
        return base64.b64decode(await self.line(), validate=True).decode()

    async def mail(self, line):
        found = re.match(r"MAIL FROM:<([^>]*)>(.*)", line, re.I)
        if not found:
            return await self.say("501 5.5.4 syntax")
        if await self.ordered("mail", line):
            return
        if self.hop.logins and not self.login:
            return await self.say("530 5.7.0 log in first")
        self.reset()
        self.sender, self.options = found[1], found[2].upper().split()
        await self.say("250 2.1.0 sender ok")

    async def rcpt(self, line):
        found = re.match(r"RCPT TO:<([^>]+)>", line, re.I)
        if not found or self.sender is None:
            return await self.say("503 5.5.1 bad sequence")
        if not await self.ordered("rcpt", line):
            self.rcpts.append(found[1])
            await self.say("250 2.1.5 recipient ok")

    async def data(self, line):
        if not self.rcpts:
            return await self.say("554 5.5.1 no valid recipients")
        if await self.ordered("data", line):
            return
        await self.say("354 go ahead")
        raw = await self.body()
        await self.end(raw, "DATA")

    async def end(self, raw, by):
        if not await self.ordered("dot"):
            self.hop.file(Message(self.sender, self.rcpts, raw, self.options, time.time(), faults_of(raw, self.options),
                                  self.tls, self.login, by, self.client()))
            await self.say("250 2.0.0 filed")
        self.reset()

    def client(self):
        shown = self.writer.get_extra_info("ssl_object")
        subject = (shown.getpeercert() or {}).get("subject", ()) if shown else ()
        return next((value for part in subject for name, value in part if name == "commonName"), "")

    async def bdat(self, line):
        """RFC 3030: the octets are taken whatever becomes of them."""
        words = line.upper().split()
        size = int(words[1])
        while len(self.pending) < size:
            more = await self.reader.read(262144)
            if not more:
                raise ConnectionError
            self.pending += more
        chunk, self.pending = bytes(self.pending[:size]), self.pending[size:]
        if not self.hop.chunking:
            return await self.say("502 5.5.1 not here")
        if not self.rcpts:
            return await self.say("503 5.5.1 no valid recipients")
        if await self.ordered("data", line):
            return
        self.chunks += chunk
        if words[-1] != "LAST":
            return await self.say("250 2.0.0 go on")
        await self.end(self.chunks, "BDAT")

    async def rset(self, line):
        self.reset()
        await self.say("250 2.0.0 ok")

    async def quit(self, line):
        await self.say("221 2.0.0 bye")
        raise ConnectionError

    VERBS = {"EHLO": ehlo, "HELO": ehlo, "STAR": starttls, "AUTH": auth, "BDAT": bdat, "MAIL": mail, "RCPT": rcpt, "DATA": data, "RSET": rset, "NOOP": rset, "QUIT": quit}

    async def run(self):
        try:
            if await self.ordered("connect"):
                return
            await self.say(f"220 {self.hop.name} ESMTP")
            while True:
                line = await self.line()
                verb = self.VERBS.get(line[:4].upper())
                if verb:
                    await verb(self, line)
                else:
                    await self.say("500 5.5.1 what?")
        except (ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self.writer.close()


class NextHop:
    """Listens from the start; use as a context manager, or call close()."""

    def __init__(self, folder, port=0, name="mx.mailbox.example", size=200 << 20, address="127.0.0.1", tls=None, logins=None,
                 mechanisms="PLAIN LOGIN", chunking=False):
        self.folder, self.name, self.address = pathlib.Path(folder), name, address
        self.tls, self.logins, self.mechanisms, self.chunking = tls, logins, mechanisms, chunking
        self.most_open = 0
        self.tried, self.writers = [], []  # (user, password, under TLS); of the open connections
        self.extensions = ["PIPELINING", f"SIZE {size}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        self.messages, self.orders, self.connections = [], [], 0
        self.numbers = itertools.count(1)
        self.changed = threading.Condition()
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(self.listen(port))
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    async def listen(self, port):
        return await asyncio.start_server(self.serve, self.address, port, backlog=512, limit=1 << 20)

    async def serve(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        self.most_open = max(self.most_open, len(self.writers))
        try:
            await Session(self, reader, writer).run()
        finally:
            self.writers.remove(writer)

    def misbehave(self, step, action, times=1, match=""):
        """At `step` do `action` (a reply, HANG or CLOSE), so many times, when the command holds `match`."""
        assert step in STEPS
        with self.changed:
            self.orders.append(Order(step, action, times, match))

    def drop(self):
        """Closes what is connected, without a word."""
        self.loop.call_soon_threadsafe(lambda: [w.close() for w in self.writers])

    def behave(self):
        with self.changed:
            self.orders.clear()

    def take(self, step, line):
        with self.changed:
            order = next((o for o in self.orders if o.step == step and o.times and o.match in line), None)
            if order:
                order.times -= 1
            return order

    def file(self, message):
        """One Maildir per recipient, delivered as Maildir wants it: written in tmp, moved to new."""
        for rcpt in message.rcpts:
            box = self.folder / rcpt.replace("/", "_")
            for sub in ("tmp", "new", "cur"):
                (box / sub).mkdir(parents=True, exist_ok=True)
            name = f"{int(message.at)}.{next(self.numbers):06d}.{self.name}"
            (box / "tmp" / name).write_bytes(message.raw)
            (box / "tmp" / name).rename(box / "new" / name)
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def wait(self, count=1, seconds=20, rcpt=None, since=0):
        """The messages for rcpt (or all) from number `since` on, when there are `count` of them."""
        def there():
            return [m for m in self.messages[since:] if rcpt is None or rcpt.lower() in [r.lower() for r in m.rcpts]]
        with self.changed:
            if not self.changed.wait_for(lambda: len(there()) >= count, seconds):
                raise AssertionError(f"{len(there())} of {count} messages for {rcpt or 'anyone'} after {seconds} s")
            return there()

    def close(self):
        def stop():
            self.server.close()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.call_later(0.05, self.loop.stop)
        self.loop.call_soon_threadsafe(stop)
        self.thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
