"""First contact: a user who wants to write first gets a letter from the reverse address, sealed and signed by it, which
teaches the mail client its certificate and is there to be answered."""

import re

import judge
import messages
import postern
from test_bounce import a_user, wait_for


def introduce(world, alias, address, rcpt, **options):
    since = len(world.hop.messages)
    answer = postern.first(world.server.cli("correspondent", "add", alias, address, **options))
    return answer, world.hop.wait(1, seconds=60, rcpt=rcpt, since=since)[0]


def head_of(wire):
    return wire.raw.partition(b"\r\n\r\n")[0] + b"\r\n"


def test_an_introduction_is_sealed_and_signed_by_the_reverse_address(world):
    answer, wire = introduce(world, world.alias, "bob@example.org", world.mailbox, name="Bob Outside")
    opened = judge.open_sealed(world.judge, wire.raw)
    head = head_of(wire)
    assert wire.faults == [] and answer["introduced"] == 1
    assert opened.signer == answer["reverse"] and judge.mailboxes(judge.field(head, "From")) == [answer["reverse"]]
    assert "Bob Outside" in judge.words(judge.field(head, "From"))
    assert judge.mailboxes(judge.field(head, "To")) == [world.alias]
    text = opened.entity
    assert f"write to bob@example.org from {world.alias}".encode() in text and answer["reverse"].encode() in text
    assert b"bob@example.org" not in wire.raw and b"Answer this message" not in wire.raw
    # Clients answer it: it is no automatic letter, and answers go to the reverse address alone.
    assert judge.field(head, "Auto-Submitted") is None and judge.field(head, "Precedence") is None
    assert judge.field(head, "Reply-To") is None or judge.mailboxes(judge.field(head, "Reply-To")) == [answer["reverse"]]
    assert not re.search(rb"(?i)postern|localhost|relay", judge.field(head, "Subject").encode())
    assert "localhost" not in judge.field(head, "Message-ID")


def test_the_address_and_the_certificate_are_those_of_later_mail(world):
    answer, wire = introduce(world, world.alias, "later@example.org", world.mailbox)
    again, second = introduce(world, world.alias, "Later@EXAMPLE.org", world.mailbox)
    assert answer["reverse"] == again["reverse"]
    mail = messages.Mail("later", "later@example.org", messages.head("Later <later@example.org>", world.alias, "x") +
                         messages.text("x\n"), "x")
    assert world.relay(mail).opened.signer == answer["reverse"]
    ids = {judge.field(head_of(w), "Message-ID") for w in (wire, second)}
    assert len(ids) == 2


def test_each_mailbox_of_the_alias_is_introduced(world, tmp_path):
    first, second, _, keys = a_user(world, "introduced")
    both = world.server.alias("introduced", mailbox=[first, second])
    since = len(world.hop.messages)
    answer = postern.first(world.server.cli("correspondent", "add", both, "bob@example.org"))
    assert answer["introduced"] == 2
    for n, mailbox in enumerate((first, second)):
        (wire,) = world.hop.wait(1, seconds=60, rcpt=mailbox, since=since)
        opened = judge.open_sealed(judge.OpenSsl(keys[n], tmp_path / str(n)), wire.raw)
        assert opened.signer == answer["reverse"] and b"bob@example.org" in opened.entity


def test_promise_1_nothing_is_written_that_cannot_be_sealed(world):
    server = world.server
    server.user("unsealed")
    mailbox = server.mailbox("unsealed", "unsealed@mailbox.example")
    alias = server.alias("unsealed")
    since = len(world.hop.messages)
    answer = postern.first(server.cli("correspondent", "add", alias, "bob@example.org"))
    assert answer["introduced"] == 0 and answer["reverse"]
    out = server.command("correspondent", "add", alias, "bob@example.org")[1].decode()
    assert answer["reverse"] in out and "No introduction was sent" in out
    introduce(world, world.alias, "fence@example.org", world.mailbox)  # what was to be sent has been by now
    assert not [m for m in world.hop.messages[since:] if mailbox in m.rcpts]
    keys = server.issue(mailbox)
    again, wire = introduce(world, alias, "bob@example.org", mailbox)
    assert again == {**answer, "introduced": 1} and keys
    assert b"bob@example.org" not in wire.raw


def test_who_cannot_be_written_to_is_refused_with_a_reason(world):
    server = world.server
    server.cli("domain", "add", world.user, "own-domain.example")
    server.cli("correspondent", "block", world.alias, "blocked@example.org")
    server.cli("correspondent", "block", world.alias, domain="evil.example")
    for address, why in ((world.mailbox, "own mailbox"), (world.alias, "domain of this relay"),
                         ("anything@relay.example", "domain of this relay"), ("x@own-domain.example", "domain of this relay"),
                         ("blocked@example.org", "blocked"), ("bob@sub.evil.example", "blocked"), ("nobody", "not a mail address")):
        assert why in server.refuses("correspondent", "add", world.alias, address), address
    assert "no alias" in server.refuses("correspondent", "add", "never@relay.example", "bob@example.org")
    known = {c["address"] for c in server.cli("correspondent", "list", world.alias)}
    assert not known & {world.mailbox, world.alias, "blocked@example.org", "bob@sub.evil.example"}


def test_the_letter_counts_for_no_bound(world):
    before = postern.first(world.server.cli("alias", "show", world.alias))
    introduce(world, world.alias, "uncounted@example.org", world.mailbox)
    after = postern.first(world.server.cli("alias", "show", world.alias))
    assert before["used"] == after["used"] and before["last_used"] == after["last_used"]


def test_without_a_server_the_address_is_made_and_the_letter_is_not():
    server = postern.Postern(postern.free_port())
    try:
        server.user("idle")
        server.mailbox("idle", "idle@mailbox.example")
        server.issue("idle@mailbox.example")
        alias = server.alias("idle")
        answer = postern.first(server.cli("correspondent", "add", alias, "bob@example.org"))
        assert answer["introduced"] == 0 and [c["reverse"] for c in server.cli("correspondent", "list", alias)] == [answer["reverse"]]
        assert server.queue() == []
    finally:
        server.close()


def test_the_queue_ends_empty(world):
    wait_for(lambda: world.server.queue() == [])
