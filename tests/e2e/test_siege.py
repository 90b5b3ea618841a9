"""A few of the places that tests/siege/places.py tries all of, so that the sieges cannot rot: each is there, and holds."""

import collections
import pathlib
import random
import shutil
import sys
import types

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "siege"))

import certs  # noqa: E402
import nexthop  # noqa: E402
import places  # noqa: E402
import postern  # noqa: E402
import soak  # noqa: E402

DEATHS = ["opener:ipc:6", "core:store:5"]
FAULTS = ["core:write:EIO:120", "opener:write:ENOSPC:1", "opener:write:SHORT:1", "opener:open:EMFILE:1", "gate:send:SHORT:4",
          "gate:send:EAGAIN+200:5", "gate:recv:ECONNRESET:6", "gate:accept:EMFILE+1500:2", "gate:connect:ETIMEDOUT:1",
          "core:alloc:ENOMEM:9000", "opener:alloc:ENOMEM:300", "vault:alloc:ENOMEM:300"]
UNDER_TLS = ["gate:send:ECONNRESET:12", "gate:send:SHORT:9", "gate:recv:ECONNRESET:30"]


@pytest.fixture(scope="module")
def ready(hop, tmp_path_factory):
    w, items = places.world_of(tmp_path_factory.mktemp("ready"), hop, "both")
    yield w, items
    w.close()


@pytest.fixture(scope="module")
def ready_under_tls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    with nexthop.NextHop(folder / "maildirs", tls=certs.Authority(folder / "hop").server("hop")) as hop:
        w, items = places.world_of(folder, hop, "both")
        yield w, items
        w.close()


@pytest.fixture(scope="module")
def layer():
    folder = postern.new_folder()
    yield places.layer_in(folder)
    shutil.rmtree(folder)


@pytest.mark.parametrize("case", DEATHS)
def test_promise_2_whoever_dies_on_the_road_of_answers(ready, case):
    there, _, _, wrong = places.one(ready[0], {"POSTERN_KILL": case}, case, ready[1], places.died)
    assert there and not wrong, wrong


@pytest.mark.parametrize("case", FAULTS)
def test_promise_2_whatever_fails_on_either_road(ready, layer, case):
    breaks(ready, layer, case)


@pytest.mark.parametrize("case", UNDER_TLS)
def test_promise_2_whatever_fails_under_tls(ready_under_tls, layer, case):
    breaks(ready_under_tls, layer, case)


def breaks(ready, layer, case):
    env = {"POSTERN_FAULT": case, "LD_PRELOAD": str(layer)}
    there, _, _, wrong = places.one(ready[0], env, case, ready[1], places.failed)
    assert there and not wrong, wrong


SOAK = [soak.killed("core"), soak.failing("core", "write", "ENOSPC", 1), soak.hop_does("dot", nexthop.HANG, 1), soak.SIGHUP,
        soak.failing("gate", "accept", "EMFILE", 1), soak.killed("gate"), soak.failing("core", "sync", "EIO", 0.5),
        soak.hop_does("data", nexthop.CLOSE, 1)]


def test_promise_2_load_and_one_fault_after_the_other(monkeypatch):
    """Seconds of what tests/siege/soak.py does for a quarter of an hour: no memory is judged."""
    monkeypatch.setattr(soak, "KNOWN", 2)
    monkeypatch.setattr(soak, "REMEMBERED", 1000)
    found = soak.besiege(0.3, 2, 0.5, 1, SOAK, **{"profiles.pool": 2, "policy.new_per_hour": 2})  # no key is waited for
    assert found["held"], found
    assert len(found["faults_done"]) >= len(SOAK) // 2 and not found["faults_failed"]


# ---- what a soak judges of memory ---------------------------------------------------------------------------------------


def lives(*told, seconds=540):
    """Samples as soak.Samples makes them, of (role, KiB at a second of its life, when it was warm), with as much noise as there is."""
    chance = random.Random(4711)
    samples = types.SimpleNamespace(seen=collections.defaultdict(list), warm={})
    for pid, (role, kib, warm) in enumerate(told):
        samples.seen[role, pid] = [(at, (int(1024 * (kib(at) + chance.uniform(-100, 100))), 10, 1, 0)) for at in range(0, seconds, 2)]
        if warm is not None:
            samples.warm[role, pid] = warm
    return samples


def found_by(samples):
    return sorted(soak.steep(soak.memory_growth(samples))), soak.not_warm(samples)


def leak(at, a_minute=250):
    return 6000 + a_minute * at / 60


def filled(at, by=20):
    """What SQLite remembers of the store's pages, full after so many seconds."""
    return 16384 * min(1, at / by)


def crowd(at, since=30):
    return 7000 + (1024 if at >= since else 0)


def waves(at, each=900):
    """Work that piles up for ten seconds of each minute, and twice leaves something."""
    return 7000 + (4000 if at % 60 < 10 else 0) + each * sum(at >= when for when in (125, 300))


@pytest.mark.parametrize("role", ["core", "gate", "scribe", "opener"])
def test_a_soak_notices_what_grows_on(role):
    assert found_by(lives((role, leak, 30))) == ([role], [])
    assert found_by(lives((role, lambda at: leak(at) + waves(at), 30))) == ([role], [])
    assert found_by(lives((role, lambda at: waves(at, 2600), 30))) == ([role], []), "seldom, and too much"
    assert found_by(lives((role, lambda at: leak(at, 100), 30))) == ([], [])


def test_a_soak_does_not_take_for_a_leak_what_is_kept_once():
    assert found_by(lives(("core", filled, 20), ("gate", crowd, 31), ("gate", waves, 31))) == ([], [])
    both = lives(("core", lambda at: filled(at) + leak(at), 20), ("gate", lambda at: crowd(at) + leak(at), 31))
    assert found_by(both) == (["core", "gate"], [])
    late = lives(("core", lambda at: filled(at, 300), 300), ("gate", lambda at: crowd(at, 290), 291), seconds=720)
    assert found_by(late) == ([], []), "what is judged begins when it is warm"


def test_a_soak_judges_no_life_that_is_too_short():
    """In its first minutes each wave is the largest yet."""
    assert found_by(lives(("gate", leak, 30), seconds=soak.WARM_UP + soak.LIFE - 10)) == ([], [])


def test_a_soak_says_of_whom_it_could_judge_nothing():
    assert found_by(lives(("core", lambda at: filled(at, 540), None), ("gate", crowd, None))) == ([], ["core", "gate"])
    assert found_by(lives(("core", filled, None), ("core", filled, 20))) == ([], []), "one life is enough"
