"""Packages of which the site's repositories have a newer version, and how old the lists are."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, number, part

_COMMAND = r"""
echo '== now'; date +%s
if command -v apt-get >/dev/null; then
  echo '== lists'; stat -c %Z /var/lib/apt/lists/partial || exit 4
  echo '== newer'; found=$(apt-get --just-print -o Debug::NoLocking=true dist-upgrade) || exit 4
  printf '%s\n' "$found" | sed -n 's/^Inst \([^ ]*\) .*/\1/p'
elif command -v dnf >/dev/null; then
  echo '== lists'; stat -c %Z /var/cache/dnf/*/repodata/repomd.xml || exit 4
  echo '== newer'; found=$(dnf --cacheonly --quiet check-update); case $? in 0|100) ;; *) exit 4 ;; esac
  printf '%s\n' "$found" | sed '/^Obsoleting/,$d'
else exit 3; fi
"""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")


def parse(text: str) -> Facts:
    """`lists_days`: since the lists were fetched last; `newer`: names of packages."""
    parts = blocks(text)
    fetched = [number(line, "the time of a list") for line in lines(part(parts, "lists"))]
    if not fetched:
        raise Unreadable("there are no lists of packages")
    names = [line.split()[0] for line in lines(part(parts, "newer"))]
    if not all(_NAME.fullmatch(name) for name in names):
        raise Unreadable("the package manager prints a line that is no package")
    return {"lists_days": (number(part(parts, "now"), "the time") - max(fetched)) // 86400, "newer": names}


PROBE = Probe(_COMMAND, parse, tier="deep")
