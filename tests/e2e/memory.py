"""memory.py: what lies in the memory of processes: how much of it, and whether it holds a private key."""

import os
import pathlib
import re

from run import run


def pss(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) << 10


def own(pid):
    """Of that what is no file's: how many others share a library's pages with it says nothing of this process."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(n) << 10 for n in re.findall(r"^(?:Pss_Anon|Pss_Shmem|SwapPss):\s+(\d+)", text, re.M))


def memfds(pids):
    """Bytes in memfds that these processes hold, each once: what PSS does not see while nobody maps it."""
    found = {}
    for pid in pids:
        try:
            names = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        for name in names:
            path = f"/proc/{pid}/fd/{name}"
            try:
                if os.readlink(path).startswith("/memfd:"):
                    st = os.stat(path)
                    found[st.st_ino] = st.st_blocks * 512
            except OSError:
                continue
    return sum(found.values())


def mapped_memfds(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps").read_text()
    return sum(int(n) << 10 for n in re.findall(r"^[0-9a-f]+-\S+ .*/memfd:.*\n(?:.*\n)*?Pss:\s+(\d+)", text, re.M))


def total(pids):
    """All that these processes keep in memory: PSS, and the memfds that are not in it because nobody maps them."""
    alive = [p for p in pids if pathlib.Path(f"/proc/{p}/smaps_rollup").exists()]
    mapped = own = 0
    for pid in alive:
        try:
            own += pss(pid)
            mapped += mapped_memfds(pid)
        except OSError:
            pass
    return own + max(0, memfds(alive) - mapped)


def regions(pid):
    """(bytes) of each private or shared writable mapping."""
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if "w" not in rights or "[v" in line:
                continue
            start, end = (int(x, 16) for x in span.split("-"))
            try:
                mem.seek(start)
                yield mem.read(end - start)
            except (OSError, OverflowError, ValueError):
                continue


def modulus(certificate):
    """(n, bytes in one prime) of an RSA certificate."""
    out = run("openssl", "x509", "-in", certificate, "-noout", "-modulus")[1].decode()
    n = int(out.strip().split("=")[1], 16)
    return n, n.bit_length() // 16


def holds_a_factor(pids, n, size):
    """Does any of these processes hold a prime factor of n, as a number of OpenSSL's (little-endian words) or as in DER
    (big-endian)? A prime of an RSA key has its two highest bits set, and is odd."""
    little = re.compile(rb"(?=[\x01-\xff].{%d}[\xb0-\xff])" % (size - 2), re.S)
    big = re.compile(rb"(?=[\xb0-\xff].{%d}[\x01-\xff])" % (size - 2), re.S)
    for pid in pids:
        for data in regions(pid):
            for m in little.finditer(data):
                at = m.start()
                if data[at] & 1 and at % 8 == 0 and n % int.from_bytes(data[at:at + size], "little") == 0:
                    return True
            for m in big.finditer(data):
                at = m.start()
                if data[at + size - 1] & 1 and n % int.from_bytes(data[at:at + size], "big") == 0:
                    return True
    return False


def holds(pids, what):
    return any(what in data for pid in pids for data in regions(pid))
