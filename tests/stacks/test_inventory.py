"""Generated inventories, read by Site and by Ansible: every host variable, group and role must be the same.

`YIYUN_INVENTORIES` says how many (10; the long run takes 200).
"""

import datetime
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from yiyun.paths import CHECKOUT
from yiyun.site import inventory
from yiyun.site.model import ROLES, Host
from yiyun.site.validation import ARCH_OF_FAMILY, HOST_VARIABLES, host_of, refuse_unknown_variables

COUNT = int(os.environ.get("YIYUN_INVENTORIES", "10"))
SHIPPED = sorted(path.parent for path in (CHECKOUT / "inventories").glob("*/hosts.yaml"))

# Scalars as they are typed: what they mean is for the two readers to agree on.
TYPED = [
    "010",
    "0x1f",
    "1:30",
    "1_000",
    "yes",
    "Off",
    "~",
    "null",
    "",
    "1e3",
    "1.5e+3",
    ".inf",
    "2024-02-29",
    "'x'",
    '"y"',
]
TYPED += [
    "2024-02-29 10:00:00",
    "+12",
    "0o14",
    "no problem",
    "'{{ other }}'",
    "'{% if x %}'",
    "!unsafe '{{ x }}'",
    "1.0",
    "y",
]
FAMILIES = sorted(family.value for family in ARCH_OF_FAMILY)


class Generator:
    """One random inventory that both readers accept."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.groups = [f"g{number}" for number in range(self.random.randint(2, 6))] + [*ROLES[:5], "z_last", "A"]
        self.random.shuffle(self.groups)
        self.hosts = self.patterns()
        self.names = sorted({name for pattern in self.hosts for name in inventory.expand(pattern, "-")})

    def patterns(self) -> list[str]:
        """Host patterns, some with ranges."""
        pick = self.random
        kinds = [
            lambda: f"h{pick.randint(0, 9)}",
            lambda: f"n[{pick.randint(0, 3)}:{pick.randint(3, 9)}]",
            lambda: f"m[0{pick.randint(0, 3)}:{pick.choice(['05', '11'])}:{pick.randint(1, 4)}]",
            lambda: f"r[a:{pick.choice('abd')}]x[{pick.choice(['', '1'])}:2]",
        ]
        return [pick.choice(kinds)() for _ in range(pick.randint(1, 6))]

    def value(self, depth: int = 0) -> object:
        pick = self.random
        if depth < 2 and pick.random() < 0.25:
            return [self.value(depth + 1) for _ in range(pick.randint(0, 3))]
        if depth < 2 and pick.random() < 0.25:
            return {f"k{number}": self.value(depth + 1) for number in range(pick.randint(0, 3))}
        return pick.choice([pick.randint(-9, 9), "text", True, None, f"TYPED<{pick.randrange(len(TYPED))}>"])

    def variables(self) -> dict[str, object]:
        """Some variables, ours among them."""
        pick = self.random
        found: dict[str, object] = {f"v{pick.randrange(8)}": self.value() for _ in range(pick.randint(0, 4))}
        if pick.random() < 0.3:
            found |= {"yiyun_rack": f"rack-{pick.randrange(9)}"}
        if pick.random() < 0.2:
            found |= {"yiyun_cpu_family": pick.choice(FAMILIES)}
        if pick.random() < 0.2:
            found |= {"yiyun_cpus": pick.randint(1, 99), "yiyun_kernel": f"5.{pick.randrange(20)}.0-x"}
        if pick.random() < 0.1:
            disk = {"id": f"/dev/disk/by-id/{pick.randrange(9)}", "kind": "ssd", "size_gib": 9, "use": "local"}
            found |= {"yiyun_disks": [disk] * pick.randint(0, 2)}
        return found

    def group(self, depth: int, names: list[str]) -> dict[str, object] | None:
        """A group: sections in any order, children only among groups that sort behind it (so no loops)."""
        pick = self.random
        sections: dict[str, object] = {}
        for section in pick.sample(["vars", "children", "hosts"], 3):
            if section == "vars" and pick.random() < 0.7:
                priority = {"ansible_group_priority": pick.choice([0, 2, 5, "3"])} if pick.random() < 0.2 else {}
                sections["vars"] = {**self.variables(), **priority}
            elif section == "children" and names and pick.random() < 0.6:
                chosen = pick.sample(names, min(len(names), pick.randint(1, 3)))
                sections["children"] = {
                    name: self.group(depth + 1, names[names.index(name) + 1 :]) if depth < 3 else None
                    for name in chosen
                }
            elif section == "hosts" and pick.random() < 0.8:
                chosen = pick.sample(self.hosts, pick.randint(1, len(self.hosts)))
                sections["hosts"] = {pattern: self.variables() or None for pattern in chosen}
        return sections or None

    def base(self) -> dict[str, object]:
        """Everything that a host needs, so that each one is valid."""
        places = {f"yiyun_{name}": f"{name.replace('_', '-')}-0" for name in ("zone", "room", "rack", "switch_pair")}
        machine = {"yiyun_cpu_family": "hygon", "yiyun_kernel": "5.10.0", "yiyun_os_profile": "x"}
        return {"ansible_host": "198.18.0.1", **places, **machine, "yiyun_cpus": 1, "yiyun_memory_gib": 1}

    def text(self, value: object) -> str:
        """YAML of a value, in block or flow style."""
        style = self.random.choice([True, False, None])
        text = yaml.safe_dump(value, sort_keys=False, default_flow_style=style, width=10_000)
        return re.sub(r"TYPED<(\d+)>", lambda match: TYPED[int(match[1])] or "null", text)

    def write(self, directory: Path) -> None:
        pick = self.random
        top: dict[str, object] = {"all": {"vars": self.base(), "hosts": dict.fromkeys(self.hosts)}}
        for name in pick.sample(self.groups, pick.randint(1, len(self.groups))):
            top[name] = self.group(0, self.groups[self.groups.index(name) + 1 :])
        top["worker"] = top.get("worker") or {}
        top["worker"].setdefault("hosts", {}).update(dict.fromkeys(self.hosts))  # type: ignore[attr-defined]
        if pick.random() < 0.3:
            top["ungrouped"] = {"hosts": {"lonely": self.variables()}, "vars": self.variables()}
            top["worker"]["hosts"]["lonely"] = None  # type: ignore[index]
        files = {"hosts.yaml": self.text(dict(pick.sample(list(top.items()), len(top))))}
        for folder, names in (("group_vars", ["all", "ungrouped", *self.groups]), ("host_vars", self.names)):
            for name in names:
                if pick.random() < 0.25:
                    endings = pick.choice(
                        [[""], [".yml"], [".yaml", ".json"], ["/a.yml", "/b", "/c/d.yaml"], ["/e.txt"]]
                    )
                    for ending in endings:
                        content = self.variables()
                        as_json = ending == ".json"
                        files[f"{folder}/{name}{ending}"] = json.dumps(content) if as_json else self.text(content)
        for name, text in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


# `ansible-inventory --list` for many inventories: loading its code takes longer than all it does, so that is done once
# and each inventory gets a copy (fork) of the loaded process.
MANY = """
import os, sys
from ansible.cli.inventory import InventoryCLI
for source, answer in zip(sys.argv[1::2], sys.argv[2::2]):
    child = os.fork()
    if child == 0:
        InventoryCLI(["ansible-inventory", "-i", source, "--list", "--output", answer]).run()
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("failed: " + source)
"""


def ask_ansible(directories: list[Path], home: Path) -> list[dict]:
    """What `ansible-inventory --list` says of each inventory, with no settings but its own."""
    answers = [home / f"{number}.json" for number in range(len(directories))]
    command = [sys.executable, "-c", MANY]
    for directory, answer in zip(directories, answers, strict=True):
        command += [str(directory / "hosts.yaml"), str(answer)]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(home / "ansible.cfg"), "ANSIBLE_HOME": str(home)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=home, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(answer.read_text(encoding="utf-8"), object_hook=plain) for answer in answers]


def plain(found: dict) -> object:
    """A value without Ansible's wrapping of unsafe text."""
    return found.get("__ansible_unsafe", found)


@pytest.fixture(scope="module")
def inventories(tmp_path_factory):
    """Directories of all inventories and Ansible's answers."""
    directories = list(SHIPPED)
    for seed in range(COUNT):
        directory = tmp_path_factory.mktemp(f"seed{seed}-")
        Generator(seed).write(directory)
        directories.append(directory)
    home = tmp_path_factory.mktemp("ansible")
    (home / "ansible.cfg").write_text("[defaults]\n")
    return list(zip(directories, ask_ansible(directories, home), strict=True))


def as_json(value: object) -> object:
    """A value as it looks after a way through JSON."""
    return json.loads(
        json.dumps(value, default=lambda date: date.isoformat() if isinstance(date, datetime.date) else date)
    )


def members(answer: dict, group: str) -> set[str]:
    """Hosts of a group and of the groups below it, as Ansible's answer has them."""
    entry = answer.get(group, {})
    return set(entry.get("hosts", [])).union(*(members(answer, child) for child in entry.get("children", [])))


@pytest.mark.parametrize("number", range(len(SHIPPED) + COUNT))
def test_site_reads_what_ansible_reads(inventories, number):
    directory, answer = inventories[number]
    found = inventory.read(directory / "hosts.yaml")
    refuse_unknown_variables(found)
    answered = answer["_meta"]["hostvars"]
    assert set(found.hosts) == set(answered)
    for name, group in found.groups.items():
        entry = answer.get(name, {})
        assert set(group.children) == set(entry.get("children", []))
        if name != "all":
            assert set(group.hosts) == set(entry.get("hosts", []))
    for name, variables in answered.items():
        assert as_json(found.values(name)) == variables
        assert host_of(found, found.hosts[name]) == host_by_ansible(answer, name)


def host_by_ansible(answer: dict, name: str) -> Host:
    """The Host that Ansible's variables and groups make."""
    variables = answer["_meta"]["hostvars"][name]
    fields = {field: variables[variable] for variable, field in HOST_VARIABLES.items() if variable in variables}
    roles = {role for role in ROLES if name in members(answer, role)}
    if "control" in roles and not members(answer, "etcd"):
        roles.add("etcd")
    return Host.model_validate({"arch": ARCH_OF_FAMILY[fields["cpu_family"]], **fields, "name": name, "roles": roles})
