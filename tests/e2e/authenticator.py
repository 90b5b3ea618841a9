"""authenticator.py: an authenticator in software, and what a browser makes of its answers (Web Authentication, Level 2)."""

import base64
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

UP, UV, BE, BS, AT, ED = 1, 4, 8, 16, 64, 128


def b64(raw):
    return base64.b64encode(raw).decode()


def head(major, n):
    for size, info in ((1, 24), (2, 25), (4, 26)):
        if n < 24:
            return bytes([major << 5 | n])
        if n < 1 << 8 * size:
            return bytes([major << 5 | info]) + n.to_bytes(size, "big")


def cbor(v):
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    return head(5, len(v)) + b"".join(cbor(k) + cbor(x) for k, x in v.items())


class Key:
    """One credential. alg: COSE's number."""

    def __init__(self, alg=-7):
        self.alg, self.id, self.count, self.handle = alg, os.urandom(32), 0, b""
        if alg == -7:
            self.key = ec.generate_private_key(ec.SECP256R1())
            n = self.key.public_key().public_numbers()
            self.cose = {1: 2, 3: -7, -1: 1, -2: n.x.to_bytes(32, "big"), -3: n.y.to_bytes(32, "big")}
        elif alg == -8:
            self.key = ed25519.Ed25519PrivateKey.generate()
            raw = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            self.cose = {1: 1, 3: -8, -1: 6, -2: raw}
        else:
            self.key = rsa.generate_private_key(65537, 2048)
            n = self.key.public_key().public_numbers()
            self.cose = {1: 3, 3: -257, -1: n.n.to_bytes(256, "big"), -2: b"\1\0\1"}

    def sign(self, data):
        if self.alg == -7:
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        if self.alg == -8:
            return self.key.sign(data)
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


class Authenticator:
    """Holds one key, and answers as a browser at `origin` would. Whatever is given by name is said instead of what is true."""

    def __init__(self, origin, alg=-7, verifies=True):
        self.origin, self.verifies, self.key = origin, verifies, Key(alg)

    def client(self, kind, challenge, origin=None, cross=False):
        return json.dumps({"type": f"webauthn.{kind}", "challenge": challenge, "origin": origin or self.origin, "crossOrigin": cross},
                          separators=(",", ":")).encode()

    def data(self, rp_id, flags, count=None):
        if count is None:
            self.key.count += 1
            count = self.key.count
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + struct.pack(">I", count)

    def make(self, asked, *, origin=None, rp_id=None, kind="create", challenge=None, flags=None, cross=False, extensions=b"", cose=None,
             statement=None):
        """The members of a body that registers the key."""
        if "user_handle" in asked:
            self.key.handle = base64.b64decode(asked["user_handle"])
        if flags is None:
            flags = UP | AT | (UV if self.verifies else 0) | (ED if extensions else 0)
        data = self.data(rp_id or asked["rp_id"], flags) + bytes(16) + struct.pack(">H", len(self.key.id)) + self.key.id
        data += cbor(cose or self.key.cose) + extensions
        word = challenge or asked["challenge"]
        return {"challenge": word, "client_data": b64(self.client(kind, word, origin, cross)), "transports": ["internal", "hybrid"],
                "attestation": b64(b"\xa3" + cbor("fmt") + cbor("none") + cbor("attStmt") + (statement or cbor({})) + cbor("authData") + cbor(data))}

    def use(self, asked, *, origin=None, rp_id=None, kind="get", challenge=None, flags=None, count=None, cross=False, handle=None,
            signature=None):
        """The members of a body that shows it."""
        if flags is None:
            flags = UP | (UV if self.verifies else 0)
        word = challenge or asked["challenge"]
        data, client = self.data(rp_id or asked["rp_id"], flags, count), self.client(kind, word, origin, cross)
        return {"challenge": word, "credential": b64(self.key.id), "client_data": b64(client), "authenticator_data": b64(data),
                "signature": b64(signature or self.key.sign(data + hashlib.sha256(client).digest())),
                "user_handle": b64(self.key.handle if handle is None else handle)}
