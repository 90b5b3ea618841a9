"""From inside each role, after it has locked itself in: files, sockets, programs and processes are out of reach. A test
build tries, and says in the log what became of it."""

import re

import pytest

import postern

CALLS = ["open", "create", "socket", "connect", "bind", "execve", "ptrace", "fork"]


@pytest.fixture(scope="module")
def probed(hop):
    server = postern.Postern(hop.port, env={"POSTERN_PROBE": "1"}).start()
    found = {}
    server.wait_log(r"ev=probe")
    for role, call, result in re.findall(r"role=(\w+) .*?ev=probe call=(\w+) result=(\w+)", server.log):
        found.setdefault((role, call), set()).add(result)
    lines = re.findall(r"ev=role-ready who=(\w+) .*?seccomp=(\w+) calls=(\d+) landlock=(\w+)(.*)", server.log)
    server.close()
    return found, lines


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("role", postern.ROLES)
def test_a_role_cannot(probed, role, call):
    found = probed[0].get((role, call))
    if role == "gate" and call in ("socket", "connect"):
        # its work is to connect to next hops; nothing but the network is what it may reach
        assert found, "was not tried"
    else:
        assert found and "allowed" not in found, found


def test_every_role_is_filtered_and_says_so(probed):
    lines = probed[1]
    assert {who for who, *_ in lines} == set(postern.ROLES)
    for who, seccomp, calls, _, rest in lines:
        assert seccomp == "on" and 0 < int(calls) < 120 and "widened" not in rest, (who, calls, rest)
