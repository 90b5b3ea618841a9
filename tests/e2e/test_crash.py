"""Sudden death, placed by a counter: at the k-th message that a role handles, or at the k-th durable step of the store.
What got a 250 arrives, what arrives is sealed, and the server goes on. (A locked role may not call kill, not even for
itself: it ends by an illegal instruction, which nothing catches either.)"""

import os
import pathlib
import re
import shutil
import time

import pytest

import judge
import messages
import postern
import smtp
from world import World

# role, what is counted, and how many different k: 50 in all.
PLACES = [("core", "ipc", 14), ("core", "store", 8), ("gate", "ipc", 8), ("scribe", "ipc", 12), ("vault", "ipc", 8)]
KILLS = [f"{role}:{what}:{k}" for role, what, count in PLACES for k in range(1, count + 1)]
MAILS = 6


@pytest.fixture(scope="module")
def ready(hop, tmp_path_factory):
    """A server with a user, stopped: each test starts a copy of its folder."""
    w = World(hop, tmp_path_factory.mktemp("world"), settings={"delivery.retry": "1s, 1s, 2s", "server.scribes": 1})
    w.server.stop()
    yield w
    w.close()


def copy_of(ready, env):
    folder = postern.new_folder()
    shutil.copytree(ready.server.folder, folder, dirs_exist_ok=True, ignore=lambda at, names: [
        n for n in names if pathlib.Path(at, n).is_socket()])
    for path in [folder, *folder.rglob("*")]:
        twin = ready.server.folder / path.relative_to(folder)
        if twin.exists():
            os.chown(path, twin.stat().st_uid, twin.stat().st_gid)
    server = postern.Postern(ready.hop.port, folder=folder, env=env, init=False, settings={"server.scribes": 1})
    text = server.conf.read_text().replace(str(ready.server.folder), str(folder))
    server.conf.write_text(text)
    return server


def insist(port, mail, alias, seconds=30):
    """As a real MTA does: comes again after 4xx, or when the connection is lost, until it has a 250."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            sent = smtp.send(port, mail.sender, alias, mail.raw)
            if sent.ok:
                return
            answers = [sent.mail, *sent.rcpts.values(), *([sent.dot] if sent.dot else [])]
            assert all(a.code < 500 for a in answers), f"refused for good: {[str(a) for a in answers]}"
        except (OSError, EOFError):
            pass
        time.sleep(0.1)
    raise AssertionError("never accepted")


def canary(i, kill):
    says = f"canary {kill} number {i}"
    raw = messages.head(f"Writer {i} <writer{i}@shop.example>", "x@relay.example", f"Number {i}") + messages.text(says + "\n")
    return messages.Mail("canary", f"writer{i}@shop.example", raw, says)


@pytest.mark.parametrize("kill", KILLS)
def test_promise_2_what_got_a_250_arrives(ready, hop, kill):
    role = kill.split(":")[0]
    marker = postern.new_folder()
    marker.chmod(0o777)
    server = copy_of(ready, {"POSTERN_KILL": kill, "POSTERN_KILL_MARKER": str(marker / "done")})
    since = len(hop.messages)
    try:
        server.start()
        mails = [canary(i, kill) for i in range(MAILS)]
        for mail in mails:
            insist(server.port, mail, ready.alias)
        server.wait_log(rf"ev=role-ended who={role} .*signal=[94]\b", 10)
        end, opened = time.monotonic() + 30, []
        while True:
            opened += [judge.open_sealed(ready.judge, m.raw).entity for m in hop.messages[since + len(opened):]]
            missing = [m.says for m in mails if not any(m.says.encode() in e for e in opened)]
            if not missing:
                break
            assert time.monotonic() < end, f"accepted and lost: {missing}\n{server.log[-1500:]}"
            time.sleep(0.1)
        assert not any(m.says.encode() in raw.raw for m in mails for raw in hop.messages[since:])
        assert len(opened) <= MAILS + 2, "far more than was sent"
        twice = [sum(m.says.encode() in e for e in opened) for m in mails]
        assert max(twice) <= 2, f"one death, and more than one copy too many: {twice}"
    finally:
        server.kill()
        shutil.rmtree(server.folder, ignore_errors=True)
        shutil.rmtree(marker, ignore_errors=True)


def test_promise_2_power_cut_after_the_250(ready, hop):
    """Everything is killed the moment the 250 is heard, before anything could be delivered."""
    server = copy_of(ready, {})
    hop.misbehave("mail", "450 4.3.0 not now", times=1000)
    since = len(hop.messages)
    try:
        for i in range(5):
            server.start()
            mail = canary(i, "power")
            insist(server.port, mail, ready.alias)
            server.kill()
        hop.behave()
        server.start()
        opened = [judge.open_sealed(ready.judge, m.raw).entity for m in hop.wait(5, since=since, seconds=30)]
        assert sorted(re.search(rb"canary power number \d", e)[0] for e in opened) == [
            b"canary power number %d" % i for i in range(5)]
    finally:
        server.kill()
        shutil.rmtree(server.folder, ignore_errors=True)
