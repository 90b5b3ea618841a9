#!/usr/bin/python3
"""tests/siege/sessions.py [--sessions N]: what an idle session costs gate: N in clear after EHLO, N under TLS after the second EHLO.

What is counted is the growth of gate's private memory (PSS; one process has it all) divided by the number of sessions; sockets'
own memory is the kernel's and is given beside it. Clients come from several addresses of 127/8, so that the bound for one
client stands as it is shipped. Exits with 1 past 8 KiB in clear or 24 KiB under TLS, or when a further user's message is not
accepted meanwhile."""

import argparse
import contextlib
import json
import pathlib
import resource
import socket
import ssl
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e"), str(TESTS / "judges")]

import memory  # noqa: E402
import messages  # noqa: E402
import nexthop  # noqa: E402
from run import run  # noqa: E402
from world import World  # noqa: E402

MOST = {"plain": 8 << 10, "tls": 24 << 10}
PER_CLIENT = 100  # as shipped


def source_of(i):
    n = i // (PER_CLIENT - 10) + 2
    return f"127.9.{n >> 8}.{n & 255}"


class Held:
    """One session: a socket that has said EHLO. Under TLS the client's own state is kept small by reading through memory BIOs
    only until the answer is there."""

    def __init__(self, port, i, context):
        self.socket = socket.create_connection(("127.0.0.1", port), 60, (source_of(i), 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = None
        self.until(b"\n")
        self.hello()
        if context:
            self.say(b"STARTTLS\r\n")
            self.until(b"\n")
            self.tls = context.wrap_socket(self.socket, server_hostname="relay.example")
            self.hello()

    def say(self, words):
        (self.tls or self.socket).sendall(words)

    def until(self, end):
        seen = b""
        while end not in seen:
            more = (self.tls or self.socket).recv(4096)
            assert more, f"closed: {seen!r}"
            seen += more
        return seen

    def hello(self):
        self.say(b"EHLO idle.example\r\n")
        self.until(b"\r\n250 ")

    def close(self):
        (self.tls or self.socket).close()


def certificate(folder):
    if not (folder / "crt").exists():
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", folder / "key",
            "-out", folder / "crt", "-days", "30", "-subj", "/CN=relay.example")
    return {"smtp.tls_certificate": folder / "crt", "smtp.tls_key": folder / "key"}


def kernel_tcp():
    text = pathlib.Path("/proc/net/sockstat").read_text()
    words = next(line for line in text.splitlines() if line.startswith("TCP:")).split()
    return int(words[words.index("mem") + 1]) * resource.getpagesize()


def wave(w, gate, count, context):
    """(gate's memory, the kernel's for TCP, whether a message was accepted) while `count` are idle; then they go."""
    with contextlib.ExitStack() as stack:
        for i in range(count):
            stack.callback(Held(w.server.port, i, context).close)
        time.sleep(1)
        seen = memory.pss(gate), kernel_tcp(), w.send(messages.plain(w.alias)).ok
    time.sleep(2)
    return seen


def measure(w, kind, count, context):
    (gate,) = w.server.roles()["gate"]
    wave(w, gate, 20, context)
    before, tcp, began = memory.pss(gate), kernel_tcp(), time.monotonic()
    most, with_tcp, accepted = wave(w, gate, count, context)
    took = time.monotonic() - began
    again, _, accepted_again = wave(w, gate, count, context)  # what grows with each wave is a leak
    assert w.server.roles()["gate"] == [gate], "gate died"
    return {"kind": kind, "sessions": count, "bytes_each": (most - before) // count, "bytes_each_in_a_second_wave": (again - before) // count,
            "kernel_bytes_each_both_ends": (with_tcp - tcp) // count, "seconds": round(took, 1),
            "accepted_meanwhile": accepted and accepted_again, "most": MOST[kind]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=10000, help="of each kind")
    args = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    assert args.sessions + 200 < hard, f"the hard limit of descriptors is {hard}"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sessions-"))
    (folder / "world").mkdir()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    found = []
    with nexthop.NextHop(folder / "maildirs") as hop:
        for kind, ctx in (("plain", None), ("tls", context)):
            settings = {"smtp.sessions": args.sessions + 100, "smtp.sessions_per_client": PER_CLIENT, "server.log_level": "warn",
                        **certificate(folder)}
            (folder / kind).mkdir()
            w = World(hop, folder / kind, settings=settings)
            found.append(measure(w, kind, args.sessions, ctx))
            print(json.dumps(found[-1]), flush=True)
            w.close()
    target = TESTS.parent / "var/scale-sessions.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if all(max(f["bytes_each"], f["bytes_each_in_a_second_wave"]) <= f["most"] and f["accepted_meanwhile"] for f in found) else 1


if __name__ == "__main__":
    sys.exit(main())
