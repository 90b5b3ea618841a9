"""What the provider still reads of sealed mail, where its user says so: no subject (RFC 9788), and no size but its class."""

import email
import email.policy
import secrets

import pytest

import judge
import messages
import reply
from world import World


@pytest.fixture(scope="module")
def hidden(hop, tmp_path_factory):
    w = World(hop, tmp_path_factory.mktemp("hidden"))
    yield w
    w.close()


def mail_of(world, subject, body=None):
    raw = messages.head("Olga Organizer <olga@shop.example>", world.alias, subject) + (body or messages.text("a question\n"))
    return messages.Mail("question", "olga@shop.example", raw, "a question")


def test_promise_7_a_subject_is_hidden_when_its_user_says_so(hidden):
    word = "subject-" + secrets.token_hex(6)
    done = hidden.relay(mail_of(hidden, word))
    assert done.field("Subject") == word, "off by default: most clients do not read it inside"
    assert "hp=" not in done.opened.entity.decode()
    (row,) = hidden.server.cli("mailbox", "show", hidden.mailbox)[:1]
    assert row["hide_subject"] is False

    hidden.server.cli("mailbox", "set", hidden.mailbox, hide_subject="on")
    done = hidden.relay(mail_of(hidden, word))
    assert done.field("Subject") == "[...]" and word.encode() not in done.wire.raw
    inside = email.message_from_bytes(done.opened.entity, policy=email.policy.default)
    assert inside["Subject"] == word and inside.get_param("hp") == "cipher"
    assert inside["From"] == done.field("From") and judge.mailboxes(inside["From"]) == [done.opened.signer]
    outer = email.message_from_bytes(done.outer)
    told = dict(v.split(": ", 1) for v in inside.get_all("HP-Outer"))
    assert told["Subject"] == "[...]" and {n: " ".join(v.split()) for n, v in told.items()} == {
        n: " ".join(str(v).split()) for n, v in outer.items()
        if n not in ("Received", "X-Postern-Trace", "MIME-Version") and not n.startswith("Content-")}
    assert "olga@shop.example" not in done.opened.entity.decode()


def sealed_sizes(world, bodies):
    done = [world.relay(mail_of(world, "a question", messages.text("a question\n" + body))) for body in bodies]
    assert all(b.strip().encode() in d.opened.entity for b, d in zip(bodies, done, strict=True))
    return [len(d.wire.raw) - len(d.outer) for d in done]


def test_promise_7_a_size_tells_its_class_alone_when_its_user_says_so(hidden):
    hidden.server.cli("mailbox", "set", hidden.mailbox, hide_subject="off")
    bodies = ["x" * n + "\n" for n in (1, 300, 600, 900)]
    assert len(set(sealed_sizes(hidden, bodies))) > 2, "off by default"
    hidden.server.cli("mailbox", "set", hidden.mailbox, pad_sizes="on")
    assert len(set(sealed_sizes(hidden, bodies))) == 1
    (row,) = hidden.server.cli("mailbox", "show", hidden.mailbox)[:1]
    assert row["pad_sizes"] is True and row["hide_subject"] is False
    hidden.server.cli("mailbox", "set", hidden.mailbox, hide_subject="on")  # beside it, and it stays
    assert len(set(sealed_sizes(hidden, bodies))) == 1


def test_an_answer_to_one_goes_out(hidden, tmp_path):
    hidden.server.cli("mailbox", "set", hidden.mailbox, hide_subject="on")
    client = reply.Client(hidden.server.port, hidden.keys, tmp_path)
    done = hidden.relay(mail_of(hidden, "the order 4711"))
    letter = client.reply(done, messages.text("my answer\n"), subject="Re: the order 4711")
    (wire,) = hidden.answer(client, letter)
    assert b"my answer" in wire.raw and b"Subject: Re: the order 4711" in wire.raw and b"hp=" not in wire.raw


def test_letters_of_the_relay_hide_theirs_too(hidden):
    hidden.server.cli("mailbox", "set", hidden.mailbox, hide_subject="on")
    since = len(hidden.hop.messages)
    hidden.server.cli("correspondent", "add", hidden.alias, "new@shop.example")
    (wire,) = hidden.hop.wait(1, rcpt=hidden.mailbox, since=since)
    assert b"Subject: [...]" in wire.raw
    assert b"Subject: Your first message" in judge.open_sealed(hidden.judge, wire.raw).entity
