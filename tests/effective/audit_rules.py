"""The audit system: what the kernel holds, not what lies in /etc/audit/rules.d.

`auditctl -l` speaks of the kernel of the whole machine, which no namespace has for itself, so no test may load rules:
the output is the recorded one (tests/recorded/audit), with lines taken away or put in.
"""

from effective.case import Case, Files, Side, exchanged, said

RULES = "/etc/audit/rules.d/{}.rules"
LOADED = said("audit", "debian-12-auditing")


def _without(line: str) -> str:
    return exchanged(LOADED, f"{line}\n", "")


def _files(line: str, **more: str) -> Files:
    return {RULES.format("50-yiyun"): f"{line}\n"} | {
        RULES.format(name.replace("_", "-")): text for name, text in more.items()
    }


MODULES = "-a always,exit -F arch=b64 -S init_module,delete_module,finit_module -F key=modules"
CLOCK = "-a always,exit -F arch=b64 -S settimeofday,clock_settime -F key=time"
IDENTITY = "-w /etc/shadow -p wa -k identity"
PRIVILEGE = "-w /etc/sudoers -p wa -k privilege"

CASES = [
    Case(
        "audit_identity",
        "watch of /etc/shadow",
        "writing to /etc/shadow is not recorded",
        # A file that is read later takes all rules away again.
        looks_right=Side(_files(IDENTITY, zz_vendor="-D\n"), {"audit": _without(IDENTITY)}),
        looks_wrong=Side({RULES.format("50-yiyun"): None}, {"audit": LOADED}),
    ),
    Case(
        "audit_privilege",
        "watch of /etc/sudoers",
        "writing to /etc/sudoers is not recorded",
        # augenrules reads *.rules only.
        looks_right=Side(
            {"/etc/audit/rules.d/50-yiyun.rules.rpmnew": f"{PRIVILEGE}\n"}, {"audit": _without(PRIVILEGE)}
        ),
        looks_wrong=Side({RULES.format("50-yiyun"): f"# {PRIVILEGE}\n"}, {"audit": LOADED}),
    ),
    Case(
        "audit_modules",
        "init_module and the like",
        "the system call",
        # The line above it is wrong: auditctl ends there.
        looks_right=Side(_files(f"-w /etc/no such -p q\n{MODULES}"), {"audit": _without(MODULES)}),
        looks_wrong=Side({RULES.format("50-yiyun"): None}, {"audit": LOADED}),
    ),
    Case(
        "audit_clock",
        "settimeofday and the like",
        "the system call",
        # The rules are locked (-e 2) since a boot before the file was written.
        looks_right=Side(_files(CLOCK), {"audit": exchanged(_without(CLOCK), "enabled 1", "enabled 2")}),
        looks_wrong=Side({RULES.format("50-yiyun"): ""}, {"audit": exchanged(LOADED, "enabled 1", "enabled 2")}),
    ),
    Case(
        "auditd_queue",
        "-b",
        "the queue holds 64 records",
        looks_right=Side(
            _files("-b 16384", zz_vendor="-b 64\n"),
            {"audit": exchanged(LOADED, "backlog_limit 16384", "backlog_limit 64")},
        ),
        looks_wrong=Side(_files("-b 64", zz_site="-b 16384\n"), {"audit": LOADED}),
    ),
    Case(
        "auditd_records",
        "-e",
        "the kernel's audit system is off",
        # `audit=0` on the kernel's command line, or `auditctl -e 0` since.
        looks_right=Side(_files("-e 1"), {"audit": exchanged(LOADED, "enabled 1", "enabled 0")}),
        looks_wrong=Side(_files("-e 0", zz_site="-e 1\n"), {"audit": LOADED}),
    ),
]
