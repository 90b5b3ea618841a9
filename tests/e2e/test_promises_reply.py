"""Promises 4, 5 and 6, on the way back, each tried by its number: only the user speaks as the user, a key opens its own mail
alone, and nothing of the user leaves. tests/mutants holds patches that must turn them red."""

import re
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
from test_reply import asked, token
from world import World

WANDA = "wanda.kestrel77@kestrelbox.example"


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    """One whose user is easy to find again."""
    w = World(hop, tmp_path_factory.mktemp("world"), mailbox=WANDA, sender_key="rsa2048")
    yield w
    w.close()


@pytest.fixture(scope="module")
def flock(world):
    return canaries.flock_of(world.keys)


def nothing_out(world, since, words):
    """What left since, to anybody: sealed to the user, or without these words."""
    world.relay(messages.plain(world.alias))  # what was to leave has left by now
    for m in world.hop.messages[since:]:
        if m.rcpts == [world.mailbox]:
            assert judge.is_sealed(m.raw)
        else:
            assert not any(word.encode() in view for word in words for _, view in canaries.views(m.raw)), m.rcpts
    assert not any(word in world.server.log for word in words)


# 4. Only you can speak as you.


@pytest.fixture(scope="module")
def forgers(world, tmp_path_factory):
    """Keys that are not pinned, whatever their certificates say: under a root that looks like the user's, under nothing, and a
    second registered user's of this server."""
    folder = tmp_path_factory.mktemp("forgers")
    ca = pki.Pki(folder / "ca", user=WANDA)
    (folder / "ca/chain.pem").write_bytes(ca.path("int.crt").read_bytes() + ca.path("root.crt").read_bytes())
    own = folder / "own"
    own.mkdir()
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-keyout", own / "user.key", "-out", own / "user.crt", "-days",
        "9",
        "-subj", f"/CN={WANDA}", "-addext", f"subjectAltName=email:{WANDA}")
    world.server.user("mallory")
    mailbox = world.server.mailbox("mallory", "mallory@kestrelbox.example")
    return {"a root of the same name": judge.Keys(ca.folder, WANDA), "signed by itself": judge.Keys(own, WANDA),
            "another user's": world.server.issue(mailbox)}


@pytest.mark.parametrize("layers", ["sign encrypt", "encrypt sign", "sign"])
@pytest.mark.parametrize("who", ["a root of the same name", "signed by itself", "another user's"])
def test_promise_4_a_key_that_is_not_pinned_speaks_for_nobody(world, client, forgers, who, layers):
    says = token()
    done = asked(world)
    since = len(world.hop.messages)
    said = world.refused(client, client.reply(done, messages.text(says + "\n"), keys=forgers[who], layers=layers))
    assert said.code == 550
    nothing_out(world, since, [says])


@pytest.mark.parametrize("cipher", ["aes-256-cbc", "aes-256-gcm"])
@pytest.mark.parametrize("layers", ["", "encrypt"])
def test_promise_4_unsigned_is_not_sent(world, client, cipher, layers):
    says = token()
    done = asked(world)
    since = len(world.hop.messages)
    assert world.refused(client, client.reply(done, messages.text(says + "\n"), layers=layers, cipher=cipher)).code == 550
    nothing_out(world, since, [says])


def test_promise_4_the_provider_cannot_forge(world, client):
    """It has the user's real answer, in all its forms, and the password of the mailbox's server; it lacks the key."""
    done, says, forged = asked(world), token(), token()
    client.learn(done)
    part = messages.text(says + "\n")
    signed = client.sign(part)
    attempts = {
        "the signature around other words": signed.replace(says.encode(), forged.encode()),
        "words before what is signed": messages.multipart("mixed", messages.text(forged + "\n"), signed),
        "words behind what is signed": messages.multipart("mixed", signed, messages.text(forged + "\n")),
        "signed beside": messages.multipart("alternative", messages.text(forged + "\n"), signed),
        "signed as an attachment": messages.multipart("mixed", messages.text(forged + "\n"),
                                                      b"Content-Type: message/rfc822\r\n\r\n" + signed),
        "a third part in multipart/signed": re.sub(rb"(?s)(boundary=\"([^\"]+)\".*)(--\2--)",
                                                   lambda m: m[1] + b"--" + m[2] + b"\r\n" +
                                                   messages.text(forged + "\n") + m[3], signed),
        "a preamble": signed.replace(b"This is a cryptographically signed message in MIME format.", forged.encode()),
        "a header above": b"Subject: " + forged.encode() + b"\r\n" + signed,
    }
    since = len(world.hop.messages)
    for name, entity in attempts.items():
        for layers in ("", "encrypt"):
            sent = client.send(client.reply(done, entity, layers=layers))
            assert name in ("a preamble", "a header above") or not sent.ok, f"{name}, {layers or 'clear'}"
    nothing_out(world, since, [forged])


def test_promise_4_an_outer_header_is_not_the_users_word(world, client):
    """With protected fields the outer ones, which the provider writes, name no recipient and no subject."""
    done, says = asked(world), token()
    reverse = client.learn(done)
    inner = f"Subject: mine\r\nFrom: {client.name} <{WANDA}>\r\nTo: {reverse}\r\n".encode()
    entity = inner + messages.text(says + "\n").replace(b"charset=utf-8", b'charset=utf-8; hp="cipher"', 1)
    other = asked(world, sender="olaf@shop.example", name="Olaf")
    client.learn(other)
    letter = client.reply(done, client.seal(entity, [reverse]), layers="", subject="theirs", cc=[other.field("From")],
                          rcpts=[reverse])
    since = len(world.hop.messages)
    client.send(letter)
    world.relay(messages.plain(world.alias))
    for m in world.hop.messages[since:]:
        if m.rcpts != [world.mailbox]:
            head = judge.split(m.raw)[0]
            assert judge.field(head, "Subject") == "mine" and judge.field(head, "Cc") is None
            assert m.rcpts == ["olga@shop.example"], "the provider added a recipient"


def test_promise_4_a_stranger_is_refused_before_data(world, client):
    done = asked(world)
    letter = client.reply(done, messages.text("x\n"))
    for sender in ("stranger@elsewhere.example", "mallory@kestrelbox.example", "olga@shop.example", world.alias):
        sent = client.send(letter, sender=sender)
        assert next(iter(sent.rcpts.values())).code == 550 and sent.dot is None


# 5. A key opens only its own mail.


def test_promise_5_mail_for_one_address_is_not_opened_at_another(world, client):
    """Encrypted to R1, signed by the user, mailed to R2: R1's key is at hand, and not used."""
    says = token()
    one, two = asked(world), asked(world, sender="bank@money.example", name="Bank")
    first, second = client.learn(one), client.learn(two)
    sealed = client.seal(messages.text(says + "\n"), [first])
    head = client.head([second], "Re: x", answers=two)
    since = len(world.hop.messages)
    assert world.refused(client, reply.Letter([second], head + sealed, sealed)).code == 550
    nothing_out(world, since, [says])


def test_promise_5_nor_where_both_get_it(world, client):
    """To both in one envelope, encrypted to R1 alone: R2's correspondent must not get what R2's key does not open."""
    says = token()
    one = asked(world)
    two = asked(world, sender="bank@money.example", name="Bank")
    first, second = client.learn(one), client.learn(two)
    sealed = client.seal(messages.text(says + "\n"), [first])
    head = client.head([first], "Re: x", [second], answers=one)
    since = len(world.hop.messages)
    sent = client.send(reply.Letter([first, second], head + sealed, sealed))
    assert not sent.ok
    nothing_out(world, since, [says])


def test_promise_5_another_users_key_does_not_open(world, client, forgers):
    """Captured: mail that somebody else's client encrypted to their reverse address, sent by this user to hers."""
    alias = world.server.alias("mallory")
    keys = forgers["another user's"]
    mallory = reply.Client(world.server.port, keys, world.folder, "Mallory")
    says = token()
    raw = messages.head("Bob <bob@shop.example>", alias, "x") + messages.text("x\n")
    theirs = world.relay(messages.Mail("m", "bob@shop.example", raw, "x"), alias, judge.OpenSsl(keys, world.folder / "mallory"))
    captured = mallory.seal(messages.text(says + "\n"), [mallory.learn(theirs)])
    done = asked(world)
    reverse = client.learn(done)
    since = len(world.hop.messages)
    for entity in (captured, client.sign(captured)):
        letter = reply.Letter([reverse], client.head([reverse], "Re: x", answers=done) + entity, entity)
        sent = client.send(letter)
        # signed by the user around what nobody here may open: the blob goes on as it is, or nothing does
        assert not sent.ok or entity is not captured
    nothing_out(world, since, [says])


def test_promise_5_mail_to_the_user_is_not_opened(world, client):
    """What the relay sealed for the user, sent back to it: no key here opens it."""
    done = asked(world)
    reverse = client.learn(done)
    since = len(world.hop.messages)
    sealed = reply.smime("enveloped-data", done.opened.sealed)
    for entity in (sealed, client.sign(sealed)):
        client.send(reply.Letter([reverse], client.head([reverse], "Re: x", answers=done) + entity, entity))
    nothing_out(world, since, [done.mail.says])


# 6. Nothing of you leaves.


@pytest.mark.parametrize("name", canaries.PLACES)
def test_promise_6_no_canary_leaves(world, client, flock, name):
    """In each place where a client can put what names the user. The search must find it in what was written."""
    place = canaries.PLACES[name]
    done = asked(world)
    built = place.build(flock)
    more, entity = built[0], built[-1]
    subject = built[1][1] if len(built) == 3 else None
    letter = client.reply(done, entity, subject=subject, more=more)
    written = messages.crlf("\n".join([*more, f"Subject: {subject}", f"Date: {reply.ZONE}"]) + "\n") + entity
    assert place.holds <= canaries.kinds_in(written, flock), "the search is blind"
    since = len(world.hop.messages)
    sent = client.send(letter)
    if not sent.ok:
        assert place.may_refuse and sent.dot.code == 550, f"{sent.dot}"
        world.server.wait_queue(0)
        assert all(m.rcpts == [world.mailbox] for m in world.hop.messages[since:])
        return
    (wire,) = world.hop.wait(1, since=since, rcpt="olga@shop.example")
    found = canaries.leaks(wire.raw, flock)
    assert found == [], f"{found}\n{wire.raw.decode('utf-8', 'replace')[:3000]}"
    assert wire.faults == []


def test_promise_6_none_leaves_where_many_are(world, client, flock):
    """Many places at once, as in a long thread that was forwarded."""
    names = ["quote headers, base64", "html gmail, quoted-printable", "vcard", "certificate", "pgp key", "nested message",
             "calendar, base64",
             "file name address in disposition"]
    entity = messages.multipart("mixed", *(canaries.PLACES[name].build(flock)[-1] for name in names))
    more = canaries.PLACES["every field outside"].build(flock)[0]
    (wire,) = world.answer(client, client.reply(asked(world), entity, more=more))
    assert canaries.leaks(wire.raw, flock) == [] and canaries.SAYS in checks_reply.texts(wire.raw)


@pytest.mark.parametrize("program", reply.CLIENTS)
def test_promise_6_no_program_is_told(world, client, flock, program):
    done, says = asked(world), token()
    (wire,) = world.answer(client, client.reply(done, messages.text(says + "\n"), program=program))
    assert canaries.leaks(wire.raw, flock) == [] and says in checks_reply.texts(wire.raw)


def test_promise_6_no_answer_of_the_server_names_the_user(world, client, flock):
    """What the world hears of this server: banners, refusals, delivery reports."""
    done = asked(world)
    reverse = client.learn(done)
    (wire,) = world.answer(client, client.reply(done, messages.text("x\n")))
    said = []
    with smtp.Smtp(world.server.port) as c:
        said += [c.banner, c.cmd("EHLO x.example"), c.cmd("HELP"), c.cmd(f"VRFY {world.alias}"),
                 c.cmd("MAIL FROM:<olga@shop.example>"),
                 c.cmd(f"RCPT TO:<{world.alias}>"), c.cmd(f"RCPT TO:<{reverse}>"), c.cmd(f"RCPT TO:<{wire.sender}>"),
                 c.cmd(f"RCPT TO:<{WANDA}>")]
    for answer in said:
        assert canaries.leaks(str(answer).encode(), flock) == [], str(answer)


def test_promise_6_the_size_of_the_library_is_no_secret_but_the_id_is(world, client, flock):
    """Two answers to two correspondents of two aliases share nothing that is not the words: no id, no boundary, no token."""
    second = world.server.alias(world.user)
    ids = []
    for alias in (world.alias, second):
        done = asked(world, alias=alias)
        entity = messages.multipart("mixed", messages.text("same words\n"),
                                    messages.attachment("a.bin", "application/octet-stream", b"x" * 99))
        (wire,) = world.answer(client, client.reply(done, entity, mid="<same@kestrelbox.example>"))
        head = judge.split(wire.raw)[0]
        ids.append({wire.sender, judge.field(head, "Message-ID"), judge.content_type(head)[1]["boundary"]})
    assert not ids[0] & ids[1]


ANSWERABLE = ("From", "Reply-To", "Sender", "To", "Cc", "Bcc", "Return-Path", "Errors-To", "Disposition-Notification-To",
              "Return-Receipt-To", "Mail-Followup-To", "Mail-Reply-To", "X-Confirm-Reading-To", "List-Post", "List-Unsubscribe",
              "List-Subscribe", "List-Owner", "List-Help", "Resent-From", "Resent-Reply-To", "Followup-To", "Autocrypt",
              "Original-From")


def answerable(done):
    """Every address that a client could write to from this message: in any field, and in its calendars."""
    found = set()
    for head in (done.outer, judge.split(done.opened.entity)[0]):
        for name, value in judge.fields(head):
            if name.lower() in (n.lower() for n in ANSWERABLE) or "mailto:" in value.lower():
                found |= {a.lower() for a in re.findall(r"[^\s<>\",;:=?]+@[^\s<>\",;?]+", judge.words(value))}
    for part in judge.parsed(done.opened.message).walk():
        if part.get_content_type() == "text/calendar" or (part.get_filename() or "").endswith(".ics"):
            text = re.sub(r"\r?\n[ \t]", "", part.get_payload(decode=True).decode())
            found |= {a.lower() for line in re.findall(r"(?im)^(?:ORGANIZER|ATTENDEE|CONTACT)\b.*$", text)
                      for a in re.findall(r"(?i)mailto:([^\s\";]+)", line)}
    return found


def test_promise_6_a_client_that_answers_everything_writes_to_reverse_addresses(world, client, flock):
    """Every field that some client answers, in mail of a person, a list, and an invitation: what a client would write to is a
    reverse address or the user's own, and an answer to each goes through, clean."""
    from test_headers import DANGEROUS, token as dangerous
    lines = [f"{n}: {v.replace('@', dangerous(n), 1).replace('other-@', 'o-' + dangerous(n))}" for n, v in DANGEROUS.items()
             if n not in ("Reply-To", "In-Reply-To", "References")]
    mails = [
        messages.Mail("person", "sam@shop.example", messages.head("Sam <sam@shop.example>", world.alias, "x", more=[
            "Reply-To: <answers@shop.example>", "Cc: Cecil <cecil@shop.example>", *lines]) + messages.text("hello\n"), "hello"),
        messages.Mail("list", "bounces@lists.example", messages.head("Poster <poster@far.example>",
                                                                     f"{world.alias}, dev@lists.example", "[dev] x", more=[
            "List-Id: <dev.lists.example>", "List-Post: <mailto:dev@lists.example>",
            "List-Unsubscribe: <mailto:dev-leave@lists.example>, <https://x.example/u>",
            "Precedence: list", "Reply-To: dev@lists.example", "Sender: dev-bounces@lists.example"]) + messages.text("hello\n"),
            "hello"),
        messages.calendar(world.alias),
    ]
    for mail in mails:
        done = world.relay(mail)
        client.learn(done)
        own = {world.alias, world.mailbox}
        people = answerable(done) - own
        assert people and all(a.endswith("@relay.example") for a in people), (mail.name, people)
        for address in sorted(people):
            with smtp.Smtp(world.server.port) as c:
                c.cmd(f"MAIL FROM:<{WANDA}>")
                assert c.cmd(f"RCPT TO:<{address}>").code == 250, (mail.name, address)
            if address in client.known:
                (wire,) = world.answer(client, client.reply(done, messages.text(token() + "\n"), to=[address], cc=[]))
                assert canaries.leaks(wire.raw, flock) == [] and wire.rcpts[0].endswith((".example")) and "relay" not in wire.rcpts[0]


def test_promise_6_what_was_removed_is_counted(world, client):
    """The user can see that something was taken out: a count, never content."""
    def shown():
        return next(row for row in world.server.cli("alias", "list") if row["address"] == world.alias)
    before = shown()
    world.answer(client, client.reply(asked(world), messages.text(f"x\n\n-- \n{client.name}\n{WANDA}\n")))
    after = shown()
    assert after["removed"] > before["removed"] and after["answered"] == before["answered"] + 1


def test_promise_6_the_clock_tells_nothing(world, client, flock):
    """The Date is that of the message, in UTC; one from another decade or none is that of its arrival."""
    done = asked(world)
    (wire,) = world.answer(client, client.reply(done, messages.text(token() + "\n")))
    date = judge.field(judge.split(wire.raw)[0], "Date")
    assert date.endswith("+0000")
    import email.utils
    assert abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time()) < 120
