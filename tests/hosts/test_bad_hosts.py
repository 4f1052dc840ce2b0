"""Ten hosts, four of them bad in a way of its own: six come to what their roles promise, four are named with cause and remedy."""

import json

import bundles
import pytest

from yiyun import known_hosts
from yiyun.lab.hosts import repository
from yiyun.operations.hosts import access
from yiyun.operations.hosts.plan import make_plan

GOOD = ("lab-az1-01", "lab-az1-02", "lab-az1-04", "lab-az2-02", "lab-az2-04", "lab-az3-01")
NO_PYTHON, FULL, OTHER_CHIP, OTHER_KEY = BAD = ("lab-az1-03", "lab-az2-03", "lab-az2-01", "lab-az3-02")
ALL = ",".join(sorted(GOOD + BAD))
STRANGER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKPf3wzfVQr1yqnpTd8OqXMWUm9ZcYgrYyJdTkZq3iPS"


@pytest.fixture(scope="module")
def ten(place, tmp_path_factory):
    """Ten bare hosts, four of them made bad; the signed bundle has Python for amd64 only."""
    place.yiyun("lab", "hosts", "up", "--hosts", ALL, timeout=2400)
    if place.lab.arch_of(place.site.host(NO_PYTHON)) == place.lab.arch_of(place.site.host(GOOD[0])):
        pytest.skip("hosts of both architectures run on amd64 machines only, by qemu-user")
    bundle = tmp_path_factory.mktemp("bundle")
    debs = repository.python_bundle("amd64").iterdir()
    bundles.made(bundle, {f"python/debian-12/amd64/{deb.name}": deb for deb in debs})
    place.env |= {"YIYUN_BUNDLE": str(bundle), "YIYUN_BUNDLE_KEY": bundles.FINGERPRINT}
    place.on(FULL, "mount -t tmpfs -o size=64k tmpfs /home && head -c 64k /dev/zero > /home/filler || true")
    place.edit("hosts.yaml", "ansible_host: 198.18.0.21,", "yiyun_cpu_family: kunpeng, ansible_host: 198.18.0.21,")
    known_hosts.pin(access.known_hosts(place.site), OTHER_KEY, str(place.site.host(OTHER_KEY).address), STRANGER)
    return place


REASONS = {
    NO_PYTHON: ("no Python 3.8 or newer", "$YIYUN_BUNDLE/python/debian-12/arm64/"),
    FULL: ("disk full: /home has 0 MiB free", "free space on the host"),
    OTHER_CHIP: ("CPU family is hygon, hosts.yaml lists kunpeng", "correct what is wrong"),
    OTHER_KEY: ("its host key is not the one pinned", f"ssh-keygen -R {OTHER_KEY}"),
}


def table(text: str) -> dict[str, str]:
    """Rows of a printed table by host, each in one line."""
    rows: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("│").split("│")] if line.startswith("│") else []
        name = (cells[0] or name) if cells else ""
        if name:
            rows[name] = " ".join([rows.get(name, ""), *filter(None, cells)])
    return rows


def test_adopt_takes_six_and_names_four(ten):
    said = ten.yiyun("hosts", "adopt", "--hosts", ALL, code=1, timeout=900).stdout
    assert "6 adopted, 4 failed" in said or "4 failed, 6 adopted" in said, said
    outcomes = {o["host"]: o for o in json.loads((ten.site.state_dir / "adopt.json").read_text(encoding="utf-8"))}
    assert set(outcomes) == {*GOOD, *BAD}
    assert {name for name, outcome in outcomes.items() if outcome["result"] == "adopted"} == set(GOOD)
    rows = table(said)
    for name, (cause, remedy) in REASONS.items():
        assert cause in outcomes[name]["cause"]
        assert remedy in outcomes[name]["remedy"] + outcomes[name]["cause"]
        assert "failed" in rows[name]
        assert "yiyun" not in ten.on(name, "cut -d: -f1 /etc/passwd").split(), "a refused host was changed"


def test_converge_brings_six_about_and_names_four(ten):
    said = ten.yiyun("hosts", "converge", "--hosts", ALL, code=1, timeout=3600)
    assert "10 hosts read; 6 need" in said.stderr
    rows = table(said.stdout)
    assert set(rows) - {"host"} == set(BAD), said.stdout
    for name, (cause, remedy) in REASONS.items():
        assert "(not read)" in rows[name]
        assert cause in rows[name], rows[name]
        assert remedy in rows[name], rows[name]
    plans = {plan.host: plan for plan in make_plan(ten.site, (*GOOD, *BAD))}
    assert not [plan for name in GOOD if (plan := plans[name]).problem or plan.needed]
    assert all(plans[name].problem for name in BAD)


def test_again_six_need_nothing_and_it_still_is_no_success(ten):
    said = ten.yiyun("hosts", "converge", "--hosts", ALL, code=1)
    assert "10 hosts read; 0 need 0 roles" in said.stderr
    assert "10 hosts, 4 not read" in said.stdout
    assert " 0 broken, 0 unknown" in said.stdout
    for name in BAD:
        assert "yiyun" not in ten.on(name, "cut -d: -f1 /etc/passwd").split(), "converge changed a refused host"
