"""No container takes a label that SELinux lets do more."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import cel, every_context
from yiyun.compliance.pods import POD_KINDS, pod

TYPES = ("container_t", "container_init_t", "container_kvm_t", "container_engine_t")


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-g",),
    kinds=POD_KINDS,
    baseline="kubernetes-pss-baseline:selinux",
    title_zh="容器不得改用宽松的SELinux标签",
    title_en="No container takes a label that SELinux lets do more",
    rationale="The label decides what a process may touch; with another type or user it decides nothing.",
    remediation="take user and role out of seLinuxOptions, and types other than those for containers",
    references=("Kubernetes: Pod Security Standards, Baseline",),
    admission=Admission(
        every_context(
            lambda at: (
                f"({at}.?seLinuxOptions.?type.orValue('') in {cel(['', *TYPES])}"
                f" && {at}.?seLinuxOptions.?user.orValue('') == '' && {at}.?seLinuxOptions.?role.orValue('') == '')"
            )
        )
    ),
)
def pod_selinux(obj: Object) -> Iterator[Finding]:
    for name, security in pod(obj).contexts():
        options = security.map("seLinuxOptions")
        kind = options.text("type")
        if kind and kind not in TYPES:
            yield Finding(f"{name} has the type {kind}", options.at("type"), kind)
        for key in ("user", "role"):
            if value := options.text(key):
                yield Finding(f"{name} has the {key} {value}", options.at(key), value)
