"""world.py: a provider, a server and one user who has one mailbox, one active profile and one alias; and a word for the
road from a sender to what the user reads."""

import dataclasses

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

    def __init__(self, hop, folder, alias="shop@relay.example", **options):
        self.hop, self.folder = hop, folder
        self.server = postern.Postern(hop.port, **options).start()
        self.user = self.server.user("alice")
        self.mailbox = self.server.mailbox(self.user, MAILBOX)
        self.keys = self.server.issue(self.mailbox)
        self.alias = self.server.alias(self.user, alias)
        self.judge = judge.OpenSsl(self.keys, folder / "openssl")

    def send(self, mail, alias=None):
        return smtp.send(self.server.port, mail.sender, alias or self.alias, mail.raw, mail.options)

    def relay(self, mail, alias=None, engine=None):
        """The whole road of one message to one mailbox: sent, accepted, arrived without a fault, opened."""
        since = len(self.hop.messages)
        sent = self.send(mail, alias)
        assert sent.ok, f"{mail.name}: {sent.mail} / {[str(r) for r in sent.rcpts.values()]} / {sent.dot}"
        (wire,) = self.hop.wait(1, since=since)
        assert wire.faults == []
        return Relayed(mail, wire, judge.open_sealed(engine or self.judge, wire.raw))

    def close(self):
        self.server.close()
