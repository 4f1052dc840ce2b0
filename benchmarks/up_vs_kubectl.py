"""The update phase of one stack of 300 objects: yiyun's planned update, plain `pulumi up`, `kubectl apply`.

All three write the same 300 ConfigMaps to one lab in one run, three times each into fresh namespaces, checkpoints on. Prints
medians and both ratios, and writes benchmarks/results/up_vs_kubectl.json.
"""

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _recording import machine, write

OBJECTS = 300
ROUNDS = 3
PROGRAM = """
import os
import pulumi
from yiyun.components.kubernetes import FIELD_MANAGER, KubernetesObject, PROVIDER_VERSION

annotations = {"pulumi.com/patchFieldManager": FIELD_MANAGER, "pulumi.com/skipAwait": "true"}
for number in range(int(os.environ["OBJECTS"])):
    metadata = {"name": f"bench-{number}", "namespace": os.environ["NAMESPACE"], "annotations": annotations}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"number": str(number)}}
    KubernetesObject(manifest, pulumi.ResourceOptions(version=PROVIDER_VERSION))
"""


def manifests(namespace: str) -> list[dict[str, object]]:
    """The objects that all three write."""
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"bench-{number}", "namespace": namespace},
            "data": {"number": str(number)},
        }
        for number in range(OBJECTS)
    ]


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Run the comparison."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["XDG_STATE_HOME"] = str(Path(scratch) / "state")
        from yiyun import toolchain
        from yiyun.evidence.api_server import ApiServer
        from yiyun.lab.lab import Lab
        from yiyun.operations.engine import Engine
        from yiyun.operations.projects import Project
        from yiyun.paths import CHECKOUT
        from yiyun.site import Site

        shutil.copytree(CHECKOUT / "inventories" / "lab", Path(scratch) / "lab")
        site = Site.load(Path(scratch) / "lab")
        lab = Lab(site)
        toolchain.ensure(toolchain.ALL, print)
        lab.up(print)
        try:
            api = ApiServer(lab.kubeconfig("ops"))
            kubectl = str(toolchain.find("kubectl"))
            times: dict[str, list[float]] = {"yiyun": [], "pulumi": [], "kubectl": []}
            for number in range(ROUNDS):
                for tool in times:
                    namespace = f"bench-{tool}-{number}"
                    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
                    if tool == "kubectl":
                        file = Path(scratch) / f"{namespace}.json"
                        listed = {"apiVersion": "v1", "kind": "List", "items": manifests(namespace)}
                        file.write_text(json.dumps(listed), encoding="utf-8")
                        env = {**os.environ, "KUBECONFIG": str(lab.kubeconfig("ops"))}
                        command = [kubectl, "apply", "--server-side", "-f", str(file)]
                        run = lambda c=command, e=env: subprocess.run(c, env=e, check=True, stdout=subprocess.DEVNULL)  # noqa: E731
                    else:
                        directory = Path(scratch) / namespace
                        directory.mkdir()
                        (directory / "Pulumi.yaml").write_text(
                            f"name: yiyun-{namespace}\nruntime: python\n", encoding="utf-8"
                        )
                        (directory / "__main__.py").write_text(PROGRAM, encoding="utf-8")
                        project = Project(namespace, directory, ())
                        engine = Engine(site)
                        engine.env |= {"OBJECTS": str(OBJECTS), "NAMESPACE": namespace}
                        log = Path(scratch) / f"{namespace}.log"
                        if tool == "yiyun":
                            preview = engine.preview(project)
                            run = lambda e=engine, p=preview, f=log: e.update(p, lambda _: None, f)  # noqa: E731
                        else:
                            engine.ensure_stack(project)
                            args = ["up", "--yes", "--skip-preview"]
                            run = lambda e=engine, p=project, f=log, a=args: e.follow(p, a, OBJECTS, lambda _: None, f)  # noqa: E731
                    times[tool].append(seconds(run))
                    found = len(api.request("GET", f"/api/v1/namespaces/{namespace}/configmaps")["items"])
                    if found < OBJECTS:
                        raise SystemExit(f"{tool} wrote {found} of {OBJECTS} objects")
                    print(f"{tool:8} round {number}: {times[tool][-1]:.1f} s")
            median = {tool: round(statistics.median(values), 2) for tool, values in times.items()}
            ratios = {
                "yiyun/pulumi": round(median["yiyun"] / median["pulumi"], 2),
                "yiyun/kubectl": round(median["yiyun"] / median["kubectl"], 2),
            }
            print(f"median seconds of {OBJECTS} objects: {median}\nratios: {ratios}")
            write(
                "up_vs_kubectl",
                {"machine": machine(), "objects": OBJECTS, "seconds": times, "median": median, "ratios": ratios},
            )
        finally:
            lab.reset()


if __name__ == "__main__":
    main()
