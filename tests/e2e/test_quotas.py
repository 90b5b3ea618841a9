"""Bounds of messages and bytes, of users and aliases: what is past them comes again, nothing is lost, and the counters say
what came."""

import pytest

import judge
import messages
import smtp
from world import World

NEW_PER_HOUR = 12


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    w = World(hop, tmp_path_factory.mktemp("world"), settings={
        "domains.relay": "relay.example, second.example", "policy.new_per_hour": NEW_PER_HOUR, "policy.alias_messages_hour": 400})
    yield w
    w.close()


def note(alias, says="A short note.", sender="carl@shop.example", size=0):
    body = says + "\n" + "".join(f"{n:078d}\n" for n in range(size // 80))
    return messages.Mail("note", sender, messages.head(f"Carl <{sender}>", alias, "Note") + messages.text(body), says)


def shown(world, what, name):
    """(its own record, {day: record})"""
    first, *days = world.server.cli(what, "show", name)
    return first, {d["day"]: d for d in days}


def rcpt(world, alias, size=None):
    with smtp.Smtp(world.server.port) as client:
        assert client.cmd("MAIL FROM:<carl@shop.example>" + (f" SIZE={size}" if size else "")).code == 250
        return client.cmd(f"RCPT TO:<{alias}>")


def test_past_the_messages_of_a_day_the_sender_comes_again(world):
    alias = world.server.alias(world.user, messages_day=2)
    for n in (1, 2):
        world.relay(note(alias, f"Number {n}."), alias)
    answer = rcpt(world, alias)
    assert (answer.code, answer.enhanced) == (452, "4.2.2") and "try again later" in answer.text
    world.server.cli("alias", "set", alias, messages_day="default")
    assert world.relay(note(alias, "Number 3."), alias).opened


def test_bytes_are_bounded_with_and_without_a_size_told(world):
    alias = world.server.alias(world.user, bytes_day="64KiB")
    world.relay(note(alias, size=30000), alias)
    assert rcpt(world, alias, size=60000).code == 452 and rcpt(world, alias, size=20000).code == 250
    late = smtp.send(world.server.port, "carl@shop.example", alias, note(alias, size=60000).raw)
    assert late.rcpts[alias].code == 250 and late.dot.code == 452, "a size that was not told"
    assert rcpt(world, alias, size=70000).code == 552
    never = smtp.send(world.server.port, "carl@shop.example", alias, note(alias, size=70000).raw)
    assert (never.dot.code, never.dot.enhanced) == (552, "5.2.3")
    assert world.relay(note(alias, "It fits.", size=20000), alias).opened


def test_a_users_bound_is_over_all_aliases(world):
    one, two = world.server.alias(world.user), world.server.alias(world.user)
    world.server.cli("user", "set", world.user, messages_day=2)
    world.relay(note(one, "First."), one)
    world.relay(note(two, "Second."), two)
    assert rcpt(world, one).code == 452 == rcpt(world, two).code
    first, _ = shown(world, "user", world.user)
    assert first["messages_day"] == 2 == first["used_messages_day"]
    world.server.cli("user", "set", world.user, messages_day="unlimited")
    assert rcpt(world, one).code == 250


def test_the_operators_bound_holds_where_there_is_no_own(world):
    alias = world.server.alias(world.user)
    assert shown(world, "alias", alias)[0]["messages_hour"] == 400
    world.server.cli("alias", "set", alias, messages_hour="unlimited", bytes_hour="1MiB")
    first, _ = shown(world, "alias", alias)
    assert first["messages_hour"] == 0 and first["bytes_hour"] == 1 << 20


def test_the_days_counters_say_what_came(world):
    alias = world.server.alias(world.user)
    sizes = 0
    for n in range(3):
        mail = note(alias, f"Number {n}.")
        world.relay(mail, alias)
        sizes += len(mail.raw)
    world.server.cli("correspondent", "block", alias, "carl@shop.example")
    assert smtp.send(world.server.port, "", alias, note(alias, "Not wanted.").raw).ok
    world.server.cli("alias", "set", alias, state="off-reject")
    for _ in range(5):
        assert rcpt(world, alias).code == 550
    first, days = shown(world, "alias", alias)
    (today,) = days.values()
    assert {k: today[k] for k in ("forwarded", "dropped", "refused")} == {"forwarded": 3, "dropped": 1, "refused": 5}
    assert sizes <= today["bytes"] <= sizes + 3 * 400, "our Received line is in it"
    assert first["used"] == 3 == first["used_messages_day"] and first["used_bytes_day"] == today["bytes"]
    _, of_user = shown(world, "user", world.user)
    assert of_user[today["day"]]["forwarded"] >= 3 and of_user[today["day"]]["refused"] >= 5


def test_a_copy_for_each_mailbox_is_one_message(world):
    second = world.server.mailbox(world.user, "alice2@mailbox.example")
    world.server.issue(second)
    alias = world.server.alias(world.user, mailbox=[world.mailbox, second], count=2)
    for n in (1, 2):
        since = len(world.hop.messages)
        assert world.send(note(alias, f"To both, {n}."), alias).ok
        world.hop.wait(2, since=since)
    assert rcpt(world, alias).code == 550
    assert shown(world, "alias", alias)[0]["used"] == 2


def test_an_alias_named_twice_gets_one_copy(world):
    alias = world.server.alias(world.user)
    since = len(world.hop.messages)
    assert smtp.send(world.server.port, "carl@shop.example", [alias, alias.upper()], note(alias, "Once.").raw).ok
    world.server.wait_queue(0)
    copies = [m for m in world.hop.messages[since:] if m.rcpts == [world.mailbox]]
    assert len(copies) == 1 and shown(world, "alias", alias)[0]["used"] == 1


def test_the_pool_is_kept_for_the_domain_that_it_is_of(world):
    """An alias in another domain of the operator's gets its reverse address there, and takes none from the shelf."""
    alias = world.server.alias(world.user, "elsewhere@second.example", mailbox=world.mailbox)
    ready = world.server.stat()["pool"]
    done = world.relay(note(alias, sender="new@shop.example"), alias)
    assert done.opened.signer.endswith("@second.example") and world.server.stat()["pool"] >= ready


@pytest.mark.parametrize("options, says", [({"messages_hour": "many"}, "number"), ({"bytes_day": "10 apples"}, "size"),
                                           ({"messages_day": 0}, "number")])
def test_bounds_that_are_none_are_refused(world, options, says):
    assert says in world.server.refuses("user", "set", world.user, **options)


def test_attack_25_invented_senders_cost_no_certificates(world):
    """A hundred senders in seconds: all of their mail arrives, a bounded part of it with a certificate of its own, the rest
    from one address that is nobody's."""
    alias, flood = world.server.alias(world.user), 100
    since = len(world.hop.messages)
    with smtp.Smtp(world.server.port) as client:
        for n in range(flood):
            assert client.send("", alias, note(alias, f"Forged {n}.", sender=f"forged-{n}@bank-{n}.example").raw).ok
    came = [m for m in world.hop.wait(flood, since=since, seconds=60) if m.rcpts == [world.mailbox] and not judge.field(m.raw, "From").startswith("Postern")]
    senders = [judge.mailboxes(judge.field(m.raw, "From"))[0] for m in came]
    own = {s for s in senders if senders.count(s) == 1}
    (shared,) = {s for s in senders if senders.count(s) > 1}
    assert len(own) <= 2 * NEW_PER_HOUR, "twice: an hour may have ended meanwhile"
    assert len(own) + senders.count(shared) == len(came)
    people = world.server.cli("correspondent", "list", alias)
    assert len(people) == len(own) + 1 and [p["kind"] for p in people].count("shared") == 1
    opened = judge.open_sealed(world.judge, next(m for m in came if judge.mailboxes(judge.field(m.raw, "From"))[0] == shared).raw)
    assert opened.signer == shared
    assert world.server.refuses("correspondent", "block", shared)
