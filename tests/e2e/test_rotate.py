"""`key rotate`: a new master key while mail flows; death in the middle of it, at places and in a storm; and at its end the old
key opens nothing, while leaves made under it still sign."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time

import pytest

import messages
import postern
from run import Failed
from world import World

SETTINGS = {"delivery.retry": "1s, 1s, 2s", "profiles.pool": 5, "server.scribes": 1}


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    w = World(hop, tmp_path_factory.mktemp("world"), settings=SETTINGS)
    yield w
    w.close()


def letter(world, body="How are you?"):
    raw = messages.head("friend@shop.example", world.alias, "A letter") + messages.text(body)
    return messages.Mail("letter", "friend@shop.example", raw, body)


def rotation(server):
    return subprocess.Popen([postern.binary(), "-c", server.conf, "key", "rotate", "--json"], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env={**os.environ, **server.env})


def ended(process, seconds=90):
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == 0, err
    return json.loads(out)[0]


def status(server):
    return server.cli("key", "status")[0]


def ids(folder):
    """The ids of the master keys under which something is wrapped, as the rows say: but for intermediates, whose are sealed."""
    found = set()
    with tempfile.TemporaryDirectory() as d:
        for path in (folder / "state").glob("postern.db*"):
            shutil.copy(path, d)
        with contextlib.closing(sqlite3.connect(f"{d}/postern.db")) as db:
            for table, column in (("sender_cert", "wrapped"), ("spare", "wrapped")):
                found |= {bytes(v)[1:9].hex() for (v,) in db.execute(f"SELECT {column} FROM {table}") if v}
            for key in ("wrapped_column", "wrapped_hash"):
                found.add(bytes(db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0])[1:9].hex())
    return found


def test_rotation_under_load_with_death_in_the_middle(world, tmp_path):
    server = world.server
    known = world.relay(letter(world)).opened.signer
    key = server.folder / "master.key"
    old, old_key = status(server)["master_key_id"], key.read_bytes()
    assert ids(server.folder) == {old}
    stop, sent = threading.Event(), []

    def load():
        while not stop.is_set():
            try:
                sent.append(world.send(letter(world, f"Number {len(sent)}.")).ok)
            except (OSError, EOFError, AssertionError):  # the server is dead at times
                time.sleep(0.05)
    worker = threading.Thread(target=load)
    worker.start()
    try:
        first = rotation(server)
        server.wait_log("ev=rotation state=begun")
        first.kill()
        first.communicate()
        server.kill()
        assert (server.folder / "master.key.next").exists() and key.read_bytes() == old_key
        server.start()
        second = rotation(server)
        said = ended(second)
    finally:
        stop.set()
        worker.join()
    assert any(sent)
    now = status(server)
    assert now["master_key_id"] == said["master_key_id"] != old and now["state"] == "idle" and not now["next_key_id"]
    assert ids(server.folder) == {now["master_key_id"]}
    assert not (server.folder / "master.key.next").exists() and key.read_bytes() != old_key
    server.wait_queue(0, seconds=60)
    assert world.relay(letter(world, "And now?")).opened.signer == known, "the friend has another certificate"
    server.restart()
    assert world.relay(letter(world, "And after a restart?")).opened.signer == known
    newcomer = messages.plain(world.alias)
    world.relay(newcomer)  # a certificate made by the intermediate, which was wrapped anew
    # The new recovery key makes the new file; the former file opens nothing.
    folder = tmp_path / "recovered"
    server.command("init", "--recover", said["recovery_key"], folder, config=False)
    assert (folder / "master.key").read_bytes() == key.read_bytes()
    server.stop()
    new_key = key.read_bytes()
    for content, opens in ((old_key, False), (new_key, True)):
        key.chmod(0o600)
        key.write_bytes(content)
        try:
            server.cli("stat")
            assert opens, "the former master key still opens the store"
        except Failed:
            assert not opens
    server.start()


def given_again(server, seconds=90):
    """The command asks core how far it is; where core dies under it, it ends, and given again it goes on."""
    end = time.monotonic() + seconds
    while True:
        process = rotation(server)
        out, errors = process.communicate(timeout=60)
        if process.returncode == 0:
            return json.loads(out)[0]
        assert time.monotonic() < end, errors
        time.sleep(0.5)


@pytest.mark.parametrize("kill", ["core:store:2", "core:store:9", "vault:ipc:5"])
def test_each_step_may_be_the_last_of_a_life(world, kill):
    """Both keys lie there, and core or the vault dies at its k-th step of the work: it goes on in the next life."""
    folder = postern.new_folder()
    world.server.stop()
    shutil.copytree(world.server.folder, folder, dirs_exist_ok=True,
                    ignore=lambda at, names: [n for n in names if n == "control" or n.startswith("keys-")])
    world.server.start()
    for path in folder.rglob("*"):
        twin = world.server.folder / path.relative_to(folder)
        os.chown(path, twin.stat().st_uid, twin.stat().st_gid)
    state = (world.server.folder / "state").stat()
    os.chown(folder / "state", state.st_uid, state.st_gid)
    env = {"POSTERN_KILL": kill, "POSTERN_KILL_MARKER": str(folder / "died")}
    server = postern.Postern(world.hop.port, folder=folder, init=False, env=env, settings=SETTINGS)
    server.conf.write_text(server.conf.read_text().replace(str(world.server.folder), str(folder)))
    (folder / "master.key.next").write_bytes(bytes(range(32)))
    (folder / "master.key.next").chmod(0o400)
    folder.chmod(0o777)
    try:
        server.start()
        said = given_again(server)
        assert (folder / "died").exists(), "nothing died"
        assert ids(folder) == {said["master_key_id"]} == {status(server)["master_key_id"]}
    finally:
        server.stop()  # the log of such a life holds errors, and ought to
        assert "Sanitizer" not in server.log and "Assertion" not in server.log
        shutil.rmtree(folder)


def test_a_server_that_does_not_run_is_rotated_alike(world):
    world.server.stop()
    before = ids(world.server.folder)
    said = ended(rotation(world.server))
    assert ids(world.server.folder) == {said["master_key_id"]} != before
    world.server.start()
    world.relay(letter(world, "From another life."))
