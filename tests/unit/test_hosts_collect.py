"""The collector against SSH servers inside this process: one bad host never stops the rest, and each is named."""

import asyncio
import subprocess

import asyncssh
import pytest
from ssh_servers import Servers

from yiyun.errors import UserError
from yiyun.evidence.hosts import collect as collect_module
from yiyun.evidence.hosts.collect import collect
from yiyun.evidence.hosts.probe import Wanted


async def _probe(process) -> None:
    """What a host does: run the script, as if by root."""
    script = (await process.stdin.read()).replace(b"'id -u; ", b"'echo 0; ")
    done = await asyncio.to_thread(subprocess.run, ["/bin/sh", "-s"], input=script, capture_output=True, check=False)
    process.stdout.write(done.stdout)
    process.exit(0)


async def _silent(process) -> None:
    await asyncio.sleep(30)


async def _endless(process) -> None:
    for _ in range(100):
        process.stdout.write(b"x" * 65536)


async def _refusing(process) -> None:
    process.stderr.write(b"sudo: a password is required\n")
    process.exit(1)


def read(servers, *names, wanted: Wanted | None = None, deadline: float = 120.0):
    return collect(
        servers.ssh_config, servers.known_hosts, dict.fromkeys(names, wanted or Wanted()), deadline_seconds=deadline
    )


@pytest.fixture
def servers(tmp_path):
    made = Servers(tmp_path)
    yield made
    made.close()


def test_bad_hosts_are_named_and_good_ones_are_read(servers, monkeypatch):
    monkeypatch.setattr(collect_module, "MAX_OUTPUT_BYTES", 2**20)
    servers.ssh("good", _probe)
    servers.ssh("silent", _silent)
    servers.ssh("endless", _endless)
    servers.ssh("no-sudo", _refusing)
    servers.ssh("other-key", _probe, known=False)
    servers.ssh("not-adopted", _probe, authorized=False)
    servers.config += "Host gone\n HostName 127.0.0.1\n Port 1\n"
    names = ("good", "endless", "no-sudo", "other-key", "not-adopted", "gone")
    found = read(servers, *names, wanted=Wanted(accounts=("root",)), deadline=120.0)
    assert found["good"].problem is None
    assert found["good"].accounts["root"].uid == 0
    problems = {name: found[name].problem for name in names[1:]}
    assert read(servers, "silent", deadline=1.0)["silent"].problem == "no answer within 1 s"
    assert problems["endless"] == collect_module.ENOUGH_OUTPUT
    assert problems["no-sudo"] == "sudo: a password is required"
    assert "not the one pinned" in problems["other-key"]
    assert "./yiyun hosts adopt" in problems["not-adopted"]
    assert "Connect call failed" in problems["gone"] or "refused" in problems["gone"]


def test_many_hosts_are_read_at_once(servers):
    names = [f"n{number}" for number in range(30)]
    servers.ssh(" ".join(names), _probe)
    found = read(servers, *names)
    assert [found[name].problem for name in names] == [None] * 30


@pytest.mark.parametrize(("pins", "remedy"), [("", "not the one pinned"), (None, "makes this file")])
def test_a_host_whose_key_nobody_pinned_is_not_read(servers, pins, remedy):
    servers.ssh("good", _probe)
    config = servers.ssh_config
    servers.known_hosts.unlink()
    if pins is not None:
        servers.known_hosts.write_text(pins)
    found = collect(config, servers.known_hosts, {"good": Wanted()})["good"]
    assert remedy in found.problem


def test_without_ssh_config_the_remedy_is_named(tmp_path):
    with pytest.raises(UserError, match="hosts adopt"):
        collect(tmp_path / "ssh_config", tmp_path / "known_hosts", {"n1": Wanted()})


WAYS = """\
Host n1 198.18.0.1
    User one
Host = n2
    Port 2202
Host N3
    Port 2203
Match host n2
    Port 2299
Host !n1 *
    User star
    ServerAliveInterval 7
Host "n1"
    Port 2201
Host n?
    ConnectTimeout 3
"""


@pytest.mark.parametrize("head", ["", "CanonicalizeHostname no\n", "# canonical names only\n"])
def test_a_host_is_reached_by_its_part_of_the_configuration_as_by_all_of_it(tmp_path, head):
    whole = tmp_path / "ssh_config"
    whole.write_text(head + WAYS)
    names = ["n1", "n2", "n3", "N3", "n4", "other"]
    parts = collect_module.split(whole, names, tmp_path)
    for name in names:
        mine, all_of_it = (
            asyncssh.SSHClientConnectionOptions(host=name, config=[str(path)]) for path in (parts[name], whole)
        )
        for each in ("username", "port", "keepalive_interval", "connect_timeout"):
            assert getattr(mine, each) == getattr(all_of_it, each), (name, each)


def test_blocks_of_other_hosts_are_left_out(tmp_path):
    whole = tmp_path / "ssh_config"
    whole.write_text("".join(f"Host n{number} 10.0.0.{number}\n    User u{number}\n" for number in range(50)))
    parts = collect_module.split(whole, ["n7", "10.0.0.8"], tmp_path)
    assert parts["n7"].read_text() == "Host n7 10.0.0.7\n    User u7\n"
    assert parts["10.0.0.8"].read_text() == "Host n8 10.0.0.8\n    User u8\n"
