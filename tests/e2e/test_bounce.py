"""Reports about mail that was not taken: to whom they are believed, what they do, and who is told."""

import re
import time

import pytest

import judge
import messages
import smtp

TOKEN = re.compile(r"^bounce\+[a-z2-7]{40,57}@relay\.example$")


def note(alias, says="A short note.", more=(), sender="carl@shop.example"):
    return messages.Mail("note", sender, messages.head(f"Carl <{sender}>", alias, "Note", more=more) +
                         messages.text(says + "\n"), says)


def report(to, status="5.1.1", words="550 5.1.1 User unknown", action="failed"):
    fields = messages.crlf("Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.mailbox.example\n\n"
                           f"Final-Recipient: rfc822; someone@mailbox.example\nAction: {action}\nStatus: {status}\n"
                           f"Diagnostic-Code: smtp; {words}\n")
    return (messages.head("Mail System <MAILER-DAEMON@mx.mailbox.example>", to, "Undelivered Mail",
                          more=["Auto-Submitted: auto-replied"]) +
            messages.multipart("report; report-type=delivery-status", messages.text("It was not delivered.\n"), fields))


def ask(world, address, sender=""):
    with smtp.Smtp(world.server.port) as client:
        assert client.cmd(f"MAIL FROM:<{sender}>").code == 250
        return client.cmd(f"RCPT TO:<{address}>")


def shown(world, mailbox):
    return world.server.cli("mailbox", "show", mailbox)


def wait_for(what, seconds=40):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def a_user(world, name):
    """A user with two mailboxes, and an alias for the first of them."""
    server = world.server
    server.user(name)
    first, second = (server.mailbox(name, f"{name}-{n}@mailbox.example") for n in (1, 2))
    keys = [server.issue(m) for m in (first, second)]
    return first, second, server.alias(name, mailbox=first), keys


def send_and_take(world, alias, rcpt):
    since = len(world.hop.messages)
    assert smtp.send(world.server.port, "carl@shop.example", alias, note(alias).raw).ok
    return world.hop.wait(1, seconds=60, rcpt=rcpt, since=since)[0]


def test_envelope_senders_say_nothing(world):
    seen = {send_and_take(world, world.alias, world.mailbox).sender for _ in range(3)}
    assert len(seen) == 3 and all(TOKEN.match(s) and len(s.partition("@")[0]) <= 64 for s in seen), seen


def test_attack_73_a_forged_token_is_an_unknown_address(world):
    sender = send_and_take(world, world.alias, world.mailbox).sender
    local, _, domain = sender.partition("@")
    unknown = ask(world, "nobody-at-all@relay.example")
    assert unknown.code == 550
    for forged in (local[:-1] + ("a" if local[-1] != "a" else "b"), local[:-2], local + "a", "bounce+", "bounce+" + "a" * 47,
                   local[:9] + ("a" if local[9] != "a" else "b") + local[10:]):
        for who in ("", "mailer@elsewhere.example"):
            assert str(ask(world, f"{forged}@{domain}", who)) == str(unknown)
    for good in (sender, sender.upper(), f"Bounce+{local[7:].title()}@{domain}"):
        assert ask(world, good).code == 250 and ask(world, good, "mailer@elsewhere.example").code == 250


def test_a_report_counts_once_and_others_do_not(world):
    first, _, alias, _ = a_user(world, "counts")
    sender = send_and_take(world, alias, first).sender
    port = world.server.port
    for raw in (report(sender, action="delayed", status="4.4.1"), report(sender, action="delivered", status="2.0.0"),
                messages.head("Eve <eve@shop.example>", sender, "Out of office", more=["Auto-Submitted: auto-replied"]) +
                messages.text("Away.\n")):
        assert smtp.send(port, "", sender, raw).ok
    assert len(shown(world, first)) == 1
    said = smtp.send(port, "eve@shop.example", sender, note(sender).raw)
    assert said.dot.code == 550 and len(shown(world, first)) == 1
    for who in ("", "MAILER-DAEMON@mx.mailbox.example", ""):  # some send reports with a sender; all of them are one
        assert smtp.send(port, who, sender.upper(), report(sender)).ok
    box, event = shown(world, first)
    assert box["state"] == "on" and event["what"] == "unknown-user" and event["how"] == "reported" and event["hard"]
    assert event["status"] == "5.1.1" and "User unknown" in event["note"]


def test_a_report_is_not_passed_on(world):
    """Attack 67: whoever was named as the sender may not have been it."""
    first, _, alias, _ = a_user(world, "notpassed")
    since = len(world.hop.messages)
    sender = send_and_take(world, alias, first).sender
    assert smtp.send(world.server.port, "", sender, report(sender)).ok
    send_and_take(world, world.alias, world.mailbox)  # whatever was to be sent has been by now
    assert not [m for m in world.hop.messages[since:] if "carl@shop.example" in m.rcpts]


def test_a_mailbox_that_is_gone_is_paused_and_its_user_told(world, tmp_path):
    server, hop = world.server, world.hop
    first, second, alias, keys = a_user(world, "paused")
    both = server.alias("paused", mailbox=[first, second])
    since = len(hop.messages)
    for _ in range(5):
        sender = send_and_take(world, alias, first).sender
        assert smtp.send(server.port, "", sender, report(sender)).ok
    box = shown(world, first)[0]
    assert box["state"] == "paused" and box["reason"] == "unknown-user" and box["since"]
    told = hop.wait(1, seconds=60, rcpt=second, since=since)
    opened = judge.open_sealed(judge.OpenSsl(keys[1], tmp_path / "openssl"), told[0].raw)
    assert first.encode() in opened.message and b"postern mailbox resume" in opened.message
    assert first.encode() not in told[0].raw and judge.field(told[0].raw.partition(b"\r\n\r\n")[0], "Auto-Submitted")
    # Mail that leads there alone waits at its senders; an alias with another mailbox goes on.
    waits = ask(world, alias, "carl@shop.example")
    assert waits.code == 451 and waits.enhanced == "4.2.1"
    since = len(hop.messages)
    assert smtp.send(server.port, "carl@shop.example", both, note(both).raw).ok
    hop.wait(1, seconds=60, rcpt=second, since=since)
    assert not [m for m in hop.messages[since:] if first in m.rcpts]
    assert len([m for m in hop.messages if second in m.rcpts]) == 2  # one letter for one pause
    server.cli("mailbox", "resume", first)
    assert shown(world, first) == [{**shown(world, first)[0], "state": "on"}]
    assert send_and_take(world, alias, first)
    assert "not paused" in server.refuses("mailbox", "resume", first)


def test_refusals_at_delivery_count_and_a_success_forgets_them(world):
    first, _, alias, _ = a_user(world, "refused")
    world.hop.misbehave("rcpt", "550 5.1.1 no such user", times=4, match=first)
    for n in range(4):
        assert smtp.send(world.server.port, "carl@shop.example", alias, note(alias).raw).ok
        wait_for(lambda: len(shown(world, first)) == n + 2)
    assert shown(world, first)[1]["how"] == "refused" and shown(world, first)[0]["state"] == "on"
    send_and_take(world, alias, first)
    wait_for(lambda: len(shown(world, first)) == 1)


def test_a_lost_message_whose_sender_is_not_told_is_told_to_its_user(world, tmp_path):
    first, _, alias, keys = a_user(world, "lost")
    world.hop.misbehave("rcpt", "552 5.3.4 too much, carl@elsewhere.example", times=2, match=first)
    since = len(world.hop.messages)
    robot = "robot@shop.example"
    for n in range(2):  # two, and one letter
        assert smtp.send(world.server.port, robot, alias, note(alias, more=["Auto-Submitted: auto-generated"], sender=robot).raw).ok
        wait_for(lambda: len(shown(world, first)) == n + 2)
    world.server.wait_queue(0, seconds=60)
    letters = [m for m in world.hop.messages[since:] if set(m.rcpts) & {first, robot} or "lost" in str(m.rcpts)]
    (letter,) = letters
    opened = judge.open_sealed(judge.OpenSsl(keys[1], tmp_path / "openssl"), letter.raw).message
    for word in (robot, alias, first, "5.3.4", "too much"):
        assert word.encode() in opened and word.encode() not in letter.raw
    assert b"could not be delivered" in letter.raw  # the subject tells the provider what, and not whom


@pytest.mark.parametrize("more", [["Auto-Submitted: auto-generated"], ["Precedence: bulk"], ["List-Id: <news.shop.example>"]])
def test_attack_67_machines_and_lists_get_no_report(world, more):
    first, _, alias, _ = a_user(world, "quiet" + str(abs(hash(more[0])) % 10**6))
    world.hop.misbehave("rcpt", "550 5.7.1 no", times=1, match=first)
    since = len(world.hop.messages)
    assert smtp.send(world.server.port, "robot@shop.example", alias, note(alias, more=more, sender="robot@shop.example").raw).ok
    wait_for(lambda: len(shown(world, first)) == 2)
    send_and_take(world, world.alias, world.mailbox)
    assert not [m for m in world.hop.messages[since:] if "robot@shop.example" in m.rcpts]
