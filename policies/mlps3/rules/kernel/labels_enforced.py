"""Labels decide who may touch what."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NeedsPerson, Severity, rule, shown


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-g",),
    scope="host",
    probes=("lsm",),
    needs=("lsm",),
    title_zh="强制访问控制已启用",
    title_en="Labels decide who may touch what",
    rationale="Rights that an owner may give away protect nothing from the owner's own programs.",
    remediation="setenforce 1 and SELINUX=enforcing in /etc/selinux/config",
    references=("selinux(8)", "apparmor(7)"),
)
def labels_enforced(host: Host) -> Iterator[Finding]:
    facts = host.facts("lsm")
    selinux, apparmor = facts.maybe_text("selinux"), facts.maybe_number("apparmor")
    if selinux == "enforcing":
        return
    if selinux is not None:
        yield Finding(f"SELinux is {shown(selinux)}", facts.at("selinux"), selinux)
    elif apparmor is None:
        yield Finding("neither SELinux nor AppArmor is at work", facts.at("selinux"))
    elif apparmor == 0:
        yield Finding("AppArmor enforces no profile", facts.at("apparmor"), apparmor)
    else:
        raise NeedsPerson(f"AppArmor holds {apparmor} programs; show how important accounts and data are labelled")
