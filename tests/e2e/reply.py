"""reply.py: a user's mail client and provider on the way back, by the openssl command line alone. It learns the certificate of
a reverse address from relayed mail, as clients do, and writes answers to it in every form that clients have."""

import base64
import dataclasses
import email.utils
import itertools
import pathlib
import re
import secrets
import time

import judge
import messages
import smtp
from run import run

NAME = "Wanda Kestrelova"
ZONE = "+0545"  # Kathmandu: no test machine stands there
HOST = "falcon-laptop.lan"

# What programs write into the header of an answer. {m}: the mailbox, {d}: its domain, {x}: random.
CLIENTS = {
    "thunderbird": ["User-Agent: Mozilla Thunderbird", "Content-Language: en-US", "X-Mozilla-Draft-Info: internal/draft; vcard=0",
                    "Autocrypt: addr={m}; prefer-encrypt=mutual; keydata=\n xsBNBGRlY29kZQEIAMpr{x}"],
    "apple": ["X-Mailer: Apple Mail (2.3826.300.87.4.3)", "X-Universally-Unique-Identifier: {x}",
              "X-Apple-Auto-Saved: 1", "X-Apple-Mail-Remote-Attachments: NO"],
    "iphone": ["X-Mailer: iPhone Mail (22D72)", "Mime-Version: 1.0 (1.0)"],
    "outlook": ["X-Mailer: Microsoft Outlook 16.0", "Thread-Topic: Re: something of {m}", "Thread-Index: AQHbX{x}",
                "X-MS-Has-Attach: yes", "X-MS-TNEF-Correlator: <{x}@{d}>",
                "Accept-Language: ne-NP", "Content-Language: ne-NP", "X-MS-Exchange-Organization-AuthAs: Internal",
                "msip_labels: {m}"],
    "k9": ["User-Agent: K-9 Mail for Android", "Autocrypt: addr={m}; keydata=mDMEX{x}"],
    "mutt": ["User-Agent: Mutt/2.2.13 (2024-03-09)", "X-Operating-System: Linux falcon-laptop.lan"],
}
# What servers on the way add on top.
PROVIDER = ["Return-Path: <{m}>", "Received: from falcon-laptop.lan (falcon-laptop.lan [203.0.113.77])\n by mx.{d} with ESMTPSA"
            " id {x};\n Thu, 26 Nov 2026 20:45:00 +0545", "DKIM-Signature: v=1; a=rsa-sha256; d={d}; s=s1; b={x}",
            "Authentication-Results: mx.{d}; auth=pass smtp.auth={m}", "X-Authenticated-Sender: {m}",
            "X-Originating-IP: [203.0.113.77]", "X-Spam-Status: No"]


@dataclasses.dataclass
class Letter:
    """What leaves the client: rcpts and raw; entity: what was written, in clear, with its content fields."""
    rcpts: list
    raw: bytes
    entity: bytes


def smime(kind, der, name="smime.p7m"):
    return (f'Content-Type: application/pkcs7-mime; name="{name}"; smime-type={kind}\r\n'
            f'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\n'
            ).encode() + messages.base64_lines(der)


def multipart_signed(entity, signature):
    boundary = "------------ms" + secrets.token_hex(12)
    return (f'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256;\r\n'
            f' boundary="{boundary}"\r\n\r\nThis is a cryptographically signed message in MIME format.\r\n\r\n--{boundary}\r\n'
            ).encode() + entity + (
            f'\r\n--{boundary}\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
            'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
            ).encode() + messages.base64_lines(signature) + f"--{boundary}--\r\n".encode()


def is_ec(certificate):
    return "id-ecPublicKey" in judge.about(pathlib.Path(certificate).read_bytes(), "-text")


class Client:
    """keys: the user's (judge.Keys), with which it signs and to which it encrypts a copy for the Sent folder."""

    numbers = itertools.count()

    def __init__(self, port, keys, folder, name=NAME):
        self.port, self.keys, self.name = port, keys, name
        self.folder = pathlib.Path(folder) / f"client-{next(self.numbers)}"
        self.folder.mkdir(parents=True)
        self.known = {}  # address: path of the certificate

    # Learning.

    def learn(self, done):
        """Takes the certificates out of the signature of a relayed message, its signer's and those of the others. Gives the
        address in From."""
        folder = self.folder / f"learnt-{next(self.numbers)}"
        folder.mkdir()
        for path in judge.certificates(folder, done.opened.signature):
            for address in judge.about(path.read_bytes(), "-email").split():
                self.known[address] = path
        (address,) = judge.mailboxes(done.field("From"))
        return address

    # Layers.

    def sign(self, entity, form="detached", keys=None, options=()):
        keys = keys or self.keys
        opaque = form.startswith("opaque")
        _, der, _ = run("openssl", "cms", "-sign", "-binary", "-outform", "DER", "-md", "sha256", "-signer", keys.path("user.crt"),
                        "-inkey", keys.path("user.key"), *(["-certfile", keys.path("chain.pem")]
                                                           if keys.path("chain.pem").exists() else []),
                        *(["-nodetach"] if opaque else []),
                        *(["-stream"] if form.endswith("ber") else []), *options, data=entity)
        return smime("signed-data", der) if opaque else multipart_signed(entity, der)

    def envelope(self, entity, to, cipher="aes-128-cbc", form="ber", own=True, oaep=False, kdf="sha256", keyid=False):
        """DER (or BER) of an EnvelopedData; to: addresses that it has learnt, or paths; keyid: they are named by their keys."""
        certificates = [self.known.get(a, a) for a in to] + ([self.keys.path("user.crt")] if own else [])
        recipients = []
        for path in certificates:
            options = ["-keyopt", f"ecdh_kdf_md:{kdf}"] if is_ec(path) else ["-keyopt", "rsa_padding_mode:oaep"] if oaep else []
            recipients += ["-recip", path, *options]
        return run("openssl", "cms", "-encrypt", "-binary", "-outform", "DER", f"-{cipher}",
                   *(["-stream"] if form == "ber" else []), *(["-keyid"] if keyid else []), *recipients, data=entity)[1]

    def encrypt(self, entity, to, **options):
        kind = "authEnveloped-data" if "gcm" in options.get("cipher", "") else "enveloped-data"
        return smime(kind, self.envelope(entity, to, **options))

    def seal(self, entity, to, layers="sign encrypt", signature="detached", keys=None, **options):
        """Layers from the inside to the outside."""
        for layer in layers.split():
            entity = self.sign(entity, signature, keys) if layer == "sign" else self.encrypt(entity, to, **options)
        return entity

    # Messages.

    def fill(self, lines):
        return [line.format(m=self.keys.address, d=self.keys.address.partition("@")[2], x=secrets.token_hex(8)) for line in lines]

    def head(self, to, subject, cc=(), answers=None, program="thunderbird", mid=None, more=(), sender=None, refs=()):
        answered = answers and answers.field("Message-ID")
        refs = [*refs, *((answers.field("References") or "").split() if answers else []), *([answered] if answered else [])]
        local = time.gmtime(time.time() + (5 * 60 + 45) * 60)
        lines = [*self.fill(PROVIDER), f"From: {sender or f'{self.name} <{self.keys.address}>'}",
                 "To: " + ",\n ".join(to), *([f"Cc: " + ",\n ".join(cc)] if cc else []), f"Subject: {subject}",
                 f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S', local)} {ZONE}",
                 f"Message-ID: {mid or messages.new_id(self.keys.address.partition('@')[2])}",
                 *([f"In-Reply-To: {answered}"] if answered else []), *(["References: " + "\n ".join(refs)] if refs else []),
                 *self.fill(CLIENTS[program])]
        if not any(line.lower().startswith("mime-version") for line in lines):
            lines.append("MIME-Version: 1.0")
        return messages.crlf("\n".join([*lines, *more]) + "\n")

    def reply(self, done, entity, everyone=False, subject=None, to=None, cc=None, rcpts=None, program="thunderbird", more=(),
              mid=None, sender=None, **sealing):
        """An answer to a relayed message: entity, with its content fields, in `layers`."""
        self.learn(done)
        to = [done.field("From")] if to is None else to
        if everyone and cc is None:
            cc = [address for name in ("To", "Cc") for address in split_list(done.field(name))
                  if judge.mailboxes(address) != [self.keys.address]]
        cc = cc or []
        everybody = [a for value in [*to, *cc] for a in judge.mailboxes(value)]
        subject = "Re: " + re.sub(r"(?i)^re: ", "", done.field("Subject") or "") if subject is None else subject
        head = self.head(to, subject, cc, answers=done, program=program, mid=mid, more=more, sender=sender)
        known = [a for a in everybody if a in self.known]
        return Letter(everybody if rcpts is None else rcpts, head + self.seal(entity, known, **sealing), entity)

    def send(self, letter, sender=None, rcpts=None, options=""):
        with smtp.Smtp(self.port, ehlo=HOST) as connection:
            return connection.send(self.keys.address if sender is None else sender, rcpts or letter.rcpts, letter.raw, options)


def split_list(value):
    """The entries of an address list, as written."""
    if not value:
        return []
    return [email.utils.formataddr(pair) for pair in email.utils.getaddresses([value]) if pair[1]]


# Texts as clients quote them.

ATTRIBUTIONS = {
    "thunderbird": "On 26.11.26 14:33, {who} wrote:", "apple": "On 26 Nov 2026, at 14:33, {who} <{address}> wrote:",
    "german": "Am 26.11.2026 um 14:33 schrieb {who} <{address}>:", "french": "Le 26 nov. 2026 à 14:33, {who} <{address}> a écrit :",
    "spanish": "El 26/11/2026 a las 14:33, {who} <{address}> escribió:", "dutch": "Op 26-11-2026 om 14:33 schreef {who} <{address}>:",
    "japanese": "2026/11/26 14:33、{who} <{address}>のメール:", "gmail": "On Thu, Nov 26, 2026 at 2:33 PM {who} <{address}> wrote:",
    "outlook": "-----Original Message-----\nFrom: {who} <{address}>\nSent: Thursday, 26 November 2026 14:33\nTo: {own} <{mailbox}>\n"
               "Subject: RE: the order",
    "outlook-german": "Von: {who} <{address}>\nGesendet: Donnerstag, 26. November 2026 14:33\nAn: {own} <{mailbox}>\n"
                      "Betreff: AW: the order",
}


def quoting(says, form, who, address, mailbox="", own=NAME, quoted="Where is my parcel?"):
    head = ATTRIBUTIONS[form].format(who=who, address=address, mailbox=mailbox, own=own)
    mark = "" if form.startswith("outlook") else "> "
    return f"{says}\n\n{head}\n\n{mark}{quoted}\n"


def html(body, encoding="quoted-printable"):
    part = messages.text(body, encoding=encoding)
    return part.replace(b"text/plain", b"text/html", 1)


def decode_certificate(pem):
    body = re.search(r"-----BEGIN CERTIFICATE-----(.*?)-----END", pathlib.Path(pem).read_text(), re.S)[1]
    return base64.b64decode(body)
