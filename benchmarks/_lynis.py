"""Lynis: its report file, finding by finding."""

import re
from dataclasses import dataclass

COMMAND = "lynis audit system --quick --no-colors --quiet --logfile {log} --report-file {report}"
_SETTING = re.compile(r"(\S+) \(set ")
_SUBJECT = re.compile(r"'([^']+)'|(?<!\S)(/[\w./-]*\w)|\b(maximum|minimum)\b")
"""What a finding is about, where several share one test: a quoted word, a path, which end of a range."""


@dataclass(frozen=True)
class Report:
    """What one run found."""

    index: int
    """The tool's own hardening index, 0 to 100."""
    executed: tuple[str, ...]
    skipped: tuple[str, ...]
    """Tests, by id. Skipped: not for this system, or something that they look at is not there."""
    warnings: tuple[str, ...]
    suggestions: tuple[str, ...]
    """Findings: the test's id and, where that does not tell them apart, what it is about."""

    @property
    def findings(self) -> set[str]:
        """Warnings and suggestions."""
        return {*self.warnings, *self.suggestions}


def read(text: str) -> Report:
    """Read a report file. Raises ValueError where it is not whole."""
    values: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            values.setdefault(key, []).append(value)
    try:
        return Report(
            index=int(values["hardening_index"][-1]),
            executed=_tests(values["tests_executed"]),
            skipped=_tests(values["tests_skipped"]),
            warnings=tuple(sorted({_finding(value) for value in values.get("warning[]", ())})),
            suggestions=tuple(sorted({*_settings(values), *map(_finding, values.get("suggestion[]", ()))})),
        )
    except KeyError as error:
        raise ValueError(f"the report of Lynis has no {error}: the run did not come to its end") from None


def _tests(values: list[str]) -> tuple[str, ...]:
    return tuple(sorted(test for value in values for test in value.split("|") if test))


def _finding(value: str) -> str:
    """`test|what was found|details|...` as `test` or `test subject`."""
    test, message, details, *_ = [*value.split("|"), "", ""]
    setting = _SETTING.match(details)
    subject = setting or _SUBJECT.search(message)
    return f"{test} {next(filter(None, subject.groups()))}" if subject else test


def _settings(values: dict[str, list[str]]) -> set[str]:
    """Settings of the kernel that differ from what the tool prefers: its suggestion does not name them."""
    found = set()
    for value in values.get("details[]", ()):
        test, service, details, *_ = [*value.split("|"), "", ""]
        named = dict(field.partition(":")[::2] for field in details.split(";"))
        if service == "sysctl":
            found.add(f"{test} {named['field']}")
    return found
