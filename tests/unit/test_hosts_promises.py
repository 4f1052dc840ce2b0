"""The promises model: what a role may say, how its templates are rendered, and how mistakes are named."""

from pathlib import Path

import pytest

from yiyun.errors import UserError
from yiyun.evidence.hosts.promises import Promises, sysctl_path
from yiyun.evidence.hosts.roles import Role
from yiyun.site import document


def role(tmp_path: Path, promises: str, defaults: str = "", **templates: str) -> Role:
    for folder, text in (("defaults", defaults), ("vars", promises)):
        (tmp_path / "demo" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "demo" / folder / "main.yml").write_text(text)
    (tmp_path / "demo" / "templates").mkdir(exist_ok=True)
    for name, text in templates.items():
        (tmp_path / "demo" / "templates" / f"{name}.j2").write_text(text)
    return Role(tmp_path / "demo")


def inventory(tmp_path: Path, text: str) -> dict:
    (tmp_path / "all.yml").write_text(text)
    return document.read(tmp_path / "all.yml").value


GIVEN = {"yiyun_os": {"services": {"ssh": "ssh"}}, "inventory_hostname": "n1"}


def promised(tmp_path: Path, promises: str, defaults: str = "", listed: str = "none: 1", **templates: str) -> Promises:
    return role(tmp_path, promises, defaults, **templates).promised_to(inventory(tmp_path, listed), GIVEN).promises


REFUSED = {
    "misspelled key": ("demo_promises:\n  file: []\n", 2, "demo_promises.file", "Extra inputs"),
    "misspelled key of an entry": (
        "demo_promises:\n  files:\n    - path: /a\n      owned: x\n",
        4,
        "files.0.owned",
        "Extra",
    ),
    "mode without quotes": (
        "demo_promises:\n  files:\n    - {path: /a, content: x, mode: 0644}\n",
        3,
        "files.0.mode",
        "string",
    ),
    "relative path": ("demo_promises:\n  absent_files:\n    - etc/x\n", 3, "absent_files.0", "pattern"),
    "path that a shell would split": ("demo_promises:\n  absent_files: ['/a b']\n", 2, "absent_files.0", "pattern"),
    "two sources": (
        "demo_promises:\n  files:\n    - {path: /a, content: x, template: y.j2}\n",
        3,
        "files.0",
        "write one",
    ),
    "unit without type": ("demo_promises:\n  units:\n    - {name: ssh, active: true}\n", 3, "units.0.name", "pattern"),
    "unit without promise": ("demo_promises:\n  units:\n    - {name: a.service}\n", 3, "units.0", "promises nothing"),
    "masked and active": (
        "demo_promises:\n  units:\n    - {name: a.service, masked: true, active: true}\n",
        3,
        "units.0",
        "masked",
    ),
    "line that is added again and again": (
        "demo_promises:\n  lines:\n    - {path: /a, line: x y, match: ^z}\n",
        3,
        "lines.0",
        "every run would add",
    ),
    "bad expression": (
        "demo_promises:\n  lines:\n    - {path: /a, line: x, match: '('}\n",
        3,
        "lines.0",
        "regular expression",
    ),
    "no judgement": ("demo_promises:\n  effective:\n    - {command: true-ish}\n", 3, "effective.0", "exactly one of"),
    "two judgements": (
        "demo_promises:\n  effective:\n    - {command: a, equals: b, line: c}\n",
        3,
        "effective.0",
        "exactly one",
    ),
    "limit without key": (
        "demo_promises:\n  effective:\n    - {command: a, at_most: 3}\n",
        3,
        "effective.0",
        "needs key",
    ),
    "unknown capability": (
        "demo_promises:\n  units:\n    - {name: a.service, active: true, needs: gps}\n",
        3,
        "units.0.needs",
        "gps",
    ),
    "not a mapping": ("demo_promises: [a]\n", 1, "demo_promises", "not a mapping"),
    "missing": ("other: 1\n", 1, "demo_promises", "missing"),
    "filter of Ansible": (
        "demo_promises:\n  packages:\n    - \"{{ ['a'] | to_json }}\"\n",
        3,
        "demo_promises",
        "no filter named 'to_json'",
    ),
    "test of Ansible": (
        "demo_promises:\n  packages: \"{{ 'a' is match('a') }}\"\n",
        2,
        "demo_promises",
        "No test named 'match'",
    ),
    "undefined variable": (
        "demo_promises:\n  packages: ['{{ nowhere }}']\n",
        2,
        "demo_promises",
        "'nowhere' is undefined",
    ),
    "fact of Ansible": (
        "demo_promises:\n  packages: ['{{ ansible_facts.x }}']\n",
        2,
        "demo_promises",
        "no facts of Ansible",
    ),
    "backslash in braces": ("demo_promises:\n  packages: [\"{{ 'a\\\\b' }}\"]\n", 2, "demo_promises", "backslash"),
    "lookup": (
        "demo_promises:\n  packages: [\"{{ lookup('env', 'HOME') }}\"]\n",
        2,
        "demo_promises",
        "'lookup' is undefined",
    ),
    "broken template": ("demo_promises:\n  packages: ['{{ 1 +']\n", 2, "demo_promises", "unexpected"),
    "vault": ("demo_promises:\n  packages: [!vault abc]\n", 2, "demo_promises", "Vault"),
    "own attribute of Python": (
        "demo_promises:\n  packages: [\"{{ ''.__class__.__mro__ }}\"]\n",
        2,
        "demo_promises",
        "unsafe",
    ),
}


@pytest.mark.parametrize(("text", "line", "field", "why"), REFUSED.values(), ids=REFUSED)
def test_refusals_name_file_line_and_field(tmp_path: Path, text: str, line: int, field: str, why: str) -> None:
    with pytest.raises(UserError) as refused:
        promised(tmp_path, text)
    message = str(refused.value)
    assert f"demo/vars/main.yml:{line}: " in message
    assert field in message
    assert why in message


def test_variables_that_contain_each_other_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="demo_a -> demo_b -> demo_a: these variables contain each other"):
        promised(
            tmp_path, "demo_promises: {packages: ['{{ demo_a }}']}", "demo_a: '{{ demo_b }}'\ndemo_b: '{{ demo_a }}'"
        )


def test_inventory_beats_defaults_and_role_vars_beat_both(tmp_path: Path) -> None:
    found = promised(
        tmp_path,
        "demo_c: vars\ndemo_promises: {packages: ['{{ demo_a }}', '{{ demo_b }}', '{{ demo_c }}']}",
        "demo_a: default\ndemo_b: default\ndemo_c: default",
        "demo_b: inventory\ndemo_c: inventory",
    )
    assert found.packages == ["default", "inventory", "vars"]


def test_one_expression_keeps_its_type_and_several_become_text(tmp_path: Path) -> None:
    found = promised(
        tmp_path,
        "demo_promises:\n"
        "  packages: \"{{ demo_list | map('upper') }}\"\n"
        "  files: [{path: /a, content: '{{ demo_list }}-{{ 1 + 1 }}', when: '{{ demo_list | length > 1 }}'}]\n"
        "  units: [{name: '{{ yiyun_os.services.ssh }}.service', active: '{{ not false }}'}]\n",
        "demo_list: [a, b]",
    )
    assert found.packages == ["A", "B"]
    assert found.files[0].content == "['a', 'b']-2"
    assert found.files[0].when is True
    assert found.units[0].name == "ssh.service"


def test_unsafe_text_is_not_a_template(tmp_path: Path) -> None:
    found = promised(tmp_path, "demo_promises: {files: [{path: /a, content: !unsafe '{{ x }}'}]}")
    assert found.files[0].content == "{{ x }}"


def test_templates_include_each_other_and_keep_their_last_newlines(tmp_path: Path) -> None:
    made = role(
        tmp_path,
        "demo_promises: {files: [{path: /a, template: one.j2}]}",
        "demo_list: [x, y]",
        one="{% for item in demo_list %}\n{{ item }}\n{% endfor %}\n{% include 'two.j2' %}\nend\n\n",
        two="of {{ inventory_hostname }}\n",
    )
    assert made.promised_to({}, GIVEN).contents == {"/a": "x\ny\nof n1end\n\n"}  # as Ansible renders it


def test_a_broken_template_file_is_named(tmp_path: Path) -> None:
    made = role(tmp_path, "demo_promises: {files: [{path: /a, template: one.j2}]}", one="fine\n{{ oops | nofilter }}\n")
    with pytest.raises(UserError, match=r"templates/one\.j2:2: no filter named 'nofilter' here; promises use abs, "):
        made.promised_to({}, GIVEN)


def test_templates_of_files_that_are_not_promised_here_are_not_rendered(tmp_path: Path) -> None:
    made = role(tmp_path, "demo_promises: {files: [{path: /a, template: one.j2, when: false}]}", one="{{ nowhere }}")
    assert made.promised_to({}, GIVEN).contents == {}


def test_keys_with_a_slash_stand_for_dots_in_names() -> None:
    assert sysctl_path("net.ipv4.conf.eth0/100.rp_filter") == "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"
    assert sysctl_path("kernel.panic") == "/proc/sys/kernel/panic"
