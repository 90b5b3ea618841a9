"""The recipe of doc/web.md for nginx, as it stands there but for the port and TLS."""

import re
import subprocess
import time

import pytest

import browser
import postern
from browser import Browser


@pytest.fixture(scope="module")
def server(hop):
    s = browser.serve(hop).start()
    yield s
    s.close()


@pytest.fixture(scope="module")
def proxy(server):
    folder, port = postern.new_folder(), postern.free_port()
    recipe = re.search(r"^    server \{.*?^    \}", (postern.TOP / "doc" / "web.md").read_text(), re.S | re.M)[0]
    recipe = recipe.replace("listen 443 ssl http2", f"listen 127.0.0.1:{port}").replace("127.0.0.1:8080", f"127.0.0.1:{server.web}")
    recipe = re.sub(r"^\s*ssl_.*\n", "", recipe, flags=re.M)
    temp = "".join(f"{k}_temp_path {folder}/{k};" for k in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
                                       f"http {{ access_log off; {temp}\n{recipe}\n}}\n")
    process = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log"])
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            Browser(port).get("/healthz")
            break
        except OSError:
            time.sleep(0.05)
    yield port
    process.terminate()
    process.wait(10)


def test_the_whole_way(server, proxy):
    b = Browser(proxy)
    assert b.get("/healthz").json == {"status": "ok"}
    b.sign_up("nginx-user", browser.invite(server))
    assert b.get("/v1/session").json["name"] == "nginx-user"
    assert b.good("PATCH", "/v1/account", {"expiry_notices": "off"}, 204) is None
    assert "Content-Security-Policy" in b.get("/v1/session").headers


def test_what_the_proxy_takes_reaches_web_in_one_reading(proxy):
    """nginx itself takes chunked bodies and bare LF; what it passes on has one length and CRLF."""
    chunked = browser.raw(proxy, b"POST /v1/login HTTP/1.1\r\nHost: relay.example\r\nContent-Type: application/json\r\n"
                                 b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
    assert b" 403 " in chunked.partition(b"\r\n")[0], chunked[:200]
    both = browser.raw(proxy, b"POST /v1/login HTTP/1.1\r\nHost: relay.example\r\nContent-Length: 2\r\n"
                              b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n")
    assert b" 400 " in both.partition(b"\r\n")[0]


def test_counters_stay_inside(server, proxy):
    assert Browser(proxy).get("/metrics").status == 404
    assert Browser(server.web).get("/metrics").status == 404
    assert Browser(server.metrics).get("/metrics").status == 200


def test_bounds_are_by_client_behind_the_proxy(server, proxy):
    """Who writes an X-Forwarded-For of its own is still the proxy's client."""
    said = [Browser(proxy, client=f"192.0.2.{n % 200}").ask("POST", "/v1/login", {"name": "nobody", "password": "wrong password"}).status
            for n in range(20)]
    assert 429 in said
