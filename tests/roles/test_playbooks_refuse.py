"""Playbooks that destroy stop before they touch a host unless what they are to destroy was typed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from yiyun.paths import CHECKOUT


def refused(playbook: str, arguments: list[str], scratch: Path) -> str:
    """Run a playbook, which must refuse, without any way to a host; what it said in the end."""
    argv = ["ansible-playbook", "-i", "inventories/lab", f"playbooks/{playbook}.yml", *arguments]
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_LOCAL_TEMP": str(scratch),
        "ANSIBLE_SSH_ARGS": f"-F {scratch}/no-ssh-config",
    }
    done = subprocess.run(argv, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stdout
    assert "Nothing was touched" in done.stdout
    recap = done.stdout[done.stdout.index("PLAY RECAP") :]
    assert set(re.findall(r"(?:changed|unreachable)=(\d+)", recap)) == {"0"}
    return recap


@pytest.mark.parametrize(
    ("playbook", "typed"),
    [
        ("decommission", []),
        ("decommission", ["decommission_confirm=all"]),
        ("decommission", ["decommission_confirm=lab-az1-01:lab-az1-02"]),
        ("wipe_disk", []),
        ("wipe_disk", ["disks_wipe=az1:/dev/disk/by-path/pci-0000:01:00.0-nvme-1"]),
    ],
)
def test_no_host_is_asked_where_none_was_named(playbook: str, typed: list[str], tmp_path: Path) -> None:
    assert "lab-az" not in refused(playbook, [word for each in typed for word in ("-e", each)], tmp_path)


@pytest.mark.parametrize(
    ("playbook", "arguments"),
    [
        ("etcd_restore", []),
        ("etcd_restore", ["-e", "etcd_restore_confirm=hospital"]),
        ("replace_host", ["--limit", "lab-az1-01"]),
        ("replace_host", ["--limit", "lab-az1-01", "-e", "replace_host_confirm=lab-az2-01"]),
    ],
)
def test_nothing_is_touched_where_it_was_not_typed(playbook: str, arguments: list[str], tmp_path: Path) -> None:
    assert "failed=1" in refused(playbook, arguments, tmp_path)
