"""Fast audit of hosts as they run, beside ssh, testinfra and Ansible; of many hosts; and again from saved evidence.

    .venv/bin/python benchmarks/audit_vs_peers.py [--hosts 100] [--rounds 10]

Needs root. Boots a host lab of its own from a copy of site `lab`, with workers added or left out, and adopts it. All
tools reach the hosts from within the lab's network, without a proxy, by the site's own ssh_config, key and pinned keys:

- one host, all ways in turn, every connection cold: `ssh host true`; yiyun from connect to verdict (in this process,
  imports and rules loaded: collect, keep, read again, judge by all rules on hosts), fast and deep; `./yiyun audit` as
  a command. testinfra and Ansible are given the collector's own commands, one a family of settings, so they read the same
  facts and the same rules judge them; each of the rules as an assertion of its own would cost them more.
- many hosts, first cold (nothing has read them but the adoption), then again: seconds, CPU of the controller per
  host, and CPU that the hosts' cgroups used, since both share this machine's cores.
- saved evidence of one host under as many names as SIZES says, signed, judged by `./yiyun audit --evidence`.

Prints ratios and writes benchmarks/results/audit_vs_peers.json. Exit 1 when a target is missed or verdicts differ.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import psutil
from _audit_rounds import run, tell
from _recording import machine, write
from adopt import many_hosts

from yiyun.evidence import sealed
from yiyun.evidence.hosts.records import FILE
from yiyun.lab.hosts import HostLab
from yiyun.operations.audit_parts import description, hosts
from yiyun.operations.hosts import access
from yiyun.paths import CHECKOUT
from yiyun.site import Site

YIYUN = str(CHECKOUT / "yiyun")
MOST = 200
"""Hosts for which the lab's network has addresses."""
SIZES = (250, 500, 1000)
EVIDENCE_ROUNDS = 3
PAIRS = (
    ("connect to verdict", "ssh host true"),
    ("./yiyun audit", "ssh host true"),
    ("connect to verdict, deep", "connect to verdict"),
    ("testinfra", "connect to verdict"),
    ("testinfra, ControlPath", "connect to verdict"),
    ("ansible-playbook", "connect to verdict"),
    ("ansible-playbook", "./yiyun audit"),
)
"""Whose seconds are divided by whose."""
TARGETS = {
    "connect to verdict / ssh host true": 1.3,
    "controller CPU, ms per host": 5.0,
    "one more host beyond 500 / below": 1.2,
    "memory, KiB per host": 64.0,
}
"""Highest values. The last two say what is meant by linear and by flat: no host costs more CPU than those before it, and
none leaves more in memory than its verdicts and their place in the report."""


def main() -> int:
    """Measure; exit 1 when a target is missed or testinfra's reading is judged in another way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=100, help=f"hosts of the second part, 1 to {MOST}")
    parser.add_argument("--rounds", type=int, default=10, help="times that the one host is read in every way")
    chosen = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("root is needed: the hosts are real ones in network namespaces")
    if not (1 <= chosen.hosts <= MOST and chosen.rounds >= 1):
        parser.error(f"--hosts is 1 to {MOST}, --rounds at least 1")
    load = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="yb-") as kept:
        live = of_hosts(chosen.hosts, chosen.rounds, Path(kept) / "audit")
        os.environ["XDG_STATE_HOME"] = str(Path(kept) / "state")
        saved = of_evidence(Path(kept) / "audit", live["one"]["host"], Path(kept))
    result = {**machine(), "hosts": chosen.hosts, "load_average": {"before": load, "after": os.getloadavg()}}
    result |= {**live, "evidence": saved, "ratios": ratios(live["one"]["seconds"])}
    result["reached"] = reached(result)
    result["targets"] = TARGETS
    print_result(result)
    write("audit_vs_peers", result)
    missed = [name for name, value in result["reached"].items() if value > TARGETS[name]]
    return 1 if missed or result["one"]["disagreements"] else 0


def of_hosts(number: int, rounds: int, kept: Path) -> dict[str, Any]:
    """Figures of the live hosts, on a lab that is taken down again; the evidence of one of them stays in `kept`."""
    scratch = Path(tempfile.mkdtemp(prefix="yb-"))  # short: ssh makes sockets below it
    os.environ["XDG_STATE_HOME"] = str(scratch / "state")
    try:
        many_hosts(scratch / "lab", number + 1)
        site = Site.load(scratch / "lab")
        # Hosts of the machine's own architecture: an emulated one would measure the emulator.
        names = [host.name for host in site.hosts if host.name != HostLab(site).emulated()][:number]
        bring_up(site, names)
        inside = ["nsenter", f"--net=/run/netns/{HostLab(site).network.namespace}"]
        script = str(CHECKOUT / "benchmarks" / "_audit_rounds.py")
        argv = [*inside, sys.executable, script, str(site.path), str(rounds), *names]
        found = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
        if found.returncode:
            sys.exit("the hosts could not be measured, see above")
        only = ["--site", str(site.path), "--hosts", names[0]]
        run([*inside, YIYUN, "audit", *only, "--out", str(kept)], good=(0, 1))
        figures: dict[str, Any] = json.loads(found.stdout)
        return figures
    finally:
        subprocess.run([YIYUN, "lab", "hosts", "down", "--site", scratch / "lab"], check=True)
        shutil.rmtree(scratch)


def bring_up(site: Site, names: list[str]) -> None:
    """Boot and adopt the hosts, and let all tools reach them without the lab's proxy."""
    only = ["--site", str(site.path), "--hosts", ",".join(names)]
    for step in (["lab", "hosts", "up"], ["hosts", "adopt"]):
        started = time.monotonic()
        run([YIYUN, *step, *only])
        tell(f"{' '.join(step)}, {len(names)} hosts: {time.monotonic() - started:.0f} s")
    config = access.config_file(site)
    lines = config.read_text(encoding="utf-8").splitlines(keepends=True)
    config.write_text("".join(line for line in lines if "ProxyCommand" not in line), encoding="utf-8")


def of_evidence(kept: Path, name: str, scratch: Path) -> dict[str, Any]:
    """By number of hosts: seconds, seconds of CPU and the highest memory in MiB of the processes that judge them."""
    found: dict[str, Any] = {}
    for size in SIZES:
        multiply(kept, name, size, scratch / str(size))
        found[str(size)] = {"seconds": [], "cpu_seconds": [], "peak_mib": []}
    for turn in range(1, EVIDENCE_ROUNDS + 1):
        for size in SIZES:
            figures = judged(scratch / str(size), size)
            for key, value in figures.items():
                found[str(size)][key].append(value)
            tell(f"evidence of {size} hosts, {turn} of {EVIDENCE_ROUNDS}: {figures}")
    return found


def multiply(kept: Path, name: str, number: int, into: Path) -> None:
    """Lay the evidence of a host down under as many names, all hosts of the site that is kept with it, and sign it."""
    shutil.copytree(kept / description.DIRECTORY, into / description.DIRECTORY)
    listed = into / description.DIRECTORY / description.HOSTS
    one = next(host for host in json.loads(listed.read_text(encoding="utf-8")) if host["name"] == name)
    about = json.loads((kept / hosts.DIRECTORY / name / FILE).read_text(encoding="utf-8"))
    outputs = [path for path in (kept / hosts.DIRECTORY / name).iterdir() if path.name != FILE]
    copies = [
        {**one, "name": copy_name(index), "address": str(IPv4Address("10.0.0.1") + index)} for index in range(number)
    ]
    listed.write_text(json.dumps(copies), encoding="utf-8")
    for copy in copies:
        home = into / hosts.DIRECTORY / copy["name"]
        home.mkdir(parents=True)
        for path in outputs:
            os.link(path, home / path.name)
        (home / FILE).write_text(json.dumps({**about, "host": copy["name"]}), encoding="utf-8")
    sealed.seal(into, "lab", about["taken"], sealed.SEAL.ensure_own())


def copy_name(index: int) -> str:
    """Name of a host that is a copy."""
    return f"copy-{index:04}"


def judged(directory: Path, size: int) -> dict[str, float]:
    """What a process takes that verifies and judges this evidence and writes the text report."""
    started = time.monotonic()
    with subprocess.Popen([YIYUN, "audit", "--evidence", directory], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101  # it is a pipe
        report = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1) or copy_name(size - 1) not in report:
        sys.exit(f"{directory}: exit {process.returncode}\n{report[-3000:]}")
    return {
        "seconds": round(time.monotonic() - started, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mib": round(used.ru_maxrss / 1024, 1),
    }


def ratios(seconds: dict[str, list[float]]) -> dict[str, list[float]]:
    """Lowest, median and highest ratio of each of PAIRS, of times of the same round."""
    found = {}
    for way, other in PAIRS:
        each = [mine / theirs for mine, theirs in zip(seconds[way], seconds[other], strict=True)]
        found[f"{way} / {other}"] = [round(value, 2) for value in (min(each), statistics.median(each), max(each))]
    return found


def reached(result: dict[str, Any]) -> dict[str, float]:
    """The figure that each of TARGETS is about."""
    again = result["many"]["again"]
    spent = again["read"]["controller_cpu_seconds"] + again["judge"]["controller_cpu_seconds"]
    small, middle, large = (result["evidence"][str(size)] for size in SIZES)
    cpu = [statistics.median(each["cpu_seconds"]) for each in (small, middle, large)]
    memory = [statistics.median(each["peak_mib"]) for each in (small, large)]
    below, beyond = (cpu[1] - cpu[0]) / (SIZES[1] - SIZES[0]), (cpu[2] - cpu[1]) / (SIZES[2] - SIZES[1])
    values = (
        result["ratios"]["connect to verdict / ssh host true"][1],
        1000 * spent / result["hosts"],
        beyond / below,
        1024 * (memory[1] - memory[0]) / (SIZES[2] - SIZES[0]),
    )
    return {name: round(value, 2) for name, value in zip(TARGETS, values, strict=True)}


def print_result(result: dict[str, Any]) -> None:
    """Print all figures, the ratios, and the targets last."""
    one, number, cores = result["one"], result["hosts"], psutil.cpu_count() or 1
    print(
        f"one host ({one['host']}), {one['rules']} rules, {one['families']} commands; seconds, median of each way in turn"
    )
    for way, seconds in one["seconds"].items():
        print(f"  {way:26} {statistics.median(seconds):8.3f}   {min(seconds):.3f} to {max(seconds):.3f}")
    print(f"  verdicts {one['verdicts']}; other verdicts on what testinfra read: {one['disagreements'] or 'none'}")
    print(f"{number} hosts      seconds   hosts/s   controller CPU   hosts' CPU   hosts' share of {cores} cores")
    for turn, parts in result["many"].items():
        for part, figures in parts.items():
            seconds, own, theirs = (figures[key] for key in ("seconds", "controller_cpu_seconds", "hosts_cpu_seconds"))
            print(
                f"  {turn:14} {part:6} {seconds:7.2f} {number / seconds:9.1f} {1000 * own / number:8.1f} ms/host"
                f" {1000 * theirs / number:9.0f} ms/host {theirs / seconds / cores:6.0%}"
            )
    print("saved evidence   seconds   CPU seconds   peak MiB (medians)")
    for size, figures in result["evidence"].items():
        seconds, cpu, peak = (statistics.median(figures[key]) for key in ("seconds", "cpu_seconds", "peak_mib"))
        print(f"  {size:>5} hosts {seconds:12.2f} {cpu:13.2f} {peak:10.1f}")
    print("ratios: lowest, median, highest")
    for name, values in result["ratios"].items():
        print(f"  {name:52} {values[0]:8.2f} {values[1]:8.2f} {values[2]:8.2f}")
    for name, value in result["reached"].items():
        print(f"  {name:52} {value:8.2f}  target {TARGETS[name]:g}: {'met' if value <= TARGETS[name] else 'MISSED'}")


if __name__ == "__main__":
    sys.exit(main())
