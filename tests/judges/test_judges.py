"""The judges, judged: each engine accepts what openssl made rightly and refuses what was made wrong. A judge that
cannot say no proves nothing when it says yes."""

import re

import pytest

import judge
import pki

PART = ("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        "Grüße, Alice!\r\nMARKER ✓\r\n").encode()
HEAD = (f"From: Bob <{pki.SENDER}>\r\nTo: {pki.USER}\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n").encode()


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    made = pki.Pki(tmp_path_factory.mktemp("pki"))
    made.leaf("outside", "mallory@elsewhere.example")
    made.leaf("company", "company@relay.example", common_name="Booking.com")
    return made


@pytest.fixture(scope="module", params=[judge.OpenSsl, judge.Nss, judge.GpgSm], ids=["openssl", "nss", "gpgsm"])
def engine(request, ca, tmp_path_factory):
    e = request.param(judge.Keys(ca.folder, ca.user), tmp_path_factory.mktemp("engine"))
    yield e
    if hasattr(e, "close"):
        e.close()


def test_accepts_signed_and_encrypted(engine, ca):
    opened = judge.open_sealed(engine, HEAD + ca.encrypt(ca.sign(PART)))
    assert opened.entity == PART and pki.SENDER in opened.signer


def test_refuses_a_changed_body(engine, ca):
    signed = ca.sign(PART).replace(b"MARKER", b"mARKER")
    with pytest.raises(judge.Refused):
        judge.open_sealed(engine, HEAD + ca.encrypt(signed))


def test_refuses_a_foreign_root(engine, ca, tmp_path):
    other = pki.Pki(tmp_path / "other")
    with pytest.raises(judge.Refused):
        judge.open_sealed(engine, HEAD + ca.encrypt(other.sign(PART)))


def test_refuses_a_foreign_recipient(engine, ca):
    with pytest.raises(judge.Refused):
        judge.open_sealed(engine, HEAD + ca.encrypt(ca.sign(PART), recipient="sender"))


def test_refuses_clear_and_unsigned(engine, ca):
    with pytest.raises(judge.Refused):
        judge.open_sealed(engine, HEAD + ca.sign(PART))
    with pytest.raises(judge.Refused):
        judge.open_sealed(engine, HEAD + ca.encrypt(PART))


def test_refuses_an_address_outside_the_name_constraints(engine, ca):
    """OpenSSL and NSS enforce them; gpgsm does not know them (JUDGES: which is why they are not critical)."""
    message = HEAD + ca.encrypt(ca.sign(PART, signer="outside"))
    if isinstance(engine, judge.GpgSm):
        assert judge.open_sealed(engine, message).entity == PART
    else:
        with pytest.raises(judge.Refused, match="(?i)subtree|constraint|not.?trusted"):
            judge.open_sealed(engine, message)


def test_the_cipher_and_the_attributes_are_seen(ca, tmp_path):
    engine = judge.OpenSsl(judge.Keys(ca.folder, ca.user), tmp_path)
    opened = judge.open_sealed(engine, HEAD + ca.encrypt(ca.sign(PART)))
    assert judge.algorithms(opened.sealed) == ("rsaEncryption", "aes-256-cbc")
    assert "signingTime" in judge.attributes(opened.signature) and judge.recipients(opened.sealed) == 1
    assert len(judge.certificates(tmp_path, opened.signature)) == 2


def test_leaves_differ_when_a_byte_differs():
    one = HEAD + PART
    assert judge.leaves(one) == judge.leaves(one.replace(b"8bit", b"binary"))
    assert judge.leaves(one) != judge.leaves(one.replace(b"MARKER", b"mARKER"))
    assert judge.leaves(one) != judge.leaves(re.sub(b"utf-8", b"latin1", one))
