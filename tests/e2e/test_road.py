"""The road of real mail: to an alias in clear, to the mailbox signed by its sender's own certificate and encrypted."""

import re
import time

import pytest

import judge
import messages
from checks import CHECKS
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


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", NAMES)
def test_sample(relayed, world, tmp_path, name, check):
    CHECKS[check](relayed[name], world.mailbox, tmp_path)


def test_the_compatible_switch_is_the_default(relayed):
    assert {judge.algorithms(done.opened.sealed) for done in relayed.values()} == {("rsaEncryption", "aes-256-cbc")}


def test_one_sender_has_one_address(relayed, world):
    """The same person again has the same reverse address, and another person another one."""
    again = world.relay(messages.plain(world.alias))
    assert again.field("From") == relayed["plain"].field("From")
    assert len({r.opened.signer for r in relayed.values()}) == len(relayed)


def test_the_senders_own_signature_still_verifies(relayed, ca, tmp_path):
    part, signature = judge.signed_parts(relayed["signed"].opened.entity)
    engine = judge.OpenSsl(judge.Keys(ca.folder, ca.user), tmp_path / "their")
    assert engine.verify(signature, part) == relayed["signed"].mail.sender


@pytest.mark.parametrize("modern, sender_key, algorithms", [
    (False, "rsa2048", ("rsaEncryption", "aes-256-cbc")),
    (False, "p256", ("rsaEncryption", "aes-256-cbc")),
    (True, "p256", ("dhSinglePass-stdDH-sha256kdf-scheme", "aes-256-gcm")),
    (True, "rsa2048", ("dhSinglePass-stdDH-sha256kdf-scheme", "aes-256-gcm")),
])
def test_switches(world, tmp_path, modern, sender_key, algorithms):
    """Both switches of a profile, each in both positions; openssl reads them all."""
    user = world.server.user(f"switch-{modern}-{sender_key}")
    mailbox = world.server.mailbox(user, f"{user}@mailbox.example")
    keys = world.server.issue(mailbox, modern=modern, sender_key=sender_key)
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
