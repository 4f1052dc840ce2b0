"""The family of a chip: right for every recorded host, and `other` rather than wrong for anything else."""

import copy
import pickle
import random
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from recorded import CPU, mutated, pairs

from yiyun.site.cpu import ARM_PARTS, UNKNOWN, identify
from yiyun.site.model import CpuFamily

RECORDS = pairs()
MODELS = {"kunpeng-920": "Kunpeng 920", "phytium-ft2000plus": "FT-2000+/64", "phytium-ft1500a": "FT-1500A"}
CODES = re.compile(r"^(vendor_id|cpu family|CPU implementer|CPU part|ISA|isa)\s*:.*$", re.MULTILINE | re.IGNORECASE)


def family_of(stem):
    """The family that the name of a recorded file promises."""
    return CpuFamily(stem.split("-")[0])


def record(stem):
    return next(each for each in RECORDS if each.stem == stem)


def test_every_family_is_recorded():
    assert {family_of(each.stem) for each in RECORDS} == set(CpuFamily)


@pytest.mark.parametrize("each", RECORDS, ids=lambda each: each.stem)
def test_recorded_hosts(each):
    expected = family_of(each.stem)
    for lscpu in {None, each.lscpu}:
        cpu = identify(each.cpuinfo, lscpu)
        assert cpu == expected == cpu.family
        assert cpu.family is expected
        assert cpu.model == MODELS.get(each.stem, UNKNOWN)


def test_result_is_a_string_with_attributes():
    cpu = identify(record("phytium-s2500").cpuinfo)
    assert (cpu, cpu.family, cpu.model) == ("phytium", CpuFamily.PHYTIUM, "unknown")
    assert cpu.model_name == "Phytium,S2500/64 C00"
    assert {cpu: 1}[CpuFamily.PHYTIUM] == 1


@pytest.mark.parametrize("again", [copy.deepcopy, lambda cpu: pickle.loads(pickle.dumps(cpu))])  # noqa: S301 - own data
def test_result_can_be_copied(again):
    cpu = identify(record("kunpeng-920").cpuinfo, record("kunpeng-920").lscpu)
    same = again(cpu)
    assert (same, same.family, same.model, same.model_name) == (cpu, cpu.family, "Kunpeng 920", "Kunpeng-920")


def test_model_is_unknown_where_parts_are_shared():
    shared = identify(record("phytium-d2000").cpuinfo).model, identify(record("phytium-s2500").cpuinfo).model
    assert shared == (UNKNOWN, UNKNOWN)
    assert identify(record("kunpeng-920").cpuinfo).model == "Kunpeng 920"
    mixed = record("kunpeng-920").cpuinfo + record("kunpeng-920-7285z").cpuinfo
    assert (identify(mixed), identify(mixed).model) == (CpuFamily.KUNPENG, UNKNOWN)


def test_model_name_falls_back_to_lscpu():
    assert identify(record("kunpeng-920-7285z").cpuinfo).model_name == ""
    each = record("kunpeng-920-7285z")
    assert identify(each.cpuinfo, each.lscpu).model_name == "Kunpeng 920 7285Z"


@pytest.mark.parametrize("each", RECORDS, ids=lambda each: each.stem)
def test_a_model_name_alone_says_nothing(each):
    nameless = re.sub(r"(?im)^model name.*\n", "", each.cpuinfo)
    assert identify(CODES.sub("", each.cpuinfo)) == CpuFamily.OTHER
    if "via" not in each.stem and "qemu" not in each.stem:
        assert identify(nameless) == family_of(each.stem)


@pytest.mark.parametrize("name", ["Hygon C86 7285", "Phytium,S2500/64", "HUAWEI,Kunpeng 920", "Intel(R) Xeon(R)"])
def test_a_name_of_another_maker_contradicts_the_codes(name):
    text = re.sub(r"(?m)^model name.*$", f"model name\t: {name}", record("amd-epyc-7302p").cpuinfo)
    assert name in text
    assert identify(text) == CpuFamily.OTHER


@pytest.mark.parametrize("first", RECORDS, ids=lambda each: each.stem)
def test_two_families_in_one_cpuinfo(first):
    for second in RECORDS:
        if family_of(first.stem) != family_of(second.stem):
            assert identify(f"{first.cpuinfo}\n{second.cpuinfo}") == CpuFamily.OTHER


@pytest.mark.parametrize("line", ["vendor_id\t: HygonGenuine", "CPU implementer\t: 0x41", "isa\t: loongarch64"])
def test_fields_of_another_architecture(line):
    for stem in ("hygon-7285", "kunpeng-920", "loongson-3a5000"):
        text = re.sub(r"(?m)^(processor\s*: 1)$", rf"\1\n{line}", record(stem).cpuinfo)
        assert line in text
        assert identify(text) == CpuFamily.OTHER


@pytest.mark.parametrize("each", [each for each in RECORDS if each.lscpu], ids=lambda each: each.stem)
def test_lscpu_of_another_host(each):
    for path in CPU.glob("*.lscpu"):
        if family_of(path.stem) != family_of(each.stem):
            assert identify(each.cpuinfo, path.read_text()) == CpuFamily.OTHER


@pytest.mark.parametrize("lscpu", ["架构： x86_64\n厂商 ID： HygonGenuine\n", "lscpu: cannot open /proc/cpuinfo\n"])
def test_an_unreadable_lscpu_is_no_agreement(lscpu):
    assert identify(record("hygon-7285").cpuinfo, lscpu) == CpuFamily.OTHER


def test_a_missing_lscpu_is_no_contradiction():
    assert identify(record("hygon-7285").cpuinfo, " \n") == CpuFamily.HYGON


def test_one_processor_without_codes():
    text = record("kunpeng-920").cpuinfo.replace("CPU part\t: 0xd01\n", "", 1)
    assert identify(text) == CpuFamily.OTHER


@pytest.mark.parametrize("implementer", sorted(ARM_PARTS))
def test_unlisted_parts_of_a_listed_implementer(implementer):
    listed = ARM_PARTS[implementer][2]
    base = record("other-neoverse-n1").cpuinfo.replace("0x41", hex(implementer))
    for part in range(0x1000):
        found = identify(base.replace("0xd0c", f"{part:#05x}"))
        assert (found == CpuFamily.OTHER) == (part not in listed)


@pytest.mark.parametrize("each", RECORDS, ids=lambda each: each.stem)
def test_no_single_character_of_a_code_makes_another_family(each):
    """Each character of each code, replaced in all processors at once by each that codes are made of."""
    accepted = {family_of(each.stem), CpuFamily.OTHER}
    for line in {found.group() for found in CODES.finditer(each.cpuinfo)}:
        for at in range(line.index(":") + 2, len(line)):
            for character in "0123456789abcdefx ":
                changed = f"{line[:at]}{character}{line[at + 1 :]}"
                assert identify(each.cpuinfo.replace(line, changed)) in accepted, changed


@settings(max_examples=1000)
@given(st.sampled_from(RECORDS), st.randoms(use_true_random=False))
def test_mutations_never_make_a_wrong_family(each, chance):
    cpuinfo = mutated(each.cpuinfo, chance, [other.cpuinfo for other in RECORDS])
    lscpu = chance.choice([None, each.lscpu])
    if lscpu and chance.random() < 0.5:
        lscpu = mutated(lscpu, chance, [other.lscpu for other in RECORDS if other.lscpu])
    assert identify(cpuinfo, lscpu) in {family_of(each.stem), CpuFamily.OTHER}


def test_mutations_are_no_noise():
    """Some mutated hosts stay known and some do not: the test above can fail both ways."""
    chance = random.Random(4)  # noqa: S311 - damage, not secrets
    texts = [mutated(record("kunpeng-920").cpuinfo, chance, [record("hygon-7285").cpuinfo]) for _ in range(200)]
    assert {identify(text).family for text in texts} == {CpuFamily.KUNPENG, CpuFamily.OTHER}


@given(st.text(), st.none() | st.text())
@example("", None)
@example("processor: 0", "")
@example("processor\t: 0\nCPU implementer\t: 0x\nCPU part\t: \n", None)
def test_never_raises(cpuinfo, lscpu):
    assert identify(cpuinfo, lscpu) == CpuFamily.OTHER
