"""Playbooks that destroy stop before the first host unless exactly one host of the site was typed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from yiyun.paths import CHECKOUT


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
def test_nothing_is_touched(playbook: str, typed: list[str], tmp_path: Path) -> None:
    argv = ["ansible-playbook", "-i", "inventories/lab", f"playbooks/{playbook}.yml"]
    argv += [word for each in typed for word in ("-e", each)]
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_LOCAL_TEMP": str(tmp_path),
        "ANSIBLE_SSH_ARGS": f"-F {tmp_path}/no-ssh-config",
    }
    done = subprocess.run(argv, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stdout
    assert "Nothing was touched" in done.stdout
    recap = done.stdout[done.stdout.index("PLAY RECAP") :]
    assert "lab-az" not in recap
    assert "changed=0" in recap
