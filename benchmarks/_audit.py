"""yiyun's own audit of one host, deep tier included: its rules on that host by state, and clauses by state."""

import json
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from yiyun.compliance.clauses import clause_state
from yiyun.compliance.model import State
from yiyun.paths import CHECKOUT

OPEN = ("fail", "waived", "not_evaluated")
"""States of a rule that do not show the host to be right."""


def judge(site: Path, host: str) -> dict[str, dict[str, list[str]]]:
    """Ids by state of the rules about this host, of the clauses as these rules alone leave them, and of all clauses.

    The last are those of the whole site, of which nothing but its description and this host was looked at. Raises
    ValueError when the audit was no audit.
    """
    with tempfile.TemporaryDirectory(prefix="yiyun-audit-") as scratch:
        out = Path(scratch) / "audit"
        argv = [str(CHECKOUT / "yiyun"), "audit", "--site", str(site), "--hosts", host, "--deep"]
        done = subprocess.run(
            [*argv, "--out", str(out), "--format", "json", "--all"],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            raise ValueError(f"{' '.join(argv)}: exit {done.returncode}\n{done.stderr[-2000:]}")
        clauses = json.loads((out / "clauses.json").read_text(encoding="utf-8"))["clauses"]
    return read(json.loads(done.stdout)["findings"], clauses, host)


def read(
    findings: Iterable[dict[str, Any]], clauses: Iterable[dict[str, Any]], host: str
) -> dict[str, dict[str, list[str]]]:
    """Sort what the audit reported."""
    rules: dict[str, set[str]] = {}
    seen: dict[str, set[State]] = {}
    for finding in findings:
        if finding["resource"]["host"] == host:
            rules.setdefault(finding["state"], set()).add(finding["rule"])
            for clause in finding["clauses"]:
                seen.setdefault(clause, set()).add(State(finding["state"]))
    return {
        "rules": {state: sorted(ids) for state, ids in sorted(rules.items())},
        "clauses of the host": _by_state((clause, clause_state(states).value) for clause, states in seen.items()),
        "clauses of the site": _by_state((clause["clause"], clause["state"]) for clause in clauses),
    }


def _by_state(clauses: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for clause, state in sorted(clauses):
        found.setdefault(state, []).append(clause)
    return found


def findings(judged: dict[str, dict[str, list[str]]]) -> set[str]:
    """Rules that do not show the host to be right."""
    return {rule for state in OPEN for rule in judged["rules"].get(state, ())}
