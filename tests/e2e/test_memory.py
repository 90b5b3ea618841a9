"""One message of 50 MiB: all roles together stay within 200 MiB, memfds included, and every byte arrives."""

import threading
import time

import judge
import memory
import messages
import smtp

LIMIT = 200 << 20


class Watch(threading.Thread):
    """Samples until told to end."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.pids, self.most, self.ended = server.pids(), 0, threading.Event()

    def run(self):
        while not self.ended.is_set():
            self.most = max(self.most, memory.total(self.pids))
            time.sleep(0.02)


def test_a_message_of_50_mib_in_200_mib(world):
    with smtp.Smtp(world.server.port) as client:
        limit = int(client.extensions["SIZE"][0])
    mail = messages.large(world.alias, min(50 << 20, limit) - 2000)
    world.relay(messages.plain(world.alias))
    since = len(world.hop.messages)
    watch = Watch(world.server)
    watch.start()
    assert world.send(mail).ok
    (m,) = world.hop.wait(1, since=since, seconds=60)
    watch.ended.set()
    watch.join()
    print(f"{len(mail.raw) >> 20} MiB in, {len(m.raw) >> 20} MiB out, {watch.most >> 20} MiB at most")
    opened = judge.open_sealed(world.judge, m.raw)
    assert judge.leaves(opened.message) == judge.leaves(mail.raw)
    assert len(mail.raw) > 49 << 20 and watch.most <= LIMIT, f"{watch.most >> 20} MiB"


def test_the_budget_for_messages_in_flight_holds(world):
    """More than the budget at once: 452 4.3.1 for what does not fit, everything else arrives."""
    world.server.set({"smtp.memory_bytes": 24 << 20, "smtp.message_bytes": 16 << 20})
    world.server.restart()
    mail = messages.large(world.alias, 10 << 20)
    since, answers = len(world.hop.messages), []

    def one(i):
        answers.append(smtp.send(world.server.port, f"s{i}@film.example", world.alias, mail.raw.replace(b"Film", b"Film%d" % i)))
    threads = [threading.Thread(target=one, args=(i,)) for i in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    codes = sorted((s.dot or s.mail).code for s in answers)
    good = codes.count(250)
    assert good >= 2 and set(codes) <= {250, 452, 451}, codes
    world.hop.wait(good, since=since, seconds=60)
