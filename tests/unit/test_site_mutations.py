"""Broken inventories and site files: each loads or is refused at an existing file and line, never with a traceback.

`YIYUN_MUTATIONS` says how many (200; the long run takes 2000). A failure prints the seed of its mutation.
"""

import os
import random
import re

import pytest
from site_copies import Copy, check_place

from yiyun.errors import SiteError
from yiyun.site import Site, placement

COUNT = int(os.environ.get("YIYUN_MUTATIONS", "200"))
BATCH = 50

NASTY = [
    "",
    "~",
    "[]",
    "{}",
    "[1, 2]",
    "{a: 1}",
    "-1",
    "0",
    "1e999",
    ".nan",
    "9" * 30,
    "9" * 5000,
    "true",
    "NO",
    "1:30:00",
]
NASTY += [
    "2024-01-01",
    "!vault x",
    "!!binary aGk=",
    "!!python/object:x {}",
    "'{{ x }}'",
    "*nowhere",
    "&a [*a]",
    "|",
    ">",
    "'",
]
NASTY += [
    '"\\x00"',
    '"\\ud800"',
    "10.0.0.0/0",
    "0.0.0.1",
    "255.255.255.255/32",
    "::1",
    "az9",
    "x" * 300,
    "é中",
    "\u2028",
    "- a",
]
NASTY += ["<<", "? a", "[" * 50, "{" * 50, "n[1:99999999]", "../../etc/passwd", "%s%n", "\ufeff", "=", "@", "`", "\t"]
BYTES = [b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\r", b"\x1b[31m", b"\xe2\x80\xa8", b"\x85", b"\x7f"]


VALUE = r"(?<=: )[^\s,{}\[\]#][^,{}\[\]#\n]*"


def one(pick, pattern, text):
    """One place that matches; the start of a text that has none."""
    return pick.choice(list(re.finditer(pattern, text)) or [re.match("", text)])


def drop_line(pick, text):
    lines = text.splitlines(keepends=True)
    del lines[pick.randrange(len(lines))]
    return "".join(lines)


def repeat_line(pick, text):
    lines = text.splitlines(keepends=True)
    at = pick.randrange(len(lines))
    lines.insert(pick.choice([at, pick.randrange(len(lines))]), lines[at])
    return "".join(lines)


def swap_lines(pick, text):
    lines = text.splitlines(keepends=True)
    first, second = pick.randrange(len(lines)), pick.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return "".join(lines)


def indent_line(pick, text):
    lines = text.splitlines(keepends=True)
    at = pick.randrange(len(lines))
    lines[at] = pick.choice(["  ", "    ", "\t", " "]) + lines[at] if pick.random() < 0.5 else lines[at].lstrip()
    return "".join(lines)


def drop_block(pick, text):
    """Remove a line and everything that is indented deeper below it."""
    lines = text.splitlines(keepends=True)
    at = pick.randrange(len(lines))
    depth = len(lines[at]) - len(lines[at].lstrip())
    end = at + 1
    while end < len(lines) and len(lines[end]) - len(lines[end].lstrip()) > depth:
        end += 1
    return "".join(lines[:at] + lines[end:])


def nasty_value(pick, text):
    """Replace one value by something that does not belong there."""
    match = one(pick, VALUE, text)
    return text[: match.start()] + pick.choice(NASTY) + text[match.end() :]


def foreign_value(pick, text):
    """Replace one value by another of the same file."""
    first, second = one(pick, VALUE, text), one(pick, VALUE, text)
    return text[: first.start()] + second.group() + text[first.end() :]


def changed_number(pick, text):
    match = one(pick, r"\d+", text)
    number = pick.choice([0, 1, int(match.group() or 0) + 1, int(match.group() or 0) * 2, 2**31, -1, 256])
    return text[: match.start()] + str(number) + text[match.end() :]


def misspelled_key(pick, text):
    match = one(pick, r"[a-z_]{2,}(?=:)", text)
    letters = list(match.group() or " ")
    at = pick.randrange(len(letters))
    letters[at] = pick.choice([letters[at] * 2, "", "x", "-", " "])
    return text[: match.start()] + "".join(letters) + text[match.end() :]


def random_characters(pick, text):
    at = pick.randrange(len(text))
    junk = "".join(pick.choice(" :-[]{},&*!|>'\"%@`#?<\n\tab01") for _ in range(pick.randint(1, 4)))
    return text[:at] + junk + text[at + pick.randint(0, 4) :]


def truncated(pick, text):
    return text[: pick.randrange(len(text))]


def random_bytes(pick, text):
    raw = text.encode()
    at = pick.randrange(len(raw))
    return raw[:at] + pick.choice(BYTES) + raw[at:]


MUTATIONS = [drop_line, repeat_line, swap_lines, indent_line, drop_block, nasty_value, nasty_value, foreign_value]
MUTATIONS += [changed_number, misspelled_key, random_characters, truncated, random_bytes]


def asked(site):
    """Ask a site that loaded what the stacks ask of every site."""
    assert placement.survival(site)
    for vpc in site.spec.network.vpcs:
        site.gateway_hosts(vpc)
    for vm in site.spec.compute.vms:
        assert site.arch_of(vm.cpu_family) == site.image(vm.image).arch
        assert site.vpc_of_subnet(vm.subnet).tenant in {tenant.name for tenant in site.spec.tenants}
    for database in site.spec.databases:
        assert database.pool is None or site.pool(database.pool)
    assert site.default_pool.default


@pytest.mark.parametrize("batch", range(-(-COUNT // BATCH)))
def test_mutations(batch, tmp_path):
    copies = [Copy(tmp_path, "lab"), Copy(tmp_path, "hospital")]
    refused = 0
    seeds = range(batch * BATCH, min((batch + 1) * BATCH, COUNT))
    for seed in seeds:
        pick = random.Random(seed)  # noqa: S311
        copy = copies[0] if pick.random() < 0.8 else copies[1]
        groups = sorted(path.relative_to(copy.path) for path in copy.path.glob("group_vars/*"))
        path = copy.path / pick.choice(["site.yaml", "site.yaml", "hosts.yaml", pick.choice(groups)])
        before = path.read_text(encoding="utf-8")
        after: str | bytes = before
        for mutate in pick.sample(MUTATIONS, pick.choice([1, 1, 1, 2])):
            after = mutate(pick, after) if isinstance(after, str) and after.strip() else after
        path.write_bytes(after if isinstance(after, bytes) else after.encode())
        try:
            asked(Site.load(copy.path))
        except SiteError as error:
            refused += 1
            check_place(str(error))
        except Exception as error:
            raise AssertionError(f"mutation {seed} of {path.name} raised {error!r}") from error
        finally:
            path.write_text(before, encoding="utf-8")
    assert refused >= len(seeds) // 4
