"""messages.py: the mail of the tests and of the demo, as the world sends it: bytes with CRLF, made by hand so that they
are exactly what they are meant to be."""

import base64
import dataclasses
import email.utils
import quopri
import secrets
import struct
import zlib

import pki


@dataclasses.dataclass
class Mail:
    """name: a word for it; says: what the reader must see in the text; options: of MAIL FROM."""
    name: str
    sender: str
    raw: bytes
    says: str
    options: str = ""


def crlf(text):
    data = text.encode() if isinstance(text, str) else text
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def base64_lines(data):
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def new_id(domain="shop.example"):
    return f"<{secrets.token_hex(8)}@{domain}>"


def head(sender, to, subject, mid=None, more=(), date=None):
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Date: {date or email.utils.formatdate(localtime=True)}",
             f"Message-ID: {mid or new_id()}", "MIME-Version: 1.0", *more]
    return crlf("\n".join(lines) + "\n")


def text(body, charset="utf-8", encoding="8bit"):
    raw = body.encode(charset)
    if encoding == "base64":
        raw = base64_lines(raw)
    elif encoding == "quoted-printable":
        raw = crlf(quopri.encodestring(raw))
    return crlf(f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n") + crlf(raw)


def multipart(kind, *parts):
    boundary = "=_" + secrets.token_hex(10)
    return (f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n').encode() + b"".join(
        f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()


def attachment(name, kind, data):
    return crlf(f'Content-Type: {kind}; name="{name}"\nContent-Transfer-Encoding: base64\n'
                f'Content-Disposition: attachment; filename="{name}"\n\n') + base64_lines(data)


def png(side=32):
    rows = b"".join(b"\0" + bytes((x * 8 + y * 5) & 255 for x in range(side * 3)) for y in range(side))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


# The samples. Each takes the alias it is written to.


def plain(alias):
    says = "your order 4711 has left our house and will be with you on Thursday."
    return Mail("plain", "orders@shop.example", head("Shop <orders@shop.example>", alias, "Your order 4711") +
                crlf(f"\nDear customer,\n\n{says}\n\n.\nA line with a dot alone stands above this one.\n"), says)


def html(alias):
    says = "Your ticket is attached"
    page = crlf("Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n") + crlf(
        quopri.encodestring(f"<html><body><h1>{says}</h1><p>Gate B12 → 18:05</p></body></html>\n".encode()))
    body = multipart("mixed", multipart("alternative", text(f"{says}\nGate B12 → 18:05\n", encoding="quoted-printable"),
                                        page), attachment("ticket.png", "image/png", png()))
    return Mail("html", "no-reply@airline.example",
                head('"Example Airways" <no-reply@airline.example>', alias, "=?utf-8?Q?Ihr_Flug_nach_Z=C3=BCrich?=") + body,
                says)


def eight_bit(alias):
    says = "Grüße aus Köln, São Paulo und Łódź"
    return Mail("8-bit", "tante@familie.example",
                head("=?iso-8859-1?Q?Tante_J=F6rdis?= <tante@familie.example>", alias, "=?utf-8?B?R3LDvMOfZQ==?=") +
                text(f"{says} ✓\n"), says, "BODY=8BITMIME")


def utf8_address(alias):
    says = "Schreiben Sie mir einfach zurück."
    return Mail("utf-8", "jürgen@bücher.example",
                head("Jürgen Größe <jürgen@bücher.example>", alias, "Ihre Bücher sind da – 3 Stück",
                     mid=new_id("bücher.example")) + text(says + "\n"), says, "BODY=8BITMIME SMTPUTF8")


def signed(alias, ca):
    """Signed by its sender with a certificate of their own (ca: a pki.Pki)."""
    says = "This contract is signed by me, not only by the relay."
    part = multipart("mixed", text(says + "\n", encoding="quoted-printable"),
                     attachment("contract.bin", "application/octet-stream", bytes(range(256)) * 8))
    return Mail("signed", pki.SENDER, head(f"Bob <{pki.SENDER}>", alias, "The contract", mid=new_id("relay.example")) +
                ca.sign(part), says)


def large(alias, size=20 << 20):
    """`size` bytes in all, nearly; the content is a counter, so that nothing can be lost or doubled unseen."""
    says = "The film is attached."
    body = b"".join(struct.pack(">Q", i) for i in range((size * 57 // 78) // 8))
    return Mail("large", "studio@film.example", head("Studio <studio@film.example>", alias, "The film, 20 MiB") +
                multipart("mixed", text(says + "\n"), attachment("film.bin", "application/octet-stream", body)), says)


def booking(alias):
    """A display name that looks like a host name: in a certificate's CN it would verify nowhere."""
    says = "Your stay from 3 to 5 May is confirmed"
    return Mail("booking", "noreply@booking.example", head('"Booking.com" <noreply@booking.example>', alias,
                "Booking confirmation") + text(says + ".\n"), says)


def samples(alias, ca):
    return [plain(alias), html(alias), eight_bit(alias), utf8_address(alias), signed(alias, ca), large(alias), booking(alias)]


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//shop.example//calendar//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260501T090000Z
DTSTART:20260503T100000Z
DTEND:20260503T110000Z
SUMMARY:Meeting about the order
ORGANIZER;CN="Olga Organizer";SENT-BY="mailto:assistant@shop.example"
 :mailto:olga@shop.example
ATTENDEE;CN=You;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE
 :mailto:{alias}
ATTENDEE;CN=Carl;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;DELEGATED-FROM="mai
 lto:boss@shop.example";RSVP=TRUE;X-LONG=xxxxxxxxx:mailto:carl@shop.exa
 mple
DESCRIPTION:Write to nobody@description.example if you are late.
END:VEVENT
END:VCALENDAR
"""


def calendar(alias, encoding="base64", kind="text/calendar; method=REQUEST; charset=utf-8", name=None):
    ics = crlf(CALENDAR.format(alias=alias, uid=secrets.token_hex(8))).decode()
    body = {"base64": base64_lines(ics.encode()), "quoted-printable": crlf(quopri.encodestring(ics.encode())),
            "8bit": ics.encode()}[encoding]
    lines = f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n"
    lines += f'Content-Disposition: attachment; filename="{name}"\n' if name else ""
    says = "Please come"
    return Mail("calendar", "olga@shop.example", head("Olga Organizer <olga@shop.example>", alias, "Invitation") +
                multipart("alternative", text(says + "\n"), crlf(lines + "\n") + body), says)
