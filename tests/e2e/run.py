"""run.py: running other programs from tests."""

import os
import subprocess


class Failed(Exception):
    """A program ended with another status than 0; its last words."""


def run(*argv, data=None, env=None, seconds=120, check=True, cwd=None):
    """Gives (status, stdout, stderr as text). Raises Failed on another status than 0, unless told not to check."""
    done = subprocess.run([str(a) for a in argv], input=data if data is not None else b"", capture_output=True, cwd=cwd,
                          timeout=seconds, env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})})
    errors = done.stderr.decode("utf-8", "replace")
    if check and done.returncode:
        said = [line for line in (errors + done.stdout.decode("utf-8", "replace")).splitlines() if line.strip()]
        raise Failed(f"{argv[0]} {argv[1] if len(argv) > 1 else ''}: {done.returncode}: {' | '.join(said[-4:])}")
    return done.returncode, done.stdout, errors
