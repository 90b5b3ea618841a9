"""bulk.py: a user's mail client that writes thousands of answers in seconds: signed and encrypted in this process with
python3-cryptography's primitives, where the tests' usual client starts openssl twice for each. The first of them is shown to
openssl all the same, so that nobody besieges a server with what no other client would write."""

import os
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import pkcs7

import reply
from run import run

# OIDs, in DER.
ENVELOPED, DATA = bytes.fromhex("06092a864886f70d010703"), bytes.fromhex("06092a864886f70d010701")
RSA, AES_128_CBC = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("0609608648016503040102")
SEQUENCE, SET, OCTETS, INTEGER, CONTEXT_0, CONTENT = 0x30, 0x31, 0x04, 0x02, 0xa0, 0x80


def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def integer(n):
    return tlv(INTEGER, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def recipient(certificate, key):
    """RFC 5652 6.2.1, by issuer and serial."""
    return tlv(SEQUENCE, integer(0), tlv(SEQUENCE, certificate.issuer.public_bytes(), integer(certificate.serial_number)),
               tlv(SEQUENCE, RSA, b"\x05\x00"), tlv(OCTETS, certificate.public_key().encrypt(key, rsa_padding.PKCS1v15())))


def envelope(entity, certificates):
    """EnvelopedData of RFC 5652 6.1, AES-128-CBC, for RSA keys."""
    key, iv = os.urandom(16), os.urandom(16)
    padder, cipher = padding.PKCS7(128).padder(), Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    hidden = cipher.update(padder.update(entity) + padder.finalize()) + cipher.finalize()
    content = tlv(SEQUENCE, DATA, tlv(SEQUENCE, AES_128_CBC, tlv(OCTETS, iv)), tlv(CONTENT, hidden))
    recipients = tlv(SET, *sorted(recipient(c, key) for c in certificates))
    return tlv(SEQUENCE, ENVELOPED, tlv(CONTEXT_0, tlv(SEQUENCE, integer(0), recipients, content)))


class Writer:
    """client: a reply.Client whose user has an RSA key; it answers `done`, whose correspondent's certificate is RSA too."""

    def __init__(self, client, done, to):
        pem = pathlib.Path(client.keys.path("user.key")).read_bytes()
        self.client, self.done, self.to = client, done, to
        self.key = serialization.load_pem_private_key(pem, None)
        self.own = x509.load_pem_x509_certificate(pathlib.Path(client.keys.path("user.crt")).read_bytes())
        chain = pathlib.Path(client.keys.path("chain.pem")).read_bytes().split(b"-----BEGIN")[1:]
        self.chain = [x509.load_pem_x509_certificate(b"-----BEGIN" + one) for one in chain]
        self.theirs = x509.load_pem_x509_certificate(pathlib.Path(client.known[to]).read_bytes())

    def sign(self, entity):
        builder = pkcs7.PKCS7SignatureBuilder().set_data(entity).add_signer(self.own, self.key, hashes.SHA256())
        for certificate in self.chain:
            builder = builder.add_certificate(certificate)
        signature = builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
        return reply.multipart_signed(entity, signature)

    def write(self, entity, program="thunderbird"):
        der = envelope(self.sign(entity), [self.theirs, self.own])
        head = self.client.head([self.to], "Re: " + (self.done.field("Subject") or ""), answers=self.done, program=program)
        return reply.Letter([self.to], head + reply.smime("enveloped-data", der), entity)

    def show(self, entity):
        """openssl opens one and verifies it, or this says why not."""
        keys = self.client.keys
        opened = run("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-recip", keys.path("user.crt"), "-inkey",
                     keys.path("user.key"), data=envelope(self.sign(entity), [self.theirs, self.own]))[1]
        verified = run("openssl", "cms", "-verify", "-CAfile", keys.path("root.crt"), "-purpose", "smimesign",
                       data=opened)[1]
        assert verified == entity, verified[:500]
