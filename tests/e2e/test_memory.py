"""One message of 50 MiB: all roles together stay within 200 MiB, memfds included, and every byte arrives. Of many, no more at once
than the budget for messages in flight holds."""

import os
import random
import re
import signal
import threading
import time

import judge
import memory
import messages
import postern
import reply
import smtp
from run import run
from test_reply import asked

LIMIT = 200 << 20


def test_a_message_of_50_mib_in_200_mib(world):
    with smtp.Smtp(world.server.port) as client:
        limit = int(client.extensions["SIZE"][0])
    mail = messages.large(world.alias, min(50 << 20, limit) - 2000)
    world.relay(messages.plain(world.alias))
    since = len(world.hop.messages)
    watch = memory.Watch(world.server)
    assert world.send(mail).ok
    (m,) = world.hop.wait(1, since=since, seconds=60)
    _, most, _ = watch.end()
    print(f"{len(mail.raw) >> 20} MiB in, {len(m.raw) >> 20} MiB out, {most >> 20} MiB at most")
    opened = judge.open_sealed(world.judge, m.raw)
    assert judge.leaves(opened.message) == judge.leaves(mail.raw)
    assert len(mail.raw) > 49 << 20 and most <= LIMIT, f"{most >> 20} MiB"


def in_flight(server):
    """What the gate counts, once it has told core."""
    time.sleep(2.5)
    text = run(postern.binary(), "-c", server.conf, "stat", "--prometheus")[1].decode()
    return int(re.search(r"^postern_message_memory_bytes (\d+)", text, re.M)[1])


def test_the_budget_for_messages_in_flight_holds(world):
    """More than the budget at once, of senders who come again soon: 452 4.3.1 for what does not fit, everything arrives, and the files
    that all roles have open or mapped are never more than the budget. In the end it is whole again."""
    budget, count = 12 << 20, 12
    world.server.set({"smtp.memory_bytes": budget, "smtp.message_bytes": 8 << 20, "smtp.sessions_per_client": 100})
    world.server.restart()
    mail, since, codes = messages.large(world.alias, 4 << 20), len(world.hop.messages), []

    def insist(i):
        raw, end = mail.raw.replace(b"Film", b"Film%d" % i), time.monotonic() + 100
        while time.monotonic() < end:
            sent = smtp.send(world.server.port, f"s{i}@film.example", world.alias, raw, f"SIZE={len(raw)}")
            codes.append(f"{(sent.dot or sent.mail).code} {(sent.dot or sent.mail).enhanced}")
            if sent.ok:
                return
            time.sleep(random.uniform(0.02, 0.2))
    watch = memory.Watch(world.server, seconds=0.01)
    threads = [threading.Thread(target=insist, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    most, _, samples = watch.end()
    print(f"{codes.count('250 2.0.0')} in, {len(codes) - count} told to come again, {most} of {budget} bytes in {samples} samples")
    assert set(codes) == {"250 2.0.0", "452 4.3.1"} and codes.count("250 2.0.0") == count, codes
    assert samples > 10 and 2 << 20 < most <= budget, (most, samples)
    world.hop.wait(count, since=since, seconds=60)
    assert in_flight(world.server) == 0


def test_memory_that_a_scribe_still_has_is_not_given_away(world):
    """Core dies while scribes stand still with a message before them: its sender hears 451, and its room is theirs until they go on."""
    world.server.set({"smtp.memory_bytes": 12 << 20, "smtp.message_bytes": 8 << 20})
    world.server.restart()
    mail, answers = messages.large(world.alias, 7 << 20), []

    def send():
        return smtp.send(world.server.port, "s@film.example", world.alias, mail.raw, f"SIZE={len(mail.raw)}")
    first, scribes = threading.Thread(target=lambda: answers.append(send())), world.server.roles()["scribe"]
    try:
        for pid in scribes:
            os.kill(pid, signal.SIGSTOP)
        first.start()
        time.sleep(1)
        os.kill(world.server.roles()["core"][0], signal.SIGKILL)
        first.join()
        assert answers[0].dot.code == 451, answers[0].dot
        end = time.monotonic() + 20
        while not (refused := send()).dot:  # the new core is not there yet
            assert time.monotonic() < end
            time.sleep(0.2)
        assert f"{refused.dot.code} {refused.dot.enhanced}" == "452 4.3.1"
    finally:
        for pid in scribes:
            os.kill(pid, signal.SIGCONT)
    end = time.monotonic() + 20
    while not send().ok:
        assert time.monotonic() < end
        time.sleep(0.2)


def test_an_answer_gives_back_what_it_took(world):
    """It is mapped by a process of its own; one that is refused is kept by a scribe, after the refusal."""
    client = reply.Client(world.server.port, world.keys, world.folder)
    done, film = asked(world), messages.attachment("f.bin", "application/octet-stream", random.randbytes(1 << 20))
    entity = messages.multipart("mixed", messages.text("Here it is.\n"), film)
    world.answer(client, client.reply(done, entity))
    world.refused(client, client.reply(done, entity, layers="encrypt"))
    assert in_flight(world.server) == 0
