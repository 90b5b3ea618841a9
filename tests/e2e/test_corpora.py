"""Real mail, and MIME as it is in the world, from other projects' test suites: relayed, decrypted, verified, compared by
Python's email. What is refused is listed by name, and must be ill-formed."""

import email.utils
import re

import pytest

import judge
import messages
import skips
import smtp

CORPORA = {  # folder: (file pattern, least share that must come through)
    "spamassassin-corpus": ("*/*.txt", 0.99),
    "mime4j": ("**/*.msg", 0.0),
    "mime-tools": ("*.msg", 0.0),
    "stalwart-mail-parser": ("**/*.eml", 0.0),
}
# All that does not come through as it was, and why: a file that is not here, and any that is well-formed, fails.
LISTED = {
    "mime4j/testmsgs/very-very-long-boundary.msg": "refused: a header line of more than 2048 octets",
    "stalwart-mail-parser/thirdparty/005.eml": "refused: holds NUL",
    "mime4j/testmsgs/obsolete.msg": "changed: a header line that is none begins the body",
    "mime-tools/utf8-bom-at-start.msg": "changed: a byte order mark is no field name, so that there is no Subject",
}
HEADERS = ["Subject", "Date", "Precedence", "Importance", "X-Priority", "Sensitivity", "In-Reply-To", "References"]
CALENDAR = ("text/calendar", "application/ics")


def as_sent(data):
    """With CRLF and without an mbox's From line, as an MTA sends it."""
    data = re.sub(rb"\r\n?|\n", b"\r\n", data)
    return re.sub(rb"^From .*\r\n", b"", data, count=1)


def flaw(raw):
    """Why no server needs to take this, or None when it is well-formed as far as a relay can ask: a header block with a
    readable From, no NUL, header lines within bounds."""
    head, body = judge.split(raw)
    lines = head.split(b"\r\n")
    if b"\0" in raw:
        return "holds NUL"
    if any(not re.match(rb"[!-9;-~]+[ \t]*:|[ \t]", line) for line in lines if line):
        return "a header line that is none"
    if lines and re.match(rb"[ \t]", lines[0]):
        return "begins with a folded line"
    try:
        head.decode()
    except UnicodeDecodeError:
        return "an 8-bit header field that is not UTF-8"
    if any(len(line) > 2048 for line in lines):
        return "a header line of more than 2048 octets"
    froms = [v for n, v in judge.fields(head) if n.lower() == "from"]
    if len(froms) != 1:
        return f"{len(froms)} From fields"
    if len(judge.mailboxes(froms[0])) != 1 or "@" not in judge.mailboxes(froms[0])[0]:
        return "From is not one address"
    return None


def files(name):
    pattern, _ = CORPORA[name]
    found = {p.read_bytes(): p for p in sorted((skips.VECTORS / name).glob(pattern)) if p.is_file()}
    assert found, f"{name} is empty"
    return list(found.values())


def meaning(name, value):
    """What must stay of a field: of a date the moment, whatever stands behind it in brackets; of a mark its word; of the fields that
    hold a thread, that there are ids. The rest is text."""
    if value is None:
        return value
    if name in ("Precedence", "Importance", "X-Priority", "Sensitivity"):
        return (re.match(r"\s*([\w-]*)", value)[1] or None)
    if name in ("In-Reply-To", "References"):
        return bool(re.search(r"<[^<>@\s]+@[^<>@\s]+>", value)) or None
    if name == "Date":
        try:
            return email.utils.parsedate_to_datetime(value).timestamp()
        except (TypeError, ValueError):
            return None  # what cannot be read may be replaced
    return judge.words(value)


def differences(raw, opened):
    """What is not as it was sent."""
    before, after = judge.leaves(raw), judge.leaves(opened.message)
    if len(before) != len(after):
        return f"{len(before)} parts became {len(after)}"
    for one, two in zip(before, after):
        if one != two and one[0] not in CALENDAR and not one[2].endswith(".ics"):
            return f"{one} became {two}"
    old, new = judge.split(raw)[0], opened.outer
    for name in HEADERS:
        was = [v for n, v in judge.fields(old) if n.lower() == name.lower()]
        now = [v for n, v in judge.fields(new) if n.lower() == name.lower()]
        if len(was) == 1 and was[0] and meaning(name, was[0]) not in (None, meaning(name, now[0] if now else None)):
            return f"{name}: {was[0]!r} became {now}"
    return None


@pytest.mark.parametrize("corpus", CORPORA)
def test_round_trip(world, corpus):
    refused, changed, through = {}, {}, 0
    paths = files(corpus)
    alias = world.server.alias(world.user)  # of its own: the same message comes in several corpora, and is relayed once
    client = smtp.Smtp(world.server.port)
    for path in paths:
        raw, name = as_sent(path.read_bytes()), str(path.relative_to(skips.VECTORS))
        since = len(world.hop.messages)
        try:
            sent = client.send("someone@corpus.example", alias, raw, "BODY=8BITMIME SMTPUTF8")
        except (EOFError, OSError):
            client = smtp.Smtp(world.server.port)
            refused[name] = "the connection was lost"
            continue
        if not sent.ok:
            refused[name] = str(sent.dot or sent.mail)
            continue
        arrived = world.hop.wait(1, since=since)
        assert len(arrived) == 1, (name, [(x.sender, x.rcpts, x.raw[:500]) for x in arrived])
        (m,) = arrived
        difference = differences(raw, judge.open_sealed(world.judge, m.raw)) or (m.faults and str(m.faults))
        through += not difference
        if difference:
            changed[name] = difference
    client.close()
    print(f"{corpus}: {len(paths)} messages, {through} came through as they were, {len(refused)} refused, {len(changed)} changed")
    wrong = {}
    for name, why in [*refused.items(), *changed.items()]:
        excuse = flaw(as_sent((skips.VECTORS / name).read_bytes()))
        print(f"    {'refused' if name in refused else 'changed'} {name}: {why} ({excuse or 'and it is well-formed'})")
        if not excuse:
            wrong[name] = why
    assert wrong == {}
    assert {name: "refused" if name in refused else "changed" for name in {*refused, *changed}} == {
        name: why.partition(":")[0] for name, why in LISTED.items() if name.startswith(corpus + "/")}
    assert through >= CORPORA[corpus][1] * len(paths)


@pytest.mark.parametrize("path", sorted(p for p in (skips.VECTORS / "eai-test-messages").glob("*") if p.is_file() and "." not in p.name),
                         ids=lambda p: p.name)
def test_internationalised_mail(world, path):
    raw = as_sent(path.read_bytes())
    since = len(world.hop.messages)
    with smtp.Smtp(world.server.port) as client:
        sent = client.send("someone@corpus.example", world.alias, raw, "BODY=8BITMIME SMTPUTF8")
    assert sent.ok, sent.dot
    (m,) = world.hop.wait(1, since=since)
    assert differences(raw, judge.open_sealed(world.judge, m.raw)) is None and m.faults == []
