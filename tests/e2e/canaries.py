"""canaries.py: what names the user, the places where clients put it, and a search that finds it in whatever clothes.

A Flock knows the tokens of one user. PLACES build answers with tokens in them; leaks() takes a message apart (base64, quoted
printable, encoded words, RFC 2231, HTML, URLs, calendars, nested messages, CMS blobs) and gives each token that it meets."""

import base64
import dataclasses
import email
import email.header
import email.policy
import email.utils
import html
import quopri
import re
import secrets
import urllib.parse

import judge
import messages
import reply

HOST, IP, IP6 = reply.HOST, "203.0.113.77", "2001:db8:77::1f"
CLIENT, ZONE = "CanaryMail", reply.ZONE


@dataclasses.dataclass
class Flock:
    """tokens: {kind: [bytes...]}; any of them, in any case, is a leak."""
    address: str
    name: str
    tokens: dict
    certificate: bytes  # DER

    @property
    def local(self):
        return self.address.partition("@")[0]

    @property
    def domain(self):
        return self.address.partition("@")[2]


def flock_of(keys, name=reply.NAME):
    """The tokens of who has these keys."""
    pem = keys.path("user.crt")
    text = judge.about(pem.read_bytes(), "-serial", "-issuer", "-ext", "subjectKeyIdentifier", "-nameopt", "RFC2253")
    serial = re.search(r"serial=([0-9A-F]+)", text)[1]
    key_id = re.search(r"([0-9A-F]{2}(?::[0-9A-F]{2}){19})", text)[1].replace(":", "")
    issuer = re.search(r"issuer=.*?CN=([^,\n]+)", text)[1]
    der = reply.decode_certificate(pem)
    local, _, domain = keys.address.partition("@")
    tokens = {
        "mailbox": [keys.address], "local part": [local], "domain": [domain], "name": [name], "host": [HOST], "ip": [IP, IP6],
        "client": [CLIENT, "mozilla thunderbird", "apple mail", "microsoft outlook"], "zone": [ZONE],
        "serial": [serial, bytes.fromhex(serial), str(int(serial, 16))], "key id": [key_id, bytes.fromhex(key_id)],
        "issuer": [issuer], "certificate": [der[-100:], der[60:120]],
    }
    return Flock(keys.address, name, {k: [t if isinstance(t, bytes) else t.encode() for t in v] for k, v in tokens.items()}, der)


# The search.


def words_of(value):
    """A header's text with its encoded words and RFC 2231 parameters decoded."""
    text = re.sub(r"\r?\n(?=[ \t])", "", value)
    joined = re.sub(r"(=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=)\s+(?==\?)", r"\1", text)
    found = [text]
    try:
        found.append(str(email.header.make_header(email.header.decode_header(joined))))
    except (LookupError, UnicodeError, ValueError):
        pass
    pieces = dict(re.findall(r";\s*([\w-]+\*[\d*]*)=(?:\"?)([^;\"]*)", text))
    found.append(urllib.parse.unquote("".join(v for _, v in sorted(pieces.items())), errors="replace"))
    return found


def plain_forms(data):
    """The bytes themselves, and what they are when read as HTML, URL, quoted printable, UTF-16, folded lines."""
    yield data
    unfolded = re.sub(rb"\r?\n[ \t]", b"", data)
    yield unfolded
    yield re.sub(rb"\s+", b" ", data)
    yield re.sub(rb"\s*\r?\n(?:[>|] ?)*", b" ", data)
    text = data.decode("utf-8", "surrogateescape")
    yield html.unescape(text).encode("utf-8", "replace")
    yield re.sub(r"<[^>]*>", "", html.unescape(text)).encode("utf-8", "replace")
    yield urllib.parse.unquote_to_bytes(unfolded)
    yield quopri.decodestring(data)
    for wide in ("utf-16-le", "utf-16-be"):
        yield data.decode(wide, "ignore").encode("utf-8", "ignore")
    try:
        yield data.decode("utf-7").encode("utf-8", "ignore")
    except UnicodeError:
        pass


def base64_runs(data):
    for run_ in re.findall(rb"(?:[A-Za-z0-9+/_-]{4}[\r\n \t]*){6,}[A-Za-z0-9+/=_-]*", data):
        body = re.sub(rb"[^A-Za-z0-9+/]", b"", run_.translate(bytes.maketrans(b"-_", b"+/")))
        for skip in range(4):
            piece = body[skip:]
            try:
                yield base64.b64decode(piece[:len(piece) // 4 * 4])
            except ValueError:
                pass


def views(raw, depth=0):
    """(where, bytes) of everything that a curious reader could make of it."""
    head, body = judge.split(raw)
    for name, value in judge.fields(head):
        for text in words_of(value):
            yield f"{name}:", f"{name}: {text}".encode("utf-8", "replace")
    for form in plain_forms(raw):
        yield "raw", form
    for data in base64_runs(raw):
        yield "base64", data
    message = judge.parsed(raw)
    for part in message.walk():
        where = part.get_content_type()
        for name, value in part.items():
            for text in words_of(str(value)):
                yield f"{where} {name}:", text.encode("utf-8", "replace")
        if part.is_multipart():
            for text in (part.preamble, part.epilogue):
                yield f"{where} around", str(text).encode("utf-8", "replace")
            continue
        data = part.get_payload(decode=True)
        if data is None:
            continue
        charset = str(part.get_content_charset() or "utf-8")
        try:
            texts = [data, data.decode(charset, "replace").encode("utf-8", "replace")]
        except LookupError:
            texts = [data]
        for text in texts:
            for form in plain_forms(text):
                yield where, form
            for blob in base64_runs(text):
                yield f"{where} base64", blob
        if depth < 4 and (b"\nFrom:" in data or data.startswith((b"From:", b"Received:", b"Content-Type:", b"Return-Path:"))):
            for inner, view in views(data, depth + 1):
                yield f"{where} / {inner}", view


def leaks(raw, flock, kinds=None):
    """[(kind, where)...] of the tokens in a message, sorted, each once."""
    wanted = [(kind, token.lower()) for kind, tokens in flock.tokens.items() if kinds is None or kind in kinds
              for token in tokens]
    return sorted({(kind, where) for where, view in views(raw) for low in [view.lower()] for kind, token in wanted if token in low})


def kinds_in(raw, flock):
    return {kind for kind, _ in leaks(raw, flock)}


# The places. Each gives (further fields of the outer header, entity); `holds` are the kinds that must be found in it as it was
# written, so that the search is not blind; `may_refuse`: refusing it is as good as cleaning it.


@dataclasses.dataclass
class Place:
    build: object
    holds: set
    may_refuse: bool = False


PLACES = {}


def place(name, holds, may_refuse=False):
    def keep(build):
        PLACES[name] = Place(build, set(holds.split(",")), may_refuse)
        return build
    return keep


SAYS = "Yes please, on Thursday."


def simple(body=SAYS + "\n", **options):
    """Never twice the same: two signatures over one text in one second are one signature."""
    return messages.text(f"{body}\n{secrets.token_hex(6)}\n", **options)


def b_word(text, charset="utf-8"):
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


def q_word(text):
    return "=?utf-8?Q?" + "".join(f"={b:02X}" for b in text.encode()) + "?="


FIELDS = {
    "sender": "Sender: {n} <{m}>", "reply-to": "Reply-To: {n} <{m}>", "organization": "Organization: house of {n}",
    "received": "Received: from {h} ([{i}] helo={h}) by mx.{d}", "received-folded": "Received: from\n {h}\n (\n [{i}]\n )",
    "x-originating-ip": "X-Originating-IP: [{i}]", "x-originating-ip6": "X-Originating-IP: [{i6}]", "x-mailer": "X-Mailer: {c} 9.87",
    "user-agent": "User-Agent: {c}/9.87 ({h})", "list-unsubscribe": "List-Unsubscribe: <mailto:{m}>", "comments": "Comments: {n} {m}",
    "keywords": "Keywords: {l}", "mdn": "Disposition-Notification-To: {n} <{m}>", "receipt": "Return-Receipt-To: {m}",
    "mail-followup-to": "Mail-Followup-To: {m}", "openpgp": "OpenPGP: id={k}; url=https://{d}/{l}.asc",
    "autocrypt": "Autocrypt: addr={m}; keydata=\n {cert}", "face": "Face: {cert}", "x-face": "X-Face: {n}", "x-pgp": "X-PGP-Key: {k}",
    "resent-from": "Resent-From: {n} <{m}>", "resent-sender": "Resent-Sender: {m}", "bcc": "Bcc: {n} <{m}>",
    "fcc": "Fcc: imap://{l}@{d}/Sent",
    "x-identity": "X-Identity-Key: {l}", "x-account": "X-Account-Key: {m}", "arc": "ARC-Seal: i=1; d={d}; b=AAAA",
    "dkim": "DKIM-Signature: v=1; d={d}; i={m}; b=AAAA", "spf": "Received-SPF: pass (domain of {m})",
    "unknown": "X-Nobody-Knows-This: {n} {m} {h} {i}",
    "encoded": "X-Encoded: {bm}", "quoted": "X-Quoted: {qm}", "priority": "X-Priority: 3 ({c})", "x-sender": "X-Sender: {m}",
    "delivered-to": "Delivered-To: {m}", "x-google": "X-Gm-Message-State: {m}", "message-context": "X-Message-Context: {l} {h}",
    "thread-topic": "Thread-Topic: {n}", "thread-index": "Thread-Index: {tm}", "content-description": "Content-Description: by {n}",
    "content-id": "Content-ID: <1.{h}@{d}>", "content-location": "Content-Location: file://{h}/home/{l}/x",
    "content-base": "Content-Base: http://{h}/",
    "require": "X-Smime-Serial: {s}", "issuer": "X-Smime-Issuer: {issuer}",
}


def filled(line, f):
    serial = f.tokens["serial"][0].decode()
    return line.format(n=f.name, m=f.address, d=f.domain, l=f.local, h=HOST, i=IP, i6=IP6, c=CLIENT, k=f.tokens["key id"][0].decode(),
                       cert=base64.b64encode(f.certificate).decode(), bm=b_word(f.address), qm=q_word(f.address), s=serial,
                       tm=base64.b64encode(f.address.encode()).decode(), issuer=f.tokens["issuer"][0].decode())


@place("every field outside", "mailbox,name,host,ip,client,zone,key id,serial,issuer,certificate,domain,local part")
def _(f):
    return [filled(v, f) for k, v in FIELDS.items() if not k.startswith("content-")], simple()


@place("every field inside", "mailbox,name,host,ip,client,key id,serial,issuer,certificate,domain,local part")
def _(f):
    """In the header of the signed and encrypted entity, marked as protected (RFC 9788)."""
    lines = [filled(v, f) for v in FIELDS.values()] + [f"From: {f.name} <{f.address}>", f"Message-ID: <i.{HOST}@{f.domain}>",
                                                        f"Date: Thu, 26 Nov 2026 20:45:00 {ZONE}"]
    body = simple()
    return [], messages.crlf("\n".join(lines) + "\n") + body.replace(b"Content-Type: text/plain;",
                                                                     b'Content-Type: text/plain; hp="cipher";', 1)


@place("content fields", "host,name,domain,local part")
def _(f):
    lines = [filled(v, f) for k, v in FIELDS.items() if k.startswith("content-")]
    return [], messages.crlf("\n".join(lines) + "\n") + simple()


@place("subject", "mailbox,name")
def _(f):
    return [], ("Subject", f"Re: order for {f.name} <{f.address}>"), simple()


@place("subject, encoded", "mailbox,name")
def _(f):
    return [], ("Subject", b_word(f"Re: order for {f.name}") + "\n " + q_word(f" ({f.address})")), simple()


QUOTES = {
    "thunderbird": "On 26.11.26 14:33, {n} wrote:\n> old text\n", "address": "On Thu, 26 Nov 2026, {n} <{m}> wrote:\n> old text\n",
    "headers": "-----Original Message-----\nFrom: {n} <{m}>\nSent: Thursday\nTo: shop\nCc: {n} <{m}>\n\nold text\n",
    "mailto": "{n} [mailto:{m}] wrote:\n> > {m} wrote:\n> > > deep\n",
    "wrapped": "On Thu, 26 Nov 2026, Wanda\n> Kestrelova <{m}>\n> wrote:\n> > old\n",
    "german": "Am 26.11.2026 um 14:33 schrieb {n} <{m}>:\n> alt\n",
    "french": "Le 26 nov. 2026 à 14:33, {n} <{m}> a écrit :\n> vieux\n",
    "upper": "ON THU, {nu} <{mu}> WROTE:\n> old\n", "signature": "\n-- \n{n}\n{m}\n",
    "bare": "write to {m}, (mailto:{m}?subject=x), \"{m}\".\n",
    "comma name": "From: \"Kestrelova, Wanda\" <{m}>\n> old\n", "delivered": "> Delivered-To: {m}\n> X-Original-To: {m}\n> old\n",
}


def quote(name, f):
    return QUOTES[name].format(n=f.name, m=f.address, nu=f.name.upper(), mu=f.address.upper())


ENCODINGS = {"8bit": "utf-8", "quoted-printable": "utf-8", "base64": "utf-8"}


def add_quotes():
    for name in QUOTES:
        for encoding in ENCODINGS:
            def build(f, name=name, encoding=encoding):
                return [], simple(SAYS + "\n\n" + quote(name, f), encoding=encoding)
            PLACES[f"quote {name}, {encoding}"] = Place(build, {"mailbox"} if "{m" in QUOTES[name] else {"name"})
    for charset in ("iso-8859-1", "windows-1252", "utf-16", "iso-2022-jp", "koi8-r"):
        def build(f, charset=charset):
            return [], simple(SAYS + "\n\n" + quote("address", f), charset=charset, encoding="base64")
        PLACES[f"quote in {charset}"] = Place(build, {"mailbox", "name"}, charset in ("utf-16", "iso-2022-jp"))


add_quotes()


@place("utf-7", "mailbox", may_refuse=True)
def _(f):
    return [], messages.crlf("Content-Type: text/plain; charset=utf-7\n\n") + f.address.encode("utf-7").replace(b"@", b"+AEA-") + b"\r\n"


@place("unknown charset", "mailbox", may_refuse=True)
def _(f):
    return [], messages.crlf(f"Content-Type: text/plain; charset=x-nobody-knows\n\nto {f.address}\n")


@place("broken base64", "mailbox", may_refuse=True)
def _(f):
    body = base64.b64encode(f"on behalf of {f.address}, ok\n".encode()).decode()
    return [], messages.crlf(f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{body}!*\n")


@place("format=flowed, broken in the middle", "mailbox")
def _(f):
    return [], messages.crlf(f"Content-Type: text/plain; charset=utf-8; format=flowed\n\n{SAYS}\n\nOn Thursday, Wanda \nKestrelova"
                             f" <{f.address}> \nwrote:\n> old\n")


PAGES = {
    "cite": '<html><head><meta name="GENERATOR" content="{c} 9"></head><body>{s}<br><div class="moz-cite-prefix">On 26.11.26, {n} wrote:<br></div>'
            '<blockquote type="cite" cite="mid:x.{h}@{d}">old</blockquote><pre class="moz-signature">-- \n{n}\n{m}</pre></body></html>',
    "gmail": '<div dir="ltr">{s}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Thu, {n} &lt;<a href="mailto:{m}">{m}</a>&gt; '
             'wrote:<br></div><blockquote class="gmail_quote">old</blockquote></div>',
    "outlook": '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta name=Generator content="Microsoft Outlook {c}"></head>'
               '<body><p class=MsoNormal>{s}</p><p><b>From:</b> {n} &lt;{m}&gt;<br><b>To:</b> {n} [mailto:{m}]</p></body></html>',
    "entities": "<p>{s}</p><p>by {me}</p>", "split by tags": "<p>{s}</p><p>by {l}<wbr>@<b>{d}</b> or {l}<!-- x -->@{d}</p>",
    "url": '<p>{s}</p><a href="https://shop.example/?from={l}%40{d}&amp;x=1">here</a> <img src="cid:{l}@{d}" alt="{n}">',
    "comment": "<p>{s}</p><!-- written by {n} {m} on {h} -->",
    "title": "<html><head><title>{n} {m}</title></head><body>{s}</body></html>",
    "attributes": '<p title="{m}" data-from="{n}" data-host="{h}">{s}</p>', "path": '<p>{s}</p><img src="file:///home/{l}/{h}.png">',
    "script": '<p>{s}</p><script>var me = "{m}";</script><style>/* {n} {m} */</style>',
    "apple": '<body class="ApplePlainTextBody">{s}<div>On 26 Nov, {n} &lt;{m}&gt; wrote:</div>'
             '<blockquote type="cite">Apple-converted-space</blockquote></body>',
    "name in tags": "<p>{s}</p><p>On Thu, <b>Wanda</b> <i>Kestrelova</i> &lt;{m}&gt; wrote:</p><blockquote>old</blockquote>",
}


def page(name, f):
    return PAGES[name].format(c=CLIENT, s=SAYS, n=f.name, m=f.address, h=HOST, d=f.domain, l=f.local,
                              me="".join(f"&#{ord(ch)};" for ch in f.address))


def add_pages():
    for name in PAGES:
        for encoding in ("quoted-printable", "base64"):
            def build(f, name=name, encoding=encoding):
                return [], messages.multipart("alternative", simple(), reply.html(page(name, f) + "\n", encoding))
            PLACES[f"html {name}, {encoding}"] = Place(build, {"domain"} if "{d}" in PAGES[name] and "{m}" not in PAGES[name] else
                                                       {"local part"} if name == "path" else {"mailbox"})


add_pages()


def mixed(*parts):
    return messages.multipart("mixed", simple(), *parts)


NAMES = {
    "plain": 'filename="invoice of {n}.pdf"', "address": 'filename="{m}.pdf"', "rfc2231": "filename*=utf-8''{u}.pdf",
    "continued": "filename*0*=utf-8''{u1}; filename*1*={u2}.pdf", "encoded word": 'filename="{b}"',
}


def add_names():
    for name in NAMES:
        for where in ("disposition", "type"):
            def build(f, name=name, where=where):
                u = urllib.parse.quote(f"{f.name} {f.address}", safe="")
                value = NAMES[name].format(n=f.name, m=f.address, u=u, u1=u[:9], u2=u[9:], b=b_word(f"{f.name} {f.address}.pdf"))
                line = (f"Content-Type: application/pdf\nContent-Disposition: attachment; {value}" if where == "disposition" else
                        f"Content-Type: application/pdf; {value.replace('filename', 'name')}\nContent-Disposition: attachment")
                return [], mixed(messages.crlf(line + "\nContent-Transfer-Encoding: base64\n\n") + messages.base64_lines(b"%PDF-1.4 x"))
            PLACES[f"file name {name} in {where}"] = Place(build, {"name"} if name == "plain" else {"mailbox"})


add_names()


@place("boundary", "host,domain")
def _(f):
    entity = mixed(simple("more\n"))
    return [], re.sub(rb"=_\w{20}", f"----=_{HOST}_{f.domain}".encode(), entity)


@place("preamble and epilogue", "mailbox")
def _(f):
    head, body = mixed(simple("more\n")).split(b"\r\n\r\n", 1)
    return [], head + b"\r\n\r\n" + f"written by {f.address}\r\n".encode() + body + f"and by {f.address}\r\n".encode()


CARD = "BEGIN:VCARD\nVERSION:4.0\nFN:{n}\nEMAIL:{m}\nTEL:+977 1 5550177\nEND:VCARD\n"


@place("vcard", "mailbox,name")
def _(f):
    card = CARD.format(n=f.name, m=f.address).encode()
    return [], mixed(messages.attachment("card.vcf", "text/vcard", messages.crlf(card)))


@place("vcard as octets", "mailbox,name")
def _(f):
    card = CARD.format(n=f.name, m=f.address).encode()
    return [], mixed(messages.attachment(f"{f.local}.vcf", "application/octet-stream", messages.crlf(card)))


@place("vcard, x-vcard inline", "mailbox,name")
def _(f):
    return [], mixed(messages.crlf("Content-Type: text/x-vcard; charset=utf-8\n\n" + CARD.format(n=f.name, m=f.address)))


@place("winmail.dat", "mailbox")
def _(f):
    tnef = b"\x78\x9f\x3e\x22\x01\x00\x01\x90\x08\x00" + f.address.encode() + f.name.encode("utf-16-le")
    return [], mixed(messages.attachment("winmail.dat", "application/ms-tnef", tnef))


@place("certificate", "certificate,issuer,serial,key id")
def _(f):
    return [], mixed(messages.attachment("me.cer", "application/pkix-cert", f.certificate))


@place("certificate as octets", "certificate")
def _(f):
    return [], mixed(messages.attachment("me.crt", "application/octet-stream", f.certificate))


@place("certificate in PEM", "certificate")
def _(f):
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(f.certificate) + b"-----END CERTIFICATE-----\n"
    return [], mixed(messages.attachment("me.pem", "application/x-pem-file", pem))


@place("pgp key", "key id,mailbox")
def _(f):
    key = f"-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: {f.name} <{f.address}> {f.tokens['key id'][0].decode()}\n\nmQINBGX\n-----END PGP PUBLIC KEY BLOCK-----\n"
    return [], mixed(messages.attachment("OpenPGP_0x77.asc", "application/pgp-keys", key.encode()))


def nested_message(f):
    return (messages.crlf(f"Received: from {HOST} ([{IP}]) by mx.{f.domain}\nUser-Agent: {CLIENT}\nX-Originating-IP: [{IP6}]\n") +
            messages.head(f"{f.name} <{f.address}>", "olaf@shop.example", f"Old, of {f.name}", mid=f"<1.{HOST}@{f.domain}>",
                          date=f"Thu, 26 Nov 2026 20:45:00 {ZONE}", more=[f"Cc: {f.address}"]) +
            simple("old text\n" + quote("address", f)))


@place("nested message", "mailbox,name,host,ip,client,zone", may_refuse=True)
def _(f):
    return [], mixed(b"Content-Type: message/rfc822\r\n\r\n" + nested_message(f))


@place("nested twice", "mailbox,name,host,ip,client,zone", may_refuse=True)
def _(f):
    outer = messages.head(f"{f.name} <{f.address}>", "x@shop.example", "Fwd") + messages.multipart(
        "mixed", simple(), b"Content-Type: message/rfc822\r\n\r\n" + nested_message(f))
    return [], mixed(b"Content-Type: message/rfc822\r\n\r\n" + outer)


@place("nested in base64", "mailbox,name", may_refuse=True)
def _(f):
    return [], mixed(messages.attachment("old.eml", "message/rfc822", nested_message(f)))


@place("eml as octets", "mailbox,name", may_refuse=True)
def _(f):
    return [], mixed(messages.attachment("old.eml", "application/octet-stream", nested_message(f)))


@place("headers of another", "mailbox,name", may_refuse=True)
def _(f):
    return [], mixed(b"Content-Type: text/rfc822-headers\r\n\r\n" + judge.split(nested_message(f))[0])


EVENT = """BEGIN:VCALENDAR
PRODID:-//{c}//falcon 1.0//EN
VERSION:2.0
METHOD:REPLY
X-WR-CALNAME:{n}
BEGIN:VEVENT
UID:{u}
DTSTAMP:20261126T090000Z
DTSTART:20261203T100000Z
ORGANIZER;CN=Olga:mailto:{r}
ATTENDEE;CN="{n}";PARTSTAT=ACCEPTED;SENT-BY="mailto:{m}";EMAIL={m}
 :mailto:{m}
CONTACT:{n} <{m}>
COMMENT:written by {n} <{m}>
X-OWNER:{m} on {h} [{i}]
DESCRIPTION:of {l}
 @{d}
END:VEVENT
END:VCALENDAR
"""


def event(f, organizer="olga@shop.example"):
    return messages.crlf(EVENT.format(c=CLIENT, n=f.name, u=secrets.token_hex(8), r=organizer, m=f.address, h=HOST, i=IP, l=f.local,
                                      d=f.domain))


def add_calendars():
    for encoding in ("base64", "quoted-printable", "7bit"):
        def build(f, encoding=encoding):
            data = event(f)
            coded = {"base64": messages.base64_lines, "quoted-printable": lambda d: messages.crlf(quopri.encodestring(d)),
                     "7bit": bytes}[encoding](data)
            part = messages.crlf(f"Content-Type: text/calendar; method=REPLY; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n") + coded
            return [], messages.multipart("alternative", simple(), part)
        PLACES[f"calendar, {encoding}"] = Place(build, {"mailbox", "name", "client"}, True)
    for kind in ("application/ics", "application/octet-stream"):
        def build(f, kind=kind):
            return [], mixed(messages.attachment("reply.ics", kind, event(f)))
        PLACES[f"calendar as {kind}"] = Place(build, {"mailbox", "name"}, True)


add_calendars()


@place("text attachment", "mailbox", may_refuse=True)
def _(f):
    return [], mixed(messages.attachment("notes.txt", "text/plain; charset=utf-8", quote("address", f).encode()))


@place("csv attachment", "mailbox", may_refuse=True)
def _(f):
    return [], mixed(messages.attachment("list.csv", "text/csv; charset=utf-8", f"name,address\n{f.name},{f.address}\n".encode()))


@place("receipt wished", "mailbox")
def _(f):
    return [f"Disposition-Notification-To: {f.name} <{f.address}>", f"X-Confirm-Reading-To: {f.address}"], simple()


@place("content ids and related", "host,domain")
def _(f):
    image = messages.crlf(f'Content-Type: image/png; name="a.png"\nContent-ID: <part1.{HOST}@{f.domain}>\nContent-Location: http://{HOST}/a.png\n'
                          "Content-Transfer-Encoding: base64\n\n") + messages.base64_lines(messages.png(4))
    return [], messages.multipart("related", reply.html(f'<p>{SAYS}<img src="cid:part1.{HOST}@{f.domain}"></p>\n'), image)
