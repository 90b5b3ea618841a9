"""browser.py: what a browser, or a program with a key, says to the web role; and the raw bytes that neither would."""

import http.client
import json
import re
import socket
import urllib.parse

import postern

PASSWORD = "correct horse battery"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.raw = status, headers, body

    @property
    def json(self):
        return json.loads(self.raw)

    def __repr__(self):
        return f"{self.status} {self.raw[:300]!r}"


class Browser:
    """One jar: the session's cookie, and the device's. origin: what the page's is; None: none is sent."""

    def __init__(self, port, origin="http://relay.test", key=None, client=None):
        self.port, self.origin, self.key, self.client, self.cookie = port, origin, key, client, None
        self.device = None

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, method, path, body=None, headers=None, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        h = {"User-Agent": "test/1"}
        if self.origin:
            h.update({"Origin": self.origin, "X-Postern": "1"})
        if self.key:
            h["Authorization"] = f"Bearer {self.key}"
        if self.client:
            h["X-Forwarded-For"] = self.client
        if self.cookie or self.device:
            h["Cookie"] = "; ".join(c for c in (self.device, self.cookie) if c)
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            h["Content-Type"] = "application/json"
        h.update(headers or {})
        conn = self.connection()
        try:
            conn.request(method, path, data, {k: v for k, v in h.items() if v is not None})
            r = conn.getresponse()
            answer = Answer(r.status, r.headers, r.read())
        finally:
            conn.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            value = cookie.split(";")[0] if "Max-Age=0" not in cookie else None
            if "-device=" in cookie:
                self.device = value
            else:
                self.cookie = value
        return answer

    def get(self, path, **query):
        return self.ask("GET", path, **query)

    def good(self, method, path, body=None, status=None, **query):
        answer = self.ask(method, path, body, **query)
        assert answer.status == (status or answer.status) and 200 <= answer.status < 300, f"{method} {path}: {answer}"
        return answer.json if answer.raw else None

    def refused(self, status, method, path, body=None, argument=None, headers=None, **query):
        answer = self.ask(method, path, body, headers=headers, **query)
        assert answer.status == status, f"{method} {path}: {answer} instead of {status}"
        error = answer.json
        assert set(error) == {"error", "why", "argument"} and len(error["why"]) > 5, error
        assert argument is None or error["argument"] == argument, error
        return error

    def sign_up(self, name, invitation=None, password=PASSWORD):
        return self.good("POST", "/v1/signup", {"name": name, "password": password,
                                                 **({"invitation": invitation} if invitation else {})}, 201)


def path(*segments):
    return "/" + "/".join(urllib.parse.quote(str(s), safe="") for s in segments)


def raw(port, data, seconds=5):
    """What the server answers to these bytes, until it closes."""
    with socket.create_connection(("127.0.0.1", port), seconds) as s:
        s.settimeout(seconds)
        s.sendall(data)
        out = b""
        try:
            while chunk := s.recv(65536):
                out += chunk
        except (ConnectionResetError, TimeoutError) as e:
            out += f"[{type(e).__name__}]".encode()
        return out


def serve(hop, origin="http://relay.test", **settings):
    """A server with a web role; server.web is its port, server.metrics a collector's."""
    port, inside = postern.free_port(), postern.free_port()
    server = postern.Postern(hop.port, settings={"web.listen": f"127.0.0.1:{port}", "web.origin": origin, "web.metrics": f"127.0.0.1:{inside}",
                                                 **{k.replace("__", "."): v for k, v in settings.items()}})
    server.web, server.metrics = port, inside
    return server


def invite(server, *words):
    return postern.first(server.cli("user", "invite", *words))["invitation"]


def account(server, name, **options):
    """Somebody who has signed up by invitation."""
    b = Browser(server.web, **options)
    b.sign_up(name, invite(server))
    return b


def verify(b, hop, address, **options):
    """Names a mailbox and gives back the code that was mailed to it."""
    since = len(hop.messages)
    b.good("POST", "/v1/mailboxes", {"address": address, **options}, 201)
    b.good("POST", path("v1", "mailboxes", address, "verify"), {"code": mailed_code(hop, address, since)}, 204)
    return address


def adam(server, hop):
    """An account with two mailboxes that take clear mail."""
    b = account(server, "adam")
    for address in ("adam@mailbox.example", "adam2@mailbox.example"):
        verify(b, hop, address, clear="on")
    return b


def mailed_code(hop, address, since):
    while True:
        (message,) = hop.wait(1, since=since)
        since += 1
        if address in message.rcpts:
            return re.search(rb"Your code: (\d{4} \d{4})", message.raw)[1].decode()
