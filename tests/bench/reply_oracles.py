#!/usr/bin/python3
"""tests/bench/reply_oracles.py [N]: does time tell what the answers do not? Foreign reverse addresses against unknown ones, N
RCPTs of each (1,000 when not given), and bad content keys against bad paddings, N / 2 of each, in random order. Prints the
distributions and Welch's t of each pair; |t| over 4.5 is called a difference, as is usual for leaks. Writes
var/reply-oracles.json. The answers must be equal; the times are for people to judge."""

import argparse
import json
import math
import pathlib
import random
import secrets
import statistics
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e"), str(TESTS / "judges")]

import judge  # noqa: E402
import messages  # noqa: E402
import nexthop  # noqa: E402
import reply  # noqa: E402
import smtp  # noqa: E402
import test_attacks_reply as attacks  # noqa: E402
from test_reply import asked  # noqa: E402
from world import World  # noqa: E402


def welch(a, b):
    """t of the middle of both: the slowest and fastest twentieth are noise of the machine."""
    a, b = (sorted(x)[len(x) // 20:len(x) - len(x) // 20] for x in (a, b))
    return (statistics.mean(a) - statistics.mean(b)) / math.sqrt(statistics.variance(a) / len(a) + statistics.variance(b) / len(b))


def summary(times):
    quartiles = {k: [round(q * 1e6) for q in statistics.quantiles(v, n=20)] for k, v in times.items()}
    one, two = times.values()
    return {"us_5_to_95": quartiles, "welch_t": round(welch(one, two), 2), "n": len(one)}


def measure(kinds, n, ask):
    """{kind: [seconds]}, in random order; asserts that all answers are one."""
    order = [k for k in kinds for _ in range(n)]
    random.shuffle(order)
    times, answers = {k: [] for k in kinds}, set()
    for kind in order:
        seconds, answer = ask(kind)
        times[kind].append(seconds)
        answers.add(answer)
    assert len(answers) == 1, answers
    return times


def timed(call):
    start = time.perf_counter()
    answer = call()
    return time.perf_counter() - start, str(answer)


def rcpt_of(world, client, foreign):
    # A session takes so many errors and no more: one for each question, opened before the clock runs.
    def ask(kind):
        with smtp.Smtp(world.server.port) as c:
            c.cmd(f"MAIL FROM:<{client.keys.address}>")
            rcpt = foreign if kind == "foreign" else secrets.token_hex(13) + "@relay.example"
            return timed(lambda: c.cmd(f"RCPT TO:<{rcpt}>"))
    return ask


def padding_of(world, client, reverse, done):
    der = client.envelope(client.sign(messages.text("x\n")), [reverse], form="der", own=False)
    key_at, key_length = attacks.rsa_block(der)
    at, length = attacks.content(der)
    head = client.head([reverse], "Re: x", answers=done)

    def ask(kind):
        blob = bytearray(der)
        if kind == "key":
            blob[key_at:key_at + key_length] = b"\0" + secrets.token_bytes(key_length - 1)
        else:
            blob[at + length - 32:at + length - 16] = secrets.token_bytes(16)
        raw = head + reply.smime("enveloped-data", bytes(blob))
        with smtp.Smtp(world.server.port) as c:
            c.cmd(f"MAIL FROM:<{client.keys.address}>")
            c.cmd(f"RCPT TO:<{reverse}>")
            c.cmd("DATA")
            c.raw(smtp.stuffed(raw)[:-3])
            time.sleep(0.002)
            return timed(lambda: c.cmd("."))
    return ask


def main():
    parser = argparse.ArgumentParser(description="whether time tells what answers do not")
    parser.add_argument("n", nargs="?", type=int, default=1000)
    n = parser.parse_args().n
    folder = pathlib.Path(tempfile.mkdtemp(prefix="oracles-"))
    found = {}
    with nexthop.NextHop(folder / "hop") as hop:
        world = World(hop, folder, sender_key="rsa2048", settings={"server.log_level": "error"})
        client = reply.Client(world.server.port, world.keys, folder)
        done = asked(world)
        reverse = client.learn(done)
        world.server.user("other")
        keys = world.server.issue(world.server.mailbox("other", "other@mailbox.example"))
        alias = world.server.alias("other")
        raw = messages.head("Bob <bob@shop.example>", alias, "x") + messages.text("x\n")
        theirs = world.relay(messages.Mail("m", "bob@shop.example", raw, "x"), alias, judge.OpenSsl(keys, folder / "other"))
        found["rcpt"] = summary(measure(["foreign", "unknown"], n, rcpt_of(world, client, theirs.opened.signer)))
        found["opening"] = summary(measure(["key", "padding"], n // 2, padding_of(world, client, reverse, done)))
        world.close()
    for name, what in found.items():
        print(f"{name}: {what['n']} of each, Welch's t {what['welch_t']}"
              f"{'' if abs(what['welch_t']) < 4.5 else ': THEY DIFFER'}")
        for kind, quantiles in what["us_5_to_95"].items():
            print(f"   {kind:8} 5 % {quantiles[0]} us, median {quantiles[9]} us, 95 % {quantiles[18]} us")
    target = TESTS.parent / "var/reply-oracles.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
