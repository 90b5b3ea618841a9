"""smtp.py: an SMTP client that does exactly what it is told, right or wrong, and gives the whole answers back."""

import dataclasses
import re
import socket
import ssl


@dataclasses.dataclass
class Reply:
    code: int
    lines: list

    @property
    def text(self):
        return "\n".join(self.lines)

    @property
    def enhanced(self):
        found = re.match(r"([245]\.\d{1,3}\.\d{1,3})(?: |$)", self.lines[0])
        return found[1] if found else None

    def __str__(self):
        return f"{self.code} {self.text}"


@dataclasses.dataclass
class Sent:
    """What became of one transaction. `dot` is None when it did not come to that."""
    mail: Reply
    rcpts: dict
    dot: Reply

    @property
    def ok(self):
        return self.dot is not None and self.dot.code == 250


def stuffed(raw):
    """As DATA carries it: dots doubled, the last line ended, the lone dot after it."""
    body = re.sub(rb"(?m)^\.", b"..", raw)
    return body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n"


class Smtp:
    def __init__(self, port, ehlo="client.example", seconds=120, source=None):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds, source and (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""
        self.banner = self.reply()
        self.extensions = {}
        if ehlo and self.banner.code == 220:
            self.hello(ehlo)

    def hello(self, name="client.example"):
        answer = self.cmd(f"EHLO {name}")
        words = [line.split() for line in answer.lines[1:]]
        self.extensions = {w[0].upper(): w[1:] for w in words if w}
        return answer

    def raw(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def line(self):
        while b"\n" not in self.pending:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError("the server closed the connection")
            self.pending += more
        line, _, self.pending = self.pending.partition(b"\n")
        assert line.endswith(b"\r"), f"an answer with a bare LF: {line!r}"
        return line[:-1].decode()

    def reply(self):
        lines = []
        while True:
            line = self.line()
            assert re.match(r"\d{3}[ -]", line), f"not an SMTP answer: {line!r}"
            lines.append(line[4:])
            if line[3] == " ":
                return Reply(int(line[:3]), lines)

    def cmd(self, line):
        self.raw((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.reply()

    def starttls(self):
        answer = self.cmd("STARTTLS")
        assert answer.code == 220, answer
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)
        self.hello()
        return self.socket.version()

    def send(self, sender, rcpts, raw, options=""):
        """One transaction, pipelined up to DATA where that is offered."""
        rcpts = [rcpts] if isinstance(rcpts, str) else rcpts
        lines = [f"MAIL FROM:<{sender}> {options}".rstrip(), *(f"RCPT TO:<{r}>" for r in rcpts)]
        if "PIPELINING" in self.extensions:
            self.raw("".join(f"{line}\r\n" for line in lines))
            answers = [self.reply() for _ in lines]
        else:
            answers = [self.cmd(line) for line in lines]
        sent = Sent(answers[0], dict(zip(rcpts, answers[1:])), None)
        if sent.mail.code != 250 or all(a.code != 250 for a in sent.rcpts.values()):
            self.cmd("RSET")
            return sent
        go = self.cmd("DATA")
        if go.code == 354:
            self.raw(stuffed(raw))
            go = self.reply()
        sent.dot = go
        return sent

    def quit(self):
        answer = self.cmd("QUIT")
        self.socket.close()
        return answer

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def send(port, sender, rcpts, raw, options=""):
    """A connection of its own for one message."""
    with Smtp(port) as client:
        return client.send(sender, rcpts, raw, options)
