"""Filters that read a host's identity as the rest of yiyun does: Ansible's own facts are wrong on UOS and Kylin."""

from collections.abc import Callable
from typing import Any

from yiyun.errors import UserError
from yiyun.site import cpu, os_profile

DOCUMENTATION = """
name: yiyun
short_description: What /etc/os-release and /proc/cpuinfo say
description:
  - yiyun_os_profile turns the content of /etc/os-release, and of /etc/os-version of UOS, into what follows from the OS
    (yiyun.site.os_profile.OsProfile); its name is `other` where yiyun does not know the OS.
  - yiyun_os_refusal says why such a profile is refused; empty where it is known.
  - yiyun_cpu turns the content of /proc/cpuinfo into family, model and model_name (yiyun.site.cpu.Cpu).
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


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Filters by name."""
        return {"yiyun_os_profile": os_profile_of, "yiyun_os_refusal": os_refusal, "yiyun_cpu": cpu_of}
