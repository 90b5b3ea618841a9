"""Who may write to an alias, and that no mailbox which asks for encryption ever gets a readable copy."""

import time

import pytest

import judge
import messages
import smtp
from world import World


def note(alias, says="A short note."):
    return messages.Mail("note", "carl@shop.example", messages.head("Carl <carl@shop.example>", alias, "Note") +
                         messages.text(says + "\n"), says)


def refusal(world, alias, sender="carl@shop.example"):
    """The answer to RCPT TO; nothing is sent."""
    with smtp.Smtp(world.server.port) as client:
        assert client.cmd(f"MAIL FROM:<{sender}>").code == 250
        return client.cmd(f"RCPT TO:<{alias}>")


def nothing_new(world, since, seconds=1.5):
    time.sleep(seconds)
    return len(world.hop.messages) == since


def test_an_unknown_alias_is_refused(world):
    answer = refusal(world, "nobody@relay.example")
    assert answer.code == 550 and answer.enhanced == "5.1.1"


def test_a_foreign_domain_is_refused(world):
    assert refusal(world, "shop@elsewhere.example").code == 550


def test_an_alias_is_found_whatever_its_case(world):
    alias = world.server.alias(world.user, "cases@relay.example")
    assert refusal(world, "CASES@Relay.Example").code == 250
    assert world.relay(note(alias), "Cases@RELAY.example").opened


def test_off_reject_refuses_and_on_accepts_again(world):
    alias = world.server.alias(world.user)
    world.server.cli("alias", "set", alias, state="off-reject")
    assert refusal(world, alias).code == 550
    world.server.cli("alias", "set", alias, state="on")
    assert world.relay(note(alias), alias).opened


def test_off_drop_accepts_and_forgets(world):
    alias = world.server.alias(world.user)
    world.server.cli("alias", "set", alias, state="off-drop")
    since = len(world.hop.messages)
    assert world.send(note(alias), alias).ok
    assert nothing_new(world, since) and world.server.queue() == []


def test_a_count_is_used_up(world):
    alias = world.server.alias(world.user, count=2)
    world.relay(note(alias, "one"), alias)
    world.relay(note(alias, "two"), alias)
    assert refusal(world, alias).code == 550


def test_a_date_passes(world):
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    alias = world.server.alias(world.user, expires=soon)
    world.relay(note(alias), alias)
    time.sleep(4)
    assert refusal(world, alias).code == 550


def test_an_alias_that_nobody_writes_to_ends(hop, tmp_path):
    """After so many days without mail; each message begins them anew."""
    w = World(hop, tmp_path)
    try:
        alias = w.server.alias(w.user, idle_days=10)
        for ahead, wanted in ((8, 250), (16, 250), (27, 550)):
            w.server.stop()
            w.server.env["POSTERN_CLOCK_AHEAD"] = str(ahead * 86400)
            w.server.start()
            assert refusal(w, alias).code == wanted, ahead
            if wanted == 250:  # sealed for a reader whose clock goes ahead too: openssl's does not
                since = len(hop.messages)
                assert w.send(note(alias, f"day {ahead}"), alias).ok and hop.wait(1, since=since)
    finally:
        w.close()


def test_a_deleted_alias_is_never_given_out_again(world):
    alias = world.server.alias(world.user, "once@relay.example")
    world.server.cli("alias", "delete", alias)
    assert refusal(world, alias).code == 550
    assert "never" in world.server.refuses("alias", "add", world.user, alias)


def test_several_users_and_mailboxes_in_one_transaction(world, tmp_path):
    """Two users, three mailboxes: each gets one copy under its own key, and no other key opens it."""
    server, keys = world.server, {}
    bob = server.user("bob")
    for mailbox in ("bob@mailbox.example", "bob@work.example"):
        server.mailbox(bob, mailbox)
        keys[mailbox] = server.issue(mailbox)
    keys[world.mailbox] = world.keys
    alias = server.alias(bob, "bobs@relay.example")
    since = len(world.hop.messages)
    mail = note(f"{world.alias}, {alias}", "to both of you")
    sent = smtp.send(server.port, mail.sender, [world.alias, alias], mail.raw)
    assert sent.ok and all(r.code == 250 for r in sent.rcpts.values())
    arrived = world.hop.wait(3, since=since)
    assert sorted(r for m in arrived for r in m.rcpts) == sorted(keys)
    for m in arrived:
        for mailbox, k in keys.items():
            engine = judge.OpenSsl(k, tmp_path / mailbox / m.rcpts[0])
            if mailbox in m.rcpts:
                opened = judge.open_sealed(engine, m.raw)
                assert b"to both of you" in opened.entity and opened.signer.encode() in m.raw
            else:
                with pytest.raises(judge.Refused):
                    judge.open_sealed(engine, m.raw)


def test_one_bad_recipient_does_not_cost_the_good_one(world):
    mail = note(world.alias, "one good")
    since = len(world.hop.messages)
    sent = smtp.send(world.server.port, mail.sender, ["nobody@relay.example", world.alias], mail.raw)
    assert sent.ok and [r.code for r in sent.rcpts.values()] == [550, 250]
    assert len(world.hop.wait(1, since=since)) == 1


def test_plans_are_bounded_in_a_transaction(world):
    """More than 20 outputs: the further recipients are asked to come again, the first ones are served."""
    aliases = [world.server.alias(world.user) for _ in range(22)]
    mail = note(", ".join(aliases))
    since = len(world.hop.messages)
    sent = smtp.send(world.server.port, mail.sender, aliases, mail.raw)
    codes = [r.code for r in sent.rcpts.values()]
    assert codes == [250] * 20 + [452] * 2 and sent.ok
    assert len(world.hop.wait(20, since=since)) == 20


def test_clear_only_where_the_user_chose_it(world):
    """Without a profile and with clear=on: rewritten, readable, and still naming nobody but the relay."""
    user = world.server.user("clara")
    mailbox = world.server.mailbox(user, "clara@mailbox.example", clear="on")
    alias = world.server.alias(user, "claras@relay.example")
    since = len(world.hop.messages)
    assert world.send(note(alias, "in clear by choice"), alias).ok
    (m,) = world.hop.wait(1, since=since)
    assert m.rcpts == [mailbox] and b"in clear by choice" in m.raw and m.faults == []
    (address,) = judge.mailboxes(judge.field(judge.split(m.raw)[0], "From"))
    assert address.endswith("@relay.example") and b"carl@shop.example" not in m.raw
    world.server.cli("mailbox", "set", mailbox, clear="off")
    assert refusal(world, alias).code // 100 in (4, 5)


def test_attack_76_a_profile_that_was_put_away_seals_nothing(world, tmp_path):
    user = world.server.user("dora")
    mailbox = world.server.mailbox(user, "dora@mailbox.example")
    keys = world.server.issue(mailbox)
    alias = world.server.alias(user)
    assert world.relay(note(alias), alias, judge.OpenSsl(keys, tmp_path)).opened
    (profile,) = [p for p in world.server.cli("profile", "list", mailbox) if p["state"] == "active"]
    world.server.cli("profile", "deactivate", profile["profile"])
    since = len(world.hop.messages)
    assert refusal(world, alias).code // 100 in (4, 5) and nothing_new(world, since, 0.5)
    world.server.cli("profile", "activate", profile["profile"])
    assert world.relay(note(alias), alias, judge.OpenSsl(keys, tmp_path / "again")).opened
