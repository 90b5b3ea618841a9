"""Sudden death on the way back, placed by a counter, as in test_crash.py: an answer that got a 250 is delivered, each of the
copies of a Reply-All once but for what died between its delivery and the note of it, and none half scrubbed."""

import shutil
import time

import pytest

import canaries
import checks_reply
import messages
import postern
import reply
import smtp
from test_crash import copy_of
from test_reply import asked
from world import World

# role, what is counted, and how many different k.
PLACES = [("core", "ipc", 5), ("core", "store", 4), ("gate", "ipc", 2), ("opener", "ipc", 2), ("vault", "ipc", 2)]
KILLS = [f"{role}:{what}:{k}" for role, what, count in PLACES for k in range(1, count + 1)]
ANSWERS = 5


@pytest.fixture(scope="module")
def ready(hop, tmp_path_factory):
    """A server with a relayed message to answer, stopped, and the answers, ready: (world, client, letters)."""
    w = World(hop, tmp_path_factory.mktemp("world"), settings={"delivery.retry": "1s, 1s, 2s", "server.scribes": 1})
    client = reply.Client(w.server.port, w.keys, w.folder)
    done = asked(w, more=["Cc: Cecil <cecil@shop.example>"])
    client.learn(done)
    w.server.stop()
    yield w, client, done
    w.close()


def insist(port, client, letter, rcpts, seconds=30):
    """As the provider does: comes again after 4xx, or when the connection is lost, until it has a 250."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            sent = smtp.send(port, client.keys.address, rcpts, letter.raw)
            if sent.ok:
                return
            answers = [sent.mail, *sent.rcpts.values(), *([sent.dot] if sent.dot else [])]
            assert all(a.code < 500 for a in answers), f"refused for good: {[str(a) for a in answers]}"
        except (OSError, EOFError):
            pass
        time.sleep(0.1)
    raise AssertionError("never accepted")


@pytest.mark.parametrize("kill", KILLS)
def test_promise_2_an_answer_that_got_a_250_is_delivered(ready, hop, kill):
    w, client, done = ready
    role = kill.split(":")[0]
    marker = postern.new_folder()
    marker.chmod(0o777)
    server = copy_of(w, {"POSTERN_KILL": kill, "POSTERN_KILL_MARKER": str(marker / "done")})
    since = len(hop.messages)
    try:
        server.start()
        words = [f"answer {kill} number {i}" for i in range(ANSWERS)]
        for i, word in enumerate(words):
            letter = client.reply(done, messages.text(word + "\n"), everyone=i == 0)
            insist(server.port, client, letter, [r for r in letter.rcpts if r != w.alias])
        assert (marker / "done").exists(), f"{role} never came to {kill}"
        wanted = sorted([(word, "olga@shop.example") for word in words] + [(words[0], "cecil@shop.example")])
        end = time.monotonic() + 30
        while True:
            got = sorted((word, r) for m in hop.messages[since:] for r in m.rcpts for word in words
                         if word in checks_reply.texts(m.raw))
            if set(got) == set(wanted):
                break
            assert time.monotonic() < end, f"accepted and lost: {set(wanted) - set(got)}\n{server.log[-1500:]}"
            time.sleep(0.1)
        assert len(got) <= len(wanted) + 2, "far more than was sent"
        flock = canaries.flock_of(client.keys)
        for m in hop.messages[since:]:
            assert m.rcpts == [client.keys.address] or canaries.leaks(m.raw, flock) == [], m.raw[:1500]
    finally:
        server.kill()
        shutil.rmtree(server.folder, ignore_errors=True)
        shutil.rmtree(marker, ignore_errors=True)


def test_promise_2_power_cut_after_the_250_of_an_answer(ready, hop):
    """Killed whole the moment the 250 is heard: it is on disk, and a repeat of it is known."""
    w, client, done = ready
    server = copy_of(w, {})
    hop.misbehave("mail", "450 4.3.0 not now", times=1000)
    since = len(hop.messages)
    try:
        words = [f"power cut {i}" for i in range(3)]
        for word in words:
            server.start()
            letter = client.reply(done, messages.text(word + "\n"))
            insist(server.port, client, letter, letter.rcpts)
            server.kill()
        server.start()
        insist(server.port, client, letter, letter.rcpts)
        hop.behave()
        server.cli("queue", "flush")
        arrived = hop.wait(3, since=since, seconds=30)
        time.sleep(1)
        arrived = [m for m in hop.messages[since:] if m.rcpts == ["olga@shop.example"]]
        assert sorted(word for m in arrived for word in words if word in checks_reply.texts(m.raw)) == words
    finally:
        server.kill()
        shutil.rmtree(server.folder, ignore_errors=True)
