"""Reads many hosts at once, each in one SSH round trip, with asyncssh and the site's ssh_config.

A host may say anything and may stop anywhere: it costs its own verdicts, at most `DEADLINE_SECONDS`, and its share of
the memory. It is cut off without being asked.
"""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import asyncssh

from yiyun.errors import UserError
from yiyun.evidence.hosts import facts, probe
from yiyun.evidence.hosts.facts import HostFacts
from yiyun.evidence.hosts.probe import Script, Wanted

CONNECT_SECONDS = 15.0
DEADLINE_SECONDS = 90.0
CLOSE_SECONDS = 2.0
"""For a host to take leave of; then its connection is cut."""
AT_ONCE = 50
MAX_OUTPUT_BYTES = 16 * 2**20
ENOUGH_OUTPUT = "the host's answer is longer than 16 MiB"
MAX_HELD_BYTES = 64 * 2**20
"""Of the answers of all hosts that are being read. Beyond it, one that says more than its share is cut off."""
TOO_MUCH_AT_ONCE = (
    "the host's answer is longer than its share of 64 MiB, which all hosts together use up; read it alone"
)


def collect(
    ssh_config: Path,
    known_hosts: Path,
    wanted: Mapping[str, Wanted],
    on_facts: Callable[[HostFacts], None] | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> dict[str, HostFacts]:
    """Read the hosts that `wanted` names; a host that cannot be read has `problem` set. Never raises for a host.

    `on_facts` is called with each host's facts as they come. A host whose key is not in the file `known_hosts` is not
    read. Raises UserError when there is no ssh_config.
    """
    found: dict[str, HostFacts] = {}

    def keep(each: HostFacts) -> None:
        found[each.name] = each
        if on_facts is not None:
            on_facts(each)

    collect_each(ssh_config, known_hosts, wanted, keep, deadline_seconds)
    return {name: found[name] for name in wanted}


def collect_each(
    ssh_config: Path,
    known_hosts: Path,
    wanted: Mapping[str, Wanted],
    on_facts: Callable[[HostFacts], None],
    deadline_seconds: float = DEADLINE_SECONDS,
) -> None:
    """As `collect`, but nothing is kept here: `on_facts` gets each host's facts once, as they come."""
    if not ssh_config.is_file():
        raise UserError(f"{ssh_config} is missing: ./yiyun hosts adopt makes it when it first meets the hosts")
    with tempfile.TemporaryDirectory(prefix="yiyun-ssh-") as scratch:
        configs = split(ssh_config, wanted, Path(scratch))
        asyncio.run(_collect(configs, known_hosts, wanted, on_facts, deadline_seconds))


def split(ssh_config: Path, names: Iterable[str], directory: Path) -> dict[str, Path]:
    """An ssh_config for each host in `directory`, without the blocks `Host` that name others only.

    asyncssh reads the whole configuration for every connection, which takes 40 ms where it lists a hundred hosts.
    """
    text = ssh_config.read_text(encoding="utf-8", errors="surrogateescape")
    if "canonical" in text.lower():  # then blocks are chosen by another name, too
        return dict.fromkeys(names, ssh_config)
    blocks: list[tuple[set[str] | None, list[str]]] = [(None, [])]  # whom a block is for; None: perhaps for anybody
    for line in text.splitlines(keepends=True):
        word, *rest = re.split(r"[\s=]+", line.strip(), maxsplit=1)
        if word.lower() in ("host", "match"):
            plain = word.lower() == "host" and rest and re.fullmatch(r"[\w.:\s-]+", rest[0])
            blocks.append((set(rest[0].lower().split()) if plain else None, []))
        blocks[-1][1].append(line)
    found = {}
    for name in names:
        mine = [line for hosts, lines in blocks if hosts is None or name.lower() in hosts for line in lines]
        found[name] = directory / name
        found[name].write_text("".join(mine), encoding="utf-8", errors="surrogateescape")
    return found


async def _collect(
    configs: Mapping[str, Path],
    known_hosts: Path,
    wanted: Mapping[str, Wanted],
    on_facts: Callable[[HostFacts], None],
    deadline_seconds: float,
) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    held = _Held()

    @cache  # asyncssh would read the file for every host, and all hosts stand in it
    def pinned() -> asyncssh.SSHKnownHosts:
        return asyncssh.read_known_hosts(str(known_hosts))

    async def one(name: str) -> None:
        async with gate:
            on_facts(await _read(_Way(configs[name], pinned), name, wanted[name], held, deadline_seconds))

    await asyncio.gather(*(one(name) for name in wanted))


class _Held:
    """How many bytes the answers take that are being read."""

    def __init__(self) -> None:
        self.bytes = 0

    def refusal(self, length: int) -> str | None:
        """Why an answer of that length is not read on; None when it is."""
        if length > MAX_OUTPUT_BYTES:
            return ENOUGH_OUTPUT
        share = MAX_HELD_BYTES / AT_ONCE
        return TOO_MUCH_AT_ONCE if self.bytes > MAX_HELD_BYTES and length > share else None


class _Way(NamedTuple):
    """How a host is reached: its ssh_config, and what tells the keys of all hosts."""

    ssh_config: Path
    pinned: Callable[[], asyncssh.SSHKnownHosts]


async def _read(way: _Way, name: str, wanted: Wanted, held: _Held, deadline_seconds: float) -> HostFacts:
    sent = probe.script(wanted)
    command = probe.REMOTE_COMMAND if wanted.as_root else probe.REMOTE_COMMAND_AS_MAY_BE
    output = bytearray()
    try:
        async with asyncio.timeout(deadline_seconds):
            complaint = await _ask(way, name, command, sent, output, held)
    except TimeoutError:
        return HostFacts(name, problem=f"no answer within {deadline_seconds:g} s")
    except _EnoughError as error:
        return HostFacts(name, problem=str(error))
    except Exception as error:  # whatever a host makes asyncssh stumble over must not end the others
        return HostFacts(name, problem=_remedy(error))
    finally:
        held.bytes -= len(output)
    if not output:
        return HostFacts(name, problem=complaint or "the host gave no answer")
    return facts.parse(name, wanted, sent, bytes(output))


class _EnoughError(Exception):
    """The host says too much."""


async def _ask(way: _Way, name: str, command: str, sent: Script, output: bytearray, held: _Held) -> str:
    """Send the script and fill `output` with the answer; return what the host complained of."""
    connection = await asyncssh.connect(
        name,
        config=[str(way.ssh_config)],
        known_hosts=way.pinned(),
        connect_timeout=CONNECT_SECONDS,
        compression_algs=["none"],  # a small packet must not become a large one
    )
    try:
        process = await connection.create_process(command, encoding=None)
        with suppress(BrokenPipeError):  # it has ended before it read all: what it said tells why
            process.stdin.write(sent.text.encode())
            process.stdin.write_eof()
        async for chunk in _chunks(process.stdout):
            output += chunk
            held.bytes += len(chunk)
            if reason := held.refusal(len(output)):
                raise _EnoughError(reason)
        complaint: bytes = await process.stderr.read(4096)
        connection.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(connection.wait_closed(), CLOSE_SECONDS)
        return complaint.decode(errors="replace").strip()
    finally:
        connection.abort()


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
