"""chasquid's SMTP dialogues (its .cmy files) against the running server, over its socket. The same are played against the
machine alone in src/proto/chasquid_test.c; here every verdict is the real one, of core and scribe. A reply agrees when it is
of the expected class: the texts are theirs."""

import re
import socket

import pytest

import skips
from world import World

FOLDER = skips.VECTORS / "chasquid/test"
NOT_OURS = {
    "t-04-aliases/test_chasquid_util.cmy": "a command line, no SMTP",
    "t-12-minor_dialogs/auth_multi_dialog.cmy": "AUTH is not offered on this port",
    "t-12-minor_dialogs/auth_too_many_failures.cmy": "AUTH is not offered on this port",
}
DIFFERENT = {  # their line: the class of our reply, and why
    "c <~ 554 5.6.0 Error parsing message": ("2", "a line that is no field ends the header and begins the body, as clients read it"),
    "c <- 502 5.7.0 You hear someone cursing shoplifters": ("4", "421 and the end, as RFC 5321 3.8 has it"),
}
RESPELLED = {"RCPT TO: user@testserver": "RCPT TO:<user@relay.example>"}  # RFC 5321 4.1.2 wants the brackets


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    w = World(hop, tmp_path_factory.mktemp("world"), alias="user@relay.example",
              settings={"smtp.message_bytes": 1 << 20})  # theirs
    yield w
    w.close()


class Play:
    def __init__(self, port):
        self.port, self.socket, self.file = port, None, None

    def dial(self, _):
        self.close("")
        self.socket = socket.create_connection(("127.0.0.1", self.port), 20)
        self.file = self.socket.makefile("rb")

    def close(self, _):
        if self.socket:
            self.file.close()
            self.socket.close()
        self.socket = None

    def say(self, text):
        text = RESPELLED.get(text, text).replace("testserver", "relay.example")
        self.socket.sendall(text.encode() + b"\r\n")

    def say_value(self, text):
        self.socket.sendall(eval(text, {"__builtins__": {}}).encode())  # an expression of texts, + and *

    def line(self):
        line = self.file.readline().decode()
        assert line.endswith("\r\n"), f"nothing was said: {line!r}"
        return line

    def expect(self, text):
        line = self.line()
        while line[3] == "-":
            line = self.line()
        assert line[0] == text[0], f"{line!r} where {text!r} was expected"

    def skip_to(self, text):
        while not self.line().startswith(text):
            pass

    KEYS = {"tcp_connect": dial, "close": close, "->": say, "~>": say_value, "<~": expect, "<-": expect, "<...": skip_to}

    def run(self, path):
        try:
            for number, line in enumerate(path.read_text().split("\n"), 1):
                if not line or line.startswith("#"):
                    continue
                who, key, text = re.fullmatch(r"(\w+) (\S+) ?(.*)", line).groups()
                if line in DIFFERENT:
                    text = DIFFERENT[line][0]
                try:
                    assert who == "c"
                    self.KEYS[key](self, text)
                except AssertionError as e:
                    raise AssertionError(f"{path.name}:{number}: {e}") from None
        finally:
            self.close("")


def dialogues():
    return [p for p in sorted(FOLDER.glob("**/*.cmy")) if str(p.relative_to(FOLDER)) not in NOT_OURS]


def test_they_are_all_there():
    assert len(dialogues()) == 16


@pytest.mark.parametrize("path", dialogues(), ids=lambda p: p.stem)
def test_dialogue(world, path):
    Play(world.server.port).run(path)
    Play(world.server.port).run(FOLDER / "t-12-minor_dialogs/sendmail.cmy")  # whatever it was, the next one is served
