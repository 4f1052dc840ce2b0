"""Passwords are stored so that they cannot be guessed back."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import accounts

STRONG = ("bcrypt", "gost-yescrypt", "scrypt", "sha256", "sha512", "sm3", "yescrypt")
# What rule account_empty_password says, and what opens nothing.
NO_HASH = ("empty", "locked", "none")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-b", "8.1.4.1-a"),
    scope="host",
    probes=("accounts",),
    title_zh="口令以强散列算法存储",
    title_en="Passwords are stored so that they cannot be guessed back",
    rationale="MD5 and DES hashes of a stolen file are guessed back in hours.",
    remediation="ENCRYPT_METHOD in /etc/login.defs, then a new password for those named",
    references=("crypt(5)",),
)
def account_password_scheme(host: Host) -> Iterator[Finding]:
    for account in accounts(host):
        scheme = account.text("password")
        if scheme not in NO_HASH and scheme not in STRONG:
            name = account.text("name")
            yield Finding(f"the password of {shown(name)} is stored as {shown(scheme)}", account.at("password"), scheme)
