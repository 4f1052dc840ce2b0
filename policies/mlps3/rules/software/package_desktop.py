"""No desktop is installed."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule

NAMES = ("avahi", "avahi-daemon", "cups", "gdm", "gdm3", "lightdm", "xorg-x11-server-Xorg", "xserver-xorg-core")


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-a",),
    scope="host",
    probes=("packages",),
    title_zh="未安装桌面与打印软件",
    title_en="No desktop is installed",
    rationale="A server has nobody in front of it.",
    remediation="./yiyun hosts converge --role services",
)
def package_desktop(host: Host) -> Iterator[Finding]:
    installed = host.facts("packages").facts("installed")
    for name in NAMES:
        if installed.flag(name):
            yield Finding(f"{name} is installed", installed.at(name), name)
