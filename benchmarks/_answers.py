"""docs/hardening-answers.md: why a finding of another scanner stays on a hardened host, one row per reason."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from yiyun.paths import CHECKOUT

PAGE = CHECKOUT / "docs" / "hardening-answers.md"
TOOLS = {"OpenSCAP": "openscap", "Lynis": "lynis", "yiyun": "yiyun"}
"""Heading of the page, and name in the recorded result."""
_CELLS = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Answer:
    """One row of the page."""

    line: int
    findings: tuple[str, ...]
    why: str
    instead: str

    @property
    def of_the_machine(self) -> bool:
        """Whether it tells of what a lab host shares with the machine below, which differs from machine to machine."""
        return self.why.startswith("lab")


def read(page: str) -> dict[str, list[Answer]]:
    """Answers by tool. Raises ValueError with the line of a row that is not whole."""
    found: dict[str, list[Answer]] = {tool: [] for tool in TOOLS.values()}
    tool = None
    for number, line in enumerate(page.splitlines(), 1):
        if line.startswith("## "):
            tool = TOOLS.get(line.removeprefix("## ").strip())
        elif tool and line.startswith("| `"):
            cells = [cell.strip() for cell in _CELLS.split(line.strip())[1:-1]]
            findings = tuple(_CODE.findall(cells[0]))
            if len(cells) != 3 or not findings or not all(cells):
                raise ValueError(
                    f"{PAGE.name}:{number}: write | `finding`, ... | why it stays | what covers it instead |"
                )
            found[tool].append(Answer(number, findings, cells[1], cells[2]))
    return found


def named(answers: list[Answer]) -> dict[str, int]:
    """Line of each finding that is answered. Raises ValueError for one that is answered twice."""
    lines: dict[str, int] = {}
    for answer in answers:
        for finding in answer.findings:
            if finding in lines:
                raise ValueError(f"{PAGE.name}:{answer.line}: {finding} is answered in line {lines[finding]} already")
            lines[finding] = answer.line
    return lines


def complaints(
    answers: Mapping[str, list[Answer]], remaining: Mapping[str, Collection[str]], passed: Collection[str]
) -> list[str]:
    """What is wrong with the page beside one run: findings without an answer, answers without a finding, false claims.

    `remaining`: what the run left, by tool. `passed`: rules of OpenSCAP that pass; a row that names another rule of
    OpenSCAP in its answer as one that passes is wrong. A finding that the machine below a lab host decides may be there
    or not.
    """
    wrong = []
    for tool, findings in remaining.items():
        lines = named(answers[tool])
        wrong += [
            f"{tool}: {finding} remains: mend it in a role, or say why not in docs/{PAGE.name}"
            for finding in sorted(set(findings) - set(lines))
        ]
        wrong += [
            f"docs/{PAGE.name}:{answer.line}: {tool} does not find {finding} any more: take the answer out"
            for answer in answers[tool]
            for finding in answer.findings
            if finding not in findings and not answer.of_the_machine
        ]
    for answer in (answer for listed in answers.values() for answer in listed):
        for claim in re.findall(r"((?:`[\w-]+`(?:, | and )?)+) pass(?:es)?\b", f"{answer.why} {answer.instead}"):
            wrong += [
                f"docs/{PAGE.name}:{answer.line}: {rule} does not pass"
                for rule in _CODE.findall(claim)
                if rule not in passed
            ]
    return wrong
