"""An invitation's organiser and guests are mapped, so that the answer goes through the relay."""

import re

import pytest

import judge
import messages
import pki

SHAPES = {
    "base64": {}, "quoted-printable": {"encoding": "quoted-printable"}, "8bit": {"encoding": "8bit"},
    "ics": {"kind": "application/ics; name=invite.ics", "name": "invite.ics"},
    "octets": {"kind": "application/octet-stream; name=invite.ics", "name": "invite.ics"},
}


def calendars(raw):
    return [p.get_payload(decode=True).decode() for p in judge.parsed(raw).walk()
            if p.get_content_type() in ("text/calendar", "application/ics") or (p.get_filename() or "").endswith(".ics")]


@pytest.mark.parametrize("shape", SHAPES)
def test_attack_59_addresses_in_an_invitation_are_mapped(world, shape):
    mail = messages.calendar(world.alias, **SHAPES[shape])
    done = world.relay(mail)
    (ics,) = calendars(done.opened.message)
    unfolded = re.sub(r"\r\n[ \t]", "", ics).replace("\r\n", "\n")
    assert "shop.example" not in unfolded.replace("//shop.example//", "")
    organizer = re.search(r"^ORGANIZER.*mailto:(\S+)$", unfolded, re.M)[1]
    assert organizer == done.opened.signer, "the organiser is the sender: one reverse address for both"
    addresses = re.findall(r"^ATTENDEE.*mailto:(\S+)$", unfolded, re.M)
    assert len(addresses) == 2 and all(a.endswith(("@relay.example", "@mailbox.example")) for a in addresses)
    assert "SUMMARY:Meeting about the order" in unfolded and "nobody@description.example" in unfolded
    assert all(len(line.encode()) <= 75 for line in ics.splitlines() if "mailto" in line.lower())


def test_an_invitation_inside_a_signature_is_left_alone(world, ca, tmp_path):
    """Mapping would break the sender's signature: it stays as it is, and still verifies; the user is warned."""
    inner = judge.split(messages.calendar(world.alias).raw)
    kept = [f"{n}: {v}".encode() for n, v in judge.fields(inner[0]) if n.lower().startswith("content-")]
    part = b"\r\n".join(kept) + b"\r\n\r\n" + inner[1]
    raw = messages.head(f"Olga <{pki.SENDER}>", world.alias, "Signed invitation") + ca.sign(part)
    done = world.relay(messages.Mail("signed-invitation", pki.SENDER, raw, ""))
    warning, entity = judge.parts(done.opened.entity)
    assert b"signed by its sender" in warning and judge.content_type(judge.split(warning)[0])[0] == "text/plain"
    found, signature = judge.signed_parts(entity)
    assert judge.OpenSsl(judge.Keys(ca.folder, ca.user), tmp_path).verify(signature, found) == pki.SENDER
