"""The SMTP session from outside: what is offered, what is refused, and that nothing can be smuggled."""

import os
import signal
import smtplib
import socket
import ssl
import time

import pytest

import judge
import messages
import smtp
from world import World
from run import run


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
        "/CN=relay.example", "-addext", "subjectAltName=DNS:relay.example", "-keyout", folder / "key", "-out", folder / "crt")
    w = World(hop, tmp_path_factory.mktemp("world"), settings={
        "smtp.tls_certificate": folder / "crt", "smtp.tls_key": folder / "key", "smtp.errors": 5, "smtp.recipients": 30,
        "smtp.sessions_per_client": 40, "smtp.message_bytes": 4 << 20})
    w.certificate = folder / "crt"
    yield w
    w.close()


@pytest.fixture
def client(world):
    with smtp.Smtp(world.server.port) as c:
        yield c


def test_what_is_offered(client):
    assert set(client.extensions) >= {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "STARTTLS"}
    assert "ESMTP" in client.banner.text and "ostern" not in client.banner.text


def test_starttls_and_mail_within(client, world):
    assert client.starttls() in ("TLSv1.2", "TLSv1.3")
    assert "STARTTLS" not in client.extensions
    since = len(world.hop.messages)
    mail = messages.html(world.alias)
    assert client.send(mail.sender, world.alias, mail.raw).ok
    assert judge.open_sealed(world.judge, world.hop.wait(1, since=since)[0].raw)


def test_old_tls_is_refused(world):
    for version in ("-tls1", "-tls1_1"):
        status, _, _ = run("openssl", "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{world.server.port}", version,
                           "-cipher", "DEFAULT@SECLEVEL=0", check=False)
        assert status != 0


def test_attack_63_nothing_pipelined_survives_the_handshake(client):
    """Commands that came with STARTTLS, before the handshake, are of an attacker between (CVE-2011-0411)."""
    client.raw(b"STARTTLS\r\nRSET\r\n")
    said, alive = [], True
    try:
        while len(said) < 3:
            said.append(client.reply().code)
            if said[-1] == 220:
                client.socket = tls_context().wrap_socket(client.socket)
                client.hello()
                alive = client.cmd("NOOP").code == 250
                break
        else:
            alive = True
    except (EOFError, OSError):
        alive = False
    assert not alive and 250 not in said, said


def tls_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.mark.parametrize("ending", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\n\n.\r\n"])
def test_no_message_is_smuggled(world, ending):
    """A line end that is not CRLF ends no message and makes no second one: the whole is refused."""
    inner = b"MAIL FROM:<evil@dangerous.example>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"
    mail = messages.booking(world.alias)
    since = len(world.hop.messages)
    with smtp.Smtp(world.server.port) as c:
        for line in (f"MAIL FROM:<{mail.sender}>", f"RCPT TO:<{world.alias}>"):
            assert c.cmd(line).code == 250
        assert c.cmd("DATA").code == 354
        c.raw(mail.raw + b"text" + ending + inner % world.alias.encode() + b"\r\n.\r\n")
        answers = []
        try:
            c.socket.settimeout(0.7)
            while True:
                answers.append(c.reply())
        except (EOFError, OSError):
            pass
    assert answers and answers[0].code == 550 and answers[0].enhanced == "5.5.2", [str(a) for a in answers]
    assert 250 not in [a.code for a in answers] and 354 not in [a.code for a in answers]
    time.sleep(0.3)
    assert len(world.hop.messages) == since


@pytest.mark.parametrize("line", [b"MAIL FROM:<a@b.example>\n", b"NOOP\rNOOP\r\n", b"MAIL FROM:<a@b.example\0>\r\n"])
def test_a_command_with_a_bare_line_end_is_refused(client, line):
    client.raw(line + b"NOOP\r\n")
    assert client.reply().code // 100 == 5


def test_sequence(client, world):
    assert client.cmd("DATA").code == 503
    assert client.cmd(f"RCPT TO:<{world.alias}>").code == 503
    assert client.cmd("MAIL FROM:<a@b.example>").code == 250
    assert client.cmd("MAIL FROM:<a@b.example>").code == 503
    assert client.cmd("RSET").code == 250
    assert client.cmd("NOOP").code == 250 and client.cmd("VRFY shop").code in (252, 502)
    assert client.cmd("WHAT").code == 500


def test_too_many_errors_end_the_session(client):
    codes = []
    with pytest.raises((EOFError, ConnectionError)):
        for _ in range(20):
            codes.append(client.cmd("WHAT").code)
    assert len(codes) <= 6 and codes[-1] in (421, 500)


def test_size_is_refused_early_and_late(client, world):
    limit = int(client.extensions["SIZE"][0])
    assert limit <= 4 << 20
    assert client.cmd(f"MAIL FROM:<a@b.example> SIZE={limit + 1}").code == 552
    line = b"x" * 998 + b"\r\n"
    raw = messages.plain(world.alias).raw + line * (limit // 1000 + 10)
    sent = client.send("a@b.example", world.alias, raw)
    assert sent.dot.code == 552 and sent.dot.enhanced == "5.3.4"
    assert client.cmd("NOOP").code == 250


def test_too_many_recipients(client, world):
    assert client.cmd("MAIL FROM:<a@b.example>").code == 250
    codes = [client.cmd(f"RCPT TO:<{world.alias}>").code for _ in range(32)]
    assert codes[30:] == [452, 452]


def test_too_many_sessions_of_one_client(world):
    sessions = []
    try:
        for _ in range(45):
            s = socket.create_connection(("127.0.0.1", world.server.port), 10)
            sessions.append(s)
        codes = [s.recv(3) for s in sessions]
        assert codes.count(b"220") <= 40 and set(codes[40:]) == {b"421"}
    finally:
        for s in sessions:
            s.close()


def test_five_hundred_wait_while_the_gate_is_busy(world):
    """The backlog: who comes while nobody takes connections is not turned away by the kernel, and is answered afterwards."""
    (gate,) = world.server.roles()["gate"]
    waiting = []
    os.kill(gate, signal.SIGSTOP)
    try:
        for _ in range(512):
            waiting.append(socket.create_connection(("127.0.0.1", world.server.port), 3))
    finally:
        os.kill(gate, signal.SIGCONT)
    assert {s.recv(3) for s in waiting} <= {b"220", b"421"}
    for s in waiting:
        s.close()


def test_a_header_block_without_end_is_refused(client, world):
    raw = messages.plain(world.alias).raw
    head = b"".join(b"X-Pad-%d: %s\r\n" % (i, b"y" * 900) for i in range(400))
    sent = client.send("a@b.example", world.alias, head + raw)
    assert sent.dot.code // 100 == 5


def test_long_body_lines_pass(client, world):
    """The mail will be sealed: its lines are free (a command's and a header's are not)."""
    since = len(world.hop.messages)
    long = b"z" * 20000
    assert client.send("long@b.example", world.alias, messages.head("L <long@b.example>", world.alias, "long") + b"\r\n" + long +
                       b"\r\n").ok
    assert long in judge.open_sealed(world.judge, world.hop.wait(1, since=since)[0].raw).entity
    client.raw(b"MAIL FROM:<" + b"a" * 3000 + b"@b.example>\r\n")
    assert client.reply().code in (500, 501, 552)


@pytest.mark.parametrize("options", [["--tls"], ["--pipeline"], ["--tls", "--pipeline"]], ids=" ".join)
def test_swaks_with_every_extension_that_it_has(world, options):
    since = len(world.hop.messages)
    words = f"swaks says hello with {' '.join(options)}"
    status, out, errors = run("swaks", "--server", "127.0.0.1", "--port", world.server.port, *options, "--ehlo", "client.example",
                              "--from", "swaks@tests.example", "--to", world.alias, "--header", "Subject: from swaks",
                              "--body", words, check=False)
    assert status == 0, (out + errors.encode())[-1500:].decode()
    assert (b"=== TLS started" in out) == ("--tls" in options)
    assert words.encode() in judge.open_sealed(world.judge, world.hop.wait(1, since=since)[0].raw).entity


def test_smtplib_agrees(world):
    since = len(world.hop.messages)
    mail = messages.html(world.alias)
    with smtplib.SMTP("127.0.0.1", world.server.port, "client.example") as s:
        assert s.sendmail(mail.sender, [world.alias], mail.raw, ["BODY=8BITMIME"]) == {}
    assert judge.open_sealed(world.judge, world.hop.wait(1, since=since)[0].raw)
