"""Reads hosts in a process of its own and says what came, how long it took and how much memory it took.

python reading.py SSH_CONFIG KNOWN_HOSTS DEADLINE NAME...
"""

import json
import sys
import time
from pathlib import Path

from yiyun.compliance.loader import load_rules
from yiyun.evidence.hosts import collect, records
from yiyun.evidence.hosts.probe import Wanted
from yiyun.operations.audit_parts.hosts import host_rules, judge, wanted_probes
from yiyun.paths import CHECKOUT


def memory(name: str) -> int:
    """VmRSS or VmHWM of this process, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


config, known_hosts, deadline, *names = sys.argv[1:]
rules = host_rules(load_rules(CHECKOUT / "policies" / "mlps3"))
probes = wanted_probes(rules, deep=False)
wanted = Wanted(commands=tuple(probe.command for probe in probes.values()))
Path("/proc/self/clear_refs").write_text("5")  # the peak is from here on
before = memory("VmRSS")
started = time.monotonic()
found = collect.collect(Path(config), Path(known_hosts), dict.fromkeys(names, wanted), deadline_seconds=float(deadline))
seconds = time.monotonic() - started
peak = memory("VmHWM")
kept = {name: records.record(facts, probes, "2026-11-28T04:00:00+00:00") for name, facts in found.items()}
hosts = {
    name: {
        "problem": each.problem,
        "verdicts": [[v.state.value, v.message] for v in judge(rules, [each]).verdicts],
    }
    for name, each in kept.items()
}
json.dump({"seconds": seconds, "grown_kib": peak - before, "hosts": hosts}, sys.stdout)
