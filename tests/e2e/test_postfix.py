"""A whole Postfix before and after the server: it takes mail for the relay domain from the world and hands it on, and it
takes the sealed mail back and delivers it into a Maildir. A private instance on high ports with folders of its own."""

import os
import pathlib
import pwd
import re
import shutil
import smtplib
import subprocess
import time

import pytest

import certs
import judge
import messages
import postern
from world import MAILBOX
from run import run

MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
myhostname = mx.postfix.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtputf8_enable = yes
biff = no
alias_maps =
alias_database =
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
virtual_mailbox_domains = mailbox.example
virtual_mailbox_base = {folder}/boxes
virtual_mailbox_maps = inline:{{ {mailbox}=box/ }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
virtual_minimum_uid = 1
transport_maps = inline:{{ relay.example=smtp:[127.0.0.1]:{postern} }}
message_size_limit = 100000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
"""
SERVICES = """127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


# STARTTLS on both sides (Postern's route asks for it, smtp-source does without); the log says of which session it was so.
TLS = """smtp_tls_security_level = encrypt
smtp_tls_loglevel = 1
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_tls_cert_file = {chain}
smtpd_tls_key_file = {key}
"""


class Postfix:
    def __init__(self, folder, port, postern_port, more=""):
        self.folder, self.port = pathlib.Path(folder), port
        uid = pwd.getpwnam("nobody").pw_uid
        for name in ("etc", "queue", "data", "boxes"):
            (self.folder / name).mkdir()
        (self.folder / "etc/main.cf").write_text(MAIN.format(folder=folder, mailbox=MAILBOX, uid=uid, postern=postern_port) + more)
        (self.folder / "etc/master.cf").write_text(SERVICES.format(port=port))
        shutil.chown(self.folder / "data", "postfix")
        os.chown(self.folder / "boxes", uid, uid)
        self.postfix("start")

    def postfix(self, what, check=True):
        with open(self.folder / "start.log", "ab") as log:
            subprocess.run(["/usr/sbin/postfix", "-c", str(self.folder / "etc"), what], stdout=log, stderr=log, check=check,
                           stdin=subprocess.DEVNULL)

    def log(self, most=4000):
        return "".join(p.read_text(errors="replace")[-most:] for p in sorted(self.folder.glob("*.log")))

    def mail(self, count, seconds=30):
        end = time.monotonic() + seconds
        while True:
            found = sorted((self.folder / "boxes").rglob("new/*"), key=lambda p: p.stat().st_mtime_ns)
            if len(found) >= count:
                return found
            assert time.monotonic() < end, f"{len(found)} of {count}\n{self.log()}"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def circle(tmp_path_factory):
    """Sender -> Postfix -> Postern -> Postfix -> Maildir, by STARTTLS."""
    folder = postern.new_folder()
    port = postern.free_port()
    authority = certs.Authority(folder / "ca")
    chain, key = authority.issue("relay", ["DNS:relay.example"])
    server = postern.Postern(port, settings={"smtp.tls_certificate": chain, "smtp.tls_key": key, "route default.tls": "verify",
                                             "route default.tls_ca": authority.pem})
    theirs = authority.issue("postfix", ["IP:127.0.0.1"])
    mta = Postfix(folder, port, server.port, TLS.format(chain=theirs[0], key=theirs[1]))
    try:
        server.start()
        server.user("alice")
        server.mailbox("alice", MAILBOX)
        keys = server.issue(MAILBOX)
        alias = server.alias("alice", "circle@relay.example")
        yield mta, alias, judge.OpenSsl(keys, tmp_path_factory.mktemp("openssl"))
    finally:
        mta.postfix("stop", check=False)
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


def maildir_bytes(path):
    """As it came: Postfix wrote LF, and its own header on top."""
    raw = path.read_bytes().replace(b"\n", b"\r\n")
    head, body = judge.split(raw)
    fields = re.split(rb"\r\n(?![ \t])", head.rstrip(b"\r\n"))
    own = (b"return-path:", b"x-original-to:", b"delivered-to:", b"received:")
    return b"\r\n".join(f for f in fields if not f.lower().startswith(own)) + b"\r\n\r\n" + body


def test_mail_goes_around(circle, ca):
    mta, alias, engine = circle
    mails = [m for m in messages.samples(alias, ca) if m.name != "large"]
    for mail in mails:
        with smtplib.SMTP("127.0.0.1", mta.port, "client.example") as s:
            s.starttls()
            s.ehlo()
            options = [o for o in mail.options.split() if o != "SMTPUTF8"] + (["SMTPUTF8"] if "SMTPUTF8" in mail.options else [])
            s.command_encoding = "utf-8"
            assert s.sendmail(mail.sender, [alias], mail.raw, options) == {}
    arrived = [maildir_bytes(p) for p in mta.mail(len(mails))]
    opened = [judge.open_sealed(engine, raw) for raw in arrived]
    for mail in mails:
        assert any(judge.leaves(o.message) == judge.leaves(mail.raw) for o in opened), mail.name
    assert not any(m.says.encode() in raw for m in mails for raw in arrived)
    log = mta.log(1 << 20)
    assert len(re.findall(r"smtp\[\d+\]: .*TLS connection established to 127.0.0.1.*TLSv1", log)) >= 1
    assert len(re.findall(r"smtpd\[\d+\]: .*TLS connection established from", log)) > len(mails), "its client, and Postern"


def test_many_at_once(circle):
    """smtp-source through both: nothing is lost, nothing doubled."""
    mta, alias, engine = circle
    before = len(mta.mail(0))
    run("/usr/sbin/smtp-source", "-m", "100", "-s", "10", "-l", "4096", "-f", "load@source.example", "-t", alias,
        f"127.0.0.1:{mta.port}")
    found = mta.mail(before + 100, seconds=60)
    time.sleep(1)
    assert len(mta.mail(before + 100)) == before + 100
    assert judge.open_sealed(engine, maildir_bytes(found[-1]))


def test_a_permanent_refusal_bounces_at_the_sending_side(circle):
    """An unknown alias: Postfix hears 550 at RCPT and tells its own sender; nothing lies in our queue."""
    mta, _, _ = circle
    with smtplib.SMTP("127.0.0.1", mta.port, "client.example") as s:
        s.starttls()
        s.sendmail("carl@mailbox.example", ["nobody@relay.example"], messages.plain("nobody@relay.example").raw)
    end = time.monotonic() + 10
    while "said: 550" not in mta.log():
        assert time.monotonic() < end, mta.log()
        time.sleep(0.1)
