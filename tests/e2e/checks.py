"""checks.py: what must hold of every message that was relayed sealed. The suite asks it of each sample (test_road.py), the
demo of each message that it shows. A check takes the relayed message, the mailbox's address and a folder to work in."""

import re

import judge
from run import run


def check_it_goes_to_the_mailbox_alone(done, mailbox, folder):
    """goes to the mailbox, from an address of the relay"""
    assert done.wire.rcpts == [mailbox] and done.mail.sender not in done.wire.sender
    assert done.wire.sender == "" or done.wire.sender.endswith("@relay.example")


def check_the_provider_does_not_learn_the_sender(done, mailbox, folder):
    """the sender's address and the text are nowhere in it"""
    assert done.mail.sender.encode() not in done.wire.raw.lower()
    assert done.mail.says.encode() not in done.wire.raw


def check_the_outer_message_is_opaque(done, mailbox, folder):
    """encrypted as a whole"""
    assert judge.content_type(done.outer)[0] == "application/pkcs7-mime"
    assert re.fullmatch(rb"[A-Za-z0-9+/=\r\n]+", judge.split(done.wire.raw)[1])


def check_the_signer_is_the_sender_in_from(done, mailbox, folder):
    """signed by the address in From, one of the relay's"""
    (address,) = judge.mailboxes(done.field("From"))
    assert address == done.opened.signer and address.endswith("@relay.example")
    assert done.field("Reply-To") is None or judge.mailboxes(done.field("Reply-To")) == [address]


def check_name_subject_and_date_stay(done, mailbox, folder):
    """name, subject and date are the sender's"""
    head = judge.split(done.mail.raw)[0]
    name = re.sub(r"\s*<.*", "", judge.words(judge.field(head, "From"))).strip('"')
    assert name in judge.words(done.field("From"))
    assert judge.words(done.field("Subject")) == judge.words(judge.field(head, "Subject"))
    assert done.field("Date") == judge.field(head, "Date")


def check_message_ids_are_mapped(done, mailbox, folder):
    """the Message-ID is the relay's"""
    theirs, ours = judge.field(judge.split(done.mail.raw)[0], "Message-ID"), done.field("Message-ID")
    assert re.fullmatch(r"<[^\s<>@]+@relay\.example>", ours) and ours != theirs
    assert theirs.strip("<>").encode() not in done.wire.raw


def check_the_content_is_the_same(done, mailbox, folder):
    """every part decodes to the same bytes"""
    assert judge.leaves(done.opened.message) == judge.leaves(done.mail.raw)


def check_the_body_is_byte_for_byte_the_same(done, mailbox, folder):
    """the body is byte for byte the sender's"""
    assert judge.split(done.opened.entity)[1].rstrip(b"\r\n") == judge.split(done.mail.raw)[1].rstrip(b"\r\n")


def check_no_signing_time(done, mailbox, folder):
    """no signing time, which clients would hold against the date"""
    assert sorted(judge.attributes(done.opened.signature)) == ["contentType", "messageDigest"]


def check_the_chain_travels_without_its_root(done, mailbox, folder):
    """the intermediate travels along, the root does not"""
    names = [run("openssl", "x509", "-noout", "-subject", "-issuer", "-in", p)[1].decode().splitlines()
             for p in judge.certificates(folder, done.opened.signature)]
    assert len(names) == 2 and all(s.split("=", 1)[1] != i.split("=", 1)[1] for s, i in names), names


def check_one_recipient(done, mailbox, folder):
    """encrypted to one key"""
    assert judge.recipients(done.opened.sealed) == 1


CHECKS = {name[6:]: f for name, f in list(globals().items()) if name.startswith("check_")}
