"""`backup` of a server that works and of one that does not, and `restore` on an empty directory: what was queued is sent and
opens, whom was written to keeps their certificate, and a damaged backup or a wrong key changes nothing."""

import contextlib
import os
import pathlib
import shutil
import threading

import pytest

import judge
import messages
import postern
import smtp
from run import run
from world import World

SETTINGS = {"delivery.retry": "1s, 1s, 2s", "profiles.pool": 2, "server.scribes": 1}
BIG = "A long letter. " * 150_000  # past a mebibyte: in a file of its own


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    w = World(hop, tmp_path_factory.mktemp("world"), settings=SETTINGS)
    yield w
    w.close()


def mail_from(sender, alias, body="How are you?"):
    raw = messages.head(sender, alias, "A letter") + messages.text(body)
    return messages.Mail("letter", sender, raw, body[:20])


def signer_of(world, wire):
    return judge.open_sealed(world.judge, wire.raw).signer


@pytest.fixture(scope="module")
def taken(world, tmp_path_factory):
    """A backup of the running server under load: with mail of an old friend delivered, and two letters still in the queue."""
    known = world.relay(mail_from("friend@shop.example", world.alias))
    world.server.wait_queue(0)
    world.hop.misbehave("mail", "451 4.3.2 later", times=100000)
    assert world.send(mail_from("friend@shop.example", world.alias, "In the queue.")).ok
    assert world.send(mail_from("friend@shop.example", world.alias, BIG)).ok
    stop, sent = threading.Event(), []

    def load():
        while not stop.is_set():
            sent.append(world.send(mail_from("busy@shop.example", world.alias, "Meanwhile.")))
    worker = threading.Thread(target=load)
    worker.start()
    at = tmp_path_factory.mktemp("backups") / "one"
    try:
        world.server.command("backup", at)
    finally:
        stop.set()
        worker.join()
    assert sent and all(s.ok for s in sent), "mail stood still while a backup was taken"
    world.server.stop()
    world.hop.behave()
    return at, known


@contextlib.contextmanager
def empty_server(world, state=None):
    """Another machine: the same configuration and master key, an empty state directory."""
    folder = postern.new_folder()
    shutil.copy(world.server.conf, folder)
    shutil.copy(world.server.folder / "master.key", folder)
    (folder / "state").mkdir(0o700)
    server = postern.Postern(world.hop.port, folder=folder, init=False, settings=SETTINGS)
    text = server.conf.read_text().replace(str(world.server.folder), str(folder))
    server.conf.write_text(text)
    try:
        yield server
    finally:
        server.close()


def test_a_backup_is_for_its_owner_alone_and_holds_no_key(world, taken):
    at, _ = taken
    key = (world.server.folder / "master.key").read_bytes()
    files = [at, *at.rglob("*")]
    assert all(p.stat().st_mode & 0o077 == 0 for p in files)
    assert all(key not in p.read_bytes() for p in files if p.is_file())
    assert {p.name for p in files if p.is_file()} >= {"manifest", "postern.db"}
    assert b"shop.example" not in b"".join(p.read_bytes() for p in files if p.is_file())
    assert not list(pathlib.Path(world.server.folder, "state").glob("*.backup*")), "the copy beside the rows stayed"


def test_old_mail_opens_on_an_empty_directory_and_new_mail_is_sealed(world, taken):
    at, known = taken
    with empty_server(world) as server:
        since = len(world.hop.messages)
        server.command("restore", at)
        server.start()
        opened = []
        for count in range(2, 100):
            opened = [judge.open_sealed(world.judge, m.raw) for m in world.hop.wait(count, since=since, seconds=40)]
            texts = [o.message for o in opened]
            if any(b"In the queue." in t for t in texts) and any(BIG[:3000].encode() in t.replace(b"\r\n", b"") for t in texts):
                break
        server.wait_queue(0, seconds=40)
        since = len(world.hop.messages)
        again = mail_from("friend@shop.example", world.alias, "After the fire.")
        assert smtp.send(server.port, again.sender, world.alias, again.raw).ok
        (wire,) = world.hop.wait(1, since=since)
        assert signer_of(world, wire) == known.opened.signer
        assert judge.field(wire.raw.partition(b"\r\n\r\n")[0] + b"\r\n", "From") == known.field("From")


def test_restore_wants_an_empty_directory_and_no_server(world, taken):
    at, _ = taken
    with empty_server(world) as server:
        (server.folder / "state/precious").write_text("x")
        assert "not empty" in server.refuses("restore", at)
        (server.folder / "state/precious").unlink()
        server.start()
        assert "a server runs" in server.refuses("restore", at)
    assert "there already" in world.server.refuses("backup", at)


def test_the_wrong_master_key_is_named(world, taken):
    at, _ = taken
    with empty_server(world) as server:
        key = server.folder / "master.key"
        key.chmod(0o600)
        key.write_bytes(os.urandom(32))
        assert "another master key" in server.refuses("restore", at)
        key.unlink()
        assert "init --recover" in server.refuses("restore", at)
        assert list((server.folder / "state").iterdir()) == []


def damaged(at, folder):
    """(what, a backup that is damaged so)"""
    def copy(name):
        shutil.copytree(at, folder / name)
        return folder / name
    body = next(p.relative_to(at) for p in (at / "bodies").iterdir() if p.stat().st_size)
    for what in ("manifest", "postern.db", body):
        for how in ("cut", "flipped", "gone"):
            one = copy(f"{pathlib.Path(what).name}-{how}")
            data = bytearray((one / what).read_bytes())
            if how == "gone":
                (one / what).unlink()
                yield one
                continue
            data[len(data) // 2] ^= 0x10
            (one / what).write_bytes(data if how == "flipped" else data[:len(data) // 2])
            yield one


def test_a_damaged_backup_is_refused_and_nothing_is_left(world, taken, tmp_path):
    at, _ = taken
    with empty_server(world) as server:
        for one in damaged(at, tmp_path):
            said = server.refuses("restore", one)
            assert "damaged" in said or "no backup" in said, (one.name, said)
            assert {p.name for p in (server.folder / "state").iterdir()} <= {"postern.lock"}, one.name
        server.command("restore", at)


def test_a_stopped_server_is_backed_up_alike(world, taken, tmp_path):
    with empty_server(world) as server:
        server.command("restore", taken[0])
        server.command("backup", tmp_path / "two")
        both = [{p.relative_to(b) for p in b.rglob("*")} for b in (taken[0], tmp_path / "two")]
        assert both[0] == both[1]
        run("diff", "-r", taken[0] / "bodies", tmp_path / "two/bodies")
