"""What a role's first run really did to a host, and how to undo each piece of it.

Nothing here reads a promise: the changes are the difference between two snapshots of the host, taken before and after the
role's first run.
"""

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

TREES = "/etc /usr /opt /root /home /boot /srv /var"
"""Where a role may write for good: the whole disk but /tmp; /run and others are not on it."""
SNAPSHOT = rf"""
set -e
export LC_ALL=C
echo '### files'
find $(ls -d {TREES} 2>/dev/null) -xdev \( -type f -o -type d -o -type l \) -printf '%p\t%y\t%m\t%U:%G\t%l\n' | sort
echo '### hashes'
find $(ls -d {TREES} 2>/dev/null) -xdev -type f -size -2048k -exec sha256sum {{}} + | sort -k2
echo '### packages'
dpkg-query -W -f '${{Package}}\t${{db:Status-Status}}\n'
echo '### owned'
cat /var/lib/dpkg/info/*.list | sed 's,^/\(lib\|bin\|sbin\)/,/usr/&,; s,^/usr//,/usr/,' | sort -u
echo '### enabled'
systemctl list-unit-files --no-legend --no-pager --plain | awk '{{ print $1 "\t" $2 }}'
echo '### active'
systemctl list-units --all --no-legend --no-pager --plain --type=service,socket,timer,path | awk '{{ print $1 "\t" $3 }}'
echo '### accounts'
awk -F: '{{ print $1 "\t" $0 }}' /etc/passwd
echo '### passwords'
awk -F: '{{ print $1 "\t" ($2 ~ /^[!*]/ ? "locked" : $2 == "" ? "empty" : "set") }}' /etc/shadow
echo '### groups'
awk -F: '{{ print $1 "\t" $0 }}' /etc/group
echo '### sysctls'
sysctl -a 2>/dev/null | sed 's/ = /\t/'
"""

NOISE = re.compile(
    r"/var/log/(lastlog|wtmp|btmp)$|/etc/(passwd-?|group-?|shadow-?|gshadow-?|subuid-?|subgid-?|\.pwd\.lock|ld\.so\.cache|machine-id|mtab|resolv\.conf)$"
    r"|/etc/(rc\d\.d|alternatives|ssl/certs|ca-certificates\.conf)(/|$)|/root/\.ansible|/home/yiyun/\.ansible|__pycache__"
)
"""What packages and accounts keep for themselves; they are compared as packages and accounts."""
TRANSIENT = re.compile(
    r"^(apt-|dpkg-|man-db|systemd-|session-|user@|user-runtime|run-|logrotate|e2scrub|fstrim|ssh@|getty|console-|modprobe@|ldconfig|plymouth)"
)
"""Units that come and go by themselves."""
OWN_SYSCTL = re.compile(r"net\.(?!.*\.(host0|lo)\.)(?!.*(nf_conntrack_count|base_reachable|stable_secret|\.neigh\.))")
"""Kernel settings that belong to the host's network namespace and do not change by themselves; others are the machine's."""


@dataclass(frozen=True)
class Change:
    """One thing that a run did."""

    kind: str
    name: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Breakage:
    """A way to undo a change."""

    change: Change
    how: str
    script: str

    def __str__(self) -> str:
        return f"{self.change}: {self.how}"


Snapshot = dict[str, dict[str, str]]


def snapshot(on: Callable[[str], str]) -> Snapshot:
    """Take a snapshot; `on` runs a script as root and returns its output."""
    found: Snapshot = {}
    for line in on(SNAPSHOT).splitlines():
        if line.startswith("### "):
            section = found.setdefault(line[4:], {})
        elif line.strip():
            if list(found)[-1] == "hashes":
                digest, _, path = line.partition("  ")
                section[path] = digest
            else:
                name, _, value = line.partition("\t")
                section[name] = value
    return found


def changes(before: Snapshot, after: Snapshot) -> list[Change]:
    """What lies between two snapshots, without the files that belong to a package that came with it."""
    found = []
    packaged = set(after["owned"])
    for kind, section in (("file", "files"), ("content", "hashes")):
        for name, old, new in _differences(before[section], after[section]):
            fresh_of_package = old is None and name in packaged and name not in before["owned"]
            if not NOISE.search(name) and not fresh_of_package:
                found.append(Change(kind, name, old, new))
    new_files = {change.name for change in found if change.kind == "file" and change.before is None}
    found = [change for change in found if change.kind != "content" or change.name not in new_files]
    for kind, section in (("package", "packages"), ("enabled", "enabled"), ("active", "active")):
        for name, old, new in _differences(before[section], after[section]):
            if kind == "package" or not TRANSIENT.match(name):
                found.append(Change(kind, name, old, new))
    for kind, section in (("account", "accounts"), ("password", "passwords"), ("group", "groups")):
        found += [Change(kind, name, old, new) for name, old, new in _differences(before[section], after[section])]
    for name, old, new in _differences(before["sysctls"], after["sysctls"]):
        if OWN_SYSCTL.match(name):
            found.append(Change("sysctl", name, old, new))
    return found


def _differences(before: dict[str, str], after: dict[str, str]) -> Iterator[tuple[str, str | None, str | None]]:
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def breakages(change: Change) -> list[Breakage]:
    """Every way in which this change can be undone or spoilt; empty: there is none."""
    path = shlex.quote(change.name)

    def one(how: str, script: str) -> Breakage:
        return Breakage(change, how, script)

    if change.kind == "content":
        return [one("content", f"printf '\\n# spoilt\\n' >> {path}")]
    if change.kind == "file":
        return list(_file(change, one))
    if change.kind == "package":
        if change.after == "installed":
            return [one("removed", f"DEBIAN_FRONTEND=noninteractive apt-get remove -y {path}")]
        return [
            one("installed again", f"DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {path}")
        ]
    if change.kind == "enabled":
        return list(_enabled(change, one))
    if change.kind == "active":
        if change.after == "active":
            return [one("stopped", f"systemctl stop {path}")]
        return [one("started", f"systemctl start {path}")] if change.before == "active" else []
    if change.kind == "account" and change.before is None:
        return [one("removed", f"userdel -f {path}")]
    if change.kind == "password":
        return [one("unlocked", f"usermod -p '$6$abcdefgh$abc' {path}")] if change.after == "locked" else []
    if change.kind == "group":
        return list(_group(change, one))
    if change.kind == "sysctl" and change.before is not None:
        return [one("set back", f"sysctl -w {shlex.quote(change.name + '=' + change.before)}")]
    return []


def _file(change: Change, one: Any) -> Iterator[Breakage]:
    path = shlex.quote(change.name)
    if change.after is None:
        kind = (change.before or "").split("\t")[0]
        yield one("there again", {"d": f"mkdir -p {path}", "l": f"ln -s /nowhere {path}"}.get(kind, f"touch {path}"))
        return
    kind, mode, owner, _ = change.after.split("\t")
    old = (change.before or "").split("\t")
    if kind == "l":
        yield one("removed", f"rm {path}")
        return
    if change.before is None or old[1] != mode:
        yield one("mode", f"chmod {'0666' if kind == 'f' else '0777'} {path}")
    if change.before is None or old[2] != owner:
        yield one("owner", f"chown 2:2 {path}")
    if change.before is None and kind == "f":
        yield one("content", f"printf '\\n# spoilt\\n' >> {path}")
        yield one("removed", f"rm -f {path}")
    if change.before is None and kind == "d":
        yield one("removed", f"rm -rf {path}")


def _enabled(change: Change, one: Any) -> Iterator[Breakage]:
    unit = shlex.quote(change.name)
    if change.after == "enabled":
        yield one("disabled", f"systemctl disable {unit}")
    elif change.after == "masked":
        yield one("unmasked", f"systemctl unmask {unit}")
    elif change.after == "disabled" and change.before == "enabled":
        yield one("enabled", f"systemctl enable {unit}")


def _group(change: Change, one: Any) -> Iterator[Breakage]:
    if change.before is None:
        yield one("removed", f"groupdel -f {shlex.quote(change.name)}")
        return
    old, new = (set(filter(None, line.rsplit(":", 1)[1].split(","))) for line in (change.before, change.after or ":"))
    for member in sorted(new - old):
        yield one(f"{member} taken out", f"gpasswd -d {shlex.quote(member)} {shlex.quote(change.name)}")
