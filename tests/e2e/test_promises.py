"""The promises of the design, each tried by its number. tests/mutants holds a patch for each that must turn one of these
red. (Promise 2 has its crash tests in test_crash.py.)"""

import hashlib
import os
import pathlib
import re
import shutil
import signal
import time

import pytest

import judge
import memory
import messages
import nexthop
import postern
import smtp
from world import MAILBOX, World
from run import run

DAY = 86400
CANARY = "canary-of-the-body-7c1d"


def mail_to(alias, says=CANARY, sender="carl@shop.example"):
    return messages.Mail("note", sender, messages.head(f"Carl <{sender}>", alias, "Note") + messages.text(says + "\n"), says)


@pytest.fixture(autouse=True)
def nothing_readable(hop):
    """Whatever a test here does: no mailbox that asks for encryption gets a message that is not sealed."""
    since = len(hop.messages)
    yield
    for m in hop.messages[since:]:
        if any(r.endswith("@mailbox.example") for r in m.rcpts):
            assert judge.is_sealed(m.raw) and CANARY.encode() not in m.raw, m.raw[:600]


# 1. Fail closed.


def test_promise_1_no_profile_is_refused(world):
    user = world.server.user("nora")
    world.server.mailbox(user, "nora@mailbox.example")
    alias = world.server.alias(user)
    since = len(world.hop.messages)
    sent = world.send(mail_to(alias), alias)
    codes = [r.code for r in sent.rcpts.values()] + ([sent.dot.code] if sent.dot else [])
    assert not sent.ok and codes[-1] // 100 in (4, 5)
    time.sleep(1)
    assert len(world.hop.messages) == since


def test_promise_1_an_expired_profile_defers_then_refuses(hop, tmp_path):
    """After the end of the certificates 4xx for three days, so that nothing is lost over it, then 5xx."""
    w = World(hop, tmp_path)
    try:
        user = w.server.user("ella")
        mailbox = w.server.mailbox(user, "ella@mailbox.example")
        w.server.issue(mailbox, days=10)
        alias = w.server.alias(user)
        assert w.send(mail_to(alias), alias).ok
        for ahead, wanted in ((11, 4), (15, 5)):
            w.server.stop()
            w.server.env["POSTERN_CLOCK_AHEAD"] = str(ahead * DAY)
            w.server.start()
            answers = w.send(mail_to(alias), alias)
            code = answers.dot.code if answers.dot else next(iter(answers.rcpts.values())).code
            assert code // 100 == wanted, f"day {ahead}: {code}"
    finally:
        w.close()


def test_promise_1_reminders_are_sealed(hop, tmp_path):
    """30, 7 and 1 days before the end the user is told, encrypted like all their mail."""
    w = World(hop, tmp_path)
    try:
        user = w.server.user("rita")
        mailbox = w.server.mailbox(user, "rita@mailbox.example")
        keys = w.server.issue(mailbox, days=60)
        seen = len(hop.messages)
        for ahead in (35, 54, 59.5):
            w.server.stop()
            w.server.env["POSTERN_CLOCK_AHEAD"] = str(int(ahead * DAY))
            w.server.start()
            w.server.wait_log("ev=serving")
            (m,) = hop.wait(1, since=seen, rcpt=mailbox, seconds=20)
            seen = len(hop.messages)
            inner = judge.decrypted(judge.OpenSsl(keys, tmp_path / f"rita-{ahead}"), m.raw)[2]
            assert re.search(rb"(?i)certificate|profile|encryption", inner)
    finally:
        w.close()


@pytest.mark.parametrize("role", ["scribe", "vault", "core", "keygen"])
def test_promise_1_a_role_that_cannot_work_lets_nothing_through(world, role):
    """Stopped, not dead: whoever waits for it must hear 4xx, or nothing, but no 250 for what is not sealed."""
    pids = world.server.roles()[role]
    since = len(world.hop.messages)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        with smtp.Smtp(world.server.port, seconds=3) as c:
            sent = c.send("carl@shop.example", world.alias, mail_to(world.alias).raw)
            assert role == "keygen" or not sent.ok or judge.is_sealed(world.hop.wait(1, since=since)[0].raw)
    except (OSError, EOFError):
        pass
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    # What was under way may arrive now, sealed; and the server works as before.
    assert world.send(mail_to(world.alias, f"after {role}")).ok
    end = time.monotonic() + 15
    while not any(f"after {role}".encode() in judge.open_sealed(world.judge, m.raw).entity for m in world.hop.messages[since:]):
        assert time.monotonic() < end
        time.sleep(0.1)


# 2. Seal, store, then 250.


def calls_of(trace, pid):
    """The lines of one process, a call that strace has cut in two because another process came between made whole."""
    cut = ""
    for line in trace.read_text(errors="replace").splitlines():
        if not line.startswith(f"{pid} "):
            continue
        if line.endswith("<unfinished ...>"):
            cut = line.removesuffix("<unfinished ...>")
            continue
        resumed = re.match(r"\d+\s+<\.\.\. \w+ resumed>", line)
        yield cut + line[resumed.end():] if resumed else line


def test_promise_2_durable_before_the_250(hop, tmp_path):
    """The system calls of core themselves: when it says that a message is accepted, each byte that it has written to a body
    or to the log of the rows was there before a sync of that file began, which has ended. A small body that comes alone is in the
    log; of a larger one there were both."""
    w = World(hop, tmp_path)
    trace = w.server.folder / "trace"
    try:
        w.relay(mail_to(w.alias, "warm up"))
        w.server.stop()
        w.server.start(wrapper=["strace", "-f", "-y", "-s", "400", "-o", trace, "-e",
                                "trace=fsync,fdatasync,io_submit,io_getevents,sendmsg,pwrite64,write"], seconds=60)
        core = str(w.server.roles()["core"][0])
        w.relay(mail_to(w.alias))
        w.relay(mail_to(w.alias, CANARY + "\r\n" + "And so on and on. " * 8000))
        unsynced, under_way, written, said = set(), set(), set(), []
        for line in calls_of(trace, core):
            call = re.match(rf"{core}\s+(\w+)\((?:\d+<|.*aio_fildes=\d+<)?([^>]*)>?", line)
            kind = call and ("body" if "/bodies/" in call[2] else "rows" if call[2].endswith("-wal") else None)
            if kind and call[1] in ("pwrite64", "write"):
                unsynced.add(call[2])
                written.add(kind)
            elif call and call[1] in ("fsync", "fdatasync"):
                unsynced.discard(call[2])  # one thread: its next line comes when this has ended
            elif kind and call[1] == "io_submit":
                assert line.endswith(" = 1") and "IOCB_CMD_FDSYNC" in line, line
                unsynced.discard(call[2])
                under_way.add(call[2])
            elif call and call[1] == "io_getevents":
                assert "res=0," in line and line.endswith(" = 1"), line
                under_way.clear()  # one at a time
            elif call and call[1] == "sendmsg" and "accepted as" in line:
                assert not unsynced | under_way, (unsynced, under_way)
                said.append(set(written))
                written.clear()
        assert said == [{"rows"}, {"body", "rows"}]
    finally:
        w.server.kill()
        shutil.rmtree(w.server.folder, ignore_errors=True)


def files_of(server):
    """Every file of the state and every regular file that a role has open, also when it has no name any more."""
    for path in (server.folder / "state").rglob("*"):
        if path.is_file() and not path.is_socket():
            yield str(path), path.read_bytes()
    for pid in server.pids():
        try:
            open_files = list(pathlib.Path(f"/proc/{pid}/fd").iterdir())
        except PermissionError:  # not root: what may not be dumped may not be looked at
            continue
        for fd in open_files:
            try:
                name = os.readlink(fd)
                if name == str(postern.binary().resolve()):  # the program itself, which holds no mail
                    continue
                if name.startswith("/") and not name.startswith(("/memfd:", "/dev", "/proc")) and fd.is_file():
                    yield name, fd.read_bytes()
            except OSError:
                continue


def test_promise_2_clear_text_reaches_no_disk(world, hop):
    hop.misbehave("mail", "450 4.3.0 not now", times=1000)
    small, big = mail_to(world.alias), messages.large(world.alias, 3 << 20)
    assert world.send(small).ok and world.send(big).ok
    wanted = [CANARY.encode(), big.says.encode(), judge.split(big.raw)[1][-3000:-2900]]
    found = [(name, word[:20]) for name, data in files_of(world.server) for word in wanted if word in data]
    assert found == []
    hop.behave()
    world.server.cli("queue", "flush")
    world.server.wait_queue(0)


# 3. CA keys never leave the vault.


def test_promise_3_no_process_but_the_vault_holds_a_ca_key(hop, tmp_path):
    """Looks for the prime factors of the certificates' moduli in the memory of every process. The sender's key, which is
    lent to scribes, must be found there: otherwise the search itself would be blind."""
    w = World(hop, tmp_path)
    try:
        user = w.server.user("rsa")
        mailbox = w.server.mailbox(user, "rsa@mailbox.example")
        keys = w.server.issue(mailbox, sender_key="rsa2048")
        alias = w.server.alias(user)
        done = w.relay(mail_to(alias), alias, judge.OpenSsl(keys, tmp_path / "rsa"))
        roles = w.server.roles()
        others = {"parent": [w.server.parent_pid()], **{r: p for r, p in roles.items() if r != "vault"}}
        sender = memory.modulus(tmp_path / "rsa/signer.pem")
        assert memory.holds_a_factor(roles["scribe"], *sender), "the search finds nothing, not even what must be there"
        for role, pids in others.items():
            assert not memory.holds_a_factor(pids, *memory.modulus(keys.path("int.crt"))), f"{role} holds the CA's key"
            if role not in ("scribe", "keygen"):
                assert not memory.holds_a_factor(pids, *sender), f"{role} holds the sender's key"
        for name in ("root.crt", "user.crt"):
            pids = w.server.pids()
            assert not memory.holds_a_factor(pids, *memory.modulus(keys.path(name))), f"the server holds the key of {name}"
        assert done.opened.signer.endswith("@relay.example")
    finally:
        w.close()


def test_promise_3_the_master_key_is_the_vaults_alone(world):
    """The bytes of the master key's file: in the vault's memory, and in no other's."""
    master = (world.server.folder / "master.key").read_bytes()
    roles = world.server.roles()
    others = [world.server.parent_pid(), *(p for r, pids in roles.items() if r != "vault" for p in pids)]
    assert memory.holds(roles["vault"], master), "the search is blind"
    assert not memory.holds(others, master)


# 8. The trust that you install is small. (Who enforces it: tests/judges/test_certificates.py.)


def test_promise_8_the_authorities_are_constrained(world):
    for name, pathlen in (("root.crt", 1), ("int.crt", 0)):
        text = run("openssl", "x509", "-in", world.keys.path(name), "-noout", "-text")[1].decode()
        assert re.search(rf"Basic Constraints: critical\s+CA:TRUE, pathlen:{pathlen}\n", text)
        assert re.search(r"Key Usage: critical\s+Certificate Sign, CRL Sign\n", text)
        assert re.search(r"Extended Key Usage: ?\n\s+E-mail Protection\n", text)
        limits = re.search(r"Name Constraints:(.*?)\n {12}X509v3|Name Constraints:(.*?)Signature", text, re.S)[0]
        permitted, excluded = limits.split("Excluded:")
        assert sorted(re.findall(r"email:(\S+)", permitted)) == sorted([MAILBOX, "relay.example"])
        assert "DNS:" in excluded and re.search(r"IP:0\.0\.0\.0/0\.0\.0\.0", excluded)
        assert re.search(r"IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0", excluded)


# 9. A stolen database is noise. 10. Logs do not rebuild the map.

TOKENS = {
    "user": "quokka-user", "mailbox": "wombatbox@numbatmail.example", "alias": "bilbyalias@relay.example",
    "sender": "dingosender@possumshop.example", "cc": "emucarbon@echidnamail.example", "name": "Namentoken Koala",
    "cc name": "Zweitname Galah", "subject": "Subjecttoken Kookaburra", "label": "labeltoken-lyrebird", "shown": "showntoken-potoroo",
    "message id": "idtoken.cassowary@possumshop.example", "reference": "reftoken.taipan@possumshop.example",
    "body": "bodytoken-platypus", "helo": "helotoken.wallaby.example", "expander": "mxtoken.bandicoot.example",
    "mail client": "clienttoken-bettong",
}


def words_of(tokens):
    """Each token, its parts, and what an unkeyed hash of an address looks like."""
    words = set()
    for kind, token in tokens.items():
        words.update({token, *token.split("@")} - {"relay.example"})
        if "@" in token:
            for hashed in (hashlib.sha256(token.encode()), hashlib.sha1(token.encode()), hashlib.md5(token.encode())):
                words.update({hashed.hexdigest(), hashed.digest()[:12].lower()})
        words.update(w for w in token.split() if kind in ("name", "cc name", "subject"))
    return sorted((w if isinstance(w, bytes) else w.lower().encode()) for w in words)


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A server at log level debug that has seen every token in every part: relayed, deferred, bounced, refused; its files
    while it runs and after, its logs, and what came of asking the kernel for a core dump."""
    folder = tmp_path_factory.mktemp("lived")
    t = TOKENS
    with nexthop.NextHop(folder / "hop", name=t["expander"]) as hop:
        server = postern.Postern(hop.port, settings={"server.log_level": "debug", "delivery.retry": "1s"}).start()
        server.cli("user", "add", t["user"])
        server.mailbox(t["user"], t["mailbox"])
        server.cli("mailbox", "sender-add", t["mailbox"], "second-" + t["mailbox"])
        server.cli("mailbox", "password", "add", t["mailbox"], t["mail client"])
        server.issue(t["mailbox"])
        server.alias(t["user"], t["alias"], label=t["label"], name=t["shown"])
        server.cli("correspondent", "add", t["alias"], "first-" + t["sender"], name=t["name"])
        hop.wait(1)  # the introduction
        raw = messages.head(f"{t['name']} <{t['sender']}>", t["alias"], t["subject"], mid=f"<{t['message id']}>",
                            more=[f"Cc: {t['cc name']} <{t['cc']}>", f"References: <{t['reference']}>"])

        def send(i):
            with smtp.Smtp(server.port, ehlo=t["helo"]) as c:
                return c.send(t["sender"], t["alias"], raw.replace(b"idtoken", b"idtoken%d" % i) + messages.text(t["body"]))
        assert send(1).ok
        hop.wait(2)
        hop.misbehave("rcpt", f"550 5.1.1 {t['mailbox']} unknown", match=t["mailbox"])
        assert send(2).ok
        hop.wait(1, rcpt=t["sender"])
        with smtp.Smtp(server.port, ehlo=t["helo"]) as c:
            assert not c.send(t["sender"], "unknown-" + t["alias"], raw + b"\r\nx\r\n").ok
        hop.misbehave("mail", "450 4.3.0 no", times=1000)
        assert send(3).ok
        time.sleep(1)
        files = dict(files_of(server))
        log_one = server.log
        cores = crash_all(server)
        server.stop()
        files.update(files_of_stopped(server))
        server.start()
        send(4)
        server.stop()
        log_two = server.logs[-1].read_text(errors="replace")
    yield files, log_one, log_two, cores
    server.close()


def files_of_stopped(server):
    return {f"stopped {p}": p.read_bytes() for p in (server.folder / "state").rglob("*") if p.is_file() and not p.is_socket()}


def crash_all(server):
    """SIGABRT to each role: none may leave a core file. Gives what was found."""
    before = set(pathlib.Path("/").glob("core*")) | set(pathlib.Path.cwd().glob("core*"))
    dumpable = []
    for pid in [p for pids in server.roles().values() for p in pids]:
        limit = re.search(r"Max core file size\s+(\d+|unlimited)", pathlib.Path(f"/proc/{pid}/limits").read_text())[1]
        dumpable += [limit] if limit != "0" else []
        os.kill(pid, signal.SIGABRT)
    time.sleep(1)
    after = set(pathlib.Path("/").glob("core*")) | set(pathlib.Path.cwd().glob("core*"))
    inside = [p for p in server.folder.rglob("core*") if p.is_file()]
    return dumpable + sorted(after - before) + inside


def test_promise_9_the_files_hold_no_token(lived):
    files = lived[0]
    assert any("wal" in name for name in files) and sum(len(d) for d in files.values()) > 50_000
    found = [(pathlib.Path(name).name, word) for name, data in files.items() for word in words_of(TOKENS) if word in data.lower()]
    assert found == []


def test_promise_9_attack_32_a_private_key_is_in_no_file(lived):
    """No PKCS#8, RSA or EC private key in DER or PEM."""
    shapes = [rb"PRIVATE KEY", rb"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01",
              rb"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", rb"\x30\x77\x02\x01\x01\x04\x20"]
    assert [(n, s) for n, d in lived[0].items() for s in shapes if re.search(s, d)] == []


def test_promise_9_a_crash_leaves_no_dump(lived):
    assert lived[3] == []


def test_promise_9_the_search_finds_what_is_there():
    """The same search over bytes that do hold tokens, so that its silence means something."""
    for word in (TOKENS["mailbox"].encode(), hashlib.sha256(TOKENS["alias"].encode()).digest(), b"SUBJECTTOKEN"):
        assert any(w in (b"xx" + word + b"yy").lower() for w in words_of(TOKENS))


def test_promise_10_attack_61_the_logs_hold_no_token(lived):
    for log in lived[1:3]:
        assert len(log) > 1000 and "ev=" in log
        found = [(word, line) for word in words_of(TOKENS) for line in log.lower().encode("utf-8", "replace").splitlines()
                 if word in line]
        assert found == []


def test_promise_10_hashes_are_keyed_anew_at_each_start(lived):
    """The same address is the same hash within a run, so that a message can be followed, and another in the next."""
    def hashes(log):
        return re.findall(r"\b(?:to|from|rcpt|alias|sender|mailbox)=([0-9a-f]{16})\b", log)
    one, two = hashes(lived[1]), hashes(lived[2])
    assert one and two and len(one) > len(set(one))
    assert not set(one) & set(two)
