"""dns.py: the name server of the tests: UDP and TCP on one port of 127.0.0.1, from a table that a test changes as it goes.

zone[("name", "MX")] is a list of (preference, host), "TXT" of texts, "A" and "AAAA" of addresses, "CNAME" of one name. A name that has
nothing at all does not exist. `trouble[name]` is SERVFAIL, SILENT, GARBAGE or FORGED: answers that lead to `forged`, under
a wrong number or from another port, as who cannot listen would send them, come before the right one. Answers that are too long for UDP are cut
off there, so that they are asked for by TCP."""

import ipaddress
import random
import socket
import struct
import threading

TYPES = {"A": 1, "CNAME": 5, "MX": 15, "TXT": 16, "AAAA": 28}
SERVFAIL, SILENT, GARBAGE, FORGED = "servfail", "silent", "garbage", "forged"
UDP_MAX = 512
TTL = 1


def encoded(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label) + b"\0"


def decoded(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels).lower(), at + 1


def data_of(kind, value):
    if kind == "MX":
        return struct.pack(">H", value[0]) + encoded(value[1])
    if kind == "CNAME":
        return encoded(value)
    if kind == "TXT":
        raw = value if isinstance(value, bytes) else value.encode()
        parts = [raw[i:i + 255] for i in range(0, len(raw), 255)] or [b""]
        return b"".join(bytes([len(p)]) + p for p in parts)
    return ipaddress.ip_address(value).packed


class Dns:
    """Use as a context manager, or call close()."""

    def __init__(self):
        self.zone, self.trouble, self.asked, self.forged, self.forgeries = {}, {}, [], "127.0.0.99", 0
        for _ in range(50):  # one port for both
            self.tcp = socket.create_server(("127.0.0.1", 0))
            self.port = self.tcp.getsockname()[1]
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self.udp.bind(("127.0.0.1", self.port))
                break
            except OSError:
                self.udp.close()
                self.tcp.close()
        self.closed = False
        for work in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=work, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def mx(self, domain, *records):
        self.zone[(domain, "MX")] = list(records)

    def txt(self, name, *texts):
        self.zone[(name, "TXT")] = list(texts)

    def host(self, name, *addresses):
        for kind, version in (("A", 4), ("AAAA", 6)):
            found = [a for a in addresses if ipaddress.ip_address(a).version == version]
            if found:
                self.zone[(name, kind)] = found

    def records(self, name, kind):
        """What the name leads to, over its aliases, as (owner, kind, value)."""
        found = []
        for _ in range(20):
            target = self.zone.get((name, "CNAME"))
            if not target or kind == "CNAME":
                break
            found.append((name, "CNAME", target))
            name = target
        values = self.zone.get((name, kind), [])
        found += [(name, kind, v) for v in random.sample(values, len(values))]
        return found, any(owner == name for owner, _ in self.zone)

    def answer(self, query, limit):
        name, at = decoded(query, 12)
        kind = {v: k for k, v in TYPES.items()}.get(struct.unpack(">H", query[at:at + 2])[0], "")
        self.asked.append((name, kind))
        trouble = self.trouble.get(name)
        if trouble == SILENT:
            return None
        if trouble == GARBAGE:
            return query[:2] + random.randbytes(40)
        records, exists = self.records(name, kind)
        code = 2 if trouble == SERVFAIL else 0 if exists else 3
        if code:
            records = []
        body = b""
        for owner, of, value in records:
            data = data_of(of, value)
            body += encoded(owner) + struct.pack(">HHIH", TYPES[of], 1, TTL, len(data)) + data
        flags, count = 0x8180 | code, len(records)
        if limit and 12 + len(query[12:at + 4]) + len(body) > limit:
            flags, count, body = flags | 0x0200, 0, b""
        return query[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + query[12:at + 4] + body

    def forge(self, query, who):
        name, at = decoded(query, 12)
        if self.trouble.get(name) != FORGED or query[at:at + 2] != b"\0\1":
            return

        def answer(number, question):
            data = data_of("A", self.forged)
            return (number + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + question + query[at:at + 4] + question
                    + struct.pack(">HHIH", 1, 1, 3600, len(data)) + data)
        wrong = bytes([query[0] ^ 1, query[1]])
        self.udp.sendto(answer(wrong, query[12:at]), who)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            other.sendto(answer(query[:2], query[12:at]), who)
        self.forgeries += 1

    def serve_udp(self):
        while not self.closed:
            try:
                query, who = self.udp.recvfrom(4096)
                self.forge(query, who)
                said = self.answer(query, UDP_MAX)
                if said:
                    self.udp.sendto(said, who)
            except OSError:
                return

    def serve_tcp(self):
        while not self.closed:
            try:
                peer, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        with peer, peer.makefile("rb") as lines:
            while len(head := lines.read(2)) == 2:
                said = self.answer(lines.read(struct.unpack(">H", head)[0]), 0)
                if said:
                    peer.sendall(struct.pack(">H", len(said)) + said)

    def close(self):
        self.closed = True
        self.tcp.close()
        self.udp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
