"""Converged hosts, converged again: plain ansible-playbook of the same roles against `./yiyun hosts converge`.

    .venv/bin/python benchmarks/converge_vs_ansible.py [--hosts 10] [--site lab]

Needs root. Boots a host lab of its own from a copy of the site, adopts the hosts, converges them once, then runs both
in turn, three times each; both must find nothing to do on every host. Prints the ratio of the medians (target: 5) and
writes benchmarks/results/converge_vs_ansible.json. The hosts share this machine's cores with the controller.
"""

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from _recording import machine, write

from yiyun.lab.hosts import HostLab
from yiyun.operations.hosts import access, playbook
from yiyun.paths import CHECKOUT
from yiyun.site import Site

ROUNDS = 3
TARGET = 5.0


def main() -> int:
    """Measure; exit 1 when a run changes something or the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, default=10)
    parser.add_argument("--site", default="lab")
    chosen = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("root is needed: the hosts are real ones in network namespaces")
    scratch = Path(tempfile.mkdtemp(prefix="yb-"))  # short: ssh makes sockets below it
    directory = scratch / chosen.site
    shutil.copytree(CHECKOUT / "inventories" / chosen.site, directory)
    os.environ["XDG_STATE_HOME"] = str(scratch / "state")
    site = Site.load(directory)
    # Hosts of the machine's own architecture: an emulated one would measure the emulator.
    names = [host.name for host in site.hosts if host.name != HostLab(site).emulated()][: chosen.hosts]
    try:
        result = measure(site, names)
    finally:
        subprocess.run([CHECKOUT / "yiyun", "lab", "hosts", "down", "--site", directory], check=True)
        shutil.rmtree(scratch)
    print_result(result)
    write("converge_vs_ansible", result)
    return 0 if result["ratio"] >= TARGET else 1


def measure(site: Site, names: list[str]) -> dict[str, Any]:
    """Bring the hosts up and run both tools on them in turn."""
    only = ["--site", str(site.path), "--hosts", ",".join(names)]
    yiyun = str(CHECKOUT / "yiyun")
    run([yiyun, "lab", "hosts", "up", *only])
    run([yiyun, "hosts", "adopt", *only])
    tell(f"{len(names)} hosts adopted; converging them for the first time")
    first, _ = timed(lambda: run([yiyun, "hosts", "converge", *only]))
    tell(f"converged in {first:.0f} s")
    load = os.getloadavg()
    again = ["ansible-playbook", "-i", str(site.path), "playbooks/hosts.yml", "--limit", ",".join(names)]
    environment = access.environment(site)
    times: dict[str, list[float]] = {"ansible": [], "yiyun": []}
    cpu: dict[str, list[float]] = {"ansible": [], "yiyun": []}
    for turn in range(1, ROUNDS + 1):
        for tool, argv in (("ansible", again), ("yiyun", [yiyun, "hosts", "converge", *only])):
            outputs: list[str] = []
            seconds, used = timed(partial(_kept, outputs, argv, environment))
            nothing_done(tool, outputs[0], len(names))
            times[tool].append(round(seconds, 2))
            cpu[tool].append(round(used, 2))
            tell(f"round {turn} of {ROUNDS}, {tool}: {seconds:.1f} s")
    return {
        **machine(),
        "hosts": len(names),
        "roles": sum(not entry.always for entry in playbook.entries()),
        "first_converge_seconds": round(first, 1),
        "seconds": times,
        "controller_cpu_seconds": cpu,
        "load_average": {"before": load, "after": os.getloadavg()},
        "ratio": round(statistics.median(times["ansible"]) / statistics.median(times["yiyun"]), 1),
        "target": TARGET,
    }


def tell(text: str) -> None:
    """Say how far it is."""
    print(text, file=sys.stderr, flush=True)


def run(argv: list[str], environment: dict[str, str] | None = None) -> str:
    """Run a command in the checkout and return its output; end the benchmark when it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **(environment or {}), "PATH": path}
    done = subprocess.run(argv, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(argv)}\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}")
    return done.stdout + done.stderr


def _kept(outputs: list[str], argv: list[str], environment: dict[str, str]) -> None:
    outputs.append(run(argv, environment))


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and seconds of CPU of the processes that `call` waited for."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    call()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def nothing_done(tool: str, output: str, hosts: int) -> None:
    """End the benchmark unless every host was looked at and nothing was done."""
    if tool == "ansible":
        recap = re.findall(
            r"ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", output.split("PLAY RECAP")[-1]
        )
        good = len(recap) == hosts and all(int(ok) > 1 and bad == ["0", "0", "0"] for ok, *bad in recap)
    else:
        good = f"{hosts} hosts, 0 not read" in output and " 0 broken, 0 unknown" in output
    if not good:
        sys.exit(f"{tool} found something to do on hosts that were just converged:\n{output[-3000:]}")


def print_result(result: dict[str, Any]) -> None:
    """Print both tools side by side."""
    print(f"{result['hosts']} converged hosts, {result['roles']} roles, {ROUNDS} runs each, in turn")
    for tool in ("ansible", "yiyun"):
        median = statistics.median(result["seconds"][tool])
        used = statistics.median(result["controller_cpu_seconds"][tool])
        print(f"  {tool:8} {median:7.2f} s   controller CPU {used:6.2f} s   {result['seconds'][tool]}")
    print(f"  ratio {result['ratio']} (target {TARGET:g})")


if __name__ == "__main__":
    sys.exit(main())
