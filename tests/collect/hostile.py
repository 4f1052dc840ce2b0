"""Hosts that harm whoever reads them: what their SSH server says, or what looks like one."""

import asyncio
import os
import re
import secrets
import socket
from collections.abc import Callable

MIB = b"\0\xff\x1b[2J" + b"x" * (2**20 - 6)
GIB = 1024


# --- what is no SSH server -------------------------------------------------------------------------------------------


async def says_nothing(reader, writer):
    await asyncio.sleep(600)


async def greets_and_hangs(reader, writer):
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await asyncio.sleep(600)


async def garbage(reader, writer):
    writer.write(os.urandom(4096))
    await writer.drain()
    await asyncio.sleep(1)


async def greets_and_garbage(reader, writer):
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n" + os.urandom(65536))
    await writer.drain()
    await asyncio.sleep(1)


async def endless_line(reader, writer):
    for _ in range(GIB):
        writer.write(MIB)
        await writer.drain()


async def endless_lines(reader, writer):
    for _ in range(GIB):
        writer.write(b"keep waiting\r\n" * 70_000)
        await writer.drain()


async def drips_its_greeting(reader, writer):
    for character in b"SSH-2.0-OpenSSH_9.2_" + b"x" * 600:
        writer.write(bytes([character]))
        await writer.drain()
        await asyncio.sleep(1)


async def hangs_up(reader, writer):
    pass


async def web_server(reader, writer):
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


# --- SSH servers -----------------------------------------------------------------------------------------------------


async def script_of(process) -> tuple[str, list[str]]:
    """Token and names of sections of the script that was sent, as a host can read them there."""
    text = (await process.stdin.read()).decode()
    return re.search(r"^T=(\w+)$", text, re.MULTILINE)[1], re.findall(r"^s (\S+) ", text, re.MULTILINE)


def frames(token: str, names: list[str], say: Callable[[str], bytes]) -> bytes:
    """A whole answer as the script would give it."""
    body = b"".join(
        f"{token} begin {name}\n".encode() + say(name) + f"\n{token} status 0\n\n".encode() for name in names
    )
    return body + f"{token} end\n".encode()


IDENTITY = {"identity": b"0\n1764309600000000000\n1000.0 1.0\n\n", "os-release": b"ID=debian\n", "os-version": b""}


def answering(say: Callable[[str], bytes]):
    """A host that answers well: `say` tells what a probe prints."""

    async def process(process):
        token, names = await script_of(process)
        process.stdout.write(frames(token, names, lambda name: IDENTITY.get(name) or say(name)))
        process.exit(0)

    return process


async def hangs(process):
    await asyncio.sleep(600)


async def never_reads(process):
    process.stdin._chan.pause_reading()
    await asyncio.sleep(600)


async def a_gigabyte(process):
    for _ in range(GIB):
        process.stdout.write(MIB)
        await process.stdout.drain()


async def a_gigabyte_of_complaints(process):
    for _ in range(GIB):
        process.stderr.write(MIB)
        await process.stderr.drain()


async def a_gigabyte_in_one_frame(process):
    token, _ = await script_of(process)
    process.stdout.write(f"{token} begin identity\n0\n".encode())
    await a_gigabyte(process)


async def binary(process):
    await process.stdin.read()
    process.stdout.write(os.urandom(300_000))
    process.exit(0)


async def stops_mid_frame(process):
    token, names = await script_of(process)
    whole = frames(token, names, lambda name: IDENTITY.get(name, b"text"))
    process.stdout.write(whole[: whole.index(b" begin command:0") + 30])
    process.exit(0)


async def closes_mid_frame(process):
    token, _ = await script_of(process)
    process.stdout.write(f"{token} begin identity\n0\n".encode())
    await asyncio.sleep(1)
    process.channel.get_connection().abort()


async def closes_before_a_word(process):
    process.channel.get_connection().abort()


async def forges_frames(process):
    """Whole answers with tokens that are not this run's, and end marks in between."""
    token, names = await script_of(process)
    for forged in ("TOKEN", "", secrets.token_hex(16), token.upper(), token[:-1], f" {token}"):
        process.stdout.write(frames(forged, names, lambda name: IDENTITY.get(name, b"forged")))
    process.exit(0)


async def end_marks_only(process):
    token, _ = await script_of(process)
    process.stdout.write(f"{token} end\n{token} status 0\n".encode() * 1000)
    process.exit(0)


async def drips(process):
    token, names = await script_of(process)
    for character in frames(token, names, lambda name: IDENTITY.get(name, b"text")):
        process.stdout.write(bytes([character]))
        await asyncio.sleep(0.2)


async def never_ends(process):
    """A whole answer, and then nothing: the channel stays open."""
    token, names = await script_of(process)
    process.stdout.write(frames(token, names, lambda name: IDENTITY.get(name, b"text")))
    await asyncio.sleep(600)


async def wants_a_password(process):
    process.stderr.write(b"sudo: a password is required\n")
    process.exit(1)


async def dies_of_a_signal(process):
    process.exit_with_signal("KILL", core_dumped=True, msg="\x1b[2J", lang="x")


async def without_rights(process):
    token, names = await script_of(process)
    say = {**IDENTITY, "identity": b"1000\n1764309600000000000\n1000.0 1.0\n\n"}
    process.stdout.write(frames(token, names, lambda name: say.get(name, b"text")))
    process.exit(0)


def unused_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
