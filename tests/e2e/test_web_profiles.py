"""A profile issued over the web by a client of its own making: each certificate that it sends is checked, and mail is
sealed to its key."""

import datetime
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

import browser
import judge
import messages
import reply
import smtp
import webissue
import world
from browser import path

MAILBOX = "rita@mailbox.example"


@pytest.fixture(scope="module")
def server(hop):
    s = browser.serve(hop).start()
    yield s
    s.close()


@pytest.fixture(scope="module")
def rita(server, hop):
    b = browser.account(server, "rita")
    browser.verify(b, hop, MAILBOX)
    return b


@pytest.mark.parametrize("modern", [False, True])
def test_issue_and_receive(server, hop, rita, modern, tmp_path):
    profile, key, certificate = webissue.issue(rita, MAILBOX, modern)
    (row,) = [p for p in rita.get("/v1/profiles").json if p["profile"] == profile]
    assert row["state"] == "active" and row["cipher"] == ("modern" if modern else "compatible")
    alias = rita.good("POST", "/v1/aliases", {"style": "words", "label": "shop"}, 201)
    since = len(hop.messages)
    mail = messages.plain(alias["address"])
    assert smtp.send(server.port, mail.sender, alias["address"], mail.raw, mail.options).ok
    (wire,) = hop.wait(1, since=since)
    (tmp_path / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                         serialization.NoEncryption()))
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    opened = subprocess.run(["openssl", "cms", "-decrypt", "-inkey", tmp_path / "key.pem", "-recip", tmp_path / "cert.pem"],
                            input=wire.raw, capture_output=True, check=True).stdout
    assert b"multipart/signed" in opened and mail.says.encode() in opened and mail.says.encode() not in wire.raw
    shown = rita.get(path("v1", "aliases", alias["address"])).json
    assert shown["used"] == 1 and sum(d["forwarded"] for d in shown["days"]) == 1
    (c,) = rita.get(path("v1", "aliases", alias["address"], "correspondents")).json
    assert c["address"] == mail.sender and c["reverse"].endswith("@relay.example")


def test_renewal_overlaps(server, hop, rita, tmp_path):
    """Two profiles of one mailbox, one of them active: the other one's answers still go out, until it is deleted."""
    box = browser.verify(rita, hop, "renewed@mailbox.example")
    alias = rita.good("POST", "/v1/aliases", {"style": "words", "mailboxes": [box]}, 201)["address"]

    def states():
        return {p["profile"]: p["state"] for p in rita.get("/v1/profiles", mailbox=box).json}

    def relay(keys):
        since, mail = len(hop.messages), messages.plain(alias)
        assert smtp.send(server.port, mail.sender, alias, mail.raw, mail.options).ok
        (wire,) = hop.wait(1, rcpt=box, since=since)
        return world.Relayed(mail, wire, judge.open_sealed(judge.OpenSsl(keys, tmp_path / f"judge-{since}"), wire.raw))

    old = server.issue(box, days=20)
    (first,) = states()
    done, client = relay(old), reply.Client(server.port, old, tmp_path)
    new = server.issue(box)
    second = max(states())
    assert states() == {first: "inactive", second: "active"}
    relay(new)
    with pytest.raises(judge.Refused):
        relay(old)
    since = len(hop.messages)
    assert client.send(client.reply(done, messages.text("by the old key\n"))).ok
    assert b"by the old key" in hop.wait(1, rcpt=done.mail.sender, since=since)[0].raw

    rita.refused(403, "DELETE", path("v1", "profiles", second), argument="profile")
    rita.good("DELETE", path("v1", "profiles", first), status=204)
    assert states() == {second: "active"}
    assert client.send(client.reply(done, messages.text("once more\n"))).dot.code == 550, "its keys are destroyed"


def begun_of(rita, **options):
    key = webissue.new_key(True)
    return rita.good("POST", "/v1/profiles", {"mailbox": MAILBOX, "csr": webissue.csr(key, MAILBOX), "cipher": "modern", **options},
                     201)


OTHER = webissue.new_key(True)


@pytest.mark.parametrize("which, wrong, says", [
    ("root", {"length": 2}, "root"),
    ("root", {"constraints": False}, "root"),
    ("root", {"usage": ExtendedKeyUsageOID.SERVER_AUTH}, "root"),
    ("root", {"extra": "evil@relay.example"}, "root"),
    ("root", {"signer": OTHER}, "root"),
    ("root", {"after": datetime.datetime(2060, 1, 1)}, "root"),
    ("intermediate", {"length": 1}, "intermediate"),
    ("intermediate", {"constraints": False}, "intermediate"),
    ("intermediate", {"usage": ExtendedKeyUsageOID.CODE_SIGNING}, "intermediate"),
    ("intermediate", {"extra": "evil@relay.example"}, "intermediate"),
    ("intermediate", {"signer": OTHER}, "intermediate"),
    ("intermediate", {"public": OTHER.public_key()}, "intermediate"),
    ("intermediate", {"issuer": "Somebody else"}, "intermediate"),
    ("intermediate", {"after": datetime.datetime(2060, 1, 1)}, "intermediate"),
])
def test_each_field_of_the_chain_is_checked(rita, which, wrong, says):
    begun = begun_of(rita)
    p = path("v1", "profiles", begun["profile"])
    bad = webissue.chain(begun, True, **{f"{which}_wrong": wrong})
    a = rita.ask("PUT", p + "/chain", bad)
    assert a.status in (400, 403, 422) and says in a.json["why"], a
    rita.refused(403, "POST", p + "/activate")
    rita.good("PUT", p + "/chain", webissue.chain(begun, True), 204)  # a good one is still taken
    rita.refused(409, "PUT", p + "/chain", webissue.chain(begun, True))
    rita.good("DELETE", p, status=204)


def test_other_constraints_than_those_told(rita):
    begun = begun_of(rita)
    wider = {**begun, "domains": [*begun["domains"], "bank.example"]}
    a = rita.ask("PUT", path("v1", "profiles", begun["profile"], "chain"),
                 webissue.chain(begun, True, root_wrong={"constraints_of": wider}))
    assert a.status in (400, 403, 422), a


@pytest.mark.parametrize("csr", ["", "AAAA", "not base64!", "MIIB" + "A" * 40, 5])
def test_a_request_that_is_none(rita, csr):
    a = rita.ask("POST", "/v1/profiles", {"mailbox": MAILBOX, "csr": csr})
    assert a.status in (400, 403) and a.json["argument"] == "csr"
