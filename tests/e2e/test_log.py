"""The log: one session and one message can be followed by their ids, from the connection to the delivery (postern-log(7))."""

import re
import time

import messages
import smtp


def lines(world, text):
    return [line for line in world.server.log.splitlines() if text in line]


def until(world, pattern, seconds=60):
    end = time.monotonic() + seconds
    while not (found := re.search(pattern, world.server.log)):
        assert time.monotonic() < end, f"never said: {pattern}\n{world.server.log[-3000:]}"
        time.sleep(0.05)
    return found


def events(found):
    return [re.search(r"\bev=([a-z-]+)", line)[1] for line in found]


def test_a_message_is_followed_by_its_ids(world):
    since = len(world.hop.messages)
    with smtp.Smtp(world.server.port) as client:
        mail = messages.plain(world.alias)
        sent = client.send(mail.sender, world.alias, mail.raw)
        assert sent.ok
        client.quit()
    mid = re.search(r"accepted as (\S+)", sent.dot.text)[1]
    world.hop.wait(1, seconds=60, rcpt=world.mailbox, since=since)
    until(world, rf"role=core ev=delivered mid={mid}")
    sid = until(world, rf"sid=([0-9a-f]+) mid={mid} ev=accepted")[1]
    until(world, rf"sid={sid} ev=closed")
    assert events(lines(world, f"sid={sid}")) == ["connect", "rcpt", "accepted", "closed"]
    assert set(events(lines(world, f"mid={mid}"))) == {"accepted", "delivered"}
    assert sorted(re.search(r"role=(\w+)", line)[1] for line in lines(world, f"mid={mid}")) == ["core", "core", "gate", "gate"]


def test_attempts_that_fail_are_there_too(world):
    world.hop.misbehave("rcpt", "450 4.2.2 full", times=1)
    mail = messages.plain(world.alias)
    sent = world.send(mail)
    assert sent.ok
    mid = re.search(r"accepted as (\S+)", sent.dot.text)[1]
    deferred = until(world, rf"role=core ev=deferred mid={mid} .*")[0]
    assert "status=4.2.2" in deferred and "tries=1" in deferred and "next_s=" in deferred


def test_a_refused_recipient_is_found_by_its_session(world):
    with smtp.Smtp(world.server.port) as client:
        assert client.cmd("MAIL FROM:<a@shop.example>").code == 250
        assert client.cmd("RCPT TO:<nobody-here@relay.example>").code == 550
        client.quit()
    sids = [m[1] for m in re.finditer(r"sid=([0-9a-f]+) ev=rcpt .*code=550", world.server.log)]
    assert sids
    until(world, rf"sid={sids[-1]} ev=closed")
    assert events(lines(world, f"sid={sids[-1]}")) == ["connect", "rcpt", "closed"]


def test_promise_10_every_line_has_its_words_and_no_address(world):
    for line in world.server.log.splitlines():
        assert re.match(r"lvl=(debug|info|warn|error) role=[a-z]+ ", line), line
        assert "@" not in line and "alice" not in line and "shop.example" not in line, line
