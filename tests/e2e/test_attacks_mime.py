"""MIME and header classes of the attack list, by number, through the whole road to one mailbox that reads sealed mail. What
arrives opens with an engine that is not ours; what is refused is refused to the sender; and the server goes on."""

import base64
import socket
import threading

import pytest

import judge
import messages
from run import run

ALICE = "alice@mailbox.example"


def mail(world, name, content, more=(), sender="Sam <sam@shop.example>"):
    raw = messages.head(sender, world.alias, name, more=more) + content
    return messages.Mail(name, "sam@shop.example", raw, name)


def parts(n, text=b"x"):
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + (b"--b\r\n\r\n" + text + b"\r\n") * n + b"--b--\r\n"


def nested(n):
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(n))
    return opened + b"\r\ndeep\r\n"


def still_works(world):
    done = world.relay(mail(world, "after", messages.text("still here\n")))
    assert b"still here" in done.opened.entity


BOMBS = {
    "35-multiparts-50": (nested(50), ()), "35-multiparts-1000": (nested(1000), ()),
    "35-rfc822-300": (b"Content-Type: message/rfc822\r\n\r\n" * 300 + b"\r\nx\r\n", ()),
    "36-parts-10000": (parts(10000), ()), "36-headers-20000": (b"X-A: b\r\n" * 20000 + b"\r\nx\r\n", ()),
    "36-header-line-1-mib": (b"X-A: " + b"y" * (1 << 20) + b"\r\n\r\nx\r\n", ()),
    "36-to-10000": (b"Cc: " + b",\r\n ".join(b"p%d@many.example" % i for i in range(10000)) + b"\r\n\r\nx\r\n", ()),
    "36-colons": (b"Cc: " + b"a@b.example:c:\r\n " * 3000 + b"\r\n\r\nx\r\n", ()),
    "37-encoded-words": (b"Keywords: " + b"=?utf-8?q?x\r\n " * 9000 + b"\r\n\r\nx\r\n", ()),
    "37-boundaries": (b'Content-Type: multipart/mixed; boundary="' + b"b" * 60 + b'"\r\n\r\n' +
                      (b"--" + b"b" * 59 + b"c\r\n") * 60000, ()),
    "37-delimiters": (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 300000, ()),
}


@pytest.mark.parametrize("name", BOMBS)
def test_attack_35_36_37_bombs(world, name):
    """Bounded: refused at once, or sealed whole. Either way the next message goes its way."""
    content, more = BOMBS[name]
    since = len(world.hop.messages)
    sent = world.send(mail(world, name, content, more))
    if sent.ok:
        (m,) = world.hop.wait(1, since=since)
        assert content.rpartition(b"\r\n\r\n")[2][-500:] in judge.open_sealed(world.judge, m.raw).entity
    else:
        assert sent.dot.code // 100 == 5, str(sent.dot)
    still_works(world)


def test_attack_14_a_partial_signature_is_the_senders_own_affair(world):
    """The relay signs the whole, as the relay; a signature inside covers what it covered, byte for byte."""
    inner = (b"Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=s\r\n\r\n--s\r\n\r\nsigned \r\n"
             b"--s\r\nContent-Type: application/pgp-signature\r\n\r\nxx\r\n--s--\r\n")
    content = b"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nnot signed\r\n--m\r\n" + inner + b"\r\n--m--\r\n"
    done = world.relay(mail(world, "partial", content))
    assert inner in done.opened.entity and done.opened.signer == judge.mailboxes(done.field("From"))[0]


def test_attack_15_a_status_told_by_the_sender_is_not_passed_on(world):
    told = ["Authentication-Results: relay.example; dkim=pass", "X-Relay-Status: verified", "X-Postern: signed",
            "ARC-Seal: i=1; cv=pass", "Received-SPF: pass", "X-Spam-Status: No"]
    done = world.relay(mail(world, "status", messages.text("x\n"), told))
    for line in told:
        assert line.split(":")[0].encode().lower() + b":" not in (done.outer + judge.split(done.opened.entity)[0]).lower()


def test_attack_16_inner_headers_do_not_become_the_messages(world):
    content = (b'Content-Type: text/plain; protected-headers="v1"; hp="clear"\r\nFrom: boss@bank.example\r\n'
               b"\r\nSubject: inner\r\n")
    done = world.relay(mail(world, "inner", content))
    assert judge.mailboxes(done.field("From")) == [done.opened.signer] and "boss" not in done.field("From")
    assert b"multipart/mixed" in judge.split(done.opened.entity)[0]


ADDRESSES = ['"a(b"@shop.example', '(c)sam@shop.example(d)', '<@x.example,@y.example:sam@shop.example>',
             '"sam@bank.example"@shop.example', r'"sam\"@bank.example"@shop.example', "=?utf-8?q?x?= <sam@shop.example>",
             "g: sam@shop.example;", "sam@shop.example.", "sam@[192.0.2.1]", "a@b.example:c@d.example"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_attack_19_who_is_shown_is_who_has_signed(world, address):
    since = len(world.hop.messages)
    if world.send(mail(world, "spelled", messages.text("x\n"), sender=address)).ok:
        (m,) = world.hop.wait(1, since=since)
        opened = judge.open_sealed(world.judge, m.raw)
        assert judge.mailboxes(judge.field(opened.outer, "From")) == [opened.signer]
        assert opened.signer.endswith("@relay.example") and b"bank.example>" not in opened.outer


@pytest.fixture(scope="module")
def two_aliases(world):
    """The same mail to two aliases of one user."""
    second = world.server.alias(world.user, "other26@relay.example")
    m = mail(world, "cms", messages.text("x\n"))
    return [world.relay(messages.Mail("cms", m.sender, m.raw.replace(world.alias.encode(), alias.encode()), "x"), alias=alias)
            for alias in (world.alias, second)]


def printed(world, der):
    path = world.folder / "printed.der"
    path.write_bytes(der)
    return run("openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", path)[1]


def test_attack_28_one_recipient(world, two_aliases):
    for done in two_aliases:
        shown = printed(world, done.opened.sealed)
        assert shown.count(b"d.ktri") + shown.count(b"d.kari") == 1


def test_attack_26_a_leaf_names_the_reverse_address_alone(world, two_aliases, tmp_path):
    """Its serial is 128 random bits, and it has no name of the user's: subject and SAN are the reverse address."""
    serials = set()
    for done in two_aliases:
        for path in judge.certificates(tmp_path, done.opened.signature):
            said = run("openssl", "x509", "-noout", "-subject", "-ext", "subjectAltName", "-in", path)[1]
            if done.opened.signer.encode() not in said:
                continue
            assert ALICE.encode() not in said and world.alias.encode() not in said and b"other26" not in said
            serials.add(run("openssl", "x509", "-noout", "-serial", "-in", path)[1].strip())
    assert len(serials) == 2 and all(len(s) > 30 for s in serials)


def test_attack_34_43_nothing_is_fetched(world):
    """external-body, remote pictures, AIA of a certificate inside: the relay opens no connection."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(1.5)
        url = "http://127.0.0.1:%d/x" % trap.getsockname()[1]
        hits = []

        def listen():
            try:
                hits.append(trap.accept()[1])
            except OSError:
                pass
        listener = threading.Thread(target=listen)
        listener.start()
        content = (f'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/external-body; '
                   f'access-type=URL; URL="{url}"\r\n\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<img src="{url}">\r\n--b\r\n'
                   f'Content-Type: message/partial; id="1"; number=1; total=2\r\n\r\nhalf\r\n--b--\r\n').encode()
        done = world.relay(mail(world, "fetch", content))
        assert content.partition(b"\r\n\r\n")[2] in done.opened.entity
        listener.join()
        assert hits == []


CONFLICTS = {
    "two-types": b"Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
    "two-boundaries": b"Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
    "two-encodings": b"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\neA==\r\n",
    "rfc2231-boundary": b"Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\r\n\r\n--ab\r\n\r\nx\r\n--ab--\r\n",
    "blank-boundary": b'Content-Type: multipart/mixed; boundary="b "\r\n\r\n--b\r\n\r\nx\r\n--b --\r\n',
    "42-base64-junk": b"Content-Transfer-Encoding: base64\r\n\r\nQUJD!!RE=F\r\n====\r\n",
    "42-uuencode": b"\r\nbegin 644 x.exe\r\n#0V%T\r\n`\r\nend\r\n",
    "44-tnef": b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\nfwB+AQ==\r\n",
    "46-charsets": b"Content-Type: text/plain; charset=utf-7\r\n\r\n+ADw-script+AD4- \xc0\xaf \x1b$B\r\n",
    "41-filename": b'Content-Disposition: attachment; filename="../../etc/pass\\\\wd\xe2\x80\xae.exe"\r\n\r\nx\r\n',
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_attack_38_41_42_44_45_46_content_is_the_senders_byte_for_byte(world, name):
    """The relay decides nothing by such content, so there is no second reading to differ from: it is wrapped as it came."""
    content = CONFLICTS[name]
    done = world.relay(mail(world, name, content))
    head, _, body = content.partition(b"\r\n\r\n") if not content.startswith(b"\r\n") else (b"", b"", content[2:])
    assert done.opened.entity.endswith(body)
    kept = judge.split(done.opened.entity)[0].split(b"\r\n")
    assert all(line in kept for line in head.split(b"\r\n") if not name.startswith("two-"))
    for field in (b"content-type:", b"content-transfer-encoding:"):
        assert sum(line.lower().startswith(field) for line in kept) <= 1  # the first one, which was read


@pytest.mark.parametrize("value", ["=?utf-8?Q?x=0D=0ABcc:_evil@dangerous.example?=", "=?utf-16?B?AA0ACgBCAGMAYw==?=",
                                   "=?utf-7?Q?x+AA0ACg-Bcc:_evil?=", "=?iso-2022-jp?B?GyRCDQpCY2M6IHgbKEI=?="])
def test_attack_39_46_no_word_opens_a_header(world, value):
    """In the subject, in a name, in a parameter."""
    content = f"Content-Type: text/plain; name*=utf-8''x%0D%0ABcc:%20e\r\nContent-Description: {value}\r\n\r\nx\r\n".encode()
    m = mail(world, value, content, more=[f"Cc: {value} <carol@home.example>"], sender=f"{value} <sam@shop.example>")
    done = world.relay(m)
    for block in (done.outer, judge.split(done.opened.entity)[0] + b"\r\n"):
        assert b"\nBcc" not in block and b"\nbcc" not in block.lower()


@pytest.mark.parametrize("line", [b"X-A: a\rb", b"X-A: a\nb", b"X-A: a\0b", b"Sub\xffject: x", b"X-A: \x80\xff"])
def test_attack_40_bytes_in_a_header(world, line):
    """A CR, LF or NUL apart is refused; 8-bit may come in, and leaves no trace in the outer header."""
    since = len(world.hop.messages)
    m = mail(world, "bytes", messages.text("x\n"))
    sent = world.send(messages.Mail("bytes", m.sender, line + b"\r\n" + m.raw, "x"))
    if any(c in line for c in b"\r\n\0"):
        assert sent.dot.code // 100 == 5
    elif sent.ok:
        assert world.hop.wait(1, since=since)[0].raw.isascii()


def test_attack_33_boundaries_and_keys_do_not_repeat(world):
    """Whichever scribe seals: no boundary, no key twice."""
    sealed = [world.relay(mail(world, "again", messages.text("the same\n"))) for _ in range(6)]
    boundaries = [judge.split(d.opened.sealed)[0] for d in sealed]
    assert len(set(boundaries)) == 6 and len({d.opened.signature for d in sealed}) == 6


# ---- smuggling: what leaves us, through a mailbox whose mail passes in clear ---------------------------------------------

ENDINGS = [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r\n.\n", b"\r.\r\n", b"\n\n.\r\n", b"\r\r\n.\r\r\n", b"\r\n\0.\r\n",
           b"\r\n.\0\r\n", b"\n\r.\n\r", b"\r\n.\r\r\n", b"\n.\r", b"\r.\n", b"\n\0.\n", b"\r\r.\r\r"]
NULS = [b"\r\n\0.\r\n", b"\r\n.\0\r\n"]  # no line end apart, but a NUL
INNER = b"MAIL FROM:<admin@bank.example>\r\nRCPT TO:<x@y.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n"


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda e: e.hex())
def test_attack_62_no_sequence_is_taken_in(world, ending):
    since = len(world.hop.messages)
    m = mail(world, "smuggle", b"\r\ntext" + ending + INNER)
    sent = world.send(m)
    assert not sent.ok and sent.dot.code == 550 and sent.dot.enhanced == ("5.6.0" if ending in NULS else "5.5.2")
    assert len(world.hop.messages) == since


def test_attack_62_nothing_leaves_that_ends_a_message_early(world):
    """Through a mailbox that is not sealed: dots in every place, encoded endings, and a text that looks like a session. One
    message in, the same one out; on the wire no line end apart, and the next hop sees one message."""
    user = world.server.user("clara")
    world.server.mailbox(user, "clara@mailbox.example", clear="on")
    alias = world.server.alias(user, "clear62@relay.example")
    dots = b"\r\n".join([b".", b"..", b".text", b"", b".", INNER.strip(), b".", b"end"]) + b"\r\n"
    for body in (dots, b"".join(base64.encodebytes(e + INNER).replace(b"\n", b"\r\n") for e in ENDINGS)):
        since = len(world.hop.messages)
        raw = messages.head("Sam <sam@shop.example>", alias, "out") + b"\r\n" + body
        assert world.send(messages.Mail("out", "sam@shop.example", raw, "out"), alias).ok
        (m,) = world.hop.wait(1, since=since)
        assert m.faults == [] and m.raw.endswith(body) and m.rcpts == ["clara@mailbox.example"]
        assert not set(b"\r\n") & set(m.raw.replace(b"\r\n", b""))
        assert len(world.hop.messages) == since + 1
