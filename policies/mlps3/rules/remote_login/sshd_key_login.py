"""A login over SSH proves itself by a key."""

import re
from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.sshd import logins, one

STRONG = {"publickey", "gssapi-with-mic"}
METHOD = re.compile("[,:]")
# With the name that releases before 8.7 show.
WEAK = (
    ("passwordauthentication", "passwordauthentication"),
    ("kbdinteractiveauthentication", "challengeresponseauthentication"),
)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-d", "8.1.4.1-c", "8.2.4.1-a"),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 登录须使用密钥等密码技术鉴别",
    title_en="A login over SSH proves itself by a key",
    rationale="Passwords can be guessed and overheard; at least one factor must rest on cryptography.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) PasswordAuthentication",),
)
def sshd_key_login(host: Host) -> Iterator[Finding]:
    for login in logins(host):
        methods = one(login, "authenticationmethods").split()
        if methods and methods != ["any"] and all(STRONG & set(METHOD.split(each)) for each in methods):
            continue
        for keyword, older in WEAK:
            value = one(login, keyword, older)
            if value != "no":
                yield Finding(f"{keyword} is {shown(value)}: a password alone opens the door", login.at(keyword), value)
