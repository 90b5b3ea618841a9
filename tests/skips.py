"""Reads tests/skips: the only way in which a test may be left out without counting as failed."""

import fnmatch
import os
import pathlib
import shutil

TESTS = pathlib.Path(__file__).resolve().parent
VECTORS = pathlib.Path(os.environ.get("POSTERN_VECTORS") or TESTS.parent.parent / "shared/vectors")

CONDITIONS = {
    "no-vectors": lambda: not VECTORS.is_dir(),
    "not-root": lambda: os.geteuid() != 0,
    "sanitizer": lambda: True,  # the unit tests are built with one
    "known": lambda: True,  # does not hold yet, and the reason says what is missing
    "no-postfix": lambda: not shutil.which("postfix", path="/usr/sbin:/sbin"),
}


def rows():
    for line in (TESTS / "skips").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            what, condition, reason = line.split(None, 2)
            yield what, CONDITIONS[condition], reason


def reason(test):
    """Why this test may be skipped here and now, or None."""
    return next((why for what, holds, why in rows() if fnmatch.fnmatchcase(test, what) and holds()), None)
