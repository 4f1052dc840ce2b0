"""No security group opens administration or data ports to everybody."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import cel
from yiyun.compliance.networks import EVERYBODY, READABLE, is_everybody
from yiyun.compliance.ports import ADMIN

REMOTE = "r.?remoteAddress.orValue('')"
RANGE = "(r.?portRange{0}.orValue(0) == 0 ? {1} : r.portRange{0})"


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-a", "8.1.3.2-c", "8.1.4.4-c", "8.1.5.4-b"),
    kinds=("kubeovn.io/SecurityGroup",),
    title_zh="安全组不得向所有地址开放管理端口",
    title_en="No security group opens administration or data ports to everybody",
    rationale=(
        "Administration must come over the bastion networks; a database port that everybody reaches is the first "
        "thing attackers try."
    ),
    remediation="Give remoteAddress the network of the bastion or of the clients, or name their security group.",
    references=("Kube-OVN: SecurityGroup Usage",),
    admission=Admission(
        "object.?spec.?ingressRules.orValue([]).all(r, "
        "!(r.?policy.orValue('') in ['', 'allow']) || !(r.?remoteType.orValue('') in ['', 'address'])"
        f" || ({READABLE.format(REMOTE)} && (!{EVERYBODY.format(REMOTE)} || r.?protocol.orValue('') in ['icmp', 'udp']"
        f" || (r.?protocol.orValue('') != 'all' && !{cel(list(ADMIN))}.exists(n, "
        f"n >= {RANGE.format('Min', 1)} && n <= {RANGE.format('Max', 65535)})))))"
    ),
)
def security_group_admin_ports(obj: Object) -> Iterator[Finding]:
    for allowed in obj.spec.maps("ingressRules"):
        if allowed.text("policy") not in ("", "allow") or allowed.text("remoteType") not in ("", "address"):
            continue
        address = allowed.text("remoteAddress")
        wide = is_everybody(address, allowed.at("remoteAddress"))
        protocol = allowed.text("protocol")
        if not wide or protocol in ("icmp", "udp"):
            continue
        if protocol == "all":
            yield Finding(f"opens every port to {address}", allowed.path, "all")
            continue
        first, last = allowed.number("portRangeMin") or 1, allowed.number("portRangeMax") or 65535
        opened = [f"{port} ({name})" for port, name in ADMIN.items() if first <= port <= last]
        if opened:
            yield Finding(f"opens {', '.join(opened)} to {address}", allowed.at("portRangeMin"), first)
