"""`make demo` as a stranger runs it, on the release build; and what it leaves is what its README says."""

import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

import browser
from run import run

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
LEFT = TOP / "var/demo"


ENV = {**os.environ, "POSTERN_BUILD": "release", "PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="module")
def said():
    done = subprocess.run([sys.executable, TOP / "tests/demo.py"], capture_output=True, text=True, timeout=300,
                          env=ENV, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_it_shows_both_directions_and_every_check_holds(said):
    found = re.search(r"(\d+) messages, (\d+) answers, (\d+) checks: all hold", said)
    assert int(found[1]) >= 7 and int(found[2]) >= 4 and int(found[3]) >= 130
    assert "Signed by:" in said and "what the provider holds" in said
    assert len(re.findall(r"250 after \d+ ms, in the mailbox after \d+ ms", said)) == int(found[1])
    assert "make demo KEEP=1" in said and "/signup#" not in said, "a link to what has ended leads nowhere"
    assert "what the user's client sent" in said and "what the correspondent gets" in said


def test_it_leaves_what_its_readme_says(said):
    names = {p.relative_to(LEFT).as_posix() for p in LEFT.rglob("*")}
    assert {"user.p12", "user-legacy.p12", "passphrase.txt", "root.crt", "README"} <= names
    for i in range(1, 8):
        assert {f"sent/{i:02}.eml", f"mailbox/{i:02}.eml"} <= names
    for i in range(1, 5):
        assert {f"answered/{i:02}.eml", f"answers/{i:02}.eml"} <= names
    assert {f"correspondent/{i:02}.eml" for i in range(1, 7)} <= names, "a Reply-All is one for each"


def test_the_commands_of_its_readme_read_a_message(said):
    text = (LEFT / "README").read_text()
    commands = re.findall(r"^    ((?:openssl|grep) .*)$", text, re.M)
    assert len(commands) == 4
    key, read, answer, look = commands
    run("sh", "-c", key, cwd=LEFT)
    _, out, errors = run("sh", "-c", read, cwd=LEFT)
    assert b"your order 4711" in out and "successful" in errors
    assert b"leave it at the door" in run("sh", "-c", answer, cwd=LEFT)[1]
    (LEFT / "user.pem").unlink()
    _, out, _ = run("sh", "-c", look, cwd=LEFT, check=False)
    assert len(out.splitlines()) == 6 and all(line.endswith(b":0") for line in out.splitlines()), out


def test_what_was_sent_is_what_was_mailed_and_not_readable_there(said):
    """sent/NN.eml in clear, and mailbox/NN.eml byte for byte what the provider filed."""
    filed = {p.read_bytes() for p in (LEFT / "maildirs").glob("alice@mailbox.example/new/*")}
    for i in range(1, 8):
        sent, held = ((LEFT / f"{folder}/{i:02}.eml").read_bytes() for folder in ("sent", "mailbox"))
        assert b"shop@relay.example" in sent and b"application/pkcs7-mime" not in sent
        assert held in filed and b"application/pkcs7-mime" in held
    assert max((LEFT / f"sent/{i:02}.eml").stat().st_size for i in range(1, 8)) > 20 << 20


def test_a_check_that_fails_is_told_by_the_exit_status(said, tmp_path):
    """Run last of those that look at what it left: it leaves the like."""
    program = ("import sys; sys.path.insert(0, sys.argv.pop(1)); import demo\n"
               "def check(done, mailbox, folder):\n    'that never holds'\n    raise AssertionError('it does not')\n"
               "demo.CHECKS['never'] = check\nsys.exit(demo.main())")
    done = subprocess.run([sys.executable, "-c", program, TOP / "tests"], capture_output=True, text=True, timeout=300, env=ENV,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and "that never holds: it does not" in done.stdout and "7 checks failed" in done.stdout


class Terminal:
    """The demo on a terminal of its own, without a word about staying."""

    def __init__(self):
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen([sys.executable, TOP / "tests/demo.py"], stdin=theirs, stdout=theirs, stderr=theirs,
                                        env={**ENV, "NO_COLOR": "1", "COLUMNS": "110"}, start_new_session=True,
                                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # a shell's "&" ignores it
        os.close(theirs)
        self.text = ""

    def until(self, words, seconds=300):
        end = time.monotonic() + seconds
        while words not in self.text:
            ready, _, _ = select.select([self.ours], [], [], max(0, end - time.monotonic()))
            assert ready, f"it never said {words!r}:\n{self.text[-3000:]}"
            self.text += os.read(self.ours, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
        return self.text

    def end(self):
        self.process.send_signal(signal.SIGINT)
        try:
            assert self.process.wait(60) == 0
        finally:
            os.close(self.ours)


@pytest.fixture(scope="module")
def stays(said):
    t = Terminal()
    try:
        t.until("Ctrl-C ends it")
        yield t
    finally:
        t.end()


def test_it_stays_up_on_a_terminal(stays):
    """The command that it prints for swaks works, and the file goes where it says; Ctrl-C ends it well (see stays)."""
    text = stays.text
    (command,) = re.findall(r"^\s+(swaks .*)$", text, re.M)
    (box,) = re.findall(r"files what arrives in (\S+?)\.?$", text, re.M)
    assert "user.p12" in text and "passphrase.txt" in text and "root.crt" in text and "Thunderbird" in text
    before = len(list((TOP / box).iterdir()))
    run("sh", "-c", command)
    stays.until("to alice@mailbox.example: sealed", 30)
    assert len(list((TOP / box).iterdir())) == before + 1


def test_its_links_sign_in_once(stays):
    assert (TOP / "ui/dist/index.html").exists(), "there is no ui/dist: run make ui"
    (url,) = re.findall(r"The web app is at (http://localhost:\d+)", stays.text)
    known, new = re.findall(rf"^\s+{url}/signup#(\S+)$", stays.text, re.M)
    b = browser.Browser(int(url.rpartition(":")[2]), origin=url)
    assert b"<html" in b.get("/").raw
    assert b.good("POST", "/v1/invitation", {"invitation": known})["name"] == "alice"
    b.sign_up("alice", known)
    assert [a["address"] for a in b.get("/v1/aliases").json["aliases"]] == ["shop@relay.example"]
    assert b.get("/v1/profiles").json[0]["state"] == "active"
    b.refused(404, "POST", "/v1/invitation", {"invitation": known})
    other = browser.Browser(b.port, origin=url)
    other.sign_up("newcomer", new)
    other.good("POST", "/v1/mailboxes", {"address": "you@mailbox.example"}, 201)
    text = stays.until("to you@mailbox.example: the code is", 30)
    code = re.search(r"the code is (\d{4} \d{4})", text)[1]
    other.good("POST", "/v1/mailboxes/you%40mailbox.example/verify", {"code": code}, 204)
