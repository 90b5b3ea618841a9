"""Where the tests find each other, and the one rule on skipping: what tests/skips does not name has failed."""

import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e"), str(TESTS / "judges")]

import skips  # noqa: E402


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
