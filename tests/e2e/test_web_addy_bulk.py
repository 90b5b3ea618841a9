"""addy.io's requests about many aliases and about recipients: words, fields and codes as there, and nobody else's things."""

import pytest

import browser
from test_web_addy import RECIPIENT, Program, check, create, key

UUID = "00000000-0000-4000-8000-000000000000"  # a good id, of nothing here
WORDS = ["get", "activate", "deactivate", "pin", "unpin", "delete", "restore", "forget", "recipients"]


@pytest.fixture(scope="module")
def server(hop):
    s = browser.serve(hop).start()
    yield s
    s.close()


@pytest.fixture(scope="module")
def owner(server, hop):
    return browser.adam(server, hop)


@pytest.fixture(scope="module")
def addy(server, owner):
    return Program(server.web, key(owner, "aliases", "mailboxes"))


def bulk(addy, word, ids, status=200, **more):
    a = addy.ask("POST", f"/api/v1/aliases/{word}/bulk", {"ids": ids, **more})
    assert a.status == status and a.headers["Access-Control-Allow-Origin"] == "*", (word, a)
    return a.json


def told(addy, i):
    return check(addy.good("GET", f"/api/v1/aliases/{i}", status=200)["data"])


def test_each_word(addy):
    one, two, three = [create(addy, description=f"b{n}")["id"] for n in range(3)]
    assert bulk(addy, "deactivate", [one, two]) == {"message": "2 aliases deactivated successfully", "ids": [one, two]}
    assert bulk(addy, "deactivate", [one, two, three]) == {"message": "1 alias deactivated successfully", "ids": [three]}
    assert bulk(addy, "deactivate", [one], 404) == {"message": "No aliases found"}
    assert bulk(addy, "activate", [one, UUID, two]) == {"message": "2 aliases activated successfully", "ids": [one, two]}
    assert bulk(addy, "pin", [one]) == {"message": "1 alias pinned successfully", "ids": [one]} and told(addy, one)["pinned"]
    assert bulk(addy, "unpin", [one, two])["ids"] == [one, two] and not told(addy, one)["pinned"]
    assert bulk(addy, "delete", [one, two]) == {"message": "2 aliases deleted successfully", "ids": [one, two]}
    assert told(addy, one)["deleted_at"] and not told(addy, one)["active"]
    assert bulk(addy, "delete", [one], 404) == {"message": "No aliases found"}, "it lies there once"
    assert bulk(addy, "activate", [one, two], 422) == {
        "message": "You need to restore these aliases before you can activate them", "ids": [one, two]}
    assert bulk(addy, "activate", [two], 422) == {"message": "You need to restore this alias before you can activate it", "ids": [two]}
    assert bulk(addy, "activate", [two, three]) == {"message": "1 alias activated successfully", "ids": [three]}
    assert bulk(addy, "restore", [one, three]) == {"message": "1 alias restored successfully", "ids": [one]}
    assert told(addy, one)["active"] and told(addy, one)["deleted_at"] is None
    got = bulk(addy, "get", [two, three, UUID])
    assert set(got) == {"data"} and [check(a)["id"] for a in got["data"]] == [two, three] and got["data"][0]["deleted_at"]
    assert bulk(addy, "forget", [one, two]) == {"message": "2 aliases forgotten successfully", "ids": [one, two]}
    assert addy.ask("GET", f"/api/v1/aliases/{one}").status == 404 and told(addy, three)["id"] == three


def test_recipients_of_many(addy):
    one, two = create(addy)["id"], create(addy)["id"]
    boxes = [r["id"] for r in addy.good("GET", "/api/v1/recipients")["data"]]
    assert bulk(addy, "recipients", [one, two], recipient_ids=[boxes[1]]) == {
        "message": "recipients updated for 2 aliases successfully", "ids": [one, two]}
    assert [r["id"] for r in told(addy, two)["recipients"]] == [boxes[1]]
    assert bulk(addy, "recipients", [one], recipient_ids=[])["message"] == "recipients updated for 1 alias successfully"
    assert [r["id"] for r in told(addy, one)["recipients"]] == [boxes[0]], "none: the default one"
    wrong = bulk(addy, "recipients", [two], 422, recipient_ids=["706f7374-0003-8000-8000-0000000f4240"])
    assert list(wrong["errors"]) == ["recipient_ids"] and [r["id"] for r in told(addy, two)["recipients"]] == [boxes[1]]


@pytest.mark.parametrize("word", WORDS)
def test_wrong_ids(addy, word):
    for ids, field, says in ((None, "ids", "The ids field is required."), ([], "ids", "The ids field is required."),
                             ("x", "ids", "The ids field must be an array."),
                             ([UUID[:-2] + f"{n:02}" for n in range(26)], "ids", "The ids field must not have more than 25 items."),
                             ([UUID, "x"], "ids.1", "The ids.1 field must be a valid UUID."), ([5], "ids.0", "The ids.0 field must be a valid UUID."),
                             ([UUID, UUID.upper()], "ids.1", "The ids.1 field has a duplicate value.")):
        assert bulk(addy, word, ids, 422) == {"message": says, "errors": {field: [says]}}, (word, ids)
    assert bulk(addy, word, [UUID], 404) == {"message": "No aliases found"}


def test_attack_75_anothers_are_passed_over(server, addy):
    mine = [create(addy)["id"] for _ in range(3)]
    before = bulk(addy, "get", mine)
    other = Program(server.web, key(browser.account(server, "eve"), "aliases", "mailboxes"), client="198.18.8.1")
    for word in WORDS:
        assert bulk(other, word, mine, 404) == {"message": "No aliases found"}, word
    assert bulk(addy, "get", mine) == before
    for i in (r["id"] for r in addy.good("GET", "/api/v1/recipients")["data"]):
        for method in ("GET", "DELETE"):
            a = other.ask(method, f"/api/v1/recipients/{i}")
            assert (a.status, a.json) == (404, {"message": "Not Found"}), (method, a)
    weak = Program(server.web, key(browser.account(server, "weak"), "aliases.create"), client="198.18.8.2")
    assert weak.ask("POST", "/api/v1/aliases/forget/bulk", {"ids": mine}).status == 403


def test_recipients(hop, addy):
    since = len(hop.messages)
    a = addy.ask("POST", "/api/v1/recipients", {"email": "adam3@mailbox.example"})
    assert a.status == 201 and set(a.json["data"]) == RECIPIENT | {"aliases_count"} and a.json["data"]["email_verified_at"] is None
    assert browser.mailed_code(hop, "adam3@mailbox.example", since)
    i = a.json["data"]["id"]
    assert addy.good("GET", f"/api/v1/recipients/{i}", status=200)["data"] == a.json["data"]
    for email in ("adam3@mailbox.example", "no address", "", None):
        wrong = addy.ask("POST", "/api/v1/recipients", {"email": email})
        assert wrong.status == 422 and list(wrong.json["errors"]) == ["email"], (email, wrong)
    assert addy.ask("DELETE", f"/api/v1/recipients/{i}").status == 204 and addy.ask("GET", f"/api/v1/recipients/{i}").status == 404
    first, second = addy.good("GET", "/api/v1/recipients")["data"]
    a = addy.ask("DELETE", f"/api/v1/recipients/{first['id']}")
    assert (a.status, a.json) == (403, {"message": "You cannot delete your default recipient"})
    only = create(addy, recipient_ids=[second["id"]])["id"]
    assert addy.ask("DELETE", f"/api/v1/recipients/{second['id']}").status == 204
    assert [r["id"] for r in told(addy, only)["recipients"]] == [first["id"]], "it leads to the default one from then on"


def test_version(addy):
    v = addy.good("GET", "/api/v1/app-version", status=200)
    assert v["version"].split(".")[:2] == [str(v["major"]), str(v["minor"])] and set(v) == {"version", "major", "minor", "patch"}
