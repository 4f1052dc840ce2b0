"""What a bare host still lacks, and the one shell script that gives it: Python, sudo, the management user, its rights.

Each step checks before it writes, writes beside the place and renames, and can be run again. POSIX shell only.
"""

import shlex
from dataclasses import dataclass
from enum import StrEnum

from yiyun.operations.hosts.identity import FULL_KIB, Identity

PACKAGES_NEED_KIB = 200 * 1024
"""Room that unpacking Python needs on /usr and /var, with reserve."""


class Step(StrEnum):
    """What may have to be done on a host, in this order."""

    PACKAGES = "install Python and sudo"
    USER = "make the management user"
    KEY = "authorize its key"
    SUDO = "give it sudo rights"


@dataclass(frozen=True)
class Wish:
    """What every host is to have."""

    user: str
    public_key: str
    """One line of an authorized_keys file."""

    @property
    def sudoers(self) -> str:
        """Content of /etc/sudoers.d/<user>."""
        return f"# Written by yiyun: Ansible becomes root by it.\n{self.user} ALL=(ALL:ALL) NOPASSWD: ALL"


def missing(found: Identity, wish: Wish) -> list[Step]:
    """Steps that a host needs; none when it is adopted already."""
    steps = []
    if found.python is None or not found.sudo:
        steps.append(Step.PACKAGES)
    if not found.user_exists:
        steps.append(Step.USER)
    key = wish.public_key.split()[1]
    if not any(key in line.split() for line in found.authorized_keys.splitlines() if not line.startswith("#")):
        steps.append(Step.KEY)
    if found.sudoers.strip() != wish.sudoers:
        steps.append(Step.SUDO)
    return steps


def full_filesystem(found: Identity, steps: list[Step]) -> str | None:
    """Name the first filesystem without the room that the steps need, and how much is free; None when all have it."""
    if not steps:
        return None
    for place, free in sorted(found.room_kib.items()):
        needed = PACKAGES_NEED_KIB if Step.PACKAGES in steps and place in {"/", "/usr", "/var"} else FULL_KIB
        if place == "/" and {"/usr", "/var"} <= set(found.room_kib):
            needed = FULL_KIB
        if free < needed:
            return f"{place} has {free // 1024} MiB free, {needed // 1024} are needed"
    return None


def script(wish: Wish, steps: list[Step], bundle: str | None) -> str:
    """Shell script that does `steps` as root. `bundle`: path on the host of a tar of packages, needed for PACKAGES.

    It ends with 0 only when all of it was done; the last line of stderr says what failed.
    """
    lines = [_HEAD, f"user={shlex.quote(wish.user)} key={shlex.quote(wish.public_key)}"]
    lines.append(f"rule={shlex.quote(wish.sudoers)} bundle={shlex.quote(bundle or '')}")
    lines += [_BODIES[step] for step in Step if step in steps]
    lines.append("echo settled")
    return "\n".join(lines)


_HEAD = r"""
set -eu
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
stop() { echo "$*" >&2; exit 1; }
replace() { # content on stdin; $1 place, $2 mode, $3 owner
    new=$(mktemp "$(dirname "$1")/.yiyun.XXXXXX") || stop "cannot write in $(dirname "$1")"
    { cat >"$new" && chmod "$2" "$new" && chown "$3" "$new"; } || { rm -f "$new"; stop "cannot write $1"; }
    [ -z "${4:-}" ] || "$4" -cqf "$new" || { rm -f "$new"; stop "$4 does not accept $1"; }
    mv -f "$new" "$1" || { rm -f "$new"; stop "cannot write $1"; }
}"""

_BODIES = {
    Step.PACKAGES: r"""
directory=$(mktemp -d /var/tmp/yiyun.XXXXXX) || stop "cannot write in /var/tmp"
trap 'rm -rf "$directory" "$bundle"' EXIT
tar -xf "$bundle" -C "$directory" || stop "cannot unpack the bundle"
log=$directory/log
if ls "$directory"/*.deb >/dev/null 2>&1; then
    apt-get install --yes --no-install-recommends -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=/dev/null \
        -o APT::Sandbox::User=root -o DPkg::Lock::Timeout=120 "$directory"/*.deb >"$log" 2>&1 || {
        tail -n 5 "$log" >&2; stop "the packages of the bundle could not be installed"; }
else
    rpm --upgrade --replacepkgs --oldpackage "$directory"/*.rpm >"$log" 2>&1 || {
        tail -n 5 "$log" >&2; stop "the packages of the bundle could not be installed"; }
fi
rm -rf "$directory" "$bundle"
trap - EXIT""",
    Step.USER: r"""
shell=/bin/sh
[ ! -x /bin/bash ] || shell=/bin/bash
# "*": no password at all; "!" would be a locked account, which sshd without PAM refuses to let in by key.
useradd --create-home --user-group --shell "$shell" --password '*' --comment 'yiyun management' "$user" ||
    stop "useradd failed" """,
    Step.KEY: r"""
home=$(getent passwd "$user" | cut -d: -f6)
group=$(id -gn "$user")
[ -d "$home" ] || stop "home $home of $user does not exist"
[ ! -L "$home/.ssh" ] || stop "$home/.ssh is a link"
mkdir -p "$home/.ssh" || stop "cannot write in $home"
chmod 700 "$home/.ssh"
chown "$user:$group" "$home/.ssh"
{ [ ! -f "$home/.ssh/authorized_keys" ] || sed -e '$a\' "$home/.ssh/authorized_keys"; printf '%s\n' "$key"; } |
    replace "$home/.ssh/authorized_keys" 600 "$user:$group"
if command -v restorecon >/dev/null 2>&1; then restorecon -R "$home/.ssh" || true; fi""",
    Step.SUDO: r"""
[ -d /etc/sudoers.d ] || stop "there is no /etc/sudoers.d"
printf '%s\n' "$rule" | replace "/etc/sudoers.d/$user" 440 root:root visudo""",
}
