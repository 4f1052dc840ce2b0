"""hosts.yaml as Ansible reads it: ranges, groups, precedence. `tests/stacks/test_inventory.py` asks Ansible itself."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from site_copies import check_place

from yiyun.errors import SiteError
from yiyun.site import inventory


def read(directory, files):
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return inventory.read(directory / "hosts.yaml")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a", ["a"]),
        ("n[1:3]", ["n1", "n2", "n3"]),
        ("n[01:03]", ["n01", "n02", "n03"]),
        ("n[08:11]", ["n08", "n09", "n10", "n11"]),
        ("n[:2]", ["n0", "n1", "n2"]),
        ("n[1:10:4]-x", ["n1-x", "n5-x", "n9-x"]),
        ("r[a:c]", ["ra", "rb", "rc"]),
        ("r[a:e:2]n[1:2]", ["ran1", "ran2", "rcn1", "rcn2", "ren1", "ren2"]),
    ],
)
def test_range(pattern, names):
    assert inventory.expand(pattern, "f:1") == names


@pytest.mark.parametrize(
    "pattern",
    [
        *("n[1:", "n[1]", "n[]", "n[:]", "n[3:1]", "n[01:100]", "n[1:3:0]", "n[a:3]", "n[A:C]", "n[1:99999999999]"),
        *("n]1:2[", "n[0:999][0:999]", "n[aa:bb]", "n[1:2:x]", "n[-1:2]", "[[1:2]]", "N1", "n_1", "n:22", "-n", ""),
        *(5, None, "x" * 60),
    ],
)  # fmt: skip
def test_pattern_that_is_refused(pattern):
    with pytest.raises(SiteError, match=r"^f:1: "):
        inventory.expand(pattern, "f:1")


@given(st.text(alphabet="ab01[:]-", max_size=14))
def test_pattern_gives_host_names_or_a_refusal(pattern):
    try:
        names = inventory.expand(pattern, "f:1")
    except SiteError as error:
        assert str(error).startswith("f:1: ")
    else:
        assert names
        assert not any(set("[]:") & set(name) for name in names)


def test_precedence(tmp_path):
    """Each variable `v1`.. is set at two neighbouring levels; the stronger one must win."""
    found = read(
        tmp_path,
        {
            "hosts.yaml": """
                all:
                  vars: {v1: all, v2: all}
                  children:
                    parent:
                      vars: {v2: parent, v3: parent, v4: parent, v5: parent}
                      children:
                        child:
                          vars: {v3: child, v7: child}
                          hosts:
                            h: {v7: host, v8: host}
                    early: {vars: {v5: early, v6: early}, hosts: {h: }}
                    late: {vars: {v6: late, v9: late}, hosts: {h: }}
                    strong: {vars: {v9: strong, ansible_group_priority: 9}, hosts: {h: }}
                """,
            "group_vars/all.yml": "{v3x: all-file, v4: all-file, v10: all-file}",
            "group_vars/child": "v10: child-file",
            "host_vars/h.json": '{"v8": "host-file"}',
        },
    )
    assert found.values("h") == {
        "v1": "all",
        "v2": "parent",  # groups are stronger than all
        "v3": "child",  # deeper groups are stronger
        "v3x": "all-file",
        "v4": "all-file",  # files beside the inventory are stronger than the inventory
        "v5": "parent",  # of one depth the name that sorts last
        "v6": "late",
        "v7": "host",
        "v8": "host-file",
        "v9": "strong",  # priority before name
        "v10": "child-file",
    }


def test_directory_of_group_variables(tmp_path):
    found = read(
        tmp_path,
        {
            "hosts.yaml": "all: {hosts: {h: }}",
            "group_vars/all/10-first.yml": "{a: 1, b: 1}",
            "group_vars/all/20-second.yaml": "b: 2",
            "group_vars/all/deeper/x": "c: 3",
            "group_vars/all/.hidden.yml": "d: 4",
            "group_vars/all/old.yml~": "d: 4",
            "group_vars/all/note.txt": "d: 4",
            "group_vars/all.yml": "d: 4",  # the directory comes first and alone
        },
    )
    assert found.values("h") == {"a": 1, "b": 2, "c": 3}


def test_groups_written_in_several_places_are_one(tmp_path):
    found = read(
        tmp_path,
        {
            "hosts.yaml": """
                web: {hosts: {a: {x: 1}}, vars: {v: 1}}
                site: {children: {web: {hosts: {b: , a: {x: 2}}, vars: {w: 2}}}}
                """
        },
    )
    assert list(found.groups["web"].hosts) == ["a", "b"]
    assert found.values("a") == {"v": 1, "w": 2, "x": 2}
    assert found.hosts["a"].groups == {"web", "site"}
    assert found.groups["all"].children == {"ungrouped": None, "site": None}


def test_ungrouped_hosts(tmp_path):
    found = read(
        tmp_path, {"hosts.yaml": "all: {hosts: {a: , b: }}\nungrouped: {hosts: {b: , c: }}\ng: {hosts: {b: }}"}
    )
    assert set(found.groups["ungrouped"].hosts) == {"a", "c"}
    assert found.hosts["a"].groups == {"ungrouped"}
    assert found.hosts["b"].groups == {"g"}


def test_one_name_may_stand_for_a_mapping(tmp_path):
    found = read(tmp_path, {"hosts.yaml": "g: {hosts: a}\ntop: {children: g}"})
    assert found.hosts["a"].groups == {"g", "top"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("all:\n  host: {a: }\n", 2, "has no key 'host' (did you mean hosts?)"),
        ("all:\n  hosts: [a, b]\n", 2, "write a mapping"),
        ("g: 3\n", 1, "group g is a plain value"),
        ("g:\n  children:\n    g: {hosts: {a: }}\n", 3, "contain each other"),
        ("a: {children: {b: }}\nb:\n  children: {a: }\n", 3, "contain each other"),
        ("a:\n  children:\n    b:\n      children:\n        a:\n", 5, "contain each other"),
        ("a:\n  children: {all: }\n", 2, "all cannot be a child of a"),
        ("a:\n  children: {ungrouped: }\n", 2, "ungrouped cannot be a child of a"),
        ("ungrouped:\n  children: {a: }\n", 2, "a cannot be a child of ungrouped"),
        ("g:\n  hosts: {g: }\n", 2, "is a group too"),
        ("g: {hosts: {h: }}\nh:\n  hosts: {x: }\n", 2, "h is a host"),
        ("a b: {hosts: {h: }}\n", 1, "'a b' is not a group name"),
        ("../x: {hosts: {h: }}\n", 1, "is not a group name"),
        ("3: {hosts: {h: }}\n", 1, "3 is not a group name"),
        ("g:\n  vars: {ansible_group_priority: high}\n  hosts: {h: }\n", 2, "is not a whole number"),
        ("g:\n  vars: {1: x}\n  hosts: {h: }\n", 2, "variable name 1 is not text"),
        ("g:\n  hosts:\n    1: {}\n", 3, "host name 1 is not text"),
        ("g:\n  hosts:\n    h: text\n", 3, "host h is text; write a mapping"),
        ("plugin: aws\n", 1, "an inventory plugin"),
        ("g: {vars: {a: 1}}\n", 1, "no group has hosts"),
        ("g:\n  hosts: {'n[0:9999]': , 'm[0:9999]': }\n", 2, "more than 10000 hosts"),
    ],
)  # fmt: skip
def test_inventory_that_is_refused(text, line, words, tmp_path):
    with pytest.raises(SiteError) as caught:
        read(tmp_path, {"hosts.yaml": text})
    check_place(str(caught.value))
    assert str(caught.value).startswith(f"{tmp_path}/hosts.yaml:{line}: ")
    assert words in str(caught.value)


def test_variables_file_that_is_a_list(tmp_path):
    with pytest.raises(SiteError, match=r"group_vars/all\.yml:1: a file of variables is a mapping"):
        read(tmp_path, {"hosts.yaml": "all: {hosts: {h: }}", "group_vars/all.yml": "[1]"})


def test_directories_that_contain_themselves_end(tmp_path):
    (tmp_path / "group_vars" / "all").mkdir(parents=True)
    (tmp_path / "group_vars" / "all" / "loop").symlink_to(tmp_path / "group_vars" / "all")
    with pytest.raises(SiteError, match="nested deeper than 8 levels"):
        read(tmp_path, {"hosts.yaml": "all: {hosts: {h: }}"})
