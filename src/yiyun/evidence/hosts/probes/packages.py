"""Which of the packages that rules ask for are installed, and whether the package database is whole."""

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, part

NAMES = (
    *("aide", "apport", "auditd", "audit", "avahi", "avahi-daemon", "bind9", "clamav", "clang", "cups", "dovecot-core"),
    *(
        "dsniff",
        "ettercap",
        "ettercap-common",
        "exim4-base",
        "ftp",
        "g++",
        "gcc",
        "gcc-c++",
        "gdb",
        "inetutils-telnetd",
    ),
    *("isc-dhcp-server", "lightdm", "gdm", "gdm3", "nis", "nmap", "openssh-server", "postfix", "prelink", "rpcbind"),
    *("rsh-client", "rsh-server", "rsyslog", "samba", "sendmail", "setroubleshoot", "slapd", "snmpd", "squid", "sudo"),
    *("talk", "talk-server", "talkd", "tcc", "telnet-server", "telnetd", "tftp-server", "tftpd", "tftpd-hpa", "tshark"),
    *("unattended-upgrades", "vsftpd", "wireshark", "wireshark-cli", "wireshark-common", "xinetd", "xserver-xorg-core"),
    *("xorg-x11-server-Xorg", "ypbind", "ypserv"),
)
_COMMAND = f"""
if command -v dpkg-query >/dev/null; then
  echo '== installed'
  dpkg-query --show --showformat='${{Package}} ${{db:Status-Status}}\\n' -- dpkg {" ".join(NAMES)}; [ $? -le 1 ] || exit 4
  echo '== broken'; dpkg --audit || exit 4
elif command -v rpm >/dev/null; then
  echo '== installed'; rpm --query --queryformat '%{{NAME}} installed\\n' -- rpm {" ".join(NAMES)} || true
else exit 3; fi
"""


def parse(text: str) -> Facts:
    """`installed`: by name, whether it is; `half_installed`: what dpkg calls broken, not there where rpm cannot say it."""
    parts = blocks(text)
    installed = {line.split()[0] for line in lines(part(parts, "installed")) if line.endswith(" installed")}
    if not {"dpkg", "rpm"} & installed:
        raise Unreadable("the package manager does not know itself")
    facts = {"installed": {name: name in installed for name in NAMES}}
    if "dpkg" not in installed:
        return facts
    return {**facts, "half_installed": [line.strip() for line in lines(part(parts, "broken"))]}


PROBE = Probe(_COMMAND, parse, needs_root=False)
