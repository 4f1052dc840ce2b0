"""An account that may not become root reads a host: what needs root is not evaluated and named, the rest is judged."""

import asyncio
import os
import subprocess

import pytest
from rule_cases import rules
from ssh_servers import Servers

from yiyun.compliance.model import State
from yiyun.evidence.hosts import probes, records
from yiyun.evidence.hosts.collect import collect
from yiyun.evidence.hosts.facts import HostFacts, Output
from yiyun.evidence.hosts.probe import Wanted
from yiyun.evidence.unknown import UnknownValue
from yiyun.operations.audit_parts.hosts import host_rules, judge, wanted_probes

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
"""Becomes somebody without rights, where the tests themselves have some."""
OPEN = sorted(name for name, probe in probes.load().items() if not probe.needs_root)
WANTED = wanted_probes(host_rules(rules().values()), deep=False)
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def said(name, prefix):
    """What a probe says here, as `prefix` makes it run."""
    done = subprocess.run(
        [*prefix, "/bin/sh", "-c", probes.load()[name].command],
        capture_output=True,
        check=False,
        timeout=60,
        cwd="/",
        env=ENVIRONMENT,
    )
    record = records.HostRecord(
        "here", "", sections={name: Output(done.stdout.decode(errors="replace"), done.returncode)}
    )
    return records.facts(record, {name: probes.load()[name]})[name]


def leaves(facts, path=""):
    if isinstance(facts, dict):
        for key, value in facts.items():
            yield from leaves(value, f"{path}.{key}")
    else:
        yield path, facts


@pytest.mark.parametrize("name", OPEN)
def test_what_needs_no_root_says_the_same_to_everybody_or_that_it_does_not_know(name):
    own, nobodys = said(name, []), said(name, NOBODY)
    if isinstance(nobodys, UnknownValue) or isinstance(own, UnknownValue):
        assert isinstance(nobodys, UnknownValue), "nobody sees what its owner does not"
        return
    known = dict(leaves(own))
    for path, value in leaves(nobodys):
        assert isinstance(value, UnknownValue) or value == known[path], path


def test_a_parameter_that_only_root_reads_is_not_taken_for_one_that_the_kernel_lacks():
    lines = "/proc/sys/net/ipv4/conf/all/rp_filter:1\n/proc/sys/net/ipv4/conf/default/rp_filter:1\n"
    parse = probes.load()["sysctls"].parse
    facts = parse(f"{lines}hidden:/proc/sys/fs/protected_hardlinks\n")
    assert isinstance(facts["values"]["fs.protected_hardlinks"], UnknownValue)
    assert facts["values"]["fs.protected_symlinks"] is None
    with pytest.raises(probes.Unreadable, match="rp_filter is read by root only"):
        parse(f"{lines}hidden:/proc/sys/net/ipv4/conf/eth0/rp_filter\n")


def test_the_command_names_what_it_may_not_read():
    """Which parameters are hidden differs between kernels; the environment of process 1 is root's everywhere."""
    command = probes.load()["sysctls"].command.replace("/proc/sys/fs/protected_hardlinks", "/proc/1/environ")
    done = subprocess.run(
        [*NOBODY, "/bin/sh", "-c", command], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    assert "hidden:/proc/1/environ" in done.stdout.splitlines()
    assert done.stdout.count("hidden:/proc/1/") == 1


async def host(process):
    """A host whose account has no rights: the command that SSH sends is really run."""
    script = await process.stdin.read()
    done = await asyncio.to_thread(
        subprocess.run,
        [*NOBODY, "/bin/sh", "-c", process.command],
        input=script,
        capture_output=True,
        check=False,
        cwd="/",
        env=ENVIRONMENT,
    )
    process.stdout.write(done.stdout)
    process.exit(done.returncode)


@pytest.fixture
def read(tmp_path):
    servers = Servers(tmp_path)
    servers.ssh("plain", host)

    def run(**options):
        wanted = Wanted(commands=tuple(WANTED[name].command for name in ("mounts", "packages", "sshd")), **options)
        return collect(servers.ssh_config, servers.known_hosts, {"plain": wanted})["plain"]

    yield run
    servers.close()


def test_an_account_without_rights_audits_what_it_may(read, tmp_path):
    found = read(as_root=False)
    assert (found.problem, found.root) == (None, False)
    records.save(tmp_path, records.record(found, WANTED, "2026-11-28T04:00:00+00:00"))
    kept = records.load_one(tmp_path / "plain")
    assert not kept.root
    facts = records.facts(kept, WANTED)
    assert facts["mounts"]["points"]["/"]
    assert "root only" in facts["sshd"].reason
    verdicts = {verdict.rule: verdict for verdict in judge(list(rules().values()), [kept]).verdicts}
    for rule in host_rules(rules().values()):
        if not rule.needs_site and not set(rule.probes) <= set(OPEN):
            assert verdicts[rule.id].state is State.NOT_EVALUATED, rule.id
    assert "root only" in verdicts["sshd_root_login"].message
    assert {verdict.state for verdict in verdicts.values()} & {State.PASS, State.FAIL}


def test_what_promises_to_become_root_is_refused_without(read):
    assert read().problem


def test_evidence_from_before_was_read_by_root(tmp_path):
    records.save(tmp_path, records.record(HostFacts("old"), {}, ""))
    path = tmp_path / "old" / "host.json"
    path.write_text(path.read_text().replace(' "root": true,\n', ""))
    assert "root" not in path.read_text()
    assert records.load_one(tmp_path / "old").root
