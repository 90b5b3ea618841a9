"""The power goes: what a command line or a 250 has said is on the disk, at a sample of the places that tests/siege/power.py tries
all of. First, that the disk which the siege makes up forgets what a disk may forget; last, that the siege notices one that lies."""

import contextlib
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "siege"))

import disk  # noqa: E402
import postern  # noqa: E402
import power  # noqa: E402
import roads  # noqa: E402

MOST = 16


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    with contextlib.closing(power.Watched(tmp_path_factory.mktemp("watched"))) as w:
        w.live()
        yield w


def test_promise_2_what_was_told_outlives_the_power(watched):
    siege = power.Siege(watched, 2)
    siege.besiege(1, MOST, 1, enough=1)
    assert siege.found == []
    assert siege.tried["torn"] > MOST // 2 and siege.tried["synced"] >= 5 and siege.held == sum(siege.tried.values())


@pytest.mark.parametrize("lies", ["bodies", "names of the state", "the key"])
def test_a_disk_that_does_not_do_what_it_says_is_noticed(watched, monkeypatch, lies):
    """Some syncs are struck from the journal: then what they were for is lost, and this is seen."""
    names = {r.ino: r.data[:-1].decode() for r in watched.records if r.op in (disk.OPENED, disk.MADE_DIR)}
    holder = {names[r.ino]: r.dir for r in watched.records if r.ino in names and r.dir}
    struck = {"bodies": lambda r: names.get(r.ino, "").startswith("0000"), "names of the state": lambda r: r.ino == holder["bodies"],
              "the key": lambda r: r.ino == holder["master.key"]}[lies]
    monkeypatch.setattr(watched, "records", [r for r in watched.records if r.op != disk.SYNCED or not struck(r)])
    monkeypatch.setattr(roads, "PATIENCE", 5)
    told = next(at for at, what in watched.promises if what is watched.items[-1])
    length, when, d, draw = next(p for p in power.places(watched, 0, 0) if p[0] >= told)
    siege = power.Siege(watched, 1)
    siege.lay(0, length, when, d, draw)
    siege.pool.shutdown()
    assert siege.found and siege.held == 0


WRITER = """
import os, sys
os.chdir(sys.argv[1])
def new(name, data, *sync):
    fd = os.open(name, os.O_CREAT | os.O_WRONLY, 0o600)
    os.pwrite(fd, data, 0)
    if sync: os.fsync(fd)
    return fd
def sync_names():
    fd = os.open(".", os.O_RDONLY)
    os.fsync(fd)
new("kept", b"k" * 2000, True); new("nameless", b"n", True)
os.rename("nameless", "named")
sync_names()
fd = new("kept", b"x" * 1000); os.ftruncate(fd, 1500)
new("later", b"l", True)
new("empty", b"e"); sync_names()
os.rename("named", "renamed"); os.unlink("kept")
"""


@pytest.fixture(scope="module")
def written():
    """A folder that a small program wrote under the layer, and a disk that saw all of it."""
    folder, around = postern.new_folder(), postern.new_folder()
    (around / "journal").touch()
    d = disk.Disk(folder)
    env = {**os.environ, "LD_PRELOAD": str(power.layer_in(around)), "POSTERN_POWER": str(around / "journal")}
    subprocess.run([sys.executable, "-c", WRITER, folder], env=env, check=True)
    for record in disk.records((around / "journal").read_bytes()):
        d.apply(record)
    return folder, d


def laid(d, folder, draw):
    d.write(folder, draw)
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_a_disk_keeps_what_was_synced_and_no_more(written, tmp_path):
    assert laid(written[1], tmp_path, lambda: False) == {"kept": b"k" * 2000, "named": b"n", "later": b"l", "empty": b""}


def test_a_disk_may_keep_all(written, tmp_path):
    folder, d = written
    assert laid(d, tmp_path, lambda: True) == {p.name: p.read_bytes() for p in folder.iterdir()}


def test_a_write_may_be_torn_and_a_rename_not(written, tmp_path):
    """Sectors of one write come one by one; a name is never in two places, or in none."""
    torn = set()
    for bits in range(64):
        folder = tmp_path / str(bits)
        folder.mkdir()
        draws = iter([bool(bits >> i & 1) for i in range(6)] + [False] * 100)
        found = laid(written[1], folder, lambda: next(draws))
        assert ("named" in found) != ("renamed" in found)
        torn.add(found.get("kept"))
    assert b"x" * 512 + b"k" * 1488 in torn or any(t and b"x" in t and len(set(t[:1000])) == 2 for t in torn)
