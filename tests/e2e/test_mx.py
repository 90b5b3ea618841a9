"""Mail that goes to whom DNS names: order, aliases, servers that are away, domains that take none, and what must not be
believed. The name server is the test's own; the mail servers listen on addresses of 127.0.0.0/8, one port for all."""

import re
import time

import pytest

import dns
import messages
import nexthop
from world import World

FAST = {"delivery.retry": "1s, 1s, 2s", "delivery.idle": "1s", "delivery.command": "10s"}


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Three mail servers on one port: {address: server}."""
    found, port = {}, 0
    for address in ("127.0.0.21", "127.0.0.22", "127.0.0.23"):
        folder = tmp_path_factory.mktemp("hop")
        found[address] = nexthop.NextHop(folder, port, f"mx{address[-1]}.example", address=address)
        port = found[address].port
    yield found
    for server in found.values():
        server.close()


@pytest.fixture(scope="module")
def world(hop, names, servers, tmp_path_factory):
    port = next(iter(servers.values())).port
    names.mx("mailbox.example", (10, "mx.mailbox.example"))
    names.host("mx.mailbox.example", "127.0.0.21")
    w = World(hop, tmp_path_factory.mktemp("world"), settings={
        **FAST, "routes.default": "mx", "route default.port": port, "route default.local": "yes",
        "route default.connections": 2, "dns.resolver": names.address})
    w.port, w.numbers = port, iter(range(1000))
    yield w
    w.close()


def a_mailbox(world):
    """A domain that nobody has asked for yet, with a mailbox, and an alias for it."""
    domain = f"d{next(world.numbers)}.example"
    world.server.mailbox(world.user, f"bob@{domain}", clear="on")
    return domain, world.server.alias(world.user, mailbox=[f"bob@{domain}"])


def sent(world, alias):
    mail = messages.plain(alias)
    assert world.send(mail, alias).ok
    return mail


def arrives(server, domain, count=1):
    found = server.wait(count, seconds=60, rcpt=f"bob@{domain}")
    assert all(m.faults == [] for m in found)
    return found


def refused(world, alias, status):
    """The sender is told, over the same DNS."""
    server = world.servers["127.0.0.21"]
    since = len(server.messages)
    mail = sent(world, alias)
    (dsn,) = server.wait(1, seconds=60, rcpt=mail.sender, since=since)
    assert re.search(rb"^Status: " + status.encode() + rb"\r$", dsn.raw, re.M), dsn.raw


@pytest.fixture(autouse=True)
def sender_domain(world, names, servers):
    world.servers = servers
    for address in servers:
        servers[address].behave()


def wait_until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def tell_senders(world, names):
    """Where the notices to the senders of the tests go."""
    mail = messages.plain(world.alias)
    domain = mail.sender.partition("@")[2]
    names.mx(domain, (1, "mx.mailbox.example"))


def test_the_best_server_is_taken(world, names, servers):
    domain, alias = a_mailbox(world)
    names.mx(domain, (20, f"b.{domain}"), (10, f"a.{domain}"), (30, f"c.{domain}"))
    for name, address in (("a", "127.0.0.22"), ("b", "127.0.0.21"), ("c", "127.0.0.23")):
        names.host(f"{name}.{domain}", address)
    sent(world, alias)
    arrives(servers["127.0.0.22"], domain)


def test_the_next_one_when_the_best_does_not_answer(world, names, servers):
    """Nobody listens at the first two, the third says 4xx to everybody, the fourth has an address of each kind."""
    domain, alias = a_mailbox(world)
    names.mx(domain, (10, f"a.{domain}"), (20, f"b.{domain}"), (30, f"c.{domain}"), (40, f"d.{domain}"))
    names.host(f"a.{domain}", "127.0.0.99")
    names.host(f"b.{domain}", "::1")
    names.host(f"c.{domain}", "127.0.0.22")
    names.host(f"d.{domain}", "::1", "127.0.0.23")
    servers["127.0.0.22"].misbehave("connect", "421 4.3.2 full", times=50)
    sent(world, alias)
    arrives(servers["127.0.0.23"], domain)


def test_equals_share(world, names, servers):
    """Each connection is opened to one of the equals by chance: in 24 draws both are taken."""
    taken = set()
    for _ in range(24):
        domain, alias = a_mailbox(world) if not taken else (domain, alias)
        names.mx(domain, (10, f"a.{domain}"), (10, f"b.{domain}"))
        names.host(f"a.{domain}", "127.0.0.22")
        names.host(f"b.{domain}", "127.0.0.23")
        before = {a: len(s.messages) for a, s in servers.items()}
        sent(world, alias)
        world.server.wait_queue(0, 60)
        for address, s in servers.items():
            if len(s.messages) > before[address]:
                taken.add(address)
            s.drop()
        if len(taken) == 2:
            return
    raise AssertionError(f"only {taken}")


def test_an_address_serves_where_there_is_no_mx(world, names, servers):
    domain, alias = a_mailbox(world)
    names.host(domain, "127.0.0.22")
    sent(world, alias)
    arrives(servers["127.0.0.22"], domain)


def test_aliases_are_followed(world, names, servers):
    domain, alias = a_mailbox(world)
    names.zone[(domain, "CNAME")] = f"real.{domain}"
    names.mx(f"real.{domain}", (5, f"mail.{domain}"))
    names.zone[(f"mail.{domain}", "CNAME")] = f"host.{domain}"
    names.host(f"host.{domain}", "127.0.0.23")
    sent(world, alias)
    arrives(servers["127.0.0.23"], domain)


def test_many_records_come_by_tcp_and_are_bounded(world, names, servers):
    """A thousand servers, none of which is there, but for the best: found, and no flood of questions."""
    domain, alias = a_mailbox(world)
    names.mx(domain, *((100 + i, f"h{i}.{domain}") for i in range(900)), (1, f"best.{domain}"))
    names.host(f"best.{domain}", "127.0.0.22")
    sent(world, alias)
    arrives(servers["127.0.0.22"], domain)
    assert len({name for name, _ in names.asked if name.startswith("h") and name.endswith(domain)}) <= 9


def test_a_domain_that_takes_no_mail(world, names):
    tell_senders(world, names)
    domain, alias = a_mailbox(world)
    names.mx(domain, (0, "."))
    names.host(domain, "127.0.0.22")
    refused(world, alias, "5.1.10")


def test_a_domain_that_does_not_exist(world, names):
    tell_senders(world, names)
    _, alias = a_mailbox(world)
    refused(world, alias, "5.1.2")


def test_servers_without_addresses(world, names):
    tell_senders(world, names)
    domain, alias = a_mailbox(world)
    names.mx(domain, (10, f"nowhere.{domain}"))
    refused(world, alias, "5.4.4")


def test_a_name_that_is_none_in_dns_is_not_asked_for(world, names):
    """The notice to a sender in UTF-8 has no way, and ends there; the gate lives on."""
    gate = world.server.roles()["gate"]
    _, alias = a_mailbox(world)  # whose domain does not exist
    before = len(world.server.log)
    mail = messages.utf8_address(alias)
    assert world.send(mail, alias).ok
    wait_until(lambda: len(re.findall(r'ev=lookup route="default" state=failed code=550 enhanced=5\.1\.2',
                                      world.server.log[before:])) == 2)
    world.server.wait_queue(0, 60)
    assert world.server.roles()["gate"] == gate
    assert not [name for name, _ in names.asked if not name.isascii()]


def test_trouble_with_dns_is_outwaited(world, names, servers):
    domains = []
    for trouble in (dns.SERVFAIL, dns.GARBAGE):
        domain, alias = a_mailbox(world)
        names.mx(domain, (10, f"a.{domain}"))
        names.host(f"a.{domain}", "127.0.0.22")
        names.trouble[domain] = trouble
        sent(world, alias)
        domains.append(domain)
    wait_until(lambda: [e["status"] for e in world.server.queue()] == ["4.4.3", "4.4.3"])
    assert all("name servers" in e["note"] for e in world.server.queue())
    for domain in domains:
        del names.trouble[domain]
    world.server.cli("queue", "flush")
    for domain in domains:
        arrives(servers["127.0.0.22"], domain)


def test_a_silent_name_server_holds_up_nobody_else(world, names, servers):
    domain, alias = a_mailbox(world)
    names.trouble[domain] = dns.SILENT
    sent(world, alias)
    other, second = a_mailbox(world)
    names.mx(other, (10, f"a.{other}"))
    names.host(f"a.{other}", "127.0.0.23")
    sent(world, second)
    arrives(servers["127.0.0.23"], other)
    del names.trouble[domain]
    names.host(domain, "127.0.0.23")
    world.server.cli("queue", "flush")
    arrives(servers["127.0.0.23"], domain)


def test_attack_71_forged_answers_are_not_believed(world, names, servers):
    """Before the right address comes another: under a wrong number, and from another port."""
    domain, alias = a_mailbox(world)
    names.mx(domain, (10, f"a.{domain}"))
    names.host(f"a.{domain}", "127.0.0.22")
    names.trouble[f"a.{domain}"], names.forged = dns.FORGED, "127.0.0.23"
    sent(world, alias)
    arrives(servers["127.0.0.22"], domain)
    assert names.forgeries
    assert not [m for m in servers["127.0.0.23"].messages if f"bob@{domain}" in m.rcpts]


def test_attack_71_mail_servers_on_this_machine_are_refused(hop, names, servers, tmp_path):
    """Without `local` an MX that leads to a loopback address, or is named as we are, gets nothing and is told so."""
    port = servers["127.0.0.22"].port
    w = World(hop, tmp_path, settings={
        **FAST, "routes.default": f"127.0.0.1:{hop.port}", "dns.resolver": names.address, "routes.evil.example": "mx",
        "route evil.example.port": port, "routes.self.example": "mx", "route self.example.port": port})
    try:
        names.mx("evil.example", (10, "a.evil.example"))
        names.host("a.evil.example", "127.0.0.22", "::1", "::ffff:127.0.0.22", "0.0.0.0", "169.254.169.254")
        names.mx("self.example", (10, "relay.example"), (20, "b.self.example"))
        names.host("b.self.example", "127.0.0.22")
        before = servers["127.0.0.22"].connections
        for domain in ("evil.example", "self.example"):
            w.server.mailbox(w.user, f"bob@{domain}", clear="on")
            alias = w.server.alias(w.user, mailbox=[f"bob@{domain}"])
            since = len(hop.messages)
            mail = messages.plain(alias)
            assert w.send(mail, alias).ok
            (dsn,) = hop.wait(1, seconds=60, rcpt=mail.sender, since=since)
            assert re.search(rb"^Status: 5\.4\.6\r$", dsn.raw, re.M), dsn.raw
        assert servers["127.0.0.22"].connections == before
    finally:
        w.close()
