"""Correspondents: where their answers go, whatever a forged message says, and who may not write any more."""

import pytest

import messages
import smtp


def mail(alias, sender="bob@home.example", name="Bob", more=(), to=None, says="A word."):
    return messages.Mail("word", sender, messages.head(f"{name} <{sender}>", to or alias, "Word", more=more) +
                         messages.text(says + "\n"), says)


def person(world, alias, address):
    (found,) = [c for c in world.server.cli("correspondent", "list", alias) if c["address"] == address]
    return found


# Where answers go.

def test_a_forged_from_moves_no_answers(world):
    alias = world.server.alias(world.user)
    world.relay(mail(alias, more=["Reply-To: answers@desk.example"]), alias)
    before = person(world, alias, "bob@home.example")
    assert before["reply_to"] == "answers@desk.example" and not before["reply_asked"]
    world.relay(mail(alias, more=["Reply-To: Bob <bob@evil.example>"], says="Send it here from now on."), alias)
    after = person(world, alias, "bob@home.example")
    assert after["reply_to"] == "answers@desk.example" and after["reply_asked"] == "bob@evil.example"
    assert after["reverse"] == before["reverse"]


def test_the_next_ticket_of_a_desk_is_followed(world):
    alias = world.server.alias(world.user)
    for n in (1, 2):
        world.relay(mail(alias, more=[f"Reply-To: ticket+{n}@desk.example"], says=f"Ticket {n}."), alias)
    assert person(world, alias, "bob@home.example")["reply_to"] == "ticket+2@desk.example"


def test_answers_go_back_to_the_writers_own_address(world):
    alias = world.server.alias(world.user)
    world.relay(mail(alias, more=["Reply-To: answers@desk.example"]), alias)
    world.relay(mail(alias, says="From home again."), alias)
    assert not person(world, alias, "bob@home.example")["reply_to"]


def test_a_list_is_answered_at_its_own_address(world):
    """A list that puts the poster into Reply-To is not its last poster; one whose address differs by thread is followed."""
    alias = world.server.alias(world.user)

    def post(name, n, more=()):
        world.relay(mail(alias, sender=f"{name}@lists.example", name=name, says=f"Post {n}.", more=[
            "List-Id: <garden.lists.example>", f"List-Post: <mailto:garden+{n}@lists.example>", *more]), alias)
        (garden,) = world.server.cli("correspondent", "list", alias)
        return garden["address"], garden["reply_to"], garden["reply_asked"]

    assert post("bob", 1, ["Reply-To: bob@home.example"]) == ("garden+1@lists.example", "", "")
    assert post("eve", 2, ["Reply-To: eve@evil.example"]) == ("garden+1@lists.example", "garden+2@lists.example", "")
    assert post("bob", 1) == ("garden+1@lists.example", "garden+1@lists.example", "")


def test_the_user_decides_where_answers_go(world):
    alias = world.server.alias(world.user)
    world.relay(mail(alias), alias)
    world.relay(mail(alias, more=["Reply-To: bob@new.example"], says="I have moved."), alias)
    bob = person(world, alias, "bob@home.example")
    assert not bob["reply_to"] and bob["reply_asked"] == "bob@new.example"
    world.server.cli("correspondent", "set", bob["reverse"], reply_to="bob@new.example")
    bob = person(world, alias, "bob@home.example")
    assert bob["reply_to"] == "bob@new.example" and not bob["reply_asked"]
    world.server.cli("correspondent", "set", bob["reverse"], reply_to="none")
    assert not person(world, alias, "bob@home.example")["reply_to"]
    assert "stands for nobody" in world.server.refuses("correspondent", "set", alias, reply_to="none")


def test_who_is_only_named_changes_in_nothing(world):
    alias = world.server.alias(world.user)
    world.relay(mail(alias, more=["Reply-To: answers@desk.example"]), alias)
    named = mail(alias, sender="eve@evil.example", name="Eve", more=["Cc: Not Bob <bob@home.example>"], says="To both.")
    world.relay(named, alias)
    bob = person(world, alias, "bob@home.example")
    assert bob["reply_to"] == "answers@desk.example" and bob["name"] == "Bob"


# Who may not write.

def rcpt(world, alias, sender):
    with smtp.Smtp(world.server.port) as client:
        assert client.cmd(f"MAIL FROM:<{sender}>").code == 250
        return client.cmd(f"RCPT TO:<{alias}>")


def send(world, message, alias, envelope=None):
    """As Mail's sender, or with another envelope than the header's From."""
    return smtp.send(world.server.port, envelope if envelope is not None else message.sender, alias, message.raw)


def arrived(world, since):
    """How many copies the provider has got since then, and gets no more."""
    world.server.wait_queue(0)
    return len(world.hop.messages) - since


@pytest.fixture
def alias(world):
    made = world.server.alias(world.user)
    world.relay(mail(made), made)
    return made


def test_a_blocked_correspondent_is_dropped_in_silence(world, alias):
    bob = person(world, alias, "bob@home.example")
    world.server.cli("correspondent", "block", bob["reverse"])
    since = len(world.hop.messages)
    sent = send(world, mail(alias), alias)
    assert sent.ok and arrived(world, since) == 0
    assert person(world, alias, "bob@home.example")["blocked"] == "drop"
    (row,) = world.server.cli("correspondent", "blocked", alias)
    assert row["what"] == "bob@home.example" and row["how"] == "drop"
    world.server.cli("correspondent", "unblock", bob["reverse"])
    assert world.relay(mail(alias, says="Back again."), alias).opened
    assert world.server.cli("correspondent", "blocked", alias) == []


def test_a_refused_one_hears_at_rcpt_that_there_is_no_such_address(world, alias):
    world.server.cli("correspondent", "block", alias, "bob@home.example", how="refuse")
    assert str(rcpt(world, alias, "BOB@home.example")) == str(rcpt(world, "nobody@relay.example", "bob@home.example"))
    assert rcpt(world, alias, "eve@evil.example").code == 250


def test_a_from_that_is_blocked_is_refused_after_data(world, alias):
    world.server.cli("correspondent", "block", alias, "bob@home.example", how="refuse")
    sent = send(world, mail(alias), alias, envelope="bounces@mta.example")
    assert sent.rcpts[alias].code == 250 and (sent.dot.code, sent.dot.enhanced) == (550, "5.7.1")
    assert world.alias not in str(sent.dot) and world.mailbox not in str(sent.dot)


def test_somebody_can_be_blocked_before_the_first_word(world):
    alias = world.server.alias(world.user)
    world.server.cli("correspondent", "block", alias, "eve@evil.example")
    assert send(world, mail(alias, sender="eve@evil.example"), alias).ok
    assert world.server.cli("correspondent", "list", alias) == []


@pytest.mark.parametrize("sender", ["x@evil.example", "x@news.evil.example"])
def test_a_whole_domain_with_what_is_below_it(world, alias, sender):
    world.server.cli("correspondent", "block", alias, domain="Evil.example", how="refuse")
    assert rcpt(world, alias, sender).code == 550
    sent = send(world, mail(alias, sender=sender), alias, envelope="")
    assert sent.dot.code == 550
    assert rcpt(world, alias, "x@notevil.example").code == 250


def test_a_block_is_of_one_alias(world, alias):
    other = world.server.alias(world.user)
    world.server.cli("correspondent", "block", alias, "bob@home.example", how="refuse")
    since = len(world.hop.messages)
    sent = smtp.send(world.server.port, "b@mta.example", [alias, other], mail(other, says="To two.").raw)
    assert sent.ok
    world.hop.wait(1, since=since)
    assert arrived(world, since) == 1
    assert len(world.server.cli("correspondent", "list", other)) == 1


def test_the_closest_block_decides(world, alias):
    world.server.cli("correspondent", "block", alias, domain="home.example", how="refuse")
    world.server.cli("correspondent", "block", alias, "bob@home.example", how="drop")
    assert rcpt(world, alias, "bob@home.example").code == 250
    assert rcpt(world, alias, "eve@home.example").code == 550


def test_what_cannot_be_blocked_is_said(world, alias):
    refuses = world.server.refuses
    assert "whom" in refuses("correspondent", "block", alias)
    assert "either" in refuses("correspondent", "block", alias, "a@b.example", domain="b.example")
    assert "not blocked" in refuses("correspondent", "unblock", alias, "nobody@b.example")
    assert "no alias" in refuses("correspondent", "block", "nobody@relay.example", "a@b.example")
    assert "drop|refuse" in refuses("correspondent", "block", alias, "a@b.example", how="quietly")
