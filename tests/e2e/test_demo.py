"""`make demo` as a stranger runs it, on the release build; and what it leaves is what its README says."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

from run import run

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
LEFT = TOP / "var/demo"


@pytest.fixture(scope="module")
def said():
    done = subprocess.run([sys.executable, TOP / "tests/demo.py"], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "POSTERN_BUILD": "release"}, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_it_shows_seven_messages_and_every_check_holds(said):
    found = re.search(r"(\d+) messages, (\d+) checks: all hold", said)
    assert int(found[1]) >= 7 and int(found[2]) >= 70
    assert "Signed by:" in said and "what the provider holds" in said


def test_it_leaves_what_its_readme_says(said):
    names = {p.relative_to(LEFT).as_posix() for p in LEFT.rglob("*")}
    assert {"user.p12", "user-legacy.p12", "passphrase.txt", "root.crt", "README"} <= names
    for i in range(1, 8):
        assert {f"sent/{i:02}.eml", f"mailbox/{i:02}.eml"} <= names


def test_the_commands_of_its_readme_read_a_message(said):
    text = (LEFT / "README").read_text()
    commands = re.findall(r"^    (openssl .*)$", text, re.M)
    assert len(commands) == 2
    out = b""
    for command in commands:
        status, out, errors = run("sh", "-c", command, cwd=LEFT)
    (LEFT / "user.pem").unlink()
    assert b"your order 4711" in out and "successful" in errors
