#!/usr/bin/python3
"""tests/siege/big.py [--messages 200] [--mib 50]: more large messages at once than the budget for messages in flight holds.

Each has a sender of its own, who comes again after 4xx until it hears 250. Wanted: what the roles
hold in memfds never past the budget; who finds no room hears 452; all arrive; the memory of all roles stays under the
budget, and so much again as one message needs while it is sealed. Figures to var/siege-big.json; exits with 1 when one of these
does not hold."""

import argparse
import collections
import hashlib
import json
import pathlib
import random
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), *(str(TESTS / d) for d in ("e2e", "judges", "bench", "siege"))]

import memory  # noqa: E402
import messages  # noqa: E402
import postern  # noqa: E402
import nexthop  # noqa: E402
import peers  # noqa: E402
import smtp  # noqa: E402
from overload import drain  # noqa: E402
from world import World  # noqa: E402

BESIDE = 150 << 20  # what is asked of one message alone (doc/performance.md), beside the budget


def once(w, number, head, rest):
    """The reply that decides. `rest` is everybody's: two hundred copies of it would be this program's own memory test."""
    with smtp.Smtp(w.server.port) as client:
        for words in (f"MAIL FROM:<big{number}@film.example> SIZE={len(head) + len(rest)}", f"RCPT TO:<{w.alias}>", "DATA"):
            answer = client.cmd(words)
            if answer.code >= 400:
                return answer
        client.raw(head)
        client.raw(rest)
        return client.reply()


def insist(w, number, head, rest, codes, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            answer = once(w, number, head, rest)
            codes[f"{answer.code} {answer.enhanced}"] += 1
            if answer.code == 250:
                return True
        except (OSError, EOFError):
            codes["lost"] += 1
        time.sleep(random.uniform(0.2, 3))
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--mib", type=int, default=50)
    parser.add_argument("--budget", type=int, default=256, help="MiB; 256 as shipped")
    parser.add_argument("--seconds", type=float, default=1800)
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="big-"))
    folder.chmod(0o755)
    with nexthop.NextHop(folder / "good") as good:
        port = postern.free_port()
        sink, codes = peers.Sink(port), collections.Counter()
        w = World(good, folder, settings={"server.log_level": "warn", "smtp.memory_bytes": args.budget << 20, "smtp.message_bytes": args.mib << 20, "smtp.sessions_per_client": 1000,
                                          "routes.default": f"127.0.0.1:{port}",
                                          # what stands behind twenty large messages for ten seconds is given back to the queue
                                          "delivery.retry": "5s, 30s"})
        with smtp.Smtp(w.server.port) as client:
            limit = int(client.extensions["SIZE"][0])
        raw = messages.large(w.alias, min(args.mib << 20, limit) - 2000).raw
        at = raw.index(b"\r\n\r\n")
        rest = smtp.stuffed(raw[at:])
        watch, calm, began, taken = memory.Watch(w.server), w.server.pids(), time.monotonic(), []

        def one(i):  # another message each time: a copy would be known and answered at once
            head = raw[:at].replace(b"Message-ID: <", b"Message-ID: <%d." % i, 1)
            head += b"\r\nX-Number: " + hashlib.sha256(str(i).encode()).hexdigest().encode()
            taken.append(insist(w, i, head, rest, codes, args.seconds))
        threads = [threading.Thread(target=one, args=(i,)) for i in range(args.messages)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        accepted = time.monotonic()
        drain(w, args.seconds)
        time.sleep(3)
        files, everything, _ = watch.end()
        found = {"messages": args.messages, "bytes_each": len(raw), "budget_bytes": args.budget << 20, "accepted": sum(taken), "delivered": sink.had(),
                 "answers": dict(codes), "memfds_most": files, "all_roles_most": everything, "seconds_accepted": round(accepted - began),
                 "seconds": round(time.monotonic() - began),
                 "roles_died": w.server.pids() != calm}
        sink.close()
        w.server.stop(seconds=60)
        w.server.logs.clear()
        w.close()
    found["held"] = (found["accepted"] == args.messages and found["delivered"] >= args.messages and not found["roles_died"]
                     and found["memfds_most"] <= found["budget_bytes"] and found["all_roles_most"] <= found["budget_bytes"] + BESIDE)
    print(json.dumps(found, indent=1), flush=True)
    target = TESTS.parent / "var/siege-big.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if found["held"] else 1


if __name__ == "__main__":
    sys.exit(main())
