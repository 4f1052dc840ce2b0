"""Filters of the roles: a host's identity as the rest of yiyun reads it, and what of a role's promises is due on a host."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from yiyun.errors import UserError
from yiyun.site import cpu, os_profile

DOCUMENTATION = """
name: yiyun
short_description: What /etc/os-release and /proc/cpuinfo say, and promises that are due
description:
  - yiyun_os_profile turns the content of /etc/os-release, and of /etc/os-version of UOS, into what follows from the OS
    (yiyun.site.os_profile.OsProfile); its name is `other` where yiyun does not know the OS.
  - yiyun_os_refusal says why such a profile is refused; empty where it is known.
  - yiyun_cpu turns the content of /proc/cpuinfo into family, model and model_name (yiyun.site.cpu.Cpu).
  - yiyun_due leaves those promises that are made on this host, without `when` and `needs`; it takes what the host lacks.
  - yiyun_units_due says what is to be done to promised units on a host whose units are in this state; it takes their
    state, the paths that check mode left unwritten, whether it is check mode, and the host's package family.
  - yiyun_with_contents gives promised files the texts made from their templates, in the same order, and makes of them the
    option `files` of the module keep_files.
"""


def os_profile_of(os_release: str, os_version: str | None = None) -> dict[str, Any]:
    """The OsProfile as a mapping."""
    return os_profile.identify(os_release, os_version).model_dump(mode="json")


def os_refusal(profile: dict[str, Any]) -> str:
    """What an operator reads about a profile that yiyun does not know; empty where it knows it."""
    try:
        os_profile.OsProfile.model_validate(profile).require_known()
    except UserError as error:
        return str(error)
    return ""


def cpu_of(cpuinfo: str) -> dict[str, str]:
    """Family, model and model name of the host's CPUs; family `other` where the codes do not tell."""
    found = cpu.identify(cpuinfo)
    return {"family": found.family.value, "model": found.model, "model_name": found.model_name}


def due(entries: Iterable[Mapping[str, Any]], lacks: Iterable[str]) -> list[dict[str, Any]]:
    """Promises that are made on a host which lacks these capabilities."""
    return [
        {key: entry[key] for key in entry if key not in {"when", "needs"}}
        for entry in entries
        if entry.get("when", True) and entry.get("needs") not in lacks
    ]


def with_contents(files: Iterable[Mapping[str, Any]], contents: Iterable[str]) -> list[dict[str, Any]]:
    """Files with their contents as keep_files takes them: a secret one where no output shows it."""
    texts = iter(contents)
    made = []
    for file in files:
        entry = {key: file[key] for key in file if key not in {"template", "content", "secret"}}
        text = next(texts) if "template" in file else file.get("content")
        if text is not None:
            entry["secret_content" if file.get("secret") else "content"] = str(text)
        made.append(entry)
    return made


AT_WORK, AT_REST = {"active", "reloading"}, {"inactive", "failed"}
ENABLED = {"enabled", "enabled-runtime"}
STARTS_AT_BOOT = ENABLED | {"static", "indirect", "alias", "generated"}
"""Words of systemctl."""


def units_due(
    units: Iterable[Mapping[str, Any]],
    state: Mapping[str, Mapping[str, str]],
    unwritten: Iterable[str],
    check_mode: bool,
    package_family: str,
) -> dict[str, list[Mapping[str, Any]]]:
    """Units by what is to be done to them, in the order in which it is done; only what there is to do.

    `state` is what roles/keep/files/units.sh printed: units that it does not name are not due on this host. `would_start`
    and `would_restart` are of check mode, of units that do not exist yet because it installed nothing.
    """
    paths = set(unwritten)
    names = {path.rpartition("/")[2] for path in paths}
    due: dict[str, list[Mapping[str, Any]]] = {}
    for unit in (each for each in units if each["name"] in state):
        now, written_anew = state[unit["name"]], bool(paths & set(unit.get("reads", ())))
        missing = now["load"] == "not-found"
        if now["reload"] == "yes":
            due.setdefault("reload", []).append(unit)
        if unit.get("masked") and not missing and (now["load"] != "masked" or now["active"] not in AT_REST):
            due.setdefault("mask", []).append(unit)
        if missing and check_mode:
            own = unit["name"] in names or package_family != "deb"  # a package of Debian starts what it brings
            if own and (unit.get("enabled") or unit.get("active")):
                due.setdefault("would_start", []).append(unit)
            elif unit.get("active") and not own and written_anew:
                due.setdefault("would_restart", []).append(unit)
        elif "masked" not in unit and _to_be_switched(unit, now):
            due.setdefault("switch", []).append(unit)
        if now["stale"] or (now["active"] in AT_WORK and written_anew):
            due.setdefault("restart", []).append(unit)
    return due


def _to_be_switched(unit: Mapping[str, Any], now: Mapping[str, str]) -> bool:
    """Whether it is to be enabled, disabled, started or stopped."""
    enabled, active = unit.get("enabled"), unit.get("active")
    if enabled is not None and (now["file"] not in STARTS_AT_BOOT if enabled else now["file"] in ENABLED):
        return True
    return active is not None and now["active"] not in (AT_WORK if active else AT_REST)


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Filters by name."""
        return {
            "yiyun_os_profile": os_profile_of,
            "yiyun_os_refusal": os_refusal,
            "yiyun_cpu": cpu_of,
            "yiyun_due": due,
            "yiyun_units_due": units_due,
            "yiyun_with_contents": with_contents,
        }
