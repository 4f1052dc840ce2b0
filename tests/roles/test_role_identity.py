"""roles/identity and its filters: what other roles learn of a host, and how an unknown one is refused."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from recorded import CPU, OS_RELEASE, OS_VERSION

from yiyun.paths import CHECKOUT
from yiyun.site.os_profile import OsProfile

PLAY = """
- hosts: all
  gather_facts: false
  roles: [identity]
  tasks:
    - name: Show
      ansible.builtin.debug:
        msg: {os: "{{ yiyun_os }}", cpu: "{{ yiyun_cpu }}"}
"""
CAT = """#!/bin/sh
case "$1" in
  /etc/os-release) exec /bin/cat "$RECORDED_OS" ;;
  /proc/cpuinfo) exec /bin/cat "$RECORDED_CPU" ;;
  *) exec /bin/cat "$@" ;;
esac
"""


@pytest.fixture(scope="module")
def filters():
    spec = importlib.util.spec_from_file_location("filters", CHECKOUT / "plugins" / "filter" / "yiyun.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.FilterModule().filters()


def run_role(directory, os_release, cpuinfo):
    """Run the role on this machine, whose `cat` shows recorded files. Returns the process and what it learnt."""
    (directory / "play.yml").write_text(PLAY)
    (directory / "cat").write_text(CAT)
    (directory / "cat").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{directory}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        "ANSIBLE_LOCAL_TEMP": str(directory / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(directory / "tmp"),
        "RECORDED_OS": str(OS_RELEASE / os_release),
        "RECORDED_CPU": str(CPU / cpuinfo),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    }
    command = ["ansible-playbook", "-i", "localhost,", "-c", "local", directory / "play.yml"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    _, _, shown = done.stdout.partition("TASK [Show]")
    learnt = json.loads(shown[shown.index("=> ") + 3 : shown.index("PLAY RECAP")])["msg"] if shown else None
    return done, learnt


def test_role_tells_os_and_chip(tmp_path):
    done, learnt = run_role(tmp_path, "kylin-v10-sp3", "phytium-s2500.cpuinfo")
    assert done.returncode == 0, done.stdout
    assert OsProfile.model_validate(learnt["os"]).name == "kylin-v10-sp3"
    assert learnt["cpu"] == {"family": "phytium", "model": "unknown", "model_name": "Phytium,S2500/64 C00"}
    assert "changed=0" in done.stdout


def test_role_refuses_an_unknown_os(tmp_path):
    done, learnt = run_role(tmp_path, "other-hce-2", "kunpeng-920.cpuinfo")
    assert (done.returncode, learnt) == (2, None)
    said = " ".join(done.stdout.split())
    assert "the operating system is not known to yiyun (Huawei Cloud EulerOS 2.0 (x86_64))" in said
    assert "kylin-v10-sp1" in said


def test_filters(filters):
    text = (OS_RELEASE / "uos-20-1070a").read_text()
    profile = filters["yiyun_os_profile"](text, (OS_VERSION / "uos-20-1070a").read_text())
    assert (profile["name"], profile["minor"]) == ("uos-20-a", "1070")
    assert filters["yiyun_os_refusal"](profile) == ""
    unknown = filters["yiyun_os_profile"]((OS_RELEASE / "other-kali").read_text())
    assert unknown["name"] == "other"
    assert "Kali GNU/Linux Rolling" in filters["yiyun_os_refusal"](unknown)
    assert filters["yiyun_cpu"]("") == {"family": "other", "model": "unknown", "model_name": ""}
