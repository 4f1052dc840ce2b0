"""The kubelet of a host, as rules see it."""

from yiyun.compliance.facts import NotApplicable, Unevaluated
from yiyun.compliance.host import Facts, Host


def kubelet(host: Host) -> Facts:
    """Its settings. Raises NotApplicable where none runs, Unevaluated where it has not read its file."""
    found = host.facts("kubelet")
    if not found.flag("runs"):
        raise NotApplicable("no kubelet runs here")
    if found.flag("stale"):
        raise Unevaluated("the kubelet's file has changed since it was started (rule kubelet_runs_its_file)")
    return found.facts("settings")
