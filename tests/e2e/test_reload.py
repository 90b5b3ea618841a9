"""SIGHUP: what the files say now holds for who comes now; who is in the middle of something finishes it; nobody is turned away
meanwhile; and a file that is wrong changes nothing."""

import hashlib
import os
import signal
import socket
import ssl
import threading
import time

import pytest

import certs
import judge
import messages
import nexthop
import smtp
from world import World


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authority")
    return certs.Authority(folder)


@pytest.fixture(scope="module")
def world(hop, authority, tmp_path_factory):
    chain, key = authority.issue("first", ["DNS:relay.example"])
    w = World(hop, tmp_path_factory.mktemp("world"), settings={
        "smtp.tls_certificate": chain, "smtp.tls_key": key, "profiles.pool": 2})
    yield w
    w.close()


def served(port):
    """The fingerprint of the certificate that a new client is shown."""
    with smtp.Smtp(port) as client:
        assert client.starttls()
        return hashlib.sha256(client.socket.getpeercert(binary_form=True)).hexdigest()


def fingerprint(chain):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(chain.read_text())).hexdigest()


def reload(world, wait=r"ev=reloaded"):
    before = world.server.log.count(wait)
    world.server.command("reload")
    until(lambda: world.server.log.count(wait) > before, wait)


def until(there, what, seconds=30):
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_a_new_certificate_is_served_and_a_session_in_data_goes_on(world, authority):
    chain, key = authority.issue("second", ["DNS:relay.example"])
    old = served(world.server.port)
    mail = messages.plain(world.alias)
    since, roles = len(world.hop.messages), world.server.roles()
    refused, stop = [], threading.Event()

    def knock():
        while not stop.is_set():
            try:
                with socket.create_connection(("127.0.0.1", world.server.port), 30) as s:
                    assert s.recv(3) == b"220"
            except (OSError, AssertionError) as e:
                refused.append(e)
    knocker = threading.Thread(target=knock)
    with smtp.Smtp(world.server.port) as client:
        client.starttls()
        client.cmd(f"MAIL FROM:<{mail.sender}>")
        assert client.cmd(f"RCPT TO:<{world.alias}>").code == 250
        assert client.cmd("DATA").code == 354
        half = len(mail.raw) // 2
        client.raw(mail.raw[:half])
        knocker.start()
        world.server.set({"smtp.tls_certificate": chain, "smtp.tls_key": key})
        reload(world)
        until(lambda: served(world.server.port) == fingerprint(chain), "the new certificate is not served")
        stop.set()
        knocker.join()
        client.raw(smtp.stuffed(mail.raw[half:]))
        assert client.reply().code == 250
        assert hashlib.sha256(client.socket.getpeercert(binary_form=True)).hexdigest() == old
    (wire,) = world.hop.wait(1, since=since)
    assert judge.open_sealed(world.judge, wire.raw).signer
    assert not refused, refused[:3]
    assert world.server.roles() == roles, "a role was started anew"


def test_limits_and_routes_change_for_who_comes_now(world, tmp_path):

    with nexthop.NextHop(tmp_path) as other:
        world.server.set({"smtp.message_bytes": 100000, "routes.default": f"127.0.0.1:{other.port}",
                          "server.log_level": "debug"})
        reload(world)
        until(lambda: smtp_size(world) == "100000", "the new bound is not offered")
        before = len(world.hop.messages)
        assert world.send(messages.plain(world.alias)).ok
        other.wait(1, seconds=30)
        assert len(world.hop.messages) == before
        world.server.wait_log("lvl=debug role=core")
        world.server.set({"smtp.message_bytes": "50MiB", "routes.default": f"127.0.0.1:{world.hop.port}",
                          "server.log_level": "info"})
        reload(world)
        until(lambda: smtp_size(world) == str(50 << 20), "the old bound is not offered again")
    world.relay(messages.plain(world.alias))


def smtp_size(world):
    with smtp.Smtp(world.server.port) as client:
        return client.extensions["SIZE"][0]


@pytest.mark.parametrize("key, value, says", [("smtp.recipients", "many", "smtp.recipients"),
                                              ("delivery.retry", "soon", "delivery.retry")])
def test_a_broken_file_changes_nothing_and_is_named(world, key, value, says):
    good, shown = world.server.conf.read_text(), served(world.server.port)
    world.server.set({key: value})
    assert says in world.server.refuses("reload")
    os.kill(world.server.parent_pid(), signal.SIGHUP)
    world.server.wait_log(rf"ev=reload-refused what=configuration why=.*{says}")
    assert served(world.server.port) == shown
    world.relay(messages.plain(world.alias))
    world.server.conf.write_text(good)


def test_a_broken_certificate_leaves_the_old_one(world, authority, tmp_path):
    good, shown = world.server.conf.read_text(), served(world.server.port)
    foreign = authority.issue("third")[1]
    world.server.set({"smtp.tls_key": foreign})
    reload(world, wait="ev=reload-refused what=tls")
    assert served(world.server.port) == shown
    world.server.set({"smtp.tls_key": tmp_path / "nowhere"})
    reload(world, wait="ev=reload-refused what=tls")
    assert served(world.server.port) == shown
    world.server.conf.write_text(good)
    reload(world)


def test_what_takes_a_restart_is_named(world):
    good = world.server.conf.read_text()
    world.server.set({"server.scribes": 1, "smtp.listen": "127.0.0.1:1"})
    reload(world)
    for key in ("server.scribes", "smtp.listen"):
        world.server.wait_log(f"ev=reload-later key={key} ")
    world.server.conf.write_text(good)
    world.relay(messages.plain(world.alias))
