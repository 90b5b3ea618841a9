"""The certificates, by other people's verifiers; and that the constraints which Postern writes are enforced by them."""

import datetime
import re
import secrets
import shutil

import pytest

import judge
import messages
import pki
from run import Failed, run
from thunderbird import Thunderbird

PART = messages.text("constrained\n")


def text_of(path):
    return run("openssl", "x509", "-in", path, "-noout", "-text", "-certopt", "ext_parse")[1].decode()


@pytest.fixture(scope="module")
def sender(world):
    """The certificate of a correspondent, as it travels."""
    world.relay(messages.plain(world.alias))
    path = world.folder / "sender.pem"
    shutil.copy(world.folder / "openssl/signer.pem", path)
    return path


def verify(root, untrusted, leaf, *options):
    more = ["-untrusted", untrusted] if untrusted else []
    return run("openssl", "verify", "-x509_strict", "-CAfile", root, *more, *options, leaf)


def test_openssl_verifies_strictly(world, sender):
    root, middle, user = (world.keys.path(n) for n in ("root.crt", "int.crt", "user.crt"))
    verify(root, None, root)
    verify(root, None, middle)
    for leaf in (user, sender):
        verify(root, middle, leaf, "-purpose", "smimesign")
        with pytest.raises(Failed):
            verify(root, None, leaf)
    verify(root, middle, user, "-purpose", "smimeencrypt")
    with pytest.raises(Failed):
        verify(root, middle, user, "-purpose", "sslserver")


def test_the_leaves_are_what_the_design_says(world, sender):
    for path, address in ((world.keys.path("user.crt"), world.mailbox),
                          (sender, run("openssl", "x509", "-in", sender, "-noout", "-email")[1].decode().strip())):
        text = text_of(path)
        assert re.search(r"Basic Constraints: (critical)?\s+CA:FALSE", text)
        assert re.search(r"Key Usage: critical\s+Digital Signature, Key (Encipherment|Agreement)\n", text)
        assert re.search(r"Extended Key Usage: ?\n\s+E-mail Protection\n", text)
        assert re.search(rf"Subject Alternative Name: (critical)?\s+email:{re.escape(address)}\n", text)
        assert re.search(rf"Subject: .*CN = {re.escape(address)}\n", text), "the CN is the address, never a name"
        assert "Subject Key Identifier" in text and "Authority Key Identifier" in text
        assert "CRL Distribution" not in text and "Authority Information" not in text


def test_attack_24_77_serials_are_random_and_dates_begin_yesterday(world, sender):
    serials = set()
    for path in [sender, *(world.keys.path(n) for n in ("root.crt", "int.crt", "user.crt"))]:
        out = run("openssl", "x509", "-in", path, "-noout", "-serial", "-startdate")[1].decode()
        serial = int(re.search(r"serial=(\w+)", out)[1], 16)
        serials.add(serial)
        assert 100 < serial.bit_length() <= 128
        start = datetime.datetime.strptime(re.search(r"notBefore=(.*) GMT", out)[1], "%b %d %H:%M:%S %Y")
        age = datetime.datetime.utcnow() - start
        assert datetime.timedelta(hours=23, minutes=50) < age < datetime.timedelta(hours=25)
    assert len(serials) == 4


def test_the_leaf_lives_no_longer_than_its_issuers(world, sender):
    def end(path):
        out = run("openssl", "x509", "-in", path, "-noout", "-enddate")[1].decode()
        return datetime.datetime.strptime(out.strip().split("=")[1], "%b %d %H:%M:%S %Y GMT")
    assert end(sender) <= end(world.keys.path("int.crt")) <= end(world.keys.path("root.crt"))


def test_nss_verifies(world, sender, tmp_path):
    db = f"sql:{tmp_path}"
    run("certutil", "-N", "-d", db, "--empty-password")
    run("certutil", "-A", "-d", db, "-n", "root", "-t", ",C,", "-i", world.keys.path("root.crt"))
    for n, (name, path) in enumerate({"int": world.keys.path("int.crt"), "user": world.keys.path("user.crt"), "sender": sender}.items()):
        run("certutil", "-A", "-d", db, "-n", name, "-t", ",,", "-i", path)
    for name, usage in (("sender", "S"), ("user", "S"), ("user", "R")):
        run("certutil", "-V", "-d", db, "-n", name, "-u", usage)
    with pytest.raises(Failed):
        run("certutil", "-V", "-d", db, "-n", "user", "-u", "V")  # as an SSL server


def element(data, at=0):
    """(start of the content, end) of the DER element at `at`."""
    size, start = data[at + 1], at + 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[at + 2:start], "big")
    return start, start + size


def elements(data):
    at = 0
    while at < len(data):
        end = element(data, at)[1]
        yield data[at:end]
        at = end


def wrapped(tag, content):
    size = len(content)
    head = bytes([size]) if size < 128 else (lambda b: bytes([0x80 | len(b)]) + b)(size.to_bytes((size.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + head + content


def with_key(certificate, key, issuer_key, out):
    """The same certificate, byte for byte, but for its public key and signature (RSA, SHA-256)."""
    der = run("openssl", "x509", "-in", certificate, "-outform", "DER")[1]
    tbs, algorithm, _ = elements(der[slice(*element(der))])
    fields = list(elements(tbs[slice(*element(tbs))]))
    fields[6] = run("openssl", "pkey", "-in", key, "-pubout", "-outform", "DER")[1]
    tbs = wrapped(0x30, b"".join(fields))
    signature = run("openssl", "dgst", "-sha256", "-sign", issuer_key, data=tbs)[1]
    made = wrapped(0x30, tbs + algorithm + wrapped(0x03, b"\0" + signature))
    run("openssl", "x509", "-inform", "DER", "-out", out, data=made)


class Clone:
    """Postern's own root and intermediate, extension for extension, but with keys that we have: so that certificates can
    be made under them which Postern would never make."""

    def __init__(self, folder, keys):
        self.folder = folder
        for name in ("root", "int"):
            pki.new_key(folder / f"{name}.key", "rsa")
        with_key(keys.path("root.crt"), folder / "root.key", folder / "root.key", folder / "root.crt")
        with_key(keys.path("int.crt"), folder / "int.key", folder / "root.key", folder / "int.crt")
        self.leaf("user", keys.address)
        (folder / "chain.pem").write_bytes((folder / "int.crt").read_bytes() + (folder / "root.crt").read_bytes())
        run("openssl", "pkcs12", "-export", "-inkey", folder / "user.key", "-in", folder / "user.crt", "-certfile",
            folder / "chain.pem", "-name", "user", "-passout", "pass:secret", "-out", folder / "user.p12")
        self.keys = judge.Keys(folder, keys.address)

    def leaf(self, name, address):
        at = self.folder
        pki.new_key(at / f"{name}.key", "rsa")
        (at / "leaf.ext").write_text(pki.LEAF.format(usage="keyEncipherment", address=address))
        run("openssl", "req", "-new", "-key", at / f"{name}.key", "-subj", f"/CN={address}", "-out", at / "leaf.csr")
        run("openssl", "x509", "-req", "-in", at / "leaf.csr", "-CA", at / "int.crt", "-CAkey", at / "int.key", "-set_serial",
            f"0x7{secrets.token_hex(8)}", "-days", "30", "-extfile", at / "leaf.ext", "-extensions", "e", "-out", at / f"{name}.crt")

    def sealed(self, address):
        """A message signed with a certificate for that address, encrypted to the user."""
        self.leaf("leaf", address)
        signed = pki.multipart_signed(PART, run(
            "openssl", "cms", "-sign", "-binary", "-outform", "DER", "-md", "sha256", "-signer", self.folder / "leaf.crt",
            "-inkey", self.folder / "leaf.key", "-certfile", self.folder / "int.crt", data=PART)[1])
        der = run("openssl", "cms", "-encrypt", "-binary", "-outform", "DER", "-aes-256-cbc", "-recip",
                  self.folder / "user.crt", data=signed)[1]
        return messages.head(f"Somebody <{address}>", self.keys.address, address, mid=f"<{address}>") + (
            b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n") + pki.base64_lines(der)


INSIDE, OUTSIDE = "x7k2.m4@relay.example", ["x@elsewhere.example", "other@mailbox.example", "x@sub.relay.example"]


@pytest.fixture(scope="module")
def clone(world, tmp_path_factory):
    return Clone(tmp_path_factory.mktemp("clone"), world.keys)


@pytest.mark.parametrize("engine", [judge.OpenSsl, judge.Nss], ids=["openssl", "nss"])
def test_promise_8_constraints_are_enforced(clone, tmp_path, engine):
    """Under the very constraints that Postern writes, a certificate for another domain, another mailbox of the user's
    provider, or a sub-domain, verifies nowhere. (gpgsm does not know constraints, see JUDGES.)"""
    opened = engine(clone.keys, tmp_path)
    assert judge.open_sealed(opened, clone.sealed(INSIDE)).entity == PART
    for address in OUTSIDE:
        with pytest.raises(judge.Refused, match="(?i)subtree|constraint|trusted|status|sign"):
            judge.open_sealed(opened, clone.sealed(address))


def test_promise_8_constraints_are_enforced_by_thunderbird(clone, tmp_path):
    mails = [clone.sealed(a) for a in (INSIDE, *OUTSIDE)]
    with Thunderbird(tmp_path / "tb", clone.keys, mails) as t:
        seen = t.read()
    assert seen[INSIDE]["signature"] == "SUCCESS", seen[INSIDE]
    for address in OUTSIDE:
        assert seen[address]["signature"] not in (None, "SUCCESS"), (address, seen[address])
