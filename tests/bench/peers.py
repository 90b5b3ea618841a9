"""peers.py: the two relays that the benchmark compares, each with its own next hop port and the CPU time of all its processes."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

import postern

TICK = os.sysconf("SC_CLK_TCK")


def wait_port(port, seconds=20):
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            return
        except OSError:
            assert time.monotonic() < end, f"nothing listens at {port}"
            time.sleep(0.02)


def stat(pid):
    """Parent, and the CPU seconds of a process and of its children that it has waited for."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0.0
    return int(fields[1]), sum(map(int, fields[11:15])) / TICK


def tree_cpu(root):
    """CPU seconds of a process and all below it, the dead included once their parent has waited for them."""
    parents, cpu = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            parents[int(entry)], cpu[int(entry)] = stat(entry)
    wanted, grew = {root}, True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in wanted} - wanted
        wanted |= more
        grew = bool(more)
    return sum(cpu.get(pid, 0.0) for pid in wanted)


def keys_are_made(server, seconds, enough):
    """Waits until keygen has nothing to do, and enough are ready."""
    (keygen,) = server.roles()["keygen"]
    end, before = time.monotonic() + seconds, -1
    while before != (now := stat(keygen)[1]) or not enough():
        assert time.monotonic() < end, "keys are still being made"
        before = now
        time.sleep(1)


class Sink:
    """Postfix's smtp-sink, and how many messages it has had. It stays when it has them all: the option to end there (-M) ends it
    before the last ones are answered, and they come again in somebody else's run."""

    def __init__(self, port):
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.says = tempfile.TemporaryFile()
        self.process = subprocess.Popen(["/usr/sbin/smtp-sink", *user, "-c", f"127.0.0.1:{port}", "1024"], stdout=self.says,
                                        stderr=subprocess.STDOUT)
        wait_port(port)

    def had(self):
        size = os.fstat(self.says.fileno()).st_size
        found = re.findall(rb"mesg=\s*(\d+)\r", os.pread(self.says.fileno(), 400, max(size - 400, 0)))
        return int(found[-1]) if found else 0

    def wait(self, count, seconds=300):
        end = time.monotonic() + seconds
        while self.had() < count:
            assert time.monotonic() < end, f"{self.had()} of {count} messages have come"
            time.sleep(0.002)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.says.close()


class Postern:
    """Two users, whose pools have nothing in common: what comes to alias["rsa2048"] is signed with RSA-2048, alias["p256"] with
    P-256."""

    def __init__(self, settings):
        sink_port = postern.free_port()
        self.sink = Sink(sink_port)
        self.server = postern.Postern(sink_port, settings={
            "smtp.sessions_per_client": 1000, "server.scribes": 0,
            **settings})
        self.alias, self.boxes, self.pool = {}, [], int(settings["profiles.pool"])

    def __enter__(self):
        s = self.server.start()
        for key in ("rsa2048", "p256"):
            user = s.user(key)
            box = s.mailbox(user, f"{key}@mailbox.example")
            self.boxes.append(box)
            s.issue(box, sender_key=key)
            self.alias[key] = s.alias(user, f"{key}@relay.example", mailbox=[box])
        return self

    def __exit__(self, *_):
        self.server.close()
        self.sink.close()

    @property
    def port(self):
        return self.server.port

    def ready(self, seconds=1200):
        """Waits until the pools are full and no more keys are made ahead: that is done at night, so to say, and by nobody's
        message."""
        keys_are_made(self.server, seconds, lambda: all(self.ready_of(box) >= self.pool for box in self.boxes))

    def ready_of(self, box):
        return postern.first(self.server.cli("profile", "list", box))["pool"]

    def cpu(self):
        """CPU seconds of each role."""
        seconds = {role: sum(stat(pid)[1] for pid in pids) for role, pids in self.server.roles().items()}
        return {**seconds, "parent": stat(self.server.process.pid)[1]}


MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
myhostname = mx.postfix.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
relay_domains = relay.example
relay_transport = relay:[127.0.0.1]:{sink}
smtpd_relay_restrictions = permit_mynetworks, reject
biff = no
alias_maps =
alias_database =
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
"""
MASTER = """127.0.0.1:{port} inet n - n - 500 smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """A private instance with Debian's defaults: its queue is durable, its mail in clear."""

    def __init__(self):
        self.folder, self.port, self.sink_port = postern.new_folder(), postern.free_port(), postern.free_port()
        self.sink = Sink(self.sink_port)

    def command(self, what, check=True):
        subprocess.run(["/usr/sbin/postfix", "-c", str(self.folder / "etc"), what], check=check, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        for name in ("etc", "queue", "data"):
            (self.folder / name).mkdir()
        (self.folder / "etc/main.cf").write_text(MAIN.format(folder=self.folder, sink=self.sink_port))
        (self.folder / "etc/master.cf").write_text(MASTER.format(port=self.port))
        shutil.chown(self.folder / "data", "postfix")
        self.command("start")
        wait_port(self.port)
        self.master = int((self.folder / "queue/pid/master.pid").read_text())
        return self

    def __exit__(self, *_):
        self.command("stop", check=False)
        self.sink.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ready(self):
        """Nothing is made ahead."""

    def cpu(self):
        return {"all": tree_cpu(self.master)}
