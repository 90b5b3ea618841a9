"""The test letter of a profile: sealed with it before it is active, answered in every form that clients have, and what came is
told to the user alone. Nothing of an answer goes to anybody."""

import re
import secrets

import pytest

import browser
import judge
import messages
import reply
import smtp
import webissue
import world as worlds
from browser import path

TEXT = "my answer to the test: the whole truth about " + secrets.token_hex(6)


@pytest.fixture(scope="module")
def server(hop):
    s = browser.serve(hop).start()
    yield s
    s.close()


class Trial:
    """A user of their own (letters are counted by user), one profile, its letter, and the client that answers it."""

    def __init__(self, server, hop, folder):
        name = "user" + secrets.token_hex(4)
        self.server, self.hop, self.folder, self.mailbox = server, hop, folder, f"{name}@mailbox.example"
        self.b = browser.account(server, name)
        browser.verify(self.b, hop, self.mailbox)
        self.keys, self.profile = self.issue()
        self.letter = self.ask()
        self.client = reply.Client(server.port, self.keys, folder)

    def issue(self):
        keys = self.server.issue(self.mailbox, activate=False)
        return keys, max(p["profile"] for p in self.server.cli("profile", "list", self.mailbox))

    @property
    def path(self):
        return path("v1", "profiles", self.profile, "test")

    def ask(self):
        """For a letter; opened as a client does."""
        since = len(self.hop.messages)
        told = self.b.good("POST", self.path, status=200)
        assert told["sent"] and told["answer"] == "none" and told["answered_at"] is None
        (wire,) = self.hop.wait(1, rcpt=self.mailbox, since=since)
        assert wire.faults == []
        engine = judge.OpenSsl(self.keys, self.folder / f"openssl-{secrets.token_hex(4)}")
        return worlds.Relayed(None, wire, judge.open_sealed(engine, wire.raw))

    @property
    def address(self):
        (one,) = judge.mailboxes(self.letter.field("From"))
        return one

    def told(self):
        return self.b.get(self.path).json

    def write(self, **sealing):
        return self.client.reply(self.letter, messages.text(TEXT), **sealing)

    def send(self, letter, **options):
        """250 whatever it is, and nothing leaves; what the server said, and what the page then says."""
        since = len(self.hop.messages)
        sent = self.client.send(letter, **options)
        assert sent.ok, sent.dot or sent.rcpts
        assert self.server.queue() == [] and self.hop.messages[since:] == []
        return re.sub(r"accepted as [a-z2-7]{26}$", "accepted as MID", str(sent.dot)), self.told()["answer"]

    def answer(self, **sealing):
        return self.send(self.write(**sealing))[1]

    def alias(self):
        return self.b.good("POST", "/v1/aliases", {"style": "words"}, 201)["address"]

    def reverse(self):
        """Where a correspondent of a new alias is answered."""
        alias, since = self.alias(), len(self.hop.messages)
        mail = messages.plain(alias)
        assert smtp.send(self.server.port, mail.sender, alias, mail.raw, mail.options).ok
        (wire,) = self.hop.wait(1, rcpt=self.mailbox, since=since)
        (address,) = judge.mailboxes(judge.field(wire.raw.partition(b"\r\n\r\n")[0] + b"\r\n", "From"))
        return address, mail.sender


@pytest.fixture
def trial(server, hop, tmp_path):
    return Trial(server, hop, tmp_path)


@pytest.fixture(scope="module")
def shared(server, hop, tmp_path_factory):
    return Trial(server, hop, tmp_path_factory.mktemp("trial"))


def test_the_letter_is_sealed_with_a_profile_that_is_not_active(shared):
    (row,) = shared.b.get("/v1/profiles").json
    assert row["state"] == "issued"
    assert shared.address == shared.letter.opened.signer and shared.address.endswith("@relay.example")
    text = shared.letter.opened.message.decode()
    assert "sign and encrypt the answer" in " ".join(text.split()) and "Auto-Submitted" not in text
    assert shared.letter.field("Subject") == "Your test message" and shared.mailbox not in shared.letter.wire.sender


FORMS = [
    ({"layers": ""}, "clear"),
    ({"layers": "encrypt"}, "encrypted"),
    ({"layers": "sign"}, "signed"),
    ({"layers": "sign encrypt"}, "both"),
    ({"layers": "sign", "signature": "opaque"}, "signed"),
    ({"layers": "sign encrypt", "form": "der", "cipher": "aes-256-cbc"}, "both"),
]


def test_how_it_was_answered_is_told_to_the_user_alone(shared):
    said = set()
    for sealing, word in FORMS:
        smtp_said, told = shared.send(shared.write(**sealing))
        assert told == word, sealing
        said.add(smtp_said)
    assert len(said) == 1, f"whoever sends it hears the same: {said}"


def test_nothing_unsigned_takes_back_what_a_signature_showed(shared):
    assert [shared.answer(layers=layers) for layers in ("sign encrypt", "", "encrypt", "sign", "sign encrypt")] == [
        "both", "both", "both", "signed", "both"]


def test_another_key_a_broken_signature_and_a_ciphertext_for_another(trial):
    other, _ = trial.issue()
    assert trial.answer(layers="sign encrypt", keys=other) == "other-key"
    letter = trial.write(layers="sign")
    letter.raw = letter.raw.replace(TEXT.encode(), TEXT.replace("truth", "trust").encode())
    good, told = trial.send(letter)
    assert told == "broken"
    head = trial.client.head([trial.address], "Re: Your test message", answers=trial.letter)
    letter.raw = head + trial.client.encrypt(trial.client.sign(messages.text(TEXT)), [other.path("user.crt")], own=False)
    assert trial.send(letter) == (good, "unopened")
    assert trial.b.get("/v1/replies").json == [], "no letter, no list: the page says it"
    assert trial.answer(layers="sign encrypt") == "both"


def test_notes_of_programs_are_no_answers(trial):
    for sender, more in (("", ()), (None, ["Auto-Submitted: auto-replied"])):
        letter = trial.client.reply(trial.letter, messages.text(TEXT), layers="", more=more)
        assert trial.send(letter, sender=sender)[1] == "none"


def test_what_was_signed_for_a_test_says_nothing_elsewhere(trial):
    """A provider that has seen a signed answer in clear sends it to somebody who would believe it."""
    trial.b.good("POST", path("v1", "profiles", trial.profile, "activate"), status=204)
    reverse, correspondent = trial.reverse()
    letter = trial.write(layers="sign")
    assert trial.send(letter)[1] == "signed"
    sent = trial.client.send(letter, rcpts=[reverse])
    assert not sent.ok and sent.dot.code == 550
    assert trial.b.get("/v1/replies").json[0]["cause"] == "reused"
    assert not [m for m in trial.hop.messages if correspondent in m.rcpts]


def test_it_goes_with_nothing_else_and_is_nobody_s_to_a_stranger(trial):
    trial.b.good("POST", path("v1", "profiles", trial.profile, "activate"), status=204)
    reverse, _ = trial.reverse()
    with smtp.Smtp(trial.server.port) as c:
        assert c.cmd(f"MAIL FROM:<{trial.mailbox}>").code == 250
        assert [c.cmd(f"RCPT TO:<{a}>").code for a in (trial.address, trial.address, reverse, trial.alias())] == [250, 250, 452, 452]
        c.cmd("RSET")
        assert c.cmd(f"MAIL FROM:<{trial.mailbox}>").code == 250
        assert [c.cmd(f"RCPT TO:<{a}>").code for a in (reverse, trial.address)] == [250, 452]
        c.cmd("RSET")
        assert c.cmd("MAIL FROM:<stranger@home.example>").code == 250
        theirs, nobodys = (c.cmd(f"RCPT TO:<{a}>") for a in (trial.address, "a" * 26 + "@relay.example"))
        assert theirs.code == 550 and str(theirs) == str(nobodys)


def test_it_survives_a_restart_and_a_new_letter_begins_anew(shared, server):
    assert shared.answer(layers="sign encrypt") == "both"
    server.restart()
    told, first = shared.told(), shared.address
    assert told["answer"] == "both" and told["sent"] and told["answered_at"]
    shared.letter = shared.ask()
    assert shared.address == first, "an answer to either letter counts"
    server.restart()
    assert shared.told() == {**shared.told(), "sent": True, "answer": "none", "answered_at": None}
    assert shared.answer(layers="sign encrypt") == "both"


def test_the_command_line_asks_the_same(shared, server):
    assert server.cli("profile", "test", str(shared.profile), result=True)[0]["answer"] == shared.told()["answer"] == "both"
    assert b"postern profile test" in server.command("profile", "test", str(shared.profile))[1]
    assert server.cli("profile", "test", str(shared.profile), result=True)[0]["answer"] == "none"


def test_why_none_is_sent(trial):
    begun = trial.b.good("POST", "/v1/profiles", {"mailbox": trial.mailbox, "csr": webissue.csr(webissue.new_key(True), trial.mailbox)},
                         201)
    refused = trial.b.refused(403, "POST", path("v1", "profiles", begun["profile"], "test"), argument="profile")
    assert "not finished" in refused["why"]
    trial.b.refused(404, "POST", path("v1", "profiles", 999999, "test"), argument="profile")
    answers = [trial.b.ask("POST", trial.path).status for _ in range(10)]  # one was sent before
    assert answers == [200] * 9 + [429]
    assert "in an hour" in trial.b.ask("POST", trial.path).json["why"]
