"""postern.py: the real server with all its processes, in a folder of its own, and the command line towards it."""

import json
import os
import pathlib
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import judge
from run import Failed, run

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
WORKER = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)  # of those that run files side by side
UID_BASE = 61400 + 16 * WORKER
PORTS = range(10000 + 2500 * (WORKER % 8), 10000 + 2500 * (WORKER % 8 + 1))
given = set()
ROLES = ("core", "gate", "scribe", "opener", "vault", "keygen")


def binary():
    """POSTERN_BUILD says which build is tested: a folder, or a name under build/."""
    build = pathlib.Path(os.environ.get("POSTERN_BUILD") or "test")
    folder = build if build.is_absolute() else TOP / "build" / build
    return folder / "postern"


def free_port():
    """Of this worker's own range, none twice, and below those that the kernel gives to whoever connects: nobody takes it
    between now and the server's start."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in given:
            given.add(port)
            return port


def new_folder():
    """A folder that the roles' own users can reach, which pytest's is not when root runs it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-"))
    folder.chmod(0o755)
    return folder


class Postern:
    """settings: {"section.key": value} of the operator's file, over what `init` wrote."""

    def __init__(self, hop_port, domain="relay.example", settings=None, env=None, folder=None, init=True):
        self.folder = pathlib.Path(folder or new_folder())
        self.conf, self.port, self.process = self.folder / "postern.conf", free_port(), None
        self.env, self.logs = dict(env or {}), []
        self.domain = domain
        if init:
            self.init_output = self.command("init", "--domain", domain, "--listen", f"127.0.0.1:{self.port}", "--smarthost",
                                            f"127.0.0.1:{hop_port}", self.folder, config=False)
        self.set({"smtp.listen": f"127.0.0.1:{self.port}", "routes.default": f"127.0.0.1:{hop_port}",
                  "server.uid_base": UID_BASE if os.geteuid() == 0 else 0, "server.scribes": 2, **(settings or {})})

    # The operator's file.

    def set(self, settings):
        for key, value in settings.items():
            self.set_one(*(key.rsplit if key.startswith("route ") else key.split)(".", 1), str(value))

    def set_one(self, section, key, value):
        lines = self.conf.read_text().splitlines()
        if f"[{section}]" not in lines:
            lines.append(f"[{section}]")
        start = lines.index(f"[{section}]")
        end = next((i for i in range(start + 1, len(lines)) if lines[i].startswith("[")), len(lines))
        at = next((i for i in range(start, end) if re.match(rf"[#;]?\s*{re.escape(key)}\s*=", lines[i])), None)
        if at is None:
            lines.insert(start + 1, f"{key} = {value}")
        else:
            lines[at] = f"{key} = {value}"
        self.conf.write_text("\n".join(lines) + "\n")

    # The process.

    def start(self, wrapper=(), seconds=30, wait=True):
        log = self.folder / f"serve-{len(self.logs)}.log"
        self.logs.append(log)
        with open(log, "wb") as out:
            self.process = subprocess.Popen([*map(str, wrapper), str(binary()), "-c", str(self.conf), "serve"], stdout=out,
                                            stderr=out, stdin=subprocess.DEVNULL, env={**os.environ, **self.env})
        if wait:
            self.wait_ready(seconds)
        return self

    def wait_ready(self, seconds=30):
        end = time.monotonic() + seconds
        while True:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log[-3000:]}")
            said = self.logs[-1].read_text(errors="replace")
            if "ev=serving" in said and (self.is_silent() or "ev=store-open" in said) and self.answers():
                return
            assert time.monotonic() < end, f"not ready after {seconds} s:\n{self.log[-3000:]}"
            time.sleep(0.02)

    def is_silent(self):
        """core does not say when it has opened its store, until when all mail is answered 451."""
        return bool(re.search(r"(?m)^log_level = (warn|error)$", self.conf.read_text()))

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                return s.recv(3) == b"220"
        except OSError:
            return False

    def stop(self, seconds=15):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"did not stop in {seconds} s:\n{self.log[-2000:]}") from None
        self.process = None

    def kill(self):
        """SIGKILL to the parent and to each role: as a power cut, but for what the kernel has not written yet."""
        pids = [p for group in self.roles().values() for p in group]
        if self.process:
            if self.parent_pid() != self.process.pid:  # strace goes, and what it stood before would start them again
                pids.insert(0, self.parent_pid())
            self.process.kill()
            self.process.wait()
            self.process = None
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        while any(alive(pid) for pid in pids):  # the kernel takes their sockets away as they go
            time.sleep(0.01)

    def restart(self):
        self.stop()
        return self.start()

    def parent_pid(self):
        """The server's own, also where strace stands before it."""
        pid = self.process.pid
        if pathlib.Path(f"/proc/{pid}/exe").resolve().name == "strace":
            return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        return pid

    def roles(self):
        """{role: [pid...]} of the living."""
        found = {}
        try:
            parent = self.parent_pid()
            children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        except (OSError, AttributeError):  # it has ended, or was not started
            return found
        for pid in children:
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if len(words) > 2 and words[1] == b"role":
                found.setdefault(words[2].decode(), []).append(int(pid))
        return found

    def pids(self):
        return [self.parent_pid(), *(p for pids in self.roles().values() for p in pids)]

    @property
    def log(self):
        return "".join(p.read_text(errors="replace") for p in self.logs)

    def wait_log(self, pattern, seconds=20):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.log):
            assert time.monotonic() < end, f"the log never said {pattern!r}:\n{self.log[-2000:]}"
            time.sleep(0.05)

    def close(self):
        """Stops, and asks the log for what no test should overlook."""
        if self.process:
            self.stop()
        bad = re.findall(r".*(?:AddressSanitizer|runtime error|LeakSanitizer|Assertion|lvl=error).*", self.log)
        keep = os.environ.get("POSTERN_KEEP")
        if not bad and not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        assert not bad, "\n".join(bad[:20])

    # The command line.

    def command(self, *words, config=True, check=True, data=None, seconds=60):
        """(status, stdout, stderr) of `postern WORDS`."""
        options = ["-c", self.conf] if config else []
        return run(binary(), *options, *words, data=data, check=check, seconds=seconds, env=self.env)

    def cli(self, *words, **options):
        """The JSON answer of a request: options become --name value; a list repeats the option."""
        flags = []
        for name, value in options.items():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                flag = "--" + name.replace("_", "-")
                flags += [flag] if one is True else [flag, str(one)]
        out = self.command(*words, *flags, "--json")[1]
        return json.loads(out) if out.strip() else None

    def refuses(self, *words, **options):
        """What the command line says when it refuses."""
        try:
            answer = self.cli(*words, **options)
        except Failed as e:
            return str(e)
        raise AssertionError(f"not refused: {words}: {answer}")

    # What the tests need of it again and again.

    def user(self, name):
        self.cli("user", "add", name)
        return name

    def mailbox(self, user, address, **options):
        self.cli("mailbox", "add", user, address, **options)
        return address

    def alias(self, user, address=None, **options):
        words = [user, address] if address else [user]
        answer = self.cli("alias", "add", *words, **options)
        return first(answer)["address"]

    def issue(self, mailbox, modern=False, sender_key="p256", activate=True, **options):
        """`profile issue`: what the user then has, ready for the judges."""
        folder = self.folder / f"keys-{mailbox}-{secrets.token_hex(3)}"
        folder.mkdir()
        password = "correct horse battery"
        (folder / "passphrase.txt").write_text(password + "\n")
        options.update({"no_activate": True} if not activate else {})
        self.cli("profile", "issue", mailbox, cipher="modern" if modern else "compatible", sender_key=sender_key, out=folder,
                 passphrase_file=folder / "passphrase.txt", **options)
        return keys_of(folder, mailbox, password, "ec" if modern else "rsa")

    def stat(self):
        return first(self.cli("stat"))

    def queue(self):
        return self.cli("queue", "list")

    def wait_queue(self, size, seconds=20):
        end = time.monotonic() + seconds
        while len(self.queue()) != size:
            assert time.monotonic() < end, f"the queue holds {self.queue()}, not {size}"
            time.sleep(0.1)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def first(answer):
    return answer[0] if isinstance(answer, list) else answer


def keys_of(folder, mailbox, password, kind):
    """PEM files out of the PKCS#12 that `profile issue` wrote, by openssl alone; in pem/, with the file itself."""
    pem = folder / "pem"
    pem.mkdir()
    legacy = folder / "user-legacy.p12"
    text = run("openssl", "pkcs12", "-in", folder / "user.p12", "-passin", f"pass:{password}", "-noenc")[1].decode()
    found = {"user.key": "", "user.crt": "", "chain.pem": ""}
    for attributes, block, what in re.findall(r"([^\0]*?)(-----BEGIN ([A-Z ]+)-----.*?-----END \3-----\n)", text, re.S):
        found["user.key" if "KEY" in what else "user.crt" if "localKeyID" in attributes else "chain.pem"] += block
    for name, blocks in found.items():
        (pem / name).write_text(blocks)
    for block in re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", found["chain.pem"], re.S):
        subject, issuer = judge.about(block.encode(), "-subject", "-issuer").splitlines()
        own = subject.split("=", 1)[1] == issuer.split("=", 1)[1]
        (pem / ("root.crt" if own else "int.crt")).write_text(block)
    shutil.copy(legacy if legacy.exists() else folder / "user.p12", pem / "user.p12")
    return judge.Keys(pem, mailbox, kind, "user.p12", password)
