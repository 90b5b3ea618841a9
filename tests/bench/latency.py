#!/usr/bin/python3
"""latency.py [--messages 400] [--seconds 20] [--rounds 3]: from the dot to the 250, beside Postfix in clear, in one run and in turns:
one message at a time; then at half the rate that each sustains with 20 sessions, by a clock (tests/siege/crowd.c). Messages of
4 KiB from a known correspondent. Beside it, what one signature costs here. Adds its rows to var/bench.json."""

import argparse
import collections
import json
import pathlib
import statistics
import subprocess
import time

import bench
import peers
import smtp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

SIZE, SESSIONS, SENDER = 4096, 20, "load@source.example"
HEAD = "From: {sender}\r\nTo: {rcpt}\r\nSubject: one\r\nMessage-ID: <{mid}@source.example>\r\nDate: Fri, 27 Nov 2026 00:00:00 +0000\r\n\r\n"


def signature_ms(key):
    """CPU of one signature, by the same libcrypto."""
    if key == "rsa2048":
        private, how = rsa.generate_private_key(65537, 2048), (padding.PKCS1v15(), hashes.SHA256())
    else:
        private, how = ec.generate_private_key(ec.SECP256R1()), (ec.ECDSA(hashes.SHA256()),)
    times = []
    for _ in range(200):
        began = time.process_time_ns()
        private.sign(b"x" * 100, *how)
        times.append((time.process_time_ns() - began) / 1e6)
    return statistics.median(times)


def one(peer, rcpt, number):
    """ms from the write that ends with the dot to the 250."""
    body = HEAD.format(sender=SENDER, rcpt=rcpt, mid=f"{number}.{time.monotonic_ns()}") + ("X" * 78 + "\r\n") * (SIZE // 80)
    with smtp.Smtp(peer.port, ehlo="bench.example") as client:
        for words in (f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{rcpt}>", "DATA"):
            assert client.cmd(words).code < 400
        began = time.perf_counter()
        client.raw(body + ".\r\n")
        answer = client.reply()
        took = time.perf_counter() - began
        assert answer.code == 250, str(answer)
        client.quit()
    return took * 1000


def one_at_a_time(contenders, count):
    times = collections.defaultdict(list)
    for number in range(count):
        for name, peer, rcpt, _ in contenders:
            times[name].append(one(peer, rcpt, number))
    return times


def crowd(peer, rcpt, rate, seconds, most):
    argv = [bench.TOP / "build/siege-crowd", peer.port, rate, seconds, most, SIZE, SENDER, rcpt]
    return json.loads(subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, check=True).stdout)


def at_half(contenders, seconds, rounds):
    """{name: [what crowd said]}, each round at half the rate that was sustained right before it."""
    found = collections.defaultdict(list)
    for _ in range(rounds):
        for name, peer, rcpt, _ in contenders:
            sustained = crowd(peer, rcpt, 20000, seconds / 4, SESSIONS)["accepted"] / (seconds / 4)
            time.sleep(2)  # what was accepted is delivered
            said = crowd(peer, rcpt, sustained / 2, seconds, 10 * SESSIONS)
            assert said["accepted"] == said["begun"] and not said["no_room"], said
            found[name].append({**said, "rate": sustained / 2})
            print(f"  {name:16} {sustained / 2:6.0f}/s  p50 {said['dot_p50_ms']:7.2f}  p95 {said['dot_p95_ms']:7.2f}  "
                  f"p99 {said['dot_p99_ms']:7.2f} ms", flush=True)
            time.sleep(2)
    return found


def row(contender, load, p50, p99, base, rounds, **more):
    name, _, _, key = contender
    return {"name": f"latency, {name}, {SIZE} B, {load}", "peer": "postern" if key else "postfix", "size_bytes": SIZE, "load": load,
            "key": key, "correspondents": "known", "dot_to_250_p50_ms": round(p50, 2), "dot_to_250_p99_ms": round(p99, 2),
            "p50_more_than_postfix_ms": round(p50 - base, 2), "rounds": rounds, **more}


def rows(contenders, alone, half):
    first = contenders[0][0]
    for c in contenders:
        times = alone[c[0]]
        more = {"signature_ms": round(signature_ms(c[3]), 3)} if c[3] else {}
        yield row(c, "one at a time", statistics.median(times), statistics.quantiles(times, n=100)[98],
                  statistics.median(alone[first]), len(times), **more)

    def median(name, key):
        return statistics.median(one[key] for one in half[name])
    for c in contenders:
        yield row(c, "half the sustained rate", median(c[0], "dot_p50_ms"), median(c[0], "dot_p99_ms"), median(first, "dot_p50_ms"),
                  len(half[c[0]]), msgs_offered_per_s=round(median(c[0], "rate")))


def report(found):
    for r in found:
        signature = f", a signature {r['signature_ms']:.2f}" if "signature_ms" in r else ""
        print(f"{r['name']:62} p50 {r['dot_to_250_p50_ms']:7.2f} ms  p99 {r['dot_to_250_p99_ms']:7.2f} ms  "
              f"{r['p50_more_than_postfix_ms']:+6.2f} ms beside Postfix{signature}", flush=True)


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--messages", type=int, default=400)
    args.add_argument("--seconds", type=float, default=20)
    args.add_argument("--rounds", type=int, default=3)
    args.add_argument("--out", type=pathlib.Path, default=bench.TOP / "var/bench.json")
    args = args.parse_args()
    (bench.TOP / "build").mkdir(exist_ok=True)
    subprocess.run(["cc", "-O2", "-o", bench.TOP / "build/siege-crowd", bench.TOP / "tests/siege/crowd.c"], check=True)
    with peers.Postfix() as postfix, peers.Postern({"policy.new_per_hour": 0, "profiles.pool": 2}) as relay:
        contenders = [("Postfix in clear", postfix, "sink@relay.example", None)]
        contenders += [(name, relay, relay.alias[key], key) for name, key in (("Postern RSA-2048", "rsa2048"), ("Postern P-256", "p256"))]
        relay.ready()
        one_at_a_time(contenders, 20)
        found = list(rows(contenders, one_at_a_time(contenders, args.messages), at_half(contenders, args.seconds, args.rounds)))
    report(found)
    args.out.parent.mkdir(exist_ok=True)
    others = json.loads(args.out.read_text()) if args.out.exists() else []
    args.out.write_text(json.dumps([r for r in others if not r["name"].startswith("latency")] + found, indent=1) + "\n")


if __name__ == "__main__":
    main()
