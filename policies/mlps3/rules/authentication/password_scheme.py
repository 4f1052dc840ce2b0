"""New passwords are stored with a strong scheme."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule, shown

STRONG = ("blowfish", "gost_yescrypt", "sha256", "sha512", "sm3", "yescrypt")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-b",),
    scope="host",
    probes=("pam",),
    title_zh="新口令以强散列算法存储",
    title_en="New passwords are stored with a strong scheme",
    rationale="MD5 and DES hashes of a stolen file are guessed back in hours.",
    remediation="the argument sha512, yescrypt or sm3 of pam_unix in the stack of passwd",
    references=("pam_unix(8)", "crypt(5)"),
)
def password_scheme(host: Host) -> Iterator[Finding]:
    password = host.facts("pam").facts("password")
    scheme = password.maybe_text("scheme")
    if scheme is None:
        raise Unevaluated("pam_unix names no scheme; its own default differs between releases")
    if scheme not in STRONG:
        yield Finding(f"new passwords are stored as {shown(scheme)}", password.at("scheme"), scheme)
