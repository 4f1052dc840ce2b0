"""Kubernetes objects from which controllers make or change others (Flux, Argo CD, Fleet, OLM, ...): those must not pass unseen.

What stands in the input is judged; what a controller fetches, renders or unpacks later is not. So each such object has
a verdict of its own, not evaluated, until a person who judged the rendered objects waives it.

The audit of a running cluster does not ask for this: what they made is there, and is judged itself.
"""

from collections.abc import Iterable

from yiyun.compliance.engine import INPUT_READABLE
from yiyun.compliance.facts import Object
from yiyun.compliance.model import State, Verdict


def _unseen(does: str, render: str) -> str:
    return f"{does}; none of that was judged: {render}, and gate that as well; then a waiver can say so"


_HELM = "render the chart with its values by  helm template"
_WRITTEN_OUT = "write the objects that it holds into files of their own"
_FLEET = "render what it names by  helm template  or  kubectl kustomize"
_RELEASE = _unseen("Crossplane installs a Helm chart for it", _HELM)
_OBJECT = _unseen("Crossplane makes the object that it holds", _WRITTEN_OUT)
_OVERRIDE = _unseen("Karmada changes objects by it before member clusters get them", "write the changed objects out")
_MANIFEST_WORK = _unseen("Open Cluster Management makes the objects that it holds in other clusters", _WRITTEN_OUT)

MAKERS = {
    "addons.cluster.x-k8s.io/ClusterResourceSet": _unseen(
        "Cluster API makes the objects that its ConfigMaps and Secrets hold in other clusters", _WRITTEN_OUT
    ),
    "addons.cluster.x-k8s.io/HelmChartProxy": _unseen("Cluster API installs a Helm chart for it", _HELM),
    "apps.kruise.io/ResourceDistribution": _unseen(
        "OpenKruise makes the ConfigMap or Secret that it holds in many namespaces", _WRITTEN_OUT
    ),
    "apps.kruise.io/SidecarSet": _unseen(
        "OpenKruise puts its containers into pods", "write a Pod with these containers out"
    ),
    "argoproj.io/Application": _unseen(
        "Argo CD applies what it renders from another source",
        "render that by  argocd app manifests, helm template  or  kubectl kustomize",
    ),
    "argoproj.io/ApplicationSet": _unseen(
        "Argo CD makes Applications of it, and objects of these",
        "render what each applies by  argocd app manifests, helm template  or  kubectl kustomize",
    ),
    "core.oam.dev/Application": _unseen("KubeVela renders objects from it", "render them by  vela dry-run"),
    "fleet.cattle.io/Bundle": _unseen("Fleet installs the files that it holds as a Helm chart", _FLEET),
    "fleet.cattle.io/GitRepo": _unseen("Fleet applies what lies in a Git repository", _FLEET),
    "fleet.cattle.io/HelmOp": _unseen("Fleet installs a Helm chart for it", _HELM),
    "fluxcd.controlplane.io/FluxInstance": _unseen(
        "the Flux operator installs Flux for it, and what its sync names",
        "render that by  flux-operator build instance  and  kubectl kustomize",
    ),
    "fluxcd.controlplane.io/ResourceSet": _unseen(
        "the Flux operator renders objects from it", "render them by  flux-operator build rset"
    ),
    "helm.cattle.io/HelmChart": _unseen("k3s or RKE2 installs a Helm chart for it", _HELM),
    "helm.cattle.io/HelmChartConfig": _unseen("k3s or RKE2 changes the values of a Helm chart by it", _HELM),
    "helm.crossplane.io/Release": _RELEASE,
    "helm.m.crossplane.io/Release": _RELEASE,
    "helm.toolkit.fluxcd.io/HelmRelease": _unseen("Flux installs a Helm chart for it", _HELM),
    "kubernetes.crossplane.io/Object": _OBJECT,
    "kubernetes.m.crossplane.io/Object": _OBJECT,
    "kustomize.toolkit.fluxcd.io/Kustomization": _unseen(
        "Flux applies what it builds from another source", "render that by  flux build kustomization"
    ),
    "olm.operatorframework.io/ClusterExtension": _unseen(
        "OLM installs the bundle of an operator for it", "unpack the manifests of the bundle"
    ),
    "operators.coreos.com/ClusterServiceVersion": _unseen(
        "OLM makes the Deployments, accounts and roles of its install strategy", _WRITTEN_OUT
    ),
    "operators.coreos.com/Subscription": _unseen(
        "OLM installs the bundle of an operator for it", "unpack the manifests of the bundle"
    ),
    "policy.karmada.io/ClusterOverridePolicy": _OVERRIDE,
    "policy.karmada.io/OverridePolicy": _OVERRIDE,
    "work.open-cluster-management.io/ManifestWork": _MANIFEST_WORK,
    "work.open-cluster-management.io/ManifestWorkReplicaSet": _MANIFEST_WORK,
}
"""Kind, of any version -> what is made from it and how to have that judged."""


def unseen_verdicts(objects: Iterable[Object]) -> list[Verdict]:
    """Not evaluated, for each object from which a controller makes others that are not in the input."""
    return [
        Verdict(INPUT_READABLE.id, State.NOT_EVALUATED, obj.resource, MAKERS[obj.id])
        for obj in objects
        if obj.id in MAKERS
    ]
