"""memory.py: what lies in the memory of processes: how much of it, and whether it holds a private key.

memory.py GATE PID... samples until its input ends (Watch), in a process of its own: a thread beside two hundred others that send
sees its turn too seldom."""

import contextlib
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import time

from run import run


def pss(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) << 10


def own(pid):
    """Of that what is no file's: how many others share a library's pages with it says nothing of this process."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(n) << 10 for n in re.findall(r"^(?:Pss_Anon|Pss_Shmem|SwapPss):\s+(\d+)", text, re.M))


def open_memfds(pid):
    """(inode, bytes) of each memfd that the process has open."""
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return
    for name in names:
        path = f"/proc/{pid}/fd/{name}"
        try:
            if os.readlink(path).startswith("/memfd:"):
                st = os.stat(path)
                yield st.st_ino, st.st_blocks * 512
        except OSError:
            continue


def maps_of_memfds(pid):
    """(inode, bytes) of each memfd that the process has mapped, whole as Postern maps them, and may have closed."""
    try:
        text = pathlib.Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return
    for begin, end, inode in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ (\d+) +/memfd:", text, re.M):
        yield int(inode), int(end, 16) - int(begin, 16)


def memfds(pids):
    """Bytes in memfds that these processes hold, open or mapped, each file once."""
    found = {}
    for pid in pids:
        found.update(maps_of_memfds(pid))
    for pid in pids:
        found.update(open_memfds(pid))
    return sum(found.values())


@contextlib.contextmanager
def standing(pid):
    """Who writes memfds stands still: files are counted one after the other, and one that ends and one that begins in its room
    meanwhile would count both."""
    os.kill(pid, signal.SIGSTOP)
    try:
        while ") T" not in pathlib.Path(f"/proc/{pid}/stat").read_text():
            time.sleep(0.0005)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Watch:
    """What a server holds of memfds at most, and of memory in all, from now until the end."""

    def __init__(self, server, seconds=0.05):
        pids = [*server.roles()["gate"], *server.pids()]
        self.child = subprocess.Popen([sys.executable, __file__, str(seconds), *map(str, pids)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end(self):
        """(memfds, everything, samples)"""
        return json.loads(self.child.communicate()[0])


def watch(seconds, gate, pids):
    files = everything = samples = 0
    while not select.select([sys.stdin], [], [], seconds)[0]:
        with standing(gate):
            files = max(files, memfds(pids))
        everything = max(everything, total(pids))
        samples += 1
    print(json.dumps([files, everything, samples]))


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
            if any(maps_of_memfds(pid)):  # what follows asks more of the kernel
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


if __name__ == "__main__":
    watch(float(sys.argv[1]), int(sys.argv[2]), [int(a) for a in sys.argv[3:]])
