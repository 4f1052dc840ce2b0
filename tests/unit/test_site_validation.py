"""Values of the wrong type or spelling: the refusal names file, line, field, what is there and what to write."""

import pytest
from site_copies import Copy

from yiyun.site import Site

HOSTS, SITE = "hosts.yaml", "site.yaml"

WRONG = [
    # file, old, new, text of the refusal after file:line
    (SITE, "version: 1", 'version: "1"', "version: '1' is not allowed, without quotes: 1; write 1"),
    (SITE, "mlps_level: 3", "mlps_level: high", "mlps_level: 'high': write a whole number"),
    (SITE, "mlps_level: 3", "mlps_level: 3.0", "mlps_level: '3.0': write a whole number"),
    (SITE, "mlps_level: 3", "mlps_level: true", "mlps_level: 'true': write a whole number"),
    (SITE, "mlps_level: 3", "mlps_level: 7", "mlps_level: '7': Input should be less than or equal to 4"),
    (SITE, "lab: true", "lab: 1", "lab: '1': write true or false"),
    (SITE, "lab: true", "lab: sometimes", "lab: 'sometimes': write true or false"),
    (SITE, "domain: lab.", "domain: Lab.", "domain: 'Lab.yiyun.example': write a DNS name"),
    (SITE, "name: lab\n", "name: 123\n", "name: '123' is not text; write text, in quotes: \"123\""),
    (SITE, "name: lab\n", "name: 2024-01-01\nx: 1\n", "x: unknown key; known keys: backend, backup"),
    (SITE, "name: lab\n", "name: Lab_1\n", "name: 'Lab_1': write lower-case letters, digits and dashes"),
    (SITE, "country: CN", "country: NO", "zones[0].country: 'NO' is not text; write text, in quotes: \"NO\""),
    (SITE, "country: CN", "country: China", "zones[0].country: 'China': write a country code of two capitals"),
    (SITE, "tenants:\n", "tenant:\n", "tenant: unknown key (did you mean tenants?)"),
    (SITE, "cpu_quota: 400", "cpu_qouta: 400", "tenants[0].cpu_qouta: unknown key (did you mean cpu_quota?)"),
    (SITE, "management: 198.18.0.0/24", "management: 198.18.0.1/24", "has host bits set; write an IPv4 address such as"),
    (SITE, "gateway: 198.18.8.1\n", "gateway: 198.18.8.256\n", "Octet 256 (> 255) not permitted"),
    (SITE, "gateway: 198.18.8.1\n", "gateway: 3324119041\n", "'3324119041' is not text"),
    (SITE, "zones: [az1, az2]\n", "zones: az1\n", "zones: 'az1': write a list, each item on its own line"),
    (SITE, "egress: {arch: any,", "egress: {arch: x86,", "vpcs[0].egress.arch: 'x86' is not allowed; write 'amd64'"),
    (SITE, "egress: {arch: arm64}", "egress: arm64", "vpcs[1].egress: 'arm64': write a mapping"),
    (SITE, "cpu_family: phytium\n", "cpu_family: phytuim\n", "'phytuim' is not allowed (did you mean phytium?)"),
    (SITE, "failure_domain: zone, replicas: 3, min", "failure_domain: zones, replicas: 3, min", "did you mean zone?"),
    (SITE, 'ports: "22"', "ports: 22", "ports: '22' is not text; write text, in quotes: \"22\""),
    (SITE, 'ports: "22"', "ports: ssh", 'write a port or a range of ports in quotes, such as "443"'),
    (SITE, 'schedule: "0 1 * * *"', "schedule: daily", "write a cron schedule of five fields"),
    (SITE, "url: https://", "url: http://", "write a URL that begins with https://"),
    (SITE, "vms: [his-app-1, his-app-2]", "vms: []", "vms: a list of 0: write at least one item"),
    (SITE, "vms: [his-app-1, his-app-2]", "vms:", "vms: nothing: write a list"),
    (SITE, "port: 443\n", "port: 65536\n", "port: '65536': Input should be less than or equal to 65535"),
    (SITE, "retention_days: 190", "retention_days: 0", "logs.retention_days: '0': Input should be greater"),
    (SITE, "retention_days: 190", "7: 190", "key 7 is not text; quote it"),
    (HOSTS, "ansible_host: 198.18.0.11", "ansible_host: lab-1", "host lab-az1-01: ansible_host: 'lab-1': Expected 4 octets"),
    (HOSTS, "yiyun_rack: az1-r1", "yiyun_rack: AZ1", "host lab-az1-01: yiyun_rack: 'AZ1': write lower-case letters"),
    (HOSTS, "yiyun_rack: az1-r1", "yiyun_rak: az1-r1", "unknown variable yiyun_rak (did you mean yiyun_rack?)"),
    (HOSTS, "yiyun_rack: az1-r1", "yiyun_rack: '{{ inventory_hostname }}'", "yiyun_rack is a Jinja template, which Site"),
    (HOSTS, "yiyun_rack: az1-r1", "yiyun_rack: !vault x", "yiyun_rack is !vault, which Site cannot read"),
    (HOSTS, ", yiyun_rack: az1-r1", "", "host lab-az1-01: yiyun_rack is missing; write it at the host"),
    (HOSTS, "    worker:", "    workers:", "group workers means nothing to yiyun, and there is no group worker"),
    ("group_vars/control.yaml", "size_gib: 960", "size_gib: 0", "yiyun_disks[1].size_gib: '0': Input should be greater"),
    ("group_vars/control.yaml", "size_gib: 960", "size_gb: 960", "yiyun_disks[1].size_gb: unknown key (did you mean size_"),
    ("group_vars/control.yaml", "size_gib: 960, ", "", "yiyun_disks[1].size_gib: is missing; add it"),
    ("group_vars/control.yaml", "use: local", "use: lokal", "'lokal' is not allowed (did you mean local?)"),
    ("group_vars/control.yaml", "by-path/pci-0000:01:00.0-nvme-1", "nvme0n1", "write a name that survives reboots"),
    ("group_vars/intel.yaml", "yiyun_cpus: 64", "yiyun_cpus: '64'", "yiyun_cpus: '64': write a whole number"),
    ("group_vars/intel.yaml", "yiyun_cpus: 64", "yiyun_cpus:", "yiyun_cpus: nothing: write a whole number"),
    ("group_vars/intel.yaml", "yiyun_kernel: 5", "yiyun_kernel: v5", "write a kernel release such as 5.10.0-216"),
    ("group_vars/intel.yaml", "family: intel", "family: intl", "'intl' is not allowed (did you mean intel?)"),
    ("group_vars/intel.yaml", "family: intel", "family: loongson", "no part of yiyun is built for loongson"),
    ("group_vars/intel.yaml", "family: intel", "family: other", "family other says no architecture; write yiyun_arch"),
    ("group_vars/intel.yaml", "family: intel", "family: [intel]", "yiyun_cpu_family: a list of 1 is not allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "words"), WRONG)
def test_wrong_value(file, old, new, words, tmp_path):
    copy = Copy(tmp_path)
    before = (copy.path / file).read_text(encoding="utf-8")
    line = before[: before.index(old)].count("\n") + 1
    copy.edit(file, old, new)
    problems = [problem for problem in str(copy.refused()).splitlines() if words in problem]
    assert problems
    if new.count("\n") > 1:
        line += 1
    assert problems[0].startswith(f"{copy.path}/{file}:{line}: ")


def test_host_without_a_role(tmp_path):
    copy = Copy(tmp_path).edit(HOSTS, '"lab-az[1:3]-04": }', "}").edit(HOSTS, "[02:04]", "[02:03]")
    line = copy.line_of(HOSTS, "lab-az1-04: {")
    assert str(copy.refused()).startswith(f"{copy.path}/hosts.yaml:{line}: host lab-az1-04 is in none of the groups")


def test_missing_key_is_at_its_parent(tmp_path):
    copy = Copy(tmp_path).edit(SITE, "  - name: sso-db\n    engine: postgresql\n", "  - name: sso-db\n")
    line = copy.line_of(SITE, "- name: sso-db")
    assert str(copy.refused()) == f"{copy.path}/site.yaml:{line}: databases[2].engine: is missing; add it"


def test_all_problems_of_a_file_are_named(tmp_path):
    copy = Copy(tmp_path).edit(SITE, "mlps_level: 3", "mlps_level: x").edit(SITE, "country: CN", "country: cn", 3)
    assert len(str(copy.refused()).splitlines()) == 4


def test_at_most_20_problems_are_named(tmp_path):
    copy = Copy(tmp_path).edit(SITE, "name: ", "nam: ", 99)
    lines = str(copy.refused()).splitlines()
    assert len(lines) == 21
    assert lines[-1].startswith("... and ")


@pytest.mark.parametrize("content", ["", "[]", "lab", "3"])
@pytest.mark.parametrize("file", [HOSTS, SITE])
def test_file_that_is_no_mapping(content, file, tmp_path):
    copy = Copy(tmp_path)
    (copy.path / file).write_text(content)
    assert str(copy.refused()).startswith(f"{copy.path}/{file}:1: ")


def test_directory_without_files(tmp_path):
    copy = Copy(tmp_path)
    (copy.path / SITE).unlink()
    with pytest.raises(Exception, match=r"site\.yaml:1: cannot be read: No such file"):
        Site.load(copy.path)
    with pytest.raises(Exception, match=r"nowhere:1: is not a directory with hosts\.yaml and site\.yaml"):
        Site.load(tmp_path / "nowhere")


def test_template_in_a_variable_that_site_does_not_need_is_left_to_ansible(tmp_path):
    copy = Copy(tmp_path)
    copy.edit("group_vars/control.yaml", "yiyun_disks:", "ansible_user: '{{ me }}'\nsecret_of: !vault x\nyiyun_disks:")
    assert Site.load(copy.path).name == "lab"


def test_template_that_a_plain_value_overrides_is_no_problem(tmp_path):
    copy = Copy(tmp_path)
    copy.edit(HOSTS, "vars: {yiyun_zone: az1,", "vars: {yiyun_rack: '{{ x }}', yiyun_zone: az1,")
    assert Site.load(copy.path).host("lab-az1-01").rack == "az1-r1"


def test_wholly_encrypted_file_of_variables_is_skipped(tmp_path):
    copy = Copy(tmp_path)
    (copy.path / "host_vars").mkdir()
    (copy.path / "host_vars" / "lab-az1-01.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    assert Site.load(copy.path).name == "lab"


def test_misspelled_variable_of_a_group_without_hosts_is_refused(tmp_path):
    copy = Copy(tmp_path).edit(HOSTS, "    gateway:\n", "    spare: {vars: {yiyun_zon: az1}}\n    gateway:\n")
    assert "unknown variable yiyun_zon (did you mean yiyun_zone?)" in str(copy.refused())


def test_places_are_relative_to_the_working_directory(tmp_path, monkeypatch):
    copy = Copy(tmp_path).edit(SITE, "version: 1", "version: 2")
    monkeypatch.chdir(tmp_path)
    assert str(copy.refused()).startswith("lab/site.yaml:2: version: ")
