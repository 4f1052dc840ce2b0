"""PAM stacks as libpam walks them: includes resolved, and each module's answer followed to what the whole stack says.

Source: pam.conf(5) and the modules' own pages. `walk` is given what every module answers and tells which modules were
asked and whether the stack lets the person in.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from yiyun.evidence.hosts.probes import Unreadable

DEEPEST = 16
"""libpam itself refuses deeper includes."""
CONTROLS = {
    "required": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "bad"},
    "requisite": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "die"},
    "sufficient": {"success": "done", "new_authtok_reqd": "done", "default": "ignore"},
    "optional": {"success": "ok", "new_authtok_reqd": "ok", "default": "ignore"},
}


@dataclass(frozen=True)
class Line:
    """One module of a stack."""

    module: str
    """Without directory and `.so`: `pam_unix`."""
    arguments: tuple[str, ...]
    actions: Mapping[str, str] = field(compare=False)
    there: bool = True
    """False: the host has no such module, which libpam takes for the answer `module_unknown`."""


@dataclass(frozen=True)
class Sub:
    """A substack: `done` and `die` end it alone, jumps stay inside of it."""

    entries: tuple["Line | Sub", ...]


Entry = Line | Sub
Answers = Callable[[Line], str]
"""What a module answers: `success`, `ignore`, `auth_err` or another name of pam.conf(5)."""


@dataclass(frozen=True)
class Directory:
    """/etc/pam.d of a host."""

    files: Mapping[str, Sequence[str]]
    """Lines without comments, by name of the file."""
    modules: frozenset[str] | None = None
    """Modules that the host has; None: nobody looked."""

    def has(self, path: str) -> bool:
        """Whether a module is there, as far as anybody looked."""
        return self.modules is None or path.startswith("/") or _module(path) in self.modules


def stack(given: Directory, service: str, kind: str) -> tuple[Entry, ...]:
    """The stack of one kind (auth, account, password, session) of a service; `other` where it has no file.

    Raises Unreadable for what libpam would refuse.
    """
    name = service if service in given.files else "other"
    entries = tuple(_entries(given, name, kind, 0))
    return entries or (tuple(_entries(given, "other", kind, 0)) if name != "other" and "other" in given.files else ())


def _entries(given: Directory, name: str, kind: str, depth: int) -> Iterator[Entry]:
    name = name.removeprefix("/etc/pam.d/")
    if depth > DEEPEST:
        raise Unreadable(f"includes of {name} are too deep")
    if name not in given.files:
        raise Unreadable(f"the PAM file {name} is included and missing")
    for text in given.files[name]:
        if match := re.fullmatch(r"@include\s+(\S+)", text):
            yield from _entries(given, match[1], kind, depth + 1)
            continue
        match = re.fullmatch(r"-?(\w+)\s+(\[[^\]]*\]|\S+)\s+(\S+)\s*(.*)", text)
        if match is None:
            raise Unreadable(f"the PAM file {name} has a line that libpam would refuse")
        if match[1].lower() != kind:
            continue
        control = match[2].lower()
        if control == "include":
            yield from _entries(given, match[3], kind, depth + 1)
        elif control == "substack":
            yield Sub(tuple(_entries(given, match[3], kind, depth + 1)))
        else:
            arguments = tuple(_arguments(match[4]))
            yield Line(_module(match[3]), arguments, _actions(control, name), given.has(match[3]))


def _module(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".so")


def _arguments(text: str) -> list[str]:
    return [each[1:-1] if each.startswith("[") else each for each in re.findall(r"\[[^\]]*\]|\S+", text)]


def _actions(control: str, name: str) -> Mapping[str, str]:
    if control in CONTROLS:
        return CONTROLS[control]
    if not control.startswith("["):
        raise Unreadable(f"the PAM file {name} has the control {control!r:.30}")
    found = dict(part.split("=", 1) for part in control.strip("[]").split() if "=" in part)
    if not found or any(not re.fullmatch(r"ignore|bad|die|ok|done|reset|\d+", action) for action in found.values()):
        raise Unreadable(f"the PAM file {name} has a control in brackets that libpam would refuse")
    return found


@dataclass
class Walk:
    """What became of one walk."""

    asked: list[Line] = field(default_factory=list)
    """Modules in the order in which they were asked."""
    passes: bool = False
    """Whether the stack as a whole lets the person in."""


def walk(entries: Sequence[Entry], answers: Answers) -> Walk:
    """Walk a stack as libpam's dispatcher does."""
    found = Walk()
    state = _State()
    _run(entries, answers, found, state)
    found.passes = state.impression == "positive" and state.status == "success"
    return found


@dataclass
class _State:
    impression: str = "undefined"
    status: str = "must_fail"

    @property
    def open(self) -> bool:
        """Whether a later module may still change it."""
        return self.impression == "undefined" or (self.impression == "positive" and self.status == "success")


def _run(entries: Sequence[Entry], answers: Answers, found: Walk, state: _State) -> None:
    """Run the entries of a stack or substack until they end or one of them ends it."""
    began = (state.impression, state.status)
    skip = 0
    for entry in entries:
        if skip:
            skip -= 1
            continue
        if isinstance(entry, Sub):
            _run(entry.entries, answers, found, state)
            continue
        if entry.there:
            found.asked.append(entry)
        answer = answers(entry) if entry.there else "module_unknown"
        action = entry.actions.get(answer, entry.actions.get("default", "bad"))
        if action.isdigit():
            skip = int(action)
            if state.open and answer != "ignore" and (state.impression == "positive" or answer == "success"):
                state.impression, state.status = "positive", answer
        elif action == "reset":
            state.impression, state.status = began
        elif action in ("ok", "done"):
            if state.open and answer != "ignore":
                state.impression, state.status = "positive", answer
            if action == "done" and state.impression == "positive":
                return
        elif action in ("bad", "die"):
            if state.impression != "negative":
                state.impression, state.status = "negative", "must_fail" if answer in ("success", "ignore") else answer
            if action == "die":
                return
    if skip:  # a jump behind the end
        state.impression, state.status = "negative", "must_fail"
