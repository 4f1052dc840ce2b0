"""The SSH server: the first value counts, in the order in which files include each other; Match blocks stand above it.

The real sshd is started with the files of each case and asked by the collector's own command.
"""

import re

from effective.case import Case, Files, Side, exchanged, said, with_line

MAIN = "/etc/ssh/sshd_config"
DROP_IN = "/etc/ssh/sshd_config.d/{}.conf"
INCLUDE = "Include /etc/ssh/sshd_config.d/*.conf\n"


# Each puts two values where only the first one counts, although the second is where people look.


def drop_in(keyword: str, counts: str, seen: str) -> Files:
    return {MAIN: f"{INCLUDE}{keyword} {seen}\n", DROP_IN.format("10-site"): f"{keyword} {counts}\n"}


def two_drop_ins(keyword: str, counts: str, seen: str) -> Files:
    return {
        MAIN: INCLUDE,
        DROP_IN.format("10-cloud"): f"{keyword} {counts}\n",
        DROP_IN.format("99-hardening"): f"{keyword} {seen}\n",
    }


def include_comes_late(keyword: str, counts: str, seen: str) -> Files:
    return {MAIN: f"{keyword} {counts}\n{INCLUDE}", DROP_IN.format("00-hardening"): f"{keyword} {seen}\n"}


def twice(keyword: str, counts: str, seen: str) -> Files:
    return {MAIN: f"{keyword} {counts}\n# Hardening\n{keyword} {seen}\n"}


def nested(keyword: str, counts: str, seen: str) -> Files:
    return {
        MAIN: f"{INCLUDE}{keyword} {seen}\n",
        DROP_IN.format("10-site"): "Include /etc/ssh/site/*\n",
        "/etc/ssh/site/values": f"{keyword} {counts}\n",
    }


def match_root(keyword: str, counts: str, seen: str) -> Files:
    return {MAIN: f"{keyword} {seen}\nMatch User root\n    {keyword} {counts}\n"}


def match_all(keyword: str, counts: str, seen: str) -> Files:
    return {MAIN: f"{keyword} {seen}\nMatch all\n    {keyword} {counts}\n"}


def below_a_match(keyword: str, counts: str, seen: str) -> Files:
    """`counts` is what sshd does by itself: the line stands below a Match that was meant to end above it."""
    return {MAIN: f"Match User nobody-here\n    X11Forwarding no\n\n{keyword} {seen}\n"}


def command_line(keyword: str, counts: str, seen: str) -> Files:
    """What is started with `-o` stands above every file."""
    return {MAIN: f"{keyword} {seen}\n", "/etc/default/ssh": f"SSHD_OPTS='-o {keyword}={counts}'\n"}


def _side(files: Files, keyword: str, value: str) -> Side:
    name = keyword.lower()
    text = with_line(said("sshd"), f"{name} ", f"{name} {value}")
    matches = re.findall(r"^Match .*$", files[MAIN] or "", re.MULTILINE)
    if matches:
        text = exchanged(text, "== match\n", "".join(f"{line}\n" for line in ("== match", *matches)))
    return Side(files, {"sshd": text}, shows=(f"{name} {value}",))


ROWS = [
    # rule, keyword, right, wrong, what it finds, how the file looks right, how it looks wrong
    ("root_login", "PermitRootLogin", "no", "yes", "is yes", drop_in, drop_in),
    ("max_auth_tries", "MaxAuthTries", "3", "6", "is 6", below_a_match, twice),
    ("empty_passwords", "PermitEmptyPasswords", "no", "yes", "is yes", match_root, match_all),
    ("x11_forwarding", "X11Forwarding", "no", "yes", "is yes", two_drop_ins, two_drop_ins),
    ("login_grace", "LoginGraceTime", "30", "120", "is 120", include_comes_late, include_comes_late),
    ("log", "LogLevel", "VERBOSE", "FATAL", "fatal", command_line, command_line),
    ("user_environment", "PermitUserEnvironment", "no", "yes", "is yes", twice, nested),
    ("tcp_forwarding", "AllowTcpForwarding", "no", "yes", "is yes", match_all, match_all),
    ("ciphers", "Ciphers", "aes256-gcm@openssh.com", "aes256-cbc", "aes256-cbc", nested, drop_in),
    ("macs", "MACs", "hmac-sha2-512-etm@openssh.com", "hmac-sha1", "hmac-sha1", two_drop_ins, twice),
    ("dead_sessions", "ClientAliveInterval", "300", "0", "0", below_a_match, include_comes_late),
    ("gateway_ports", "GatewayPorts", "no", "yes", "is yes", match_root, match_all),
    ("host_based", "HostbasedAuthentication", "no", "yes", "is yes", nested, two_drop_ins),
    ("strict_modes", "StrictModes", "yes", "no", "is no", include_comes_late, drop_in),
    ("uses_pam", "UsePAM", "yes", "no", "is no", command_line, command_line),
]
CASES = [
    Case(
        f"sshd_{rule}",
        keyword,
        finding,
        looks_right=_side(file_right(keyword, wrong, right), keyword, wrong),
        looks_wrong=_side(file_wrong(keyword, right, wrong), keyword, right),
        programs="sshd",
    )
    for rule, keyword, right, wrong, finding, file_right, file_wrong in ROWS
]
