"""proxy.py: the recipes of doc/ for a proxy in front of web, run as they stand but for ports and the certificate; and a tap between the two,
that keeps what each connection to web carried."""

import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import postern
from browser import Browser

NAME = "relay.example"


def file_of(page, name):
    """The file that a page of doc/ shows: the indented lines from "# NAME" on."""
    found = re.search(rf"^    # {re.escape(name)}\n((?:    .*\n|\n)+)", (postern.TOP / "doc" / page).read_text(), re.M)
    assert found, f"doc/{page} shows no {name}"
    return re.sub(r"^    ", "", found[1], flags=re.M)


def line_of(page, words):
    """A line that a page tells to put in another's place."""
    (found,) = re.findall(rf"^ +{re.escape(words)}.*$", (postern.TOP / "doc" / page).read_text(), re.M)
    return found.strip()


def exchanged(text, *pairs):
    """Each has to be there: what a recipe no longer says is not tested without notice."""
    for old, new in pairs:
        assert old in text, f"the recipe has no {old!r}"
        text = text.replace(old, new)
    return text


class Tap:
    """Hands on what comes to it to web and back. connections: what each brought, in order."""

    def __init__(self, port):
        self.port, self.connections, self.closed, self.away = port, [], False, False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.at = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            if self.away:
                peer.close()
                continue
            web = socket.create_connection(("127.0.0.1", self.port))
            kept = bytearray()
            self.connections.append(kept)
            threading.Thread(target=carry, args=(peer, web, kept), daemon=True).start()
            threading.Thread(target=carry, args=(web, peer, None), daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def carry(source, target, kept):
    try:
        while data := source.recv(65536):
            if kept is not None:
                kept += data
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def request_of(raw):
    """(method, target, [(name, value)], body) when these bytes are one request and nothing else, by the letter of RFC 9112; what else they are
    is an AssertionError."""
    head, end, body = bytes(raw).partition(b"\r\n\r\n")
    assert end, raw
    lines = head.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines), head
    method, target, version = lines[0].split(b" ")
    assert re.fullmatch(rb"[A-Z]+", method) and version == b"HTTP/1.1" and target.startswith(b"/"), lines[0]
    fields = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        assert colon and re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name), line
        fields.append((name.lower().decode(), value.strip().decode("latin-1")))
    names = [n for n, _ in fields]
    assert names.count("host") == 1 and names.count("content-length") <= 1, head
    if "transfer-encoding" in names:
        assert "content-length" not in names, head
    else:
        assert len(body) <= int(dict(fields).get("content-length", 0)), raw
    return method.decode(), target.decode(), fields, body


class Proxy:
    """kind: nginx or caddy. upstream: host:port, or the path of a socket."""

    def __init__(self, kind, upstream, authority):
        self.kind, self.folder = kind, postern.new_folder()
        self.port, self.plain = postern.free_port(), postern.free_port()
        self.chain, self.key = authority.issue(f"{kind}-{self.port}", [f"DNS:{NAME}"])
        self.context = ssl.create_default_context(cafile=str(authority.pem))
        command = getattr(self, kind)(upstream)
        self.out = open(self.folder / "out", "wb")
        self.process = subprocess.Popen(command, stdout=self.out, stderr=self.out, stdin=subprocess.DEVNULL, cwd=self.folder,
                                        env={**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder),
                                             "XDG_CONFIG_HOME": str(self.folder)})
        self.wait()

    def nginx(self, upstream):
        site = file_of("nginx.md", "/etc/nginx/conf.d/postern.conf")
        if upstream.startswith("/"):
            new = exchanged(line_of("nginx.md", "proxy_pass http://unix:"), ("/run/postern-web/web", upstream))
        else:
            new = f"proxy_pass http://{upstream};"
        site = exchanged(site, ("proxy_pass http://127.0.0.1:8080;", new), ("listen 443", f"listen 127.0.0.1:{self.port}"),
                         ("listen 80", f"listen 127.0.0.1:{self.plain}"), ("/var/log/nginx/error.log crit", f"{self.folder}/error.log crit"),
                         (f"/etc/letsencrypt/live/{NAME}/fullchain.pem", str(self.chain)),
                         (f"/etc/letsencrypt/live/{NAME}/privkey.pem", str(self.key)))
        temp = "".join(f"{k}_temp_path {self.folder}/{k};" for k in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user www-data;" if os.geteuid() == 0 else ""
        conf = self.folder / "nginx.conf"
        conf.write_text(f"{user} daemon off; pid {self.folder}/pid; error_log {self.folder}/error.log; events {{}}\n"
                        f"http {{ access_log {self.folder}/access.log; {temp}\n{site}\n}}\n")
        return ["nginx", "-c", conf, "-e", self.folder / "error.log"]

    def caddy(self, upstream):
        site = file_of("caddy.md", "/etc/caddy/Caddyfile")
        if upstream.startswith("/"):
            new = exchanged(line_of("caddy.md", "reverse_proxy unix//"), ("/run/postern-web/web", upstream))
        else:
            new = f"reverse_proxy {upstream} {{"
        site = exchanged(site, ("    admin off\n", f"    admin off\n    http_port {self.plain}\n    https_port {self.port}\n"),
                         (f"\n{NAME} {{\n", f"\n{NAME} {{\n    bind 127.0.0.1\n    tls {self.chain} {self.key}\n"),
                         ("reverse_proxy 127.0.0.1:8080 {", new))
        conf = self.folder / "Caddyfile"
        conf.write_text(site)
        return ["caddy", "run", "--config", conf, "--adapter", "caddyfile"]

    def wait(self):
        end = time.monotonic() + 30
        while True:
            try:
                self.connect().close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, self.said()
                time.sleep(0.05)

    def said(self):
        """Everything that it wrote anywhere."""
        return "\n".join(p.read_text(errors="replace") for p in sorted(self.folder.rglob("*")) if p.is_file() and p.suffix not in (".pem", ".key"))

    def connect(self, protocol="http/1.1", source="127.0.0.1", name=NAME):
        context = ssl.create_default_context(cadata=None)
        context.load_verify_locations(cadata=pathlib.Path(self.chain.parent / "ca.pem").read_text())
        context.set_alpn_protocols([protocol])
        plain = socket.create_connection(("127.0.0.1", self.port), 20, source_address=(source, 0))
        try:
            s = context.wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise
        assert s.selected_alpn_protocol() == protocol
        return s

    def raw(self, data, seconds=10, source="127.0.0.1"):
        """What it answers to these bytes, until it closes or says nothing for long enough."""
        with self.connect(source=source) as s:
            s.settimeout(seconds)
            out = b""
            try:
                s.sendall(data)
                while chunk := s.recv(65536):
                    out += chunk
            except (OSError, TimeoutError) as e:
                out += f"[{type(e).__name__}]".encode()
            return out

    def browser(self, source="127.0.0.1", **options):
        return Through(self, source, **options)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.out.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Through(Browser):
    """A browser of somebody at `source`, at the proxy."""

    def __init__(self, proxy, source, **options):
        super().__init__(proxy.port, origin=f"https://{NAME}", **options)
        self.proxy, self.source = proxy, source

    def connection(self):
        c = http.client.HTTPSConnection(NAME, timeout=30)
        c.sock = self.proxy.connect(source=self.source)
        return c
