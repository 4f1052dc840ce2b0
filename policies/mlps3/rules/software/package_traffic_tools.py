"""No program that reads or scans others' traffic is installed."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule

NAMES = ("dsniff", "ettercap", "ettercap-common", "nmap", "tshark", "wireshark", "wireshark-cli", "wireshark-common")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.4-a",),
    scope="host",
    probes=("packages",),
    title_zh="未安装嗅探与扫描工具",
    title_en="No program that reads or scans others' traffic is installed",
    rationale="An intruder finds his tools there.",
    remediation="./yiyun hosts converge --role services",
)
def package_traffic_tools(host: Host) -> Iterator[Finding]:
    installed = host.facts("packages").facts("installed")
    for name in NAMES:
        if installed.flag(name):
            yield Finding(f"{name} is installed", installed.at(name), name)
