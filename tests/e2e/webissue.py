"""webissue.py: what the page does to issue a profile, by python3-cryptography: user key, request, root, intermediate."""

import base64
import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from browser import path


def new_key(modern):
    return ec.generate_private_key(ec.SECP256R1()) if modern else rsa.generate_private_key(65537, 2048)


def name(cn):
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Postern"), x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def csr(key, mailbox):
    built = x509.CertificateSigningRequestBuilder().subject_name(name(mailbox)).sign(key, hashes.SHA256())
    return base64.b64encode(built.public_bytes(serialization.Encoding.DER)).decode()


def when(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def constraints(begun):
    permitted = [x509.RFC822Name(n) for n in [*begun["domains"], begun["mailbox"]]]
    excluded = [x509.DNSName(""), x509.IPAddress(ipaddress.ip_network("0.0.0.0/0")), x509.IPAddress(ipaddress.ip_network("::/0"))]
    return x509.NameConstraints(permitted, excluded)


def authority(begun, subject, public, issuer_key, pathlen, **wrong):
    """wrong: constraints, length, usage, after, serial, extra: other than asked for."""
    b = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(wrong.get("issuer", begun["root_cn"])))
         .public_key(public).serial_number(x509.random_serial_number() >> 32).not_valid_before(when(begun["not_before"]))
         .not_valid_after(wrong.get("after", when(begun["not_after"]))))
    b = b.add_extension(x509.BasicConstraints(True, wrong.get("length", pathlen)), True)
    b = b.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
    b = b.add_extension(x509.ExtendedKeyUsage([wrong.get("usage", ExtendedKeyUsageOID.EMAIL_PROTECTION)]), False)
    if wrong.get("constraints", True):
        b = b.add_extension(constraints(wrong.get("constraints_of", begun)), begun["critical"])
    b = b.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
    b = b.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
    if "extra" in wrong:
        b = b.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(wrong["extra"])]), False)
    built = b.sign(wrong.get("signer", issuer_key), hashes.SHA256())
    return base64.b64encode(built.public_bytes(serialization.Encoding.DER)).decode()


def chain(begun, modern=False, root_wrong=None, intermediate_wrong=None):
    root = new_key(modern)
    public = serialization.load_der_public_key(base64.b64decode(begun["intermediate_spki"]))
    return {"root": authority(begun, begun["root_cn"], root.public_key(), root, 1, **(root_wrong or {})),
            "intermediate": authority(begun, begun["intermediate_cn"], (intermediate_wrong or {}).get("public", public), root, 0,
                                      **{k: v for k, v in (intermediate_wrong or {}).items() if k != "public"})}


def issue(b, mailbox, modern=False, activate=True, **options):
    """The whole of it; (profile, the user's key, its certificate)."""
    key = new_key(modern)
    begun = b.good("POST", "/v1/profiles", {"mailbox": mailbox, "csr": csr(key, mailbox),
                                            "cipher": "modern" if modern else "compatible", **options}, 201)
    b.good("PUT", path("v1", "profiles", begun["profile"], "chain"), chain(begun, modern), 204)
    if activate:
        b.good("POST", path("v1", "profiles", begun["profile"], "activate"), status=204)
    return begun["profile"], key, x509.load_der_x509_certificate(base64.b64decode(begun["user_cert"]))
