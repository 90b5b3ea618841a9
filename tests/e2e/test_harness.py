"""The harness itself: what it is to notice, it notices."""

import pytest

import nexthop
import smtp


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
])
def test_next_hop_notes_faults(hop, raw, options, fault):
    smtp.send(hop.port, "a@b.example", "c@d.example", raw, options)
    assert hop.messages[0].faults == [fault]


@pytest.mark.parametrize("step", nexthop.STEPS)
def test_next_hop_misbehaves_once(hop, step):
    hop.misbehave(step, "421 4.3.2 going down")
    with pytest.raises((EOFError, AssertionError, ConnectionError)):
        sent = smtp.send(hop.port, "a@b.example", "c@d.example", b"A: b\r\n\r\n")
        assert sent.ok
    assert smtp.send(hop.port, "a@b.example", "c@d.example", b"A: b\r\n\r\n").ok
