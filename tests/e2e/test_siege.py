"""A few of the places that tests/siege/places.py tries all of, so that the sieges cannot rot: each is there, and holds."""

import pathlib
import shutil
import sys

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
