"""The table that ends an up: what changed, and what is ready, stored, or accepted but not reconciled."""

from collections import Counter

from rich.console import Console
from rich.table import Table

from yiyun.components.kubernetes import AWAITED, SKIP_AWAIT
from yiyun.operations.engine import CHANGES, Step
from yiyun.operations.up import Outcome
from yiyun.site import Site

BUILT_IN_GROUPS = frozenset(
    {
        "",
        "apps",
        "batch",
        "autoscaling",
        "policy",
        "rbac.authorization.k8s.io",
        "networking.k8s.io",
        "scheduling.k8s.io",
    }
    | {"storage.k8s.io", "admissionregistration.k8s.io"}
)
NEEDS_STORAGE = frozenset({"PersistentVolumeClaim"})
ACCEPTED = "accepted, not reconciled"
NO_IMAGE = "image not in bundle"


def standing(step: Step) -> str:
    """How far an object comes: `ready` is said only where a controller brought it there, and that was waited for."""
    kind = str(step.manifest["kind"])
    group = str(step.manifest["apiVersion"]).rpartition("/")[0]
    if kind in AWAITED:
        return NO_IMAGE if SKIP_AWAIT in step.manifest["metadata"].get("annotations", {}) else "ready"
    if group not in BUILT_IN_GROUPS or kind in NEEDS_STORAGE:
        return ACCEPTED
    if kind == "Service" and step.manifest.get("spec", {}).get("type") == "LoadBalancer":
        return ACCEPTED
    return "stored"


def summary(site: Site, outcome: Outcome, console: Console) -> None:
    """Print the tables of one up."""
    counts = outcome.counts()
    table = Table("stack", *CHANGES, "mend", "unchanged", title=f"site {site.name}", title_justify="left")
    for name, of in counts.items():
        table.add_row(name, *(str(of[op] or "") for op in (*CHANGES, "mend")), str(of["same"]))
    console.print(table)
    kinds: dict[str, Counter[str]] = {}
    for preview in outcome.previews.values():
        for step in preview.wished:
            kinds.setdefault(standing(step), Counter())[str(step.manifest["kind"])] += 1
    for state in ("ready", "stored", ACCEPTED):
        listed = kinds.get(state, Counter())
        names = ", ".join(f"{count} {kind}" for kind, count in sorted(listed.items()))
        console.print(f"{state}: {sum(listed.values())} objects" + (f" ({names})" if names else ""), markup=False)
    steps = [step for preview in outcome.previews.values() for step in preview.wished]
    for step in (step for step in steps if standing(step) == NO_IMAGE):
        console.print(f"{NO_IMAGE}, applied and not waited for: {step.key}", markup=False)
    for preview in outcome.previews.values():
        for step in preview.kept:
            console.print(f"kept, it holds data and left site.yaml: {step.key}", markup=False)
    changed = sum(of[operation] for of in counts.values() for operation in (*CHANGES, "mend"))
    number = f"; update {outcome.number}" if outcome.number else ""
    console.print(f"{changed} resources changed{number}", markup=False)
