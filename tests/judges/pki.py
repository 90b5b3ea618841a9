"""pki.py: a throwaway PKI and CMS messages made by the openssl command line, good and bad, so that the judges can be
judged: each must accept the good and refuse the bad before it may say anything of Postern."""

import base64
import pathlib
import secrets

from run import run

USER, SENDER = "alice@mailbox.example", "bob.k3v9@relay.example"

CA = """[e]
basicConstraints=critical,CA:TRUE,pathlen:{pathlen}
keyUsage=critical,keyCertSign,cRLSign
extendedKeyUsage=emailProtection
subjectKeyIdentifier=hash
{authority}
nameConstraints={critical}permitted;email:relay.example,permitted;email:{user}
"""
LEAF = """[e]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,{usage}
extendedKeyUsage=emailProtection
subjectAltName=email:{address}
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""


def new_key(path, kind):
    option = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if kind == "rsa" else [
        "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve"]
    run("openssl", "genpkey", "-algorithm", *option, "-out", path)


class Pki:
    """root -> intermediate -> user, sender; in a folder: NAME.key, NAME.crt, user.p12 (password "secret")."""

    def __init__(self, folder, kind="rsa", user=USER, critical=False):
        self.folder, self.kind, self.user = pathlib.Path(folder), kind, user
        self.folder.mkdir(parents=True, exist_ok=True)
        self.critical = "critical," if critical else ""
        self.authority("root", None, 1)
        self.authority("int", "root", 0)
        self.leaf("user", user)
        self.leaf("sender", SENDER)
        self.p12("user.p12")

    def path(self, name):
        return self.folder / name

    def issue(self, name, issuer, subject, extensions):
        new_key(self.path(f"{name}.key"), self.kind)
        self.path(f"{name}.ext").write_text(extensions)
        run("openssl", "req", "-new", "-key", self.path(f"{name}.key"), "-subj", subject, "-out", self.path(f"{name}.csr"))
        signing = ["-CA", self.path(f"{issuer}.crt"), "-CAkey", self.path(f"{issuer}.key")] if issuer else [
            "-signkey", self.path(f"{name}.key")]
        run("openssl", "x509", "-req", "-in", self.path(f"{name}.csr"), *signing, "-set_serial",
            "0x4" + secrets.token_hex(8), "-days", "30", "-sha256", "-extfile", self.path(f"{name}.ext"), "-extensions",
            "e", "-out", self.path(f"{name}.crt"))

    def authority(self, name, issuer, pathlen):
        authority = "authorityKeyIdentifier=keyid" if issuer else ""
        self.issue(name, issuer, f"/O=throwaway/CN={name} {self.kind}",
                   CA.format(pathlen=pathlen, authority=authority, critical=self.critical, user=self.user))

    def leaf(self, name, address, common_name=None, issuer="int"):
        usage = "keyEncipherment" if self.kind == "rsa" else "keyAgreement"
        self.issue(name, issuer, f"/CN={common_name or address}", LEAF.format(usage=usage, address=address))

    def p12(self, name, *options):
        self.path("chain.pem").write_bytes(self.path("int.crt").read_bytes() + self.path("root.crt").read_bytes())
        run("openssl", "pkcs12", "-export", "-inkey", self.path("user.key"), "-in", self.path("user.crt"), "-certfile",
            self.path("chain.pem"), "-name", "user", "-passout", "pass:secret", "-certpbe", "PBE-SHA1-3DES", "-keypbe",
            "PBE-SHA1-3DES", "-macalg", "sha1", *options, "-out", self.path(name))

    def sign(self, part, signer="sender", options=()):
        """multipart/signed around a MIME part with CRLF; no signingTime, as Postern does it."""
        _, signature, _ = run("openssl", "cms", "-sign", "-binary", "-outform", "DER", "-md", "sha256", "-signer",
                              self.path(f"{signer}.crt"), "-inkey", self.path(f"{signer}.key"), "-certfile",
                              self.path("int.crt"), *options, data=part)
        return multipart_signed(part, signature)

    def encrypt(self, part, cipher="aes-256-cbc", recipient="user", options=()):
        _, der, _ = run("openssl", "cms", "-encrypt", "-binary", "-outform", "DER", f"-{cipher}", "-recip",
                        self.path(f"{recipient}.crt"), *options, data=part)
        kind = "authEnveloped-data" if "gcm" in cipher else "enveloped-data"
        return (f"Content-Type: application/pkcs7-mime; smime-type={kind}; name=smime.p7m\r\n"
                "Content-Transfer-Encoding: base64\r\n\r\n").encode() + base64_lines(der)


def base64_lines(data):
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def multipart_signed(part, signature):
    boundary = "=_sig_" + secrets.token_hex(12)
    return (f'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256;\r\n'
            f' boundary="{boundary}"\r\n\r\n--{boundary}\r\n').encode() + part + (
            f'\r\n--{boundary}\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n'
            "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=smime.p7s\r\n\r\n"
            ).encode() + base64_lines(signature) + f"--{boundary}--\r\n".encode()
