#!/usr/bin/python3
"""tests/siege/replies.py [--answers N] [--kill-every S]: many answers under load, while roles are killed.

Answers are written ahead by the openssl command line (signed, encrypted to one reverse address), sent over several
connections by a provider that insists until it hears 250, and meanwhile a role is killed every few seconds, a different one
each time. At the end: what got a 250 was delivered; nothing was delivered twice but what a killed role had under way; no copy
names the user. Prints the counts; exits with 1 when one of these does not hold."""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import signal
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e"), str(TESTS / "judges")]

import messages  # noqa: E402
import nexthop  # noqa: E402
import reply  # noqa: E402
import smtp  # noqa: E402
from world import World  # noqa: E402

ROLES = ["opener", "core", "gate", "vault", "scribe"]
UNDER_WAY = 64  # what a killed gate or core may have delivered without having noted it


def write(client, done, number):
    return client.reply(done, messages.text(f"siege-number-{number:06} of many\n"), program="thunderbird")


def insist(port, client, letter, tries, deadline):
    while time.monotonic() < deadline:
        tries["all"] += 1
        try:
            sent = client.send(letter)
            if sent.ok:
                return True
            answers = [a for a in (sent.mail, *sent.rcpts.values(), sent.dot) if a]
            if any(a.code >= 500 for a in answers):
                tries["refused"] += 1
                print([str(a) for a in answers], flush=True)
                return False
            tries["later"] += 1
        except (OSError, EOFError, IndexError):
            tries["lost"] += 1
        time.sleep(0.05)
    return False


def kill_roles(server, every, stop, kills):
    number = 0
    while not stop.wait(every):
        role = ROLES[number % len(ROLES)]
        number += 1
        for pid in server.roles().get(role, [])[:1]:
            try:
                os.kill(pid, signal.SIGKILL)  # one that this run has started
                kills[role] += 1
            except ProcessLookupError:
                pass


def besiege(args):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="siege-"))
    with nexthop.NextHop(folder / "maildirs") as hop:
        (folder / "world").mkdir()
        w = World(hop, folder / "world", settings={"delivery.retry": "1s, 1s, 2s", "server.log_level": "warn", "policy.user_answers_hour": 0})
        client = reply.Client(w.server.port, w.keys, w.folder)
        done = w.relay(messages.plain(w.alias))
        client.learn(done)
        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(args.writers) as pool:
            letters = list(pool.map(lambda n: write(client, done, n), range(args.answers)))
        print(f"written: {len(letters)} answers in {time.monotonic() - started:.0f} s", flush=True)
        since, tries, kills, stop = len(hop.messages), collections.Counter(), collections.Counter(), threading.Event()
        killer = threading.Thread(target=kill_roles, args=(w.server, args.kill_every, stop, kills))
        killer.start()
        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(args.connections) as pool:
            taken = list(pool.map(lambda x: insist(w.server.port, client, x, tries, started + args.seconds), letters))
        took = time.monotonic() - started
        stop.set()
        killer.join()
        w.server.wait_queue(0, seconds=120)
        time.sleep(2)
        status = judge_it(args, w, hop.messages[since:], taken, took, tries, kills)
        w.server.stop()
        return status


def judge_it(args, w, arrived, taken, took, tries, kills):
    """Numbers, and whether what was promised held."""
    own = [w.keys.address.encode(), reply.NAME.encode(), reply.HOST.encode()]
    out = [m for m in arrived if m.rcpts != [w.keys.address]]
    got = collections.Counter(n for m in out for n in re.findall(rb"siege-number-(\d{6})", m.raw))
    lost = [n for n, ok in enumerate(taken) if ok and not got[b"%06d" % n]]
    twice = sum(n - 1 for n in got.values() if n > 1)
    naming = [m for m in out if any(word in m.raw for word in own)]
    print(f"accepted {sum(taken)} of {len(taken)} in {took:.0f} s ({sum(taken) / took:.0f}/s); kills {dict(kills)}; tries {dict(tries)}; "
          f"delivered {len(out)}; lost {len(lost)}; twice {twice}; naming the user {len(naming)}", flush=True)
    good = all(taken) and not lost and not naming and twice <= UNDER_WAY * (kills["gate"] + kills["core"])
    return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=10000)
    parser.add_argument("--kill-every", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1200)
    return besiege(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
