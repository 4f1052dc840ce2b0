"""The collector against SSH servers inside this process: one bad host never stops the rest, and each is named."""

import asyncio
import subprocess
import threading
from pathlib import Path

import asyncssh
import pytest

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


class Servers:
    """SSH servers on 127.0.0.1 in a thread of their own, and the ssh_config that leads to them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.host_key, self.user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        self.user_key.write_private_key(directory / "id")
        (directory / "id").chmod(0o600)
        self.user_key.write_public_key(directory / "authorized")
        self.config, self.known, self.servers = "", "", []

    def add(self, name: str, handler, *, known: bool = True, authorized: bool = True) -> None:
        nobody = self.directory / "somebody_else"
        asyncssh.generate_private_key("ssh-ed25519").write_public_key(nobody)
        options = {
            "host": "127.0.0.1",
            "port": 0,
            "server_host_keys": [self.host_key],
            "authorized_client_keys": str(self.directory / "authorized" if authorized else nobody),
            "process_factory": handler,
            "encoding": None,
        }

        async def listen():
            return await asyncssh.listen(**options)

        server = asyncio.run_coroutine_threadsafe(listen(), self.loop).result(10)
        self.servers.append(server)
        port = server.get_port()
        key = self.host_key if known else asyncssh.generate_private_key("ssh-ed25519")
        self.known += f"[127.0.0.1]:{port} {key.export_public_key().decode()}"
        self.config += (
            f"Host {name}\n HostName 127.0.0.1\n Port {port}\n User yiyun\n IdentityFile {self.directory}/id\n"
            f" UserKnownHostsFile {self.directory}/known\n StrictHostKeyChecking yes\n"
        )

    def collect(self, *names: str, wanted: Wanted | None = None, deadline: float = 120.0):
        (self.directory / "ssh_config").write_text(self.config)
        (self.directory / "known").write_text(self.known)
        return collect(
            self.directory / "ssh_config", dict.fromkeys(names, wanted or Wanted()), deadline_seconds=deadline
        )

    def close(self) -> None:
        self.loop.call_soon_threadsafe(lambda: [server.close() for server in self.servers])
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


@pytest.fixture
def servers(tmp_path):
    made = Servers(tmp_path)
    yield made
    made.close()


def test_bad_hosts_are_named_and_good_ones_are_read(servers, monkeypatch):
    monkeypatch.setattr(collect_module, "MAX_OUTPUT_BYTES", 2**20)
    servers.add("good", _probe)
    servers.add("silent", _silent)
    servers.add("endless", _endless)
    servers.add("no-sudo", _refusing)
    servers.add("other-key", _probe, known=False)
    servers.add("not-adopted", _probe, authorized=False)
    servers.config += "Host gone\n HostName 127.0.0.1\n Port 1\n"
    names = ("good", "endless", "no-sudo", "other-key", "not-adopted", "gone")
    found = servers.collect(*names, wanted=Wanted(accounts=("root",)), deadline=120.0)
    assert found["good"].problem is None
    assert found["good"].accounts["root"].uid == 0
    problems = {name: found[name].problem for name in names[1:]}
    assert servers.collect("silent", deadline=1.0)["silent"].problem == "no answer within 1 s"
    assert problems["endless"] == collect_module.ENOUGH_OUTPUT
    assert problems["no-sudo"] == "sudo: a password is required"
    assert "not the one pinned" in problems["other-key"]
    assert "./yiyun hosts adopt" in problems["not-adopted"]
    assert "Connect call failed" in problems["gone"] or "refused" in problems["gone"]


def test_many_hosts_are_read_at_once(servers):
    names = [f"n{number}" for number in range(30)]
    servers.add(" ".join(names), _probe)
    found = servers.collect(*names)
    assert [found[name].problem for name in names] == [None] * 30


def test_without_ssh_config_the_remedy_is_named(tmp_path):
    with pytest.raises(UserError, match="hosts adopt"):
        collect(tmp_path / "ssh_config", {"n1": Wanted()})
