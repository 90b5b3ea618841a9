"""The recipes of doc/nginx.md and doc/caddy.md: the files that stand there, run. Between proxy and web a tap keeps what each connection to web
carried: whatever a client writes, it is one request, read in one way, and the next client is answered as if nothing had been."""

import gzip
import os
import re
import shutil
import socket
import threading

import pytest

import browser
import certs
import http2
import postern
from browser import Browser
from proxy import NAME, Proxy, Tap, request_of

PROXIES = ("nginx", "caddy")
CANARY = "canary-4711"
ASSET = "/assets/main-1a2b3c4d.js"
SCRIPT = b"export {}\n" * 1000


@pytest.fixture(scope="module")
def ui():
    folder = postern.new_folder() / "ui"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Postern</title>")
    (folder / ASSET[1:]).write_bytes(SCRIPT)
    (folder / f"{ASSET[1:]}.gz").write_bytes(gzip.compress(SCRIPT))
    return folder


@pytest.fixture(scope="module")
def server(hop, ui):
    s = browser.serve(hop, origin=f"https://{NAME}", web__ui=ui).start()
    yield s
    s.close()


@pytest.fixture(scope="module")
def tap(server):
    t = Tap(server.web)
    yield t
    t.close()


@pytest.fixture(scope="module")
def authority():
    folder = postern.new_folder()
    yield certs.Authority(folder / "ca")
    shutil.rmtree(folder)


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request, tap, authority):
    p = Proxy(request.param, tap.at, authority)
    yield p
    p.close()


@pytest.fixture(scope="module")
def neighbour(server, proxy):
    """Somebody else, whose requests go the same way."""
    b = proxy.browser("127.0.0.8")
    b.sign_up(f"neighbour-{proxy.kind}", browser.invite(server))
    return b


def is_answered(neighbour):
    a = neighbour.get("/v1/session")
    assert a.status == 200 and a.json["name"] == f"neighbour-{neighbour.proxy.kind}", a


# ---- the whole way ------------------------------------------------------------------------------------------------


def test_signing_in_and_writing(server, proxy):
    b = proxy.browser()
    b.sign_up(f"user-{proxy.kind}", browser.invite(server))
    assert b.cookie.startswith("__Host-postern=")
    assert b.good("PATCH", "/v1/account", {"expiry_notices": "off"}, 204) is None
    b.good("POST", "/v1/logout", status=204)
    assert b.get("/v1/session").status == 401
    assert b.ask("POST", "/v1/login", {"name": f"user-{proxy.kind}", "password": browser.PASSWORD}).status == 200
    assert b.get("/v1/session").json["name"] == f"user-{proxy.kind}"
    assert proxy.browser(key=None).ask("POST", "/v1/login", {}, headers={"Origin": "https://evil.example"}).status == 403


def without_the_proxys_own(headers):
    return sorted((k.lower(), v) for k, v in headers.items() if k.lower() not in ("date", "connection", "server", "set-cookie", "alt-svc", "via"))


@pytest.mark.parametrize("method, path, more", [
    ("GET", "/", {}),
    ("GET", ASSET, {}),
    ("GET", ASSET, {"Accept-Encoding": "gzip, br"}),
    ("HEAD", ASSET, {"Accept-Encoding": "gzip"}),
    ("GET", "/assets/none.js", {}),
    ("GET", "/v1/session", {}),
    ("GET", "/v1/no-such-thing", {}),
    ("GET", "/v1/aliases?q=a%2Fb%20c", {}),
    ("DELETE", "/v1/server", {}),
    ("POST", "/v1/login", {"Origin": "https://evil.example"}),
    ("OPTIONS", "/api/v2/user_info", {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}),
])
def test_web_is_heard_word_for_word(server, proxy, method, path, more):
    """Status, body and every field: policy, caching, compression, errors; HSTS once."""
    direct = Browser(server.web, origin=f"https://{NAME}").ask(method, path, headers=more)
    through = proxy.browser().ask(method, path, headers=more)
    assert (through.status, through.raw) == (direct.status, direct.raw)
    assert without_the_proxys_own(through.headers) == without_the_proxys_own(direct.headers)
    for name in ("Strict-Transport-Security", "Content-Security-Policy", "X-Content-Type-Options"):
        assert len(through.headers.get_all(name)) == 1, through.headers
    if method == "GET" and path == ASSET:
        packed = more.get("Accept-Encoding")
        assert (gzip.decompress(through.raw) if packed else through.raw) == SCRIPT
        assert "immutable" in through.headers["Cache-Control"] and through.headers.get("Content-Encoding") == ("gzip" if packed else None)


def h2_headers(method, path, *more, authority=NAME):
    return [(b":method", method.encode()), (b":scheme", b"https"), (b":authority", authority.encode()), (b":path", path.encode()), *more]


def test_http_2(server, proxy):
    with proxy.connect("h2") as s:
        a = http2.ask(s, h2_headers("GET", ASSET, (b"accept-encoding", b"gzip")))
    assert a.status == 200 and gzip.decompress(a.raw) == SCRIPT and a.all("content-encoding") == ["gzip"]
    assert len(a.all("strict-transport-security")) == 1 and len(a.all("content-security-policy")) == 1
    assert not a.all("connection"), "RFC 9113 8.2.2"
    body = b'{"name":"user-%s","password":"not this one"}' % proxy.kind.encode()
    with proxy.connect("h2") as s:
        a = http2.ask(s, h2_headers("POST", "/v1/login", (b"origin", f"https://{NAME}".encode()), (b"x-postern", b"1"),
                                    (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))), body)
    assert a.status == 401 and b"password" in a.raw, a


def test_plain_http_leads_to_https_and_foreign_names_nowhere(proxy):
    answer = browser.raw(proxy.plain, b"GET /aliases?x=1 HTTP/1.1\r\nHost: relay.example\r\nConnection: close\r\n\r\n")
    assert re.match(rb"HTTP/1.1 30[18] ", answer) and re.search(rb"(?i)\r\nlocation: https://relay\.example(:\d+)?/aliases\?x=1\r\n", answer), answer
    with pytest.raises((OSError, ConnectionError)):
        proxy.connect(name="other.example")
    answer = proxy.raw(b"GET /v1/server HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n")
    assert b"signup" not in answer, answer


def test_over_a_unix_socket(hop, authority, ui):
    """One socket, one folder for both: nginx's workers reach it by its group."""
    folder = postern.new_folder() / "run"
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "root", "www-data")
    folder.chmod(0o2750)
    s = browser.serve(hop, origin=f"https://{NAME}", web__ui=ui)
    s.set({"web.listen": f"unix:{folder}/web"})
    s.start()
    try:
        for kind in PROXIES:
            p = Proxy(kind, f"{folder}/web", authority)
            try:
                b = p.browser()
                b.sign_up(f"unix-{kind}", browser.invite(s))
                assert b.get("/v1/session").json["name"] == f"unix-{kind}"
                assert b.get(ASSET).raw == SCRIPT
            finally:
                p.close()
        assert (folder / "web").stat().st_mode & 0o777 == 0o660
    finally:
        s.close()


def test_counters_stay_inside(server, proxy):
    assert proxy.browser().get("/metrics").status == 404
    assert Browser(server.metrics).get("/metrics").status == 200


# ---- who it is, how much, and what the proxy says itself ------------------------------------------------------------


@pytest.mark.parametrize("forged", [
    b"X-Forwarded-For: 203.0.113.9\r\n",
    b"x-forwarded-for: 203.0.113.9, 203.0.113.10\r\nX-FORWARDED-FOR: 203.0.113.11\r\n",
    b"X-Forwarded-For: 203.0.113.9\r\nConnection: close, X-Forwarded-For\r\n",
    b"X-Forwarded-For: 203.0.113.9\r\nX_Forwarded_For: 203.0.113.12\r\nForwarded: for=203.0.113.13\r\nX-Real-IP: 203.0.113.14\r\n",
])
def test_attack_74_a_client_does_not_choose_its_address(proxy, tap, forged):
    since = len(tap.connections)
    proxy.raw(b"GET /v1/server HTTP/1.1\r\nHost: relay.example\r\n" + forged + b"Connection: close\r\n\r\n", source="127.0.0.21")
    (kept,) = tap.connections[since:]
    _, _, fields, _ = request_of(kept)
    assert [v for n, v in fields if n == "x-forwarded-for"] == ["127.0.0.21"], kept
    assert [v for n, v in fields if n == "host"] == [NAME]


def test_attack_74_bounds_are_by_client_behind_the_proxy(proxy):
    """Who writes another X-Forwarded-For each time is still the one client, and shuts nobody else out."""
    one = {"nginx": "127.0.0.31", "caddy": "127.0.0.32"}[proxy.kind]
    said = [proxy.browser(one, client=f"192.0.2.{n}").ask("POST", "/v1/login", {"name": "nobody", "password": "wrong password"}).status
            for n in range(20)]
    assert 429 in said and set(said) <= {401, 429, 503}
    other = proxy.browser(one[:-2] + "4" + one[-1])
    assert other.ask("POST", "/v1/login", {"name": f"nobody-{proxy.kind}", "password": "wrong password"}).status in (401, 503)


def test_as_much_as_web_reads_and_no_more(server, proxy):
    most, answers = 256 * 1024, []
    for who in (proxy.browser("127.0.0.51"), Browser(server.web, origin=f"https://{NAME}", client="127.0.0.52")):
        for size in (most, most + 1):
            body = b'{"name":"x","password":"' + b" " * (size - 26) + b'"}'
            assert len(body) == size
            a = who.ask("POST", "/v1/login", body)
            answers.append((a.status, set(a.json)))
    many = [proxy.browser("127.0.0.53").ask("POST", "/v1/login", b" " * 3_000_000).status for _ in range(5)]
    assert many == [413] * 5, "the answer is heard, however much is on its way"
    assert [s for s, _ in answers] == [answers[0][0], 413, answers[0][0], 413] and answers[0][0] != 413, answers
    assert all(keys == {"error", "why", "argument"} for _, keys in answers)


def test_web_is_away(proxy, tap):
    """Said in the form of the API, with when to come again; and the log has no target of a request in it."""
    tap.away = True
    try:
        a = proxy.browser().get(f"/v1/aliases/{CANARY}%40relay.example")
    finally:
        tap.away = False
    assert a.status == 503 and a.json["error"] == "again" and a.headers["Retry-After"] == "5"
    assert a.headers["Content-Type"] == "application/json"
    proxy.browser().get(f"/v1/aliases/{CANARY}%40relay.example")
    proxy.browser().ask("POST", f"/v1/aliases/{CANARY}", b" " * 300_000)
    proxy.raw(f"GET /{CANARY} HTTP/1.1\r\nHost: relay.example\r\nContent-Length: x\r\n\r\n".encode())
    assert CANARY not in proxy.said()


# ---- what can be read in two ways -----------------------------------------------------------------------------------

INNER = b"GET /smuggled HTTP/1.1\r\nHost: relay.example\r\nX: "
GET = b"GET /v1/server HTTP/1.1\r\nHost: relay.example\r\n"
POST = b"POST /v1/login HTTP/1.1\r\nHost: relay.example\r\nContent-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def chunk(data, extension=b""):
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


SMUGGLED = {
    "bare LF": GET.replace(b"\r\n", b"\n") + b"Connection: close\n\n",
    "bare LF before a length": GET + b"X: a\nContent-Length: %d\r\n\r\n" % len(INNER) + INNER,
    "bare CR": GET + b"X: a\rContent-Length: %d\r\n\r\n" % len(INNER) + INNER,
    "CL.TE": POST + b"Content-Length: %d\r\n" % (5 + len(INNER)) + CHUNKED + b"\r\n0\r\n\r\n" + INNER,
    "TE.CL": POST + CHUNKED + b"Content-Length: 4\r\n\r\n" + chunk(INNER) + b"0\r\n\r\n",
    "TE.TE": POST + CHUNKED + b"Transfer-Encoding: identity\r\nContent-Length: 4\r\n\r\n" + chunk(INNER) + b"0\r\n\r\n",
    "TE, unlike": POST + b"Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n\r\n" + chunk(INNER) + b"0\r\n\r\n",
    "TE with a blank": POST + b"Transfer-Encoding : chunked\r\nContent-Length: 4\r\n\r\n" + chunk(INNER) + b"0\r\n\r\n",
    "TE behind a vertical tab": POST + b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 4\r\n\r\n" + chunk(INNER) + b"0\r\n\r\n",
    "TE with underscore": POST + b"Transfer_Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunk(INNER) + b"0\r\n\r\n",
    "TE of HTTP/1.0": POST.replace(b"HTTP/1.1", b"HTTP/1.0") + CHUNKED + b"Content-Length: 4\r\n\r\n" + chunk(INNER) + b"0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: %d\r\n\r\n{}" % (2 + len(INNER)) + INNER,
    "two equal lengths": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + INNER,
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}" + INNER,
    "a signed length": POST + b"Content-Length: +2\r\n\r\n{}" + INNER,
    "a length in hex": POST + b"Content-Length: 0x2\r\n\r\n{}" + INNER,
    "a length of a GET": GET + b"Content-Length: %d\r\n\r\n" % len(INNER) + INNER,
    "obs-fold of a length": POST + b"X: a\r\n Content-Length: %d\r\n\r\n" % len(INNER) + INNER,
    "obs-fold in front": b"GET /v1/server HTTP/1.1\r\n Host: relay.example\r\n\r\n",
    "obs-fold of TE": POST + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n\r\n" + chunk(INNER) + b"0\r\n\r\n",
    "chunk extension": POST + CHUNKED + b"\r\n" + chunk(b"{}", b";a=b") + b"0\r\n\r\n",
    "chunk extension with LF": POST + CHUNKED + b"\r\n" + b"2;\n{}\r\n" + chunk(INNER) + b"0\r\n\r\n",
    "chunk lines end with LF": POST + CHUNKED + b"\r\n" + b"2\n{}\n0\n\n" + INNER,
    "chunk size overflows": POST + CHUNKED + b"\r\n" + b"10000000000000002\r\n{}\r\n0\r\n\r\n" + INNER,
    "chunk size with a sign": POST + CHUNKED + b"\r\n" + b"+2\r\n{}\r\n0\r\n\r\n" + INNER,
    "trailer with a length": POST + CHUNKED + b"\r\n" + chunk(b"{}") + b"0\r\nContent-Length: %d\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n" % len(INNER) + INNER,
    "absolute-form": b"GET https://relay.example/v1/server HTTP/1.1\r\nHost: relay.example\r\nConnection: close\r\n\r\n",
    "absolute-form of another": b"GET http://evil.example/smuggled HTTP/1.1\r\nHost: relay.example\r\nConnection: close\r\n\r\n",
    "authority-form": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: relay.example\r\n\r\n" + INNER,
    "two Hosts": GET + b"Host: evil.example\r\nConnection: close\r\n\r\n",
    "a field without a name": GET + b": Content-Length: 4\r\n\r\n" + INNER,
    "NUL": GET + b"X: a\0b\r\nConnection: close\r\n\r\n",
    "upgrade to h2c": GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n" + INNER,
    "upgrade to a socket": GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + INNER,
    "a length that Connection names": POST + b"Connection: close, Content-Length\r\nContent-Length: %d\r\n\r\n" % len(INNER) + INNER,
    "expectation": POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(INNER) + INNER,
    "a body that breaks off": POST + b"Content-Length: 200\r\n\r\n" + INNER,
    "a blank in the target": b"GET /v1/server HTTP/1.1\r\nX: HTTP/1.1\r\nHost: relay.example\r\nConnection: close\r\n\r\n".replace(b"server HTTP", b"server x HTTP"),
    "LF in the target, encoded": b"GET /v1/server%0d%0aHost:%20evil%0d%0a%0d%0aGET%20/smuggled HTTP/1.1\r\nHost: relay.example\r\nConnection: close\r\n\r\n",
}


def one_request_each(connections):
    """What came to web is one whole request a connection; a length that is missing was told by 411. Says their targets."""
    return [request_of(kept)[1] for kept in connections if kept]


def said_twice(answer):
    return len(re.findall(rb"HTTP/1\.[01] \d{3} ", answer))


@pytest.mark.parametrize("how", list(SMUGGLED))
def test_attack_74_smuggling(proxy, tap, neighbour, how):
    """Whoever refuses, or in whatever one way it is read: no request of web's begins within another, and the neighbour gets his own answer
    while the attacker's connection is still open, and after."""
    since, data = len(tap.connections), SMUGGLED[how]
    with proxy.connect(source="127.0.0.66") as s:
        s.settimeout(1)
        answer = b""
        try:
            s.sendall(data)
            is_answered(neighbour)
            while part := s.recv(65536):
                answer += part
                s.settimeout(0.2)
        except (OSError, TimeoutError):
            pass
    is_answered(neighbour)
    for target in one_request_each(tap.connections[since:]):
        # As bytes of another they are not a request; a proxy that pipelines may take them for one of its client's own.
        assert "smuggled" not in target or how in ("absolute-form of another", "LF in the target, encoded") or said_twice(answer) > 0, (target, answer)
    assert b" 101 " not in answer.partition(b"\r\n")[0] and b"SSH-" not in answer
    assert len([c for c in tap.connections[since:] if c]) <= 5, "two of the neighbour's and at most three of the attacker's"


FORBIDDEN = {
    "transfer-encoding": (h2_headers("POST", "/v1/login", (b"transfer-encoding", b"chunked")), b"0\r\n\r\n" + INNER),
    "a length that is too short": (h2_headers("POST", "/v1/login", (b"content-length", b"0")), INNER),
    "a length that is too long": (h2_headers("POST", "/v1/login", (b"content-length", b"500")), INNER),
    "two lengths": (h2_headers("POST", "/v1/login", (b"content-length", b"2"), (b"content-length", b"%d" % len(INNER))), INNER),
    "a length with a sign": (h2_headers("POST", "/v1/login", (b"content-length", b"+2")), b"{}"),
    "CRLF in a value": (h2_headers("GET", "/v1/server", (b"x", b"a\r\nTransfer-Encoding: chunked\r\n\r\n" + INNER)), None),
    "LF in a value": (h2_headers("GET", "/v1/server", (b"x", b"a\nContent-Length: 10")), None),
    "NUL in a value": (h2_headers("GET", "/v1/server", (b"x", b"a\0b")), None),
    "CRLF in a name": (h2_headers("GET", "/v1/server", (b"x: y\r\nhost: evil.example\r\nz", b"1")), None),
    "a colon in a name": (h2_headers("GET", "/v1/server", (b"transfer-encoding: chunked", b"1")), None),
    "a blank in a name": (h2_headers("GET", "/v1/server", (b"transfer-encoding ", b"chunked")), None),
    "an upper-case name": (h2_headers("POST", "/v1/login", (b"Transfer-Encoding", b"chunked")), b"0\r\n\r\n" + INNER),
    "connection": (h2_headers("GET", "/v1/server", (b"connection", b"x-forwarded-for, keep-alive")), None),
    "upgrade": (h2_headers("GET", "/v1/server", (b"upgrade", b"websocket")), None),
    "te": (h2_headers("GET", "/v1/server", (b"te", b"chunked")), None),
    "CRLF in the path": (h2_headers("GET", "/v1/server HTTP/1.1\r\nHost: evil.example\r\n\r\nGET /smuggled"), None),
    "a blank in the path": (h2_headers("GET", "/smuggled HTTP/1.1 x"), None),
    "a path that is absolute": (h2_headers("GET", "http://evil.example/smuggled"), None),
    "a path that is empty": (h2_headers("GET", ""), None),
    "CRLF in the method": (h2_headers("GET /smuggled HTTP/1.1\r\nHost: evil.example\r\n\r\nGET", "/v1/server"), None),
    "a blank in the method": (h2_headers("GET /smuggled", "/v1/server"), None),
    "CRLF in the authority": (h2_headers("GET", "/v1/server", authority=f"{NAME}\r\nX: a"), None),
    "another authority": (h2_headers("GET", "/v1/server", authority="evil.example"), None),
    "a host beside the authority": (h2_headers("GET", "/v1/server", (b"host", b"evil.example")), None),
    "two paths": (h2_headers("GET", "/v1/server", (b":path", b"/smuggled")), None),
    "a pseudo field of none": (h2_headers("GET", "/v1/server", (b":smuggled", b"1")), None),
    "a body without a length": (h2_headers("POST", "/v1/login"), INNER),
}


@pytest.mark.parametrize("how", list(FORBIDDEN))
def test_attack_74_http_2_made_into_http_1(proxy, tap, neighbour, how):
    headers, body = FORBIDDEN[how]
    since, asked = len(tap.connections), dict(headers)[b":path"]
    with proxy.connect("h2", source="127.0.0.67") as s:
        s.settimeout(2)
        http2.ask(s, headers, body)
        is_answered(neighbour)
    is_answered(neighbour)
    reached = [request_of(kept) for kept in tap.connections[since:] if kept]
    for method, target, fields, _ in reached:
        assert method in ("GET", "POST") and (b"smuggled" in asked or not target.startswith("/smuggled")), (method, target)
        assert [v for n, v in fields if n == "host"] == [NAME]
        assert not {n for n, _ in fields} & {"upgrade", "te", "smuggled"}, fields
    assert len(reached) <= 3, "two of the neighbour's, one of the attacker's"


def test_attack_74_many_at_once(proxy, tap, neighbour):
    """Broken bodies beside whole requests, all through one proxy: each of these is answered with what it asked for."""
    end, wrong = threading.Event(), []

    def break_off():
        while not end.is_set():
            for how in ("CL.TE", "a body that breaks off", "TE.CL", "chunk lines end with LF"):
                with proxy.connect(source="127.0.0.68") as s:
                    s.sendall(SMUGGLED[how])
                    end.wait(0.05)

    threads = [threading.Thread(target=break_off) for _ in range(3)]
    for t in threads:
        t.start()
    try:
        since = len(tap.connections)
        for n in range(24):
            a = neighbour.get(("/v1/session", ASSET, "/v1/server")[n % 3])
            expected = (b"neighbour-", b"export", b"signup")[n % 3]
            if a.status != 200 or expected not in a.raw:
                wrong.append(a)
    finally:
        end.set()
        for t in threads:
            t.join()
    assert not wrong
    one_request_each(list(tap.connections[since:]))
