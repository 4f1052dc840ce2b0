"""The collector against SSH servers inside this process: one bad host never stops the rest, and each is named."""

import asyncio
import subprocess

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
    return collect(servers.ssh_config, dict.fromkeys(names, wanted or Wanted()), deadline_seconds=deadline)


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


def test_without_ssh_config_the_remedy_is_named(tmp_path):
    with pytest.raises(UserError, match="hosts adopt"):
        collect(tmp_path / "ssh_config", {"n1": Wanted()})
