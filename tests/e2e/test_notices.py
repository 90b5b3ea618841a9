"""Every letter that the relay itself writes goes the sealed road, or is not written: promise 1 for the relay's own words."""

import time

import pytest

import judge
import messages
import smtp
from test_bounce import report, send_and_take, shown, wait_for


def pause(world, alias, mailbox):
    for _ in range(5):
        sender = send_and_take(world, alias, mailbox).sender
        assert smtp.send(world.server.port, "", sender, report(sender)).ok
    assert shown(world, mailbox)[0]["state"] == "paused"


def letters(world, rcpt, since):
    return [m for m in world.hop.messages[since:] if rcpt in m.rcpts]


def setting(world, name, second_key=True, **options):
    """A mailbox to be paused, another for the letter, and an alias for the first."""
    server = world.server
    server.user(name)
    first = server.mailbox(name, f"{name}-1@mailbox.example")
    server.issue(first)
    second = server.mailbox(name, f"{name}-2@mailbox.example", **options)
    keys = server.issue(second) if second_key else None
    return first, second, server.alias(name, mailbox=first), keys


def test_promise_1_attack_56_a_letter_is_sealed(world, tmp_path):
    first, second, alias, keys = setting(world, "sealed")
    since = len(world.hop.messages)
    pause(world, alias, first)
    (wire,) = world.hop.wait(1, seconds=60, rcpt=second, since=since)
    opened = judge.open_sealed(judge.OpenSsl(keys, tmp_path / "openssl"), wire.raw)
    assert b"no such mailbox" in opened.message and b"no such mailbox" not in wire.raw
    assert wire.faults == [] and b"paused" not in wire.raw and first.encode() not in wire.raw


def test_promise_1_a_letter_that_cannot_be_sealed_is_not_written(world):
    first, second, alias, _ = setting(world, "withheld", second_key=False)
    since = len(world.hop.messages)
    pause(world, alias, first)
    send_and_take(world, world.alias, world.mailbox)  # what was to be sent has been by now
    assert not letters(world, second, since)


def test_a_mailbox_that_chose_clear_gets_it_clear(world):
    first, second, alias, _ = setting(world, "clear", second_key=False, clear="on")
    since = len(world.hop.messages)
    pause(world, alias, first)
    (wire,) = world.hop.wait(1, seconds=60, rcpt=second, since=since)
    head, _, body = wire.raw.partition(b"\r\n\r\n")
    assert first.encode() in body and judge.field(head + b"\r\n", "Subject") == "One of your mailboxes takes no mail"
    assert judge.field(head + b"\r\n", "Auto-Submitted") == "auto-generated"
