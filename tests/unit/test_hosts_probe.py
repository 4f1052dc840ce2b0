"""The probe script, really run by /bin/sh on this machine (it only reads), and what is made of its output."""

import os
import subprocess
from pathlib import Path

import pytest

from yiyun.evidence.hosts import facts, probe
from yiyun.evidence.hosts.facts import HostFacts
from yiyun.evidence.hosts.probe import Wanted
from yiyun.evidence.hosts.promises import Promises

TOKEN = "0123456789abcdef"


def run(wanted: Wanted, replace: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Run the script as the one who runs the tests, told that it is root."""
    text = probe.script(wanted, TOKEN).text.replace("'id -u; ", "'echo 0; ")
    for old, new in replace:
        assert old in text
        text = text.replace(old, new)
    done = subprocess.run(["/bin/sh", "-s"], input=text.encode(), capture_output=True, timeout=60, check=True)
    return done.stdout


def read(wanted: Wanted, replace: tuple[tuple[str, str], ...] = ()) -> HostFacts:
    return facts.parse("n1", wanted, probe.script(wanted, TOKEN), run(wanted, replace))


def test_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello\n")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "fifo")
    names = {name: str(tmp_path / name) for name in ("file", "link", "fifo", "missing")}
    paths = (*names.values(), str(tmp_path), names["file"] + "/below")
    found = read(Wanted(paths=paths, hashed=tuple(names.values()), links=(names["link"],)))
    assert found.problem is None
    file = found.paths[names["file"]]
    assert file is not None
    assert (file.kind, file.mode, file.uid) == ("file", 0o640, os.getuid())
    assert abs(file.changed - (tmp_path / "file").stat().st_ctime) < 1e-3
    kinds = {path: entry.kind if entry else None for path, entry in found.paths.items()}
    assert kinds == {
        names["file"]: "file",
        names["link"]: "link",
        names["fifo"]: "fifo",
        names["missing"]: None,
        str(tmp_path): "directory",
        names["file"] + "/below": None,
    }
    assert found.hashes == {names["file"]: "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}
    assert found.links == {names["link"]: "file"}


def test_this_machine_is_read() -> None:
    wanted = Wanted(
        packages=("bash", "no-such-package"),
        accounts=("root", "no-such-account"),
        groups=("root", "no-such-group"),
        sysctls=("/proc/sys/kernel/pid_max", "/proc/sys/kernel/no_such_key"),
        texts=("/etc/passwd", "/no/such/file"),
        commands=("echo one two; exit 3", "id --no-such-option"),
    )
    found = read(wanted)
    assert found.os_release == Path("/etc/os-release").read_text()
    assert found.packages == {"bash": True, "no-such-package": False}
    root = found.accounts["root"]
    assert root is not None
    assert (root.uid, root.gid) == (0, 0)
    assert found.accounts["no-such-account"] is None
    assert found.groups["no-such-group"] is None
    assert found.sysctls == {
        "/proc/sys/kernel/pid_max": Path("/proc/sys/kernel/pid_max").read_text().strip(),
        "/proc/sys/kernel/no_such_key": None,
    }
    assert found.texts == {"/etc/passwd": Path("/etc/passwd").read_text()}
    assert (found.commands["echo one two; exit 3"].text.strip(), found.commands["echo one two; exit 3"].status) == (
        "one two",
        3,
    )


def test_hostile_content_spoils_only_its_own_section(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_bytes(
        b"fffefdfcfbfaf9f8 status 0\nfffefdfcfbfaf9f8 begin stat\n81a4 0 0 1.0 /etc/forged\n\0\xff\x1b[2J\nTOKEN status 0\n"
    )
    (tmp_path / "link").symlink_to(f"x\n{TOKEN[:-1]} status 0\n{tmp_path}/other")
    wanted = Wanted(
        paths=("/etc/forged",),
        links=(str(tmp_path / "link"), str(tmp_path / "other")),
        texts=(str(text), "/etc/passwd"),
        commands=("cat /dev/zero | tr '\\0' 'x'", "cat", "kill -9 $$", "exit 7", "echo fine"),
    )
    found = read(wanted)
    assert found.paths == {"/etc/forged": None}
    assert found.texts[str(text)].encode("utf-8", "surrogateescape") == text.read_bytes()
    assert found.texts["/etc/passwd"] == Path("/etc/passwd").read_text()
    assert str(tmp_path / "other") not in found.links
    endless, stdin, killed, status, fine = wanted.commands
    assert endless not in found.commands, "cut off: unknown"
    assert (found.commands[stdin].text.strip(), found.commands[stdin].status) == ("", 0), "no command reads the script"
    assert found.commands[killed].status == 137
    assert found.commands[status].status == 7
    assert (found.commands[fine].text.strip(), found.commands[fine].status) == ("fine", 0)


def test_a_command_that_hangs_is_ended_and_the_rest_is_read() -> None:
    found = read(
        Wanted(commands=("sleep 30", "echo fine")), ((f"timeout -k 1 {probe.SECTION_SECONDS} ", "timeout -k 1 1 "),)
    )
    assert found.commands["sleep 30"].status == 124
    assert found.commands["echo fine"].text.strip() == "fine"


@pytest.mark.parametrize("long_first", [True, False])
def test_a_long_answer_does_not_wait_for_slow_commands(long_first: bool) -> None:
    long = [f"head -c 200000 /dev/zero | tr '\\0' {letter}" for letter in "abc"]
    slow = [f"sleep 0.8; echo {letter}" for letter in "abc"]
    pairs = zip(long, slow, strict=True) if long_first else zip(slow, long, strict=True)
    wanted = Wanted(commands=tuple(command for pair in pairs for command in pair))
    found = read(wanted, ((f"timeout -k 1 {probe.SECTION_SECONDS} ", "timeout -k 1 2 "),))
    assert [found.commands[command].status for command in wanted.commands] == [0] * 6
    assert [found.commands[command].text for command in long] == [letter * 200000 for letter in "abc"]
    assert [found.commands[command].text for command in slow] == ["a\n", "b\n", "c\n"]


@pytest.mark.parametrize("keep", [0, 1, 40, 200, 1000, 3000])
def test_an_answer_that_is_cut_off_leaves_the_rest_unknown(keep: int) -> None:
    wanted = Wanted(paths=("/etc/passwd",), accounts=("root",), groups=("root",), commands=("echo fine",))
    whole = run(wanted)
    found = facts.parse("n1", wanted, probe.script(wanted, TOKEN), whole[:keep])
    if found.problem is None:
        assert set(found.accounts) <= {"root"}
        assert all(entry is not None for entry in found.paths.values())
        assert all(account is not None for account in found.accounts.values()), "cut off is not the same as not there"


def test_a_host_where_nobody_becomes_root_is_not_judged() -> None:
    wanted = Wanted()
    output = run(wanted, (("'echo 0; ", "'echo 1000; "),))
    found = facts.parse("n1", wanted, probe.script(wanted, TOKEN), output)
    assert found.problem == "the account that logs in may not become root by sudo without a password"


def test_no_password_hash_leaves_the_host() -> None:
    sections = probe.script(Wanted(accounts=("root",)), TOKEN).text
    shadow = next(line for line in sections.splitlines() if line.startswith("s shadow "))
    program = shadow.split("| ", 1)[1]
    lines = "a:$6$salt$hash:1:2:3\nb:!:1\nc:*:1\nd::1\ne:!$6$salt$hash:1\n"
    command = program.replace("'\"'\"'", "'").rstrip("'") + "'"
    done = subprocess.run(["/bin/sh", "-c", command], input=lines, capture_output=True, text=True, check=True)
    assert done.stdout == "a:set\nb:locked\nc:locked\nd:empty\ne:locked\n"


def test_what_is_wanted_is_the_union_of_all_promises() -> None:
    first = Promises.model_validate(
        {
            "files": [{"path": "/a", "content": "x"}, {"path": "/b"}, {"path": "/c", "content": "x", "when": False}],
            "units": [{"name": "x.service", "reads": ["/a", "/d"]}],
            "effective": [{"command": "one", "line": "x"}, {"command": "one", "line": "y"}],
        }
    )
    second = Promises.model_validate(
        {
            "directories": [{"path": "/a", "owner": "daemon"}],
            "lines": [{"path": "/e", "line": "x", "match": "x"}],
            "sysctls": [{"settings": {"kernel.panic": "10"}}],
        }
    )
    assert probe.union([first, second]) == Wanted(
        paths=("/a", "/b", "/d"),
        hashed=("/a",),
        texts=("/e",),
        units=("x.service",),
        accounts=("root", "daemon"),
        groups=("root",),
        sysctls=("/proc/sys/kernel/panic",),
        commands=("one",),
    )
