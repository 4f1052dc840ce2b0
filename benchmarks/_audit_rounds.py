"""The part of audit_vs_peers.py that runs in the lab's network: JSON on stdout, progress on stderr.

    python benchmarks/_audit_rounds.py SITE ROUNDS NAME...

Reads the first of the hosts in all ways in turn, ROUNDS times, then all of them twice. The hosts' addresses must be
reachable from here, and the site's ssh_config must say so.
"""

import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import testinfra  # type: ignore[import-untyped]
import yaml

from yiyun.compliance.engine import Result
from yiyun.compliance.loader import load_rules
from yiyun.compliance.rule import Rule
from yiyun.evidence.hosts.facts import Output
from yiyun.evidence.hosts.probes import Probe
from yiyun.evidence.hosts.records import HostRecord, Saved, load_one
from yiyun.lab.hosts import HostLab, cgroups
from yiyun.operations.audit_parts import hosts
from yiyun.operations.hosts import access
from yiyun.paths import CHECKOUT
from yiyun.site import Site

PACK = CHECKOUT / "policies" / "mlps3"
AS_THE_COLLECTOR = (
    "LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export LC_ALL PATH; cd /"
)
"""What the collector's script begins with, for the peers' commands."""


def main() -> None:
    """Measure, and print what was found."""
    directory, rounds, *names = sys.argv[1:]
    site, rules = Site.load(Path(directory)), load_rules(PACK)
    with tempfile.TemporaryDirectory(prefix="yb-") as scratch:  # short: ssh makes sockets below it
        found = {"one": one_host(site, rules, names[0], int(rounds), Path(scratch)), "many": many(site, rules, names)}
    json.dump(found, sys.stdout)


def one_host(site: Site, rules: tuple[Rule, ...], name: str, rounds: int, scratch: Path) -> dict[str, Any]:
    """Seconds of each way to read a host, one after the other in each round, and whether the verdicts agree."""
    probes = hosts.wanted_probes(hosts.host_rules(rules), deep=False)
    config, shared, sockets = access.config_file(site), scratch / "ssh_config", scratch / "cp"
    sockets.mkdir()
    shared.write_text(f"Host *\n    ControlPath {sockets}/%C\n{config.read_text(encoding='utf-8')}", encoding="utf-8")
    playbook = scratch / "reads.yml"
    playbook.write_text(yaml.safe_dump([play(probes)]), encoding="utf-8")
    kept: dict[str, Any] = {}
    ways: dict[str, Callable[[], object]] = {
        "ssh host true": lambda: run(["ssh", "-F", str(config), name, "true"]),
        "connect to verdict": lambda: kept.update(yiyun=verdicts(site, rules, [name])),
        "connect to verdict, deep": lambda: verdicts(site, rules, [name], deep=True),
        "./yiyun audit": lambda: audit(site, [name]),
        "testinfra": lambda: kept.update(testinfra=asked(name, config, probes)),
        "testinfra, ControlPath": lambda: asked(name, shared, probes),
        "ansible-playbook": lambda: played(site, name, playbook, sockets),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(1, rounds + 1):
        for way, call in ways.items():
            started = time.monotonic()
            try:
                call()
                seconds[way].append(round(time.monotonic() - started, 4))
            finally:
                hang_up(sockets)
        tell(f"round {turn} of {rounds}: {', '.join(f'{way} {each[-1]:.2f} s' for way, each in seconds.items())}")
    result, record = kept["yiyun"]
    peer = hosts.judge(rules, [replace(record, sections=kept["testinfra"])], site)
    return {
        "host": name,
        "families": len(probes),
        "rules": len(result.verdicts),
        "seconds": seconds,
        "verdicts": result.summary(),
        "disagreements": disagreements(result, peer),
    }


def verdicts(site: Site, rules: tuple[Rule, ...], names: list[str], *, deep: bool = False) -> tuple[Result, HostRecord]:
    """All verdicts on these hosts, as `./yiyun audit` gets them, and the record of the first."""
    with tempfile.TemporaryDirectory(prefix="yb-") as kept:
        hosts.read(site, names, rules, Path(kept), lambda _: None, deep=deep)
        result = hosts.judge(rules, Saved(Path(kept)), site)
        record = load_one(Path(kept) / names[0])
    if record.problem is not None or result.objects != len(names):
        sys.exit(f"{names[0]}: {record.problem}; {result.objects} of {len(names)} hosts were read")
    return result, record


def disagreements(ours: Result, theirs: Result) -> list[str]:
    """Rules that say another thing of what the peer read, with both states."""
    states = {verdict.rule: verdict.state for verdict in theirs.verdicts}
    pairs = [(verdict.rule, verdict.state, states.get(verdict.rule)) for verdict in ours.verdicts]
    return [f"{rule}: {mine}, {yours}" for rule, mine, yours in pairs if mine is not yours]


def asked(name: str, config: Path, probes: Mapping[str, Probe]) -> dict[str, Output]:
    """What testinfra reads: one command for each of the collector's, as root."""
    host = testinfra.get_host(f"ssh://{name}", ssh_config=str(config), sudo=True)
    found = {}
    for probe, each in probes.items():
        done = host.run(f"{AS_THE_COLLECTOR}\n{each.command}")
        found[probe] = Output(done.stdout_bytes.decode("utf-8", "surrogateescape"), done.rc)
    return found


def play(probes: Mapping[str, Probe]) -> dict[str, Any]:
    """A play of one task for each of the collector's commands, and Ansible's own facts."""
    tasks = [
        {"name": probe, "ansible.builtin.shell": f"{AS_THE_COLLECTOR}\n{each.command}", "failed_when": False}
        for probe, each in probes.items()
    ]
    return {"hosts": "all", "become": True, "gather_facts": True, "tasks": tasks}


def played(site: Site, name: str, playbook: Path, sockets: Path) -> None:
    """Run the play on the host, with a connection that is kept open for all its tasks."""
    environment = access.environment(site) | {"ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets)}
    arguments = f"-F {shlex.quote(str(access.config_file(site)))} -o ControlMaster=auto -o ControlPersist=60s"
    argv = ["ansible-playbook", "-i", str(site.path), "--limit", name, str(playbook)]
    run(argv, environment=environment | {"ANSIBLE_SSH_ARGS": arguments})


def hang_up(sockets: Path) -> None:
    """End the connections that were kept open, so that every way begins cold."""
    for socket in sockets.iterdir():
        subprocess.run(["ssh", "-S", socket, "-O", "exit", "-"], capture_output=True, check=False)


def many(site: Site, rules: tuple[Rule, ...], names: list[str]) -> dict[str, Any]:
    """All hosts, read and judged twice in this process, and by the whole command."""
    found: dict[str, Any] = {}
    for turn in ("cold", "again"):
        with tempfile.TemporaryDirectory(prefix="yb-") as kept:
            with spent(site) as reading:
                hosts.read(site, names, rules, Path(kept), lambda _: None, deep=False)
            with spent(site) as judging:
                result = hosts.judge(rules, Saved(Path(kept)), site)
            unread = [record.name for record in Saved(Path(kept)) if record.problem is not None]
        if unread or result.objects != len(names):
            sys.exit(f"not every host was read, so the times say nothing: {', '.join(unread)}")
        found[turn] = {"read": reading, "judge": judging}
        tell(f"{len(names)} hosts, {turn}: read in {reading['seconds']} s, judged in {judging['seconds']} s")
    with spent(site) as command:
        audit(site, names)
    tell(f"{len(names)} hosts, ./yiyun audit: {command['seconds']} s")
    return {**found, "./yiyun audit": {"all": command}}


@contextmanager
def spent(site: Site) -> Iterator[dict[str, float]]:
    """Seconds on the clock, of CPU in this process with its children, and of CPU in the lab's hosts."""
    found: dict[str, float] = {}
    started, own, theirs = time.monotonic(), cpu(), cpu_of_hosts(site)
    yield found
    found["seconds"] = round(time.monotonic() - started, 2)
    found["controller_cpu_seconds"] = round(cpu() - own, 3)
    found["hosts_cpu_seconds"] = round(cpu_of_hosts(site) - theirs, 2)


def cpu() -> float:
    """Seconds of CPU, user and system, of this process and of the children that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def cpu_of_hosts(site: Site) -> float:
    """Seconds of CPU that the lab's hosts have used since they booted, by their cgroups (v2, or beside v1)."""
    prefix = f"{cgroups.PREFIX}{HostLab(site).id}-"
    stats = [path / "cpu.stat" for path in cgroups.find(lambda name: name.startswith(prefix))]
    used = [stat.read_text(encoding="ascii").split() for stat in stats if stat.is_file()]
    return sum(int(words[words.index("usage_usec") + 1]) for words in used if "usage_usec" in words) / 1e6


def audit(site: Site, names: list[str]) -> None:
    """The whole command, interpreter and report included; what it finds is not judged here."""
    run([str(CHECKOUT / "yiyun"), "audit", "--site", str(site.path), "--hosts", ",".join(names)], good=(0, 1))


def run(argv: list[str], environment: Mapping[str, str] | None = None, good: tuple[int, ...] = (0,)) -> None:
    """Run a command in the checkout; end when it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **(environment or {}), "PATH": path}
    done = subprocess.run(argv, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
    if done.returncode not in good:
        sys.exit(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}")


def tell(text: str) -> None:
    """Say how far it is."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
