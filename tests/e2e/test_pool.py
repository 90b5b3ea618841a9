"""Reverse addresses with their keys and certificates are made before they are needed."""

import time

import pytest

import messages
from world import World

POOL = 60


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    w = World(hop, tmp_path_factory.mktemp("world"), settings={"profiles.pool": POOL, "policy.new_per_hour": 0})
    yield w
    w.close()


def ready(world):
    return world.server.stat()["pool"]


def wait_ready(world, wanted, seconds=30):
    """Some seconds: what fills the pool is no stranger that it waits for, which would be one address a second."""
    end = time.monotonic() + seconds
    while (now := ready(world)) != wanted:
        assert time.monotonic() < end, f"{now} addresses are ready, not {wanted}"
        time.sleep(0.1)


def stranger(world, alias, n):
    sender = f"stranger{n}@shop.example"
    head = messages.head(f"Stranger <{sender}>", alias, "Note")
    return world.relay(messages.Mail("note", sender, head + messages.text("A note.\n"), "A note."), alias)


def test_what_is_drawn_is_made_again(world):
    """When no more new correspondents come, and each has one of their own."""
    wait_ready(world, POOL)
    alias = world.server.alias(world.user, mailbox=world.mailbox)
    signers = {stranger(world, alias, n).opened.signer for n in range(3)}
    assert len(signers) == 3
    wait_ready(world, POOL)


def test_more_strangers_than_are_ready_are_served(world):
    alias = world.server.alias(world.user, mailbox=world.mailbox)
    signers = {stranger(world, alias, 100 + n).opened.signer for n in range(POOL + 4)}
    assert len(signers) == POOL + 4
    wait_ready(world, POOL)
