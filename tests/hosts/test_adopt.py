"""First contact with real bare hosts: four at once, good and bad ones."""

import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from yiyun import known_hosts
from yiyun.operations.hosts import access
from yiyun.paths import CHECKOUT

pytestmark = pytest.mark.ci

GOOD, FULL, OTHER_CHIP, OTHER_KEY = HOSTS = ("lab-az1-01", "lab-az1-02", "lab-az2-01", "lab-az2-02")
ALL = ",".join(HOSTS)
STRANGER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKPf3wzfVQr1yqnpTd8OqXMWUm9ZcYgrYyJdTkZq3iPS"


@pytest.fixture(scope="module")
def bare(place):
    """Four bare hosts."""
    place.yiyun("lab", "hosts", "up", "--hosts", ALL, timeout=1500)
    return place


def adopt(bare, *args: str, code: int = 0, **env: str) -> dict[str, str]:
    """Run adopt; what was reported, by host, in one line each. The table for people names every host too."""
    done = bare.yiyun("hosts", "adopt", *args, code=code, **env)
    outcomes = json.loads((bare.site.state_dir / "adopt.json").read_text(encoding="utf-8"))
    assert all(outcome["host"] in done.stdout for outcome in outcomes)
    return {
        o["host"]: f"{o['result']}: {', '.join(o['done'])} {o['fingerprint']} {o['cause']} -> {o['remedy']}"
        for o in outcomes
    }


def test_check_says_what_it_would_do_and_writes_nothing(bare):
    report = adopt(bare, "--hosts", GOOD, "--check")
    assert report[GOOD].startswith("would adopt: install Python and sudo, make the management user")
    assert not access.known_hosts(bare.site).exists()
    assert bare.on(GOOD, "ls /home /etc/sudoers.d 2>/dev/null; getent passwd yiyun || true").strip() == "/home:"


def test_without_bundle_nothing_is_changed_and_the_place_is_named(bare, tmp_path):
    report = adopt(bare, "--hosts", GOOD, code=1, YIYUN_BUNDLE=str(tmp_path))
    assert "no Python 3.8 or newer" in report[GOOD]
    assert "$YIYUN_BUNDLE/python/debian-12/amd64/" in report[GOOD]
    assert bare.on(GOOD, "getent passwd yiyun || true") == ""


def test_a_wrong_password_is_told_apart(bare):
    report = adopt(bare, "--hosts", GOOD, code=1, YIYUN_ROOT_PASSWORD="wrong")
    assert "password or key was not accepted -> set YIYUN_ROOT_PASSWORD" in report[GOOD]


def test_bad_hosts_are_named_and_never_stop_the_rest(bare):
    """A full disk, another chip than listed, another key than pinned; then all mended; then nothing left to do."""
    bare.on(FULL, "mount -t tmpfs -o size=64k tmpfs /home && head -c 64k /dev/zero > /home/filler || true")
    listed, other = "{ansible_host: 198.18.0.21,", "{yiyun_cpu_family: amd, ansible_host: 198.18.0.21,"
    bare.edit("hosts.yaml", listed, other)
    known_hosts.pin(access.known_hosts(bare.site), OTHER_KEY, str(bare.site.host(OTHER_KEY).address), STRANGER)
    report = adopt(bare, "--hosts", ALL, code=1)
    assert report[GOOD].startswith("adopted") and "SHA256:" in report[GOOD]
    for name, cause, remedy in (
        (FULL, "disk full: /home has 0 MiB free", "free space"),
        (OTHER_CHIP, "CPU family is hygon, hosts.yaml lists amd", "correct what is wrong"),
        (OTHER_KEY, "its host key is not the one pinned", f"ssh-keygen -R {OTHER_KEY}"),
    ):
        assert report[name].startswith("failed") and cause in report[name] and remedy in report[name], report[name]
        assert "yiyun" not in bare.on(name, "cut -d: -f1 /etc/passwd").split()

    bare.on(FULL, "umount /home")
    bare.edit("hosts.yaml", other, listed)
    known_hosts.unpin(access.known_hosts(bare.site), [OTHER_KEY])
    report = adopt(bare, "--hosts", ALL)
    assert report[GOOD].startswith("unchanged")
    assert all(report[name].startswith("adopted") for name in (FULL, OTHER_CHIP, OTHER_KEY))
    assert all(line.startswith("unchanged") for line in adopt(bare, "--hosts", ALL).values())


def test_every_tool_gets_in_by_the_one_configuration(bare):
    config = access.config_file(bare.site)
    assert config.stat().st_mode & 0o077 == 0
    done = subprocess.run(
        ["ssh", "-F", str(config), "-o", "BatchMode=yes", GOOD, "id -un; sudo -n id -u; python3 -c 'print(6*7)'"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["yiyun", "0", "42"]
    ansible = [str(CHECKOUT / ".venv/bin/ansible"), "-i", str(bare.directory / "hosts.yaml"), ALL, "-b", "-m", "ping"]
    done = subprocess.run(
        ansible, env=bare.env | access.environment(bare.site), cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.stdout.count("SUCCESS") == 4, done.stdout + done.stderr


def test_rights_and_traces_on_the_host(bare):
    said = bare.on(
        GOOD,
        "sudo stat -c '%a %U:%G %n' /etc/sudoers.d/yiyun /home/yiyun/.ssh /home/yiyun/.ssh/authorized_keys;"
        "sudo getent shadow yiyun | cut -d: -f2; sudo visudo -c >/dev/null && echo valid; sudo ls -A /var/tmp",
    )
    assert said.splitlines()[:5] == [
        "440 root:root /etc/sudoers.d/yiyun",
        "700 yiyun:yiyun /home/yiyun/.ssh",
        "600 yiyun:yiyun /home/yiyun/.ssh/authorized_keys",
        "*",
        "valid",
    ]
    assert "yiyun" not in said.splitlines()[-1]  # the uploaded bundle is gone


def test_it_works_after_root_was_locked_out_and_mends_what_was_undone(bare):
    """A hardened host takes no root login any more; adopt goes in as the management user."""
    bare.on(
        GOOD,
        "printf 'PermitRootLogin no\\nPasswordAuthentication no\\n' | sudo tee /etc/ssh/sshd_config.d/00-a.conf;"
        "sudo rm -f /etc/ssh/sshd_config.d/00-delivered.conf; sudo systemctl reload ssh;"
        "sudo sh -c 'echo \"# mine\" >> /etc/sudoers.d/yiyun'",
    )
    report = adopt(bare, "--hosts", GOOD, YIYUN_ROOT_PASSWORD="wrong")
    assert report[GOOD].startswith("adopted: give it sudo rights ")
    assert adopt(bare, "--hosts", GOOD)[GOOD].startswith("unchanged")


def test_another_kernel_than_listed_is_refused(bare):
    change = "oe2203sp4.x86_64", "oe2203sp3.x86_64"
    bare.edit("group_vars/intel.yaml", *change)
    try:
        report = adopt(bare, "--hosts", GOOD, code=1)
    finally:
        bare.edit("group_vars/intel.yaml", *reversed(change))
    assert (
        report[GOOD].startswith("failed") and f"kernel is {os.uname().release}, hosts.yaml lists 5.10" in report[GOOD]
    )


def test_the_password_never_stands_in_a_command_line(bare):
    password = bare.lab.password_file.read_text(encoding="ascii").strip()
    seen: list[str] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    text = path.read_bytes().decode(errors="replace")
                except OSError:
                    continue
                if password in text:
                    seen.append(text)
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        bare.yiyun("hosts", "adopt", "--hosts", f"{FULL},{OTHER_CHIP}", "--check", YIYUN_ROOT_PASSWORD=password)
    finally:
        stop.set()
        watcher.join()
    assert not seen
    state = bare.site.state_dir
    written = [
        path for place in (state, state / "ssh", state / "identity") for path in place.iterdir() if path.is_file()
    ]
    assert not [path for path in written if password.encode() in path.read_bytes()]


def test_a_host_that_does_not_answer_is_named(bare):
    """It is listed, but it was never booted."""
    report = adopt(bare, "--hosts", f"{GOOD},lab-az3-01", code=1)
    assert "no SSH connection to 198.18.0.31" in report["lab-az3-01"]
    assert report[GOOD].startswith("unchanged")


def test_down_forgets_the_pinned_keys(bare):
    bare.yiyun("lab", "hosts", "down", "--hosts", GOOD)
    assert GOOD not in known_hosts.pinned(access.known_hosts(bare.site))
    assert FULL in known_hosts.pinned(access.known_hosts(bare.site))
