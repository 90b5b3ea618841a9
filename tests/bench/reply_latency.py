#!/usr/bin/python3
"""tests/bench/reply_latency.py [N]: how long an answer takes at low load, one at a time, beside mail that comes in and is sealed, in
turns and in one run: from before the message is said to its 250, and to its delivery at the next hop. N of each (100 when not
given). Prints medians and writes var/reply-latency.json."""

import argparse
import json
import pathlib
import secrets
import statistics
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e"), str(TESTS / "judges")]

import messages  # noqa: E402
import nexthop  # noqa: E402
import reply  # noqa: E402
import smtp  # noqa: E402
from test_reply import asked  # noqa: E402
from world import World  # noqa: E402

SIZES = {"small": 600, "64 KiB": 64 * 1024}


def take(world, sender, rcpt, raw, wanted):
    """(seconds to the 250, seconds to the delivery) of one message over a connection that is open."""
    since = len(world.hop.messages)
    with smtp.Smtp(world.server.port, ehlo="bench.example") as connection:
        start = time.perf_counter()
        sent = connection.send(sender, [rcpt], raw)
        said = time.perf_counter() - start
        assert sent.ok, str(sent.dot)
        while not any(m.rcpts == [wanted] for m in world.hop.messages[since:]):
            assert time.perf_counter() - start < 30
            time.sleep(0.0005)
        return said, time.perf_counter() - start


def roads(world, client, size):
    """name: () -> (sender, recipient, message, who gets it), each anew."""
    done = asked(world)
    reverse = client.learn(done)

    def text():  # each another one: the same words, signed within a second, have the same signature
        return messages.text(f"{secrets.token_hex(8)}\n" + "words that are said\n" * (size // 20))

    def sealed():
        return "olga@shop.example", world.alias, messages.head("Olga <olga@shop.example>", world.alias, "bench") + text(), world.mailbox

    def answer():
        return client.keys.address, reverse, client.reply(done, text()).raw, "olga@shop.example"
    return {"sealed": sealed, "answered": answer}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("n", nargs="?", type=int, default=100)
    n, rows = options.parse_args().n, {}
    with tempfile.TemporaryDirectory() as folder, nexthop.NextHop(pathlib.Path(folder) / "hop") as hop:
        world = World(hop, pathlib.Path(folder), settings={"policy.user_answers_hour": 0})
        client = reply.Client(world.server.port, world.keys, folder)
        for name, size in SIZES.items():
            ways = roads(world, client, size)
            times = {way: [] for way in ways}
            for _ in range(n):
                for way, make in ways.items():
                    times[way].append(take(world, *make()))
            for way, pairs in times.items():
                said, delivered = (round(statistics.median(column) * 1000, 2) for column in zip(*pairs))
                rows[f"{way}, {name}"] = {"ms_to_250": said, "ms_to_delivery": delivered, "n": n}
                print(f"{way + ', ' + name:20} {said:8.2f} ms to 250 {delivered:8.2f} ms to delivery", flush=True)
        world.close()
    (TESTS.parent / "var").mkdir(exist_ok=True)
    (TESTS.parent / "var/reply-latency.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
