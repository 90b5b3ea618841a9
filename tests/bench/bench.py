#!/usr/bin/python3
"""bench.py: how fast Postern signs, encrypts and relays beside a Postfix that relays in clear, both durable, in one run.

    source -> peer -> smtp-sink      the clock stops when the sink has all of them

Every round runs each peer once, one after the other, so that a noisy machine is noisy for all; a ratio is taken within its
round, and the median over the rounds is what counts. Writes var/bench.json, doc/performance.md is written from it."""

import argparse
import collections
import contextlib
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "tests/e2e"))
os.environ.setdefault("POSTERN_BUILD", "release")
import peers  # noqa: E402

Case = collections.namedtuple("Case", "size sessions correspondents")
Run = collections.namedtuple("Run", "rate cpu ratio")
Row = collections.namedtuple("Row", "settings case count rounds")

KNOWN = (("new_per_hour", 0), ("pool", 20))
NEW = (("new_per_hour", 0), ("pool", 500))      # an RSA key costs a quarter of a second: the ready ones are what counts
BOUNDED = (("new_per_hour", 60), ("pool", 100))
PLAN = [Row(KNOWN, Case(size, sessions, "known"), 1500 if size == 4096 else 500, 5)
        for size in (4096, 65536) for sessions in (20, 100)]
PLAN += [Row(NEW, Case(4096, 20, "all new, policy.new_per_hour = 0"), 250, 2),
         Row(BOUNDED, Case(4096, 20, "all new, policy.new_per_hour = 60"), 1000, 1)]


def title(case):
    return f"{case.size} B, {case.sessions} sessions, {case.correspondents}"


def smtp_source(port, case, count, rcpt, _):
    return ["/usr/sbin/smtp-source", "-s", case.sessions, "-m", count, "-l", case.size, "-f", "load@source.example", "-t", rcpt,
            f"127.0.0.1:{port}"]


def own_source(port, case, count, rcpt, prefix):
    return [TOP / "build/bench-source", port, case.sessions, count, case.size, rcpt, prefix]


def once(peer, target, case, count, prefix):
    """One run: messages a second; CPU milliseconds a message of each of the peer's processes, what they do after the last message
    included."""
    argv = (smtp_source if case.correspondents == "known" else own_source)(peer.port, case, count, target, prefix)
    peer.ready()
    before, cpu, start = peer.sink.had(), peer.cpu(), time.monotonic()
    subprocess.run([str(a) for a in argv], check=True, stdin=subprocess.DEVNULL)
    peer.sink.wait(before + count)
    took = time.monotonic() - start
    time.sleep(0.3)
    return count / took, {role: (seconds - cpu.get(role, 0)) * 1000 / count for role, seconds in peer.cpu().items()}


def run_case(case, contenders, rounds, count):
    """{name: [Run]} of the contenders, the first of which is the measure of the others."""
    results = {name: [] for name, *_ in contenders}
    for number in range(rounds):
        base = None
        for name, peer, target, *_ in contenders:
            rate, cpu = once(peer, target, case, count, f"r{number}-{os.getpid()}-{case.size}-{case.sessions}")
            base = base or rate
            results[name].append(Run(rate, cpu, rate / base))
            print(f"  {case.size:6} B {case.sessions:4} sessions  {case.correspondents:32} {name:16} {rate:7.0f}/s "
                  f"{sum(cpu.values()):6.2f} ms CPU  {rate / base:5.2f} x", flush=True)
    return results


def median(values):
    return round(statistics.median(values), 3)


def rows(case, contenders, results):
    for name, _, _, key in contenders:
        runs = results[name]
        yield {"name": f"{name}, {title(case)}", "peer": "postern" if key else "postfix", "size_bytes": case.size,
               "sessions": case.sessions, "key": key, "correspondents": case.correspondents,
               "msgs_per_s": median(r.rate for r in runs), "cpu_ms_per_msg": median(sum(r.cpu.values()) for r in runs),
               "ratio_to_postfix": median(r.ratio for r in runs), "rounds": len(runs),
               "cpu_ms_by_role": {role: median(r.cpu.get(role, 0) for r in runs) for role in runs[0].cpu}}


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--rounds", type=int, default=5)
    args.add_argument("--messages", type=float, default=1, help="factor on the number of messages of a run")
    args.add_argument("--only", help="part of the case's name: 4096, 'all new', '100 sessions'")
    args.add_argument("--out", type=pathlib.Path, default=TOP / "var/bench.json")
    args = args.parse_args()
    (TOP / "build").mkdir(exist_ok=True)
    subprocess.run(["cc", "-O2", "-o", TOP / "build/bench-source", TOP / "tests/bench/source.c"], check=True)
    all_rows = []
    with peers.Postfix() as postfix, contextlib.ExitStack() as stack:
        def contenders(**settings):
            relay = stack.enter_context(peers.Postern({f"policy.{k}" if k != "pool" else "profiles.pool": v
                                                       for k, v in settings.items()}))
            return [("Postfix in clear", postfix, "sink@relay.example", None),
                    ("Postern RSA-2048", relay, relay.alias["rsa2048"], "rsa2048"),
                    ("Postern P-256", relay, relay.alias["p256"], "p256")]
        for group, cases in itertools.groupby(PLAN, key=lambda row: row.settings):
            wanted = [c for c in cases if not args.only or args.only in title(c.case)]
            who = contenders(**dict(group)) if wanted else []
            for row in wanted:
                count = max(int(row.count * args.messages), 20)
                all_rows += rows(row.case, who, run_case(row.case, who, min(args.rounds, row.rounds), count))
    args.out.parent.mkdir(exist_ok=True)
    args.out.write_text(json.dumps(all_rows, indent=1) + "\n")
    for r in all_rows:
        print(f"{r['name']:75} {r['msgs_per_s']:7.0f}/s {r['cpu_ms_per_msg']:6.2f} ms CPU {r['ratio_to_postfix']:5.2f} x Postfix")


if __name__ == "__main__":
    main()
