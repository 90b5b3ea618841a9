#!/usr/bin/python3
"""tests/bench/reply_oracles.py [--rcpts N] [--openings N]: does time tell what the answers do not? Foreign reverse addresses
against unknown ones, N RCPTs of each (1,000), and bad content keys against bad paddings, N in all (10,000), in random order.
The answers must be equal, or this ends with an error. Of the times it prints the distributions and three judgements of each pair:
Welch's t of the middle nine tenths (over 4.5 is called a difference, as is usual for leaks), the two-sample Kolmogorov-Smirnov
statistic, and how many of 2,000 random partings of the same times have medians as far apart. Writes var/reply-oracles.json;
ends with 1 when a pair separates: by t, or by one of the others at one in a thousand."""

import argparse
import bisect
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


def kolmogorov(a, b):
    """D, the farthest that the two distributions are apart, and how likely so much is by chance (the asymptotic law)."""
    a, b = sorted(a), sorted(b)
    d = max(abs(bisect.bisect_right(a, x) / len(a) - bisect.bisect_right(b, x) / len(b)) for x in a + b)
    x = d * math.sqrt(len(a) * len(b) / (len(a) + len(b)))
    law = 2 * sum((-1) ** (k - 1) * math.exp(-2 * (k * x) ** 2) for k in range(1, 101)) if x > 0.2 else 1
    return d, min(1, max(0, law))


def permuted(a, b, rounds=2000):
    """The share of random partings of all the times whose medians are at least as far apart as these."""
    apart = abs(statistics.median(a) - statistics.median(b))
    both, hits = [*a, *b], 0
    for _ in range(rounds):
        random.shuffle(both)
        hits += abs(statistics.median(both[:len(a)]) - statistics.median(both[len(a):])) >= apart
    return (hits + 1) / (rounds + 1)


def summary(times, answer):
    quartiles = {k: [round(q * 1e6) for q in statistics.quantiles(v, n=20)] for k, v in times.items()}
    one, two = times.values()
    d, law = kolmogorov(one, two)
    return {"us_5_to_95": quartiles, "n": len(one), "answer": answer, "welch_t": round(welch(one, two), 2), "ks_d": round(d, 4),
            "ks_p": round(law, 4), "permutation_p": round(permuted(one, two), 4)}


def separates(what):
    return abs(what["welch_t"]) >= 4.5 or min(what["ks_p"], what["permutation_p"]) < 0.001


def measure(kinds, n, ask):
    """{kind: [seconds]}, in random order, and the one answer; asserts that it is one."""
    order = [k for k in kinds for _ in range(n)]
    random.shuffle(order)
    times, answers = {k: [] for k in kinds}, set()
    for kind in order:
        seconds, answer = ask(kind)
        times[kind].append(seconds)
        answers.add(answer)
    assert len(answers) == 1, answers
    return times, answers.pop()


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rcpts", type=int, default=1000)
    parser.add_argument("--openings", type=int, default=10000)
    args = parser.parse_args()
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
        found["rcpt"] = summary(*measure(["foreign", "unknown"], args.rcpts, rcpt_of(world, client, theirs.opened.signer)))
        found["opening"] = summary(*measure(["key", "padding"], args.openings // 2, padding_of(world, client, reverse, done)))
        world.close()
    for name, what in found.items():
        print(f"{name}: {what['n']} of each, all answered {what['answer']!r}; Welch's t {what['welch_t']}, KS D {what['ks_d']} "
              f"(p {what['ks_p']}), permutation p {what['permutation_p']}{': THEY DIFFER' if separates(what) else ''}")
        for kind, quantiles in what["us_5_to_95"].items():
            print(f"   {kind:8} 5 % {quantiles[0]} us, median {quantiles[9]} us, 95 % {quantiles[18]} us")
    target = TESTS.parent / "var/reply-oracles.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n")
    return 1 if any(separates(what) for what in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
