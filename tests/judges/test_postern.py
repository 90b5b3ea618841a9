"""What Postern really sends, read by every engine there is here, for both switches of a profile, as JUDGES predicts: the
compatible one is read by all; the modern one (ECDH, AES-GCM) by OpenSSL alone, and Thunderbird shows it empty."""

import email.utils

import pytest

import judge
import messages
import nexthop
from thunderbird import Thunderbird

SWITCHES = [("compatible", "rsa2048"), ("compatible", "p256"), ("modern", "p256")]
ENGINES = {"openssl": judge.OpenSsl, "nss": judge.Nss, "gpgsm": judge.GpgSm}


@pytest.fixture(scope="module")
def mailed(world, ca):
    """{switch: (keys, [Relayed...])}: the same mails to a user of each switch."""
    done = {}
    for cipher, sender_key in SWITCHES:
        user = world.server.user(f"{cipher}-{sender_key}")
        mailbox = world.server.mailbox(user, f"{user}@mailbox.example")
        world.server.cli("mailbox", "set", mailbox, pad_sizes="off" if cipher == "modern" else "on")
        keys = world.server.issue(mailbox, modern=cipher == "modern", sender_key=sender_key)
        alias = world.server.alias(user)
        engine = judge.OpenSsl(keys, world.folder / f"openssl-{user}")
        mails = [m for m in messages.samples(alias, ca) if m.name != "large"]
        done[cipher, sender_key] = keys, [world.relay(m, alias, engine) for m in mails]
    return done


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("switch", SWITCHES, ids="-".join)
def test_engine(mailed, tmp_path, switch, name):
    keys, relayed = mailed[switch]
    if switch[0] == "modern" and name == "gpgsm":
        # its importer crashes on a PKCS#12 with an EC key: no such file is made for it
        assert not (keys.folder.parent / "user-legacy.p12").exists()
        return
    engine = ENGINES[name](keys, tmp_path)
    try:
        for done in relayed:
            if switch[0] == "modern" and name == "nss":
                with pytest.raises(judge.Refused):
                    judge.open_sealed(engine, done.wire.raw)
            else:
                opened = judge.open_sealed(engine, done.wire.raw)
                assert opened.entity == done.opened.entity and done.opened.signer in opened.signer
    finally:
        getattr(engine, "close", lambda: None)()


@pytest.fixture(scope="module", params=SWITCHES, ids="-".join)
def shown(request, mailed, tmp_path_factory):
    """What Thunderbird shows of them; and, of the compatible ones, its answer to all."""
    keys, relayed = mailed[request.param]
    folder = tmp_path_factory.mktemp("thunderbird")
    with nexthop.NextHop(folder / "sent") as sink:
        with Thunderbird(folder / "tb", keys, [r.wire.raw for r in relayed], smtp_port=sink.port) as t:
            seen = {f"<{mid}>": what for mid, what in t.read().items()}
            return request.param, [(r, seen[r.field("Message-ID")]) for r in relayed]


def test_thunderbird(shown):
    switch, pairs = shown
    for done, seen in pairs:
        name, address = email.utils.parseaddr(judge.words(done.field("From")))
        assert judge.words(done.field("Subject")) in seen["subject"], seen
        assert name in seen["from"], seen
        if switch[0] == "modern":
            assert done.mail.says not in seen["body"], "Thunderbird reads GCM now: JUDGES is out of date"
        else:
            # Inside the relay's signature one of the samples has its sender's own, whose root this user does not know;
            # Thunderbird then tells of the inner one.
            nested = done.mail.name == "signed"
            wanted, signer = ("VERIFY_UNTRUSTED", done.mail.sender) if nested else ("SUCCESS", address)
            assert (seen["encryption"], seen["signature"]) == ("SUCCESS", wanted), (done.mail.name, seen)
            assert done.mail.says in seen["body"] and signer in (seen["signer"] or ""), (done.mail.name, seen)


def test_thunderbird_answers_everyone_encrypted(world, mailed, tmp_path):
    """Reply-All to a message with a Cc: the certificates of the others travelled in the signature."""
    keys, _ = mailed["compatible", "p256"]
    alias = world.server.alias("compatible-p256")
    raw = messages.head("Sam <sam@shop.example>", alias, "To both", more=["Cc: Cecil <cecil@shop.example>"])
    done = world.relay(messages.Mail("both", "sam@shop.example", raw + messages.text("Both read this.\n"), "Both read this."),
                       alias, judge.OpenSsl(keys, tmp_path / "openssl"))
    with nexthop.NextHop(tmp_path / "sent") as sink:
        with Thunderbird(tmp_path / "tb", keys, [done.wire.raw], smtp_port=sink.port) as t:
            assert t.choose_certificate()
            outcome = t.reply(done.field("Message-ID").strip("<>"), "REPLY-MARKER\n", everyone=True)
            assert outcome["outcome"] == "sent", outcome
        (sent,) = sink.messages
    (cecil,) = judge.mailboxes(done.field("Cc"))
    assert {done.opened.signer, cecil} <= set(sent.rcpts) and judge.is_sealed(sent.raw)
    assert b"REPLY-MARKER" not in sent.raw
    assert judge.recipients(judge.der_of(judge.split(sent.raw)[1])) == len(sent.rcpts) + 1
