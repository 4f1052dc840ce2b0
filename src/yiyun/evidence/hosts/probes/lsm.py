"""Which part of the kernel decides by labels or profiles, and whether it does: SELinux or AppArmor."""

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, part

_COMMAND = r"""
echo '== selinux'; if [ -e /sys/fs/selinux/enforce ]; then cat /sys/fs/selinux/enforce; echo; else echo absent; fi
echo '== apparmor'
if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; then
  cat /sys/kernel/security/apparmor/profiles || exit 4
else echo absent; fi
"""


def parse(text: str) -> Facts:
    """`selinux`: `enforcing`, `permissive`, None where it is not at work; `apparmor`: number of profiles enforced, None likewise."""
    parts = blocks(text)
    selinux, apparmor = part(parts, "selinux").strip(), lines(part(parts, "apparmor"))
    if selinux not in ("absent", "0", "1"):
        raise Unreadable("SELinux says neither 0 nor 1")
    return {
        "selinux": {"absent": None, "0": "permissive", "1": "enforcing"}[selinux],
        "apparmor": None if apparmor == ["absent"] else sum(line.rstrip().endswith("(enforce)") for line in apparmor),
    }


PROBE = Probe(_COMMAND, parse, needs_root=False)
