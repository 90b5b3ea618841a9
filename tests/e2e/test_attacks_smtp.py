"""SMTP classes of the attack list, by number, against a running server. What tests/dialogs and test_session.py ask of the
protocol is not asked again here."""

import socket
import time

import pytest

import messages
import smtp

FOREIGN = {"http": b"POST / HTTP/1.1\r\nHost: relay.example\r\nContent-Length: 99\r\n\r\nMAIL FROM:<a@b.example>\r\n",
           "get": b"GET / HTTP/1.0\r\n\r\n", "tls": bytes.fromhex("160301002a010000260303") + b"\0" * 40,
           "h2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}


def works(world):
    mail = messages.plain(world.alias)
    since = len(world.hop.messages)
    assert world.send(mail).ok
    world.hop.wait(1, since=since)


@pytest.mark.parametrize("name", FOREIGN)
def test_attack_65_other_protocols_are_closed_upon(world, name):
    """No command behind a foreign beginning is heard."""
    with socket.create_connection(("127.0.0.1", world.server.port), 30) as s:
        s.recv(1000)
        s.sendall(FOREIGN[name])
        said = b""
        try:
            while chunk := s.recv(4096):
                said += chunk
        except ConnectionError:
            pass
    assert b"\r\n250" not in b"\r\n" + said and b"354" not in said
    works(world)


RELAYS = ["<evil%dangerous.example@relay.example>", "<@relay.example:evil@dangerous.example>",
          "<evil@relay.example@dangerous.example>", "<dangerous.example!evil@relay.example>", "<evil@dangerous.example>",
          '<"evil@dangerous.example"@relay.example>', "<evil@[127.0.0.1]>", "<evil@[IPv6:::1]>", "<evil@localhost>",
          "<evil@relay.example.dangerous.example>", "<evil@127.0.0.1>", "<alice@mailbox.example>"]


@pytest.mark.parametrize("sender", ["<>", "<shop@relay.example>", "<a@b.example>"])
def test_attack_66_no_open_relay(world, sender):
    """Whoever claims to write, and however the address is spelled: mail goes to aliases alone. The user's own mailbox is none."""
    for rcpt in RELAYS:
        with smtp.Smtp(world.server.port) as c:
            assert c.cmd(f"MAIL FROM:{sender}").code == 250
            code = c.cmd(f"RCPT TO:{rcpt}").code
        assert code // 100 == 5, f"{rcpt}: {code}"


def test_attack_69_one_byte_at_a_time_and_resets(world):
    """A session in single bytes is a session; a hundred RSETs are no harm, and end at most this session."""
    with socket.create_connection(("127.0.0.1", world.server.port), 30) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.recv(1000)
        for byte in b"EHLO slow.example\r\n":
            s.sendall(bytes([byte]))
            time.sleep(0.002)
        said = b""
        while b"250 " not in said:
            said += s.recv(4096)
        s.sendall(b"RSET\r\n" * 100)
        said = b""
        try:
            while said.count(b"\r\n") < 100 and (chunk := s.recv(4096)):
                said += chunk
        except ConnectionError:
            pass
        assert said.count(b"250 ") == 100 or b"421 " in said
    works(world)
