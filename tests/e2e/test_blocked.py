"""Correspondents: where their answers go, whatever a forged message says, and who may not write any more."""

import messages


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
