"""Recorded files of real hosts, and random damage to them."""

from dataclasses import dataclass
from pathlib import Path

RECORDED = Path(__file__).with_name("recorded")
CPU = RECORDED / "cpu"
OS_RELEASE = RECORDED / "os-release"
OS_VERSION = RECORDED / "os-version"
CHARACTERS = "0123456789abcdefxABCDEFGHIKLMNPSUV=\"':. \t\n()"


@dataclass(frozen=True)
class Recorded:
    """/proc/cpuinfo of one host and, where it was recorded too, its lscpu."""

    stem: str
    cpuinfo: str
    lscpu: str | None


def pairs():
    """Every recorded cpuinfo, by name."""
    found = []
    for path in sorted(CPU.glob("*.cpuinfo")):
        lscpu = path.with_suffix(".lscpu")
        found.append(Recorded(path.stem, path.read_text(), lscpu.read_text() if lscpu.exists() else None))
    return found


def mutated(text, chance, others):
    """`text` with one to four random changes, of which at most one puts in a line of another file."""
    changes = [_replace, _insert, _delete, _drop_line, _double_line, _swap_lines, _cut, _swap_values]
    for _ in range(chance.randint(1, 4)):
        text = chance.choice(changes)(text, chance)
    return _foreign_line(text, chance, chance.choice(others)) if chance.random() < 0.3 else text


def _replace(text, chance):
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(CHARACTERS) + text[at + 1 :]


def _insert(text, chance):
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(CHARACTERS) + text[at:]


def _delete(text, chance):
    at, length = chance.randrange(len(text) + 1), chance.randint(1, 8)
    return text[:at] + text[at + length :]


def _drop_line(text, chance):
    lines = text.splitlines(keepends=True)
    if lines:
        del lines[chance.randrange(len(lines))]
    return "".join(lines)


def _double_line(text, chance):
    lines = text.splitlines(keepends=True)
    if lines:
        at = chance.randrange(len(lines))
        lines.insert(chance.randrange(len(lines)), lines[at])
    return "".join(lines)


def _swap_lines(text, chance):
    lines = text.splitlines(keepends=True)
    if lines:
        one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[one], lines[two] = lines[two], lines[one]
    return "".join(lines)


def _cut(text, chance):
    """Output that ends too early; half of the times in its last eighth."""
    start = 0 if chance.random() < 0.5 else len(text) * 7 // 8
    return text[: chance.randint(start, len(text))]


def _swap_values(text, chance):
    """Two lines change what stands behind their colon or equals sign."""
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    for sign in (":", "="):
        if sign in lines[one] and sign in lines[two]:
            (name_one, _, value_one), (name_two, _, value_two) = lines[one].partition(sign), lines[two].partition(sign)
            lines[one], lines[two] = f"{name_one}{sign}{value_two}", f"{name_two}{sign}{value_one}"
            break
    return "".join(lines)


def _foreign_line(text, chance, other):
    """One line takes the value that the same field has in another file, or is added where it is missing."""
    lines, theirs = text.splitlines(keepends=True), other.splitlines(keepends=True)
    line = chance.choice(theirs)
    name = line.split(":")[0].split("=")[0].strip()
    places = [at for at, own in enumerate(lines) if own.split(":")[0].split("=")[0].strip() == name]
    if places:
        lines[chance.choice(places)] = line
    else:
        lines.insert(chance.randint(0, len(lines)), line)
    return "".join(lines)
