"""Domains of users' own: aliases in them, and those that come to be on their first mail."""

import pytest

import judge
import messages
import smtp

DOMAIN = "own.example"


def note(alias, sender="carl@shop.example", says="A short note."):
    return messages.Mail("note", sender, messages.head(f"Carl <{sender}>", alias, "Note") + messages.text(says + "\n"), says)


def asked(world, *rcpts, sender="carl@shop.example"):
    """The answers to RCPT TO; nothing is sent."""
    with smtp.Smtp(world.server.port) as client:
        assert client.cmd(f"MAIL FROM:<{sender}>").code == 250
        return [client.cmd(f"RCPT TO:<{r}>") for r in rcpts]


def aliases(world):
    return {a["address"]: a for a in world.server.cli("alias", "list")}


@pytest.fixture
def domain(world):
    """alice's own domain, new for each test; its catch-all is as the test sets it."""
    world.server.cli("domain", "add", world.user, DOMAIN)
    yield DOMAIN
    world.server.cli("domain", "delete", DOMAIN, with_aliases=True)


def test_an_alias_in_a_users_own_domain(world, domain):
    alias = world.server.alias(world.user, f"given-own@{domain}")
    done = world.relay(note(alias), alias)
    assert judge.mailboxes(done.field("From"))[0].endswith("@relay.example")
    assert aliases(world)[alias]["origin"] == "given"
    assert world.server.alias(world.user, domain=domain).endswith("@" + domain)


def test_what_a_domain_shows(world, domain):
    world.server.cli("domain", "set", domain, catch_all="on", allow="Shop-*, news?", deny="shop-x", per_day=7)
    (shown,) = world.server.cli("domain", "show", "OWN.example")
    assert [shown[k] for k in ("user", "catch_all", "allow", "deny", "per_day", "aliases")] == \
        [world.user, "on", "shop-* news?", "shop-x", 7, 0]
    assert shown in world.server.cli("domain", "list", world.user)
    assert "characters" in world.server.refuses("domain", "set", domain, allow="x" * 65)
    assert "pattern" in world.server.refuses("domain", "set", domain, allow="(a|b)*")
    assert world.server.cli("domain", "show", domain) == [shown]


def test_without_a_catch_all_nothing_comes_to_be(world, domain):
    sent = world.send(note(f"first@{domain}"), f"first@{domain}")
    assert sent.rcpts[f"first@{domain}"].code == 550 and not [a for a in aliases(world) if a.endswith(domain)]


def test_the_first_mail_makes_the_alias(world, domain):
    world.server.cli("domain", "set", domain, catch_all="on", allow="shop-*")
    done = world.relay(note(f"Shop-1@{domain}"), f"Shop-1@{domain}")
    made = aliases(world)[f"shop-1@{domain}"]
    assert made["origin"] == "catch-all" and made["used"] == 1 and made["mailboxes"] == world.mailbox
    again = world.relay(note(f"shop-1@{domain}", says="Another."), f"shop-1@{domain}")
    assert again.field("From") == done.field("From")
    assert aliases(world)[f"shop-1@{domain}"]["used"] == 2
    assert world.server.cli("domain", "show", domain)[0]["made_today"] == 1


def test_a_retry_of_the_first_mail_is_recognised(world, domain):
    world.server.cli("domain", "set", domain, catch_all="on")
    mail = note(f"retried@{domain}")
    world.relay(mail, f"retried@{domain}")
    sent = world.send(mail, f"retried@{domain}")
    assert sent.ok and "before" in sent.dot.text and aliases(world)[f"retried@{domain}"]["used"] == 1


def test_asking_makes_nothing(world, domain):
    world.server.cli("domain", "set", domain, catch_all="on")
    before = world.server.stat()["aliases"]
    answers = [a for k in range(5) for a in asked(world, *(f"probe-{k}-{n}@{domain}" for n in range(15)))]
    assert {a.code for a in answers} == {250} and world.server.stat()["aliases"] == before
    broken = messages.Mail("broken", "carl@shop.example", b"Subject: no blank line\rbare", "")
    assert not world.send(broken, f"broken@{domain}").ok
    assert world.server.stat()["aliases"] == before


def test_a_deleted_alias_does_not_come_back(world, domain):
    world.server.cli("domain", "set", domain, catch_all="on")
    world.relay(note(f"unwanted@{domain}"), f"unwanted@{domain}")
    world.server.cli("alias", "delete", f"unwanted@{domain}")
    sent = world.send(note(f"unwanted@{domain}"), f"UNWANTED@{domain}")
    assert sent.rcpts[f"UNWANTED@{domain}"].code == 550 and f"unwanted@{domain}" not in aliases(world)


def test_a_domain_with_aliases_goes_only_with_them(world):
    world.server.cli("domain", "add", world.user, "held.example", catch_all="on")
    world.relay(note("held@held.example"), "held@held.example")
    assert "--with-aliases" in world.server.refuses("domain", "delete", "held.example")
    world.server.cli("domain", "delete", "held.example", with_aliases=True)
    world.server.cli("domain", "add", world.user, "held.example", catch_all="on")
    (held, other) = asked(world, "held@held.example", "other@held.example")
    assert held.code == 550 and other.code == 250
    world.server.cli("domain", "delete", "held.example")


def test_the_days_new_aliases_are_bounded_and_nothing_is_lost(world, domain):
    world.server.cli("domain", "set", domain, catch_all="on", per_day=2)
    for n in (1, 2):
        world.relay(note(f"day-{n}@{domain}"), f"day-{n}@{domain}")
    sent = world.send(note(f"day-3@{domain}"), f"day-3@{domain}")
    assert sent.rcpts[f"day-3@{domain}"].code == 250 and sent.dot.code == 450 and "try again later" in sent.dot.text
    assert f"day-3@{domain}" not in aliases(world)
    assert world.relay(note(f"day-1@{domain}", says="Still taken."), f"day-1@{domain}").opened


def test_two_first_mails_at_once_make_one_alias(world, domain):
    world.server.cli("domain", "set", domain, catch_all="on")
    since = len(world.hop.messages)
    clients = [smtp.Smtp(world.server.port) for _ in range(4)]
    for n, client in enumerate(clients):
        mail = note(f"rush@{domain}", sender=f"s{n}@shop.example", says=f"Rush {n}.")
        for line in (f"MAIL FROM:<{mail.sender}>", f"RCPT TO:<rush@{domain}>", "DATA"):
            assert client.cmd(line).code in (250, 354)
        client.mail = mail
    for client in clients:
        client.raw(smtp.stuffed(client.mail.raw))
    assert {client.reply().code for client in clients} == {250}
    world.hop.wait(4, since=since)
    assert aliases(world)[f"rush@{domain}"]["used"] == 4
    for client in clients:
        client.close()


def test_domains_are_refused_that_would_go_round(world):
    assert "relay itself" in world.server.refuses("domain", "add", world.user, "relay.example")
    assert "mailbox" in world.server.refuses("domain", "add", world.user, "mailbox.example")
    assert "not a domain name" in world.server.refuses("domain", "add", world.user, "b\u00fccher.example")
    world.server.cli("domain", "add", world.user, "round.example")
    assert "go round" in world.server.refuses("mailbox", "add", world.user, "me@round.example")
    world.server.cli("domain", "delete", "round.example")


def test_attack_54_used_and_unused_addresses_are_answered_alike(world, domain):
    """Neither a catch-all nor its bound tells what is in use; what it does not take reads as what never was."""
    world.server.cli("domain", "set", domain, catch_all="on", deny="never*", per_day=1)
    world.relay(note(f"used@{domain}"), f"used@{domain}")
    (used, unused) = asked(world, f"used@{domain}", f"unused@{domain}")
    assert str(used) == str(unused) and used.code == 250
    world.server.alias(world.user, "off-54@relay.example", state="off-reject")
    world.server.alias(world.user, "once-54@relay.example", count=0)
    world.server.alias(world.user, f"never-off@{domain}", state="off-reject")
    gone = world.server.alias(world.user, "gone-54@relay.example")
    world.server.cli("alias", "delete", gone)
    refused = asked(world, "nobody@relay.example", "off-54@relay.example", "once-54@relay.example", gone,
                    f"never-was@{domain}", f"never-off@{domain}", "nobody@elsewhere.example")
    assert len({str(a) for a in refused}) == 1 and refused[0].code == 550, [str(a) for a in refused]
    with smtp.Smtp(world.server.port) as client:
        asks = [str(client.cmd(f"{verb} {address}")) for verb in ("VRFY", "EXPN") for address in (f"used@{domain}", "nobody@x.example")]
    assert len(set(asks[:2])) == len(set(asks[2:])) == 1


def test_attack_75_what_is_one_users_is_no_others(world, domain):
    """Every request that names a user refuses what belongs to another, and changes nothing."""
    server = world.server
    server.user("mallory")
    server.mailbox("mallory", "mallory@mailbox.example")
    before = server.cli("alias", "list"), server.cli("domain", "list")
    refusals = [
        (["alias", "add", "mallory", f"mine@{domain}"], {}),
        (["alias", "add", "mallory"], {"domain": domain}),
        (["alias", "add", "mallory", "mine-75@relay.example"], {"mailbox": world.mailbox}),
        (["alias", "add", "mallory", world.alias], {}),
        (["alias", "set", world.alias], {"mailbox": "mallory@mailbox.example"}),
        (["domain", "add", "mallory", domain], {}),
        (["domain", "add", "mallory", "mine.example"], {"mailbox": world.mailbox}),
        (["domain", "set", domain], {"mailbox": "mallory@mailbox.example"}),
        (["mailbox", "add", "mallory", world.mailbox], {}),
    ]
    for words, options in refusals:
        assert server.refuses(*words, **options)
    assert (server.cli("alias", "list"), server.cli("domain", "list")) == before
    assert server.cli("alias", "list", "mallory") == [] == server.cli("domain", "list", "mallory")
    assert [m["address"] for m in server.cli("mailbox", "list", "mallory")] == ["mallory@mailbox.example"]
    assert domain not in server.refuses("alias", "add", "mallory", f"x@{domain}").replace(f"{domain} is neither", "")
    server.cli("user", "delete", "mallory")
