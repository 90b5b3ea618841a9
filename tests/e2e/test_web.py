"""The web role: what is refused before anything reads it, headers, cookies, bounds, files."""

import email
import gzip
import hashlib
import re
import socket
import time

import pytest

import browser
import postern
from browser import Browser, path, raw


@pytest.fixture(scope="module")
def ui(tmp_path_factory):
    folder = postern.new_folder() / "ui"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Postern</title>")
    (folder / "assets" / "main-1a2b3c4d.js").write_text("export {}\n" * 1000)
    (folder / "assets" / "main-1a2b3c4d.js.gz").write_bytes(gzip.compress(b"export {}\n" * 1000))
    (folder / "favicon.svg").write_text("<svg/>")
    return folder


@pytest.fixture(scope="module")
def server(hop, ui):
    s = browser.serve(hop, web__ui=ui).start()
    yield s
    s.close()


GET = b"GET /v1/server HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize("data, status", [
    (b"GET /v1/server HTTP/1.1\nHost: a\n\n", 400),
    (GET + b"X: a\nY: b\r\n\r\n", 400),
    (b"GET /v1/server HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n", 400),
    (b"GET /v1/server HTTP/1.1\r\nHost: a\r\nX: a\r\n\tContent-Length: 5\r\n\r\n", 400),
    (b"GET /v1/server HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    (GET + b"X : a\r\n\r\n", 400),
    (GET + b"X: a\rY: b\r\n\r\n", 400),
    (GET + b"X: a\0b\r\n\r\n", 400),
    (GET + b"Host: b\r\n\r\n", 400),
    (POST + b"Content-Length: -1\r\n\r\n", 400),
    (POST + b"Content-Length: +2\r\n\r\n{}", 400),
    (POST + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
    (POST + b"transfer-encoding: xchunked\r\n\r\n", 411),
    (POST + b"Content-Length: 2\r\nTransfer-Encoding: identity\r\n\r\n{}", 400),
    (b"GET http://evil.test/v1/server HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /v1/server  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /v1/server HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    (GET + b"".join(b"X%d: a\r\n" % n for n in range(80)) + b"\r\n", 431),
    (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", 400),
    (POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
    (POST + b"Content-Length: 2\r\nContent-Length: 200\r\n\r\n{}", 400),
    (POST + b"Content-Length: 2, 2\r\n\r\n{}", 400),
    (POST + b"Content-Length: 0x2\r\n\r\n{}", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 411),
    (POST + b"Transfer-Encoding\x0b: chunked\r\n\r\n", 400),
    (POST + b"Content-Length: 300000\r\n\r\n", 413),
    (GET + b"X: " + b"a" * 20000 + b"\r\n\r\n", 431),
    (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    (b"EHLO there\r\nMAIL FROM:<a@b>\r\n", 400),
])
def test_attack_74_what_can_be_read_in_two_ways_is_refused_and_closed(server, data, status):
    """Also with a whole request behind it: that is never answered."""
    answer = raw(server.web, data + GET + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert answer.count(b"HTTP/1.1") == 1 and b"signup" not in answer and b"Connection: close" in answer
    assert b"Content-Security-Policy: default-src 'none'" in answer
    assert b"[" not in answer.rpartition(b"\r\n\r\n")[2][:1], "the connection is closed, not reset"


def test_attack_74_one_request_a_connection(server):
    answer = raw(server.web, (GET + b"\r\n") * 3)
    assert answer.count(b"HTTP/1.1 200") == 1 and answer.lower().count(b"connection: close") == 1
    answer = raw(server.web, POST + b"Content-Length: 2\r\n\r\n{}" + GET + b"\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1 and answer.startswith(b"HTTP/1.1 403")


def test_attack_74_a_slow_head_is_read_and_an_endless_one_ended(server):
    with socket.create_connection(("127.0.0.1", server.web), 20) as s:
        for byte in GET + b"\r\n":
            s.sendall(bytes([byte]))
            time.sleep(0.002)
        assert s.recv(15) == b"HTTP/1.1 200 OK"
    with socket.create_connection(("127.0.0.1", server.web), 20) as s:
        s.sendall(GET)
        began = time.monotonic()
        assert s.recv(12) == b"HTTP/1.1 408" and 8 < time.monotonic() - began < 15


def test_attack_74_a_body_that_does_not_come_is_not_waited_for_without_end(server):
    began = time.monotonic()
    answer = raw(server.web, POST + b"Content-Length: 20\r\n\r\n{", 45)
    assert time.monotonic() - began < 40 and answer == b""


def test_attack_74_half_closed(server):
    """Whoever closes his half after a whole request is still answered; half a head is let go of at once."""
    for data, status in ((GET + b"\r\n", b"HTTP/1.1 200"), (GET, b"")):
        with socket.create_connection(("127.0.0.1", server.web), 5) as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            try:
                assert s.recv(12) == status
            except ConnectionResetError:
                assert not status


def test_attack_74_many_slow_ones_do_not_stop_the_others(server):
    """More than there is room for, each with a byte now and then: those that were slow for longest make room."""
    slow = [socket.create_connection(("127.0.0.1", server.web), 5) for _ in range(400)]
    for byte in GET[:4]:
        for s in slow[-150:]:
            s.sendall(bytes([byte]))
        assert Browser(server.web).get("/v1/server").status == 200
    for s in slow:
        s.close()


def test_many_that_say_nothing_do_not_stop_the_others(server):
    idle = [socket.create_connection(("127.0.0.1", server.web), 5) for _ in range(150)]
    assert Browser(server.web).get("/v1/server").status == 200
    for s in idle:
        s.close()


HEADERS = {"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
                                      "font-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
                                      "require-trusted-types-for 'script'; trusted-types 'none'",
           "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
           "Cross-Origin-Opener-Policy": "same-origin", "Connection": "close"}


def check_headers(headers, cors=False):
    assert {k: headers[k] for k in HEADERS} == HEADERS
    assert {"camera=()", "microphone=()", "geolocation=()", "usb=()", "display-capture=()"} <= set(re.split(r",\s*", headers["Permissions-Policy"]))
    assert headers["Cross-Origin-Resource-Policy"] == ("cross-origin" if cors else "same-origin")
    assert ("Access-Control-Allow-Origin" in headers) == cors
    assert "Server" not in headers and len(headers.get_all("Content-Security-Policy")) == 1


def test_attack_74_headers_are_on_every_kind_of_answer(hop, ui):
    """A page, a file, JSON, nothing, refusals of every layer, and the refusals of the door, which no library makes."""
    s = browser.serve(hop, origin="https://relay.example", web__ui=ui).start()
    try:
        b = Browser(s.web, origin="https://relay.example")
        b.sign_up("headers", browser.invite(s))
        asked = [("GET", "/", 200), ("HEAD", "/", 200), ("GET", "/aliases", 200), ("GET", "/assets/main-1a2b3c4d.js", 200), ("GET", "/assets/x.js", 404),
                 ("GET", "/v1/server", 200), ("PATCH", "/v1/account", 204), ("GET", "/v1/nonsense", 404), ("PUT", "/v1/server", 405),
                 ("GET", "/v1/aliases/%zz", 404), ("GET", "/healthz", 200), ("GET", "/metrics", 404), ("POST", "/v1/logout", 204), ("GET", "/v1/session", 401),
                 ("GET", "/api/user_info", 401), ("OPTIONS", "/api/user_info", 204)]
        for method, p, status in asked:
            a = b.ask(method, p, {} if method == "PATCH" else None)
            assert a.status == status, f"{method} {p}: {a}"
            check_headers(a.headers, cors=p.startswith("/api/"))
            assert a.headers["Strict-Transport-Security"].startswith("max-age=63072000")
            assert a.headers["Cache-Control"] == ("no-store" if p.startswith(("/v1", "/api", "/assets/x", "/healthz", "/metrics")) else
                                                  "public, max-age=31536000, immutable" if "main" in p else "no-cache"), p
        check_headers(Browser(s.metrics).get("/metrics").headers)
        for data in (GET + b"Transfer-Encoding: chunked\r\n\r\n", b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", b"\0\r\n"):
            headers = email.message_from_bytes(raw(s.web, data).partition(b"\r\n")[2])
            check_headers(headers)
            assert headers["Strict-Transport-Security"] and headers["Cache-Control"] == "no-store"
        for _ in range(900):
            a = b.get("/v1/server")
            if a.status == 429:
                break
        assert a.status == 429
        check_headers(a.headers)
    finally:
        s.close()


def test_the_app_is_served_from_memory(server, ui):
    b = Browser(server.web)
    js = b.get("/assets/main-1a2b3c4d.js")
    assert js.headers["Content-Type"].startswith("text/javascript") and "immutable" in js.headers["Cache-Control"]
    assert js.raw == b"export {}\n" * 1000
    small = b.ask("GET", "/assets/main-1a2b3c4d.js", headers={"Accept-Encoding": "gzip, deflate"})
    assert small.headers["Content-Encoding"] == "gzip" and gzip.decompress(small.raw) == js.raw
    assert small.headers["Vary"] == "Accept-Encoding"
    for p in ("/", "/aliases", "/signup", "/aliases/x"):
        page = b.get(p)
        assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8" and b"Postern" in page.raw
    for p in ("/../postern.conf", "/assets/../../postern.conf", "/%2e%2e/postern.conf", "/.git/config", "/x.js", "//x.js"):
        a = b.get(p)
        assert a.status == 404 or b"<title>Postern" in a.raw, p
        assert b"[smtp]" not in a.raw
    assert b.ask("HEAD", "/").raw == b""
    assert b.ask("POST", "/").status == 404


def test_the_manifest_names_the_files(server, ui):
    """All bytes that a browser may get; the page shows what `postern version` prints, and both are of the files."""
    all_of_it = b"".join(f"/{p.relative_to(ui)}".encode() + b"\0" + hashlib.sha256(p.read_bytes()).digest()
                         for p in sorted(ui.rglob("*"), key=lambda p: str(p)) if p.is_file())
    digest = hashlib.sha256(all_of_it).hexdigest()
    assert Browser(server.web).get("/v1/server").json["manifest"] == digest
    assert server.cli("version")[0]["interface"] == digest and f"interface {digest}\n".encode() in server.command("version")[1]
    assert f"manifest={digest}" in server.log
    small = ui / "assets" / "main-1a2b3c4d.js.gz"
    kept = small.read_bytes()
    small.write_bytes(gzip.compress(b"evil"))
    assert server.cli("version")[0]["interface"] != digest, "a compressed form that is another is told too"
    small.write_bytes(kept)


def test_web_has_neither_files_nor_key_nor_way_out(server):
    (line,) = re.findall(r"ev=role-ready who=web .*", server.log)
    assert "seccomp=on" in line
    (pid,) = server.roles()["web"]
    names = [str(p.resolve()) for p in __import__("pathlib").Path(f"/proc/{pid}/fd").iterdir()]
    assert not [n for n in names if n.startswith("/") and not n.startswith(("/proc", "/dev", str(server.folder / "serve-")))], names


def test_without_listen_there_is_no_web(hop):
    s = postern.Postern(hop.port).start()
    assert "web" not in s.roles()
    s.close()


def test_the_web_listens_on_this_machine_alone(hop):
    s = postern.Postern(hop.port, settings={"web.listen": "0.0.0.0:8080"})
    status, _, errors = s.command("config", "check", check=False)
    assert status and "web.listen" in errors
    s.set({"web.listen": "127.0.0.1:8080", "web.metrics": "0.0.0.0:9154"})
    status, _, errors = s.command("config", "check", check=False)
    assert status and "web.metrics" in errors
    s.set({"web.metrics": "127.0.0.1:9154"})
    s.set({"web.listen": "127.0.0.1:8080", "web.origin": "relay.example"})
    status, _, errors = s.command("config", "check", check=False)
    assert status and "web.origin" in errors
    s.close()


def test_health_and_metrics(server):
    b, inside = Browser(server.web, origin=None), Browser(server.metrics, origin=None)
    for each in (b, inside):
        assert each.get("/healthz").json == {"status": "ok"}
    m = inside.get("/metrics")
    assert m.headers["Content-Type"].startswith("text/plain; version=0.0.4") and b"postern_messages_total{" in m.raw
    assert m.raw.decode().splitlines()[2] == server.command("stat", "--prometheus")[1].decode().splitlines()[2]
    assert b.get("/metrics").status == 404 and b.ask("POST", "/metrics", {}).status == 405, "not even without a proxy"
    for p in ("/", "/v1/server", "/v1/session", "/v1/routes", "/api/user_info", "/assets/main-1a2b3c4d.js", "/v1/login"):
        assert inside.get(p).status == 404, f"{p}: the collector's listener has counters alone"


def test_core_dies_and_web_goes_on(server):
    b = Browser(server.web)
    (pid,) = server.roles()["core"]
    __import__("os").kill(pid, 9)
    end = time.monotonic() + 20
    seen = set()
    while time.monotonic() < end:
        seen.add(b.get("/healthz").status)
        if "core" in server.roles() and b.get("/healthz").status == 200:
            break
        time.sleep(0.01)
    assert b.get("/healthz").status == 200 and seen <= {200, 503}


def test_one_client_is_bounded_and_another_is_not(server):
    many, other = Browser(server.web, client="192.0.2.7"), Browser(server.web, client="192.0.2.8")
    status = [many.get("/v1/server").status for _ in range(900)]
    assert status[0] == 200 and 429 in status
    assert many.get("/v1/server").headers.get("Retry-After") or many.get("/v1/server").status == 200
    assert other.get("/v1/server").status == 200


def test_a_second_field_does_not_make_another_client(server):
    """The proxy's is the last; what stands before it is the client's own invention."""
    def guess(i):
        return raw(server.web, b"GET /v1/session HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer pst_wrong\r\n"
                   b"X-Forwarded-For: 192.0.2.%d\r\nX-Forwarded-For: 203.0.113.77\r\n\r\n" % i)[9:12]
    said = [guess(i) for i in range(60)]
    assert said[0] == b"401" and said[-1] == b"429"


def test_https_origin_hardens_the_cookie(hop):
    s = browser.serve(hop, origin="https://relay.example").start()
    try:
        b = Browser(s.web, origin="https://relay.example")
        a = b.ask("POST", "/v1/signup", {"name": "x", "password": browser.PASSWORD, "invitation": browser.invite(s)})
        assert a.status == 201 and "token" not in a.json
        name, *rest = [p.strip() for p in a.headers["Set-Cookie"].split(";")]
        assert name.startswith("__Host-postern=") and {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(rest)
        assert "max-age=" in a.headers["Strict-Transport-Security"]
        assert b.get("/v1/session").json["name"] == "x"
    finally:
        s.close()


@pytest.mark.parametrize("key, target, mode", [("web.listen", b"/v1/server", "0666"), ("web.metrics", b"/metrics", "0600")])
def test_a_unix_socket(hop, key, target, mode):
    folder = postern.new_folder()
    s = browser.serve(hop)
    s.set({key: f"unix:{folder}/web", "web.socket_mode": mode})
    s.start()
    try:
        with socket.socket(socket.AF_UNIX) as c:
            c.connect(str(folder / "web"))
            c.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            assert c.recv(15) == b"HTTP/1.1 200 OK"
        assert (folder / "web").stat().st_mode & 0o777 == int(mode, 8)
        if key == "web.metrics":
            assert Browser(s.web).get("/metrics").status == 404
    finally:
        s.close()


def test_init_prints_the_first_invitation(hop, tmp_path):
    port, folder = postern.free_port(), postern.new_folder() / "new"
    out = __import__("run").run(postern.binary(), "init", "--domain", "relay.example", "--web", f"127.0.0.1:{port}", "--origin",
                                "http://relay.test", folder)[1].decode()
    token = re.search(r"http://relay\.test/signup#([a-z2-7]{32})", out)[1]
    s = postern.Postern(hop.port, folder=folder, init=False).start()
    try:
        b = Browser(port)
        b.sign_up("first", token)
        assert b.get("/v1/session").json["name"] == "first"
    finally:
        s.close()
