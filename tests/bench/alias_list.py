#!/usr/bin/python3
"""tests/bench/alias_list.py [--aliases N] [--seconds S]: how fast lists of aliases are answered, by the web role and a core that
holds N of them for one user. Each line: the request, requests a second, the 50th and 99th percentile of one in ms, the processor
time of core and of web for one. Keeps nothing."""

import argparse
import http.client
import os
import pathlib
import statistics
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e"), str(TESTS / "judges")]

import browser  # noqa: E402
import nexthop  # noqa: E402
from browser import PASSWORD  # noqa: E402

QUESTIONS = [
    ("newest 100", "GET", "/v1/aliases?limit=100", None),
    ("by last use, 100", "GET", "/v1/aliases?limit=100&sort=-last_used", None),
    ("page in the middle", "GET", "/v1/aliases?limit=100&offset=5000", None),
    ("by address, 100", "GET", "/v1/aliases?limit=100&sort=address", None),
    ("search", "GET", "/v1/aliases?limit=100&query=note+77", None),
    ("one alias", "GET", "/v1/aliases/lot5000%40relay.example", None),
    ("export, CSV", "GET", "/v1/aliases/export", None),
    ("SimpleLogin, page 0", "GET", "/api/v2/aliases?page_id=0", None),
    ("SimpleLogin, page 250", "GET", "/api/v2/aliases?page_id=250", None),
    ("SimpleLogin, search", "POST", "/api/v2/aliases?page_id=0", b'{"query":"note 77"}'),
    ("addy.io, 100", "GET", "/api/v1/aliases?page[size]=100", None),
    ("addy.io, search", "GET", "/api/v1/aliases?filter[search]=note+77", None),
]
TICK = os.sysconf("SC_CLK_TCK")


def spent(pids):
    """Processor seconds."""
    total = 0
    for pid in pids:
        words = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(words[11]) + int(words[12])
    return total / TICK


def ask(port, key, method, path, body, n):
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    # what one client may ask in a second is not the question
    headers = {"Authorization": f"Bearer {key}", "X-Forwarded-For": f"198.18.{n // 200 % 250}.{n % 200 + 1}", "Content-Type": "application/json"}
    conn.request(method, path, body, headers)
    answer = conn.getresponse()
    data = answer.read()
    conn.close()
    assert answer.status == 200, (path, answer.status, data[:200])
    return len(data)


def measure(server, key, name, method, path, body, seconds):
    roles = server.roles()
    ask(server.web, key, method, path, body, 0)
    before = {r: spent(roles[r]) for r in ("core", "web")}
    times, begun, size = [], time.perf_counter(), 0
    while time.perf_counter() - begun < seconds or len(times) < 20:
        at = time.perf_counter()
        size = ask(server.web, key, method, path, body, len(times))
        times.append(time.perf_counter() - at)
    cost = {r: (spent(roles[r]) - before[r]) / len(times) * 1000 for r in before}
    took = time.perf_counter() - begun
    cut = statistics.quantiles(times, n=100)
    print(f"{name:24} {len(times) / took:8.1f}/s  p50 {cut[49] * 1000:7.2f}  p99 {cut[98] * 1000:7.2f}  "
          f"core {cost['core']:7.2f}  web {cost['web']:6.2f}  {size:8} bytes", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--aliases", type=int, default=10000)
    p.add_argument("--seconds", type=float, default=4)
    o = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(nexthop.NextHop(pathlib.Path(folder)), o)


def run(hop, o):
    server = browser.serve(hop).start()
    try:
        b = browser.account(server, "lot")
        browser.verify(b, hop, "lot@mailbox.example", clear="on")
        key = b.good("POST", "/v1/keys", {"name": "bench", "scopes": ["aliases"], "password": PASSWORD})["key"]
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write("address,state,label\n" + "".join(f"lot{n}@relay.example,on,note {n}\n" for n in range(o.aliases)))
            file.flush()
            at = time.perf_counter()
            print(server.command("alias", "import", "lot", file.name, seconds=600)[1].decode().strip())
            print(f"import: {o.aliases / (time.perf_counter() - at):.0f} rows/s; ms of one request:")
        for q in QUESTIONS:
            measure(server, key, *q, o.seconds)
    finally:
        server.close()
        hop.close()


if __name__ == "__main__":
    main()
