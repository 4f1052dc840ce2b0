"""No program for clear-text logins and transfers is installed."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule

NAMES = (
    "ftp",
    "inetutils-telnetd",
    "nis",
    "rsh-client",
    "rsh-server",
    "talk",
    "talk-server",
    "talkd",
    "telnet-server",
    "telnetd",
    "tftp-server",
    "tftpd",
    "tftpd-hpa",
    "vsftpd",
    "xinetd",
    "ypbind",
    "ypserv",
)


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.4-a", "8.1.4.4-b"),
    scope="host",
    probes=("packages",),
    title_zh="未安装明文通信软件",
    title_en="No program for clear-text logins and transfers is installed",
    rationale="What is installed is started one day.",
    remediation="./yiyun hosts converge --role base",
)
def package_clear_text(host: Host) -> Iterator[Finding]:
    installed = host.facts("packages").facts("installed")
    for name in NAMES:
        if installed.flag(name):
            yield Finding(f"{name} is installed", installed.at(name), name)
