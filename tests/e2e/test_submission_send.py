"""Mail that the user's client submits itself, with an app password: From an alias of theirs, straight to the world, scrubbed as an
answer is."""

import smtplib
import time

import pytest

import canaries
import certs
import checks_reply
import judge
import messages
import reply
from test_reply import asked, token
from test_submission import open_world, over_tls


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certs.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def world(hop, authority, tmp_path_factory):
    w = open_world(hop, authority, tmp_path_factory.mktemp("world"))
    made = w.server.cli("mailbox", "password", "add", w.mailbox, "laptop")
    made = made[0] if isinstance(made, list) else made
    w.login = made["user"], made["password"]
    yield w
    w.close()


def submit(world, raw, rcpts, sender=None):
    """What the server says to the message, (250, ...) when it takes it."""
    with over_tls(world) as c:
        c.login(*world.login)
        try:
            refused = c.sendmail(sender or world.alias, rcpts, raw)
            assert refused == {}, refused
            return 250, b""
        except smtplib.SMTPDataError as e:
            return e.smtp_code, e.smtp_error
        except smtplib.SMTPRecipientsRefused as e:
            return next(iter(e.recipients.values()))
        except smtplib.SMTPSenderRefused as e:
            return e.smtp_code, e.smtp_error


def letter(client, sender, to, says, program="thunderbird", cc=(), entity=None, more=()):
    head = client.head(to, "Hello from me", cc, program=program, sender=f"{client.name} <{sender}>", more=more)
    return head + (entity or messages.text(says + f"\n\n-- \n{client.name}\n{client.keys.address}\n"))


def clean(client, wire):
    found = canaries.leaks(wire.raw, canaries.flock_of(client.keys))
    assert found == [] and wire.faults == [], (found, wire.raw.decode("utf-8", "replace")[:2000])


@pytest.mark.parametrize("program", reply.CLIENTS)
def test_from_an_alias_to_the_world(world, client, program):
    says, since = token(), len(world.hop.messages)
    assert submit(world, letter(client, world.alias, ["Nina <nina@elsewhere.example>"], says, program),
                  ["nina@elsewhere.example"])[0] == 250
    (wire,) = world.hop.wait(1, since=since)
    head = judge.split(wire.raw)[0]
    assert wire.rcpts == ["nina@elsewhere.example"] and judge.mailboxes(judge.field(head, "From")) == [world.alias]
    assert judge.mailboxes(judge.field(head, "To")) == ["nina@elsewhere.example"] and says in checks_reply.texts(wire.raw)
    assert judge.field(head, "Message-ID").endswith("@relay.example>") and judge.field(head, "Date").endswith("+0000")
    clean(client, wire)


def test_an_answer_to_it_comes_back_and_threads(world, client):
    """Nina answers: it is relayed from a reverse address, threads under what was sent, and its answer goes to Nina."""
    says, since = token(), len(world.hop.messages)
    mid = messages.new_id("mailbox.example")
    head = client.head(["nora@elsewhere.example"], "Hello", sender=world.alias, mid=mid)
    assert submit(world, head + messages.text(says + "\n"), ["nora@elsewhere.example"])[0] == 250
    (wire,) = world.hop.wait(1, since=since)
    theirs = judge.field(judge.split(wire.raw)[0], "Message-ID")
    done = asked(world, sender="nora@elsewhere.example", name="Nora", subject="Re: Hello",
                 more=[f"In-Reply-To: {theirs}", f"References: {theirs}"])
    assert done.field("In-Reply-To") == mid
    (back,) = world.answer(client, client.reply(done, messages.text("again " + says + "\n")))
    assert back.rcpts == ["nora@elsewhere.example"]


def test_several_recipients_each_once(world, client):
    says, since = token(), len(world.hop.messages)
    raw = letter(client, world.alias, ["nina@elsewhere.example"], says, cc=["otto@elsewhere.example"])
    assert submit(world, raw, ["nina@elsewhere.example", "otto@elsewhere.example", "hidden@elsewhere.example"])[0] == 250
    world.hop.wait(1, since=since)
    time.sleep(0.7)
    arrived = world.hop.messages[since:]
    assert sorted(r for m in arrived for r in m.rcpts) == ["hidden@elsewhere.example", "nina@elsewhere.example",
                                                           "otto@elsewhere.example"]
    for m in arrived:
        assert b"hidden" not in m.raw
        clean(client, m)


def test_from_something_else_is_refused(world, client):
    """The mailbox itself, another user's alias, a stranger: 550, and nothing leaves."""
    world.server.user("other")
    world.server.issue(world.server.mailbox("other", "other@mailbox.example"))
    theirs = world.server.alias("other")
    since = len(world.hop.messages)
    for sender in (world.mailbox, theirs, "boss@elsewhere.example"):
        code, _ = submit(world, letter(client, sender, ["nina@elsewhere.example"], "x"), ["nina@elsewhere.example"], sender=sender)
        assert code // 100 == 5, sender
        code, _ = submit(world, letter(client, sender, ["nina@elsewhere.example"], "x"), ["nina@elsewhere.example"])
        assert code // 100 == 5, sender
    time.sleep(0.5)
    assert all(m.rcpts == [world.mailbox] for m in world.hop.messages[since:])


@pytest.mark.parametrize("name", ["every field outside", "quote headers, base64", "html gmail, quoted-printable", "vcard",
                                  "nested message",
                                  "file name rfc2231 in type", "winmail.dat", "calendar, base64"])
def test_promise_6_no_canary_leaves_by_submission(world, client, name):
    flock = canaries.flock_of(client.keys)
    built = canaries.PLACES[name].build(flock)
    since = len(world.hop.messages)
    code, said = submit(world, letter(client, world.alias, ["nina@elsewhere.example"], "", entity=built[-1], more=built[0]),
                        ["nina@elsewhere.example"])
    if code != 250:
        assert canaries.PLACES[name].may_refuse and code == 550, said
        return
    (wire,) = world.hop.wait(1, since=since)
    clean(client, wire)


def test_to_a_reverse_address(world, client):
    """From the address book: no signature is wanted of who gave a password, and it goes to the correspondent."""
    done, says = asked(world), token()
    reverse = client.learn(done)
    since = len(world.hop.messages)
    assert submit(world, letter(client, world.alias, [reverse], says), [reverse])[0] == 250
    (wire,) = world.hop.wait(1, since=since)
    assert wire.rcpts == ["olga@shop.example"] and says in checks_reply.texts(wire.raw)
    clean(client, wire)


def test_signed_submission_leaves_unsigned(world, client):
    says, since = token(), len(world.hop.messages)
    entity = client.sign(messages.text(says + "\n"))
    assert submit(world, letter(client, world.alias, ["nina@elsewhere.example"], "", entity=entity),
                  ["nina@elsewhere.example"])[0] == 250
    (wire,) = world.hop.wait(1, since=since)
    assert says in checks_reply.texts(wire.raw) and b"pkcs7" not in wire.raw
    clean(client, wire)
