"""Times and memory of a site's life, toolchain built: lab up, gate, first up, unchanged up, drift.

Each shipped site gets a state of its own in a temporary directory. Prints each figure beside its target and writes
benchmarks/results/site_times.json.
"""

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from _recording import machine, write

from yiyun.paths import CHECKOUT

TARGETS = {
    "lab": {"lab_up_s": 6, "lab_mib": 900, "first_up_s": 90, "unchanged_up_s": 20},
    "hospital": {"first_up_s": 240, "unchanged_up_s": 20},
}


def yiyun(env: dict[str, str], *args: str) -> tuple[float, str]:
    """Run ./yiyun and return seconds and what it printed. Stops the benchmark when it fails."""
    started = time.perf_counter()
    done = subprocess.run([str(CHECKOUT / "yiyun"), *args], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"yiyun {' '.join(args)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return round(time.perf_counter() - started, 1), done.stdout + done.stderr


def lab_memory(env: dict[str, str], site: str) -> int:
    """Resident memory of the lab's parts, MiB."""
    table = yiyun(env, "lab", "status", "--site", site)[1]
    pids = [
        int(cells[3])
        for line in table.splitlines()
        if len(cells := re.split(r"\s*[│┃]\s*", line)) > 4 and cells[3].isdigit()
    ]
    return round(sum(psutil.Process(pid).memory_info().rss for pid in pids) / 2**20)


def measure(site: str) -> dict[str, Any]:
    """All figures of one site."""
    with tempfile.TemporaryDirectory() as scratch:
        env = {**os.environ, "XDG_STATE_HOME": str(Path(scratch) / "state"), "COLUMNS": "160"}
        here = ("--site", site)
        try:
            yiyun(env, "lab", "up", *here)
            yiyun(env, "lab", "down", *here)
            figures: dict[str, Any] = {"lab_up_s": yiyun(env, "lab", "up", *here)[0]}
            figures["lab_mib"] = lab_memory(env, site)
            figures["gate_s"] = yiyun(env, "gate", *here)[0]
            figures["first_up_s"], text = yiyun(env, "up", "--yes", *here)
            figures["resources"] = int(re.findall(r"(\d+) resources changed", text)[-1])
            figures["unchanged_up_s"], text = yiyun(env, "up", *here)
            if "0 resources changed" not in text:
                raise SystemExit(f"a second up of {site} changed something:\n{text}")
            figures["drift_s"] = yiyun(env, "drift", *here)[0]
            return figures
        finally:
            yiyun(env, "lab", "reset", "--confirm", site, *here)


def main() -> None:
    """Measure both shipped sites."""
    results = {}
    for site, targets in TARGETS.items():
        results[site] = measure(site)
        for name, value in results[site].items():
            target = targets.get(name)
            verdict = "" if target is None else f"  target {target}: {'met' if value <= target else 'MISSED'}"
            print(f"{site:9} {name:16} {value:8}{verdict}", flush=True)
    write("site_times", {"machine": machine(), "sites": results, "targets": TARGETS})


if __name__ == "__main__":
    main()
