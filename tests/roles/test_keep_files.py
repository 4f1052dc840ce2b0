"""Role keep and its module on files of this machine: what is made, foretold, refused, shown and kept out of sight."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yiyun.paths import CHECKOUT

SECRET = "a-word-that-nobody-may-see-4711"
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact: {yiyun_lacks: [tpm]}
    - block:
        - ansible.builtin.import_role: {name: keep}
          vars: {keep_promises: "{{ promised }}"}
      always:
        - ansible.builtin.copy: {dest: "{{ result }}", content: "{{ ansible_failed_result | default(keep_written) | to_json }}"}
          check_mode: false
          no_log: true
"""


@pytest.fixture
def keep(tmp_path):
    """Apply promises below tmp_path; returns the result of the task about files, the exit code, and all that was said."""
    (tmp_path / "play.yml").write_text(PLAY)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "motd.j2").write_text("{% if true %}\nwelcome to {{ ward }}\n{% endif %}\n")

    def run(*arguments: str, **promised) -> tuple[dict, int, str]:
        me = {"owner": os.getuid(), "group": os.getgid()}
        for key in ("directories", "files"):
            promised[key] = [
                {**{name: str(value) for name, value in me.items()}, **entry} for entry in promised.get(key, [])
            ]
        given = tmp_path / "given.json"
        result = tmp_path / "result.json"
        given.write_text(json.dumps({"promised": promised, "ward": "ward 7", "result": str(result)}))
        argv = [str(Path(sys.executable).parent / "ansible-playbook"), str(tmp_path / "play.yml"), "-i", "localhost,"]
        environment = os.environ | {"HOME": str(tmp_path), "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg")}
        argv += ["-e", f"@{given}", "-e", f"ansible_python_interpreter={sys.executable}", *arguments]
        done = subprocess.run(argv, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        return json.loads(result.read_text()), done.returncode, said

    return run


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_everything_is_made_and_then_left_alone(keep, tmp_path):
    there = tmp_path / "there"
    there.write_text("x")
    there.chmod(0o666)
    gone = tmp_path / "gone"
    (gone / "below").mkdir(parents=True)
    promised = {
        "directories": [{"path": str(tmp_path / "a" / "b"), "mode": "0750"}],
        "files": [
            {"path": str(tmp_path / "a" / "b" / "motd"), "template": "motd.j2"},
            {"path": str(tmp_path / "number"), "content": 190, "mode": "0600", "validate": "grep -q 190 %s"},
            {"path": str(there)},
            {"path": str(tmp_path / "not-here"), "content": "x", "when": False},
            {"path": str(tmp_path / "needs-tpm"), "template": "no-such.j2", "needs": "tpm"},
        ],
        "links": [{"path": str(tmp_path / "link"), "target": "there"}],
        "absent_files": [str(gone)],
    }
    foretold, code, _ = keep("--check", "--diff", **promised)
    assert (code, foretold["changed"]) == (0, True)
    assert not (tmp_path / "a").exists() and gone.exists() and mode(there) == 0o666
    first, code, _ = keep("--diff", **promised)
    assert (code, first["changed"]) == (0, True)
    paths = {str(tmp_path / "a" / "b" / "motd"), str(tmp_path / "number")}
    assert set(first["files"]) == set(foretold["files"]) == paths
    assert first["directories"] == foretold["directories"] == [str(tmp_path / "a" / "b")]
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o750
    assert (tmp_path / "a" / "b" / "motd").read_text() == "welcome to ward 7\n"
    assert mode(tmp_path / "a" / "b" / "motd") == mode(there) == 0o644
    assert (tmp_path / "number").read_text() == "190"
    assert mode(tmp_path / "number") == 0o600
    assert (tmp_path / "link").readlink() == Path("there")
    assert not gone.exists()
    assert not (tmp_path / "not-here").exists() and not (tmp_path / "needs-tpm").exists()
    assert "welcome to ward 7" in json.dumps(first["diff"])
    for arguments in ((), ("--check",)):
        again, code, _ = keep(*arguments, **promised)
        assert (code, again["changed"], again["files"], again["directories"]) == (0, False, [], [])


def test_each_way_to_spoil_a_file_is_mended(keep, tmp_path):
    path = tmp_path / "file"
    promised = {"files": [{"path": str(path), "content": "good\n", "mode": "0600"}]}
    keep(**promised)

    def elsewhere() -> None:
        path.unlink()
        (tmp_path / "other").write_text("good\n")
        path.symlink_to(tmp_path / "other")

    for spoil in (lambda: path.write_text("bad\n"), lambda: path.chmod(0o644), path.unlink, elsewhere):
        spoil()
        foretold, _, _ = keep("--check", **promised)
        mended, code, _ = keep(**promised)
        assert (code, foretold["changed"], mended["changed"]) == (0, True, True)
        assert path.read_text() == "good\n" and mode(path) == 0o600 and not path.is_symlink()


def test_what_a_program_refuses_is_not_put_in_place(keep, tmp_path):
    path = tmp_path / "file"
    path.write_text("old\n")
    wanted = {"path": str(path), "content": "new\n", "validate": "grep -q nothing-of-the-kind %s"}
    failed, code, _ = keep(files=[{"path": str(tmp_path / "before"), "content": "done"}, wanted])
    assert code != 0 and str(path) in failed["msg"] and "refused by grep" in failed["msg"]
    assert path.read_text() == "old\n"
    assert (tmp_path / "before").read_text() == "done"
    assert failed["changed"]


@pytest.mark.parametrize("made", ["directory", "nothing", "no parent", "link"])
def test_what_cannot_be_brought_about_is_named(keep, tmp_path, made):
    path = tmp_path / "file"
    promised: dict = {"files": [{"path": str(path), "content": "x"}]}
    if made == "directory":
        path.mkdir()
    if made == "nothing":
        promised = {"files": [{"path": str(path)}]}
    if made == "no parent":
        promised = {"files": [{"path": str(path / "below"), "content": "x"}]}
    if made == "link":
        path.symlink_to(tmp_path)
        promised = {"directories": [{"path": str(path)}]}
    failed, code, _ = keep(**promised)
    assert code != 0 and str(path) in failed["msg"]


def test_a_run_that_is_only_foretold_takes_what_others_will_bring(keep, tmp_path):
    path = tmp_path / "of-a-package"
    for promised in ({"files": [{"path": str(path)}]}, {"directories": [{"path": str(path), "packaged": True}]}):
        foretold, code, _ = keep("--check", **promised)
        assert (code, foretold["changed"]) == (0, False)


def test_a_secret_is_seen_nowhere_but_in_its_file(keep, tmp_path):
    path = tmp_path / "key"
    for secret in (SECRET, SECRET * 2):
        promised = [{"path": str(path), "content": f"key: {secret}\n", "mode": "0600", "secret": True}]
        _, code, said = keep("-vvv", "--diff", files=promised)
        assert code == 0
        # The variables of this test are given with -e, which Ansible does not print.
        assert SECRET not in said
        assert path.read_text() == f"key: {secret}\n" and mode(path) == 0o600


def test_contents_are_no_part_of_an_invocation(keep, tmp_path):
    _, code, said = keep("-vvv", files=[{"path": str(tmp_path / "file"), "content": "lines of a file\n"}])
    assert code == 0 and "lines of a file" not in said
