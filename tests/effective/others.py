"""Sudo, kernel modules, labels, the clock, ages of passwords, the processor.

The real cvtsudoers puts the files of sudo together, and the real modprobe those of modules. The rest is state of the whole
machine (chronyd, SELinux, /etc/shadow, mitigations): recorded or written outputs with one part exchanged.
"""

import json
from typing import Any

from effective.case import Case, Files, Side, exchanged, said
from yiyun.paths import CHECKOUT

SUDOERS = "/etc/sudoers"
BELOW = "/etc/sudoers.d/{}"
HEAD = "Defaults env_reset\n"
TAIL = "root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n"
WRITTEN = CHECKOUT / "tests" / "unit" / "written_hosts" / "server"


def _sudo(files: Files, *defaults: dict[str, Any], rights: tuple[dict[str, Any], ...] = ()) -> Side:
    """What cvtsudoers makes of it: `defaults` beside env_reset, `rights` beside those of root."""
    everything = {
        "Commands": [{"command": "ALL"}],
        "runasusers": [{"username": "ALL"}],
        "runasgroups": [{"usergroup": "ALL"}],
    }
    root = {"User_List": [{"username": "root"}], "Host_List": [{"hostname": "ALL"}], "Cmnd_Specs": [everything]}
    shown = {"Defaults": [{"Options": [{"env_reset": True}]}, *defaults], "User_Specs": [root, *rights]}
    return Side(files, {"sudo": f"== rights\n{json.dumps(shown, indent=4)}\n"})


def _option(**option: object) -> dict[str, Any]:
    return {"Options": [option]}


def _for_everything(user: str, *, ask: bool) -> dict[str, Any]:
    commands: dict[str, Any] = {"runasusers": [{"username": "ALL"}], "Commands": [{"command": "ALL"}]}
    if not ask:
        commands["Options"] = [{"authenticate": False}]
    return {"User_List": [{"username": user}], "Host_List": [{"hostname": "ALL"}], "Cmnd_Specs": [commands]}


SUDO = [
    Case(
        "sudo_timeout",
        "timestamp_timeout",
        "sudo remembers for 600",
        # The files below sudoers.d come last.
        looks_right=_sudo(
            {
                SUDOERS: f"{HEAD}Defaults timestamp_timeout=5\n{TAIL}",
                BELOW.format("90-cloud"): "Defaults timestamp_timeout=600\n",
            },
            _option(timestamp_timeout="5"),
            _option(timestamp_timeout="600"),
        ),
        looks_wrong=_sudo(
            {
                SUDOERS: f"{HEAD}Defaults timestamp_timeout=600\n{TAIL}",
                BELOW.format("90-yiyun"): "Defaults timestamp_timeout=5\n",
            },
            _option(timestamp_timeout="600"),
            _option(timestamp_timeout="5"),
        ),
        programs="cvtsudoers",
    ),
    Case(
        "sudo_own_terminal",
        "use_pty",
        "use_pty is off",
        looks_right=_sudo(
            {SUDOERS: f"{HEAD}Defaults use_pty\n{TAIL}", BELOW.format("90-cloud"): "Defaults !use_pty\n"},
            _option(use_pty=True),
            _option(use_pty=False),
        ),
        looks_wrong=_sudo(
            {SUDOERS: f"{HEAD}Defaults !use_pty\n{TAIL}", BELOW.format("90-yiyun"): "Defaults use_pty\n"},
            _option(use_pty=False),
            _option(use_pty=True),
        ),
        programs="cvtsudoers",
    ),
    Case(
        "sudo_record",
        "syslog",
        "sudo writes to no file",
        # A name with a dot in it is not read.
        looks_right=_sudo(
            {
                SUDOERS: f"{HEAD}Defaults !syslog\n{TAIL}",
                BELOW.format("10-yiyun.conf"): "Defaults logfile=/var/log/sudo.log\n",
            },
            _option(syslog=False),
        ),
        looks_wrong=_sudo(
            {
                SUDOERS: f"{HEAD}Defaults !syslog\n{TAIL}",
                BELOW.format("10-yiyun"): "Defaults logfile=/var/log/sudo.log\n",
            },
            _option(syslog=False),
            _option(logfile="/var/log/sudo.log"),
        ),
        programs="cvtsudoers",
    ),
    Case(
        "sudo_password",
        "who becomes root without a password",
        "becomes root without a password",
        looks_right=_sudo(
            {
                SUDOERS: f"{HEAD}{TAIL}",
                BELOW.format("50-people"): "liwei ALL=(ALL) ALL\n",
                BELOW.format("90-cloud"): "liwei ALL=(ALL) NOPASSWD: ALL\n",
            },
            rights=(_for_everything("liwei", ask=True), _for_everything("liwei", ask=False)),
        ),
        looks_wrong=_sudo(
            {
                SUDOERS: f"{HEAD}{TAIL}",
                BELOW.format("50-people"): "liwei ALL=(ALL) ALL\n",
                BELOW.format("90-cloud~"): "liwei ALL=(ALL) NOPASSWD: ALL\n",
            },
            rights=(_for_everything("liwei", ask=True),),
        ),
        programs="cvtsudoers",
    ),
]


MODPROBE = "/etc/modprobe.d/{}.conf"
USB, PROTOCOLS = ("usb-storage", "uas", "firewire-sbp2"), ("dccp", "rds", "sctp", "tipc")


def _refused(*names: str) -> str:
    return "".join(f"install {name} /bin/false\n" for name in names)


def _modules(files: Files, *refused: str, loaded: str = "") -> Side:
    shown = _refused(*(name.replace("-", "_") for name in refused))
    text = exchanged(
        said("modules"),
        "install usb_storage /bin/false\ninstall uas /bin/false\ninstall firewire_sbp2 /bin/false\n",
        shown,
    )
    if loaded:
        text = exchanged(text, "== loaded\n", f"== loaded\n{loaded}\n")
    return Side(files, {"modules": text}, tuple(shown.splitlines()))


MODULES = [
    Case(
        "module_usb_storage",
        "usb-storage",
        "usb-storage is loaded when somebody asks for it",
        # To blacklist a module keeps udev from it, not whoever asks for it by its name.
        looks_right=_modules({MODPROBE.format("hardening"): "".join(f"blacklist {name}\n" for name in USB)}),
        looks_wrong=_modules(
            {MODPROBE.format("hardening"): None, "/usr/lib/modprobe.d/site.conf": _refused(*USB)}, *USB
        ),
        programs="modprobe",
    ),
    Case(
        "module_protocols",
        "sctp",
        "dccp is loaded when somebody asks for it",
        # An empty file of the same name in /etc hides the one of /usr/lib.
        looks_right=_modules(
            {"/usr/lib/modprobe.d/site.conf": _refused(*PROTOCOLS), MODPROBE.format("site"): "# none\n"}
        ),
        looks_wrong=_modules(
            {MODPROBE.format("aaa"): "# install dccp /bin/true\n", "/run/modprobe.d/site.conf": _refused(*PROTOCOLS)},
            *PROTOCOLS,
        ),
        programs="modprobe",
    ),
    Case(
        "module_protocols",
        "sctp that is loaded already",
        "sctp is loaded",
        # No test may load a module into the kernel of the machine.
        looks_right=_modules({MODPROBE.format("hardening"): _refused(*PROTOCOLS)}, *PROTOCOLS, loaded="sctp"),
        looks_wrong=_modules({"/etc/modules-load.d/sctp.conf": "sctp\n"}, *PROTOCOLS),
    ),
]

SELINUX, ENFORCING = "/etc/selinux/config", (WRITTEN / "lsm.txt").read_text()
MITIGATED = (WRITTEN / "isolation.txt").read_text()
MELTDOWN = "meltdown:Mitigation: PTI\n"
ROOT = "root:6:20785:1:90:7::\n"
CHRONY = "/etc/chrony/chrony.conf"


def _clock(files: Files, daemons: str, reach: str) -> Side:
    """Fields of chronyc -c, as chronyc(1) lists them."""
    tracking = "C0A80A01,192.0.2.10,3,1795829100.123456789,0.000012345,0.000001,0.000002,-12.345,0.001,0.010,0.001,0.0002,64.5,Normal"
    sources = f"^,*,192.0.2.10,2,6,{reach},23,0.000012,0.000011,0.000345"
    text = f"== zone\n+0800\n== daemons\n{daemons}\n== tracking\n{tracking}\n== sources\n{sources}\n"
    return Side(files, {"clock": text})


MACHINE = [
    Case(
        "labels_enforced",
        "SELINUX",
        "SELinux is permissive",
        # `setenforce 0` since the boot.
        looks_right=Side({SELINUX: "SELINUX=enforcing\n"}, {"lsm": exchanged(ENFORCING, "selinux\n1", "selinux\n0")}),
        looks_wrong=Side({SELINUX: "SELINUX=permissive\n"}, {"lsm": ENFORCING}),
    ),
    Case(
        "processor_isolation",
        "mitigations",
        "meltdown",
        # The host has not been booted since the file was written, or the other way round.
        looks_right=Side(
            {"/etc/default/grub": 'GRUB_CMDLINE_LINUX="mitigations=auto"\n'},
            {"isolation": exchanged(MITIGATED, MELTDOWN, "meltdown:Vulnerable\n")},
        ),
        looks_wrong=Side({"/etc/default/grub": 'GRUB_CMDLINE_LINUX="mitigations=off"\n'}, {"isolation": MITIGATED}),
    ),
    Case(
        "account_password_age",
        "PASS_MAX_DAYS",
        "the password of root may stay 99999 days",
        # login.defs is for accounts that are made from now on.
        looks_right=Side(
            {"/etc/login.defs": "PASS_MAX_DAYS 90\n"},
            {"accounts": exchanged(said("accounts"), ROOT, ROOT.replace(":90:", ":99999:"))},
        ),
        looks_wrong=Side({"/etc/login.defs": "PASS_MAX_DAYS 99999\n"}, {"accounts": said("accounts")}),
    ),
    Case(
        "time_sources",
        "server",
        "none of 1 time servers has answered",
        looks_right=_clock({CHRONY: "server 192.0.2.10 iburst\n"}, "chronyd", "0"),
        looks_wrong=_clock({CHRONY: "sourcedir /run/chrony-dhcp\n"}, "chronyd", "377"),
    ),
    Case(
        "time_one_daemon",
        "who sets the clock",
        "several programs set the clock",
        # ntpd was started by hand, whatever is enabled.
        looks_right=_clock({CHRONY: "server 192.0.2.10 iburst\n", "/etc/ntp.conf": None}, "chronyd\nntpd", "377"),
        looks_wrong=_clock(
            {CHRONY: "server 192.0.2.10 iburst\n", "/etc/ntp.conf": "server 192.0.2.11\n"}, "chronyd", "377"
        ),
    ),
]
CASES = SUDO + MODULES + MACHINE
