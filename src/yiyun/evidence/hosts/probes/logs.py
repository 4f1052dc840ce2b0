"""Where records go and how long they stay, as the programs that keep them see it."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, pairs, part

# journald takes its journal in /run away when it goes on in /var: while there is one, what lies in /var is old.
_COMMAND = r"""
echo '== journald'; systemd-analyze cat-config systemd/journald.conf | grep -E '^[A-Z][A-Za-z]*=' || true
id=$(cat /etc/machine-id)
echo '== journal'; if [ -e "/run/log/journal/$id/system.journal" ]; then echo lost; elif [ -e "/var/log/journal/$id/system.journal" ]; then echo kept; else echo lost; fi
echo '== logrotate'; if command -v logrotate >/dev/null; then logrotate --debug /etc/logrotate.conf 2>&1; else echo absent; fi
echo '== auditd'; if [ -e /etc/audit/auditd.conf ]; then grep -E '^[a-z_]+[[:space:]]*=' /etc/audit/auditd.conf; else echo absent; fi
true
"""
SYSTEM_LOGS = ("/var/log/syslog", "/var/log/messages")
DAYS = {"hourly": 1 / 24, "daily": 1, "weekly": 7, "monthly": 30, "yearly": 365}
_PATTERN = re.compile(
    r"^rotating pattern: (?P<files>\S+(?:\s+/\S+)*)\s+"
    r"(?:after (?P<days>\d+) days|(?P<when>hourly|daily|weekly|monthly|yearly)|(?P<bytes>\d+) bytes)\s+"
    r"\((?:(?P<kept>\d+) rotations|no old logs)",
    re.MULTILINE,
)


def parse(text: str) -> Facts:
    """`journal`, `rotation` (days that the system's log is kept), `auditd` (its settings; None: not installed)."""
    parts = blocks(text)
    kept = part(parts, "journal").strip()
    if kept not in ("kept", "lost"):
        raise Unreadable("the journal's place is not known")
    audit = part(parts, "auditd").strip()
    return {
        "journal": {"on_disk": kept == "kept", "settings": pairs(part(parts, "journald"), "=")},
        "rotation": _rotation(part(parts, "logrotate")),
        "auditd": None if audit == "absent" else {key: value.lower() for key, value in pairs(audit, "=").items()},
    }


def _rotation(shown: str) -> dict[str, object] | None:
    """What logrotate would do with the system's log; None where it is not installed, or does not know that log."""
    if shown.strip() == "absent":
        return None
    if not lines(shown):
        raise Unreadable("logrotate says nothing")
    for found in _PATTERN.finditer(shown):
        if {*found["files"].split()} & {*SYSTEM_LOGS}:
            if found["bytes"]:
                return {"days": None, "by_size": True}
            period = float(found["days"]) if found["days"] else DAYS[found["when"]]
            return {"days": int(period * int(found["kept"] or 0)), "by_size": False}
    return None


PROBE = Probe(_COMMAND, parse)
