"""What a role's first run really did to a host, and how to undo each piece of it.

Nothing here reads a promise: the changes are the difference between two snapshots of the host, taken before and after the
role's first run.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

TREES = "/etc /usr /opt /root /home /boot /srv /var"
"""Where a role may write for good: the whole disk but /tmp; /run and others are not on it."""
UNREAD = "/usr/share/doc /usr/share/man /usr/share/locale /usr/share/zoneinfo /usr/lib/x86_64-linux-gnu /var/cache /var/lib/apt"
"""Where only packages write."""
SNAPSHOT = rf"""
set -e
export LC_ALL=C
echo '### files'
find {TREES} -xdev \( {" -o ".join(f"-path {path}" for path in UNREAD.split())} \) -prune -o \
  \( -type f -o -type d -o -type l \) -printf '%p\t%y\t%m\t%U:%G\t%l\n' | sort
echo '### hashes'
find /etc /opt /root /home /boot /srv /var/lib /var/spool /usr/local /usr/share/pam-configs -xdev \
  \( -path /var/lib/dpkg -o -path /var/lib/apt \) -prune -o -type f -size -2048k -exec sha256sum {{}} + | sort -k2
echo '### altered'
dpkg-query -W -f '${{Conffiles}}\n' | awk 'length($2) == 32 {{ print $2 "  " $1 }}' | md5sum -c --quiet 2>/dev/null | sed 's/: FAILED.*//' || true
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
awk -F: '{{ print $1 "\t" ":" $4 }}' /etc/group
echo '### sysctls'
sysctl -a 2>/dev/null | sed 's/ = /\t/'
"""

NOISE = re.compile(
    # Compared as accounts, groups and packages.
    r"/etc/(passwd-?|group-?|shadow-?|gshadow-?|subuid-?|subgid-?|\.pwd\.lock|ld\.so\.cache|resolv\.conf)$"
    r"|/etc/(rc\d\.d|alternatives|ssl/certs|ca-certificates\.conf)(/|$)|/usr/sbin/(arp|eb|ip|ip6)tables(-save|-restore)?$"
    # Notes of dpkg, ucf, pam-auth-update and systemd on what they did themselves.
    r"|/var/(lib/(dpkg|ucf|pam|systemd|private)|backups)(/|$)|/etc/.*\.(dpkg-|ucf-)\w+$|/var/lib/misc/"
    # Logs, and what a running program keeps for itself.
    r"|/var/log/([^/]*|apt/.*|journal/.*|clamav/.*|audit/.*)$|/var/(tmp|spool/rsyslog|lib/chrony)/|/(root|home/yiyun)/\.ansible|__pycache__"
)
"""Files that are no work of a role."""
NEVER_THE_SAME = re.compile(
    r"/var/lib/aide/aide\.db\.gz|/var/lib/yiyun/trusted-boot|/etc/audit/audit\.rules\.prev|/etc/machine-id"
)
"""Files whose content is another each time that they are made."""
TRANSIENT = re.compile(
    r"^(apt-|dpkg-|man-db|systemd-|session-|user@|user-runtime|run-|logrotate\.service|e2scrub|fstrim|ssh@|getty|console-|modprobe@)"
)
"""Units that come and go by themselves."""
NOT_SWITCHED = {None, "static", "disabled", "alias", "indirect", "generated", "transient"}
"""States of a unit that nobody has enabled or masked: that its file came is compared as the file."""
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

SAYS = {"mode": "mode is ", "owner": "owner is ", "stopped": "is (inactive|failed)", "disabled": "is (disabled|masked)"}
"""What a complaint about the thing itself must say, where one breakage of it could be taken for another."""


def names(change: Change, subject: str) -> bool:
    """Whether a promise with this subject is one about the changed thing itself."""
    kind, _, name = subject.partition(" ")
    if kind == "line":
        return change.kind in {"file", "content"} and name.startswith(f"in {change.name}: ")
    kinds = {
        "file": {"file", "directory", "link"},
        "content": {"file"},
        "enabled": {"unit"},
        "active": {"unit"},
        "password": {"account"},
    }
    return name == change.name and kind in kinds.get(change.kind, {change.kind})


def is_seen(breakage: Breakage, complaints: Iterable[tuple[str, str]]) -> bool:
    """Whether one of the complaints (subject, reason) is about this breakage and no other."""
    says = SAYS.get(breakage.how, "")
    return any(names(breakage.change, subject) and re.search(says, reason) for subject, reason in complaints)


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
    packaged, altered = set(after["owned"]), set(after["altered"])
    for kind, section in (("file", "files"), ("content", "hashes")):
        for name, old, new in _differences(before[section], after[section]):
            as_packaged = old is None and name in packaged and name not in before["owned"] and name not in altered
            if not NOISE.search(name) and not as_packaged and not _switches_a_unit(name, new or old or ""):
                found.append(Change(kind, name, old, new))
    new_files = {change.name for change in found if change.kind == "file" and change.before is None}
    found = [
        change
        for change in found
        if change.kind != "content" or (change.name not in new_files and not NEVER_THE_SAME.fullmatch(change.name))
    ]
    for name, old, new in _differences(before["packages"], after["packages"]):
        found.append(Change("package", name, old, new))
    for name, old, new in _differences(before["enabled"], after["enabled"]):
        if not {old, new} <= NOT_SWITCHED:
            found.append(Change("enabled", name, old, new))
    for name, old, new in _differences(before["active"], after["active"]):
        if not TRANSIENT.match(name) and "active" in {old, new}:
            found.append(Change("active", name, old, new))
    for kind, section in (("account", "accounts"), ("password", "passwords"), ("group", "groups")):
        found += [Change(kind, name, old, new) for name, old, new in _differences(before[section], after[section])]
    for name, old, new in _differences(before["sysctls"], after["sysctls"]):
        if OWN_SYSCTL.match(name):
            found.append(Change("sysctl", name, old, new))
    return found


def _switches_a_unit(path: str, entry: str) -> bool:
    """Whether this is a link of `systemctl enable` or `mask`, or a directory of such: compared as states of units."""
    return path.startswith("/etc/systemd/system/") and (
        entry.startswith("l\t") or re.search(r"\.(wants|requires)$", path) is not None
    )


def _differences(before: dict[str, str], after: dict[str, str]) -> Iterator[tuple[str, str | None, str | None]]:
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


KEPT = "/run/yiyun-test"
"""Directory on the host, outside of TREES, of what files were before a role changed them."""


def keep_for(role: str) -> str:
    """Script that keeps what lies below /etc, to be run before the role's first run."""
    return f"mkdir -p {KEPT} && rm -rf {KEPT}/{role} && cp -a /etc {KEPT}/{role}"


def forget_all_but(role: str, changed: list[Change]) -> str:
    """Script that removes what the role has not changed, which is nearly all."""
    paths = [change.name for change in changed if change.kind == "content" and change.name.startswith("/etc/")]
    moves = "; ".join(f"cp -a --parents {shlex.quote(path[5:])} ../{role}.changed" for path in paths) or "true"
    return f"cd {KEPT}/{role} && mkdir ../{role}.changed && {moves}; cd .. && rm -rf {role} && mv {role}.changed {role}"


def breakages(role: str, change: Change) -> list[Breakage]:
    """Every way in which this change of the role can be undone or spoilt; empty: there is none."""
    path = shlex.quote(change.name)

    def one(how: str, script: str) -> Breakage:
        return Breakage(change, how, script)

    if change.kind == "content":
        if not change.name.startswith("/etc/"):
            return []
        return [one("put back", f"cat {KEPT}/{role}/{shlex.quote(change.name.removeprefix('/etc/'))} > {path}")]
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
        spoilt = "0666" if kind == "f" else "0777"
        yield one("mode", f"chmod {spoilt if change.before is None else old[1]} {path}")
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
