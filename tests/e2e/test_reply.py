"""The road back: the user answers relayed mail from a mail client, and the correspondent gets a plain, clean message from the
alias."""

import base64
import re
import secrets
import time

import pytest

import canaries
import checks_reply
import judge
import messages
import pki
import reply
import smtp
from checks_reply import Answered
from run import run

ASKS = "Where shall we leave the parcel?"


def asked(world, sender="olga@shop.example", name="Olga Organizer", alias=None, subject="Your order", more=(), body=None):
    alias = alias or world.alias
    raw = messages.head(f"{name} <{sender}>", alias, subject, more=more) + (body or messages.text(ASKS + "\n"))
    return world.relay(messages.Mail("question", sender, raw, ASKS), alias)


def hold(world, client, done, letter, wire, says, to="olga@shop.example", alias=None, without=()):
    """Every check of an answer."""
    a = Answered(letter, wire, to, alias or world.alias, done, canaries.flock_of(client.keys), says)
    for name, check in checks_reply.CHECKS.items():
        if name not in without:
            check(a)
    return a


def whole(world, client, says, done=None, entity=None, **options):
    """Asked, answered, arrived, checked."""
    done = done or asked(world)
    letter = client.reply(done, entity or messages.text(says + "\n"), **options)
    (wire,) = world.answer(client, letter)
    return hold(world, client, done, letter, wire, says)


def token():
    return "word-" + secrets.token_hex(6)


# Forms.

CIPHERS = ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "aes-128-gcm", "aes-256-gcm"]


@pytest.fixture(scope="module", params=["p256", "rsa2048"])
def sealed_to(request, world, hop, tmp_path_factory):
    """(world, client, done) where the reverse address has a key of this kind."""
    if request.param == "p256":
        yield world, reply.Client(world.server.port, world.keys, world.folder)
    else:
        folder = tmp_path_factory.mktemp("rsa")
        from world import World
        w = World(hop, folder, sender_key="rsa2048")
        yield w, reply.Client(w.server.port, w.keys, folder)
        w.close()


@pytest.mark.parametrize("form", ["ber", "der"])
@pytest.mark.parametrize("cipher", CIPHERS)
def test_ciphers(sealed_to, cipher, form):
    w, client = sealed_to
    whole(w, client, token(), cipher=cipher, form=form)


def test_rsa_oaep_and_the_old_derivation_of_ecdh(sealed_to):
    w, client = sealed_to
    whole(w, client, token(), oaep=True, kdf="sha1")


LAYERS = {
    "opaque": {"signature": "opaque"}, "opaque in BER": {"signature": "opaque ber"}, "detached": {}, "not to itself": {"own": False},
    "encrypted, then signed": {"layers": "encrypt sign"},
    "encrypted, then signed opaquely": {"layers": "encrypt sign", "signature": "opaque"},
    "signed, encrypted, signed": {"layers": "sign encrypt sign"}, "signed alone": {"layers": "sign"},
    "signed alone, opaquely": {"layers": "sign", "signature": "opaque"},
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(world, client, name):
    whole(world, client, token(), **LAYERS[name])


def test_attack_27_no_certificate_in_the_signature(world, client):
    """The pinned key counts, not what travels beside it."""
    done, says = asked(world), token()
    client.learn(done)
    signed = client.sign(messages.text(says + "\n"), options=["-nocerts"])
    letter = client.reply(done, signed, layers="encrypt")
    (wire,) = world.answer(client, letter)
    hold(world, client, done, letter, wire, says)


@pytest.mark.parametrize("program", reply.CLIENTS)
def test_attack_47_headers_of_programs(world, client, program):
    a = whole(world, client, token(), program=program)
    assert judge.words(a.field("Subject")) == "Re: Your order"


@pytest.mark.parametrize("form", reply.ATTRIBUTIONS)
def test_what_is_quoted_names_the_correspondent(world, client, form):
    """The reverse address in an attribution becomes the correspondent's own; the user's name and address do not stay."""
    done, says = asked(world), token()
    reverse = client.learn(done)
    body = reply.quoting(says, form, "Olga Organizer", reverse, client.keys.address, quoted=ASKS)
    a = whole(world, client, says, done, messages.text(body))
    text = checks_reply.texts(a.wire.raw)
    assert ASKS in text and "Olga Organizer" in text
    if "{address}" in reply.ATTRIBUTIONS[form]:
        assert "olga@shop.example" in text


def test_a_protected_subject_goes_out(world, client):
    """RFC 9788: the inner Subject is the real one; outside stands a placeholder."""
    done, says = asked(world), token()
    reverse = client.learn(done)
    inner = (f"Subject: the real subject of {says}\r\nFrom: {client.name} <{client.keys.address}>\r\nTo: {reverse}\r\n"
             f"Date: Thu, 26 Nov 2026 09:00:00 +0545\r\nMessage-ID: <inner@mailbox.example>\r\n"
             f"HP-Outer: Subject: [...]\r\nHP-Outer: From: {client.name} <{client.keys.address}>\r\nHP-Outer: To: {reverse}\r\n").encode()
    entity = inner + messages.text(says + "\n").replace(b"charset=utf-8", b'charset=utf-8; hp="cipher"', 1)
    letter = client.reply(done, entity, subject="[...]")
    (wire,) = world.answer(client, letter)
    a = Answered(letter, wire, "olga@shop.example", world.alias, done, canaries.flock_of(client.keys), says)
    checks_reply.check_nothing_names_the_user(a)
    checks_reply.check_it_is_readable(a)
    checks_reply.check_few_fields(a)
    assert judge.words(a.field("Subject")) == f"the real subject of {says}" and b"HP-Outer" not in wire.raw


def test_the_draft_before_it(world, client):
    """protected-headers="v1", as Enigmail and its like wrote it."""
    done, says = asked(world), token()
    inner = f"Subject: also real {says}\r\n".encode()
    entity = inner + messages.text(says + "\n").replace(b"charset=utf-8", b'charset=utf-8; protected-headers="v1"', 1)
    letter = client.reply(done, entity, subject="...")
    (wire,) = world.answer(client, letter)
    assert judge.words(judge.field(judge.split(wire.raw)[0], "Subject")) == f"also real {says}"


def test_an_inner_header_that_nobody_marked_is_not_believed(world, client):
    done, says = asked(world), token()
    entity = b"Subject: not marked\r\nBcc: evil@elsewhere.example\r\n" + messages.text(says + "\n")
    a = whole(world, client, says, done, entity)
    assert judge.words(a.field("Subject")) == "Re: Your order" and b"evil@elsewhere.example" not in a.wire.raw


# Contents.


def test_html_with_attachments(world, client):
    """Files arrive byte for byte, marks of the client do not."""
    done, says = asked(world), token()
    reverse = client.learn(done)
    page = (f'<html><head><meta name="GENERATOR" content="CanaryMail 1"></head><body><p>{says}</p><div class="moz-cite-prefix">On 26.11.26, '
            f'Olga &lt;<a href="mailto:{reverse}">{reverse}</a>&gt; wrote:</div><blockquote type="cite" cite="mid:x@relay.example">{ASKS}'
            f'</blockquote><div class="moz-signature">{client.name}<br>{client.keys.address}</div></body></html>\n')
    picture, film = messages.png(), secrets.token_bytes(200_000)
    entity = messages.multipart("mixed", messages.multipart("alternative", messages.text(says + "\n"), reply.html(page)),
                                messages.attachment("map.png", "image/png", picture),
                                messages.attachment("films.bin", "application/octet-stream", film))
    a = whole(world, client, says, done, entity)
    files = {p.get_filename(): p.get_payload(decode=True) for p in judge.parsed(a.wire.raw).walk() if p.get_filename()}
    assert files == {"map.png": picture, "films.bin": film}
    (shown,) = [p.get_payload(decode=True).decode() for p in judge.parsed(a.wire.raw).walk() if p.get_content_type() == "text/html"]
    assert says in shown and ASKS in shown and "olga@shop.example" in shown and "CanaryMail" not in shown


def test_the_text_stays(world, client):
    """What names nobody goes out letter by letter: lines, dots, umlauts, long lines, a signature's dashes."""
    says = token()
    body = f"{says}\n\n.\n..two dots\nFrom here on äöü ß → 漢字 👍\n{'long ' * 300}\n  indented\n\t tab\n-- \nyours\n\n\nlast line\n"
    a = whole(world, client, says, entity=messages.text(body, encoding="quoted-printable"))
    (part,) = [p for p in judge.parsed(a.wire.raw).walk() if not p.is_multipart()]
    assert part.get_payload(decode=True).decode().replace("\r\n", "\n").rstrip("\n") == body.rstrip("\n")


@pytest.mark.parametrize("charset", ["iso-8859-1", "iso-8859-15", "windows-1252", "utf-8", "us-ascii"])
def test_charsets(world, client, charset):
    says = token()
    body = f"{says} for you" + ("" if charset == "us-ascii" else " Grüße ß") + "\n"
    a = whole(world, client, says, entity=messages.text(body, charset=charset, encoding="base64"))
    assert body.strip() in checks_reply.texts(a.wire.raw)


def test_an_attached_file_of_8_mib(world, client):
    done, says, film = asked(world), token(), secrets.token_bytes(8 << 20)
    entity = messages.multipart("mixed", messages.text(says + "\n"), messages.attachment("f.bin", "application/octet-stream", film))
    (wire,) = world.answer(client, client.reply(done, entity))
    assert [p.get_payload(decode=True) for p in judge.parsed(wire.raw).walk() if p.get_filename()] == [film]


def test_a_calendar_is_accepted(world, client):
    """The organiser gets the acceptance of the alias, to the address that they invited with."""
    done = world.relay(messages.calendar(world.alias))
    reverse = client.learn(done)
    says, uid = token(), secrets.token_hex(8)
    ics = messages.crlf("BEGIN:VCALENDAR\nPRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN\nVERSION:2.0\nMETHOD:REPLY\nBEGIN:VEVENT\n"
                        f"UID:{uid}\nDTSTAMP:20261126T090000Z\nDTSTART:20261203T100000Z\nSUMMARY:Meeting about the order\n"
                        f"ORGANIZER;CN=Olga:mailto:{reverse}\nATTENDEE;CN={client.name};PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT:mailto:\n"
                        f" {client.keys.address}\nEND:VEVENT\nEND:VCALENDAR\n")
    entity = messages.multipart("alternative", messages.text(says + "\n"), messages.crlf(
        "Content-Type: text/calendar; method=REPLY; charset=utf-8\nContent-Transfer-Encoding: base64\n\n") + messages.base64_lines(ics))
    a = whole(world, client, says, done, entity)
    (part,) = [p for p in judge.parsed(a.wire.raw).walk() if p.get_content_type() == "text/calendar"]
    got = re.sub(r"\r?\n[ \t]", "", part.get_payload(decode=True).decode())
    assert part.get_param("method").upper() == "REPLY" and f"UID:{uid}" in got
    assert re.search(r"^ORGANIZER\S*:mailto:olga@shop\.example", got, re.M) and "PARTSTAT=ACCEPTED" in got
    assert re.search(rf"^ATTENDEE[^\r\n]*:mailto:{re.escape(world.alias)}", got, re.M)


def test_what_is_encrypted_on_passes_untouched(world, client, ca):
    """Encrypted for the real correspondent beneath the layer for the relay: their blob arrives as it was made."""
    done, says = asked(world), token()
    blob = ca.encrypt(messages.text(says + "\n"), recipient="sender")
    letter = client.reply(done, blob)
    (wire,) = world.answer(client, letter)
    assert judge.der_of(judge.split(wire.raw)[1]) == judge.der_of(judge.split(blob)[1])
    assert canaries.leaks(wire.raw, canaries.flock_of(client.keys), {"mailbox", "name", "host", "ip", "client", "zone"}) == []


ONWARD = {"by serial": {}, "in DER": {"form": "der"}, "by key": {"keyid": True}, "in GCM": {"cipher": "aes-256-gcm", "form": "der"},
          "in GCM, by key": {"cipher": "aes-256-gcm", "keyid": True, "form": "der"}}


@pytest.fixture(scope="module", params=["rsa", "ec"])
def correspondent(request, tmp_path_factory):
    """Their own keys, of which Postern knows nothing."""
    return pki.Pki(tmp_path_factory.mktemp(f"theirs-{request.param}"), request.param)


def assert_goes_on_for(correspondent, wire, entity, flocks):
    """Nothing names the user, in the frame, the envelope or what any part of it decodes to; and they read it."""
    der = judge.der_of(judge.split(wire.raw)[1])
    for flock in flocks:
        assert canaries.leaks(wire.raw, flock) == []
        assert not {t for kind in ("serial", "key id", "issuer") for t in flock.tokens[kind] if t in der}
    assert judge.recipients(der) == 1
    (correspondent.folder / "onward.der").write_bytes(der)
    _, said, _ = run("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", correspondent.path("onward.der"), "-recip",
                     correspondent.path("sender.crt"), "-inkey", correspondent.path("sender.key"))
    assert said == entity


@pytest.mark.parametrize("form", ONWARD)
def test_what_is_encrypted_on_does_not_name_the_users_certificate(world, client, correspondent, form):
    """Clients encrypt to themselves as well: the issuer and serial number of the user's certificate, or its key identifier,
    stand in such a blob. They are cut out; the correspondent opens what is left."""
    done, flock = asked(world), canaries.flock_of(client.keys)
    client.learn(done)
    entity = messages.text(token() + "\n")
    blob = client.encrypt(entity, [correspondent.path("sender.crt")], own=True, **ONWARD[form])
    assert canaries.kinds_in(blob, flock) & {"serial", "key id"}, "the client has not named its user: nothing is shown here"
    (wire,) = world.answer(client, client.reply(done, blob))
    assert_goes_on_for(correspondent, wire, entity, [flock])


def test_every_certificate_of_the_user_is_cut_out(world, client, correspondent):
    """The profile after this one is the mailbox's too, and a client that holds both may add both."""
    done = asked(world)
    client.learn(done)
    another = world.server.issue(world.mailbox, modern=True, activate=False)
    entity = messages.text(token() + "\n")
    blob = client.encrypt(entity, [another.path("user.crt"), correspondent.path("sender.crt")], own=True)
    (wire,) = world.answer(client, client.reply(done, blob))
    assert_goes_on_for(correspondent, wire, entity, [canaries.flock_of(client.keys), canaries.flock_of(another)])


def test_what_is_encrypted_on_for_the_user_alone_is_refused(world, client):
    """Nobody would be left who could read it."""
    done = asked(world)
    client.learn(done)
    blob = client.encrypt(messages.text(token() + "\n"), [], own=True)
    assert world.refused(client, client.reply(done, blob)).code == 550


# Threads.


def test_threads_hold(world, client):
    """They answer the answer: the user's client sees its own Message-ID, theirs sees theirs."""
    done, says = asked(world), token()
    mid = messages.new_id("mailbox.example")
    letter = client.reply(done, messages.text(says + "\n"), mid=mid)
    (wire,) = world.answer(client, letter)
    a = hold(world, client, done, letter, wire, says)
    theirs = a.field("Message-ID")
    again = asked(world, subject="Re: Your order", more=[f"In-Reply-To: {theirs}", f"References: {a.field('References')} {theirs}"])
    assert again.field("In-Reply-To") == mid, "the user's client cannot thread it"
    assert done.field("Message-ID") in again.field("References").split() and mid in again.field("References").split()
    third = client.reply(again, messages.text("third " + says + "\n"))
    (wire,) = world.answer(client, third)
    head = judge.split(wire.raw)[0]
    assert judge.field(head, "In-Reply-To") == judge.field(judge.split(again.mail.raw)[0], "Message-ID")
    assert theirs in judge.field(head, "References").split()


def test_a_draft_sent_again_to_another_has_the_same_id_for_neither(world, client):
    """Message-IDs are keyed by alias: two aliases do not share one."""
    ids = set()
    other = world.server.alias(world.user)
    mid = messages.new_id("mailbox.example")
    for alias in (world.alias, other):
        done = asked(world, alias=alias)
        letter = client.reply(done, messages.text(token() + "\n"), mid=mid)
        (wire,) = world.answer(client, letter)
        ids.add(judge.field(judge.split(wire.raw)[0], "Message-ID"))
    assert len(ids) == 2


# Everybody.


def to_all(world, everyone=("Cecil <cecil@shop.example>", "Dora <dora@garden.example>")):
    return asked(world, more=["Cc: " + ", ".join(everyone)])


def test_reply_all(world, client):
    """Each gets one copy, all with the same Message-ID and the same recipients, by their real addresses; the alias, which the
    client adds, is dropped."""
    done, says = to_all(world), token()
    letter = client.reply(done, messages.text(says + "\n"), everyone=True)
    assert world.alias in letter.rcpts and len(letter.rcpts) == 4
    since = len(world.hop.messages)
    assert client.send(letter, rcpts=[r for r in letter.rcpts if r != world.alias]).ok
    arrived = world.hop.wait(3, since=since)
    time.sleep(0.5)
    arrived = world.hop.messages[since:]
    people = ["cecil@shop.example", "dora@garden.example", "olga@shop.example"]
    assert sorted(r for m in arrived for r in m.rcpts) == people
    heads = [judge.split(m.raw)[0] for m in arrived]
    assert len({judge.field(h, "Message-ID") for h in heads}) == 1
    for m, head in zip(arrived, heads):
        written = judge.mailboxes(judge.field(head, "To")) + judge.mailboxes(judge.field(head, "Cc"))
        assert sorted(written) == people, written
        assert canaries.leaks(m.raw, canaries.flock_of(client.keys)) == [] and says in checks_reply.texts(m.raw)


def test_reply_all_with_the_alias_in_the_envelope(world, client):
    """The client adds the alias and the provider hands it to us as well: it is no reason to refuse, and no copy comes back
    readable."""
    done, says = to_all(world), token()
    letter = client.reply(done, messages.text(says + "\n"), everyone=True)
    since = len(world.hop.messages)
    sent = client.send(letter)
    assert sent.dot is not None and sent.dot.code == 250, f"{[str(r) for r in sent.rcpts.values()]} {sent.dot}"
    world.hop.wait(3, since=since)
    time.sleep(0.5)
    got = [r for m in world.hop.messages[since:] for r in m.rcpts]
    assert {"cecil@shop.example", "dora@garden.example", "olga@shop.example"} <= set(got) and len(got) <= 4
    for m in world.hop.messages[since:]:
        assert m.rcpts != [client.keys.address] or judge.is_sealed(m.raw)


def test_one_transaction_for_each_recipient(world, client):
    """As providers do it: the same message once for each recipient. Each gets it once."""
    done, says = to_all(world), token()
    letter = client.reply(done, messages.text(says + "\n"), everyone=True)
    since = len(world.hop.messages)
    for rcpt in [r for r in letter.rcpts if r != world.alias]:
        assert client.send(letter, rcpts=[rcpt]).ok
    world.hop.wait(3, since=since)
    time.sleep(0.5)
    arrived = world.hop.messages[since:]
    assert sorted(r for m in arrived for r in m.rcpts) == ["cecil@shop.example", "dora@garden.example", "olga@shop.example"]
    assert len({judge.field(judge.split(m.raw)[0], "Message-ID") for m in arrived}) == 1


# First contact, and bounces.


def introduction(world, address, name="Newman", alias=None):
    since = len(world.hop.messages)
    answer = world.server.cli("correspondent", "add", alias or world.alias, address, name=name)
    (wire,) = world.hop.wait(1, since=since, rcpt=world.mailbox)
    from world import Relayed
    return answer, Relayed(messages.Mail("introduction", address, b"\r\n", ""), wire, judge.open_sealed(world.judge, wire.raw))


def test_first_contact(world, client):
    """An introduction comes sealed from the reverse address; its answer is the first that the other reads of us."""
    _, done = introduction(world, "newman@elsewhere.example")
    says = token()
    letter = client.reply(done, messages.text(says + "\n"), subject="Hello")
    (wire,) = world.answer(client, letter)
    hold(world, client, done, letter, wire, says, "newman@elsewhere.example",
         without=["it_answers_what_they_sent"])
    head = judge.split(wire.raw)[0]
    assert judge.field(head, "In-Reply-To") is None and judge.field(head, "References") is None


def test_a_bounce_of_an_answer_is_told_sealed(world, client):
    """Their server refuses: the user reads it in a sealed letter, the provider does not."""
    done, says = asked(world, sender="full@shop.example", name="Full"), token()
    world.hop.misbehave("rcpt", "552 5.2.2 the box of full@shop.example is full", match="full@shop.example")
    letter = client.reply(done, messages.text(says + "\n"))
    since = len(world.hop.messages)
    assert client.send(letter).ok
    world.hop.wait(1, since=since, rcpt=world.mailbox, seconds=30)
    (text,) = world.letters(since)
    assert "box of full@shop.example is full" in text and says not in text
    assert world.server.cli("mailbox", "show", world.mailbox)[0]["state"] != "paused"


def test_a_report_to_an_answers_envelope_is_told_sealed(world, client):
    from test_bounce import report
    done, says = asked(world), token()
    (wire,) = world.answer(client, client.reply(done, messages.text(says + "\n")))
    since = len(world.hop.messages)
    assert smtp.send(world.server.port, "", wire.sender, report(wire.sender)).ok
    world.hop.wait(1, since=since, rcpt=world.mailbox, seconds=30)
    (text,) = world.letters(since)
    assert "olga@shop.example" in text


def test_the_disk_holds_no_word_of_an_answer(world, client):
    """Promise 2 and 9 for the way back: what waits to be sent is under a key of its own."""
    from test_promises import files_of
    done, says = asked(world), token()
    since = len(world.hop.messages)
    world.hop.misbehave("mail", "450 4.3.0 not now", times=1000)
    assert client.send(client.reply(done, messages.text(says + "\n"))).ok
    time.sleep(0.3)
    found = [name for name, data in files_of(world.server) if says.encode() in data or b"olga@shop.example" in data]
    assert found == []
    world.hop.behave()
    world.server.cli("queue", "flush")
    world.hop.wait(1, since=since)
    assert says not in world.server.log and "olga@shop.example" not in world.server.log


def test_forty_answers_at_once(world, client):
    """In parallel sessions, all by one user: none lost, none twice."""
    import concurrent.futures
    done = asked(world)
    client.learn(done)
    says = [token() for _ in range(40)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        letters = list(pool.map(lambda s: client.reply(done, messages.text(s + "\n")), says))
        since = len(world.hop.messages)
        sent = list(pool.map(client.send, letters))
    for word, letter, first in zip(says, letters, sent):
        while not first.ok:
            code = (first.dot or next(iter(first.rcpts.values()))).code
            assert code // 100 == 4, first.dot
            time.sleep(0.2)
            first = client.send(letter)
    arrived = world.hop.wait(40, since=since, seconds=60)
    assert sorted(w for m in arrived for w in says if w in checks_reply.texts(m.raw)) == sorted(says)


def test_base64_of_a_whole_line(world, client):
    """A client that writes its encrypted answer in lines of 998, or without a last line end."""
    done, says = asked(world), token()
    client.learn(done)
    letter = client.reply(done, messages.text(says + "\n"))
    head, body = judge.split(letter.raw)
    data = base64.b64encode(judge.der_of(body))
    letter.raw = head + b"\r\n" + b"\r\n".join(data[i:i + 988] for i in range(0, len(data), 988))
    (wire,) = world.answer(client, letter)
    hold(world, client, done, letter, wire, says)
