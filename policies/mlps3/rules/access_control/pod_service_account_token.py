"""Pods of the default service account carry no API token."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Object, Severity, World, rule
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.4.2-d", "8.1.4.10-a"),
    kinds=POD_KINDS,
    scope="objects",
    title_zh="默认服务账户的容器组不得挂载API令牌",
    title_en="Pods of the default service account carry no API token",
    rationale=(
        "A pod that does not talk to the API server needs no token; one that does has a service account of its "
        "own with its own rights."
    ),
    remediation=(
        "Set automountServiceAccountToken to false in the pod or in its ServiceAccount, or give the pod its own "
        "ServiceAccount."
    ),
    references=("Kubernetes: Configure Service Accounts for Pods",),
)
def pod_service_account_token(obj: Object, world: World) -> Iterator[Finding]:
    spec = pod(obj).spec
    account = spec.text("serviceAccountName") or spec.text("serviceAccount") or "default"
    mounted = spec.flag("automountServiceAccountToken")
    if mounted is None:
        known = world.get("ServiceAccount", obj.namespace, account)
        mounted = known.elsewhere.flag("automountServiceAccountToken") if known else None
    if mounted is not False and account == "default":
        yield Finding(
            "mounts the token of the default service account", spec.at("automountServiceAccountToken"), mounted
        )
