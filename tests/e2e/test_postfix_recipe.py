"""doc/postfix.md, as it stands there: the lines of main.cf are taken from the document."""

import pathlib
import re
import shutil
import smtplib

import pytest

import judge
import messages
import postern
import smtp
from test_postfix import MAIN, Postfix
from world import World

DOC = pathlib.Path(__file__).resolve().parent.parent.parent / "doc/postfix.md"


def lines(kind):
    """One block of the document; settings of it replace those of the test's own main.cf."""
    (block,) = re.findall(rf"^```{kind}\n(.*?)^```$", DOC.read_text(), re.M | re.S)
    return block


class Recipe(Postfix):
    def __init__(self, folder, port, recipe):
        self.recipe = recipe
        super().__init__(folder, port, 1)

    def postfix(self, what, check=True):
        path = self.folder / "etc/main.cf"
        if what == "start" and self.recipe not in path.read_text():
            mine = {line.split("=")[0].strip() for line in self.recipe.splitlines() if "=" in line}
            kept = [line for line in path.read_text().splitlines()
                    if line.split("=")[0].strip() not in mine | {"transport_maps", "virtual_mailbox_domains"}]
            path.write_text("\n".join(kept) + "\n" + self.recipe)
            master = self.folder / "etc/master.cf"
            master.write_text(master.read_text() + "lmtp unix - - n - - lmtp\n")
        super().postfix(what, check)

    def queue(self):
        """Messages that lie in its queue."""
        return [p for name in ("maildrop", "incoming", "active", "deferred", "hold")
                for p in (self.folder / "queue" / name).rglob("*") if p.is_file()]


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    folder = postern.new_folder()
    w = World(hop, tmp_path_factory.mktemp("world"),
              settings={"lmtp.listen": f"unix:{folder}/lmtp", "lmtp.socket_mode": "0666"})
    w.socket = folder / "lmtp"
    yield w
    w.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["lmtp", "proxy"])
def front(request, world):
    folder, port = postern.new_folder(), postern.free_port()
    recipe = lines(request.param).replace("/var/spool/postfix/postern/lmtp", str(world.socket))
    mta = Recipe(folder, port, recipe.replace("127.0.0.1:2525", f"127.0.0.1:{world.server.port}"))
    mta.kind = request.param
    try:
        yield mta
    finally:
        mta.postfix("stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def test_mail_comes_through_and_nothing_stays(world, front):
    since = len(world.hop.messages)
    mail = messages.plain(world.alias)
    sent = smtp.send(front.port, mail.sender, world.alias, mail.raw)
    assert sent.ok, (sent, front.log())
    (wire,) = world.hop.wait(1, seconds=60, rcpt=world.mailbox, since=since)
    assert judge.open_sealed(world.judge, wire.raw).signer and wire.faults == []
    assert front.queue() == [], "the message is Postern's now"


def test_an_unknown_alias_is_refused_at_once(world, front):
    """At RCPT after the queue, at the end of the message before it: never by a bounce."""
    since = len(world.hop.messages)
    mail = messages.plain("nobody@relay.example")
    sent = smtp.send(front.port, mail.sender, "nobody@relay.example", mail.raw)
    code = (sent.dot or sent.rcpts["nobody@relay.example"]).code
    for _ in range(20):  # Postfix asks in the background and says 450 until it knows
        if code // 100 == 5:
            break
        sent = smtp.send(front.port, mail.sender, "nobody@relay.example", mail.raw)
        code = (sent.dot or sent.rcpts["nobody@relay.example"]).code
    assert code // 100 == 5 and front.queue() == [] and len(world.hop.messages) == since


def test_every_extension(world, front):
    """8BITMIME, SMTPUTF8, SIZE and PIPELINING through both."""
    since = len(world.hop.messages)
    raw = ("From: Jürgen <jürgen@shop.example>\r\nTo: " + world.alias + "\r\nSubject: Grüße\r\nMIME-Version: 1.0\r\n"
           "Message-ID: <utf8-" + front.kind + "@shop.example>\r\nContent-Type: text/plain; charset=utf-8\r\n"
           "Content-Transfer-Encoding: 8bit\r\n\r\nschöne Grüße\r\n").encode()
    with smtplib.SMTP("127.0.0.1", front.port) as client:
        client.ehlo()
        client.sendmail("jürgen@shop.example", [world.alias], raw,
                        mail_options=["SMTPUTF8", "BODY=8BITMIME"])  # SIZE is smtplib's own
    (wire,) = world.hop.wait(1, seconds=60, rcpt=world.mailbox, since=since)
    assert "schöne Grüße".encode() in judge.open_sealed(world.judge, wire.raw).entity


def test_a_relay_that_is_away_loses_nothing(world, front):
    """After the queue Postfix keeps it and tries again; before it the client is asked to come again."""
    since = len(world.hop.messages)
    mail = messages.plain(world.alias)
    assert world.send(messages.plain(world.alias)).ok  # the alias is known to be there
    world.hop.wait(1, seconds=60, rcpt=world.mailbox, since=since)
    world.server.stop()
    try:
        sent = smtp.send(front.port, mail.sender, world.alias, mail.raw)
        codes = [a.code for a in (*sent.rcpts.values(), *([sent.dot] if sent.dot else []))]
        assert codes[-1] in (250, 450, 451), (codes, front.log())
    finally:
        world.server.start()
    if codes[-1] == 250:
        front.postfix("flush")
        assert len(world.hop.wait(2, seconds=60, rcpt=world.mailbox, since=since)) == 2
