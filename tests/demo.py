#!/usr/bin/python3
"""make demo: real messages go in clear to an alias; here is what the mailbox provider holds of each, and what the user
reads, side by side. Then the user answers; here is what the user's client sent, and what the correspondent gets. The server is
the release build with all its processes; the user's client is openssl, not ours. Each message is asked what the test suite
asks. Leaves everything under var/demo to look at; exits with 1 when a check failed.

    make demo            a few seconds; on a terminal it then stays up, with the web app and a link that signs in once
    make demo KEEP=0     ends then
    make demo KEEP=1     stays up wherever it runs"""

import argparse
import os
import pathlib
import re
import shutil
import sys
import textwrap
import time

TESTS = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "judges")]
sys.dont_write_bytecode = True
os.environ.setdefault("POSTERN_BUILD", "release")

import answers  # noqa: E402
import canaries  # noqa: E402
import checks_reply  # noqa: E402
import judge  # noqa: E402
import messages  # noqa: E402
import nexthop  # noqa: E402
import pki  # noqa: E402
import postern  # noqa: E402
import reply  # noqa: E402
import smtp  # noqa: E402
from checks import CHECKS  # noqa: E402
from world import Relayed  # noqa: E402

FOLDER = TESTS.parent / "var/demo"
UI = TESTS.parent / "ui/dist"
MAILBOX, ALIAS = "alice@mailbox.example", "shop@relay.example"
WIDTH = max(96, min(132, shutil.get_terminal_size((108, 24)).columns))
HALF = (WIDTH - 7) // 2
COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

README = """What `make demo` left here
==========================
sent/NN.eml       the messages as they were sent to the alias, in clear
mailbox/NN.eml    the same, exactly as the mailbox provider holds them
answered/NN.eml   the mail that was answered, as the mailbox provider holds it
answers/NN.eml    the answers, as the user's mail client sent them: encrypted, signed, and full of what names the user
correspondent/NN.eml  the answers as the outside world gets them, one for each correspondent: from the alias, in clear, clean
user.p12          the user's key and certificates, for any mail client; its passphrase is in passphrase.txt
user-legacy.p12   the same in the old form, for clients that know no other
root.crt          the root certificate, to be trusted for e-mail
maildirs/         what the provider of the demo filed, by recipient
postern.conf, state/, serve-0.log    the server's

Read one without any of our code:

    openssl pkcs12 -in user.p12 -passin file:passphrase.txt -noenc -out user.pem
    openssl cms -decrypt -in mailbox/01.eml -recip user.pem | openssl cms -verify -CAfile root.crt -purpose smimesign

The user's client keeps a copy of each answer that the same key opens:

    openssl cms -decrypt -in answers/01.eml -recip user.pem

What the correspondent gets needs no key. Nothing of the user is in it:

    grep -ric -e alice -e kestrelova -e mailbox.example -e falcon-laptop -e 203.0.113 correspondent
"""


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def dim(text):
    return paint("2", text)


def bold(text):
    return paint("1", text)


def good(text):
    return paint("32", text)


def bad(text):
    return paint("31;1", text)


def clip(text, width=HALF):
    text = re.sub(r"[\x00-\x1f\x7f]", " ", text)
    return text if len(text) <= width else text[:width - 1] + "…"


def human(size):
    return f"{size / (1 << 20):.1f} MiB" if size >= 1 << 20 else f"{size / 1024:.1f} KiB"


def two_columns(left, right):
    for i in range(max(len(left), len(right))):
        one, two = (clip(column[i]) if i < len(column) else "" for column in (left, right))
        print(f"   {one:{HALF}} {dim('│')} {two}")


def short(text):
    """Addresses cut in their middle, so that both ends are seen."""
    return re.sub(r"([^\s<>@]{6})[^\s<>@]{8,}@", r"\1…@", text)


def shown_fields(head, names):
    return [short(f"{n}: {judge.words(judge.field(head, n) or '')}") for n in names if judge.field(head, n)]


def provider_view(raw):
    """The header lines that say something, and the first of what it cannot read."""
    head, body = judge.split(raw)
    lines = body.decode("ascii", "replace").split("\r\n")
    return shown_fields(head, ["From", "To", "Subject", "Content-Type"]) + lines[:3] + [f"… {human(len(body))} of it"]


def reader_view(done):
    """What openssl opened: who signed, the text, the attachments."""
    text, files = "", []
    for part in judge.parsed(done.opened.message).walk():
        if part.get_filename():
            files.append(f"📎 {judge.words(part.get_filename())}, {human(len(part.get_payload(decode=True) or b''))}")
        elif part.get_content_type() == "text/plain" and not text:
            text = part.get_payload(decode=True).decode(part.get_content_charset() or "utf-8", "replace")
    words = [w for line in text.strip().splitlines() for w in (textwrap.wrap(line, HALF) or [""])]
    return shown_fields(done.outer, ["From", "To", "Subject"]) + [short(f"Signed by: {done.opened.signer}")] + words[:4 - min(2, len(files))] + files[:2]


def client_view(letter, entity):
    """What left the client: the header lines that name the user, and, in it, what was written."""
    head = judge.split(letter.raw)[0]
    shown = shown_fields(head, ["From", "To", "Cc", "Subject", "Date", "Message-ID", "User-Agent", "X-Mailer", "X-Originating-IP"])
    sealed = [short(f"encrypted to {len(letter.rcpts)} and itself, signed; in it:")]
    return shown + sealed + inside(entity)


def inside(raw):
    """The text and the files of a message."""
    text, files = "", []
    for part in judge.parsed(raw).walk():
        if part.get_filename() or part.get_content_type() == "text/calendar":
            name = part.get_filename() or f"calendar, {part.get_param('method')}"
            files.append(f"📎 {judge.words(name)}, {human(len(part.get_payload(decode=True) or b''))}")
        elif part.get_content_type() == "text/plain" and not text:
            text = part.get_payload(decode=True).decode(part.get_content_charset() or "utf-8", "replace")
    return [short(line) for line in text.strip().splitlines() if line.strip()][:7] + files


def correspondent_view(wire):
    head = judge.split(wire.raw)[0]
    return shown_fields(head, ["From", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To"]) + ["in clear:"] + inside(wire.raw)


def ask(checks, *args):
    """[(what, why it failed or None)] of every check of the suite."""
    found = []
    for check in checks.values():
        try:
            check(*args)
            found.append((check.__doc__, None))
        except (AssertionError, judge.Refused, ValueError) as e:
            found.append((check.__doc__, str(e).split("\n")[0] or "it does not hold"))
    return found


class Demo:
    def __init__(self):
        shutil.rmtree(FOLDER, ignore_errors=True)
        for name in ("sent", "mailbox", "answered", "answers", "correspondent", "work"):
            (FOLDER / name).mkdir(parents=True)
        (FOLDER / "README").write_text(README)
        self.hop = nexthop.NextHop(FOLDER / "maildirs")
        start = time.monotonic()
        self.server = postern.Postern(self.hop.port, folder=FOLDER, settings=self.web())
        self.server.start()
        self.started = time.monotonic() - start
        self.failed = self.asked = self.arrived = 0

    def web(self):
        """The settings of the web app, where it was built."""
        if not (UI / "index.html").exists():
            self.url = None
            return {}
        port = postern.free_port()
        self.url = f"http://localhost:{port}"
        return {"web.listen": f"127.0.0.1:{port}", "web.origin": self.url, "web.ui": UI}

    def link(self, *words):
        """Good once: to sign in as somebody who is there, or to make an account."""
        return postern.first(self.server.cli("user", "invite", *words))["link"]

    def prepare(self):
        """A user, a mailbox, a profile made by `postern profile issue`, an alias."""
        start = time.monotonic()
        self.server.user("alice")
        self.server.mailbox("alice", MAILBOX)
        self.keys = self.server.issue(MAILBOX, sender_key="rsa2048")
        self.server.alias("alice", ALIAS)
        self.issued = time.monotonic() - start
        for name in ("root.crt", "passphrase.txt", "user.p12", "user-legacy.p12"):
            shutil.copy(self.keys.folder.parent / name, FOLDER)
        self.judge = judge.OpenSsl(self.keys, FOLDER / "work/openssl")
        self.client = reply.Client(self.server.port, self.keys, FOLDER / "work")
        self.flock = canaries.flock_of(self.keys)

    def introduce(self):
        roles = ", ".join(f"{r} ×{len(p)}" if len(p) > 1 else r for r, p in sorted(self.server.roles().items()))
        locked = re.findall(r"ev=role-ready .*seccomp=(\w+).*landlock=(\w+)", self.server.log)
        seccomp, landlock = ("on" if all(l[i] == "on" for l in locked) else "off" for i in (0, 1))
        print(f"\n   {bold('Postern')}  mail to an alias arrives at your mailbox signed for its sender and encrypted to you\n")
        print(f"   server   parent, {roles}; seccomp {seccomp}, Landlock {landlock}; ready in {self.started * 1000:.0f} ms")
        print(f"   user     {MAILBOX}, alias {ALIAS}; keys and certificates issued in {self.issued:.1f} s\n")

    def relay(self, mail):
        since, start = len(self.hop.messages), time.monotonic()
        sent = smtp.send(self.server.port, mail.sender, ALIAS, mail.raw, mail.options)
        accepted = time.monotonic() - start
        if not sent.ok:
            raise AssertionError(f"refused: {sent.mail} {[str(r) for r in sent.rcpts.values()]} {sent.dot}")
        (wire,) = self.hop.wait(1, since=since, seconds=60)
        arrived = time.monotonic() - start
        return Relayed(mail, wire, judge.open_sealed(self.judge, wire.raw)), accepted, arrived

    def show(self, number, mail):
        (FOLDER / f"sent/{number:02}.eml").write_bytes(mail.raw)
        title = f" {number}  {mail.name}, {human(len(mail.raw))} "
        try:
            done, accepted, arrived = self.relay(mail)
        except (AssertionError, judge.Refused) as e:
            self.failed += 1
            print(f"{bold(title)}\n   {bad('✘')} {e}\n")
            return
        (FOLDER / f"mailbox/{number:02}.eml").write_bytes(done.wire.raw)
        times = f" 250 after {accepted * 1000:.0f} ms, in the mailbox after {arrived * 1000:.0f} ms "
        self.headline(title, times, "what the provider holds", "what the user reads (openssl)")
        two_columns(provider_view(done.wire.raw), reader_view(done))
        self.verdict(ask(CHECKS, done, MAILBOX, FOLDER / "work"))

    def headline(self, title, times, left, right):
        print(f"{dim('──')}{bold(title)}{dim('─' * max(2, WIDTH - len(title) - len(times) - 4))}{times}{dim('──')}")
        print(f"   {dim(left):{HALF + (8 if COLOUR else 0)}} {dim('│')} {dim(right)}")

    def verdict(self, found):
        wrong = [(what, why) for what, why in found if why]
        self.asked += len(found)
        self.failed += len(wrong)
        print(f"   {good('✔')} {len(found)} of {len(found)} checks hold" if not wrong else
              "\n".join(f"   {bad('✘')} {what}: {why}" for what, why in wrong))
        print()

    def send_answer(self, answer, done):
        """(letter, what arrived, seconds to the 250, seconds until all have it)."""
        letter = self.client.reply(done, answer.write(self.client, done), everyone=answer.everyone, program=answer.program)
        since, start = len(self.hop.messages), time.monotonic()
        sent = self.client.send(letter)
        accepted = time.monotonic() - start
        if not sent.ok:
            raise AssertionError(f"refused: {sent.mail} {[str(r) for r in sent.rcpts.values()]} {sent.dot}")
        wires = self.hop.wait(len(answer.people), since=since, seconds=60)
        return letter, wires, accepted, time.monotonic() - start

    def show_answer(self, number, answer):
        """The way back: a question comes, its answer goes."""
        title = f" {number}  answer: {answer.name} "
        try:
            done = self.relay(answer.question)[0]
            letter, wires, accepted, arrived = self.send_answer(answer, done)
        except (AssertionError, judge.Refused) as e:
            self.failed += 1
            print(f"{bold(title)}\n   {bad('✘')} {e}\n")
            return
        (FOLDER / f"answered/{number:02}.eml").write_bytes(done.wire.raw)
        (FOLDER / f"answers/{number:02}.eml").write_bytes(letter.raw)
        for wire in wires:
            self.arrived += 1
            (FOLDER / f"correspondent/{self.arrived:02}.eml").write_bytes(wire.raw)
        times = f" 250 after {accepted * 1000:.0f} ms, at the correspondent after {arrived * 1000:.0f} ms "
        self.headline(title, times, "what the user's client sent", "what the correspondent gets")
        two_columns(client_view(letter, letter.entity), correspondent_view(wires[0]))
        found = [("each correspondent has it, once", None
                  if sorted(r for w in wires for r in w.rcpts) == sorted(answer.people) else "not so")]
        for wire in wires:
            found += ask(checks_reply.CHECKS, checks_reply.Answered(letter, wire, wire.rcpts[0], ALIAS, done, self.flock,
                                                                    answer.says))
        self.verdict(found)

    def run(self):
        self.prepare()
        self.introduce()
        ca = pki.Pki(FOLDER / "work/senders-own-pki")
        mails = messages.samples(ALIAS, ca)
        for number, mail in enumerate(mails, 1):
            self.show(number, mail)
        print(f"   {bold('The way back')}  the user answers from a mail client: encrypted, signed; Postern opens it and takes out what names the user\n")
        letters = answers.samples(ALIAS)
        for number, answer in enumerate(letters, 1):
            self.show_answer(number, answer)
        verdict = bad(f"{self.failed} checks failed") if self.failed else good("all hold")
        print(f"   {len(mails)} messages, {len(letters)} answers, {self.asked} checks: {verdict}. Everything is kept in {bold(str(FOLDER.relative_to(TESTS.parent)))};")
        print("   its README says how to open a message with openssl alone.\n")

    def show_web(self):
        """Where the app is, and how to get in without having an account."""
        if not self.url:
            print(f"   {bold('The web app')} was not built: make ui, and then this again.\n")
            return
        where = FOLDER.relative_to(TESTS.parent)
        print(textwrap.indent(f"""{bold('The web app')} is at {self.url}

    {self.link('alice')}
    signs in as alice, whose mailbox, keys and alias are those from above; it asks for a password of your own, once

    {self.link()}
    makes a new account: name any mailbox, such as you@mailbox.example; what is mailed to it, the code
    first, is told below and filed in {where}/maildirs/
""", "   "))

    def keep(self):
        where = FOLDER.relative_to(TESTS.parent)
        self.show_web()
        print(textwrap.indent(f"""{bold('The demo stays up.')} Write to the alias:

    swaks --server 127.0.0.1:{self.server.port} --from you@world.example --to {ALIAS} --header "Subject: Hello"

The provider files what arrives in {where}/maildirs/{MAILBOX}/new/.

Read it in Thunderbird: Settings, Privacy & Security, Manage Certificates; import {where}/user.p12
under "Your Certificates" (the passphrase is in {where}/passphrase.txt), then {where}/root.crt under
"Authorities" and let it identify e-mail users. Then File, Open, Saved Message: any file named above, or
{where}/mailbox/01.eml. To answer from there, name 127.0.0.1, port {self.server.port}, as the outgoing server.

Ctrl-C ends it.
""", "   "), flush=True)
        seen = len(self.hop.messages)
        try:
            while self.server.process.poll() is None:
                time.sleep(0.3)
                for wire in self.hop.messages[seen:]:
                    self.tell(wire)
                    seen += 1
        except KeyboardInterrupt:
            print()

    def tell(self, wire):
        """A line for what comes while it stays up; the code of a mailbox is read out."""
        head, body = judge.split(wire.raw)
        code = re.search(rb"Your code: (\d{4} \d{4})", body)
        said = f"the code is {code[1].decode()}" if code else "sealed" if judge.is_sealed(wire.raw) else "in clear"
        print(f"   {dim(time.strftime('%H:%M:%S'))} to {', '.join(wire.rcpts)}: {said}, {human(len(wire.raw))}", flush=True)

    def close(self):
        self.server.stop()
        self.hop.close()


def main():
    options = argparse.ArgumentParser(description="shows what Postern does, with real messages")
    options.add_argument("--keep", action=argparse.BooleanOptionalAction, default=sys.stdin.isatty() and sys.stdout.isatty(),
                         help="stay up afterwards; so it does on a terminal")
    keep = options.parse_args().keep
    demo = Demo()
    try:
        demo.run()
        if keep:
            demo.keep()
        else:
            print(f"   {bold('make demo KEEP=1')} stays up: the web app, with a link that signs in once, and an alias to write to.\n")
    finally:
        demo.close()
    return 1 if demo.failed else 0


if __name__ == "__main__":
    sys.exit(main())
