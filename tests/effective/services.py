"""Services and sockets: what runs and what will start, not what a file or a link says.

`systemctl show` speaks of the systemd that runs the machine, which no test may change: the output is the recorded one
with the properties of one unit exchanged, in the combinations that systemctl(1) describes.
"""

from effective.case import Case, Files, Side, said
from yiyun.evidence.hosts.probes.units import NAMES

WANTS = "/etc/systemd/system/multi-user.target.wants/{}"
SYSTEM = "/etc/systemd/system/{}"


def _units(**properties: str) -> str:
    """What the probe says with `unit_service="LoadState ActiveState UnitFileState"` exchanged."""
    blocks = said("units").strip("\n").split("\n\n")
    for keyword, states in properties.items():
        at = NAMES.index(".".join(keyword.replace("_", "-").rsplit("-", 1)))
        values = dict(line.partition("=")[::2] for line in blocks[at].split("\n"))
        values |= dict(zip(("LoadState", "ActiveState", "UnitFileState"), states.split(), strict=True))
        values |= {"Result": "success"}
        blocks[at] = "\n".join(f"{key}={value}" for key, value in values.items())
    return "\n\n".join(blocks) + "\n"


def _side(files: Files, **properties: str) -> Side:
    return Side(files, {"units": _units(**properties)})


CASES = [
    Case(
        "service_clear_text",
        "telnet is off",
        "telnet.socket runs",
        # Nothing enables it, and somebody has started the socket, which starts the server for whoever calls.
        looks_right=_side(
            {SYSTEM.format("sockets.target.wants/telnet.socket"): None}, telnet_socket="loaded active disabled"
        ),
        looks_wrong=_side(
            {"/usr/lib/systemd/system/telnet.socket": "[Socket]\nListenStream=23\n"},
            telnet_socket="loaded inactive disabled",
        ),
    ),
    Case(
        "service_shares",
        "rpcbind is masked",
        "rpcbind.service runs",
        # To mask a unit stops nothing.
        looks_right=_side({SYSTEM.format("rpcbind.service"): "-> /dev/null"}, rpcbind_service="masked active masked"),
        looks_wrong=_side({WANTS.format("rpcbind.service"): "-> gone"}, rpcbind_service="masked inactive masked"),
    ),
    Case(
        "service_discovery",
        "cups by its socket",
        "cups.socket runs",
        looks_right=_side(
            {WANTS.format("cups.service"): None},
            cups_service="loaded inactive disabled",
            cups_socket="loaded active enabled",
        ),
        looks_wrong=_side(
            {"/etc/cups/cupsd.conf": "Port 631\n"},
            cups_service="loaded inactive disabled",
            cups_socket="loaded inactive disabled",
        ),
    ),
    Case(
        "service_ctrl_alt_del",
        "ctrl-alt-del.target",
        "is not masked",
        # The link was made by hand, and systemd has not been told (daemon-reload).
        looks_right=_side(
            {SYSTEM.format("ctrl-alt-del.target"): "-> /dev/null"}, ctrl_alt_del_target="loaded inactive disabled"
        ),
        # The mask lies in /run or in /usr/lib.
        looks_wrong=_side(
            {SYSTEM.format("ctrl-alt-del.target"): None}, ctrl_alt_del_target="masked inactive masked-runtime"
        ),
    ),
    Case(
        "syslog_at_work",
        "rsyslog runs",
        "does not run",
        looks_right=_side(
            {WANTS.format("rsyslog.service"): "-> rsyslog.service"}, rsyslog_service="loaded inactive enabled"
        ),
        looks_wrong=_side({WANTS.format("rsyslog.service"): None}, rsyslog_service="loaded active static"),
    ),
    Case(
        "auditd_at_boot",
        "auditd starts with the host",
        "does not start with the host",
        # It runs and is enabled in /run, which is empty after a boot.
        looks_right=_side(
            {"/run/systemd/system/multi-user.target.wants/auditd.service": "-> auditd.service"},
            auditd_service="loaded active enabled-runtime",
        ),
        looks_wrong=_side({WANTS.format("auditd.service"): None}, auditd_service="loaded active enabled"),
    ),
    Case(
        "firewall_at_boot",
        "the packet filter is loaded at boot",
        "no service loads the packet filter",
        # The rules are loaded now; the service that would load them at boot is masked, or not enabled itself.
        looks_right=_side(
            {"/etc/nftables.conf": "flush ruleset\n"},
            yiyun_firewall_service="masked active masked",
            nftables_service="loaded active indirect",
        ),
        looks_wrong=_side(
            {"/etc/nftables.conf": None},
            yiyun_firewall_service="not-found inactive -",
            firewalld_service="loaded active enabled",
        ),
    ),
]
