"""checks_reply.py: what must hold of every answer as its correspondent gets it. The suite asks it of each answer, the demo of
each that it shows."""

import dataclasses
import re

import canaries
import judge
import nexthop
import reply


@dataclasses.dataclass
class Answered:
    """letter: as the client sent it; wire: as the correspondent gets it; to: their address; done: the relayed message that was
    answered; flock: what names the user; says: what must be read."""
    letter: reply.Letter
    wire: nexthop.Message
    to: str
    alias: str
    done: object
    flock: canaries.Flock
    says: str

    @property
    def head(self):
        return judge.split(self.wire.raw)[0]

    def field(self, name):
        return judge.field(self.head, name)


def texts(raw):
    """Everything readable in a message, parts joined."""
    found = []
    for part in judge.parsed(raw).walk():
        if not part.is_multipart():
            data = part.get_payload(decode=True) or b""
            try:
                found.append(data.decode(part.get_content_charset() or "utf-8", "replace"))
            except LookupError:
                found.append(data.decode("utf-8", "replace"))
    return "\n".join(found)


def check_it_comes_from_the_alias(a):
    """from the alias, to the correspondent's own address"""
    assert judge.mailboxes(a.field("From")) == [a.alias]
    assert a.to in judge.mailboxes(a.field("To")) + judge.mailboxes(a.field("Cc") or "")
    assert a.wire.rcpts == [a.to]


def check_the_envelope_is_the_relays(a):
    """the envelope's sender is the relay's"""
    assert re.fullmatch(r"bounce\+[a-z2-7]+@relay\.example", a.wire.sender), a.wire.sender


def check_nothing_names_the_user(a):
    """nothing in it names the user"""
    found = canaries.leaks(a.wire.raw, a.flock)
    assert found == [], found


def check_no_reverse_address(a):
    """no address of the road back is in it"""
    reverse = judge.mailboxes(a.done.field("From"))[0].encode()
    assert reverse not in a.wire.raw.lower() and not any(reverse in view for _, view in canaries.views(a.wire.raw))


def check_it_is_readable(a):
    """readable, with the words of the user"""
    assert a.says in texts(a.wire.raw), texts(a.wire.raw)[:500]


def check_no_signature_and_no_key(a):
    """no signature, no certificate, no key"""
    kinds = {p.get_content_type() for p in judge.parsed(a.wire.raw).walk()}
    assert not any("pkcs7" in k or "pgp" in k or "signed" in k or "cert" in k or "vcard" in k for k in kinds), kinds


def check_date_is_utc(a):
    """the date is in UTC"""
    assert re.search(r"\+0000( \(UTC\))?$", a.field("Date")), a.field("Date")


def check_the_id_is_the_relays(a):
    """the Message-ID is the relay's"""
    assert re.fullmatch(r"<[^\s<>@]+@relay\.example>", a.field("Message-ID"))
    theirs = judge.field(judge.split(a.letter.raw)[0], "Message-ID")
    assert theirs.strip("<>").partition("@")[0].encode() not in a.wire.raw


def check_it_answers_what_they_sent(a):
    """it answers the message that they sent, by their own Message-ID"""
    original = judge.field(judge.split(a.done.mail.raw)[0], "Message-ID")
    assert a.field("In-Reply-To") == original and original in a.field("References").split()


def check_few_fields(a):
    """only fields that a list names"""
    few = {"from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type",
           "content-transfer-encoding", "content-disposition", "content-language", "content-id", "auto-submitted", "importance",
           "priority", "x-priority", "precedence", "received", "content-description"}
    names = [n.lower() for n, _ in judge.fields(a.head)]
    assert set(names) <= few, set(names) - few


CHECKS = {name[6:]: f for name, f in list(globals().items()) if name.startswith("check_")}
