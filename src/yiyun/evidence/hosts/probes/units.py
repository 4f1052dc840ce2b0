"""State of the services that rules ask for, as systemd has it in force."""

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, number

NAMES = (
    "abrtd.service",
    "apparmor.service",
    "apport.service",
    "auditd.service",
    "autofs.service",
    "avahi-daemon.service",
    "bluetooth.service",
    "chrony.service",
    "chronyd.service",
    "clamav-daemon.service",
    "cockpit.socket",
    "containerd.service",
    "cron.service",
    "crond.service",
    "ctrl-alt-del.target",
    "cups.service",
    "cups.socket",
    "dailyaidecheck.timer",
    "debug-shell.service",
    "docker.service",
    "firewalld.service",
    "kdump.service",
    "kubelet.service",
    "logrotate.timer",
    "nfs-server.service",
    "nftables.service",
    "ntp.service",
    "ntpd.service",
    "rpcbind.service",
    "rpcbind.socket",
    "rsyslog.service",
    "smb.service",
    "smbd.service",
    "snmpd.service",
    "systemd-coredump.socket",
    "systemd-journald.service",
    "systemd-timesyncd.service",
    "telnet.socket",
    "tftp.socket",
    "udisks2.service",
    "vsftpd.service",
    "xinetd.service",
    "yiyun-audit-day.timer",
    "yiyun-file-integrity.service",
    "yiyun-file-integrity.timer",
    "yiyun-firewall.service",
    "yiyun-malware-scan.service",
    "yiyun-malware-scan.timer",
    "yiyun-trusted-boot.service",
)
PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "Result", "MainPID", "NRestarts", "NextElapseUSecRealtime")
STARTS_AT_BOOT = ("enabled", "static", "alias", "generated")
"""Not `enabled-runtime`, whose link is gone after a boot; nor `indirect`, which is a unit that is not enabled itself."""
_COMMAND = r"""
missing=" $(busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager ListUnitsByNames as COUNT NAMES |
  grep -o '"[a-z0-9-]*[.][a-z]*" "[^" ]*" "not-found"' | cut -d '"' -f 2 | tr '\n' ' ')"
set --; for name in NAMES; do case $missing in *" $name "*) ;; *) set -- "$@" "$name" ;; esac; done
systemctl show --property=PROPERTIES -- "$@" | awk -v missing="$missing" '
  function absent() { while (at < COUNT && index(missing, " " name[at + 1] " ")) { at++; print "LoadState=not-found\nActiveState=inactive\nUnitFileState=\n" } }
  BEGIN { RS = ""; split("NAMES", name, " ") }
  { absent(); at++; print $0 "\n" }
  END { absent() }'
"""
"""What systemd does not find is not shown in full: that takes a millisecond a unit, of its time and of ours."""
_COMMAND = _COMMAND.replace("COUNT", str(len(NAMES))).replace("NAMES", " ".join(NAMES))
_COMMAND = _COMMAND.replace("PROPERTIES", ",".join(PROPERTIES))


def parse(text: str) -> Facts:
    """`units`: by name, None for one that the host does not have, else what systemd says of it."""
    found: dict[str, dict[str, object] | None] = {}
    shown = [block for block in text.strip("\n").split("\n\n") if block.strip()]
    if len(shown) != len(NAMES):
        raise Unreadable(f"systemctl speaks of {len(shown)} units, not of {len(NAMES)}")
    for name, block in zip(NAMES, shown, strict=True):
        values = dict(line.partition("=")[::2] for line in block.strip().split("\n"))
        if not {"LoadState", "ActiveState", "UnitFileState"} <= set(values):
            raise Unreadable(f"systemctl leaves out properties of {name}")
        if values["LoadState"] == "not-found":
            found[name] = None
            continue
        found[name] = {
            "masked": values["LoadState"] == "masked",
            "active": values["ActiveState"] in ("active", "reloading"),
            "at_boot": values["UnitFileState"] in STARTS_AT_BOOT,
            "enabled": values["UnitFileState"] in ("enabled", "enabled-runtime"),
            "failed": values["ActiveState"] == "failed" or values.get("Result", "success") != "success",
            "pid": number(values.get("MainPID") or "0", f"MainPID of {name}"),
        }
    return {"units": found}


PROBE = Probe(_COMMAND, parse, needs_root=False)
