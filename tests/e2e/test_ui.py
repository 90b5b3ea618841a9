"""The whole walk of a new user in a browser, against the real server: from the operator's invitation to mail that openssl
opens with what the page exported. The page is driven by ui/tests/live.mjs."""

import email
import email.policy
import pathlib
import re
import subprocess

import pytest

import judge
import messages
import postern
import smtp
from run import run

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
                                            "web.origin": f"http://127.0.0.1:{port}"}).start()
    yield s
    s.close()


def code_in(raw):
    text = email.message_from_bytes(raw, policy=email.policy.default).get_body(("plain",)).get_content()
    return re.search(r"\b[0-9]{4} ?[0-9]{4}\b", text).group()


def keys_of(folder):
    """What the page exported, as the judges want it."""
    run("openssl", "pkcs12", "-in", folder / "user.p12", "-passin", f"file:{folder / 'passphrase'}", "-noenc", "-clcerts",
        "-nokeys", "-out", folder / "user.crt")
    run("openssl", "pkcs12", "-in", folder / "user.p12", "-passin", f"file:{folder / 'passphrase'}", "-noenc", "-nocerts",
        "-out", folder / "user.key")
    return judge.Keys(folder, MAILBOX)


def test_an_invitation_becomes_sealed_mail(server, hop, tmp_path):
    link = server.cli("user", "invite")[0]["link"]
    browser = Browser(link, tmp_path)
    browser.expect("joined")
    browser.expect(r"code\?")
    (letter,) = hop.wait(1, rcpt=MAILBOX)
    browser.tell(code_in(letter.raw))
    browser.expect("verified")
    browser.expect(r"issued-in-\d+-ms")
    browser.expect("active")
    browser.expect("alias")

    since = len(hop.messages)
    mail = messages.plain(ALIAS)
    assert smtp.send(server.port, mail.sender, ALIAS, mail.raw, mail.options).ok
    (wire,) = hop.wait(1, rcpt=MAILBOX, since=since)
    opened = judge.open_sealed(judge.OpenSsl(keys_of(tmp_path), tmp_path / "openssl"), wire.raw)
    assert mail.raw.partition(b"\r\n\r\n")[2].strip() in opened.entity

    browser.tell("mail")
    browser.expect("correspondent")
    browser.expect("pages")
    browser.end()
