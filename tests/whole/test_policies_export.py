"""`./yiyun policies export`: the command over a whole site."""

import pytest
import yaml
from rule_cases import rules

from yiyun.cli import main
from yiyun.compliance.admission_policies import POLICY, exported
from yiyun.operations import policies

ALL = policies.manifests(rules().values())
POLICIES = [each for each in ALL if each["kind"] == POLICY]


def run(monkeypatch, capsys, *args):
    monkeypatch.setattr("sys.argv", ["yiyun", "policies", "export", *args])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return ended.value.code, capsys.readouterr()


def test_the_command_writes_what_kubectl_takes(monkeypatch, capsys, tmp_path):
    code, said = run(monkeypatch, capsys, "--site", "lab")
    assert code == 0
    assert list(yaml.safe_load_all(said.out)) == ALL
    assert f"{len(POLICIES)} policies of {len(exported(rules().values()))} rules" in said.err
    assert "secret_inline" in said.err
    assert "vm_host_disk: no policy for kubevirt.io/VirtualMachineInstance" in said.err
    file = tmp_path / "policies.yaml"
    code, quiet = run(monkeypatch, capsys, "--site", "lab", "--out", str(file))
    assert (code, quiet.out) == (0, "")
    assert file.read_text() == said.out


def test_a_place_that_cannot_be_written_is_named(monkeypatch, capsys, tmp_path):
    code, said = run(monkeypatch, capsys, "--site", "lab", "--out", str(tmp_path / "no" / "x"))
    assert code == 2
    assert "--out" in said.err
    assert "Traceback" not in said.err
