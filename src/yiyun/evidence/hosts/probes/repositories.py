"""Where packages come from, and whether their signatures are looked at, as the package manager itself sees it."""

import configparser
import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, pairs, part

_COMMAND = r"""
if command -v apt-config >/dev/null; then
  echo '== apt'
  echo '== targets'; apt-get indextargets --format '$(SITE) trusted=$(TRUSTED)' || exit 4
  echo '== settings'; apt-config dump | sed -n 's/^\([A-Za-z:-]*\) "\(.*\)";$/\1 \2/p' | grep -iE '^(apt::get::(allow|force)|acquire::(allow|check-valid))' || true
elif [ -d /etc/yum.repos.d ]; then
  echo '== yum'; cat /etc/dnf/dnf.conf 2>/dev/null || cat /etc/yum.conf
  echo '== repositories'; cat /etc/yum.repos.d/*.repo
else exit 3; fi
true
"""


def parse(text: str) -> Facts:
    """`manager`; `sources`: each address with whether its signatures count; `checks`: the manager's own settings."""
    parts = blocks(text)
    if "apt" in parts:
        return {"manager": "apt", **_apt(lines(part(parts, "targets")), part(parts, "settings"))}
    return {"manager": "dnf", **_dnf(part(parts, "yum"), part(parts, "repositories"))}


def _apt(targets: list[str], settings: str) -> dict[str, object]:
    sources: dict[str, bool] = {}
    for line in targets:
        match = re.fullmatch(r"(\S+) trusted=(yes|no|\$\(TRUSTED\)|)", line.strip())
        if match is None:
            raise Unreadable("apt-get indextargets prints a line that is none of its own")
        sources[match[1]] = sources.get(match[1], True) and match[2] != "yes"
    values = {key.lower(): value.lower() for key, value in pairs(settings).items()}
    loose = ("apt::get::allowunauthenticated", "acquire::allowinsecurerepositories", "acquire::allowweakrepositories")
    lax = sorted(key for key in loose if values.get(key, "0") in ("1", "true", "yes"))
    return {"sources": [{"address": _bare(url), "signed": signed} for url, signed in sources.items()], "lax": lax}


def _dnf(main: str, files: str) -> dict[str, object]:
    config = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        config.read_string(main)
        default = config.get("main", "gpgcheck", fallback="0")
        repos = configparser.ConfigParser(interpolation=None, strict=False)
        repos.read_string(files)
    except configparser.Error as error:
        raise Unreadable(f"a file of repositories is broken: {type(error).__name__}") from None
    sources = []
    for name in repos.sections():
        if repos.get(name, "enabled", fallback="1").strip().lower() in ("0", "no", "false"):
            continue
        address = next(
            (
                repos.get(name, key).split()[0]
                for key in ("baseurl", "mirrorlist", "metalink")
                if repos.has_option(name, key)
            ),
            name,
        )
        sources.append({"address": _bare(address), "signed": _on(repos.get(name, "gpgcheck", fallback=default))})
    return {"sources": sources, "lax": [] if _on(default) else ["gpgcheck"]}


def _on(text: str) -> bool:
    return text.strip().lower() in ("1", "yes", "true")


def _bare(url: str) -> str:
    """The address without user and password."""
    return re.sub(r"//[^/@]*@", "//", url)


PROBE = Probe(_COMMAND, parse)
