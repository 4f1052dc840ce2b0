"""The gate on manifests against Checkov: time, memory, and every verdict of the checks that both have.

    .venv/bin/python benchmarks/gate_vs_checkov.py [--objects 5000] [--linear] [--out FILE]

Makes N manifests (Deployment, Service, NetworkPolicy in turn, one a file, every second of a kind hardened), runs
Checkov limited to the checks in PAIRS, then the gate with all rules and with the paired ones, each as a process of its
own, and compares the verdicts object by object. Checkov is installed into its own environment in the cache on the
first run. `--linear` also runs the gate on ten times as many objects.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from _recording import machine

from yiyun.paths import CHECKOUT, cache_dir

CHECKOV = "3.3.30"
PACK = CHECKOUT / "policies" / "mlps3"
RESULTS = CHECKOUT / "benchmarks" / "results" / "gate_vs_checkov.json"

PAIRS = {
    "pod_privileged": ("CKV_K8S_16",),
    "pod_host_namespaces": ("CKV_K8S_17", "CKV_K8S_18"),
    "pod_host_network": ("CKV_K8S_19",),
    "pod_privilege_escalation": ("CKV_K8S_20",),
    "pod_read_only_root": ("CKV_K8S_22",),
    "pod_run_as_root": ("CKV_K8S_23",),
    "pod_capabilities": ("CKV_K8S_25",),
    "pod_host_port": ("CKV_K8S_26",),
    "pod_seccomp": ("CKV_K8S_31",),
    "pod_drop_capabilities": ("CKV_K8S_37",),
    "pod_service_account_token": ("CKV_K8S_38",),
    "image_pinned": ("CKV_K8S_14",),
    "image_digest": ("CKV_K8S_43",),
    "workload_probes": ("CKV_K8S_8", "CKV_K8S_9"),
    "pod_resource_limits": ("CKV_K8S_10", "CKV_K8S_13"),
}
"""Our rule -> the Checkov checks that say the same; ours fails where any of them does."""

EXPLANATIONS = {
    ("pod_capabilities", "checkov"): (
        "Checkov fails every added capability; the Pod Security baseline, and so our rule, allows the runtime's default "
        "set and NET_BIND_SERVICE."
    ),
    ("pod_run_as_root", "yiyun"): (
        "Checkov does not look at init containers, and takes user 0 beside runAsNonRoot; ours wants every container to "
        "run as another user, as the restricted Pod Security level does."
    ),
    ("pod_service_account_token", "checkov"): (
        "Checkov wants automountServiceAccountToken: false in every pod; ours lets a pod with a service account of its "
        "own have its token."
    ),
    ("workload_probes", "checkov"): ("Checkov wants probes in every container; ours in those that have ports."),
}
"""(rule, who fails alone) -> why the two differ."""

RUNNER = """
import json, sys, time
start = time.perf_counter()
from yiyun.compliance.engine import evaluate
from yiyun.compliance.facts import make_object
from yiyun.compliance.gate import gate_manifests
from yiyun.compliance.loader import load_rules
from yiyun.compliance.reports import render
from yiyun.evidence.manifests import load
manifests, pack, report, phases = sys.argv[1:]
if phases == "phases":
    import gc
    rules = load_rules(pack)
    marks = [time.perf_counter()]
    loaded = load([manifests])
    marks.append(time.perf_counter())
    gc.disable()
    objects = [make_object(item.data, file=item.file, line=item.line) for item in loaded.objects]
    result = evaluate(rules, objects)
    marks.append(time.perf_counter())
    json.dump({"parse_s": marks[1] - marks[0], "rules_s": marks[2] - marks[1]}, sys.stdout)
else:
    result = gate_manifests([manifests], pack)
    with open(report, "w", encoding="utf-8") as out:
        out.write(render(result, "json"))
"""


def deployment(i: int, hardened: bool) -> dict[str, Any]:
    name, labels = f"web-{i}", {"app": f"web-{i}"}
    container: dict[str, Any] = {"name": "app", "ports": [{"containerPort": 8080}]}
    spec: dict[str, Any] = {"containers": [container]}
    if hardened:
        probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5}
        container |= {
            "image": f"registry.hospital.example/his/web:1.{i}@sha256:{i:064x}",
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"], **({"add": ["NET_BIND_SERVICE"]} if i % 4 else {})},
            },
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}},
            "readinessProbe": probe,
            "livenessProbe": probe,
        }
        spec["securityContext"] = {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        spec |= {"automountServiceAccountToken": False} if i % 5 else {"serviceAccountName": name}
        if i % 8 == 0:  # a helper that serves nothing
            spec["containers"].append({**container, "name": "helper", "ports": [], "livenessProbe": None})
        if i % 9 == 0:  # the container's own user wins over the pod's
            container["securityContext"]["runAsUser"] = 0
    else:
        container["image"] = "nginx:latest" if i % 2 else "docker.io/library/nginx"
        faults: list[dict[str, Any]] = [
            {"privileged": True},
            {"runAsUser": 0},
            {"capabilities": {"add": ["SYS_ADMIN"]}},
            {"allowPrivilegeEscalation": True},
        ]
        container["securityContext"] = faults[i // 3 % 4]
        spec |= ({"hostNetwork": True}, {"hostPID": True}, {"hostIPC": True}, {})[i // 3 % 4]
        if i % 7 == 0:
            container["ports"][0]["hostPort"] = 8080
        if i % 5 == 0:  # a clean container behind a privileged one that runs first
            spec["initContainers"] = [{**container, "name": "setup", "securityContext": {"privileged": True}}]
            container["securityContext"] = {"allowPrivilegeEscalation": False, "runAsNonRoot": True}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": f"tenant-{i % 50}", "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def service(i: int, hardened: bool) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"web-{i}", "namespace": f"tenant-{i % 50}"},
        "spec": {
            "type": "ClusterIP" if hardened else "LoadBalancer",
            "selector": {"app": f"web-{i}"},
            "ports": [{"name": "web", "port": 443 if hardened else 80, "targetPort": 8080}],
        },
    }


def network_policy(i: int, hardened: bool) -> dict[str, Any]:
    rules: dict[str, Any] = {} if hardened else {"ingress": [{}], "egress": [{}]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"policy-{i}", "namespace": f"tenant-{i % 50}"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], **rules},
    }


def generate(folder: Path, count: int) -> None:
    """Write `count` manifests; the same ones for the same count."""
    folder.mkdir(parents=True)
    for i in range(count):
        manifest = (deployment, service, network_policy)[i % 3](i, hardened=i // 3 % 2 == 0)
        (folder / f"{i:06}.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))


def measured(command: list[str], **options: Any) -> tuple[float, float, str]:
    """Run a command to its end: seconds, peak memory in MiB (of it and its children), stdout."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, **options)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        out.seek(0)
        text = out.read()
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(command[:3])} ... ended with {process.returncode}")
    return seconds, usage.ru_maxrss / 1024, text


def checkov() -> Path:
    """Checkov's program, installed on the first use."""
    home = cache_dir() / f"checkov-{CHECKOV}"
    program = home / "bin" / "checkov"
    if not program.exists():
        print(f"installing checkov {CHECKOV} into {home}")
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        install = [str(home / "bin" / "pip"), "install", "--quiet", f"checkov=={CHECKOV}"]
        print(f"$ {' '.join(install)}")
        subprocess.run(install, check=True)
    return program


def checkov_fails(text: str) -> set[tuple[str, str]]:
    """(our rule, object) of each failed check of a Checkov report."""
    rule_of = {check: rule for rule, checks in PAIRS.items() for check in checks}
    report = json.loads(text)
    reports = report if isinstance(report, list) else [report]
    found = set()
    for part in reports:
        for failed in part["results"]["failed_checks"]:
            kind, namespace, name = failed["resource"].split(".")[:3]
            found.add((rule_of[failed["check_id"]], f"{namespace}/{kind}/{name}"))
    return found


def our_fails(report: Path) -> set[tuple[str, str]]:
    """(rule, object) of each paired fail of one of our reports."""
    return {
        (found["rule"], f"{found['resource']['namespace']}/{found['resource']['kind']}/{found['resource']['name']}")
        for found in json.loads(report.read_text())["findings"]
        if found["state"] == "fail" and found["rule"] in PAIRS
    }


def paired_pack(folder: Path) -> Path:
    """A pack of the paired rules only."""
    for rule in PAIRS:
        (file,) = PACK.glob(f"rules/*/{rule}.py")
        place = folder / "rules" / file.parent.name
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    return folder


def gate(manifests: Path, pack: Path, report: Path) -> dict[str, float]:
    """Time and memory of the gate as a process of its own, report included, and its phases from a second one."""
    command = [sys.executable, "-c", RUNNER, str(manifests), str(pack), str(report)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "src")}
    seconds, memory, _ = measured([*command, "whole"], env=environment)
    phases = json.loads(measured([*command, "phases"], env=environment)[2])
    return {"seconds": seconds, "peak_mib": memory, **phases}


def disagreements(ours: set[tuple[str, str]], theirs: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """How many objects only one of the two fails, by rule, with the reason and an example."""
    alone = [(rule, "yiyun", obj) for rule, obj in ours - theirs] + [
        (rule, "checkov", obj) for rule, obj in theirs - ours
    ]
    counts = Counter((rule, who) for rule, who, _ in alone)
    return [
        {
            "rule": rule,
            "checks": PAIRS[rule],
            "fails_alone": who,
            "objects": count,
            "example": min(obj for other, by, obj in alone if (other, by) == (rule, who)),
            "why": EXPLANATIONS.get((rule, who), "NOT EXPLAINED"),
        }
        for (rule, who), count in sorted(counts.items())
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--objects", type=int, default=5000)
    parser.add_argument("--linear", action="store_true", help="also run the gate on ten times as many objects")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    program = checkov()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        manifests = work / "manifests"
        generate(manifests, options.objects)
        checks = ",".join(check for checks in PAIRS.values() for check in checks)
        command = [str(program), "-d", str(manifests), "--framework", "kubernetes", "--skip-download", "--quiet"]
        command += ["--compact", "-o", "json", "-c", checks]
        print(f"$ checkov -d DIR {' '.join(command[3:])}")
        seconds, memory, text = measured(command)
        whole = gate(manifests, PACK, work / "all.json")
        paired = gate(manifests, paired_pack(work / "pack"), work / "paired.json")
        ours, theirs = our_fails(work / "paired.json"), checkov_fails(text)
        if our_fails(work / "all.json") != ours:
            sys.exit("the paired rules say something else alone than among all rules")
        result: dict[str, Any] = {
            "machine": machine(),
            "objects": options.objects,
            "checkov": {"version": CHECKOV, "checks": len(checks.split(",")), "seconds": seconds, "peak_mib": memory},
            "yiyun_all_rules": {"rules": len(list(PACK.glob("rules/*/*.py"))), **whole},
            "yiyun_paired_rules": {"rules": len(PAIRS), **paired},
            "ratios": {
                "checkov_time_over_all_rules": seconds / whole["seconds"],
                "checkov_time_over_paired_rules": seconds / paired["seconds"],
                "checkov_memory_over_all_rules": memory / whole["peak_mib"],
                "rule_time_over_parse_time": whole["rules_s"] / whole["parse_s"],
            },
            "verdicts": {
                "both_fail": len(ours & theirs),
                "only_yiyun": len(ours - theirs),
                "only_checkov": len(theirs - ours),
            },
            "disagreements": disagreements(ours, theirs),
        }
        if options.linear:
            generate(work / "ten", options.objects * 10)
            ten = gate(work / "ten", PACK, work / "ten.json")
            result["yiyun_ten_times"] = ten
            result["ratios"]["ten_times_the_objects_take"] = ten["seconds"] / whole["seconds"]
    print(yaml.safe_dump(json.loads(json.dumps(result)), sort_keys=False, allow_unicode=True, width=120))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    if any(item["why"] == "NOT EXPLAINED" for item in result["disagreements"]):
        sys.exit("a disagreement has no explanation: add one to EXPLANATIONS, or correct the rule")


if __name__ == "__main__":
    main()
