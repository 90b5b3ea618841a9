"""Who may speak, and what is said to whom may not: to the server that brings it, one sentence that names nobody; to the user, a
sealed letter with the reason and the remedy."""

import copy
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
from test_bounce import ask, wait_for
from test_crash import copy_of
from test_reply import ASKS, asked, token
from world import World

UNKNOWN_SPEAKER = "5.7.1 this answer was not sent on: a sealed letter tells its writer why"


@pytest.fixture(scope="module")
def other(world):
    """A second user of the same server, with all that it takes."""
    server = world.server
    server.user("mallory")
    mailbox = server.mailbox("mallory", "mallory@mailbox.example")
    keys = server.issue(mailbox)
    alias = server.alias("mallory")
    return reply.Client(server.port, keys, world.folder, "Mallory Other"), alias


@pytest.fixture(scope="module")
def ready(hop, tmp_path_factory):
    """A server with a user, stopped."""
    w = World(hop, tmp_path_factory.mktemp("ready"))
    w.server.stop()
    yield w
    w.close()


@pytest.fixture
def fresh(ready, tmp_path):
    """A world of its own: its user has not been told of anything in this hour."""
    w = copy.copy(ready)
    w.server = copy_of(ready, {})
    w.server.start()
    yield w, reply.Client(w.server.port, w.keys, tmp_path)
    w.server.close()


def kept(world, cause):
    """The one refused answer, when its message is stored: that comes after the refusal."""
    wait_for(lambda: world.server.cli("reply", "list")[0]["releasable"], 20)
    (row,) = world.server.cli("reply", "list")
    assert row["cause"] == cause
    return row


def restarted(world, settings=None, **env):
    world.server.stop()
    world.server.env.update(env)
    world.server.set(settings or {})
    world.server.start()


def wait_letter(world, since, seconds=20):
    world.hop.wait(1, since=since, rcpt=world.mailbox, seconds=seconds)
    return world.letters(since)


def answer_to(world, client, done=None, says=None, **options):
    done = done or asked(world)
    return client.reply(done, messages.text((says or token()) + "\n"), **options)


def altered(letter):
    """One bit of the encrypted content is another."""
    head, body = judge.split(letter.raw)
    der = bytearray(judge.der_of(body))
    der[-40] ^= 1
    return reply.Letter(letter.rcpts, head + b"\r\n" + messages.base64_lines(bytes(der)), letter.entity)


def changed_after_signing(world, client):
    done = asked(world)
    client.learn(done)
    signed = client.sign(messages.text("send 100 euro\n")).replace(b"100", b"900")
    return client.reply(done, signed, layers="encrypt")


def signed_by(world, client, keys, **options):
    return client.reply(asked(world), messages.text(token() + "\n"), keys=keys, **options)


# word of the cause: how such an answer is made. (world, client, keys of somebody else) -> letter
CAUSES = {
    "unsigned": lambda w, c, k: answer_to(w, c, layers="encrypt"),
    "unsigned, authenticated cipher": lambda w, c, k: answer_to(w, c, layers="encrypt", cipher="aes-256-gcm"),
    "unsigned, clear": lambda w, c, k: answer_to(w, c, layers=""),
    "foreign-key": lambda w, c, k: signed_by(w, c, k),
    "foreign-key, clear": lambda w, c, k: signed_by(w, c, k, layers="sign"),
    "broken": lambda w, c, k: changed_after_signing(w, c),
    "unopened, altered": lambda w, c, k: altered(answer_to(w, c, cipher="aes-256-gcm")),
    "unsigned, for somebody else": lambda w, c, k: for_nobody(w, c),
    "broken, without attributes": lambda w, c, k: without_attributes(w, c),
}


def for_nobody(world, client):
    """Encrypted to the user's own certificate alone: for the relay that is a file, which nobody has signed."""
    done = asked(world)
    client.learn(done)
    sealed = client.encrypt(client.sign(messages.text("x\n")), [])
    return client.reply(done, sealed, layers="")


def without_attributes(world, client):
    """A bare signature says no time, and can be made of one that has attributes."""
    done = asked(world)
    client.learn(done)
    return client.reply(done, client.sign(messages.text("x\n"), options=["-noattr"]), layers="encrypt")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """A key of the same name, under another root."""
    ca = pki.Pki(tmp_path_factory.mktemp("stranger"))
    return judge.Keys(ca.folder, "alice@mailbox.example")


@pytest.mark.parametrize("case", CAUSES)
def test_a_cause_is_refused_told_and_listed(fresh, stranger, case):
    """550 that names nobody; one sealed letter; a row in the list, with its cause."""
    w, client = fresh
    since = len(w.hop.messages) + 1  # after the relayed question
    said = w.refused(client, CAUSES[case](w, client, stranger))
    assert (said.code, said.text) == (550, UNKNOWN_SPEAKER)
    letters = wait_letter(w, since)
    assert len(letters) == 1 and "What to do" in letters[0] and w.alias in letters[0]
    (row,) = w.server.cli("reply", "list")
    assert row["cause"] == case.partition(",")[0] and row["alias"] == w.alias


def test_one_letter_for_a_cause_and_hour(fresh):
    """Ten refusals of a cause are one letter. So are causes that the server answers alike: the provider sees letters come, and
    another one would tell it what became of a ciphertext that it has altered. In the list are all, with their causes."""
    w, client = fresh
    done = asked(w)
    since = len(w.hop.messages)
    for _ in range(10):
        w.refused(client, answer_to(w, client, done, layers="encrypt"))
    w.refused(client, altered(answer_to(w, client, done, cipher="aes-128-gcm")))
    w.refused(client, changed_after_signing(w, client))
    since_other = len(w.hop.messages)
    assert len(wait_letter(w, since)) == 1
    w.refused(client, answer_to(w, client, done, cc=["friend@elsewhere.example"], rcpts=judge.mailboxes(done.field("From"))))
    assert any("directly" in text for text in wait_letter(w, since_other))
    time.sleep(1)
    assert len(w.letters(since)) == 2
    assert [r["cause"] for r in w.server.cli("reply", "list")].count("unsigned") == 10
    assert {r["cause"] for r in w.server.cli("reply", "list")} == {"unsigned", "unopened", "broken", "strangers"}


# Of what the server answers alike: (world, client, keys of somebody else, question) -> letter. All come to a relay whose clock is
# 8 days ahead, the last two to a relaxed mailbox.
ALIKE = {
    "unsigned": lambda w, c, k, q: answer_to(w, c, q, layers="encrypt"),
    "foreign-key": lambda w, c, k, q: answer_to(w, c, q, keys=k),
    "broken": lambda w, c, k, q: c.reply(q, c.sign(messages.text("100\n")).replace(b"100", b"900"), layers="encrypt"),
    "unopened": lambda w, c, k, q: altered(answer_to(w, c, q, cipher="aes-256-gcm")),
    "reused": lambda w, c, k, q: sent_before(w, c, q),
    "stale": lambda w, c, k, q: answer_to(w, c, q),
    "untrusted": lambda w, c, k, q: answer_to(w, c, q, layers="encrypt", cipher="aes-256-gcm"),
    "alterable": lambda w, c, k, q: answer_to(w, c, q, layers="encrypt"),
}


def sent_before(world, client, done):
    client.learn(done)
    signed = client.sign(messages.text(token() + "\n"))
    world.answer(client, client.reply(done, signed, layers="encrypt"))
    return client.reply(done, signed, layers="encrypt")


def test_letters_of_causes_that_are_answered_alike_have_one_size(hop, tmp_path, stranger):
    """Attack 6: the provider brings altered copies of an answer, and sees by its size what each letter says. A signature with
    RSA has one size; each cause has an alias of its own, for there is one letter for an alias in an hour."""
    w = World(hop, tmp_path, sender_key="rsa2048")
    client, sizes = reply.Client(w.server.port, w.keys, tmp_path), {}
    letters = {}
    for n, cause in enumerate(ALIKE):
        alias = w.server.alias(w.user, f"same-{n}@relay.example")
        letters[cause] = ALIKE[cause](w, client, stranger, asked(w, alias=alias))
    restarted(w, POSTERN_CLOCK_AHEAD=str(8 * 86400))
    for cause, letter in letters.items():
        if cause in ("untrusted", "alterable"):
            w.server.cli("mailbox", "set", w.mailbox, reply="relaxed")
        if cause == "alterable":
            restarted(w, {"reply.trusted_hosts": "127.0.0.1"})
        since = len(hop.messages)
        assert w.refused(client, letter).text == UNKNOWN_SPEAKER
        (told,) = hop.wait(1, since=since, rcpt=w.mailbox)
        sizes[cause] = len(told.raw)
        assert b"This answer of yours was not sent" in w.judge.decrypt(judge.der_of(judge.split(told.raw)[1]))
        assert w.server.cli("reply", "list")[0]["cause"] == cause
    w.close()
    assert len(set(sizes.values())) == 1, sizes


def test_a_provider_or_a_stranger_cannot_speak_in_the_users_name(world, client, other):
    """From and envelope are right, the key is another user's, who is registered here, but not for this mailbox."""
    mallory, _ = other
    said = world.refused(client, answer_to(world, client, keys=mallory.keys))
    assert said.text == UNKNOWN_SPEAKER


# Who may write to a reverse address at all: by RCPT alone.


def test_unknown_and_foreign_reverse_addresses_answer_alike(world, client, other):
    mallory, alias = other
    own = client.learn(asked(world))
    raw = messages.head("Bob <bob@shop.example>", alias, "For Mallory") + messages.text("x\n")
    theirs = mallory.learn(world.relay(messages.Mail("m", "bob@shop.example", raw, "x"), alias,
                                       judge.OpenSsl(mallory.keys, world.folder / "m")))
    domain = own.partition("@")[2]
    made_up = [own[:-len(domain) - 3] + "zz@" + domain, "nobody-at-all@" + domain, own.upper()[:8] + "x" + own[9:]]
    answers = {str(ask(world, a, client.keys.address)) for a in [theirs, *made_up]}
    answers |= {str(ask(world, own, s)) for s in ("stranger@elsewhere.example", mallory.keys.address, "olga@shop.example")}
    assert len(answers) == 1 and answers.pop().startswith("550 "), answers
    assert ask(world, own, client.keys.address).code == 250


def test_batv_and_further_addresses_of_the_mailbox(world, client):
    own = client.learn(asked(world))
    local, _, domain = client.keys.address.partition("@")
    world.server.cli("mailbox", "sender-add", world.mailbox, "second@other.example")
    for sender in (f"prvs=0123456789={local}@{domain}", "second@other.example", client.keys.address.upper()):
        assert ask(world, own, sender).code == 250, sender


def test_an_alias_that_is_off_answers_nobody(world, client):
    alias = world.server.alias(world.user)
    done = asked(world, alias=alias)
    world.server.cli("alias", "set", alias, state="off-reject")
    letter = answer_to(world, client, done)
    said = world.refused(client, letter)
    assert said.code == 550
    world.server.cli("alias", "set", alias, state="on")
    assert client.send(letter).ok


# Null senders.


def null(world, client, entity, more=()):
    done = asked(world)
    reverse = client.learn(done)
    head = client.head([reverse], "Out of office", answers=done, more=more)
    since = len(world.hop.messages)
    sent = client.send(reply.Letter([reverse], head + entity, entity), sender="")
    world.relay(messages.plain(world.alias))  # what was to leave has left by now
    return sent, [m for m in world.hop.messages[since:] if m.rcpts != [world.mailbox]]


def test_attack_51_a_vacation_note_is_scrubbed_or_swallowed(world, client):
    """Unsigned, from the provider: never with the address that it is for in it."""
    sent, out = null(world, client, messages.text(f"I am away. Write to {client.keys.address}.\n\n{client.name}\n"),
                     ["Auto-Submitted: auto-replied", "Precedence: bulk"])
    assert sent.ok, str(sent.dot)
    for m in out:
        assert canaries.leaks(m.raw, canaries.flock_of(client.keys)) == []


def test_attack_49_a_receipt_is_swallowed(world, client):
    fields = messages.crlf(f"Content-Type: message/disposition-notification\n\nReporting-UA: {client.keys.address}; CanaryMail\n"
                           f"Original-Recipient: rfc822;{client.keys.address}\nFinal-Recipient: rfc822;{client.keys.address}\n"
                           "Disposition: manual-action/MDN-sent-manually; displayed\n")
    entity = messages.multipart("report; report-type=disposition-notification", messages.text("read\n"), fields)
    sent, out = null(world, client, entity)
    assert sent.ok and out == []


def test_a_bounce_at_a_reverse_address_is_swallowed_or_told(world, client):
    from test_bounce import report
    reverse = client.learn(asked(world))
    entity = report(reverse)
    since = len(world.hop.messages)
    sent = client.send(reply.Letter([reverse], entity, entity), sender="")
    assert sent.dot is None or sent.dot.code in (250, 550)
    world.relay(messages.plain(world.alias))
    assert [m for m in world.hop.messages[since:] if m.rcpts != [world.mailbox]] == []


def test_a_signed_note_with_a_null_sender(world, client):
    """A client that answers by itself and signs: goes clean or not at all."""
    done = asked(world)
    client.learn(done)
    sealed = client.seal(messages.text("I am away.\n"), [client.learn(done)])
    sent, out = null(world, client, sealed, ["Auto-Submitted: auto-replied"])
    assert sent.ok or sent.dot.code == 550
    for m in out:
        assert canaries.leaks(m.raw, canaries.flock_of(client.keys)) == []
        assert judge.field(judge.split(m.raw)[0], "Auto-Submitted") == "auto-replied"


# Repeats.


def test_an_exact_repeat_is_taken_and_not_sent(world, client):
    done, says = asked(world), token()
    letter = answer_to(world, client, done, says)
    world.answer(client, letter)
    since = len(world.hop.messages)
    for _ in range(3):
        assert client.send(letter).ok
    world.relay(messages.plain(world.alias))
    assert not any(says in checks_reply.texts(m.raw) for m in world.hop.messages[since:])


def test_a_repeat_is_known_after_a_restart(world, client):
    letter = answer_to(world, client, says="before the restart")
    world.answer(client, letter)
    world.server.restart()
    since = len(world.hop.messages)
    assert client.send(letter).ok
    world.relay(messages.plain(world.alias))
    assert not any("before the restart" in checks_reply.texts(m.raw) for m in world.hop.messages[since:])


def test_the_same_signature_in_another_message_is_refused(world, client):
    """Attack 8: who can open it (another correspondent who may not be trusted, the provider at the client) encrypts it anew,
    to another reverse address."""
    done, says = asked(world), token()
    client.learn(done)
    signed = client.sign(messages.text(says + "\n"))
    world.answer(client, client.reply(done, signed, layers="encrypt"))
    victim = asked(world, sender="bank@money.example", name="Bank")
    said = world.refused(client, client.reply(victim, signed, layers="encrypt"))
    assert said.text == UNKNOWN_SPEAKER
    said = world.refused(client, client.reply(done, signed, layers="encrypt"))
    assert said.text == UNKNOWN_SPEAKER


def test_an_old_signature_is_stale(fresh):
    """The clock of the relay goes 8 days ahead: what was kept back so long is refused, and can be released."""
    w, client = fresh
    letter = answer_to(w, client, says="an old one")
    restarted(w, POSTERN_CLOCK_AHEAD=str(8 * 86400))
    assert w.refused(client, letter).text == UNKNOWN_SPEAKER
    row = kept(w, "stale")
    since = len(w.hop.messages)
    w.server.cli("reply", "release", str(row["id"]))
    (wire,) = w.hop.wait(1, since=since, rcpt="olga@shop.example")
    assert "an old one" in checks_reply.texts(wire.raw) and not w.server.cli("reply", "list")


# Settings.


def test_signed_answers_in_clear(fresh):
    """Taken by default; refused where the mailbox is set so; then they may be released."""
    w, client = fresh
    done = asked(w)
    for i in range(2):
        arrived = w.answer(client, answer_to(w, client, done, f"readable {i}", layers="sign"))
        (wire,) = arrived
        assert wire.rcpts == ["olga@shop.example"] and f"readable {i}" in checks_reply.texts(wire.raw)
    w.server.cli("mailbox", "set", w.mailbox, clear_replies="refuse")
    said = w.refused(client, answer_to(w, client, done, "readable 3", layers="sign"))
    assert said.code == 550 and "encrypted" in said.text
    row = kept(w, "in-clear")
    since = len(w.hop.messages)
    w.server.cli("reply", "release", str(row["id"]))
    (wire,) = w.hop.wait(1, since=since, rcpt="olga@shop.example")
    assert "readable 3" in checks_reply.texts(wire.raw)
    assert canaries.leaks(wire.raw, canaries.flock_of(client.keys)) == []


def test_relaxed_wants_a_trusted_host(fresh):
    """Relaxed: unsigned answers of a host that is named; but no CBC content without a signature, from nobody."""
    w, client = fresh
    w.server.cli("mailbox", "set", w.mailbox, reply="relaxed")
    done = asked(w)
    assert w.refused(client, answer_to(w, client, done, layers="")).text == UNKNOWN_SPEAKER
    restarted(w, {"reply.trusted_hosts": "127.0.0.1"})
    for options in ({"layers": ""}, {"layers": "encrypt", "cipher": "aes-256-gcm"}, {}):
        says = token()
        (wire,) = w.answer(client, answer_to(w, client, done, says, **options))
        assert says in checks_reply.texts(wire.raw)
        assert canaries.leaks(wire.raw, canaries.flock_of(client.keys)) == []
    for cipher in ("aes-128-cbc", "aes-256-cbc"):
        assert w.refused(client, answer_to(w, client, done, layers="encrypt", cipher=cipher)).text == UNKNOWN_SPEAKER
    # From is another's: the host vouches for the user's mailbox alone
    assert w.refused(client, answer_to(w, client, done, layers="", sender="Boss <boss@mailbox.example>")).text == UNKNOWN_SPEAKER


def test_trusted_hosts_do_not_weaken_what_requires(fresh):
    w, client = fresh
    restarted(w, {"reply.trusted_hosts": "127.0.0.1"})
    assert w.refused(client, answer_to(w, client, layers="")).text == UNKNOWN_SPEAKER
    assert w.refused(client, answer_to(w, client, layers="encrypt", cipher="aes-256-gcm")).text == UNKNOWN_SPEAKER


# Recipients.


def test_strangers_in_cc_are_refused(fresh):
    """Attack 53: one of the recipients is no reverse address: nothing goes to anybody, and the letter says what to do."""
    w, client = fresh
    done = asked(w)
    since = len(w.hop.messages)
    said = w.refused(client, answer_to(w, client, done, cc=["Friend <friend@elsewhere.example>"],
                                       rcpts=judge.mailboxes(done.field("From"))))
    assert said.code == 550 and "reverse addresses" in said.text
    (text,) = wait_letter(w, since)
    assert "directly" in text
    assert w.server.cli("reply", "list")[0]["cause"] == "strangers"


def test_reverse_addresses_of_another_user_are_strangers(world, client, other):
    mallory, alias = other
    raw = messages.head("Bob <bob2@shop.example>", alias, "For Mallory") + messages.text("x\n")
    theirs = mallory.learn(world.relay(messages.Mail("m", "bob2@shop.example", raw, "x"), alias,
                                       judge.OpenSsl(mallory.keys, world.folder / "m2")))
    done = asked(world)
    letter = answer_to(world, client, done, cc=[f"Bob <{theirs}>"], rcpts=judge.mailboxes(done.field("From")))
    assert world.refused(client, letter).code == 550


def test_several_aliases_at_once_are_refused(fresh):
    w, client = fresh
    second = w.server.alias(w.user)
    one, two = asked(w), asked(w, alias=second, sender="carl@shop.example", name="Carl")
    client.learn(two)
    letter = answer_to(w, client, one, cc=[two.field("From")])
    assert w.refused(client, letter).code == 550
    assert {r["cause"] for r in w.server.cli("reply", "list")} == {"several-aliases"}


def test_an_answer_to_own_sent_mail_is_refused_with_a_hint(fresh):
    """The client quotes the user as the writer there."""
    w, client = fresh
    done = asked(w)
    mid = messages.new_id("mailbox.example")
    w.answer(client, answer_to(w, client, done, mid=mid))
    head = client.head([done.field("From")], "Re: Re: Your order", more=[f"In-Reply-To: {mid}", f"References: {mid}"])
    entity = messages.text(f"one more thing\n\nOn Thursday, {client.name} <{client.keys.address}> wrote:\n> Yes please\n")
    letter = reply.Letter(judge.mailboxes(done.field("From")), head + client.seal(entity, judge.mailboxes(done.field("From"))),
                          entity)
    said = w.refused(client, letter)
    assert said.code == 550 and "sent" in said.text
    row = kept(w, "own-mail")
    since = len(w.hop.messages)
    w.server.cli("reply", "release", str(row["id"]))
    (wire,) = w.hop.wait(1, since=since, rcpt="olga@shop.example")
    assert canaries.leaks(wire.raw, canaries.flock_of(client.keys)) == []


@pytest.mark.parametrize("case", ["unknown charset"])
def test_what_cannot_be_read_is_refused_not_passed(fresh, case):
    w, client = fresh
    entity = canaries.PLACES[case].build(canaries.flock_of(client.keys))[-1]
    said = w.refused(client, client.reply(asked(w), entity))
    assert (said.code, said.enhanced) == (550, "5.6.1")
    assert w.server.cli("reply", "list")[0]["cause"] == "unreadable"


# Release.


def test_only_what_is_safe_is_released(fresh):
    w, client = fresh
    w.refused(client, answer_to(w, client, layers="encrypt"))
    (row,) = w.server.cli("reply", "list")
    assert not row["releasable"]
    assert w.server.refuses("reply", "release", str(row["id"]))
    assert w.server.refuses("reply", "release", "999999")
    assert len(w.server.cli("reply", "list")) == 1


def test_what_is_kept_is_kept_under_a_key(fresh):
    """Neither the list's rows nor the kept message are readable on disk; the letter does not repeat the text."""
    from test_promises import files_of
    w, client = fresh
    says = token()
    w.server.cli("mailbox", "set", w.mailbox, clear_replies="refuse")
    done = asked(w)
    since = len(w.hop.messages)
    w.refused(client, answer_to(w, client, done, says, layers="sign"))
    (text,) = wait_letter(w, since)
    assert says not in text
    wanted = [says.encode(), client.keys.address.encode(), b"olga@shop.example", ASKS.encode()]
    assert [(n, word) for n, data in files_of(w.server) for word in wanted if word in data.lower()] == []


def test_the_answers_name_nobody_and_the_log_neither(world, client):
    """What a server on the way hears of refusals holds no address; neither does the log."""
    said = world.refused(client, answer_to(world, client, layers="encrypt"))
    assert "@" not in said.text
    assert not re.search(r"olga@shop\.example|alice@mailbox\.example", world.server.log)


def test_smtp_that_ends_early_leaves_nothing(world, client):
    """A connection that breaks in the middle of an answer: nothing is sent, nothing is noted."""
    letter = answer_to(world, client)
    since = len(world.hop.messages)
    connection = smtp.Smtp(world.server.port)
    connection.cmd(f"MAIL FROM:<{client.keys.address}>")
    assert connection.cmd(f"RCPT TO:<{letter.rcpts[0]}>").code == 250
    assert connection.cmd("DATA").code == 354
    connection.raw(letter.raw[:len(letter.raw) // 2])
    connection.close()
    world.relay(messages.plain(world.alias))
    assert len(world.hop.messages) == since + 1
