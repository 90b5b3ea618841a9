"""The whole walk of a new user in a browser, against the real server: from the operator's invitation, taken with a passkey, over the test mail to sealed
mail, which openssl, NSS, gpgsm and Thunderbird open with what the page exported, and to answers. The page is driven by
ui/tests/live.mjs."""

import dataclasses
import email
import email.policy
import pathlib
import re
import subprocess

import pytest

import judge
import messages
import postern
import reply
import smtp
import world
from run import run
from thunderbird import Thunderbird

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
MAILBOX, ALIAS = "alice@mailbox.example", "books@relay.example"


class Browser:
    """The walk as a process that tells where it is."""

    def __init__(self, link, folder):
        self.process = subprocess.Popen(["node", "tests/live.mjs", link, str(folder)], cwd=TOP / "ui", text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def expect(self, pattern):
        line = self.process.stdout.readline().strip()
        if not re.fullmatch(pattern, line):
            self.process.kill()
            raise AssertionError(f"{line!r} where {pattern} belongs\n{self.process.stderr.read()[-4000:]}")
        return line

    def tell(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def end(self):
        assert self.process.wait(60) == 0, self.process.stderr.read()[-4000:]


@pytest.fixture(scope="module")
def server(hop):
    assert (TOP / "ui/dist/index.html").exists(), "there is no ui/dist: run make ui"
    port = postern.free_port()
    s = postern.Postern(hop.port, settings={"web.listen": f"127.0.0.1:{port}", "web.ui": TOP / "ui/dist",
                                            "web.origin": f"http://localhost:{port}"}).start()
    yield s
    s.close()


def code_in(raw):
    text = email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",)).get_content()
    return re.search(r"\b[0-9]{4} ?[0-9]{4}\b", text).group()


def keys_of(folder):
    """What the page exported, as the judges want it: the old form of the .p12 beside PEM files."""
    for name, options in (("user.crt", ["-clcerts", "-nokeys"]), ("user.key", ["-nocerts"]), ("chain.pem", ["-cacerts", "-nokeys"])):
        run("openssl", "pkcs12", "-in", folder / "user.p12", "-passin", f"file:{folder / 'passphrase'}", "-noenc", *options, "-out",
            folder / name)
    return judge.Keys(folder, MAILBOX, p12="user-legacy.p12", password=(folder / "passphrase").read_text())


class Walk:
    """Once, in a browser: from the invitation to an alias that has got mail. Its tests judge what came of it."""

    def __init__(self, server, hop, folder):
        self.server, self.hop, self.folder = server, hop, folder
        self.browser = Browser(server.cli("user", "invite")[0]["link"], folder)
        self.browser.expect("joined")
        self.browser.expect(r"code\?")
        (letter,) = hop.wait(1, rcpt=MAILBOX)
        self.browser.tell(code_in(letter.raw))
        self.browser.expect("verified")
        self.browser.expect(r"issued-in-\d+-ms")
        self.browser.expect("exported")
        self.keys = keys_of(folder)
        self.judge = judge.OpenSsl(self.keys, folder / "openssl")
        self.client = reply.Client(server.port, self.keys, folder)
        self.answer_the_test(hop.wait(2, rcpt=MAILBOX)[1])
        self.browser.expect("active")
        self.browser.expect("alias")
        self.mail = messages.plain(ALIAS)
        self.wire = self.relay(self.mail)
        self.browser.tell("mail")
        self.browser.expect("correspondent")
        self.browser.expect("pages")
        self.browser.end()

    def answer_the_test(self, wire):
        """By openssl: first as clients do that were not set up, then as they shall."""
        letter = world.Relayed(None, wire, judge.open_sealed(self.judge, wire.raw))
        for line, layers in (("answer-in-clear", ""), ("answer-well", "sign encrypt")):
            self.browser.expect(line + r"\?")
            assert self.client.send(self.client.reply(letter, messages.text("it works\n"), layers=layers)).ok

    def relay(self, mail):
        since = len(self.hop.messages)
        assert smtp.send(self.server.port, mail.sender, ALIAS, mail.raw, mail.options).ok
        (wire,) = self.hop.wait(1, rcpt=MAILBOX, since=since)
        return wire

    def copy_of(self, correspondent, since):
        (wire,) = self.hop.wait(1, rcpt=correspondent, since=since, seconds=60)
        assert MAILBOX.encode() not in wire.raw and ALIAS in judge.mailboxes(judge.field(judge.split(wire.raw)[0], "From"))
        return wire.raw


@pytest.fixture(scope="module")
def walk(server, hop, tmp_path_factory):
    return Walk(server, hop, tmp_path_factory.mktemp("walk"))


def test_an_invitation_becomes_sealed_mail(walk):
    opened = judge.open_sealed(walk.judge, walk.wire.raw)
    assert walk.mail.raw.partition(b"\r\n\r\n")[2].strip() in opened.entity
    assert walk.mail.says.encode() not in walk.wire.raw


@pytest.mark.parametrize("engine, file", [(judge.Nss, "user.p12"), (judge.Nss, "user-legacy.p12"), (judge.GpgSm, "user-legacy.p12")],
                         ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_other_clients_import_the_files_and_read_it(walk, engine, file, tmp_path):
    """The passphrase is not ASCII."""
    one = engine(dataclasses.replace(walk.keys, p12=file), tmp_path / "engine")
    try:
        assert walk.mail.says.encode() in judge.open_sealed(one, walk.wire.raw).entity
    finally:
        getattr(one, "close", lambda: None)()


def test_the_correspondent_gets_the_answer_from_the_alias(walk):
    done = world.Relayed(walk.mail, walk.wire, judge.open_sealed(walk.judge, walk.wire.raw))
    since = len(walk.hop.messages)
    assert walk.client.send(walk.client.reply(done, messages.text("my answer, by openssl\n"))).ok
    assert b"my answer, by openssl" in walk.copy_of(walk.mail.sender, since)


def test_thunderbird_imports_reads_and_answers(walk, tmp_path):
    with Thunderbird(tmp_path / "tb", walk.keys, [walk.wire.raw], smtp_port=walk.server.port, own=False) as t:
        got = t.import_p12(walk.folder / "user.p12", walk.keys.password)
        assert got["outcome"] == "Success" and any(MAILBOX in own for own in got["own"]), got
        ((mid, seen),) = t.read().items()
        assert (seen["encryption"], seen["signature"]) == ("SUCCESS", "SUCCESS") and walk.mail.says in seen["body"], seen
        t.choose_certificate()
        since = len(walk.hop.messages)
        sent = t.reply(mid, "my answer, by Thunderbird\n")
        assert sent["outcome"] == "sent", sent
    assert b"my answer, by Thunderbird" in walk.copy_of(walk.mail.sender, since)
