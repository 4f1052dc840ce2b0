"""What the roles of logs, firewall, integrity and malware really do on hosts, beyond what their promises say."""

import os
import shlex
import subprocess
from collections.abc import Iterator

import pytest
import yaml
from waiting import wait_until

from yiyun.operations.hosts import access
from yiyun.paths import CHECKOUT

NEAR, FAR = "lab-az1-02", "lab-az2-02"
ROLES = (
    *("time", "journald", "rsyslog", "auditd", "services", "mount_options", "firewall"),
    *("malware_scan", "trusted_boot", "file_integrity"),
)
BASICS = ("base", "sshd")


class Pair:
    """Two adopted hosts with all of the roles."""

    def __init__(self, place) -> None:
        self.place = place
        self.near, self.far = (str(place.site.host(name).address) for name in (NEAR, FAR))
        self.variables = place.directory / "group_vars" / "all.yaml"
        self.shipped = self.variables.read_text(encoding="utf-8")

    def root(self, host: str, script: str, check: bool = True) -> str:
        return self.place.on(host, f"exec sudo -n /bin/sh -c {shlex.quote(script)}", check)

    def status(self, host: str, script: str) -> int:
        return int(self.root(host, f"{{ {script}; }} >/dev/null 2>&1; echo $?"))

    def configure(self, **variables: object) -> None:
        """Set variables of all hosts; without any, the site is as it was shipped."""
        own = yaml.safe_dump(variables) if variables else ""
        self.variables.write_text(f"{self.shipped}\n{own}", encoding="utf-8")

    def converge(self, *roles: str, hosts: str = f"{NEAR},{FAR}", code: int = 0) -> str:
        chosen = [word for role in roles for word in ("--role", role)]
        done = self.place.yiyun("hosts", "converge", "--hosts", hosts, *chosen, code=code, timeout=900)
        return done.stdout + done.stderr

    def play(self, *args: str) -> str:
        """Run plain ansible-playbook on both hosts; return its output."""
        argv = ["ansible-playbook", "-i", str(self.place.directory), "playbooks/hosts.yml", "--limit", f"{NEAR},{FAR}"]
        env = self.place.env | access.environment(self.place.site)
        env["PATH"] = f"{CHECKOUT}/.venv/bin:{os.environ['PATH']}"
        done = subprocess.run(
            [*argv, *args], cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=1200, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
        return done.stdout


@pytest.fixture(scope="module")
def pair(place) -> Iterator[Pair]:
    place.yiyun("lab", "hosts", "up", "--hosts", f"{NEAR},{FAR}", timeout=1800)
    place.yiyun("hosts", "adopt", "--hosts", f"{NEAR},{FAR}", timeout=600)
    both = Pair(place)
    both.converge(*BASICS)
    for role in ROLES:
        both.converge(role)
        for host in (NEAR, FAR):  # a new connection each time, by the operator's key
            assert place.on(host, "sudo -n id -u") == "0\n", f"after role {role}"
    return both


def test_a_second_run_changes_nothing(pair) -> None:
    output = pair.play("--tags", ",".join(ROLES))
    assert output.count("changed=0 ") == 2, output[-2000:]


def test_a_port_that_is_not_listed_is_closed(pair) -> None:
    """Two listeners of the same kind; kubelet's port is let in from hosts, the other one is not."""
    for port in (10250, 9999):
        server = f"python3 -m http.server {port} --bind 0.0.0.0 --directory /usr/share/doc"
        pair.root(FAR, f"systemd-run --collect --unit=listen-{port} {server}")
    try:
        reached = f"curl --silent --fail --max-time 3 --output /dev/null http://{pair.far}"
        wait_until(lambda: pair.status(NEAR, f"{reached}:10250/") == 0, 30)
        assert pair.status(FAR, f"{reached}:9999/") == 0, "nobody listens"
        assert pair.status(NEAR, f"{reached}:9999/") == 28, "the port is open"  # curl: timed out
    finally:
        pair.root(FAR, "systemctl stop listen-10250 listen-9999")


def test_rules_of_others_stay(pair) -> None:
    pair.root(NEAR, "nft add table ip kube-proxy; nft add chain ip kube-proxy services")
    try:
        pair.root(NEAR, "systemctl reload yiyun-firewall; systemctl restart yiyun-firewall")
        assert "chain services" in pair.root(NEAR, "nft list table ip kube-proxy")
        pair.root(NEAR, "nft delete table inet yiyun")
        pair.converge("firewall")
        assert "policy drop" in pair.root(NEAR, "nft list chain inet yiyun input")
        assert "chain services" in pair.root(NEAR, "nft list table ip kube-proxy")
    finally:
        pair.root(NEAR, "nft delete table ip kube-proxy")


def test_a_host_takes_back_rules_that_lock_the_operator_out(pair) -> None:
    pair.configure(firewall_ssh_port=2222, firewall_guard_seconds=20)
    try:
        pair.converge("firewall", hosts=NEAR, code=1)
        wait_until(lambda: ssh_works(pair, NEAR), 60)
        assert "tcp dport 22 accept" in pair.root(NEAR, "nft list chain inet yiyun input")
        assert "tcp dport 22 accept" in pair.root(NEAR, "cat /etc/yiyun/firewall.nft"), "the next boot would lock out"
    finally:
        pair.configure()
    pair.converge("firewall")
    assert "0 need 0 roles" in pair.converge("firewall")


def ssh_works(pair: Pair, host: str) -> bool:
    done = subprocess.run([*pair.place.lab.ssh_argv(host), "true"], capture_output=True, timeout=60, check=False)
    return done.returncode == 0


def test_log_hosts_get_everything_over_tls_even_after_they_were_gone(pair) -> None:
    """FAR is the log host: it gets what is logged while it is away, and refuses to be another host."""
    certificate = """
      set -e; cd /etc/yiyun; umask 077
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout log-ca.key -out log-ca.crt -subj /CN=lab-ca
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout log.key -out log.csr -subj /CN=log.lab
      printf 'subjectAltName=DNS:log.lab' >log.ext
      openssl x509 -req -in log.csr -CA log-ca.crt -CAkey log-ca.key -CAcreateserial -days 2 -extfile log.ext -out log.crt
      cat >/etc/rsyslog.d/receive.conf <<END
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
global(defaultNetstreamDriverCAFile="/etc/yiyun/log-ca.crt" defaultNetstreamDriverCertFile="/etc/yiyun/log.crt" defaultNetstreamDriverKeyFile="/etc/yiyun/log.key")
ruleset(name="received") { action(type="omfile" file="/var/log/received.log") }
input(type="imtcp" port="6514" ruleset="received")
END
      cat log-ca.crt"""
    authority = pair.root(FAR, certificate)
    pair.root(NEAR, f"printf %s {shlex.quote(authority)} >/etc/yiyun/log-ca.crt")
    rule = {"name": "logs", "from": ["management"], "protocol": "tcp", "ports": ["6514"]}
    server = {"host": pair.far, "name": "log.lab"}
    given = {"rsyslog_ca": "/etc/yiyun/log-ca.crt", "firewall_rules_site": [rule], "rsyslog_servers": [server]}
    received = "grep -c 'yiyun-test' /var/log/received.log || true"
    try:
        pair.configure(**(given | {"rsyslog_servers": []}))
        pair.converge("rsyslog", "firewall", hosts=FAR)
        pair.root(FAR, "systemctl restart rsyslog")
        pair.configure(**given)
        pair.converge("rsyslog", hosts=NEAR)
        pair.root(NEAR, "logger yiyun-test one")
        wait_until(lambda: int(pair.root(FAR, received)) == 1, 30)
        # The log host goes; nobody waits for it, and nothing is lost over a restart of the sender either.
        pair.root(FAR, "systemctl stop rsyslog.service syslog.socket")
        pair.root(NEAR, "for i in $(seq 200); do logger yiyun-test gone $i; done; systemctl restart rsyslog")
        pair.root(FAR, "systemctl start syslog.socket rsyslog.service")
        wait_until(lambda: int(pair.root(FAR, received)) >= 200, 90)
        assert int(pair.root(FAR, "grep -o 'yiyun-test gone [0-9]*' /var/log/received.log | sort -u | wc -l")) >= 199
        # A host with a good certificate of another name gets nothing.
        pair.configure(**(given | {"rsyslog_servers": [server | {"name": "other.lab"}]}))
        pair.converge("rsyslog", hosts=NEAR)
        pair.root(NEAR, "logger yiyun-test secret; sleep 3")
        assert pair.root(FAR, "grep -c 'yiyun-test secret' /var/log/received.log || true") == "0\n"
    finally:
        pair.root(FAR, "rm -f /etc/rsyslog.d/receive.conf")
        pair.configure()
        pair.converge("rsyslog", "firewall")


def test_a_changed_program_is_noticed_until_it_is_accepted(pair) -> None:
    pair.root(NEAR, "yiyun-file-integrity accept", check=False)
    assert pair.status(NEAR, "yiyun-file-integrity check") == 0
    pair.root(NEAR, "printf '#!/bin/sh\\n' >/usr/local/bin/planted; chmod 755 /usr/local/bin/planted")
    assert pair.status(NEAR, "systemctl start yiyun-file-integrity.service") != 0
    told = pair.root(NEAR, "journalctl -t yiyun-file-integrity -p alert --since -5min -o cat")
    assert "watched files differ" in told
    assert "/usr/local/bin/planted" in pair.root(NEAR, "cat /var/log/yiyun/file-integrity-*.txt")
    shown = pair.play("--tags", "file_integrity", "--limit", NEAR, "--extra-vars", "file_integrity_accept=true")
    assert "/usr/local/bin/planted" in shown
    assert pair.status(NEAR, "yiyun-file-integrity check") == 0
    pair.root(NEAR, "rm /usr/local/bin/planted; yiyun-file-integrity accept", check=False)


def test_malware_is_found_with_signatures_from_the_mirror_only(pair) -> None:
    """The signature is one of ours, of a harmless file: ClamAV's own are not at hand."""
    files = ["main.hdb", "daily.hdb"]
    pair.root(FAR, "mkdir -p /srv/mirror; printf 'harmless test file of yiyun' >/srv/sample")
    pair.root(FAR, "sigtool --md5 /srv/sample >/srv/mirror/main.hdb; cp /srv/mirror/main.hdb /srv/mirror/daily.hdb")
    rule = {"name": "mirror", "from": ["management"], "protocol": "tcp", "ports": ["8000"]}
    given = {"malware_scan_files": files, "firewall_rules_site": [rule]}
    given |= {"malware_scan_mirror": f"http://{pair.far}:8000", "malware_scan_paths": ["/opt"]}
    pair.root(FAR, "systemd-run --collect --unit=mirror python3 -m http.server 8000 --directory /srv/mirror")
    try:
        pair.configure(**given)
        pair.converge("firewall", hosts=FAR)
        pair.converge("malware_scan", hosts=NEAR)
        assert pair.root(NEAR, "cat /var/lib/clamav/main.hdb") == pair.root(FAR, "cat /srv/mirror/main.hdb")
        pair.root(NEAR, "printf 'harmless test file of yiyun' >/opt/sample")
        assert pair.status(NEAR, "systemctl start yiyun-malware-scan.service") != 0
        assert "/opt/sample: " in pair.root(NEAR, "journalctl -t yiyun-malware-scan -p alert --since -5min -o cat")
        pair.root(NEAR, "rm /opt/sample")
        assert pair.status(NEAR, "yiyun-malware-scan scan") == 0
        # A file that ClamAV refuses never takes the place of a good one.
        pair.root(FAR, "echo broken >/srv/mirror/main.hdb")
        assert pair.status(NEAR, "yiyun-malware-scan update") == 1
        assert pair.root(NEAR, "cat /var/lib/clamav/main.hdb") == pair.root(FAR, "cat /srv/mirror/daily.hdb")
        assert pair.root(NEAR, "ls -A /var/lib/clamav | grep '^\\.' || true") == "", "left something behind"
    finally:
        pair.root(FAR, "systemctl stop mirror; rm -r /srv/mirror /srv/sample")
        pair.root(NEAR, "rm -f /var/lib/clamav/*.hdb")
        pair.configure()
        pair.converge("malware_scan", "firewall")


def test_options_of_mounts_are_in_force(pair) -> None:
    assert pair.status(NEAR, "cp /bin/true /dev/shm/run && /dev/shm/run") != 0
    pair.root(NEAR, "rm -f /dev/shm/run; mount -o remount,exec /dev/shm")
    pair.converge("mount_options")
    assert "noexec" in pair.root(NEAR, "findmnt --noheadings --output OPTIONS /dev/shm")


def test_records_of_a_boot_outlive_it(pair) -> None:
    assert pair.root(NEAR, "cat /var/lib/yiyun/trusted-boot").startswith("boot ")
    pair.root(NEAR, "logger -t yiyun-test before; journalctl --sync; systemctl restart systemd-journald")
    assert "before" in pair.root(NEAR, "journalctl -t yiyun-test -o cat -D /var/log/journal")
