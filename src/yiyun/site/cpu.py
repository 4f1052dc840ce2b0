"""Which CPU family a host has: read from codes that the chip itself reports, never from its name alone.

Told apart by the vendor string and family number (x86: CPUID leaves 0 and 1), by the implementer and part codes (ARM:
MIDR_EL1) or by the family field (LoongArch). A model name is text of the firmware or of a hypervisor: it can contradict
the codes, and then nothing is believed; it can never decide.

Sources: Linux `arch/arm64/include/asm/cputype.h` and `arch/x86/kernel/cpu/{amd,centaur,hygon,intel,zhaoxin}.c`,
util-linux `sys-utils/lscpu-arm.c`, and the Phytium table in the kernels of Kylin.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from yiyun.site.model import CpuFamily

UNKNOWN = "unknown"


class Cpu(str):
    """The family of a host's CPUs: a string that equals its CpuFamily (`identify(text) == CpuFamily.KUNPENG`).

    It is not the enum member itself, since it carries more: `.family` is the member, `.model` the model that the part
    codes determine, `unknown` where several models share them (all x86 and LoongArch ones do), and `.model_name` the
    text that the host shows to people, empty where it shows none.
    """

    __slots__ = ("family", "model", "model_name")

    family: CpuFamily
    model: str
    model_name: str

    def __new__(cls, family: CpuFamily, model: str = UNKNOWN, model_name: str = "") -> Self:
        """Make the string `family` with its attributes."""
        cpu = super().__new__(cls, family.value)
        cpu.family, cpu.model, cpu.model_name = family, model, model_name
        return cpu

    def __getnewargs__(self) -> tuple[CpuFamily, str, str]:  # type: ignore[override]
        """Let it be copied and pickled."""
        return self.family, self.model, self.model_name


@dataclass(frozen=True)
class _Core:
    """What the codes of one processor say. `vendor`, `number` and `revision` are what lscpu must repeat."""

    architecture: str
    family: CpuFamily
    vendor: str
    number: str
    """The family number (x86) or name (LoongArch)."""
    revision: str
    """The model number (x86) or the core's revision; differs between the big and little cores of one chip."""
    model: str = UNKNOWN


# Families by CPUID family number. 24 (18h) is Hygon's alone; emulators that pretend to be an Intel or AMD part without
# being one use family 15.
X86_VENDORS: Mapping[str, tuple[CpuFamily, frozenset[int]]] = {
    "GenuineIntel": (CpuFamily.INTEL, frozenset({6, 18, 19})),
    "AuthenticAMD": (CpuFamily.AMD, frozenset({16, 17, 18, 20, 21, 22, 23, 25, 26})),
    "HygonGenuine": (CpuFamily.HYGON, frozenset({24})),
    "CentaurHauls": (CpuFamily.ZHAOXIN, frozenset({7})),  # Family 6 is VIA's own.
    "Shanghai": (CpuFamily.ZHAOXIN, frozenset({6, 7})),
}

ARM_PARTS: Mapping[int, tuple[CpuFamily, frozenset[str], Mapping[int, str]]] = {
    0x48: (
        CpuFamily.KUNPENG,
        frozenset({"hisilicon", "0x48"}),
        {
            0xD01: "Kunpeng 920",
            0xD02: UNKNOWN,  # Newer Kunpeng 920, and Kirin of tablets and desktops.
            0xD06: UNKNOWN,
        },
    ),
    0x70: (
        CpuFamily.PHYTIUM,
        frozenset({"phytium", "0x70"}),
        {
            0x303: UNKNOWN,  # The small cores of E2000Q, E2000D and E2000S.
            0x660: "FT-1500A",
            0x661: "FT-2000AHK",
            0x662: "FT-2000+/64",
            0x663: UNKNOWN,  # FT-2000/4, D2000 and S2500.
            0x664: UNKNOWN,
            0x862: UNKNOWN,  # D3000 and S5000C.
        },
    ),
}
"""By implementer code: the family, how lscpu names the implementer, and the model of each part code."""

MAKERS: Mapping[CpuFamily, re.Pattern[str]] = {
    CpuFamily.INTEL: re.compile(r"\bintel\b"),
    CpuFamily.AMD: re.compile(r"\bamd\b|advanced micro devices"),
    CpuFamily.HYGON: re.compile(r"hygon"),
    CpuFamily.KUNPENG: re.compile(r"kunpeng|hisilicon"),
    CpuFamily.PHYTIUM: re.compile(r"phytium"),
    CpuFamily.ZHAOXIN: re.compile(r"zhaoxin"),
    CpuFamily.LOONGSON: re.compile(r"loongson"),
    # VIA's chips share Zhaoxin's vendor string; what QEMU calls a "Virtual CPU" has made-up codes.
    CpuFamily.OTHER: re.compile(r"\bvia\b|\bqemu virtual cpu\b"),
}
"""Words by which a name shown to people belongs to one maker, or to none of those listed."""

# Fields of /proc/cpuinfo that only one architecture has ("flags" and "cpu revision" are shared by several).
X86_FIELDS = frozenset({"vendor_id", "cpuid level", "stepping", "wp", "fpu_exception"})
ARM_FIELDS = frozenset({"cpu implementer", "cpu part", "cpu variant", "cpu architecture"})
LOONGARCH_FIELDS = frozenset({"fpu revision", "isa"})

LSCPU_NAMES = ("model name", "bios model name")


@dataclass
class _Block:
    """The fields of one processor. Names are lower case; a field written twice keeps both values."""

    values: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, value: str) -> None:
        self.values.setdefault(name, []).append(value)

    def one(self, name: str) -> str | None:
        """The value of `name`; None where it is missing or written more than once."""
        found = self.values.get(name, [])
        return found[0] if len(found) == 1 else None


def identify(cpuinfo: str, lscpu: str | None = None) -> Cpu:
    """Tell the CPU family from the content of /proc/cpuinfo and, where it was run, the output of `LC_ALL=C lscpu`.

    Never raises. The answer is `other` for every chip that is not listed, and wherever the input contradicts itself:
    processors of two families, fields of two architectures, a vendor with a family number that it never used, a name of
    another maker, or an lscpu that says something else or cannot be read.
    """
    blocks = _blocks(cpuinfo)
    shown = {name for block in blocks for name in block.values.get("model name", [])}
    cores = [_core(block) for block in blocks]
    known = [core for core in cores if core is not None]
    if not known or len(known) != len(cores) or len({(core.family, core.vendor, core.number) for core in known}) > 1:
        return Cpu(CpuFamily.OTHER)
    core = known[0]
    model_name = next(iter(shown)) if len(shown) == 1 else ""
    if lscpu is not None and lscpu.strip():
        repeated = _lscpu(lscpu)
        if not _agrees(repeated, core, {each.revision for each in known}):
            return Cpu(CpuFamily.OTHER)
        names = [name for key in LSCPU_NAMES for name in repeated.values.get(key, [])]
        shown.update(names)
        model_name = model_name or next(iter(names), "")
    if any(_names_another(name, core.family) for name in shown):
        return Cpu(CpuFamily.OTHER)
    models = {each.model for each in known}
    return Cpu(core.family, models.pop() if len(models) == 1 else UNKNOWN, model_name)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield " ".join(name.split()).lower(), value.strip()


def _blocks(cpuinfo: str) -> list[_Block]:
    """The processors of /proc/cpuinfo; a field before the first one (the machine's own) is put to each of them."""
    head, blocks = _Block(), list[_Block]()
    for name, value in _fields(cpuinfo):
        if name == "processor" and value.isdecimal():
            blocks.append(_Block())
        else:
            (blocks[-1] if blocks else head).add(name, value)
    for block in blocks:
        for name, values in head.values.items():
            for value in values:
                block.add(name, value)
    return blocks


def _core(block: _Block) -> _Core | None:
    """What one processor says; None for a chip that is not listed, or for fields of two architectures."""
    names = frozenset(block.values)
    kinds = [kind for kind in (X86_FIELDS, ARM_FIELDS, LOONGARCH_FIELDS) if kind & names]
    if kinds == [X86_FIELDS]:
        return _x86(block)
    if kinds == [ARM_FIELDS]:
        return _arm(block)
    if kinds == [LOONGARCH_FIELDS]:
        return _loongarch(block)
    return None


def _x86(block: _Block) -> _Core | None:
    vendor, number = block.one("vendor_id") or "", block.one("cpu family") or ""
    family, numbers = X86_VENDORS.get(vendor, (CpuFamily.OTHER, frozenset[int]()))
    if not re.fullmatch(r"\d{1,3}", number) or int(number) not in numbers:
        return None
    return _Core("x86_64", family, vendor, number, block.one("model") or "")


def _arm(block: _Block) -> _Core | None:
    implementer, part = _code(block.one("cpu implementer"), 2), _code(block.one("cpu part"), 3)
    if implementer is None or implementer not in ARM_PARTS or part is None:
        return None
    family, _, models = ARM_PARTS[implementer]
    if part not in models:
        return None
    return _Core("aarch64", family, hex(implementer), "", block.one("cpu revision") or "", models[part])


def _code(text: str | None, digits: int) -> int | None:
    return int(text, 16) if text and re.fullmatch(rf"0x[0-9a-fA-F]{{1,{digits}}}", text) else None


def _loongarch(block: _Block) -> _Core | None:
    isa = (block.one("isa") or "").split()
    if block.one("cpu family") != "Loongson-64bit" or "loongarch64" not in isa:
        return None
    return _Core("loongarch64", CpuFamily.LOONGSON, "Loongson", "Loongson-64bit", block.one("cpu revision") or "")


def _lscpu(text: str) -> _Block:
    block = _Block()
    for name, value in _fields(text):
        block.add(name, value)
    return block


def _agrees(lscpu: _Block, core: _Core, revisions: set[str]) -> bool:
    """Whether lscpu names the same architecture, vendor, family and model numbers, as far as its version prints them."""
    if lscpu.one("architecture") != core.architecture or not set(lscpu.values.get("model", [])) <= revisions:
        return False
    vendors = lscpu.values.get("vendor id", [core.vendor])
    if core.architecture == "aarch64":
        names = ARM_PARTS[int(core.vendor, 16)][1] | {core.vendor}
        return all(vendor.lower() in names for vendor in vendors)
    if core.architecture == "x86_64" and "vendor id" not in lscpu.values:
        return False
    numbers = lscpu.values.get("cpu family", [core.number])
    return set(vendors) == {core.vendor} and set(numbers) == {core.number}


def _names_another(name: str, family: CpuFamily) -> bool:
    makers = {maker for maker, pattern in MAKERS.items() if pattern.search(name.lower())}
    return bool(makers - {family})
