"""Aliases that end: their users are told by sealed mail, of all of them in one, and only who wants to know."""

import time

import judge
import messages


def note(alias, says="A short note."):
    return messages.Mail("note", "carl@shop.example", messages.head("Carl <carl@shop.example>", alias, "Note") +
                         messages.text(says + "\n"), says)


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def engine(world, mailbox, folder):
    keys = world.server.issue(mailbox)
    return judge.OpenSsl(keys, folder)


def notice(world, mailbox, since):
    (wire,) = world.hop.wait(1, seconds=60, rcpt=mailbox, since=since)
    assert judge.field(wire.raw.partition(b"\r\n\r\n")[0], "Subject") == "Aliases that end"
    return wire


def test_users_are_told_once_of_all_that_ends(world, tmp_path):
    server = world.server
    server.user("bob")          # wants no such mail
    server.mailbox("bob", "bob@mailbox.example")
    server.issue("bob@mailbox.example")
    server.cli("user", "set", "bob", expiry_notices="off")
    server.user("dora")         # has no key to be written to with
    server.mailbox("dora", "dora@mailbox.example")
    for user in ("bob", "dora"):
        server.alias(user, f"past-{user}@relay.example", expires=utc(-5))
    server.alias(world.user, "past@relay.example", expires=utc(-5), label="the old shop")
    few = server.alias(world.user, "few@relay.example", count=4)
    once = server.alias(world.user, "once@relay.example", count=1)
    server.alias(world.user, "fresh@relay.example", count=2, idle_days=300)
    for alias in (few, once):
        world.relay(note(alias), alias)
    since = len(world.hop.messages)
    server.restart()
    wire = notice(world, world.mailbox, since)
    opened = judge.open_sealed(world.judge, wire.raw)
    text = opened.entity.decode()
    assert "past@relay.example (the old shop): " in text and time.strftime("%Y-%m-", time.gmtime()) in text
    assert "few@relay.example: takes 3 more messages" in text
    assert "once@relay.example: has taken the last" in text
    assert text.index("few@") < text.index("have ended") < min(text.index("past@"), text.index("once@"))
    assert world.alias not in text and "fresh@" not in text
    assert b"past@relay.example" not in wire.raw and not [w for w in ("few@", "once@") if w.encode() in wire.raw]

    # More ends: alice hears of it tomorrow, carol today.
    world.server.alias(world.user, "later@relay.example", expires=utc(-5))
    server.user("carol")
    server.mailbox("carol", "carol@mailbox.example")
    carol = engine(world, "carol@mailbox.example", tmp_path / "carol")
    server.alias("carol", "past-carol@relay.example", expires=utc(-5))
    server.restart()
    wire = notice(world, "carol@mailbox.example", since)
    assert "past-carol@relay.example" in judge.open_sealed(carol, wire.raw).entity.decode()
    server.wait_queue(0)
    told = [m.rcpts[0] for m in world.hop.messages[since:]]
    assert sorted(told) == [world.mailbox, "carol@mailbox.example"], "one a day, none unwanted, none in clear"


def test_the_switch_is_shown(world):
    assert world.server.cli("user", "show", world.user)[0]["expiry_notices"] == "on"
    world.server.cli("user", "set", world.user, expiry_notices="off")
    assert world.server.cli("user", "show", world.user)[0]["expiry_notices"] == "off"
    assert "on|off" in world.server.refuses("user", "set", world.user, expiry_notices="maybe")
