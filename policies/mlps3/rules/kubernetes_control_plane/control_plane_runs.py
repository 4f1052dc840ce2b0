"""Every control host runs its part of the control plane."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule
from yiyun.compliance.control_plane import NAMES
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.9-c",),
    scope="host",
    probes=("control_plane",),
    needs_site=True,
    title_zh="控制面组件在每台控制主机上运行",
    title_en="Every control host runs its part of the control plane",
    rationale="A member that is down is a reserve that is gone: the next loss stops the cloud.",
    remediation="look after the component that the finding names: crictl ps -a, journalctl -u kubelet",
)
def control_plane_runs(host: Host, site: Site) -> Iterator[Finding]:
    found = host.facts("control_plane")
    roles = next((each.roles for each in site.hosts if each.name == host.name), frozenset())
    wanted = [name for name in NAMES if ("etcd" if name == "etcd" else "control") in roles]
    down = [name for name in NAMES if found.maybe_facts(name) is None]
    if not wanted:
        raise NotApplicable("no control host")
    if site.embedded and len(down) == len(NAMES):
        raise NotApplicable("the embedded lab is the control plane")
    for name in wanted:
        if name in down:
            yield Finding(f"{NAMES[name]} does not run", found.at(name))
