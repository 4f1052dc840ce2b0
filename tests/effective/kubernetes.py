"""The kubelet and the control plane: flags of the process stand above files, drop-ins above the kubelet's own file, and
a file that was written after the start counts for nothing yet.

Neither can run here as a host's own (a kubelet wants a container runtime, an API server its etcd): the outputs are
written in the form in which the collector prints /proc/PID/cmdline and the files that it names.
"""

from collections.abc import Mapping

from effective.case import Case, Side, exchanged
from yiyun.paths import CHECKOUT

CONFIG = "/var/lib/kubelet/config.yaml"
DROP_IN = "/etc/kubernetes/kubelet.conf.d/90-site.conf"
KINDS = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
GOOD = f"""{KINDS}authentication:
  anonymous:
    enabled: false
  webhook:
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
protectKernelDefaults: true
readOnlyPort: 0
rotateCertificates: true
streamingConnectionIdleTimeout: 5m0s
tlsMinVersion: VersionTLS12
"""


def _kubelet(config: str, *flags: str, drop_in: str = "", written: int = 1795828000) -> Side:
    command = ("/usr/local/bin/kubelet", "--kubeconfig=/etc/kubernetes/kubelet.conf", f"--config={CONFIG}", *flags)
    directory = (f"--config-dir={DROP_IN.rpartition('/')[0]}",) if drop_in else ()
    parts = ["== flags", *command, *directory]
    if drop_in:
        parts += ["== drop-ins", DROP_IN]
    parts += ["== file", config.rstrip("\n")]
    if drop_in:
        parts += [f"== drop-in {DROP_IN}", f"{KINDS}{drop_in}".rstrip("\n")]
    parts += ["== read", f"{written} 1795828100", ""]
    files = {CONFIG: config} | ({DROP_IN: f"{KINDS}{drop_in}"} if drop_in else {})
    return Side(files, {"kubelet": "\n".join(parts)})


KUBELET = [
    # rule, setting, what it finds, in the good file, in a bad one, the flag or drop-in that makes it bad, and good
    ("kubelet_anonymous", "anonymous.enabled", "anonymous", "anonymous:\n    enabled: false", "anonymous:\n    enabled: true", "--anonymous-auth=true", "--anonymous-auth=false"),
    ("kubelet_authorization", "authorization.mode", "", "mode: Webhook", "mode: AlwaysAllow", "authorization: {mode: AlwaysAllow}", "authorization: {mode: Webhook}"),
    ("kubelet_read_only_port", "readOnlyPort", "10255", "readOnlyPort: 0", "readOnlyPort: 10255", "--read-only-port=10255", "--read-only-port=0"),
    ("kubelet_protects_kernel", "protectKernelDefaults", "", "protectKernelDefaults: true", "protectKernelDefaults: false", "protectKernelDefaults: false", "protectKernelDefaults: true"),
    ("kubelet_rotates", "rotateCertificates", "", "rotateCertificates: true", "rotateCertificates: false", "--rotate-certificates=false", "--rotate-certificates=true"),
    ("kubelet_tls", "tlsMinVersion", "", "tlsMinVersion: VersionTLS12", "tlsMinVersion: VersionTLS10", "tlsMinVersion: VersionTLS10", "tlsMinVersion: VersionTLS12"),
]  # fmt: skip


def _above(config: str, above: str) -> Side:
    return _kubelet(config, above) if above.startswith("--") else _kubelet(config, drop_in=above)


CASES = [
    Case(
        rule,
        setting,
        finding,
        looks_right=_above(GOOD, bad_above),
        looks_wrong=_above(exchanged(GOOD, good, bad), good_above),
    )
    for rule, setting, finding, good, bad, bad_above, good_above in KUBELET
]
CASES.append(
    Case(
        "kubelet_runs_its_file",
        "when the kubelet read its file",
        "has changed since it was started",
        looks_right=_kubelet(GOOD, written=1795828999),
        looks_wrong=_kubelet(exchanged(GOOD, "readOnlyPort: 0", "readOnlyPort: 10255"), "--read-only-port=0"),
    )
)

# The control plane: kubelet reads the manifests, and a process runs on with what it was started with.
RUNS = (CHECKOUT / "tests" / "unit" / "written_hosts" / "kubeadm" / "control_plane.txt").read_text()
MANIFEST = "/etc/kubernetes/manifests/{}.yaml"


def _runs(component: str, manifest: str, *changes: tuple[str, str]) -> Side:
    text = RUNS
    for old, new in changes:
        text = exchanged(text, old, new)
    return Side({MANIFEST.format(component): f"    - {manifest}\n"}, {"control_plane": text})


def _flags(component: str, wanted: str, seen: str, change: tuple[str, str]) -> Mapping[str, Side]:
    return {
        "looks_right": _runs(component, wanted, change),
        "looks_wrong": _runs(component, seen),
    }


CASES += [
    Case(
        "apiserver_authorization",
        "--authorization-mode",
        "",
        **_flags("kube-apiserver", "--authorization-mode=Node,RBAC", "--authorization-mode=AlwaysAllow", ("--authorization-mode=Node,RBAC\n", "--authorization-mode=AlwaysAllow\n")),
    ),
    Case(
        "apiserver_client_ca",
        "--client-ca-file",
        "",
        **_flags("kube-apiserver", "--client-ca-file=/etc/kubernetes/pki/ca.crt", "", ("--authorization-mode=Node,RBAC\n--client-ca-file=/etc/kubernetes/pki/ca.crt\n", "--authorization-mode=Node,RBAC\n")),
    ),
    Case(
        "apiserver_audit_log",
        "--audit-log-path",
        "",
        **_flags("kube-apiserver", "--audit-log-path=/var/log/kubernetes/audit/audit.log", "", ("--audit-log-path=/var/log/kubernetes/audit/audit.log\n", "")),
    ),
    Case(
        "apiserver_encryption",
        "--encryption-provider-config",
        "",
        **_flags("kube-apiserver", "--encryption-provider-config=/etc/kubernetes/yiyun/encryption.yaml", "", ("--encryption-provider-config=/etc/kubernetes/yiyun/encryption.yaml\n", "")),
    ),
]  # fmt: skip
