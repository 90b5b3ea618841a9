"""The files that put a profile into a mail client: both PKCS#12 forms wherever JUDGES says that such a file imports."""

import plistlib
import re

import pytest

from run import Failed, run
from thunderbird import Thunderbird


@pytest.fixture(scope="module")
def files(world):
    """{kind: (modern, legacy or None, password)}."""
    user = world.server.user("modern")
    mailbox = world.server.mailbox(user, "modern@mailbox.example")
    done = {}
    for kind, keys in (("rsa", world.keys), ("ec", world.server.issue(mailbox, modern=True))):
        legacy = keys.folder.parent / "user-legacy.p12"
        done[kind] = keys.folder.parent / "user.p12", legacy if legacy.exists() else None, keys
    return done


@pytest.fixture(params=["rsa-modern", "rsa-legacy", "ec-modern"])
def one(request, files):
    kind, form = request.param.split("-")
    modern, legacy, keys = files[kind]
    return {"kind": kind, "form": form, "path": modern if form == "modern" else legacy, "keys": keys}


def test_openssl(one):
    out = run("openssl", "pkcs12", "-in", one["path"], "-passin", f"pass:{one['keys'].password}", "-noenc")[1].decode()
    assert out.count("BEGIN CERTIFICATE") == 3 and out.count("BEGIN PRIVATE KEY") == 1 and "localKeyID" in out
    info = run("openssl", "pkcs12", "-in", one["path"], "-passin", f"pass:{one['keys'].password}", "-info", "-noout")[2]
    if one["form"] == "modern":
        assert "PBES2, PBKDF2, AES-256-CBC, Iteration 600000" in info and "hmacWithSHA256" in info and "MAC: sha256" in info
    else:
        assert "pbeWithSHA1And3-KeyTripleDES-CBC" in info and "MAC: sha1" in info
    with pytest.raises(Failed):
        run("openssl", "pkcs12", "-in", one["path"], "-passin", "pass:wrong", "-noenc")


def test_nss(one, tmp_path):
    db = f"sql:{tmp_path}"
    run("certutil", "-N", "-d", db, "--empty-password")
    run("pk12util", "-i", one["path"], "-d", db, "-W", one["keys"].password, "-K", "")
    listed = run("certutil", "-L", "-d", db)[1].decode()
    assert listed.count("u,u,u") == 1


def test_gnutls(one):
    out = run("certtool", "--p12-info", "--inder", "--infile", one["path"], "--password", one["keys"].password)[1].decode()
    assert out.count("BEGIN CERTIFICATE") == 3


def test_gpgsm_takes_the_legacy_form(files, tmp_path):
    _, legacy, keys = files["rsa"]
    tmp_path.chmod(0o700)
    env = {"GNUPGHOME": str(tmp_path)}
    (tmp_path / "gpg-agent.conf").write_text("allow-loopback-pinentry\ndisable-scdaemon\n")
    try:
        run("gpgsm", "--batch", "--disable-dirmngr", "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--import", legacy,
            data=keys.password.encode(), env=env)
        assert run("gpgsm", "-K", "--with-colons", env=env)[1].count(b"crs:") == 1
    finally:
        run("gpgconf", "--kill", "all", env=env, check=False)


def test_there_is_no_legacy_form_of_an_ec_key(files):
    assert files["ec"][1] is None


def test_thunderbird_imports_them(files, tmp_path):
    modern, legacy, keys = files["rsa"]
    with Thunderbird(tmp_path / "tb", keys, own=False) as t:
        assert t.import_p12(modern, "wrong")["outcome"] != "Success"
        for path, k in ((modern, keys), (legacy, keys), (files["ec"][0], files["ec"][2])):
            got = t.import_p12(path, k.password)
            assert got["outcome"] == "Success" and any(k.address in own for own in got["own"]), got


def test_the_apple_profile(files):
    """Root, intermediate and the legacy container, and no password inside."""
    _, legacy, keys = files["rsa"]
    path = keys.folder.parent / "postern.mobileconfig"
    profile = plistlib.loads(path.read_bytes())
    payloads = {p["PayloadType"]: p for p in profile["PayloadContent"]}
    assert set(payloads) == {"com.apple.security.root", "com.apple.security.pkcs1", "com.apple.security.pkcs12"}
    assert payloads["com.apple.security.pkcs12"]["PayloadContent"] == legacy.read_bytes()
    assert all("Password" not in p for p in payloads.values()) and keys.password.encode() not in path.read_bytes()
    for kind, name in (("root", "root.crt"), ("pkcs1", "int.crt")):
        der = run("openssl", "x509", "-in", keys.path(name), "-outform", "DER")[1]
        content = payloads[f"com.apple.security.{kind}"]["PayloadContent"]
        assert content == der or b"BEGIN CERTIFICATE" in content
    uuids = [p["PayloadUUID"] for p in [profile, *profile["PayloadContent"]]]
    assert len(set(uuids)) == 4 and all(re.fullmatch(r"[0-9A-Fa-f-]{36}", u) for u in uuids)


def test_the_key_files_are_the_users_alone(files):
    for modern, legacy, _ in files.values():
        for path in filter(None, (modern, legacy)):
            assert path.stat().st_mode & 0o077 == 0
