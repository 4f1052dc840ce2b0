"""What every benchmark writes down beside its figures."""

import json
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil

from yiyun.paths import CHECKOUT


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    commit = subprocess.run(
        ["git", "-C", str(CHECKOUT), "rev-parse", "HEAD"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    return {
        "commit": commit,
        "cpu": cpu,
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def add(name: str, found: dict[str, dict[str, Any]]) -> None:
    """Bring entries of benchmarks/results/<name>.json up to date, each with what it was measured on; others stay."""
    path = _path(name)
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    write(name, known | {entry: {**machine(), **figures} for entry, figures in found.items()})


def write(name: str, result: dict[str, Any]) -> None:
    """Write benchmarks/results/<name>.json."""
    path = _path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _path(name: str) -> Path:
    return CHECKOUT / "benchmarks" / "results" / f"{name}.json"
