"""The command line: help for each word, JSON for programs, errors that name the place and the remedy, and requests that
work with no server running."""

import json
import re
import subprocess

import pytest

import messages
import postern
from run import run

RECOVERY = re.compile(r"[0-9A-Za-z]{4}(?:[- ][0-9A-Za-z]{4}){9,}[0-9A-Za-z -]*")
WORDS = ["init", "serve", "user", "mailbox", "alias", "domain", "correspondent", "profile", "queue", "reply", "config", "stat", "version"]

OPERANDS = {"init": ["--domain", "relay.example", "/nonexistent/folder"]}  # so that it makes nothing here


@pytest.fixture(scope="module")
def idle(tmp_path_factory):
    """A server that was set up and is not running."""
    server = postern.Postern(postern.free_port())
    yield server
    server.close()


@pytest.mark.parametrize("word", WORDS)
def test_help(word):
    out = run(postern.binary(), word, "--help")[1].decode()
    assert word in out and len(out.splitlines()) >= 3 and all(len(line) <= 100 for line in out.splitlines())


def test_the_words_are_all_named():
    out = run(postern.binary(), "--help")[1].decode()
    assert all(re.search(rf"\b{w}\b", out) for w in WORDS)


def commands():
    """Every sub-command, as the program itself lists them."""
    return re.findall(r"^  ([a-z][a-z-]*(?: [a-z-]+)?)  +\S", run(postern.binary(), "--help")[1].decode(), re.M)


def test_every_sub_command_has_help():
    """Its usage, a sentence, and a line for each option; nothing is done, no file is asked for."""
    found = commands()
    assert len(found) >= 40 and {w.split()[0] for w in found} >= set(WORDS)
    for words in found:
        status, out, errors = run(postern.binary(), "-c", "/nonexistent", *words.split(), "--help")
        lines = out.decode().splitlines()
        assert status == 0 and not errors and lines[0].startswith(f"usage: postern {words}"), (words, lines)
        assert len(lines[2].split()) >= 2 and ("[options]" in lines[0]) == (len(lines) > 3), (words, lines)


def test_every_sub_command_has_json(tmp_path):
    """With no configuration each of them says, as one JSON object, what is wrong; where it succeeds it prints JSON."""
    for words in commands():
        status, out, errors = run(postern.binary(), "-c", tmp_path / "none.conf", *words.split(), *OPERANDS.get(words, []), "--json",
                                  check=False)
        if status == 0:
            assert isinstance(json.loads(out), (list, dict)), words
        else:
            said = json.loads(errors)
            assert set(said) == {"error", "why", "argument"} and said["why"] and not out, (words, said)


@pytest.mark.parametrize("words", [["nonsense"], ["user", "nonsense"], ["user", "add"], ["user", "add", "x", "--nonsense"]])
def test_wrong_words_are_told(words):
    status, out, errors = run(postern.binary(), *words, check=False)
    assert status in (64, 65) and errors.strip() and not out


def test_version():
    assert re.search(r"\d+\.\d+\.\d+", run(postern.binary(), "version")[1].decode())


def test_init_writes_a_commented_file_and_prints_a_recovery_key(idle):
    text = idle.conf.read_text()
    keys = re.findall(r"^[#;]?\s*([a-z_]+)\s*=", text, re.M)
    assert {"hostname", "listen", "relay", "default", "message_bytes", "uid_base", "pool", "plans"} <= set(keys)
    assert text.count("#") + text.count(";") > len(keys), "every key is explained"
    master = idle.folder / "master.key"
    assert master.stat().st_mode & 0o777 == 0o400 and len(master.read_bytes()) == 32
    said = b"".join(o if isinstance(o, bytes) else o.encode() for o in idle.init_output[1:]).decode()
    assert re.search(r"(?i)recovery key", said) and RECOVERY.search(said)


def test_the_recovery_key_makes_the_master_key_anew(idle, tmp_path):
    key = RECOVERY.search(idle.init_output[1].decode())[0]
    (tmp_path / "postern.conf").write_bytes(idle.conf.read_bytes())
    run(postern.binary(), "init", "--recover", key.lower(), tmp_path)
    assert (tmp_path / "master.key").read_bytes() == (idle.folder / "master.key").read_bytes()
    wrong = ("a" if key[0] not in "aA" else "b") + key[1:]
    assert run(postern.binary(), "init", "--recover", wrong, tmp_path / "other", check=False)[0]


def test_init_overwrites_nothing(idle):
    before = idle.conf.read_bytes(), (idle.folder / "master.key").read_bytes()
    status, _, errors = idle.command("init", "--domain", "relay.example", idle.folder, config=False, check=False)
    assert status and errors.strip()
    assert before == (idle.conf.read_bytes(), (idle.folder / "master.key").read_bytes())


def test_config_check(idle, tmp_path):
    assert idle.command("config", "check")[0] == 0
    text = idle.conf.read_text()
    for broken, line_of, key in ((text.replace("[smtp]", "[smtp]\nnonsense = 1"), "nonsense = 1", "smtp.nonsense"),
                                 (text.replace("[smtp]", "[smtp]\nrecipients = many"), "recipients = many", "smtp.recipients"),
                                 (text.replace("[smtp]", "[smpt]"), "[smpt]", "smpt")):
        path = tmp_path / "broken.conf"
        path.write_text(broken)
        number = broken.splitlines().index(line_of) + 1
        status, _, errors = run(postern.binary(), "-c", path, "config", "check", check=False)
        if key == "smpt":
            assert status and re.search(r"broken\.conf:\d+: .*smpt", errors)
        else:
            assert status and f"broken.conf:{number}: {key}" in errors and len(errors.split(key)[1].strip()) > 10


def test_a_missing_file_is_told(tmp_path):
    status, _, errors = run(postern.binary(), "-c", tmp_path / "none.conf", "config", "check", check=False)
    assert status and "none.conf" in errors and "init" in errors


def test_requests_without_a_server(idle):
    """The command line starts core and vault for itself, under the same lock."""
    idle.user("offline")
    idle.mailbox("offline", "offline@mailbox.example")
    keys = idle.issue("offline@mailbox.example")
    assert keys.path("root.crt").exists()
    alias = idle.alias("offline")
    assert [a["address"] for a in idle.cli("alias", "list", "offline")] == [alias]
    idle.start()
    try:
        assert "offline" in [u["name"] for u in idle.cli("user", "list")]
        assert [p["state"] for p in idle.cli("profile", "list")] == ["active"]
    finally:
        idle.stop()


def test_every_list_is_json(idle):
    for words in (["user", "list"], ["mailbox", "list"], ["alias", "list"], ["profile", "list"], ["queue", "list"], ["reply", "list"]):
        out = idle.command(*words, "--json")[1]
        assert isinstance(json.loads(out), list)
        assert idle.command(*words)[0] == 0
    assert isinstance(postern.first(json.loads(idle.command("stat", "--json")[1])), dict)


def test_refusals_say_what_is_wrong(idle):
    assert "nobody" in idle.refuses("mailbox", "add", "nobody", "x@mailbox.example")
    idle.user("once")
    assert "once" in idle.refuses("user", "add", "once")
    assert "not a mail address" in idle.refuses("mailbox", "add", "once", "no address")
    assert idle.refuses("alias", "add", "once", "x@elsewhere.example")
    assert idle.refuses("profile", "issue", "unknown@mailbox.example", passphrase_file="/dev/null", out="/nonexistent")


def test_how_a_mailbox_answers(idle):
    idle.user("answers")
    mailbox = idle.mailbox("answers", "answers@mailbox.example")

    def shown():
        (box,) = idle.cli("mailbox", "list", "answers")
        assert postern.first(idle.cli("mailbox", "show", mailbox)) == box
        return box["reply"], box["clear_replies"], box["clear"]
    assert shown() == ("required", "accept", False)
    idle.cli("mailbox", "set", mailbox, reply="relaxed")
    assert shown() == ("relaxed", "accept", False)
    idle.cli("mailbox", "set", mailbox, clear_replies="refuse", clear="on")
    assert shown() == ("relaxed", "refuse", True)
    idle.cli("mailbox", "set", mailbox, reply="required")
    assert shown() == ("required", "refuse", True)
    assert "required|relaxed" in idle.refuses("mailbox", "set", mailbox, reply="never")
    assert "accept|refuse" in idle.refuses("mailbox", "set", mailbox, clear_replies="on")
    assert "nothing is to be changed" in idle.refuses("mailbox", "set", mailbox)


def test_what_the_world_sees_beside_an_alias(idle):
    idle.user("shown")
    idle.mailbox("shown", "shown@mailbox.example")
    plain, named = idle.alias("shown"), idle.alias("shown", name="The Böokshop")

    def names():
        return {a["address"]: a["name"] for a in idle.cli("alias", "list", "shown")}
    assert names() == {plain: "", named: "The Böokshop"}
    idle.cli("alias", "set", plain, name="Desk")
    idle.cli("alias", "set", named, label="a note")
    assert names() == {plain: "Desk", named: "The Böokshop"}
    idle.cli("alias", "set", named, name="")
    assert names() == {plain: "Desk", named: ""}
    assert "longer than 100" in idle.refuses("alias", "set", plain, name="x" * 101)
    assert "control" in idle.refuses("alias", "set", plain, name="a\tb")


def test_refused_answers_that_are_none(idle):
    assert idle.cli("reply", "list") == []
    assert b"No answer was refused" in idle.command("reply", "list")[1]
    for words in (["reply", "show", "7"], ["reply", "release", "7"], ["reply", "delete", "7"]):
        assert "there is no refused answer 7" in idle.refuses(*words)
    assert "no user" in idle.refuses("reply", "list", user="nobody-at-all")
    assert "not a number" in idle.refuses("reply", "show", "x")


def test_only_one_server_runs(idle):
    idle.start()
    try:
        second = subprocess.run([postern.binary(), "-c", idle.conf, "serve"], capture_output=True, text=True, timeout=20)
        assert second.returncode and second.stderr.strip()
        assert idle.answers()
    finally:
        idle.stop()


def test_the_control_socket_is_the_owners_alone(idle):
    idle.start()
    try:
        (path,) = [p for p in (idle.folder / "state").iterdir() if p.is_socket()]
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        idle.stop()


def test_stat_counts(world):
    before = world.server.stat()
    world.relay(messages.plain(world.alias))
    world.send(messages.plain("nobody@relay.example"), "nobody@relay.example")
    world.server.wait_queue(0)
    after = world.server.stat()
    assert after["accepted"] == before["accepted"] + 1 and after["delivered"] == before["delivered"] + 1
    assert after["refused"] == before["refused"] + 1 and after["users"] == 1 and after["profiles_active"] == 1


def test_a_deleted_profile_takes_its_keys_along(world):
    user = world.server.user("gone")
    mailbox = world.server.mailbox(user, "gone@mailbox.example")
    world.server.issue(mailbox)
    (profile,) = world.server.cli("profile", "list", mailbox)
    assert "active" in world.server.refuses("profile", "delete", profile["profile"])
    world.server.cli("profile", "deactivate", profile["profile"])
    world.server.cli("profile", "delete", profile["profile"])
    assert world.server.cli("profile", "list", mailbox) == []
    world.server.cli("user", "delete", user)
    assert user not in [u["name"] for u in world.server.cli("user", "list")]


def test_a_correspondent_can_be_written_down_first(world):
    """Its reverse address is the one that mail from it has later."""
    since = len(world.hop.messages)
    answer = postern.first(world.server.cli("correspondent", "add", world.alias, "first@shop.example", name="First"))
    world.hop.wait(1, since=since)  # the introduction: test_introduction.py
    mail = messages.Mail("first", "first@shop.example", messages.head("First <first@shop.example>", world.alias, "x") +
                         messages.text("x\n"), "x")
    assert world.relay(mail).opened.signer == answer["reverse"]
    listed = {c["address"]: c for c in world.server.cli("correspondent", "list", world.alias)}
    assert listed["first@shop.example"]["reverse"] == answer["reverse"]
