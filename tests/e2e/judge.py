"""judge.py: what engines that are not ours make of a message. Layers are peeled off raw bytes, one engine at a time; no
MIME library rewrites anything before a signature is checked. An engine that refuses raises Refused with its words."""

import base64
import dataclasses
import email
import email.header
import email.policy
import functools
import hashlib
import pathlib
import re

from run import Failed, run


class Refused(Exception):
    pass


@dataclasses.dataclass
class Keys:
    """What a user has after issuing a profile, as PEM files and one PKCS#12 file in a folder."""
    folder: pathlib.Path
    address: str
    kind: str = "rsa"       # or "ec"
    p12: str = "user.p12"   # the legacy form
    password: str = "secret"

    def path(self, name):
        return pathlib.Path(self.folder) / name


@dataclasses.dataclass
class Opened:
    """A sealed message, opened: the outer header block, the signed entity in clear, and who signed it."""
    outer: bytes
    sealed: bytes      # DER of the EnvelopedData
    signature: bytes   # DER of the SignedData
    entity: bytes      # the bytes that were signed
    signer: str        # address in the signer's certificate, as the engine names it

    @property
    def message(self):
        """As a reader sees it: the outer headers with the inner content."""
        return header_without_content(self.outer) + self.entity


class Engine:
    def __init__(self, keys, folder):
        self.keys, self.folder = keys, pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.prepare()

    def prepare(self):
        pass

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path


class OpenSsl(Engine):
    def decrypt(self, der):
        try:
            return run("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", self.file("in.der", der), "-recip",
                       self.keys.path("user.crt"), "-inkey", self.keys.path("user.key"))[1]
        except Failed as e:
            raise Refused(str(e)) from None

    def verify(self, signature, content):
        signer, certs = self.folder / "signer.pem", self.folder / "certs.pem"
        try:
            run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", self.file("sig.der", signature), "-content",
                self.file("content", content), "-CAfile", self.keys.path("root.crt"), "-purpose", "smimesign",
                "-x509_strict", "-signer", signer, "-certsout", certs, "-out", "/dev/null")
        except Failed as e:
            raise Refused(str(e)) from None
        return about(signer.read_bytes(), "-email").split()[0]


class Nss(Engine):
    """cmsutil: Mozilla's engine, with a database of its own."""

    def prepare(self):
        self.db = f"sql:{self.folder}"
        run("certutil", "-N", "-d", self.db, "--empty-password")
        run("pk12util", "-i", self.keys.path(self.keys.p12), "-d", self.db, "-W", self.keys.password, "-K", "")
        run("certutil", "-A", "-d", self.db, "-n", "root", "-t", ",C,", "-i", self.keys.path("root.crt"))

    def cmsutil(self, der, *options):
        out = self.folder / "out"
        out.unlink(missing_ok=True)
        status, _, errors = run("cmsutil", "-D", "-d", self.db, "-i", self.file("in.der", der), "-o", out, "-u", "4",
                                *options, check=False)
        if status:
            raise Refused(f"cmsutil: {errors.strip()[-200:]}")
        return out.read_bytes() if out.exists() else b""

    def decrypt(self, der):
        return self.cmsutil(der)

    def verify(self, signature, content):
        said = self.cmsutil(signature, "-c", self.file("content", content), "-h", "0").decode("utf-8", "replace")
        status = re.search(r"signer0\.status=([^;\s]+)", said)
        if not status or status[1] != "GoodSignature":
            raise Refused(f"cmsutil: {status[1] if status else said[-200:]}")
        found = re.search(r'signer0\.id="([^"]*)"', said)
        return found[1] if found else ""


class GpgSm(Engine):
    """gpgsm 2.2: RSA only, and only PKCS#1 v1.5 and CBC."""

    def prepare(self):
        self.folder.chmod(0o700)
        self.env = {"GNUPGHOME": str(self.folder)}
        (self.folder / "gpg-agent.conf").write_text("allow-loopback-pinentry\ndisable-scdaemon\nmax-cache-ttl 86400\n")
        (self.folder / "gpgsm.conf").write_text("disable-crl-checks\ndisable-dirmngr\nbatch\nno-secmem-warning\n")
        root = run("openssl", "x509", "-in", self.keys.path("root.crt"), "-noout", "-fingerprint", "-sha1")[1].decode()
        (self.folder / "trustlist.txt").write_text(root.strip().split("=")[1] + " S relax\n")
        self.gpgsm("--import", self.keys.path("root.crt"))
        self.gpgsm("--pinentry-mode", "loopback", "--passphrase-fd", "0", "--import", self.keys.path(self.keys.p12),
                   data=self.keys.password.encode())

    def gpgsm(self, *argv, data=None):
        status, out, said = run("gpgsm", "--status-fd", "2", *argv, data=data, env=self.env, check=False)
        return status, out, said

    def refuse(self, said):
        raise Refused("gpgsm: " + " | ".join(line for line in said.splitlines() if "[GNUPG:]" not in line)[-300:])

    def decrypt(self, der):
        status, out, said = self.gpgsm("--pinentry-mode", "loopback", "--passphrase-fd", "0", "--decrypt",
                                       self.file("in.der", der), data=self.keys.password.encode())
        if status or "DECRYPTION_OKAY" not in said:
            self.refuse(said)
        return out

    def verify(self, signature, content):
        _, _, said = self.gpgsm("--verify", self.file("sig.der", signature), self.file("content", content))
        if "GOODSIG" not in said or "TRUST_FULLY" not in said or "BADSIG" in said:
            self.refuse(said)
        return re.search(r"GOODSIG \S+ (.*)", said)[1]

    def close(self):
        run("gpgconf", "--kill", "all", env=self.env, check=False)


@functools.lru_cache(maxsize=None)
def about(certificate, *options):
    """What openssl says of a certificate, PEM, each asked for once: the same few come with message after message."""
    return run("openssl", "x509", "-noout", *options, data=certificate)[1].decode()


# Bytes of messages.


def split(raw):
    """(header block with its last CRLF, body)."""
    if raw.startswith(b"\r\n"):
        return b"", raw[2:]
    head, found, body = raw.partition(b"\r\n\r\n")
    return (head + b"\r\n", body) if found else (raw, b"")


def fields(head):
    """[(name as written, value unfolded)], bytes decoded as UTF-8 or Latin-1."""
    text = re.sub(rb"\r?\n(?=[ \t])", b"", head)
    pairs = []
    for line in re.split(rb"\r?\n", text):
        name, colon, value = line.partition(b":")
        if colon:
            try:
                pairs.append((name.decode("ascii", "replace").strip(), value.strip().decode()))
            except UnicodeDecodeError:
                pairs.append((name.decode("ascii", "replace").strip(), value.strip().decode("latin-1")))
    return pairs


def field(head, name):
    """The value of the only such field, None when there is none; two are an error."""
    found = [v for n, v in fields(head) if n.lower() == name.lower()]
    assert len(found) < 2, f"{len(found)} fields {name}"
    return found[0] if found else None


def content_type(head):
    value = field(head, "content-type") or "text/plain"
    parameters = re.findall(r';\s*([\w*-]+)\s*=\s*("(?:\\.|[^"])*"|[^;\s]+)', value)
    return value.split(";")[0].strip().lower(), {k.lower(): v.strip('"') for k, v in parameters}


def header_without_content(head):
    kept = re.split(rb"\r\n(?![ \t])", head.rstrip(b"\r\n"))
    return b"".join(line + b"\r\n" for line in kept if line and not re.match(rb"(?i)content-|mime-version", line))


def der_of(body):
    return base64.b64decode(re.sub(rb"\s", b"", body), validate=True)


def is_sealed(raw):
    kind, parameters = content_type(split(raw)[0])
    return kind == "application/pkcs7-mime" and parameters.get("smime-type") in ("enveloped-data", "authEnveloped-data")


def decrypted(engine, raw):
    """(outer header block, DER, what was encrypted)."""
    outer, body = split(raw)
    if not is_sealed(raw):
        raise Refused(f"not encrypted: {content_type(outer)}")
    der = der_of(body)
    return outer, der, engine.decrypt(der)


def parts(entity):
    """The parts of a multipart entity, as bytes, RFC 2046 5.1.1: the CRLF before a boundary is not of the part."""
    head, body = split(entity)
    line = b"--" + content_type(head)[1]["boundary"].encode()
    return re.split(rb"(?:^|\r\n)" + re.escape(line) + rb"(?:--)?[ \t]*(?:\r\n|$)", body)[1:-1]


def signed_parts(entity):
    """(signed bytes, DER of the signature) of a multipart/signed entity, RFC 1847."""
    kind, parameters = content_type(split(entity)[0])
    if kind != "multipart/signed" or parameters.get("protocol") != "application/pkcs7-signature":
        raise Refused(f"not signed: {kind}")
    pieces = parts(entity)
    if len(pieces) != 2:
        raise Refused(f"{len(pieces)} parts in multipart/signed")
    return pieces[0], der_of(split(pieces[1])[1])


def open_sealed(engine, raw):
    """Decrypts and verifies. Refused when either fails, or when there is not exactly sealed mail."""
    outer, der, inner = decrypted(engine, raw)
    part, signature = signed_parts(inner)
    return Opened(outer, der, signature, part, engine.verify(signature, part))


def cms_text(der):
    return run("openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER", data=der)[1].decode("utf-8", "replace")


def attributes(signature):
    """Names of the signed attributes."""
    text = cms_text(signature)
    found = re.search(r"signedAttrs:(.*?)signatureAlgorithm:", text, re.S)
    return re.findall(r"object: (\w+)", found[1]) if found else []


def algorithms(sealed):
    """(key transport or agreement, content cipher) of an enveloped message, as OpenSSL names them."""
    text = cms_text(sealed)
    return (re.search(r"keyEncryptionAlgorithm:\s*algorithm: (\S+)", text)[1],
            re.search(r"contentEncryptionAlgorithm:\s*algorithm: (\S+)", text)[1])


def recipients(sealed):
    return len(re.findall(r"d\.(?:ktri|kari)", cms_text(sealed)))


def certificates(folder, signature):
    """Paths of the certificates in a signature."""
    pem = run("openssl", "pkcs7", "-inform", "DER", "-print_certs", data=signature)[1].decode()
    paths = []
    for n, block in enumerate(re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", pem, re.S)):
        paths.append(pathlib.Path(folder) / f"carried-{n}.pem")
        paths[-1].write_text(block)
    return paths


# What a reader sees, by Python's email.


def parsed(raw):
    return email.message_from_bytes(raw, policy=email.policy.compat32)


def leaves(raw):
    """[(type, charset, file name, digest of the decoded content)] of a message or entity, in order."""
    found = []

    def walk(part):
        if part.is_multipart():
            for sub in part.get_payload():
                walk(sub)
            return
        payload = part.get_payload(decode=True)
        data = payload if payload is not None else str(part.get_payload()).encode("utf-8", "surrogateescape")
        # A final line end belongs to the boundary or to the message, depending on who cut it.
        data = re.sub(rb"\r\n", b"\n", data).rstrip(b"\n")
        found.append((part.get_content_type(), str(part.get_param("charset") or "").lower(), part.get_filename() or "",
                      hashlib.sha256(data).hexdigest()[:16]))
    walk(parsed(raw))
    return found


def words(value):
    """A header's text with encoded words decoded and white space made single."""
    if value is None:
        return None
    try:
        value = str(email.header.make_header(email.header.decode_header(value)))
    except (LookupError, UnicodeError, ValueError):
        pass
    return re.sub(r"\s+", " ", value).strip()


def mailboxes(value):
    return [address.lower() for _, address in email.utils.getaddresses([words(value) or ""]) if address]
