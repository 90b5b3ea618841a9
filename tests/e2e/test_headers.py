"""What of a header reaches the user: nothing that names the sender to the provider, and nothing that makes a mail client
write past the relay."""

import email
import email.policy
import re

import pytest

import judge
import messages
from run import run

# name: value with @ as the address to look for afterwards. Each could make some client write to, or name, someone.
DANGEROUS = {
    "Reply-To": "Replies <@>", "Sender": "<@>", "Errors-To": "<@>", "Return-Path": "<@>", "Return-Receipt-To": "<@>",
    "Disposition-Notification-To": "Receipts <@>", "X-Confirm-Reading-To": "<@>", "Read-Receipt-To": "<@>",
    "Disposition-Notification-Options": "importance=required, @", "Generate-Delivery-Report": "@",
    "Registered-Mail-Reply-Requested-By": "<@>", "Mail-Followup-To": "<@>, <other-@>", "Mail-Reply-To": "<@>",
    "Followup-To": "@", "Apparently-To": "<@>", "Bcc": "<@>", "Resent-From": "<@>", "Resent-To": "<@>",
    "Resent-Reply-To": "<@>", "Resent-Sender": "<@>", "Resent-Cc": "<@>", "Resent-Bcc": "<@>",
    "Resent-Message-ID": "<1.@>", "List-Post": "<mailto:@>", "List-Unsubscribe": "<mailto:@?subject=bye>",
    "List-Subscribe": "<mailto:@>", "List-Owner": "<mailto:@>", "List-Help": "<mailto:@?subject=help>",
    "List-Archive": "<mailto:@>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click, @", "Abuse-Reports-To": "<@>",
    "X-Report-Abuse": "write to @", "X-Complaints-To": "<@>", "Original-Recipient": "rfc822;@", "Delivered-To": "@",
    "X-Original-To": "@", "X-Envelope-From": "<@>", "X-Envelope-To": "<@>", "Envelope-To": "@", "Original-From": "<@>",
    "X-Original-From": "<@>", "X-Sender": "@", "X-From": "@", "X-Google-Original-From": "<@>", "X-Apparently-To": "@",
    "Autocrypt": "addr=@; keydata=AAAA", "OpenPGP": "id=1; url=mailto:@", "Face": "@", "X-Loop": "@",
    "Received": "from @ (host.shop.example [192.0.2.9]) by mx.shop.example; Fri, 01 May 2026 09:00:00 +0000",
    "X-Received": "by 2002:a05:: for @", "DKIM-Signature": "v=1; d=shop.example; i=@; b=AAAA", "Received-SPF": "pass @",
    "Authentication-Results": "mx.shop.example; spf=pass smtp.mailfrom=@", "ARC-Authentication-Results": "i=1; @",
    "ARC-Seal": "i=1; d=@", "X-Originating-Email": "[@]", "X-Authenticated-Sender": "@", "X-MS-Exchange-Sender": "@",
    "Comments": "written by @", "Organization": "@", "In-Reply-To": "<answer.@>", "References": "<ref.@>",
    "Supersedes": "<old.@>", "Obsoletes": "<old.@>", "X-Unknown-Header": "@",
    "Approved": "@", "Control": "cancel <1.@>", "Newsgroups": "@", "X-Mailer": "@", "User-Agent": "@",
}


def token(name):
    return f"{re.sub(r'[^a-z]', '', name.lower())}-token@dangerous.example"


@pytest.fixture(scope="module")
def relayed(world):
    lines = [f"{name}: {value.replace('@', token(name), 1).replace('other-@', 'other-' + token(name))}"
             for name, value in DANGEROUS.items()]
    raw = messages.head("Sam <sam@shop.example>", world.alias, "All of it", more=["Cc: Cecil <cecil@shop.example>", *lines])
    return world.relay(messages.Mail("headers", "sam@shop.example", raw + messages.text("The body stays.\n"), "The body stays."))


@pytest.mark.parametrize("name", DANGEROUS)
def test_attack_60_no_dangerous_header_comes_through(relayed, name):
    """Neither for the provider, nor, after decryption, for the user's client."""
    inside = relayed.outer + judge.split(relayed.opened.entity)[0]
    assert token(name).encode() not in inside.lower(), [line for line in inside.splitlines() if token(name).encode() in line]
    assert token(name).encode() not in relayed.wire.raw.lower()


def test_what_stays(relayed):
    assert judge.words(relayed.field("Subject")) == "All of it" and b"The body stays." in relayed.opened.entity
    assert relayed.field("Date") and relayed.field("Message-ID") and relayed.field("MIME-Version") == "1.0"


def test_other_recipients_become_reverse_addresses(relayed, world):
    """Cc: Cecil can be answered, through the relay, with a certificate that travelled along."""
    (cecil,) = judge.mailboxes(relayed.field("Cc"))
    assert cecil.endswith("@relay.example") and cecil not in (world.alias, relayed.opened.signer)
    assert "Cecil" in relayed.field("Cc") and b"cecil@shop.example" not in relayed.wire.raw


def test_the_certificates_of_the_others_travel(relayed, tmp_path):
    (cecil,) = judge.mailboxes(relayed.field("Cc"))
    emails = [run("openssl", "x509", "-noout", "-email", "-in", p)[1].decode().split()
              for p in judge.certificates(tmp_path, relayed.opened.signature)]
    assert [cecil] in emails


def test_an_alias_in_to_stays_the_users_own(relayed, world):
    """The user's own addresses in To are no correspondents: no reverse address for them."""
    to = judge.mailboxes(relayed.field("To"))
    assert to in ([world.alias], [world.mailbox])


@pytest.mark.parametrize("subject", [
    "=?utf-8?Q?one=0D=0ABcc:_evil@dangerous.example?=", "=?utf-8?B?b25lDQpCY2M6IGV2aWxAZGFuZ2Vyb3VzLmV4YW1wbGU=?=",
])
def test_an_encoded_line_end_makes_no_header(world, subject):
    mail = messages.Mail("inject", "sam@shop.example", messages.head("Sam <sam@shop.example>", world.alias, subject) +
                         messages.text("x\n"), "x")
    done = world.relay(mail)
    assert done.field("Bcc") is None and b"\nBcc" not in done.outer


@pytest.mark.parametrize("name", [
    '"=?utf-8?Q?a=0D=0ABcc:_evil@dangerous.example?="', "=?utf-8?Q?a=22_=3Cevil@dangerous.example=3E?=",
    '"x\\" <evil@dangerous.example>, \\"y"',
])
def test_a_display_name_stays_a_name(world, name):
    """Whatever it holds, From is one address, the reverse one."""
    mail = messages.Mail("name", "sam@shop.example", messages.head(f"{name} <sam@shop.example>", world.alias, "Name") +
                         messages.text("x\n"), "x")
    done = world.relay(mail)
    assert done.field("Bcc") is None
    parsed = email.message_from_bytes(done.outer + b"\r\n", policy=email.policy.default)["From"]
    assert [a.addr_spec for a in parsed.addresses] == [done.opened.signer]


@pytest.mark.parametrize("sender", [
    "Two <one@shop.example>, Men <two@shop.example>", "undisclosed:;", "no address at all", "",
])
def test_a_strange_from_is_refused_or_made_one_address(world, sender):
    raw = messages.head(sender, world.alias, "Strange") + messages.text("strange\n")
    since = len(world.hop.messages)
    sent = world.send(messages.Mail("strange", "one@shop.example", raw, "strange"))
    if sent.ok:
        (m,) = world.hop.wait(1, since=since)
        opened = judge.open_sealed(world.judge, m.raw)
        assert judge.mailboxes(judge.field(opened.outer, "From")) == [opened.signer]
    else:
        assert sent.dot.code // 100 == 5


def test_two_from_fields_are_refused_or_made_one(world):
    raw = messages.head("One <one@shop.example>", world.alias, "Twice", more=["From: Two <two@shop.example>"]) + \
        messages.text("twice\n")
    since = len(world.hop.messages)
    if world.send(messages.Mail("twice", "one@shop.example", raw, "twice")).ok:
        (m,) = world.hop.wait(1, since=since)
        opened = judge.open_sealed(world.judge, m.raw)
        assert judge.mailboxes(judge.field(opened.outer, "From")) == [opened.signer]
