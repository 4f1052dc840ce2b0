"""PAM stacks as role lockout and password_quality leave them, evaluated: also after each single line they write."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from role_promises import ROLES, given

from yiyun.evidence.hosts import roles
from yiyun.paths import CHECKOUT
from yiyun.site import Site, inventory

RECORDED = CHECKOUT / "tests" / "recorded" / "pam"
SAMPLES = ("openeuler-22.03", "plain-without-lockout")
WORDS = {
    "required": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "bad"},
    "requisite": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "die"},
    "sufficient": {"success": "done", "new_authtok_reqd": "done", "default": "ignore"},
    "optional": {"success": "ok", "new_authtok_reqd": "ok", "default": "ignore"},
}
"""What the four words of pam.conf(5) stand for."""

Module = Callable[[list[str]], str]


def walk(stack: str, kind: str, modules: dict[str, Module]) -> tuple[str, list[str]]:
    """Result of one kind of a stack, and the modules that were called; as Linux-PAM's dispatch does it."""
    lines = [re.sub(r"\[[^]]*\]", lambda m: m[0].replace(" ", "\0"), line) for line in stack.splitlines()]
    steps = [line.split() for line in lines if re.match(rf"-?{kind}\s", line)]
    result, called, skip = "", [], 0
    for _, control, module, *arguments in steps:
        if skip:
            skip -= 1
            continue
        if module not in modules:
            continue  # only lines that begin with "-" name modules that are not there
        said = modules[module](arguments)
        called.append(" ".join([module, *arguments[:1]]))
        actions = WORDS.get(control) or dict(part.split("=") for part in control.strip("[]").split("\0"))
        action = actions.get(said, actions.get("default", "bad"))
        if action.isdigit():
            skip = int(action)
        elif action in ("ok", "done"):
            if result in ("", "success"):
                result = said
            if action == "done" and result == said:
                return result, called
        elif action in ("bad", "die"):
            result = result if result not in ("", "success") else said
            if action == "die":
                return result, called
    return result or "perm_denied", called


def log_in(stack: str, *, right: bool, locked: bool, uid: int = 1000) -> tuple[bool, list[str]]:
    """Whether somebody comes in, and which steps were taken."""

    def faillock(arguments: list[str]) -> str:
        return {"preauth": "auth_err" if locked else "success", "authfail": "auth_err"}.get(
            arguments[0], "auth_err" if locked else "success"
        )

    modules: dict[str, Module] = {
        "pam_env.so": lambda _: "success",
        "pam_faillock.so": faillock,
        "pam_unix.so": lambda _: "success" if right else "auth_err",
        "pam_succeed_if.so": lambda _: "success" if uid >= 1000 else "auth_err",
        "pam_deny.so": lambda _: "auth_err",
        "pam_permit.so": lambda _: "success",
    }
    result, called = walk(stack, "auth", modules)
    return result == "success", called


@pytest.fixture(scope="module")
def lines() -> dict[str, list[dict]]:
    path = CHECKOUT / "inventories" / "lab"
    site, listed = Site.load(path), inventory.read(path / "hosts.yaml")
    name = "lab-az1-01"
    variables = given(site, name, "openeuler-22.03", [])
    found = {}
    for role in ("lockout", "password_quality"):
        lookup = roles.Variables(ROLES[role], listed.hosts[name].variables, variables)
        found[role] = [line for line in lookup(f"{role}_lines") if line["path"] == "/etc/pam.d/system-auth"]
        ours = ROLES[role].promised_to(listed.hosts[name].variables, variables)
        assert {line.line for line in ours.promises.lines} >= {line["line"] for line in found[role]}
    return found


def write(line: dict, path: Path) -> bool:
    """Write one line as role keep does, by Ansible's own module; whether it changed the file."""
    arguments = {"path": str(path), "regexp": line["match"], "line": line["line"]}
    arguments |= {
        key: line[ours] for ours, key in (("after", "insertafter"), ("before", "insertbefore")) if ours in line
    }
    done = subprocess.run(
        [sys.executable, "-m", "ansible.modules.lineinfile"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)["changed"]


@pytest.mark.parametrize("sample", SAMPLES)
def test_lines_leave_a_sound_stack_after_each_of_them(sample: str, lines, tmp_path: Path) -> None:
    path = Path(shutil.copy(RECORDED / f"{sample}.system-auth", tmp_path / "system-auth"))
    for line in [*lines["lockout"], *lines["password_quality"]]:
        write(line, path)
        stack = path.read_text()
        for uid in (0, 1000):
            assert log_in(stack, right=True, locked=False, uid=uid)[0], line
            assert not log_in(stack, right=False, locked=False, uid=uid)[0], line
    assert not any(write(line, path) for line in [*lines["lockout"], *lines["password_quality"]])


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("uid", [0, 1000])
def test_wrong_passwords_are_counted_and_locked_accounts_stay_out(sample: str, uid: int, lines, tmp_path: Path) -> None:
    path = Path(shutil.copy(RECORDED / f"{sample}.system-auth", tmp_path / "system-auth"))
    for line in lines["lockout"]:
        write(line, path)
    stack = path.read_text()
    came_in, steps = log_in(stack, right=False, locked=False, uid=uid)
    assert not came_in
    assert "pam_faillock.so authfail" in steps
    came_in, steps = log_in(stack, right=True, locked=False, uid=uid)
    assert came_in
    assert "pam_faillock.so authfail" not in steps
    assert not log_in(stack, right=True, locked=True, uid=uid)[0]
    assert "deny=5" in next(line for line in stack.splitlines() if "authfail" in line)
    # The account step, reached after a right password, begins the count anew.
    account = [line.split() for line in stack.splitlines() if re.match(r"account\s", line)]
    assert ["account", "required", "pam_faillock.so"] in account[:2]


@pytest.mark.parametrize("sample", SAMPLES)
def test_new_passwords_are_compared_before_they_are_taken(sample: str, lines, tmp_path: Path) -> None:
    path = Path(shutil.copy(RECORDED / f"{sample}.system-auth", tmp_path / "system-auth"))
    for line in lines["password_quality"]:
        write(line, path)
    steps = [line.split()[2] for line in path.read_text().splitlines() if re.match(r"password\s", line)]
    assert steps.index("pam_pwquality.so") < steps.index("pam_pwhistory.so") < steps.index("pam_unix.so")
    assert re.search(r"^account\s+required\s+pam_unix\.so no_pass_expiry$", path.read_text(), re.MULTILINE)


COMMON_AUTH = """\
auth	required pam_faillock.so preauth
auth	[success=2 default=ignore]	pam_unix.so nullok try_first_pass
auth	[default=die] pam_faillock.so authfail
auth	requisite			pam_deny.so
auth	required			pam_permit.so
auth	required pam_faillock.so authsucc
"""


def test_the_stack_of_debian_counts_and_forgives() -> None:
    came_in, steps = log_in(COMMON_AUTH, right=True, locked=False)
    assert came_in
    assert steps[-1] == "pam_faillock.so authsucc"
    came_in, steps = log_in(COMMON_AUTH, right=False, locked=False)
    assert not came_in
    assert steps[-1] == "pam_faillock.so authfail"
    assert not log_in(COMMON_AUTH, right=True, locked=True)[0]


def stacks(role: str, os_name: str) -> list[dict]:
    path = CHECKOUT / "inventories" / "lab"
    site, listed = Site.load(path), inventory.read(path / "hosts.yaml")
    name = "lab-az1-01"
    lookup = roles.Variables(ROLES[role], listed.hosts[name].variables, given(site, name, os_name, []))
    return lookup(f"{role}_stacks")


@pytest.mark.parametrize("break_it", [None, "preauth", "authfail", "authsucc"])
def test_the_proof_follows_includes_and_misses_no_module(break_it: str | None, tmp_path: Path) -> None:
    (tmp_path / "common-auth").write_text(
        "".join(line for line in COMMON_AUTH.splitlines(keepends=True) if not break_it or break_it not in line)
    )
    for service in ("sshd", "login", "su", "sudo"):
        (tmp_path / service).write_text(
            "# comment\nauth sufficient pam_rootok.so\n@include common-auth\nsession required pam_x.so\n"
        )
    for stack in stacks("lockout", "debian-12"):
        command = stack["command"].replace("/etc/pam.d/", f"{tmp_path}/")
        shown = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True).stdout
        assert "session" not in shown
        assert bool(re.search(stack["matches"], shown, re.MULTILINE)) == (break_it is None)


def test_the_proof_follows_substacks(lines, tmp_path: Path) -> None:
    path = Path(shutil.copy(RECORDED / "plain-without-lockout.system-auth", tmp_path / "system-auth"))
    for service in ("sshd", "login", "su", "sudo"):
        (tmp_path / service).write_text("auth substack system-auth\naccount include system-auth\n")

    def proven() -> list[bool]:
        found = []
        for stack in stacks("lockout", "openeuler-22.03"):
            command = stack["command"].replace("/etc/pam.d/", f"{tmp_path}/")
            shown = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True).stdout
            found.append(bool(re.search(stack["matches"], shown, re.MULTILINE)))
        return found

    assert not any(proven())
    for line in lines["lockout"]:
        write(line, path)
    assert all(proven())


SHADOW = """\
root:$y$j9T$x:20000:0:99999:7:::
daemon:*:20000:0:99999:7:::
keys:*:20000:0:90:7:30::
sealed:!:20000:1:90:7:30::
good:$y$j9T$x:20000:1:90:7:30::
old:$6$x:20000:0:99999:7:::
idle:$6$x:20000:1:90:7:::
shut:!$6$x:20000:0:99999:7:::
nothing::20000:0:99999:7:::
unset:!!:20000::::::
"""


@pytest.mark.parametrize(("os_name", "keys"), [("debian-12", []), ("rocky-9", ["never keys", "never sealed"])])
def test_ages_are_asked_of_passwords_only(os_name: str, keys: list[str], tmp_path: Path) -> None:
    path = CHECKOUT / "inventories" / "lab"
    site, listed = Site.load(path), inventory.read(path / "hosts.yaml")
    variables = given(site, "lab-az1-01", os_name, [])
    lookup = roles.Variables(ROLES["password_quality"], listed.hosts["lab-az1-01"].variables, variables)
    (tmp_path / "shadow").write_text(SHADOW)
    command = lookup("password_quality_ages").replace("/etc/shadow", f"{tmp_path}/shadow")
    shown = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == ["age root", *keys, "age old", "age idle", "empty nothing"]
