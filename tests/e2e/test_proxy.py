"""Behind a proxy (PROXY protocol, versions 1 and 2): the client's own address counts, and nobody comes in without a header."""

import socket
import struct

import pytest

import messages
import postern
import smtp
from run import run
from world import World

MARK = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture(scope="module")
def port():
    return postern.free_port()


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory, port):
    w = World(hop, tmp_path_factory.mktemp("world"),
              settings={"smtp.proxy_listen": f"127.0.0.1:{port}", "smtp.sessions_per_client": 2})
    yield w
    w.close()


def v1(address):
    return f"PROXY TCP4 {address} 198.51.100.2 40000 25\r\n".encode()


def v2(address, options=b""):
    block = socket.inet_aton(address) + socket.inet_aton("198.51.100.2") + struct.pack(">HH", 40000, 25) + options
    return MARK + b"\x21\x11" + struct.pack(">H", len(block)) + block


class Client(smtp.Smtp):
    def __init__(self, port, header):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.pending = b""
        for part in header if isinstance(header, list) else [header]:
            self.raw(part)
        self.banner = self.reply()
        self.extensions = {}
        if self.banner.code == 220:
            self.hello()


@pytest.mark.parametrize("header", [v1("203.0.113.7"), v2("203.0.113.7"), v2("203.0.113.7", b"\x04\0\1x"), MARK + b"\x20\0\0\0",
                                    b"PROXY UNKNOWN\r\n", b"PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n",
                                    [v1("203.0.113.7")[:9], v1("203.0.113.7")[9:]]],
                         ids=["v1", "v2", "v2-options", "v2-local", "v1-unknown", "v1-six", "in-parts"])
def test_mail_comes_through(world, port, header):
    since = len(world.hop.messages)
    mail = messages.plain(world.alias)
    with Client(port, header) as client:
        assert client.send(mail.sender, world.alias, mail.raw).ok
    world.hop.wait(1, seconds=60, rcpt=world.mailbox, since=since)


def test_what_stands_behind_the_header_is_the_session(world, port):
    """A header and the first command in one write: nothing is lost between the two."""
    with socket.create_connection(("127.0.0.1", port), 60) as s:
        s.sendall(v1("203.0.113.8") + b"EHLO client.example\r\nQUIT\r\n")
        said = b""
        while more := s.recv(4096):
            said += more
    assert said.startswith(b"220 ") and b"250-CHUNKING" in said and b"\r\n221 " in said


@pytest.mark.parametrize("header", [b"EHLO client.example\r\n", b"PROXY TCP4 203.0.113.7 198.51.100.2 40000\r\n",
                                    MARK + b"\x21\x11\xff\xff", b"PROXY TCP4 300.0.113.7 198.51.100.2 1 2\r\n"])
def test_nobody_comes_in_without_a_header(world, port, header):
    with socket.create_connection(("127.0.0.1", port), 60) as s:
        s.sendall(header)
        try:
            assert s.recv(100) == b""
        except ConnectionResetError:
            pass


def test_the_carried_address_is_what_limits_count(world, port):
    held = [Client(port, v1("203.0.113.20")) for _ in range(2)]
    try:
        with Client(port, v2("203.0.113.20")) as third:
            assert third.banner.code == 421
        with Client(port, v1("203.0.113.21")) as other:
            assert other.banner.code == 220
    finally:
        for client in held:
            client.close()


def test_swaks_behind_a_proxy(world, port):
    """Another's implementation of both versions."""
    since = len(world.hop.messages)
    for version in ("1", "2"):
        said = run("swaks", "--server", f"127.0.0.1:{port}", "--from", "carl@shop.example", "--to", world.alias, "--proxy-version",
                   version, "--proxy-family", "TCP4" if version == "1" else "AF_INET", "--proxy-source", "203.0.113.9",
                   "--proxy-source-port", "40000", "--proxy-dest", "198.51.100.2", "--proxy-dest-port", "25",
                   *(["--proxy-protocol", "STREAM", "--proxy-command", "PROXY"] if version == "2" else []),
                   "--header", f"Message-ID: <swaks-{version}@shop.example>")[1].decode()
        assert "accepted as" in said
    world.hop.wait(2, seconds=60, rcpt=world.mailbox, since=since)
