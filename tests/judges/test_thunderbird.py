"""Thunderbird, judged like the other engines before it judges Postern."""

import email.utils

import pytest

import judge
import nexthop
import pki
from thunderbird import Thunderbird

PART = ("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        "Grüße, Alice!\r\nMARKER ✓\r\n").encode()
CAROL = "carol.x1y2@relay.example"


def message(name, body, sender=pki.SENDER, to=pki.USER):
    return (f"From: Bob <{sender}>\r\nTo: {to}\r\nSubject: {name}\r\nDate: {email.utils.formatdate()}\r\n"
            f"Message-ID: <{name}@relay.example>\r\nMIME-Version: 1.0\r\n").encode() + body


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """One Thunderbird for all of it: what it shows of each message, and what it answers to one."""
    folder = tmp_path_factory.mktemp("thunderbird")
    ca = pki.Pki(folder / "pki")
    ca.leaf("outside", "mallory@elsewhere.example")
    ca.leaf("carol", CAROL)
    bare = ["-nosmimecap", "-certfile", ca.path("carol.crt")]
    messages = [
        message("good", ca.encrypt(ca.sign(PART, options=bare)), to=f"{pki.USER}, Carol <{CAROL}>"),
        message("tampered", ca.encrypt(ca.sign(PART).replace(b"MARKER", b"mARKER"))),
        message("outside", ca.encrypt(ca.sign(PART, signer="outside")), sender="mallory@elsewhere.example"),
        message("other-from", ca.encrypt(ca.sign(PART)), sender="someone@relay.example"),
        message("foreign-key", ca.encrypt(ca.sign(PART), recipient="sender")),
        message("gcm", ca.encrypt(ca.sign(PART), cipher="aes-256-gcm")),
        message("clear", PART),
    ]
    with nexthop.NextHop(folder / "sent") as sink:
        with Thunderbird(folder / "tb", judge.Keys(ca.folder, ca.user), messages, smtp_port=sink.port) as t:
            seen = {mid.split("@")[0]: what for mid, what in t.read().items()}
            seen["certificate"] = t.choose_certificate()
            seen["reply"] = t.reply("good@relay.example", "REPLY-MARKER\n", everyone=True)
            seen["sent"] = list(sink.messages)
    return seen


@pytest.mark.parametrize("name, encryption, signature, readable", [
    ("good", "SUCCESS", "SUCCESS", True),
    ("tampered", "SUCCESS", "VERIFY_DIGEST_MISMATCH", True),
    ("outside", "SUCCESS", "VERIFY_UNTRUSTED", True),
    ("other-from", "SUCCESS", "VERIFY_HEADER_MISMATCH", True),
    ("clear", None, None, True),
])
def test_thunderbird_shows(shown, name, encryption, signature, readable):
    assert (shown[name]["encryption"], shown[name]["signature"]) == (encryption, signature)
    assert ("marker" in shown[name]["body"].lower()) == readable and shown[name]["subject"].endswith(name)


@pytest.mark.parametrize("name", ["foreign-key", "gcm"])
def test_thunderbird_does_not_read(shown, name):
    assert "marker" not in shown[name]["body"].lower()


def test_thunderbird_answers_everyone_encrypted(shown):
    assert shown["reply"]["outcome"] == "sent", shown["reply"]
    (sent,) = shown["sent"]
    assert sorted(sent.rcpts) == sorted([pki.SENDER, CAROL]) and judge.is_sealed(sent.raw)
    assert judge.recipients(judge.der_of(judge.split(sent.raw)[1])) == 3
