"""One host before and after playbooks/hosts.yml, judged by Lynis, by OpenSCAP with Debian's own content, and by yiyun.

    .venv/bin/python benchmarks/hardening_vs_peers.py [--site lab] [--host lab-az1-02]

Needs root. Boots one host of a lab of its own, adopts it, installs both tools on it from the lab's packages, runs them
and `./yiyun audit --deep`, hardens the host with all roles, and runs all three again. Prints what was evaluated, not applicable, not checked and failed,
and writes benchmarks/results/hardening_vs_peers.json, by rule id. Exit 1 when a finding remains that
docs/hardening-answers.md does not answer, when it answers one that does not remain, and when the roles have left
something to do.

Debian 12 has content for Debian 11 only, which calls every rule not applicable (and exits with 0): the run shows that
first, then goes on with a copy on the host whose check of the operating system asks for Debian 12.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import _answers
import _audit
import _lynis
import _openscap
from _recording import machine, write

from yiyun.lab.hosts import HostLab, limits
from yiyun.operations.hosts import access
from yiyun.paths import CHECKOUT
from yiyun.site import Site

YIYUN = str(CHECKOUT / "yiyun")
PACKAGES = ("lynis", "openscap-scanner", "ssg-debian")
PLACE = "/run/yiyun-peers"
"""Directory on the host for all that the tools read and write beside their packages; gone with the next boot."""
COUNTED = ("pass", "fail", "notapplicable", "notchecked", "error", "unknown", "informational", "without_result")


class Host:
    """The lab host that is judged, as root on it."""

    def __init__(self, site: Site, name: str) -> None:
        self.site, self.name, self.lab = site, name, HostLab(site)

    def run(self, script: str, stdin: str = "", good: tuple[int, ...] = (0,)) -> str:
        """Run a script of sh on the host and return its stdout; end the benchmark on another exit code."""
        command = [*self.lab.ssh_argv(self.name), f"sudo -n sh -c {shlex.quote(script)}"]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode not in good:
            sys.exit(f"{self.name}: {script}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done.stdout

    def put(self, name: str, content: str) -> str:
        """Write a file into PLACE; return its path."""
        path = f"{PLACE}/{name}"
        self.run(f"umask 077; mkdir -p {PLACE}; cat >{path}", content)
        return path


def main() -> int:
    """Judge, harden, judge again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", default="lab")
    parser.add_argument("--host", default="lab-az1-02", help="a host of the machine's own architecture")
    chosen = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("root is needed: the host is a real one in a network namespace")
    with tempfile.TemporaryDirectory(prefix="yb-") as scratch:
        directory = Path(scratch) / chosen.site
        shutil.copytree(CHECKOUT / "inventories" / chosen.site, directory)
        os.environ["XDG_STATE_HOME"] = str(Path(scratch) / "state")
        try:
            result = judged(Site.load(directory), chosen.host)
        finally:
            subprocess.run([CHECKOUT / "yiyun", "lab", "hosts", "down", "--site", directory], check=False)
    print_result(result)
    write("hardening_vs_peers", result)
    answers = _answers.read(_answers.PAGE.read_text(encoding="utf-8"))
    wrong = _answers.complaints(answers, result["remaining"], result["openscap"][_openscap.EVERY_RULE]["after"]["pass"])
    if result["left_to_do"]:
        wrong.append(f"the roles have left something to do: {result['left_to_do']}")
    for complaint in wrong:
        print(f"  {complaint}")
    return 1 if wrong else 0


def judged(site: Site, name: str) -> dict[str, Any]:
    """Bring the host up, give it the tools, and compare."""
    only = ["--site", str(site.path), "--hosts", name]
    step("boot", [YIYUN, "lab", "hosts", "up", *only])
    step("adopt", [YIYUN, "hosts", "adopt", *only])
    host = Host(site, name)
    install(host)
    return compared(host)


def compared(host: Host) -> dict[str, Any]:
    """Judge an adopted host that has the tools, harden it, judge it again."""
    site, name = host.site, host.name
    content = host.run(f"cat {_openscap.CONTENT}")
    files = {
        "content": host.put("content.xml", _openscap.for_debian_12(content)),
        "tailored": host.put("tailoring.xml", _openscap.tailoring(content)),
        "output": f"{PLACE}/results.xml",
    }
    selected = {_openscap.short(rule) for rule in _openscap.rules(content)}
    unedited = {
        scope: counts(scan(host, scope, {**files, "content": _openscap.CONTENT}, selected)[0])
        for scope in _openscap.SCOPES
        if scope != _openscap.EVERY_RULE
    }
    before = judge(host, files, selected)
    playbook = ["ansible-playbook", "-i", str(site.path), "playbooks/hosts.yml", "--limit", name]
    hardening = step("harden", playbook, access.environment(site))
    after = judge(host, files, selected)
    plan = [YIYUN, "hosts", "plan", "--site", str(site.path), "--hosts", name]
    left = subprocess.run(plan, capture_output=True, text=True, check=False)
    remaining = {
        "yiyun": sorted(_audit.findings(after["yiyun"])),
        "lynis": sorted(after["lynis"].findings),
        "openscap": sorted(set().union(*(_openscap.remaining(found) for found in after["openscap"].values()))),
    }
    return {
        **machine(),
        "host": name,
        "system": host.run(". /etc/os-release; echo $NAME $(cat /etc/debian_version)").strip(),
        "lacks": sorted(limits.lacking(host.lab.limits())),
        "versions": dict(line.split() for line in host.run(f"dpkg-query -W {' '.join(PACKAGES)}").splitlines()),
        "hardening_seconds": round(hardening, 1),
        "left_to_do": left.stdout[-2000:] if left.returncode else "",
        "openscap_unedited": unedited,
        "seconds": {"before": before["seconds"], "after": after["seconds"]},
        "openscap": {
            scope: {"before": before["openscap"][scope], "after": after["openscap"][scope]}
            for scope in _openscap.SCOPES
        },
        "yiyun": {"before": before["yiyun"], "after": after["yiyun"]},
        "lynis": {when: vars(found["lynis"]) for when, found in (("before", before), ("after", after))},
        "remaining": remaining,
    }


def install(host: Host) -> None:
    """Install the tools from the lab's packages, leaving the host's own sources of packages alone."""
    sources = host.put("sources.list", f"deb [trusted=yes] {host.lab.repository_url} ./\n")
    options = f"-o Dir::Etc::SourceList={sources} -o Dir::Etc::SourceParts=/dev/null"
    options += f" -o Dir::State::lists={PLACE}/lists -o APT::Sandbox::User=root"
    install_them = f"install --yes --no-install-recommends {' '.join(PACKAGES)}"
    started = time.monotonic()
    host.run(
        f"mkdir -p {PLACE}/lists/partial && apt-get {options} update"
        f" && DEBIAN_FRONTEND=noninteractive apt-get {options} {install_them} && apt-get clean"
    )
    progress(f"installed {', '.join(PACKAGES)}", started)


def judge(host: Host, files: dict[str, str], selected: set[str]) -> dict[str, Any]:
    """Run the tools once over the host as it is."""
    found: dict[str, Any] = {"openscap": {}, "seconds": {}}
    for scope in _openscap.SCOPES:
        found["openscap"][scope], found["seconds"][scope] = scan(host, scope, files, selected)
    started = time.monotonic()
    report, log = f"{PLACE}/lynis.dat", f"{PLACE}/lynis.log"
    host.run(f"rm -f {report} {log}; {_lynis.COMMAND.format(report=report, log=log)}")
    found["lynis"] = _lynis.read(host.run(f"cat {report}"))
    found["seconds"]["lynis"] = progress("Lynis", started)
    started = time.monotonic()
    found["yiyun"] = _audit.judge(host.site.path, host.name)
    found["seconds"]["yiyun"] = progress("yiyun audit --deep", started)
    return found


def scan(host: Host, scope: str, files: dict[str, str], selected: set[str]) -> tuple[dict[str, list[str]], float]:
    """Results of OpenSCAP for one scope, and its seconds."""
    started = time.monotonic()
    command = _openscap.argv(files["content"], scope, files["tailored"], files["output"])
    host.run(f"rm -f {files['output']}; {command} >/dev/null", good=(0, 2))
    results = _openscap.results(host.run(f"cat {files['output']}"))
    if scope == _openscap.EVERY_RULE:
        silent = selected.difference(*results.values())
        results |= {"without_result": sorted(silent)} if silent else {}
    return results, progress(f"OpenSCAP {scope}: {counts(results)}", started)


def counts(results: dict[str, list[str]]) -> dict[str, int]:
    """Number of rules by result."""
    return {result: len(results[result]) for result in COUNTED if results.get(result)}


def step(what: str, argv: list[str], environment: dict[str, str] | None = None) -> float:
    """Run a command in the checkout and return its seconds; end the benchmark when it fails."""
    started = time.monotonic()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **(environment or {}), "PATH": path}
    done = subprocess.run(argv, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{what}: {' '.join(argv)}\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}")
    return progress(f"{what}: {' '.join(argv)}", started)


def progress(what: str, started: float) -> float:
    """Say on stderr what was done; return how long it took, in seconds."""
    seconds = round(time.monotonic() - started, 1)
    print(f"{seconds:7.1f} s  {what}", file=sys.stderr)
    return seconds


def print_result(result: dict[str, Any]) -> None:
    """Print before beside after, then what was mended, what remains, and what got worse."""
    print(
        f"{result['host']}, {result['system']}, hardened by all roles of playbooks/hosts.yml; it lacks {', '.join(result['lacks'])}"
    )
    print(f"  {'OpenSCAP':24} {'':7} evaluated  failed  not applicable  not checked")
    for scope, both in result["openscap"].items():
        for when, results in both.items():
            number = {kind: len(rules) for kind, rules in results.items()}
            failed = sum(number.get(kind, 0) for kind in ("fail", "error", "unknown"))
            evaluated = number.get("pass", 0) + failed
            print(
                f"  {scope:24} {when:7} {evaluated:9} {failed:7} {number.get('notapplicable', 0):15}"
                f" {number.get('notchecked', 0) + number.get('without_result', 0):12}"
            )
    print(f"  content as Debian ships it: {result['openscap_unedited']}")
    for when, found in result["lynis"].items():
        print(
            f"  Lynis {when:7} index {found['index']:3}, {len(found['executed'])} tests executed,"
            f" {len(found['skipped'])} not applicable, {len(found['warnings'])} warnings,"
            f" {len(found['suggestions'])} suggestions"
        )
    for when, found in result["yiyun"].items():
        for what, by_state in found.items():
            print(f"  yiyun {when:7} {what}: {', '.join(f'{len(ids)} {state}' for state, ids in by_state.items())}")
    for tool, (old, new) in findings(result).items():
        print(f"  {tool}: {len(old - new)} mended: {', '.join(sorted(old - new))}")
        print(f"  {tool}: {len(new)} remain: {', '.join(sorted(new))}")
        if new - old:
            print(f"  {tool}: {len(new - old)} only after hardening: {', '.join(sorted(new - old))}")


def findings(result: dict[str, Any]) -> dict[str, tuple[set[str], set[str]]]:
    """By tool, what did not show the host to be right before, and after."""
    lynis = result["lynis"]
    both = [{*lynis[when]["warnings"], *lynis[when]["suggestions"]} for when in ("before", "after")]
    scap = [
        set().union(*(_openscap.remaining(found[when]) for found in result["openscap"].values()))
        for when in ("before", "after")
    ]
    own = [_audit.findings(result["yiyun"][when]) for when in ("before", "after")]
    return {"OpenSCAP": (scap[0], scap[1]), "Lynis": (both[0], both[1]), "yiyun": (own[0], own[1])}


if __name__ == "__main__":
    sys.exit(main())
