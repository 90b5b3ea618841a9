"""Answers that come again, or in other ways than the first time: what is one message goes once, what are two goes twice, and what was
kept for its user to let go does go."""

import threading
import time

import pytest

import canaries
import checks_reply
import messages
import reply
from test_reply import asked, token
from test_submission_send import authority, letter, submit, world as submitting  # noqa: F401: fixtures
from world import World

OLGA = "olga@shop.example"


@pytest.fixture
def fresh(hop, tmp_path):
    w = World(hop, tmp_path)
    yield w, reply.Client(w.server.port, w.keys, tmp_path)
    w.close()


def to_olga(w, since):
    return [m for m in w.hop.messages[since:] if m.rcpts == [OLGA]]


def kept(w, seconds=10):
    """The one refused answer, once its message is kept: that is a moment after the 550."""
    end = time.monotonic() + seconds
    while True:
        (row,) = w.server.cli("reply", "list")
        if row["releasable"]:
            return row
        assert time.monotonic() < end, row
        time.sleep(0.05)


def settled(w):
    """Everything that was to leave has left."""
    w.relay(messages.plain(w.alias))


def test_the_same_words_twice_are_two_messages(submitting, tmp_path):
    """Unsigned, the same body: another Message-ID is another message; the same one again goes once."""
    w = submitting
    client = reply.Client(w.server.port, w.keys, tmp_path)
    since, says = len(w.hop.messages), token()
    entity = messages.text(says + "\n")
    raws = [letter(client, w.alias, [OLGA], "", entity=entity) for _ in range(2)]
    for raw in (*raws, raws[0]):
        assert submit(w, raw, [OLGA])[0] == 250
    w.hop.wait(2, since=since, rcpt=OLGA)
    settled(w)
    assert [says in checks_reply.texts(m.raw) for m in to_olga(w, since)] == [True, True]


def test_the_same_answer_at_once_goes_once(fresh):
    """Four connections bring it at the same moment: each hears 250, and Olga gets one."""
    w, client = fresh
    sealed = client.reply(asked(w), messages.text(token() + "\n"))
    since, said = len(w.hop.messages), []
    threads = [threading.Thread(target=lambda: said.append(client.send(sealed).ok)) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert said == [True] * 4
    w.hop.wait(1, since=since, rcpt=OLGA)
    settled(w)
    assert len(to_olga(w, since)) == 1


def test_a_readable_answer_is_told_once_even_of_several_at_once(fresh):
    w, client = fresh
    done = asked(w)
    since = len(w.hop.messages)
    letters = [client.reply(done, messages.text(token() + "\n"), layers="sign") for _ in range(3)]
    threads = [threading.Thread(target=client.send, args=(sealed,)) for sealed in letters]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    w.hop.wait(3, since=since, rcpt=OLGA)
    w.hop.wait(1, since=since, rcpt=w.mailbox)
    settled(w)
    (text,) = [t for t in w.letters(since) if "not encrypted" in t]
    assert w.alias in text and "--clear-replies refuse" in text


def test_what_went_to_the_alias_too_is_released(fresh):
    """Reply-All, with the user's own alias in the envelope, signed and in clear where that is refused: kept, and let go."""
    w, client = fresh
    w.server.cli("mailbox", "set", w.mailbox, clear_replies="refuse")
    done = asked(w)
    says, reverse = token(), client.learn(done)
    sealed = client.reply(done, messages.text(says + "\n"), layers="sign", rcpts=[reverse, w.alias], cc=[w.alias])
    assert w.refused(client, sealed).code == 550
    row, since = kept(w), len(w.hop.messages)
    w.server.cli("reply", "release", str(row["id"]))
    (wire,) = w.hop.wait(1, since=since, rcpt=OLGA)
    assert says in checks_reply.texts(wire.raw) and canaries.leaks(wire.raw, canaries.flock_of(client.keys)) == []


def test_what_a_trusted_host_brought_is_released(hop, tmp_path):
    """Relaxed, unsigned and in clear from a host that is trusted for it: who let it in vouches for it at its release."""
    w = World(hop, tmp_path, settings={"reply.trusted_hosts": "127.0.0.1"})
    client = reply.Client(w.server.port, w.keys, tmp_path)
    try:
        w.server.cli("mailbox", "set", w.mailbox, reply="relaxed", clear_replies="refuse")
        says = token()
        assert w.refused(client, client.reply(asked(w), messages.text(says + "\n"), layers="")).code == 550
        row, since = kept(w), len(w.hop.messages)
        assert row["cause"] == "in-clear"
        w.server.cli("reply", "release", str(row["id"]))
        (wire,) = w.hop.wait(1, since=since, rcpt=OLGA)
        assert says in checks_reply.texts(wire.raw)
    finally:
        w.close()


def test_the_way_back_is_counted(fresh):
    w, client = fresh
    w.answer(client, client.reply(asked(w), messages.text(f"{client.keys.address} wrote this\n")))
    (alias,) = [a for a in w.server.cli("alias", "list") if a["address"] == w.alias]
    (stat,) = w.server.cli("stat")
    assert alias["answered"] == 1 and alias["removed"] > 0
    assert stat["answered"] == 1 and stat["opener_up"] == 1 and stat["answers_waiting"] == stat["opening"] == 0


def test_what_one_user_sends_in_an_hour_is_bounded(hop, tmp_path):
    """Past the bound the user's server is asked to come again, and nothing goes; a stranger hears what strangers hear."""
    w = World(hop, tmp_path, settings={"policy.user_answers_hour": 2})
    client = reply.Client(w.server.port, w.keys, tmp_path)
    try:
        done = asked(w)
        for _ in range(2):
            w.answer(client, client.reply(done, messages.text(token() + "\n")))
        since = len(w.hop.messages)
        sent = client.send(client.reply(done, messages.text(token() + "\n")))
        assert (sent.dot.code, sent.dot.text.split()[0]) == (452, "4.7.1")
        said = w.refused(client, client.reply(done, messages.text(token() + "\n"), layers="encrypt"))
        assert said.code == 550 and "hour" not in said.text
        settled(w)
        assert to_olga(w, since) == []
    finally:
        w.close()
