"""The harness itself: what it is to notice, it notices."""

import os
import subprocess
import sys

import pytest

import memory
import nexthop
import pki
import smtp
from run import run


@pytest.fixture
def hop(tmp_path):
    with nexthop.NextHop(tmp_path) as h:
        yield h


def test_next_hop_files_bytes_as_they_came(hop, tmp_path):
    raw = b"Subject: x\r\n\r\n.dot\r\n..two\r\nend without newline\r\n"
    sent = smtp.send(hop.port, "a@b.example", ["c@d.example", "e@d.example"], raw, "BODY=8BITMIME")
    assert sent.ok and hop.messages[0].raw == raw and hop.messages[0].faults == []
    assert [p.read_bytes() for p in sorted(tmp_path.glob("*/new/*"))] == [raw, raw]


def test_next_hop_takes_an_empty_and_a_large_message(hop):
    large = b"x" * 76 + b"\r\n"
    with smtp.Smtp(hop.port) as client:
        assert client.send("", "c@d.example", b"\r\n").ok
        assert client.send("", "c@d.example", b"\r\n" + large * 250_000).ok
    assert [len(m.raw) for m in hop.messages] == [2, 2 + 78 * 250_000]


@pytest.mark.parametrize("raw, options, fault", [
    (b"A: b\r\n\r\nbare\nlf\r\n", "", "bare CR or LF"),
    (b"A: b\r\n\r\nbare\rcr\r\n", "", "bare CR or LF"),
    (b"A: b\r\n\r\n" + b"y" * 999 + b"\r\n", "", "a line of 999 octets"),
    (b"A: b\r\n\r\n\xc3\xa4\r\n", "", "8-bit data not announced"),
    (b"A: \xc3\xa4\r\n\r\n\r\n", "BODY=8BITMIME", "8-bit header without SMTPUTF8"),
], ids=["lf", "cr", "long", "8-bit", "utf-8"])
def test_next_hop_notes_faults(hop, raw, options, fault):
    smtp.send(hop.port, "a@b.example", "c@d.example", raw, options)
    assert hop.messages[0].faults == [fault]


@pytest.mark.parametrize("step", [step for step in nexthop.STEPS if step not in ("starttls", "auth")])
def test_next_hop_misbehaves_once(hop, step):
    hop.misbehave(step, "421 4.3.2 going down")
    with pytest.raises((EOFError, AssertionError, ConnectionError)):
        sent = smtp.send(hop.port, "a@b.example", "c@d.example", b"A: b\r\n\r\n")
        assert sent.ok
    assert smtp.send(hop.port, "a@b.example", "c@d.example", b"A: b\r\n\r\n").ok


@pytest.mark.parametrize("order", ["little", "big"])
def test_a_prime_is_found_in_memory(tmp_path, order):
    """A process that has read an RSA key, as numbers of OpenSSL's or as DER, is told from one that has not."""
    ca = pki.Pki(tmp_path)
    text = run("openssl", "rsa", "-in", ca.path("user.key"), "-noout", "-text")[1].decode()
    prime = text.split("prime1:")[1].split("prime2:")[0].replace(":", "").split()
    number = int("".join(prime), 16).to_bytes(128, order)
    (tmp_path / "number").write_bytes(number)
    holder = "import mmap,sys; m=mmap.mmap(-1,4096); m[64:192]=open(sys.argv[1],'rb').read(); print(flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", holder, tmp_path / "number"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    try:
        assert memory.holds_a_factor([process.pid], *memory.modulus(ca.path("user.crt")))
        assert not memory.holds_a_factor([process.pid], *memory.modulus(ca.path("sender.crt")))
        assert memory.holds([process.pid], number) and not memory.holds([process.pid], os.urandom(16))
        assert 1 << 20 < memory.total([process.pid]) < 100 << 20
    finally:
        process.communicate(b"\n")
