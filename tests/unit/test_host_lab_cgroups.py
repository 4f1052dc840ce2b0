"""Cgroups of lab hosts are found wherever they were made: plain directories stand for a hierarchy."""

import pytest

from yiyun.lab.hosts import cgroups

MINE, OTHER = "yiyun-0123abcd-lab-az1-01", "yiyun-89abcdef-lab-az1-01"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    for path in (f"cpu/{MINE}/system.slice", f"cpu/yiyun-batch/{MINE}/init.scope", f"systemd/user/{MINE}"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / f"cpu/{OTHER}/init.scope" / MINE).mkdir(parents=True)
    return tmp_path


def test_they_are_removed_below_every_group_of_the_caller(root):
    cgroups.remove({MINE})
    left = {str(path.relative_to(root)) for path in root.rglob("*") if not any(path.iterdir())}
    assert left == {"cpu/yiyun-batch", "systemd/user", f"cpu/{OTHER}/init.scope/{MINE}"}


def test_the_tree_of_another_host_is_not_searched(root):
    found = {str(path.relative_to(root)) for path in cgroups.find(MINE.__eq__)}
    assert found == {f"cpu/{MINE}", f"cpu/yiyun-batch/{MINE}", f"systemd/user/{MINE}"}
