"""What happened to a user's mail: each kind with its reason, told to that user and to nobody else, and not to the log."""

import time

import pytest

import messages
import reply
import smtp
from test_bounce import ask, note, report, wait_for
from test_reply import asked, token

STRANGER = "stranger@spam.example"


@pytest.fixture(scope="module")
def client(world):
    return reply.Client(world.server.port, world.keys, world.folder)


def events(world, alias, user=None, **options):
    return world.server.cli("activity", user or world.user, alias=alias, **options)


def newest(world, alias, **options):
    return (events(world, alias, **options) or [{}])[0]


def told(event):
    return event["direction"], event["outcome"], event["reason"], event["correspondent"], event["count"]


# Each kind of it.

def test_mail_that_came(world):
    alias = world.server.alias(world.user)
    began = time.time()
    for n in range(3):
        world.relay(note(alias, f"Number {n}."), alias)
    world.relay(note(alias, "From another.", sender="dora@shop.example"), alias)
    rows = events(world, alias)
    if len(rows) == 2:  # no full hour has passed between
        assert {told(r) for r in rows} == {("in", "relayed", "", "carl@shop.example", 3), ("in", "relayed", "", "dora@shop.example", 1)}
    first = rows[0]
    assert first["alias"] == alias and first["name"] == "Carl" and first["reverse"].endswith("@relay.example")
    assert first["says"] == "" == first["remedy"] and first["bytes"] > 100
    assert began - 2 <= postern_time(first["at"]) <= time.time() + 2


def postern_time(at):
    return at if isinstance(at, (int, float)) else time.mktime(time.strptime(at, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone


@pytest.mark.parametrize("state, code, outcome", [("off-reject", 550, "refused"), ("off-drop", 250, "dropped")])
def test_an_alias_that_is_off(world, state, code, outcome):
    alias = world.server.alias(world.user)
    world.server.cli("alias", "set", alias, state=state)
    for n in range(3):
        said = smtp.send(world.server.port, f"{n}-{STRANGER}", alias, note(alias).raw)
        assert (said.dot or next(iter(said.rcpts.values()))).code == code
    row = newest(world, alias)
    assert told(row) == ("in", outcome, "off", f"2-{STRANGER}", 3), "three of them are one row that names the last"
    assert "switched off" in row["says"] and "Switch it on" in row["remedy"]


def test_an_alias_that_has_ended(world):
    alias = world.server.alias(world.user)
    world.server.cli("alias", "set", alias, count=1)
    world.relay(note(alias), alias)
    assert ask(world, alias, "carl@shop.example").code == 550
    assert told(newest(world, alias)) == ("in", "refused", "expired-count", "carl@shop.example", 1)


@pytest.mark.parametrize("sender, how", [("carl@shop.example", "drop"), ("carl@shop.example", "refuse"), ("list+5@lists.example", "drop")])
def test_a_sender_who_is_blocked(world, sender, how):
    """By the envelope at RCPT, and by From after DATA."""
    alias = world.server.alias(world.user)
    world.relay(note(alias), alias)
    world.server.cli("correspondent", "block", alias, "carl@shop.example", how=how)
    smtp.send(world.server.port, sender, alias, note(alias, "Not wanted.").raw)
    row = newest(world, alias)
    assert told(row) == ("in", "refused" if how == "refuse" else "dropped", "blocked", "carl@shop.example", 1)
    assert row["name"] == "Carl" and "blocked" in row["says"]


def test_a_bound_that_is_reached(world):
    alias = world.server.alias(world.user)
    world.server.cli("alias", "set", alias, messages_day=1)
    world.relay(note(alias), alias)
    assert ask(world, alias, STRANGER).code == 452
    assert told(newest(world, alias)) == ("in", "refused", "quota", STRANGER, 1)


def test_an_answer_that_went_and_one_that_did_not(world, client):
    alias = world.server.alias(world.user)
    done = world.relay(note(alias, token()), alias)
    client.learn(done)
    text = messages.text(token() + "\n")
    world.answer(client, client.reply(done, text))
    row = newest(world, alias)
    assert told(row) == ("out", "relayed", "", "carl@shop.example", 1)
    world.refused(client, client.reply(done, text, layers="encrypt"))
    row = newest(world, alias, outcome="refused")
    assert told(row) == ("out", "refused", "unsigned", "carl@shop.example", 1)
    assert "did not sign" in row["says"] and "Thunderbird" in row["remedy"]


def test_an_answer_that_is_held(world, client):
    alias = world.server.alias(world.user)
    world.server.cli("mailbox", "set", world.mailbox, clear_replies="refuse")
    done = world.relay(note(alias, token()), alias)
    client.learn(done)
    world.refused(client, client.reply(done, messages.text(token() + "\n"), layers="sign"))
    world.server.cli("mailbox", "set", world.mailbox, clear_replies="accept")
    row = newest(world, alias, outcome="held")
    assert told(row) == ("out", "held", "in-clear", "carl@shop.example", 1) and "release" in row["remedy"]


def test_what_the_mailbox_puts_off_and_refuses(world):
    alias = world.server.alias(world.user)
    world.hop.misbehave("rcpt", "452 4.2.2 mailbox full", times=1)
    try:
        assert smtp.send(world.server.port, "carl@shop.example", alias, note(alias).raw).ok
        wait_for(lambda: events(world, alias, outcome="deferred"))
    finally:
        world.hop.behave()
    assert told(newest(world, alias, outcome="deferred")) == ("in", "deferred", "there-full", "carl@shop.example", 1)
    world.hop.misbehave("rcpt", "550 5.1.1 User unknown", times=1)
    try:
        assert smtp.send(world.server.port, "carl@shop.example", alias, note(alias, "Again.").raw).ok
        wait_for(lambda: events(world, alias, outcome="bounced"))
    finally:
        world.hop.behave()
    row = newest(world, alias, outcome="bounced")
    assert told(row) == ("in", "bounced", "there-unknown", "carl@shop.example", 1) and "no such address" in row["says"]


def test_an_answer_that_comes_back_later(world, client):
    alias = world.server.alias(world.user)
    done = world.relay(note(alias, token()), alias)
    client.learn(done)
    (went,) = world.answer(client, client.reply(done, messages.text(token() + "\n")))
    since = len(world.hop.messages)
    for _ in range(2):  # the same report twice is one
        assert smtp.send(world.server.port, "", went.sender, report(went.sender, "5.2.2", "552 5.2.2 mailbox is full")).ok
        world.hop.wait(1, since=since, rcpt=world.mailbox)
    assert told(newest(world, alias, outcome="bounced")) == ("out", "bounced", "there-full", "carl@shop.example", 1)


def test_a_report_about_a_mailbox_is_of_no_alias(world):
    first = world.relay(note(world.alias, token()), world.alias)
    assert smtp.send(world.server.port, "", first.wire.sender, report(first.wire.sender, "5.2.2", "552 5.2.2 full")).ok
    (row,) = [r for r in world.server.cli("activity", world.user, outcome="bounced") if not r["alias"]]
    assert told(row) == ("in", "bounced", "there-full", "", 1)


# The list.

def test_pages_and_filters(world):
    one, two = world.server.alias(world.user), world.server.alias(world.user)
    for alias in (one, two):
        for n in range(3):
            assert ask(world, alias, STRANGER).code == 250
            smtp.send(world.server.port, f"p{n}@shop.example", alias, note(alias, sender=f"p{n}@shop.example").raw)
        world.server.cli("alias", "set", alias, state="off-reject")
        assert ask(world, alias, STRANGER).code == 550
    rows = events(world, one)
    assert len(rows) == 4 and {r["alias"] for r in rows} == {one}
    seen, before = [], None
    while True:
        page = events(world, one, limit=1, **({"before": before} if before else {}))
        if not page:
            break
        seen += page
        before = page[0]["id"]
    assert seen == rows
    assert [r["outcome"] for r in events(world, one, outcome="refused")] == ["refused"]
    everything = world.server.cli("activity", world.user, limit=200)
    assert [r for r in everything if r["alias"] == one] == rows
    assert "before" in world.server.refuses("activity", world.user, before="yesterday")
    world.server.cli("alias", "delete", two)
    assert not [r for r in world.server.cli("activity", world.user, limit=200) if r["alias"] == two], "gone with the alias"


def test_each_users_own(world):
    world.server.user("nosy")
    alias = world.server.alias(world.user)
    world.relay(note(alias), alias)
    assert world.server.cli("activity", "nosy") == []
    assert events(world, alias)


def test_promise_10_the_log_tells_nothing_of_it(world):
    """No reason, outcome or address of an event, from any of the above."""
    log = world.server.log
    assert "ev=refused" in log and "ev=accepted" in log
    for word in (STRANGER, "carl@shop.example", "there-full", "activity", "switched off", "expired-count ("):
        assert word not in log, word


def test_it_outlives_a_restart(world):
    alias = world.server.alias(world.user)
    world.server.cli("alias", "set", alias, state="off-reject")
    assert ask(world, alias, STRANGER).code == 550
    world.relay(note(world.alias, token()), world.alias)  # the refusal goes to the disk with the next message
    world.server.kill()
    world.server.start()
    assert told(newest(world, alias)) == ("in", "refused", "off", STRANGER, 1)
