"""CHUNKING, RFC 3030: messages in pieces of a told size, over the real server."""

import pytest

import judge
import messages
import smtp


def begin(client, world, sender="carl@shop.example"):
    assert client.cmd(f"MAIL FROM:<{sender}>").code == 250
    assert client.cmd(f"RCPT TO:<{world.alias}>").code == 250


def arrived(world, since):
    (wire,) = world.hop.wait(1, seconds=60, rcpt=world.mailbox, since=since)
    assert wire.faults == []
    return judge.open_sealed(world.judge, wire.raw)


@pytest.mark.parametrize("size", [1, 7, 64, 100000])
def test_a_message_in_chunks(world, size):
    mail = messages.plain(world.alias)
    since = len(world.hop.messages)
    with smtp.Smtp(world.server.port) as client:
        assert "CHUNKING" in client.extensions
        begin(client, world, mail.sender)
        pieces = [mail.raw[i:i + size] for i in range(0, len(mail.raw), size)]
        client.raw(b"".join(b"BDAT %d\r\n%s" % (len(p), p) for p in pieces[:-1]) + b"BDAT %d LAST\r\n%s" % (len(pieces[-1]), pieces[-1]))
        answers = [client.reply() for _ in pieces]
        assert all(a.code == 250 for a in answers) and "accepted as" in answers[-1].text
    opened = arrived(world, since)
    assert mail.raw.partition(b"\r\n\r\n")[2].strip() in opened.entity


def test_a_last_line_without_an_end_gets_one(world):
    since = len(world.hop.messages)
    with smtp.Smtp(world.server.port) as client:
        begin(client, world)
        raw = b"From: carl@shop.example\r\nSubject: x\r\nMessage-ID: <unended@shop.example>\r\n\r\nno end"
        client.raw(b"BDAT %d LAST\r\n%s" % (len(raw), raw))
        assert client.reply().code == 250
    assert b"no end\r\n" in arrived(world, since).entity


SMUGGLED = [b"\r\n.\r\n", b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r\n\x00.\r\n", b"\r\r\n.\r\r\n"]


@pytest.mark.parametrize("end", SMUGGLED, ids=lambda end: end.hex())
def test_attack_62_nothing_ends_a_chunk_but_its_size(world, end):
    """The published sequences within a chunk: content where they are clean, otherwise refused; never a second message."""
    evil = b"MAIL FROM:<evil@shop.example>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: evil\r\n\r\nevil\r\n.\r\n" % world.alias.encode()
    raw = (b"From: carl@shop.example\r\nSubject: chunk\r\nMessage-ID: <%s@shop.example>\r\n\r\nbefore" % end.hex().encode()
           + end + evil)
    since = len(world.hop.messages)
    with smtp.Smtp(world.server.port) as client:
        begin(client, world)
        client.raw(b"BDAT %d LAST\r\n%s" % (len(raw), raw))
        said = client.reply()
        assert client.cmd("NOOP").code == 250, "in step"
        assert said.code == (250 if end == SMUGGLED[0] else 550), said
    if said.code == 250:
        assert b"\r\nSubject: evil\r\n" in arrived(world, since).entity
    mail = messages.plain(world.alias)  # behind it, so that whatever leaked would have come before
    assert world.send(mail).ok
    assert len(world.hop.wait(2 if said.code == 250 else 1, seconds=60, rcpt=world.mailbox, since=since)) == 1 + (said.code == 250)


def test_attack_69_sizes_that_lie(world):
    """Too large to be true, not a number, cut off in the middle: nothing is taken, and the next session is served."""
    for size, code in (("18446744073709551616 LAST", 501), ("-5", 501), ("5x", 501)):
        with smtp.Smtp(world.server.port) as client:
            begin(client, world)
            assert client.cmd(f"BDAT {size}").code == code
            with pytest.raises(EOFError):
                client.cmd("NOOP")
    with smtp.Smtp(world.server.port) as client:
        begin(client, world)
        client.raw(b"BDAT 1000 LAST\r\nSubject: cut\r\n")
    with smtp.Smtp(world.server.port) as client:
        begin(client, world)
        assert client.cmd("NOOP").code == 250


def test_a_reset_between_chunks_forgets_the_message(world):
    since = len(world.hop.messages)
    with smtp.Smtp(world.server.port) as client:
        begin(client, world)
        client.raw(b"BDAT 11\r\nSubject: a\n")
        assert client.reply().code == 550
        client.raw(b"BDAT 5 LAST\r\nQUIT\n")
        assert client.reply().code == 503
        begin(client, world)
        client.raw(b"BDAT 12\r\nSubject: a\r\n")
        assert client.reply().code == 250
        assert client.cmd("RSET").code == 250
        mail = messages.plain(world.alias)
        assert client.send(mail.sender, world.alias, mail.raw).ok
    assert b"Subject: a" not in arrived(world, since).entity
