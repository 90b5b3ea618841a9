"""Where the tests find each other; one server for a module; and the one rule on skipping: what tests/skips does not name
has failed."""

import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e"), str(TESTS / "judges")]

import dns  # noqa: E402
import nexthop  # noqa: E402
import pki  # noqa: E402
import reply  # noqa: E402
import skips  # noqa: E402
from world import World  # noqa: E402


def test_name(item):
    return f"{item.path.name}::{item.name}"


def pytest_collection_modifyitems(items):
    for item in items:
        reason = skips.reason(test_name(item))
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.skipped and not skips.reason(test_name(item)):
        report.outcome, report.longrepr = "failed", f"skipped, and tests/skips does not name {test_name(item)}"


@pytest.fixture(scope="module")
def hop(tmp_path_factory):
    with nexthop.NextHop(tmp_path_factory.mktemp("maildirs")) as h:
        yield h


@pytest.fixture(scope="module")
def names():
    """A name server that says what a test tells it."""
    with dns.Dns() as d:
        yield d


@pytest.fixture(scope="module")
def world(hop, tmp_path_factory):
    w = World(hop, tmp_path_factory.mktemp("world"))
    yield w
    w.close()


@pytest.fixture(scope="module")
def client(world):
    """The mail client of the world's user."""
    return reply.Client(world.server.port, world.keys, world.folder)


@pytest.fixture(autouse=True)
def good_hop(request):
    """What a test ordered the provider to do wrong ends with it."""
    ordered = request.getfixturevalue("hop") if "hop" in request.fixturenames else None
    yield
    if ordered:
        ordered.behave()


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    """A sender's own PKI."""
    return pki.Pki(tmp_path_factory.mktemp("senders-ca"))
