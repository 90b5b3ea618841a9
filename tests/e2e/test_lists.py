"""A mailing list is one correspondent; who posted stands in the display name. Threads hold through the relay."""

import judge
import messages
import smtp


def post(world, author, text, mid=None, more=()):
    listed = ["List-Id: Friends of C <friends.lists.example>", "List-Post: <mailto:friends@lists.example>",
              "Precedence: list", *more]
    name, address = author
    raw = messages.head(f"{name} <{address}>", "friends@lists.example", f"[friends] {text}", mid=mid, more=listed)
    return messages.Mail("post", "friends-bounces@lists.example", raw + messages.text(text + "\n"), text)


def test_a_list_is_one_correspondent(world):
    alias = world.server.alias(world.user)
    one = world.relay(post(world, ("Ada", "ada@people.example"), "first"), alias)
    two = world.relay(post(world, ("Grace", "grace@people.example"), "second"), alias)
    assert one.opened.signer == two.opened.signer
    assert "Ada" in judge.words(one.field("From")) and "Grace" in judge.words(two.field("From"))
    for done in (one, two):
        assert b"@people.example" not in done.wire.raw and b"@lists.example" not in done.wire.raw
    kinds = {c["reverse"]: c["kind"] for c in world.server.cli("correspondent", "list", alias)}
    assert "list" in kinds[one.opened.signer]


def test_a_thread_holds(world):
    """What the second answers is the first as the user knows it, in References and in In-Reply-To."""
    first_id, second_id = messages.new_id(), messages.new_id()
    def mail(mid, more=()):
        return messages.Mail("thread", "tom@shop.example", messages.head("Tom <tom@shop.example>", world.alias, "Thread",
                             mid=mid, more=more) + messages.text("x\n"), "x")
    one = world.relay(mail(first_id))
    two = world.relay(mail(second_id, [f"In-Reply-To: {first_id}", f"References: <unknown@far.example> {first_id}"]))
    three = world.relay(mail(messages.new_id(), [f"References: {first_id}\n\t{second_id}"]))
    known = [done.field("Message-ID") for done in (one, two)]
    assert two.field("In-Reply-To") == known[0] and two.field("References").split()[-1] == known[0]
    assert three.field("References").split() == known
    for done in (one, two, three):
        assert b"far.example" not in done.wire.raw and b"shop.example" not in done.wire.raw


def test_two_mailboxes_know_a_message_by_ids_that_a_provider_cannot_join(world, tmp_path):
    """The same message for two users: each has its own Message-ID."""
    user = world.server.user("thea")
    mailbox = world.server.mailbox(user, "thea@mailbox.example")
    world.server.issue(mailbox)
    alias = world.server.alias(user)
    since = len(world.hop.messages)
    mail = messages.plain(f"{world.alias}, {alias}")
    assert smtp.send(world.server.port, mail.sender, [world.alias, alias], mail.raw).ok
    ids = [judge.field(judge.split(m.raw)[0], "Message-ID") for m in world.hop.wait(2, since=since)]
    assert len(set(ids)) == 2
