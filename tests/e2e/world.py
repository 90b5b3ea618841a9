"""world.py: a provider, a server and one user who has one mailbox, one active profile and one alias; and a word for the
road from a sender to what the user reads."""

import dataclasses
import itertools

import judge
import messages
import nexthop
import postern
import smtp

MAILBOX = "alice@mailbox.example"


@dataclasses.dataclass
class Relayed:
    mail: messages.Mail
    wire: nexthop.Message   # as the provider holds it
    opened: judge.Opened    # as the user's key opens it

    @property
    def outer(self):
        return self.wire.raw.partition(b"\r\n\r\n")[0] + b"\r\n"

    def field(self, name):
        return judge.field(self.outer, name)


class World:
    """hop: the provider; server: Postern; keys: alice's; alias: hers."""

    def __init__(self, hop, folder, alias="shop@relay.example", mailbox=MAILBOX, sender_key="p256", **options):
        self.hop, self.folder = hop, folder
        self.server = postern.Postern(hop.port, **options).start()
        self.user = self.server.user("alice")
        self.mailbox = self.server.mailbox(self.user, mailbox)
        self.keys = self.server.issue(self.mailbox, sender_key=sender_key)
        self.alias = self.server.alias(self.user, alias)
        self.judge = judge.OpenSsl(self.keys, folder / "openssl")

    def send(self, mail, alias=None):
        return smtp.send(self.server.port, mail.sender, alias or self.alias, mail.raw, mail.options)

    def relay(self, mail, alias=None, engine=None):
        """The whole road of one message to one mailbox: sent, accepted, arrived without a fault, opened."""
        since = len(self.hop.messages)
        sent = self.send(mail, alias)
        assert sent.ok, f"{mail.name}: {sent.mail} / {[str(r) for r in sent.rcpts.values()]} / {sent.dot}"
        wire = self.arrived((engine or self.judge).keys.address, since)
        assert wire.faults == []
        return Relayed(mail, wire, judge.open_sealed(engine or self.judge, wire.raw))

    def arrived(self, rcpt, since):
        """What was sent, and no letter of the relay's own that comes at the same time."""
        for count in itertools.count(1):
            for m in self.hop.wait(count, since=since, rcpt=rcpt):
                if not judge.field(m.raw.partition(b"\r\n\r\n")[0] + b"\r\n", "From").startswith("Postern <"):
                    return m

    def answer(self, client, letter, seconds=20, **options):
        """The whole road back: sent by the user's client, accepted; gives what arrived, one message for each correspondent."""
        since = len(self.hop.messages)
        sent = client.send(letter, **options)
        assert sent.ok, f"{sent.mail} / {[str(r) for r in sent.rcpts.values()]} / {sent.dot}\n{self.server.log[-1500:]}"
        wanted = len([r for r in sent.rcpts.values() if r.code == 250])
        for count in itertools.count(1):  # beside a letter to the user, which may come first
            arrived = [m for m in self.hop.wait(count, since=since, seconds=seconds) if m.rcpts != [client.keys.address]]
            if arrived:
                break
        assert wanted and all(m.faults == [] for m in arrived), [m.faults for m in arrived]
        return arrived

    def refused(self, client, letter, **options):
        """Not let out: the answer of the server that says so."""
        since = len(self.hop.messages)
        sent = client.send(letter, **options)
        said = sent.dot or next(iter(sent.rcpts.values()))
        assert not sent.ok and said.code // 100 == 5, f"not refused: {said}"
        out = [m for m in self.hop.messages[since:] if m.rcpts != [client.keys.address]]
        assert out == [], [m.rcpts for m in out]
        return said

    def letters(self, since=0, address=None):
        """The letters of the relay itself to the user, opened: their texts."""
        address = address or self.keys.address
        found = []
        for m in self.hop.messages[since:]:
            if address in m.rcpts:
                assert judge.is_sealed(m.raw), m.raw[:400]
                found.append(judge.open_sealed(self.judge, m.raw).message.decode("utf-8", "replace"))
        return [text for text in found if "Auto-Submitted: auto-generated" in text]

    def close(self):
        self.server.close()
