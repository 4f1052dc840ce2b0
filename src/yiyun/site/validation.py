"""Turns what was read from YAML into models; pydantic's errors become problems at a file and line."""

import json
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from yiyun.errors import SiteError
from yiyun.site import document
from yiyun.site.document import Entry, Node
from yiyun.site.inventory import Inventory, InventoryHost
from yiyun.site.model import ROLES, Arch, CpuFamily, Host, SiteSpec
from yiyun.site.spelling import meant

Model = TypeVar("Model", bound=BaseModel)

MAX_PROBLEMS = 20
"""Most problems named in one refusal."""

HOST_VARIABLES: Mapping[str, str] = {
    "ansible_host": "address",
    "yiyun_zone": "zone",
    "yiyun_room": "room",
    "yiyun_rack": "rack",
    "yiyun_switch_pair": "switch_pair",
    "yiyun_cpu_family": "cpu_family",
    "yiyun_cpu_model": "cpu_model",
    "yiyun_arch": "arch",
    "yiyun_page_size_kib": "page_size_kib",
    "yiyun_kernel": "kernel",
    "yiyun_os_profile": "os_profile",
    "yiyun_cpus": "cpus",
    "yiyun_memory_gib": "memory_gib",
    "yiyun_disks": "disks",
}
"""Host variables that Site reads, and the field of `Host` that each becomes."""

ANSIBLE_VARIABLES = ("yiyun_package_repository",)
"""Variables of the site's own that only roles read; they may hold templates."""

ARCH_OF_FAMILY: Mapping[CpuFamily, Arch] = {
    CpuFamily.INTEL: "amd64",
    CpuFamily.AMD: "amd64",
    CpuFamily.HYGON: "amd64",
    CpuFamily.ZHAOXIN: "amd64",
    CpuFamily.KUNPENG: "arm64",
    CpuFamily.PHYTIUM: "arm64",
}
"""Architecture that a CPU family implies. `other` says its own in `yiyun_arch`; nothing is built for loongson."""


def spec_of(root: Node) -> SiteSpec:
    """Validate the content of site.yaml. Raises SiteError at the offending keys."""
    if not isinstance(root.value, dict):
        raise SiteError(f"{root.where}: write `version: 1` and the other keys of a site here, one `key: value` a line")
    return model_of(root, SiteSpec)


def model_of(root: Node, model: type[Model]) -> Model:
    """Validate the content of any file against its model. Raises SiteError at the offending keys."""
    try:
        return model.model_validate_json(json.dumps(document.data(root)), strict=True)
    except ValidationError as error:
        raise SiteError(_problems(error, root, model)) from None


def _problems(error: ValidationError, root: Node, model: type[BaseModel]) -> str:
    texts: dict[str, None] = {}
    for detail in error.errors(include_url=False):
        line, node, _ = document.nearest(root, detail["loc"])
        if detail["type"] == "too_short" and node.value:
            continue  # Only as short as it is because of the faults of its items, which are named by themselves.
        text = explain(detail, node, model)
        texts[f"{root.file}:{line}: {_path_text(detail['loc'], root)}{text}"] = None
    return limited(texts)


def limited(texts: Iterable[str]) -> str:
    """At most MAX_PROBLEMS lines, and how many more there are."""
    lines = list(texts)
    more = len(lines) - MAX_PROBLEMS
    return "\n".join(lines[:MAX_PROBLEMS] + ([f"... and {more} more"] if more > 0 else []))


def _path_text(loc: tuple[int | str, ...], root: Node) -> str:
    """Field path as a user would write it: `network.vpcs[0].cidr: `."""
    text, node = "", root
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        if isinstance(part, int):
            text += f"[{part}]"
        elif isinstance(node.value, dict) and (last or part in node.value):
            text += f".{part}" if text else part
        _, node, _ = document.nearest(node, (part,))
    return f"{text}: " if text else ""


def explain(detail: ErrorDetails, node: Node, model: type[BaseModel]) -> str:
    """Say what is wrong with a value and what to write instead."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return "is missing; add it"
    if kind == "extra_forbidden":
        known = _fields_at(model, detail["loc"][:-1])
        return f"unknown key{meant(detail['loc'][-1], known)}; known keys: {', '.join(sorted(known))}"
    written = _written(node)
    if kind in ("literal_error", "enum"):
        expected = str(context.get("expected", ""))
        choices = expected.replace("'", " ").split()
        hint = f", without quotes: {node.text}" if node.text in choices else meant(node.text, choices)
        return f"{written} is not allowed{hint}; write {expected}"
    if kind == "string_type":
        return f"{written} is not text; write text" + (f', in quotes: "{node.text[:40]}"' if node.text else "")
    if kind == "value_error":
        return f"{written}: {detail['msg'].removeprefix('Value error, ')}; write {_ADDRESSES}"
    wanted = _WANTED.get(kind)
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern", ""))
        wanted = _PATTERNS.get(pattern, f"text that matches {pattern}")
    return f"{written}: write {wanted}" if wanted else f"{written}: {detail['msg']}"


def _written(node: Node) -> str:
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return f"a list of {len(node.value)}"
    return repr(node.text[:60]) if node.text else "nothing"


_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list, each item on its own line after a dash",
    "frozen_set_type": "a list, each item on its own line after a dash",
    "model_type": "a mapping, one `key: value` a line",
    "model_attributes_type": "a mapping, one `key: value` a line",
    "too_short": "at least one item",
    "date_type": "a date such as 2027-03-31",
    "date_parsing": "a date such as 2027-03-31",
    "date_from_datetime_parsing": "a date such as 2027-03-31",
    "date_from_datetime_inexact": "a date such as 2027-03-31, without a time",
}

# Only addresses and networks raise errors of their own (of the standard library).
_ADDRESSES = "an IPv4 address such as 198.18.0.11, or where a network is wanted one such as 198.18.0.0/24"

_PATTERNS = {
    r"\S": "text that is not blank",
    r"^8\.[12]\.\d{1,2}\.\d{1,2}-[a-z]$": "a clause such as 8.1.3.2-a",
    r"^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$": "lower-case letters, digits and dashes, at most 52, no dash at either end",
    r"^[A-Z]{2}$": "a country code of two capitals such as CN",
    r"^/dev/disk/by-(id|path)/[^/\s]+$": "a name that survives reboots, /dev/disk/by-id/... or /dev/disk/by-path/...",
    r"^\d+\.\d+(\.\d+)?\S*$": "a kernel release such as 5.10.0-216",
    r"^\d{1,5}(-\d{1,5})?$": 'a port or a range of ports in quotes, such as "443" or "8000-8080"',
    r"^[\d.]+-[\d.]+$": "the first and the last address, such as 198.18.2.64-198.18.2.127",
    r"^https://\S+$": "a URL that begins with https://",
    r"^[0-9a-f]{64}$": "a SHA-256 checksum, 64 lower-case hex digits",
    r"^/\S*$": "a path that begins with /",
    r"^\S+ \S+ \S+ \S+ \S+$": 'a cron schedule of five fields in quotes, such as "0 2 * * *"',
    r"^(\*\.)?([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}$": "a DNS name such as his.hospital.example",
}


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[str, ...]:
    """Names of the fields of the model at a path below `model`."""
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return tuple(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as `tuple[Vpc, ...]` or `Egress | None`."""
    if (
        isinstance(annotation, type)
        and not isinstance(annotation, types.GenericAlias)
        and issubclass(annotation, BaseModel)
    ):
        return annotation
    for inner in typing.get_args(annotation):
        found = _model_in(inner)
        if found:
            return found
    return None


def host_of(listed: Inventory, source: InventoryHost) -> Host:
    """Make one Host from its merged variables. Raises SiteError at the variable, or at the host when one is missing."""
    used = {name: source.variables[name] for name in HOST_VARIABLES if name in source.variables}
    for name, entry in used.items():
        _refuse_templates(name, entry.node)
    values = {HOST_VARIABLES[name]: document.data(entry.node) for name, entry in used.items()}
    values |= {"name": source.name, "roles": sorted(_roles(listed, source))}
    _fill_arch(values, used, source)
    try:
        return Host.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        raise SiteError(_host_problems(error, used, source)) from None


def refuse_unknown_variables(listed: Inventory) -> None:
    """Refuse variables that begin with `yiyun_` and mean nothing: they are misspelled. Raises SiteError."""
    sources = [group.variables for group in listed.groups.values()]
    sources += [variables for host in listed.hosts.values() for variables in (host.own, host.variables)]
    for source in sources:
        for name, entry in source.items():
            if name.startswith("yiyun_") and name not in (known := (*HOST_VARIABLES, *ANSIBLE_VARIABLES)):
                raise SiteError(
                    f"{entry.where}: unknown variable {name}{meant(name, known)}; known: {', '.join(known)}"
                )


def _refuse_templates(name: str, node: Node) -> None:
    """Refuse Jinja and vault where Site must know the value: only Ansible could say what it is."""
    for inner in _walk(node):
        if inner.tag is not None or any(mark in inner.text for mark in ("{{", "{%", "{#")):
            what = f"!{inner.tag}" if inner.tag else "a Jinja template"
            raise SiteError(f"{inner.where}: {name} is {what}, which Site cannot read; write the plain value")


def _walk(node: Node) -> Iterable[Node]:
    yield node
    if isinstance(node.value, dict):
        for entry in node.value.values():
            yield from _walk(entry.node)
    elif isinstance(node.value, list):
        for item in node.value:
            yield from _walk(item)


def _roles(listed: Inventory, source: InventoryHost) -> frozenset[str]:
    """Groups with a meaning; `control` hosts are the etcd members when group etcd has none."""
    roles = source.groups & set(ROLES)
    if "control" in roles and not any("etcd" in host.groups for host in listed.hosts.values()):
        roles |= {"etcd"}
    if not roles:
        hints = "".join(meant(group, ROLES) for group in sorted(source.groups))
        raise SiteError(
            f"{source.where}: host {source.name} is in none of the groups {', '.join(ROLES)}{hints}; add it"
        )
    return roles


def _fill_arch(values: dict[str, Any], used: Mapping[str, Entry], source: InventoryHost) -> None:
    """Derive `arch` from the CPU family; refuse one that contradicts it."""
    family = values.get("cpu_family")
    if not isinstance(family, str) or family not in set(CpuFamily):
        return
    where = used.get("yiyun_arch", used["yiyun_cpu_family"]).where
    implied = ARCH_OF_FAMILY.get(CpuFamily(family))
    if family == CpuFamily.LOONGSON:
        raise SiteError(f"{where}: host {source.name}: no part of yiyun is built for loongson; write another family")
    if implied is None and "arch" not in values:
        raise SiteError(f"{where}: host {source.name}: family {family} says no architecture; write yiyun_arch")
    if implied is not None and values.setdefault("arch", implied) != implied:
        raise SiteError(
            f"{where}: host {source.name}: yiyun_arch {values['arch']} contradicts yiyun_cpu_family {family}, "
            f"which is {implied}; leave yiyun_arch out"
        )


def _host_problems(error: ValidationError, used: Mapping[str, Entry], source: InventoryHost) -> str:
    variable_of = {field: variable for variable, field in HOST_VARIABLES.items()}
    texts: dict[str, None] = {}
    for detail in error.errors(include_url=False):
        variable = variable_of[str(detail["loc"][0])]
        if variable not in used:
            if detail["type"] == "missing":
                text = f"{variable} is missing; write it at the host or in one of its groups"
                texts[f"{source.where}: host {source.name}: {text}"] = None
            continue
        entry = used[variable]
        rest = detail["loc"][1:]
        line, node, found = document.nearest(entry.node, rest)
        line = line if found else entry.line
        path = _path_text(rest, entry.node)
        path = f"{variable}{'' if path.startswith('[') or not path else '.'}{path}" if path else f"{variable}: "
        place = f"{entry.node.file}:{line}"
        texts[f"{place}: host {source.name}: {path}{explain(detail, node, Host)}"] = None
    return limited(texts)
