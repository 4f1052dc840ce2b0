"""No server of something else is installed."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule

NAMES = (
    "bind9",
    "dovecot-core",
    "exim4-base",
    "isc-dhcp-server",
    "postfix",
    "samba",
    "sendmail",
    "slapd",
    "snmpd",
    "squid",
)


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-a",),
    scope="host",
    probes=("packages",),
    title_zh="未安装多余的服务器软件",
    title_en="No server of something else is installed",
    rationale="Every server is one more thing that must be patched.",
    remediation="apt-get purge NAME (or dnf remove NAME)",
)
def package_servers(host: Host) -> Iterator[Finding]:
    installed = host.facts("packages").facts("installed")
    for name in NAMES:
        if installed.flag(name):
            yield Finding(f"{name} is installed", installed.at(name), name)
