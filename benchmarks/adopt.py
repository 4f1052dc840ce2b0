"""First contact with 100 bare hosts at once, and again when they are adopted; beside it Ansible's own ping of them.

Run as root with the venv's Python: `.venv/bin/python benchmarks/adopt.py [number of hosts]`. The hosts are a lab of their own, taken
down at the end; none is emulated (one such host takes longer than all others together). Ansible cannot do a first contact (it needs Python on the host and a pinned key), so the peer of the
second round is its smallest task on the same, now adopted, hosts: one login each and nothing else to do.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from _recording import machine, write

from yiyun.lab.hosts import HostLab
from yiyun.paths import CHECKOUT
from yiyun.site import Site

FIRST_ADDED = 40
ZONES = ("az1", "az2", "az3")
FORKS = 50


def many_hosts(directory: Path, number: int) -> None:
    """Copy site `lab` and add Intel workers until it has `number` hosts."""
    shutil.copytree(CHECKOUT / "inventories" / "lab", directory)
    path = directory / "hosts.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    groups = content["all"]["children"]
    zones = groups["zones"]["children"]
    shipped = sum(len(zones[zone]["hosts"]) for zone in ZONES)
    for index in range(number - shipped):
        zone = ZONES[index % len(ZONES)]
        name = f"lab-{zone}-{10 + index}"
        zones[zone]["hosts"][name] = {
            "ansible_host": f"198.18.0.{FIRST_ADDED + index}",
            "yiyun_rack": f"{zone}-r1",
        }
        groups["hardware"]["children"]["intel"]["hosts"][name] = None
        groups["worker"]["hosts"][name] = None
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """Wall seconds, this machine's own CPU seconds of the command and its children, and stdout."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    done = subprocess.run(command, env=environment, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-3000:]}")
    return wall, cpu, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", nargs="?", type=int, default=100, help="hosts, 13 to 200")
    number = parser.parse_args().number
    if os.geteuid() != 0:
        sys.exit("root is needed: the hosts are real ones in network namespaces")
    root = Path(tempfile.mkdtemp(prefix="yiyun-adopt-"))
    environment = {**os.environ, "XDG_STATE_HOME": str(root / "state"), "COLUMNS": "160"}
    many_hosts(root / "lab", number + 1)
    loaded = Site.load(root / "lab")
    emulated = HostLab(loaded).emulated() or loaded.hosts[-1].name
    names = ",".join(host.name for host in loaded.hosts if host.name != emulated)
    yiyun, site = str(CHECKOUT / "yiyun"), ["--site", str(root / "lab"), "--hosts", names]
    rounds: dict[str, tuple[float, float, str]] = {}
    load = os.getloadavg()
    try:
        rounds["lab hosts up"] = timed([yiyun, "lab", "hosts", "up", *site], environment)
        rounds["adopt --check, bare"] = timed([yiyun, "hosts", "adopt", "--check", *site], environment)
        rounds["adopt, bare"] = timed([yiyun, "hosts", "adopt", *site], environment)
        rounds["adopt, again"] = timed([yiyun, "hosts", "adopt", *site], environment)
        exported = subprocess.run(
            [yiyun, "env", *site[:2]], env=environment, capture_output=True, text=True, check=True
        ).stdout
        ping = f'eval "$1"; exec ansible "$2" -m ping -f {FORKS}'
        rounds["ansible -m ping"] = timed(["sh", "-c", ping, "sh", exported, names], environment)
        agree = {
            "adopted": rounds["adopt, bare"][2].count("│ adopted"),
            "unchanged": rounds["adopt, again"][2].count("│ unchanged"),
            "pinged": rounds["ansible -m ping"][2].count("SUCCESS"),
        }
    finally:
        subprocess.run([yiyun, "lab", "hosts", "down", *site[:2]], env=environment, check=True)
        shutil.rmtree(root)
    if set(agree.values()) != {number}:
        sys.exit(f"not every host took part in every round, so the times say nothing: {agree} of {number}")
    result = {
        "machine": machine(),
        "hosts": number,
        "seconds": {name: round(wall, 1) for name, (wall, _, _) in rounds.items()},
        "controller_cpu_ms_per_host": {name: round(1000 * cpu / number, 1) for name, (_, cpu, _) in rounds.items()},
        "load_average": {"before": load, "after": os.getloadavg()},
        "hosts_per_second_adopted": round(number / rounds["adopt, bare"][0], 1),
        "ratio_ansible_ping_to_adopt_again": round(rounds["ansible -m ping"][0] / rounds["adopt, again"][0], 2),
        "agree": agree,
    }
    write("adopt", result)
    for name, (wall, cpu, _) in rounds.items():
        print(f"{name:24} {wall:7.1f} s   {1000 * cpu / number:6.1f} ms of this machine's processors per host")
    print(f"ansible -m ping / adopt again: {result['ratio_ansible_ping_to_adopt_again']}; {agree}")


if __name__ == "__main__":
    main()
