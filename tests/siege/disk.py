"""disk.py: what a disk holds when the power goes, out of the journal that power.c kept of what was asked of it.

The disk of POSIX's own words, which promises less than any file system does: an octet that was written is there once its file
was synced; a name (new, changed or gone) once its directory was synced; nothing else is. Of what was not synced some may be
there all the same, in sectors of 512 octets, in no order: a draw says which."""

import dataclasses
import os
import stat
import struct

RECORD = struct.Struct("<IIIIQQQQQQ")
OPENED, WRITTEN, SIZED, SYNCED, MADE_DIR, UNLINKED, RENAMED, SYNC_BEGUN = range(1, 9)
NAMES = {"opened": OPENED, "written": WRITTEN, "sized": SIZED, "synced": SYNCED, "made": MADE_DIR, "unlinked": UNLINKED,
         "renamed": RENAMED, "sync begun": SYNC_BEGUN}
SECTOR = 512


@dataclasses.dataclass
class Record:
    op: int
    mode: int
    uid: int
    gid: int
    ino: int
    dir: int
    to_dir: int
    at: int
    time: float
    data: bytes
    end: int  # how long the journal is with it


def records(raw):
    found, at = [], 0
    while at < len(raw):
        op, mode, uid, gid, ino, directory, to_dir, where, n, time_ns = RECORD.unpack_from(raw, at)
        end = at + RECORD.size + n
        found.append(Record(op, mode, uid, gid, ino, directory, to_dir, where, time_ns / 1e9, raw[at + RECORD.size:end], end))
        at = end
    return found


class Node:
    """A file (an octet string) or a directory ({name: Node}): `durable`, and `pending`, which no sync has reached."""

    def __init__(self, owner, folder):
        self.owner, self.folder, self.pending = owner, folder, []
        self.durable = {} if folder else b""
        self.begun = 0  # so much of what is pending was there when the sync under way began

    def now(self):
        return self.with_pending(lambda: True)

    def sync(self):
        self.durable, self.pending, self.begun = self.now(), [], 0

    def sync_of_what_was_there(self):
        """A sync that has ended, of what was written before it began."""
        later = self.pending[self.begun:]
        self.pending = self.pending[:self.begun]
        self.sync()
        self.pending = later

    def with_pending(self, draw):
        return (names_after if self.folder else octets_after)(self.durable, self.pending, draw)


def names_after(names, pending, draw):
    """pending: (name, Node or None, its other half): both halves of a rename within one directory come, or neither."""
    names, drawn = dict(names), {}
    for name, node, whole in pending:
        if drawn.setdefault(whole, draw()):
            names[name] = node
    return {name: node for name, node in names.items() if node}


def octets_after(octets, pending, draw):
    """pending: (place, what was written), or (size, None). A gap reads as zeros."""
    octets = bytearray(octets)
    for at, data in pending:
        if data is None:
            if draw():
                octets[at:] = b"\0" * max(0, at - len(octets))
            continue
        for cut in range(0, len(data) + at % SECTOR, SECTOR):
            start, end = max(0, cut - at % SECTOR), min(len(data), cut - at % SECTOR + SECTOR)
            if draw():
                octets.extend(b"\0" * max(0, at + start - len(octets)))
                octets[at + start:at + end] = data[start:end]
    return bytes(octets)


class Disk:
    """Of one folder, as it was before the journal began."""

    def __init__(self, folder):
        self.nodes = {}  # by inode number: who has it now
        self.root = self.take(os.fspath(folder))

    def take(self, path):
        st = os.lstat(path)
        node = Node((st.st_mode, st.st_uid, st.st_gid), stat.S_ISDIR(st.st_mode))
        if node.folder:
            node.durable = {e.name: self.take(e.path) for e in os.scandir(path) if not stat.S_ISSOCK(e.stat().st_mode)}
        elif stat.S_ISREG(st.st_mode):
            with open(path, "rb") as f:
                node.durable = f.read()
        self.nodes[st.st_ino] = node
        return node

    def has_pending(self, ino):
        return bool(ino in self.nodes and self.nodes[ino].pending)

    def apply(self, r):
        if r.op in (OPENED, MADE_DIR):
            self.named(r)
        elif r.op in (UNLINKED, RENAMED):
            self.renamed(r)
        elif r.ino in self.nodes:  # otherwise not of this folder: a log, what a test itself has made
            self.changed(r, self.nodes[r.ino])

    @staticmethod
    def changed(r, node):
        node.owner = (r.mode, r.uid, r.gid)
        if r.op == SYNCED and r.at:
            node.sync_of_what_was_there()
        elif r.op == SYNCED:
            node.sync()
        elif r.op == SYNC_BEGUN:
            node.begun = len(node.pending)
        else:
            node.pending.append((r.at, r.data if r.op == WRITTEN else None))

    def named(self, r):
        folder, node, name = self.nodes.get(r.dir), self.nodes.get(r.ino), r.data[:-1].decode()
        if folder is None:
            return
        if node is None or folder.now().get(name) is not node:  # a number may be used again
            node = self.nodes[r.ino] = Node((r.mode, r.uid, r.gid), r.op == MADE_DIR)
            folder.pending.append((name, node, object()))
        elif r.op == OPENED and r.at:
            node.pending.append((0, None))

    def renamed(self, r):
        folder, to = self.nodes.get(r.dir), self.nodes.get(r.to_dir)
        names, whole = r.data[:-1].decode().split("\0"), object()
        node = folder and folder.now().get(names[0])
        if node is None:
            return
        if r.op == UNLINKED:
            self.forget(node)
        elif to is not None:
            self.forget(to.now().get(names[1]))
            to.pending.append((names[1], node, whole))
        folder.pending.append((names[0], None, whole))

    def forget(self, gone):
        """Its number is free for others, of whom the journal may not tell."""
        self.nodes = {ino: node for ino, node in self.nodes.items() if node is not gone}

    def write(self, folder, draw):
        """Into a folder that is there, and empty."""
        put(self.root, os.fspath(folder), draw)


def put(node, path, draw):
    mode, uid, gid = node.owner
    content = node.with_pending(draw)
    if node.folder:
        os.makedirs(path, exist_ok=True)
        for name, child in content.items():
            put(child, os.path.join(path, name), draw)
    else:
        with open(path, "wb") as f:
            f.write(content)
    os.chown(path, uid, gid)
    os.chmod(path, stat.S_IMODE(mode))
