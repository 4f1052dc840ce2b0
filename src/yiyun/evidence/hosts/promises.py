"""What a role promises of a host: the published form of `<role>_promises` in roles/<role>/vars/main.yml.

The role itself applies them (roles/keep), `plan` compares them with a host, tests and rules read them. Every value may
be a Jinja template over the role's defaults, the inventory's variables, `yiyun_os`, `yiyun_host` and `yiyun_site`.
docs/roles.md shows how to write them.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

SafePath = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._@%+:,=~/-]*$", max_length=1000)]
"""An absolute path of harmless characters: it is put into a shell script and read back from output."""
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.][A-Za-z0-9._+:@-]*$", max_length=200)]
"""A name of a package, account or group."""
UnitName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_.@:\\-]+\.(service|socket|timer|path|target|mount|slice)$", max_length=200),
]
Mode = Annotated[str, StringConstraints(pattern=r"^[0-7]{4}$")]
"""Four octal digits in quotes: YAML reads a bare 0644 as a number."""
SysctlKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+([./][A-Za-z0-9_:@-]+)+$")]
Capability = Literal[
    "kernel_audit",
    "kernel_sysctl",
    "clock",
    "block_devices",
    "network_cards",
    "modules",
    "core_pattern",
    "usb",
    "tpm",
    "lsm",
    "packet_filter",
]
"""What a container cannot show and a machine can (`packet_filter`: what an emulated one cannot).

What needs one of them is `not proven live` on a host without it.
"""


def _text(value: Any) -> Any:
    """Accept a number where text is wanted: templates give numbers back as numbers."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_text)]


class Part(BaseModel):
    """Base of everything promised: closed, so that a misspelled key is refused, and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Item(Part):
    """One promise."""

    when: bool = True
    """False: not promised on this host."""
    needs: Capability | None = None
    """Without this capability the promise is neither applied nor judged, and counted as not proven live."""


class File(Item):
    """A regular file. With neither `template` nor `content` only its presence, owner and mode are promised."""

    path: SafePath
    template: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]+\.j2$")] | None = None
    """File below the role's templates/."""
    content: Text | None = None
    owner: Word = "root"
    group: Word = "root"
    mode: Mode = "0644"
    validate_with: Annotated[str | None, Field(alias="validate")] = None
    """Command that must accept the new content before it replaces the old; `%s` stands for the temporary file."""
    secret: bool = False
    """Keeps the content out of every output."""

    @model_validator(mode="after")
    def _one_source(self) -> "File":
        if self.template is not None and self.content is not None:
            raise ValueError("has template and content; write one of them")
        if self.validate_with is not None and "%s" not in self.validate_with:
            raise ValueError("validate has no %s for the file to check")
        return self


class Directory(Item):
    """A directory."""

    path: SafePath
    owner: Word = "root"
    group: Word = "root"
    mode: Mode = "0755"
    packaged: bool = False
    """A package of the role brings it as promised, so that check mode does not foretell it for a run that installs."""


class Link(Item):
    """A symbolic link."""

    path: SafePath
    target: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@%+:,=~/-]+$")]


class Line(Item):
    """One line of a file that somebody else owns: the line is there once, and no other line matches `match`."""

    path: SafePath
    line: Annotated[str, StringConstraints(pattern=r"^[^\n\r]*$")]
    match: str
    """Python regular expression for the line's earlier forms; it must match `line` too."""
    after: str | None = None
    """Regular expression of the line to put it behind; without it a new line goes to the end."""
    before: str | None = None

    @model_validator(mode="after")
    def _matches_itself(self) -> "Line":
        try:
            matched = re.search(self.match, self.line)
        except re.error as error:
            raise ValueError(f"match is not a regular expression: {error}") from None
        if not matched:
            raise ValueError("match does not match line: every run would add the line again")
        if self.after is not None and self.before is not None:
            raise ValueError("has after and before; write one of them")
        return self


class Unit(Item):
    """A systemd unit."""

    name: UnitName
    enabled: bool | None = None
    active: bool | None = None
    masked: bool = False
    reads: tuple[SafePath, ...] = ()
    """Files and directories that it reads when it starts: when one has changed since, it is restarted or reloaded.

    This holds for changes by anybody, and for a run that was killed between its write and the restart.
    """
    on_change: Literal["restart", "reload"] = "restart"
    check: str | None = None
    """Command that must succeed before a restart or reload."""
    guard: str | None = None
    """Command run right before a restart or reload, such as one that arms a timer which takes the change back."""

    @field_validator("reads", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _sane(self) -> "Unit":
        if self.masked and (self.enabled or self.active or self.reads):
            raise ValueError("is masked: it cannot be enabled, active or restarted too")
        if not self.masked and self.enabled is None and self.active is None and not self.reads:
            raise ValueError("promises nothing; write enabled, active, masked or reads")
        return self


class Group(Item):
    """A local group."""

    name: Word
    gid: int | None = None
    system: bool = False


class Account(Item):
    """A local account. Its password and keys are not promised here; `locked` is."""

    name: Word
    uid: int | None = None
    group: Word | None = None
    """Primary group; default: what useradd gives."""
    groups: tuple[Word, ...] = ()
    """Further groups that it must be in; others are left."""
    home: SafePath | None = None
    shell: SafePath | None = None
    comment: Annotated[str, StringConstraints(pattern=r"^[^:\n]*$")] | None = None
    system: bool = False
    locked: bool | None = None
    """True: no password opens it (keys still do)."""

    @field_validator("groups", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value


class Sysctls(Item):
    """Kernel settings as they are now. The role also writes them into a file below /etc/sysctl.d for the next boot."""

    settings: dict[SysctlKey, Text]


def sysctl_path(key: str) -> str:
    """File of a kernel setting below /proc/sys; as in sysctl.d, `/` in a key stands for a dot in a name."""
    return "/proc/sys/" + key.translate(str.maketrans("./", "/."))


class Effective(Item):
    """What a read-only command says about the running host. Exactly one of the judgements is written.

    Commands run as root with a deadline of 10 s and must change nothing. Commands of equal text run once.
    """

    command: str
    key: str | None = None
    """First word of a line (case ignored); `equals`, `at_least` and `at_most` then judge the rest of that line."""
    equals: Text | None = None
    """Without `key`: the whole output, stripped."""
    at_least: float | None = None
    at_most: float | None = None
    line: Text | None = None
    """A whole line of the output, stripped."""
    matches: str | None = None
    """Python regular expression found in the output (MULTILINE)."""
    lacks: str | None = None
    """Python regular expression found nowhere in the output (MULTILINE)."""
    status: int = 0
    """Exit status of a command that can be judged; any other is `unknown`."""

    @model_validator(mode="after")
    def _one_judgement(self) -> "Effective":
        judgements = ("equals", "at_least", "at_most", "line", "matches", "lacks")
        written = [name for name in judgements if getattr(self, name) is not None]
        if len(written) != 1:
            raise ValueError(f"needs exactly one of {', '.join(judgements)}; it has {', '.join(written) or 'none'}")
        if self.key is None and written[0] in {"at_least", "at_most"}:
            raise ValueError(f"{written[0]} needs key, the first word of the line")
        if self.key is not None and written[0] in {"line", "matches", "lacks"}:
            raise ValueError(f"{written[0]} judges the whole output; leave key out")
        for name in ("matches", "lacks"):
            pattern = getattr(self, name)
            if pattern is not None:
                try:
                    re.compile(pattern, re.MULTILINE)
                except re.error as error:
                    raise ValueError(f"{name} is not a regular expression: {error}") from None
        return self


class Promises(Part):
    """Everything that one role promises of one host. Applied in the order of the fields."""

    absent_packages: list[Word] = []
    packages: list[Word] = []
    groups: list[Group] = []
    accounts: list[Account] = []
    absent_accounts: list[Word] = []
    directories: list[Directory] = []
    files: list[File] = []
    links: list[Link] = []
    lines: list[Line] = []
    absent_files: list[SafePath] = []
    sysctls: list[Sysctls] = []
    units: list[Unit] = []
    effective: list[Effective] = []
