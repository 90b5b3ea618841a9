"""The Debian package: built from the tree, installed over a copy of this machine's file system, used, upgraded, removed. Only
that copy is changed: an overlay in a mount namespace of its own."""

import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

import messages
import postern
import smtp
from run import run

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
ROLES = ["core", "gate", "scribe", "vault", "keygen", "web", "opener"]


class Machine:
    """A throw-away machine: this one's files, and whatever is done to them is gone at the end."""

    def __init__(self):
        self.folder = postern.new_folder()
        self.root = self.folder / "root"
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-ec",
             f"mount -t tmpfs tmpfs {self.folder}; mkdir {self.folder}/upper {self.folder}/work {self.root}; "
             f"mount -t overlay overlay -o lowerdir=/,upperdir={self.folder}/upper,workdir={self.folder}/work {self.root}; "
             f"mount --rbind /proc {self.root}/proc; mount --rbind /dev {self.root}/dev; "
             f"printf '#!/bin/sh\\nexit 101\\n' > {self.root}/usr/sbin/policy-rc.d; chmod 755 {self.root}/usr/sbin/policy-rc.d; "
             "echo ready; exec sleep 3600"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"

    def inside(self, *argv):
        return ["nsenter", "-t", str(self.process.pid), "-m", "chroot", str(self.root), *map(str, argv)]

    def run(self, *argv, **options):
        return run(*self.inside(*argv), **options)[1].decode()

    def put(self, path, data):
        run(*self.inside("sh", "-c", 'cat > "$1"', "sh", path), data=data)

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def package():
    run(TOP / "tools/deb", seconds=600)
    (deb,) = (TOP / "build/package").glob("postern_*.deb")
    return deb


@pytest.fixture(scope="module")
def machine(package):
    m = Machine()
    yield m
    m.close()


class Manager:
    """The service manager's end of sd_notify(3)."""

    def __init__(self):
        self.name = f"postern-test-{os.getpid()}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name)
        self.socket.settimeout(60)

    def hears(self):
        return self.socket.recv(4096).decode()


@pytest.fixture(scope="module")
def service(machine, hop, package):
    """Installed, set up by `postern init`, running as the unit's ExecStart would."""
    port = postern.free_port()
    machine.put("/tmp/postern.deb", package.read_bytes())
    machine.run("dpkg", "--no-triggers", "--install", "/tmp/postern.deb")
    machine.run("postern", "init", "--domain", "relay.example", "--listen", f"127.0.0.1:{port}", "--smarthost",
                f"127.0.0.1:{hop.port}", "--state-dir", "/var/lib/postern", "/etc/postern")
    manager = Manager()
    with open(machine.folder.parent / f"{machine.folder.name}.log", "wb") as log:
        process = subprocess.Popen(machine.inside("postern", "-c", "/etc/postern/postern.conf", "serve"), stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL, env={**os.environ, "NOTIFY_SOCKET": f"@{manager.name}"})
    try:
        assert manager.hears() == "READY=1"
        cli = lambda *words: json.loads(machine.run("postern", *words, "--json"))  # noqa: E731
        cli("user", "add", "alice")
        cli("mailbox", "add", "alice", "alice@mailbox.example")
        machine.put("/tmp/passphrase", b"correct horse\n")
        machine.run("postern", "profile", "issue", "alice@mailbox.example", "--out", "/tmp/keys", "--passphrase-file",
                    "/tmp/passphrase")
        cli("alias", "add", "alice", "shop@relay.example")
        yield process, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        assert manager.hears() == "STOPPING=1"
        (machine.folder.parent / f"{machine.folder.name}.log").unlink()


def relayed(hop, port):
    since = len(hop.messages)
    mail = messages.plain("shop@relay.example")
    assert smtp.send(port, mail.sender, "shop@relay.example", mail.raw).ok
    (m,) = hop.wait(1, seconds=60, rcpt="alice@mailbox.example", since=since)
    assert b"application/pkcs7-mime" in m.raw and mail.raw.splitlines()[-1] not in m.raw


def test_the_package_is_what_debian_expects(package):
    said = run("lintian", "--allow-root", "--fail-on", "none", package)[1].decode()
    assert not re.findall(r"^[EW]: .*", said, re.M), said


def test_removal_stops_the_service_and_an_upgrade_restarts_it(package, tmp_path):
    """The unit's condition keeps a server that was never set up from starting; what runs must not outlive its package."""
    run("dpkg-deb", "--control", package, tmp_path)
    assert "deb-systemd-invoke stop 'postern.service'" in (tmp_path / "prerm").read_text()
    assert re.search(r"_dh_action=restart\b[\s\S]*deb-systemd-invoke \$_dh_action 'postern.service'",
                     (tmp_path / "postinst").read_text())


def test_the_unit_is_understood(package):
    unit = TOP / "build/package/postern/debian/postern/lib/systemd/system/postern.service"
    said = run("systemd-analyze", "verify", "--man=no", unit, check=False)[2]
    assert not [line for line in said.splitlines() if "is not executable" not in line], said
    said = run("systemd-analyze", "security", "--offline=true", "--threshold=40", "--no-pager", unit, check=False)[1].decode()
    level = re.search(r"exposure level for postern.service: ([\d.]+)", said)
    assert level and float(level[1]) <= 4.0, said


@pytest.mark.parametrize("page", ["postern.1", "postern.conf.5", "postern-log.7"])
def test_manual_pages_are_quiet(package, page):
    _, text, said = run("man", "--warnings", "--local-file", TOP / "build/package/postern/build/deb/doc/man" / page,
                        env={"MANWIDTH": "100"})
    assert said == "" and text.count(b"\n") > 20


def test_every_command_and_key_has_its_place_in_the_manual(package, tmp_path):
    binary = TOP / "build/package/postern/debian/postern/usr/bin/postern"
    page = lambda name: run("man", "--local-file", TOP / "build/package/postern/build/deb/doc/man" / name,  # noqa: E731
                            env={"MANWIDTH": "300", "MAN_KEEP_FORMATTING": ""})[1].decode()
    manual, groups = page("postern.1"), run(binary, "--help")[1].decode()
    commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +\S", groups, re.M)
    assert len(commands) > 20
    for words in commands:
        assert f"postern {words}" in manual
        for option in re.findall(r"^  (--[a-z-]+)", run(binary, *words.split(), "--help")[1].decode(), re.M):
            assert option in manual, f"{words} {option}"
    run(binary, "init", "--domain", "relay.example", tmp_path)
    keys = re.findall(r"^#?([a-z_]+) =", (tmp_path / "postern.conf").read_text(), re.M)
    manual = page("postern.conf.5")
    assert len(keys) > 20 and all(key in manual for key in keys)


def test_installed_it_has_its_users_and_directories(machine, service):
    for at, role in enumerate(ROLES):
        assert machine.run("id", "-u", f"postern-{role}").strip() == str(70401 + at)
    assert machine.run("stat", "-c", "%a %U", "/etc/postern", "/etc/postern/master.key").split("\n")[:2] == ["750 root", "400 root"]
    assert machine.run("stat", "-c", "%a %U", "/var/lib/postern").strip() == "700 postern-core"


def test_a_message_goes_through(machine, service, hop):
    process, port = service
    relayed(hop, port)
    children = run("pgrep", "--parent", str(process.pid))[1].split()
    owners = {pathlib.Path(f"/proc/{int(pid)}").stat().st_uid for pid in children}
    assert owners == {*range(70401, 70406), 70407}, "each role has its own user; web is not switched on"
    assert all(uid not in {p.pw_uid for p in pwd.getpwall()} for uid in owners), "this machine itself has none of them"


def test_an_upgrade_does_not_stop_it(machine, service, hop):
    machine.run("dpkg", "--no-triggers", "--install", "/tmp/postern.deb")
    assert service[0].poll() is None
    relayed(hop, service[1])


def test_removed_and_purged_it_keeps_the_keys(machine, service):
    machine.run("dpkg", "--no-triggers", "--remove", "postern")
    assert machine.run("ls", "/etc/postern").split() == ["master.key", "postern.conf"]
    said = machine.run("dpkg", "--no-triggers", "--purge", "postern")
    assert "kept: /etc/postern/master.key and /var/lib/postern" in said
    assert machine.run("ls", "/etc/postern").split() == ["master.key"]
    assert "postern.db" in machine.run("ls", "/var/lib/postern").split()
    end = time.monotonic() + 5
    while service[0].poll() is not None and time.monotonic() < end:
        time.sleep(0.1)
    assert service[0].poll() is None, "what runs is its own image, whatever happens to the file"
