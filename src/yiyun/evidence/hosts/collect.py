"""Reads many hosts at once, each in one SSH round trip, with asyncssh and the site's ssh_config."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path

import asyncssh

from yiyun.errors import UserError
from yiyun.evidence.hosts import facts, probe
from yiyun.evidence.hosts.facts import HostFacts
from yiyun.evidence.hosts.probe import Wanted

CONNECT_SECONDS = 15.0
DEADLINE_SECONDS = 90.0
AT_ONCE = 50
MAX_OUTPUT_BYTES = 16 * 2**20
ENOUGH_OUTPUT = "the host's answer is longer than 16 MiB"


def collect(
    ssh_config: Path,
    wanted: Mapping[str, Wanted],
    on_facts: Callable[[HostFacts], None] | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> dict[str, HostFacts]:
    """Read the hosts that `wanted` names; a host that cannot be read has `problem` set. Never raises for a host.

    `on_facts` is called with each host's facts as they come. Raises UserError when there is no ssh_config.
    """
    if not ssh_config.is_file():
        raise UserError(f"{ssh_config} is missing: ./yiyun hosts adopt makes it when it first meets the hosts")
    return asyncio.run(_collect(ssh_config, wanted, on_facts, deadline_seconds))


async def _collect(
    ssh_config: Path,
    wanted: Mapping[str, Wanted],
    on_facts: Callable[[HostFacts], None] | None,
    deadline_seconds: float,
) -> dict[str, HostFacts]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> HostFacts:
        async with gate:
            found = await _read(ssh_config, name, wanted[name], deadline_seconds)
        if on_facts is not None:
            on_facts(found)
        return found

    found = await asyncio.gather(*(one(name) for name in wanted))
    return {each.name: each for each in found}


async def _read(ssh_config: Path, name: str, wanted: Wanted, deadline_seconds: float) -> HostFacts:
    sent = probe.script(wanted)
    try:
        async with asyncio.timeout(deadline_seconds):
            async with asyncssh.connect(name, config=[str(ssh_config)], connect_timeout=CONNECT_SECONDS) as connection:
                process = await connection.create_process(probe.REMOTE_COMMAND, encoding=None)
                with suppress(BrokenPipeError):  # it has ended before it read all: what it said tells why
                    process.stdin.write(sent.text.encode())
                    process.stdin.write_eof()
                output = bytearray()
                async for chunk in _chunks(process.stdout):
                    output += chunk
                    if len(output) > MAX_OUTPUT_BYTES:
                        return HostFacts(name, problem=ENOUGH_OUTPUT)
                complaint = (await process.stderr.read(4096)).decode(errors="replace").strip()
    except TimeoutError:
        return HostFacts(name, problem=f"no answer within {deadline_seconds:g} s")
    except (OSError, asyncssh.Error) as error:
        return HostFacts(name, problem=_remedy(error))
    if not output:
        return HostFacts(name, problem=complaint or "the host gave no answer")
    return facts.parse(name, wanted, sent, bytes(output))


async def _chunks(reader: "asyncssh.SSHReader[bytes]") -> AsyncIterator[bytes]:
    while chunk := await reader.read(65536):
        yield chunk


def _remedy(error: Exception) -> str:
    remedies = {
        "PermissionDenied": "the host does not take the management user's key: ./yiyun hosts adopt",
        "HostKeyNotVerifiable": "the host's key is not the one pinned in the site's known_hosts: find out which machine "
        "answers; if it was installed anew, ./yiyun hosts adopt says how its old key is forgotten",
        "FileNotFoundError": "./yiyun hosts adopt makes this file when it first meets the hosts",
        "ConnectionLost": "the host, or the way to it, is down",
    }
    text = str(error) or type(error).__name__
    remedy = remedies.get(type(error).__name__)
    return f"{text}; {remedy}" if remedy else text
