"""From inside each role, after it has locked itself in: files, sockets, programs and processes are out of reach. A test
build tries, and says in the log what became of it."""

import re

import pytest

import postern
import smtp

NOTE = b"From: bob@example.org\r\nTo: shop@relay.example\r\nSubject: note\r\n\r\nhello\r\n"
CALLS = ["open", "create", "socket", "datagram", "connect", "bind", "execve", "ptrace", "fork"]
REFUSED = {"EPERM", "EACCES"}  # by the filter or by Landlock: any other error would mean that the call was let through


def an_answer(server):
    """A process is forked for it; what is in it does not matter here."""
    server.user("alice")
    server.mailbox("alice", "alice@mailbox.example", clear="on")
    server.alias("alice", "shop@relay.example")
    assert smtp.send(server.port, "bob@example.org", "shop@relay.example", NOTE).ok
    (person,) = server.cli("correspondent", "list", "shop@relay.example")
    smtp.send(server.port, "alice@mailbox.example", person["reverse"], NOTE)
    server.wait_log(r"role=answer .*?ev=probe call=fork")


@pytest.fixture(scope="module")
def probed(hop):
    server = postern.Postern(hop.port, env={"POSTERN_PROBE": "1"}).start()
    found = {}
    server.wait_log(r"ev=probe")
    an_answer(server)
    for role, call, result in re.findall(r"role=(\w+) .*?ev=probe call=(\w+) result=(\w+)", server.log):
        found.setdefault((role, call), set()).add(result)
    lines = re.findall(r"ev=role-ready who=(\w+) .*?seccomp=(\w+) calls=(\d+) landlock=(\w+)(.*)", server.log)
    server.close()
    return found, lines


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("role", [*postern.ROLES, "answer"])
def test_a_role_cannot(probed, role, call):
    found = probed[0].get((role, call))
    assert found, "was not tried"
    if role == "gate" and call == "connect":
        # its work: streams to next hops (the next test has what else it may not)
        assert found == {"ECONNREFUSED"}
    elif role == "opener" and call == "fork":
        assert found == {"allowed"}  # its work; what it forks is locked in once more, and is `answer` here
    elif role == "core" and call in ("open", "create"):
        assert found <= REFUSED | {"ENOENT"}, found  # started as root it has another root directory
    else:
        assert found <= REFUSED, found


def test_every_role_is_filtered_and_says_so(probed):
    lines = probed[1]
    assert {who for who, *_ in lines} == set(postern.ROLES)
    for who, seccomp, calls, _, rest in lines:
        assert seccomp == "on" and 0 < int(calls) < 120 and "widened" not in rest, (who, calls, rest)
