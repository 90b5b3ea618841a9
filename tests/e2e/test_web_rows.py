"""Every request of SimpleLogin's and addy.io's APIs that programs make, one row each: what it is answered here, by status and members.
The table, the server's routes, doc/openapi.yaml and the table of doc/web.md have the same rows, so that none can be forgotten."""

import re

import pytest

import browser
import messages
import postern
import smtp
from browser import PASSWORD, Browser
from test_web_accounts import totp

# Rows are asked in order, as one user with a second factor, a sealed mailbox and a domain; {id} is one that an earlier answer told. A
# request whose status stands in brackets is always refused. Members: those of the answer, or of the first thing in it; "-" is none.
SL = """
POST   /api/auth/login                     200  name email mfa_enabled mfa_key api_key
POST   /api/auth/mfa                       200  name email api_key
POST   /api/api_key                        201  api_key
GET    /api/logout                         200  msg
GET    /api/user_info                      200  name is_premium email in_trial trial_end_timestamp max_alias_free_plan profile_picture_url connected_proton_address can_create_reverse_alias
PATCH  /api/user_info                      200  name is_premium email in_trial trial_end_timestamp max_alias_free_plan profile_picture_url connected_proton_address can_create_reverse_alias
GET    /api/stats                          200  nb_alias nb_block nb_forward nb_reply
GET    /api/v5/alias/options               200  can_create prefix_suggestion suffixes
GET    /api/v4/alias/options               200  can_create prefix_suggestion suffixes
POST   /api/v3/alias/custom/new            201  ALIAS alias
POST   /api/v2/alias/custom/new            201  ALIAS alias
POST   /api/alias/random/new               201  ALIAS alias
GET    /api/v2/aliases                     200  aliases
POST   /api/v2/aliases                     200  aliases
GET    /api/aliases/{id}                   200  ALIAS
PATCH  /api/aliases/{id}                   200  ok
PUT    /api/aliases/{id}                   200  ok
POST   /api/aliases/{id}/toggle            200  enabled
GET    /api/aliases/{id}/activities        200  activities
POST   /api/aliases/{id}/contacts          201  id contact creation_date creation_timestamp last_email_sent_date last_email_sent_timestamp reverse_alias reverse_alias_address block_forward existed
GET    /api/aliases/{id}/contacts          200  contacts
POST   /api/contacts/{id}/toggle           200  block_forward
DELETE /api/contacts/{id}                  200  deleted
DELETE /api/aliases/{id}                   200  deleted
GET    /api/mailboxes                      200  mailboxes
GET    /api/v2/mailboxes                   200  mailboxes
POST   /api/mailboxes                      201  id email verified default creation_timestamp nb_alias
PUT    /api/mailboxes/{id}                 200  updated
DELETE /api/mailboxes/{id}                 200  deleted
GET    /api/custom_domains                 200  custom_domains
PATCH  /api/custom_domains/{id}            200  custom_domain
GET    /api/custom_domains/{id}/trash      200  aliases
GET    /api/setting                        200  alias_generator notification random_alias_default_domain sender_format random_alias_suffix
PATCH  /api/setting                        200  alias_generator notification random_alias_default_domain sender_format random_alias_suffix
GET    /api/v2/setting/domains             200  domain is_custom
GET    /api/notifications                  200  more notifications
POST   /api/notifications/{id}            (403) error
POST   /api/notifications/{id}/read       (403) error
GET    /api/export/data                    200  email name aliases apps custom_domains
GET    /api/export/aliases                 200  text/csv
PATCH  /api/sudo                           200  ok
DELETE /api/user                           200  ok
"""
ADDY = """
POST   /api/auth/login                     422  message mfa_key csrf_token
POST   /api/auth/mfa                       200  api_key name created_at expires_at
GET    /api/v1/api-token-details           200  name created_at expires_at
GET    /api/v1/account-details             200  data
GET    /api/v1/domain-options              200  data sharedDomains defaultAliasDomain defaultAliasFormat
GET    /api/v1/app-version                 200  version major minor patch
GET    /api/v1/chart-data                  200  forwardsData repliesData sendsData labels outboundMessageTotals inboundRejectionsData inboundQuarantinedData outboundBouncesData failedDeliveriesTotal
POST   /api/v1/aliases                     201  data
GET    /api/v1/aliases                     200  data links meta
GET    /api/v1/aliases/{id}                200  data
PATCH  /api/v1/aliases/{id}                200  data
DELETE /api/v1/active-aliases/{id}         204  -
POST   /api/v1/active-aliases              200  data
POST   /api/v1/pinned-aliases              200  data
DELETE /api/v1/pinned-aliases/{id}         204  -
POST   /api/v1/alias-recipients            200  data
DELETE /api/v1/aliases/{id}                204  -
PATCH  /api/v1/aliases/{id}/restore        200  data
POST   /api/v1/aliases/get/bulk            200  data
POST   /api/v1/aliases/deactivate/bulk     200  message ids
POST   /api/v1/aliases/activate/bulk       200  message ids
POST   /api/v1/aliases/pin/bulk            200  message ids
POST   /api/v1/aliases/unpin/bulk          200  message ids
POST   /api/v1/aliases/recipients/bulk     200  message ids
POST   /api/v1/aliases/delete/bulk         200  message ids
POST   /api/v1/aliases/restore/bulk        200  message ids
DELETE /api/v1/aliases/{id}/forget         204  -
POST   /api/v1/aliases/forget/bulk         404  message
GET    /api/v1/recipients                  200  data
POST   /api/v1/recipients                  201  data
GET    /api/v1/recipients/{id}             200  data
DELETE /api/v1/recipients/{id}             204  -
PATCH  /api/v1/recipient-keys/{id}        (404) message
DELETE /api/v1/recipient-keys/{id}         422  message errors
POST   /api/v1/encrypted-recipients        200  data
DELETE /api/v1/encrypted-recipients/{id}   422  message errors
POST   /api/v1/inline-encrypted-recipients (422) message errors
DELETE /api/v1/inline-encrypted-recipients/{id} 204 -
POST   /api/v1/protected-headers-recipients 200 data
DELETE /api/v1/protected-headers-recipients/{id} 204 -
POST   /api/v1/remove-pgp-keys-recipients  200  data
DELETE /api/v1/remove-pgp-keys-recipients/{id} (422) message errors
POST   /api/v1/remove-pgp-signatures-recipients 200 data
DELETE /api/v1/remove-pgp-signatures-recipients/{id} (422) message errors
POST   /api/v1/allowed-recipients          200  data
DELETE /api/v1/allowed-recipients/{id}    (422) message errors
GET    /api/v1/domains                     200  data
POST   /api/v1/domains                     404  message
GET    /api/v1/domains/{id}                200  data
PATCH  /api/v1/domains/{id}                200  data
PATCH  /api/v1/domains/{id}/default-recipient 200 data
POST   /api/v1/active-domains              200  data
DELETE /api/v1/active-domains/{id}        (422) message errors
POST   /api/v1/catch-all-domains           200  data
DELETE /api/v1/catch-all-domains/{id}      204  -
DELETE /api/v1/domains/{id}                204  -
GET    /api/v1/usernames                   200  data
POST   /api/v1/usernames                  (403) message
GET    /api/v1/usernames/{id}              200  data
PATCH  /api/v1/usernames/{id}              200  data
DELETE /api/v1/usernames/{id}             (403) message
PATCH  /api/v1/usernames/{id}/default-recipient 200 data
POST   /api/v1/active-usernames            200  data
DELETE /api/v1/active-usernames/{id}      (403) message
POST   /api/v1/catch-all-usernames        (403) message
DELETE /api/v1/catch-all-usernames/{id}    204  -
POST   /api/v1/loginable-usernames         200  data
DELETE /api/v1/loginable-usernames/{id}   (403) message
GET    /api/v1/rules                       200  data
POST   /api/v1/rules                      (403) message
GET    /api/v1/rules/{id}                 (404) message
PATCH  /api/v1/rules/{id}                 (404) message
DELETE /api/v1/rules/{id}                 (404) message
POST   /api/v1/reorder-rules              (404) message
POST   /api/v1/active-rules               (404) message
DELETE /api/v1/active-rules/{id}          (404) message
GET    /api/v1/failed-deliveries           200  data links meta
GET    /api/v1/failed-deliveries/{id}      200  data
DELETE /api/v1/failed-deliveries/{id}     (422) message errors
GET    /api/v1/failed-deliveries/{id}/download (404) message
POST   /api/v1/failed-deliveries/{id}/resend (422) message errors
GET    /api/v1/blocklist                   200  data links meta
POST   /api/v1/blocklist                  (403) message
DELETE /api/v1/blocklist/{id}             (404) message
POST   /api/v1/blocklist/store/bulk       (403) message
POST   /api/v1/blocklist/delete/bulk      (404) message
POST   /api/auth/delete-account            204  -
POST   /api/auth/logout                    401  message
"""
ALIAS = ("id email name enabled note creation_date creation_timestamp nb_forward nb_block nb_reply mailbox mailboxes support_pgp disable_pgp pinned "
         "latest_activity")


def rows(table):
    found = []
    for line in table.strip().splitlines():
        method, path, status, members = re.fullmatch(r"(\w+)\s+(\S+)\s+(\(?\d+\)?)\s+(.*)", line).groups()
        found.append((method, path, int(status.strip("()")), status[0] == "(", set(members.replace("ALIAS", ALIAS).split()) - {"-"}))
    return found


def test_none_is_forgotten(server):
    asked = {f"{m} {p}" for table in (SL, ADDY) for m, p, *_ in rows(table)}
    served = {r for r in Browser(server.web).get("/v1/routes").json if " /api/" in r}
    assert asked == served, asked ^ served
    told = (postern.TOP / "doc" / "web.md").read_text()
    cells = re.findall(r"^\| ([A-Z][^|]*`/api/[^|]*) \|", told, re.M)
    written = {f"{m} {p}" for cell in cells for ms, p in re.findall(r"([A-Z][A-Z, ]*[A-Z]) `(/api/[^`]+)`", cell) for m in ms.split(", ")}
    assert written == served, written ^ served


@pytest.fixture(scope="module")
def server(hop, names):
    s = browser.serve(hop, dns__resolver=names.address).start()
    yield s
    s.close()


class Walk:
    """One user with what the rows need; what later rows name is taken out of earlier answers."""

    def __init__(self, server, hop, name, client):
        self.owner = b = browser.account(server, name, client=client)
        self.name, self.client, self.server = name, client, server
        self.box = browser.verify(b, hop, f"{name}@mailbox.example", clear="on")
        server.issue(self.box)
        server.cli("domain", "add", name, f"{name}.example")
        self.secret = b.good("POST", "/v1/totp", {"password": PASSWORD})["secret"]
        self.recovery = b.good("PUT", "/v1/totp", {"code": totp(self.secret)})["codes"]
        self.key = b.good("POST", "/v1/keys", {"name": "k", "scopes": ["aliases", "mailboxes", "domains"], "password": PASSWORD})["key"]
        off = b.good("POST", "/v1/aliases", {"state": "off-reject"}, 201)["address"]
        assert not smtp.send(server.port, "x@shop.example", off, messages.plain(off).raw).ok

    def ask(self, header, method, path, body, query):
        h = {header: ("Bearer " if header == "Authorization" else "") + self.key, "Origin": "https://vault.test", "Content-Type": "application/json"}
        return Browser(self.server.web, origin=None, client=self.client).ask(method, path, body, h, **query)


def check(row, a):
    method, path, status, _, members = row
    assert a.status == status, f"{method} {path}: {a}"
    assert a.headers["Access-Control-Allow-Origin"] == "*" and "Access-Control-Allow-Credentials" not in a.headers, path
    if members == {"text/csv"}:
        assert a.headers["Content-Type"].startswith("text/csv")
    elif not members:
        assert not a.raw, path
    else:
        told = a.json[0] if isinstance(a.json, list) else a.json
        assert set(told) == members, (method, path, set(told) ^ members)


def test_simplelogin_row_by_row(server, hop):
    w, known = Walk(server, hop, "sylvia", "198.18.7.1"), {}
    for row in rows(SL):
        method, path, *_ = row
        i = known.get(path.split("/")[2], 1)
        body, query = {
            "/api/auth/login": ({"email": w.name, "password": PASSWORD, "device": "d"}, {}),
            "/api/auth/mfa": ({"mfa_token": w.recovery[0], "mfa_key": known.get("mfa"), "device": "d"}, {}),
            "/api/user_info": ({"name": w.name} if method == "PATCH" else None, {}),
            "/api/v3/alias/custom/new": ({"alias_prefix": "three", "signed_suffix": known.get("suffix"), "mailbox_ids": [known.get("box")]}, {}),
            "/api/v2/alias/custom/new": ({"alias_prefix": "two", "signed_suffix": known.get("suffix")}, {}),
            "/api/alias/random/new": ({"note": "n"}, {"hostname": "shop.example", "mode": "word"}),
            "/api/v2/aliases": ({"query": "n"} if method == "POST" else None, {"page_id": 0}),
            "/api/aliases/{id}": ({"note": "x", "disable_pgp": False} if method[0] == "P" else None, {}),
            "/api/aliases/{id}/activities": (None, {"page_id": 0}),
            "/api/aliases/{id}/contacts": ({"contact": "Desk <desk@shop.example>"}, {}) if method == "POST" else (None, {"page_id": 0}),
            "/api/mailboxes": ({"email": "sylvia2@mailbox.example"} if method == "POST" else None, {}),
            "/api/mailboxes/{id}": ({"default": False} if method == "PUT" else None, {}),
            "/api/custom_domains/{id}": ({"catch_all": True, "mailbox_ids": [known.get("box")]}, {}),
            "/api/notifications": (None, {"page": 0}),
            "/api/sudo": ({"password": PASSWORD}, {}),
        }.get(path, ({} if method in ("POST", "PATCH") else None, {}))
        a = w.ask("Authentication", method, path.replace("{id}", str(i)), body, query)
        check(row, a)
        told = a.json if "json" in a.headers["Content-Type"] and isinstance(a.json, dict) else {}
        known["mfa"] = told.get("mfa_key") or known.get("mfa")
        if "suffixes" in told and path.startswith("/api/v4"):
            known["suffix"] = told["suffixes"][0][1]
        if "suffixes" in told:
            known["box"] = w.ask("Authentication", "GET", "/api/mailboxes", None, {}).json["mailboxes"][0]["id"]
        for kind, member in (("aliases", "alias"), ("contacts", "contact"), ("mailboxes", "verified")):
            known[kind] = told["id"] if "id" in told and member in told else known.get(kind)
        if path == "/api/custom_domains":
            known["custom_domains"] = told["custom_domains"][0]["id"]
    home, final = (Browser(server.web, origin=None).get(p) for p in ("/", "/onboarding/final"))
    assert (final.status, final.raw) == (home.status, home.raw), "the page that its extension opens in the end is the app"


def test_addy_row_by_row(server, hop):
    w, known = Walk(server, hop, "adele", "198.18.7.2"), {}
    second = browser.verify(w.owner, hop, "adele2@mailbox.example", clear="on")
    kinds = {"aliases": "alias", "recipients": "box", "recipient-keys": "box", "alias-recipients": "alias", "domains": "domain", "usernames": "username", "failed-deliveries": "failure"}
    for row in rows(ADDY):
        method, path, *_ = row
        word = path.split("/")[3]
        kind = kinds.get(word) or kinds.get(word.rpartition("-")[2])
        i = known.get("new" if path == "/api/v1/recipients/{id}" else kind, "x")
        body = {
            "/api/auth/login": {"username": w.name, "password": PASSWORD, "device_name": "d"},
            "/api/auth/mfa": {"otp": w.recovery[1], "mfa_key": known.get("mfa"), "device_name": "d"},
            "/api/auth/delete-account": {"password": PASSWORD},
            "/api/v1/aliases": {"domain": "relay.example", "format": "uuid"},
            "/api/v1/alias-recipients": {"alias_id": i, "recipient_ids": []},
            "/api/v1/recipients": {"email": "adele3@mailbox.example"},
            "/api/v1/recipient-keys/{id}": {"key_data": "x"},
            "/api/v1/domains": {"domain": "other.example"},
        }.get(path, {"ids": [i], "recipient_ids": []} if path.endswith("/bulk") else {"id": i})
        a = w.ask("Authorization", method, path.replace("{id}", i), body if method != "GET" else None, {})
        check(row, a)
        data = a.json.get("data") if a.raw and "json" in a.headers["Content-Type"] else None
        if path == "/api/auth/login":
            known["mfa"] = a.json["mfa_key"]
        elif path.endswith(("/usernames", "/recipients", "/domains", "/failed-deliveries")) and method == "GET":
            known[kind] = data[0]["id"]
        elif (method, path) == ("POST", "/api/v1/aliases"):
            known[kind] = data["id"]
        elif (method, path) == ("POST", "/api/v1/recipients"):
            known["new"] = data["id"]
    assert w.owner.get("/v1/session").status == 401 and second
