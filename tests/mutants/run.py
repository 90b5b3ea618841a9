#!/usr/bin/python3
"""tests/mutants/run.py [NAME...]: applies each NAME.patch to a copy of the sources, and wants its test to turn red.

A patch begins with lines for people and for this program, up to its first "diff" or "---" line:

    What is broken, and which promise should notice.
    Test: tests/e2e/test_promises.py::test_promise_1_no_profile_is_refused     (or  Test: unit seal_test)

A mutant that does not apply, does not build, or that no test notices, is a failure; so is a test that is red without
it. The copy keeps its build between mutants, so that one costs a few files and a link."""

import pathlib
import re
import shutil
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
COPY = TOP / "build/mutants"
TREE = COPY / "tree"
SETUP = {
    "e2e": ["--buildtype=release", "-Dtests=false", "-Dtesthooks=true"],
    "unit": ["--buildtype=debugoptimized", "-Dtests=true"],
}


def run(*argv, seconds=600, **options):
    return subprocess.run([str(a) for a in argv], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, timeout=seconds, **options)


def refresh():
    """The copy holds the sources as they are now; times stay, so ninja rebuilds only what a mutant touched."""
    TREE.mkdir(parents=True, exist_ok=True)
    files = run("git", "ls-files", "-co", "--exclude-standard", "src", "tests", "doc/man", "dist", "meson.build", "meson_options.txt",
                cwd=TOP).stdout.split("\n")
    wanted = {f for f in files if f and (TOP / f).is_file()}
    for f in wanted:
        source, copy = TOP / f, TREE / f
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    for copy in [c for c in TREE.rglob("*") if c.is_file() and str(c.relative_to(TREE)) not in wanted]:
        copy.unlink()


def build(kind):
    folder = COPY / kind
    if not (folder / "build.ninja").exists():
        out = run("meson", "setup", folder, TREE, *SETUP[kind])
        if out.returncode:
            return out
    return run("ninja", "-C", folder)


def test(kind, what):
    if kind == "unit":
        return run("meson", "test", "-C", COPY / "unit", "--no-rebuild", "--print-errorlogs", what)
    return run("/usr/bin/python3", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=short", what, cwd=TREE,
               env={**__import__("os").environ, "POSTERN_BUILD": str(COPY / "e2e"), "PYTHONDONTWRITEBYTECODE": "1"})


def named_test(patch):
    head = re.split(r"^(?:diff|---) ", patch.read_text(), maxsplit=1, flags=re.M)[0]
    found = re.search(r"^Test: (unit )?(\S+)", head, re.M)
    return ("unit" if found[1] else "e2e", found[2]) if found else None


def unbroken(kind, what):
    """The test's end on the sources as they are; a red one gets a second try, for a machine that was busy."""
    out = build(kind)
    if out.returncode == 0:
        out = test(kind, what)
        out = test(kind, what) if out.returncode else out
    return out


def judge(patch, green):
    """None when the mutant was caught, otherwise what is wrong."""
    named = named_test(patch)
    if not named:
        return "names no test"
    kind, what = named
    if named not in green:
        green[named] = unbroken(kind, what)
    if green[named].returncode:
        return f"{what} is red without it:\n" + green[named].stdout[-3000:]
    applied = run("patch", "-p1", "--forward", "--batch", "--input", patch, cwd=TREE)
    if applied.returncode:
        return "does not apply:\n" + applied.stdout
    built = build(kind)
    if built.returncode:
        return "does not build:\n" + built.stdout[-1500:]
    out = test(kind, what)
    # pytest: 1 = a test failed; other numbers are its own troubles. meson test: the number of failed programs.
    return None if out.returncode == 1 else f"{what} did not notice (exit {out.returncode})\n" + out.stdout[-800:]


def main(wanted):
    patches = [p for p in sorted((TOP / "tests/mutants").glob("*.patch")) if not wanted or p.stem in wanted]
    failed, green = 0, {}
    for patch in patches:
        start = time.monotonic()
        refresh()
        wrong = judge(patch, green)
        failed += wrong is not None
        print(f"{'FAIL' if wrong else 'ok':4}  {patch.stem:40} {time.monotonic() - start:6.1f} s", flush=True)
        if wrong:
            print(f"        {wrong}")
    refresh()
    print(f"mutants: {len(patches) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
