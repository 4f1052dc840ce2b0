"""What benchmarks/audit_vs_peers.py makes of its figures, and the evidence that it multiplies."""

import json
import shutil

import audit_vs_peers as benchmark
import pytest
from rule_cases import PACK, lab

from yiyun.operations.audit import audit_evidence
from yiyun.operations.audit_parts import description
from yiyun.paths import CHECKOUT

HOST = "debian-12-hardened"


def test_ratios_are_of_the_same_round():
    seconds = {way: [1.0, 1.0, 1.0] for pair in benchmark.PAIRS for way in pair}
    seconds |= {"ssh host true": [1.0, 2.0, 4.0], "connect to verdict": [1.5, 2.0, 4.8]}
    found = benchmark.ratios(seconds)
    assert found["connect to verdict / ssh host true"] == [1.0, 1.2, 1.5]
    assert len(found) == len(benchmark.PAIRS)


@pytest.mark.parametrize(("cpu", "growth"), [((3.0, 5.0, 9.0), 1.0), ((3.0, 5.0, 15.0), 2.5)])
def test_linear_and_flat_are_what_one_more_host_costs(cpu, growth):
    spent = {"controller_cpu_seconds": 0.2}
    sizes = zip(benchmark.SIZES, cpu, (100.0, 125.0, 175.0), strict=True)
    result = {
        "hosts": 100,
        "many": {"again": {"read": spent, "judge": spent}},
        "ratios": {"connect to verdict / ssh host true": [1.0, 1.2, 9.0]},
        "evidence": {str(size): {"cpu_seconds": [used] * 3, "peak_mib": [peak] * 3} for size, used, peak in sizes},
    }
    assert list(benchmark.reached(result).values()) == [1.2, 4.0, growth, 102.4]


def test_multiplied_evidence_is_judged_as_that_many_hosts(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("YIYUN_AUDIT_KEY", raising=False)
    kept = tmp_path / "kept"
    shutil.copytree(CHECKOUT / "tests" / "recorded" / "hosts" / HOST, kept / "hosts" / HOST)
    description.save(kept / "site", lab())
    listed = json.loads((kept / "site" / "hosts.json").read_text())
    listed[0]["name"] = HOST
    (kept / "site" / "hosts.json").write_text(json.dumps(listed))
    benchmark.multiply(kept, HOST, 3, tmp_path / "three")
    result = audit_evidence(tmp_path / "three", PACK).result
    assert result.objects == 3
    assert not [note for note in result.notes if "signed" in note]
    states = {
        host: [v.state for v in result.verdicts if v.resource.host == host] for host in ("copy-0000", "copy-0002")
    }
    assert states["copy-0000"] == states["copy-0002"]
    assert len(states["copy-0000"]) > 200
