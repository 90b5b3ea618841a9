"""The road of real mail: to an alias in clear, to the mailbox signed by its sender's own certificate and encrypted."""

import re
import time

import pytest

import judge
import messages
from run import run

NAMES = ["plain", "html", "8-bit", "utf-8", "signed", "large", "booking"]


@pytest.fixture(scope="module")
def relayed(world, ca):
    """Each sample once, in one go; {name: Relayed}."""
    done = {}
    for mail in messages.samples(world.alias, ca):
        start = time.monotonic()
        done[mail.name] = world.relay(mail)
        print(f"{mail.name}: {len(mail.raw)} bytes, {time.monotonic() - start:.3f} s")
    return done


@pytest.fixture(params=NAMES)
def one(request, relayed):
    return relayed[request.param]


def test_it_goes_to_the_mailbox_and_says_nothing_of_the_sender(one, world):
    assert one.wire.rcpts == [world.mailbox]
    assert one.mail.sender not in one.wire.sender
    assert one.mail.sender.encode() not in one.outer.lower()


def test_the_signer_is_the_sender_in_from(one):
    (address,) = judge.mailboxes(one.field("From"))
    assert address == one.opened.signer and address.endswith("@relay.example")
    assert one.field("Reply-To") is None or judge.mailboxes(one.field("Reply-To")) == [address]


def test_the_name_and_the_subject_stay(one):
    head = judge.split(one.mail.raw)[0]
    name = re.sub(r'\s*<.*', "", judge.words(judge.field(head, "From"))).strip('"')
    assert name in judge.words(one.field("From"))
    assert judge.words(one.field("Subject")) == judge.words(judge.field(head, "Subject"))
    assert one.field("Date") == judge.field(head, "Date")


def test_the_content_is_the_same(one):
    assert judge.leaves(one.opened.message) == judge.leaves(one.mail.raw)
    assert one.mail.says.encode() in judge.parsed(one.opened.message).as_bytes() or any(
        one.mail.says in (p.get_payload(decode=True) or b"").decode("utf-8", "replace")
        for p in judge.parsed(one.opened.message).walk())


def test_the_bytes_of_the_body_are_the_same(one):
    """A body part is never written anew: what follows the header is what the sender wrote."""
    assert one.opened.entity.endswith(judge.split(one.mail.raw)[1].rstrip(b"\r\n")) or \
        judge.split(one.opened.entity)[1].rstrip(b"\r\n") == judge.split(one.mail.raw)[1].rstrip(b"\r\n")


def test_the_shape_is_the_compatible_one(one, tmp_path):
    assert judge.algorithms(one.opened.sealed) == ("rsaEncryption", "aes-256-cbc")
    assert judge.recipients(one.opened.sealed) == 1
    assert sorted(judge.attributes(one.opened.signature)) == ["contentType", "messageDigest"]
    subjects = [run("openssl", "x509", "-noout", "-subject", "-issuer", "-in", p)[1].decode().splitlines()
                for p in judge.certificates(tmp_path, one.opened.signature)]
    assert len(subjects) == 2, f"leaf and intermediate, not {subjects}"
    assert all(s.split("=", 1)[1] != i.split("=", 1)[1] for s, i in subjects), "the root travels"


def test_the_outer_message_is_opaque(one):
    """Nothing of the body, and no word of the original's structure, is readable outside."""
    body = judge.split(one.wire.raw)[1]
    assert re.fullmatch(rb"[A-Za-z0-9+/=\r\n]+", body)
    assert judge.content_type(one.outer)[0] == "application/pkcs7-mime"
    assert one.mail.says.encode() not in one.wire.raw


def test_one_sender_has_one_address(relayed, world):
    """The same person again has the same reverse address, and another person another one."""
    again = world.relay(messages.plain(world.alias))
    assert again.field("From") == relayed["plain"].field("From")
    assert len({r.opened.signer for r in relayed.values()}) == len(relayed)


def test_the_senders_own_signature_still_verifies(relayed, ca, tmp_path):
    part, signature = judge.signed_parts(relayed["signed"].opened.entity)
    engine = judge.OpenSsl(judge.Keys(ca.folder, ca.user), tmp_path / "their")
    assert engine.verify(signature, part) == relayed["signed"].mail.sender


def test_message_ids_are_mapped(one):
    theirs = judge.field(judge.split(one.mail.raw)[0], "Message-ID")
    ours = one.field("Message-ID")
    assert re.fullmatch(r"<[^\s<>@]+@relay\.example>", ours) and ours != theirs
    assert theirs.strip("<>").encode() not in one.wire.raw


@pytest.mark.parametrize("cipher, sender_key, algorithms", [
    ("compatible", "rsa2048", ("rsaEncryption", "aes-256-cbc")),
    ("compatible", "p256", ("rsaEncryption", "aes-256-cbc")),
    ("modern", "p256", ("dhSinglePass-stdDH-sha256kdf-scheme", "aes-256-gcm")),
    ("modern", "rsa2048", ("dhSinglePass-stdDH-sha256kdf-scheme", "aes-256-gcm")),
])
def test_switches(world, tmp_path, cipher, sender_key, algorithms):
    """Both switches of a profile, each in both positions; openssl reads them all."""
    user = world.server.user(f"switch-{cipher}-{sender_key}")
    mailbox = world.server.mailbox(user, f"{user}@mailbox.example")
    keys = world.server.issue(mailbox, cipher=cipher, sender_key=sender_key)
    alias = world.server.alias(user)
    done = world.relay(messages.html(alias), alias, judge.OpenSsl(keys, tmp_path))
    assert judge.algorithms(done.opened.sealed) == algorithms
    kind = run("openssl", "x509", "-noout", "-text", "-in", tmp_path / "signer.pem")[1].decode()
    assert ("id-ecPublicKey" in kind) == (sender_key == "p256")
    assert judge.leaves(done.opened.message) == judge.leaves(done.mail.raw)


def test_two_messages_share_nothing_random(world):
    """Two of the same: other boundary, other initialisation vector, other content key, other Message-ID."""
    mail = messages.plain(world.alias)
    one, two = world.relay(mail), world.relay(messages.Mail(**{**mail.__dict__, "raw": mail.raw.replace(b"4711", b"4712")}))
    assert one.opened.sealed[:400] != two.opened.sealed[:400]
    text = [judge.cms_text(r.opened.sealed) for r in (one, two)]
    vectors = [re.search(r"contentEncryptionAlgorithm:.*?OCTET STRING:?\s*\n(.*?)\n\s+encryptedContent", t, re.S) for t in text]
    assert all(vectors) and vectors[0][1] != vectors[1][1]
    inner = [judge.decrypted(world.judge, r.wire.raw)[2] for r in (one, two)]
    boundaries = [judge.content_type(judge.split(i)[0])[1]["boundary"] for i in inner]
    assert boundaries[0] != boundaries[1]
