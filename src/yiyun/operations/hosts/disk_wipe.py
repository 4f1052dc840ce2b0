"""Whether one disk of one host may be wiped. Pure decisions over what the host says; roles/disks asks and acts.

A wipe is asked for by words that nobody types by accident: `<host>:<id>`, where <id> is the disk's name in hosts.yaml
(/dev/disk/by-id/... or /dev/disk/by-path/...). What lies on the disk must be named too, each signature in the words of
`wipefs`. Clause 8.1.4.10: storage is cleared completely before others get it.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DISK_TYPES = ("disk", "loop")
"""Types of `lsblk` for a whole device."""
RELEASABLE = ("lvm", "crypt", "part", "raid0", "raid1", "raid4", "raid5", "raid6", "raid10", "linear", "dm")
"""Types of `lsblk` that roles/disks can take apart when what they consist of is named."""


@dataclass(frozen=True)
class Target:
    """The disk that was asked for."""

    id: str = ""
    kind: str = ""
    """nvme, ssd or hdd, as hosts.yaml says."""
    refusal: str = ""
    """Why it was not understood; empty when it was."""


def target(asked: str, host: Mapping[str, Any]) -> Target:
    """The disk that `asked` names on `host` (`yiyun_host`). Never raises: see `.refusal`."""
    name, colon, disk_id = str(asked).partition(":")
    if not colon or not disk_id:
        return Target(refusal=f"{asked!r} is not <host>:<disk>; write disks_wipe={host['name']}:/dev/disk/by-id/...")
    if name != host["name"]:
        return Target(refusal=f"{asked!r} names another host than {host['name']}; type the name of the host itself")
    listed = {disk["id"]: disk for disk in host["disks"]}
    if disk_id not in listed:
        have = ", ".join(listed) or "none"
        return Target(
            refusal=f"{disk_id} is no disk of {name} in hosts.yaml (it has {have}); type its id as it stands there"
        )
    if listed[disk_id]["use"] == "system":
        return Target(
            refusal=f"{disk_id} is the system disk of {name}; it cannot be wiped from a system that runs on it"
        )
    return Target(disk_id, listed[disk_id]["kind"])


@dataclass(frozen=True)
class Part:
    """A device of the disk: itself, a partition, or what is made of it."""

    path: str
    type: str
    size_bytes: int
    mountpoint: str
    depth: int


@dataclass(frozen=True)
class Found:
    """What lies on a disk, as files/inspect.sh of roles/disks prints it."""

    device: str
    number: str
    """Major and minor number."""
    model: str
    serial: str
    wwn: str
    parts: tuple[Part, ...]
    signatures: tuple[str, ...]
    """Types in the words of wipefs: `ext4`, `LVM2_member`, `ceph_bluestore`, `gpt`; sorted, each once."""
    openers: tuple[str, ...]
    """Processes that have it open, as `name (pid)`."""


def found(inspected: str) -> Found:
    """Read the output of files/inspect.sh. Raises ValueError when it is not whole."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in inspected.splitlines():
        if line.startswith("== "):
            current = sections.setdefault(line.removeprefix("== ").strip(), [])
        else:
            current.append(line)
    if "end" not in sections:
        raise ValueError("the host's answer is cut off")
    device, number = sections["device"][0].split()
    tree = json.loads("\n".join(sections["lsblk"]))["blockdevices"]
    if len(tree) != 1:
        raise ValueError(f"lsblk shows {len(tree)} devices for {device}")
    signatures = {words[0] for line in sections["signatures"] if (words := line.split())}
    return Found(
        device,
        number,
        model=_text(tree[0], "model"),
        serial=_text(tree[0], "serial"),
        wwn=_text(tree[0], "wwn"),
        parts=tuple(_parts(tree[0], 0)),
        signatures=tuple(sorted(signatures)),
        openers=tuple(sorted({line.strip() for line in sections["openers"] if line.strip()})),
    )


def _text(node: Mapping[str, Any], key: str) -> str:
    return str(node.get(key) or "").strip()


def _parts(node: Mapping[str, Any], depth: int) -> Iterator[Part]:
    yield Part(node["name"], node["type"], int(node["size"]), _text(node, "mountpoint"), depth)
    for child in node.get("children", ()):
        yield from _parts(child, depth + 1)


def refusals(disk: Found, asked: Target, named: Collection[str]) -> list[str]:
    """Why this disk may not be wiped, each with its remedy; empty when it may."""
    said = []
    whole = disk.parts[0]
    if whole.type not in DISK_TYPES:
        said.append(f"{asked.id} is a {whole.type}, no whole disk; name the disk")
    if whole.size_bytes == 0:
        said.append(f"{asked.id} has no size; it is broken, or its medium is missing")
    for part in disk.parts:
        if part.mountpoint:
            said.append(f"{part.path} is in use at {part.mountpoint}; unmount it first")
        if part.depth and part.type not in RELEASABLE:
            said.append(f"{part.path} ({part.type}) is made of it and active; stop it first")
    said += [f"{opener} has it open; stop that first" for opener in disk.openers]
    unnamed = [signature for signature in disk.signatures if signature not in named]
    if unnamed:
        all_named = json.dumps({"disks_wipe_signatures": list(disk.signatures)})
        said.append(f"it holds {', '.join(unnamed)}; if that may be destroyed, name it:  -e '{all_named}'")
    elif len(disk.parts) > 1 and not disk.signatures:
        said.append(f"{disk.parts[1].path} is made of it, but no signature says what it is; take it apart by hand")
    return said


def releases(disk: Found) -> list[str]:
    """What is made of the disk and must be taken apart first, the outermost first: `dm PATH` or `md PATH`."""
    inner = sorted((part for part in disk.parts if part.depth), key=lambda part: -part.depth)
    kinds = [
        ("md" if part.type.startswith(("raid", "linear")) else "dm", part) for part in inner if part.type != "part"
    ]
    return list(dict.fromkeys(f"{kind} {part.path}" for kind, part in kinds))


def losses(disk: Found) -> list[str]:
    """What a wipe destroys, for a person to read."""
    lines = [f"{disk.device}: {disk.model or 'no model'}, serial {disk.serial or 'unknown'}, {_size(disk.parts[0])}"]
    lines += [f"{'  ' * part.depth}{part.path}: {part.type}, {_size(part)}" for part in disk.parts[1:]]
    lines.append(f"signatures: {', '.join(disk.signatures) or 'none'}")
    return lines


def _size(part: Part) -> str:
    return f"{part.size_bytes / 2**30:.1f} GiB"


def report(
    host: str, asked: Target, disk: Found, method: str, named: Sequence[str], done: Sequence[str], by: str
) -> dict[str, Any]:
    """`yiyun.wipe/1`: evidence that one disk was cleared. `done` is the output of files/erase.sh."""
    result = dict(line.split(" ", 1) for line in done if " " in line)
    return {
        "schema": "yiyun.wipe/1",
        "clause": "8.1.4.10",
        "host": host,
        "disk": asked.id,
        "kind": asked.kind,
        "model": disk.model,
        "serial": disk.serial,
        "wwn": disk.wwn,
        "size_bytes": disk.parts[0].size_bytes,
        "destroyed_signatures": list(disk.signatures),
        "named_signatures": list(named),
        "method": method,
        "began": result.get("began", ""),
        "ended": result.get("ended", ""),
        "samples_read_back": int(result.get("samples", 0)),
        "verified": result.get("verified") == "yes",
        "asked_by": by,
    }


def left_behind(host: Mapping[str, Any], seen: Sequence[str], wiped: Collection[str]) -> list[dict[str, str]]:
    """What becomes of each disk of a host that goes out of service: `wiped`, `not there`, or what is left to do.

    `seen` has lines of an id and what is on it; `wiped` the disks that this run cleared and verified, as `<host>:<id>`.
    """
    on_disk = {line.split(" ", 1)[0]: line.split(" ", 1)[1].strip() for line in seen if " " in line}
    result = []
    for disk in host["disks"]:
        content = on_disk.get(disk["id"], "")
        if f"{host['name']}:{disk['id']}" in wiped:
            state, left = "wiped", ""
        elif not content:
            state, left = "not looked at", "this host shows no block devices: look at the disk itself"
        elif content == "not there":
            state, left = "not there", "find out where the disk is"
        elif disk["use"] == "system":
            state, left = "not wiped", "the system runs on it: erase it from another system, or destroy it"
        else:
            state, left = "not wiped", "wipe it by playbooks/wipe_disk.yml, or destroy it"
        result.append({"disk": disk["id"], "use": disk["use"], "state": state, "holds": content, "left_to_do": left})
    return result
