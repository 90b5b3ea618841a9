"""A disk that runs full, is full, or may only be read: the sender is asked to come again, nothing of the message stays behind,
what is queued goes on, and mail is taken again without anybody's hand. The state lies on a small file system of its own."""

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time

import pytest

import judge
import messages
import smtp
from run import run
from world import World

SIZE, FLOOR = 16 << 20, 4 << 20
SETTINGS = {"delivery.retry": "1s, 1s, 2s", "server.min_free": FLOOR, "profiles.pool": 2}


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    at = tmp_path_factory.mktemp("disk")
    run("mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "postern-test", at)
    yield at
    run("umount", "-l", at)


@pytest.fixture(scope="module")
def world(hop, disk, tmp_path_factory):
    w = World(hop, tmp_path_factory.mktemp("world"), settings={
        **SETTINGS, "server.state_dir": disk, "server.control_socket": tmp_path_factory.mktemp("control") / "control"})
    yield w
    log = w.server.log  # a full disk has errors, and ought to
    w.server.logs[:] = []
    w.close()
    assert "Sanitizer" not in log and "Assertion" not in log


@contextlib.contextmanager
def filled(disk, leave):
    """Only so many bytes are free."""
    filler, block = disk / "filler", bytes(4096)
    with open(filler, "wb", buffering=0) as out:
        with contextlib.suppress(OSError):
            while free(disk) > leave:
                out.write(block)
    try:
        yield
    finally:
        filler.unlink()


def free(disk):
    s = os.statvfs(disk)
    return s.f_bavail * s.f_frsize


def accepted(world, mail, seconds=30):
    """As a real MTA does."""
    end = time.monotonic() + seconds
    while not (sent := world.send(mail)).ok:
        assert time.monotonic() < end, sent
        time.sleep(0.3)
    return sent


def test_below_the_floor_new_mail_is_deferred_and_the_queue_goes_on(world, disk):
    world.hop.misbehave("mail", "451 4.3.2 later", times=1000)
    waiting = messages.plain(world.alias)
    assert world.send(waiting).ok
    with filled(disk, FLOOR // 2):
        time.sleep(1.1)  # the room is looked at once a second
        sent = world.send(messages.plain(world.alias))
        (answer,) = sent.rcpts.values()
        assert answer.code == 452 and answer.enhanced == "4.3.1" and sent.dot is None
        since = len(world.hop.messages)
        world.hop.behave()
        (wire,) = world.hop.wait(1, since=since, seconds=30)
        assert judge.open_sealed(world.judge, wire.raw).signer
        world.server.wait_queue(0)
    accepted(world, messages.plain(world.alias))
    world.server.wait_queue(0)


def rows(disk):
    """As the store holds them. It is locked against others, so a copy is read."""
    with tempfile.TemporaryDirectory() as d:
        for name in ("postern.db", "postern.db-wal"):
            if (disk / name).exists():
                shutil.copy(disk / name, d)
        with contextlib.closing(sqlite3.connect(f"{d}/postern.db")) as db:
            return [db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("queue", "body", "seen")]


def test_attack_70_a_full_disk_keeps_nothing_of_a_message_and_recovers_alone(world, disk):
    world.server.set({"server.min_free": 0})
    world.server.restart()
    world.server.wait_queue(0)
    before, since = rows(disk), len(world.hop.messages)
    mail = messages.plain(world.alias)
    with filled(disk, 0):
        for _ in range(3):
            sent = world.send(mail)
            codes = [r.code for r in (*sent.rcpts.values(), sent.dot) if r]
            assert not sent.ok and all(c in (250, 451, 452) for c in codes), codes
        assert rows(disk) == before and len(world.hop.messages) == since
    accepted(world, mail)
    (wire,) = world.hop.wait(1, since=since, seconds=30)
    assert judge.open_sealed(world.judge, wire.raw).signer
    world.server.wait_queue(0)
    assert len(world.hop.messages) == since + 1


def delivered_on_a_full_disk(world, disk):
    """One message that was put off before goes out; its end cannot be noted, and is tried again and again."""
    world.hop.misbehave("mail", "451 4.3.2 later", times=1000)
    assert world.send(messages.plain(world.alias)).ok
    since = len(world.hop.messages)
    world.server.restart()  # the log of the database begins anew: nothing of it is room that was had before
    with filled(disk, 0):
        failed = lost_groups(world)
        world.hop.behave()
        world.hop.wait(1, since=since, seconds=30)
        end = time.monotonic() + 30
        while lost_groups(world) < failed + 3:
            assert time.monotonic() < end, "the end of a delivery was noted on a full disk"
            time.sleep(0.05)
    return since


def lost_groups(world):
    return world.server.log.count("ev=commit ")


def test_attack_70_what_was_delivered_while_the_disk_is_full_is_not_sent_twice(world, disk):
    since = delivered_on_a_full_disk(world, disk)
    world.server.wait_queue(0)
    assert len(world.hop.messages) == since + 1


def test_attack_70_nor_when_others_mail_is_kept_before_its_end_is_noted(world, disk):
    """There is room again, and the next group, of another message, is kept within the second before the end is noted anew."""
    since = delivered_on_a_full_disk(world, disk)
    accepted(world, messages.plain(world.alias))
    world.server.wait_queue(0)
    assert len(world.hop.messages) == since + 2


def test_attack_70_a_disk_that_may_only_be_read_is_outwaited(world, disk):
    world.server.stop()
    run("mount", "-o", "remount,ro", disk)
    try:
        world.server.start(wait=False)
        end = time.monotonic() + 30
        while not world.server.answers():
            assert time.monotonic() < end
            time.sleep(0.1)
        with smtp.Smtp(world.server.port) as client:
            client.cmd("MAIL FROM:<someone@shop.example>")
            assert client.cmd(f"RCPT TO:<{world.alias}>").code == 451
    finally:
        run("mount", "-o", "remount,rw", disk)
    since = len(world.hop.messages)
    accepted(world, messages.plain(world.alias))
    (wire,) = world.hop.wait(1, since=since, seconds=30)
    assert judge.open_sealed(world.judge, wire.raw).signer
